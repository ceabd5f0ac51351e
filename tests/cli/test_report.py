"""`vs2 report`, `--report` and `--group-by`, by a judge that is scripted."""
import json

import pytest

from tests.report.test_report import seen
from tests.support.clips import moving_square
from vs2.cli import judging
from vs2.cli.main import main


class Judge:
    """Says the scores of the clip's name."""

    name, precision = "mini", "fp32"

    class card:
        knows, longest_prompt = "It knows little.", None

    def stream(self, path, prompt, **options):
        yield seen(*map(int, str(path).rsplit("/", 1)[-1][:3]), video=str(path), prompt=prompt)

    def score(self, path, prompt, **options):
        return next(self.stream(path, prompt))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with three clips and a table, and the judge."""
    monkeypatch.setattr(judging, "load", lambda *_: Judge())
    monkeypatch.chdir(tmp_path)
    for name in ("555", "333", "321"):
        moving_square(tmp_path / f"{name}.mp4", frames=16, fps=8)
    rows = ["555.mp4,p,alpha", "333.mp4,q,beta", "321.mp4,q,beta", "none.mp4,q,beta"]
    (tmp_path / "t.csv").write_text("\n".join(["video,prompt,generator", *rows]))
    return tmp_path


def test_score_and_compare_make_reports_and_cards(here, capsys):
    assert main(["score", "555.mp4", "--prompt", "p", "--model", "mini", "--json", "--report", "r.html"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out)["scores"] and out.count("\n") == 1, "stdout is one JSON object all the same"
    assert (here / "r.html").read_text().count("<img ") == 4
    assert main(["score", "555.mp4", "--prompt", "p", "--model", "mini", "--report", "r.png"]) == 0
    assert (here / "r.png").read_bytes().startswith(b"\x89PNG")
    assert main(["compare", "333.mp4", "555.mp4", "--prompt", "p", "--model", "mini", "--report", "c.html"]) == 0
    assert "Winner: 2 · 555.mp4" in (here / "c.html").read_text()


def test_what_vs2_wrote_becomes_a_report(here, capsys):
    main(["compare", "333.mp4", "555.mp4", "--prompt", "p", "--model", "mini", "--json"])
    (here / "c.json").write_text(capsys.readouterr().out)
    assert main(["report", "c.json", "--out", "c.html"]) == 0 and main(["report", "c.json", "--out", "c.png"]) == 0
    assert (here / "c.html").read_text().count("<img ") >= 8
    assert main(["report", "c.json", "--out", "c.json"]) == 2
    assert main(["report", "c.json", "--out", "c.html", "--group-by", "generator"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 4 and "Only the rows of a batch have groups" in said[-1]


@pytest.mark.parametrize("arguments", [
    ["score", "555.mp4", "--prompt", "p", "--model", "mini", "--report", "r.txt"],
    ["score", "555.mp4", "--prompt", "p", "--model", "mini", "--report", "no/r.html"],
    ["batch", "t.csv", "--out", "o.jsonl", "--model", "mini", "--report", "r.png"],
    ["batch", "t.csv", "--out", "o.jsonl", "--model", "mini", "--json"],
    ["batch", "t.csv", "--out", "o.jsonl", "--model", "mini", "--group-by", "generatr"]])
def test_what_cannot_be_written_is_said_before_anything_is_judged(here, capsys, monkeypatch, arguments):
    monkeypatch.setattr(judging, "load", lambda *_: pytest.fail("a judge was loaded"))
    assert main(arguments) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("vs2:")]
    assert len(lines) == 1 and not (here / "o.jsonl").exists()


def test_a_batch_is_grouped_on_the_terminal_in_json_and_in_its_report(here, capsys):
    more = ["--model", "mini", "--group-by", "generator"]
    assert main(["batch", "t.csv", "--out", "o.jsonl", *more, "--groups", "g.json", "--report", "b.html"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "By generator"
    alpha, beta = (line.split() for line in lines if line.split()[1:2] in (["alpha"], ["beta"]))
    assert alpha[:7] == ["1", "alpha", "5.00", "5.00", "5.00", "5.00", "1"], "one clip has no interval"
    assert beta[:3] == ["2", "beta", "3.00"] and "2 of 3" in " ".join(beta) and beta[-3:] == ["1", "3,", "2"]
    board, = json.loads((here / "g.json").read_text())["groups"]
    assert [group["cells"]["overall"]["mean"] for group in board["groups"]] == pytest.approx([5.0, 2.5])
    text = (here / "b.html").read_text()
    assert "By generator" in text and "none.mp4" in text and "<img " in text
    assert main(["batch", "t.csv", "--out", "o.jsonl", "--resume", *more, "prompt", "--json"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and [one["column"] for one in json.loads(out)["groups"]] == ["generator", "prompt"]
    assert main(["report", "o.jsonl", "--group-by", "generator", "--out", "again.html"]) == 0
    assert "By generator" in (here / "again.html").read_text()
