"""Fitting a detector of unknown clips: what it learns, that it is the same again, and what it leaves in a card."""
import csv
import json

import numpy as np
import pytest
import torch
from safetensors.numpy import load

from tests.support.clips import moving_square
from tests.support.tiny import write_judge
from train import measure, scope
from train.data import foreign, reencode
from vs2 import judge
from vs2.bench import suites
from vs2.errors import BadInput
from vs2.model.card import Card
from vs2.rubric import KEYS
from vs2.scenes import world

SMALL = ("--scenes", "60", "--made", "4", "--held-out", "6", "--processes", "1")


@pytest.fixture
def footage(tmp_path):
    """A table of six clips by three makers, two of them in the folder `videos`."""
    (tmp_path / "videos").mkdir()
    with (tmp_path / "table.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("file", "source", "generator"))
        for number in range(6):
            name = f"{number}.mp4"
            moving_square(tmp_path / ("videos" if number > 3 else "") / name, colour=(40 * number, 90, 200))
            rows.writerow((name, f"maker {number % 2}" if number < 4 else "", "another"))
    return tmp_path / "table.csv"


def clusters(count=300, width=60, apart=9.0) -> tuple[np.ndarray, np.ndarray]:
    """Known features in few directions, and foreign ones that leave them."""
    mixing, off, rng = *np.random.default_rng(1).normal(size=(2, 5, width)), np.random.default_rng(0)
    known = rng.normal(size=(count, 5)) @ mixing + 0.1 * rng.normal(size=(count, width))
    return known.astype(np.float32), (known[:50] + apart * off[0]).astype(np.float32)


def test_what_is_known_is_kept_and_what_it_has_never_met_is_foreign_too():
    known, others = clusters()
    learner = scope.Learner(known)
    detector = learner.detector(others)
    again = scope.Learner(known).detector(others)
    assert detector[1] == again[1] and all(np.array_equal(part, again[0][name]) for name, part in detector[0].items())
    fresh = clusters(900)[0][300:]
    assert scope.caught(detector, fresh).mean() < 0.05 and scope.caught(detector, others).all()
    elsewhere = known[:50] - 9.0 * np.random.default_rng(1).normal(size=(2, 5, 60))[1, 0]
    assert scope.caught(detector, elsewhere).all(), "on the known side of the plane, and yet nothing known is there"


def test_all_of_a_source_is_held_back_at_once():
    sources = ["a"] * 7 + ["b"] * 3 + ["c", "d", "e", "f", "g"]
    parts = scope.folds(sources)
    for name in set(sources):
        assert len({part for part, source in zip(parts, sources, strict=True) if source == name}) == 1
    assert set(parts) == set(range(scope.FOLDS)) and (parts == parts[0]).sum() == 7


def test_no_rate_is_of_what_was_learned_from(monkeypatch):
    known, others = clusters()
    learner, learned = scope.Learner(known), []
    detector = learner.detector(others)
    monkeypatch.setattr(learner, "detector", lambda *found: learned.append(np.concatenate(found)) or detector)
    rng = np.random.default_rng(1)
    made = {kind: rng.normal(size=(4, 60)).astype(np.float32) for kind in ("noise", "flat")}
    footage = rng.normal(size=(6, 2, 60)).astype(np.float32)
    sources = ["a", "a", "b", "b", "b", "c"]
    rates = scope.held_back(learner, made, footage, sources)
    assert rates["sources"].keys() == {"a", "b", "c"} and rates["footage"][1] == 6 == rates["changed"][1]
    assert {kind: pair[1] for kind, pair in rates["made"].items()} == {"noise": 4, "flat": 4}

    def held(found, seen):
        return not any((row == seen).all(1).any() for row in found)

    by_source = [[row for clip, name in zip(footage, sources, strict=True) if name == one for row in clip]
                 for one in ("a", "b", "c")]
    for rows in [*by_source, *made.values(), list(footage[:, 0])]:
        assert any(held(rows, seen) for seen in learned)
    assert "| b | " in scope.table(rates | {"scenes": [0, 3]})


@pytest.mark.parametrize("kind", foreign.KINDS)
def test_made_clips_are_of_their_seed_move_and_differ(kind):
    first, again, other = foreign.clip(kind, 3), foreign.clip(kind, 3), foreign.clip(kind, 4)
    assert first.dtype == np.uint8 and first.shape[0] == foreign.FRAMES and first.shape[3] == 3
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)
    moving = sum((np.ptp(foreign.clip(kind, seed), axis=0) > 0).any() for seed in range(12))
    assert moving >= 3, "some of them move"


