"""A checkpoint -> the folder of its weights in 4 bits: shard by shard, checked, and on from where it was when killed.

One shard of the source gives one file of the same name. A file has its name when it is whole; its sum and its source's
are then in the journal, and a conversion that begins again goes on after those that are there and unchanged. Last comes
config.json, so a folder without it is not taken for a checkpoint. What is written depends on the source alone: a
conversion that broke off gives the bytes of one that did not.
"""
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from vs2.errors import BadInput, Failure
from vs2.model import checkpoint
from vs2.model.hub import SPARE
from vs2.model.hub_files import BLOCK
from vs2.model.int4 import grid, loading
from vs2.model.int4.shards import INDEX, NUMBERS, Shapes, Shard, Source, size_of, write

JOURNAL, SUMS, FETCHED = "converting.json", "SHA256SUMS", "fetched"
HEAD, EMBEDDING = "lm_head.weight", "embed_tokens.weight"
Tell = Callable[[str, int, int], None]      # what is being done; bytes of the result that are there, and of how many


@dataclass
class Plan:
    """What a conversion makes. files: the tensors of each file. left: layers that stay in 16 bits for their widths.

    room: bytes of disk that it needs beside what is there. head_of: the tensor that the output layer is made of.
    """

    files: dict[str, Shapes] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    head_of: str = HEAD
    size: int = 0
    room: int = 0


def plan(source: Source) -> Plan:
    """What a conversion of `source` makes, from its shapes alone. Raises BadInput where it cannot be converted."""
    if source.config.get("model_type") != "qwen2_5_vl":
        raise BadInput(f"{source.name} is no Qwen2.5-VL checkpoint, so it cannot be converted.")
    if isinstance(source.config.get("quantization_config"), dict):
        raise BadInput(f"{source.name} is quantised already: convert the checkpoint that it was made from.")
    read = {}
    for shard in source.shards:
        with sound(source, shard):
            read[shard.file] = source.shapes(shard)
    every = {name: shape for shapes in read.values() for name, shape in shapes.items()}
    odd = next((name for name, (numbers, _) in every.items() if numbers not in NUMBERS), None)
    if odd is not None:
        raise BadInput(f"{source.name} has weights in {every[odd][0]} ({odd}): only those in BF16, F16 and F32 are "
                       "converted.")
    made = Plan()
    if HEAD not in every:       # the output layer shares its weights with the embeddings
        made.head_of = next((name for name in every if name.endswith(EMBEDDING)), "")
        if not made.head_of:
            raise BadInput(f"{source.name} has neither an output layer nor embeddings: download it again.")
    for file, shapes in read.items():
        made.files[file] = {}
        for name, (_, shape) in shapes.items():
            made.files[file] |= _forms(name, shape, made)
    made.size = sum(size_of(shapes) for shapes in made.files.values())
    made.room = made.size + source.room
    return made


