"""`vs2.json`: what a checkpoint's folder says about the checkpoint. Without one: the published system's values."""
import json
from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from pathlib import Path

from vs2.errors import BadInput
from vs2.rubric import KEYS, PUBLISHED_QUERY
from vs2.video.sampling import PAIR, PATCH, Sampling

NAME = "vs2.json"
MOST_PIXELS = 16384 * PATCH**2       # of one frame: what Qwen2.5-VL takes of an image
MOST_PULSE = 512     # frames that are looked at in small


@dataclass(frozen=True)
class ScopeCard:
    """What a card says of the detector of clips that the judge knows nothing of (`vs2.model.scope`).

    file: its weights, a safetensors file beside the card. threshold: a clip whose strangeness is above it is foreign.
    withholds: what is not judged of a foreign clip: a dimension's key -> why, one sentence for people. trained_on: what
    the detector was learned from, and what it takes for known. rates: how often it was right, by source.
    """

    file: str
    threshold: float
    withholds: dict[str, str]
    trained_on: str = ""
    rates: dict = field(default_factory=dict)

    @classmethod
    def of(cls, record: dict) -> "ScopeCard":
        """Raises ValueError and its like for a broken record."""
        file, threshold, withholds = record["file"], float(record["threshold"]), dict(record["withholds"])
        trained_on, rates = record.get("trained_on", ""), record.get("rates", {})
        if not isinstance(file, str) or Path(file).name != file or not file.endswith(".safetensors"):
            raise ValueError("scope.file must be the name of a safetensors file in the same folder")
        if not isfinite(threshold):
            raise ValueError("scope.threshold must be a number")
        if not withholds or not set(withholds) <= set(KEYS) or not all(
                isinstance(reason, str) and reason.strip() for reason in withholds.values()):
            raise ValueError(f"scope.withholds must give a reason for one or more of {', '.join(KEYS)}")
        if not isinstance(trained_on, str) or not isinstance(rates, dict):
            raise ValueError("scope.trained_on must be a text, scope.rates an object")
        return cls(file, threshold, withholds, trained_on, rates)


@dataclass(frozen=True)
class FootageCard:
    """What a card says of the part that judges footage (`vs2.model.footage`).

    folder: where it lies, beside the card. pixels: the least and the most of a frame that a clip is read with, so that
    the part sees it at its own size as far as may be. pulse: frames whose neighbours are compared (`vs2.video.pulse`).
    """

    folder: str
    pixels: tuple[int, int]
    pulse: int = 0

    @classmethod
    def of(cls, record: dict) -> "FootageCard":
        """Raises ValueError and its like for a broken record."""
        folder, (least, most) = record["folder"], map(int, record["pixels"])
        if not isinstance(folder, str) or folder in ("", ".", "..") or Path(folder).name != folder:
            raise ValueError("footage.folder must be the name of a folder in the same folder")
        beats = record.get("pulse", 0)
        if not isinstance(beats, int) or not 0 <= beats <= MOST_PULSE:
            raise ValueError(f"footage.pulse must be a whole number from 0 to {MOST_PULSE}")
        return cls(folder, (least, most), beats)


@dataclass(frozen=True)
class Card:
    """A checkpoint's query and sampling, and for people: what it knows, was trained on and measured.

    scope: how it tells clips that it knows nothing of, and what it withholds then; None where it withholds nothing.
    longest_prompt: the longest prompt, in tokens, that it was measured with; None where nobody measured it.
    footage: where its part for footage lies; None where it has none.
    """

    query: str = PUBLISHED_QUERY
    sampling: Sampling = Sampling()
    knows: str = ""
    trained_on: str = ""
    metrics: dict = field(default_factory=dict)
    longest_prompt: int | None = None       # tokens
    scope: ScopeCard | None = None
    footage: FootageCard | None = None

    @property
    def reading(self) -> Sampling:
        """How a clip is read: as the checkpoint sees it, or larger where its part for footage sees more."""
        if self.footage is None:
            return self.sampling
        least, most = self.footage.pixels
        return replace(self.sampling, min_pixels=least, max_pixels=most, pulse=self.footage.pulse)

    @classmethod
    def read(cls, folder: Path) -> "Card":
        """The card in a checkpoint's folder, or the published values. Raises BadInput on a broken one."""
        path = Path(folder) / NAME
        if not path.exists():
            return cls()
        try:
            return cls.of(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError, AttributeError, OverflowError, KeyError) as error:
            said = f"it lacks {error}" if isinstance(error, KeyError) else error
            raise BadInput(f"{path} is not a checkpoint card: {said}.") from error

    @classmethod
    def of(cls, record: dict) -> "Card":
        """The card that a record (the JSON of the file) makes. Raises ValueError and its like on a broken one."""
        default = Sampling()
        least, most = record.get("pixels", (default.min_pixels, default.max_pixels))
        sampling = Sampling(fps=float(record.get("fps", default.fps)),
                            min_frames=int(record.get("min_frames", default.min_frames)),
                            max_frames=int(record.get("max_frames", default.max_frames)),
                            min_pixels=int(least), max_pixels=int(most))
        _check(sampling)
        said = {name: record.get(name, "") for name in ("knows", "trained_on")}
        query, metrics = record.get("query", PUBLISHED_QUERY), record.get("metrics", {})
        if not all(isinstance(text, str) for text in (query, *said.values())) or not isinstance(metrics, dict):
            raise ValueError("query, knows and trained_on must be texts, metrics an object")
        if "$t2v_prompt" not in query:
            raise ValueError("its query has no $t2v_prompt")
        longest = record.get("longest_prompt")
        if longest is not None and (isinstance(longest, bool) or not isinstance(longest, int) or longest < 1):
            raise ValueError("longest_prompt must be a number of tokens, 1 or more")
        scope = ScopeCard.of(record["scope"]) if "scope" in record else None
        footage = FootageCard.of(record["footage"]) if "footage" in record else None
        card = cls(query, sampling, **said, metrics=metrics, longest_prompt=longest, scope=scope, footage=footage)
        _check(card.reading)
        return card

    def record(self) -> dict:
        """What `of` makes this card from, without what is empty."""
        sampling = self.sampling
        found = {"query": self.query, "fps": sampling.fps, "min_frames": sampling.min_frames,
                 "max_frames": sampling.max_frames, "pixels": [sampling.min_pixels, sampling.max_pixels],
                 "knows": self.knows, "trained_on": self.trained_on, "longest_prompt": self.longest_prompt,
                 "metrics": self.metrics, "scope": None if self.scope is None else asdict(self.scope),
                 "footage": self.footage and {"folder": self.footage.folder, "pixels": list(self.footage.pixels),
                                               "pulse": self.footage.pulse}}
        return {name: value for name, value in found.items() if value not in ("", {}, None)}


def _check(sampling: Sampling) -> None:
    """Raises ValueError for what no clip could be sampled with: a card may come from anyone."""
    if not 0 < sampling.fps <= 1000:
        raise ValueError("fps must be above 0 and at most 1000")
    if not PAIR <= sampling.min_frames <= sampling.max_frames <= Sampling.max_frames:
        raise ValueError(f"needs {PAIR} <= min_frames <= max_frames <= {Sampling.max_frames}")
    if not PATCH**2 <= sampling.min_pixels <= sampling.max_pixels <= MOST_PIXELS:
        raise ValueError(f"pixels must be from {PATCH**2} to {MOST_PIXELS}, the least first")
