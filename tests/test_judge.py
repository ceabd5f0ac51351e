"""The judge: its events, its record, determinism, turns, stopping, and what it does when memory runs out."""

import json
import re
import subprocess
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from tests.support.clips import moving_square
from tests.support.tiny import write_tiny
from vs2 import events, judge, video
from vs2.answer import read
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.model import generation
from vs2.model.generation import Reply
from vs2.model.mixture import mix
from vs2.options import Options
from vs2.rubric import DIRECT, KEYS, REASONED
from vs2.settings import Settings

CARD = {
    "query": "Judge this: $t2v_prompt",
    "fps": 2,
    "max_frames": 4,
    "pixels": [28 * 28, 112 * 112],
    "knows": "Nothing.",
}
PROMPT = "a red square moves to the right"
BUDGET = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.set_num_threads(1)
    folder = write_tiny(tmp_path_factory.mktemp("tiny"))
    (folder / "vs2.json").write_text(json.dumps(CARD), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tiny(folder):
    return judge.load(str(folder), "fp32")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "square.mp4", frames=16, size=(224, 160))


def facts(evaluation: Evaluation) -> dict:
    """All of a record but its times, and how it was asked."""
    return replace(evaluation, seconds=Seconds(), options=None).to_dict()


@pytest.fixture(scope="module")
def reference(tiny, clip):
    return facts(tiny.score(clip, PROMPT, budget=BUDGET))


def test_the_stream_tells_everything_in_order(tiny, clip, reference):
    said = list(tiny.stream(clip, PROMPT, budget=BUDGET))
    kinds = [type(event) for event in said]
    assert kinds[:2] == [events.Reading, events.FramesRead] and kinds[-2:] == [events.Scored, Evaluation]
    assert set(kinds[2:-2]) == {events.Thought}
    last = said[-1]
    assert said[0].video == last.video == str(clip) and last.prompt == PROMPT
    assert "".join(event.text for event in said[2:-2]).strip() == last.rationale
    assert said[-2].scores == last.scores and last.truncated and not last.unread
    assert last.reply.endswith(REASONED.end) and last.frames == len(last.frame_times) == len(said[1].clip.frames) == 4
    assert last.tokens >= said[-3].tokens > BUDGET and "/tiny" in last.model and last.precision == "fp32"
    assert 0 < last.seconds.think <= last.seconds.total and 0 < last.seconds.read < last.seconds.total
    for score in last.scores.values():
        assert sum(score.distribution) == pytest.approx(1) and 1 <= score.expected <= 5
        assert score.confidence is None, "one reasoned reply says nothing about how sure it is"
    assert facts(last) == reference
    assert Evaluation.from_dict(json.loads(json.dumps(last.to_dict(), allow_nan=False))) == last


def test_the_same_clip_gets_the_same_scores(tiny, clip, reference):
    sampled = tiny.score(clip, PROMPT, budget=BUDGET, samples=3, temperature=2.0, seed=5)
    assert facts(tiny.score(clip, PROMPT, budget=BUDGET)) == reference
    assert facts(tiny.score(clip, PROMPT, budget=BUDGET, seed=9, temperature=0.1)) == reference
    again = tiny.score(clip, PROMPT, budget=BUDGET, samples=3, temperature=2.0, seed=5)
    assert facts(sampled) == facts(again)
    other = tiny.score(clip, PROMPT, budget=BUDGET, samples=3, temperature=2.0, seed=6)
    assert other.samples != again.samples


