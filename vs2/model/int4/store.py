"""The conversions that this machine keeps: one a checkpoint, below VS2_HOME, made when it is first needed.

Small checkpoints are found without torch, which takes seconds to import.
"""
import re
from pathlib import Path
from typing import TYPE_CHECKING

from vs2.errors import BadInput, Failure
from vs2.model import checkpoint, hub, progress
from vs2.model.checkpoint import Checkpoint

if TYPE_CHECKING:
    from vs2.model.int4.shards import Source

FOLDER = "int4"


def find(name: str, precision: str, home: Path | None) -> Checkpoint:
    """The checkpoint called `name`, as it is to be loaded at that precision: where the CPU would take its weights in 4
    bits and it is large, its conversion, which is made first if need be. Raises BadInput or Failure in one sentence.

    home: the folder below which conversions are kept; without one nothing is converted unless it was asked for.
    """
    of_hub = hub.is_id(name) and not Path(name).expanduser().is_dir()
    if precision not in ("auto", "int4", "4bit") or name == checkpoint.MINI:
        return checkpoint.locate(name)
    if not of_hub:
        found = checkpoint.locate(name)
        if found.quantised or found.bytes_at("bf16") <= checkpoint.LARGE:
            return found
    from vs2.model import weights
    from vs2.model.int4.shards import Folder

    if weights.place(precision, weights.device()).type != "cpu":
        return checkpoint.locate(name)
    if home is None:
        if precision != "auto":
            raise Failure(f"There is no folder to keep {name} in 4 bits in: set VS2_HOME to one.")
        return checkpoint.locate(name)
    place = home / FOLDER
    if of_hub:
        if (there := kept(name, place)) is not None:
            return checkpoint.inspect(there, name)
        if (folder := hub.cached(name)) is None:
            return _of_hub(name, precision, place)
        try:
            found = checkpoint.inspect(folder, name)
        except BadInput:        # a download that broke off
            return _of_hub(name, precision, place)
    if found.quantised or not _wanted(found, precision):
        return found
    source = Folder(found)
    return checkpoint.inspect(_converted(source, place / _called(source)), name)


def make(name: str, out: Path | None, home: Path | None) -> Checkpoint:
    """Converts the checkpoint called `name`, whatever its size, into the folder `out`, or below `home`."""
    if out is None and home is None:
        raise Failure("There is no folder to keep it in: give one with --out, or set VS2_HOME.")
    from vs2.model.int4.convert import FETCHED
    from vs2.model.int4.shards import Folder, Hub

    place = out.parent if out is not None else Path(home or "") / FOLDER
    if hub.is_id(name) and not Path(name).expanduser().is_dir():
        source: Source = Hub(name, out / FETCHED if out is not None else place / _fetched(name))
    else:
        source = Folder(checkpoint.locate(name))
    out = out or place / _called(source)
    found = checkpoint.inspect(_converted(source, out), name)
    if (found.config.get("quantization_config") or {}).get("made_from") != source.identity:
        raise BadInput(f"{out} holds another checkpoint, or one made of another state of {name}: give another folder.")
    return found


def _of_hub(name: str, precision: str, place: Path) -> Checkpoint:
    """The Hub's checkpoint: converted while it is fetched, or as it is."""
    from vs2.model.int4.shards import Hub

    source = Hub(name, place / _fetched(name))
    out = place / _called(source)
    shapes = {tensor: shape for shard in source.shards for tensor, (_, shape) in source.shapes(shard).items()}
    found = Checkpoint(name, out, source.config, shapes, sum(shard.size for shard in source.shards))
    if found.quantised or not _wanted(found, precision):
        source.close()
        return checkpoint.locate(name)
    return checkpoint.inspect(_converted(source, out), name)


def kept(name: str, place: Path) -> Path | None:
    """The last whole conversion of the Hub's checkpoint `name` in `place`."""
    whole = [folder for folder in place.glob(f"{_file_name(name)}@*") if (folder / "config.json").exists()]
    return max(whole, key=lambda folder: (folder / "config.json").stat().st_mtime, default=None)


def _wanted(found: Checkpoint, precision: str) -> bool:
    """Whether it is to be converted: a large one that is loaded in 4 bits. A small one is, each time, in memory."""
    if found.bytes_at("bf16") <= checkpoint.LARGE:
        return False
    import torch

    from vs2.model import weights

    where = torch.device("cpu")
    return weights.choose(found, precision, where, weights.free_memory(where)) == "int4"


def _converted(source: "Source", out: Path) -> Path:
    """The folder `out`, made where it is not there yet; of several processes one makes it."""
    from filelock import FileLock

    from vs2.model.int4 import convert

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(out.parent / f"{out.name}.lock"):
            if not (out / "config.json").exists():
                made = convert.plan(source)
                needs = f"which needs {made.room / 1e9:.1f} GB of disk in {out}"
                progress.tell(f"{source.name} is put into 4 bits, once, {needs}", 0, made.size)
                convert.convert(source, out, made, progress.tell)
    except OSError as error:
        raise Failure(f"{source.name} cannot be put into 4 bits in {out}: {error.strerror or error}. Set VS2_HOME to a "
                      "folder that can be written, or take --precision bf16.") from error
    finally:
        progress.over()
    return out


def _called(source: "Source") -> str:
    """The folder of a source's conversion: of the Hub's `kept` finds it by the name alone."""
    named = hub.is_id(source.name) and not Path(source.name).expanduser().is_dir()
    name = source.name if named or source.name == checkpoint.MINI else Path(source.name).expanduser().resolve().name
    state = source.identity.rpartition("@")[2][:12]
    return f"{_file_name(name)}@{state}" if named else f"{_file_name(name)}-{state}"


def _fetched(name: str) -> str:
    return f"{_file_name(name)}.fetched"


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name.replace("/", "--"))
