"""The built package: what is in it, and that all works where it is installed and no checkout is near."""
import csv
import json
import secrets
import shutil
import sys
import tarfile
import urllib.parse
import zipfile
from email.parser import Parser
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

from tests.support.apps import serve_app
from tests.support.clips import moving_square
from tests.support.installed import build_sdist, build_wheel, clean, environment, run
from tests.support.patience import HANGING
from tests.support.ports import free_port
from tests.test_repository import ROOT, name, project, readme, tracked

pytestmark = pytest.mark.slow
LARGEST = 16 * 10**6    # bytes; the built-in judge and its part for footage are 15 of them
PROMPT = "a red box slides on grass"
PLACE = "import json, sys, vs2; print(json.dumps([vs2.__file__, vs2.__version__, sys.path]))"
READ = """
import json, sys
from vs2 import video
from vs2.video import pool
clip = video.read(sys.argv[1])
print(json.dumps([list(clip.frames.shape), int(clip.frames.sum()), pool.layers()]))
"""

SPACE = """
import json
import app, vs2
from vs2.model import checkpoint
from vs2.resources import ASSETS
from vs2.ui import theme
clips = list(ASSETS.glob("examples/*.mp4"))
print(json.dumps([vs2.__file__, len(clips), len(theme.css()), checkpoint.locate("mini").name]))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(source distribution, the wheel made from it)."""
    folder = tmp_path_factory.mktemp("built")
    sdist = build_sdist(folder)
    return sdist, build_wheel(sdist, folder)


@pytest.fixture(scope="module")
def python(built, tmp_path_factory):
    """The interpreter of an environment with the wheel; in a folder with a dot, as people name them."""
    return environment(tmp_path_factory.mktemp("project") / ".venv", built[1])


@pytest.fixture
def elsewhere(python, tmp_path):
    """A folder to run in, with one clip."""
    moving_square(tmp_path / "clip.mp4", frames=16, fps=8, size=(128, 96))
    return tmp_path


def vs2(python: Path) -> Path:
    """The command that is installed beside an interpreter."""
    return python.with_name("vs2" + python.suffix)


def metadata(wheel: Path):
    """The core metadata of a wheel."""
    with zipfile.ZipFile(wheel) as files:
        file, = (entry for entry in files.namelist() if entry.endswith(".dist-info/METADATA"))
        return Parser().parsestr(files.read(file).decode("utf-8"))


def test_the_source_distribution_is_what_git_has(built):
    with tarfile.open(built[0]) as files:
        held = {entry.name.split("/", 1)[1] for entry in files if entry.isfile()}
    assert held - {"PKG-INFO"} == {name(path) for path in tracked()}
    assert {"train/sft.py", "tests/conftest.py", "Makefile", "perf/RESULTS.md", "train/configs/mini.yaml"} <= held


def test_the_wheel_holds_the_package_its_files_and_nothing_else(built):
    wheel = built[1]
    assert wheel.stat().st_size < LARGEST
    with zipfile.ZipFile(wheel) as files:
        held = {entry for entry in files.namelist() if ".dist-info/" not in entry}
        assert any(entry.endswith(".dist-info/licenses/LICENSE") for entry in files.namelist())
        for path in (ROOT / "assets").rglob("*.*"):
            assert files.read(f"vs2/{name(path)}") == path.read_bytes()
    sources = {name(path) for path in tracked()}
    assert held == ({path for path in sources if path.startswith("vs2/")}
                    | {f"vs2/{path}" for path in sources if path.startswith("assets/")})


def test_its_metadata_say_what_pyproject_and_requirements_say(built):
    stated, told = project()["project"], metadata(built[1])
    assert told["Requires-Python"] == stated["requires-python"] and told["License-Expression"] == stated["license"]
    assert f"vs2-{told['Version']}-py3-none-any.whl" == built[1].name
    assert set(told.get_all("Provides-Extra")) == {"train", "generate", "scale", "serve", "docs", "dev"}
    needed = [Requirement(line) for line in told.get_all("Requires-Dist")]
    assert not [one for one in needed if one.url]
    always = {(one.name.lower().replace("_", "-"), str(one.specifier), str(one.marker)) for one in needed
              if "extra ==" not in str(one.marker)}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    listed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert always == {(one.name.lower().replace("_", "-"), str(one.specifier), str(one.marker)) for one in listed}
    assert all(line.split(", ")[1].startswith("https://") for line in told.get_all("Project-URL"))
    assert told.get_payload().strip() == readme()[1].strip(), "the README, without what it tells a Space"


def test_it_is_imported_from_where_it_is_installed(python, elsewhere):
    file, version, path = json.loads(run(python, "-c", PLACE, cwd=elsewhere))
    assert Path(file).is_relative_to(python.parents[1])
    assert (Path(file).parents[1] / f"vs2-{version}.dist-info").is_dir()
    assert not [entry for entry in path if entry and Path(entry).is_relative_to(ROOT) and
                Path(entry).name not in ("site-packages", "dist-packages")]
    found = run(python, "-c", "from importlib.util import find_spec; print([one for one in "
                "('train', 'tests', 'perf', 'app') if find_spec(one)])", cwd=elsewhere)
    assert found.strip() == "[]"


