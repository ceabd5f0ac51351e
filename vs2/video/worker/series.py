"""Which files of a folder or a zip are one series of numbered pictures, and in what order; the worker's side.

    with opened("frames", limits) as source:
        source.series.names              # frame_2.png before frame_10.png
        source.file(source.series.names[0]).read()

Only names are looked at here, and what kind of file each is: no link out of the folder, no pipe, is opened.
"""
import os
import posixpath
import re
import stat
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from vs2.video.worker.open import Refused
from vs2.video.zip_list import BROKEN, Bounded, oddity

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
MOST_FILES = 100_000    # in a folder or a zip, pictures or not
LONGEST = 255           # bytes of a name, as on disks
_NUMBER = re.compile(r"([0-9]+)[^0-9]*$")
_HIDDEN = (".", "__MACOSX")


@dataclass(frozen=True)
class Series:
    """names: the pictures in the order of their numbers. first, last: the numbers of the first and the last.

    missing: how many numbers between them have no picture; lacks: the first of those. left: pictures without a number.
    """

    names: tuple[str, ...]
    first: int
    last: int
    missing: int
    lacks: int
    left: tuple[str, ...]


def series(names: Iterable[str], most: int) -> Series:
    """The one series among files of these names. most: pictures at most. Raises Refused.

    A series is told by its folder and by what stands before and after the last digits of the name, in any case; its
    endings may be mixed. Hidden files and what is no picture are passed over.
    """
    kinds: dict[tuple[str, ...], list[tuple[int, str]]] = {}
    left: list[str] = []
    for name in names:
        parts = name.split("/")
        stem, suffix = posixpath.splitext(parts[-1])
        if suffix.lower() not in SUFFIXES or parts[-1].startswith(_HIDDEN) or "__MACOSX" in parts:
            continue
        if name.startswith("/") or ".." in parts or re.match("[A-Za-z]:", name):
            raise Refused("outside", name=name[:LONGEST])
        if any(part.startswith(".") for part in parts):
            continue
        found = _NUMBER.search(stem) if len(parts[-1]) <= LONGEST else None
        if found is None:
            left.append(name[:LONGEST])
            continue
        key = (*parts[:-1], stem[:found.start()].casefold(), stem[found.end(1):].casefold())
        kinds.setdefault(key, []).append((int(found[1]), name))
    if not kinds:
        raise Refused("none")
    if len(kinds) > 1:
        first, second = sorted(min(pictures)[1] for pictures in kinds.values())[:2]
        raise Refused("series", name=first, other=second)
    pictures, = map(sorted, kinds.values())
    if len(pictures) > most:
        raise Refused("many", count=len(pictures), most=most)
    numbers = [number for number, _ in pictures]
    lacks = None
    for (before, one), (after, other) in zip(pictures, pictures[1:], strict=False):
        if before == after:
            raise Refused("twice", name=one, other=other)
        lacks = before + 1 if lacks is None and after > before + 1 else lacks
    missing = numbers[-1] - numbers[0] + 1 - len(numbers)
    return Series(tuple(name for _, name in pictures), numbers[0], numbers[-1], missing, lacks or 0, tuple(left))


class Source(ABC):
    """A folder or a zip that is open. `series` has its pictures; `size(name)` and `file(name)` are of one of them."""

    series: Series
    total = 0       # bytes of the pictures, unpacked

    @abstractmethod
    def size(self, name: str) -> int:
        """Bytes of a picture, unpacked. Raises Refused for one that may not be read."""

    @abstractmethod
    def file(self, name: str) -> IO[bytes]:
        """A picture, open for reading. Raises Refused."""

    def take(self, names: list[str], limits: dict) -> None:
        """Finds the series among the names, and the sizes of its files. Raises Refused."""
        self.series = series(names, limits["most_pictures"])
        for name in self.series.names:
            size = self.size(name)
            if size > limits["most_picture"]:
                raise Refused("heavy", name=name)
            self.total += size
            if self.total > limits["most_bytes"]:
                raise Refused("bytes")

    def facts(self) -> dict:
        """What the parent is told of them beside what is told of every video. Numbers as text: they may be huge."""
        found = self.series
        return {"missing": found.missing > 0, "span": [str(found.first), str(found.last), str(found.lacks)],
                "lacking": str(found.missing), "left": len(found.left), "left_out": found.left[0] if found.left else "",
                "bytes": self.total}


class Folder(Source):
    """The pictures that lie in a folder, not those in folders below it."""

    def __init__(self, path: str):
        self._root = os.path.realpath(path)

    def names(self) -> list[str]:
        """All names in it. Raises Refused for too many."""
        found = []
        with os.scandir(self._root) as entries:
            for entry in entries:
                found.append(entry.name)
                if len(found) > MOST_FILES:
                    raise Refused("crowd", most=MOST_FILES)
        return found

    def _place(self, name: str) -> str:
        """Where a picture lies, links inside the folder followed. Raises Refused for one that leads out of it."""
        place = os.path.realpath(os.path.join(self._root, name))
        if os.path.dirname(place) != self._root and not place.startswith(os.path.join(self._root, "")):
            raise Refused("link", name=name)
        return place

    def size(self, name: str) -> int:
        try:
            facts = os.stat(self._place(name), follow_symlinks=False)
        except OSError as error:
            raise Refused("picture", name=name) from error
        if not stat.S_ISREG(facts.st_mode):
            raise Refused("link", name=name)
        return facts.st_size

    def file(self, name: str) -> IO[bytes]:
        """It, open for reading. It may have been exchanged meanwhile: no link is followed, no pipe waited for."""
        flags = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
        try:
            opened = os.open(self._place(name), flags)
        except OSError as error:
            raise Refused("picture", name=name) from error
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            raise Refused("link", name=name)
        return os.fdopen(opened, "rb")


class Zip(Source):
    """The pictures in a zip, wherever in it: in one folder, or in none."""

    def __init__(self, packed: zipfile.ZipFile):
        self._packed = packed
        self._members: dict[str, zipfile.ZipInfo] = {}

    def names(self) -> list[str]:
        """All names in it, one that is there twice twice. Raises Refused for too many."""
        found = []
        for member in self._packed.infolist():
            if not member.is_dir():
                name = re.sub(r"^(\./+)+|(?<=/)/+", "", member.filename.replace("\\", "/"))
                found.append(name)
                self._members[name] = member
        if len(found) > MOST_FILES:
            raise Refused("crowd", most=MOST_FILES)
        return found

    def size(self, name: str) -> int:
        member = self._members[name]
        if odd := oddity(member):
            raise Refused(odd, name=name)
        return member.file_size

    def file(self, name: str) -> IO[bytes]:
        """It, open for reading; it gives no more bytes than its size says."""
        try:
            return self._packed.open(self._members[name])
        except BROKEN as error:
            raise Refused("picture", name=name) from error


@contextmanager
def opened(path: str, limits: dict) -> Iterator[Source]:
    """The folder or the zip at `path`, its series found. Raises Refused.

    limits: most_pictures, most_picture (bytes of one) and most_bytes (of all together, unpacked).
    """
    if os.path.isdir(path):
        source = Folder(path)
        source.take(source.names(), limits)
        yield source
        return
    with open(path, "rb") as file:
        try:
            packed = zipfile.ZipFile(Bounded(file))
        except (*BROKEN, OSError) as error:
            raise Refused("zip") from error
        with packed:
            zipped = Zip(packed)
            zipped.take(zipped.names(), limits)
            yield zipped
