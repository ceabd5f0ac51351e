"""What the commands say while a slow judge works: how long it takes, for all clips, how far it is, what is left."""
import io
import re
from types import SimpleNamespace

from vs2 import events
from vs2.cli import judging
from vs2.cli.terminal import Status
from vs2.estimate import PREFILL, TOWER, Estimate
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS

JUDGE = SimpleNamespace(name="a/judge")
ENDED = Evaluation("v", "p", "a/judge", "bf16", "", {key: Score(3) for key in KEYS}, 4, Seconds(), 10)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def said(stream, plan: Estimate, clips: int = 1) -> list[str]:
    told = [events.Estimated(plan), events.Progressed(TOWER, 10, 40), events.Progressed(PREFILL, 90, 100),
            events.Thought("", 0), events.Thought("a", 3), ENDED]
    assert judging.follow(iter(told), JUDGE, Status(stream), clips=clips) is ENDED
    return [line for line in re.split(r"\r\x1b\[K|\n", stream.getvalue()) if line]


def test_a_slow_judge_says_how_long_it_takes_for_all_of_them():
    slow = Estimate(tower=60.0, prefill=60.0, token=1.0, tokens=60, most=100)
    assert said(io.StringIO(), slow) == ["a/judge will take about 3 min for this clip"]
    assert said(io.StringIO(), slow, 4) == ["a/judge will take about 3 min for this clip, and about 12 min for all 4"]
    lines = said(Terminal(), slow)
    assert re.fullmatch(r"Looking at the frames, 25 %, about \d+ min left", lines[1])
    assert re.fullmatch(r"Reading frames and prompt, 90 %, about \d+ (min|s) left", lines[2])
    assert re.fullmatch(r"Thinking, 3 tokens, about \d+ (min|s) left", lines[-1])


def test_a_quick_one_does_not():
    quick = Estimate(tower=1.0, prefill=1.0, token=0.01, tokens=60, most=100)
    assert said(io.StringIO(), quick) == []
    assert not any("left" in line for line in said(Terminal(), quick))
