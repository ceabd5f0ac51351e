"""Files of results -> what was said of each clip: our own rows, those of `vs2 batch`, and VideoScore2's result files.

The authors' files hold the reply (`output`) and soft scores (`v_score_model` ...), which are biased low and at times
read at the wrong token. Ours are read from the reply; theirs are kept beside, for `--published`.
"""
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vs2 import answer
from vs2.batch import results
from vs2.bench.people import files, mapping
from vs2.bench.people.suite import Suite
from vs2.errors import BadInput
from vs2.evaluation import Score
from vs2.rubric import KEYS
from vs2.video import display_name

THEIRS = dict(zip(KEYS, ("v_score_model", "t_score_model", "p_score_model"), strict=True))
TRUTH = dict(zip(KEYS, ("v_score_gt", "t_score_gt", "p_score_gt"), strict=True))


@dataclass(frozen=True)
class Said:
    """What is known of one clip. scores: of each dimension; {} where there is none at all, and `error` may say why.

    published: the numbers that the authors' script reads, None where it reads none; None where nobody asked for them.
    unscoped: what the judge would have said where it withholds. pairs: (other clip, preferences) of which it is first.
    """

    clip: str
    prompt: str
    human: dict[str, float]
    scores: dict[str, Score]
    error: str | None = None
    published: dict[str, float | None] | None = None
    unscoped: dict[str, Score] | None = None
    pairs: tuple[tuple[str, dict[str, int]], ...] = ()
    model: str = ""
    other: dict[str, str] = field(default_factory=dict)


def of_records(records: list[dict]) -> list[Said]:
    """Of records of vs2/bench/people/judging.py."""
    return [Said(str(record["clip"]), record["prompt"], record["human"], _scores(record.get("scores")),
                 record.get("error"), _published(record), _scores(record.get("unscoped")) or None,
                 tuple((pair["other"], pair["preferred"]) for pair in record.get("pairs") or ()),
                 record.get("model") or "", {"generator": str(record.get("generator") or "")}) for record in records]


def read(path: Path, name: str, suite: Suite | None = None) -> list[Said]:
    """What a file of results says of the clips of the suite `name`.

    suite: as it was loaded, which files that do not hold people's scores need. Raises BadInput where the file is none,
    is of another suite, or none of its clips is in the suite.
    """
    path = Path(path)
    shown = display_name(path)
    if not path.is_file():
        raise BadInput(f"There is no file of results {shown}: check the path.")
    rows = files.table(path)
    if all("clip" in row and "human" in row for row in rows):
        if (other := rows[0].get("suite")) != name:
            raise BadInput(f"{shown} holds results of the suite {display_name(str(other))}, not of {name}.")
        try:
            return of_records(rows)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"{shown} holds rows that vs2 bench did not write: judge the suite again.") from error
    if any(column in rows[0] for column in THEIRS.values()) or "output" in rows[0]:
        return _of_authors(rows, shown, suite, name)
    if "video" in rows[0] and "prompt" in rows[0]:
        return _of_batch(rows, shown, suite)
    raise BadInput(f"{shown} holds no results: give rows of vs2 bench, a result of vs2 batch, or one of VideoScore2's "
                   "result files (video_name, v_score_model, output).")


def _of_authors(rows: list[dict], shown: str, suite: Suite | None, name: str) -> list[Said]:
    """Their rows have people's scores of a clip; its pairs come from the suite, where it was loaded."""
    by_name = {str(row.get("video_name", "")): row for row in rows}     # a name that comes twice: the last, as theirs
    if suite is None:
        return [_theirs(row, alias, _their_truth(row, name), str(row.get("prompt") or ""), ())
                for alias, row in by_name.items()]
    if not any(clip.alias in by_name for clip in suite.clips.values()):
        raise BadInput(f"No clip of {shown} is in the suite: is it a result of another one?")
    first, times = _firsts(suite), Counter(clip.alias for clip in suite.clips.values())
    found = []
    for clip in suite.clips.values():
        row, pairs = by_name.get(clip.alias), tuple(first.get(clip.id, ()))
        if row is None or times[clip.alias] > 1:    # the published scripts take another clip's scores there
            why = "It is not in the file of results." if row is None else \
                "Its name in the file of results is another clip's too: nobody can tell whose scores these are."
            found.append(Said(clip.id, clip.prompt, clip.human, {}, why, None, None, pairs))
        else:
            found.append(_theirs(row, clip.id, clip.human, clip.prompt, pairs))
    return found


