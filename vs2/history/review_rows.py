"""A review of a judgement, as it is exchanged: JSON Lines, one object a line. The app writes it, train/ reads it.

    {"video": "clips/a.mp4", "prompt": "...", "model": "mini", "rationale": "...",
     "scores": {"visual_quality": 3, "text_alignment": 4, "physical_consistency": 2}, "reviewer": "ann",
     "verdicts": {"visual_quality": "agree", "text_alignment": "disagree", "physical_consistency": "agree"},
     "corrected": {"text_alignment": 2}, "wrong_passages": [{"start": 10, "end": 42}], "note": ""}

`video` is absolute, or relative to the file. A score that the judge left unread is null. Offsets count characters.
Dimensions that the judge did not judge stand in `not_judged`, each with its reason; there is no verdict on those.
"""
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from vs2.errors import BadInput
from vs2.evaluation import Evaluation
from vs2.rubric import BY_KEY, KEYS, SCALE, check_prompt

AGREE, DISAGREE = "agree", "disagree"


@dataclass(frozen=True)
class Review:
    """What one reviewer says of one judgement.

    video: a file. prompt, model, rationale, scores: the judgement; a score is 1 to 5, or None where it was unread or
    not judged. reviewer: a name or an id. verdicts: "agree" or "disagree" for each dimension that was judged.
    corrected: 1 to 5, for dimensions disagreed with or not judged; one may be left out. wrong_passages: (start, end)
    character offsets in the rationale of what is wrong there. note: the reviewer's words. not_judged: why, by
    dimension: what a judge withheld is no judgement to agree with. Raises BadInput where this does not hold.
    """

    video: Path
    prompt: str
    model: str
    rationale: str
    scores: dict[str, int | None]
    reviewer: str
    verdicts: dict[str, str]
    corrected: dict[str, int] = field(default_factory=dict)
    wrong_passages: tuple[tuple[int, int], ...] = ()
    note: str = ""
    not_judged: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_prompt(self.prompt)
        _texts(self)
        _dimensions("scores", self.scores, KEYS)
        _dimensions("not_judged", self.not_judged)
        if not all(isinstance(reason, str) for reason in self.not_judged.values()):
            raise BadInput("The review's not_judged must give a reason for each dimension, as text.")
        if isinstance(self.verdicts, dict) and (on := [key for key in KEYS if key in {*self.not_judged} & {
                *self.verdicts}]):
            raise BadInput(f"The judge did not judge {BY_KEY[on[0]].wire}, so there is nothing to agree or disagree "
                           "with: leave the verdict out; the right score may be given.")
        _dimensions("verdicts", self.verdicts, [key for key in KEYS if key not in self.not_judged])
        _dimensions("corrected", self.corrected)
        for key in KEYS:
            if self.scores[key] is not None and not _is_score(self.scores[key]):
                raise BadInput(f"The judge's score for {BY_KEY[key].wire} is {self.scores[key]!r}: it must be a whole "
                               "number from 1 to 5, or null.")
            if key in self.not_judged and self.scores[key] is not None:
                raise BadInput(f"The judge did not judge {BY_KEY[key].wire}, so its score must be null.")
            if key in self.corrected and not _is_score(self.corrected[key]):
                raise BadInput(f"The corrected score for {BY_KEY[key].wire} is {self.corrected[key]!r}: it must be a "
                               "whole number from 1 to 5.")
            if key in self.not_judged:
                continue
            if self.verdicts[key] not in (AGREE, DISAGREE):
                raise BadInput(f"The verdict on {BY_KEY[key].wire} is {self.verdicts[key]!r}: it must be {AGREE} or "
                               f"{DISAGREE}.")
            if self.scores[key] is None and self.verdicts[key] == AGREE:
                raise BadInput(f"The judge gave no score for {BY_KEY[key].wire}, so nobody can agree with it: "
                               "disagree, and give the score.")
            if key in self.corrected and self.verdicts[key] == AGREE:
                raise BadInput(f"The score for {BY_KEY[key].wire} is corrected and agreed with: disagree, or leave the "
                               "correction out.")
        for start, end in self.wrong_passages:
            if not 0 <= start < end <= len(self.rationale):
                raise BadInput(f"The wrong passage {start} to {end} does not lie in the rationale, which has "
                               f"{len(self.rationale)} characters.")

    @property
    def undisputed(self) -> bool:
        """Whether the judge judged every dimension, and the reviewer agreed on each and marked nothing wrong."""
        return not self.wrong_passages and all(self.verdicts.get(key) == AGREE for key in KEYS)

    @staticmethod
    def withheld(evaluation: Evaluation) -> dict[str, str]:
        """`not_judged` of a review of this evaluation."""
        return {key: evaluation.scores[key].reason or "" for key in evaluation.withheld}

    def to_json(self, folder: Path | None = None) -> dict:
        """The object that a line holds; the video's path relative to `folder` where it lies below it."""
        video = Path(self.video)
        if folder is not None and video.is_absolute() and video.is_relative_to(Path(folder).resolve()):
            video = video.relative_to(Path(folder).resolve())
        passages = [{"start": start, "end": end} for start, end in self.wrong_passages]
        record = asdict(self) | {"video": video.as_posix(), "wrong_passages": passages}
        if not self.not_judged:     # as lines were before there was such a thing
            del record["not_judged"]
        return record

    @classmethod
    def from_json(cls, record: object, folder: Path | None = None) -> "Review":
        """The review that an object of a line describes; `folder` is where the file lies. Raises BadInput."""
        names = cls.__dataclass_fields__
        if not isinstance(record, dict):
            raise BadInput("A review must be a JSON object.")
        if unknown := sorted(map(str, record.keys() - names.keys())):
            raise BadInput(f"A review has no field {unknown[0]!r}: its fields are {', '.join(names)}.")
        if lacking := [name for name in ("video", "prompt", "model", "rationale", "scores", "reviewer", "verdicts")
                       if name not in record]:
            raise BadInput(f"The review lacks {', '.join(lacking)}.")
        if not isinstance(record["video"], str) or not record["video"].strip():
            raise BadInput("The review names no video: give its path.")
        video = Path(record["video"])
        passages = record.get("wrong_passages", [])
        try:
            passages = tuple((passage["start"], passage["end"]) for passage in passages)
        except (TypeError, KeyError) as error:
            raise BadInput('The wrong passages of a review are a list of {"start", "end"}.') from error
        if not all(isinstance(place, int) and not isinstance(place, bool) for both in passages for place in both):
            raise BadInput("The wrong passages of a review start and end at whole numbers of characters.")
        video = video if folder is None or video.is_absolute() else Path(folder) / video
        return cls(**record | {"video": video, "wrong_passages": passages})


