"""Where the files lie that come with the package: the built-in checkpoint, the example clips, what the pages load.

In a wheel they are inside the package; in a checkout, which a Space is too, they are beside it.
"""
import os
import sys
from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("vs2"))).resolve()
HOME = PACKAGE.parent       # a checkout, or the folder of all installed packages
ASSETS = PACKAGE / "assets" if (PACKAGE / "assets").is_dir() else HOME / "assets"
# Among installed packages there may be a pyproject.toml too: some leave theirs there.
CHECKOUT = ASSETS.parent == HOME and (HOME / "pyproject.toml").is_file()


def for_python(path: list[str] | None = None) -> dict[str, str]:
    """The environment variable by which a new process imports this package and all others from where this one does.

    path: sys.path where None, whose order is kept: where the package is installed its folder holds others too, which
    may bear names of the standard library (an old `pathlib`, say) and must stay behind it. What is imported from the
    folder that the program happens to be in ("") is left out. A process started by `-m` looks into the folder that it
    is started in, first of all: let that be NOWHERE.
    """
    entries = [os.path.abspath(entry) for entry in (sys.path if path is None else path) if entry]
    if str(HOME) not in map(os.path.realpath, entries):
        entries.insert(0, str(HOME))
    return {"PYTHONPATH": os.pathsep.join(entries)}


NOWHERE = sys.prefix    # a folder that is always there and has nothing in it that could be imported
