"""A copy of a video that a browser plays. Only h264 and av1 mp4 and webm do; MPEG-4 Part 2 shows a dead player.

    shown = playable("clip.avi", folder)     # "clip.mp4" that plays comes back as it is

The file is opened and encoded by the same killable worker process, and under the same limits, as when it is
read for the judge.
"""
import hashlib
import os
import time
import uuid
from contextlib import nullcontext
from pathlib import Path

from vs2.errors import Failure
from vs2.texts import wired
from vs2.video.faults import refusal
from vs2.video.pool import Worker, for_page
from vs2.video.reader import Limits, check_file, order, with_worker

LIMITS = Limits(deadline=120.0, cpu=400.0)
SUFFIXES = {".mp4": "mp4", ".m4v": "mp4", ".webm": "webm"}  # what a server's file types tell a browser


# What is not the file's fault.
_FAILED = {
    "disk": "The copy for the browser cannot be written: free some disk space, or check the folder.",
    "encoder": "This installation of PyAV has no h264 encoder: install PyAV from its wheels.",
}


def playable(path: str | Path, folder: str | Path, limits: Limits = LIMITS, page: bool = True,
             fps: float | None = None) -> Path:
    """`path` where a browser plays it as it is; else an h264 mp4 in `folder`, made once and found again after.

    The copy has the pictures with their times, upright, 1280 pixels a side at most, and no sound.
    fps: as `vs2.video.read`.
    page: whether it is only for a page to show, so that it goes behind what is judged (`video_pool.for_page`).
    Raises BadInput where the file cannot be read (as `vs2.video.read`), Failure where nothing can be written or
    too many others wait.
    """
    source, name, size = check_file(path, limits, fps)
    folder = Path(os.path.abspath(folder))
    identity = f"{source}|{size}|{source.stat().st_mtime_ns}" + (f"|{fps}" if fps is not None else "")
    result = folder / f"{hashlib.sha256(identity.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}.mp4"
    if result.exists() and source.is_file():  # a folder does not say that what is in it has changed
        return result
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"The folder for playable copies cannot be made ({error.strerror}): free the disk "
                      "or set another folder.") from error
    part = folder / f".{uuid.uuid4().hex}.part"
    job = {"kind": "playable", "out": wired(part), "container": "" if fps is not None else _container(source),
           "writes": limits.max_bytes, **order(source, limits, fps)}

    def attempt(worker: Worker, until: float, first: bool) -> Path:
        # One step that may rightly take long: unlike a stalled decord, a second try would not be quicker.
        worker.due(until)
        worker.send(job | {"seconds": until - time.monotonic()})
        message, _ = worker.receive()
        if message["kind"] == "plays":
            worker.finish()
            return source
        if message["kind"] == "done":
            worker.finish()
            os.replace(part, result)
            return result
        if (said := _FAILED.get(message.get("code", ""))) is not None:
            raise Failure(said)
        raise refusal(worker, message, name, limits)

    try:
        part.touch(exist_ok=False)  # the worker may fill this one file and make none
        with for_page() if page else nullcontext():
            return with_worker(attempt, source, name, limits)
    except OSError as error:
        raise Failure(_FAILED["disk"]) from error
    finally:
        part.unlink(missing_ok=True)


def _container(source: Path) -> str:
    """"mp4" or "webm" where both the first bytes and the file's suffix say so, else ""."""
    with open(source, "rb") as file:
        start = file.read(64)
    kind = ""
    if start[4:8] == b"ftyp" and start[8:12] != b"qt  ":
        kind = "mp4"
    elif start.startswith(b"\x1aE\xdf\xa3") and b"webm" in start:
        kind = "webm"
    return kind if SUFFIXES.get(source.suffix.lower()) == kind else ""