def read(path: Path) -> tuple[list[Review], list[tuple[int, str]]]:
    """The reviews of a JSON Lines file; and of each line that is none its number and what is wrong with it.

    Raises BadInput where there is no such file of text.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as a file of reviews: give a JSON Lines file in UTF-8.") from error
    reviews, wrong = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            reviews.append(Review.from_json(json.loads(line), path.resolve().parent))
        except BadInput as error:
            wrong.append((number, str(error)))
        except (ValueError, RecursionError) as error:
            wrong.append((number, f"The line is not JSON ({error})."))
    return reviews, wrong


def write(reviews: Iterable[Review], path: Path) -> None:
    """The reviews as a JSON Lines file, which replaces what is there in one step. Paths below its folder are relative.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(review.to_json(path.parent), ensure_ascii=False) + "\n" for review in reviews)
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _is_score(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in SCALE


def _texts(review: Review) -> None:
    for name in ("model", "rationale", "reviewer", "note"):
        if not isinstance(getattr(review, name), str):
            raise BadInput(f"The review's {name} must be a text.")


def _dimensions(name: str, values: object, whole: Sequence[str] = ()) -> None:
    """Raises BadInput where `values` is no dict of dimensions; where some are named, of those and no other."""
    named = set(whole) or set(KEYS)
    if not isinstance(values, dict) or not values.keys() <= named or (whole and values.keys() != named):
        raise BadInput(f"The review's {name} must be given by dimension: {', '.join(whole or KEYS)}.")
