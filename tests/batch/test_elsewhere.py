"""Clips named by addresses: fetched when their turn comes, within limits, and nothing of a key is said."""
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest

from tests.support.clips import moving_square
from tests.support.fake_judge import FakeJudge
from vs2 import batch, video
from vs2.batch import elsewhere, table
from vs2.errors import BadInput, Failure


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "a.mp4", frames=8)


@pytest.fixture(scope="module")
def web(clip):
    """A server of files: the clip, one that breaks off the first time, one for those with a key, and one behind it."""
    asked = []

    class Files(BaseHTTPRequestHandler):
        def do_GET(self):     # noqa: N802 - as http.server has it
            asked.append(self.path)
            name = self.path.split("?")[0]
            if name == "/moved.mp4":
                self.send_response(302)
                self.send_header("location", "/a.mp4")
                self.end_headers()
                return
            status = {"/a.mp4": 200, "/flaky.mp4": 200 if asked.count(self.path) > 1 else 503, "/key.mp4": 403,
                      "/down.mp4": 500}.get(name, 404)
            data = clip.read_bytes() if status == 200 else b"no"
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(elsewhere, "PAUSE", 0.0)


@pytest.fixture
def bucket(clip):
    """A storage of fsspec's own, in this process."""
    with fsspec.open("memory://bucket/a clip.mp4", "wb") as file:
        file.write(clip.read_bytes())
    yield "memory://bucket/a clip.mp4"
    fsspec.filesystem("memory").rm("/bucket", recursive=True)


def test_a_clip_is_fetched_whole_and_goes_afterwards(web, bucket, clip):
    for address in (bucket, f"{web}/a.mp4", f"{web}/moved.mp4", f"{web}/flaky.mp4"):
        with elsewhere.fetched(address) as path:
            assert path.read_bytes() == clip.read_bytes() and path.suffix == ".mp4"
        assert not path.exists() and not path.parent.exists()


@pytest.mark.parametrize(("name", "kind", "says"), [
    ("none.mp4", BadInput, "none.mp4 is not there"), ("key.mp4", BadInput, "may not be read with the key"),
    ("down.mp4", Failure, r"could not be fetched \(HTTPStatusError\)")])
def test_what_cannot_be_fetched_is_said_without_the_key_in_its_address(web, name, kind, says):
    with pytest.raises(kind, match=says) as raised, elsewhere.fetched(
            f"{web.replace('//', '//me:word@')}/{name}?signature=secret"):
        pass
    assert "secret" not in str(raised.value) and "word" not in str(raised.value)


def test_limits_and_unknown_kinds(web, bucket):
    for address in (bucket, f"{web}/a.mp4"):
        with pytest.raises(BadInput, match="larger than the limit of 0 MB"), elsewhere.fetched(
                address, video.Limits(max_bytes=100)):
            pass
    with pytest.raises(BadInput, match="is not there"), elsewhere.fetched("memory://bucket/none.mp4"):
        pass
    with pytest.raises(BadInput, match="nothing://, which is unknown here"):
        elsewhere.check("nothing://bucket/a.mp4")
    for name in ("a.mp4", "C:\\a.mp4", "a:b", "://", "s3://"):
        assert not elsewhere.is_address(name)


def test_a_table_of_addresses_is_judged_where_it_is_allowed(tmp_path, web, bucket):
    (tmp_path / "t.csv").write_text(f"video,prompt\n{bucket},p\n{web}/none.mp4,p\nnothing://a,p\n{web}/a.mp4,p\n")
    with table.opened(tmp_path / "t.csv") as rows:
        assert all("is an address" in row.problem for row in rows), "not unless it is asked for"
    with table.opened(tmp_path / "t.csv", addresses=True) as rows:
        assert [bool(row.problem) for row in rows] == [False, False, True, False] and rows[0].address == bucket
        seen = []
        judge = FakeJudge(partial(look, seen))
        found = {result.row.number: result for result in batch.run(rows, judge)}
    assert {number: result.error is None for number, result in found.items()} == {1: True, 2: False, 3: False, 4: True}
    assert found[1].evaluation.video == bucket and "none.mp4 is not there" in found[2].error
    assert len(seen) == 2 and all(size > 1000 for size in seen)


def look(seen: list, path: Path, prompt: str):
    seen.append(path.stat().st_size)
    return 3, 3, 3
