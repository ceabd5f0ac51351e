"""What is judged, how it is asked and how it is answered: the one source for inference, training and rewards.

The published query is wire format: `TIGER-Lab/VideoScore2` was trained on it byte for byte, the leading
newline, the indents, the en dashes and the trailing spaces included (its authors' inference script).
"""
from collections.abc import Iterable
from dataclasses import dataclass
from string import Template

from vs2.errors import BadInput

SCALE = (1, 2, 3, 4, 5)
MAX_PROMPT_CHARACTERS = 4000


@dataclass(frozen=True)
class Dimension:
    """One judged dimension: `key` in data, `label` for people, `wire` in the model's replies."""

    key: str
    label: str
    wire: str
    asks: str


DIMENSIONS = (
    Dimension("visual_quality", "Visual quality", "visual quality", "clarity, smoothness, artifacts"),
    Dimension("text_alignment", "Text-to-video alignment", "text-to-video alignment", "fidelity to the prompt"),
    Dimension("physical_consistency", "Physical and common-sense consistency",
              "physical/common-sense consistency", "naturalness and physics plausibility"),
)
KEYS = tuple(dimension.key for dimension in DIMENSIONS)
BY_KEY = {dimension.key: dimension for dimension in DIMENSIONS}

PUBLISHED_QUERY = (
    "\n    You are an expert for evaluating AI-generated videos from three dimensions:\n"
    + "".join(f"    ({number}) {d.wire} \u2013 {d.asks}{end}\n"
              for number, (d, end) in enumerate(zip(DIMENSIONS, (";", ";", "."), strict=True), 1))
    + "\n    Video prompt: $t2v_prompt\n\n    Please output in this format:\n"
    "    visual quality: <v_score>; \n"
    "    text-to-video alignment: <t_score>, \n"
    "    physical/common-sense consistency: <p_score>\n    "
)

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"


def check_prompt(prompt: str) -> str:
    """The prompt, as it is; BadInput if it cannot be judged against."""
    if not isinstance(prompt, str | None):
        raise BadInput(f"The prompt is {prompt!r:.60}, which is no text: give the text that the video was made from.")
    if not prompt or not prompt.strip():
        raise BadInput("The prompt is empty: give the text that the video was made from.")
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise BadInput(f"The prompt has {len(prompt)} characters: shorten it to {MAX_PROMPT_CHARACTERS} or fewer.")
    return prompt


def ask(query: str, prompt: str) -> str:
    """The query with the prompt in its place. A `$` or a brace in the prompt stays what it is."""
    return Template(query).safe_substitute(t2v_prompt=prompt)


@dataclass(frozen=True)
class AnswerForm:
    """How the three scores are written: the text before the first digit, between them, and after the last.

    A digit follows each of `leads` at once, as a token of its own; every lead therefore ends in ": ".
    """

    leads: tuple[str, str, str]
    end: str

    def write(self, scores: Iterable[int]) -> str:
        """The answer's text for three integers, as training targets and forced answers have it."""
        return "".join(f"{lead}{score}" for lead, score in zip(self.leads, scores, strict=True)) + self.end


# After a rationale (the published replies), and at once, without one (what the query asks for).
REASONED = AnswerForm(("\n\n(1) visual quality: ", "\n(2) text-to-video alignment: ",
                       "\n(3) physical/common-sense consistency: "), "\n")
DIRECT = AnswerForm(("visual quality: ", "; \ntext-to-video alignment: ",
                     ", \nphysical/common-sense consistency: "), "")


def reply(rationale: str, scores: Iterable[int]) -> str:
    """A whole reply in the published form: think block, then the scores. `scores`: three integers 1 to 5."""
    return f"\n{THINK_OPEN}\n{rationale.strip()}\n{THINK_CLOSE}{REASONED.write(scores)}"
