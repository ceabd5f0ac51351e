"""Fetching the published data from a Hub that runs in this file: whole, broken off, damaged; and hostile archives.

The server speaks as much of the Hub's protocol as a download needs; the client is the real one, in a process of its
own.
"""
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.support.apps import ROOT
from tests.support.patience import HANGING, eventually
from train.data import feedback, feedback_hub
from vs2.errors import Failure
from vs2.model import hub_files

SHA = "0123456789abcdef0123456789abcdef01234567"
BREAK = 12 * 2**20      # the client writes 10 MiB at a time, so a break has to come later to leave something
REPO = "org/feedback"


def archive(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        for name, data in members.items():
            out.writestr(name, data)
    return packed.getvalue()


VIDEOS = {f"{number:03}_{letter}.mp4": bytes([number]) * (1000 + number) for number in range(4) for letter in "ab"}
BIG = {"big.mp4": bytes(range(256)) * 2**10 * 60}     # 15 MiB
ROWS = feedback.FILES["test"]     # the name with a blank and brackets in it
FILES = {ROWS: b'[{"video_name": 1}]', feedback.FILES["sft"]: b'[{"conversations": [], "videos": []}]',
         "videos_27k_1.zip": archive({**VIDEOS, **BIG}), "videos_27k_2.zip": archive({"z.mp4": b"z" * 99}),
         "other.zip": b"not wanted"}


class Hub(BaseHTTPRequestHandler):
    """`org/feedback` is there. server.stalls: how many downloads of the first archive stop in mid file and hang;
    server.wrong: how many files come with other bytes."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = unquote(self.path.split("?")[0])
        if f"/{REPO}" not in path:
            self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        elif "/tree/" in path:
            self.answer(200, json.dumps([self.entry(name) for name in FILES]).encode())
        else:
            self.file(path.split("/resolve/main/")[1])

    def entry(self, name: str) -> dict:
        data = FILES[name]
        entry = {"type": "file", "path": name, "size": len(data),
                 "oid": hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()}
        if name.endswith(".zip"):
            entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        return entry

    def file(self, name: str):
        data = FILES[name]
        headers = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": SHA, "Accept-Ranges": "bytes"}
        if self.command == "HEAD":
            self.answer(200, b"", headers | {"Content-Length": str(len(data))})
            return
        span = self.headers.get("Range")
        self.server.got.append((name, span))
        start = int((span or "bytes=0-").split("=")[1].split("-")[0])
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        status, length = (206 if start else 200), {"Content-Length": str(len(data) - start)}
        if name == "videos_27k_1.zip" and self.server.stalls:
            self.server.stalls -= 1
            self.answer(status, data[start:start + BREAK], headers | length)
            self.server.stopped.wait(HANGING)
            self.close_connection = True
        elif name == "videos_27k_2.zip" and self.server.wrong:
            self.server.wrong -= 1
            self.answer(status, b"?" * (len(data) - start), headers)
        else:
            self.answer(status, data[start:], headers)

    def answer(self, status: int, body: bytes, headers: dict | None = None):
        self.send_response(status)
        standard = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
        for header, value in (standard | (headers or {})).items():
            self.send_header(header, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            self.wfile.flush()


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.got, server.stalls, server.wrong, server.stopped = [], 0, 0, threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.stopped.set()
    server.shutdown()
    server.server_close()


CODE = """
import sys
from pathlib import Path
import tests.support.prompt_hub
from train.data import feedback_hub
from vs2.errors import Problem
try:
    print(feedback_hub.fetch(sys.argv[1], sys.argv[3], Path(sys.argv[2])))
except Problem as problem:
    print(type(problem).__name__, problem)
"""


def start(folder: Path, port: int, repo: str = REPO) -> subprocess.Popen:
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("HF_", "HUGGING")) and not key.lower().endswith("_proxy")}
    environment |= {"HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HOME": f"{folder}-home",
                    "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    return subprocess.Popen([sys.executable, "-c", CODE, repo, str(folder), ROWS], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT)


def fetch(*given) -> str:
    """What fetch returns or raises."""
    process = start(*given)
    said, err = process.communicate(timeout=HANGING)
    assert process.returncode == 0, err
    return said.strip()


def videos(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "videos").iterdir()}


def names(server) -> list[str]:
    return [name for name, _ in server.got]


@pytest.mark.slow
def test_the_data_comes_whole_and_only_once(server, tmp_path):
    folder = tmp_path / "data"
    assert fetch(folder, server.server_port) == str(folder)
    assert videos(folder) == {**VIDEOS, **BIG, "z.mp4": b"z" * 99}
    assert {path.name for path in folder.iterdir()} == {ROWS, "videos", feedback_hub.NOTES}
    assert sorted(names(server)) == sorted([ROWS, "videos_27k_1.zip", "videos_27k_2.zip"])
    server.got.clear()
    (folder / "videos/z.mp4").unlink()
    (folder / ROWS).write_bytes(b"changed here")
    fetch(folder, server.server_port)
    assert sorted(names(server)) == sorted([ROWS, "videos_27k_2.zip"]), "what was lost, and no more"
    assert videos(folder)["z.mp4"] == b"z" * 99
    assert (folder / ROWS).read_bytes() == FILES[ROWS]


@pytest.mark.slow
def test_a_killed_download_goes_on_in_another_process(server, tmp_path):
    server.stalls, folder = 1, tmp_path / "data"
    process = start(folder, server.server_port)
    part = folder / "videos_27k_1.zip.part"
    assert eventually(lambda: part.exists() and part.stat().st_size > 2**20, moved=lambda: list(folder.glob("*")))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    had = part.stat().st_size
    assert 2**20 < had < len(FILES["videos_27k_1.zip"]) and not (folder / "videos").exists()
    fetch(folder, server.server_port)
    assert ("videos_27k_1.zip", f"bytes={had}-") in server.got
    assert videos(folder) == {**VIDEOS, **BIG, "z.mp4": b"z" * 99} and not part.exists()


@pytest.mark.slow
def test_a_file_with_a_wrong_checksum_is_removed_and_said(server, tmp_path):
    server.wrong, folder = 1, tmp_path / "data"
    said = fetch(folder, server.server_port)
    assert said.startswith("Failure videos_27k_2.zip came with a wrong checksum and was removed") and "\n" not in said
    assert not list(folder.glob("videos_27k_2*")) and "z.mp4" not in videos(folder)
    assert fetch(folder, server.server_port) == str(folder)
    assert videos(folder)["z.mp4"] == b"z" * 99 and names(server).count("videos_27k_1.zip") == 1


@pytest.mark.slow
def test_two_processes_at_once_fetch_it_once(server, tmp_path):
    """The first process of each of two machines that share a folder."""
    folder = tmp_path / "data"
    for process in [start(folder, server.server_port) for _ in range(2)]:
        said, err = process.communicate(timeout=HANGING)
        assert said.strip() == str(folder), err
    assert sorted(names(server)) == sorted([ROWS, "videos_27k_1.zip", "videos_27k_2.zip"])
    assert videos(folder) == {**VIDEOS, **BIG, "z.mp4": b"z" * 99}


@pytest.mark.slow
def test_a_folder_that_is_whole_needs_no_hub(server, tmp_path):
    folder = tmp_path / "data"
    fetch(folder, server.server_port)
    server.shutdown()
    server.server_close()
    assert fetch(folder, server.server_port) == str(folder)
    assert fetch(folder, server.server_port, "org/none").startswith("Failure The Hugging Face Hub cannot be reached")
    (folder / "videos/z.mp4").unlink()
    assert fetch(folder, server.server_port).startswith("Failure The Hugging Face Hub cannot be reached")


@pytest.mark.slow
def test_what_cannot_be_had_is_one_sentence(server, tmp_path):
    port = server.server_port
    assert fetch(tmp_path, port, "org/none").startswith("BadInput There is no dataset org/none")
    server.shutdown()
    server.server_close()
    said = fetch(tmp_path, port)
    assert said.startswith("Failure The Hugging Face Hub cannot be reached") and "\n" not in said


def test_an_extraction_that_was_stopped_goes_on_and_never_shows_half_a_video(tmp_path, monkeypatch):
    path, into = tmp_path / "videos_27k_1.zip", tmp_path / "videos"
    path.write_bytes(archive(VIDEOS))
    opened, real = [], zipfile.ZipFile.open

    def stopping(self, member, *rest, **more):
        opened.append(member.filename)
        source = real(self, member, *rest, **more)
        if len(opened) == 4:
            reads = iter([source.read(500)])
            source.read = lambda *_: next(reads, None) or (_ for _ in ()).throw(KeyboardInterrupt)
        return source

    monkeypatch.setattr(zipfile.ZipFile, "open", stopping)
    with pytest.raises(KeyboardInterrupt):
        feedback_hub.unpack(path, into)
    there = {one.name for one in into.iterdir() if one.suffix == ".mp4"}
    assert there == set(list(VIDEOS)[:3]), "the fourth stopped after 500 bytes and has no name yet"
    assert {one.name for one in into.iterdir()} - there == {f"{list(VIDEOS)[3]}.part"}
    feedback_hub.unpack(path, into)
    assert videos(tmp_path) == VIDEOS
    assert opened[4:] == list(VIDEOS)[3:], "what was whole is not unpacked again"


def test_members_that_may_not_come_out_do_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(hub_files, "LARGEST", 5000)
    link, pipe = zipfile.ZipInfo("link.mp4"), zipfile.ZipInfo("pipe.mp4")
    link.external_attr, pipe.external_attr = 0o120777 << 16, 0o010644 << 16
    hostile = {"../out.mp4": b"x", "/abs.mp4": b"x", "a/../../out.mp4": b"x", "..\\out.mp4": b"x", "C:\\out.mp4": b"x",
               link: b"/etc/passwd", pipe: b"x", "new\nline.mp4": b"x", "huge.mp4": b"x" * 5001, "run.py": b"x",
               "__MACOSX/._a.mp4": b"x"}
    path, into = tmp_path / "in/videos_27k_1.zip", tmp_path / "in/videos"
    path.parent.mkdir()
    path.write_bytes(archive({**hostile, "good.mp4": b"g", "videos/b.mp4": b"b", "deep/c.MP4": b"c"}))
    refused = feedback_hub.unpack(path, into)
    assert len(refused) == len(hostile)
    found = {one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*") if one.is_file() or one.is_symlink()}
    assert found == {"in/videos_27k_1.zip", "in/videos/good.mp4", "in/videos/b.mp4", "in/videos/deep/c.MP4"}
    assert f"{len(hostile)} members refused" in capsys.readouterr().err


def test_a_link_that_lies_in_the_folder_leads_nothing_out_of_it(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "videos/deep").symlink_to(tmp_path / "outside")
    path = tmp_path / "videos_27k_1.zip"
    path.write_bytes(archive({"deep/a.mp4": b"a"}))
    assert len(feedback_hub.unpack(path, tmp_path / "videos")) == 1 and not list((tmp_path / "outside").iterdir())


@pytest.mark.parametrize("damage", ["bytes", "cut", "understated"])
def test_a_damaged_archive_is_one_sentence_and_leaves_no_video(tmp_path, damage):
    data = bytearray(archive({"a.mp4": b"a" * 3000}))
    if damage == "bytes":
        data[100] ^= 255
    elif damage == "understated":      # the directory says 10 bytes, stored are 3000
        entry = data.index(b"PK\x01\x02")
        data[entry + 24:entry + 28] = (10).to_bytes(4, "little")
    else:
        data = data[:2000]
    path = tmp_path / "videos_27k_1.zip"
    path.write_bytes(data)
    with pytest.raises(Failure, match="damaged archive") as told:
        feedback_hub.unpack(path, tmp_path / "videos")
    assert "\n" not in str(told.value) and not list((tmp_path / "videos").glob("*.mp4"))
