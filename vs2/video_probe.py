"""Looks a file over in the worker, before its frames are decoded: what is in it, when each frame is shown, and
whether the published reader (decord) would take other frames for it.

    found = probe(path, max_seconds=600, max_side=8192)
    found.times, found.fps, found.others

Every packet's time and flags are read, and one frame is decoded. What counts as a frame is what a player shows:
not what an edit list hides, and nothing before the first keyframe.
"""
import math
import os
import re
from dataclasses import dataclass

import av
import numpy as np

from vs2 import video_colour, video_edits
from vs2.video_display import Display

av.logging.set_level(av.logging.PANIC)

CONTAINERS = "mov,mp4,matroska,webm,gif,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,apng"
THREADS = max(1, min(4, os.cpu_count() or 1))  # more threads cost memory, each holds frames of its own
FPS_RANGE = (0.01, 1000.0)                     # outside it a frame rate is a mistake of the file
# A frame rate is contradicted by the frames' own times where it is off by so many frames, and by such a part.
OFF_FRAMES, OFF_PART = 1.5, 0.1
# The names FFmpeg gives its decoders, as codecs are called.
CODECS = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx-vp9": "vp9", "libvpx": "vp8"}
# Two frames in a packet of an AVI, said in a note of its encoder (FFmpeg's mpeg4videodec.c looks for the same).
PACKED = re.compile(rb"DivX\d+(b|Build)\d+p")
STREAMS = ("mpegts", "mpeg", "mpegvideo")
MOV = "mov,mp4,m4a,3gp,3g2,mj2"
DEEP_SIDE = 1280  # pixels; larger pictures are scaled down before their colours are computed, which is slow


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
    others: tuple[str, ...] = ()  # why the published reader would see other frames: keys of vs2.video.OTHERS
    alone: bool = True           # the file's only video stream
    exact: bool = True           # PyAV's pixels are decord's, bit for bit
    runs: tuple[video_edits.Run, ...] = ()  # how to show what an edit list shows, where FFmpeg's own way fails

    @property
    def sent(self) -> tuple[int, int]:
        """Width and height of the stored pictures as they are handed on."""
        scale = min(1.0, DEEP_SIDE / max(self.width, self.height)) if self.colour else 1.0
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


def open_file(path: str, **options: str):
    """The file in PyAV: known containers only, and nothing but local files behind them (playlists, references).

    Text in it may be in any encoding; it is for people, and a handler's name stops no film.
    """
    try:
        return av.open(path, metadata_errors="replace",
                       options={"protocol_whitelist": "file", "format_whitelist": CONTAINERS, **options})
    except MemoryError:
        raise
    except av.error.FFmpegError as error:
        raise Refused("damaged", detail=str(error)[:300]) from error


def moving(container) -> list:
    """Its video streams; cover art of a sound file is none."""
    return [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]


def picture_stream(container):
    """The video stream that players and decord show."""
    streams = moving(container)
    if not streams:
        raise Refused("sound" if container.streams.audio else "nothing")
    best = container.streams.best("video")
    return best if best in streams else streams[0]


def probe(path: str, max_seconds: float, max_side: int) -> Probe:
    """Reads the index and every packet's time, decodes one frame. Raises Refused: sound, long, large, nothing."""
    with open_file(path) as container:
        stream = picture_stream(container)
        context = stream.codec_context
        check_side(context.width, context.height, max_side)
        stream.thread_count = 1  # the first frame at once
        first, seen = None, _Seen(context)
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
        held, skip, runs = seen.count, seen.skip, ()
        if container.format.name == MOV and (seen.hidden or claimed > seen.count):
            every = _unedited(path)
            held = every.count
            if held >= seen.count and {"order", "start"} & set(every.others(MOV)):
                skip, runs = every.skip, video_edits.runs(every.placed, seen.placed)
        elif container.format.name == "avi" and claimed <= round(duration * said) + 1:
            held = max(held, claimed)  # the ones that lack are empty: the frame before is shown longer
        name = context.codec.name
        display = Display.of(_matrix(first), stream.sample_aspect_ratio or context.sample_aspect_ratio)
        sound = container.streams.audio[0].codec_context.name if container.streams.audio else ""
        return Probe(container.format.name, CODECS.get(name, name), first.format.name, sound, first.width,
                     first.height, display, video_colour.name(first), claimed, max(held, seen.count),
                     times, said, fps, duration or len(times) / fps, (container.duration or 0) / av.time_base,
                     skip, seen.begins(), others, len(moving(container)) == 1, _exact(first), runs)


