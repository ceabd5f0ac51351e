"""How far a judge in 4 bits agrees with the same in 16, on clips: digits, odds, and where greedy replies part.

The replies are each judge's own, greedy, as a user gets them. The odds at the digits are compared on equal terms as
well: the one in 4 bits reads the other's reply, token by token, and says what it would have given each digit there.
"""
import gc
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from vs2.errors import BadInput
from vs2.model import generation, inputs, memory
from vs2.model.reply import Reply
from vs2.model.tokens import Wire
from vs2.options import Options
from vs2.rubric import DIRECT, KEYS

if TYPE_CHECKING:
    from vs2.model.weights import Loaded
    from vs2.video import Clip

Asked = Sequence[tuple["Clip", str]]        # clips, each with its prompt


@dataclass(frozen=True)
class Heard:
    """A clip's greedy reply, and the odds of the five digits where its answer has them."""

    reply: Reply
    odds: dict[int, torch.Tensor]           # place in the reply's tokens -> p(1) to p(5)


def agreement(whole: Callable[[], "Loaded"], four: Callable[[], "Loaded"], asked: Asked, options: Options,
              progress: Callable[[int, int], None] = lambda done, count: None) -> dict[str, Any]:
    """Loads one judge, then the other, and compares what they say of each clip:

    {clips, digits (compared), equal (share), within_one, difference (mean |difference| of expected), kl (mean, nats, on
    the same reply; None where no digit was read), parted (first token at which the greedy replies differ, of each clip
    that they differ on), same (clips with the same reply, to the last token)}. No number is made up: a score that one
    of them did not read is left out of what it is needed for, and counted in `unread`.
    """
    if not asked:
        raise BadInput("There are no clips to compare on: name some.")
    if options.samples != 1 or options.published:
        raise BadInput("Judges are compared by greedy replies: leave samples and published as they are.")
    judge, count = whole(), 2 * len(asked)
    first = []
    for number, (clip, prompt) in enumerate(asked):
        first.append(_hear(judge, clip, prompt, options))
        progress(number + 1, count)
    del judge       # before the other is loaded: both may be large
    gc.collect()
    judge = four()
    second, kl = [], []
    for number, ((clip, prompt), heard) in enumerate(zip(asked, first, strict=True)):
        second.append(_hear(judge, clip, prompt, options))
        kl += _apart(heard.odds, _read(judge, clip, prompt, options, heard.reply.ids, heard.odds))
        progress(len(asked) + number + 1, count)
    return compare([heard.reply for heard in first], [heard.reply for heard in second]) | {
        "kl": sum(kl) / len(kl) if kl else None}


def compare(first: Sequence[Reply], second: Sequence[Reply]) -> dict[str, Any]:
    """What two judges' replies to the same clips have in common."""
    pairs, parted, unread = [], [], 0
    for one, other in zip(first, second, strict=True):
        if one.ids != other.ids:
            ends = min(len(one.ids), len(other.ids))
            parted.append(next((n for n in range(ends) if one.ids[n] != other.ids[n]), ends))
        for key in KEYS:
            values = one.answer.values[key], other.answer.values[key]
            odds = one.distributions[key], other.distributions[key]
            if None in values or None in odds:
                unread += 1
            else:
                pairs.append((*values, *(sum(n * p for n, p in enumerate(each, 1)) for each in odds)))
    count = len(pairs)
    return {"clips": len(first), "digits": count, "unread": unread,
            "equal": sum(a == b for a, b, _, _ in pairs) / count if count else None,
            "within_one": sum(abs(a - b) <= 1 for a, b, _, _ in pairs) / count if count else None,
            "difference": sum(abs(a - b) for *_, a, b in pairs) / count if count else None,
            "same": len(first) - len(parted), "parted": parted}


def _inputs(judge: "Loaded", clip: "Clip", prompt: str, options: Options) -> inputs.Inputs:
    opening = "" if options.think else DIRECT.leads[0]
    made = inputs.prepare(judge.processor, clip, prompt, judge.card, judge.model.config, opening)
    return made.to(judge.device, judge.model.model.visual.dtype)


def _hear(judge: "Loaded", clip: "Clip", prompt: str, options: Options) -> Heard:
    given = _inputs(judge, clip, prompt, options)
    writing = generation.generate(judge.model, judge.processor.tokenizer, given, options)
    while True:
        try:
            next(writing)
        except StopIteration as end:
            reply, = end.value
            break
    digits = Wire.of(judge.processor.tokenizer).digits
    places = {n for n, token in enumerate(reply.ids) if token in digits and reply.answer.complete}
    last = sorted(places)[-len(KEYS):]       # of the answer; other digits are of the rationale
    return Heard(reply, _read(judge, clip, prompt, options, reply.ids, last))


@torch.inference_mode()
def _read(judge: "Loaded", clip: "Clip", prompt: str, options: Options, ids: Sequence[int], places) -> dict:
    """What the judge would give each digit at these places of a reply that is put into its mouth."""
    if not places:
        return {}
    given = _inputs(judge, clip, prompt, options)
    held, logits = memory.begin(judge.model, given, 1, len(ids))
    digits = torch.tensor(Wire.of(judge.processor.tokenizer).digits, device=judge.device)
    odds, at = {}, 0
    for place in sorted(places):
        if place > at:
            logits = held.write(torch.tensor([ids[at:place]], device=judge.device))
            at = place
        odds[place] = logits[0, digits].double().softmax(0)
    held.close()
    return odds


def _apart(one: dict[int, torch.Tensor], other: dict[int, torch.Tensor]) -> list[float]:
    """The divergence (KL, nats) of the other's odds from the one's, at each digit."""
    found = [float((one[n] * (one[n].clamp_min(1e-12).log() - other[n].clamp_min(1e-12).log())).sum()) for n in one]
    return [max(0.0, divergence) for divergence in found if math.isfinite(divergence)]


def table(found: dict[str, Any]) -> str:
    """For people."""
    def share(value: float | None) -> str:
        return "-" if value is None else f"{100 * value:.1f} %"

    parted = sorted(found["parted"])
    apart = (f"{len(parted)} replies part, half of them by token {parted[len(parted) // 2]} (the first at {parted[0]})"
             if parted else "none parts")
    return "\n".join([
        f"int4 beside 16 bits, {found['clips']} clips, greedy:",
        f"  digits equal {share(found['equal'])}, within one {share(found['within_one'])}, of {found['digits']} "
        f"({found['unread']} not read by both)",
        "  expected score: " + ("-" if found["difference"] is None else f"{found['difference']:.3f} apart on average"),
        "  odds at the digits of the same reply: " + ("-" if found["kl"] is None else f"{found['kl']:.4f} nats (KL)"),
        f"  {found['same']} replies the same to the last token; {apart}"])

