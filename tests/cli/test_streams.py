"""The command with its streams closed, full or left, its arguments in any encoding, and a user without a home."""
import json
import os
import re
import subprocess
import sys

import pytest

from tests.support.clips import moving_square
from tests.support.tiny import write_judge
from vs2.cli import main, score, streams
from vs2.errors import Failure
from vs2.settings import Settings
from vs2.texts import argument, path_text, told, wired

FULL, LOST = "No space left on device", "stdout"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full and a shell")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_judge(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def folder(tmp_path):
    """A folder whose name is no UTF-8, with a clip of such a name, another one, and one that begins with a dash."""
    place = os.path.join(os.fsencode(tmp_path), b"d\xff")
    os.mkdir(place)
    clip = moving_square(tmp_path / "a.mp4", size=(112, 84)).read_bytes()
    for name in (b"b\xe4r.mp4", b"-clip.mp4", "n\u00f6.mp4".encode(), b"a.mp4"):
        with open(os.path.join(place, name), "wb") as file:
            file.write(clip)
    with open(os.path.join(place, b"t\xff.csv"), "wb") as file:
        file.write("video,prompt\na.mp4,p\nn\u00f6.mp4,q\nno.mp4,r\n".encode())
    return place


def shell(command, cwd=None, **environment):
    """Runs a shell's command line, `vs2` being this one; (status, stdout, stderr). Arguments may be bytes."""
    line = command if isinstance(command, bytes) else command.encode()
    line = line.replace(b"vs2 ", f"{sys.executable} -W default -m vs2 ".encode())
    given = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry), **environment}
    done = subprocess.run(["bash", "-c", line], cwd=cwd, capture_output=True, timeout=280,
                          env={name: value for name, value in given.items() if value is not None})
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def one_sentence(err, *words):
    last = err.splitlines()[-1]
    assert "Traceback" not in err and "Exception" not in err and last.startswith("vs2: "), err
    assert all(word in last for word in words), err


@pytest.mark.parametrize("command", ["vs2 --help", "vs2 --version", "vs2 best-of --help", "vs2 models"])
def test_output_that_cannot_be_written_is_a_failure(command):
    status, _, err = shell(f"{command} >/dev/full")
    assert status == 1
    one_sentence(err, FULL)
    status, _, err = shell(f"{command} >&-")
    assert status == 1
    one_sentence(err, LOST)


@pytest.mark.parametrize("command", ["vs2 score no.mp4 --prompt x", "vs2 compare no.mp4 no.mp4 --prompt x",
                                     "vs2 best-of 2 --prompt x --size q"])
def test_a_closed_stdout_is_said_before_the_work_and_a_closed_stderr_costs_no_status(command):
    status, _, err = shell(f"{command} >&-")
    assert status == 1
    one_sentence(err, LOST)
    for lost in ("2>&-", "2>/dev/full", "<&- 2>&-"):
        assert shell(f"{command} {lost}") == (2, "", "")


