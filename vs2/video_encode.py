"""The other job of vs2.video_worker: a copy of a video that any browser plays (h264 mp4, 8 bit, upright)."""
import errno
from fractions import Fraction

import av
import numpy as np

from vs2.video_decode import THREADS, Refused, check_side, frames_of, open_file, packets, picture_stream, probe, upright

ENCODERS = ("libx264", "libopenh264")
MOST_SIDE = 1280                  # pixels; enough to look at, quick to encode
TICKS = Fraction(1, 90000)
# What browsers play (MDN, "Web video codec guide"; Chromium, Firefox and Safari of 2024 or newer).
PLAYED = {"mp4": ({"h264", "av1"}, {"", "aac", "mp3", "opus", "flac"}),
          "webm": ({"vp8", "vp9", "av1"}, {"", "vorbis", "opus"})}


def plays(found, kind: str) -> bool:
    """Whether a probed file plays in a browser as it is; `kind` is "mp4", "webm" or what else its first bytes say."""
    video, sound = PLAYED.get(kind, ((), ()))
    return found.codec in video and found.sound in sound and found.pixels in ("yuv420p", "yuvj420p") \
        and found.claimed <= len(found.times)


def playable(job: dict, send, receive) -> None:
    """Answers a "playable" job: "plays" where the file does as it is, else writes job["out"] and says "done"."""
    found = probe(job["path"], job["max_seconds"], job["max_side"])
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
    width, height = (found.height, found.width) if found.rotation % 180 else (found.width, found.height)
    scale = min(1.0, MOST_SIDE / max(width, height))
    size = [max(2, round(side * scale / 2) * 2) for side in (width, height)]  # yuv420p takes even sides only
    count, start, last = 0, None, -1
    with open_file(path) as source, av.open(out, "w", format="mp4", options={"movflags": "+faststart"}) as target:
        stream = picture_stream(source)
        stream.thread_type, stream.thread_count = "AUTO", THREADS
        result = target.add_stream(name, rate=Fraction(found.fps).limit_denominator(1001))
        result.width, result.height, result.pix_fmt = *size, "yuv420p"
        result.time_base = result.codec_context.time_base = TICKS
        result.thread_count = THREADS
        if name == "libx264":
            result.options = {"preset": "veryfast", "crf": "20"}
        for packet in packets(source, stream):
            for frame in frames_of(packet):
                check_side(frame.width, frame.height, max_side)
                time = frame.time if frame.time is not None else count / found.fps
                start = time if start is None else start
                tick = round((time - start) / TICKS)
                if tick <= last:  # two frames at one time: the player could show only one
                    continue
                image = np.ascontiguousarray(upright(frame, (found.width, found.height), found.rotation))
                picture = av.VideoFrame.from_ndarray(image, format="rgb24")
                picture = picture.reformat(width=size[0], height=size[1], format="yuv420p")
                picture.pts, picture.time_base = tick, TICKS
                target.mux(result.encode(picture))
                count, last = count + 1, tick
        target.mux(result.encode(None))
    return count
