"""Several replies to one clip -> one score a dimension, but for what is withheld of it."""
from collections.abc import Iterable, Mapping

from vs2.evaluation import Score
from vs2.model.reply import Reply
from vs2.options import Options
from vs2.rubric import KEYS, SCALE

NOTHING: Mapping[str, str] = {}


def written(reply: Reply, withheld: Iterable[str]) -> str:
    """The reply's text, with a dash for each digit that is withheld."""
    places = {reply.answer.spans[key] for key in withheld}
    return "".join("-" if place in places else letter for place, letter in enumerate(reply.text))


def mix(replies: list[Reply], options: Options, withheld: Mapping[str, str] = NOTHING) -> dict[str, Score]:
    """The three scores of one reply, or of several: p(s) is then the mean of p(s | rationale) over the readable ones.

    withheld: of which dimensions nothing is said, and why: they have that reason and no score.
    The value of a mixture is its most likely score. Confidence is claimed for a mixture of at least two, and without
    thinking; one rationale has named its score before the digit, which then says nothing about how sure it is.
    """
    scores: dict[str, Score] = {}
    for key in KEYS:
        if key in withheld:
            scores[key] = Score(reason=withheld[key])
            continue
        if len(replies) == 1:
            scores[key] = Score.of(replies[0].answer.values[key], replies[0].distributions[key], not options.think)
            continue
        # A digit whose token is no bare digit has no distribution: it counts as what it says.
        spread = [reply.distributions[key] or tuple(float(score == reply.answer.values[key]) for score in SCALE)
                  for reply in replies if reply.answer.values[key] is not None]
        if not spread:
            scores[key] = Score()
            continue
        mixture = [sum(column) / len(spread) for column in zip(*spread, strict=True)]
        value = SCALE[mixture.index(max(mixture))]
        scores[key] = Score.of(value, mixture, not options.think or len(spread) > 1)
    return scores
