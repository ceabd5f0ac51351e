"""Suites of preferences, each as a small table in its published format, with figures worked out by hand."""
import pyarrow
import pyarrow.parquet
import pytest

from tests.support.fake_judge import FakeJudge
from tests.support.rated import clips, judge, write_csv, write_json
from vs2.bench.people import preferences, run
from vs2.errors import BadInput

PLAIN, HELD, WHOLE, SOFT, SEARCHED = preferences.RULES


def measured(name, data, scores, **options):
    return run.judged(judge(scores), name, data, draws=40, look=False, **options)


def accuracies(cell) -> list:
    return [cell["rules"][rule]["accuracy"] for rule in (PLAIN, WHOLE, SOFT, SEARCHED)]


def test_videogen_rewardbench_by_whole_paths(tmp_path):
    head = ("path_A", "path_B", "A_model", "B_model", "prompt", "VQ", "MQ", "TA", "Overall")
    rows = [("videos/m/p1_1.mp4", "videos/n/p1_1.mp4", "m", "n", "p1", "A", "A", "B", "A"),
            ("videos/m/p2_2.mp4", "videos/n/p2_2.mp4", "m", "n", "p2", "same", "B", "B", "same"),
            ("videos/m/p3_3.mp4", "videos/n/p3_3.mp4", "m", "n", "p3", "B", "A", "A", "B"),
            ("videos/m/p4_4.mp4", "", "m", "n", "p4", "A", "A", "A", "A")]
    write_csv(tmp_path / "videogen-rewardbench.csv", [dict(zip(head, row, strict=True)) for row in rows])
    clips(tmp_path, *(path for row in rows for path in row[:2] if path))
    scores = {("m", "p1_1"): (4, 3, 3), ("n", "p1_1"): (2, 4, 3), ("m", "p2_2"): (3, 1, 1), ("n", "p2_2"): (3, 2, 1),
              ("m", "p3_3"): (2, 2, 2), ("n", "p3_3"): (3.4, 1, None)}
    judge_ = FakeJudge(lambda path, prompt: scores[path.parent.name, path.stem])
    got = run.judged(judge_, "videogen-rewardbench", tmp_path, draws=40, look=False)
    assert got["clips"] == 6 and list(got["pairs"]) == ["visual_quality", "text_alignment", "overall"], "no MQ"
    assert accuracies(got["pairs"]["visual_quality"]) == [1, 1, 1, 1]
    assert accuracies(got["pairs"]["text_alignment"]) == [1, 1, 1, 1]
    overall = got["pairs"]["overall"]       # 10 against 9 is right; 5 against 6 is no tie; the third has no sum
    assert (overall["pairs"], overall["same"], overall["judged"], overall["unread"]) == (3, 1, 2, 1)
    assert accuracies(overall) == [1 / 2, 1 / 3, 1 / 3, 1 / 3]
    assert overall["rules"][PLAIN]["judged_only"] == 1 and overall["rules"][WHOLE]["judged_only"] == 1 / 2
    assert got["left_out"] == {"a clip has no path": 1}
    theirs = run.judged(judge_, "videogen-rewardbench", tmp_path, draws=40, look=False, published=True)
    assert theirs["pairs"]["visual_quality"]["pairs"] == 2, "a clip without all three scores leaves the denominator"


def test_genai_bench_in_parquet_with_two_kinds_of_tie(tmp_path):
    votes = ("leftvote", "rightvote", "tievote", "bothbad_vote", "unsure")
    rows = [{"prompt": f"p{n}", "left_model": "L", "right_model": "R", "left_video": f"https://x/{n}a.mp4",
             "right_video": f"https://x/{n}b.mp4", "vote_type": vote} for n, vote in enumerate(votes)]
    (tmp_path / "video_generation").mkdir()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows),
                                tmp_path / "video_generation" / "test_v1-00000-of-00001.parquet")
    clips(tmp_path / "videos", *(f"{n}{side}.mp4" for n in range(4) for side in "ab"))
    got = measured("genai-bench", tmp_path, {"0a": (3, 3, 3), "0b": (3, 3, 2), "1a": (5, 5, 5), "1b": (1, 1, 1),
                                             "2a": (3, 3, 3), "2b": (2, 3, 4), "3a": (1, 1, 1), "3b": (1, 1, 1)})
    pairs = got["pairs"]["overall"]
    assert (pairs["pairs"], pairs["same"]) == (4, 2) and accuracies(pairs) == [1 / 2, 3 / 4, 3 / 4, 3 / 4]
    assert got["left_out"] == {"the vote is none of the four": 1}
    assert got["metrics"] == {}


