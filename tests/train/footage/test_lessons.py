"""What is learned of footage: tokens that know the clip, faults that can be told, parts that are held out."""
import numpy as np
import pytest

from train.footage import lessons, measure, teach, teacher, words
from train.footage.table import Film
from vs2.model.eye import FEATURES
from vs2.model.pulse import COUNT


def films(count: int = 40) -> list[Film]:
    rng = np.random.default_rng(1)
    rated = [(float(a), float(b)) for a, b in rng.uniform(1, 5, (count, 2))]
    return [Film(None, ("cogvideo", "wan2.2")[n % 3 % 2], "camera" if n % 8 == 7 else "t2v", f"source {n % 9}",
                 rated[n] if n % 2 else None, str(n % 10)) for n in range(count)]


class Named(Film):
    """A film without a file."""

    number = 0

    @property
    def key(self) -> str:
        return f"clip {self.number}"


def named(count: int = 40) -> list[Film]:
    made = []
    for number, film in enumerate(films(count)):
        one = Named(film.path, film.generator, film.kind, film.source, film.ratings, film.prompt)
        object.__setattr__(one, "number", number)
        made.append(one)
    return made


@pytest.fixture(scope="module")
def seen() -> tuple[list[Film], np.ndarray, np.ndarray, list[dict]]:
    return spoilt("blur", "wobbling")


def spoilt(*kinds: str) -> tuple[list[Film], np.ndarray, np.ndarray, list[dict]]:
    """40 clips as they are, and spoilt: blur shows in what the eye sees, stutter in the pulse, wobbling nowhere."""
    some, rng = named(), np.random.default_rng(0)
    own = rng.normal(size=(40, 1, 1, 1, FEATURES))
    clean = own + 0.1 * rng.normal(size=(40, 6, 2, 2, FEATURES))
    labels = [{"clip": film.key, "pass": 0, "visual": None, "physical": None} for film in some]
    rows = [clean]
    for names in kinds:
        kind = "physical" if names == "wobbling" else "visual"
        worse = own + 0.1 * rng.normal(size=clean.shape)
        if names == "blur":
            worse[..., :300] += 6
        rows.append(worse)
        labels += [{"clip": film.key, "pass": 1, "visual": None, "physical": None, kind: [names, 4, 1, 8]}
                   for film in some]
    pulses = np.zeros((len(labels), COUNT), np.float32)
    pulses[:, :6] = rng.normal(size=(len(labels), 6))
    for row, label in zip(pulses, labels, strict=True):
        if label["visual"] and label["visual"][0] == "stutter":
            row[:3] += 5
    return some, np.concatenate(rows).astype(np.float16), pulses, labels


def test_a_fault_is_named_where_it_can_be_told_and_nowhere_else(seen):
    learned, _ = lessons.lessons(*seen, set())
    blurred, wobbled = learned.said[40:80], learned.said[80:]
    assert np.mean([one.visual is not None for one in blurred]) > 0.6
    assert np.mean([one.physical is not None for one in wobbled]) < 0.45, "one in four by chance: nothing shows it"
    assert all(one.visual is None and one.physical is None for one in learned.said[:40])
    told = [one.scores[0] for one in blurred if one.visual]
    assert set(told) == {1}, "the strongest fault leaves nothing"
    assert np.mean([one.scores[1] for one in wobbled]) > 2, "what cannot be told costs nothing"


def test_what_only_shows_between_frames_is_named_by_the_pulse():
    learned, matrix = lessons.lessons(*spoilt("stutter"), set())
    assert np.mean([one.visual is not None for one in learned.said[40:]]) > 0.6
    assert np.mean([one.visual is not None for one in learned.said[:40]]) == 0
    assert learned.seen.shape == (80, 28, 64)
    assert (learned.seen[:, 24:] == learned.seen[:, 24:25]).all(), "all of its tokens are the same"
    felt = learned.seen[:, 24].numpy()
    apart = np.abs(felt[:40].mean(0) - felt[40:].mean(0)) / felt.std(0).clip(1e-3)
    assert apart.max() > 1, "and tell it"


