"""The real app in a process of its own, for tests that visit it or attack it."""
import os
import re
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from tests.support.patience import HANGING, eventually

ROOT = Path(__file__).resolve().parents[2]
# On a Space Gradio runs a reloader, whose event loops Python collects when they are closed already, and says so.
IGNORED = re.compile(r"Exception ignored in: <function BaseEventLoop.__del__.*\nTraceback.*\n(?: .*\n)*ValueError.*\n?")
PATIENCE = 120  # seconds that a page or the app may stand still, on a machine with nothing else to do


@contextmanager
def serve_app(home: Path, port: int, command=(sys.executable, "app.py"), cwd: Path = ROOT, environment=None,
              **variables: str):
    """`python app.py` with its data in `home`; gives its address, and stops it at the end.

    variables: of its environment, which is that of the tests where None is given. What it logs is in
    `home / "app.log"`; a traceback there is a fault.
    """
    home.mkdir(parents=True, exist_ok=True)
    log = home / "app.log"
    environment = app_environment(home, port, environment) | variables
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=output)
    address = f"http://127.0.0.1:{port}/"
    try:
        started = eventually(lambda: answers(address) or process.poll() is not None, PATIENCE, moved=log.read_text)
        assert started and process.poll() is None, log.read_text()
        yield address
    finally:
        process.terminate()
        process.wait(HANGING)
    said = IGNORED.sub("", log.read_text())
    assert "Traceback" not in said, said[-8000:]


def app_environment(home: Path, port: int, environment=None) -> dict[str, str]:
    """The environment of an app with its data in `home`: that of the tests where None is given, and what it needs."""
    return dict(os.environ if environment is None else environment) | {
        "VS2_MODEL": "mini", "VS2_PRECISION": "fp32", "VS2_HOME": str(home), "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(home / "uploads"), "CUDA_VISIBLE_DEVICES": "", "PYTHONUNBUFFERED": "1"}


def answers(address: str) -> bool:
    """Whether the page is served."""
    try:
        return urllib.request.urlopen(address, timeout=30).status == 200
    except OSError:
        return False
