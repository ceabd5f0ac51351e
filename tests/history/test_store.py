"""The history: what comes back, who sees it, what is found, and that many may write at once."""
import json
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.patience import HANGING
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.history import database
from vs2.history.review_rows import Review
from vs2.history.store import Filter, Store
from vs2.rubric import KEYS

ROOT = Path(__file__).resolve().parents[2]
ANN, BEN = "a" * 32, "b" * 32  # two visitors
HOSTILE = ("'; DROP TABLE evaluations; --", '"><script>alert(1)</script>', "\x00\x1b[31m\r\n", "\ud800 half \udfff",
           "\N{RIGHT-TO-LEFT OVERRIDE}\N{PILE OF POO} e\N{COMBINING ACUTE ACCENT}", "%_\\", "{0} $t2v_prompt %s", "")


def scores(*values: int | None) -> dict[str, Score]:
    """The three scores as one reasoned reply gives them; None for one that could not be read."""
    return {key: Score.of(value, None if value is None else [float(s == value) for s in range(1, 6)], False)
            for key, value in zip(KEYS, values, strict=True)}


def evaluation(prompt: str = "a red ball bounces", values=(4, 3, 2), **more) -> Evaluation:
    return Evaluation(**{"video": "ball.mp4", "prompt": prompt, "model": "mini", "precision": "fp32",
                         "rationale": "The ball is sharp.", "scores": scores(*values), "frames": 8,
                         "seconds": Seconds(1, 2, 3), "tokens": 5, "frame_times": (0.0, 0.5),
                         "reply": "<think>The ball is sharp.</think>"} | more)


def review_of(judged: Evaluation, reviewer: str = "ann", **more) -> Review:
    """A review that agrees with everything, unless told."""
    return Review(**{"video": Path("anything.mp4"), "prompt": judged.prompt, "model": judged.model,
                     "rationale": judged.rationale, "scores": {key: judged.scores[key].value for key in KEYS},
                     "reviewer": reviewer, "verdicts": dict.fromkeys(KEYS, "agree")} | more)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """Only a loss of power could tell: what is written here need not outlive one."""
    monkeypatch.setattr(database, "SETTINGS", (*database.SETTINGS, "synchronous = OFF"))


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "home")
    yield made
    made.close()


def prompts(found) -> list[str]:
    return [stored.evaluation.prompt for stored in found]


def query(home: Path, statement: str) -> list[tuple]:
    """What the database says to someone who opens it beside the store."""
    db = sqlite3.connect(home / "vs2.db")
    try:
        with db:
            return db.execute(statement).fetchall()
    finally:
        db.close()


def test_an_evaluation_comes_back_as_it_was_and_after_a_restart_too(tmp_path):
    judged = evaluation(values=(5, None, 1), truncated=True, warnings=("odd",),
                        samples=({"rationale": "one", "values": {"visual_quality": 5}, "truncated": False},))
    store, before = Store(tmp_path / "deep" / "home"), time.time()
    id = store.add(judged, ANN)
    for _ in range(2):
        stored = store.get(id)
        assert stored.evaluation == judged and stored.evaluation.unread == ("text_alignment",)
        assert (stored.id, stored.clip, stored.reviews) == (id, None, 0)
        assert before <= stored.created <= time.time()
        assert store.find(ANN) == [stored] and store.count(ANN) == 1
        store.close()
        store = Store(tmp_path / "deep" / "home")
    store.close()


def test_ids_cannot_be_guessed_and_what_is_no_id_finds_nothing(store):
    ids = {store.add(evaluation(), ANN) for _ in range(20)}
    assert len(ids) == 20 and all(len(id) == 22 and id.replace("-", "a").replace("_", "a").isalnum() for id in ids)
    for nothing in ("", "x" * 22, "\ud800", "é", None, 7, ["x"], {}, "'", 2**70):
        assert store.get(nothing) is None and store.clip(nothing) is None
        assert store.review(nothing, "ann") is None and store.delete(ANN, [nothing]) == 0
        assert not store.delete_review(nothing, "ann")
        with pytest.raises(BadInput, match="no such evaluation"):
            store.put_review(nothing, review_of(evaluation()))
    assert store.count(ANN) == 20


