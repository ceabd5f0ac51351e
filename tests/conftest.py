"""Fixtures that every test may use. Tests that need the material beside the project skip without it."""
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference numbers and real clips that lies beside the checkout."""
    if not (SHARED / "golden" / "golden.json").exists():
        pytest.skip("needs ../shared (reference numbers and real clips), which is not part of the project")
    return SHARED
