"""The site of docs/: it builds without a warning, loads nothing from elsewhere, and says what the code says."""
import argparse
import gc
import html
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import griffe
import pytest

from scripts.docs import commands, docstrings, endpoints, hooks
from tests.docs.blocks import ROOT
from tests.support.patience import HANGING
from vs2.cli.main import parser

LOADS = {("script", "src"), ("img", "src"), ("img", "srcset"), ("source", "src"), ("source", "srcset"),
         ("iframe", "src"), ("video", "src"), ("audio", "src"), ("embed", "src"), ("object", "data"), ("track", "src"),
         ("use", "href")}
LINKS_THAT_LOAD = {"stylesheet", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "icon",
                   "manifest"}
ABROAD = re.compile(r"^\s*(https?:)?//")


class Loads(HTMLParser):
    """What a browser fetches for a page by itself, from other places."""

    def __init__(self):
        super().__init__()
        self.abroad, self.classes, self.words = [], set(), []

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        self.classes |= set(given.get("class", "").split())
        loads = [given[name] for kind, name in LOADS if kind == tag and name in given]
        if tag == "link" and LINKS_THAT_LOAD & set(given.get("rel", "").split()):
            loads.append(given.get("href", ""))
        loads += re.findall(r"url\(([^)]*)\)", given.get("style", ""))
        self.abroad += [one for one in loads if ABROAD.match(one.strip("'\""))]

    def handle_data(self, data):
        self.words.append(data)
        self.abroad += re.findall(r"(?:url\(|@import )\s*['\"]?((?:https?:)?//[^'\")]*)", data)


