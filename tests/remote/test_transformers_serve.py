"""`transformers serve` with mini: what it can do is used, what it cannot is said. What it needs beside transformers is
installed for this test, in a folder of its own."""
import os
import subprocess
import sys
import time

import httpx
import pytest

from tests.support.clips import moving_square
from tests.support.patience import HANGING
from tests.support.ports import free_port
from vs2.remote import words
from vs2.remote.address import parse
from vs2.remote.judge import RemoteJudge
from vs2.remote.probe import AS_PICTURES, NO_DIGITS
from vs2.resources import ASSETS

NEEDS = ("openai>=2,<3", "distro>=1.9,<2", "jiter>=0.10,<1", "sniffio>=1.3,<2")     # the rest is here already


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Its API's address."""
    folder = tmp_path_factory.mktemp("serve")
    pip = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder / "needs"),
                          *NEEDS], capture_output=True, text=True, timeout=HANGING)
    if pip.returncode and "No matching distribution" not in pip.stderr:
        pytest.skip("the registry of packages cannot be reached")
    assert not pip.returncode, pip.stderr
    port = free_port()
    path = os.pathsep.join(filter(None, [str(folder / "needs"), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(ASSETS / "mini"), "--port",
               str(port), "--device", "cpu", "--dtype", "float32"]
    outside = os.environ | {"PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}
    with (folder / "log").open("w") as log, subprocess.Popen(command, env=outside, stdout=log, stderr=log) as running:
        try:
            until = time.monotonic() + HANGING
            while True:
                assert running.poll() is None and time.monotonic() < until, (folder / "log").read_text()[-3000:]
                try:
                    httpx.get(f"http://127.0.0.1:{port}/health").raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            running.terminate()
            running.wait(HANGING)


@pytest.mark.slow
def test_frames_go_as_pictures_and_what_is_missing_is_said(server, tmp_path):
    judge = RemoteJudge(parse(f"openai:{server}#{ASSETS / 'mini'}"))
    judge._detector = None
    clip = moving_square(tmp_path / "clip.mp4", frames=24, fps=12)
    found = judge.score(clip, "a red square moves", budget=24)
    assert found.frames == 8 and found.rationale and found.tokens > 1
    assert AS_PICTURES in found.warnings and NO_DIGITS in found.warnings and words.BY_QUESTION in found.warnings
    assert all(score.distribution is None for score in found.scores.values()) and found.overall is None
    assert judge.card.sampling.fps == 4.0, "a folder's name is that of its card"
