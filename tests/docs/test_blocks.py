"""Every block of code in the documents: run, or read by what would read it. See EXCEPTIONS for what is neither.

Blocks of one page share what they define, as in one session, and a folder with the files that they name.
"""
import json
import shutil
from contextlib import ExitStack

import numpy as np
import pytest
import yaml
from PIL import Image

import vs2
from tests.docs import shell
from tests.docs.blocks import ROOT, Block, agrees, blocks, pages, transcript, words
from tests.support.apps import serve_app
from tests.support.clips import moving_square, picture
from tests.support.ports import free_port
from tests.support.scripted import serving
from vs2.duels.votes import DIMENSIONS, Vote, to_csv, to_jsonl
from vs2.options import Options
from vs2.serve.app import Terms

# (page, how the command begins, why it is not run). What has a parser is read by it all the same.
EXCEPTIONS = (
    ("README.md", ". .venv/bin/activate", "changes the reader's shell"),
    ("docs/install.md", ". .venv/bin/activate", "changes the reader's shell"),
    ("docs/install.md", "pip install .", "installs, from the network"),
    ("README.md", "pip install", "installs, from the network; tests/test_installed.py installs a wheel"),
    ("README.md", "pip wheel", "tests/test_installed.py builds one"),
    ("README.md", "vs2 bench best-of-n", "minutes; tests/bench/test_best_of_n.py runs the suite"),
    ("README.md", "vs2 serve", "serves until it is stopped; the blocks of docs/serve.md ask a server"),
    ("docs/serve.md", "vs2 serve", "serves until it is stopped; the blocks that ask a server ask one"),
    ("docs/serve.md", "pip install", "installs, from the network"),
    ("README.md", "vs2 app", "serves until it is stopped; the blocks that ask an app ask one"),
    ("README.md", 'vs2 score clip.mp4 --prompt "a red ball bounces on grass" --model TIGER', "16 GB from the network"),
    ("docs/server.md", "vllm serve", "a server with a GPU; tests/remote/test_vllm.py starts one"),
    ("docs/server.md", "vs2 score", "asks a server; tests/remote/ asks one"),
    ("docs/server.md", "vs2 batch", "asks a server; tests/remote/test_several.py asks one"),
    ("docs/cluster.md", "pip install", "installs, from the network"),
    ("docs/cluster.md", "vs2 batch", "starts Ray; tests/batch/test_ray.py runs it on a cluster"),
    ("docs/cluster.md", "kubectl", "needs a cluster of Kubernetes"),
    ("docs/cluster.md", "export HF_HOME", "is a line of a job of Slurm"),
    ("docs/cluster.md", "srun", "needs a cluster of Slurm; tests/docs/test_cluster.py reads it"),
    ("docs/benchmarks.md", "vs2 bench scenes", "minutes; README.md's is run, shortened"),
    ("docs/benchmarks.md", "vs2 bench best-of-n", "minutes; tests/bench/test_best_of_n.py runs the suite"),
    ("docs/benchmarks.md", "vs2 bench prompts", "half a minute; tests/bench/test_prompts.py runs the suite"),
    ("docs/benchmarks.md", "vs2 bench best-of --", "minutes; tests/bench/test_best_of.py runs the suite"),
    ("docs/bench.md", "vs2 bench fetv", "needs FETV; tests/bench/people/test_scored.py has a table of its form"),
    ("docs/bench.md", "vs2 bench table", "needs clips with scores; tests/cli/test_bench.py runs the suite"),
    ("docs/bench.md", "vs2 bench diff", "needs two results; tests/cli/test_bench.py runs it"),
    ("docs/bench.md", "vs2 bench all", "needs suites; tests/bench/people/test_loading.py runs it"),
    ("docs/bench.md", "vs2 bench stability", "minutes; tests/bench/test_stability.py runs the suite"),
    ("docs/bench.md", "vs2 bench prompts-suite", "needs clips; tests/bench/test_prompts_suite.py runs the suite"),
    ("docs/benchmarks.md", "vs2 bench faults", "half a minute; tests/bench/test_faults.py runs the suite"),
)
# Pages of which blocks without a language are drawings.
DRAWINGS = {"docs/architecture.md": "trees and arrows; tests/test_repository.py holds the list of files"}
# The same command with less to do: the last of two equal options counts.
SHORTER = {"vs2 bench scenes": ("--limit", "2", "--workers", "1"),
           "vs2 batch": ("--workers", "1"), "vs2 best-of 5": ("--budget", "16")}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """Gives the address of the app with the built-in judge; it is started by the first who asks."""
    started = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")

        def address() -> str:
            if not started:
                serving = serve_app(tmp_path_factory.mktemp("home"), free_port())
                started[:] = [serving.__enter__(), serving]
            return started[0]

        yield address
    if started:
        started[1].__exit__(None, None, None)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the files that the documents name; commands run there, with the built-in judge."""
    for number, name in enumerate(("clip", "one", "two")):
        moving_square(tmp_path / f"{name}.mp4", frames=8 + number)
    (tmp_path / "frames").mkdir()
    for index in range(8):
        Image.fromarray(np.ascontiguousarray(picture(index, 8))).save(tmp_path / "frames" / f"frame_{index:04}.png")
    (tmp_path / "clips.csv").write_text('video,prompt\none.mp4,a red ball\ntwo.mp4,"a red ball, bouncing"\n')
    votes(tmp_path)
    (tmp_path / "assets").mkdir()
    shutil.copytree(ROOT / "assets" / "examples", tmp_path / "assets" / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VS2_MODEL", "mini")
    monkeypatch.setenv("VS2_HOME", str(tmp_path / "home"))
    return tmp_path


def votes(folder) -> None:
    """Votes of a duel in both forms, and results of a batch with scores of its clips."""
    said = [Vote("a red ball", "one/a.mp4", "two/a.mp4", "one", "two", preference, dimension)
            for preference in ("a", "tie") for dimension in DIMENSIONS]
    (folder / "vs2-duel-votes.jsonl").write_text(to_jsonl(said))
    (folder / "vs2-duel-votes.csv").write_text(to_csv(said))
    (folder / "judged.csv").write_text("video,prompt,model,overall\none/a.mp4,a red ball,mini,4\n"
                                       "two/a.mp4,a red ball,mini,3\n")


@pytest.fixture(scope="module")
def served():
    """Gives the address of a server of scores with the built-in judge; it is started by the first who asks."""
    with ExitStack() as stack:
        started = []

        def address() -> str:
            if not started:
                started.append(stack.enter_context(serving(vs2.load("mini"), Terms(Options(think=False)))))
            return started[0]

        yield address


class Session:
    """Goes through the blocks of one page."""

    def __init__(self, place, app, served, patch, capsys):
        self.place, self.app, self.served, self.patch, self.capsys = place, app, served, patch, capsys
        self.names, self.variables = {"__name__": "__main__"}, {}

    def block(self, block: Block) -> None:
        """Runs or checks it; raises where it does not hold."""
        if block.language == "" and block.page in DRAWINGS:
            return
        kind = getattr(self, f"_{block.language}", None)
        assert kind, f"a block of {block.language or 'no language'}: nothing here runs or checks it"
        kind(block)

    def _python(self, block: Block) -> None:
        code = block.text
        for places, address in ((shell.PLACES, self.app), (shell.SERVED, self.served)):
            if places.search(code):
                code = shell.placed(code, places, address())
        exec(compile("\n" * block.line + code, block.page, "exec"), self.names)
        self.capsys.readouterr()

    def _json(self, block: Block) -> None:
        json.loads(block.text)

    def _yaml(self, block: Block) -> None:
        found = yaml.safe_load(block.text)
        if isinstance(found, dict) and {"output", "data"} & found.keys():
            from train.config import check

            check(found, block.page)

    def _bibtex(self, block: Block) -> None:
        from vs2 import published

        assert block.text.strip() == published.bibtex()

    def _console(self, block: Block) -> None:
        for command, expected in transcript(block.text):
            printed = self._vs2(words(command))
            assert agrees(expected, printed), f"{command} printed\n{printed}"

    def _bash(self, block: Block) -> None:
        asking = [line for line in block.commands if shell.asks(line)]
        if asking:
            assert asking == block.commands, "what asks an app stands in a block of its own"
            if shell.SERVED.search(block.text):
                shell.scored(asking, self.served(), self.place)
            else:
                shell.answers(asking, shell.bash(asking, self.app(), self.place))
            return
        for line in block.commands:
            self._command(block, line)

    def _command(self, block: Block, line: str) -> None:
        if set_here := shell.assigned(line):
            self.variables[set_here[0]] = set_here[1]
            return
        for name, value in self.variables.items():
            line = line.replace(f"${name}", value)
        found = words(line)
        out = found[found.index(">") + 1] if ">" in found else None
        found = found[:found.index(">")] if out else found
        excepted = exception(block.page, line)
        read = shell.READERS.get(found[0])
        assert read or excepted, f"`{line}`: nothing here runs or reads it"
        if read:
            read(found[1:], self.patch)
        if found[0] == "vs2" and not excepted:
            less = [word for start, more in SHORTER.items() if line.startswith(start) for word in more]
            printed = self._vs2(found + less)
            if out:
                (self.place / out).write_text(printed, encoding="utf-8")

    def _vs2(self, command: list[str]) -> str:
        from vs2.cli.main import main

        assert command[0] == "vs2"
        self.capsys.readouterr()
        status = main(command[1:])
        printed = self.capsys.readouterr()
        assert status == 0, printed.err
        return printed.out


def exception(page: str, line: str) -> tuple | None:
    """The entry of EXCEPTIONS that a command stands under."""
    return next((one for one in EXCEPTIONS if one[0] == page and line.startswith(one[1])), None)


@pytest.fixture
def session(place, app, served, monkeypatch, capsys):
    return Session(place, app, served, monkeypatch, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in pages() if blocks(page)])
def test_every_block_of_a_page_holds(page, session):
    for block in blocks(page):
        try:
            session.block(block)
        except (Exception, SystemExit) as error:
            raise AssertionError(f"{page}, line {block.line}: {error}\n{block.text}") from error


def test_no_exception_outlives_its_command():
    found = [block for page in pages() for block in blocks(page) if block.language == "bash"]
    lines = {(block.page, line) for block in found for line in block.commands}
    assert not [one for one in EXCEPTIONS if not any(exception(page, line) == one for page, line in lines)]
    assert all(any(not block.language for block in blocks(page)) for page in DRAWINGS)
    assert all(any(line.startswith(start) for _, line in lines) for start in SHORTER)


@pytest.mark.parametrize("text", [
    "```\nsomething\n```", "```ruby\nputs 1\n```", "    indented = 1", "```bash\nrm -r everything\n```",
    "```bash\nvs2 score clip.mp4 --promt x\n```", "```bash\nvs2 scores\n```",
    "```bash\nvs2 score no.mp4 --prompt x\n```",
    "```bash\nmake nothing-of-the-kind\n```", "```bash\npytest tests/test_not_there.py\n```",
    "```bash\npytest tests/test_answer.py -k never_called_so\n```", "```bash\npython -m train.nothing\n```",
    "```bash\npython -m train.measure\n```",
    "```bash\npython -m train.sft train/configs/not-there.yaml\n```",
    "```bash\naccelerate launch --config_file train/configs/accelerate/fsdp2.yaml -m train.sft --resum\n```",
    "```python\nimport vs2\nvs2.lod('mini')\n```", "```json\n{'a': 1}\n```",
    "```yaml\noutput: x\ndata: {kind: scenes, colour: red}\nfrom: y\nframes: z\n```",
    "```console\n$ vs2 --version\nvs2 0\n```",
])
def test_a_block_that_is_wrong_is_found(text, session):
    found = blocks("docs/made-up.md", text)
    assert len(found) == 1
    with pytest.raises((Exception, SystemExit)):
        session.block(found[0])


def test_a_block_is_found_wherever_it_is():
    text = "---\na: 1\n---\n\n- a list\n\n  ```python\n  x = 1\n  ```\n\n~~~bash\nvs2 models \\\n  --json  # all\n~~~\n"
    found = blocks("docs/made-up.md", text)
    assert [(one.line, one.language) for one in found] == [(7, "python"), (11, "bash")]
    assert found[0].text == "x = 1\n" and words(found[1].commands[0]) == ["vs2", "models", "--json"]


def test_an_output_is_compared_but_for_what_it_leaves_open():
    assert agrees("a ... s\nb", "a 1.5 s  \nb\n") and not agrees("a ... s\nb", "a 1.5 s\nc")
    assert transcript("$ x\n1\n$ y\n2\n") == [("x", "1\n"), ("y", "2\n")]
