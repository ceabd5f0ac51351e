"""What a client sends that is of another type: refused in a sentence by every endpoint, before anything is judged."""
import json
import time

import httpx
import pytest

from tests.support.clips import moving_square
from tests.support.ports import free_port
from tests.ui.test_pages import Scripted, close, site_of
from vs2.errors import BadInput
from vs2.ui import app, given

GOOD = {
    "evaluate": {"video": "FILE", "prompt": "p", "think": True, "budget": 64, "samples": 1, "seed": 0},
    "compare": {"videos": ["FILE", "FILE"], "prompt": "p", "prompts": None, "think": True, "budget": 64, "samples": 1,
                "seed": 0, "rule": "mean"},
    "batch": {"files": ["FILE"], "think": True, "budget": 64, "samples": 1, "seed": 0},
    "best_of": {"prompt": "p", "count": 2, "generator": "sketch", "token": "", "seed": 0, "seconds": 0, "rule": "mean",
                "fast": False, "early": False, "think": True, "budget": 64},
    "generate": {"prompt": "p", "generator": "sketch", "token": "", "seed": 0, "seconds": 0},
    "review": {"id": "x", "reviewer": "r", "verdicts": {}, "corrected": None, "passages": None, "note": None},
}
TRUTH, NUMBER, TEXT = "must be true or false", "must be a", "must be text"
WRONG = [(endpoint, name, value, says) for endpoint, name, value, says in [
    *[("evaluate", "think", value, TRUTH) for value in ("false", "", 0, 1, [], {}, None)],
    *[("evaluate", "budget", value, NUMBER) for value in ("64", True, [64], {}, 1.5, None, "NaN!", "1e999!")],
    ("evaluate", "samples", "2", NUMBER), ("evaluate", "seed", "0", NUMBER), ("evaluate", "seed", 0.5, NUMBER),
    ("evaluate", "seed", 10**40, "whole number from 0"), ("evaluate", "budget", 1e300, "maximum"),
    *[("evaluate", "prompt", value, TEXT) for value in (5, True, ["p"], {"a": 1})],
    *[("evaluate", "video", value, "place of a file") for value in (5, "clip.mp4", [], True)],
    ("compare", "think", "true", TRUTH), ("compare", "rule", 5, TEXT), ("compare", "prompts", "pp", "no list"),
    ("compare", "prompts", [1, 2], "no text"), ("compare", "videos", "FILE", "place of a file"),
    ("batch", "think", "no", TRUTH), ("batch", "samples", False, NUMBER), ("batch", "files", {}, "place of a file"),
    ("best_of", "fast", "false", TRUTH), ("best_of", "early", 1, TRUTH), ("best_of", "count", "2", NUMBER),
    ("best_of", "count", 2.5, NUMBER), ("best_of", "seconds", "1", NUMBER), ("best_of", "generator", 5, TEXT),
    ("best_of", "token", ["t"], TEXT), ("generate", "prompt", 7, TEXT), ("generate", "seed", "0", NUMBER),
    ("generate", "seconds", True, NUMBER), ("review", "id", 5, TEXT), ("review", "reviewer", ["r"], TEXT),
    ("review", "note", 5, TEXT)]]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(the address of pages, the judge, an upload as an endpoint takes it)."""
    folder = tmp_path_factory.mktemp("served")
    judge = Scripted()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
        blocks = app.build(site_of(judge, folder / "home"))
        address = app.serve(blocks, server_port=free_port())[1]
        clip = moving_square(folder / "clip.mp4", frames=4)
        with clip.open("rb") as file:
            path, = httpx.post(f"{address}gradio_api/upload", files={"files": file}, timeout=60).json()
        yield address, judge, {"path": path, "meta": {"_type": "gradio.FileData"}}
        close(blocks)


def call(address: str, endpoint: str, values: list) -> tuple[str, str]:
    """The last event of a call and what it says."""
    body = json.dumps({"data": values}).replace('"NaN!"', "NaN").replace('"1e999!"', "1e999")
    begun = httpx.post(f"{address}gradio_api/call/{endpoint}", content=body,
                       headers={"content-type": "application/json"}, timeout=60)
    if begun.status_code != 200:
        return "error", begun.text
    last, until = ("", ""), time.monotonic() + 100
    with httpx.stream("GET", f"{address}gradio_api/call/{endpoint}/{begun.json()['event_id']}", timeout=120) as lines:
        for line in lines.iter_lines():
            assert time.monotonic() < until, f"no answer to {endpoint} {values}"
            kind, _, said = line.partition(": ")
            last = (said, last[1]) if kind == "event" else (last[0], said) if kind == "data" else last
    return last


def filled(values: dict, upload: dict) -> list:
    return [upload if value == "FILE" else [upload] * len(value) if value in (["FILE"], ["FILE"] * 2) else value
            for value in values.values()]


def test_every_wrong_type_is_refused_by_name(served):
    address, judge, upload = served
    for endpoint, name, value, says in WRONG:
        before = judge.said
        kind, said = call(address, endpoint, filled({**GOOD[endpoint], name: value}, upload))
        assert kind == "error" and says in said and judge.said == before, (endpoint, name, value, kind, said)
        assert "Traceback" not in said and "validation error" not in said and len(said) < 400, said


def test_the_right_types_are_taken(served):
    address, judge, upload = served
    values = {**GOOD["evaluate"], "budget": 64.0, "seed": None}
    kind, said = call(address, "evaluate", filled(values, upload))
    assert kind == "complete" and json.loads(said)[0]["prompt"] == "p"
    kind, said = call(address, "compare", filled(GOOD["compare"], upload))
    assert kind == "complete" and judge.said


@pytest.mark.parametrize(("check", "good", "bad"), [
    (given.truth, [True, False], ["false", 0, 1, None]),
    (given.whole, [3, 3.0, -1], ["3", 3.5, True, float("nan"), None]),
    (given.number, [3, 0.5], ["3", True, float("inf"), [1], None]), (given.words, ["", "a"], [1, None, ["a"]]),
])
def test_each_check(check, good, bad):
    assert [check("x", value) for value in good] == good and check("x", None, 7) == 7
    for value in bad:
        with pytest.raises(BadInput, match="x is .*: it must be"):
            check("x", value)
