"""What a server does with a clip of known frames, found out before it judges one.

Nothing in the protocol says how many frames a server kept, or at which times it took them to be. What tells is how
many tokens it counts in a request with many frames and in one with few, and whether its log-probabilities change when
the same frames are said to come at another rate. So a server that drops frames, which most do unless told, is refused
in a sentence, and not believed.
"""
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vs2.errors import BadInput, Problem
from vs2.remote import faults, words
from vs2.remote.client import Client
from vs2.remote.digits import Token, tokens_of
from vs2.remote.forms import FILE, FRAMES, IMAGES, PRESET, SIZE, Form
from vs2.remote.known import Known
from vs2.rubric import DIRECT, SCALE

MANY, FEW = 40, 4       # frames: servers that drop any keep 32 or fewer
SIDE = 256              # pixels of the frames before they are brought to the judge's size
TOPS = (20, 5, 0)       # alternatives a token, as many as a server gives
PROMPT = "a ball"
AS_PICTURES = ("The server takes no video of known frames, so the frames were sent as pictures, in other places and "
               "without times: the scores are not those of the judge on this machine.")
NO_COUNT = "The server does not say how many tokens it read, so whether it saw every frame is not known."
NO_DIGITS = ("The server gives no log-probabilities, so there are no distributions and no overall score: only the "
             "digits that were written.")
TIMES_LOST = ("The server gives the frames other times than they have: the scores are not those of the judge on this "
              "machine.")
TIMES_SET = ("The times of the frames are what the server was started with (VS2_SERVER_PRESET): they cannot be checked "
             "from here.")
TEMPERED = ("The server gives log-probabilities as they are after the temperature (vLLM: --logprobs-mode), so that the "
            "distributions are narrower or wider than the judge's.")
ADVICE = {FRAMES: "take a newer vLLM.",
          PRESET: "start vLLM with num_frames -1 in --media-io-kwargs and the judge's size in --mm-processor-kwargs "
                  "(docs/server.md).",
          FILE: "serve it by vLLM, which can be told of every frame (docs/server.md).",
          IMAGES: "serve it by vLLM, which can be told of every frame (docs/server.md)."}


@dataclass(frozen=True)
class Found:
    """How to ask a server. form: how frames travel. top: alternatives that it tells a token. continues: whether it
    goes on with a reply that it is given the beginning of. overhead: tokens of a request beside the frames and the
    prompt, at least; None where it counts none. tempered: whether its log-probabilities depend on the temperature.
    digits: the tokens 1 to 5, where the server tells the log-probabilities of just those; else empty. said: sentences
    for each record.
    """

    form: Form
    top: int
    continues: bool
    overhead: int | None
    tempered: bool
    digits: tuple[int, ...]
    said: tuple[str, ...]


def probe(client: Client, known: Known, preset: bool, stop: Callable[[], bool] = lambda: False) -> Found:
    """Raises BadInput or Failure for a server that cannot be judged with, in a sentence that says why."""
    problem: Problem | None = None
    for form in _candidates(client, preset, stop):
        try:
            return _Look(client, known, form, stop).found()
        except faults.Refused as error:
            if form.kind == FRAMES and "mm-kwargs" in str(error):
                raise faults.untrusting(known.card.sampling.fps, SIZE) from None
            problem = problem or BadInput(f"The judge's server takes no clip in any known form ({error}): serve the "
                                          "judge as docs/server.md says.")
        except (faults.Dropped, faults.Failed) as error:    # `transformers serve` fails at what it does not know
            problem = error
    assert problem is not None, "there is a form to try"
    raise problem


def _candidates(client: Client, preset: bool, stop: Callable[[], bool]) -> list[Form]:
    """The forms to try, the exact ones first."""
    if preset:
        return [Form(PRESET, True)]
    try:
        models = client.get("/models", stop).get("data")
    except (faults.Unknown, faults.Refused, faults.Failed):     # `transformers serve` fails where it has no cache
        models = None
    owners = {str(model.get("owned_by")) for model in (models if isinstance(models, list) else [])
              if isinstance(model, dict)}
    if "vllm" in owners:
        return [Form(FRAMES, True)]
    if "sglang" in owners:
        return [Form(FILE, True)]
    return [Form(FRAMES, True), Form(FILE, True), Form(IMAGES, False)]


