"""How far a judge agrees with people's votes: pair accuracy, with and without ties.

Without ties: votes that prefer one clip. The judge is right where that clip has the higher score; where both have the
same, it is undecided and counts half, what a coin would bring.

With ties: all votes, three answers. The judge says "tie" where its two scores differ by no more than a threshold: 0
for `with_ties` (scores are the same at two decimals, as on the pages), and for `calibrated` the one that agrees best on
these very votes (tie calibration; Deutsch, Foster and Freitag, EMNLP 2023), which flatters a judge where votes are few.
"Both bad" is a tie here: it says of neither clip that it is the better one.
"""
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from vs2.batch import results, table, table_json
from vs2.batch.table import decoded
from vs2.duels.votes import OVERALL, Vote
from vs2.errors import BadInput
from vs2.evaluation import Evaluation
from vs2.rubric import KEYS
from vs2.video import display_name

DECIMALS = 2
MOST_BYTES = 64 * 2**20
Scores = Mapping[str, float | None]     # by dimension: "overall" and the three; None where it was not judged
Clip = tuple[str, str]                  # a video's name and its prompt


@dataclass(frozen=True)
class Agreement:
    """A judge and people, on one dimension. Accuracies are fractions, None where there is no vote to count.

    pairs: votes of which the judge scored both clips; unjudged: the others. decided: of `pairs`, those that prefer a
    clip; undecided: of `decided`, those where the judge's scores are the same. threshold: the one of `calibrated`.
    """

    judge: str
    dimension: str
    pairs: int
    unjudged: int
    decided: int
    undecided: int
    without_ties: float | None
    with_ties: float | None
    calibrated: float | None
    threshold: float | None

    def to_dict(self) -> dict:
        """Plain JSON values."""
        return asdict(self)


def agreement(judge: str, votes: Iterable[Vote], scores: Mapping[Clip, Scores], dimension: str = OVERALL) -> Agreement:
    """How far the scores, by (video, prompt), agree with the votes on a dimension."""
    said, unjudged = [], 0
    for vote in votes:
        if vote.dimension != dimension:
            continue
        both = [(scores.get((video, vote.prompt)) or {}).get(dimension) for video in (vote.video_a, vote.video_b)]
        if both[0] is None or both[1] is None:
            unjudged += 1
        else:
            said.append((round(round(both[0], DECIMALS) - round(both[1], DECIMALS), DECIMALS), vote.points))
    decided = [(ahead, points) for ahead, points in said if points != 0.5]
    undecided = sum(ahead == 0 for ahead, _ in decided)
    right = sum(ahead != 0 and (ahead > 0) == (points == 1) for ahead, points in decided)
    # Beyond the largest difference all is a tie.
    steps = sorted({0.0, *(abs(ahead) for ahead, _ in said)})
    best = max(steps, key=lambda step: (_three(said, step), -step)) if said else None
    return Agreement(judge, dimension, len(said), unjudged, len(decided), undecided,
                     (right + undecided / 2) / len(decided) if decided else None,
                     _three(said, 0.0) / len(said) if said else None,
                     _three(said, best) / len(said) if best is not None else None, best)


def _three(said: list[tuple[float, float]], threshold: float) -> int:
    """How often the judge's answer of three is the person's."""
    return sum((0.5 if abs(ahead) <= threshold else float(ahead > 0)) == points for ahead, points in said)


def scores_of(evaluation: Evaluation) -> dict[str, float | None]:
    """An evaluation's numbers by dimension: expected scores, the digit where there is none, None where not judged."""
    found: dict[str, float | None] = {}
    for key in KEYS:
        score = evaluation.scores[key]
        found[key] = score.value if score.expected is None else score.expected
    return {OVERALL: evaluation.overall, **found}


def read_scores(path: str | Path, name: str = "") -> dict[str, dict[Clip, Scores]]:
    """The scores in a file of results, as `vs2 batch` writes it (.csv, .tsv, .jsonl, .json): by judge, then by clip.

    name: what the file is called, where `path` is not. Raises BadInput where it is none.
    """
    path = Path(path)
    shown, suffix = display_name(name or path), Path(name or path).suffix.lower()
    if suffix not in (".csv", ".tsv", ".jsonl", ".json"):
        raise BadInput(f"{shown} is no file of results that can be read: give a .csv, .tsv, .jsonl or .json of vs2 "
                       "batch.")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadInput(f"The results {shown} cannot be read: check the path.") from error
    if len(data) > MOST_BYTES:
        raise BadInput(f"The results {shown} are larger than {MOST_BYTES // 2**20} MB: split the file.")
    limits = table.Limits(table_bytes=MOST_BYTES)
    text = decoded(data, shown)
    if suffix in (".csv", ".tsv"):
        found = table.parse(data, shown if shown.lower().endswith(suffix) else f"results{suffix}", limits)
        records = [{results.unguard(name): value for name, value in row.items()} for row, _ in found]
    else:
        records = [row for row, _ in (table_json.rows if suffix == ".json" else table_json.lines)(text, shown, limits)]
    judged: dict[str, dict[Clip, Scores]] = {}
    for record in records:
        model, video, prompt = (_text(record.get(name)) for name in ("model", "video", "prompt"))
        if model and video and prompt:
            judged.setdefault(model, {})[(video, prompt)] = {
                OVERALL: _number(record.get(OVERALL)), **{key: _of(record, key) for key in KEYS}}
    if not judged:
        raise BadInput(f"{shown} holds no results: it needs the columns video, prompt, model and scores, as vs2 batch "
                       "writes them.")
    return judged


def matched(judged: Mapping[Clip, Scores], clips: Iterable[Clip]) -> dict[Clip, Scores]:
    """The scores of these clips: by the whole name, else by the file's own, where it is the only one of its prompt."""
    by_name: dict[Clip, list[Scores]] = {}
    for (video, prompt), scores in judged.items():
        by_name.setdefault((_file(video), prompt), []).append(scores)
    clips = list(clips)
    names: dict[Clip, int] = {}
    for video, prompt in clips:
        names[(_file(video), prompt)] = names.get((_file(video), prompt), 0) + 1
    found = {}
    for video, prompt in clips:
        key = (_file(video), prompt)
        if (video, prompt) in judged:
            found[(video, prompt)] = judged[(video, prompt)]
        elif names[key] == 1 and len(by_name.get(key, [])) == 1:
            found[(video, prompt)] = by_name[key][0]
    return found


def _file(video: str) -> str:
    return video.replace("\\", "/").split("/")[-1]


def _of(record: dict, key: str) -> float | None:
    """A dimension's score in a record, whole or in columns."""
    scores = record.get("scores")
    score = scores.get(key) if isinstance(scores, dict) else None
    parts = score if isinstance(score, dict) else {part: record.get(f"{key}_{part}") for part in ("expected", "value")}
    expected = _number(parts.get("expected"))
    return _number(parts.get("value")) if expected is None else expected


def _text(value: object) -> str:
    return results.unguard(value.strip()) if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
