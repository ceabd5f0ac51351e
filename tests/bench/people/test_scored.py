"""Suites of scores, each as a small table in its published format, with figures worked out by hand."""
import pytest

from tests.support.rated import clips, judge, write_csv, write_json
from vs2.bench.people import aigve, run
from vs2.errors import BadInput
from vs2.rubric import KEYS

WHY = "It knows nothing of this."
FAST = {"draws": 40, "look": False}


def measured(name, data, scores, **options):
    return run.judged(judge(scores), name, data, **FAST, **options)


def test_videoscore_bench_v2(tmp_path):
    rows = [{"video_name": f"00{n}", "video_url": f"https://huggingface.co/v/00{n}.mp4", "prompt": f"p{n}",
             "visual_score": 3, "t2v_score": n, "phy_score": 3} for n in (1, 2, 3, 4)]
    rows.append({"video_name": "005", "prompt": "p", "visual_score": None, "t2v_score": 1, "phy_score": 1})
    write_json(tmp_path / "data_27k_test (VideoScoreBench-v2).json", rows)
    clips(tmp_path / "videos", "001.mp4", "002.mp4", "003.mp4")
    got = measured("videoscore-bench-v2", tmp_path, {"001": (3, 1, 3), "002": (4, 4, 3), "003": (3, 3, WHY)})
    visual, text, physical = (got["metrics"][key] for key in KEYS)
    assert (visual["clips"], visual["judged"], visual["failed"], visual["withheld"]) == (4, 3, 1, 0)
    assert visual["exact"] == 2 / 4 and visual["exact_judged"] == 2 / 3, "the clip that is not there is a miss"
    assert visual["within_one"] == 3 / 4 and visual["pearson"] is None, "people gave one score throughout"
    assert text["exact"] == 2 / 4 and text["within_one"] == 2 / 4 and text["spearman"] == pytest.approx(0.5)
    assert (physical["withheld"], physical["exact"], physical["exact_judged"]) == (1, 2 / 4, 1)
    assert got["all_exact"]["share"] == 1 / 4 and got["all_exact"]["clips"] == 4
    assert got["left_out"] == {"a score is missing or not from 1 to 5": 1, "the clip is not in the folder": 1}
    assert got["beside"]["constant"]["visual_quality"]["exact"] == 1
    (tmp_path / "data_27k_test (VideoScoreBench-v2).json").unlink()
    with pytest.raises(BadInput, match="VideoFeedback2 on the Hugging Face Hub"):
        measured("videoscore-bench-v2", tmp_path, {})


def test_videophy2_in_its_own_columns_and_in_those_of_videoscore2(tmp_path):
    rows = [("a", 5, 4), ("b", 4, 4), ("c", 2, 5), ("d", 4, 1)]
    for place, names in (("own", ("sa", "pc")), ("flat", ("semantic", "physical"))):
        folder = tmp_path / place
        write_csv(folder / "videophy2_test.csv", [
            {"caption": f"p{name}", "video_url": f"https://huggingface.co/x/y/resolve/main/{name}.mp4",
             names[0]: semantic, names[1]: physical, "is_hard": 0} for name, semantic, physical in rows])
        clips(folder, "a.mp4", "b.mp4", "c.mp4", "d.mp4")
        got = measured("videophy2", folder, {"a": (1, 5, 4), "b": (1, 4, 3), "c": (1, 4, 4), "d": (1, None, 1)})
        assert set(got["metrics"]) == {"text_alignment", "physical_consistency"}, "visual quality is not asked"
        assert got["metrics"]["text_alignment"]["exact"] == 2 / 4 and got["metrics"]["text_alignment"]["unread"] == 1
        assert got["metrics"]["physical_consistency"]["exact"] == 2 / 4
        assert got["both"]["people"] == 2 / 4 and got["both"]["judge"] == 2 / 4
        assert got["both"]["same"] == 1 / 4, "a alone: b and c are told otherwise, d has no scores of both"
        assert got["all_exact"] is None


def test_aigve_bench_leaves_zeros_out_and_has_three_levels_of_physics(tmp_path):
    aspects = aigve.ASPECTS
    rows = [("cogvideox_0", 4, 5, 0, 5, 0, 5), ("sora_0", 5, 5, 5, 5, 4, 3), ("genmo_0", 1, 1, 1, 1, 2, 1)]
    write_json(tmp_path / "test.json", [{"video_name": name, "prompt": "one", **dict(zip(aspects, scores, strict=True))}
                                        for name, *scores in rows])
    clips(tmp_path, *(f"{name}.mp4" for name, *_ in rows))
    scores = {"cogvideox_0": (4, 5, 5), "sora_0": (5, 4, 4), "genmo_0": (3, 2, 2)}
    got = measured("aigve-bench", tmp_path, scores)
    # Means without zeros: 4.5 -> 4 (Python rounds to even), 5, 1; and 5, 4.5 -> 4, 1.5 -> 2.
    assert got["metrics"]["visual_quality"]["exact"] == 2 / 3
    assert got["metrics"]["text_alignment"]["exact"] == 1
    assert got["metrics"]["physical_consistency"]["exact"] == 1, "4 is their 3, 2 their 1"
    assert got["all_exact"]["share"] == 2 / 3
    fake = judge(scores)
    theirs = run.judged(fake, "aigve-bench", tmp_path, published=True, **FAST)
    assert fake.options == [{"published": True}] * 3, "it is judged as the published script does, too"
    # With zeros: 9 / 3 = 3 and 5 / 2 = 2.5 -> 2 of the first clip.
    assert theirs["metrics"]["visual_quality"]["exact"] == 1 / 3
    assert theirs["metrics"]["text_alignment"]["exact"] == 2 / 3 and theirs["rule"] == "published"