def test_a_visitor_sees_only_their_own_and_the_secret_is_not_in_the_file(store, tmp_path):
    one, two = store.add(evaluation("one"), ANN), store.add(evaluation("two", model="other"), BEN)
    assert prompts(store.find(ANN)) == ["one"] and prompts(store.find(BEN)) == ["two"]
    assert prompts(store.find(None)) == ["two", "one"] and store.count(None) == 2
    assert store.models(ANN) == ["mini"] and store.models(None) == ["mini", "other"]
    assert store.get(two).evaluation.prompt == "two", "whoever has the id may open it"
    store.put_review(one, review_of(evaluation("one")))
    assert [id for id, _ in store.reviews(ANN)] == [one] and store.reviews(BEN) == []
    assert [record["id"] for record in store.export(ANN)] == [one]
    store.close()
    held = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert b"one" in held and ANN.encode() not in held and BEN.encode() not in held


def test_what_has_no_visitor_is_nobodys(store):
    id = store.add(evaluation(), "")
    assert store.get(id) is not None and store.count(None) == 1
    assert store.find("") == [] and store.count("") == 0 and store.models("") == [] and store.reviews("") == []
    assert list(store.export("")) == [] and store.delete("") == 0 and store.delete("", [id]) == 0
    assert store.count(None) == 1


@pytest.mark.parametrize(("filter", "expected"), [
    (Filter(), "dcba"),
    (Filter(model="mini"), "ba"), (Filter(model="MINI"), ""), (Filter(model="o/\ud800"), "d"),
    (Filter(text="RED BALL"), "a"), (Filter(text="straße"), "b"), (Filter(text="STRASSE"), "b"),
    (Filter(text="\u00c9COLE"), "c"), (Filter(text="\u00e9cole"), "c"),
    (Filter(text="holiday"), "d"), (Filter(text="secret"), ""), (Filter(text="wobbles"), "c"),
    (Filter(text="%"), "d"), (Filter(text="_"), "b"), (Filter(text="100%_"), ""), (Filter(text="'"), ""),
    (Filter(scores={"visual_quality": (4, 5)}), "ba"), (Filter(scores={"visual_quality": (1, 5)}), "cba"),
    (Filter(scores={"visual_quality": (3, 5), "physical_consistency": (2, 2)}), "ca"),
    (Filter(scores={"text_alignment": (5, 1)}), ""),
    (Filter(reviewed=True), "b"), (Filter(reviewed=False), "dca"),
    (Filter(model="mini", text="a", scores={"text_alignment": (1, 3)}, reviewed=False), "a"),
])
def test_what_a_filter_finds(store, filter, expected):
    judged = {"a": evaluation("a red ball", (4, 3, 2)),
              "b": evaluation("the main Straße", (5, 5, 5), video="my_clip.mp4"),
              # Composed or not, a letter is a letter: file names of a Mac come decomposed.
              "c": evaluation("e\u0301cole", (3, 3, 2), model="other", rationale="It WOBBLES."),
              "d": evaluation("100% sky", (None, 3, 2), model="o/\ud800", video="/secret/Holiday.webm",
                              rationale="-")}
    ids = {store.add(each, ANN): name for name, each in judged.items()}
    store.add(evaluation("a red ball"), BEN)
    reviewed = next(id for id, name in ids.items() if name == "b")
    store.put_review(reviewed, review_of(judged["b"]))
    assert "".join(ids[stored.id] for stored in store.find(ANN, filter)) == expected
    assert store.count(ANN, filter) == len(expected)


@pytest.mark.parametrize("scores", [{"id = '' OR visual_quality": (1, 5)}, {"visual_quality": (0, 5)},
                                    {"visual_quality": (1, "5")}, {"visual_quality": (1, 2**70)}])
