"""What docs/spaces.md says of a Space: its front matter, and app.py started as a Space starts it, without a network."""
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from gradio_client import Client, handle_file

from tests.support.ports import free_port
from tests.support.tiny import write_tiny
from tests.test_repository import readme
from vs2.model import checkpoint
from vs2.ui import loan

ROOT = Path(__file__).resolve().parents[2]
CLIP = ROOT / "assets" / "examples" / "good.mp4"
PATIENCE = 600      # seconds for the app to start on a busy machine
NOWHERE = "http://127.0.0.1:9"


def test_the_published_checkpoint_is_in_the_image():
    front, _ = readme()
    assert front["preload_from_hub"] == [checkpoint.PUBLISHED] and checkpoint.PUBLISHED in front["models"]
    assert len(front["preload_from_hub"]) <= 10, "a Space refuses more"
    assert front["hf_oauth"] is True and "inference-api" in front["hf_oauth_scopes"]
    assert set(front) <= {"title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "app_file", "python_version",
                          "license", "pinned", "hf_oauth", "hf_oauth_scopes", "short_description", "models",
                          "preload_from_hub"}, "nothing here but what a Space knows"


@pytest.mark.parametrize("factor, column", [(1.0, 1), (1.5, 2)])
def test_the_seconds_in_the_documentation_are_those_that_are_asked_for(monkeypatch, factor, column):
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setattr(loan, "factor", lambda: factor)
    monkeypatch.setattr(loan, "PACE", loan.Pace())
    table = re.search(r"\| settings \|.*?\n\n", (ROOT / "docs" / "spaces.md").read_text(encoding="utf-8"), re.DOTALL)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[2:]]
    said = [int(row[column].split()[0]) for row in rows]
    assert said[:2] == [loan.cost(False, 1024, 1), loan.cost(True, 1024, 1)]
    loan.check(True, said[2], 1)
    with pytest.raises(loan.BadInput, match=f"budget to {said[2]} tokens"):
        loan.check(True, said[2] + 20, 1)


@contextmanager
def space(command: list[str], home: Path, **variables):
    """`app.py` as a duplicated Space runs it: nothing set by its owner, no network, an empty home; its address."""
    port, log = free_port(), home / "log"
    home.mkdir(parents=True, exist_ok=True)
    owners = ("VS2_", "HF_", "GRADIO_", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(owners)}
    login = {"OAUTH_CLIENT_ID": "id", "OAUTH_CLIENT_SECRET": "secret", "OAUTH_SCOPES": "openid profile inference-api",
             "OPENID_PROVIDER_URL": NOWHERE}        # what `hf_oauth` gives a Space
    environment = kept | login | {
        "SYSTEM": "spaces", "SPACE_ID": "somebody/duplicated", "SPACE_HOST": "somebody-duplicated.example.org",
        "SPACE_AUTHOR_NAME": "somebody", "SPACE_REPO_NAME": "duplicated", "HOME": str(home), "HF_ENDPOINT": NOWHERE,
        "GRADIO_SERVER_NAME": "0.0.0.0", "GRADIO_SERVER_PORT": str(port), "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1", "TMPDIR": str(home)} | variables
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, stdout=output, stderr=output,
                                   start_new_session=True)
    address = f"http://127.0.0.1:{port}/"
    try:
        until = time.monotonic() + PATIENCE
        while not answers(address):
            assert process.poll() is None and time.monotonic() < until, log.read_text(errors="replace")[-6000:]
            time.sleep(0.5)
        yield address
    finally:
        with suppress(ProcessLookupError):      # with its forks, which on a Space end with the container
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.status == 200
    except OSError:
        return False


def evaluation(address: str, **options) -> dict:
    client = Client(address, verbose=False, httpx_kwargs={"timeout": PATIENCE})
    return client.predict(video=handle_file(CLIP), prompt="a red ball bounces on grass", api_name="/evaluate",
                          **options)


def preloaded(home: Path) -> None:
    """A small checkpoint in the place of the published one, as `preload_from_hub` leaves it."""
    cache = home / ".cache" / "huggingface" / "hub" / f"models--{checkpoint.PUBLISHED.replace('/', '--')}"
    commit = "0" * 40
    whole = write_tiny(home / "made")
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text(commit)
    (cache / "blobs").mkdir()
    (cache / "snapshots" / commit).mkdir(parents=True)
    for number, file in enumerate(sorted(whole.iterdir())):
        shutil.move(file, cache / "blobs" / f"{number:064x}")
        (cache / "snapshots" / commit / file.name).symlink_to(Path("../../blobs") / f"{number:064x}")


ON_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Spaces run on Linux")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@ON_LINUX
def test_a_duplicated_space_on_a_cpu_judges_with_mini(tmp_path):
    with space(["app.py"], tmp_path / "home", CUDA_VISIBLE_DEVICES="") as address:
        found = evaluation(address, think=False)
        page = urllib.request.urlopen(address + "config", timeout=PATIENCE).read().decode()
    assert found["model"] == "mini" and found["scores"]["visual_quality"]["value"]
    assert "of your GPU time" not in page and "Login" in page.replace("Sign in", "Login")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@ON_LINUX
def test_a_duplicated_space_on_zerogpu_judges_with_what_was_preloaded(tmp_path):
    preloaded(tmp_path / "home")
    with space(["-m", "tests.spaces.zero_space", "app"], tmp_path / "home", SPACES_ZERO_GPU="true") as address:
        page = urllib.request.urlopen(address + "config", timeout=PATIENCE).read().decode()
        found = evaluation(address, think=False)
        with pytest.raises(Exception, match="lower the thinking budget"):
            evaluation(address, budget=2048, samples=8)
    assert found["model"] == checkpoint.PUBLISHED and found["precision"] == "bf16" and found["frames"] > 0
    assert "of your GPU time" in page, "the cost is said before a run"
