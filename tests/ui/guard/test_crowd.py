"""One client that asks for everything at once: others, and the pages, are served meanwhile. Against the running app."""
import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.apps import serve_app
from tests.support.clips import moving_square
from tests.support.patience import eventually
from tests.support.ports import free_port

OTHER = "127.0.0.2"     # another client: on Linux the whole of 127.0.0.0/8 is this machine
SOON = 30.0             # seconds, on a busy machine


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with serve_app(tmp_path_factory.mktemp("home"), free_port()) as address:
        until = time.monotonic() + 120
        clip = moving_square(tmp_path_factory.mktemp("clip") / "first.mp4")
        while "event: complete" not in judged(address, uploaded(address, clip)) and time.monotonic() < until:
            time.sleep(0.5)     # the model is loaded
        yield address


@pytest.fixture(scope="module")
def config(app) -> dict:
    return httpx.get(f"{app}config", timeout=60).json()


def client(app: str, address: str = "127.0.0.1", **options) -> httpx.Client:
    return httpx.Client(base_url=app, timeout=120, transport=httpx.HTTPTransport(
        local_address=address, limits=httpx.Limits(max_connections=200)), **options)


def uploaded(app: str, clip, address: str = "127.0.0.1") -> dict:
    with client(app, address) as one, clip.open("rb") as file:
        path, = one.post("gradio_api/upload", files={"files": file}).json()
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def judged(app: str, video: dict, address: str = "127.0.0.1") -> str:
    with client(app, address) as one:
        asked = one.post("gradio_api/call/evaluate", json={"data": [video, "a square", False, 16, 1, 0]})
        if asked.status_code != 200:
            return asked.text
        return one.get(f"gradio_api/call/evaluate/{asked.json()['event_id']}").text


def function(config: dict, elem_id: str, event: str) -> dict:
    """The number of what an event of a component calls, and how many values it takes."""
    part = next(one["id"] for one in config["components"] if one["props"].get("elem_id") == elem_id)
    found = next(one for one in config["dependencies"] if [part, event] in [list(pair) for pair in one["targets"]])
    return {"fn_index": found["id"], "count": len(found["inputs"]), "part": part}


def all_of(app: str, config: dict, address: str, video: dict) -> list[float]:
    """Seconds until a page, one of its cheap events and an evaluation of one address were answered."""
    taken = []
    with client(app, address) as one:
        for work in (lambda: one.get("").status_code == 200,
                     lambda: opened(one, config),
                     lambda: "event: complete" in judged(app, video, address)):
            started = time.monotonic()
            assert work()
            taken.append(time.monotonic() - started)
    return taken


def opened(one: httpx.Client, config: dict) -> bool:
    """What a tab of the page asks for, as a browser does."""
    part = next(one["id"] for one in config["components"] if one["props"].get("elem_id") == "agreement-pairing")
    number = next(dep["id"] for dep in config["dependencies"] if [part, "change"] in map(list, dep["targets"]))
    session = secrets.token_hex(6)
    values = [{"visitor": "a" * 32}, "judge", "visual_quality"]
    answer = one.post("gradio_api/queue/join", json={"fn_index": number, "session_hash": session, "data": values})
    if answer.status_code != 200:
        return False
    with one.stream("GET", "gradio_api/queue/data", params={"session_hash": session}) as lines:
        done = next(line for line in lines.iter_lines() if "process_completed" in line)
        return json.loads(done.removeprefix("data: "))["success"]


