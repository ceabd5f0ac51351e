"""What is missing, hostile or on the Hub: a suite's files before anything is judged."""
import re

import pytest

from tests.support.rated import clips, write_csv, write_json
from vs2.bench.people import catalogue, everything, hub, mapping, show
from vs2.bench.people.files import Folder, table
from vs2.bench.people.suite import Clip, Suite
from vs2.cli import bench_people
from vs2.errors import BadInput
from vs2.model import hub_files


def test_the_command_knows_every_suite_and_each_says_what_it_asks():
    assert set(bench_people.NAMES) == set(catalogue.NAMES) == set(mapping.MAPPING)
    told = mapping.table()
    assert all(f"| {name} |" in told for name in catalogue.NAMES)
    for questions in mapping.MAPPING.values():
        for one in questions:
            assert not isinstance(one, mapping.Scored) or one.levels is None or len(one.levels) == 5


@pytest.mark.parametrize("name", [name for name in catalogue.NAMES if name != "table"])
def test_an_empty_folder_says_what_is_missing_and_where_it_comes_from(name, tmp_path):
    with pytest.raises(BadInput) as problem:
        catalogue.opened(name, tmp_path)
    assert re.search(r"comes from .*(Hub|github)", str(problem.value))
    with pytest.raises(BadInput, match="There is no folder"):
        catalogue.opened(name, tmp_path / "nowhere")


def test_what_is_not_on_the_hub_asks_for_its_folder():
    for name in ("fetv", "t2vqa-db", "table"):
        with pytest.raises(BadInput, match="--data"):
            catalogue.opened(name)


def test_no_clip_is_taken_from_outside_the_folder(tmp_path):
    clips(tmp_path, "out.mp4", "suite/videos/in.mp4")
    (tmp_path / "suite" / "link.mp4").symlink_to(tmp_path / "out.mp4")
    folder = Folder(tmp_path / "suite", "nowhere")
    assert folder.clip("in.mp4")[0] == tmp_path / "suite" / "videos" / "in.mp4"
    for name in ("../out.mp4", "link.mp4", str(tmp_path / "out.mp4")):
        path, why = folder.clip(name)
        assert path is None and "leads out" in why
    assert folder.clip("gone.mp4") == (None, "gone.mp4 is not in the folder: clips come from nowhere.")


@pytest.mark.parametrize(("name", "text", "said"), [
    ("a.csv", "x\n1\n", "no column prompt"), ("a.json", "{", "not JSON"), ("a.json", "[1]", "no list of objects"),
    ("a.jsonl", "", "no rows"), ("a.txt", "x", "no table"), ("a.parquet", "x", "no Parquet"),
    ("a.csv", 'prompt\n"x', "no CSV")])
def test_a_table_that_cannot_be_used_is_one_sentence(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=said):
        table(tmp_path / name, ("prompt",))


def test_only_addresses_of_the_hub_are_fetched(monkeypatch, tmp_path):
    got = []
    monkeypatch.setattr("huggingface_hub.hf_hub_download",
                        lambda repo, file, **options: got.append((repo, file, options["repo_type"])) or "/x.mp4")
    urls = ("https://huggingface.co/datasets/o/n/resolve/main/a%20b.mp4", "https://huggingface.co/o/m/resolve/main/v/c.mp4",
            "https://example.org/o/m/resolve/main/d.mp4", "http://huggingface.co/o/m/resolve/main/e.mp4", "")
    suite = Suite("genai-bench", {str(n): Clip(str(n), "p", url=url, problem="gone") for n, url in enumerate(urls)})
    hub.with_clips(suite, tmp_path)
    assert got == [("o/n", "a b.mp4", "dataset"), ("o/m", "v/c.mp4", "model")]
    assert [clip.problem for clip in suite.clips.values()] == ["", "", "gone", "gone", "gone"]


def test_a_data_set_may_not_write_outside_its_folder(tmp_path):
    class File:
        path, size, lfs, blob_id = "../out.json", 1, None, "x"

    with pytest.raises(BadInput, match="outside of its folder"):
        hub_files.download("o/n", File, tmp_path / "in")


def test_all_runs_what_is_there_and_tells_what_failed(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "home", lambda name: tmp_path / "cache" / name)
    from tests.support.rated import judge

    data, out = tmp_path / "data", tmp_path / "out"
    with pytest.raises(BadInput, match="no suite"):
        everything.judged(judge({}), data, out)
    write_json(data / "t2vqa-db" / "t2vqa_db.json", [
        {"video_name": name, "prompt": "<b>|", "quality_score": score} for name, score in (("a", 10), ("b", 20))])
    clips(data / "t2vqa-db", "a.mp4", "b.mp4", "../x.mp4")
    (data / "fetv").mkdir()
    write_csv(data / "table.csv", [{"video": "x.mp4", "prompt": "p", "text_alignment": 2}])
    report = everything.judged(judge({"a": (1, 1, 1), "b": (5, 5, 5), "x": (1, 2, 1)}), data, out, draws=20, look=False)
    assert [one["suite"] for one in report["suites"]] == ["t2vqa-db", "table"]
    assert list(report["problems"]) == ["fetv"] and "fetv.csv" in report["problems"]["fetv"]
    assert (out / "rows" / "table.jsonl").is_file()
    text, page = ((out / name).read_text() for name in ("report.md", "report.html"))
    assert "Suites without a result" in text and "<h2>t2vqa-db, fake</h2>" in page
    (out.parent / everything.FOLDER).mkdir()
    (out / everything.REPORT).rename(out.parent / everything.FOLDER / everything.REPORT)
    assert everything.read(out.parent) == report
    assert everything.read(tmp_path / "nowhere") is None and everything.read(None) is None
    (out.parent / everything.FOLDER / everything.REPORT).write_text('{"suites": [3]}')
    assert everything.read(out.parent) is None


def test_a_table_is_escaped_in_both_forms():
    section = show.Section("a <b> | c", (("x",), ("<script>|\n",)), ("<i>",))
    assert "<script>" not in show.page("t", [[section]]) and "&lt;script&gt;" in show.page("t", [[section]])
    assert "| <script>\\| |" in show.markdown([section])
