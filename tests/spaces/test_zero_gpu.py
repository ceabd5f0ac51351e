"""On a ZeroGPU Space, with the real `spaces` package: loading, judgements in lent forks, waiting, time asked for.

Each test of it runs in a process of its own (tests.spaces.zero_space says what is replaced there), because the package
changes torch for the whole process as soon as it is imported.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vs2
from tests.support.tiny import write_tiny
from vs2.errors import BadInput
from vs2.events import Scored, Thought
from vs2.judge import load
from vs2.model import attention, weights
from vs2.settings import zero_gpu
from vs2.ui import loan

ROOT = Path(__file__).resolve().parents[2]
CLIP = str(ROOT / "assets" / "examples" / "good.mp4")
PROMPT = "a red ball bounces on grass"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Spaces run on Linux")


def space(scenario: str, *arguments) -> dict:
    """What a scenario found in a new process, as a ZeroGPU Space starts one."""
    done = subprocess.run([sys.executable, "-m", "tests.spaces.zero_space", scenario, *map(str, arguments)], cwd=ROOT,
                          capture_output=True, text=True, timeout=900,
                          env=os.environ | {"SPACES_ZERO_GPU": "true", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("which", ["mini", "tiny"])
def test_weights_load_into_the_imitation_of_cuda(which, tmp_path):
    folder = ROOT / "assets" / "mini" if which == "mini" else write_tiny(tmp_path / "tiny")
    found = space("loading", folder)
    for precision, types in (("bf16", ["bfloat16"]), ("4bit", ["bfloat16", "uint8"])):
        loaded = found[precision]
        assert loaded["precision"] == precision and loaded["devices"] == ["cuda"] and loaded["types"] == types
        assert loaded["packed"] > 0 and loaded["quantised_tower"] == 0
    assert not found["bf16"]["quantised"] and found["4bit"]["quantised"] > 0


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> dict:
    text = tmp_path_factory.mktemp("zero") / "text.mp4"
    text.write_text("This is no video.\n", encoding="utf-8")
    return space("judgements", "bf16", CLIP, text)


WHOLE = ["Reading", "FramesRead", "Borrowing", "Borrowed", "Thought", "Scored", "Evaluation"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_judgement_in_a_lent_fork_is_the_one_made_here(judged):
    fresh, idle = judged["fresh"], judged["idle"]
    assert judged["start"] == ["startup-report"]
    assert fresh["events"] == idle["events"] == WHOLE
    assert fresh["calls"] == ["schedule", "lend", "allow", "release"] and fresh["idle"] == [False]
    assert idle["calls"] == ["schedule", "lend", "release"] and idle["idle"] == [True], "the fork was used again"
    judge = load("mini", "bf16", plain=False)       # as on a GPU, which is transformers'
    attention.ungroup(judge.model)      # as on any GPU: in bfloat16 other products round otherwise
    here = judge.score(CLIP, PROMPT, budget=48).to_dict()
    for there in (fresh["evaluation"], idle["evaluation"]):
        assert there["rationale"] == here["rationale"] and there["reply"] == here["reply"]
        assert there["frames"] == here["frames"] and there["video"] == CLIP and there["seconds"]["read"] > 0
        for key, score in here["scores"].items():
            assert there["scores"][key]["value"] == score["value"]
            assert there["scores"][key]["expected"] == pytest.approx(score["expected"], abs=1e-3)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_options_and_stops_reach_the_fork(judged):
    direct, several, stopped, after = (judged[name] for name in ("direct", "several", "stopped", "after"))
    assert direct["evaluation"]["rationale"] == "" and direct["evaluation"]["scores"]["visual_quality"]["confidence"]
    assert direct["seconds"] == ["22"] and several["seconds"] == ["23"], "what each was asked to be lent for"
    assert len(several["evaluation"]["samples"]) == 3 and len({*map(str, several["evaluation"]["samples"])}) > 1
    assert stopped["events"][-1] == "Thought" and not stopped["evaluation"]
    assert stopped["calls"] == ["schedule", "lend", "release"], "the GPU is given back, and not as a failure"
    assert after["events"] == WHOLE and after["idle"] == [True]
    assert after["evaluation"]["reply"] == judged["fresh"]["evaluation"]["reply"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name, says, events", [
    ("text", "text.mp4 holds text", ["Reading"]), ("empty", "prompt is empty", []), ("range", "budget is 1000000", []),
    ("long", "lower the thinking budget", [])])
def test_no_gpu_is_borrowed_for_what_cannot_be_judged(judged, name, says, events):
    found = judged[name]
    assert found["problem"][0] == "BadInput" and says in found["problem"][1]
    assert found["events"] == events and found["calls"] == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_four_bit_weights_survive_the_move(monkeypatch):
    found = space("four_bit", CLIP)
    monkeypatch.setattr(weights, "choose", lambda checkpoint, wanted, where, free: wanted)  # NF4 on a CPU, too
    here = vs2.load("mini", "4bit").score(CLIP, PROMPT, think=False).to_dict()
    assert found["calls"] == ["schedule", "lend", "allow", "release"]
    assert found["evaluation"]["reply"] == here["reply"] and found["evaluation"]["precision"] == "4bit"
    for key, score in here["scores"].items():
        assert found["evaluation"]["scores"][key]["expected"] == pytest.approx(score["expected"], abs=0.02)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_loans_wait_for_nobody_else_and_a_wait_can_be_given_up():
    found = space("together", CLIP)
    assert found["two"]["ended"] == [True, True] and found["two"]["most"] == 2, "both GPUs were lent at once"
    assert found["one"]["ended"] == [True, True] and found["one"]["most"] == 1, "one visitor's, one after another"
    given_up = found["given up"]
    assert given_up["events"] == ["Reading", "FramesRead", "Borrowing"] and not given_up["in_line"]
    assert "problem" not in given_up and given_up["calls"] == ["schedule", "queue", "leave"], "and no GPU was lent"
    assert found["then"]["events"][-1] == "Evaluation"


@pytest.mark.parametrize("said, means", [("true", True), ("1", True), ("T", True), ("false", False), ("0", False),
                                         ("", False), (None, False)])
def test_what_a_zerogpu_space_is(said, means):
    assert zero_gpu({} if said is None else {"SPACES_ZERO_GPU": said}) is means


@pytest.fixture
def hardware(monkeypatch):
    """A function that makes this a ZeroGPU Space whose hardware has that factor, at whose judge nobody looked yet."""
    def make(factor: float) -> None:
        monkeypatch.setenv("SPACES_ZERO_GPU", "true")
        monkeypatch.setattr(loan, "factor", lambda: factor)
        monkeypatch.setattr(loan, "PACE", loan.Pace())
    return make


@pytest.mark.parametrize("factor", [1.0, 1.3, 1.5, 2.0])
@pytest.mark.parametrize("budget, samples", [(1024, 1), (64, 8), (1500, 1), (2048, 2)])
def test_the_time_asked_for_is_within_what_the_hardware_lends(hardware, factor, budget, samples):
    hardware(factor)
    try:
        loan.check(True, budget, samples)
    except BadInput as problem:
        room = int(str(problem).split("budget to ")[1].split()[0])
        assert room < budget
        budget = room
        loan.check(True, budget, samples)       # what it advises is let through
        with pytest.raises(BadInput):
            loan.check(True, budget + 20, samples)
    asked = loan.asked(True, budget, samples)
    assert round(asked * factor) == loan.cost(True, budget, samples) <= loan.MOST_SECONDS
    assert asked * factor >= loan.START * factor + budget * loan.PACE.token(samples) - factor


def events_of(tokens: int, seconds: float) -> list:
    """(time, event) of a rationale."""
    return [(0.0, Thought("a", 1)), (seconds / 2, Thought("b", tokens // 2)), (seconds, Thought("c", tokens)),
            (seconds + 9, Scored({}))]


def watch(tokens: int, seconds: float, samples: int = 1) -> None:
    now = [0.0]
    stopwatch = loan.Stopwatch(type("Asked", (), {"think": True, "samples": samples}), lambda: now[0])
    for now[0], event in events_of(tokens, seconds):
        stopwatch.take(event)


def test_the_pace_is_measured_here(hardware):
    hardware(1.5)
    assumed = loan.PACE.token()
    assert assumed == pytest.approx(1.5 / loan.RATE) and not loan.PACE.measured
    for _ in range(loan.FEW):
        watch(20, 9.0)                          # too few tokens, and several rationales at once, say nothing
        watch(401, 9.0, samples=4)
    assert not loan.PACE.measured
    for seconds in (8.0, 80.0, 10.0):
        watch(401, seconds)
    assert loan.PACE.measured and loan.PACE.token() == pytest.approx(10 / 400 * loan.MARGIN)
    assert loan.PACE.token(3) == pytest.approx(loan.PACE.token() * (1 + 2 * loan.MORE))
    assert loan.cost(True, 1024, 1) < round(1.5 * (loan.START + 1024 / loan.RATE)), "one that was slow decides nothing"
    for _ in range(loan.KEPT):
        watch(401, 200.0)
    with pytest.raises(BadInput, match="lower the thinking budget"):
        loan.check(True, 1024, 1)


def test_the_hardware_is_told_by_the_package(monkeypatch):
    """`duration_factor` as the package reads it, in a process where it is a ZeroGPU Space."""
    code = ("import os; os.environ.update(SPACES_ZERO_GPU='true', SPACES_ZERO_DEVICE_API_URL='http://127.0.0.1:9')\n"
            "import warnings; warnings.simplefilter('ignore')\n"
            "import spaces\nfrom spaces.zero import config\nfrom vs2.ui import loan\n"
            "found = [loan.factor()]\n"
            "config.get_config.cache_clear()\n"
            "config._read_gpu_information = lambda: 'Model: NVIDIA RTX PRO 6000 Blackwell Server Edition'\n"
            "found.append(loan.factor())\n"
            "spaces.zero._default_gpu_size = 'xlarge'\n"
            "found.append(loan.factor())\nprint(found)")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines()[-1] == "[1.0, 1.5, 1.0]", done.stderr
