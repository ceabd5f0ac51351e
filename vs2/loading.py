"""How far the loading of a judge is: told by what fetches or prepares it, heard by who waits for it.

Whoever loads calls `tell`, wherever that is; whoever wants to know loads inside `heard`. Without a listener nothing is
said. A thread hears what is told in its context, or in a copy of it.
"""
import contextlib
import contextvars
from collections.abc import Callable, Iterator
from dataclasses import dataclass

FETCHING, PREPARING = "fetching", "preparing"       # its files from the Hub; its weights into the form that runs here


@dataclass(frozen=True)
class Stage:
    """What is done now. done, of: bytes; `of` is 0 where nobody knows."""

    name: str
    done: int = 0
    of: int = 0


Listener = Callable[[Stage], object]
_listener: contextvars.ContextVar[Listener | None] = contextvars.ContextVar("loading", default=None)


@contextlib.contextmanager
def heard(listener: Listener) -> Iterator[None]:
    """Inside, the listener is told. It may be called from other threads."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(name: str, done: int = 0, of: int = 0) -> None:
    """How far a stage is."""
    if (listener := _listener.get()) is not None:
        listener(Stage(name, done, of))


def listening() -> bool:
    """Whether anybody hears it."""
    return _listener.get() is not None
