"""This process's judge: clips are read ahead, like ones share a batch, and the scores are those of each alone."""
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.support.clips import moving_square
from tests.support.tiny import write_tiny
from tests.support.withholding import scores
from vs2 import judge as judging
from vs2.batch.engines import here
from vs2.batch.engines.here import AHEAD, BATCH, GROWING, Here, Read, batches
from vs2.batch.engines.processes import Processes
from vs2.batch.engines.task import Task
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation, Seconds
from vs2.video.sampling import Sampling


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    torch.set_num_threads(1)
    return judging.load(str(write_tiny(tmp_path_factory.mktemp("tiny"))), "fp32")


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    sizes = [(112, 84), (84, 112), (112, 112), (56, 56), (112, 84)]
    clips = [moving_square(folder / f"{n}.mp4", frames=8 + 2 * n, size=size) for n, size in enumerate(sizes)]
    (folder / "no.mp4").write_text("no video")
    clips.insert(2, folder / "no.mp4")
    return [Task(n, clip, "a red square " * (n + 1)) for n, clip in enumerate(clips)]


def never() -> bool:
    return False


def clip(*shape) -> SimpleNamespace:
    return SimpleNamespace(frames=np.empty((*shape, 3), np.uint8))


def of_size(*sizes) -> list[Read]:
    return [Read(Task(n, None, ""), clip(*size) if size else None, None if size else BadInput("no"), 0.0)
            for n, size in enumerate(sizes)]


def numbers(found) -> list[list[int]]:
    return [[one.task.number for one in batch] for batch in found]


@pytest.mark.parametrize("options", [{"think": False, "seed": 3}, {"budget": 6}], ids=str)
def test_a_rows_scores_are_those_of_its_clip_alone(judge, tasks, options):
    found = list(Here(judge, options).judge(tasks, never))
    assert [number for number, _ in found] == [task.number for task in tasks]
    for task, (_, outcome) in zip(tasks, found, strict=True):
        if task.path.name == "no.mp4":
            assert isinstance(outcome, BadInput)
            continue
        wanted = judge.score(task.path, task.prompt, **options)
        assert replace(outcome, scores={}, seconds=wanted.seconds) == replace(wanted, scores={})
        assert outcome.seconds.read > 0 and outcome.seconds.total == pytest.approx(
            outcome.seconds.read + outcome.seconds.think, rel=0.1)
        for key, score in wanted.scores.items():
            assert outcome.scores[key].value == score.value
            assert outcome.scores[key].distribution == pytest.approx(score.distribution, abs=1e-4)


def test_only_like_clips_that_follow_each_other_share_a_batch(monkeypatch):
    found = of_size((4, 100, 100), (6, 100, 100), (9, 100, 100), (4, 100, 100), (), (4, 100, 100))
    assert numbers(batches(found, 8)) == [[0, 1], [2], [3], [4], [5]]
    assert numbers(batches(of_size(*[(2, 9, 9)] * 5), 2)) == [[0, 1], [2, 3], [4]]
    assert numbers(batches(found, 1)) == [[n] for n in range(6)]
    monkeypatch.setattr(here, "PIXELS", 100_000)
    assert numbers(batches(found, 8)) == [[0, 1], [2], [3], [4], [5]]
    assert numbers(batches(of_size((5, 100, 100), (5, 100, 100), (5, 100, 100)), 8)) == [[0, 1], [2]]


def said(name, prompt) -> Evaluation:
    return Evaluation(name, prompt, "m", "fp32", "", scores(3, 3, 3), 1, Seconds(), 1)


class Counting:
    """Takes note of what it is asked for together."""

    sampling = Sampling()

    def __init__(self, breaks=False):
        self.asked, self.breaks, self.options = [], breaks, []

    def score(self, *_, **__):
        raise AssertionError("it takes clips")

    def score_clip(self, clip, prompt, *, name, read, **options):
        self.asked.append([prompt])
        if prompt == "2":
            raise ZeroDivisionError("oops")
        return said(name, prompt)

    def score_many(self, clips, prompts, *, stop, **options):
        self.asked.append(list(prompts))
        self.options.append(options)
        if self.breaks:
            raise ZeroDivisionError("oops")
        return [said("", prompt) for prompt in prompts]


