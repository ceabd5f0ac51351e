"""The plain form: a clip by address, upload, base64, frames or path; alone and in a batch."""
import io
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from PIL import Image

from tests.support.clips import picture
from vs2.rubric import KEYS


def zipped(count=8) -> bytes:
    """A zip of numbered pictures."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for index in range(count):
            one = io.BytesIO()
            Image.fromarray(picture(index, count)).save(one, "PNG")
            packed.writestr(f"frame_{index:03}.png", one.getvalue())
    return out.getvalue()


@pytest.fixture
def public(clip, monkeypatch):
    """The clip's folder, served under an address that is taken for a public one."""
    async def verified(host):
        return "127.0.0.1"

    monkeypatch.setattr("safehttpx.async_validate_url", verified)
    handler = partial(SimpleHTTPRequestHandler, directory=clip.parent)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://public.example:{server.server_address[1]}"
        server.shutdown()


def whole(answer) -> dict:
    """The answer's result, which is whole."""
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert result["error"] is None and result["overall"] == 3.0
    assert [result["scores"][key]["expected"] for key in KEYS] == [4.0, 3.0, 2.0]
    return result


def test_a_clip_comes_in_each_way(client, judge, clip, encoded, frames, public):
    judge.seen.clear()
    for said in ({"base64": encoded}, {"base64": f"data:video/mp4;base64,{encoded}"}, {"path": str(clip)},
                 {"url": f"{public}/a.mp4"}, {"frames": frames}, {"frames": frames, "fps": 8.0}):
        whole(client.post("/score", json={"prompt": "a red square", **said}))
    with clip.open("rb") as file:
        assert whole(client.post("/score", files={"video": ("mine.mp4", file)},
                                 data={"prompt": "a red square"}))["video"] == "mine.mp4"
    packed = {"video": ("frames.zip", zipped())}
    whole(client.post("/score", files=packed, data={"prompt": "a red square", "fps": "8"}))
    assert {prompt for _, prompt in judge.seen} == {"a red square"} and len(judge.seen) == 8
    assert len({clip.frames.shape for clip, _ in judge.seen}) == 1
    assert {clip.metadata.fps for clip, _ in judge.seen} == {8.0}


def test_a_batch_answers_each_clip_in_its_place(client, encoded, frames):
    items = [{"prompt": "good", "base64": encoded}, {"prompt": "withheld", "base64": encoded},
             {"prompt": "unread", "frames": frames}, {"prompt": "nan", "base64": encoded},
             {"prompt": "good", "base64": "AAAA"}, {"prompt": " ", "base64": encoded}, {"prompt": "good"},
             {"prompt": "good", "url": "http://127.0.0.1:9/a.mp4"}, {"prompt": "good", "frames": frames, "fps": 0.0}]
    answer = client.post("/score", json={"items": items})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [result["error"] is None for result in results] == [True] + [False] * 8
    why = [result["error"] for result in results]
    assert why[1] == ("Visual quality, Text-to-video alignment, Physical and common-sense consistency were not judged: "
                      "It is no such clip.")
    assert results[1]["overall"] is None and results[1]["scores"]["visual_quality"]["expected"] is None
    assert "alignment could not be read" in why[2] and "alignment could not be read" in why[3]
    assert "not a video" in why[4] and "prompt is empty" in why[5] and "by none" in why[6]
    assert "could not be fetched" in why[7] and "fps is 0.0" in why[8]
    assert all("scores" not in result for result in results[4:])


def test_one_clip_alone_that_has_no_reward_is_no_success(client, encoded):
    for prompt, status in (("good", 200), ("withheld", 422), ("unread", 422), (" ", 422)):
        answer = client.post("/score", json={"prompt": prompt, "base64": encoded})
        assert answer.status_code == status and (answer.json()["error"] is None) == (status == 200), prompt


def test_uploads_are_one_or_several(client, clip):
    data = clip.read_bytes()
    several = [("video", ("a.mp4", data)), ("video", ("b.mp4", b"no video"))]
    results = client.post("/score", files=several, data={"prompt": "good"}).json()["results"]
    assert results[0]["error"] is None and results[0]["video"] == "a.mp4" and "b.mp4" in results[1]["error"]
    results = client.post("/score", files=several[:1] * 2, data={"prompt": ["good", "withheld"]}).json()["results"]
    assert [result["error"] is None for result in results] == [True, False]
    for files, fields, why in ((several, {"prompt": ["a", "b", "c"]}, "2 files and 3 prompts"),
                               (several, {}, "0 prompts"), (several, {"prompt": "a", "colour": "red"}, "colour"),
                               ({"video": ("a.mp4", data)}, {"prompt": "a", "budget": "many"}, "budget"),
                               ({"file": ("a.mp4", data)}, {"prompt": "a"}, "file")):
        answer = client.post("/score", files=files, data=fields)
        assert answer.status_code == 422 and why in answer.json()["error"], answer.text


def test_how_to_judge_is_said_by_the_request(client, judge, encoded):
    judge.batches.clear()
    judge.options.clear()
    whole(client.post("/score", json={"prompt": "good", "base64": encoded, "think": True, "budget": 16}))
    many = {"items": [{"prompt": "good", "base64": encoded}] * 6}
    assert len(client.post("/score", json=many).json()["results"]) == 6
    assert judge.options[0]["think"] and judge.options[0]["budget"] == 16
    assert not any(one["think"] for one in judge.options[1:])
    assert judge.batches[0] == 1 and sum(judge.batches) == 7
    answer = client.post("/score", json=many | {"budget": 0})
    assert answer.status_code == 422 and "budget is 0" in answer.json()["error"]


def test_the_server_tells_of_itself(client):
    health = client.get("/health").json()
    assert health["status"] == "ok" and health["model"] == "scripted"
    assert health["rewards"] == {"videoscore2": ["ready"]}
    told = client.get("/rewards").json()
    assert told == {"rewards": ["videoscore2"], "subs": {"videoscore2": [*KEYS, "overall"]}}
    described = client.get("/openapi.json").json()
    assert {"/score", "/compute", "/health", "/rewards", "/metrics"} <= described["paths"].keys()
    forms = described["paths"]["/score"]["post"]["requestBody"]["content"]
    for one in forms["application/json"]["schema"]["oneOf"]:
        assert one["$ref"].rsplit("/", 1)[-1] in described["components"]["schemas"]
    assert "multipart/form-data" in forms
    assert client.get("/docs").status_code == 404 == client.get("/redoc").status_code     # pages with scripts from afar


def test_prometheus_is_told_what_came_of_the_clips(client, encoded):
    from prometheus_client.parser import text_string_to_metric_families as parsed

    def counts() -> dict:
        return {(one.name, *sorted(one.labels.values())): one.value
                for family in parsed(client.get("/metrics").text) for one in family.samples}

    before = counts()
    items = [{"prompt": prompt, "base64": encoded} for prompt in ("good", "good", "withheld", " ")]
    client.post("/score", json={"items": items})
    after = counts()
    moved = {key: after[key] - before.get(key, 0) for key in after if key[0] == "vs2_clips_total"}
    assert {key[1]: value for key, value in moved.items() if value} == {"scored": 2, "missing": 1, "refused": 1}
    assert after["vs2_requests_total", "/score", "200"] > before.get(("vs2_requests_total", "/score", "200"), 0)
    assert after[("vs2_waiting_clips",)] == 0 and after[("vs2_batch_clips_count",)] > 0