def test_a_reader_who_has_enough_is_no_fault():
    assert shell("vs2 best-of --help | head -1")[2] == ""
    status, out, err = shell("set -o pipefail; vs2 --help | true")
    assert err == "" and status in (0, 141)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_judgement_with_full_and_closed_streams(folder, model):
    score = f"vs2 score a.mp4 --prompt x --no-think --model {model}"
    status, _, err = shell(f"{score} >/dev/full", folder)
    assert status == 1
    one_sentence(err, FULL)
    status, out, _ = shell(f"{score} --json <&- 2>&-", folder)
    assert status == 0 and json.loads(out)["video"] == "a.mp4"
    batch = f"vs2 batch $'t\\xff.csv' --no-think --model {model} --out"
    status, _, err = shell(f"{batch} $'o\\xff.csv' >&- 2>&-", folder)
    assert status == 0 and os.path.getsize(os.path.join(folder, b"o\xff.csv"))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("locale", [
    {"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "POSIX"}])
def test_names_that_are_no_utf8_in_locales_that_are_not(folder, model, locale):
    names = b"$'b\\xe4r.mp4' n\xc3\xb6.mp4 $'../d\\xff/a.mp4' -clip.mp4"
    status, out, err = shell(b"vs2 compare --prompt b\xc3\xa4r --no-think --json --model %b -- %b"
                             % (os.fsencode(model), names), folder, **locale)
    assert status == 0 and "Traceback" not in err, err
    found = json.loads(out)["candidates"]
    assert [one["video"] for one in found] == ["b\ufffdr.mp4", "n\u00f6.mp4", "../d\ufffd/a.mp4", "-clip.mp4"]
    assert {one["prompt"] for one in found} == {"b\u00e4r"} and json.dumps(found, ensure_ascii=False).encode()
    batch = f"vs2 batch $'t\\xff.csv' --no-think --model {model} --out $'o\\xff.parquet'"
    status, _, err = shell(batch, folder, **locale)
    assert status == 0 and "2 rows with scores" in err and "Traceback" not in err, err


def test_what_is_no_text_is_one_sentence(folder):
    status, _, err = shell("vs2 score a.mp4 --prompt $'b\\xe4r'", folder, LC_ALL="C.UTF-8")
    assert status == 2
    one_sentence(err, "no text in UTF-8")
    status, _, err = shell("vs2 score $'no\\xff.mp4' --prompt x; vs2 batch $'no\\xff.csv' --out $'\\xff.csv'", folder)
    assert status == 2 and "no\ufffd.mp4 does not exist" in err
    one_sentence(err, "no\ufffd.csv")


@pytest.mark.parametrize("words", [
    ["--prompt", "-x", "no.mp4"], ["no.mp4", "--prompt", "--no people"], ["no.mp4", "--prompt", "--nobody"],
    ["--prompt=-x", "no.mp4"], ["--prompt", "--", "-x", "no.mp4"], ["--prompt", "-x", "--", "-no.mp4"],
    ["--prompt", "-", "no.mp4"], ["--prompt", "-1", "no.mp4"], ["--prompt", "--x=1", "--", "-no.mp4"]])
@pytest.mark.parametrize("command", ["score", "compare", "best-of"])
def test_a_prompt_or_a_path_may_begin_with_a_dash(words, command, monkeypatch):
    seen = []
    monkeypatch.setattr(score, "run", seen.append)
    monkeypatch.setattr("vs2.cli.compare.run", seen.append)
    monkeypatch.setattr("vs2.cli.best_of.run", seen.append)
    words = [word if command != "best-of" or not word.endswith("no.mp4") else "3" for word in words]
    assert main.main([command, *words]) == 0
    prompt = seen[0].prompts[0] if command == "compare" else seen[0].prompt
    assert prompt in ("-x", "--no people", "--nobody", "-", "-1", "--x=1") and prompt in " ".join(words)
    if command != "best-of":
        video = seen[0].video if command == "score" else seen[0].videos[0]
        assert video == words[-1 if words[-1].endswith("mp4") else 0]


@pytest.mark.parametrize("words", [["score", "a.mp4", "--prompt", "--json"], ["score", "a.mp4", "--prompt"],
                                   ["score", "-a.mp4", "--prompt", "x"], ["batch", "--out", "o.csv", "-t.csv"]])
def test_an_option_is_no_prompt(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        main.main(words)
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1
    if "--prompt" not in words[-2:-1] or words[1].startswith("-"):
        assert ("after --" in err) == (words[-1] != "--prompt")


def test_paths_and_values_that_begin_with_a_dash(monkeypatch):
    seen = []
    monkeypatch.setattr("vs2.cli.batch.run", seen.append)
    assert main.main(["batch", "--out", "-o.csv", "--model", "-m", "--", "-t.csv"]) == 0
    assert (seen[0].out, seen[0].model, seen[0].table) == ("-o.csv", "-m", "-t.csv")


def test_text_of_the_outside():
    assert told("a\u00e4") == "a\u00e4" and told("b\udce4r") == "b\ufffdr" and told("n\udcc3\udcb6") == "n\u00f6"
    assert told("\ud800x") == "\ufffdx" and told("\udfff") == "\ufffd"
    assert path_text(b"b\xe4r") == "b\udce4r" and wired("b\udce4r") == "b\udce4r" and argument("-\u00e4") == "-\u00e4"


class Broken:
    """A stream that takes nothing."""

    closed, encoding = False, "utf-8"

    def write(self, text):
        raise OSError(5, "Input/output error")

    def flush(self):
        raise OSError(5, "Input/output error")

    def isatty(self):
        return False


def test_the_streams_of_a_program_that_calls_main(monkeypatch, capsys):
    with pytest.raises(Failure, match="Input/output error"):
        streams.Output(Broken()).write("x")
    notes = streams.Notes(Broken())
    assert notes.write("x") == 1 and notes.flush() is None and not notes.isatty()
    before = sys.stdout, sys.stderr
    assert main.main(["score", "no.mp4", "--prompt", "x"]) == 2 and (sys.stdout, sys.stderr) == before


def homeless(monkeypatch):
    """Neither HOME nor an entry in the list of users."""
    import pwd

    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_a_user_without_a_home_may_judge_and_is_told_what_the_app_needs(monkeypatch, capsys, tmp_path):
    from vs2.ui import app

    homeless(monkeypatch)
    assert Settings.read({}).home is None and Settings.read({"VS2_HOME": "/x"}).home is not None
    assert main.main(["score", "no.mp4", "--prompt", "x"]) == 2 and "no.mp4 does not exist" in capsys.readouterr().err
    monkeypatch.delenv("VS2_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(app, "Store", lambda home: pytest.fail("opened"))
    assert main.main(["app"]) == 2
    assert re.fullmatch("vs2: .*no home folder.*VS2_HOME.*\n", capsys.readouterr().err)
    monkeypatch.setenv("VS2_HOME", "~/x")
    assert main.main(["score", "no.mp4", "--prompt", "x"]) == 2 and "whole path" in capsys.readouterr().err


@pytest.mark.slow
def test_a_containers_user_judges(folder, model, tmp_path):
    """A number that no list knows, without HOME. It owns what is root's, so that Python can be read."""
    command = ["unshare", "--user", "--map-user=12345"]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no user namespaces here: unshare --user fails")
    work = tmp_path / "work"
    work.mkdir()
    clip = os.path.join(folder, b"a.mp4")
    status, out, err = shell(b" ".join([b"unshare --user --map-user=12345 vs2 score '%b' --prompt x --json --no-think"
                                        b" --model %b" % (clip, os.fsencode(model))]), work, HOME=None)
    assert status == 0 and json.loads(out) and "Traceback" not in err, err
    assert not list(work.iterdir()), "no folder called ~"
