"""Files nobody vouches for, as reports: every kind that vs2 writes is read, anything else is one sentence."""
import json

import pytest

from tests.report.test_report import page, seen
from tests.support.clips import moving_square
from tests.support.withholding import FOREIGN
from vs2 import candidates, report
from vs2.batch import results
from vs2.batch.table import Row
from vs2.errors import BadInput


def written(path, value):
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


@pytest.fixture
def clips(tmp_path):
    """A folder with a clip that a record names."""
    moving_square(tmp_path / "a.mp4", frames=16, fps=8)
    return tmp_path


def test_one_evaluation_and_several(clips):
    one = written(clips / "one.json", seen(4, 5, 2, video="a.mp4").to_dict())
    other = written(clips / "two.json", seen(2, 2, FOREIGN, video="gone.mp4").to_dict())
    made = report.read([one])
    assert made.kind == "evaluation" and len(made.items[0].stills) == 4, "the clip lies beside the file"
    both = report.read([one, other])
    assert both.kind == "comparison" and both.decision.winner == 0 and both.items[1].stills == ()
    assert FOREIGN in page(both)


def test_clips_are_looked_for_where_one_says(clips, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    one = written(folder / "one.json", seen(4, 5, 2, video="/never/a.mp4").to_dict())
    assert report.read([one]).items[0].stills == ()
    assert len(report.read([one], clips=clips).items[0].stills) == 4
    with pytest.raises(BadInput, match="no folder"):
        report.read([one], clips=tmp_path / "none")


def test_a_comparison_keeps_its_decision(clips):
    found = [seen(2, 2, 2, video="a.mp4"), seen(5, 5, 5, video="b.mp4"), candidates.Failed("c.mp4", "p", "c is bad.")]
    decision = candidates.decide(found, "text_alignment")
    made = report.read([written(clips / "c.json", candidates.record(found, decision))])
    assert made.decision.winner == 1 and made.decision.reason == decision.reason and made.rule is None
    assert "c is bad." in page(made)


def test_a_decision_that_found_nothing_to_compare_has_no_places(clips):
    """By a rule whose only score was withheld; the record does not hold the rule, and the mean would find a winner."""
    found = [seen(2, FOREIGN, 2, video="a.mp4"), seen(5, FOREIGN, 5, video="b.mp4")]
    decision = candidates.decide(found, "text_alignment")
    made = report.read([written(clips / "c.json", candidates.record(found, decision))]).decision
    assert made.winner is None and made.reason == decision.reason and made.place == {} and made.ranking == (0, 1)
    kept = candidates.decide(found)
    assert report.read([written(clips / "d.json", candidates.record(found, kept))]).decision == kept


def test_a_batch_in_each_of_its_formats(clips):
    records = [results.record(Row(n, "a.mp4", "p", {"set": "x"}), seen(n, n, n, video="a.mp4")) for n in (1, 2)]
    for suffix in (".json", ".jsonl"):
        path = clips / f"out{suffix}"
        results.write(records, path)
        made = report.read([path], ["set"])
        assert made.kind == "batch" and made.boards[0].groups[0].cells["overall"].mean == pytest.approx(1.5)
        assert "By set" in page(made) and len(made.items[0].stills) == 4


SOUND = seen(4, 5, 2).to_dict()
BROKEN = [5, "text", None, [], {}, [1], {"scores": 5}, {"candidates": []}, {"candidates": [1, 2]},
          {"candidates": [1], "spent": {}}, SOUND | {"model": 5}, SOUND | {"prompt": 5}, SOUND | {"rationale": ["x"]},
          SOUND | {"frames": "many"}, SOUND | {"frame_times": [-1]}, SOUND | {"samples": [5]}, SOUND | {"seconds": 5},
          SOUND | {"scores": {}}, SOUND | {"scores": {key: {"value": 9} for key in SOUND["scores"]}},
          SOUND | {"scores": {key: {"value": 4, "expected": 1e9} for key in SOUND["scores"]}},
          SOUND | {"scores": {key: {"value": 4, "distribution": [1]} for key in SOUND["scores"]}},
          SOUND | {"scores": {key: {"value": 4, "reason": "why"} | {"reason": 5} for key in SOUND["scores"]}},
          SOUND | {"options": {"budget": "much"}}, [SOUND, {"video": 1, "scores": 2}]]


@pytest.mark.parametrize("value", BROKEN, ids=range(len(BROKEN)))
def test_anything_else_is_one_sentence(tmp_path, value):
    with pytest.raises(BadInput) as problem:
        report.read([written(tmp_path / "x.json", value)])
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"{", b"[" * 100_000, b"NaN", b"video,prompt\na,b\n"])
def test_no_json_is_one_sentence(tmp_path, data):
    path = tmp_path / "x.json"
    path.write_bytes(data)
    with pytest.raises(BadInput) as problem:
        report.read([path])
    assert "\n" not in str(problem.value)
    with pytest.raises(BadInput):
        report.read([tmp_path / "none.json"])


def test_only_tables_have_groups(clips):
    one = written(clips / "one.json", seen(4, 5, 2).to_dict())
    for files in ([one], [one, one]):
        with pytest.raises(BadInput, match="batch"):
            report.read(files, ["set"])
