"""The real client of Inference Providers against servers in this file that speak the providers' protocols, faults too.

The server also plays the Hub, which says what each provider calls a model. No request leaves the machine.
"""
import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.clips import moving_square
from tests.support.patience import HANGING
from vs2 import generate
from vs2.errors import BadInput, Failure
from vs2.generate.protocol import Generated, Notice, Progress
from vs2.generate.providers import PROVIDERS

MODEL = "Wan-AI/Wan2.2-TI2V-5B"
TOKEN = "key-2f9c-not-for-anyone"
PROMPT = "a red ball bounces on grass"


class Server(BaseHTTPRequestHandler):
    """`server.faults`: step -> list of (status, body) or "cut", used up one a request. Steps: hub, ask, poll, video."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
        if path.startswith("/api/models/"):
            self.step("hub", self.hub)
        elif path == "/clip.mp4":
            self.step("video", lambda: self.answer(200, self.server.clip, "video/mp4"))
        else:
            self.step("poll", self.poll)

    def do_POST(self):
        self.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.step("ask", self.ask)

    def step(self, name, otherwise):
        self.server.seen.append((name, self.path, dict(self.headers), getattr(self, "body", None)))
        faults = self.server.faults.get(name)
        if not faults:
            otherwise()
            return
        fault = faults.pop(0)
        if fault == "cut":
            self.close_connection = True
            self.connection.close()
        elif fault == "late":
            time.sleep(30)
        else:
            self.answer(*fault)

    def hub(self):
        if MODEL not in self.path:
            self.answer(404, {"error": "Repository not found"}, error="RepoNotFound")
            return
        self.answer(200, {"id": MODEL, "inferenceProviderMapping": {
            name: {"status": "live", "providerId": "maker/model", "task": self.server.task} for name in PROVIDERS}})

    def ask(self):
        base = f"http://127.0.0.1:{self.server.server_port}"
        path = self.path
        if path.startswith(("/fal-ai/maker", "/maker")):
            self.answer(200, {"request_id": "r1", "status": "IN_QUEUE",
                              "response_url": "https://queue.fal.run/maker/model/requests/r1"})
        elif "/v3/hf/" in path:
            self.answer(200, {"video": {"video_url": f"{base}/clip.mp4"}})
        elif path.startswith("/v1/models/"):
            self.answer(201, {"output": self.server.output or f"{base}/clip.mp4", "model": "maker/model"}
                        if self.server.output != "none" else self.prediction("starting"))
        elif path.endswith("/v2/videos"):
            self.answer(200, {"id": "j1", "status": "queued"})
        else:
            self.answer(200, {"data": {"urls": {"get": "https://api.wavespeed.ai/api/v3/predictions/p1/result"}}})

    def prediction(self, status, **more):
        return {"output": None, "model": "maker/model", "status": status,
                "urls": {"get": "https://api.replicate.com/v1/predictions/p1"}} | more

    def poll(self):
        base = f"http://127.0.0.1:{self.server.server_port}"
        self.server.polls += 1
        ready = self.server.polls > 1 and not self.server.never
        if self.path.endswith("/status"):
            self.answer(200, {"status": "COMPLETED" if ready else "IN_PROGRESS"})
        elif "/requests/" in self.path:
            self.answer(200, {"video": {"url": f"{base}/clip.mp4"}})
        elif "/v1/predictions/" in self.path:
            self.answer(200, self.prediction("succeeded", output=f"{base}/clip.mp4") if ready
                        else self.prediction("processing"))
        elif "/v2/videos/" in self.path:
            self.answer(200, {"status": "completed", "outputs": {"video_url": f"{base}/clip.mp4"}} if ready
                        else {"status": "in_progress"})
        else:
            self.answer(200, {"data": {"status": "completed", "outputs": [f"{base}/clip.mp4"]} if ready
                              else {"status": "processing"}})

    def answer(self, status, body, kind="application/json", error=""):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", len(data)), ("X-Error-Code", error)):
            if value != "":
                self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> bytes:
    return moving_square(tmp_path_factory.mktemp("clip") / "a.mp4").read_bytes()


@pytest.fixture
def server(monkeypatch, clip):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.daemon_threads = True
    server.seen, server.faults, server.polls, server.never, server.output = [], {}, 0, False, None
    server.clip, server.task = clip, "text-to-video"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy",
                 "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()


def asker(server, provider="fal-ai", model=MODEL, token=TOKEN, **options):
    return generate.load(f"provider:{provider}/{model}", token=token, pause=0.01,
                         endpoint=f"http://127.0.0.1:{server.server_port}", **{"timeout": 120} | options)


def steps(server) -> list[str]:
    return [step for step, *_ in server.seen]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_gives_a_clip_that_plays(server, tmp_path, provider):
    events = list(asker(server, provider).stream(PROMPT, seed=5, seconds=5.0, size=(64, 64), folder=tmp_path))
    assert isinstance(events[-1], Generated)
    path, record = events[-1].path, events[-1].record
    assert path.read_bytes() == server.clip, "what plays is kept as it came"
    assert (record.width, record.height, record.frames, record.truth) == (96, 64, 12, None)
    asked = next(body for step, _, _, body in server.seen if step == "ask")
    told = asked.get("input", asked)
    assert (told["prompt"], told["seed"], told["num_frames"]) == (PROMPT, 5, 81)
    assert sum(isinstance(event, Notice) for event in events) == 2
    assert any(isinstance(event, Progress) and "waiting" in event.stage.lower() for event in events)
    assert sorted(entry.suffix for entry in tmp_path.iterdir()) == [".json", ".mp4"]


def test_a_token_of_the_hub_goes_through_the_router(server, tmp_path):
    made = asker(server, "novita", token="hf_abcdefghij").generate(PROMPT, folder=tmp_path)
    assert made.path.exists() and any(path == "/novita/v3/hf/maker/model" for _, path, _, _ in server.seen)


def test_the_token_goes_to_the_provider_and_nowhere_else(server, tmp_path, monkeypatch, capfd, caplog):
    monkeypatch.setenv("HF_DEBUG", "1")
    monkeypatch.setenv("HF_TOKEN", "hf_of_this_machine")
    caplog.set_level("DEBUG")
    started = []
    whole = subprocess.Popen

    def watched(*arguments, **options):
        started.append(repr(arguments) + repr(options.get("env")))
        return whole(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", watched)
    generator = asker(server)
    events = list(generator.stream(PROMPT, folder=tmp_path))
    sent = {step: headers.get("authorization", "") for step, _, headers, _ in server.seen}
    assert sent["ask"] == sent["poll"] == f"Key {TOKEN}" and sent["video"] == sent["hub"] == ""
    written = b"".join(entry.read_bytes() for entry in tmp_path.rglob("*") if entry.is_file()).decode("latin-1")
    shown = "".join([repr(events), repr(generator), str(generator.name), written, caplog.text, *capfd.readouterr(),
                     *started])
    assert TOKEN not in shown and "hf_of_this_machine" not in repr([headers for _, _, headers, _ in server.seen])
    server.faults["ask"] = [(401, {"error": f"the key {TOKEN} is wrong"})]
    with pytest.raises(BadInput, match=r"refused the token.*\(token\)") as raised:
        generator.generate(PROMPT, folder=tmp_path)
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("fault, kind, match", [
    ((402, {"error": "You have exceeded your monthly included credits"}), BadInput, "no credit left"),
    ((403, {"detail": "User is locked. Reason: Exhausted balance."}), BadInput, "no credit left"),
    ((401, {"error": "Invalid credentials"}), BadInput, "refused the token"),
    ((400, {"error": "prompt was flagged by content moderation"}), BadInput, "for its content"),
    ((422, {"detail": [{"loc": ["body", "num_frames"], "msg": "must be 81"}]}), BadInput, "did not take the request"),
    ((404, {"detail": "Application not found"}), BadInput, "does not make video"),
    ((500, {"error": "worker crashed"}), Failure, "failed on its side.*worker crashed"),
])
def test_what_the_provider_refuses_is_one_sentence(server, tmp_path, fault, kind, match):
    server.faults["ask"] = [fault]
    with pytest.raises(kind, match=match) as raised:
        asker(server).generate(PROMPT, folder=tmp_path)
    assert "\n" not in str(raised.value) and steps(server).count("ask") == 1, "it is not asked, and paid, twice"
    assert list(tmp_path.iterdir()) == []


def test_content_refused_after_the_queue_is_told(server, tmp_path):
    """fal answers the request for the result with 422, which the client reads as if it were one."""
    server.faults["poll"] = [(200, {"status": "COMPLETED"}), (422, {"detail": [{"type": "content_policy_violation"}]})]
    with pytest.raises(BadInput, match="for its content"):
        asker(server).generate(PROMPT, folder=tmp_path)


@pytest.mark.parametrize("provider, answer, match", [
    ("together", {"status": "failed", "error": {"message": "out of capacity"}}, "could not make.*out of capacity"),
    ("wavespeed", {"data": {"status": "failed", "error": "sampler crashed"}}, "could not make.*sampler crashed"),
])
def test_a_job_that_fails_is_told(server, tmp_path, provider, answer, match):
    server.faults["poll"] = [(200, answer)]
    with pytest.raises(Failure, match=match):
        asker(server, provider).generate(PROMPT, folder=tmp_path)


def test_what_is_safe_is_tried_again(server, tmp_path):
    server.faults = {"hub": [(503, {})], "ask": [(429, {"error": "slow down"})], "poll": ["cut", (502, {})],
                     "video": ["cut", (500, {})]}
    made = asker(server).generate(PROMPT, folder=tmp_path)
    assert made.path.read_bytes() == server.clip and not any(server.faults.values())


def test_a_request_that_may_have_arrived_is_not_made_again(server, tmp_path):
    server.faults["ask"] = ["cut"]
    with pytest.raises(Failure, match="cannot be reached"):
        asker(server).generate(PROMPT, folder=tmp_path)
    assert steps(server).count("ask") == 1


def test_models_that_are_not_there_or_not_for_video(server, tmp_path):
    with pytest.raises(BadInput, match="no model no/body"):
        asker(server, model="no/body").generate(PROMPT, folder=tmp_path)
    server.task = "text-to-image"
    with pytest.raises(BadInput, match="does not make video from text"):
        asker(server).generate(PROMPT, folder=tmp_path)
    assert "ask" not in steps(server)


def test_what_is_no_video_is_not_kept(server, tmp_path):
    server.clip = b"<html>sorry</html>"
    with pytest.raises(Failure, match="no video"):
        asker(server, "novita").generate(PROMPT, folder=tmp_path)
    server.faults["video"] = [(404, {"error": "gone"})]
    with pytest.raises(BadInput, match="does not make video|gone"):
        asker(server, "novita").generate(PROMPT, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_replicate_is_waited_for_beyond_the_minute_that_its_client_gives_it(server, tmp_path):
    server.output = "none"
    made = asker(server, "replicate").generate(PROMPT, folder=tmp_path)
    assert made.path.exists() and steps(server).count("ask") == 1 and steps(server).count("poll") == 2
    assert {headers["authorization"] for step, _, headers, _ in server.seen if step == "poll"} == {f"Bearer {TOKEN}"}
    server.faults["poll"] = [(200, {"output": None, "status": "failed", "error": "the worker died",
                                    "urls": {"get": "https://api.replicate.com/v1/predictions/p1"}})]
    with pytest.raises(Failure, match="could not make the clip.*the worker died"):
        asker(server, "replicate").generate(PROMPT, folder=tmp_path / "again")


@pytest.mark.parametrize(("prompt", "body", "match"), [
    ("a gymnast keeps her balance", {"msg": "content_policy_violation", "input": "a gymnast keeps her balance"},
     "for its content"),
    ("a safety helmet, \u201cnew\u201d", {"msg": "num_frames must be 81", "input": "a safety helmet, \u201cnew\u201d"},
     "did not take the request")])
def test_what_a_prompt_says_is_not_what_the_provider_says(server, tmp_path, prompt, body, match):
    server.faults["ask"] = [(422, {"detail": [body]})]
    with pytest.raises(BadInput, match=match):
        asker(server).generate(prompt, folder=tmp_path)


def test_a_clip_that_browsers_do_not_play_is_made_one_that_they_do(server, tmp_path, tmp_path_factory):
    server.clip = moving_square(tmp_path_factory.mktemp("m") / "a.mp4", codec="mpeg4").read_bytes()
    made = asker(server, "novita").generate(PROMPT, folder=tmp_path)
    assert made.record.details["codec"] == "h264" and made.path.read_bytes() != server.clip


@pytest.mark.parametrize("how", ["timeout", "stop", "close"])
def test_a_provider_that_never_ends_is_left(server, tmp_path, how):
    server.never = True
    stages, since = [], time.monotonic()
    generator = asker(server, timeout=6.0 if how == "timeout" else 3.0 * HANGING)
    stream = generator.stream(PROMPT, folder=tmp_path, stop=lambda: how == "stop" and server.polls > 0)
    if how == "timeout":
        with pytest.raises(Failure, match="time was up"):
            stages.extend(stream)
    elif how == "stop":
        stages.extend(stream)
    else:
        for event in stream:
            stages.append(event)
            if "in progress" in event.stage:
                break
        stream.close()
    assert not any(isinstance(event, Generated) for event in stages)
    assert time.monotonic() - since < HANGING and list(tmp_path.iterdir()) == []
    time.sleep(1.0)
    polls = server.polls
    time.sleep(2.0)
    assert server.polls == polls, "the process that asks goes on though nobody waits"


def test_what_is_asked_for_wrongly_is_said_at_once():
    for name, options, match in (
            ("provider:nobody/a/b", {"token": "t"}, "no provider 'nobody'"),
            ("provider:fal-ai/x", {"token": "t"}, "owner"),
            ("provider:fal-ai/a/b", {}, "needs a token"), ("provider:fal-ai/a/b", {"token": "a b"}, "characters"),
            ("provider:fal-ai/a/b", {"token": "t", "timeout": 0}, "timeout"),
            ("provider:fal-ai/a/b", {"token": "t", "extra": {"x": object()}}, "extra")):
        with pytest.raises(BadInput, match=match):
            generate.load(name, **options)
    listed = {one.name: one for one in generate.listing()}
    for name in PROVIDERS:
        assert not listed[f"provider:{name}/"].usable and "token" in listed[f"provider:{name}/"].remedy
    assert all(one.usable for one in generate.listing(token=True) if one.name.startswith("provider:"))
