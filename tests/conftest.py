"""Fixtures that every test may use. Tests that need the material beside the project skip without it."""
import os
from importlib.metadata import version
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure():
    """`make versions` runs on another transformers: it had better be that one."""
    wanted = os.environ.get("TRANSFORMERS_SHADOW")
    if wanted and version("transformers") != wanted:
        raise pytest.UsageError(f"This is transformers {version('transformers')}, not {wanted}.")


def pytest_collection_modifyitems(items):
    """Files that have slow tests begin first, then those with a browser: at the end no process waits for a long one.

    What fails in a browser is tried once more, which the summary says: on two cores with three processes a page is
    sometimes looked at between two of its changes.
    """
    slow, browser = ({item.path for item in items if item.get_closest_marker(name)} for name in ("slow", "browser"))
    items.sort(key=lambda item: (item.path not in slow, item.path not in browser))
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference numbers and real clips that lies beside the checkout."""
    if not (SHARED / "golden" / "golden.json").exists():
        pytest.skip("needs ../shared (reference numbers and real clips), which is not part of the project")
    return SHARED
