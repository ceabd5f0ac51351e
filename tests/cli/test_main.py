"""The vs2 command: what it writes where, its exit statuses, and that it is quick where it can be."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

import vs2
from tests.support.clips import moving_square
from tests.support.patience import HANGING
from tests.support.scopes import REASONS, write_scope
from tests.support.tiny import write_judge, write_tiny
from vs2.cli import judging, main, models, terminal
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.model import catalogue
from vs2.rubric import KEYS
from vs2.settings import Settings

CARD = {
    "query": "Judge this: $t2v_prompt",
    "fps": 2,
    "max_frames": 4,
    "pixels": [28 * 28, 56 * 56],
    "knows": "Nothing at all.",
}
FIELDS = {
    "video",
    "prompt",
    "model",
    "precision",
    "rationale",
    "scores",
    "overall",
    "frames",
    "seconds",
    "tokens",
    "truncated",
    "warnings",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = write_tiny(tmp_path_factory.mktemp("tiny"))
    (folder / "vs2.json").write_text(json.dumps(CARD), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "square.mp4", size=(112, 84))


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("VS2_MODEL", "VS2_PRECISION", "VS2_HOME", "VS2_SHARED_HISTORY", "VS2_JUDGES"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments, **options):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "vs2", *map(str, arguments)], capture_output=True, text=True, timeout=HANGING, **options
    )


def score(clip, folder, *more):
    return main.main(["score", str(clip), "--prompt", "a red square", "--model", str(folder), "--budget", "12", *more])


def test_json_is_one_object_on_stdout_and_nothing_else(clip, folder, capfd):
    assert score(clip, folder, "--json") == 0
    out, err = capfd.readouterr()
    record = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert record.keys() >= FIELDS and out.count("\n") == 1
    assert tuple(record["scores"]) == KEYS and record["seconds"].keys() == {"read", "think", "total"}
    for facts in record["scores"].values():
        assert facts.keys() == {"value", "expected", "distribution", "confidence", "reason"}
        assert len(facts["distribution"]) == 5
    assert record["video"] == str(clip) and record["model"] == str(folder) and record["truncated"] is True
    assert "Reading" in err and "\x1b" not in err


def test_text_is_the_rationale_then_the_scores(clip, folder, capfd):
    assert score(clip, folder, "--json") == 0
    record = json.loads(capfd.readouterr().out)
    assert score(clip, folder) == 0
    out = capfd.readouterr().out
    rationale, _, rest = out.partition("score       expected")
    assert rationale.split() == terminal.plain(record["rationale"]).split()
    for key, label in zip(
        KEYS, ("Visual quality", "Text-to-video alignment", "Physical and common-sense"), strict=True
    ):
        line = next(line for line in rest.split("\n") if line.startswith(label))
        assert f"{record['scores'][key]['value']} of 5" in line and f"{record['scores'][key]['expected']:.2f}" in line
        assert "confidence" not in line
    assert f"{record['overall']:.2f}" in rest and "Nothing at all." in rest and "thinking cut at its budget" in rest


def test_what_was_not_judged_is_said_with_why_and_what_to_do(clip, tmp_path, capsys):
    folder = write_scope(write_judge(tmp_path / "strict"))
    assert score(clip, folder) == 0
    out = capsys.readouterr().out
    lines = out[out.index("score       expected"):].split("\n")
    assert [line.split()[-4:] for line in lines[1:4]] == [["not", "judged", "-", "-----"]] * 3
    assert lines[4].split() == ["Overall", "not", "judged"] and "of 5" not in out and "confidence" not in out
    assert [line for line in lines if line.startswith("Not judged: ")] == [
        f"Not judged: {reason}" for reason in REASONS.values()]
    assert lines.count(terminal.INSTEAD) == 1 and "--model TIGER-Lab/VideoScore2" in terminal.INSTEAD
    assert score(clip, folder, "--json", "--samples", "2") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["overall"] is None and all(
        found == {"value": None, "expected": None, "distribution": None, "confidence": None, "reason": REASONS[key]}
        for key, found in record["scores"].items())
    assert score(clip, folder, "--published") == 0
    assert "published script: none, none, none" in capsys.readouterr().out


def test_why_a_clip_was_not_judged_drives_no_terminal(clip, tmp_path, capsys):
    folder = write_scope(write_judge(tmp_path / "evil"), withholds={KEYS[0]: "Not \x1b[2Jthis\nOverall  5 of 5."})
    assert score(clip, folder, "--no-think") == 0
    out = capsys.readouterr().out
    assert "Not judged: Not this Overall 5 of 5." in out and "\x1b" not in out


def test_the_listing_says_what_a_judge_withholds(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("vs2.model.checkpoint.ASSETS", tmp_path)
    write_scope(write_judge(tmp_path / "mini"))
    assert main.main(["models"]) == 0
    said = capsys.readouterr().out
    assert said.count("  Withholds: the scores of visual quality, text-to-video alignment, physical") == 1
    assert main.main(["models", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["models"]
    assert first["scope"]["withholds"] == REASONS and second["scope"] is None


def test_without_thinking_and_with_samples_confidence_is_shown(clip, folder, capsys):
    assert score(clip, folder, "--no-think") == 0
    assert capsys.readouterr().out.count("confidence") == 3
    assert score(clip, folder, "--samples", "2", "--seed", "3") == 0
    out = capsys.readouterr().out
    assert out.count("confidence") == 3 and "in 2 replies" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no-such.mp4"], "does not exist"),
        (["."], "is a folder"),
        (["CLIP", "--prompt", "  "], "prompt is empty"),
        (["CLIP", "--budget", "0"], "budget is 0"),
        (["CLIP", "--samples", "99"], "samples is 99"),
        (["CLIP", "--seed", "-1"], "seed is -1"),
        (["CLIP", "--model", "no such judge"], "There is no judge"),
        (["CLIP", "--model", "."], "config.json"),
        (["https://example.org/a.mp4"], "is an address"),
    ],
)
def test_bad_input_is_one_line_and_status_2_before_any_waiting(arguments, says, clip, monkeypatch, capsys):
    monkeypatch.setattr(judging, "load", lambda *_: pytest.fail("the judge was loaded"))
    arguments = [str(clip) if part == "CLIP" else part for part in arguments]
    prompt = [] if "--prompt" in arguments else ["--prompt", "a cow"]
    assert main.main(["score", *arguments, *prompt]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("vs2: ") and err.count("\n") == 1 and says in err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["score"],
        ["score", "a.mp4"],
        ["score", "a.mp4", "--prompt", "x", "--budget", "many"],
        ["score", "a.mp4", "--prompt", "x", "--precision", "int8"],
        ["nonsense"],
    ],
)
def test_a_wrong_command_line_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main.main(arguments)
    said = capsys.readouterr().err
    assert stopped.value.code == 2 and said.startswith("vs2: ") and said.count("\n") == 1


def test_a_broken_file_and_a_failure_have_their_statuses(clip, folder, tmp_path, capsys, monkeypatch):
    broken = tmp_path / "broken\x1b[31m.mp4"
    broken.write_bytes(clip.read_bytes()[:200])
    assert score(broken, folder) == 2
    err = capsys.readouterr().err
    assert err.strip().split("\n")[-1].startswith("vs2: ") and "Traceback" not in err and "\x1b" not in err

    def fails(*_):
        raise Failure("The disk\nis full.")

    monkeypatch.setattr(judging, "load", fails)
    assert score(clip, folder) == 1
    assert capsys.readouterr().err.endswith("vs2: The disk is full.\n")


def test_help_version_models_and_bad_paths_import_nothing_heavy(tmp_path):
    code = (
        "import sys; from vs2.cli.main import main\n"
        "main(['models'])\n"
        "print([name for name in ('torch', 'transformers', 'numpy', 'av') if name in sys.modules])\n"
        "for argv in (['--help'], ['score', '--help'], ['--version'], ['score', 'no.mp4', '--prompt', 'x']):\n"
        "    try: main(argv)\n"
        "    except SystemExit: pass\n"
        "print([name for name in ('torch', 'transformers', 'gradio', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n") and done.stdout.count("[]\n") == 2 and f"vs2 {vs2.__version__}" in done.stdout
    for words in ("VIDEO", "--prompt", "--no-think", "--budget", "--samples", "--json"):
        assert words in done.stdout


class Fake:
    """A judge whose stream is given."""

    name, precision, card = "fake", "fp32", SimpleNamespace(knows="")

    def __init__(self, *events):
        self.events, self.closed = events, False

    def stream(self, *_, **__):
        try:
            for event in self.events:
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            self.closed = True


def unread(**more) -> Evaluation:
    scores = dict.fromkeys(KEYS, Score(3, 2.9, (0.0, 0.1, 0.9, 0.0, 0.0))) | {KEYS[1]: Score()}
    return Evaluation("a.mp4", "p", "fa\x1b[2Jke", "fp32", "r", scores, 4, Seconds(), 9, **more)


def test_unread_is_said_and_untrusted_text_cannot_drive_the_terminal(clip, monkeypatch, capsys):
    from vs2.events import Retry, Thought

    fake = Fake(
        Thought("One \x1b[2J\x1b]0;title\x07two\u202e\x9b31m", 3),
        Retry("Memory ran out."),
        Thought("three", 5),
        unread(warnings=("\x1b[31mred",)),
    )
    monkeypatch.setattr(judging, "load", lambda *_: fake)
    monkeypatch.setattr(judging, "check_before_loading", lambda *_: None)
    assert score(clip, "mini") == 0 and fake.closed
    out, err = capsys.readouterr()
    assert "One two" in out and "[Memory ran out.]\nthree" in out and "Note: red" in out
    assert not set(out + err) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert out.count("not read") == 2 and "nan" not in out.lower()
    fake.events = (unread(),)
    assert score(clip, "mini", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["overall"] is None and record["scores"][KEYS[1]]["value"] is None


def test_a_stream_that_ends_without_scores_is_a_failure():
    from vs2.cli import judging
    from vs2.events import Thought

    with pytest.raises(Failure, match="stopped before it had scores"):
        judging.follow(Fake(Thought("One", 1)).stream(), Fake(), terminal.Status())


def test_the_words_beside_sampled_scores_are_those_that_gave_them(clip, monkeypatch, capsys):
    from vs2.events import Thought

    samples = tuple({"rationale": words, "values": dict.fromkeys(KEYS, digit), "truncated": False}
                    for words, digit in (("first words", 2), ("second \x1b[2Jwords", 3), ("third words", 3)))
    scores = dict.fromkeys(KEYS, Score(3, 2.7, (0.0, 0.3, 0.7, 0.0, 0.0), 0.7))
    made = Evaluation("a.mp4", "p", "fake", "fp32", "second \x1b[2Jwords", scores, 4, Seconds(), 9, samples=samples,
                      shown=1)
    fake = Fake(Thought("first words", 3), made)
    monkeypatch.setattr(judging, "load", lambda *_: fake)
    monkeypatch.setattr(judging, "check_before_loading", lambda *_: None)
    assert score(clip, "mini", "--samples", "3") == 0
    out = capsys.readouterr().out
    places = [out.index(said) for said in ("first words", "reply 1 of 3. Reply 2 gave", "second words", "3 of 5")]
    assert places == sorted(places)
    assert "\x1b" not in out and "another score" not in out
    fake.events = (Thought("first words", 3), replace(made, shown=0, rationale="first words"))
    assert score(clip, "mini", "--samples", "3") == 0
    out = capsys.readouterr().out
    assert "This sample gave other scores: Visual quality 2, where all samples together say 3" in out


def test_an_interrupt_is_quiet(clip, monkeypatch, capsys):
    fake = Fake(KeyboardInterrupt())
    monkeypatch.setattr(judging, "load", lambda *_: fake)
    monkeypatch.setattr(judging, "check_before_loading", lambda *_: None)
    assert score(clip, "mini") == 130 and "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_stops_a_real_run(clip, folder):
    process = subprocess.Popen(
        [sys.executable, "-m", "vs2", "score", str(clip), "--prompt", "x", "--model", str(folder), "--budget", "8000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that starts this in the background has interrupts ignored, by all that it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.read(3)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=HANGING)
    assert process.returncode == 130 and "Traceback" not in err


@pytest.mark.slow
def test_a_reader_that_leaves_is_no_error(clip, folder):
    command = [
        sys.executable,
        "-m",
        "vs2",
        "score",
        str(clip),
        "--prompt",
        "x",
        "--model",
        str(folder),
        "--budget",
        "300",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.read(1)
    process.stdout.close()
    assert process.stderr.read().count("Traceback") == 0
    assert process.wait(HANGING) == main.PIPE_CLOSED


@pytest.mark.slow
def test_the_real_command_in_a_bare_locale(clip, folder):
    done = run(
        "score",
        clip,
        "--prompt",
        "a red square",
        "--model",
        folder,
        "--budget",
        "8",
        env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert done.returncode == 0 and "Overall" in done.stdout and "\u2588" not in done.stdout
    assert "Traceback" not in done.stderr and "%|" not in done.stderr


def test_a_status_line_overwrites_itself_only_in_a_terminal():
    class Screen(io.StringIO):
        def isatty(self):
            return True

    for stream, wanted in (
        (Screen(), "\r\x1b[KReading a.mp4\r\x1b[KThinking, 3 tokens\r\x1b[K"),
        (io.StringIO(), "Reading a.mp4\n"),
    ):
        status = terminal.Status(stream)
        status.show("Reading a\x1b[2J.mp4")
        status.show("Thinking, 3 tokens", fleeting=True)
        status.clear()
        assert stream.getvalue() == wanted


def test_bars():
    spread = (0.0, 0.05, 0.5, 1.0, 0.2)
    assert terminal.bars(spread, "utf-8") == "  \u2584\u2588\u2582"
    assert terminal.bars(spread, "ascii") == "00592" == terminal.bars(spread, None)
    assert terminal.bars(None, "utf-8") == "-----"


def test_models_are_listed_with_the_default_and_why(monkeypatch, capsys):
    assert main.main(["models", "--json"]) == 0
    listing = json.loads(capsys.readouterr().out)
    names = [model["name"] for model in listing["models"]]
    assert names == ["mini", "TIGER-Lab/VideoScore2"] and listing["default"] in names and listing["why"]
    monkeypatch.setenv("VS2_MODEL", "org/other")
    assert main.main(["models"]) == 0
    out = capsys.readouterr().out
    assert "The default here is org/other: VS2_MODEL names it." in out and "8.3 billion parameters" in out


def test_the_listing_reads_the_card(folder, monkeypatch, tmp_path):
    card = CARD | {"metrics": {"visual_quality": {"exact": 0.9, "pearson": 0.8, "note": "x"}}}
    (tmp_path / "mini").symlink_to(folder)
    (folder / "vs2.json").write_text(json.dumps(card), encoding="utf-8")
    monkeypatch.setattr("vs2.model.checkpoint.ASSETS", tmp_path)
    text = models.text(catalogue.listing(Settings()))
    (folder / "vs2.json").write_text(json.dumps(CARD), encoding="utf-8")
    assert "Visual quality: exact 0.90, Pearson 0.80" in text and "Knows: Nothing at all." in text
    assert "mini" in text.split("\n")[0] and " MB, on this machine" in text


def test_app_launches_on_its_port(monkeypatch):
    seen = []
    monkeypatch.setitem(sys.modules, "vs2.ui.app", SimpleNamespace(launch=lambda port: seen.append(port)))
    assert main.main(["app", "--port", "7999"]) == 0 and main.main(["app"]) == 0
    assert seen == [7999, None] and main.main(["app", "--port", "99999"]) == 2


def test_settings_come_from_the_environment(tmp_path):
    settings = Settings.read(
        {"VS2_MODEL": " mini ", "VS2_PRECISION": "BF16", "VS2_HOME": str(tmp_path), "VS2_SHARED_HISTORY": "Yes"}
    )
    assert (settings.model, settings.precision, settings.home, settings.shared_history) == (
        "mini",
        "bf16",
        tmp_path,
        True,
    )
    assert Settings.read({"VS2_JUDGES": " mini, runs/a/model,,mini"}).judges == ("mini", "runs/a/model")
    assert Settings.read({}).judges == ()
    assert Settings.read({"VS2_PROXY": "a.example, b.example"}).proxy == ("a.example", "b.example")
    assert Settings.read({"VS2_UPLOADS": "0.5"}).uploads == 0.5 and Settings.read({}).uploads == 8
    assert not Settings.read({"VS2_ADDRESSES": "0"}).addresses and Settings.read({}).addresses
    for wrong in ("none", "0", "-1", "nan", "inf"):
        with pytest.raises(BadInput, match="VS2_UPLOADS"):
            Settings.read({"VS2_UPLOADS": wrong})
    assert Settings.read({}).model == "auto" and Settings.read({"VS2_MODEL": ""}).precision == "auto"
    assert Settings.read({"XDG_DATA_HOME": "/x"}).home.name == "vs2"
    with pytest.raises(BadInput, match="VS2_SHARED_HISTORY"):
        Settings.read({"VS2_SHARED_HISTORY": "maybe"})
