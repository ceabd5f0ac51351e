"""Which field of a page a sentence is about, so that the page can point at it (assets/site.js)."""
from collections.abc import Iterator
from contextlib import contextmanager

from vs2.errors import BadInput


class WrongField(BadInput):
    """What one field holds cannot be used. field: the CSS selector of what the visitor has to change."""

    def __init__(self, sentence: str, field: str):
        super().__init__(sentence)
        self.field = field


@contextmanager
def asked(field: str) -> Iterator[None]:
    """Whatever is found wrong in here is about this field, unless it says itself which one."""
    try:
        yield
    except WrongField:
        raise
    except BadInput as problem:
        raise WrongField(str(problem), field) from problem
