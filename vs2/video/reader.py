"""Reads a video nobody vouches for: an untrusted file -> `Clip` (frames, their times, metadata).

    clip = read("clip.mp4")              # 2 frames a second at the published sizes
    clip.frames.shape, clip.times, clip.metadata.fps, clip.warnings

The file is only ever opened by FFmpeg in a worker process (vs2.video.pool, vs2.video.worker.decode) that a deadline
kills; here frames are chosen and resized as qwen-vl-utils 0.0.14 does it, one at a time, as they arrive.
Everything wrong with a file is one `BadInput` sentence. Importing this module does not import torch.
"""
import os
import re
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from vs2.errors import BadInput
from vs2.texts import path_text, told, wired
from vs2.video import kind as video_kind
from vs2.video.faults import PICTURES, UNREADABLE, XCPU, death, display_name, refusal, size_text
from vs2.video.pool import Gone, Worker, borrow
from vs2.video.pulse import BYTES, SIDE, Pulse, chosen
from vs2.video.rate import check_fps
from vs2.video.resize import Resize, resizer
from vs2.video.sampling import Sampling
from vs2.video.warnings import warnings_of

Result = TypeVar("Result")
REPLACED = 5            # times that a file may be replaced by another while it is read
_RATE = f"for one of numbered pictures ({PICTURES}) give their rate too, as --fps 24 or fps=24"


@dataclass(frozen=True)
class Metadata:
    """What a file says of itself, as found by reading it.

    name: the file's name without its folder. width, height: pixels as displayed, turned and with square pixels.
    fps: average frames a second. total_frames: frames that are shown. duration: seconds. codec: FFmpeg's name
    of the video codec. rotation: degrees clockwise, 0, 90, 180 or 270, already applied to the frames.
    backend: what decoded it, "decord", "pyav" or, of numbered pictures, "pillow".
    indices: the frame numbers taken. bytes: size of the file.
    container: FFmpeg's names of the file's format. mirrored: the stored picture was mirrored, left and right, before
    it was turned. pixel: width over height of a stored pixel. colour: "PQ", "HLG" or "BT.2020" where the colours were
    mapped to those of an ordinary screen, else "".
    """

    name: str
    width: int
    height: int
    fps: float
    total_frames: int
    duration: float
    codec: str
    rotation: int
    backend: str
    indices: tuple[int, ...]
    bytes: int
    container: str = ""
    mirrored: bool = False
    pixel: float = 1.0
    colour: str = ""


@dataclass(frozen=True)
class Clip:
    """The frames that a judge sees.

    frames: uint8 [n, height, width, 3] RGB, already at the judge's size. times: seconds of each frame,
    the first frame of the file being 0. warnings: sentences for people about what was odd in the file.
    pulse: what it does from frame to frame, where the sampling asks for it.
    """

    frames: np.ndarray
    times: tuple[float, ...]
    metadata: Metadata
    warnings: tuple[str, ...] = ()
    pulse: Pulse | None = None


@dataclass(frozen=True)
class Limits:
    """What a file may cost before it is refused. Each has its own error."""

    max_bytes: int = 512 * 2**20
    max_seconds: float = 600.0
    max_side: int = 8192          # pixels
    max_pictures: int = 36_000    # of a folder or a zip
    max_folder: int = 8 * 2**30   # bytes of all its pictures, each of which is a file of max_bytes at most
    deadline: float = 30.0        # seconds for the whole reading, wall time
    earned: float = 0.25          # seconds more for each second of film whose frames have come: long films take longer
    memory: int = 4 * 2**30       # bytes of address space for the decoding process
    cpu: float = 480.0            # seconds of CPU time, all its threads together


def read(path: str | Path, sampling: Sampling = Sampling(), limits: Limits = Limits(), *,
         fps: float | None = None) -> Clip:
    """The frames of the local file at `path` that `sampling` asks for.

    fps: pictures a second, where `path` is a folder or a zip of numbered pictures, which do not say it; for no other.

    Which frames, and their size: `Sampling.indices` of the file's frame count and frame rate, `Sampling.size`
    (bicubic, antialiased, as the published system resizes). Frames are chosen by number, so where the frame rate
    varies they are not evenly spaced in time; `times` are the true ones.
    Raises BadInput, one sentence, for every fault of the file, within the deadline and what the file has earned beyond
    it; Failure for the machine's.
    """
    source, name, size = check_file(path, limits, fps)
    resize = resizer()  # torch takes seconds to import; not on the deadline's account
    job = {"kind": "read", "writes": 0, **order(source, limits, fps)}

    named = told(job["path"]) == job["path"]     # decord opens no other name than one in UTF-8

    def attempt(worker: Worker, until: float, first: bool) -> Clip:
        most = until + limits.earned * limits.max_seconds - time.monotonic()
        given = job | {"decord": first and named, "seconds": most}
        return _collect(worker, given, sampling, limits, name, size, until, first, resize)

    return with_worker(attempt, source, name, limits)


