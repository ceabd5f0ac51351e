"""What stays on the server of what visitors send: tokens, uploads, files fetched for them. Against served pages."""
import contextlib
import gc
import io
import os
import secrets
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import gradio as gr
import httpx
import pytest

from tests.support import apart
from tests.support.clips import moving_square
from tests.support.ports import free_port
from tests.ui.test_pages import Scripted, close, eventually, site_of
from vs2.settings import Settings
from vs2.ui import app
from vs2.ui.guard import fetch, uploads

QUOTA = 6 * 2**20


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(address, blocks, folder of uploads) of pages with a judge that says what it is told, and a small quota."""
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
        blocks = app.build(site_of(Scripted(), folder / "home"))
        address = app.serve(blocks, Settings(uploads=QUOTA / 2**30), server_port=free_port())[1]
        yield address, blocks, folder / "uploads"
        close(blocks)


def inside(blocks, name: str):
    """A part of the guard around served pages."""
    found = blocks.server.config.app
    while not hasattr(found, name):
        found = found.app
    return getattr(found, name)


@pytest.fixture(autouse=True)
def fresh(served):
    """Nobody has uploaded anything before a test."""
    inside(served[1], "uploads").ledger._given.clear()


def files_in(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


def holds(secret: str) -> list:
    """What the process holds that has the text among its values, or bytes with it."""
    found = []
    for one in gc.get_objects():
        values = list(one.values()) if type(one) is dict else one if type(one) in (list, tuple) else ()
        if any((type(value) is str and value == secret) or (type(value) is bytes and secret.encode() in value)
               for value in values):
            found.append(one)
    return found


@pytest.mark.filterwarnings("ignore::FutureWarning")    # of what lies in the process
def test_a_token_is_kept_nowhere_and_written_nowhere(served):
    address, blocks, folder = served
    config = httpx.get(f"{address}config", timeout=60).json()
    ids = {one["props"].get("elem_id"): one["id"] for one in config["components"]}
    run = next(one for one in config["dependencies"] if [ids["generate-go"], "click"] in map(list, one["targets"]))
    secret, visitor = f"hf_{secrets.token_hex(16)}", secrets.token_hex(16)

    def ask() -> None:
        values = {ids["prompt"]: "a ball", ids["generate-token"]: secret, ids["generate-generator"]: "sketch",
                  ids["address"]: {"visitor": visitor}, ids["generate-seed"]: 1, ids["generate-seconds"]: 1}
        data = [values.get(one) for one in run["inputs"]]
        joined = httpx.post(f"{address}gradio_api/queue/join", timeout=60, json={
            "fn_index": run["id"], "session_hash": "keeper", "data": data})
        assert joined.status_code == 200, joined.text
        with httpx.stream("GET", f"{address}gradio_api/queue/data?session_hash=keeper", timeout=120) as lines:
            assert any("process_completed" in line for line in lines.iter_lines())

    ask()
    assert "keeper" in blocks.state_holder.session_data
    assert httpx.get(f"{address}gradio_api/deep_link?session_hash=keeper", timeout=60).status_code == 404
    assert not any(word.encode() in one.read_bytes() for one in files_in(folder) for word in (secret, visitor))

    def gone() -> bool:
        gc.collect()
        return not holds(secret)

    assert eventually(gone, 20), [str(one)[:300] for one in holds(secret)]


def send(address: str, *contents: bytes, **more) -> httpx.Response:
    files = [("files", (f"{number}.mp4", io.BytesIO(content))) for number, content in enumerate(contents)]
    return httpx.post(f"{address}gradio_api/upload", files=files, timeout=120, **more)


def test_an_upload_of_many_files_is_refused_and_nothing_of_it_stays(served):
    address, _, folder = served
    before = files_in(folder)
    answer = send(address, *[b"x"] * 900)
    assert answer.status_code == 400 and "32 files" in answer.text
    assert files_in(folder) == before and send(address, b"a", b"b").status_code == 200


def test_what_somebody_uploads_again_stays_the_file_that_it_was(served):
    """A process that reads it may open that file alone: with another one in its place it could not."""
    address, _, folder = served
    content = os.urandom(50_000)
    (first,) = send(address, content).json()
    before, there = os.stat(first), files_in(folder)
    os.utime(first, (1, 1))
    (again,) = send(address, content).json()
    after = os.stat(again)
    assert again == first and after.st_ino == before.st_ino and Path(again).read_bytes() == content
    assert after.st_mtime > 1, "it is kept for a day from now on"
    assert eventually(lambda: files_in(folder) == there, 10), "no other name of it stays"
    (other,) = send(address, content + b"x").json()
    assert other != first and Path(other).read_bytes() == content + b"x"


def test_one_request_brings_no_more_than_one_file_may_have(served, monkeypatch):
    address, blocks, folder = served
    monkeypatch.setattr(inside(blocks, "uploads"), "most", 3 * 2**20)
    before = files_in(folder)
    for headers in ({}, {"transfer-encoding": "chunked"}):
        answer = send(address, *[bytes([n]) * 2**20 for n in range(4)], headers=headers)
        assert answer.status_code == 413 and "larger than" in answer.json()["detail"], headers
    assert files_in(folder) == before


def test_an_address_has_a_quota_and_the_disk_a_reserve(served, monkeypatch):
    address, _, folder = served
    for n in range(2):
        assert send(address, bytes([n]) * (5 * 2**19)).status_code == 200
    before = files_in(folder)
    for headers in ({}, {"transfer-encoding": "chunked"}):
        answer = send(address, b"z" * (2 * 2**20), headers=headers)
        assert answer.status_code == 429 and "within a day" in answer.json()["detail"]
    assert files_in(folder) == before
    monkeypatch.setattr(uploads, "free", lambda: (10 * 2**30, 10 * 2**30))
    answer = send(address, b"y")
    assert answer.status_code == 507 and "no room" in answer.json()["detail"]


def test_what_is_no_file_is_not_kept_in_memory(served):
    address, *_ = served
    boundary = b"--b\r\nContent-Disposition: form-data; name=\"files\"\r\n\r\n" + b"x" * 2**20 + b"\r\n--b--\r\n"
    answer = httpx.post(f"{address}gradio_api/upload", content=boundary, timeout=60,
                        headers={"content-type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 400 and "files alone" in answer.text
    for broken in (b"", b"--b\r\n", b"nonsense", boundary[:200]):
        answer = httpx.post(f"{address}gradio_api/upload", content=broken, timeout=60,
                            headers={"content-type": "multipart/form-data; boundary=b"})
        assert answer.status_code < 500, broken


def test_an_upload_that_is_cut_off_leaves_nothing(served):
    address, _, folder = served
    port = int(address.rstrip("/").rpartition(":")[2])
    before = files_in(folder)
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n"
                     b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; "
                     b'name="files"; filename="a.mp4"\r\n\r\n' + b"x" * 2_000_000)
        assert eventually(lambda: files_in(folder) != before)
    assert eventually(lambda: files_in(folder) == before)


class Endless(BaseHTTPRequestHandler):
    """A server whose file never ends."""

    sent = 0

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):      # nobody reads on
            while Endless.sent < 200 * 2**20:
                self.wfile.write(b"x" * 2**16)
                Endless.sent += 2**16
                time.sleep(0.001)

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture
def endless(monkeypatch):
    """The address of such a server, which Gradio takes for a public one."""
    async def public(host):
        return "127.0.0.1"

    monkeypatch.setattr("safehttpx.async_validate_url", public)
    Endless.sent = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://public.example:{server.server_address[1]}/long.mp4"
        server.shutdown()


def test_a_file_that_is_fetched_has_the_size_of_an_upload_at_most(served, endless, monkeypatch):
    address, _, folder = served
    monkeypatch.setattr(fetch, "MOST", 2**20)
    before = files_in(folder)
    asked = {"data": [{"path": endless, "meta": {"_type": "gradio.FileData"}}, "a prompt", False, 64, 1, 0]}
    call = httpx.post(f"{address}gradio_api/call/evaluate", json=asked, timeout=60).json()["event_id"]
    said = httpx.get(f"{address}gradio_api/call/evaluate/{call}", timeout=100).text
    assert "larger than 1 MB" in said and Endless.sent < 50 * 2**20
    assert files_in(folder) == before


def test_a_file_that_comes_too_slowly_is_given_up(served, endless, monkeypatch):
    monkeypatch.setattr(fetch, "PATIENCE", 0.3)
    with pytest.raises(gr.Error, match="within 0 s"):
        apart.run(fetch.fetched(endless, str(served[2])))


def test_what_a_page_fetches_counts_as_an_upload(served, endless, monkeypatch):
    address, blocks, folder = served
    before, part = files_in(folder), next(number for number, one in blocks.blocks.items() if one.elem_id == "video")
    asked = {"data": {"address": endless}, "component_id": part, "fn_name": "fetch", "session_hash": "a-session"}
    said = httpx.post(f"{address}gradio_api/component_server", json=asked, timeout=60).json()
    assert "within a day" in said["problem"] and Endless.sent < 50 * 2**20
    assert files_in(folder) == before and not inside(blocks, "uploads").ledger.held("127.0.0.1")


@pytest.mark.parametrize("said", [None, 5, {}, {"address": None}, {"address": "file:///etc/passwd"},
                                  {"address": "clip.mp4"}, {"address": "https://" + "a" * 3000}])
def test_what_is_no_address_is_not_fetched(served, said):
    address, blocks, _ = served
    part = next(number for number, one in blocks.blocks.items() if one.elem_id == "video")
    asked = {"data": said, "component_id": part, "fn_name": "fetch", "session_hash": "a-session"}
    assert "begins with http" in httpx.post(f"{address}gradio_api/component_server", json=asked).json()["problem"]


def test_an_owner_who_allows_no_addresses_is_obeyed_by_endpoints_too(served, endless, monkeypatch):
    monkeypatch.setattr(fetch, "allowed", False)
    with pytest.raises(gr.Error, match="takes no addresses"):
        apart.run(fetch.fetched(endless, str(served[2])))
    assert Endless.sent == 0


def test_a_clip_of_the_page_is_still_taken(served, tmp_path):
    address, *_ = served
    path, = send(address, moving_square(tmp_path / "a.mp4").read_bytes()).json()
    asked = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}, "a prompt", False, 64, 1, 0]}
    call = httpx.post(f"{address}gradio_api/call/evaluate", json=asked, timeout=60).json()["event_id"]
    assert "event: complete" in httpx.get(f"{address}gradio_api/call/evaluate/{call}", timeout=100).text
