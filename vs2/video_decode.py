"""The decoding half of vs2.video_worker: looks a file over with PyAV, decodes it with decord or PyAV.

Runs only in the worker process. decord comes first, because its frame count and frame rate decide which
frames the published system sees; PyAV reads what decord refuses, turned clips (so that any decord version
gives upright frames), and files whose index promises more frames than there are (decord can loop for ever
on those, holding the interpreter: dmlc/decord issue 373).
"""
import math
import os
from dataclasses import dataclass

import av
import numpy as np

try:
    import decord
    decord.logging.set_level(decord.logging.QUIET)
except (ImportError, OSError, RuntimeError):  # no wheel for this platform, or its library does not load
    decord = None

av.logging.set_level(av.logging.PANIC)

CONTAINERS = "mov,mp4,matroska,webm,gif,avi"
THREADS = max(1, min(4, os.cpu_count() or 1))  # more threads cost memory, each holds frames of its own
FPS_RANGE = (0.01, 1000.0)                     # outside it a frame rate is a mistake of the file
# The names FFmpeg gives its decoders, as codecs are called.
CODECS = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx-vp9": "vp9", "libvpx": "vp8"}


class Refused(Exception):
    """The file cannot be read; `code` picks the sentence that the parent says, `facts` fills it."""

    def __init__(self, code: str, **facts):
        super().__init__(code)
        self.code, self.facts = code, facts


@dataclass(frozen=True)
class Probe:
    """What is known of a file before its frames are decoded. Times in seconds, in presentation order."""

    container: str
    codec: str
    pixels: str
    sound: str
    width: int       # as stored, before rotation
    height: int
    rotation: int    # degrees clockwise that make it upright
    claimed: int     # frames that the container's index promises; 0 where it promises nothing
    times: tuple[float, ...]
    fps: float
    duration: float  # of what is there
    promised: float  # what the container says it is; 0 where it says nothing


def open_file(path: str):
    """The file in PyAV: known containers only, and nothing but local files behind them (playlists, references)."""
    try:
        return av.open(path, options={"protocol_whitelist": "file", "format_whitelist": CONTAINERS})
    except MemoryError:
        raise
    except av.error.FFmpegError as error:
        raise Refused("damaged", detail=str(error)[:300]) from error


def picture_stream(container):
    """The video stream that players and decord show; cover art of a sound file is none."""
    moving = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not moving:
        raise Refused("sound" if container.streams.audio else "nothing")
    best = container.streams.best("video")
    return best if best in moving else moving[0]


def probe(path: str, max_seconds: float, max_side: int) -> Probe:
    """Reads the index and every packet's time, decodes one frame. Raises Refused: sound, long, large, nothing."""
    with open_file(path) as container:
        stream = picture_stream(container)
        context = stream.codec_context
        check_side(context.width, context.height, max_side)
        stream.thread_count = 1  # the first frame at once
        first, times, end = None, [], 0.0
        for packet in packets(container, stream):
            if first is None:
                first = next(iter(frames_of(packet)), None)
                if first is not None:
                    check_side(first.width, first.height, max_side)
            stamp = packet.pts if packet.pts is not None else packet.dts
            if packet.size == 0 or stamp is None:
                continue
            times.append(float(stamp * packet.time_base))
            end = max(end, times[-1] + float((packet.duration or 0) * packet.time_base))
            if end - times[0] > max_seconds:
                raise Refused("long", seconds=end - times[0])
        if first is None:
            raise Refused("nothing")
        times.sort()
        duration = end - times[0] if times else 0.0
        fps = float(stream.average_rate or stream.guessed_rate or 0)
        if not FPS_RANGE[0] <= fps <= FPS_RANGE[1]:
            fps = min(max(len(times) / duration if duration > 0 else 1.0, FPS_RANGE[0]), FPS_RANGE[1])
        name = context.codec.name
        sound = container.streams.audio[0].codec_context.name if container.streams.audio else ""
        return Probe(container.format.name, CODECS.get(name, name), first.format.name, sound, first.width,
                     first.height, -round(first.rotation / 90) * 90 % 360, stream.frames,
                     tuple(times), fps, duration or len(times) / fps, (container.duration or 0) / av.time_base)


def check_side(width: int, height: int, max_side: int) -> None:
    """Raises Refused where a side is above the limit."""
    if max(width, height) > max_side:
        raise Refused("large", width=width, height=height)


