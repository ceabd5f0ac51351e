"""The suite `best-of-n`: a pick's worth against every subset counted by hand, table, plot, human scores."""
import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.best_of_parts import seed
from tests.support.fake_judge import FakeJudge
from vs2 import generate
from vs2.bench import best_of_n, best_of_n_plot, suites
from vs2.cli import main
from vs2.errors import BadInput
from vs2.generate import files
from vs2.rubric import KEYS
from vs2.scenes import film, world


def row(true, overall):
    return {"true": true, "overall": overall}


@pytest.mark.parametrize("scores", [[3.0, 1.0, 4.0, 2.0, 5.0], [3.0, 3.0, 1.0, None, 4.0, 4.0], [None, None, 2.0]])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_candidates_share_is_counted_over_every_subset(scores, count):
    expected, value = np.zeros(len(scores)), [-1.0 if score is None else score for score in scores]
    subsets = list(itertools.combinations(range(len(scores)), count))
    for subset in subsets:
        best = [n for n in subset if value[n] == max(value[k] for k in subset)]
        expected[best] += 1 / len(best) / len(subsets)
    got = best_of_n.shares(scores, count)
    assert got.sum() == pytest.approx(1)
    # Those that share a score share their chances, whichever subset they are in.
    for score in set(value):
        same = [n for n, other in enumerate(value) if other == score]
        assert got[same] == pytest.approx(expected[same].mean())


def test_the_summary_by_hand():
    rows = [row([[5, 5, 5], [1, 1, 1], [3, 3, 3]], [4.0, 2.0, 3.0]),
            row([[1, 2, 3], [3, 2, 1], [2, 2, 2]], [3.0, 2.0, 1.0])]
    got = best_of_n.summary(rows, (1, 2, 3, 4))
    assert got["prompts"] == 2 and got["clips"] == 6 and got["unread"] == 0 and list(got["sizes"]) == ["1", "2", "3"]
    one, two, three = (got["sizes"][size]["overall"] for size in "123")
    assert one["picked"] == one["random"] == one["best"] == pytest.approx(2.5) and one["uplift"] == pytest.approx(0)
    assert two["picked"] == pytest.approx(((5 + 5 + 3) / 3 + 2) / 2) and two["random"] == pytest.approx(2.5)
    assert three["picked"] == three["best"] == pytest.approx(3.5) and three["uplift"] == pytest.approx(40.0)
    assert three["gain"] == pytest.approx(1.0) and three["gain_interval"][0] <= 1 <= three["gain_interval"][1]
    visual = got["sizes"]["3"][KEYS[0]]
    assert visual["picked"] == pytest.approx((5 + 1) / 2) and visual["best"] == pytest.approx((5 + 3) / 2)
    text = best_of_n.table(got)
    assert "| 3 | overall | 2.50 | 3.50 | 3.50 | +40.0 %" in text and text.count("\n| ") == 1 + 3 * 4 - 1 + 0


def test_more_candidates_never_make_a_perfect_judge_worse_and_a_blind_one_better():
    rng = np.random.default_rng(0)
    true = [rng.integers(1, 6, (16, 3)).tolist() for _ in range(30)]
    seeing = best_of_n.summary([row(scores, [sum(s) / 3 for s in scores]) for scores in true])["sizes"]
    blind = best_of_n.summary([row(scores, [3.0] * 16) for scores in true])["sizes"]
    picked = [found["overall"]["picked"] for found in seeing.values()]
    assert picked == sorted(picked) and list(seeing) == ["1", "2", "4", "5", "8", "16"]
    for size, found in seeing.items():
        assert found["overall"]["picked"] == pytest.approx(found["overall"]["best"])
        assert blind[size]["overall"]["uplift"] == pytest.approx(0, abs=1e-9)
    low, high = seeing["5"]["overall"]["uplift_interval"]
    assert low < seeing["5"]["overall"]["uplift"] < high


def known(path, prompt):
    """A judge that peeks: it plays the generator again."""
    found = generate.load("sketch").generate(prompt, seed=seed(path), folder=Path(path).parent / "again")
    return [found.record.truth[key] for key in KEYS]


