"""What a Best-of-N run is asked for, checked before anything is loaded."""
from dataclasses import asdict, dataclass, field, replace

from vs2.candidates import MEAN, Rule, check_rule
from vs2.errors import BadInput
from vs2.generate.protocol import MOST_SEED
from vs2.options import MOST_SAMPLES, Given, Options
from vs2.rubric import check_prompt

MOST = 64       # candidates
FAST, FULL, AGAIN = "fast", "full", "again"     # the passes: without rationale, as asked, sampled to break a tie


@dataclass(frozen=True)
class Plan:
    """What is asked for. Raises BadInput for what cannot be.

    count: N, 1 to `MOST`; candidate n has the seed `seed` + n. seconds, size (width, height in pixels): None leaves
    them to the generator. options: of `vs2.generate.load`; never a token. rule: see `vs2.candidates.rank`.
    judging: the judge's options. keep: 0 judges all as `judging` says; k judges all without a rationale, then the best
    k as `judging` says. replies: sampled ones of a second judgement that breaks a tie; 0 leaves the tie.
    gain: None draws all N; else stop early, when the candidates to come promise less than so many points
    (`vs2.best_of.stopping`).
    """

    prompt: str
    count: int
    generator: str = "sketch"
    seed: int = 0
    seconds: float | None = None
    size: tuple[int, int] | None = None
    options: dict = field(default_factory=dict)
    rule: Rule = MEAN
    judging: Options = Options()
    keep: int = 0
    replies: int = 4
    gain: float | None = None

    def __post_init__(self) -> None:
        check_prompt(self.prompt)
        check_rule(self.rule)
        for name, least, most in (("count", 1, MOST), ("seed", 0, MOST_SEED), ("keep", 0, MOST),
                                  ("replies", 0, MOST_SAMPLES)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise BadInput(f"{name} is {value!r}: it must be a whole number from {least} to {most}.")
        if self.seed + self.count - 1 > MOST_SEED:
            raise BadInput(f"seed is {self.seed}: {self.count} seeds from there on go beyond {MOST_SEED}.")
        if self.keep and not self.judging.think:
            raise BadInput("A first pass without rationales needs a second one with: let the judge think, or leave it "
                           "out.")
        if self.replies == 1:
            raise BadInput("replies is 1: a tie is broken by 2 or more sampled replies, or left with 0.")
        number = isinstance(self.gain, int | float) and not isinstance(self.gain, bool)
        if self.gain is not None and not (number and 0 < self.gain <= 4):
            raise BadInput(f"gain is {self.gain!r}: it must be a number of points above 0 and at most 4.")

    @property
    def first(self) -> str:
        """The first pass: FAST or FULL."""
        return FAST if self.keep else FULL

    def asked(self, stage: str) -> Given:
        """The judge's options in a pass; sampling's own only where they were changed."""
        asked, usual = self.judging, Options()
        if stage == FAST:
            asked = replace(asked, think=False, samples=1)
        elif stage == AGAIN:
            asked = replace(asked, think=True, samples=self.replies)
        given = Given(think=asked.think, budget=asked.budget, samples=asked.samples, seed=asked.seed)
        if asked.temperature != usual.temperature:
            given["temperature"] = asked.temperature
        if asked.top_p != usual.top_p:
            given["top_p"] = asked.top_p
        if asked.published != usual.published:
            given["published"] = asked.published
        if asked.frames is not None:
            given["frames"] = asked.frames
        if asked.pixels is not None:
            given["pixels"] = asked.pixels
        return given

    def identity(self, generator: str, model: str, precision: str) -> dict:
        """What clips and judgements depend on, plain values: a folder holds runs of one of these only."""
        return {"prompt": self.prompt, "generator": generator, "options": self.options, "seconds": self.seconds,
                "size": self.size and list(self.size), "model": model, "precision": precision,
                "judging": {name: value for name, value in asdict(self.judging).items() if value is not None}}
