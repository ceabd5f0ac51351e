"""A zip that nobody vouches for: only the members that are asked for are unpacked, one by one, each under our name.

No member's own path is ever used on the disk, links are not followed, and what it costs is bounded before and while it
is read.
"""
import io
import posixpath
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vs2.errors import BadInput, Failure
from vs2.video import display_name
from vs2.video.zip_list import BROKEN, Bounded, oddity

BLOCK = 2**20


@dataclass(frozen=True)
class Limits:
    """What a zip may cost: how many members, their bytes unpacked all together, and a member's bytes for one packed."""

    members: int = 20_000
    unpacked: int = 32 * 2**30
    ratio: int = 200


@contextmanager
def opened(path: str | Path, limits: Limits = Limits()) -> Iterator["Archive"]:
    """The zip at `path`. Raises BadInput for a file that is no zip or one with too many members."""
    name = display_name(path)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(path).open("rb"))
            packed = stack.enter_context(zipfile.ZipFile(Bounded(file)))
        except FileNotFoundError as error:
            raise BadInput(f"There is no zip {name} at the path given: check the path.") from error
        except (*BROKEN, OSError) as error:
            raise BadInput(f"{name} is no zip that can be read ({error}): pack it again.") from error
        yield Archive(packed, name, limits)


class Archive:
    """The members of an open zip. `name` is what people call it."""

    def __init__(self, packed: zipfile.ZipFile, name: str, limits: Limits):
        self.name, self.limits, self.spent = name, limits, 0
        self._zip = packed
        self._clips: dict[str, Path] = {}
        self._members: dict[str, list[zipfile.ZipInfo]] = {}
        members = [member for member in packed.infolist() if not member.is_dir()]
        if len(members) > limits.members:
            raise BadInput(f"{name} has {len(members)} files, more than {limits.members}: split it.")
        for member in members:
            if (path := _normal(member.filename)) is not None:
                self._members.setdefault(path, []).append(member)

    def names(self) -> list[str]:
        """The paths of its files, but for what macOS and others hide in a zip."""
        return [name for name in self._members
                if not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)]

    def table(self, tables: Callable[[Iterable[str]], list[str]], kinds: str) -> str:
        """The name of the one table in it: tables(names) says which are.

        kinds: what a table ends in, for people. Raises BadInput.
        """
        found = tables(self.names())
        if len(found) != 1:
            raise BadInput(f"{self.name} holds {len(found) or 'no'} tables ({kinds}): put exactly one in it, beside "
                           "the clips.")
        return found[0]

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a member. Raises BadInput."""
        data = io.BytesIO()
        self._copy(self._member(name, most), data)
        return data.getvalue()

    def clip(self, table: str, written: str, folder: Path, most: int) -> Path:
        """The clip that the table named `table` calls `written`, unpacked somewhere below `folder`.

        most: its largest size in bytes. Raises BadInput for one that is not there or may not be unpacked, Failure where
        the disk is full.
        """
        path = written.replace("\\", "/")
        if path.startswith(("/", "~/", "file:")) or re.match(r"[A-Za-z]:", path):
            raise BadInput(f"{display_name(written)} is named by an absolute path: give its path inside the zip.")
        name = _normal(posixpath.join(posixpath.dirname(table), path))
        if name is None:
            raise BadInput(f"{display_name(written)} lies outside the zip: give a path inside it.")
        if name not in self._clips:
            member = self._member(name, most)
            place = folder / f"{len(self._clips):05d}"
            target = place / _file_name(name)
            try:
                place.mkdir(parents=True, exist_ok=True)
                try:
                    with target.open("xb") as out:
                        self._copy(member, out)
                except (BadInput, OSError):
                    target.unlink(missing_ok=True)
                    raise
            except OSError as error:
                raise Failure(f"{self.name} cannot be unpacked ({error.strerror}): free some disk space.") from error
            self._clips[name] = target
        return self._clips[name]

    def _member(self, name: str, most: int) -> zipfile.ZipInfo:
        members, shown = self._members.get(name, []), display_name(name)
        if not members:
            raise BadInput(f"{shown} is not in the zip: check its path, which is relative to the table.")
        if len(members) > 1:
            raise BadInput(f"{shown} is in the zip {len(members)} times: pack it again, once.")
        member, = members
        odd = oddity(member)
        if odd == "link":
            raise BadInput(f"{shown} is a link or a device in the zip: pack the file itself.")
        if odd == "encrypted":
            raise BadInput(f"{shown} is encrypted: pack it without a password.")
        if odd == "method":
            raise BadInput(f"{shown} is packed by an uncommon method: pack it with plain deflate.")
        if member.file_size > most:
            raise BadInput(f"{shown} is {member.file_size / 2**20:.0f} MB, more than the limit of "
                           f"{most / 2**20:.0f} MB: use a shorter clip or compress it.")
        if member.file_size > BLOCK + self.limits.ratio * member.compress_size:
            raise BadInput(f"{shown} unpacks to more than {self.limits.ratio} times its size in the zip, as no video "
                           "does: it is not unpacked.")
        if self.spent + member.file_size > self.limits.unpacked:
            raise BadInput(f"The clips of {self.name} unpack to more than {self.limits.unpacked / 2**20:.0f} MB "
                           f"together, so {shown} is left out: split the zip.")
        return member

    def _copy(self, member: zipfile.ZipInfo, out) -> None:
        self.spent += member.file_size
        try:
            with self._zip.open(member) as packed:     # it gives no more than the size that the member states
                while block := packed.read(BLOCK):
                    out.write(block)
        except BROKEN as error:
            raise BadInput(f"{display_name(member.filename)} is damaged in the zip ({error}): pack it again.") \
                from error


def _file_name(name: str) -> str:
    """The last part of a member's path as a file's name on any disk; its suffix stays."""
    path = PurePosixPath(re.sub(r'[<>:"|?*]', "_", display_name(name)))
    return path.stem.encode()[:120].decode(errors="ignore") + path.suffix.encode()[:12].decode(errors="ignore")


def _normal(name: str) -> str | None:
    """A member's path with one spelling for each file; None where it leaves the zip or is no path."""
    path = posixpath.normpath(unicodedata.normalize("NFC", name.replace("\\", "/")))
    return None if path.startswith("/") or path.split("/")[0] == ".." or "\0" in path else path