def test_t2vqa_is_an_order_of_scores_and_of_pairs(tmp_path):
    write_json(tmp_path / "t2vqa_db.json", [{"video_name": f"0000{n}_00", "prompt": f"p{n % 2}", "quality_score": score}
                                            for n, score in enumerate((10.5, 20.0, 30.0, 99.0))])
    write_json(tmp_path / "t2vqa_db_pref.json", [
        {"video1": "00000_00", "video2": "00002_00", "preference": "2"},
        {"video1": "00003_00", "video2": "00001_00", "preference": "1"},
        {"video1": "00003_00", "video2": "00009_00", "preference": "1"},
        {"video1": "00003_00", "video2": "00001_00", "preference": "same"}])
    clips(tmp_path, *(f"0000{n}_00.mp4" for n in range(4)))
    got = measured("t2vqa-db", tmp_path, {"00000_00": (1, 1, 1), "00001_00": (2, 2, 2), "00002_00": (3, 3, 3),
                                          "00003_00": (2, 2, 2)})
    cell = got["metrics"]["overall"]
    assert cell["exact"] is None and cell["rmse"] is None and cell["kappa"] is None, "0 to 100 is no scale of ours"
    assert cell["spearman"] == pytest.approx(0.6324555) and cell["clips"] == 4
    assert cell["within_prompt"]["pairs"] == 2 and cell["within_prompt"]["accuracy"] == 0.5
    pairs = got["pairs"]["overall"]
    assert (pairs["pairs"], pairs["same"]) == (3, 1)
    assert pairs["rules"]["without ties"]["accuracy"] == 1 / 2, "the second pair is a tie of ours, which is wrong"
    assert pairs["rules"]["with ties, VideoScore2's margin for digits (0.5)"]["accuracy"] == 2 / 3
    assert got["left_out"] == {"a clip of a pair is not in the table": 1}


def test_fetv_beside_a_person_and_a_constant(tmp_path):
    rows = []
    for n, (static, temporal, aligned) in enumerate((
            ((5, 5, 5), (4, 4, 4), (1, 2, 3)), ((2, 2, 2), (1, 1, 1), (5, 5, 4)), ((3, 4, 3), (2, 3, 2), (4, 4, 4)))):
        row = {"file": f"videos/c{n}.mp4", "prompt": f"p{n // 2}", "generator": "g"}
        for name, short, given in (("static_quality", "static", static), ("temporal_quality", "temporal", temporal),
                                   ("alignment", "alignment", aligned)):
            row |= {name: round(sum(given) / 3, 4)} | {f"{short}_{i}": one for i, one in enumerate(given, 1)}
        rows.append(row)
    write_csv(tmp_path / "fetv.csv", rows)
    clips(tmp_path / "videos", "c0.mp4", "c1.mp4", "c2.mp4")
    got = measured("fetv", tmp_path, {"c0": (4, 2, 1), "c1": (2, WHY, 1), "c2": (3, 5, 1)})
    assert list(got["metrics"]) == ["visual_quality", "physical_consistency", "text_alignment"]
    visual, physical, text = got["metrics"].values()
    assert visual["exact"] == 2 / 3, "4 for 5 is off; 2 for 2; 3 is the nearest to 3.33"
    assert (physical["exact"], physical["within_one"]) == (1 / 3, 2 / 3), "1 for 4, 1 and 2.33: temporal quality"
    assert physical["spearman"] is None, "one score throughout is no order"
    assert (text["exact"], text["exact_judged"], text["withheld"]) == (1 / 3, 1 / 2, 1)
    assert visual["within_prompt"] == {"accuracy": 1.0, "interval": None, "pairs": 1, "judged_only": 1.0}
    assert text["within_prompt"]["accuracy"] == 0 and text["within_prompt"]["judged_only"] is None
    rater = got["beside"]["rater"]["visual_quality"]
    assert rater["clips"] == 3 and 0.9 < rater["pearson"] < 1
    assert got["beside"]["constant"]["visual_quality"]["exact"] == 1 / 3
