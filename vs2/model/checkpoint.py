"""A judge's name -> the folder of its checkpoint, and what lies in there. Neither torch nor transformers is needed.

Only safetensors are read: no file of a checkpoint can run code.
"""
import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

from vs2.errors import BadInput, Failure
from vs2.model import hub
from vs2.resources import ASSETS

PUBLISHED = "TIGER-Lab/VideoScore2"
MINI = "mini"
INT4 = "vs2_int4"               # the method of a folder whose weights are in 4 bits for a CPU (vs2/model/int4)
LARGE = 2 * 10**9               # bytes in 16 bits above which a CPU rather takes the weights in 4
LARGEST_HEADER = 100 * 2**20  # bytes, the format's own limit


@dataclass(frozen=True)
class Checkpoint:
    """A Qwen2.5-VL checkpoint's folder, looked at but not loaded.

    name: as people name it. config: its config.json. shapes: every tensor's shape, by name.
    stored: bytes of its tensors on the disk.
    """

    name: str
    folder: Path
    config: dict
    shapes: dict[str, tuple[int, ...]]
    stored: int

    @property
    def parameters(self) -> int:
        """How many numbers it has."""
        return sum(map(math.prod, self.shapes.values()))

    @property
    def quantised(self) -> str | None:
        """How its files are quantised already ("bitsandbytes", say); None for plain weights."""
        settings = self.config.get("quantization_config")
        return str(settings.get("quant_method", "quantised")) if isinstance(settings, dict) else None

    def quantisable(self) -> list[tuple[int, ...]]:
        """The shapes of the language model's linear layers: rows, columns."""
        return [shape for name, shape in self.shapes.items() if is_layer(name, shape)]

    def bytes_at(self, precision: str, width: int = 2) -> int:
        """What the weights take in memory at "fp32", "bf16", "4bit" or "int4".

        width: bytes of each number that 4 bit leave alone, which are stored in two.
        """
        small = sum(map(math.prod, self.quantisable()))
        if self.quantised:
            whole = sum(math.prod(shape) for name, shape in self.shapes.items() if ".layers." not in name)
            return self.stored + (width - 2) * whole
        if precision == "fp32":
            return 4 * self.parameters
        if precision == "bf16":
            return 2 * self.parameters
        if precision == "int4":     # a scale and a zero in 16 bits for each 32 weights; the output layer in 8 bits
            head = math.prod(self.shapes.get("lm_head.weight", ()) or (0,))
            return int(0.625 * small + head + 2 * (self.parameters - small - head))
        # NF4 takes half a byte and a little for its scales; embeddings, head, norms and tower stay as they are.
        return int(0.53 * small + width * (self.parameters - small))


def is_layer(name: str, shape: tuple[int, ...]) -> bool:
    """Whether a tensor is the weight of a linear layer of the language model."""
    return ".layers." in name and "visual" not in name and len(shape) == 2


def locate(name: str) -> Checkpoint:
    """The checkpoint that `name` means: "mini", a folder, or a Hub id, which is downloaded if need be.

    Raises BadInput or Failure in one sentence.
    """
    if name == MINI:
        if not (ASSETS / MINI / "config.json").exists():
            raise Failure("The built-in checkpoint assets/mini is not there: install vs2 again, or rebuild it with "
                          "`make mini` in a checkout of the project.")
        return inspect(ASSETS / MINI, MINI)
    folder = Path(name).expanduser()
    try:
        found = folder.is_dir()
    except (OSError, ValueError) as error:
        raise BadInput(_unknown(name)) from error
    if found:
        return inspect(folder, name)
    if folder.exists():
        raise BadInput(f"{name} is a file: give the folder of a checkpoint, a Hub id or `mini`.")
    if not hub.is_id(name):
        raise BadInput(_unknown(name))
    return inspect(hub.fetch(name), name)


def _unknown(name: str) -> str:
    return f"There is no judge {name!r}: name `mini`, a Hub id such as {PUBLISHED}, or the folder of a checkpoint."


def inspect(folder: Path, name: str) -> Checkpoint:
    """Looks at a folder. Raises BadInput where it holds no whole Qwen2.5-VL checkpoint."""
    config = _json(folder / "config.json", name, "no config.json")
    if config.get("model_type") != "qwen2_5_vl":
        raise BadInput(f"{name} is a {config.get('model_type') or 'nameless'} model: this judge needs a Qwen2.5-VL "
                       "checkpoint (model_type qwen2_5_vl).")
    for file, what in (("tokenizer.json", "tokenizer"), ("preprocessor_config.json", "preprocessor")):
        if not any((folder / other).exists() for other in (file, "vocab.json", "processor_config.json")):
            raise BadInput(f"{name} is not a complete checkpoint: it has no {what} ({file}).")
    shapes: dict[str, tuple[int, ...]] = {}
    stored = 0
    for weights in weight_files(folder, name):
        found, count = _header(weights, name)
        shapes |= found
        stored += count
    return Checkpoint(name, folder, config, shapes, stored)


def weight_files(folder: Path, name: str) -> list[Path]:
    """The safetensors files that make up the weights."""
    if (folder / "model.safetensors").exists():
        return [folder / "model.safetensors"]
    if not (folder / "model.safetensors.index.json").exists():
        raise BadInput(f"{name} holds no weights as safetensors: convert them, or download the whole checkpoint.")
    index = _json(folder / "model.safetensors.index.json", name, "no index of its weights")
    try:
        files = sorted({str(file) for file in index["weight_map"].values()})
    except (KeyError, AttributeError) as error:
        raise BadInput(f"{name} has a broken index of its weights (model.safetensors.index.json).") from error
    missing = [file for file in files if Path(file).name != file or not (folder / file).exists()]
    if missing:
        raise BadInput(f"{name} lacks {len(missing)} of its {len(files)} files of weights ({missing[0]}): "
                       "download it again.")
    return [folder / file for file in files]


def _header(path: Path, name: str) -> tuple[dict[str, tuple[int, ...]], int]:
    """The shapes in a safetensors file and the bytes of its tensors; BadInput if it is broken or cut short."""
    try:
        with path.open("rb") as file:
            length, = struct.unpack("<Q", file.read(8))
            if length > LARGEST_HEADER:
                raise ValueError("header too long")
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        shapes = {tensor: tuple(map(int, facts["shape"])) for tensor, facts in header.items()}
        stored = max((int(facts["data_offsets"][1]) for facts in header.values()), default=0)
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, struct.error) as error:
        raise BadInput(f"{name} has a broken file of weights, {path.name}: download it again.") from error
    if path.stat().st_size != 8 + length + stored:
        raise BadInput(f"{name} has a file of weights that is cut short or changed, {path.name}: download it again.")
    return shapes, stored


def _json(path: Path, name: str, missing: str) -> dict:
    if not path.exists():
        raise BadInput(f"{name} is not the folder of a checkpoint: it has {missing}.")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{name} has a {path.name} that cannot be read: download it again.") from error
    if not isinstance(record, dict):
        raise BadInput(f"{name} has a {path.name} that is no JSON object: download it again.")
    return record
