"""Waits for something on a page end, whatever the page does."""
import itertools
from types import SimpleNamespace

import pytest
from playwright.sync_api import TimeoutError as TookLong

from tests.browser import conftest


@pytest.mark.parametrize("states, said", [(itertools.count(), r"still moving: '\d+' became '\d+'"),
                                          (itertools.repeat(0), "nothing moves any more")])
def test_a_wait_that_does_not_end_is_given_up_and_told_of_at_once(states, said, monkeypatch):
    monkeypatch.setattr(conftest, "PATIENCE", 0.2)
    monkeypatch.setattr(conftest, "ENDLESS", 0.2)

    def wait(*_, **__):
        raise TookLong("It is not there.")

    page = SimpleNamespace(url="http://here/", inner_text=lambda _: "Evaluate", evaluate=lambda _: str(next(states)))
    with pytest.raises(AssertionError, match=f"#scores.* did not come to http://here/.*{said}"):
        conftest.patient(page, wait)("#scores")