def order(source: Path, limits: Limits, fps: float | None) -> dict:
    """What every job of a worker says of the file that `check_file` has let through, and of what it may cost."""
    job: dict[str, object] = {"path": wired(source), "max_seconds": limits.max_seconds, "max_side": limits.max_side,
           "memory": limits.memory, "cpu": limits.cpu}
    if fps is not None:
        job["pictures"] = {"fps": float(fps), "most_pictures": limits.max_pictures, "most_picture": limits.max_bytes,
                           "most_bytes": limits.max_folder}
    return job


def with_worker(attempt: Callable[[Worker, float, bool], Result], source: Path, name: str, limits: Limits) -> Result:
    """What `attempt` gives; anew where another file came into the place of `source` meanwhile, for a worker may only
    open the one that was there when it began."""
    for _ in range(REPLACED):
        before = _which(source)
        try:
            return _tried(attempt, name, limits)
        except BadInput:
            if _which(source) == before:
                raise
    return _tried(attempt, name, limits)


def _which(source: Path) -> tuple[int, int] | None:
    """Which file lies there now."""
    try:
        facts = os.stat(source)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _tried(attempt: Callable[[Worker, float, bool], Result], name: str, limits: Limits) -> Result:
    """attempt(worker, until, first) -> result, in a worker; tried again in a new one, once, where that one dies.

    `first` tells the first try, which may spend half of what is left of the deadline on each step, so that
    the second, without decord, has time. Raises BadInput where both fail.
    """
    left = limits.deadline
    for first in (True, False):
        try:
            with borrow() as worker:  # a new interpreter's start is the machine's time, not the file's
                until = time.monotonic() + left
                try:
                    return attempt(worker, until, first)
                finally:
                    left = until + worker.earned - time.monotonic()
        except Gone as gone:
            if first and left > 0 and gone.by != XCPU:
                continue
            raise death(gone, name, limits) from gone
    raise AssertionError("the second try returns or raises")


def _collect(worker: Worker, job: dict, sampling: Sampling, limits: Limits, name: str, size: int, until: float,
             patient: bool, resize: Resize) -> Clip:
    """Holds one "read" conversation with a worker. Raises Gone, BadInput."""
    largest = 3 * limits.max_side**2
    header: dict | None = None
    frames: np.ndarray = np.empty(0, np.uint8)  # until the header has said how many, and of what size
    times: dict[int, float] = {}
    indices: list[int] = []
    beats: list[int] = []
    felt: dict[int, np.ndarray] = {}

    def step() -> None:
        if header is not None and 0 < header["duration"] <= 1.01 * limits.max_seconds:
            share = len(times) / max(1, len(set(indices)))
            # What was won stays: a second header begins anew, not the clock.
            worker.earned = max(worker.earned, limits.earned * min(header["duration"], limits.max_seconds) * share)
        now = time.monotonic()
        left = until + worker.earned - now
        worker.due(now + (min(left, limits.deadline) / 2 if patient else left))

    step()
    worker.send(job)
    while True:
        step()
        message, payload = worker.receive(largest)
        if message["kind"] == "header":
            header, times, felt = _checked(message, limits, name), {}, {}
            indices = sampling.indices(header["total"], header["fps"])
            try:
                target = sampling.size(len(indices), header["height"], header["width"])
            except ValueError as error:
                raise BadInput(f"{name} is {header['width']} x {header['height']} pixels, too narrow a strip to "
                               "judge: crop it or pad it.") from error
            frames = np.empty((len(indices), *target, 3), np.uint8)
            beats = chosen(header["total"], indices, sampling.pulse) if sampling.pulse else []
            worker.send({"indices": sorted(set(indices)), "pulse": beats, "size": list(target)})
        elif message["kind"] == "pulse":
            if len(payload) != BYTES or message.get("index") not in beats:
                raise BadInput(UNREADABLE.format(name=name))
            felt[message["index"]] = np.frombuffer(payload, np.uint8).reshape(-1, SIDE, SIDE)
        elif message["kind"] == "frame":
            if (header is None or message.get("index") not in indices
                    or len(payload) != 3 * header["rows"] * header["columns"]):
                raise BadInput(UNREADABLE.format(name=name))
            image = np.frombuffer(payload, np.uint8).reshape(header["rows"], header["columns"], 3)
            small = resize(image, target)
            for place, index in enumerate(indices):
                if index == message["index"]:
                    frames[place] = small
            times[message["index"]] = message["time"]
        elif message["kind"] == "done":
            if header is None or not set(indices) <= times.keys() or not set(beats) <= felt.keys():
                raise BadInput(UNREADABLE.format(name=name))
            worker.finish()
            break
        else:
            raise refusal(worker, message, name, limits)
    metadata = Metadata(name=name, width=header["width"], height=header["height"], fps=header["fps"],
                        total_frames=header["total"], duration=header["duration"], codec=header["codec"],
                        rotation=header["rotation"], backend=header["backend"], indices=tuple(indices),
                        bytes=size or header["pictures"].get("bytes", 0),
                        container=header["container"], mirrored=header["mirrored"], colour=header["colour"],
                        pixel=header["pixel"][0] / header["pixel"][1])
    pulse = Pulse(tuple(beats), np.stack([felt[number] for number in beats])) if beats else None
    return Clip(frames, tuple(times[index] for index in indices), metadata, warnings_of(header, name), pulse)