def test_it_reads_and_judges_a_clip_as_the_checkout_does(python, elsewhere):
    """By the confined process, with the same layers, and by the checkpoint inside the package."""
    arguments = ("score", "clip.mp4", "--prompt", PROMPT, "--model", "mini", "--json")
    shutil.copy(elsewhere / "clip.mp4", elsewhere / "same.mp4")
    here = json.loads(run(sys.executable, "-m", "vs2", *arguments, cwd=elsewhere, PYTHONPATH=str(ROOT)))
    there = json.loads(run(vs2(python), *arguments, cwd=elsewhere))
    assert len(there["scores"]) == 3
    for key, score in here["scores"].items():
        assert there["scores"][key]["value"] == score["value"] in (1, 2, 3, 4, 5)
        assert there["scores"][key]["distribution"] == pytest.approx(score["distribution"], abs=1e-5)
    assert {key: there[key] for key in ("model", "precision", "rationale", "frames", "warnings")} == \
        {key: here[key] for key in ("model", "precision", "rationale", "frames", "warnings")}
    read = json.loads(run(python, "-c", READ, "same.mp4", cwd=elsewhere))
    assert read == json.loads(run(sys.executable, "-c", READ, "same.mp4", cwd=elsewhere, PYTHONPATH=str(ROOT)))


def test_the_other_commands_work_without_a_checkout(python, elsewhere):
    models = json.loads(run(vs2(python), "models", "--json", cwd=elsewhere))
    assert models == json.loads(run(sys.executable, "-m", "vs2", "models", "--json", cwd=elsewhere,
                                    PYTHONPATH=str(ROOT)))
    run(vs2(python), "best-of", "1", "--prompt", PROMPT, "--generator", "sketch", "--model", "mini", "--no-think",
        "--out", "clips", cwd=elsewhere)
    assert list((elsewhere / "clips").glob("*.mp4"))
    scenes = json.loads(run(vs2(python), "bench", "scenes", "--limit", "2", "--no-think", "--model", "mini", "--json",
                            cwd=elsewhere))
    assert scenes


def chosen(app: httpx.Client, config: dict, number: int, session: str) -> list:
    """What the page's components become where an example is chosen, as a browser asks for it."""
    part = next(one for one in config["components"] if one["props"].get("elem_id") == "examples")
    event = next(one for one in config["dependencies"] if [part["id"], "select"] in map(list, one["targets"]))
    asked = app.post("gradio_api/queue/join", json={"fn_index": event["id"], "session_hash": session, "data": [],
                                                    "trigger_id": part["id"], "event_data": {"example": number}})
    assert asked.status_code == 200, asked.text
    with app.stream("GET", "gradio_api/queue/data", params={"session_hash": session}) as lines:
        for line in lines.iter_lines():
            if "process_completed" in line:
                said = json.loads(line.removeprefix("data: "))
                assert said["success"], said
                return said["output"]["data"]
    raise AssertionError("the stream ended before the event did")


def test_the_pages_are_served_with_their_examples_and_files(python, elsewhere):
    """In the folder above a hidden one that holds the package: Gradio serves no hidden file of where it runs."""
    port = free_port()
    with (serve_app(elsewhere / "home", port, (str(vs2(python)), "app", "--port", str(port)),
                    cwd=python.parents[2], environment=clean()) as address,
          httpx.Client(base_url=address, timeout=HANGING) as app):
        assert "VideoScore2" in app.get("").text
        config = app.get("config").json()
        texts = json.dumps(config)
        for file in [*(ROOT / "assets").glob("*.css"), *(ROOT / "assets").glob("*.js")]:
            line = max(file.read_text(encoding="utf-8").splitlines(), key=len)
            assert json.dumps(line)[1:-1] in texts, f"{file.name} is not in what the pages are made of"
        with (ROOT / "assets" / "examples" / "examples.csv").open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        assert len(rows) >= 4
        for number, row in enumerate(rows):
            shown = chosen(app, config, number, secrets.token_hex(6))
            assert row["prompt"] in shown
            path = next(value["path"] for value in shown if isinstance(value, dict) and "path" in value)
            clip = app.get(f"gradio_api/file={urllib.parse.quote(path)}")
            assert clip.content == (ROOT / "assets" / "examples" / row["file"]).read_bytes()


def test_a_space_runs_from_a_checkout_in_which_nothing_is_installed(tmp_path):
    """As `python app.py` does there: with the packages of requirements.txt, and without this one."""
    python = environment(tmp_path / "bare")
    bare = run(python, "-c", "from importlib.util import find_spec; print(find_spec('vs2'))", cwd=tmp_path)
    assert bare.strip() == "None", "the checkout is in sight of this environment"
    said = run(python, "-c", SPACE, cwd=ROOT)
    file, shown, style, judge = json.loads(said.splitlines()[-1])
    assert Path(file) == ROOT / "vs2" / "__init__.py" and shown >= 4 and style > 10_000 and judge == "mini"