def _forms(name: str, shape: tuple[int, ...], made: Plan) -> Shapes:
    """What becomes of a tensor: names, numbers and shapes."""
    found: Shapes = {}
    if name == HEAD or not _in_four(name, shape):
        if checkpoint.is_layer(name, shape):
            made.left.append(name)
        if name != HEAD:
            found[name] = ("BF16", shape)
    else:
        rows, columns = shape
        stem = name.removesuffix("weight")
        found |= {f"{stem}codes": ("U8", (rows, columns // 2)),
                  f"{stem}grid": ("BF16", (columns // grid.GROUP, rows, 2))}
    if name == made.head_of:
        found |= {"lm_head.codes": ("I8", shape), "lm_head.scales": ("BF16", shape[:1])}
    return found


def _in_four(name: str, shape: tuple[int, ...]) -> bool:
    return checkpoint.is_layer(name, shape) and name.endswith(".weight") and grid.fits(*shape)


def _tensors(path: Path, shapes: Shapes, head_of: str) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors of the new file, made of the old one's, in the order of its names."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        for name in file.keys():        # noqa: SIM118  (it is no dict)
            tensor = file.get_tensor(name)
            if name != HEAD and not _in_four(name, tuple(tensor.shape)):
                yield name, tensor.to(torch.bfloat16)
            elif name != HEAD:
                codes, numbers = grid.quantise(tensor)
                stem = name.removesuffix("weight")
                yield f"{stem}codes", grid.lay(codes)
                yield f"{stem}grid", numbers
            if name == head_of:
                yield from zip(("lm_head.codes", "lm_head.scales"), grid.quantise_rows(tensor), strict=True)


def convert(source: Source, out: Path, made: Plan, tell: Tell = lambda what, done, whole: None) -> Path:
    """Converts `source` into the folder `out`, or goes on with it. Raises BadInput or Failure in one sentence."""
    done = _begun(source, out)
    there = sum(size_of(made.files[file]) for file in done)
    _room(source, out, made.room - there)
    for shard in source.shards:
        if shard.file in done:
            source.release(shard)
            continue
        tell(f"Fetching {shard.file}" if source.room else f"Reading {shard.file}", there, made.size)
        path = source.path(shard)
        with sound(source, shard):
            known = _checked(source, shard, path)

        def wrote(count: int) -> None:
            nonlocal there
            there += count
            tell(f"Converting {shard.file}", there, made.size)      # noqa: B023  (called in this round alone)

        with sound(source, shard):
            shapes = made.files[shard.file]
            found = write(out / shard.file, shapes, _tensors(path, shapes, made.head_of), wrote)
        done[shard.file] = {"source": known, "sum": found}
        _write(out / JOURNAL, {"identity": source.identity, "form": loading.FORM, "done": done})
        source.release(shard)
    _finish(source, out, made, done)
    return out


def _begun(source: Source, out: Path) -> dict[str, dict[str, str]]:
    """The files that an earlier conversion of the same into `out` left whole."""
    if (out / "config.json").exists():
        raise BadInput(f"{out} holds a checkpoint already: give another folder.")
    if not (out / JOURNAL).exists():
        if out.exists() and any(file.name != FETCHED for file in out.iterdir()):
            raise BadInput(f"{out} is not empty: give a folder that is, or is not there.")
        out.mkdir(parents=True, exist_ok=True)
        _write(out / JOURNAL, {"identity": source.identity, "form": loading.FORM, "done": {}})
        return {}
    try:
        journal = json.loads((out / JOURNAL).read_text(encoding="utf-8"))
        same = (journal["identity"], journal["form"]) == (source.identity, loading.FORM)
        done = {file: facts for file, facts in journal["done"].items()
                if (out / file).exists() and _sum(out / file) == facts["sum"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{out / JOURNAL} cannot be read: remove the folder, and convert anew.") from error
    if not same:
        raise BadInput(f"{out} holds a conversion of another checkpoint, or of another state of {source.name}, that "
                       "broke off: remove the folder, or give another.")
    return done


def _room(source: Source, out: Path, needed: int) -> None:
    free = shutil.disk_usage(out).free
    if needed + SPARE > free:
        raise Failure(f"Converting {source.name} needs {needed / 1e9:.1f} GB on the disk of {out} and "
                      f"{free / 1e9:.1f} GB are free: make room, or give another folder with --out.")


def _checked(source: Source, shard: Shard, path: Path) -> str:
    """The sum of the shard that was read; Failure where it is not the one that was vouched for."""
    found = _sum(path)
    if shard.sum is not None and found != shard.sum:
        raise Failure(f"{shard.file} of {source.name} is damaged (its SHA-256 is another): download it again.")
    return found


class sound:
    """Inside, a shard that is broken or changed is one sentence."""

    def __init__(self, source: Source, shard: Shard):
        self.source, self.shard = source, shard

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind, error, trace) -> None:
        from safetensors import SafetensorError

        if isinstance(error, SafetensorError | ValueError | StopIteration):
            raise Failure(f"{self.shard.file} of {self.source.name} is damaged or was changed while it was read: "
                          "download it again.") from error
        if isinstance(error, OSError):
            raise Failure(f"{self.shard.file} of {self.source.name} could not be converted: {error.strerror or error}. "
                          "Make room or mend it, and run the command again: it goes on where it was.") from error


def _finish(source: Source, out: Path, made: Plan, done: dict[str, dict[str, str]]) -> None:
    source.others(out)
    if len(made.files) > 1:
        _write(out / INDEX, {"metadata": {"total_size": made.size},
                             "weight_map": {name: file for file, shapes in made.files.items() for name in shapes}})
    sums = "".join(f"{facts['sum']}  {file}\n" for file, facts in sorted(done.items()))
    (out / SUMS).write_text(sums, encoding="utf-8")
    settings = loading.description(made.left) | {"made_from": source.identity}      # no path of this machine in it
    _write(out / "config.json", plain(source.config) | {"quantization_config": settings, "tie_word_embeddings": False})
    (out / JOURNAL).unlink()
    source.close()


def plain(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration for numbers in bfloat16, with an output layer of its own, in all its parts."""
    said: dict[str, Any] = {"dtype": "bfloat16", "torch_dtype": "bfloat16", "tie_word_embeddings": False}
    return {name: plain(value) if isinstance(value, dict) else said.get(name, value) for name, value in config.items()}


def _write(path: Path, record: dict) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(record, indent=1), encoding="utf-8")
    part.replace(path)


def _sum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
