"""The decoding half of vs2.video.worker.main: the frames, by their numbers, of a file that was looked over (probe).

Runs only in the worker process. PyAV decodes from the start, so that frame i is frame i whatever leans on what came
before; its pixels are those of decord, which the published system reads with, bit for bit in nearly every format.
decord itself, an FFmpeg of 2018, opens only what it is needed for: `needs_decord`.
"""
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from vs2.video import pulse
from vs2.video.kind import NUMBERED
from vs2.video.worker import colour, edits, spare, webp
from vs2.video.worker import pictures as video_pictures
from vs2.video.worker.open import THREADS, Refused, check_side, frames_of, open_file, packets, picture_stream
from vs2.video.worker.probe import MOV, Probe, probe, rate

try:
    import decord
    decord.logging.set_level(decord.logging.QUIET)
except (ImportError, OSError, RuntimeError):  # no wheel for this platform, or its library does not load
    decord = None

# What decord may open: no decoder of its FFmpeg gets a file of another codec, or of another container.
DECORD_CODECS = ("h264", "hevc", "vp9", "mpeg4")
DECORD_CONTAINERS = {MOV: (4, b"ftyp"), "matroska,webm": (0, b"\x1aE\xdf\xa3")}
ROUNDS = 3  # of counting anew, for a file that decodes to another number of frames each time


def read(job: dict, send, receive) -> None:
    """Answers a "read" job: a header, then, once the parent has said which, the frames one by one, then "done".

    A second header voids the first: its frames are taken anew (decord gave up, or other frames exist).
    """
    path, found = job["path"], look(job)
    if not (job["decord"] and needs_decord(path, found) and read_decord(path, found, send, receive)):
        read_pyav(path, found, job["max_side"], send, receive)
    send({"kind": "done"})


def look(job: dict) -> Probe:
    """The `Probe` of the job's file, by whoever reads its kind; "pictures" says that it is those. Raises Refused."""
    path, limits = job["path"], (job["max_seconds"], job["max_side"])
    if "pictures" in job:
        return video_pictures.probe(path, job["pictures"]["fps"], *limits, job["pictures"])
    seen = webp.probe if webp.is_webp(path) else probe
    return seen(path, *limits)


def needs_decord(path: str, found: Probe) -> bool:
    """Whether decord's pixels are wanted and may be had: it shows each frame at its number, and knows the codec.

    Two video streams are refused, for another FFmpeg may choose the other one; so is a container that is not
    plainly what its first bytes say.
    """
    if decord is None or found.exact or found.others or not found.alone or found.codec not in DECORD_CODECS:
        return False
    if found.colour or not found.display.plain or found.claimed > found.packets:
        return False
    place, magic = DECORD_CONTAINERS.get(found.container, (0, b""))
    with open(path, "rb") as file:
        return bool(magic) and file.read(16)[place:].startswith(magic)


def header(found: Probe, backend: str, total: int, fps: float) -> dict:
    """The message before the frames. Pictures are sent upright; their pixels may still not be square."""
    width, height = found.display.size(found.width, found.height)
    columns, rows = found.sent[::-1] if found.display.turned else found.sent
    gaps = np.diff(found.times)
    return {"kind": "header", "backend": backend, "total": total, "fps": fps, "width": width, "height": height,
            "columns": columns, "rows": rows,
            "duration": found.duration if total == len(found.times) else total / fps, "promised": found.promised,
            "codec": found.codec, "rotation": found.display.rotation, "mirrored": found.display.mirrored,
            "pixel": [found.display.pixel.numerator, found.display.pixel.denominator], "colour": found.colour,
            "container": found.container, "claimed": found.claimed, "packets": found.packets, "said": found.said,
            "others": list(found.others), "pictures": found.facts,
            "uneven": bool(len(gaps) > 1 and gaps.max() - gaps.min() > 0.5 * np.median(gaps) + 0.002)}


