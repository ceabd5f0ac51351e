"""The words of the pages, in the language of the request: `text.NAME` is a constant of vs2/ui/words/LANGUAGE/shared.py.

`from vs2.ui.text import review as text` gives those of review.py there. A name means another word in each language, so
it is looked up where a function says it: never at import, nor as a parameter's default.
"""
import importlib
import importlib.util
import pkgutil
from functools import cache

from vs2.ui import language, words

SHARED = "shared"


@cache
def _words(spoken: str, name: str) -> dict:
    """The constants of one module of a language; English ones in place of those that it lacks."""
    english = {} if spoken == language.ENGLISH else _words(language.ENGLISH, name)
    place = f"{words.__name__}.{spoken}.{name}"
    if importlib.util.find_spec(place) is None:     # not translated yet, which a test says
        return english
    own = importlib.import_module(place)
    return english | {key: value for key, value in vars(own).items() if key.isupper() and key[0] != "_"}


class Words:
    """The words of one page. Its attributes are the constants, each in the language of the request."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, key: str):
        try:
            return _words(language.here(), self._name)[key]
        except KeyError:
            raise AttributeError(f"{words.__name__} has no {key} in {self._name}.py") from None


def pages() -> list[str]:
    """The modules that there are of each language."""
    found = importlib.import_module(f"{words.__name__}.{language.ENGLISH}")
    return sorted(module.name for module in pkgutil.iter_modules(found.__path__))


_all = {name: Words(name) for name in pages()}


def __getattr__(name: str):
    return _all[name] if name in _all else getattr(_all[SHARED], name)
