"""Files of results: our rows, which are enough to count everything again and go on; `vs2 batch`'s; the authors'."""
import json

import pytest

from tests.support.fake_judge import FakeJudge
from tests.support.rated import clips, judge, write_csv, write_json
from vs2.batch import results
from vs2.batch.table import Row
from vs2.bench.people import catalogue, diff, judging, run, said, show
from vs2.errors import BadInput
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS

TABLE = "data_27k_test (VideoScoreBench-v2).json"
SCORES = {"1": (4, 4, 4), "2": (2, 3, 4), "3": ("Foreign.", "Foreign.", "Foreign.")}
FAST = {"draws": 40}


@pytest.fixture
def data(tmp_path):
    write_json(tmp_path / TABLE, [{"video_name": str(n), "video_url": "", "prompt": f"p{n}", "visual_score": 4,
                                   "t2v_score": 3, "phy_score": n} for n in (1, 2, 3)])
    clips(tmp_path / "videos", "1.mp4", "2.mp4", "3.mp4")
    return tmp_path


def test_the_rows_alone_count_the_same_again_and_a_run_goes_on(data):
    rows = data / "rows.jsonl"
    fake = judge(SCORES)
    got = run.judged(fake, "videoscore-bench-v2", data, rows=rows, look=False, limit=2, **FAST)
    assert got["clips"] == 2 and len(fake.options) == 2
    got = run.judged(fake, "videoscore-bench-v2", data, rows=rows, look=False, **FAST)
    assert len(fake.options) == 3, "what was judged is not judged again"
    again = run.read("videoscore-bench-v2", rows, **FAST)
    assert again["metrics"] == got["metrics"] and again["model"] == "fake" and again["clips"] == 3
    assert again["metrics"]["visual_quality"]["withheld"] == 1
    with pytest.raises(BadInput, match="other options"):
        run.judged(fake, "videoscore-bench-v2", data, rows=rows, budget=3, **FAST)
    with pytest.raises(BadInput, match="not of fetv"):
        run.read("fetv", rows)
    text = show.markdown(show.sections(got))
    assert "| visual_quality | 3 | 1 | 0 | 0 | 0.333" in text and "All three exact: 0.000" in text


def test_what_is_withheld_is_asked_for_apart(data):
    class Scoped:
        name, scope = "scoped", "a detector"

        def score(self, path, prompt, **options):
            known = {key: Score(reason="Foreign.") if self.scope else Score(4, 4.0) for key in KEYS}
            return Evaluation(str(path), prompt, self.name, "none", "", known, 8, Seconds(), 1)

    got = run.judged(Scoped(), "videoscore-bench-v2", data, beyond=True, look=False, **FAST)
    assert got["metrics"]["visual_quality"]["exact"] == 0 and got["metrics"]["visual_quality"]["withheld"] == 3
    assert got["beyond"]["metrics"]["visual_quality"]["exact"] == 1
    assert "no judgement of this judge" in show.markdown(show.sections(got))
    assert run.judged(Scoped(), "videoscore-bench-v2", data, look=False, **FAST)["beyond"] is None


def theirs(name, gt, soft, reply):
    return {"video_name": name, "video_url": "", "prompt": f"p{name}", "visual_score": gt[0], "t2v_score": gt[1],
            "phy_score": gt[2], **dict(zip(("v_score_gt", "t_score_gt", "p_score_gt"), gt, strict=True)),
            **dict(zip(("v_score_model", "t_score_model", "p_score_model"), soft, strict=True)), "output": reply}


REPLY = "\n<think>\nVisual Quality: 1\n</think>\n\n(1) visual quality: {}\n(2) text-to-video alignment: {}\n" \
    "(3) physical/common-sense consistency: {}\n"


def test_the_authors_files_are_read_by_our_rules_and_by_theirs(tmp_path):
    path = write_json(tmp_path / "vs2_float.json", [
        theirs("1", (3, 3, 3), (2.99, 3.0, 1.51), REPLY.format(3, 3, 3)),
        theirs("2", (4, 2, 4), (3.99, 2.0, 1.0), REPLY.format(4, 2, 4)),
        theirs("3", (4, 2, 4), (None, None, None), "visual quality: 4;\ntext-to-video alignment: 3,\nphysical/"
               "common-sense consistency: 4"),
        theirs("4", (1, 1, 1), (None, None, None), "It was cut off")])
    ours = run.read("videoscore-bench-v2", path, **FAST)
    assert [ours["metrics"][key]["exact"] for key in KEYS] == [3 / 4, 2 / 4, 3 / 4]
    assert ours["metrics"]["visual_quality"]["unread"] == 1 and ours["all_exact"]["share"] == 2 / 4
    published = run.read("videoscore-bench-v2", path, published=True, **FAST)
    cells = published["metrics"]
    assert cells["visual_quality"]["clips"] == 2, "clips with an unread score leave the denominator"
    assert (published["clips"], published["dropped"], ours["dropped"]) == (4, 2, 0)
    assert "2 clips without all three numbers" in show.markdown(show.sections(published))
    assert [cells[key]["exact"] for key in KEYS] == [1, 1, 0], "1.51 is rounded to 2, where the reply says 3"
    assert published["all_exact"] == {"share": 0.0, "interval": [0.0, 0.0], "clips": 2}
    assert cells["physical_consistency"]["pearson"] == pytest.approx(-1)


