"""The detector of unknown clips: its arithmetic, its features, and that a file that cannot be one is refused."""
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from tests.support.scopes import REASONS, parts, write_scope
from tests.support.tiny import write_judge
from vs2 import judge
from vs2.errors import BadInput
from vs2.model import scope
from vs2.model.card import Card, ScopeCard
from vs2.rubric import KEYS


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    torch.set_num_threads(1)
    return judge.load(str(write_judge(tmp_path_factory.mktemp("tiny"))), "fp32")


def clip(frames=4, size=(56, 56), seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (frames, *size, 3)).astype(np.uint8)


def features(tiny, frames) -> np.ndarray:
    return scope.features(tiny.model.model.visual, tiny.processor, frames)


def test_the_two_measures_by_hand():
    made = {"mean": np.float64([1, 0, 0]), "scale": np.float64([2, 1, 1]), "weight": np.float64([1, 0, -1]),
            "bias": np.float64([0.5]), "centre": np.float64([0, 0, 1]), "basis": np.float64([[0, 1, 0]]),
            "level": np.float64([0.5, 0]), "spread": np.float64([2, 1])}
    found = np.float64([[5, 7, 1], [1001, 0, 1 + np.exp(0.5)]])
    got = scope.measures(made, found)
    # placed: [2, 7, 1] and [8 (cut), 0, 2.65]; the second direction is a main one, and counts for nothing outside
    assert got[0] == pytest.approx([(2 - 1 + 0.5 - 0.5) / 2, np.log(4)])
    assert got[1] == pytest.approx([(8 - (1 + np.exp(0.5)) + 0.5 - 0.5) / 2, np.log(64 + np.exp(1))])
    one = scope.Scope(1.0, made)
    assert one.strangeness(found[0]) == pytest.approx(np.log(4)), "the larger one counts"


def test_features_are_of_what_is_shown_and_not_of_its_place_in_a_file(tiny):
    found = features(tiny, clip())
    assert found.shape == (19 * 32,) and found.dtype == np.float32 and np.isfinite(found).all()
    assert np.array_equal(found, features(tiny, clip()))
    assert not np.allclose(found, features(tiny, clip(seed=1)), atol=1e-3)
    width = 32
    still = np.repeat(clip()[:1], 4, 0)
    assert np.abs(features(tiny, still)[-width:]).max() < 1e-5, "nothing changes in it"
    assert np.abs(found[-width:]).min() > 1e-4
    assert (features(tiny, clip(frames=2))[-width:] == 0).all(), "one pair of frames has none to change from"
    assert features(tiny, clip(size=(28, 112))).shape == (19 * 32,)


def test_without_one_in_the_card_there_is_none(tmp_path, tiny):
    assert tiny.scope is None and scope.Scope.read(tmp_path, Card()) is None


def test_a_card_names_one_and_says_what_it_withholds(tmp_path):
    folder = write_scope(write_judge(tmp_path), trained_on="clips", rates={"scenes": [0, 5]})
    card = Card.read(folder)
    assert card.scope == ScopeCard("scope.safetensors", 0.0, REASONS, "clips", {"scenes": [0, 5]})
    assert Card.of(json.loads(json.dumps(card.record()))) == card and "scope" not in Card().record()
    assert scope.Scope.read(folder, card).threshold == 0.0


@pytest.mark.parametrize("wrong", [
    [], {}, {"file": "../scope.safetensors"}, {"file": "scope.bin"}, {"file": 3}, {"threshold": "NaN"},
    {"threshold": None}, {"withholds": {}}, {"withholds": {"beauty": "It cannot."}}, {"withholds": {KEYS[0]: " "}},
    {"withholds": [KEYS[0]]}, {"rates": []}, {"trained_on": 3}])
def test_a_card_with_a_broken_one_is_refused(tmp_path, wrong):
    folder = write_scope(write_judge(tmp_path))
    record = json.loads((folder / "vs2.json").read_text())
    record["scope"] = record["scope"] | wrong if wrong and isinstance(wrong, dict) else wrong
    (folder / "vs2.json").write_text(json.dumps(record))
    with pytest.raises(BadInput, match="is not a checkpoint card"):
        Card.read(folder)


def broken(**changed) -> bytes:
    made = parts(32) | changed
    return save({name: part for name, part in made.items() if part is not None})


@pytest.mark.parametrize("content", [
    None, b"", b"\0" * 64, broken()[:-8], broken(bias=None), broken(more=np.zeros(1)), broken(bias=np.zeros(2)),
    broken(weight=np.zeros(9, np.float32)), broken(scale=np.zeros(19 * 32, np.float32)),
    broken(basis=np.zeros(19 * 32, np.float16)), broken(level=np.full(2, np.nan)), broken() + b" " * 2**20])
def test_a_file_that_is_none_is_refused_in_a_sentence(tmp_path, content):
    folder = write_scope(write_judge(tmp_path))
    (folder / "scope.safetensors").unlink()
    if content is not None:
        (folder / "scope.safetensors").write_bytes(content)
    with pytest.raises(BadInput, match=r"detector of unknown clips \(scope.safetensors") as told:
        judge.load(str(folder), "fp32")
    assert "\n" not in str(told.value) and str(told.value).endswith(".")


def test_another_towers_detector_is_refused_when_it_is_asked(tmp_path, tiny):
    folder = write_scope(write_judge(tmp_path), width=16)
    found = scope.Scope.read(folder, Card.read(folder))
    with pytest.raises(BadInput, match="304 features and its vision tower has 608"):
        found.foreign(tiny.model.model.visual, tiny.processor, SimpleNamespace(frames=clip()))
