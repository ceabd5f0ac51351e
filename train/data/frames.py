"""The pictures of rendered clips, kept in one file that all processes and runs share."""
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from filelock import FileLock

from vs2.errors import Failure
from vs2.model.hub import SPARE


@dataclass
class Frames:
    """A file of uint8 [clips, most + 1]: the bytes of a clip's frames, and at the end whether they are there.

    most: bytes of the largest clip. The file is sparse: what was not rendered takes no room. A clip is marked when it
    is whole, so that one whose rendering was cut off is rendered again.
    """

    path: Path
    clips: int
    most: int
    _kept: np.memmap | None = field(default=None, repr=False)

    def get(self, clip: int, shape: tuple[int, ...], render: Callable[[], np.ndarray]) -> np.ndarray:
        """uint8 of this shape: the clip's frames, rendered into the file where they are not there yet."""
        if self._kept is None:
            self._kept = self._opened()
        row, size = self._kept[clip], int(np.prod(shape))
        if not row[-1]:
            row[:size] = render().reshape(-1)
            row[-1] = 1
        return np.array(row[:size]).reshape(shape)

    def _opened(self) -> np.memmap:
        """The file; whichever process comes first makes it, whole. Raises Failure where the disk has no room for it."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.path}.lock"):
                if not self.path.exists():
                    self._make()
        return np.lib.format.open_memmap(self.path, "r+")

    def _make(self) -> None:
        need, free = self.clips * (self.most + 1), shutil.disk_usage(self.path.parent).free
        if need + SPARE > free:     # a mapped file that finds no room kills its process
            raise Failure(f"The frames of {self.clips} clips need {need / 1e9:.1f} GB in {self.path.parent} and "
                          f"{free / 1e9:.1f} GB are free: make room, or give `frames` another place.")
        draft = self.path.with_name(f"{self.path.name}.part")
        np.lib.format.open_memmap(draft, "w+", np.uint8, (self.clips, self.most + 1)).flush()
        os.replace(draft, self.path)
