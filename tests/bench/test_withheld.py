"""What a judge did not judge counts as neither a hit nor a miss in any suite, and is counted apart."""
import csv

import pytest

from tests.support.clips import moving_square
from tests.support.fake_judge import FakeJudge
from vs2.bench import best_of, best_of_n, faults, lengths, prompts, scenes, suites
from vs2.rubric import KEYS

WHY = "It knows nothing of this."
NOTHING = FakeJudge(lambda path, prompt: (WHY, WHY, WHY))


def every_other(*scores):
    """A judge of every other file."""
    files = []

    def says(path, prompt):
        if path not in files:
            files.append(path)
        return (WHY, WHY, WHY) if files.index(path) % 2 else scores

    return FakeJudge(says)


def test_scenes_leaves_them_out_of_every_share():
    true = {scene.seed: scene.scores for scene in scenes.held_out(6)}
    seeing = every_other(None, None, None)
    seeing.says = (lambda path, prompt, before=seeing.says: tuple(
        known if said is None else said
        for said, known in zip(before(path, prompt), true[int(path.stem[5:])], strict=True)))
    got = scenes.run(seeing, 6)
    assert got["clips"] == 6 and got["withheld"] == 9 and got["unread"] == 0
    assert all(got["metrics"][key]["exact"] == 1 for key in KEYS), "what was judged was right"
    assert "6 clips, 0 scores unread, 9 not judged." in suites.table(got)
    part = scenes.run(FakeJudge(lambda path, prompt: (WHY, None, 3)), 5)
    assert (part["withheld"], part["unread"]) == (5, 5)
    assert part["metrics"]["visual_quality"] == dict.fromkeys(("exact", "within_one", "pearson", "spearman"))
    assert part["metrics"]["text_alignment"]["exact"] == 0, "an unread score is a miss"


def test_prompts_counts_the_pairs_that_were_judged():
    got = prompts.run(every_other(3, 4, 3), 4)["metrics"]
    assert (got["pairs"], got["withheld"], got["unread"], got["ties"]) == (4, 2, 0, 1)
    none = prompts.run(NOTHING, 2)["metrics"]
    assert none["withheld"] == 2 and none["higher"] is None and none["ties"] is None and none["unread"] == 0
    assert "| 2 | 2 | - | - | - | 0 |" in prompts.table(none)


@pytest.fixture
def folder(tmp_path):
    """Two clips and their table."""
    with (tmp_path / "videos.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("file", "prompt", *KEYS))
        for name, score in (("a.mp4", 5), ("b.mp4", 2), ("c.mp4", 4), ("d.mp4", 1)):
            moving_square(tmp_path / name)
            rows.writerow((name, "one" if name < "c" else "two", score, score, score))
    return tmp_path


def test_faults_counts_the_pairs_that_were_judged(folder):
    got = faults.run(FakeJudge(lambda path, prompt: ((WHY if prompt == "two" else 3 if path.stem == "0" else 1), 3, 3)),
                     folder, faults.STRONG)["metrics"]
    assert (got["pairs"], got["withheld"], got["fell"], got["unread"]) == (16, 8, 1, 0)
    none = faults.run(NOTHING, folder, faults.STRONG, 1)["metrics"]
    assert none["withheld"] == none["pairs"] == 4 and none["fell"] is None and none["mean_fall"] is None
    assert none["constant"] == [] and "| all | 4 | 4 | - | - | - | - |" in faults.table(none)


def test_the_best_is_taken_from_what_was_judged():
    numbers = []

    def says(path, prompt):
        numbers.append(path)
        return (5, 5, 5) if len(numbers) % 3 == 1 else (WHY, 5, 5)

    got = best_of.run(FakeJudge(says), 2, 3)["metrics"]
    assert (got["contests"], got["withheld"], got["unread"], got["empty"]) == (2, 4, 0, 0)
    none = best_of.run(NOTHING, 2, 3)["metrics"]
    assert (none["contests"], none["withheld"], none["empty"], none["uplift"]) == (2, 6, 2, None)
    assert best_of.table(none) == "2 prompts; no candidate was judged."
    summary = suites.summaries({"best-of": {"metrics": none}})["best-of"]
    assert summary["picked"] is None and summary["withheld"] == 6


def test_best_of_n_leaves_out_prompts_of_which_nothing_was_judged(folder):
    got = best_of_n.run(FakeJudge(lambda path, prompt: (5, 5, 5) if path.stem == "a" else (WHY, 5, 5)), None, folder)
    metrics = got["metrics"]
    assert (metrics["prompts"], metrics["withheld"], metrics["unread"], metrics["empty"]) == (2, 3, 0, 1)
    assert metrics["sizes"]["2"]["prompts"] == 1 and metrics["sizes"]["2"]["overall"]["picked"] == 5
    assert "not judged: 3" in best_of_n.table(metrics)
    none = best_of_n.run(NOTHING, None, folder)["metrics"]
    assert none["empty"] == 2 and none["sizes"] == {}


def test_lengths_are_those_of_the_scenes_that_were_judged():
    def row(withheld, seed):
        value = [[None] * 3 if withheld else [3, 4, 5]] * (1 + len(lengths.LENGTHS))
        return {"seed": seed, "true": [3, 4, 5], "kind": (lengths.AGAIN, lengths.OTHER)[seed % 2],
                "characters": [30] * len(value), "tokens": [9, *lengths.LENGTHS], "value": value,
                "cut": [False] * len(value), "withheld": withheld}

    got = lengths.summary([row(seed == 1, seed) for seed in range(5)])
    assert (got["clips"], got["withheld"], got["longest"]) == (5, 1, lengths.LENGTHS[-1]), "one was not judged"
    none = lengths.summary([row(True, 0)])
    assert none["longest"] is None and lengths.table(none) == "None of the 1 scenes was judged."
    assert suites.summaries({"lengths": {"metrics": none}})["lengths"]["longest"] is None
