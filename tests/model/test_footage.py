"""A judge's part for footage: named in its card, given what is foreign to the judge and is footage, nothing else."""
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from vs2 import judge, video
from vs2.errors import BadInput
from vs2.model.card import Card, FootageCard
from vs2.model.footage import Footage, pooled, shrunk
from vs2.rubric import KEYS
from vs2.video.memory import clip_of
from vs2.video.sampling import Sampling

REASONS = dict.fromkeys(KEYS, "It is no scene.")
UNREAD = {KEYS[1]: "It reads no prompt."}


def record(**footage) -> dict:
    return {"query": "Judge: $t2v_prompt", "pixels": [12544, 13171], "footage": footage}


def test_a_card_names_its_part_and_says_how_large_clips_are_read():
    card = Card.of(record(folder="footage", pixels=[12544, 262144]))
    assert card.footage == FootageCard("footage", (12544, 262144)) and card.reading.pulse == 0
    assert Card.of(record(folder="footage", pixels=[12544, 262144], pulse=64)).reading.pulse == 64
    assert (card.reading.min_pixels, card.reading.max_pixels) == (12544, 262144)
    assert card.sampling.max_pixels == 13171 and card.reading.fps == card.sampling.fps
    assert Card.of(card.record()) == card
    assert Card().reading == Card().sampling


@pytest.mark.parametrize("footage", [
    {"folder": "..", "pixels": [784, 7840]}, {"folder": "a/b", "pixels": [784, 7840]},
    {"folder": "", "pixels": [784, 7840]},
    {"folder": "a", "pixels": [784, 7840], "pulse": -1}, {"folder": "a", "pixels": [784, 7840], "pulse": 10**6},
    {"folder": "a", "pixels": [784, 10**9]}, {"folder": "a", "pixels": [7840, 784]}, {"folder": "a"}])
def test_a_card_that_names_a_wrong_part_is_refused(tmp_path, footage):
    (tmp_path / "vs2.json").write_text(json.dumps(record(**footage)))
    with pytest.raises(BadInput, match="not a checkpoint card"):
        Card.read(tmp_path)


def test_a_part_that_is_not_there_is_told_in_a_sentence(tmp_path):
    card = Card.of(record(folder="footage", pixels=[12544, 262144]))
    with pytest.raises(BadInput):
        Footage.read(tmp_path, card, torch.device("cpu"), torch.float32)
    assert Footage.read(tmp_path, Card(), torch.device("cpu"), torch.float32) is None


def test_a_clip_that_was_read_larger_is_seen_by_the_judge_at_its_own_size():
    card = Card.of(record(folder="footage", pixels=[12544, 262144]))
    frames = np.zeros((8, 280, 504, 3), np.uint8)
    assert shrunk(frames, card, 720, 1280).shape[1:3] == card.sampling.size(8, 720, 1280)


def test_features_are_means_over_whole_frames_and_over_pieces():
    found = np.zeros((6, 2, 2, 1488), np.float32)
    found[:4], found[4:] = 1.0, 3.0
    assert pooled(found).shape == (2 * 1488,) and set(pooled(found)) == {1.0, 3.0}


class Part:
    """A part for footage that says what it was told to say of any clip, and writes with the judge's own model."""

    def __init__(self, judge_, withheld):
        self.model, self.processor, self.wire = judge_.model, judge_.processor, judge_._wire
        self.withheld, self.seen, self.look = lambda seen: withheld, [], lambda frames: frames
        self.inputs = lambda seen, pulse=None, opening="": self._inputs(judge_, seen, opening)

    def _inputs(self, judge_, frames, opening):
        from vs2.model import inputs

        self.seen.append(frames.shape)
        own = SimpleNamespace(frames=shrunk(frames, judge_.card, *frames.shape[1:3]))
        return inputs.prepare(judge_.processor, own, "none", judge_.card, judge_.model.config, opening)


@pytest.fixture(scope="module")
def mini():
    torch.set_num_threads(1)
    return judge.load("mini", "fp32")


def judging(mini, foreign: bool, withheld) -> judge.Judge:
    scope = SimpleNamespace(withheld=lambda visual, processor, clip: REASONS if foreign else {})
    card = replace(mini.card, footage=FootageCard("footage", (12544, 262144)))
    return judge.Judge(mini.model, mini.processor, card, "mini", "fp32", scope, Part(mini, withheld))


@pytest.fixture(scope="module")
def clip():
    frames = np.random.default_rng(0).integers(0, 256, (8, 224, 392, 3)).astype(np.uint8)
    return clip_of(frames, 4.0, Sampling(4.0, 8, 8, 12544, 262144), name="a")


def test_only_what_is_footage_is_given_to_the_part(mini, clip):
    assert isinstance(clip, video.Clip)
    for foreign, withheld, none, asked in ((False, UNREAD, set(), 0), (True, None, set(KEYS), 0),
                                           (True, UNREAD, {KEYS[1]}, 1)):
        one = judging(mini, foreign, withheld)
        found = one.score_clip(clip, "a dog", budget=1)
        assert {key for key in KEYS if not found.scores[key].judged} == none
        assert one.footage.seen == [(8, 224, 392, 3)] * asked, "at the size that it was read"
        assert one.sampling.max_pixels == 262144


def test_a_batch_of_both_gives_what_each_gets_alone(mini, clip):
    one = judging(mini, True, UNREAD)
    other = clip_of(clip.frames[::-1].copy(), 4.0, Sampling(4.0, 8, 8, 12544, 262144), name="b")
    one.scope = SimpleNamespace(withheld=lambda visual, processor, shown: REASONS if shown.metadata.name == "a" else {})
    both = one.score_many([clip, other], ["x", "y"])
    alone = [one.score_clip(each, prompt, think=False) for each, prompt in ((clip, "x"), (other, "y"))]
    for first, second in zip(both, alone, strict=True):
        assert {key: score.value for key, score in first.scores.items()} == {
            key: score.value for key, score in second.scores.items()}
    assert not both[0].scores[KEYS[1]].judged and both[1].scores[KEYS[1]].judged
