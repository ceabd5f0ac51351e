"""A suite from a Hub that runs here: whole, only once, and on from where it broke off; the client is the real one."""
import subprocess
import sys

import pytest

from tests.support.patience import HANGING, eventually
from tests.train.data import test_feedback_hub as there
from tests.train.data.test_feedback_hub import server  # noqa: F401 (a fixture)

CODE = """
import sys
from pathlib import Path
from vs2.bench.people import hub, videoscore_bench_v2 as suite
from vs2.errors import Problem
try:
    print(hub.fetch(sys.argv[1], suite.PATTERNS, Path(sys.argv[2]), suite.ARCHIVES).name)
except Problem as problem:
    print(type(problem).__name__, problem)
"""


@pytest.mark.slow
def test_a_suite_comes_whole_once_and_goes_on_where_it_broke_off(server, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(there, "CODE", CODE)
    server.stalls = 1
    folder, port = tmp_path / "suite", server.server_address[1]
    broken = there.start(folder, port)
    part = folder / "videos_27k_1.zip.part"
    eventually(lambda: part.exists() and part.stat().st_size > 0)
    broken.kill()
    broken.communicate(timeout=HANGING)
    assert there.fetch(folder, port) == "suite"
    spans = [span for name, span in server.got if name == "videos_27k_1.zip"]
    assert spans[0] is None and spans[1].startswith("bytes=") and spans[1] != "bytes=0-", "it went on"
    assert set(there.videos(folder)) == {*there.VIDEOS, *there.BIG, "z.mp4"}
    assert (folder / there.ROWS).read_bytes() == there.FILES[there.ROWS]
    assert not list(folder.glob("*.zip")) and "other.zip" not in there.names(server)
    before = len(server.got)
    assert there.fetch(folder, port) == "suite" and len(server.got) == before, "nothing comes twice"
    assert there.fetch(folder, port, "org/nothing").startswith("BadInput There is no dataset org/nothing")


def test_the_client_is_not_loaded_before_it_is_needed():
    code = "import sys, vs2.bench.people.catalogue; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=HANGING).returncode == 0
