"""Numbered pictures in the worker: a folder or a zip of them is a video, at a rate that the caller gives.

    found = probe("frames.zip", 16.0, max_seconds, max_side, limits)
    for seconds, make in pictures(path, found, max_side):
        make()                           # uint8 RGB [height, width, 3]

Nothing is unpacked: a picture is opened where it lies, and decoded only where it is asked for. Of all others the
first bytes are read, for their size in pixels. Which files are the series: vs2.video.worker.series.
"""
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import ExifTags, Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.MpoImagePlugin import MpoImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from vs2.video.kind import NUMBERED
from vs2.video.worker.colour import on_white
from vs2.video.worker.display import Display
from vs2.video.worker.open import Refused, check_side
from vs2.video.worker.probe import Probe
from vs2.video.worker.series import Series, Source, opened

# All are loaded here, before a process is confined.
FORMATS = tuple(kind.format for kind in (PngImageFile, JpegImageFile, WebPImageFile, BmpImageFile, TiffImageFile))
CODECS = {str(MpoImageFile.format): "jpeg"}  # a JPEG with others behind it, of phones
Image.MAX_IMAGE_PIXELS = None      # sides are checked here, before anything is decoded
# Exif's orientation (EXIF 2.32, tag 0x0112) as what is done to the stored picture.
_ORIENTATIONS = {2: Display(0, True), 3: Display(180), 4: Display(180, True), 5: Display(270, True), 6: Display(90),
                 7: Display(90, True), 8: Display(270)}
_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")


@dataclass(frozen=True, kw_only=True)
class Pictures(Probe):
    """A `Probe` of pictures. series: the files. limits: as `video_series.opened` takes them."""

    series: Series
    limits: dict


def probe(path: str, fps: float, max_seconds: float, max_side: int, limits: dict) -> Pictures:
    """Lists the pictures, reads the size of each, decodes the first. Raises Refused."""
    with opened(path, limits) as source:
        series = source.series
        if len(series.names) / fps > max_seconds:
            raise Refused("long", seconds=len(series.names) / fps)
        first = _picture(source, series.names[0], max_side)
        height, width = first.shape[:2]
        codec = ""
        for name in series.names:
            with _image(source, name, max_side) as image:
                kind = image.format or ""
                codec = codec or CODECS.get(kind, kind.lower())
                if (width, height) not in _sizes(image):
                    shown = _sizes(image)[0]
                    raise Refused("differs", name=name, width=shown[0], height=shown[1], others=[width, height])
        times = tuple(number / fps for number in range(len(series.names)))
        duration = len(times) / fps
        return Pictures(NUMBERED, codec, "rgb24", "", width, height, Display(), "", 0, len(times), times, fps, fps,
                        duration, duration, facts=source.facts(), series=series, limits=limits)


def pictures(path: str, found: Pictures, max_side: int) -> Iterator:
    """(seconds since the first, function that makes the picture) of every picture, in order."""
    with opened(path, found.limits) as source:
        for name, time in zip(found.series.names, found.times, strict=True):
            yield time, partial(_fitting, source, name, found, max_side)


def _fitting(source: Source, name: str, found: Pictures, max_side: int) -> np.ndarray:
    image = _picture(source, name, max_side)
    height, width = image.shape[:2]
    if (width, height) != (found.width, found.height):
        raise Refused("differs", name=name, width=width, height=height, others=[found.width, found.height])
    return image


@contextmanager
def _image(source: Source, name: str, max_side: int) -> Iterator[Image.Image]:
    """A picture whose first bytes were read and whose sides are within the limit. Raises Refused for what is none."""
    with source.file(name) as file:
        try:
            with Image.open(file, formats=FORMATS) as image:
                check_side(*image.size, max_side)
                yield image
        except (MemoryError, Refused):
            raise
        except Exception as error:     # Pillow's readers raise nearly anything on damaged files
            raise Refused("picture", name=name, detail=f"{type(error).__name__}: {error}"[:300]) from error


def _picture(source: Source, name: str, max_side: int) -> np.ndarray:
    """uint8 RGB [height, width, 3], upright, transparent parts on white."""
    with _image(source, name, max_side) as image:
        image.load()
        return _ORIENTATIONS.get(_orientation(image), Display()).upright(_rgb(image))


def _sizes(image: Image.Image) -> list[tuple[int, int]]:
    """Width and height of an opened picture as it is shown; both ways round where the file has not said yet which."""
    size = image.size
    if image.format == TiffImageFile.format:     # turned by Pillow itself, its size from the start
        return [size]
    if image.format == PngImageFile.format and "exif" not in image.info:     # it may come behind the pixels
        return [size, size[::-1]]
    return [size[::-1] if _orientation(image) in (5, 6, 7, 8) else size]


def _orientation(image: Image.Image) -> int:
    return image.getexif().get(ExifTags.Base.Orientation, 1)


def _rgb(image: Image.Image) -> np.ndarray:
    """A loaded picture's pixels. Values of 16 bits lose the lower 8, as Pillow does it for colours."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == PngImageFile.format):
        values = np.asarray(image)
        grey = (values >> 8).astype(np.uint8)
        if isinstance(clear := image.info.get("transparency"), int):
            grey[values == clear] = 255
        return np.repeat(grey[..., None], 3, -1)
    if image.mode in ("I", "F"):    # 32 bits: nobody says what is black and what white
        raise ValueError(f"values of mode {image.mode}")
    if image.mode in _ALPHA or "transparency" in image.info:
        return on_white(np.asarray(image.convert("RGBA")))
    return np.asarray(image.convert("RGB"))
