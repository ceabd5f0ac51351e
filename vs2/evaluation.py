"""`Evaluation` and `Score`: the one record that the judge makes and every other part passes around."""
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from math import isfinite

from vs2.rubric import BY_KEY, KEYS, SCALE


@dataclass(frozen=True)
class Score:
    """One dimension's score; or that it was not judged, and why.

    value: the digit that the judge wrote, 1 to 5; None when none could be read, or when it was not judged.
    reason: of what was not judged, one sentence why; all else is None then, for nothing may be claimed about it.
    expected: sum of s * p(s) over the distribution; None with it.
    distribution: p(1) to p(5), summing to 1, from the unprocessed logits at the digit's own token.
    confidence: probability of the most likely score, only where that means something: over several
        sampled rationales, or without thinking. After one reasoned reply it is None, because the
        rationale has already named the score and the distribution is a spike (arXiv 2509.22799's
        soft score shares that fault).
    """

    value: int | None = None
    expected: float | None = None
    distribution: tuple[float, ...] | None = None
    confidence: float | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.reason is not None and (self.value, self.expected, self.distribution, self.confidence) != (None,) * 4:
            raise ValueError("what was not judged has no score")

    @property
    def judged(self) -> bool:
        """Whether the judge was let say something of it, readable or not."""
        return self.reason is None

    @classmethod
    def of(cls, value: int | None, distribution: Iterable[float] | None, confident: bool) -> "Score":
        """A score from its digit and p(1..5); `confident` says whether a confidence may be claimed."""
        if value is None or distribution is None:
            return cls(value)
        distribution = tuple(float(p) for p in distribution)
        if not all(map(isfinite, distribution)):    # logits that overflowed, and so a digit that means nothing
            return cls()
        expected = sum(s * p for s, p in zip(SCALE, distribution, strict=True))
        return cls(value, expected, distribution, max(distribution) if confident else None)


@dataclass(frozen=True)
class Published:
    """What the authors' inference script says of one dimension (`vs2.model.as_published`): to reproduce its numbers.

    value: the number that it reads, in the thinking if it stands there first; None where it reads none of the three.
    soft: digit * p(digit) / sum p(1..5) of the digit that was likeliest at the token it looks at, from the scores that
        the token was drawn from, 0 if all five were ruled out; None where there is no such token. It is never above
        that digit and so biased low, and the token may be another's: `Score.expected` is the score to use.
    """

    value: int | None = None
    soft: float | None = None


@dataclass(frozen=True)
class Seconds:
    """Wall time of one judgement: reading the file, thinking (the model's part), and all of it."""

    read: float = 0.0
    think: float = 0.0
    total: float = 0.0


def differing(values: dict[str, int | None], scores: dict[str, Score]) -> dict[str, int | None]:
    """Those of a reply's digits that are not the value of their dimension's score, unless that was not judged."""
    return {key: values[key] for key in KEYS
            if key in values and scores[key].judged and values[key] != scores[key].value}


@dataclass(frozen=True)
class Evaluation:
    """What the judge said of one video. `to_dict` is the JSON of the command line and the API.

    video: the path or name as given. prompt: as given, never altered.
    rationale: what was thought, without tags. reply: the whole text that the model wrote with it, a dash
        in place of each digit of a dimension that was not judged.
    samples: where several replies were sampled, each one's rationale and digits, in the order drawn. shown: which of
        them, from 0, `rationale` and `reply` are of: the first whose digits are those of the mixture, as `scores` has
        them, else the first; `differing` then says in what it gave other scores.
    frames: how many the judge saw; frame_times: their times in seconds. tokens: how many it wrote, in all replies.
    truncated: thinking was cut and the answer was asked for, at the budget or, where `looped`, because the judge
        repeated itself without end (with `published`: the reply was cut).
    published: for each dimension what the authors' script says, where it was asked for as that does (nothing of one
        that was not judged); else None.
    given_fps: the pictures a second that were given for a folder or a zip of them; None of a video, which says its own.
    options: how it was judged, the fields of `vs2.options.Options` by name; None in records from before they were kept.
    """

    video: str
    prompt: str
    model: str
    precision: str
    rationale: str
    scores: dict[str, Score]
    frames: int
    seconds: Seconds
    tokens: int
    truncated: bool = False
    warnings: tuple[str, ...] = ()
    frame_times: tuple[float, ...] = ()
    reply: str = ""
    samples: tuple[dict, ...] = field(default=())
    published: dict[str, Published] | None = None
    given_fps: float | None = None
    shown: int = 0
    looped: bool = False
    options: dict | None = None

    @property
    def overall(self) -> float | None:
        """The mean of the three `expected`; None when one of them could not be read or was not judged."""
        expected = [score.expected for key in KEYS if (score := self.scores[key]).expected is not None]
        return sum(expected) / len(expected) if len(expected) == len(KEYS) else None

    @property
    def unread(self) -> tuple[str, ...]:
        """The dimensions whose score could not be read."""
        return tuple(key for key in KEYS if self.scores[key].judged and self.scores[key].value is None)

    @property
    def withheld(self) -> tuple[str, ...]:
        """The dimensions that were not judged: `scores[key].reason` says why."""
        return tuple(key for key in KEYS if not self.scores[key].judged)

    def differing(self, number: int | None = None) -> dict[str, int | None]:
        """Where a sample gave another digit than `scores` has: dimension -> its own, None where it gave none.

        number: of the sample, from 0; by default the one shown. What was not judged does not count, nor does a digit
        that an older record does not say. One reply alone agrees with its scores.
        """
        number = self.shown if number is None else number
        values = self.samples[number].get("values", {}) if 0 <= number < len(self.samples) else {}
        return differing(values, self.scores)

    @property
    def aside(self) -> str:
        """What has to stand beside the rationale where its own reply gave other scores than `scores`, else ""."""
        other = [f"{BY_KEY[key].label} {digit or 'not read'}, where all samples together say {self.scores[key].value}"
                 for key, digit in self.differing().items()]
        return f"This sample gave {'other scores' if len(other) > 1 else 'another score'}: {'; '.join(other)}." \
            if other else ""

    def read_in(self, seconds: float) -> "Evaluation":
        """The same of a clip that was read before it came to the judge, in so many seconds."""
        return replace(self, seconds=Seconds(seconds, self.seconds.think, seconds + self.seconds.think))

    def to_dict(self) -> dict:
        """Plain JSON values; `from_dict` takes them back."""
        record = asdict(self)
        record["scores"] = {key: asdict(self.scores[key]) for key in KEYS}
        for score in record["scores"].values():
            score["distribution"] = None if score["distribution"] is None else list(score["distribution"])
        for name in ("warnings", "frame_times", "samples"):
            record[name] = list(record[name])
        record["overall"] = self.overall
        return record

    @classmethod
    def from_dict(cls, record: dict) -> "Evaluation":
        """The record that `to_dict` wrote, whatever later versions added to it."""
        known = {name: record[name] for name in cls.__dataclass_fields__ if name in record}
        known["scores"] = {
            key: Score(**{**score, "distribution": score["distribution"] and tuple(score["distribution"])})
            for key, score in record["scores"].items()}
        known["seconds"] = Seconds(**record["seconds"])
        for name in ("warnings", "frame_times", "samples"):
            known[name] = tuple(known.get(name, ()))
        if known.get("published"):
            known["published"] = {key: Published(**said) for key, said in known["published"].items()}
        return cls(**known)