def read_decord(path: str, found: Probe, send, receive) -> bool:
    """Sends the clip as decord reads it; False where decord cannot, or counts other frames than there are."""
    reader = None
    try:
        reader = decord.VideoReader(path, ctx=decord.cpu(0), num_threads=THREADS)
        total, fps = len(reader), float(reader.get_avg_fps())
        if total != len(found.times) or not math.isfinite(fps) or fps <= 0:
            return False
        send(header(found, "decord", total, fps))
        wanted = receive()
        whole, beats = set(wanted["indices"]), set(wanted["pulse"])
        for index in sorted(whole | beats):
            image = reader.get_batch([index]).asnumpy()[0]
            if image.shape != (found.height, found.width, 3):
                return False
            if index in beats:
                send({"kind": "pulse", "index": index},
                     np.ascontiguousarray(pulse.small(pulse.grey(image, *wanted["size"]))))
            if index in whole:
                send({"kind": "frame", "index": index, "time": found.times[index] - found.times[0]},
                     np.ascontiguousarray(image))
        return True
    except (decord.DECORDError, decord.DECORDLimitReachedError, RuntimeError, IndexError, AssertionError):
        return False
    finally:
        del reader  # here, so that a destructor that hangs is still inside the job's deadline


def read_pyav(path: str, found: Probe, max_side: int, send, receive) -> None:
    """Sends the clip as PyAV reads it. Where other frames decode than packets promise, it starts again with those."""
    found = found if found.times else replace(found, times=(0.0,))
    sparing = spare.sound(found)
    for _ in range(ROUNDS + sparing):
        send(header(found, "pillow" if found.container == NUMBERED else "pyav", len(found.times), found.fps))
        wanted, times = receive(), []
        whole, beats = set(wanted["indices"]), set(wanted["pulse"])
        if sparing:
            if read_sparing(path, found, max_side, wanted, send):
                return
            sparing = False     # something is not as it was promised: all of it, then
            continue
        for index, (time, image) in enumerate(pictures(path, found, max_side)):
            if index in beats:
                send(*small(index, image, wanted["size"]))
            if index in whole:
                send({"kind": "frame", "index": index, "time": time}, np.ascontiguousarray(image()))
            times.append(time)
        if not times:
            raise Refused("nothing")
        if len(times) == len(found.times):
            return
        found = recounted(found, times)
    raise Refused("unreadable")


def read_sparing(path: str, found: Probe, max_side: int, wanted: dict, send) -> bool:
    """Sends the frames asked for, decoding no more than they need; False where what came out is not what was promised.
    """
    whole, beats = set(wanted["indices"]), set(wanted["pulse"])
    last, count, reformat = -1, 0, VideoReformatter()
    with _decoder(path) as (container, stream):
        left = spare.Spare(found, whole | beats, bytes(stream.codec_context.extradata or b""))
        for packet in packets(container, stream):
            if packet.size and left.out(packet):
                count += 1
                continue
            for frame in frames_of(packet):
                check_side(frame.width, frame.height, max_side)
                number = left.number(frame)
                # Half of a picture in each packet: to leave one out would leave half of it.
                if number is None or number <= last or frame.interlaced_frame:
                    return False
                last, count = number, count + 1
                image = _maker(frame, found, reformat)
                if number in beats:
                    send(*small(number, image, wanted["size"]))
                if number in whole:
                    send({"kind": "frame", "index": number, "time": found.times[number] - found.times[0]},
                         np.ascontiguousarray(image()))
    return count == len(found.times)


def recounted(found: Probe, times: list[float]) -> Probe:
    """The probe with the frames that decoded in place of the packets that were counted."""
    shown = tuple(sorted(times))
    duration = shown[-1] - shown[0]
    duration = max(duration, duration * len(shown) / max(1, len(shown) - 1))
    fps = rate(found.said, shown, duration)
    return replace(found, times=shown, fps=fps, duration=duration or 1 / fps)


def pictures(path: str, found: Probe, max_side: int) -> Iterator:
    """(seconds since the first, function that makes the picture) of every frame that is shown, in order.

    The picture is uint8 RGB, of `found.sent` size, upright.
    """
    if isinstance(found, video_pictures.Pictures):
        return video_pictures.pictures(path, found, max_side)
    make = webp.pictures if found.container == webp.CONTAINER else _decoded
    return make(path, found, max_side)