def test_many_calls_of_a_slow_function_hold_up_nobody(app, config, tmp_path):
    """The board's `prepare` opens a clip and makes a copy for browsers; Gradio calls it past its queue."""
    slow = moving_square(tmp_path / "slow.avi", codec="mpeg4", frames=1500, fps=10, size=(640, 360))
    quick = moving_square(tmp_path / "quick.mp4")
    clips = [uploaded(app, _another(slow, number)) for number in range(4)]
    part = function(config, "compare-board", "select")["part"]
    answers, started = [], time.monotonic()

    def post(number: int) -> None:
        with client(app) as one:
            said = {"data": {**clips[number % 4], "name": "slow.avi"}, "component_id": part, "fn_name": "prepare",
                    "session_hash": f"s{number}"}
            answers.append((time.monotonic() - started, one.post("gradio_api/component_server", json=said).json()))

    with ThreadPoolExecutor(45) as many:
        posts = [many.submit(post, number) for number in range(45)]
        time.sleep(2)
        taken = all_of(app, config, OTHER, uploaded(app, quick, OTHER))
        assert not all(one.done() for one in posts), "the clip was too quick for this test"
        for one in posts:
            one.result()
    assert max(taken) < SOON, taken
    refused = [answer["problem"] for _, answer in answers if answer.get("problem")]
    assert len(refused) >= 30 and all("try again" in problem for problem in refused)
    assert any(answer.get("player") for _, answer in answers), "those in their turn were served"


def _another(clip, number: int):
    """A file with the same pictures and another content."""
    made = clip.with_name(f"{number}-{clip.name}")
    made.write_bytes(clip.read_bytes() + bytes([number]) * 8)
    return made


def test_calls_that_nobody_listens_to_leave_places(app, config, tmp_path):
    quick = moving_square(tmp_path / "quick.mp4")
    video = uploaded(app, quick)
    with client(app) as one:
        said = [one.post("gradio_api/call/evaluate", json={"data": [video, "a", True, 2048, 8, n]})
                for n in range(85)]
    assert {answer.status_code for answer in said} == {200, 429}
    assert "your address" in next(answer.json()["detail"] for answer in said if answer.status_code == 429)
    taken = all_of(app, config, OTHER, uploaded(app, quick, OTHER))
    with client(app) as one:
        assert one.get("").status_code == 200 and opened(one, config), "the pages are there for that address too"
    print("seconds of another:", taken)


def test_invented_visitors_leave_places_and_learn_why_on_the_page(app, config, tmp_path):
    quick = moving_square(tmp_path / "quick.mp4")
    video, run = uploaded(app, quick), function(config, "evaluate", "click")
    stop, said, codes = threading.Event(), [], []

    def join(number: int) -> None:
        session = secrets.token_hex(6)
        data = [{**video, "name": "a.mp4"}, "a square", True, 2048, 8, number, "", {"visitor": secrets.token_hex(16)},
                0, 0]
        with client(app) as one:
            answer = one.post("gradio_api/queue/join", json={
                "fn_index": run["fn_index"], "session_hash": session, "data": data})
            codes.append(answer.status_code)
            if answer.status_code != 200:
                return
            with one.stream("GET", "gradio_api/queue/data", params={"session_hash": session}) as lines:
                for line in lines.iter_lines():
                    said.append(line)
                    if stop.is_set() or "process_completed" in line:
                        return

    with ThreadPoolExecutor(66) as many:
        joins = [many.submit(join, number) for number in range(66)]
        eventually(lambda: len(codes) == 66 and any("from your network" in line for line in list(said)), 400)
        try:
            with client(app) as one:
                started = time.monotonic()
                assert one.get("").status_code == 200 and opened(one, config)
                assert time.monotonic() - started < SOON
            with client(app, OTHER) as one:
                assert opened(one, config)
                asked = one.post("gradio_api/call/evaluate", json={
                    "data": [uploaded(app, quick, OTHER), "a", False, 16, 1, 0]})
                assert asked.status_code == 200, "another has a place in the line"
        finally:
            stop.set()
        for one in joins:
            one.result()
    assert set(codes) <= {200, 429} and codes.count(429) >= 30
    assert any("from your network" in line for line in said), "the line's own sentence is reached"
    assert all(json.loads(line.removeprefix("data: ")) for line in said if line.startswith("data: "))
