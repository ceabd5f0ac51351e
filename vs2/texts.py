"""What comes from outside as text and may be none: paths, names of files, arguments of the command line.

A name on a disk is bytes. Where they are no text in the encoding of the machine, Python carries them as halves of
surrogate pairs (PEP 383), which open the file again and which no JSON, no database and no tokenizer takes.
"""
import os
import sys
from pathlib import Path

from vs2.errors import BadInput


def path_text(path: str | bytes | Path) -> str:
    """The path as text that opens the file. Raises BadInput for what is none: a number would be an open file."""
    if not isinstance(path, str | bytes | os.PathLike):
        raise BadInput(f"The path is {path!r:.60}, which names no file: give it as text.")
    return os.fsdecode(path)


def told(text: str) -> str:
    """The text for records and people: bytes that Python carries in it are read as UTF-8, the rest is U+FFFD."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        carried = "".join("\ufffd" if "\ud800" <= letter < "\udc80" or "\udcff" < letter <= "\udfff" else letter
                          for letter in text)
        return carried.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def argument(text: str) -> str:
    """An argument of the command line that is text, in any locale: its bytes are UTF-8. Raises BadInput."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        raw = text.encode(sys.getfilesystemencoding(), "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadInput("The prompt is no text in UTF-8: type it in a terminal that is set to UTF-8, or put it into a "
                       "table for vs2 batch.") from error


def spelled(name: str) -> str:
    """A name that was written as text, as this machine opens it: as UTF-8 where its own encoding has no such letter."""
    try:
        os.fsencode(name)
        return name
    except UnicodeEncodeError:
        return os.fsdecode(name.encode("utf-8", "surrogateescape"))


def wired(path: str | Path) -> str:
    """The path as it is told to a worker, whose Python is in UTF-8 mode whatever this one's locale is."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")
