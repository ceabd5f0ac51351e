"""What the running app refuses, and what it says: other names, foreign pages, closed routes, unknown ids, sizes."""
import json
import re
import time
from contextlib import contextmanager

import httpx
import pytest

from tests.support.apps import serve_app
from tests.support.clips import moving_square
from tests.support.ports import free_port

EVIL = "https://evil.example"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The real app; a traceback in its log at the end is a fault."""
    home = tmp_path_factory.mktemp("home")
    with serve_app(home, free_port()) as address:
        yield address


@pytest.fixture(scope="module")
def config(app) -> dict:
    return httpx.get(f"{app}config", timeout=60).json()


@contextmanager
def as_client(app: str, **headers):
    with httpx.Client(base_url=app, headers={name.replace("_", "-"): value for name, value in headers.items()},
                      timeout=60) as client:
        yield client


def part(config: dict, elem_id: str) -> int:
    return next(one["id"] for one in config["components"] if one["props"].get("elem_id") == elem_id)


def past(config: dict, **more) -> dict:
    """A request that lists a visitor's history."""
    return {"data": {"visitor": "a" * 32}, "component_id": part(config, "compare-board"), "fn_name": "past",
            "session_hash": "s", **more}


def sentence(answer: httpx.Response) -> str:
    said = answer.json()["detail"]
    assert isinstance(said, str) and len(said.split()) > 4 and "/tmp" not in said and "Traceback" not in said
    return said


def test_the_app_answers_to_the_names_of_this_machine_alone(app):
    """A page may point its own name at 127.0.0.1 (DNS rebinding): browsers then take the app for its own."""
    port = app.rstrip("/").rpartition(":")[2]
    for path in ("", "config", "gradio_api/info", "gradio_api/mcp/"):
        for name in ("rebound.evil.example", f"rebound.evil.example:{port}", "localhost.evil.example", "", "[",
                     "127.0.0.1.evil.example", "169.254.169.254"):
            answer = httpx.get(app + path, headers={"Host": name}, timeout=60)
            assert answer.status_code in (400, 421), (path, name)
    for name in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "LOCALHOST"):
        assert httpx.get(f"{app}config", headers={"Host": name}, timeout=60).status_code == 200


def test_the_page_of_another_site_gets_nothing(app, config):
    for headers in ({"origin": EVIL}, {"origin": "null"}, {"origin": "http://127.0.0.1:1"},
                    {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"},
                    {"origin": EVIL, "sec_fetch_site": "same-origin"}):
        with as_client(app, **headers) as foreign:
            answer = foreign.post("gradio_api/component_server", json=past(config))
            assert answer.status_code == 403 and "another site" in sentence(answer)
            assert "access-control-allow-origin" not in answer.headers
            for path in ("gradio_api/queue/join", "gradio_api/call/generate", "gradio_api/upload", "gradio_api/mcp/",
                         "gradio_api/run/predict", "gradio_api/cancel"):
                assert foreign.post(path, json={"data": []}).status_code == 403
            for path in ("logout", "login/huggingface", "gradio_api/queue/data?session_hash=s",
                         "gradio_api/heartbeat/s"):
                assert foreign.get(path).status_code == 403
            assert foreign.options("gradio_api/queue/join",
                                   headers={"access-control-request-method": "POST"}).status_code == 403


def test_its_own_pages_programs_and_links_are_let_in(app, config):
    for headers in ({}, {"origin": app.rstrip("/")}, {"origin": app.rstrip("/"), "sec_fetch_site": "same-origin"},
                    {"sec_fetch_site": "none"}):
        with as_client(app, **headers) as own:
            assert own.post("gradio_api/component_server", json=past(config)).json() == {"rows": []}
    with as_client(app, sec_fetch_site="cross-site", sec_fetch_mode="navigate") as link:
        assert link.get("?show=compare").status_code == 200
        assert link.get("logout").status_code == 403


def test_every_answer_says_what_browsers_may_do(app):
    for answer in (httpx.get(app, timeout=60), httpx.get(f"{app}gradio_api/deep_link", timeout=60),
                   httpx.get(f"{app}theme.css", timeout=60), httpx.get(app, headers={"Host": "a.example"}, timeout=60)):
        rules = dict(rule.strip().split(" ", 1) for rule in answer.headers["content-security-policy"].split(";"))
        assert rules["default-src"] == "'self'" and rules["object-src"] == "'none'"
        assert rules["frame-ancestors"].split()[:2] == ["'self'", "https://huggingface.co"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", [
    "gradio_api/deep_link?session_hash=s", "gradio_api/deep_link/?session_hash=s", "gradio_api/%64eep_link",
    "gradio_api/proxy=https://huggingface.co/", "gradio_api/dev/reload", "gradio_api/custom_component/a/client/b/c.js",
    "gradio_api/vibe-code/", "monitoring", "monitoring/summary", "gradio_api/run-history/buckets", "gradio_api/runs",
    "gradio_api/stream/s/r/1/playlist-file", "gradio_api/file/etc/passwd", "gradio_api/profiling/traces"])
