"""A decoded picture as 8-bit RGB: what a screen of standard dynamic range shows of it.

Ordinary video goes through swscale with the matrix and range that the file names, bit for bit as decord does it.
PQ and HLG (ITU-R BT.2100) are tone-mapped, BT.2020 colours become BT.709 ones, transparent pictures lie on white.
"""
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc, VideoReformatter

TRANSFERS = {int(ColorTrc.SMPTE2084): "PQ", int(ColorTrc.ARIB_STD_B67): "HLG"}
BT2020 = int(ColorPrimaries.BT2020)
# Matrices for luma and chroma that say nothing (FFmpeg's AVColorSpace: RGB, unspecified, reserved).
_NO_MATRIX = (0, 2, 3)
WHITE = 203.0            # cd/m2 of diffuse white in both (ITU-R BT.2408): what becomes white here
PEAK = 1000.0 / WHITE    # HLG's nominal screen, and what most PQ is mastered for
KNEE = 0.75              # of white; darker light is kept as it is, brighter is bent so that PEAK becomes white
GAMMA = 2.2              # of a computer's screen (sRGB), by which the light is written down again
ROWS = 64                # at a time: float32 of a whole 8K picture would take gigabytes
# BT.2020 light as BT.709 light (ITU-R BT.2087, linear RGB).
TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
LUMA_2020 = np.array([0.2627, 0.6780, 0.0593], np.float32)


def name(frame: VideoFrame) -> str:
    """ "PQ" or "HLG", "BT.2020" for wide colours of standard range, else "": swscale alone is right."""
    if transfer := TRANSFERS.get(int(frame.color_trc)):
        return transfer
    return "BT.2020" if int(frame.color_primaries) == BT2020 and not frame.format.is_rgb else ""


def rgb(frame: VideoFrame, width: int, height: int, reformat: VideoReformatter) -> np.ndarray:
    """uint8 RGB [height, width, 3] of a decoded picture of any format. `reformat` is kept from frame to frame."""
    kind = name(frame)
    if kind:
        # Files that name the transfer and not the matrix mean BT.2020's.
        matrix = Colorspace.BT2020 if int(frame.colorspace) in _NO_MATRIX and not frame.format.is_rgb else None
        deep = reformat.reformat(frame, width=width, height=height, format="rgb48le", src_colorspace=matrix)
        return standard(deep.to_ndarray(), kind)
    if any(component.is_alpha for component in frame.format.components):
        image = reformat.reformat(frame, width=width, height=height, format="rgba").to_ndarray()
        return on_white(image)
    return reformat.reformat(frame, width=width, height=height, format="rgb24").to_ndarray()


def on_white(image: np.ndarray) -> np.ndarray:
    """uint8 RGBA [h, w, 4] -> RGB, its transparent parts over white, as a GIF's."""
    alpha = image[..., 3:].astype(np.uint16)
    return ((image[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def standard(image: np.ndarray, kind: str) -> np.ndarray:
    """uint16 RGB [h, w, 3] of a `name` that is not "" -> uint8 RGB of BT.709."""
    light, out = _light(kind), np.empty(image.shape, np.uint8)
    for top in range(0, len(image), ROWS):
        rows = image[top:top + ROWS]
        part = light[rows.reshape(-1, 3).T]  # [3, pixels]: one colour after the other is several times faster
        if kind == "HLG":  # the screen's own exponent, by the light of the scene (BT.2100, OOTF)
            part *= (LUMA_2020 @ part) ** np.float32(0.2) * np.float32(PEAK)
        part = TO_709 @ part
        if kind != "BT.2020":
            bend(part)
        np.clip(part, 0, 1, part)
        part *= 65535
        out[top:top + ROWS] = _WRITTEN[part.astype(np.uint16)].T.reshape(rows.shape)
    return out


def bend(light: np.ndarray) -> None:
    """Light [3, pixels] (white is 1) up to PEAK -> up to 1: unchanged up to KNEE, above by an extended Reinhard curve.

    All three colours of a pixel are scaled as its brightest one is, so that hues stay.
    """
    most = light.max(0)
    bright = np.flatnonzero(most > KNEE)
    if len(bright):
        over, end = (most[bright] - KNEE) / (1 - KNEE), (PEAK - KNEE) / (1 - KNEE)
        bent = KNEE + (1 - KNEE) * over * (1 + over / end**2) / (1 + over)
        light[:, bright] *= np.minimum(bent, 1) / most[bright]


def _light(kind: str) -> np.ndarray:
    """float32 [65536]: the light of each code value; PQ's in parts of white, HLG's of the scene (BT.2100)."""
    value = np.linspace(0, 1, 1 << 16)
    if kind == "PQ":
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = value ** (1 / m2)
        light = 10000 / WHITE * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    elif kind == "HLG":
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
    else:
        light = value**GAMMA
    return light.astype(np.float32)


_WRITTEN = np.round(np.linspace(0, 1, 1 << 16) ** (1 / GAMMA) * 255).astype(np.uint8)