class _Seen:
    """The packets of a stream as they pass, and what they tell."""

    def __init__(self, context):
        self.codec, self.extradata = context.name, bytes(context.extradata or b"")
        self.shown, self.raw = [], []      # seconds of the frames to be shown; (pts, is keyframe) of all packets
        self.placed = []                   # where the packets of frames to be shown are in the file
        self.count = self.skip = self.hidden = 0
        self.start = self.end = 0.0        # seconds, of the frames to be shown
        self.key = None                    # pts of the first keyframe
        self.sound_keys = True             # every keyframe can be decoded without what came before it

    def add(self, packet) -> None:
        if packet.size == 0:
            return
        self.count += 1
        if self.count == 1 and self.codec == "mpeg4" and PACKED.search(self.extradata + bytes(packet)):
            self.sound_keys = False
        self.raw.append((packet.pts, packet.is_keyframe))
        stamp = packet.pts if packet.pts is not None else packet.dts
        if self.key is None and packet.is_keyframe:
            # What was noted before it was no frame to be shown; nothing but keyframes begins a picture.
            self.key, self.skip = stamp, self.count - 1
            self.shown, self.placed = [], []
        if packet.is_keyframe and self.codec == "h264" and self.sound_keys:
            self.sound_keys = has_idr(bytes(packet), self.extradata)
        if packet.is_discard:
            self.hidden += 1
            return
        if stamp is None or (self.codec == "h264" and self.skip and self.key is not None and stamp < self.key):
            return
        time = float(stamp * packet.time_base)
        end = time + float((packet.duration or 0) * packet.time_base)
        self.start = min(self.start, time) if self.shown else time
        self.end = max(self.end, end) if self.shown else end
        self.shown.append(time)
        if packet.pts is not None:
            self.placed.append(video_edits.Placed(packet.pos, packet.pts, time))

    @property
    def length(self) -> float:
        """Seconds from the first frame to the end of the last."""
        return self.end - self.start

    def times(self) -> tuple[float, ...]:
        return tuple(sorted(self.shown))

    def begins(self) -> int | None:
        return self.key if self.codec == "h264" and self.skip else None

    def others(self, container: str) -> tuple[str, ...]:
        """What keeps decord from showing frame i as frame i.

        It numbers frames by the order of their times and finds them by seeking to a keyframe, whose number it
        takes from the order in the file: right only where both orders agree at each keyframe, where each time is
        there once, where what follows a keyframe never needs what was before it, and where a seek to the time at
        which a keyframe is shown arrives there (measured: not where an index knows decoding times only, or nothing).
        """
        found = []
        if self.skip:
            found.append("start")
        if self.hidden:
            found.append("edit")
        stamps = [pts for pts, _ in self.raw]
        if None in stamps or len(set(stamps)) < len(stamps):
            found.append("times")
        elif self.raw:
            ranks = np.empty(len(stamps), int)
            ranks[np.argsort(stamps, kind="stable")] = np.arange(len(stamps))
            keys = [index for index, (_, key) in enumerate(self.raw) if key]
            if not self.sound_keys or any(ranks[index] != index for index in keys):
                found.append("order")
            elif container == "asf" or (container == "avi" and self.codec in ("h264", "hevc")) or \
                    (container in STREAMS and (ranks != np.arange(len(ranks))).any()):
                found.append("index")
        return tuple(found)


def has_idr(data: bytes, extradata: bytes) -> bool:
    """Whether an h264 packet holds an IDR picture: after it nothing refers to what came before it."""
    if extradata[:1] == b"\1" and len(extradata) > 4:  # avcC (ISO 14496-15): each unit is preceded by its length
        size, place = (extradata[4] & 3) + 1, 0
        while place + size < len(data):
            if data[place + size] & 31 == 5:
                return True
            place += size + int.from_bytes(data[place:place + size], "big")
        return False
    place = data.find(b"\0\0\1")
    while 0 <= place < len(data) - 3:
        if data[place + 3] & 31 in (1, 5):  # a slice: the rest of the picture is of the same kind
            return data[place + 3] & 31 == 5
        place = data.find(b"\0\0\1", place + 3)
    return False


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


def _unedited(path: str) -> "_Seen":
    """The packets of an mp4 without its edit lists."""
    with open_file(path, **video_edits.IGNORED) as container:
        stream = picture_stream(container)
        every = _Seen(stream.codec_context)
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


def check_side(width: int, height: int, max_side: int) -> None:
    """Raises Refused where a side is above the limit."""
    if max(width, height) > max_side:
        raise Refused("large", width=width, height=height)


def packets(container, stream):
    """The stream's packets up to the end of the file, or to where the file is broken off.

    The last is always an empty one: it makes the decoder give the frames that it still holds. Others that are empty
    (an AVI says with one that a frame is shown longer) are left out, for the decoder would stop at them.
    """
    source = container.demux(stream)
    while True:
        try:
            packet = next(source)
        except StopIteration:
            break
        except MemoryError:
            raise
        except av.error.FFmpegError:
            break
        if packet.size:
            yield packet
    last = av.Packet()
    last.stream, last.time_base = stream, stream.time_base
    yield last


def frames_of(packet) -> list:
    """The frames that come out of the decoder for this packet; a damaged packet gives none."""
    try:
        return packet.decode()
    except MemoryError:
        raise
    except (av.error.FFmpegError, EOFError):
        return []


