"""The ComfyUI nodes, loaded and run as ComfyUI does it: a video in, scores, rationale and a filter out."""
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.comfyui import graph
from tests.support.scripted import ScriptedJudge
from vs2 import video
from vs2.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]
GOOD = ROOT / "assets/examples/good.mp4"


class Source:
    """Gives the frames that a generator would have made."""

    RETURN_TYPES, RETURN_NAMES, FUNCTION = ("IMAGE",), ("images",), "make"
    images = torch.full((8, 56, 56, 3), 0.5)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def make(self):
        return (self.images,)


class Save:
    """Keeps what reaches it."""

    RETURN_TYPES, RETURN_NAMES, FUNCTION = (), (), "save"
    OUTPUT_NODE = True
    kept = []

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"images": ("IMAGE",)}}

    def save(self, images):
        self.kept.append(images)
        return ()


class Number(Save):
    """Takes a score."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"images": ("FLOAT", {"min": 0, "max": 5})}}


@pytest.fixture
def nodes(monkeypatch):
    monkeypatch.setattr(Save, "kept", [])
    return graph.load(ROOT / "comfyui/vs2_judge", monkeypatch) | {"Source": Source, "Save": Save, "Number": Number}


def prompt(at_least=3.0, **judge) -> dict:
    """A workflow in API format."""
    settings = {"prompt": "a red ball", "fps": 16.0, "model": "mini", "precision": "auto", "think": False, "budget": 64}
    return {"1": {"class_type": "Source", "inputs": {}},
            "2": {"class_type": "VS2Judge", "inputs": {"images": ["1", 0], **settings, **judge}},
            "3": {"class_type": "VS2Filter", "inputs": {"images": ["1", 0], "evaluation": ["2", 5], "score": "overall",
                                                        "at_least": at_least}},
            "4": {"class_type": "Save", "inputs": {"images": ["3", 0]}},
            "5": {"class_type": "Number", "inputs": {"images": ["2", 3]}}}


def scripted(nodes, monkeypatch, *scores):
    made = ScriptedJudge(lambda clip, prompt: scores)
    monkeypatch.setitem(nodes["VS2Judge"].judge.__globals__, "judge", lambda model, precision: made)
    return made


def test_a_good_video_is_passed_on_and_another_is_not(nodes, monkeypatch):
    judge = scripted(nodes, monkeypatch, 4.0, 3.0, 2.0)
    outputs, errors = graph.run(prompt(3.0), nodes)
    assert outputs["2"][:5] == (4.0, 3.0, 2.0, 3.0, "Seen.") and not errors
    assert outputs["3"][1] is True and json.loads(outputs["3"][2])["overall"] == 3.0
    assert Save.kept == [Source.images, 3.0]
    assert judge.seen[0][0].metadata.fps == 16 and judge.seen[0][1] == "a red ball"
    Save.kept.clear()
    outputs, errors = graph.run(prompt(3.05), nodes)
    assert outputs["3"][1] is False and Save.kept == [3.0] and not errors       # held back, and no error


def test_a_missing_score_blocks_with_its_reason(nodes, monkeypatch):
    scripted(nodes, monkeypatch, 4.0, "It is no such clip.", 2.0)
    outputs, errors = graph.run(prompt(1.0), nodes)
    assert outputs["2"][0] == 4.0 and outputs["2"][4] == "Seen."
    assert isinstance(outputs["2"][1], graph.ExecutionBlocker) and "not judged: It is no" in outputs["2"][1].message
    assert list(errors) == ["5"] and "not judged" in errors["5"] and Save.kept == [] and outputs["3"][1] is False


def test_a_video_that_cannot_be_judged_is_an_error(nodes, monkeypatch):
    scripted(nodes, monkeypatch, 4.0, 3.0, 2.0)
    with pytest.raises(BadInput, match="prompt is empty"):
        graph.run(prompt(prompt=" "), nodes)
    monkeypatch.setattr(Source, "images", torch.full((8, 56, 56, 3), 9.0))
    with pytest.raises(BadInput, match="from 0 to 1"):
        graph.run(prompt(), nodes)


def test_the_nodes_say_what_they_take(nodes):
    for wrong in ({"fps": 0.0}, {"precision": "fp64"}, {"images": 5}, {"images": ["2", 0]}):
        with pytest.raises(graph.Invalid):
            graph.check(prompt(**wrong), nodes)
    for kind in ("VS2Judge", "VS2Filter"):
        assert callable(getattr(nodes[kind], nodes[kind].FUNCTION)) and nodes[kind].CATEGORY and nodes[kind].DESCRIPTION


def test_the_built_in_judge_says_in_the_graph_what_it_says_of_the_frames(nodes, monkeypatch):
    judge = nodes["VS2Judge"].judge.__globals__["judge"]("mini", "auto")
    text = "a red ball bounces on grass"
    clip = video.read(GOOD, judge.card.sampling)
    frames = np.stack([clip.frames[index] for index in range(len(clip.frames))])
    monkeypatch.setattr(Source, "images", torch.from_numpy(frames).float() / 255)
    outputs, errors = graph.run(prompt(1.0, fps=2.0, prompt=text), nodes)
    from vs2.video.memory import clip_of

    alone = judge.score_clip(clip_of(frames, 2.0, judge.card.sampling), text, think=False)
    assert not errors and outputs["2"][3] == pytest.approx(alone.overall, abs=1e-5)
    assert [outputs["2"][place] for place in range(3)] == pytest.approx(
        [score.expected for score in alone.scores.values()], abs=1e-5)
