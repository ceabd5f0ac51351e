"""Looks a file over in the worker, before its frames are decoded: what is in it, when each frame is shown, and
whether the published reader (decord) would take other frames for it.

    found = probe(path, max_seconds=600, max_side=8192)
    found.times, found.fps, found.others

Every packet's time and flags are read, and one frame is decoded.
"""
from dataclasses import dataclass, field

import av

from vs2.video.worker import colour as video_colour
from vs2.video.worker import edits
from vs2.video.worker.display import Display
from vs2.video.worker.open import Refused, check_side, frames_of, moving, open_file, packets, picture_stream
from vs2.video.worker.packets import Seen

FPS_RANGE = (0.01, 1000.0)  # outside it a frame rate is a mistake of the file
# A frame rate is contradicted by the frames' own times where it is off by so many frames, and by such a part.
OFF_FRAMES, OFF_PART = 1.5, 0.1
# The names FFmpeg gives its decoders, as codecs are called.
CODECS = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx-vp9": "vp9", "libvpx": "vp8"}
MOV = "mov,mp4,m4a,3gp,3g2,mj2"
DEEP_SIDE = 1280  # pixels; larger pictures are scaled down before their colours are computed, which is slow


@dataclass(frozen=True)
class Probe:
    """What is known of a file before its frames are decoded. Times in seconds, in presentation order."""

    container: str
    codec: str
    pixels: str      # FFmpeg's name of the pixel format
    sound: str
    width: int       # as stored, before it is turned and stretched
    height: int
    display: Display
    colour: str      # as video_colour.name
    claimed: int     # frames that the container's index promises; 0 where it promises nothing
    packets: int     # frames that are in the file, shown or not
    times: tuple[float, ...]
    said: float      # frames a second as the container says; 0 where it says nothing
    fps: float
    duration: float  # of what is there
    promised: float  # what the container says it is; 0 where it says nothing
    skip: int = 0    # packets before the first keyframe (with `runs`, of those without edit list), not to be decoded
    begins: int | None = None    # frames with a smaller pts are not shown: they lead the first keyframe (h264)
    others: tuple[str, ...] = ()  # why the published reader would see other frames: keys of vs2.video.warnings.OTHERS
    alone: bool = True           # the file's only video stream
    exact: bool = True           # PyAV's pixels are decord's, bit for bit
    order: tuple[tuple[float, bool], ...] = ()  # (seconds, is keyframe) of the frames, as they lie in the file
    runs: tuple[edits.Run, ...] = ()  # how to show what an edit list shows, where FFmpeg's own way fails
    facts: dict = field(default_factory=dict)  # what else the parent is told of it (vs2.video.worker.pictures)

    @property
    def sent(self) -> tuple[int, int]:
        """Width and height of the stored pictures as they are handed on."""
        scale = min(1.0, DEEP_SIDE / max(self.width, self.height)) if self.colour else 1.0
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


def probe(path: str, max_seconds: float, max_side: int) -> Probe:
    """Reads the index and every packet's time, decodes one frame. Raises Refused: sound, long, large, nothing."""
    with open_file(path) as container:
        stream = picture_stream(container)
        context = stream.codec_context
        check_side(context.width, context.height, max_side)
        stream.thread_count = 1  # the first frame at once
        first, seen = None, Seen(context)
        for packet in packets(container, stream):
            if first is None:
                first = next(iter(frames_of(packet)), None)
                if first is not None:
                    check_side(first.width, first.height, max_side)
            seen.add(packet)
            if seen.length > max_seconds:
                raise Refused("long", seconds=seen.length)
        if first is None:
            raise Refused("nothing")
        times, duration = seen.times(), seen.length
        said = float(stream.average_rate or stream.guessed_rate or 0)
        fps, others = rate(said, times, duration), seen.others(container.format.name)
        if said and fps != said:
            others = (*others, "rate")
        claimed = stream.frames
        held, skip = seen.count, seen.skip
        runs: tuple[edits.Run, ...] = ()
        if container.format.name == MOV and (seen.hidden or claimed > seen.count):
            every = _unedited(path)
            held = every.count
            if {"order", "start"} & set(every.others(MOV)):
                skip, runs = every.skip, edits.runs(every.placed, seen.placed)
        elif container.format.name == "avi" and claimed <= round(duration * said) + 1:
            held = max(held, claimed)  # the ones that lack are empty: the frame before is shown longer
        name = context.codec.name
        display = Display.of(_matrix(first), stream.sample_aspect_ratio or context.sample_aspect_ratio)
        check_side(*display.size(first.width, first.height), max_side)
        sound = container.streams.audio[0].codec_context.name if container.streams.audio else ""
        return Probe(container.format.name, CODECS.get(name, name), first.format.name, sound, first.width,
                     first.height, display, video_colour.name(first), claimed, max(held, seen.count),
                     times, said, fps, duration or len(times) / fps, (container.duration or 0) / av.time_base,
                     skip, seen.begins(), others, len(moving(container)) == 1, _exact(first), tuple(seen.order), runs)


def rate(said: float, times: tuple[float, ...], duration: float) -> float:
    """Frames a second: what the container says, unless the frames' own times contradict it."""
    count = len(times)
    if count > 1 and times[0] + duration <= times[-1] > times[0]:  # the last frame's own duration is not known
        duration *= count / (count - 1)
    true = count / duration if duration > 0 else 0.0
    sound = FPS_RANGE[0] <= said <= FPS_RANGE[1]
    if sound and (not true or abs(count - said * duration) <= max(OFF_FRAMES, OFF_PART * count)):
        return said
    return min(max(true or 1.0, FPS_RANGE[0]), FPS_RANGE[1])


def _unedited(path: str) -> Seen:
    """The packets of an mp4 without its edit lists."""
    with open_file(path, **edits.IGNORED) as container:
        stream = picture_stream(container)
        every = Seen(stream.codec_context)
        for packet in packets(container, stream):
            every.add(packet)
        return every


def _matrix(frame) -> bytes | None:
    found = frame.side_data.get("DISPLAYMATRIX")
    return None if found is None else bytes(found)


def _exact(frame) -> bool:
    """Whether swscale of this FFmpeg gives decord's RGB: measured over formats and sizes (docs/files.md).

    It does unless colour is stored at fewer places than light and either sides are odd or values have more than 8 bits.
    """
    shape = frame.format
    full = shape.is_rgb or (shape.chroma_width(16) == 16 and shape.chroma_height(16) == 16) or \
        len(shape.components) < 3
    deep = any(component.bits > 8 for component in shape.components)
    return full or not (deep or frame.width % 2 or frame.height % 2)
