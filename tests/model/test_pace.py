"""How long a judgement will take: timed on the model's own layers, counted for a clip, corrected by what was."""
from dataclasses import replace

import pytest
import torch

from tests.model.test_chunks import drained, inputs, small, tiny  # noqa: F401
from vs2 import events
from vs2.estimate import PREFILL, TOWER, TYPICAL, Countdown, Estimate, rounded
from vs2.model import pace
from vs2.model.tokens import Wire
from vs2.options import Options

EACH = pace.Pace(patch=0.004, square=1e-7, row=0.04, place=1e-6, far=1e-5, step=0.3, more=0.1)


def test_what_is_timed_is_the_models_own_layers_and_all_are_there_afterwards(tiny):  # noqa: F811
    model, _ = tiny
    visual, language = model.model.visual, model.model.language_model
    before = list(visual.blocks), list(language.layers)
    called = []
    hooks = [part.register_forward_pre_hook(lambda module, _: called.append(module))
             for part in (visual.blocks[0], language.layers[0], model.lm_head)]
    found = pace.calibrate(model)
    for hook in hooks:
        hook.remove()
    assert {visual.blocks[0], language.layers[0], model.lm_head} <= set(called)
    assert (list(visual.blocks), list(language.layers)) == before
    assert found.patch > 0 and found.row > 0 and found.step > found.row and found.far > 0 and found.place > 0


def test_a_model_that_fails_has_its_layers_back(tiny, monkeypatch):  # noqa: F811
    model, _ = tiny
    before = list(model.model.language_model.layers)

    def full(*_, **__):
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(model.model.language_model.layers[0], "forward", full)
    with pytest.raises(torch.OutOfMemoryError):
        pace.calibrate(model)
    assert list(model.model.language_model.layers) == before


def test_parts_are_counted_from_the_clip_and_the_options(tiny):  # noqa: F811
    wire = Wire.of(tiny[1].tokenizer)
    one = pace.estimate(EACH, (5, 34, 52), 2500, Options(), wire, TYPICAL, read=2.0)
    assert one.tower == pytest.approx(5 * 1768 * (0.004 + 1768e-7))
    assert one.prefill == pytest.approx(2500 * 0.04 + 2500**2 / 2 * 1e-6 + 0.3)
    assert one.token == pytest.approx(0.3 + 2700e-5) and (one.tokens, one.most, one.rows) == (400, 1024, 1)
    assert one.total == pytest.approx(2 + one.tower + one.prefill + 400 * one.token) and one.slow
    assert one.longest == pytest.approx(one.total + 624 * one.token)
    several = pace.estimate(EACH, (5, 34, 52), 2500, Options(samples=5, budget=100), wire, TYPICAL, read=2.0)
    assert (several.tower, several.prefill) == (one.tower, one.prefill), "samples share them"
    assert several.tokens == 100 and several.token == pytest.approx(0.3 + 4 * 0.1 + 5 * 2550e-5)
    direct = pace.estimate(EACH, (5, 34, 52), 2500, Options(think=False), wire, TYPICAL)
    assert direct.tokens == 2 and direct.total < one.total - 100
    assert not Estimate(tower=1.0).slow


def test_what_a_judgement_took_mends_the_next_estimate():
    watch, planned = pace.Stopwatch(), Estimate(0, 10.0, 20.0, 0.5, 400, 1024)
    assert watch.tokens == TYPICAL and watch.corrected(planned) == planned
    lap = watch.watch(planned, Options())

    def judged():
        yield from (events.Progressed(TOWER, 0, 4), events.Progressed(TOWER, 4, 4), events.Progressed(TOWER, 4, 4),
                      events.Progressed(PREFILL, 0, 9), events.Progressed(PREFILL, 9, 9),
                      events.Thought("", 0), *(events.Thought("a", number) for number in range(1, 31)))
        return "replies"

    told, value = drained(lap.followed(judged()))
    assert value == "replies" and len(told) == 36
    found = watch.corrected(planned)
    assert all(getattr(found, part) < getattr(planned, part) / 10 for part in ("tower", "prefill", "token"))
    cut = watch.watch(planned, Options(budget=20))
    for event in (events.Thought("", 0), events.Thought("a", 18), events.Thought("b", 56)):
        cut.take(event)
    assert cut._last[0] == 18, "what was put in its mouth, all at once, is no pace"
    assert watch.tokens == 30 and replace(found, tower=10.0, prefill=20.0, token=0.5) == planned


def test_the_countdown_goes_by_the_estimate_and_then_by_what_it_sees():
    now = [0.0]
    left = Countdown(lambda: now[0])
    assert left.left is None and left.share is None
    left.take(events.Estimated(Estimate(1.0, 40.0, 60.0, 0.5, 100, 1024)))
    assert left.left == pytest.approx(150)
    left.take(events.Progressed(TOWER, 0, 100))
    now[0] = 2.0
    assert left.left == pytest.approx(148) and left.share == 0
    left.take(events.Progressed(TOWER, 50, 100))
    now[0] = 40.0       # twice as slow as was planned
    assert left.left == pytest.approx(40 + 60 + 50) and left.share == 0.5
    left.take(events.Progressed(PREFILL, 0, 200))
    assert left.left == pytest.approx(60 + 50)
    left.take(events.Thought("", 0))
    assert left.left == pytest.approx(50) and left.share is None
    now[0] = 60.0
    left.take(events.Thought("a", 20))      # a second each
    assert left.left == pytest.approx(80)
    left.take(events.Thought("b", 120))
    assert left.left is None, "nobody knows how long it goes on"
    left.take(events.Retry("Memory ran out."))
    assert left.left is None


def test_replies_that_are_written_together_are_counted_once():
    now = [0.0]
    left = Countdown(lambda: now[0])
    left.take(events.Estimated(Estimate(token=1.0, tokens=100, most=1024, rows=5)))
    left.take(events.Thought("", 0))
    now[0] = 20.0
    left.take(events.Thought("a", 100))     # 20 of each
    assert left.left == pytest.approx(80)


def test_people_are_told_round_times():
    assert [rounded(seconds) for seconds in (0, 12, 33, 58, 170, 290)] == [
        (5, False), (10, False), (35, False), (1, True), (3, True), (5, True)]