def test_a_filter_that_cannot_be_is_refused(scores):
    with pytest.raises(BadInput, match="filter"):
        Filter(scores=scores)


def test_a_page_of_the_history(store):
    for number in range(7):
        store.add(evaluation(str(number)), ANN)
    assert prompts(store.find(ANN, limit=3)) == ["6", "5", "4"]
    assert prompts(store.find(ANN, limit=3, offset=5)) == ["1", "0"]
    assert store.find(ANN, offset=7) == store.find(ANN, limit=0) == store.find(ANN, limit=-1) == []
    assert len(store.find(ANN, limit=2**70, offset=-3)) == 7 and store.find(ANN, offset=2**70) == []
    assert store.count(ANN) == 7


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_comes_back(store, text):
    judged = evaluation(f"p{text}", model=f"m{text}", rationale=f"r{text}", video=f"v{text}", reply=text)
    id = store.add(judged, ANN + text)
    assert store.get(id).evaluation == judged and store.models(ANN + text) == [judged.model]
    assert store.count(ANN + text, Filter(text=text, model=judged.model)) == 1
    said = review_of(judged, f"who{text}", note=text, wrong_passages=((0, 1),))
    store.put_review(id, said)
    found = store.review(id, f"who{text}")
    assert (found.reviewer, found.note, found.wrong_passages, found.rationale) == (
        said.reviewer, said.note, said.wrong_passages, said.rationale)
    assert store.delete_review(id, f"who{text}") and store.delete(ANN + text) == 1


def test_deleting_takes_ones_own_with_its_reviews_and_nothing_else(store, tmp_path):
    mine = [store.add(evaluation(f"secret{number}"), ANN) for number in range(3)]
    others = store.add(evaluation(), BEN)
    for id in (mine[0], mine[2]):
        store.put_review(id, review_of(store.get(id).evaluation))
    store.put_review(others, review_of(evaluation()))
    assert store.delete(ANN, [others, mine[0], mine[0], "x" * 22]) == 1
    assert store.get(others) and store.get(mine[0]) is None and store.count(ANN) == 2
    assert sorted(id for id, _ in store.reviews()) == sorted((mine[2], others))
    assert store.delete(ANN, []) == 0 and store.count(ANN) == 2
    assert store.delete(ANN) == 2 and store.delete(ANN) == 0 and store.count(None) == 1
    assert [id for id, _ in store.reviews()] == [others]
    held = b"".join(path.read_bytes() for path in (tmp_path / "home").iterdir() if path.is_file())
    assert b"secret" not in held and b"red ball" in held, "what is deleted is gone from the disk"


def test_a_review_is_replaced_counted_read_and_deleted(store):
    judged = evaluation(values=(4, None, 2))
    id, other = store.add(judged, ANN), store.add(evaluation("other"), BEN)
    verdicts = dict(zip(KEYS, ("agree", "disagree", "agree"), strict=True))
    first = review_of(judged, verdicts=verdicts)
    second = review_of(judged, verdicts=verdicts, corrected={"text_alignment": 5}, note="new",
                       wrong_passages=((0, 3), (4, 8)))
    store.put_review(id, first)
    store.put_review(id, second)
    store.put_review(id, review_of(judged, "ben", verdicts=verdicts))
    store.put_review(other, review_of(evaluation("other"), "ben"))
    assert store.get(id).reviews == 2 and store.get(other).reviews == 1
    shown = review_of(judged, video=Path("ball.mp4"), verdicts=verdicts, corrected={"text_alignment": 5}, note="new",
                      wrong_passages=((0, 3), (4, 8)))
    assert store.review(id, "ann") == shown, "without a clip the video is the name that was given"
    assert store.review(id, "Ann") is None
    assert [(of, review.reviewer) for of, review in store.reviews()] == [(other, "ben"), (id, "ben"), (id, "ann")]
    assert store.reviews(id=id) == store.reviews(ANN) == store.reviews(ANN, id)
    assert store.reviews(ANN, other) == []
    assert store.delete_review(id, "ann") and not store.delete_review(id, "ann")
    assert store.review(id, "ann") is None and store.get(id).reviews == 1


