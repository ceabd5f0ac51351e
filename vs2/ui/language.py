"""Which language a page is in: English or Chinese, by the request that is answered.

A visitor's choice (the switch in the head of the pages) is a cookie; without one the browser's own order of languages
counts. What runs for a request, in Gradio's queue or on a thread that has a copy of its context, finds the language
with `here`, as `guard.who.here` finds the address.
"""
import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from gradio.context import LocalContext

ENGLISH, CHINESE = "en", "zh"
LANGUAGES = (ENGLISH, CHINESE)
TAGS = {ENGLISH: "en", CHINESE: "zh-CN"}    # of <html lang>, and of Gradio's own words
COOKIE = "vs2-language"
KEY = "vs2.language"            # of the ASGI scope
_spoken: ContextVar[str] = ContextVar("language", default=ENGLISH)


def asked(cookies: str, accepted: str) -> str:
    """The language that a request asks for. cookies, accepted: its headers Cookie and Accept-Language, "" for none."""
    for pair in cookies.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE and value in LANGUAGES:
            return value
    best, most = ENGLISH, 0.0
    for part in accepted.split(","):
        tag, *options = (one.strip().lower() for one in part.split(";"))
        weight = next((_weight(one[2:]) for one in options if one.startswith("q=")), 1.0)
        known = tag.partition("-")[0]
        if known in LANGUAGES and weight > most:    # of equals the first
            best, most = known, weight
    return best


def _weight(said: str) -> float:
    try:
        return min(max(float(said), 0.0), 1.0)
    except ValueError:
        return 0.0


def here() -> str:
    """The language of whom the running function of a page works for; English outside of one."""
    request = LocalContext.request.get(None)
    inner = getattr(request, "request", None) or request
    return getattr(inner, "scope", {}).get(KEY) or _spoken.get()


@contextlib.contextmanager
def speaking(language: str) -> Iterator[None]:
    """In that language, wherever no request says otherwise: while pages are made, and while one is sent."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)