def test_what_is_held_out_is_in_no_row(seen):
    some, rows, pulses, labels = seen
    without = teach.held_out(some, (1, 3))
    learned, _ = lessons.lessons(some, rows, pulses, labels, without)
    kept = {film.key for film in some if film.group in without}
    assert kept and not kept & {label["clip"] for label in learned.labels}
    assert len(learned.labels) == len(learned.said) == len(learned.seen) == 3 * (40 - len(kept))


def test_parts_are_disjoint_and_leave_nothing_out():
    some = films()
    parts = [teach.held_out(some, (k, 3)) for k in (1, 2, 3)]
    assert set.union(*parts) == {film.group for film in some} and sum(map(len, parts)) == len(set.union(*parts))
    assert teach.held_out(some, (1, 1)) == set()
    for part in parts:
        assert any(group.startswith("prompt") for group in part) and any("source" in group for group in part)


def test_quality_is_linear_in_what_is_seen_and_its_directions_say_how():
    some, seen_ = films(), np.random.default_rng(2).normal(size=(40, 8))
    found = teacher.qualities(some, seen_)
    parts = teacher.folds([film.group for film in some])
    for part, direction in found.directions.items():
        rows = np.flatnonzero(parts == part)
        assert np.allclose(found.said[rows] - found.said[rows[:1]], (seen_[rows] - seen_[rows[:1]]) @ direction)
    assert found.whole.shape == (8, 2)


def test_a_level_stays_within_the_scores_and_keeps_the_order():
    said = teacher.level(np.linspace(-3, 9, 200))
    assert (np.diff(said) > 0).all() and said.min() > 1 and said.max() < 5
    middle = np.linspace(teacher.BAD, teacher.GOOD, 20)
    assert np.allclose(teacher.level(middle), middle), "what is neither very good nor very bad is said as it is"


def test_nine_of_ten_cameras_clips_are_sound():
    some, seen_ = films(), np.random.default_rng(2).normal(size=(40, 8))
    said = teacher.qualities(some, seen_).said[[film.filmed for film in some]]
    assert (said >= teacher.SOUND[0] - 1e-9).mean() >= 0.8


def test_what_is_measured_is_the_rank_of_scores_among_ratings():
    rows = [{"clip": str(n), "group": f"prompt {n // 3}", "filmed": n % 2, "static_rated": 1 + n / 5,
             "static_score": 1 + n // 4, "static_expected": 1 + n / 5, "static_judged": 1, "temporal_rated": 1 + n / 5,
             "temporal_score": 5 - n // 4, "temporal_expected": 5 - n / 5, "temporal_judged": int(n != 7)}
            for n in range(18)]
    said = measure.report(rows).splitlines()
    assert "| Spearman with static quality | 18 |" in said[2] and "1.00 (1.00 to 1.00)" in said[2]
    assert "| Spearman with temporal quality | 17 |" in said[4] and "-1.00" in said[4]
    assert "| clips of cameras with 4 or 5 (static) | 9 | 3 |" in said[3]


def test_other_words_have_the_scores_that_follow_from_them():
    dice, seen_ = np.random.default_rng(0), words.Seen(1, (3, 3), (4, 4))
    for _ in range(200):
        told, soft_ = lessons.reworded(seen_, dice)
        values = lessons.scored((told.levels[0] + 1, told.levels[1] + 1), told.visual, told.physical)
        assert told.scores == (round(values[0]), round(values[1])) and told.motion == seen_.motion
        assert soft_.shape == (3, 5) and np.allclose(soft_.sum(1), 1)
        assert soft_ @ np.arange(1, 6) == pytest.approx([values[0], 3, values[1]])
        assert all(0 <= level <= 4 for level in told.levels)
        if told.visual is None and told.physical is None:
            assert values == (told.levels[0] + 1, told.levels[1] + 1)
        if told.visual is not None and told.visual.strength == 4:
            assert told.scores[0] == 1, "the strongest fault leaves nothing"