def test_routes_that_nothing_here_uses_are_closed(app, path):
    answer = httpx.get(app + path, timeout=60)
    assert answer.status_code == 404 and "no such address" in sentence(answer)


@pytest.mark.parametrize("place", ["http://127.0.0.1:1/a.mp4", "https://example.com/a.mp4", "HTTP://example.com/",
                                   "//example.com/a", "ftp://example.com/a", "%2F%2Fexample.com/a", "http:%2F%2Fa.b/c",
                                   "\\\\host\\share", "file:///etc/passwd", "data:text/html,a"])
def test_files_are_served_from_here_alone(app, place):
    answer = httpx.get(f"{app}gradio_api/file={place}", timeout=60)
    assert answer.status_code == 403 and "of this app" in sentence(answer)


def test_ids_that_nobody_gave_are_refused_without_a_traceback(app, config):
    with as_client(app) as client:
        data = {"data": [], "session_hash": "s", "fn_index": 10**6}
        for wrong in (data, data | {"fn_index": -1}, data | {"fn_index": "1"}, data | {"fn_index": None},
                      data | {"fn_index": True}, data | {"fn_index": 1.5}, data | {"fn_index": 0, "batched": True},
                      data | {"fn_index": 0, "data": {}}, data | {"fn_index": 0, "session_hash": "a/../b"},
                      data | {"fn_index": 0, "session_hash": "x" * 1000}, data | {"fn_index": 0, "session_hash": 7},
                      [], "text", None):
            answer = client.post("gradio_api/queue/join", json=wrong)
            assert answer.status_code in (400, 404) and sentence(answer), wrong
        for path in ("call/nothing", "call/v2/nothing", "run/nothing", "api/nothing"):
            assert client.post(f"gradio_api/{path}", json={"data": []}).status_code == 404
        assert client.post("gradio_api/call/v2/evaluate", json={"nothing": 1}).status_code == 422
        assert client.post("gradio_api/run/evaluate", json={"data": []}).status_code == 404  # past the queue
        for path in ("queue/data?session_hash=unknown", "call/evaluate/unknown", "call/v2/evaluate/unknown"):
            answer = client.get(f"gradio_api/{path}")
            assert answer.status_code == 404 and sentence(answer)
        assert client.get("gradio_api/queue/data").status_code == 400
        for wrong in ({"component_id": 10**6}, {"component_id": "1"}, {"component_id": None}, {"fn_name": "__class__"},
                      {"fn_name": 7}, {"fn_name": "preprocess"}, {"session_hash": None}, {"session_hash": "a b"}):
            answer = client.post("gradio_api/component_server", json=past(config, **wrong))
            assert answer.status_code in (400, 404) and sentence(answer), wrong
        for broken in (b"{", b"[" * 100_000, b"\xff", b"", b'{"data": NaN'):
            assert client.post("gradio_api/component_server", content=broken).status_code == 400
            assert client.post("gradio_api/queue/join", content=broken,
                               headers={"content-type": "application/json"}).status_code == 400
        assert client.post("gradio_api/cancel", json={"session_hash": "a", "fn_index": 1, "event_id": "b"}).is_success
        assert client.post("gradio_api/component_server", files={"data": b"x"}).status_code == 415


