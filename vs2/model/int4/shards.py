"""A checkpoint's files of weights, one at a time: of a folder, or of the Hub without keeping them.

safetensors' form is a length, a header of JSON and the tensors' bytes after each other, so a file can be written tensor
by tensor once their shapes are known: nothing but the one at work is in memory.
"""
import hashlib
import json
import os
import re
import shutil
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from vs2.errors import BadInput, Failure
from vs2.model import checkpoint, hub, hub_files
from vs2.model.card import Card

INDEX = "model.safetensors.index.json"
NUMBERS = {"U8": torch.uint8, "I8": torch.int8, "BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}
NAMES = {numbers: name for name, numbers in NUMBERS.items()}
Shapes = dict[str, tuple[str, tuple[int, ...]]]     # of a file's tensors: numbers as safetensors names them, and shape


@dataclass(frozen=True)
class Shard:
    """A file of weights. sum: its SHA-256 where somebody vouches for it. size: bytes."""

    file: str
    size: int
    sum: str | None


class Source(Protocol):
    """A checkpoint that is read shard by shard. identity: of what it holds, the same as long as that is."""

    name: str
    identity: str
    config: dict[str, Any]
    shards: list[Shard]
    room: int                       # bytes of disk that it takes while it is read

    def shapes(self, shard: Shard) -> Shapes: ...

    def path(self, shard: Shard) -> Path: ...       # fetched where need be

    def release(self, shard: Shard) -> None: ...    # it is not needed again

    def others(self, into: Path) -> None: ...       # the files that are no weights

    def close(self) -> None: ...                    # nothing of it is needed again


class Folder:
    """One on this disk. A snapshot of the Hub's cache has its files' sums in their names."""

    room = 0

    def __init__(self, found: checkpoint.Checkpoint):
        self.name, self.config, self.folder = found.name, found.config, found.folder
        files = checkpoint.weight_files(found.folder, found.name)
        self.shards = [Shard(file.name, file.stat().st_size, _sum_of(file.resolve())) for file in files]
        said = [(shard.file, shard.size, shard.sum or file.stat().st_mtime_ns)
                for shard, file in zip(self.shards, files, strict=True)]
        self.identity = hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def shapes(self, shard: Shard) -> Shapes:
        return shapes_of(self.folder / shard.file)

    def path(self, shard: Shard) -> Path:
        return self.folder / shard.file

    def release(self, shard: Shard) -> None:
        """It stays."""

    def close(self) -> None:
        """It stays."""

    def others(self, into: Path) -> None:
        weights = {shard.file for shard in self.shards}
        for file in sorted(self.folder.iterdir()):
            if file.is_file() and file.name not in weights and _described(file.name):
                shutil.copyfile(file, into / file.name)
        if part := Card.read(self.folder).footage:
            (into / part.folder).mkdir(exist_ok=True)
            for file in (self.folder / part.folder).iterdir():
                if file.is_file() and any(file.match(one) for one in hub.WANTED):
                    shutil.copyfile(file, into / part.folder / file.name)


class Hub:
    """One of the Hub, whose files of weights are fetched one by one into `room` and deleted after use."""

    def __init__(self, name: str, place: Path):
        from huggingface_hub import HfApi

        self.name, self.place = name, place
        try:
            self.revision = HfApi().model_info(name).sha
        except Exception as error:  # the Hub's client has many
            raise hub.problem(name, error, begun=False) from error
        files = self._listed()
        self.identity = f"{name}@{self.revision}"
        self.files = {file.path: file for file in files if "/" not in file.path}
        self.config = json.loads(self._fetch("config.json").read_text(encoding="utf-8"))
        if "model.safetensors" in self.files:
            weights = ["model.safetensors"]
        elif INDEX in self.files:
            index = json.loads(self._fetch(INDEX).read_text(encoding="utf-8"))
            weights = sorted(set(index["weight_map"].values()))
        else:
            weights = []
        if not weights or not self.files.keys() >= set(weights):
            raise BadInput(f"The model {name} holds no whole weights as safetensors on the Hugging Face Hub.")
        found: list[Any] = [self.files[file] for file in weights]
        self.shards = [Shard(file.path, file.size, file.lfs.sha256 if file.lfs else None) for file in found]
        self.room = max(shard.size for shard in self.shards)

    def shapes(self, shard: Shard) -> Shapes:
        from huggingface_hub import HfApi

        try:
            found = HfApi().parse_safetensors_file_metadata(self.name, shard.file, revision=self.revision)
        except Exception as error:  # the Hub's client has many
            raise hub.problem(self.name, error) from error
        return {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in found.tensors.items()}

    def path(self, shard: Shard) -> Path:
        return self._fetch(shard.file)

    def close(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)

    def release(self, shard: Shard) -> None:
        (self.place / shard.file).unlink(missing_ok=True)

    def others(self, into: Path) -> None:
        weights = {shard.file for shard in self.shards}
        for file in list(self.files):
            if file not in weights and _described(file):
                shutil.copyfile(self._fetch(file), into / file)
        if part := Card.read(into).footage:
            (into / part.folder).mkdir(exist_ok=True)
            for inner in self._listed(part.folder):
                own = Path(inner.path).name
                if inner.path == f"{part.folder}/{own}" and any(Path(own).match(one) for one in hub.WANTED):
                    self.files[inner.path] = inner
                    shutil.copyfile(self._fetch(inner.path), into / inner.path)

    def _listed(self, folder: str | None = None) -> list[Any]:
        """The files of a folder there."""
        from huggingface_hub import HfApi

        try:
            found = HfApi().list_repo_tree(self.name, folder, revision=self.revision)
            return [file for file in found if hasattr(file, "size")]
        except Exception as error:  # the Hub's client has many
            raise hub.problem(self.name, error, begun=False) from error

    def _fetch(self, file: str) -> Path:
        if file not in self.files:
            raise BadInput(f"The model {self.name} has no {file} on the Hugging Face Hub.")
        self.place.mkdir(parents=True, exist_ok=True)
        try:
            return hub_files.download(self.name, self.files[file], self.place, "model", self.revision)
        except (BadInput, Failure):
            raise
        except Exception as error:  # the Hub's client has many
            raise hub.problem(self.name, error) from error


def _described(file: str) -> bool:
    """Whether a file that is no weights belongs to a checkpoint: what the Hub would be asked for, less the index."""
    return file not in (INDEX, "config.json") and any(Path(file).match(pattern) for pattern in hub.WANTED)


def _sum_of(file: Path) -> str | None:
    """The SHA-256 by which the Hub's cache names a file."""
    return file.name if file.parent.name == "blobs" and re.fullmatch(r"[0-9a-f]{64}", file.name) else None


def shapes_of(path: Path) -> Shapes:
    """A safetensors file's tensors. Raises as the library does."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        slices = {name: file.get_slice(name) for name in file.keys()}       # noqa: SIM118  (it is no dict)
        return {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}


def size_of(shapes: Shapes) -> int:
    """Bytes of the tensors."""
    return sum(_bytes(*shape) for shape in shapes.values())


def _bytes(numbers: str, shape: tuple[int, ...]) -> int:
    return torch.Size(shape).numel() * NUMBERS[numbers].itemsize


def write(path: Path, shapes: Shapes, tensors: Iterable[tuple[str, torch.Tensor]],
          wrote: Callable[[int], None] = lambda count: None) -> str:
    """Writes a file of these tensors, which come in the order of `shapes`; its SHA-256. Whole, it gets its name.

    wrote: told the bytes of each tensor.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, (numbers, shape) in shapes.items():
        header[name] = {"dtype": numbers, "shape": list(shape), "data_offsets": [at, at + _bytes(numbers, shape)]}
        at += _bytes(numbers, shape)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 64)
    digest, part = hashlib.sha256(), path.with_name(f"{path.name}.part")
    expected = iter(shapes.items())
    with part.open("wb") as out:
        head = struct.pack("<Q", len(head)) + head
        digest.update(head)
        out.write(head)
        for name, tensor in tensors:
            wanted, (numbers, shape) = next(expected)
            if (name, NAMES[tensor.dtype], tuple(tensor.shape)) != (wanted, numbers, shape):
                raise ValueError(f"{name} came where {wanted} was announced, or in another form")
            piece = tensor.contiguous().view(torch.uint8).numpy().data if tensor.numel() else b""
            digest.update(piece)
            out.write(piece)
            wrote(tensor.numel() * tensor.itemsize)
        out.flush()
        os.fsync(out.fileno())
    if next(expected, None) is not None:
        raise ValueError("fewer tensors came than were announced")
    part.replace(path)
    return digest.hexdigest()
