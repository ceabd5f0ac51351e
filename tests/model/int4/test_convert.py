"""A checkpoint put into 4 bits shard by shard: broken off, gone on with, damaged, refused; the folder that it gives."""

import hashlib
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.support.clips import moving_square
from tests.support.tiny import CARD, widened, write_tiny
from vs2.errors import BadInput, Failure
from vs2.judge import Judge
from vs2.model import checkpoint, weights
from vs2.model.int4 import convert, loading
from vs2.model.int4.layer import Linear4, Linear8
from vs2.model.int4.shards import Folder

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """In bfloat16: layers of 64 rows and more, keys and values of 32, in several files."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = widened(write_tiny(tmp_path_factory.mktemp("int4") / "tiny"), "150KB")
    (folder / "vs2.json").write_text(json.dumps(CARD), encoding="utf-8")
    for file in folder.glob("*.safetensors"):
        save_file({name: tensor.bfloat16() for name, tensor in load_file(file).items()}, file, {"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def whole(plain, tmp_path_factory):
    """Its conversion."""
    return made(plain, tmp_path_factory.mktemp("whole") / "out")


def source_of(folder) -> Folder:
    return Folder(checkpoint.locate(str(folder)))


def made(folder, out, tell=lambda what, done, size: None):
    source = source_of(folder)
    return convert.convert(source, out, convert.plan(source), tell)


def sums(folder) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_the_folder_is_a_checkpoint_that_loads_as_one_made_in_memory(plain, whole):
    found = checkpoint.locate(str(whole))
    assert found.quantised == checkpoint.INT4 and len(list(whole.glob("*.safetensors"))) > 2
    loaded, other = weights.load(found), weights.load(checkpoint.locate(str(plain)), "int4", CPU)
    assert loaded.precision == other.precision == "int4" and loaded.device == CPU
    ours, theirs = loaded.model.state_dict(), other.model.state_dict()
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
    kinds = {name: type(module) for name, module in loaded.model.named_modules()}
    four = {name for name, kind in kinds.items() if kind is Linear4}
    assert len(four) == 2 * 5 and all(name.startswith("model.language_model.layers.") for name in four)
    assert kinds["lm_head"] is Linear8
    left = found.config["quantization_config"]["left"]
    assert len(left) == 2 * 2 and all("k_proj" in name or "v_proj" in name for name in left)
    assert all(kinds[name.removesuffix(".weight")] is torch.nn.Linear for name in kinds if name.endswith("k_proj"))
    for line in (whole / convert.SUMS).read_text().splitlines():
        digest, file = line.split("  ")
        assert hashlib.sha256((whole / file).read_bytes()).hexdigest() == digest


def test_it_judges(whole, tmp_path):
    loaded = weights.load(checkpoint.locate(str(whole)), "4bit")
    judge = Judge(loaded.model, loaded.processor, loaded.card, "tiny", loaded.precision)
    found = judge.score(moving_square(tmp_path / "a.mp4", size=(112, 84)), "a red square", think=False)
    assert not found.unread and found.precision == "int4"


class Killed(BaseException):
    """As if the process ended."""


@pytest.mark.parametrize("after", [0, 1, 7, 20])
def test_what_was_killed_goes_on_and_gives_the_same_bytes(plain, whole, tmp_path, after):
    told = []

    def kill(what, done, size):
        told.append((what, done, size))
        if len(told) > after:
            raise Killed

    with pytest.raises(Killed):
        made(plain, tmp_path / "out", kill)
    assert not (tmp_path / "out" / "config.json").exists()
    with pytest.raises(BadInput):
        checkpoint.locate(str(tmp_path / "out"))
    before = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "out").glob("*.safetensors")}
    again = []
    made(plain, tmp_path / "out", lambda *said: again.append(said))
    assert sums(tmp_path / "out") == sums(whole)
    assert all((tmp_path / "out" / name).stat().st_mtime_ns == time for name, time in before.items()), "not made anew"
    assert again[-1][1] == again[-1][2] == convert.plan(source_of(plain)).size


def test_a_file_that_changed_since_is_made_anew(plain, whole, tmp_path):
    with pytest.raises(Killed):
        made(plain, tmp_path / "out", lambda what, done, size: kill_after_one(tmp_path / "out"))
    file = next((tmp_path / "out").glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    made(plain, tmp_path / "out")
    assert sums(tmp_path / "out") == sums(whole)


def kill_after_one(out):
    if list(out.glob("*.safetensors")):
        raise Killed


def test_no_more_than_a_tensor_is_held(plain, tmp_path, monkeypatch):
    """Tensors are written as they come, so that a file of weights is never in memory."""
    held, most = [0], [0]
    make = convert._tensors

    def counted(*given):
        for name, tensor in make(*given):
            held[0] += 1
            most[0] = max(most[0], held[0])
            yield name, tensor
            held[0] -= 1

    monkeypatch.setattr(convert, "_tensors", counted)
    made(plain, tmp_path / "out")
    assert most == [1]


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_damaged_shard_is_one_sentence_and_no_checkpoint(plain, tmp_path, damage):
    """In a folder as the Hub's cache has them: the names of the files that it links to are their sums."""
    copy, blobs = shutil.copytree(plain, tmp_path / "copy"), tmp_path / "blobs"
    blobs.mkdir()
    for file in copy.glob("*.safetensors"):
        target = blobs / hashlib.sha256(file.read_bytes()).hexdigest()
        file.rename(target)
        file.symlink_to(target)
    source = source_of(copy)
    planned = convert.plan(source)
    broken = (copy / source.shards[-1].file).resolve()
    data = broken.read_bytes()
    if damage == "gone":
        broken.unlink()
    else:
        broken.write_bytes(data[:-50] if damage == "cut" else data[:-50] + bytes(50))
    with pytest.raises(Failure, match=source.shards[-1].file):
        convert.convert(source, tmp_path / "out", planned)
    assert not (tmp_path / "out" / "config.json").exists()
    broken.write_bytes(data)
    convert.convert(source_of(copy), tmp_path / "out", planned)
    assert checkpoint.locate(str(tmp_path / "out")).quantised