class _Look:
    """A look at one server in one form."""

    def __init__(self, client: Client, known: Known, form: Form, stop: Callable[[], bool]):
        self.client, self.known, self.form, self.stop = client, known, form, stop
        sampling = known.card.sampling
        self.fps, self.top = sampling.fps, TOPS[0]
        self.contents: dict[tuple[int, float], list[dict]] = {}     # encoded once
        self.many = min(MANY, sampling.max_frames // 2 * 2)
        self.frames = clip(self.many, sampling.size(self.many, SIDE, SIDE))
        self.text, _ = words.question(known.card.query, PROMPT, known.tokenizer)

    def found(self) -> Found:
        most, first = self.ask(self.frames)
        few, _ = self.ask(self.frames[:FEW])
        said = [AS_PICTURES] if self.form.kind == IMAGES else []
        overhead = None
        if most is None or few is None:
            said.append(NO_COUNT)
        else:
            self.count(most, few)
            overhead = few - self.form.tokens(self.frames[:FEW].shape) - len(PROMPT)
        continues = self.continues()
        if not self.top or first is None or not first.top:
            self.top = 0
            said.append(NO_DIGITS)
        tempered, digits = False, tuple[int, ...]()
        if self.top:
            digits = self.digits() if self.form.own else ()
            if self.form.kind == PRESET:
                said.append(TIMES_SET)
            elif self.form.kind != IMAGES and not self.heeds_times(continues):
                said.append(TIMES_LOST)
            tempered = self.form.own and self.changes(continues, temperature=2.0)
        return Found(self.form, self.top, continues, overhead, tempered, digits, (*self.known.said, *said))

    def count(self, most: int, few: int) -> None:
        """Raises Dropped unless the frames of the long request are all there, at their size."""
        sent = self.many
        expected = self.form.tokens(self.frames.shape) - self.form.tokens(self.frames[:FEW].shape)
        if most - few != expected and sent > FEW:
            seen = FEW + (sent - FEW) * (most - few) / expected
            raise faults.Dropped(seen, sent, ADVICE[self.form.kind])

    def continues_fields(self, going_on: bool) -> dict:
        return {"continue_final_message": True, "add_generation_prompt": False} if going_on else {}

    def continues(self) -> bool:
        """Whether a reply is gone on with: it then has fewer tokens before it than one that follows a whole message."""
        few, opening = self.frames[:FEW], DIRECT.leads[0]
        try:
            gone_on, _ = self.ask(few, opening=opening, **self.continues_fields(True))
        except faults.Refused:
            return False
        try:
            after, _ = self.ask(few, opening=opening)
        except faults.Refused:      # an assistant's message at the end is taken for nothing but a beginning
            return True
        return gone_on is not None and after is not None and gone_on < after

    def heeds_times(self, continues: bool) -> bool:
        """Whether the same frames at half the rate, and in vLLM's form at twice it, are something else to the model."""
        rates = (self.fps / 2, self.fps * 2) if self.form.kind == FRAMES else (self.fps / 2,)
        return all(self.changes(continues, fps=rate) for rate in rates)

    def changes(self, continues: bool, fps: float | None = None, **given) -> bool:
        """Whether a request that differs so has another outcome, by more than the same request twice."""
        opening = DIRECT.leads[0] if continues else None
        going_on = self.continues_fields(continues)

        def look(rate: float, **fields) -> Token | None:
            return self.ask(self.frames, rate, opening, **going_on, **fields)[1]

        once, again = look(self.fps), look(self.fps)
        other = look(fps or self.fps, **given)
        return apart(once, other) > 2 * apart(once, again) + 1e-4

    def digits(self) -> tuple[int, ...]:
        """The tokens 1 to 5, if the server gives their log-probabilities when it is asked for those (vLLM does)."""
        found = self.client.tokens("".join(map(str, SCALE)), self.stop)
        if len(found) != len(SCALE):
            return ()
        try:
            _, token = self.ask(self.frames[:FEW], logprob_token_ids=found)
        except faults.Refused:
            return ()
        told = token.digits() if token is not None else None
        return tuple(found) if told is not None and all(map(math.isfinite, told)) else ()

    def ask(self, frames: np.ndarray, fps: float | None = None, opening: str | None = None,
            **given) -> tuple[int | None, Token | None]:
        """How many tokens the server counts in a request, and the first token of its reply."""
        rate = fps or self.fps
        told = rate if self.form.kind == FILE else 0.0      # the other forms say it beside the frames
        if (len(frames), told) not in self.contents:
            self.contents[len(frames), told] = self.form.content(frames, rate)
        messages = [words.user(self.contents[len(frames), told], self.text)]
        if opening is not None:
            messages.append(words.assistant(opening, self.known.tokenizer))
        body = {"model": self.client.address.model, "messages": messages, "max_tokens": 1, "temperature": 0,
                **self.form.fields(len(frames), rate), **given}
        while True:
            asks = {"logprobs": True, "top_logprobs": self.top} if self.top else {}
            try:
                answer = self.client.ask(body | asks, self.stop)
                break
            except faults.Refused as error:
                if not self.top or "logprob" not in str(error).lower():
                    raise
                self.top = TOPS[TOPS.index(self.top) + 1]
        usage, choices = answer.get("usage"), answer.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            raise faults.garbage()
        counted = usage.get("prompt_tokens") if isinstance(usage, dict) else None
        tokens = tokens_of(choices[0])
        return counted if isinstance(counted, int) else None, tokens[0] if tokens else None


def clip(count: int, size: tuple[int, int]) -> np.ndarray:
    """Known frames uint8 [count, height, width, 3]: a bright square on its way over a slope of grey, no two alike."""
    height, width = size
    frames = np.empty((count, height, width, 3), np.uint8)
    frames[:] = np.linspace(40, 160, width, dtype=np.uint8)[None, None, :, None]
    side = max(4, height // 4)
    for number, frame in enumerate(frames):
        left = (width - side) * number // max(1, count - 1)
        frame[height // 3:height // 3 + side, left:left + side] = (230, 60, 40)
    return frames


def apart(one: Token | None, other: Token | None) -> float:
    """How far the log-probabilities of two tokens' alternatives are from each other, at most."""
    if one is None or other is None or not (shared := one.top.keys() & other.top.keys()):
        return math.inf if one is not None and other is not None else 0.0
    return max(abs(one.top[text] - other.top[text]) for text in shared)
