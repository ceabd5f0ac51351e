"""Conversions that are made when they are first needed: which checkpoints, where they lie, once."""

import json
import shutil

import pytest
import torch

from tests.support.tiny import CARD, widened, write_tiny
from vs2.errors import BadInput, Failure
from vs2.model import checkpoint, hub, progress, weights
from vs2.model.int4 import convert, layer, store


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    torch.set_num_threads(1)
    folder = widened(write_tiny(tmp_path_factory.mktemp("store") / "tiny"))
    (folder / "vs2.json").write_text(json.dumps(CARD), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch):
    monkeypatch.setattr(checkpoint, "LARGE", 0)
    monkeypatch.setattr(weights, "SMALL", 0)
    monkeypatch.setattr(weights, "device", lambda: torch.device("cpu"))
    monkeypatch.setattr(layer, "quicker", lambda: True)


@pytest.mark.parametrize("precision", ["auto", "int4", "4bit"])
def test_a_large_checkpoint_is_converted_once_and_found_again(plain, tmp_path, monkeypatch, precision, capsys):
    first = store.find(str(plain), precision, tmp_path)
    assert first.quantised == checkpoint.INT4 and first.name == str(plain)
    assert first.folder.parent == tmp_path / store.FOLDER
    assert "4 bits, once, which needs" in capsys.readouterr().err and progress.now() == ""
    monkeypatch.setattr(convert, "convert", lambda *_: pytest.fail("it was converted again"))
    assert store.find(str(plain), precision, tmp_path).folder == first.folder


def test_what_is_not_converted(plain, tmp_path, monkeypatch):
    def untouched(precision, home=tmp_path):
        return store.find(str(plain), precision, home).folder == plain and not list(tmp_path.iterdir())

    assert untouched("bf16") and untouched("fp32") and untouched("auto", None)
    assert store.find("mini", "int4", tmp_path).name == "mini", "it is put on the grid in memory"
    with pytest.raises(Failure, match="set VS2_HOME"):
        store.find(str(plain), "int4", None)
    monkeypatch.setattr(layer, "quicker", lambda: False)
    monkeypatch.setattr(weights, "free_memory", lambda where: 10**12)
    assert untouched("auto"), "16 bits fit, and are not slower"
    monkeypatch.setattr(checkpoint, "LARGE", 10**12)
    assert untouched("int4"), "a small one is put on the grid in memory"


def test_of_the_hub_the_kept_one_is_taken_without_asking(plain, tmp_path, monkeypatch):
    out = tmp_path / store.FOLDER / "org--judge@0123456789ab"
    made = store.make(str(plain), out, None)
    monkeypatch.setattr(hub, "cached", lambda name: pytest.fail("it asked"))
    assert store.find("org/judge", "auto", tmp_path).folder == made.folder == out
    (out / "config.json").unlink()      # broken off
    monkeypatch.setattr(hub, "cached", lambda name: plain)
    copy = shutil.copytree(plain, tmp_path / "snapshot")
    monkeypatch.setattr(hub, "cached", lambda name: copy)
    again = store.find("org/judge", "auto", tmp_path)
    assert again.quantised and again.folder.name.startswith("org--judge@") and again.folder != out


def test_a_folder_that_cannot_be_written_is_one_sentence(plain, tmp_path):
    (tmp_path / store.FOLDER).write_text("a file in its way")
    with pytest.raises(Failure, match="Set VS2_HOME"):
        store.find(str(plain), "int4", tmp_path)


def test_make_needs_a_place(plain, tmp_path):
    with pytest.raises(Failure, match="--out"):
        store.make(str(plain), None, None)
    assert store.make(str(plain), None, tmp_path).folder.parent == tmp_path / store.FOLDER
    with pytest.raises(BadInput, match="quantised already"):
        store.make(str(store.make(str(plain), tmp_path / "x", None).folder), tmp_path / "y", None)
    with pytest.raises(BadInput, match="holds another checkpoint"):
        store.make("mini", tmp_path / "x", None)
    assert str(tmp_path) not in (tmp_path / "x" / "config.json").read_text(), "it may be pushed to the Hub"
