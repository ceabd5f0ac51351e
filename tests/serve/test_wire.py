"""What training code sends and reads, field by field: UniRL, Flow-Factory."""
import math

import pytest

from tests.support.scripted import ScriptedJudge, serving
from vs2.rubric import KEYS
from vs2.serve.app import Terms

SUBS = {*KEYS, "overall"}


def sample(encoded, prompt="good", **more) -> dict:
    """A request of UniRL's, as its client makes it."""
    return {"history": [{"text": prompt, "video_b64": encoded}], "required_rewards": ["videoscore2"], "metadata": None,
            "request_id": f"id of {prompt}", "sample_id": None, "group_id": "g", "source_rank": 3, "policy_version": 7,
            "scorer_version": None, "idempotency_key": "k", **more}


def asked(client, *requests) -> dict:
    answer = client.post("/score", json={"protocol_version": "1", "requests": list(requests)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_unirl_gets_numbers_or_errors_never_both(client, encoded, clip):
    said = asked(client, sample(encoded), sample(encoded, "withheld"), sample(encoded, "unread"),
                 sample(encoded, "nan"),
                 sample("AAAA"), sample(encoded, required_rewards=["videoscore2", "hpsv2"]),
                 {"history": [{"text": "good", "video_path": str(clip)}], "required_rewards": ["videoscore2"]})
    assert len(said["results"]) == len(said["errors"]) == 7 and said["protocol_version"] == "1"
    assert said["results"][0] == {"videoscore2": {"visual_quality": 4.0, "text_alignment": 3.0,
                                                  "physical_consistency": 2.0, "overall": 3.0}}
    for result, error in zip(said["results"], said["errors"], strict=True):
        assert not result.keys() & error.keys() and "videoscore2" in result.keys() | error.keys()
        for numbers in result.values():
            assert numbers.keys() == SUBS and all(math.isfinite(number) for number in numbers.values())
    assert [bool(error) for error in said["errors"]] == [False, True, True, True, True, True, False]
    assert set(said["errors"][5]) == {"hpsv2"} and "videoscore2" in said["results"][5]


def test_unirl_gets_back_who_each_sample_is(client, encoded):
    identity = asked(client, sample(encoded))["identities"][0]
    assert {name: identity[name] for name in ("request_id", "sample_id", "group_id", "source_rank", "policy_version",
                                              "idempotency_key")} \
        == {"request_id": "id of good", "sample_id": None, "group_id": "g", "source_rank": 3, "policy_version": 7,
            "idempotency_key": "k"}


def test_the_last_turn_of_a_history_is_judged(client, judge, encoded):
    turns = [{"text": "first", "image_b64": "aGk="}, {"text": "last", "video_b64": encoded}]
    assert asked(client, {"history": turns, "required_rewards": []})["results"][0]
    assert judge.seen[-1][1] == "last"
    said = asked(client, {"history": turns[:1], "required_rewards": ["videoscore2"]}, {"history": []},
                 {"history": [{"text": "a", "video_b64": encoded, "video_path": "/a"}]})
    assert all("video" in error["videoscore2"] for error in said["errors"]) and said["results"] == [{}, {}, {}]


def test_flow_factory_gets_a_number_a_video(client, frames):
    body = {"prompt": ["good", "good"], "image": None, "video": [frames, frames], "condition_images": None,
            "condition_videos": None, "kwargs": None}
    answer = client.post("/compute", json=body)
    assert answer.status_code == 200 and answer.json() == {"rewards": [3.0, 3.0]}


def test_flow_factory_is_told_of_a_missing_reward_as_its_client_reads_it(client, frames):
    """Its client raises for `error`, and would try any other status again."""
    answer = client.post("/compute", json={"prompt": ["good", "withheld"], "video": [frames, frames]})
    said = answer.json()
    assert answer.status_code == 200 and said["rewards"] == [3.0, None] and said["errors"][0] is None
    assert "video 2: " in said["error"] and "not judged" in said["error"]


@pytest.mark.parametrize("body, why", [
    ({"prompt": ["a"], "image": ["aGk="]}, "takes videos"), ({"prompt": ["a", "b"], "video": [["aGk="]]}, "1 videos"),
    ({"prompt": "a", "video": [["aGk="]]}, "prompt"), ({"video": [["aGk="]]}, "prompt")])
def test_flow_factorys_request_may_be_wrong(client, body, why):
    answer = client.post("/compute", json=body)
    assert answer.status_code == 422 and why in answer.json()["error"]


def test_frames_need_a_rate_and_flow_factory_may_get_another_number(frames):
    import httpx

    with serving(ScriptedJudge(), Terms(sub="text_alignment")) as address:
        body = {"prompt": ["good"], "video": [frames]}
        assert "give their rate" in httpx.post(f"{address}/compute", json=body, timeout=60).json()["error"]
        said = httpx.post(f"{address}/score", json={"prompt": "a", "frames": frames, "fps": 8}, timeout=60).json()
        assert said["error"] is None
    from vs2.serve.sources import Sources

    with serving(ScriptedJudge(), Terms(sources=Sources(fps=8.0), sub="text_alignment")) as address:
        assert httpx.post(f"{address}/compute", json=body, timeout=60).json() == {"rewards": [3.0]}