def test_mj_bench_video_points_and_preferences(tmp_path):
    def row(n, scores_0, scores_1, overall, fineness):
        keys = ("fineness", "alignment", "consistency", "total_score")
        return {"video_0_path": f"v/{n}_0.mp4", "video_1_path": f"v/{n}_1.mp4", "caption": f"p{n}",
                "video_0_scores": dict(zip(keys, scores_0, strict=True)), "overall_preference": overall,
                "video_1_scores": dict(zip(keys, scores_1, strict=True)), "category_preference": {"Fineness": fineness}}

    write_json(tmp_path / "test.json", [
        row(0, (0, 1, 2, 1), (2, 2, 2, 2), "Video 2 better", "Video 2 better"),
        row(1, (1, 1, 1, 1), (1, 0, 0, 0), "Video 1 better", "Same")])
    clips(tmp_path, *(f"v/{n}_{side}.mp4" for n in range(2) for side in range(2)))
    got = measured("mj-bench-video", tmp_path, {"0_0": (2, 3, 4), "0_1": (5, 4, 5), "1_0": (3, 1, 2), "1_1": (4, 1, 1)})
    metrics = got["metrics"]
    assert metrics["visual_quality"]["exact"] == 1, "2, 5, 3, 4 are their 0, 2, 1, 1"
    assert metrics["text_alignment"]["exact"] == 3 / 4, "3, 4, 1, 1 are 1, 2, 0, 0, where people say 1, 2, 1, 0"
    assert metrics["physical_consistency"]["exact"] == 1, "4, 5, 2, 1 are 2, 2, 1, 0"
    # Whole means 3, 4, 2, 2 are 1, 2, 1, 1, where people say 1, 2, 1, 0.
    assert metrics["overall"]["exact"] == 3 / 4 and got["all_exact"]["share"] == 3 / 4
    assert accuracies(got["pairs"]["overall"])[0] == 1 / 2, "6 against 6 is a tie of ours"
    fine = got["pairs"]["visual_quality"]
    assert fine["same"] == 1 and accuracies(fine)[:3] == [1, 1 / 2, 1 / 2] and fine["rules"][SEARCHED]["margin"] == 1
    assert accuracies(fine)[3] == 1, "the margin of 1 was searched on these very pairs"


def test_a_table_of_scores_and_one_of_duels(tmp_path):
    scored = write_csv(tmp_path / "scores.csv", [
        {"video": "a.mp4", "prompt": "p", "visual_quality": "4", "overall": "3.5"},
        {"video": "b.mp4", "prompt": "p", "visual_quality": "2", "overall": ""},
        {"video": "c.mp4", "prompt": "p", "visual_quality": "bad", "overall": ""}])
    clips(tmp_path, "a.mp4", "b.mp4", "x/a.mp4", "y/a.mp4")
    got = measured("table", scored, {"a": (4, 3, 3), "b": (3, 3, 3)})
    assert got["metrics"]["visual_quality"]["exact"] == 1 / 2 and got["metrics"]["overall"]["clips"] == 1
    assert got["left_out"] == {"no score from 1 to 5": 1}
    duels = write_csv(tmp_path / "votes.csv", [
        {"prompt": "p", "video_a": "x/a.mp4", "video_b": "b.mp4", "generator_a": "x", "generator_b": "y",
         "preference": said, "dimension": about} for said, about in (
            ("a", "overall"), ("both_bad", "visual_quality"), ("b", "visual_quality"), ("?", "overall"))])
    got = measured("table", duels, {"a": (4, 3, 3), "b": (3, 3, 3)})
    assert got["pairs"]["overall"]["rules"][PLAIN]["accuracy"] == 1
    assert got["pairs"]["visual_quality"]["pairs"] == 2 and got["pairs"]["visual_quality"]["same"] == 1
    assert sum(got["left_out"].values()) == 1
    with pytest.raises(BadInput, match="neither people's scores"):
        measured("table", write_csv(tmp_path / "none.csv", [{"video": "a.mp4", "prompt": "p"}]), {})
