"""A checkpoint converted from a Hub that runs in this file: one file of weights at a time, none of them kept."""

import hashlib
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from huggingface_hub import constants

from tests.support.tiny import CARD, widened, write_tiny
from vs2.errors import BadInput, Failure
from vs2.model import checkpoint, weights
from vs2.model.int4 import convert, layer, store
from vs2.model.int4.shards import Folder, Hub

SHA = "0123456789abcdef0123456789abcdef01234567"


class Served(BaseHTTPRequestHandler):
    """`org/judge`, whose files are in server.folder; a file of `server.spoilt` comes with other bytes."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.split("?")[0]
        self.server.seen.append((self.command, path.rpartition("/")[2], self.headers.get("Range")))
        if "org/judge" not in path:
            return self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        if "/api/models/org/judge/tree/" in path:
            where = self.server.folder / path.partition("/tree/")[2].partition("/")[2]
            return self.answer(200, json.dumps([self.listed(file) for file in where.iterdir()]).encode())
        if "/api/models/" in path:
            return self.answer(200, json.dumps({"id": "org/judge", "sha": SHA, "siblings": []}).encode())
        file = self.server.folder / path.partition(f"/resolve/{SHA}/")[2]
        data = file.read_bytes()
        if file.name in self.server.spoilt:
            data = data[:-9] + bytes(9)
        first, last = 0, len(data) - 1
        if asked := self.headers.get("Range"):
            first, _, end = asked.removeprefix("bytes=").partition("-")
            first, last = int(first), min(int(end or last), last)
        headers = {"ETag": f'"{self.listed(file)["oid"]}"', "X-Repo-Commit": SHA, "Accept-Ranges": "bytes",
                   "Content-Range": f"bytes {first}-{last}/{len(data)}"}
        return self.answer(206 if asked else 200, data[first:last + 1], headers)

    def listed(self, file) -> dict:
        if file.is_dir():
            return {"type": "directory", "path": file.name, "oid": "0" * 40}
        data = file.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        found = {"type": "file", "path": str(file.relative_to(self.server.folder)), "size": len(data),
                 "oid": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()}
        return found | ({"lfs": {"oid": digest, "size": len(data), "pointerSize": 130}} if file.suffix == ".safetensors"
                        else {})

    def answer(self, status: int, body: bytes, headers: dict | None = None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    made = widened(write_tiny(tmp_path_factory.mktemp("hub") / "tiny"), "150KB")
    (made / "vs2.json").write_text(json.dumps(CARD), encoding="utf-8")
    (made / "README.md").write_text("x")
    return made


@pytest.fixture
def server(folder, monkeypatch):
    served = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    served.folder, served.spoilt, served.seen = folder, set(), []
    threading.Thread(target=served.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{served.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    yield served
    served.shutdown()
    served.server_close()


def test_the_same_as_from_a_folder_with_one_file_at_a_time(server, folder, tmp_path):
    source = Hub("org/judge", tmp_path / "fetched")
    made = convert.plan(source)
    most = []

    def tell(what, done, size):
        most.append(sum(file.suffix in (".safetensors", ".part") for file in (tmp_path / "fetched").iterdir()))

    convert.convert(source, tmp_path / "out", made, tell)
    assert max(most) == 1 and not list((tmp_path / "fetched").glob("*.safetensors")), "fetched, used, deleted"
    assert made.room == made.size + max(shard.size for shard in source.shards) and len(source.shards) > 2
    plain = Folder(checkpoint.locate(str(folder)))
    convert.convert(plain, tmp_path / "other", convert.plan(plain))
    for file in (tmp_path / "other").iterdir():
        if file.name not in ("config.json",):
            assert (tmp_path / "out" / file.name).read_bytes() == file.read_bytes(), file.name
    assert not (tmp_path / "out" / "README.md").exists()
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["quantization_config"]["made_from"] == f"org/judge@{SHA}"


def test_a_part_for_footage_comes_along_and_no_other_folder(server, folder, tmp_path, monkeypatch):
    shutil.copytree(folder, tmp_path / "hub")
    server.folder = tmp_path / "hub"
    for name in ("part", "other"):
        (server.folder / name).mkdir()
        for file in ("model.safetensors", "vs2.json", "run.py"):
            (server.folder / name / file).write_bytes(f"{name} {file}".encode())
    card = json.loads((server.folder / "vs2.json").read_text()) | {"footage": {"folder": "part", "pixels": [784, 7840]}}
    (server.folder / "vs2.json").write_text(json.dumps(card), encoding="utf-8")
    for number, source in enumerate((Hub("org/judge", tmp_path / "fetched"),
                                     Folder(checkpoint.locate(str(server.folder))))):
        out = tmp_path / str(number)
        convert.convert(source, out, convert.plan(source))
        assert {path.name for path in out.iterdir() if path.is_dir()} == {"part"}
        assert (out / "part" / "model.safetensors").read_bytes() == b"part model.safetensors"
        assert not (out / "part" / "run.py").exists()


def test_a_file_that_came_damaged_is_one_sentence_and_fetched_again(server, tmp_path):
    server.spoilt = {"model-00002-of-00006.safetensors"}
    source = Hub("org/judge", tmp_path / "fetched")
    assert "model-00002-of-00006.safetensors" in {shard.file for shard in source.shards}
    made = convert.plan(source)
    with pytest.raises(Failure, match="wrong checksum"):
        convert.convert(source, tmp_path / "out", made)
    server.spoilt, server.seen = set(), []
    convert.convert(Hub("org/judge", tmp_path / "fetched"), tmp_path / "out", made)
    fetched = {file for command, file, part in server.seen if command == "GET" and file.endswith(".safetensors")}
    assert "model-00001-of-00006.safetensors" not in fetched, "what was converted is not fetched again"


def test_the_first_use_converts_and_the_second_asks_nobody(server, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(checkpoint, "LARGE", 0)
    monkeypatch.setattr(weights, "SMALL", 0)
    monkeypatch.setattr(weights, "device", lambda: torch.device("cpu"))
    monkeypatch.setattr(layer, "quicker", lambda: True)
    found = store.find("org/judge", "auto", tmp_path / "home")
    assert found.quantised and found.name == "org/judge" and found.folder.name == f"org--judge@{SHA[:12]}"
    assert weights.load(found).precision == "int4"
    server.seen = []
    assert store.find("org/judge", "auto", tmp_path / "home").folder == found.folder and not server.seen


def test_an_unknown_name_is_one_sentence(server, tmp_path):
    with pytest.raises(BadInput, match="no model org/nobody"):
        Hub("org/nobody", tmp_path)