def test_a_value_that_does_not_fit_is_one_sentence_and_names_no_path(app, tmp_path):
    outside = moving_square(tmp_path / "outside.mp4")
    for video in ({"path": str(outside), "meta": {"_type": "gradio.FileData"}}, {"path": "/etc/passwd"}, 7, ["a"]):
        with as_client(app) as client:
            asked = {"data": [video, "p", False, 64, 1, 0]}
            call = client.post("gradio_api/call/evaluate", json=asked).json()["event_id"]
            said = client.get(f"gradio_api/call/evaluate/{call}").text
        assert "event: error" in said and "/home" not in said and "blocked_paths" not in said
        assert str(outside.parent.parent) not in said.replace(str(outside), "")


def test_a_choice_that_is_not_offered_is_one_sentence(app, config):
    number = next(one["id"] for one in config["dependencies"] if [part(config, "agreement-dimension"), "change"]
                  in [list(pair) for pair in one["targets"]])
    with as_client(app) as client:
        client.post("gradio_api/queue/join", json={"fn_index": number, "session_hash": "choice", "data": [
            None, "nothing", "nothing"]})
        with client.stream("GET", "gradio_api/queue/data?session_hash=choice") as lines:
            done = next(line for line in lines.iter_lines() if "process_completed" in line)
    assert "not in the list of choices" in done


def test_what_is_no_upload_is_short(app, config):
    with as_client(app) as client:
        long = json.dumps(past(config, data="x" * 2**21)).encode()
        assert client.post("gradio_api/component_server", content=long).status_code == 413
        pieces = (b"x" * 2**20 for _ in range(24))      # without a length beforehand
        answer = client.post("gradio_api/queue/join", content=pieces)
        assert answer.status_code == 413 and "1 MB" in sentence(answer)
        answer = client.post("gradio_api/mcp/", content=b" " * (17 * 2**20),
                             headers={"content-type": "application/json"})
        assert answer.status_code == 413


def test_what_a_server_is_told_about_itself_is_not_believed(app):
    told = {"x-forwarded-host": "evil.example", "x-gradio-server": "https://evil.example", "x-forwarded-proto": "https"}
    assert "evil.example" not in httpx.get(app, headers=told, timeout=60).text
    assert "evil.example" not in httpx.get(f"{app}gradio_api/info", headers=told, timeout=60).text


def test_the_page_says_no_folder_of_the_server(app, config):
    from tests.support.apps import ROOT

    for text in (httpx.get(app, timeout=60).text, json.dumps(config), httpx.get(f"{app}gradio_api/info").text):
        assert str(ROOT) not in text and "site-packages" not in text
    started = time.monotonic()
    assert httpx.get(app, timeout=60).status_code == 200 and time.monotonic() - started < 30


def test_the_page_is_packed_and_its_files_need_not_be_asked_for_twice(app):
    with as_client(app) as client:
        page = client.get("/")
        assert page.headers["content-encoding"] == "gzip"
        name = re.search(r"\./(assets/[\w-]+\.js)", page.text)[1]
        first, again = client.get(name), client.get(name)
        assert first.content == again.content and "immutable" in first.headers["cache-control"]
        assert "content-security-policy" in again.headers and again.headers["x-content-type-options"] == "nosniff"
        assert client.get(name, headers={"if-none-match": first.headers["etag"]}).status_code in (200, 304)