def _decoded(path: str, found: Probe, max_side: int) -> Iterator:
    start, reformat = None, VideoReformatter()
    for frame, time in _edited(path, found, max_side) if found.runs else _timed(path, found, max_side):
        start = time if start is None else start
        yield float(time - start), _maker(frame, found, reformat)


def _timed(path: str, found: Probe, max_side: int) -> Iterator[tuple[av.VideoFrame, float]]:
    """Every frame that is shown, with its seconds."""
    count = 0
    for frame in _frames(path, found.skip, max_side):
        if found.begins is not None and frame.pts is not None and frame.pts < found.begins:
            continue
        # An AVI knows no times, only the order of its packets; what FFmpeg makes of it leaves gaps behind B-frames.
        known = frame.pts is not None and found.container != "avi"
        yield frame, float(frame.time) if known else _time(found, count)
        count += 1


def _edited(path: str, found: Probe, max_side: int) -> Iterator[tuple[av.VideoFrame, float]]:
    """Every frame that an edit list shows, each run of them decoded from the file's start."""
    for run in found.runs:
        last = max(run)
        for frame in _frames(path, found.skip, max_side, **edits.IGNORED):
            if frame.pts in run:
                yield frame, run[frame.pts]
            if frame.pts is not None and frame.pts >= last:
                break


def _frames(path: str, skip: int, max_side: int, **options: str) -> Iterator[av.VideoFrame]:
    """What the decoder gives for all packets but the first `skip`."""
    with _decoder(path, **options) as (container, stream):
        for number, packet in enumerate(packets(container, stream)):
            if packet.size and number < skip:
                continue
            for frame in frames_of(packet):
                check_side(frame.width, frame.height, max_side)
                yield frame


@contextmanager
def _decoder(path: str, **options: str) -> Iterator[tuple]:
    """The open file and its picture's stream, to be decoded by several threads."""
    with open_file(path, **options) as container:
        stream = picture_stream(container)
        stream.thread_type, stream.thread_count = "AUTO", THREADS
        try:
            yield container, stream
        finally:
            # Left in the middle, it would wait for its threads with Python's lock in hand, and they for that lock.
            stream.codec_context.flush_buffers()


@dataclass(frozen=True)
class Picture:
    """A picture that is made where it is asked for: in colour by calling it, or grey and in another size.

    quick: (width, height) -> uint8 [height, width], grey, straight from the decoded frame, where there is such a way.
    """

    make: Callable[[], np.ndarray]
    quick: Callable[[int, int], np.ndarray] | None = None

    def __call__(self) -> np.ndarray:
        return self.make()

    def grey(self, height: int, width: int) -> np.ndarray:
        """uint8 [height, width]."""
        if self.quick is not None:
            return self.quick(width, height)
        return pulse.grey(self(), height, width)


def small(index: int, picture: Callable[[], np.ndarray], size: list[int]) -> tuple[dict, np.ndarray]:
    """The message of a frame's pulse. size: height and width that the judge sees frames at."""
    made = picture if isinstance(picture, Picture) else Picture(picture)
    return {"kind": "pulse", "index": index}, np.ascontiguousarray(pulse.small(made.grey(*size)))


def _maker(frame: av.VideoFrame, found: Probe, reformat: VideoReformatter) -> Picture:
    def quick(width: int, height: int) -> np.ndarray:
        turned = (height, width) if found.display.turned else (width, height)
        made = reformat.reformat(frame, width=turned[0], height=turned[1], format="gray", interpolation="BICUBIC")
        return found.display.upright(made.to_ndarray())

    def make() -> np.ndarray:
        return found.display.upright(colour.rgb(frame, *found.sent, reformat))

    clear = any(component.is_alpha for component in frame.format.components)
    return Picture(make, None if clear or colour.name(frame) else quick)


def _time(found: Probe, number: int) -> float:
    """Seconds of a frame that has no time of its own, by its number among those to be shown."""
    return found.times[number] if number < len(found.times) else found.times[-1] + \
        (number + 1 - len(found.times)) / found.fps