def packets(container, stream):
    """The stream's packets up to the end of the file, or to where the file is broken off.

    The last is always an empty one: it makes the decoder give the frames that it still holds.
    """
    source = container.demux(stream)
    while True:
        try:
            yield next(source)
        except StopIteration:
            return
        except MemoryError:
            raise
        except av.error.FFmpegError:
            last = av.Packet()
            last.stream, last.time_base = stream, stream.time_base
            yield last
            return


def frames_of(packet) -> list:
    """The frames that come out of the decoder for this packet; a damaged packet gives none."""
    try:
        return packet.decode()
    except MemoryError:
        raise
    except (av.error.FFmpegError, EOFError):
        return []


def upright(frame, size: tuple[int, int], rotation: int) -> np.ndarray:
    """uint8 RGB [height, width, 3] of a PyAV frame, scaled to the stored `size` (width, height), then turned."""
    width, height = size
    image = frame.to_ndarray(format="rgb24", width=width, height=height)
    return np.rot90(image, -rotation // 90) if rotation else image


def read(job: dict, send, receive) -> None:
    """Answers a "read" job: a header, then, once the parent has said which, the frames one by one, then "done".

    A second header voids the first: its frames are taken anew (decord gave up, or fewer frames exist).
    """
    path = job["path"]
    found = probe(path, job["max_seconds"], job["max_side"])
    truthful = found.claimed <= len(found.times)
    if not (job["decord"] and decord is not None and truthful and found.rotation == 0
            and read_decord(path, found, send, receive)):
        read_pyav(path, found, job["max_side"], send, receive)
    send({"kind": "done"})


def header(found: Probe, backend: str, total: int, fps: float) -> dict:
    """The message before the frames; its size is of the upright picture."""
    turned = found.rotation % 180 == 90
    width, height = (found.height, found.width) if turned else (found.width, found.height)
    gaps = np.diff(found.times)
    return {"kind": "header", "backend": backend, "total": total, "fps": fps, "width": width, "height": height,
            "duration": found.duration if total == len(found.times) else total / fps, "promised": found.promised,
            "codec": found.codec, "rotation": found.rotation,
            "container": found.container, "claimed": found.claimed,
            "uneven": bool(len(gaps) > 1 and gaps.max() - gaps.min() > 0.5 * np.median(gaps) + 0.002)}


def read_decord(path: str, found: Probe, send, receive) -> bool:
    """Sends the clip as decord reads it; False where decord cannot, or counts frames that are not there."""
    reader = None
    try:
        reader = decord.VideoReader(path, ctx=decord.cpu(0), num_threads=THREADS)
        total, fps = len(reader), float(reader.get_avg_fps())
        if not 0 < total <= len(found.times) or not math.isfinite(fps) or fps <= 0:
            return False
        starts = reader.get_frame_timestamp(np.arange(total))[:, 0] if total != len(found.times) else found.times
        send(header(found, "decord", total, fps))
        for index in receive()["indices"]:
            image = reader.get_batch([index]).asnumpy()[0]
            if image.shape != (found.height, found.width, 3):
                return False
            send({"kind": "frame", "index": index, "time": float(starts[index] - starts[0])},
                 np.ascontiguousarray(image))
        return True
    except (decord.DECORDError, decord.DECORDLimitReachedError, RuntimeError, IndexError, AssertionError):
        return False
    finally:
        del reader  # here, so that a destructor that hangs is still inside the job's deadline


def read_pyav(path: str, found: Probe, max_side: int, send, receive) -> None:
    """Sends the clip as PyAV reads it. Where fewer frames decode than packets promise, it starts again with those."""
    total = max(1, len(found.times))
    while True:
        send(header(found, "pyav", total, found.fps))
        wanted = set(receive()["indices"])
        shown = send_pyav(path, found, wanted, max_side, send)
        if shown > max(wanted):
            return
        if shown == 0:
            raise Refused("nothing")
        total = shown


def send_pyav(path: str, found: Probe, wanted: set[int], max_side: int, send) -> int:
    """Decodes from the start, sends the frames whose number is wanted; the number of frames that were there."""
    last, count, start = max(wanted), 0, None
    with open_file(path) as container:
        stream = picture_stream(container)
        stream.thread_type, stream.thread_count = "AUTO", THREADS
        for packet in packets(container, stream):
            for frame in frames_of(packet):
                check_side(frame.width, frame.height, max_side)
                time = frame.time if frame.time is not None else count / found.fps
                start = time if start is None else start
                if count in wanted:
                    image = upright(frame, (found.width, found.height), found.rotation)
                    send({"kind": "frame", "index": count, "time": float(time - start)}, np.ascontiguousarray(image))
                count += 1
                if count > last:
                    return count
    return count
