"""Duels in the store: votes and sides are kept, taken back, another visitor's stay unseen; clips live as long."""
import json
import sqlite3
from dataclasses import replace

import pytest

from tests.duels.test_judges import evaluation
from tests.support.clips import moving_square
from vs2.duels.clips import Given
from vs2.duels.votes import DIMENSIONS
from vs2.errors import BadInput
from vs2.history import database
from vs2.history.store import Store

ANN, BEN = "a" * 32, "b" * 32


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for number, (prompt, one) in enumerate((p, g) for p in ("a ball", "a box") for g in ("one", "two", "three")):
        path = moving_square(folder / f"{number}.mp4", frames=3, colour=(20 * number, 90, 200))
        made.append(Given(prompt, one, f"{one}/{prompt}-0.mp4", path))
    return made


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "home")
    yield made
    made.close()


def test_votes_are_kept_over_a_restart_with_the_sides_that_were_shown(tmp_path, store, clips):
    id = store.duels.start(ANN, "  My \n duel ", clips)
    duel = store.duels.get(ANN, id)
    assert (duel.name, duel.left, len(duel.clips)) == ("My duel", 6, 6)
    shown = []
    for after, choice in enumerate(("left", "right", "tie", "both_bad")):
        shown.append(store.duels.get(ANN, id).next)
        assert store.duels.vote(ANN, id, {"overall": choice}, after)
    store.close()
    again = Store(tmp_path / "home")
    duel = again.duels.get(ANN, id)
    assert [ballot.shown for ballot in duel.ballots] == shown and duel.left == 2
    for one, vote, choice in zip(shown, duel.votes, ("left", "right", "tie", "both_bad"), strict=True):
        left, right = one.sides
        winner = {"left": left, "right": right}.get(choice)
        assert vote.preference == (choice if winner is None else "a" if winner == one.pair.a else "b")
        assert (vote.video_a, vote.generator_b, vote.left) == (one.pair.a.name, one.pair.b.generator, one.left)
        assert vote.time.endswith("+00:00")
    following = duel.next
    assert again.duels.get(ANN, id).next == following, "who reloads sees the same pair, the same sides"
    again.close()


def test_a_vote_on_a_pair_that_is_not_shown_any_more_is_not_stored(store, clips):
    id = store.duels.start(ANN, "x", clips)
    assert store.duels.vote(ANN, id, {"overall": "left"}, 0)
    assert not store.duels.vote(ANN, id, {"overall": "left"}, 0), "a second window, or a double click"
    assert len(store.duels.get(ANN, id).ballots) == 1
    for wrong in ({"overall": "best"}, {"beauty": "left"}, {"overall": None}):
        with pytest.raises(BadInput, match="The vote"):
            store.duels.vote(ANN, id, wrong, 1)


def test_any_vote_is_taken_back_and_its_pair_comes_again(store, clips):
    id = store.duels.start(ANN, "x", clips)
    for after in range(3):
        store.duels.vote(ANN, id, {"overall": "left"}, after)
    before = store.duels.get(ANN, id).ballots
    assert store.duels.undo(ANN, id)
    assert store.duels.get(ANN, id).next == before[2].shown
    assert store.duels.undo(ANN, id, before[0].id) and not store.duels.undo(ANN, id, before[0].id)
    assert [one.id for one in store.duels.get(ANN, id).ballots] == [before[1].id]
    assert store.duels.undo(ANN, id) and not store.duels.undo(ANN, id)


def test_a_skipped_pair_is_no_vote_and_a_round_more_asks_again(store, clips):
    id = store.duels.start(ANN, "x", clips)
    for after in range(6):
        assert store.duels.vote(ANN, id, {}, after)
    duel = store.duels.get(ANN, id)
    assert duel.votes == [] and duel.next is None and not store.duels.vote(ANN, id, {}, 6)
    store.duels.again(ANN, id)
    assert store.duels.get(ANN, id).left == 6


def test_each_dimension_is_a_row(store, clips):
    id = store.duels.start(ANN, "x", clips, DIMENSIONS)
    with pytest.raises(BadInput, match="for each of overall, visual_quality"):
        store.duels.vote(ANN, id, {"overall": "left"}, 0)
    store.duels.vote(ANN, id, dict.fromkeys(DIMENSIONS, "tie") | {"overall": "left"}, 0)
    votes = store.duels.get(ANN, id).votes
    assert [vote.dimension for vote in votes] == list(DIMENSIONS) and votes[1].preference == "tie"


