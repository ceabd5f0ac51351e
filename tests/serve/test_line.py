"""The line before the judge: batches, its bound, what stops and what breaks."""
import threading
import time

import numpy as np
import pytest

from tests.support.patience import eventually
from tests.support.scripted import GOOD, ScriptedJudge
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation
from vs2.options import Options
from vs2.serve.line import Full, Job, Line, Stopping
from vs2.video.memory import clip_of

FAST, SLOW = Options(think=False), Options()


def clip(size=(56, 56), count=4):
    return clip_of(np.zeros((count, *size, 3), np.uint8), 8.0)


def job(prompt="a", options=FAST, read=None):
    return Job(read or (lambda sampling: clip()), prompt, options)


@pytest.fixture
def go():
    """Lets the judge work."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def line(go):
    made = Line(ScriptedJudge(go=go), batch=3, waiting=8)
    yield made
    go.set()
    made.close()


def entered(line, *jobs):
    line.enter(jobs)
    return jobs


def test_clips_are_judged_in_batches_in_their_order(line, go):
    first, = entered(line, job("0"))
    assert line.judge.begun.wait(60)
    rest = entered(line, *(job(str(number)) for number in range(1, 7)))
    assert eventually(lambda: line._ready.qsize() == 6)
    go.set()
    assert all(isinstance(one.answer.result(60), Evaluation) for one in (first, *rest))
    assert line.judge.batches == [1, 3, 3] and line.waiting == 0


@pytest.mark.parametrize("several,batches", [
    ((FAST, FAST, SLOW, FAST, Options(think=False, samples=2), FAST), [1, 2, 1, 1, 1, 1]),
    ((SLOW, SLOW, SLOW, SLOW, FAST, Options(frames=2), Options(frames=2)), [1, 3, 1, 1, 2]),
    ((Options(samples=2), Options(samples=2), Options(published=True), Options(published=True)), [1, 1, 1, 1, 1]),
])
def test_what_is_judged_alike_shares_a_batch_and_nothing_overtakes_it(several, batches, line, go, monkeypatch):
    monkeypatch.setattr("vs2.serve.line.PATIENCE", 1.0)      # the seventh comes when the line has room, however busy
    entered(line, job("0"))
    assert line.judge.begun.wait(60)
    jobs = []
    for number, options in enumerate(several, 1):
        jobs += entered(line, job(str(number), options))
        # Two readers would race; the line holds six.
        assert eventually(lambda wanted=min(number, 6): line._ready.qsize() == wanted)
    go.set()
    for one in jobs:
        one.answer.result(60)
    assert line.judge.batches == batches
    assert [prompt for _, prompt in line.judge.seen] == [str(number) for number in range(len(several) + 1)]


def test_clips_that_are_thought_about_together_are_of_like_size(line, go):
    entered(line, job("0"))
    assert line.judge.begun.wait(60)
    jobs = []
    for number, count in enumerate((64, 32, 16, 64), 1):      # of 8 a second, a quarter is looked at
        jobs += entered(line, job(str(number), SLOW, lambda sampling, count=count: clip(count=count)))
        assert eventually(lambda wanted=number: line._ready.qsize() == wanted)
    go.set()
    for one in jobs:
        one.answer.result(60)
    assert line.judge.batches == [1, 2, 1, 1]


def test_a_batch_of_large_clips_is_small(monkeypatch, line, go):
    monkeypatch.setattr("vs2.serve.line.PIXELS", 2 * clip().frames.size // 3)
    entered(line, job())
    assert line.judge.begun.wait(60)
    jobs = entered(line, *(job() for _ in range(5)))
    assert eventually(lambda: line._ready.qsize() == 5)
    go.set()
    for one in jobs:
        one.answer.result(60)
    assert line.judge.batches == [1, 2, 2, 1]


def test_a_full_line_takes_nothing_and_says_when_to_come_back(line, go):
    jobs = entered(line, *(job() for _ in range(8)))
    with pytest.raises(Full) as full:
        line.enter([job()])
    assert full.value.seconds >= 1 and "8 clips are waiting" in str(full.value) and line.waiting == 8
    jobs[-1].answer.cancel()                            # somebody left
    assert line.waiting == 7
    with pytest.raises(Full):
        line.enter([job(), job()])                      # all or none
    last, = entered(line, job("last"))
    go.set()
    assert last.answer.result(60).prompt == "last"


def test_the_time_to_come_back_grows_with_what_is_ahead():
    def slow(sampling):
        time.sleep(0.2)         # reading counts: the judge alone would be far quicker
        return clip()

    line = Line(ScriptedJudge(), batch=1, waiting=8, readers=1)
    try:
        jobs = entered(line, *(job(read=slow) for _ in range(8)))
        for one in jobs[:4]:
            one.answer.result(60)
        line.enter([job(read=slow) for _ in range(8 - line.waiting)])
        with pytest.raises(Full) as one:
            line.enter([job()])
        with pytest.raises(Full) as many:
            line.enter([job() for _ in range(8)])
        assert one.value.seconds < many.value.seconds and many.value.seconds >= 2
    finally:
        line.close()
    assert line._pause(100) == 1        # it is empty: nothing is known


def test_what_nobody_waits_for_is_neither_read_nor_judged(line, go):
    read = []
    entered(line, job("0"))
    assert line.judge.begun.wait(60)
    jobs = entered(line, job("1"), job("2"), job("3"))
    assert eventually(lambda: line._ready.qsize() == 3)
    assert jobs[1].answer.cancel()
    go.set()
    jobs[2].answer.result(60)
    late = job("late", read=lambda sampling: read.append(1))
    assert late.answer.cancel()
    entered(line, late, after := job("after"))
    after.answer.result(60)
    assert [prompt for _, prompt in line.judge.seen] == ["0", "1", "3", "after"] and not read and line.waiting == 0


def test_a_fault_is_its_own_clips_alone(line, go):
    def bad(sampling):
        raise BadInput("It is no video.")

    def broken(sampling):
        raise KeyError("nobody foresaw this")

    go.set()
    jobs = entered(line, job("good"), job(read=bad), job(read=broken), job(" "), job("good"))
    with pytest.raises(BadInput, match="no video"):
        jobs[1].answer.result(60)
    with pytest.raises(Failure, match=r"unexpectedly \(KeyError\)"):
        jobs[2].answer.result(60)
    assert isinstance(jobs[3].answer.exception(60), BadInput)
    assert jobs[0].answer.result(60).overall == jobs[4].answer.result(60).overall == 3.0


def test_a_clip_that_breaks_the_judge_does_not_take_its_batch_with_it(go):
    def says(clip, prompt):
        if prompt == "break":
            raise ZeroDivisionError
        return GOOD

    line = Line(ScriptedJudge(says, go=go), batch=4)
    try:
        jobs = entered(line, job("first"), job("a"), job("break"), job("b"))
        assert eventually(lambda: line._ready.qsize() + sum(line.judge.batches) == 4)
        go.set()
        assert isinstance(jobs[2].answer.exception(60), Failure)
        assert all(jobs[place].answer.result(60).overall == 3.0 for place in (0, 1, 3))
    finally:
        go.set()
        line.close()


@pytest.mark.parametrize("options", [FAST, SLOW])
def test_a_judge_that_breaks_fails_its_batch_and_works_on(options):
    def says(clip, prompt):
        if prompt == "break":
            raise ZeroDivisionError
        if prompt == "memory":
            raise Failure("Memory ran out.")
        return GOOD

    line = Line(ScriptedJudge(says), batch=1)
    try:
        broken, memory, good = entered(line, job("break", options), job("memory", options), job("a", options))
        with pytest.raises(Failure, match="unexpectedly"):
            broken.answer.result(60)
        assert isinstance(memory.answer.exception(60), Failure)
        assert good.answer.result(60).overall == 3.0 and line.waiting == 0
    finally:
        line.close()


def test_stopping_answers_what_is_judged_and_refuses_the_rest(line, go):
    first, = entered(line, job("0"))
    assert line.judge.begun.wait(60)
    rest = entered(line, *(job() for _ in range(7)))
    closing = threading.Thread(target=line.close)
    closing.start()
    assert eventually(lambda: line._stopping)
    with pytest.raises(Stopping):
        line.enter([job()])
    time.sleep(0.05)
    go.set()
    closing.join(60)
    assert not closing.is_alive() and first.answer.result(0).overall == 3.0
    assert all(isinstance(one.answer.exception(0), Stopping) for one in rest) and line.waiting == 0
