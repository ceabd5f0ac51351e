"""Where the package's files and packages are found: in a checkout, in an installation, by the processes it starts."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from tests.support.clips import moving_square
from tests.support.patience import HANGING
from vs2 import resources
from vs2.generate import provider
from vs2.video import process

ROOT = Path(__file__).resolve().parents[1]


def python(code: str, *flags: str, cwd: Path, arguments: list = ()) -> list[str]:
    """The lines that `code` prints, in an interpreter with nothing in its environment that could help it."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([sys.executable, *flags, "-c", code, *map(str, arguments)], cwd=cwd, env=plain,
                          capture_output=True, text=True, timeout=HANGING)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_checkout_in_which_nothing_is_installed_finds_its_files():
    """As on a Space: -S leaves out every installed package, this one too."""
    home, assets, clips = python("from vs2 import resources as r; print(r.HOME, r.ASSETS, sep='\\n'); "
                                 "print(len(list(r.ASSETS.glob('examples/*.mp4'))))", "-S", cwd=ROOT)
    assert Path(home) == ROOT and Path(assets) == ROOT / "assets" and int(clips) >= 4


def test_in_a_package_the_files_inside_come_first(tmp_path):
    package = tmp_path / "vs2"
    (package / "assets").mkdir(parents=True)
    (tmp_path / "assets").mkdir()
    (tmp_path / "pyproject.toml").touch()       # as some packages leave it among the installed ones
    for name in ("__init__.py", "errors.py", "evaluation.py", "rubric.py", "resources.py"):
        (package / name).write_bytes((ROOT / "vs2" / name).read_bytes())
    found = python("from vs2.resources import ASSETS, CHECKOUT; print(ASSETS, CHECKOUT, sep='\\n')", "-S", cwd=tmp_path)
    assert found == [str(package / "assets"), "False"]


def test_a_new_process_looks_in_the_same_places_in_the_same_order(tmp_path):
    """Where the package is installed its folder is site-packages, and that comes after the standard library."""
    home = str(resources.HOME)
    path = ["", str(tmp_path), "lib", home]
    assert resources.for_python(path)["PYTHONPATH"].split(os.pathsep) == [str(tmp_path), os.path.abspath("lib"), home]
    (tmp_path / "link").symlink_to(resources.HOME)
    linked = [str(tmp_path), str(tmp_path / "link")]
    assert resources.for_python(linked)["PYTHONPATH"].split(os.pathsep) == linked
    # Imported from the folder that the program is in, or by an import hook.
    assert resources.for_python(["", str(tmp_path)])["PYTHONPATH"].split(os.pathsep) == [home, str(tmp_path)]


@pytest.mark.parametrize("started", [process, provider])
def test_processes_start_where_nothing_can_be_imported(started, tmp_path, monkeypatch):
    """Neither the folder that the program is in nor the one that the package is in: -m would look there first."""
    given = {}
    monkeypatch.setattr(started.subprocess, "Popen", lambda command, **options: given.update(options))
    monkeypatch.chdir(tmp_path)
    process._popen() if started is process else provider._started()
    place = Path(given["cwd"])
    assert place.is_dir() and place not in (tmp_path, resources.HOME) and not list(place.glob("*.py"))
    assert given["env"]["PYTHONPATH"] == resources.for_python()["PYTHONPATH"]


READ = """
import sys
folder, clip, table = sys.argv[1:]
sys.path.insert(next(n for n, entry in enumerate(sys.path) if entry.endswith("site-packages")), folder)
import vs2
from vs2 import video
from vs2.batch.table import read
print(vs2.__file__, len(video.read(clip).frames), len(read(table)), sep="\\n")
"""


def test_installed_packages_do_not_hide_the_standard_library(tmp_path):
    """Some have `pathlib`, `argparse` or `typing` among their packages, from the days when Python had none."""
    packages = tmp_path / "site-packages"
    shutil.copytree(ROOT / "vs2", packages / "vs2", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("argparse", "dataclasses", "pathlib", "typing", "enum"):
        (packages / f"{name}.py").write_text("raise ImportError('not the one of the standard library')\n")
    parquet.write_table(pyarrow.table({"video": ["a.mp4"], "prompt": ["a ball"]}), tmp_path / "clips.parquet")
    clip = moving_square(tmp_path / "a.mp4", frames=12, fps=8)
    there = tmp_path / "elsewhere"
    there.mkdir()
    found = python(READ, cwd=there, arguments=[packages, clip, tmp_path / "clips.parquet"])
    assert found == [str(packages / "vs2" / "__init__.py"), "4", "1"]
