"""Fifty clients at once: every clip is answered, once, with its own scores; who is refused is told when to return."""
import tempfile
import threading

import httpx
import pytest

from perf.serve import QUEUE, measured
from tests.support.patience import eventually
from tests.support.scripted import ScriptedJudge, serving
from vs2.serve.app import Terms


def test_fifty_clients_lose_nothing():
    found = measured(50, 2.0)
    assert found["lost"] == found["wrong"] == found["other"] == 0 and found["answered"] == found["sent"] >= 50
    assert found["judged"] == found["answered"]         # none twice, though many asked again
    assert found["429"] > 0 and max(found["batches"]) <= 8 < QUEUE


def test_who_leaves_is_not_judged_for_and_who_comes_to_a_full_line_is_told_when_to_return(encoded, tmp_path,
                                                                                                  monkeypatch):
    go, body = threading.Event(), {"prompt": "first", "base64": encoded}
    judge, answers = ScriptedJudge(go=go), []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))     # others serve beside this
    with serving(judge, Terms(waiting=2)) as address, httpx.Client(base_url=address, timeout=120) as client:
        first = threading.Thread(target=lambda: answers.append(httpx.post(f"{address}/score", json=body, timeout=120)))
        first.start()
        assert judge.begun.wait(60)
        answer = client.post("/score", json={"items": [body, body]})
        assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1 and "waiting" in answer.text
        answer = client.post("/score", json={"items": [body] * 3})
        assert answer.status_code == 413 and "may have 2 clips" in answer.json()["error"]
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{address}/score", json=body | {"prompt": "leaves"}, timeout=httpx.Timeout(60, read=2))
        assert eventually(lambda: client.get("/health").json()["waiting"] == 1)
        go.set()
        first.join(60)
        assert client.post("/score", json=body | {"prompt": "last"}).status_code == 200
    assert answers[0].status_code == 200 and [prompt for _, prompt in judge.seen] == ["first", "last"]
    assert not list(tmp_path.glob("vs2-serve-*"))       # nothing is left behind