def read(path) -> Loads:
    found = Loads()
    found.feed(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module", autouse=True)
def undisturbed():
    """No garbage is collected while all sources are parsed: in Python 3.11 that lets another thread, one that earlier
    tests left behind, parse in between, and both then end with "AST constructor recursion depth mismatch"."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site's folder, and what the build said."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)], cwd=ROOT,
                          capture_output=True, text=True, timeout=HANGING,
                          env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout + done.stderr


@pytest.fixture(scope="module")
def text(site):
    """A function that gives the words of a page, blanks as one."""
    return lambda page: " ".join("".join(read(site[0] / page).words).split())


def plain(words: str | None) -> str:
    """Words as a page has them: blanks as one, code without its marks."""
    return " ".join((words or "").split()).replace("`", "")


@pytest.mark.slow
def test_it_builds_without_a_warning(site):
    assert not re.search("warn|error", site[1], re.IGNORECASE), site[1]


@pytest.mark.slow
def test_no_page_loads_anything_from_elsewhere(site):
    pages = sorted(site[0].rglob("*.html"))
    assert len(pages) > 15
    found = {page.name: read(page) for page in pages}
    assert not {name: one.abroad for name, one in found.items() if one.abroad}
    # These the theme would fetch from a CDN when a page has them.
    assert not [name for name, one in found.items() if {"mermaid", "twemoji-remote"} & one.classes]
    for style in site[0].rglob("*.css"):
        assert not re.search(r"(?:url\(|@import )\s*['\"]?(?:https?:)?//", style.read_text(encoding="utf-8")), style


def test_what_is_loaded_from_elsewhere_is_found():
    for tag in ('<script src="https://a.example/x.js">', '<link rel="stylesheet" href="//a.example/x.css">',
                '<img src="http://a.example/x.png">', '<p style="background: url(https://a.example/x.png)">',
                "<style>@import 'https://a.example/x.css';</style>", "<link rel='preconnect' href='https://a.example'>"):
        found = Loads()
        found.feed(tag)
        assert found.abroad, tag
    found = Loads()
    found.feed('<a href="https://a.example">x</a><img src="images/x.png"><link rel="canonical" href="https://a.example">')
    assert not found.abroad


@pytest.mark.slow
def test_the_log_is_there_but_not_in_the_newcomers_way(site, text):
    assert (site[0] / "log.html").is_file()
    home = (site[0] / "index.html").read_text(encoding="utf-8")
    assert 'href="log.html"' not in home[home.index("<nav"):home.index("<article")]
    assert 'href="log.html"' in (site[0] / "contributing.html").read_text(encoding="utf-8")
    assert "rebuilding the judge" in text("training.html") and "VideoScore2" in text("index.html")


@pytest.mark.slow
def test_every_command_and_option_is_on_the_page_with_its_help(text):
    page, count = text("cli.html"), 0
    for name, command in commands.subcommands(parser()).items():
        assert f"vs2 {name}" in page and plain(command.description) in page
        for action in command._actions:
            said = plain(commands.said(action, command))
            assert said and said in page, f"vs2 {name}: {action.option_strings or action.dest}"
            assert all(option in page for option in action.option_strings)
            count += 1
        assert plain(command.epilog) in page
    assert count > 60


def test_arguments_of_every_kind_are_written_out():
    made = argparse.ArgumentParser(prog="p")
    actions = [made.add_argument("--so", type=int, default=3, metavar="N|M", help="a|b *c* <d> %(default)s %(prog)s"),
               made.add_argument("--pick", choices=("a", "b"), help="x"),
               made.add_argument("--far", nargs="?", metavar="F"),
               made.add_argument("--no", action="store_true"), made.add_argument("--need", required=True),
               made.add_argument("--on", default=True, action=argparse.BooleanOptionalAction)]
    assert [commands.written(one) for one in actions] == [
        "--so N|M", "--pick {a,b}", "--far [F]", "--no", "--need NEED", "--on, --no-on"]
    assert [commands.default(one) for one in actions] == ["`3`", "", "", "", "required", "`--on`"]
    row = commands.table(actions[:1], made).splitlines()[-1]
    assert row == r"| `--so N\|M` | `3` | a\|b \*c\* \<d\> 3 p |"


@pytest.mark.slow
def test_every_endpoint_and_its_parameters_are_on_the_page(text):
    page, found = text("http.html"), endpoints.declared()
    named = found["api"]["named_endpoints"]
    assert {name.removeprefix("/") for name in named} == set(found["tools"]) >= {"evaluate", "batch", "review"}
    for name, one in named.items():
        assert name in page and plain(one["description"]) in page
        for parameter in one["parameters"]:
            assert f"{parameter['parameter_name']} {endpoints.kind(parameter)}" in page
    assert endpoints.kind(named["/compare"]["parameters"][0]) == "list of files"


@pytest.mark.slow
def test_what_the_docstrings_say_of_names_is_laid_out(site):
    page = (site[0] / "python.html").read_text(encoding="utf-8")
    for place in ("vs2.load", "vs2.judge.Judge.stream", "vs2.evaluation.Evaluation", "vs2.events.Thought",
                  "vs2.options.Options", "vs2.candidates.decide", "vs2.batch.run", "vs2.best_of.Run", "vs2.video.read",
                  "vs2.generate.protocol.Generator", "vs2.history.Store", "train.sft.run", "train.grpo.run.run"):
        assert f'id="{place}"' in page, place
    record = page[page.index('id="vs2.evaluation.Evaluation"'):page.index('id="vs2.evaluation.Evaluation.overall"')]
    for field in ("video", "rationale", "reply", "frame_times", "tokens", "truncated", "given_fps"):
        assert re.search(rf"<b><code>(<span[^>]*>)?{field}<", record), field
    # A paragraph that begins with `name: ` is one that ran together.
    words = [html.unescape(re.sub("<[^>]+>", "", found)) for found in re.findall(r"<p>(.*?)</p>", page, re.DOTALL)]
    assert not [one for one in words if re.match(r"[a-z_]+(, [a-z_]+)*: ", one)]


def test_docstrings_of_this_house_become_sections():
    said = docstrings.sections(
        "Reads it. first: what.\n\nsecond, third: both; fourth (in pixels): how\n    far. Raises BadInput for it.\n"
        "Of the rest\nmore: not a name.", ["first", "second", "third", "fourth"], "Args")
    assert said == ("Reads it.\n\nRaises BadInput for it.\nOf the rest\nmore: not a name.\n\nArgs:\n    first: what.\n"
                    "    second: both\n    third: both\n    fourth: (in pixels): how far.")
    plain = "Nothing of names: here."
    assert docstrings.sections(plain, ["names_too"], "Args") == plain


def public() -> list[griffe.Object]:
    """What docs/python.md shows: each module that it names, with its public members."""
    names = re.findall(r"^::: (\S+)", (ROOT / "docs/python.md").read_text(encoding="utf-8"), re.MULTILINE)
    loader = griffe.GriffeLoader(search_paths=[str(ROOT)])
    for package in ("vs2", "train"):
        loader.load(package)
    found = [loader.modules_collection[name] for name in names]
    for one in found:
        found += [member for name, member in one.members.items() if not name.startswith("_") and name != "main"
                  and not member.is_alias and (member.is_function or member.is_class)]
    return found


def test_no_docstring_has_markup_that_would_be_lost():
    """A tag outside of code is taken for HTML, and not shown."""
    found = public()
    assert len(found) > 100
    lost = {}
    for one in found:
        prose = re.sub(r"^    .*$", "", one.docstring.value, flags=re.MULTILINE) if one.docstring else ""
        if tag := re.search(r"<[a-z/][^>]*>", re.sub(r"`[^`]*`", "", prose)):
            lost[one.path] = tag[0]
    assert not lost
    assert not [one.path for one in found if not one.docstring], "public, and not explained"


def test_links_between_files_of_the_repository_become_links_of_the_site():
    def linked(text, home=".", uri="index.md"):
        return hooks.linked(text, home, uri)

    assert linked("[a](docs/spaces.md#x) [b](train/README.md) ![c](docs/images/c.png)") == (
        "[a](spaces.md#x) [b](training.md) ![c](images/c.png)")
    assert linked("[a](../README.md#settings) [b](mini.md)", "docs", "spaces.md") == (
        "[a](index.md#settings) [b](mini.md)")
    for kept in ("[a](https://a.example/b.md)", "[a](#here)", "`[a](docs/b.md)`", "```\n[a](docs/b.md)\n```"):
        assert linked(kept) == kept
