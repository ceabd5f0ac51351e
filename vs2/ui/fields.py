"""Which field of a page a sentence is about, so that the page can point at it (assets/site.js)."""
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from vs2.errors import BadInput

_OPTION = re.compile(r"(\w+) is ")      # as the library begins what it says of an option


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


def placed(error: Exception, places: Mapping[str, str]) -> Exception:
    """The error, and where it is about an option that has a field, that error about the field.

    places: CSS selectors by the options' names.
    """
    if not isinstance(error, BadInput) or isinstance(error, WrongField):
        return error
    named = _OPTION.match(str(error))
    field = places.get(error.about or (named[1] if named else ""))
    return WrongField(str(error), field) if field else error
