"""`vs2 serve` as a command: it starts, answers, and stops when it is told to, after what it is judging."""
import base64
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.support.patience import HANGING
from vs2.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
GOOD = ROOT / "assets/examples/good.mp4"
TOKEN = "only-the-owner-knows"


def started(*options, **environment) -> tuple[subprocess.Popen, str]:
    """The command, and the address that it says."""
    env = {**os.environ, "VS2_MODEL": "mini", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    process = subprocess.Popen([sys.executable, "-m", "vs2", "serve", "--port", "0", *options], env=env, cwd=ROOT,
                               stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for line in process.stderr:
        if found := re.search(r"answers at (http://\S+)", line):
            return process, found[1]
    raise AssertionError(f"it ended with {process.wait()}")


@pytest.mark.slow
def test_it_serves_and_stops_after_what_it_judges():
    process, address = started("--files", str(GOOD.parent), VS2_TOKEN=TOKEN)
    try:
        body = {"prompt": "A red ball bounces on grass beside a blue box.", "path": str(GOOD)}
        headers = {"authorization": f"Bearer {TOKEN}"}
        assert httpx.post(f"{address}/score", json=body, timeout=HANGING).status_code == 401
        answers = []

        def ask():
            answers.append(httpx.post(f"{address}/score", json=body, headers=headers, timeout=HANGING))

        asking = threading.Thread(target=ask)
        asking.start()
        while httpx.get(f"{address}/health", timeout=HANGING).json()["waiting"] == 0 and not answers:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        asking.join(HANGING)
        assert answers[0].status_code == 200 and answers[0].json()["error"] is None and answers[0].json()["rationale"]
        said = "".join(process.communicate(timeout=HANGING))
        assert process.returncode in (0, -signal.SIGTERM) and TOKEN not in said and "Traceback" not in said
    finally:
        process.kill()
        process.wait()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/health")


def test_the_port_is_taken(capsys, monkeypatch):
    import socket

    from tests.support.scripted import ScriptedJudge
    from vs2.cli import judging

    monkeypatch.setattr(judging, "load", lambda *arguments: ScriptedJudge())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    assert "is taken, or not this machine's" in capsys.readouterr().err


@pytest.mark.parametrize("options, why", [
    (["--port", "70000"], "--port is 70000"), (["--batch", "0"], "--batch is 0"), (["--queue", "0"], "--queue is 0"),
    (["--fps", "0"], "fps is 0"), (["--files", "/nowhere/at/all"], "is no folder"),
    (["--reward", "quality"], "'quality'"),
    (["--budget", "0"], "budget is 0"), (["--model", "./nothing-here"], "nothing-here")])
def test_a_bad_option_is_one_sentence_before_a_judge_is_loaded(options, why, capsys, monkeypatch):
    from vs2.cli import judging

    monkeypatch.setattr(judging, "load", lambda *arguments: pytest.fail("a judge was loaded"))
    assert main(["serve", *options]) == 2
    said = capsys.readouterr().err
    assert why in said and said.count("\n") == 1


def test_the_token_is_no_part_of_what_settings_show():
    from vs2.settings import Settings

    settings = Settings.read({"VS2_TOKEN": TOKEN})
    assert settings.token == TOKEN and TOKEN not in repr(settings) and not Settings.read({}).token


def test_encoded_clips_need_no_file_on_the_server(monkeypatch):
    """What `--files` does not name stays out of reach, whatever the prompt."""
    from tests.support.scripted import ScriptedJudge, serving

    with serving(ScriptedJudge()) as address:
        said = httpx.post(f"{address}/score", json={"prompt": "a", "path": str(GOOD)}, timeout=60)
        assert said.status_code == 422 and "takes no paths" in said.json()["error"]
        encoded = base64.b64encode(GOOD.read_bytes()).decode()
        assert httpx.post(f"{address}/score", json={"prompt": "a", "base64": encoded}, timeout=60).status_code == 200
