"""What is said of a file that could not be read: one sentence for each way it can fail, in words for people."""
import os
import re
from pathlib import Path

from vs2.errors import BadInput, Failure
from vs2.texts import told
from vs2.video.process import Gone, Worker

XCPU = 24 if os.name == "posix" else -1  # SIGXCPU: the CPU time was used up
_KILL = 9
UNREADABLE = "{name} cannot be read as a video: convert it to an h264 mp4 and try that."
PICTURES = "png, jpg, webp, bmp or tiff"  # as said to people


def display_name(path: str | Path) -> str:
    """A path's last part, fit for one line of text: no control or direction-changing characters, 80 at most."""
    name = re.split(r"[/\\]", told(os.fspath(path)).rstrip("/\\"))[-1]
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return (name if len(name) <= 80 else f"{name[:60]}...{name[-17:]}") or "the path"


def size_text(count: int) -> str:
    return f"{count / 2**20:.0f} MB" if count >= 2**20 else f"{count / 2**10:.1f} kB"


def death(gone: Gone, name: str, limits) -> BadInput | Failure:
    """The sentence for a worker that died over a file. limits: vs2.video.Limits."""
    if gone.overran:
        return BadInput(f"{name} took longer than {limits.deadline:g} s to read: use a shorter or smaller clip, "
                        "or convert it to an h264 mp4.")
    if gone.by == XCPU:
        return BadInput(f"{name} took more than {limits.cpu:g} s of processor time to read: use a shorter or "
                        "smaller clip.")
    if gone.by == _KILL:
        return Failure(f"The process that read {name} was stopped from outside, for lack of memory perhaps: "
                       "try again, or use a smaller clip.")
    return BadInput(f"{name} makes the video decoder crash, so it is damaged: convert it to an h264 mp4 "
                    "and try that.")


def refusal(worker: Worker, message: dict, name: str, limits) -> BadInput:
    """The sentence for a worker's "error" message. A worker that ran out of memory is not used again."""
    if message.get("code") != "memory":
        worker.finish()
    return BadInput({**_pictures(message, name, limits),
        "damaged": f"{name} is damaged or cut short, so it cannot be opened: download or export it again.",
        "sound": f"{name} has sound but no picture: give a file with video in it.",
        "nothing": f"{name} has no frame that can be decoded: convert it to an h264 mp4 and try that.",
        "long": f"{name} runs for more than the limit of {limits.max_seconds:g} s: cut out the part to judge.",
        "large": f"{name} is {message.get('width')} x {message.get('height')} pixels, more than the limit of "
                 f"{limits.max_side} a side: scale it down.",
        "memory": f"{name} needs more than the {size_text(limits.memory)} of memory that reading may take: scale the "
                  "video down or convert it to an h264 mp4.",
        "size": f"{name} would grow above {size_text(limits.max_bytes)} when converted for the browser: "
                "use a shorter clip."
    }.get(message.get("code", ""), f"{name} cannot be read: convert it to an h264 mp4 and try that."))


def _pictures(message: dict, name: str, limits) -> dict[str, str]:
    """The sentences about a folder or a zip of pictures. What the worker says of it is no more than text."""
    one, other = (display_name(str(message.get(key, ""))) for key in ("name", "other"))
    here = f"{one} in {name}"
    return {
        "none": f"{name} holds no numbered pictures: give a folder or a zip of {PICTURES} files such as "
                "frame_0001.png, or a video file.",
        "series": f"{name} holds pictures of more than one series ({one} and {other}, say): put each series into a "
                  "folder or a zip of its own.",
        "twice": f"{one} and {other} in {name} have the same number: keep one of them.",
        "many": f"{name} holds {message.get('count')} pictures, more than the limit of {limits.max_pictures}: take out "
                "the part to judge.",
        "crowd": f"{name} holds more than {message.get('most')} files: put the pictures into a folder or a zip of "
                 "their own.",
        "link": f"{here} is a link that leads out of it, or no regular file: put the picture itself there.",
        "outside": f"{here} is named by a path that leads out of the zip: pack the pictures again.",
        "encrypted": f"{here} is encrypted: pack it without a password.",
        "method": f"{here} is packed by an uncommon method: pack it with plain deflate.",
        "heavy": f"{here} is more than the limit of {size_text(limits.max_bytes)}: scale the pictures down.",
        "bytes": f"The pictures in {name} are more than {size_text(limits.max_folder)} together: take out the part to "
                 "judge, or scale them down.",
        "zip": f"{name} is damaged, so it cannot be opened as a zip: pack it again.",
        "picture": f"{here} cannot be read as a picture: make it again as an 8-bit PNG.",
        "differs": f"{here} is {message.get('width')} x {message.get('height')} pixels and those before it are "
                   f"{' x '.join(map(str, message.get('others', ())))}: give pictures of one size.",
    }