@pytest.mark.slow
def test_another_process_gives_the_same_scores(folder, clip, reference):
    code = (
        "import json, sys, torch, vs2; torch.set_num_threads(1); "
        "e = vs2.load(sys.argv[1], 'fp32').score(sys.argv[2], sys.argv[3], budget=int(sys.argv[4])); "
        "print(json.dumps(e.to_dict()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(clip), PROMPT, str(BUDGET)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert facts(Evaluation.from_dict(json.loads(done.stdout))) == reference


def test_what_is_shown_and_asked_matters(tiny, clip, tmp_path, reference):
    other = moving_square(tmp_path / "blue.mp4", frames=16, size=(224, 160), colour=(10, 10, 250))
    given = [
        facts(tiny.score(*what, think=False))["scores"] for what in ((clip, PROMPT), (other, PROMPT), (clip, "a cow"))
    ]
    assert given[0] != given[1] and given[0] != given[2]


def test_without_thinking_it_claims_a_confidence(tiny, clip):
    quick = tiny.score(clip, PROMPT, think=False)
    assert (
        quick.rationale == "" and quick.reply.startswith(DIRECT.leads[0]) and not quick.truncated and not quick.unread
    )
    for score in quick.scores.values():
        assert (
            score.confidence == max(score.distribution)
            and score.value == score.distribution.index(score.confidence) + 1
        )


def test_several_samples_are_mixed(tiny, clip):
    mixed = tiny.score(clip, PROMPT, budget=BUDGET, samples=4, temperature=2.0)
    assert len(mixed.samples) == 4 and mixed.samples[mixed.shown]["rationale"] == mixed.rationale
    assert len({sample["rationale"] for sample in mixed.samples}) > 1
    for score in mixed.scores.values():
        assert score.confidence == max(score.distribution) and sum(score.distribution) == pytest.approx(1)


def reply(values, spread=None, **more) -> Reply:
    """A reply that gave these digits (None: unread), each with the distribution `spread`."""
    text = "<think>x</think>" + "".join(
        f"{lead}{value or 'none'}" for lead, value in zip(REASONED.leads, values, strict=True)
    )
    return Reply(
        text,
        (1, 2),
        read(text),
        {key: spread if value else None for key, value in zip(KEYS, values, strict=True)},
        **more,
    )


def test_a_mixture_is_the_mean_of_the_readable_ones():
    a, b = (0.0, 0.0, 0.9, 0.1, 0.0), (0.0, 0.0, 0.0, 0.6, 0.4)
    scores = mix([reply((3, 3, None), a), reply((4, None, None), b), reply((None,) * 3)], Options(samples=3))
    assert scores[KEYS[0]].distribution == pytest.approx((0, 0, 0.45, 0.35, 0.2))
    assert (scores[KEYS[0]].value, scores[KEYS[0]].confidence) == (3, pytest.approx(0.45))
    assert scores[KEYS[0]].expected == pytest.approx(3.75)
    assert (scores[KEYS[1]].value, scores[KEYS[1]].confidence) == (3, None), "one readable reply is no mixture"
    assert scores[KEYS[2]].value is scores[KEYS[2]].expected is scores[KEYS[2]].distribution is None


def mixed(tiny, clip, monkeypatch, *replies) -> Evaluation:
    """What the judge makes of these replies."""
    def generate(*_):
        yield generation.Piece("x", 1)
        return [replace(one, text=f"reply {n}", ids=(1,) * (n + 1), answer=replace(one.answer, rationale=f"words {n}"))
                for n, one in enumerate(replies)]

    monkeypatch.setattr(generation, "generate", generate)
    return tiny.score(clip, PROMPT, samples=len(replies))


def sure(*values) -> Reply:
    """A reply that is as sure as can be of its digits."""
    made = reply(values)
    return replace(made, distributions={key: value and tuple(float(s == value) for s in range(1, 6))
                                        for key, value in zip(KEYS, values, strict=True)})


def test_the_rationale_shown_is_one_that_gave_the_scores_shown(tiny, clip, monkeypatch):
    drawn = sure(5, 4, 3), sure(4, 4, 3), sure(5, 4, 2), sure(4, 4, 2), sure(4, 4, 2)
    made = mixed(tiny, clip, monkeypatch, *drawn)
    assert [made.scores[key].value for key in KEYS] == [4, 4, 2]
    assert (made.shown, made.rationale, made.reply, made.tokens) == (3, "words 3", "reply 3", 15)
    assert [sample["rationale"] for sample in made.samples] == [f"words {n}" for n in range(5)], "in the order drawn"
    assert made.differing() == {} and made.aside == ""
    assert made.differing(0) == {KEYS[0]: 5, KEYS[2]: 3} and made.differing(2) == {KEYS[0]: 5}
    assert Evaluation.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_where_no_reply_gave_the_scores_the_first_is_shown_and_says_what_it_gave(tiny, clip, monkeypatch):
    made = mixed(tiny, clip, monkeypatch, sure(5, 4, 5), sure(4, 5, 5), sure(5, 5, None))
    assert [made.scores[key].value for key in KEYS] == [5, 5, 5] and made.shown == 0 and made.rationale == "words 0"
    assert made.differing() == {KEYS[1]: 4}
    assert made.aside == "This sample gave another score: Text-to-video alignment 4, where all samples together say 5."
    assert made.differing(2) == {KEYS[2]: None}, "what it did not say is not what is shown"


def test_what_was_not_judged_is_no_difference_and_older_records_are_read(tiny, clip, monkeypatch):
    made = mixed(tiny, clip, monkeypatch, sure(5, 4, 5), sure(4, 5, 5), sure(5, 5, 4))
    withheld = replace(made, scores=made.scores | {KEYS[1]: Score(reason="No scene.")})
    assert withheld.differing() == {} and withheld.aside == ""
    old = {name: value for name, value in made.to_dict().items() if name not in ("shown", "looped")}
    read_again = Evaluation.from_dict(old)
    assert read_again.shown == 0 and not read_again.looped and read_again.differing() == {KEYS[1]: 4}
    bare = replace(made, samples=({"rationale": "a"}, {"rationale": "b"}))
    assert bare.differing() == {} and replace(made, samples=()).differing() == {}


def test_a_loop_is_marked_on_the_record(tiny, clip, monkeypatch):
    lost = replace(sure(3, 3, 3), truncated=True, looped=True, notes=("It repeated itself.",))
    made = mixed(tiny, clip, monkeypatch, sure(3, 3, 3), lost)
    assert made.looped and made.truncated and "Reply 2 of 2: It repeated itself." in made.warnings
    assert made.to_dict()["looped"] is True and not mixed(tiny, clip, monkeypatch, sure(3, 3, 3)).looped


def test_a_digit_without_a_distribution_still_counts():
    alone = mix([reply((3, 3, 3))], Options())[KEYS[0]]
    assert (alone.value, alone.expected, alone.distribution) == (3, None, None)
    assert (
        mix([reply((3, 3, 3)), reply((4, 4, 4), (0, 0, 0, 1.0, 0))], Options(samples=2))[KEYS[0]].expected == 3.5
    )


def test_an_unread_score_is_null_and_says_so(tiny, clip, monkeypatch):
    def generate(*_):
        yield generation.Piece("x", 1)
        return [
            reply((3, None, 2), (0.0, 0.1, 0.9, 0.0, 0.0), notes=("Not read from the reply: Text-to-video alignment.",))
        ]

    monkeypatch.setattr(generation, "generate", generate)
    made = tiny.score(clip, PROMPT)
    assert made.unread == ("text_alignment",) and made.overall is None
    assert made.to_dict()["scores"]["text_alignment"] == dict.fromkeys(
        ("value", "expected", "distribution", "confidence", "reason")
    )
    assert any("Text-to-video alignment" in warning for warning in made.warnings)


@pytest.fixture
def starve(tiny, monkeypatch):
    """Makes the model run out of memory where `when(calls so far, patches of this call)` is true."""
    monkeypatch.setenv("VS2_GRAPHS", "0")       # a captured step on a GPU is no call
    hooks, calls = [], []

    def arm(when, error=torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")):
        def hook(model, args, kwargs):
            pixels = kwargs.get("pixel_values_videos")
            calls.append(0 if pixels is None else len(pixels))
            if when(len(calls), calls[-1]):
                raise error

        hooks.append(tiny.model.register_forward_pre_hook(hook, with_kwargs=True))
        return calls

    yield arm
    for hook in hooks:
        hook.remove()


def test_out_of_memory_is_retried_with_half_the_pixels(tiny, clip, starve, reference):
    calls = starve(lambda _, patches: patches > 20)
    said = list(tiny.stream(clip, PROMPT, budget=BUDGET))
    retries = [event for event in said if isinstance(event, events.Retry)]
    sizes = [event.clip.frames.shape[1:3] for event in said if isinstance(event, events.FramesRead)]
    assert len(retries) == 2 and len(sizes) == 3
    assert all(h * w <= H * W / 2 and h % 28 == w % 28 == 0 for (H, W), (h, w) in zip(sizes, sizes[1:], strict=False))
    assert [patches for patches in calls if patches][-1] <= 20
    assert said[-1].warnings == tuple(event.reason for event in retries) and "28 x 28" in said[-1].warnings[-1]
    assert not said[-1].unread and said[-1].frames == 4


def test_out_of_memory_while_thinking_begins_again(tiny, clip, starve):
    starve(lambda number, _: number == 24)
    said = list(tiny.stream(clip, PROMPT, budget=30))
    at = next(number for number, event in enumerate(said) if isinstance(event, events.Retry))
    assert any(isinstance(event, events.Thought) for event in said[:at])
    assert "".join(event.text for event in said[at:] if isinstance(event, events.Thought)).strip() == said[-1].rationale
    assert said[-1].tokens < 2 * len(tiny.processor.tokenizer(said[-1].reply)["input_ids"])


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("x"),
        RuntimeError("MPS backend out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_memory_that_never_suffices_is_one_clear_line(tiny, clip, starve, error, reference):
    calls = starve(lambda *_: True, error)
    with pytest.raises(Failure, match="Memory ran out"):
        tiny.score(clip, PROMPT, budget=BUDGET)
    assert 2 <= len(calls) <= judge.RETRIES + 1


def test_other_errors_are_not_swallowed_and_the_judge_lives_on(tiny, clip, reference):
    hook = tiny.model.register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tiny.score(clip, PROMPT, budget=BUDGET)
    hook.remove()
    assert facts(tiny.score(clip, PROMPT, budget=BUDGET)) == reference


@pytest.mark.parametrize("after", range(5))
def test_closing_at_any_event_ends_the_work_and_frees_the_judge(tiny, clip, after, reference):
    calls = []
    hook = tiny.model.register_forward_pre_hook(lambda *_: calls.append(1))
    stream = tiny.stream(clip, PROMPT, budget=500)
    for _ in range(after):
        next(stream)
    stream.close()
    made = len(calls)
    hook.remove()
    assert made <= max(0, after - 2) * (generation.HEARTBEAT + 1) and len(calls) == made
    assert not torch.is_inference_mode_enabled() and not tiny._turn.locked()
    assert facts(tiny.score(clip, PROMPT, budget=BUDGET)) == reference


def test_stop_ends_the_stream_without_a_record(tiny, clip):
    asked = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 4

    said = list(tiny.stream(clip, PROMPT, budget=500, stop=stop))
    assert not any(isinstance(event, Evaluation | events.Scored) for event in said) and len(asked) == 5
    with pytest.raises(Failure, match="stopped"):
        tiny.score(clip, PROMPT, stop=lambda: True)


def test_two_threads_take_turns_and_change_nothing(tiny, clip, tmp_path, reference):
    other = moving_square(tmp_path / "blue.mp4", frames=16, size=(224, 160), colour=(10, 10, 250))
    alone, together = [facts(tiny.score(path, PROMPT, budget=BUDGET)) for path in (clip, other)], {}

    def work(number, path):
        together[number] = facts(tiny.score(path, PROMPT, budget=BUDGET))

    threads = [threading.Thread(target=work, args=(number, (clip, other)[number % 2])) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[number] for number in range(4)] == alone * 2


def test_a_clip_read_already_gives_the_same(tiny, clip, reference):
    made = tiny.score_clip(video.read(clip, tiny.card.sampling), PROMPT, budget=BUDGET, name=str(clip))
    assert facts(made) == reference
    assert tiny.score_clip(video.read(clip, tiny.card.sampling), PROMPT, think=False).video == clip.name


def test_bad_input_is_refused(tiny, clip, tmp_path):
    with pytest.raises(BadInput, match="samples"):
        tiny.stream(clip, PROMPT, samples=0)
    with pytest.raises(BadInput, match="does not exist"):
        tiny.score(tmp_path / "no.mp4", PROMPT)
    with pytest.raises(BadInput, match="prompt is empty"):
        tiny.score(clip, "  ")
    with pytest.raises(BadInput, match="no precision 'int8'"):
        judge.load("mini", "int8")


def test_auto_is_what_the_environment_or_the_device_says(folder, monkeypatch):
    settings = Settings.read({"VS2_MODEL": str(folder), "VS2_PRECISION": "bf16"})
    made = judge.load(settings=settings)
    assert (made.name, made.precision, made.model.dtype) == (str(folder), "bf16", torch.bfloat16)
    assert made.card.knows == "Nothing."
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert judge.default_name(Settings()) == "TIGER-Lab/VideoScore2"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert judge.default_name(Settings()) == "mini"


def test_a_clip_too_small_to_shrink_gives_up():
    tiny_clip = SimpleNamespace(frames=torch.zeros(2, 28, 28, 3, dtype=torch.uint8).numpy())
    with pytest.raises(Failure, match="Memory"):
        judge._smaller(tiny_clip, 0)


def test_caps_are_what_is_seen_what_is_recorded_and_what_is_said(tiny, tmp_path):
    path = moving_square(tmp_path / "clip.mp4", frames=32, fps=8, size=(160, 90))
    whole = tiny.score(path, PROMPT, think=False)
    assert whole.frames == 4 and (whole.options["frames"], whole.options["pixels"]) == (None, None)
    few = tiny.score(path, PROMPT, think=False, frames=2, pixels=28 * 56)
    said = re.compile(r"The judge saw 2 frames of \d+ x 28, as asked; by this judge's own limits it would have seen 4")
    assert few.frames == 2 and (few.options["frames"], few.options["pixels"]) == (2, 28 * 56)
    assert any(map(said.match, few.warnings)) and not any("as asked" in one for one in whole.warnings)
    read = tiny.score_clip(video.read(path, tiny.card.sampling), PROMPT, think=False, frames=2)
    assert read.frames == 2 and any("as asked" in warning for warning in read.warnings)
    for wrong in ({"frames": 1}, {"frames": 4.0}, {"frames": True}, {"pixels": 783}, {"pixels": "many"},
                  {"frames": 8, "published": True}):
        with pytest.raises(BadInput):
            tiny.score(path, PROMPT, **wrong)


def test_a_slow_judge_says_how_long_it_takes_and_how_far_it_is(tiny, tmp_path, monkeypatch):
    from vs2.model import chunks

    path = moving_square(tmp_path / "clip.mp4", frames=32, fps=8, size=(160, 90))
    quick = list(tiny.stream(path, PROMPT, budget=BUDGET))
    monkeypatch.setattr(chunks, "MOST_AT_ONCE", 0)
    slow = list(tiny.stream(path, PROMPT, budget=BUDGET))
    kinds = [type(event) for event in slow]
    assert kinds[:4] == [events.Reading, events.FramesRead, events.Estimated, events.Progressed]
    assert not {events.Estimated, events.Progressed} & {type(event) for event in quick}
    assert slow[-1].to_dict()["scores"] == quick[-1].to_dict()["scores"] and slow[-1].reply == quick[-1].reply
    estimate = slow[2].estimate
    assert estimate.tower > 0 and estimate.prefill > 0 and (estimate.tokens, estimate.most) == (BUDGET, BUDGET)
    assert [event for event in slow if isinstance(event, events.Progressed)][-1].stage == "prefill"
    again, = (event.estimate for event in tiny.stream(path, PROMPT, budget=BUDGET)
              if isinstance(event, events.Estimated))
    assert again != estimate, "what it took is known by now"
    together = tiny.score_many([path, path], [PROMPT, PROMPT])
    assert [one.scores for one in together] == [tiny.score(path, PROMPT, think=False).scores] * 2
