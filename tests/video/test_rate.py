"""The rate of numbered pictures, from whoever gives them: command line, tables, Python, pages, endpoints."""
import json
import shutil
from pathlib import Path

import gradio as gr
import pytest

from tests.support.clips import moving_square
from tests.support.numbered import shown
from tests.support.tiny import write_judge
from tests.ui.test_given import call, served  # noqa: F401 (a fixture)
from tests.ui.test_pages import ANN, hosted, merged, run_page
from tests.video.worker.test_pictures import folder, frames, packed
from vs2 import judge
from vs2.batch import table
from vs2.cli import judging, main
from vs2.errors import BadInput
from vs2.evaluation import Evaluation
from vs2.history.store import Store
from vs2.settings import Settings
from vs2.ui import player, text
from vs2.ui.compare import run as compare_run
from vs2.ui.evaluate.page import EvaluatePage
from vs2.ui.site import Site
from vs2.video.rate import rates


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_judge(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def loaded(model):
    return judge.load(str(model))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a.mp4 and the same pictures as frames/ and frames.zip; the working folder."""
    moving_square(tmp_path / "a.mp4", frames=12)
    folder(tmp_path / "frames", frames(12))
    packed(tmp_path / "frames.zip", frames(12))
    monkeypatch.chdir(tmp_path)
    for name in ("VS2_MODEL", "VS2_PRECISION"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def run(command, *arguments, model="mini"):
    return main.main([command, *map(str, arguments), "--model", str(model)])


def test_score_takes_fps_and_the_record_keeps_it(here, model, capsys):
    for name in ("frames", "frames.zip"):
        given = "--prompt", "p", "--budget", "8", "--json"
        assert run("score", name, *given, "--fps", "16", model=model) == 0
        record = json.loads(capsys.readouterr().out)
        assert record["given_fps"] == 16 and record["frame_times"][-1] == 11 / 16
        assert Evaluation.from_dict(record).given_fps == 16
    assert run("score", "a.mp4", *given, model=model) == 0
    assert json.loads(capsys.readouterr().out)["given_fps"] is None


@pytest.mark.parametrize(("arguments", "says"), [
    (["score", "frames"], "frames is a folder: for one of numbered pictures (png, jpg, webp, bmp or tiff) give "
     "their rate too"),
    (["score", "frames.zip"], "frames.zip is a zip: for one of numbered pictures"),
    (["score", "a.mp4", "--fps", "24"], "a.mp4 is a video, which has its own frame rate: leave out fps"),
    (["score", "frames", "--fps", "0"], "fps is 0.0: it must be a number from 0.1 to 240"),
    (["score", "frames", "--fps", "nan"], "fps is nan"),
    (["compare", "a.mp4", "a.mp4", "--fps", "24"], "none of the 2 videos is a folder or a zip of pictures"),
    (["compare", "a.mp4", "frames"], "frames is a folder: for one of numbered pictures"),
    (["compare", "a.mp4", "frames", "--fps", "-3"], "fps is -3.0"),
])
def test_a_rate_that_lacks_or_is_wrong_is_said_before_a_judge_is_loaded(here, arguments, says, monkeypatch, capsys):
    monkeypatch.setattr(judging, "load", lambda *_: pytest.fail("the judge was loaded"))
    assert run(*arguments, "--prompt", "p") == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


def test_compare_gives_it_to_those_that_are_pictures(here, model, capsys):
    assert run("compare", "a.mp4", "frames", "frames.zip", "--prompt", "p", "--fps", "6", "--budget", "8", "--json",
               model=model) == 0
    found = json.loads(capsys.readouterr().out)["candidates"]
    assert [one["given_fps"] for one in found] == [None, 6, 6]
    assert found[1]["scores"] == found[2]["scores"], "the same pictures"


def test_rows_take_their_own_rate_then_the_commands(here, model, capsys):
    (here / "t.csv").write_text("video,prompt,fps\nframes,p,\nframes.zip,p,8\na.mp4,p,30\nframes,p,fast\nframes,p,0\n")
    with table.opened("t.csv", fps=16) as rows:
        assert [row.fps for row in rows] == [16, 8, None, None, None]
        assert "fps is fast: it must be a number" in rows[3].problem and "from 0.1 to 240" in rows[4].problem
        assert rows[2].other == {"fps": "30"}, "what a table says of videos passes through"
    with table.opened("t.csv") as rows:
        assert "give their rate too" in rows[0].problem and not rows[1].problem
    rows = [{"video": "frames", "prompt": "p", "fps": fps} for fps in (12, True, [1])]
    (here / "t.json").write_text(json.dumps(rows))
    with table.opened("t.json") as rows:
        assert rows[0].fps == 12 and all("must be a number" in row.problem for row in rows[1:])
    out = ["t.csv", "--out", "o.jsonl", "--budget", "8"]
    assert run("batch", *out, "--fps", "16", model=model) == 0
    made = [json.loads(line) for line in Path("o.jsonl").read_text().splitlines()]
    assert [one["given_fps"] for one in made] == [16, 8, None, None, None] and made[2]["fps"] == "30"
    capsys.readouterr()
    # Another rate is another question, which is not mixed with this one.
    assert run("batch", *out, "--fps", "16", "--resume", model=model) == 0
    assert run("batch", *out, "--fps", "12", "--resume", model=model) == 2
    assert "o.jsonl" in capsys.readouterr().err.splitlines()[-1]


def test_python_takes_it_alone_and_with_others(here, loaded):
    one = loaded.score(here / "frames", "p", fps=16, think=False)
    with pytest.raises(BadInput, match="give their rate"):
        loaded.score(here / "frames", "p")
    many = loaded.score_many([here / "a.mp4", here / "frames"], ["p", "p"], fps=16)
    assert many[1].given_fps == 16 and many[0].given_fps is None and many[1].frame_times == one.frame_times


def test_rates_go_to_pictures_alone(here):
    assert rates(["a.mp4", "frames", "gone", "frames.zip"], 24) == [None, 24, None, 24]
    assert rates(["a.mp4"], None) == [None]


@pytest.fixture
def page(here, loaded, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    with gr.Blocks():
        yield EvaluatePage(Site(hosted(loaded), Store(tmp_path / "home"), Settings(home=tmp_path / "home")), gr.HTML())


@pytest.fixture
def upload(here):
    place = here / "uploads" / "abc"
    place.mkdir(parents=True)
    shutil.copy(here / "frames.zip", place)
    return {"path": str(place / "frames.zip"), "name": "frames.zip"}


def test_the_box_makes_a_copy_at_the_rate_of_its_field(page, upload):
    first, other = (player.prepare(upload | {"fps": fps}, page.video) for fps in (None, 8))
    assert first["fps"] == player.FPS and other["fps"] == 8 and first["player"] != other["player"]
    assert player.prepare(upload | {"fps": "x"}, page.video)["problem"].startswith("fps is 'x'")
    video = shutil.copy("a.mp4", Path(upload["path"]).parent)
    assert player.prepare({"path": str(video), "name": "a.mp4", "fps": 24}, page.video)["fps"] is None


def test_an_evaluation_of_pictures_opens_again_from_its_link(page, upload):
    last = merged(page, run_page(page, upload | {"fps": 8}, visitor=ANN))
    assert not last["notice"], last["notice"]
    stored, = page.site.store.find(None)
    assert stored.evaluation.given_fps == 8 and page.site.store.clip(stored.clip).suffix == ".zip"
    opened = dict(zip(page.opens, page.open({"visitor": "", "e": [stored.id]}), strict=True))
    box = opened[page.video]
    assert box["fps"] == 8 and box["player"].endswith(".mp4") and box["name"] == "frames.zip"
    assert opened[page.frames].count("<img") == len(stored.evaluation.frame_times) > 0
    assert text.NOT_KNOWN not in (opened[page.notice] or "")


def test_the_endpoint_of_one_video_takes_it(page, upload):
    record = [*page.evaluate(upload["path"], "p", False, 8, 1, 0, 23.976)][-1]
    assert record["given_fps"] == 23.976 and record["video"] == "frames.zip"
    with pytest.raises(gr.Error, match="frames.zip is a zip"):
        [*page.evaluate(upload["path"], "p", False, 8, 1, 0)]
    with pytest.raises(gr.Error, match="a.mp4 is a video, which has its own"):
        [*page.evaluate(str(Path("a.mp4").absolute()), "p", False, 8, 1, 0, 24)]


def test_a_comparison_of_a_script_takes_it(page, upload):
    videos = [(str(Path("a.mp4").absolute()), "p"), (upload["path"], "p")]
    record = [*compare_run.comparison(page.host, videos, compare_run.candidates.MEAN, 8, think=False)][-1]
    assert [one["given_fps"] for one in record["candidates"]] == [None, 8]
    with pytest.raises(BadInput, match="none of the 2 videos"):
        [*compare_run.comparison(page.host, videos[:1] * 2, compare_run.candidates.MEAN, 8)]


def test_endpoints_take_it_last_and_go_without(served):  # noqa: F811
    address, judge, upload = served
    for endpoint, values in (("evaluate", [upload, "p", True, 64, 1, 0]),
                             ("compare", [[upload] * 2, "p", None, True, 64, 1, 0, "mean"])):
        for more in ([], [None]):
            assert call(address, endpoint, values + more)[0] == "complete", endpoint
        for wrong in ("24", True, [24], {}):
            kind, said = call(address, endpoint, [*values, wrong])
            assert kind == "error" and "fps is" in said and "must be a number" in said
        kind, said = call(address, endpoint, values[:3])
        assert kind == "error" and "does not fit its input" in said
    assert "none of the 2 videos" in call(address, "compare", [*values, 23.976])[1], "any number may be said"


def test_the_very_first_frame_is_the_first_number(here, loaded):
    from vs2.video import read

    assert shown(read(here / "frames", loaded.card.sampling, fps=16))[0] == 0