def test_two_visitors_do_not_see_each_other(store, clips):
    mine, other = store.duels.start(ANN, "mine", clips), store.duels.start(BEN, "other", clips)
    store.duels.vote(ANN, mine, {"overall": "left"}, 0)
    assert [one[0] for one in store.duels.all(BEN)] == [other] and not store.duels.get(BEN, other).ballots
    for work in (store.duels.get, store.duels.undo, store.duels.again):
        with pytest.raises(BadInput, match="another visitor's"):
            work(BEN, mine)
    with pytest.raises(BadInput, match="another visitor's"):
        store.duels.vote(BEN, mine, {"overall": "left"}, 1)
    assert store.duels.delete(BEN, mine) == 0 and len(store.duels.get(ANN, mine).ballots) == 1
    with pytest.raises(BadInput, match="cannot be kept"):
        store.duels.start("", "nobody's", clips)
    for wrong in (None, 3, "ü", "", [mine]):
        with pytest.raises(BadInput):
            store.duels.get(ANN, wrong)


def test_clips_go_with_the_last_that_needs_them(tmp_path, store, clips):
    judged = store.add(evaluation(clips[0].name, "a ball"), ANN, clips[0].path)
    first, second = store.duels.start(ANN, "x", clips), store.duels.start(ANN, "y", clips)
    digests = [clip.digest for clip in store.duels.get(ANN, first).clips]
    store.duels.delete(ANN, first)
    assert all(map(store.clip, digests))
    store.duels.delete(ANN, second)
    assert [digest for digest in digests if store.clip(digest)] == [store.get(judged).clip]
    third = store.duels.start(ANN, "z", clips)
    store.delete(ANN, [judged])
    assert all(map(store.clip, digests)), "a duel needs it, though the evaluation is gone"
    assert store.duels.delete(ANN) == 1 and not any(map(store.clip, digests)) and store.duels.all(ANN) == []
    with pytest.raises(BadInput):
        store.duels.get(ANN, third)
    assert not list((tmp_path / "home" / "clips").glob("*/*"))


def test_a_broken_clip_leaves_its_pairs_out_and_its_votes_stay(store, clips):
    id = store.duels.start(ANN, "x", clips)
    shown = store.duels.get(ANN, id).next
    store.duels.vote(ANN, id, {"overall": "left"}, 0)
    store.duels.broken(ANN, id, shown.pair.a.key, "It is damaged.")
    duel = store.duels.get(ANN, id)
    assert len(duel.votes) == 1 and len(duel.asked) == 4
    assert all(shown.pair.a.key not in one.keys for one in duel.asked)


def test_evaluations_of_the_clips_are_found_by_file_and_prompt(store, clips):
    id = store.duels.start(ANN, "x", clips)
    store.add(evaluation("x", "a ball", 2), ANN, clips[0].path)
    store.add(evaluation("x", "a ball", 5), ANN, clips[0].path)
    store.add(evaluation("x", "another prompt", 5), ANN, clips[1].path)
    store.add(evaluation("x", "a ball", 1), BEN, clips[1].path)
    duel = store.duels.get(ANN, id)
    found = store.duels.evaluations(ANN, duel)
    assert [(clip.generator, one.scores["visual_quality"].value) for clip, one in found] == [("one", 5), ("one", 2)]
    assert len(store.duels.evaluations(None, duel)) == 3


def test_names_that_are_no_text_are_kept_as_they_are(store, clips):
    strange = [replace(clip, generator=clip.generator + "\udc80", name=clip.name + "'; DROP TABLE duels; --")
               for clip in clips]
    duel = store.duels.get(ANN, store.duels.start(ANN, "x", strange))
    assert [clip.name for clip in duel.clips] == [clip.name for clip in strange]
    store.duels.bring(ANN, duel.id, {"mini": [["a", "b", {"overall": None}]]})
    assert store.duels.get(ANN, duel.id).scores == {"mini": [["a", "b", {"overall": None}]]}


def test_a_history_of_before_duels_gets_them(tmp_path, monkeypatch, clips):
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", database.MIGRATIONS[:1])
        db = database.Database(tmp_path / "vs2.db")
        db.close()
    store = Store(tmp_path)
    assert store.duels.get(ANN, store.duels.start(ANN, "x", clips)).left == 6
    store.close()
    with sqlite3.connect(tmp_path / "vs2.db") as raw:
        assert raw.execute("PRAGMA user_version").fetchone()[0] == len(database.MIGRATIONS)
        said = json.dumps(raw.execute("SELECT visitor FROM duels").fetchall())
    assert ANN not in said, "a visitor's secret is not stored"
