"""Several judgements at once on a server: rows of a table, visitors of the app, files without thinking."""
import json
import threading

import pytest

from tests.remote.test_judge import judge_of
from tests.support.chat_server import ChatServer, Manners
from tests.support.clips import moving_square
from tests.support.patience import HANGING, eventually
from tests.ui.test_pages import Scripted, hosted
from vs2 import Evaluation, batch
from vs2.batch.table import Row
from vs2.cli import main
from vs2.errors import BadInput
from vs2.settings import Settings
from vs2.ui import app, host, judgement, whose


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "square.mp4", frames=24, fps=12, size=(112, 84))


def test_a_batch_keeps_a_server_busy(clip, tmp_path, monkeypatch):
    table, out = tmp_path / "table.csv", tmp_path / "out.jsonl"
    table.write_text("video,prompt\n" + "".join(f"{clip},a red square {n}\n" for n in range(6)), encoding="utf-8")
    with ChatServer(Manners(pause=0.05)) as server:
        monkeypatch.setattr("sys.argv", ["vs2", "batch", str(table), "--out", str(out), "--workers", "4", "--model",
                                         f"openai:{server.url}#TIGER-Lab/VideoScore2"])
        assert main.main() == 0
        assert 2 <= server.most <= 4 and len(server.judged) == 6
    records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [record["row"] for record in records] == [1, 2, 3, 4, 5, 6]
    assert {record["model"] for record in records} == {"openai:TIGER-Lab/VideoScore2"}
    assert server.url not in out.read_text(encoding="utf-8"), "where the server is stands in no record"


class Slow:
    """A judge of several rows at once, each of which waits for `go` or its `stop`."""

    at_once = 8

    def __init__(self):
        self.go, self.now, self.most, self.stopped = threading.Event(), 0, 0, 0

    def score(self, path, prompt, *, stop=lambda: False, **options):
        self.now += 1
        self.most = max(self.most, self.now)
        while not self.go.wait(0.01):
            if stop():
                self.stopped += 1
                raise BadInput("Stopped.")
        self.now -= 1
        raise BadInput(f"{prompt} is done.")


def test_threads_end_with_the_batch(tmp_path):
    rows = [Row(n, f"{n}.mp4", str(n), {}, tmp_path / f"{n}.mp4", "") for n in range(1, 9)]
    judge = Slow()
    judge.go.set()
    found = list(batch.run(rows, judge, workers=3))
    assert sorted(result.row.number for result in found) == list(range(1, 9)) and judge.most <= 3
    judge = Slow()
    found = batch.run(rows, judge, workers=3)
    waiting = threading.Thread(target=lambda: next(found, None), daemon=True)
    waiting.start()
    assert eventually(lambda: judge.now == 3)
    judge.go.set()
    waiting.join(HANGING)
    found.close()
    judge.at_once = 1
    with pytest.raises(BadInput, match="works alone"):
        list(batch.run(rows, judge, workers=3))


def test_files_without_thinking_are_asked_for_at_once(clip):
    with ChatServer() as server:
        found = judge_of(server).score_many([clip, clip.parent / "none.mp4", clip], ["a red square"] * 3)
    assert [type(one) for one in found] == [Evaluation, BadInput, Evaluation]
    assert all(one.scores["visual_quality"].confidence is not None for one in (found[0], found[2]))


def test_visitors_do_not_wait_for_each_other_at_a_server():
    judge = Scripted(go=threading.Event())
    judge.at_once = 3
    one = hosted(judge)
    runs = [host.Run(judgement.Request("v", str(n)), one) for n in range(5)]
    assert eventually(lambda: judge.together == 3)
    assert sorted(run.ahead() for run in runs) == [0, 0, 0, 1, 2]
    judge.go.set()
    ends = [[event for event in run.events() if event is not None][-1] for run in runs]
    assert sorted(end.prompt for end in ends) == ["0", "1", "2", "3", "4"] and judge.most == 3


def test_pages_tell_its_name_and_not_its_address(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    offered = app.others(Settings(judges=("openai:http://inside.example:8000/v1#TIGER-Lab/VideoScore2",)))
    assert any("openai:TIGER-Lab/VideoScore2" in name for name in offered)
    assert not any("inside.example" in name for name in offered)
    assert "TIGER-Lab" in whose.line("openai:TIGER-Lab/VideoScore2") and whose.way() not in whose.line(
        "openai:TIGER-Lab/VideoScore2")
    assert whose.shown("openai:/a/b/judge") == "openai:judge" and whose.knows("openai:TIGER-Lab/VideoScore2")