def test_what_is_refused(plain, whole, tmp_path, monkeypatch):
    with pytest.raises(BadInput, match="quantised already"):
        convert.plan(source_of(whole))
    with pytest.raises(BadInput, match="holds a checkpoint already"):
        made(plain, whole)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("x")
    with pytest.raises(BadInput, match="not empty"):
        made(plain, tmp_path / "full")
    with pytest.raises(Killed):
        made(plain, tmp_path / "other", lambda what, done, size: kill_after_one(tmp_path / "other"))
    copy = shutil.copytree(plain, tmp_path / "copy", copy_function=shutil.copy)
    with pytest.raises(BadInput, match="another checkpoint, or of another state"):
        made(copy, tmp_path / "other")
    (tmp_path / "other" / convert.JOURNAL).write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        made(plain, tmp_path / "other")
    monkeypatch.setattr(convert.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(Failure, match=r"needs 0.0 GB on the disk .* 0.0 GB are free"):
        made(plain, tmp_path / "small")


def test_a_folder_of_another_form_or_on_a_gpu_is_told(whole, tmp_path):
    found = checkpoint.locate(str(whole))
    with pytest.raises(BadInput, match="quantised already"):
        weights.choose(found, "bf16", CPU, None)
    assert weights.place("auto", torch.device("cuda"), found.quantised) == CPU
    newer = shutil.copytree(whole, tmp_path / "newer")
    config = json.loads((newer / "config.json").read_text())
    config["quantization_config"]["form"] = loading.FORM + 1
    (newer / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadInput, match="newer version"):
        weights.load(checkpoint.locate(str(newer)))


def test_a_layer_is_replaced_only_in_the_language_model(plain):
    model = weights._model(checkpoint.locate(str(plain)), "bf16", CPU)
    left = loading.in_memory(model)
    assert len(left) == 4 and not any(isinstance(module, Linear4) for module in model.model.visual.modules())
