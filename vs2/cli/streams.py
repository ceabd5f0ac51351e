"""The command's streams as it finds them: closed, full, or of a reader that has left.

What is the output must arrive, or the command fails with a sentence; what is said beside it may get lost.
"""
import contextlib
import os
import sys
from collections.abc import Iterator

from vs2.errors import Failure

CLOSED = "The output is closed (stdout), so there is nowhere to write: send it to a file, or leave it open."


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Inside, `sys.stdout` raises Failure where it cannot be written, and `sys.stderr` never raises.

    A reader that leaves stdout early is told by BrokenPipeError.
    """
    _fill_gaps()
    before = sys.stdout, sys.stderr
    out, notes = Output(sys.stdout), Notes(sys.stderr)
    sys.stdout, sys.stderr = out, notes
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for stream in (out, notes):
            stream.end()


def _fill_gaps() -> None:
    """Closed descriptors lead nowhere: else the next file that is opened would be taken for stdout or stderr."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)      # takes the lowest that is free, which is this one


class _Stream:
    """A stream, of which everything else stays as it is. stream: None where it was closed."""

    def __init__(self, stream):
        self._stream, self._lost = stream, False
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")

    def __getattr__(self, name: str):
        return getattr(self._stream, name)

    @property
    def encoding(self) -> str | None:
        """That of the stream."""
        return getattr(self._stream, "encoding", None)

    @property
    def closed(self) -> bool:
        """Whether nothing can be written."""
        return self._stream is None or self._stream.closed

    def isatty(self) -> bool:
        """Whether a person watches it."""
        return not self.closed and self._stream.isatty()

    def end(self) -> None:
        """Lets go of what could not be written: Python would complain of it when it flushes at its exit."""
        if self._lost and self._stream is not None:
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


class Output(_Stream):
    """stdout."""

    def write(self, text: str) -> int:
        """Raises Failure where it cannot be written, BrokenPipeError where the reader has left."""
        return self._try("write", text)

    def flush(self) -> None:
        """As `write`."""
        if not self.closed:
            self._try("flush")

    def _try(self, name: str, *given):
        if self.closed:
            raise Failure(CLOSED)
        try:
            return getattr(self._stream, name)(*given)
        except BrokenPipeError:
            self._lost = True
            raise
        except OSError as error:
            self._lost = True
            raise Failure(f"The output cannot be written ({error.strerror}): free the disk, or send it elsewhere.") \
                from error


class Notes(_Stream):
    """stderr."""

    def write(self, text: str) -> int:
        """What cannot be written is lost: nobody reads it."""
        self._try("write", text)
        return len(text)

    def flush(self) -> None:
        """As `write`."""
        self._try("flush")

    def _try(self, name: str, *given) -> None:
        if self.closed or self._lost:
            return
        try:
            getattr(self._stream, name)(*given)
        except (OSError, ValueError):
            self._lost = True