def _checked(header: dict, limits: Limits, name: str) -> dict:
    """The worker's account of a file, if it can be true: a hostile file may have taken the worker over."""
    sides = [header.get(side) for side in ("width", "height", "columns", "rows")]
    sound = all(isinstance(side, int) and 0 < side <= limits.max_side for side in sides)
    sound = sound and all(isinstance(header.get(number), int | float) for number in ("total", "fps", "duration"))
    if not sound or not isinstance(header["total"], int) or header["total"] < 1 or not 0 < header["fps"] < 1e6:
        raise BadInput(UNREADABLE.format(name=name))
    return header


def check_file(path: str | Path, limits: Limits, fps: float | None = None) -> tuple[Path, str, int]:
    """The absolute path, the name for people and the size in bytes (0 of a folder), if it may be given to a decoder.

    Looks at the path, the size and the first bytes; playlists, which could point a decoder to other files and
    to the network, are refused here, before any decoder sees them. Raises BadInput.
    """
    text = path_text(path)
    if not text:
        raise BadInput("No path was given: give the path of one video file.")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", text)
    if scheme and (os.name != "nt" or len(scheme[1]) > 1) and not os.path.exists(text):
        address = display_name(text.split("?")[0])  # what follows may be a key
        raise BadInput(f"{address} is an address ({scheme[1]}:), not a file: download the video and give the path "
                       "of your copy.")
    name = display_name(text)
    try:
        facts = os.stat(text)
        start = b""
        if stat.S_ISREG(facts.st_mode):
            with open(text, "rb") as file:
                start = file.read(video_kind.START)
    except FileNotFoundError as error:
        raise BadInput(f"{name} does not exist at the path given: check the path.") from error
    except PermissionError as error:
        raise BadInput(f"{name} may not be opened by this program: change the file's permissions.") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{name} is no path that can be opened: check the path.") from error
    if stat.S_ISDIR(facts.st_mode):
        if fps is None:
            raise BadInput(f"{name} is a folder: {_RATE}, or the path of one video file.")
        check_fps(fps)
        return Path(os.path.abspath(text)), name, 0
    if not stat.S_ISREG(facts.st_mode):
        raise BadInput(f"{name} is a device or a pipe, not a file: save the video to a file first.")
    if facts.st_size == 0:
        raise BadInput(f"{name} is empty (0 bytes): download or export the video again.")
    if facts.st_size > limits.max_bytes:
        raise BadInput(f"{name} is {size_text(facts.st_size)}, more than the limit of {size_text(limits.max_bytes)}: "
                       "use a shorter clip or compress it.")
    kind = video_kind.kind(start)
    if kind == "zip":
        if fps is None:
            raise BadInput(f"{name} is a zip: {_RATE}, or the path of one video file.")
        check_fps(fps)
        return Path(os.path.abspath(text)), name, facts.st_size
    if kind == "playlist":
        raise BadInput(f"{name} is a playlist that points to other files: give the video itself.")
    if kind not in video_kind.VIDEOS:
        what = {"text": "holds text, not video", "picture": "is a still picture, not a video"}
        raise BadInput(f"{name} {what.get(kind, 'is not a video of a known kind')}: give {video_kind.ACCEPTED}.")
    if fps is not None:
        raise BadInput(f"{name} is a video, which has its own frame rate: leave out fps, which is for a folder or a "
                       "zip of pictures.")
    return Path(os.path.abspath(text)), name, facts.st_size
