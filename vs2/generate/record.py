"""How a clip was made, so that it can be made again, or at least be told apart."""
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Record:
    """Of one generated clip. Plain values throughout; `to_dict` is what lies beside the clip as JSON.

    generator: as `vs2.generate.load` takes it. width, height: pixels. fps: frames a second.
    sha256: of the clip's bytes. made: UTC, ISO 8601. took: seconds of wall time.
    settings: what the generator was set to. notices: what it said.
    details: what only this generator knows; of the sketch, how it read the prompt and what it drew.
    truth: the true score of each dimension, where the generator knows it (the sketch does). Never for a judge.
    """

    generator: str
    prompt: str
    seed: int
    width: int
    height: int
    frames: int
    fps: float
    sha256: str
    made: str
    took: float
    settings: dict = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    details: dict = field(default_factory=dict)
    truth: dict[str, int] | None = None

    @property
    def seconds(self) -> float:
        """The clip's length."""
        return self.frames / self.fps

    def to_dict(self) -> dict:
        """Plain JSON values; `from_dict` takes them back."""
        return asdict(self) | {"notices": list(self.notices)}

    @classmethod
    def from_dict(cls, record: dict) -> "Record":
        """The record that `to_dict` wrote, whatever later versions added to it."""
        known = {name: record[name] for name in cls.__dataclass_fields__ if name in record}
        return cls(**known | {"notices": tuple(known.get("notices", ()))})
