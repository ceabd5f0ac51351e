"""What kind of file the first bytes say it is: decided in this process, before any decoder sees the file.

    kind(start)          # "mp4", "ts", "webp", ..., or what it is instead: "playlist", "picture", "text", ""

Nothing is decoded here: magic numbers are compared, and the chunks of a PNG or WebP are counted through.
"""
import struct

NUMBERED = "pictures"  # what a folder or a zip of numbered pictures is called among containers
START = 1 << 16  # bytes to look at; the animation chunk of a PNG may stand behind a colour profile

# What may be given to a decoder, as said to people.
ACCEPTED = "an mp4, mov, 3gp, mkv, webm, avi, ts, mpg, flv, wmv or ogv file, or an animated gif, webp, png or avif"
VIDEOS = ("mp4", "matroska", "gif", "avi", "ts", "ps", "flv", "asf", "ogg", "webp", "png")
# Endings of such files, for what people choose in a dialogue and for the names of kept clips.
SUFFIXES = (".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg",
            ".vob", ".flv", ".f4v", ".wmv", ".asf", ".ogv", ".ogg", ".gif", ".webp", ".png", ".apng", ".avif",
            ".zip")  # of numbered pictures

# Bytes 4 to 8 of an mp4 or mov file: the name of its first box.
_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp")
_MAGIC = ((b"\x1aE\xdf\xa3", "matroska"), (b"GIF8", "gif"), (b"FLV\x01", "flv"), (b"OggS", "ogg"),
          (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
          (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"),  # the latter holds nothing
          (b"\0\0\x01\xba", "ps"), (b"\0\0\x01\xb3", "ps"))  # a program stream, a bare MPEG-1 or -2 sequence
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<?xml", b"[playlist]")
_PNG = b"\x89PNG\r\n\x1a\n"
_ANIMATED = 2  # the flag in a WebP's VP8X chunk
# Packets of a transport stream: plain, with the time code of a Blu-ray or camera, with error correction.
_PACKETS = (188, 192, 204)
_SYNC, _RUN = 0x47, 5


def kind(start: bytes) -> str:
    """One of VIDEOS, or "zip", "playlist", "picture" (a still one), "text", or "" for what is not known."""
    if start.startswith(_PLAYLISTS):
        return "playlist"
    if start[4:8] in _BOXES:
        return "mp4"
    for magic, name in _MAGIC:
        if start.startswith(magic):
            return name
    if start.startswith(b"RIFF") and start[8:12] == b"AVI ":
        return "avi"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "webp" if start[12:16] == b"VP8X" and len(start) > 20 and start[20] & _ANIMATED else "picture"
    if start.startswith(_PNG):
        return "png" if _animated(start) else "picture"
    if start.startswith((b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*")) and not _is_text(start[:64]):
        return "picture"
    if _transport(start):
        return "ts"
    return "text" if _is_text(start[:64]) else ""


def _animated(start: bytes) -> bool:
    """Whether a PNG has its animation chunk, which stands before the picture's data."""
    place = len(_PNG)
    while place + 8 <= len(start):
        length, name = struct.unpack_from(">I4s", start, place)
        if name in (b"acTL", b"IDAT"):
            return name == b"acTL"
        place += 12 + length
    return False


def _transport(start: bytes) -> bool:
    """Whether packets of a transport stream begin here, or in the middle of the first one."""
    for length in _PACKETS:
        for place in range(length):
            run = range(place, len(start), length)[:_RUN]
            if len(run) == _RUN and all(start[at] == _SYNC for at in run):
                return True
    return False


def _is_text(start: bytes) -> bool:
    return all(byte >= 32 or byte in b"\t\n\r\f" for byte in start)
