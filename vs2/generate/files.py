"""Clips as files: written under another name, then put in their place whole, with their record beside them."""
import hashlib
import json
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from fractions import Fraction
from pathlib import Path

import numpy as np

from vs2.errors import Failure
from vs2.generate.protocol import Generated, Request
from vs2.generate.record import Record
from vs2.scenes.film import SAME


class Draft:
    """A clip that is being made, for use in a `with`: what was not kept by its end is gone.

        with Draft(request, name) as draft:
            ...                                     # writes draft.path
            yield draft.keep(width=..., ...)        # the file in its place, as the event Generated

    The name in the folder comes from the generator, the request and `settings`: the same clip made again replaces
    itself, and another one never does.
    """

    def __init__(self, request: Request, generator: str, settings: dict):
        self.request, self.generator, self.settings = request, generator, settings
        self._started = time.monotonic()
        asked = [generator, request.prompt, request.seed, request.seconds, request.size, settings]
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode("utf-8", "surrogatepass"))
        readable = re.sub(r"[^A-Za-z0-9.]+", "-", generator).strip("-.")[-48:]
        self._name = f"{readable}-{request.seed}-{digest.hexdigest()[:10]}"
        self.path = request.folder / f".{uuid.uuid4().hex}.mp4"
        with disk(request.folder):
            request.folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> "Draft":
        return self

    def __exit__(self, *_) -> None:
        for path in (self.path, self.path.with_suffix(".json")):
            path.unlink(missing_ok=True)

    def keep(self, *, width: int, height: int, frames: int, fps: float, **more) -> Generated:
        """Puts the clip at `path` and its record in their places. more: other fields of the `Record`."""
        place = self.request.folder / f"{self._name}.mp4"
        with disk(self.request.folder):
            record = Record(
                generator=self.generator, prompt=self.request.prompt, seed=self.request.seed, width=width,
                height=height, frames=frames, fps=fps, sha256=_digest(self.path), settings=self.settings,
                made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
                took=round(time.monotonic() - self._started, 3), **more)
            text = json.dumps(record.to_dict(), indent=1, default=str)      # ASCII, whatever the prompt holds
            self.path.with_suffix(".json").write_text(text + "\n", encoding="ascii")
            os.replace(self.path.with_suffix(".json"), place.with_suffix(".json"))
            os.replace(self.path, place)
        return Generated(place, record)


class Film:
    """An h264 mp4 (yuv420p, quantiser 14) that grows by frames; for use in a `with`. Sides must be even.

    The same frames give the same bytes.
    """

    def __init__(self, path: Path, width: int, height: int, fps: float):
        import av

        self.frames = 0
        self._path = path
        with disk(path.parent):
            self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._stream = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.options = {"crf": "14", "preset": "veryfast", **SAME}

    def __enter__(self) -> "Film":
        return self

    def add(self, frames: np.ndarray) -> None:
        """frames: uint8 [n, height, width, 3] RGB."""
        import av

        with disk(self._path.parent):
            for picture in frames:
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
                self._container.mux(self._stream.encode(frame))
                self.frames += 1

    def __exit__(self, kind, *_) -> None:
        with disk(self._path.parent):
            try:
                if kind is None:
                    self._container.mux(self._stream.encode())
            finally:
                self._container.close()


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Turns what the disk refuses into a Failure."""
    try:
        yield
    except OSError as error:
        raise Failure(f"The clip cannot be written to {folder} ({error.strerror or error}): free some disk space, or "
                      "name a folder that can be written.") from error


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()