def many(count: int) -> list[Task]:
    return [Task(n, Path(f"{n}.mp4"), str(n)) for n in range(count)]


def test_batches_do_not_depend_on_how_quickly_a_clip_was_read(monkeypatch):
    def read(slow, path, sampling, fps=None):
        time.sleep(0.05 if int(str(path)[0]) % 3 == slow else 0)
        return clip(2, 9, 9)

    for slow in range(3):
        monkeypatch.setattr(here.video, "read", partial(read, slow))
        judge = Counting()
        assert len(list(Here(judge, {"think": False}).judge(many(10), never))) == 10
        assert judge.asked == [[str(n) for n in range(BATCH)], ["8", "9"]]


def test_a_row_that_breaks_a_batch_does_not_take_the_others_along(monkeypatch, caplog):
    monkeypatch.setattr(here.video, "read", lambda *_, **__: clip(2, 9, 9))
    judge = Counting(breaks=True)
    found = [outcome for _, outcome in Here(judge, {"think": False}).judge(many(4), never)]
    assert judge.asked == [["0", "1", "2", "3"], ["0"], ["1"], ["2"], ["3"]]
    assert [isinstance(outcome, Evaluation) for outcome in found] == [True, True, False, True]
    assert isinstance(found[2], Failure) and "ZeroDivisionError" in str(found[2])
    assert "A batch of 4 failed" in caplog.text and "oops" in caplog.text


def test_clips_are_read_ahead_but_not_far(monkeypatch):
    begun, go_on = [], threading.Event()

    def read(path, sampling, fps=None):
        begun.append(path)
        if len(begun) == AHEAD:
            go_on.set()
        return clip(2, 9, 9)

    monkeypatch.setattr(here.video, "read", read)
    for options, most in (({"samples": 2}, 1 + AHEAD), ({}, 2 * GROWING)):
        begun.clear()
        judging_ = Here(Counting(), options).judge(many(60), never)
        next(judging_)
        assert go_on.wait(60), "the next ones are read while the first is looked at"
        time.sleep(0.1)
        assert len(begun) <= most
        judging_.close()
        assert len(begun) <= most


def test_with_thinking_larger_batches_grow_and_stop_ends_them(monkeypatch):
    monkeypatch.setattr(here.video, "read", lambda *_, **__: clip(2, 9, 9))
    judge = Counting()
    assert len(list(Here(judge, {"budget": 5}).judge(many(20), never))) == 20
    assert [len(batch) for batch in judge.asked] == [GROWING, 4] and judge.options == [{"think": True, "budget": 5}] * 2
    judge = Counting()
    assert len(list(Here(judge, {"samples": 2}).judge(many(3), never))) == 3 and len(judge.asked) == 3

    def stopped(*_, **__):
        judge.stop = True
        raise Failure("It was stopped.")

    judge.stop, judge.score_many = False, stopped
    assert list(Here(judge, {}).judge(many(20), lambda: judge.stop)) == []


def test_stop_ends_it_between_batches(monkeypatch):
    monkeypatch.setattr(here.video, "read", lambda *_, **__: clip(2, 9, 9))
    judge = Counting()
    found = Here(judge, {"think": False}).judge(many(20), lambda: bool(judge.asked))
    assert [number for number, _ in found] == list(range(BATCH)) and len(judge.asked) == 1


def counting(note: Path) -> Counting:
    """A judge that notes in a file which clips it is asked for together."""
    judge = Counting()
    many = judge.score_many

    def score_many(clips, prompts, **options):
        with note.open("a") as file:
            file.write(" ".join(prompts) + "\n")
        return many(clips, prompts, **options)

    judge.score_many = score_many
    return judge


def test_processes_read_ahead_and_judge_in_the_same_batches(tasks, tmp_path):
    made = [replace(tasks[0], number=n, prompt=f"p{n}") for n in range(1, 37)]
    note = tmp_path / "asked"
    found = list(Processes(partial(counting, note), 2, {"think": False}).judge(made, never))
    assert sorted(number for number, _ in found) == list(range(1, 37))
    assert all(outcome.prompt == f"p{number}" for number, outcome in found)
    asked = [line.split() for line in note.read_text().splitlines()]
    wanted = [[f"p{n}" for n in range(start, min(start + BATCH, 37))] for start in range(1, 37, BATCH)]
    assert sorted(asked) == sorted(wanted)
