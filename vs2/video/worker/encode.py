"""The other job of vs2.video.worker.main: a copy of a video that any browser plays (h264 mp4, 8 bit, upright)."""
import errno
from fractions import Fraction

import av
import numpy as np

from vs2.video.worker.decode import look, pictures
from vs2.video.worker.open import THREADS, Refused

ENCODERS = ("libx264", "libopenh264")
MOST_SIDE = 1280                  # pixels; enough to look at, quick to encode
TICKS = Fraction(1, 90000)
# What browsers play (MDN, "Web video codec guide"; Chromium, Firefox and Safari of 2024 or newer).
PLAYED = {"mp4": ({"h264", "av1"}, {"", "aac", "mp3", "opus", "flac"}),
          "webm": ({"vp8", "vp9", "av1"}, {"", "vorbis", "opus"})}


def plays(found, kind: str) -> bool:
    """Whether a probed file plays in a browser as it is; `kind` is "mp4", "webm" or what else its first bytes say.

    Browsers turn pictures as told; they differ in what they make of mirrors, pixels that are not square, HDR,
    and frames before the first keyframe or outside an edit list.
    """
    video, sound = PLAYED.get(kind, ((), ()))
    display = found.display
    return found.codec in video and found.sound in sound and found.pixels in ("yuv420p", "yuvj420p") \
        and found.claimed <= len(found.times) and not found.colour and not display.mirrored and display.pixel == 1 \
        and not {"edit", "start"} & set(found.others)


def playable(job: dict, send, receive) -> None:
    """Answers a "playable" job: "plays" where the file does as it is, else writes job["out"] and says "done"."""
    found = look(job)
    if plays(found, job["container"]):
        send({"kind": "plays"})
        return
    try:
        if encode(job["path"], job["out"], found, job["max_side"]) == 0:
            raise Refused("nothing")
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise Refused("size") from error
        if error.errno in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.ENOENT, errno.EIO):
            raise Refused("disk") from error
        raise
    send({"kind": "done"})


def encode(path: str, out: str, found, max_side: int) -> int:
    """Writes the pictures of `path` as an h264 mp4 with their own times, without sound; the number of frames."""
    name = next((codec for codec in ENCODERS if codec in av.codecs_available), None)
    if name is None:
        raise Refused("encoder")
    width, height = found.display.size(found.width, found.height)
    scale = min(1.0, MOST_SIDE / max(width, height))
    size = [max(2, round(side * scale / 2) * 2) for side in (width, height)]  # yuv420p takes even sides only
    count, last = 0, -1
    with av.open(out, "w", format="mp4", options={"movflags": "+faststart"}) as target:
        result = target.add_stream(name, rate=Fraction(found.fps).limit_denominator(1001))
        result.width, result.height, result.pix_fmt = *size, "yuv420p"
        result.time_base = result.codec_context.time_base = TICKS
        result.thread_count = THREADS
        if name == "libx264":
            result.options = {"preset": "veryfast", "crf": "20"}
        for time, image in pictures(path, found, max_side):
            tick = round(time / TICKS)
            if tick <= last:  # two frames at one time: the player could show only one
                continue
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image()), format="rgb24")
            picture = picture.reformat(width=size[0], height=size[1], format="yuv420p")
            picture.pts, picture.time_base = tick, TICKS
            target.mux(result.encode(picture))
            count, last = count + 1, tick
        target.mux(result.encode(None))
    return count
