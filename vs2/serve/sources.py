"""What a request says of a clip -> a file, or a folder of pictures, on the disk; the limits are the app's.

Nothing is decoded here: what lies there is opened by the video worker, confined, as any file is (vs2.video.reader).
"""
import asyncio
import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path

from vs2.errors import BadInput, Failure
from vs2.ui.addresses import LONGEST
from vs2.ui.guard import fetch
from vs2.ui.guard.bodies import size
from vs2.ui.guard.uploads import free
from vs2.video import Clip, Limits, display_name, read
from vs2.video.rate import check_fps, is_pictures
from vs2.video.sampling import Sampling

LIMITS = Limits()       # the app's, too
KINDS = ("url", "path", "base64", "frames")
NOT_ONE = "A clip is named by one of url, path, base64 and frames, and here it is by {count}: give one of them."


@dataclass(frozen=True)
class Source:
    """Where a clip is, once it is on the disk. fps: as the request said, else as the server was started."""

    path: Path
    fps: float | None
    said: bool      # whether the request said it

    def read(self, sampling: Sampling) -> Clip:
        """Raises BadInput or Failure, as `vs2.video.read`."""
        fps = self.fps if self.said or is_pictures(self.path) else None
        return read(self.path, sampling, LIMITS, fps=fps)


@dataclass(frozen=True)
class Sources:
    """Puts clips on the disk. folders: whose files a `path` may name. fps: of pictures that come without a rate."""

    folders: tuple[Path, ...] = ()
    fps: float | None = None

    async def source(self, clip, folder: Path, number: int) -> Source:
        """The clip of a `schema.Clip`, its file in `folder` under a name of its own. Raises BadInput or Failure."""
        given = {kind: value for kind in KINDS if (value := getattr(clip, kind)) is not None}
        if len(given) != 1:
            raise BadInput(NOT_ONE.format(count=len(given) or "none"))
        said = clip.fps is not None
        if said:
            check_fps(clip.fps)
        (kind, value), = given.items()
        if kind == "path":
            path = await asyncio.to_thread(self.named, value)
        elif kind == "url":
            path = Path(await self.fetched(value, folder))
        elif kind == "base64":
            path = await asyncio.to_thread(self.written, value, folder / f"clip-{number}")
        else:
            path = await asyncio.to_thread(self.pictures, value, folder / f"clip-{number}")
        return Source(path, clip.fps if said else self.fps, said)

    def named(self, said: str) -> Path:
        """A file of the server's own, links followed, if it lies in one of the folders."""
        if not self.folders:
            raise BadInput("This server takes no paths: send the file, or have it started with --files FOLDER.")
        try:
            path = Path(said).resolve()
            inside = any(path.is_relative_to(folder) for folder in self.folders)
        except (OSError, ValueError, RuntimeError):     # a zero byte, too long, links in a circle
            inside = False
        if not inside:      # the same words whether it exists or not
            raise BadInput("The path leads to none of the folders that this server was started with: give a path in "
                           "one of them.")
        return path

    async def fetched(self, said: str, folder: Path) -> str:
        """A file from a public address, as the app fetches it."""
        address = said.strip()
        if not address.startswith(("http://", "https://")) or len(address) > LONGEST:
            raise BadInput(f"The address of a video begins with http:// or https:// and has {LONGEST} characters at "
                           "most.")
        return await fetch.download(address, str(folder))

    def written(self, text: str, path: Path) -> Path:
        """A file from its base64, with or without `data:...;base64,` before it."""
        write(decoded(text, "The video", LIMITS.max_bytes), path)
        return path

    def pictures(self, frames: list[str], folder: Path) -> Path:
        """A folder of numbered pictures."""
        if not frames:
            raise BadInput("frames is empty: give the pictures of the video.")
        if len(frames) > LIMITS.max_pictures:
            raise BadInput(f"There are more than {LIMITS.max_pictures} frames: send fewer.")
        folder.mkdir()
        room = LIMITS.max_folder
        for number, frame in enumerate(frames, 1):
            picture = decoded(frame, f"Frame {number}", min(LIMITS.max_bytes, room))
            room -= len(picture)
            write(picture, folder / f"frame_{number:06}.png")     # what it is, its first bytes say
        return folder


def file_name(said: str | None, number: int) -> str:
    """The name of an upload as the last part of a path, told to people where something is wrong with it."""
    name = display_name(said or "").replace("/", "_").encode("utf-8", "replace")[:200].decode("utf-8", "ignore").strip()
    return name if name.strip(".") else f"clip-{number}"


def decoded(text: str, what: str, most: int) -> bytes:
    """The bytes of a base64 text. Raises BadInput, for more than `most` of them before anything is decoded."""
    if text.startswith("data:"):
        head, comma, text = text.partition(",")
        if not comma or not head.endswith(";base64"):
            raise BadInput(f"{what} is a data: address that is not in base64: send base64.")
    if len(text) > (most + 2) // 3 * 4:
        raise BadInput(f"{what} is larger than {size(most)}: send a smaller one.")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"{what} is not in base64: encode the file's bytes.") from error


def write(data: bytes, path: Path) -> None:
    """Raises Failure where the disk has no room."""
    left, reserve = free(path.parent)
    if left - len(data) < reserve:
        raise Failure(fetch.NO_ROOM)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Failure(fetch.NO_ROOM) from error


def folders(named: list[str]) -> tuple[Path, ...]:
    """The folders of `--files`, links followed. Raises BadInput for what is none."""
    for one in named:
        if not os.path.isdir(one):
            raise BadInput(f"--files {one} is no folder: give one whose files may be judged.")
    return tuple(Path(one).resolve() for one in named)

