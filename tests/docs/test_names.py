"""What the documents name is there: files, modules and what is in them, commands of Python."""
import importlib
import re
import subprocess

import pytest

from tests.docs.blocks import ROOT, pages

PATH = re.compile(r"`((?:vs2|train|tests|perf|scripts|assets|docs)/[\w./-]*)`")
NAME = re.compile(r"`((?:vs2|train)(?:\.[A-Za-z_]\w*)+)(?:\(\))?`")
RUN = re.compile(r"python -m ((?:vs2|train|tests|perf|scripts)[\w.]*)")
FILE = re.compile(r"`([\w-]+\.(?:py|yaml))`")
FILES = {"vs2.json", "vs2.py"}      # of a dotted form, and no module
HISTORY = {"CHANGELOG.md"}          # names what was


def there(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part) and part not in getattr(found, "__dataclass_fields__", {}):
                return False
            found = getattr(found, part, None)
        return True
    return False


def module(name: str) -> bool:
    """Whether `python -m NAME` finds something to run."""
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


@pytest.mark.parametrize("page", [page for page in pages() if page not in HISTORY])
def test_what_a_document_names_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True,
                            capture_output=True, check=True).stdout.split()
    files = {path.rsplit("/", 1)[-1] for path in listed}
    assert not [path for path in PATH.findall(text) if not (ROOT / path).exists()]
    assert not [name for name in NAME.findall(text) if name not in FILES and not there(name)]
    assert not [name for name in RUN.findall(text) if not module(name.rstrip("."))]
    assert not [name for name in FILE.findall(text) if name not in files]


def test_the_install_page_tells_of_every_extra():
    from tests.test_repository import project

    said = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/install.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(said) == sorted(project()["project"]["optional-dependencies"])


def test_a_name_that_is_not_there_is_found():
    assert there("vs2.judge.Judge.stream") and there("vs2.evaluation.Score.expected") and module("train.grpo")
    assert not there("vs2.video_pool.layers") and not there("vs2.judge.nobody") and not module("train.feedback")
