"""How far the conversion of a judge is: told to who listens (`vs2.loading`), and as a line on stderr."""
import sys
import threading
import time

from vs2 import loading

EVERY = 10.0        # seconds between lines where nobody watches a terminal

_lock = threading.Lock()
_line = (0.0, "")       # when the last line was written, and what it was about


def tell(what: str, done: int, whole: int) -> None:
    """`done` of `whole` bytes are there."""
    global _line
    loading.tell(loading.PREPARING, done, whole)
    with _lock:
        now = f"{what}: {done / 1e9:.1f} of {whole / 1e9:.1f} GB ({100 * done // max(whole, 1)} %)"
        watched, (at, before) = bool(sys.stderr and sys.stderr.isatty()), _line
        if watched:
            print(f"\r\x1b[K{now}", end="", file=sys.stderr, flush=True)
        elif sys.stderr and (what != before or time.monotonic() - at > EVERY):
            print(now, file=sys.stderr, flush=True)
            _line = time.monotonic(), what


def over() -> None:
    """Nothing is converted any more."""
    global _line
    with _lock:
        if sys.stderr and sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        _line = 0.0, ""