def test_the_sketch_makes_the_pools_and_the_judge_sees_only_files(monkeypatch, tmp_path):
    monkeypatch.setattr("vs2.generate.sketch.SECONDS", 1.0)
    monkeypatch.setattr("vs2.generate.sketch.SIZE", (96, 64))
    judge = FakeJudge(known)
    seen = []
    got = best_of_n.run(judge, 2, sizes=(1, 3), progress=lambda *at: seen.append(at), think=False)
    assert got["suite"] == "best-of-n" and got["clips"] == 6 and seen == [(1, 2), (2, 2)]
    assert judge.options == [{"think": False}] * 6
    assert got["rows"][0]["prompt"] != got["rows"][1]["prompt"]
    for one in got["rows"]:
        assert one["true"] == one["expected"]
    assert got["metrics"]["sizes"]["3"]["overall"]["picked"] == got["metrics"]["sizes"]["3"]["overall"]["best"]
    assert "| 3 | overall |" in suites.table(got)
    path = best_of_n_plot.draw(got, tmp_path / "plots" / "best.png")
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def folder(tmp_path):
    """Clips of two prompts with human scores in their names, and a lone one."""
    rows = []
    for text, name, scores in (("a", "one", (5, 4, 3)), ("a", "two", (1, 2, 3)), ("b", "three", (2.5, 2, 1)),
                               ("b", "four", (4, 4, 4)), ("b", "five", (3, 3, 3)), ("c", "lone", (5, 5, 5))):
        film.write_frames(np.zeros((8, 64, 64, 3), np.uint8), tmp_path / f"{name}.mp4", 8)
        rows.append({"file": f"{name}.mp4", "prompt": text, **dict(zip(KEYS, scores, strict=True))})

    def write(change=lambda rows: rows):
        with (tmp_path / "videos.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["file", "prompt", *KEYS])
            writer.writeheader()
            writer.writerows(change(rows))
        return tmp_path
    return write


def test_ready_made_clips_with_human_scores(folder):
    says = {"one": 4, "two": 2, "three": 5, "four": 3, "five": 1}
    judge = FakeJudge(lambda path, prompt: [says[path.stem]] * 3)
    got = suites.run(judge, "best-of-n", suites.CLIPS, folder())
    assert got["clips"] == 5 and got["metrics"]["prompts"] == 2 and list(got["metrics"]["sizes"]) == ["1", "2"]
    two = got["metrics"]["sizes"]["2"]["overall"]
    assert two["picked"] == pytest.approx((4 + (5.5 / 3 * 2 + 4) / 3) / 2)
    assert suites.run(judge, "best-of-n", suites.CLIPS, folder(), limit=1)["clips"] == 2


def test_one_clip_that_cannot_be_judged_costs_the_others_nothing(folder):
    def says(path, prompt):
        if path.stem == "three":
            raise BadInput("It is damaged.")
        return [4] * 3

    data = folder()
    table = data / "videos.csv"
    table.write_text(table.read_text(encoding="utf-8"), encoding="utf-8-sig")       # as Excel saves it
    got = suites.run(FakeJudge(says), "best-of-n", suites.CLIPS, data)
    assert got["clips"] == 5 and got["metrics"]["unread"] == 1
    assert [error for row in got["rows"] for error in row["errors"]] == ["three.mp4: It is damaged."]


def test_one_prompt_has_no_interval():
    found = best_of_n.summary([row([[5] * 3, [1] * 3], [5.0, 1.0])], (2,))
    assert found["sizes"]["2"]["overall"]["gain_interval"] is None
    assert "+66.7 % |" in best_of_n.table(found)


@pytest.mark.parametrize(("change", "said"), [
    (lambda rows: [{**rows[0], KEYS[1]: ""}, *rows[1:]], "the row of one.mp4 lacks one"),
    (lambda rows: [{**rows[0], KEYS[1]: "nan"}, *rows[1:]], "the row of one.mp4 lacks one"),
    (lambda rows: [{**rows[0], KEYS[1]: 9}, *rows[1:]], "the row of one.mp4 lacks one"),
    (lambda rows: rows[-1:], "nothing to choose from"), (lambda rows: [{**rows[0], "file": "no.mp4"}], "no.mp4"),
    (lambda rows: [], "needs the columns")])
def test_a_folder_that_cannot_be_used_is_refused_in_one_sentence(folder, change, said):
    with pytest.raises(BadInput, match=said):
        best_of_n.pools(folder(change))


@pytest.mark.parametrize(("arguments", "said"), [
    (("best-of-n", "--plot", "chart.gif"), "chart.gif"), (("scenes", "--plot", "chart.png"), "no chart"),
    (("best-of-n", "--limit", "0"), "--limit 0"), (("best-of-n", "--data", "/no/such"), "videos.csv cannot be read")])
def test_bad_input_of_the_command(arguments, said, capsys):
    assert main.main(["bench", *arguments, "--model", "mini", "--workers", "1"]) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_the_command_writes_json_table_and_plot(monkeypatch, folder, tmp_path, capsys):
    class Here:
        """In place of the processes: a judge of this one."""

        def __init__(self, *_):
            pass

        def __enter__(self):
            return FakeJudge(lambda path, prompt: [3, 3, 3])

        def __exit__(self, *_):
            return None

    monkeypatch.setattr("vs2.bench.work.Processes", Here)
    clips = str(folder())
    common = ["bench", "best-of-n", "--data", clips, "--model", "mini", "--workers", "1"]
    assert main.main([*common, "--json", "--plot", str(tmp_path / "chart.svg")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["suite"] == "best-of-n" and found["clips"] == 5 and "rows" not in found
    assert found["metrics"]["sizes"]["2"]["overall"].keys() >= {"picked", "random", "best", "uplift", "uplift_interval"}
    assert "<svg" in (tmp_path / "chart.svg").read_text()
    assert main.main(common) == 0
    assert "| N | | random |" in capsys.readouterr().out


@pytest.mark.slow
def test_with_mini_the_best_of_five_gains_more_than_five_percent():
    import vs2

    got = best_of_n.run(vs2.load("mini"), 6, sizes=(5, 8), think=False)
    assert got["metrics"]["sizes"]["5"]["overall"]["uplift"] > 5


def test_the_prompts_are_apart_from_those_that_judges_were_trained_on():
    assert best_of_n.FIRST > world.HELD_OUT and len({best_of_n.prompt(n) for n in range(40)}) > 35
    assert files.Draft      # the sketch's clips are named by seed, which `known` relies on


def test_without_a_folder_there_has_to_be_a_count():
    with pytest.raises(BadInput, match="how many prompts"):
        best_of_n.run(FakeJudge(lambda path, prompt: [3] * 3), None)
