"""Videos that nobody vouches for: `read` gives a `Clip`; playable.py makes a copy that a browser plays.

vs2/video/worker/ is what opens the file, in a process that is confined to it. Names come when they are asked for: what
a model says of its sampling needs no arrays.
"""
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vs2.video.faults import display_name
    from vs2.video.reader import Clip, Limits, Metadata, check_file, read

__all__ = ["Clip", "Limits", "Metadata", "check_file", "display_name", "read"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vs2.video import faults, reader

    return getattr(faults if name == "display_name" else reader, name)
