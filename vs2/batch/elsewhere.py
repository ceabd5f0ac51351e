"""Clips that lie elsewhere: those of a table that are named by an address, fetched one by one when their turn comes.

    with fetched("s3://bucket/clips/1.mp4") as path:
        vs2.video.read(path)

Whatever fsspec knows is understood: s3://, gs://, hf:// and so on, each with its own package and its own way to be
given a key, from the environment. http:// and https:// are read by httpx. Whichever machine judges a clip fetches it,
so that a cluster needs no common disk.
"""
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from vs2 import video
from vs2.errors import BadInput, Failure, Problem
from vs2.video import display_name

BLOCK = 2**20
TRIES = 3           # of a fetch that broke off
PAUSE = 1.0         # seconds before the second try, twice as many before the third
SECONDS = 60.0      # without a byte before a server is given up
MISSING = "{shown} is not there: check the address in the table."
REFUSED = "{shown} may not be read with the key that this machine has, if any: give it one by the environment."
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://.")


def is_address(written: str) -> bool:
    """Whether it says where something is on a network."""
    return bool(_SCHEME.match(written))


def check(address: str) -> None:
    """Raises BadInput where no clip can be fetched from such an address on this machine. Fetches nothing."""
    found = _SCHEME.match(address)
    scheme = found[1].lower() if found else ""
    if scheme in ("http", "https"):
        return
    import fsspec

    try:
        fsspec.get_filesystem_class(scheme)
    except ValueError as error:
        raise BadInput(f"{_shown(address)} begins with {scheme}://, which is unknown here: give a path, or an address "
                       "such as s3://, gs://, hf:// or https://.") from error
    except ImportError as error:
        raise BadInput(f"{_shown(address)} needs a package that is not installed ({error}).") from error


@contextmanager
def fetched(address: str, limits: video.Limits = video.Limits()) -> Iterator[Path]:
    """The clip as a file on this disk, which goes with the context. Raises BadInput or Failure."""
    check(address)
    with tempfile.TemporaryDirectory(prefix="vs2-clip-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / f"clip{PurePosixPath(urlsplit(address).path).suffix[:8]}"
        for left in reversed(range(TRIES)):
            try:
                _fetch(address, path, limits.max_bytes)
                break
            except FileNotFoundError as error:
                raise BadInput(MISSING.format(shown=_shown(address))) from error
            except PermissionError as error:
                raise BadInput(REFUSED.format(shown=_shown(address))) from error
            except Problem:
                raise
            except Exception as error:      # each kind of storage has errors of its own
                if not left:
                    # Not the error's own words: they may hold the address with its key.
                    raise Failure(f"{_shown(address)} could not be fetched ({type(error).__name__}): try it again with "
                                  "--resume.") from error
                time.sleep(PAUSE * 2 ** (TRIES - 1 - left))
        yield path


def _fetch(address: str, path: Path, most: int) -> None:
    size = 0
    with path.open("wb") as file:
        for block in _blocks(address):
            size += len(block)
            if size > most:
                raise BadInput(f"{_shown(address)} is larger than the limit of {most // 2**20} MB: use a shorter clip "
                               "or compress it.")
            file.write(block)


def _blocks(address: str) -> Iterator[bytes]:
    if address.lower().startswith(("http://", "https://")):
        import httpx

        with httpx.stream("GET", address, follow_redirects=True, timeout=SECONDS) as answer:
            if answer.status_code in (404, 410):
                raise FileNotFoundError
            if answer.status_code in (401, 403):
                raise PermissionError
            answer.raise_for_status()
            yield from answer.iter_bytes(BLOCK)
        return
    import fsspec

    with fsspec.open(address, "rb") as stream:
        while block := stream.read(BLOCK):
            yield block


def _shown(address: str) -> str:
    """The address for people, without a name, a word or a key in it."""
    parts = urlsplit(address)
    return display_name(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")
