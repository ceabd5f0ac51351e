"""`vs2.json`: what a checkpoint's folder says about the checkpoint. Without one: the published system's values."""
import json
from dataclasses import dataclass, field
from pathlib import Path

from vs2.errors import BadInput
from vs2.rubric import PUBLISHED_QUERY
from vs2.sampling import Sampling

NAME = "vs2.json"


@dataclass(frozen=True)
class Card:
    """A checkpoint's query and sampling, and for people: what it knows, was trained on and measured."""

    query: str = PUBLISHED_QUERY
    sampling: Sampling = Sampling()
    knows: str = ""
    trained_on: str = ""
    metrics: dict = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Card":
        """The card in a checkpoint's folder, or the published values. Raises BadInput on a broken one."""
        path = Path(folder) / NAME
        if not path.exists():
            return cls()
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            default = Sampling()
            least, most = record.get("pixels", (default.min_pixels, default.max_pixels))
            sampling = Sampling(fps=float(record.get("fps", default.fps)),
                                min_frames=int(record.get("min_frames", default.min_frames)),
                                max_frames=int(record.get("max_frames", default.max_frames)),
                                min_pixels=int(least), max_pixels=int(most))
            query = record.get("query", PUBLISHED_QUERY)
            if "$t2v_prompt" not in query:
                raise ValueError("its query has no $t2v_prompt")
            return cls(query, sampling, record.get("knows", ""), record.get("trained_on", ""),
                       record.get("metrics", {}))
        except (ValueError, TypeError, AttributeError) as error:
            raise BadInput(f"{path} is not a checkpoint card: {error}.") from error
