"""Where the files lie that come with the package: the built-in checkpoint, the example clips, what the pages load.

In a wheel they are inside the package; in a checkout, which a Space is too, they are beside it.
"""
from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("vs2"))).resolve()
HOME = PACKAGE.parent       # what a new process needs on its path to import this package
ASSETS = PACKAGE / "assets" if (PACKAGE / "assets").is_dir() else HOME / "assets"