def test_a_review_of_another_judgement_is_refused(store):
    id = store.add(evaluation(), ANN)
    for other in (evaluation("another"), evaluation(rationale="Longer than it was."), evaluation(values=(4, 3, 3)),
                  evaluation(model="other")):
        with pytest.raises(BadInput, match="of another judgement"):
            store.put_review(id, review_of(other))
    assert store.reviews() == []


def test_the_export_has_everything_of_ones_own(store, monkeypatch):
    monkeypatch.setattr("vs2.history.store.BATCH", 3)
    judged = [evaluation(str(number)) for number in range(7)]
    ids = []
    for each in judged:
        ids.append(store.add(each, ANN))
        store.add(evaluation(), BEN)
    said = review_of(judged[3], note="so", video=Path("ball.mp4"))
    store.put_review(ids[3], said)
    records = json.loads(json.dumps(list(store.export(ANN))))
    assert [record["id"] for record in records] == ids[::-1]
    assert [Evaluation.from_dict(record["evaluation"]) for record in records] == judged[::-1]
    reviewed = [record for record in records if record["reviews"]]
    assert [record["id"] for record in reviewed] == [ids[3]]
    assert [Review.from_json(each) for each in reviewed[0]["reviews"]] == [said]


def test_threads_that_write_and_read_at_once_lose_nothing(store):
    problems = []

    def work(name: str) -> None:
        try:
            for number in range(10):
                id = store.add(evaluation(f"{name} {number}"), name)
                store.put_review(id, review_of(evaluation(f"{name} {number}"), name))
                assert store.get(id).reviews == 1 and len(store.find(name)) == number + 1
        except BaseException as problem:  # a thread's failure must fail the test
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(f"visitor {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not problems and store.count(None) == 80 and len(store.reviews()) == 80
    assert len(store._database._idle) <= database.IDLE


WRITER = """
import json, sys
from dataclasses import replace
from pathlib import Path
from vs2.evaluation import Evaluation
from vs2.history.store import Store
home, name, judged = Path(sys.argv[1]), sys.argv[2], Evaluation.from_dict(json.loads(sys.argv[3]))
clips = [home.parent / f"{number}.mp4" for number in range(4)]
print("ready", flush=True)
sys.stdin.readline()
store = Store(home, clip_bytes=250_000)     # room for two clips and a half
for number in range(50):
    store.add(replace(judged, prompt=f"{name} {number}"), name, clips[number % 4] if number % 9 == 0 else None)
"""


def test_processes_that_begin_and_write_at_once_lose_nothing(tmp_path):
    home = tmp_path / "home"
    for number in range(4):
        (tmp_path / f"{number}.mp4").write_bytes(bytes([number]) * 100_000)
    judged = json.dumps(evaluation().to_dict())
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(home), name, judged], cwd=ROOT, text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
               for name in (ANN, BEN)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n", writer.communicate()[1]
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        assert writer.communicate(timeout=HANGING)[1] == "" and writer.returncode == 0
    store = Store(home)
    for name in (ANN, BEN):
        assert prompts(store.find(name, limit=99)) == [f"{name} {number}" for number in reversed(range(50))]
    kept = {stored.clip for stored in store.find(None, limit=999)} - {None}
    assert 1 <= len(kept) <= 2 and {path.stem for path in home.glob("clips/*/*")} == kept
    assert all(len(set(store.clip(digest).read_bytes())) == 1 for digest in kept)
    store.close()
    assert query(home, "PRAGMA integrity_check") == [("ok",)] and query(home, "PRAGMA foreign_key_check") == []
    assert query(home, "PRAGMA journal_mode") == [("wal",)]


def test_a_closed_store_says_so(store):
    store.close()
    with pytest.raises(Failure, match="closed"):
        store.count(None)
