"""The words of reports, in the language that is spoken: `words.NAME` is a constant of en.py or zh.py.

    with words.speaking("zh", worded): html(report)

English is spoken unless that says otherwise, on the command line always. A name means another word in each language, so
it is looked up where a function says it, never at import, nor as a parameter's default.
"""
import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from vs2.report.words import en, zh

ENGLISH, CHINESE = "en", "zh"
LANGUAGES = {ENGLISH: en, CHINESE: zh}
_spoken: ContextVar[tuple[str, Callable[[str], str]]] = ContextVar("report", default=(ENGLISH, str))


@contextlib.contextmanager
def speaking(language: str, worded: Callable[[str], str]) -> Iterator[None]:
    """Reports are in that language inside. worded: a sentence of the library, which is in English, in it."""
    token = _spoken.set((language, worded))
    try:
        yield
    finally:
        _spoken.reset(token)


def worded(sentence: str) -> str:
    """A sentence of the library in the language that is spoken."""
    return _spoken.get()[1](sentence)


def __getattr__(name: str):
    return getattr(LANGUAGES[_spoken.get()[0]], name)