def test_their_pairs_come_from_the_suite_and_a_name_of_two_clips_is_nobodys(tmp_path):
    head = ("path_A", "path_B", "A_model", "B_model", "prompt", "VQ", "MQ", "TA", "Overall")
    write_csv(tmp_path / "videogen-rewardbench.csv", [dict(zip(head, row, strict=True)) for row in (
        ("videos/m/a_1.mp4", "videos/n/b_1.mp4", "m", "n", "p1", "A", "A", "A", "A"),
        ("videos/m/c_1.mp4", "videos/n/c_1.mp4", "m", "n", "p2", "A", "A", "A", "A"))])
    rows = [{"video_name": name, "prompt": "", "v_score_model": v, "t_score_model": 2.0, "p_score_model": 2.0,
             "output": None} for name, v in (("a_1", 4.0), ("b_1", 2.0), ("c_1", 1.0))]
    path = write_json(tmp_path / "theirs.json", rows)
    pairs = run.read("videogen-rewardbench", path, tmp_path, **FAST)["pairs"]["visual_quality"]
    assert (pairs["pairs"], pairs["judged"], pairs["failed"]) == (2, 1, 1)
    assert pairs["rules"]["without ties"]["accuracy"] == 1 / 2


def test_a_result_of_batch_counts_as_well(data):
    suite = catalogue.opened("videoscore-bench-v2", data)
    records = []
    for n, clip in enumerate(suite.clips.values(), 1):
        known = {key: Score(4, 4.0) for key in KEYS}
        made = Evaluation(str(clip.path), clip.prompt, "mini", "fp32", "", known, 8, Seconds(), 1)
        records.append(results.record(Row(n, f"elsewhere/{clip.path.name}", clip.prompt, {}), made))
    for name in ("out.jsonl", "out.csv"):
        results.write(records, data / name)
        got = run.read("videoscore-bench-v2", data / name, data, **FAST)
        assert got["metrics"]["visual_quality"]["exact"] == 1 and got["model"] == "mini"
    with pytest.raises(BadInput, match="--data"):
        run.read("videoscore-bench-v2", data / "out.jsonl")
    results.write(records[:1], data / "part.jsonl")
    part = run.read("videoscore-bench-v2", data / "part.jsonl", data, **FAST)
    assert part["metrics"]["visual_quality"]["exact"] == 1 / 3 and part["errors"]["clips"] == 2


def test_two_results_in_paired_differences(data):
    for name, scores in (("a", SCORES), ("b", {**SCORES, "2": (4, 3, 1)})):
        run.judged(judge(scores), "videoscore-bench-v2", data, rows=data / f"{name}.jsonl", look=False, **FAST)
    found = diff.read(data / "a.jsonl", data / "b.jsonl")
    visual, physical = (found["metrics"][key]["exact"] for key in (KEYS[0], KEYS[2]))
    assert (visual["first"], visual["second"]) == (1 / 3, 2 / 3) and visual["difference"] == pytest.approx(1 / 3)
    assert physical["difference"] == 0, "4 and 1 are both off where people say 2"
    assert found["metrics"][KEYS[2]]["within_one"]["difference"] == pytest.approx(1 / 3), "but 1 by one only"
    assert [row["clip"] for row in found["farthest"]] == ["2"] and found["farthest"][0]["by"] == 5
    assert "second less first" in show.markdown(diff.sections(found))
    same = diff.read(data / "a.jsonl", data / "a.jsonl")
    assert all(cell["difference"] == 0 for cells in same["metrics"].values() for cell in cells.values())
    assert same["farthest"] == []
    write_json(data / "none.json", [{"video": "x", "prompt": "p"}])
    with pytest.raises(BadInput, match="no rows of vs2 bench"):
        diff.read(data / "a.jsonl", data / "none.json")


@pytest.mark.parametrize(("text", "said_"), [("[]", "no rows"), ("{", "not JSON"), ('[{"a": 1}]', "no results"),
                                            ('[{"clip": "1", "human": {}, "suite": "videoscore-bench-v2"}]',
                                             "did not write")])
def test_a_file_that_is_none_is_one_sentence(tmp_path, text, said_):
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=said_):
        said.read(path, "videoscore-bench-v2")
    with pytest.raises(BadInput, match="no file of results"):
        said.read(tmp_path / "nothing.json", "fetv")


def test_a_clip_that_cannot_be_read_is_a_row_with_its_sentence(data):
    def says(path, prompt):
        if path.stem == "2":
            raise BadInput("It is no video.")
        return SCORES[path.stem]

    suite = catalogue.opened("videoscore-bench-v2", data)
    rows = judging.run(FakeJudge(says), suite, data / "rows.jsonl")
    assert [row["error"] for row in rows] == [None, "It is no video.", None]
    assert json.loads((data / "rows.jsonl").read_text().splitlines()[1])["error"] == "It is no video."
    got = run.result("videoscore-bench-v2", "fake", said.of_records(rows), suite, look=False, **FAST)
    assert got["errors"] == {"clips": 1, "first": ["It is no video."]}
    assert got["metrics"]["visual_quality"]["failed"] == 1
