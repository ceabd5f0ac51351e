"""How to install what an extra of this package brings."""
import sys
from importlib import metadata

from vs2.resources import CHECKOUT


def install(extra: str, *only: str) -> str:
    """What to do, as a part of a sentence, to get the packages of an extra; `only` some of them where they are named.

    In a checkout that is the extra; elsewhere it is the packages themselves: nothing says from where this one came,
    and what an index has under its name may be another's.
    """
    if CHECKOUT:
        return f"run `pip install -e '.[{extra}]'` in the project's folder"
    from packaging.requirements import Requirement

    try:
        stated = map(Requirement, metadata.requires("vs2") or ())
    except metadata.PackageNotFoundError:   # the folder was copied here, without what an installation notes
        return f"install the packages that its extra `{extra}` names"
    mine = [f"{one.name}{one.specifier}" for one in stated if one.marker and one.marker.evaluate({"extra": extra})
            and not one.marker.evaluate({"extra": ""}) and (not only or one.name in only)]
    quote = '"' if sys.platform == "win32" else "'"     # or a shell takes < and > for its own
    return f"run `pip install {' '.join(f'{quote}{one}{quote}' for one in mine)}`"
