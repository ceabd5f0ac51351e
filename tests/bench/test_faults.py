"""The suite `faults`: what is written, what is read back, and the arithmetic of falls, ties and unread scores."""
import av
import numpy as np
import pytest

from tests.support.clips import moving_square, write
from tests.support.fake_judge import FakeJudge
from vs2 import video
from vs2.bench import clips, faults, suites
from vs2.errors import BadInput
from vs2.rubric import KEYS
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


def version(fault, expected, strength=4, value=..., **more):
    value = (expected and round(expected)) if value is ... else value
    cell = {"value": value, "expected": expected, "withheld": False} | more
    return {"fault": fault, "strength": strength if fault else 0, "place": None,
            "scores": dict.fromkeys(KEYS, cell)}


def test_the_summary_by_hand():
    rows = [{"file": "a", "versions": [version(None, 4.0), version("blur", 3.97), version("noise", 1.0)]},
            {"file": "b", "versions": [version(None, 2.6, value=3), version("blur", 2.5, value=3),
                                       version("noise", None)]},
            {"file": "c", "versions": [version(None, 2.0), version("blur", 2.0), version("noise", 2.2)]},
            {"file": "d", "versions": [version(None, None), version("blur", 1.0), version("noise", 1.0)]}]
    got = faults.summary(rows)
    blur, noise = got["faults"]["blur 4"], got["faults"]["noise 4"]
    assert blur["fell"] == 1 / 4, "0.03 lower is no fall, 0.1 lower is one, and nothing falls from an unread score"
    assert (blur["same"], blur["rose"], noise["rose"], noise["unread"]) == (2 / 4, 0, 1 / 4, 2)
    assert blur["fell_by_value"] == 0 and blur["mean_fall"] == pytest.approx((0.03 + 0.1 + 0.0) / 3)
    assert noise["fell"] == noise["fell_by_value"] == 1 / 4 and noise["mean_fall"] == pytest.approx((3.0 - 0.2) / 2)
    assert (got["pairs"], got["fell"], got["fell_by_value"], got["unread"]) == (8, 2 / 8, 1 / 8, 3)
    assert got["constant"] == ["c"], "b has an unread version, a falls"
    assert got["monotone"] == {"steps": 0, "withheld": 0, "lower": None, "same": None, "higher": None,
                               "interval": None}, "one strength of each says nothing of it"
    text = faults.table(got)
    assert "| blur | trained | visual_quality | 4 | 0 | 0.250 (0.00 to 0.75) | 0.500 | 0.000 | 0.04 |" in text
    assert "versions: c. Unread pairs: 3." in text


def test_a_stronger_fault_scores_lower_or_the_same_or_higher_and_groups_stand_apart():
    def row(name, clean, blur, jpeg, frozen):
        told = [version(None, clean)]
        for kind, strengths, scores in (("blur", (2, 3, 4), blur), ("jpeg", (3, 1, 2), jpeg)):
            told += [version(kind, score, strength) for strength, score in zip(strengths, scores, strict=True)]
        one = version("frozen", 5.0, 3)
        one["scores"] = one["scores"] | {KEYS[2]: {"value": 2, "expected": None, "withheld": False}}
        return {"file": name, "versions": told + [one] * frozen, "absent": [] if frozen else ["frozen"]}

    got = faults.summary([row("a", 5.0, (4.0, 3.0, 1.0), (1.0, 2.0, 1.0), True),
                          row("b", 5.0, (1.0, 1.0, 1.04), (6.0, 2.0, 1.0), False)])
    trained, held, events = (got["groups"][group] for group in ("trained", "held-out", "events"))
    assert trained["fell"] == 1 and trained["pairs"] == 2, "of the strongest alone"
    assert trained["monotone"] | {"interval": None} == {"steps": 6, "withheld": 0, "lower": 3 / 6, "same": 3 / 6,
                                                        "higher": 0, "interval": None}
    # a: 2, 1, 1 in order of strength: two steps down of three... the last pair is the same. b: 2, 1, 6.
    assert held["monotone"]["lower"] == (2 + 1) / 6 and held["monotone"]["higher"] == 2 / 6
    assert held["fell"] == 1 / 2 and held["rose"] == 1 / 2, "b's strongest JPEG scores 6"
    assert events["fell"] == 1 and events["mean_fall"] == 3.0, "physics falls, and its digit counts where it is alone"
    assert got["absent"] == {"frozen": 1} and "no place in" in faults.table(got) and "frozen 1." in faults.table(got)
    assert (got["pairs"], got["monotone"]["steps"]) == (5, 12)
    said = suites.summaries({"faults": {"metrics": got}})["faults"]
    assert said["groups"]["held-out"]["monotone"]["lower"] == 0.5 and said["groups"]["trained"]["fell"] == 1


