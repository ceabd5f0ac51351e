"""How a stored picture is to be shown: turned, mirrored, stretched. Numbers only; the worker's side of it.

    display = Display.of(matrix, Fraction(64, 45))
    display.size(720, 576), display.upright(image)

A file says how by a display matrix (ISO 14496-12 section 6.2.2; Exif's and H.264's orientations arrive as one too)
and by the shape of a pixel.
"""
import math
import struct
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

SQUARE = Fraction(1)
# Outside it a pixel's shape is a mistake of the file (16:9 in 720 x 480, the widest in use, is 1.82 with 4:3 optics).
SHAPES = (Fraction(1, 8), Fraction(8))


@dataclass(frozen=True)
class Display:
    """What a player does with each stored picture, in this order.

    mirrored: left and right are exchanged. rotation: then it is turned clockwise by so many degrees: 0, 90, 180 or
    270. pixel: width over height of a stored pixel.
    """

    rotation: int = 0
    mirrored: bool = False
    pixel: Fraction = SQUARE

    @classmethod
    def of(cls, matrix: bytes | None, pixel: Fraction | None) -> "Display":
        """From FFmpeg's display matrix (9 native int32) and sample aspect ratio; odd angles go to the nearest one."""
        rotation, mirrored = _turn(matrix) if matrix is not None and len(matrix) >= 36 else (0, False)
        if not pixel or not SHAPES[0] <= pixel <= SHAPES[1]:
            pixel = SQUARE
        return cls(rotation, mirrored, pixel)

    @property
    def turned(self) -> bool:
        """Whether width and height change places."""
        return self.rotation % 180 == 90

    @property
    def plain(self) -> bool:
        return self == Display()

    def upright(self, image: np.ndarray) -> np.ndarray:
        """A stored picture [height, width, ...] mirrored and turned; a view, its pixels still of their own shape."""
        image = image[:, ::-1] if self.mirrored else image
        return np.rot90(image, -self.rotation // 90) if self.rotation else image

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height that a stored picture of `width` x `height` is shown at.

        Pixels are stretched, never squeezed, as players do it: no stored line is lost.
        """
        if self.pixel > 1:
            width = round(width * self.pixel)
        elif self.pixel < 1:
            height = round(height / self.pixel)
        return (height, width) if self.turned else (width, height)


def _turn(matrix: bytes) -> tuple[int, bool]:
    """Degrees clockwise and whether mirrored first. The matrix takes (x, y) to (ax + cy, bx + dy), y downwards."""
    a, b, _, c, d, *_ = struct.unpack_from("=9i", matrix)
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    if a == b == c == d == 0:
        return 0, False
    return round(math.degrees(math.atan2(b - c, a + d)) / 90) % 4 * 90, mirrored