def test_a_clip_encoded_again_shows_the_same():
    frames = np.stack([np.asarray(foreign.clip("photograph", 1))[0]] * 2)
    for seed in range(24):
        made = reencode.reencoded(frames, np.random.default_rng(seed))
        assert made.dtype == np.uint8 and len(made) == 2
        small = [np.asarray(part, float).mean((0, 1, 2)) for part in (frames, made)]
        assert np.abs(small[0] - small[1]).max() < 16
    assert not np.array_equal(reencode.damaged(frames, np.random.default_rng(0)), frames)


@pytest.mark.slow
def test_the_command_writes_a_detector_that_a_judge_uses(footage, tmp_path, capsys):
    torch.set_num_threads(1)
    folder = write_judge(tmp_path / "judge")
    before = json.loads((folder / "vs2.json").read_text())
    assert scope.main([str(folder), "--footage", str(footage), *SMALL, "--name", "tiny", "--write"]) == 0
    said = capsys.readouterr().out
    assert "| maker 0 |" in said and "| another | " in said and "| cartoon | " in said and "Written: " in said
    card = json.loads((folder / "vs2.json").read_text())
    written = card.pop("scope")
    assert card == before and written["file"] == scope.FILE and set(written["withholds"]) == set(KEYS)
    assert written["withholds"]["physical_consistency"] == (
        "tiny knows rendered scenes of simple shapes only, and this clip is none of them: it cannot judge its physics.")
    assert "6 clips of footage (3 sources; another, maker 0, maker 1)" in written["trained_on"]
    assert written["rates"]["scenes"][1] == 6 and written["rates"]["sources"]["maker 1"][1] == 2
    bytes_ = (folder / scope.FILE).read_bytes()
    assert len(bytes_) < 200_000 and load(bytes_)["basis"].shape == (32, 19 * 32)
    assert judge.load(str(folder), "fp32").scope.threshold == written["threshold"]
    assert scope.main([str(folder), "--footage", str(footage), *SMALL, "--name", "tiny", "--write"]) == 0
    assert (folder / scope.FILE).read_bytes() == bytes_, "the same again"
    assert json.loads((folder / "vs2.json").read_text())["scope"] == written
    measure.write(folder, {"scenes": {"clips": 7, "withheld": 0, "metrics": {key: {} for key in KEYS}}})
    assert json.loads((folder / "vs2.json").read_text())["scope"] == written
    assert Card.read(folder).metrics["clips"] == 7 and suites.SUITES


def test_a_detector_is_no_part_of_the_weights_fingerprint(tmp_path):
    folder = write_judge(tmp_path)
    before = measure.fingerprint(folder)
    (folder / scope.FILE).write_bytes(b"x")
    assert measure.fingerprint(folder) == before


@pytest.mark.parametrize(("rows", "says"), [
    ("file,source\n", "names no clip"), ("file,source\nno.mp4,a\n", "the row of 'no.mp4'"),
    ("name,source\na.mp4,a\n", "the columns file and source"), ("file,source\n0.mp4,\n", "the row of '0.mp4'")])
def test_a_table_that_cannot_be_used_is_said_in_a_sentence(footage, rows, says, capsys):
    footage.write_text(rows)
    with pytest.raises(BadInput, match=says):
        scope.listed(footage)
    assert scope.main(["mini", "--footage", str(footage)]) == 2 and says in capsys.readouterr().err


def test_too_few_clips_and_no_table_are_refused(footage, capsys):
    assert scope.main(["mini", "--footage", str(footage), "--scenes", "3"]) == 2
    assert scope.main(["mini", "--footage", str(footage.parent / "no.csv")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert scope.FIRST > 2_000_000 and scope.FIRST + 10**6 < world.HELD_OUT < scope.MEASURED
