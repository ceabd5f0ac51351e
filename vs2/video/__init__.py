"""Videos that nobody vouches for: `read` gives a `Clip`; playable.py makes a copy that a browser plays.

vs2/video/worker/ is what opens the file, in a process that is confined to it.
"""
from vs2.video.faults import display_name
from vs2.video.reader import Clip, Limits, Metadata, check_file, read

__all__ = ["Clip", "Limits", "Metadata", "check_file", "display_name", "read"]
