"""Downloads from a Hub that runs in this file: whole, broken off and resumed, refused, out of reach, and too big.

The server speaks as much of the Hub's protocol as a download needs; the client is the real one, in a process of its
own, so that its cache and its address are this test's.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.apps import ROOT
from tests.support.patience import HANGING
from vs2.model import hub

SHA = "0123456789abcdef0123456789abcdef01234567"
BREAK = 22 * 2**20  # the client writes 10 MiB at a time, so a break has to come later to leave something
WEIGHTS = bytes(range(256)) * 2**10 * 100  # 25 MiB
FILES = {
    "config.json": b'{"model_type": "qwen2_5_vl"}',
    "tokenizer.json": b"{}",
    "model.safetensors": WEIGHTS,
    "chat_template.jinja": b"x",
    "merges.txt": b"y",
    "pytorch_model.bin": b"pickle",
    "evil.py": b"import os",
    "checkpoint-1/model.safetensors": b"older",
    "vs2.json": b'{"footage": {"folder": "part", "pixels": [784, 7840]}}',
    "part/model.safetensors": b"its part",
    "part/vs2.json": b'{"fps": 4}',
    "part/evil.py": b"import os",
}
TAKEN = {"config.json", "tokenizer.json", "model.safetensors", "chat_template.jinja", "merges.txt", "vs2.json",
         "part/model.safetensors", "part/vs2.json"}


class Hub(BaseHTTPRequestHandler):
    """`org/judge` is public, `org/gated` gated, others unknown. `server.drops` connections break in mid file."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.split("?")[0]
        self.server.seen.append((self.command, path, self.headers.get("Range")))
        name = next((name for name in ("org/judge", "org/gated", "org/huge") if f"/{name}/" in path), None)
        if name is None:
            self.answer(
                401 if self.server.hides else 404,
                b"{}",
                {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"},
            )
        elif f"/api/models/{name}/revision/" in path:
            self.answer(200, json.dumps({"id": name, "sha": SHA, "siblings": []}).encode())
        elif f"/api/models/{name}/tree/" in path:
            huge = 10**15 if name == "org/huge" else 0
            self.answer(
                200,
                json.dumps(
                    [
                        {"type": "file", "path": file, "size": len(data) + huge, "oid": "0" * 40}
                        for file, data in FILES.items()
                    ]
                ).encode(),
            )
        elif name == "org/gated":
            self.answer(
                403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to this model is restricted"}
            )
        else:
            self.file(path.split(f"/resolve/{SHA}/")[1], name)

    def file(self, name: str, repo: str):
        data = FILES[name]
        size = len(data) + (10**15 if repo == "org/huge" else 0)
        headers = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": SHA, "Accept-Ranges": "bytes"}
        if self.command == "HEAD":
            self.answer(200, b"", headers | {"Content-Length": str(size)})
            return
        start = int((self.headers.get("Range") or "bytes=0-").split("=")[1].split("-")[0])
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        if name == "model.safetensors" and self.server.drops:
            self.server.drops -= 1
            self.answer(
                206 if start else 200, data[start : start + BREAK], headers | {"Content-Length": str(len(data) - start)}
            )
            self.close_connection = True
            return
        self.answer(206 if start else 200, data[start:], headers)

    def answer(self, status: int, body: bytes, headers: dict | None = None):
        self.send_response(status)
        for header, value in (
            {"Content-Length": str(len(body)), "Content-Type": "application/json"} | (headers or {})
        ).items():
            self.send_header(header, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.seen, server.drops, server.hides = [], 0, False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


CODE = """
import sys
import tests.support.prompt_hub
from vs2.model import hub
from vs2.errors import Problem
try:
    print(hub.fetch(sys.argv[1]))
except Problem as problem:
    print(type(problem).__name__, problem)
"""


HEARD = """
import sys
from vs2 import loading
from vs2.model import hub
hub.LOOK = 0.01
with loading.heard(lambda stage: print(stage.name, stage.done, stage.of)):
    hub.fetch(sys.argv[1])
"""


def fetch(home: Path, name: str, port: int, code: str = CODE, **more):
    """What `hub.fetch` returns or raises, and what it wrote to stderr, against the Hub on `port`."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("HF_", "HUGGING")) and not key.lower().endswith("_proxy")
    }
    environment |= {
        "HF_ENDPOINT": f"http://127.0.0.1:{port}",
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-c", code, name], capture_output=True, text=True, timeout=HANGING, env=environment, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


def test_a_checkpoint_comes_whole_and_without_anything_that_runs(server, tmp_path):
    folder, err = fetch(tmp_path, "org/judge", server.server_port)
    got = {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}
    assert got == {name: FILES[name] for name in TAKEN}
    assert "%" in err, "progress is shown on stderr"
    downloads = len([1 for method, path, _ in server.seen if method == "GET" and "/resolve/" in path])
    again, _ = fetch(tmp_path, "org/judge", server.server_port)
    assert again == folder and downloads == len(TAKEN) == len(
        [1 for method, path, _ in server.seen if method == "GET" and "/resolve/" in path]
    )


def test_who_listens_hears_how_much_is_there(server, tmp_path):
    server.drops = 1
    told = [line.split() for line in fetch(tmp_path, "org/judge", server.server_port, HEARD)[0].splitlines()]
    whole = sum(len(FILES[name]) for name in TAKEN if "/" not in name)
    assert {(name, int(of)) for name, _, of in told} == {("fetching", whole)}
    done = [int(there) for _, there, _ in told]
    assert done[0] < whole == done[-1] and all(0 <= there <= whole for there in done)
    again = [line.split() for line in fetch(tmp_path, "org/judge", server.server_port, HEARD)[0].splitlines()]
    assert again[0] == ["fetching", str(whole), str(whole)], "what is there already counts"


def test_a_connection_that_breaks_in_mid_file_is_taken_up_where_it_broke(server, tmp_path):
    server.drops = 1
    folder, _ = fetch(tmp_path, "org/judge", server.server_port)
    assert (Path(folder) / "model.safetensors").read_bytes() == WEIGHTS
    spans = [span for _, path, span in server.seen if path.endswith("model.safetensors") and span]
    assert len(spans) == 1 and 0 < int(spans[0].removeprefix("bytes=").split("-")[0]) <= BREAK


def test_a_server_that_stays_away_is_a_failure_with_and_a_folder_without_need(server, tmp_path):
    port = server.server_port
    folder, _ = fetch(tmp_path / "a", "org/judge", port)
    server.shutdown()
    server.server_close()
    assert fetch(tmp_path / "a", "org/judge", port)[0] == folder
    said, _ = fetch(tmp_path / "b", "org/judge", port)
    assert said.startswith("Failure The model org/judge is not on this machine") and "\n" not in said
    assert fetch(tmp_path / "a", "org/judge", port, HF_HUB_OFFLINE="1")[0] == folder
    assert fetch(tmp_path / "b", "org/judge", port, HF_HUB_OFFLINE="1")[0].startswith("Failure")


@pytest.mark.parametrize(
    ("name", "hides", "says"),
    [
        ("org/none", False, "BadInput There is no model org/none on the Hugging Face Hub"),
        ("org/none", True, "BadInput There is no model org/none"),
        ("org/gated", False, "BadInput The model org/gated is gated"),
        ("org/huge", False, "Failure The model org/huge needs"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(server, tmp_path, name, hides, says):
    server.hides = hides
    said, _ = fetch(tmp_path, name, server.server_port)
    assert said.startswith(says) and "\n" not in said
    assert not [
        path for method, path, _ in server.seen if method == "GET" and "/resolve/" in path and name != "org/gated"
    ]


def test_a_full_disk_is_said(monkeypatch):
    import errno

    error = OSError(errno.ENOSPC, "No space left on device")
    wrapped = RuntimeError("while writing")
    wrapped.__cause__ = error
    assert "disk is full" in str(hub._failure("org/judge", wrapped))
    assert "broke off" in str(hub._failure("org/judge", ConnectionResetError()))
    assert hub._failure("org/judge", bug := ZeroDivisionError()) is bug


@pytest.mark.parametrize(
    ("name", "is_id"),
    [
        ("TIGER-Lab/VideoScore2", True),
        ("org/name.v1_2", True),
        ("mini", False),
        ("./a", False),
        ("a/b/c", False),
        ("/a/b", False),
        ("a/..", False),
        ("a b/c", False),
        ("a/b--c", False),
    ],
)
def test_ids(name, is_id):
    assert hub.is_id(name) is is_id
