"""What the environment says: one dataclass, read once at the edge (the command line, the app)."""
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vs2.errors import BadInput

_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True)
class Settings:
    """What the variables of the environment say.

    VS2_MODEL, VS2_PRECISION: the judge where none is named. VS2_JUDGES: others that the pages offer, by commas.
    VS2_HOST: the address the app listens on. VS2_HOME: the folder of the database and of clips; None where it is not
    set and the user has no home. VS2_SHARED_HISTORY: whether all visitors see one history. VS2_PROXY: names under which
    a proxy of the owner's serves the app, by commas. VS2_UPLOADS: how much one address may upload in a day, in GB.
    VS2_ADDRESSES: whether visitors may give the address of a video, which the server then fetches. VS2_GRAPHS: whether
    a CUDA GPU takes a token's step as one captured graph. VS2_TOKEN: what `vs2 serve` wants of those who ask it; it is
    not shown with the others.
    Of a judge on a server (`vs2.remote`): VS2_CHECKPOINT, the folder of its checkpoint here; VS2_SERVER_PRESET, whether
    it was started with what is otherwise said with each request; VS2_SERVER_PATIENCE, seconds without a byte from it.
    """

    model: str = "auto"
    precision: str = "auto"
    host: str = "127.0.0.1"
    home: Path | None = Path()
    shared_history: bool = False
    judges: tuple[str, ...] = ()
    proxy: tuple[str, ...] = ()
    uploads: float = 8.0
    addresses: bool = True
    graphs: bool = True
    token: str = field(default="", repr=False)
    checkpoint: str = ""
    preset: bool = False
    patience: float = 300.0

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings that the environment names, defaults for the others. Raises BadInput on a bad one."""
        def text(name: str, default: str) -> str:
            return environment.get(name, "").strip() or default

        def several(name: str) -> tuple[str, ...]:
            return tuple(dict.fromkeys(filter(None, map(str.strip, environment.get(name, "").split(",")))))

        def whether(name: str, default: str) -> bool:
            said = text(name, default).lower()
            if said not in _YES + _NO:
                raise BadInput(f"{name} is {said!r}: set it to 1 or 0.")
            return said in _YES

        shared, addresses = whether("VS2_SHARED_HISTORY", "0"), whether("VS2_ADDRESSES", "1")
        graphs = whether("VS2_GRAPHS", "1")
        home = text("VS2_HOME", "")
        try:
            folder = Path(home).expanduser() if home else _home(environment)
        except RuntimeError as error:
            raise BadInput("VS2_HOME is below the home of a user who has none: set it to a whole path.") from error
        return cls(text("VS2_MODEL", cls.model), text("VS2_PRECISION", cls.precision).lower(),
                   text("VS2_HOST", cls.host), folder, shared, several("VS2_JUDGES"), several("VS2_PROXY"),
                   _gigabytes(text("VS2_UPLOADS", str(cls.uploads))), addresses, graphs, text("VS2_TOKEN", ""),
                   text("VS2_CHECKPOINT", ""), whether("VS2_SERVER_PRESET", "0"),
                   _seconds(text("VS2_SERVER_PATIENCE", str(cls.patience))))


def _gigabytes(said: str) -> float:
    try:
        found = float(said)
    except ValueError:
        found = 0.0
    if not 0 < found < 2**20:
        raise BadInput(f"VS2_UPLOADS is {said!r}: set it to a number of GB, such as 8.")
    return found


def _seconds(said: str) -> float:
    try:
        found = float(said)
    except ValueError:
        found = 0.0
    if not 1 <= found <= 86400:
        raise BadInput(f"VS2_SERVER_PATIENCE is {said!r}: set it to a number of seconds from 1 to 86400.")
    return found


def zero_gpu(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a ZeroGPU Space, told as the `spaces` package tells it: GPUs are lent to forks of this process,
    and CUDA is only imitated here."""
    return environment.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def _home(environment: Mapping[str, str]) -> Path | None:
    """`/data` on a Space with persistent storage, else the platform's folder for a user's data, if there is one."""
    if environment.get("SPACE_ID") and os.access("/data", os.W_OK):
        return Path("/data")
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "vs2"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "vs2"
    if environment.get("XDG_DATA_HOME"):
        return Path(environment["XDG_DATA_HOME"]) / "vs2"
    try:
        return Path.home() / ".local" / "share" / "vs2"
    except RuntimeError:    # a container's user, in no list of users
        return None
