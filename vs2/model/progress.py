"""What a long preparation of a judge is at, for whoever shows it: a line on stderr, and `now()` for a page."""
import sys
import threading
import time

EVERY = 10.0        # seconds between lines where nobody watches a terminal

_lock = threading.Lock()
_now = ""
_line = (0.0, "")       # when the last line was written, and what it was about


def tell(what: str, done: int, whole: int) -> None:
    """`done` of `whole` bytes are there."""
    global _now, _line
    with _lock:
        _now = f"{what}: {done / 1e9:.1f} of {whole / 1e9:.1f} GB ({100 * done // max(whole, 1)} %)"
        watched, (at, before) = bool(sys.stderr and sys.stderr.isatty()), _line
        if watched:
            print(f"\r\x1b[K{_now}", end="", file=sys.stderr, flush=True)
        elif what != before or time.monotonic() - at > EVERY:
            print(_now, file=sys.stderr, flush=True)
            _line = time.monotonic(), what


def over() -> None:
    """Nothing is being prepared any more."""
    global _now, _line
    with _lock:
        if _now and sys.stderr and sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        _now, _line = "", (0.0, "")


def now() -> str:
    """What is being done and how far it is; "" for nothing."""
    return _now
