"""Opens a file in the worker with PyAV: containers that are known, its picture's stream, packets and frames of it."""
import os

import av

av.logging.set_level(av.logging.PANIC)

CONTAINERS = "mov,mp4,matroska,webm,gif,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,apng"
THREADS = max(1, min(4, os.cpu_count() or 1))  # more threads cost memory, each holds frames of its own


class Refused(Exception):
    """The file cannot be read; `code` picks the sentence that the parent says, `facts` fills it."""

    def __init__(self, code: str, **facts):
        super().__init__(code)
        self.code, self.facts = code, facts


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
