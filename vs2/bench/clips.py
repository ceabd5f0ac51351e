"""The clips that suites of this project spoil or change: a folder's, a table's, or clean scenes.

A table has the columns file and prompt (others are ignored), its files beside it or in its folder `videos`; in a folder
it is called videos.csv.
"""
import csv
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vs2 import video
from vs2.errors import BadInput
from vs2.scenes import draw, words, world
from vs2.video.sampling import Sampling

TABLE = "videos.csv"
FILMS = frozenset({".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})
SECONDS, FRAMES, SIDE = 6.0, 60, 720    # a clip is cut to its first seconds and frames; pixels of its short side
UNKNOWN = "A video."                    # the prompt of a clip whose own is not known: a judge has to be asked something
FIRST = world.HELD_OUT + 9_000_000      # scenes far from those of the other suites
SCENES = 8                              # where no clips are named


@dataclass(frozen=True)
class RealClip:
    """A video file, and what was asked of its maker. number: its row in the table, the seed of its faults."""

    number: int
    path: Path
    prompt: str


@dataclass(frozen=True)
class Drawn:
    """A clean scene of this project in a video file's place. number: its seed from `FIRST` on."""

    number: int
    scene: world.Scene = field(repr=False)

    @property
    def prompt(self) -> str:
        return words.caption(self.scene.asked, self.number)

    @property
    def path(self) -> Path:
        """A name for it; there is no such file."""
        return Path(f"scene{self.scene.seed}")


@dataclass(frozen=True)
class Beginning(Sampling):
    """Every frame of a clip's beginning, at its own size unless its short side is longer than `side`."""

    side: int = SIDE

    def indices(self, total: int, video_fps: float) -> list[int]:
        return list(range(max(1, min(total, FRAMES, math.ceil(SECONDS * video_fps)))))

    def size(self, frames: int, height: int, width: int) -> tuple[int, int]:
        """Height and width, even, as h264 needs them."""
        scale = min(1.0, self.side / min(height, width))
        high, wide = (max(2, round(side * scale / 2) * 2) for side in (height, width))
        return high, wide


def frames(clip: RealClip | Drawn) -> tuple[np.ndarray, float]:
    """The beginning of a clip, uint8 [n, h, w, 3], and its rate. Raises BadInput where it cannot be read."""
    if isinstance(clip, Drawn):
        return draw.frames(clip.scene)[:FRAMES], float(clip.scene.staging.fps)
    read = video.read(clip.path, Beginning())
    return read.frames, read.metadata.fps


def listed(folder: Path | str) -> list[RealClip]:
    """The clips of `folder`/videos.csv, each with its prompt. Raises BadInput, naming what is missing."""
    return _rows(Path(folder) / TABLE, True)


def found(data: Path | str | None, count: int | None = None) -> list[RealClip] | list[Drawn]:
    """The clips of a table, of a folder with one, or of a folder of video files; without `data`, clean scenes.

    count: so many of them (of scenes, else 8), spread evenly, for neighbours in a table are often of one source. A clip
    without a prompt gets one that says nothing. Raises BadInput, naming what is missing.
    """
    if data is None:
        return [Drawn(n, world.sample(FIRST + n, visual=5, alignment=5, physical=5)) for n in range(count or SCENES)]
    data = Path(data)
    clips = _rows(data, False) if data.is_file() else _rows(data / TABLE, False) if (data / TABLE).is_file() \
        else _files(data)
    if count is None or count >= len(clips):
        return clips
    return [clips[at] for at in np.linspace(0, len(clips) - 1, count).round().astype(int)]


def _files(folder: Path) -> list[RealClip]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in FILMS and path.is_file())
    except OSError:
        paths = []
    if not paths:
        raise BadInput(f"{folder} is neither a table of clips (.csv, columns file and prompt) nor a folder with a "
                       f"{TABLE} or with video files: give one.")
    return [RealClip(number, path, UNKNOWN) for number, path in enumerate(paths)]


def _rows(table: Path, prompted: bool) -> list[RealClip]:
    try:
        with open(table, newline="", encoding="utf-8-sig") as file:     # as Excel writes it
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{table} cannot be read: give a folder with real clips and a {TABLE} "
                       "(columns file and prompt).") from error
    needed = ("file", "prompt") if prompted else ("file",)
    if not rows or not all(row.get(name) for row in rows for name in needed):
        raise BadInput(f"{table} needs the columns {' and '.join(needed)}, filled in every row." if prompted else
                       f"{table} needs the column file, filled in every row.")
    clips = []
    for number, row in enumerate(rows):
        places = [place for place in (table.parent / row["file"], table.parent / "videos" / row["file"])
                  if place.is_file()]
        if not places:
            raise BadInput(f"{row['file']} is in {table} but not beside it: add the file or take out the row.")
        clips.append(RealClip(number, places[0], (row.get("prompt") or "").strip() or UNKNOWN))
    return clips