def _theirs(row: Mapping, clip: str, human: dict[str, float], prompt: str, pairs: tuple) -> Said:
    """One of their rows: scores are read from the reply as any other's, their soft numbers kept as `published`."""
    reply, soft = row.get("output"), {key: files.number(row.get(column)) for key, column in THEIRS.items()}
    if isinstance(reply, str):
        digits = answer.read(reply).values
        if not any(column in row for column in THEIRS.values()):
            soft = {key: None if digit is None else float(digit) for key, digit in digits.items()}
    else:       # a model without words: its numbers are all there is
        digits = {key: _digit(value) for key, value in soft.items()}
    return Said(clip, prompt, human, {key: Score(digits[key]) for key in KEYS}, None, soft, None, pairs)


def _firsts(suite: Suite) -> dict[str, list[tuple[str, dict[str, int]]]]:
    """The pairs of a suite by the clip that comes first in them."""
    first: dict[str, list[tuple[str, dict[str, int]]]] = {}
    for pair in suite.pairs:
        first.setdefault(pair.first, []).append((pair.second, pair.preferred))
    return first


def _their_truth(row: Mapping, name: str) -> dict[str, float]:
    """People's scores in a row: the suite's own columns, else those that VideoScore2's authors made of them."""
    human: dict[str, float] = {}
    for question in mapping.scored(name):
        for column in question.against:
            if (score := files.number(row.get(column))) is not None:
                human[column] = score
        if len(question.of) == 1 and len(question.against) == 1 and question.against[0] not in human \
                and (score := files.number(row.get(TRUTH[question.of[0]]))) is not None:
            human[question.against[0]] = score
    return human


def _of_batch(rows: list[dict], shown: str, suite: Suite | None) -> list[Said]:
    """Records of `vs2 batch`, whole or in columns: a clip is found by its file's name and its prompt."""
    if suite is None:
        raise BadInput(f"{shown} has no scores of people: name the suite's files with --data too.")
    places: dict[tuple[str, str], list[dict]] = {}
    for row in rows:
        name = results.unguard(str(row["video"])).replace("\\", "/").rsplit("/", 1)[-1]
        places.setdefault((name, results.unguard(str(row["prompt"]))), []).append(row)
    first = _firsts(suite)
    found, matched = [], 0
    for clip in suite.clips.values():
        name = clip.path.name if clip.path else clip.id.rsplit("/", 1)[-1]
        there = places.get((name, clip.prompt), [])
        row = there[0] if len(there) == 1 else {}
        matched += bool(row)
        said = _scores(row["scores"]) if isinstance(row.get("scores"), Mapping) else _columns(row)
        error = row.get("error") or (None if row else "It is not in the file of results, or more than once.")
        found.append(Said(clip.id, clip.prompt, clip.human, said, error, _published(row), None,
                          tuple(first.get(clip.id, ())), str(row.get("model") or ""), clip.other))
    if not matched:
        raise BadInput(f"No clip of {shown} is in the suite: its files' names and prompts are others.")
    return found


def _columns(row: Mapping) -> dict[str, Score]:
    """Scores in columns, as CSV has them."""
    if not any(f"{key}_value" in row for key in KEYS) or row.get("error"):
        return {}
    found = {}
    for key in KEYS:
        reason = files.text(row.get(f"{key}_reason"))
        found[key] = Score(reason=reason) if reason else Score(
            _digit(files.number(row.get(f"{key}_value"))), files.number(row.get(f"{key}_expected")))
    return found


def _scores(found: object) -> dict[str, Score]:
    if not isinstance(found, Mapping):
        return {}
    return {key: _score(found[key]) for key in KEYS if isinstance(found.get(key), Mapping)}


def _score(found: Mapping) -> Score:
    """A dimension's score in a whole record."""
    spread = found.get("distribution")
    return Score(found.get("value"), found.get("expected"), tuple(spread) if isinstance(spread, list) else None,
                 found.get("confidence"), found.get("reason"))


def _published(record: Mapping) -> dict[str, float | None] | None:
    found = record.get("published")
    if not isinstance(found, Mapping):
        return None
    return {key: files.number((found.get(key) or {}).get("soft")) for key in KEYS}


def _digit(value: float | None) -> int | None:
    return None if value is None or not 1 <= round(value) <= 5 else round(value)