def test_what_is_withheld_is_counted_and_what_would_have_been_said_stands_apart(folder):
    def says(path, prompt, scope=True):
        return ("Unknown.", 3, 3) if scope else (5 if path.stem == "0" else 1, 3, 3)

    class Scoped:
        name, scope = "fake", "a detector"

        def score(self, path, prompt, **options):
            told = FakeJudge(lambda *asked: says(*asked, self.scope is not None))
            return told.score(path, prompt, **options)

    got = faults.run(Scoped(), folder, faults.STRONG, 1, beyond=True)
    assert (got["metrics"]["pairs"], got["metrics"]["withheld"], got["metrics"]["fell"]) == (4, 4, None)
    assert (got["beyond"]["pairs"], got["beyond"]["withheld"], got["beyond"]["fell"]) == (4, 0, 1)
    text = suites.table(got)
    assert text.count("| all |") == 2 and "no judgement of this judge" in text
    assert faults.run(Scoped(), folder, faults.STRONG, 1)["beyond"] is None


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

    got = faults.run(FakeJudge(looks), folder, faults.STRONG)
    assert set(seen) == {"tiles, many of them", "a square moves"}
    assert got["metrics"]["pairs"] == 8 and got["metrics"]["fell"] == 1, got["rows"]
    blurred, noisy = (seen["tiles, many of them"][n][0] for n in (1, 2))
    clean = seen["tiles, many of them"][0][0]
    assert blurred < 0.7 * clean and noisy > 1.3 * clean, "the coding does not hide the fault"
    flicker = [unsteady for _, unsteady in seen["tiles, many of them"]]
    assert flicker[4] > 10 * flicker[0]


def test_the_clean_version_is_coded_again_like_the_others(folder, tmp_path):
    paths = []
    faults.run(FakeJudge(lambda path, prompt: paths.append(path) or (3, 3, 3)), folder, faults.STRONG, 1)
    assert len(paths) == 5 and not any(path.parent == folder / "videos" for path in paths)


def test_other_faults_at_other_strengths(folder):
    got = faults.run(FakeJudge(lambda path, prompt: (3, 3, 3)), folder, (Fault("jitter", 2),), 1)
    assert list(got["metrics"]["faults"]) == ["jitter 2"] and got["clips"] == 1
    assert got["metrics"]["constant"] == ["a.mp4"]


def test_a_clip_is_cut_and_scaled_but_never_blown_up():
    whole = faults.Beginning()
    assert whole.indices(500, 8) == list(range(48)) and whole.indices(500, 30) == list(range(60))
    assert whole.indices(5, 16) == [0, 1, 2, 3, 4] and whole.indices(1, 25) == [0]
    assert whole.size(60, 1080, 1920) == (720, 1280) and whole.size(60, 1360, 768) == (1276, 720)
    assert whole.size(60, 192, 320) == (192, 320) and whole.size(9, 121, 33) == (120, 32)


def test_faults_keep_the_clips_rate(folder, tmp_path):
    rates = []

    def looks(path, prompt):
        with av.open(str(path)) as file:
            rates.append((float(file.streams.video[0].average_rate), file.streams.video[0].frames))
        return 3, 3, 3

    faults.run(FakeJudge(looks), folder, faults.STRONG, 1)
    assert rates == [(8.0, 14)] * 5


def test_the_clips_of_a_table_a_folder_of_files_and_scenes(folder, tmp_path):
    for name in ("b.mp4", "a.MOV", "c.txt"):
        (tmp_path / name).write_bytes(b"x")
    alone = clips.found(tmp_path)
    assert [(clip.path.name, clip.number, clip.prompt) for clip in alone] == [("a.MOV", 0, "A video."),
                                                                             ("b.mp4", 1, "A video.")]
    (tmp_path / "films.csv").write_text("file,prompt,source\n" + "".join(f"b.mp4,{'p' * n},x\n" for n in range(9)))
    some = clips.found(tmp_path / "films.csv", 3)
    assert [(clip.number, clip.prompt) for clip in some] == [(0, "A video."), (4, "pppp"), (8, "pppppppp")]
    assert clips.found(folder) == faults.listed(folder)
    drawn = clips.found(None, 2)
    assert [clip.scene.scores for clip in drawn] == [(5, 5, 5)] * 2 and drawn[0].prompt != drawn[1].prompt
    got = faults.run(FakeJudge(lambda path, prompt: (3, 3, 3)), None, (Fault("banding", 3), Fault("frozen", 1)), 1)
    assert [one["fault"] for one in got["rows"][0]["versions"]][:2] == [None, "banding"]
    for bad in (tmp_path / "nothing", tmp_path / "c.txt"):
        with pytest.raises(BadInput, match="give one|needs the column file"):
            clips.found(bad)


def test_places_and_absent_kinds_are_kept(folder):
    got = faults.run(FakeJudge(lambda path, prompt: (3, 3, 3)), folder, (Fault("reversed", 3), Fault("warped", 3)), 1)
    row, = got["rows"]
    assert row["absent"] == ["warped"], "all of the picture moves alike"
    place = row["versions"][1]["place"]
    assert 1 <= place["first"] < place["last"] <= 13 and place["box"] is None


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
