"""Stability: what a scripted judge says of each version, worked out by hand."""
import csv

import av

from tests.support.clips import moving_square
from tests.support.fake_judge import FakeJudge
from vs2.bench import stability, suites
from vs2.rubric import KEYS


def test_each_change_is_measured_against_the_clean_version(tmp_path):
    moving_square(tmp_path / "a.mp4", frames=12, fps=8, size=(96, 64))
    moving_square(tmp_path / "b.mp4", frames=12, fps=8, size=(96, 64))
    with (tmp_path / "videos.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerows([("file", "prompt", "rephrased", "translated"), ("a.mp4", "a square", "", "un carré"),
                        ("b.mp4", "a square", "one square", "")])
    seen = []

    def says(path, prompt):
        with av.open(str(path)) as file:
            stream = file.streams.video[0]
            width, rate = stream.width, float(stream.average_rate)
            seen.append((prompt, sum(1 for _ in file.decode(video=0)), rate, width))
        if prompt == "un carré":
            return "Foreign.", 3, 3
        if prompt == "one square":
            return 3, 4.5, None
        return 3, 3, 5 if width < 96 else 3

    fake = FakeJudge(says)
    got = suites.run(fake, "stability", 1, tmp_path)
    kinds = got["metrics"]["kinds"]
    assert got["clips"] == 2 and fake.options[1]["seed"] == 1, "what is drawn by chance is drawn anew"
    assert [frames for _, frames, *_ in seen[:10]] == [12, 12, 12, 12, 12, 12, 6, 24, 11, 9]
    assert [round(rate) for *_, rate, _ in seen[6:8]] == [4, 16]
    physical = KEYS[2]
    assert kinds["rescaled to 1/2"]["dimensions"][physical] == {
        "pairs": 2, "withheld": 0, "unread": 0, "changed": 1.0, "mean": 2.0, "most": 2.0}
    assert all(kinds[stability.AGAIN]["dimensions"][key]["changed"] == 0 for key in KEYS)
    other = kinds[stability.REPHRASED]["dimensions"]
    assert other["text_alignment"]["mean"] == 0.75 and other["text_alignment"]["changed"] == 0.5
    assert other[physical]["unread"] == 1 and other[physical]["pairs"] == 1
    assert kinds[stability.TRANSLATED]["clips"] == 1
    assert kinds[stability.TRANSLATED]["dimensions"]["visual_quality"]["withheld"] == 1
    assert "| rescaled to 1/2 | physical_consistency | 2 | 0 | 0 | 1.000 | 2.00 | 2.00 |" in suites.table(got)
