"""What a judge knows nothing of it does not score, in no way that it can be asked; it thinks aloud all the same."""
import json
from dataclasses import replace

import pytest
import torch

from tests.support.clips import moving_square
from tests.support.scopes import REASONS, write_scope
from tests.support.tiny import write_judge
from vs2 import events, judge, video
from vs2.evaluation import Evaluation, Published, Score
from vs2.model.scope import Scope
from vs2.rubric import KEYS

PROMPT, BUDGET = "a red square moves to the right", 12
WITHHELD = {key: Score(reason=reason) for key, reason in REASONS.items()}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    torch.set_num_threads(1)
    return judge.load(str(write_judge(tmp_path_factory.mktemp("plain"))), "fp32")


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """The same judge, to which every clip is foreign."""
    return judge.load(str(write_scope(write_judge(tmp_path_factory.mktemp("strict")))), "fp32")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "square.mp4", frames=16, size=(224, 160))


def test_the_rationale_streams_as_before_and_no_score_is_said(plain, strict, clip):
    said, usual = (list(one.stream(clip, PROMPT, budget=BUDGET)) for one in (strict, plain))
    assert [type(event) for event in said] == [type(event) for event in usual]
    assert [e.text for e in said if isinstance(e, events.Thought)] == [
        e.text for e in usual if isinstance(e, events.Thought)]
    assert said[-2] == events.Scored(WITHHELD) and said[-1].scores == WITHHELD
    last, before = said[-1], usual[-1]
    assert last.withheld == KEYS and last.unread == () and last.overall is None and before.withheld == ()
    assert last.rationale == before.rationale and last.warnings == before.warnings
    assert Evaluation.from_dict(json.loads(json.dumps(last.to_dict(), allow_nan=False))) == last
    digits = [score.value for score in before.scores.values()]
    assert None not in digits and last.reply != before.reply
    assert [there for here, there in zip(last.reply, before.reply, strict=True) if here != there] == list(
        map(str, digits)), "the digits alone are taken out of the reply"


def test_without_thinking_one_by_one_and_together(strict, clip):
    alone = strict.score(clip, PROMPT, think=False)
    together = strict.score_many([clip, "no-such.mp4", clip], [PROMPT, PROMPT, "a ball"])
    for made in (alone, together[0], together[2]):
        assert made.scores == WITHHELD and not any(digit in made.reply for digit in "12345")
    assert not isinstance(together[1], Evaluation)


def test_of_several_samples_none_says_a_score(plain, strict, clip):
    made, usual = (one.score(clip, PROMPT, budget=BUDGET, samples=2, seed=3) for one in (strict, plain))
    assert made.scores == WITHHELD
    assert [one["values"] for one in made.samples] == [dict.fromkeys(KEYS)] * 2
    assert [one["rationale"] for one in made.samples] == [one["rationale"] for one in usual.samples]
    assert None not in usual.samples[0]["values"].values()


def test_as_published_and_from_a_clip_that_was_read(strict, clip):
    made = strict.score(clip, PROMPT, budget=BUDGET, published=True)
    assert made.published == dict.fromkeys(KEYS, Published()) and made.scores == WITHHELD
    read = video.read(clip, strict.card.sampling)
    assert strict.score_clip(read, PROMPT, budget=BUDGET).scores == WITHHELD


def test_part_of_it_may_be_withheld(tmp_path, plain, clip):
    one = {"physical_consistency": "It knows no physics."}
    part = judge.load(str(write_scope(write_judge(tmp_path), withholds=one)), "fp32").score(clip, PROMPT, think=False)
    usual = plain.score(clip, PROMPT, think=False)
    assert part.withheld == ("physical_consistency",) and part.overall is None
    assert [part.scores[key] for key in KEYS[:2]] == [usual.scores[key] for key in KEYS[:2]]
    assert part.scores["physical_consistency"].reason == one["physical_consistency"]


def test_a_known_clip_is_judged_as_without_a_detector(tmp_path, plain, clip):
    made = judge.load(str(write_scope(write_judge(tmp_path), foreign=False)), "fp32").score(clip, PROMPT, think=False)
    usual = plain.score(clip, PROMPT, think=False)
    assert replace(made, seconds=usual.seconds, model=usual.model) == usual


def test_it_is_decided_once_also_where_memory_runs_out(strict, clip, monkeypatch):
    asked, tried, think = [], [], judge.Judge._think
    monkeypatch.setattr(Scope, "foreign", lambda self, *_: asked.append(True) or True)

    def short_of_memory(self, task):
        tried.append(task.clip.frames.shape)
        if len(tried) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return (yield from think(self, task))

    monkeypatch.setattr(judge.Judge, "_think", short_of_memory)
    said = list(strict.stream(clip, PROMPT, budget=BUDGET))
    assert any(isinstance(event, events.Retry) for event in said) and len(tried) == 2
    assert said[-1].scores == WITHHELD and asked == [True]
