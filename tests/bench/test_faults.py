"""The suite `faults`: what is written, what is read back, and the arithmetic of falls, ties and unread scores."""
import av
import numpy as np
import pytest

from tests.support.clips import moving_square, write
from tests.support.fake_judge import FakeJudge
from vs2 import video
from vs2.bench import faults
from vs2.errors import BadInput
from vs2.scenes.world import Fault


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two clips of a rich texture and a table, as a folder of real clips has them."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "videos").mkdir()
    coarse = np.random.default_rng(0).integers(40, 216, (24, 32, 3), np.uint8)
    rich = np.kron(coarse, np.ones((10, 10, 1), np.uint8))
    write(folder / "videos" / "a.mp4", [np.roll(rich, 3 * n, 1) for n in range(14)], fps=8)
    moving_square(folder / "b.mp4", frames=9, size=(160, 120))
    (folder / "videos.csv").write_text('file,prompt,source\na.mp4,"tiles, many of them",x\nb.mp4,a square moves,y\n')
    return folder


def version(fault, expected, value=...):
    strength = 4 if fault else 0
    value = (expected and round(expected)) if value is ... else value
    return {"fault": fault, "strength": strength, "value": value, "expected": expected}


def test_the_summary_by_hand():
    rows = [{"file": "a", "versions": [version(None, 4.0), version("blur", 3.97), version("noise", 1.0)]},
            {"file": "b", "versions": [version(None, 2.6, 3), version("blur", 2.5, 3), version("noise", None)]},
            {"file": "c", "versions": [version(None, 2.0), version("blur", 2.0), version("noise", 2.2)]},
            {"file": "d", "versions": [version(None, None), version("blur", 1.0), version("noise", 1.0)]}]
    got = faults.summary(rows)
    blur, noise = got["faults"]["blur 4"], got["faults"]["noise 4"]
    assert blur["fell"] == 1 / 4, "0.03 lower is no fall, 0.1 lower is one, and nothing falls from an unread score"
    assert blur["fell_by_value"] == 0 and blur["mean_fall"] == pytest.approx((0.03 + 0.1 + 0.0) / 3)
    assert noise["fell"] == noise["fell_by_value"] == 1 / 4 and noise["mean_fall"] == pytest.approx((3.0 - 0.2) / 2)
    assert (got["pairs"], got["fell"], got["fell_by_value"], got["unread"]) == (8, 2 / 8, 1 / 8, 2)
    assert got["constant"] == ["c"], "b has an unread version, a falls"
    text = faults.table(got)
    assert "| blur 4 | 4 | 0 | 0.250 | 0.000 | 0.04 |" in text and "versions: c. Unread scores: 2." in text


def test_nothing_read_is_constant_and_has_no_mean():
    got = faults.summary([{"file": "a", "versions": [version(None, None), version("blur", None)]}])
    assert got["constant"] == ["a"] and got["mean_fall"] is None and got["fell"] == 0
    assert "| - |" in faults.table(got)


def sharpness(path):
    """How much neighbouring pixels of the clip differ; blur lowers it, and coding alone hardly does."""
    frames = video.read(path, faults.Beginning()).frames.astype(float)
    return np.abs(np.diff(frames, axis=2)).mean(), np.abs(np.diff(frames.mean((1, 2, 3)))).mean()


def test_a_judge_that_sees_sharpness_and_brightness_finds_the_faults(folder):
    seen = {}

    def looks(path, prompt):
        seen.setdefault(prompt, []).append(sharpness(path))
        sharp, unsteady = seen[prompt][-1]
        clean = seen[prompt][0][0]
        return 5 - 4 * min(1, abs(sharp - clean) / clean + unsteady / 20), 3, 3

    got = faults.run(FakeJudge(looks), folder)
    assert set(seen) == {"tiles, many of them", "a square moves"}
    assert got["metrics"]["pairs"] == 8 and got["metrics"]["fell"] == 1, got["rows"]
    blurred, noisy = (seen["tiles, many of them"][n][0] for n in (1, 2))
    clean = seen["tiles, many of them"][0][0]
    assert blurred < 0.7 * clean and noisy > 1.3 * clean, "the coding does not hide the fault"
    flicker = [unsteady for _, unsteady in seen["tiles, many of them"]]
    assert flicker[4] > 10 * flicker[0]


def test_the_clean_version_is_coded_again_like_the_others(folder, tmp_path):
    paths = []
    faults.run(FakeJudge(lambda path, prompt: paths.append(path) or (3, 3, 3)), folder, count=1)
    assert len(paths) == 5 and not any(path.parent == folder / "videos" for path in paths)


def test_other_faults_at_other_strengths(folder):
    got = faults.run(FakeJudge(lambda path, prompt: (3, 3, 3)), folder, (Fault("jitter", 2),), 1)
    assert list(got["metrics"]["faults"]) == ["jitter 2"] and got["clips"] == 1
    assert got["metrics"]["constant"] == ["a.mp4"]


def test_a_clip_is_cut_and_scaled_but_never_blown_up():
    whole = faults.Beginning()
    assert whole.indices(500, 8) == list(range(48)) and whole.indices(500, 30) == list(range(60))
    assert whole.indices(5, 16) == [0, 1, 2, 3, 4] and whole.indices(1, 25) == [0]
    assert whole.size(60, 768, 1360) == (360, 638) and whole.size(60, 1360, 768) == (638, 360)
    assert whole.size(60, 192, 320) == (192, 320) and whole.size(9, 121, 33) == (120, 32)


def test_faults_keep_the_clips_rate(folder, tmp_path):
    rates = []

    def looks(path, prompt):
        with av.open(str(path)) as file:
            rates.append((float(file.streams.video[0].average_rate), file.streams.video[0].frames))
        return 3, 3, 3

    faults.run(FakeJudge(looks), folder, count=1)
    assert rates == [(8.0, 14)] * 5


@pytest.mark.parametrize("table, said", [
    (None, "cannot be read"), ("file,prompt\n", "needs the columns"), ("name,prompt\na.mp4,x\n", "needs the columns"),
    ("file,prompt\na.mp4,\n", "needs the columns"), ("file,prompt\nnone.mp4,x\n", "none.mp4 is in"),
])
def test_a_folder_that_is_not_one_of_clips_is_refused_in_one_sentence(tmp_path, table, said):
    if table is not None:
        (tmp_path / "videos.csv").write_text(table)
    with pytest.raises(BadInput, match=said):
        faults.listed(tmp_path)


def test_the_real_clips_are_found(shared):
    clips = faults.listed(shared / "data")
    assert len(clips) >= 10 and all(clip.path.is_file() and clip.prompt for clip in clips)
    assert [clip.number for clip in clips] == list(range(len(clips)))
