"""The pieces of a report about one clip as HTML: scores, stills, words, facts. Everything given is escaped here.

No piece carries a style or a script of its own: the report's policy forbids both.
"""
import base64
from collections.abc import Collection, Iterable, Mapping
from html import escape
from pathlib import PurePath

from vs2 import answer
from vs2.candidates import overall as mean
from vs2.evaluation import Evaluation, Score
from vs2.report import svg, words
from vs2.report.model import Item, Still
from vs2.rubric import KEYS, SCALE
from vs2.rules import MEAN, Rule, unjudged, weighed

MOST_WORDS = 12_000     # characters of one rationale
MOST_SAID = 600         # characters of a reason, a sentence on a judge, an error: any card or file may hold them


def flat(said: str, most: int = MOST_SAID) -> str:
    """Text of others as one line, cut where it is too long. Not escaped."""
    said = " ".join(said.split())
    return said if len(said) <= most else said[:most - 1].rstrip() + "…"


def judge_name(model: str) -> str:
    """A judge's name for people: of a folder only its last part, for a report goes to others."""
    return PurePath(model).name if PurePath(model).is_absolute() else model


def clip_name(video: str) -> str:
    """A clip's name: without the folders of the machine that judged it."""
    return PurePath(video.replace("\\", "/")).name or video


def judged_by(evaluation: Evaluation) -> str:
    """The judge and its precision."""
    return words.JUDGED_BY.format(name=judge_name(evaluation.model), precision=evaluation.precision) \
        if evaluation.precision else judge_name(evaluation.model)


def when(moment) -> str:
    """A time for people, in UTC."""
    return words.DATE.format(moment=moment)


def all_withheld(scores: Mapping[str, Score]) -> bool:
    """Whether nothing at all was judged."""
    return not any(scores[key].judged for key in KEYS)


def lacking(evaluation: Evaluation, key: str, keys: Collection[str] = KEYS) -> str:
    """What stands for a number that is not there: a dimension's, or the overall one, which is of `keys`."""
    withheld = not evaluation.scores[key].judged if key in KEYS else unjudged(evaluation, MEAN, keys)
    return words.WITHHELD if withheld else words.UNREAD


def number(evaluation: Evaluation | None, key: str, keys: Collection[str] = KEYS) -> str:
    """A dimension's expected score, or "overall", as a cell; what stands for one that is not there.

    keys: the dimensions that "overall" is of, where clips are compared with each other.
    """
    if evaluation is None:
        return '<span class="missing">–</span>'
    value = mean(evaluation, MEAN, keys) if key == "overall" else evaluation.scores[key].expected
    if value is None:
        return f'<span class="missing">{lacking(evaluation, key, keys)}</span>'
    return f"<b>{value:.2f}</b>"


def overall_of(keys: Collection[str]) -> str:
    """What the overall score is called where clips are compared in these dimensions."""
    count = len(weighed(MEAN, keys))
    return words.OVERALL if count == len(KEYS) else words.OVERALL_OF.format(count=count, of=len(KEYS))


def overall(evaluation: Evaluation) -> str:
    """The overall score, large."""
    value = evaluation.overall
    shown = (f'<b class="none">{lacking(evaluation, "overall")}</b>' if value is None else
             f"<b>{value:.2f}<small>/{SCALE[-1]}</small></b>")
    return f'<p class="overall">{shown}<span>{words.OVERALL}, {words.OVERALL_HINT}</span></p>'


def scores(item: Item, title: str = "") -> str:
    """The three scores with their distributions and reasons, beside the radar."""
    evaluation = item.evaluation
    assert evaluation is not None
    alone = all_withheld(evaluation.scores)
    lines = "".join(_dimension(key, evaluation.scores[key], not alone) for key in KEYS)
    missing = {key: lacking(evaluation, key) for key in KEYS if evaluation.scores[key].value is None}
    radar = svg.radar([(clip_name(item.video), svg.values(evaluation.scores))], missing)
    return (f'{withheld(evaluation) if alone else ""}<section class="scores"><h2>{title or words.SCORES}</h2>'
            f'<ol class="dimensions">{lines}</ol>{radar}{_sureness(evaluation)}</section>')


def _sureness(evaluation: Evaluation) -> str:
    """That no confidence is claimed, where none is."""
    there = [score for score in evaluation.scores.values() if score.expected is not None]
    none = there and all(score.confidence is None for score in there)
    return f'<p class="sure">{words.NO_CONFIDENCE}</p>' if none else ""


def _dimension(key: str, score: Score, why: bool) -> str:
    if score.value is not None:
        digit = f'<p class="digit">{score.value}<small>/{SCALE[-1]}</small></p>'
    else:
        digit = f'<p class="digit none">{words.UNREAD if score.judged else words.WITHHELD}</p>'
    said = []
    if score.expected is not None:
        said.append(words.EXPECTED.format(value=f"{score.expected:.2f}"))
        if score.confidence is not None:
            said.append(words.CONFIDENCE.format(percent=round(score.confidence * 100)))
    reason = words.UNREAD_WHY if score.value is None else ""
    reason = reason if score.judged else flat(words.worded(score.reason or ""))
    below = f"<p>{escape(', '.join(said))}</p>" if said else ""
    told = f'<p class="why">{escape(reason)}</p>' if reason and why else ""
    return (f"<li><div><h3>{words.LABELS[key]}</h3><p>{words.ASKS[key]}</p>{below}</div>"
            f"{digit}{svg.bars(score.distribution, score.value)}{told}</li>")


def withheld(evaluation: Evaluation) -> str:
    """Why nothing was judged, each reason once."""
    reasons = dict.fromkeys(flat(words.worded(score.reason)) for score in evaluation.scores.values()
                            if score.reason is not None)
    said = "".join(f"<p>{escape(reason)}</p>" for reason in reasons)
    return f'<section class="notice"><h2>{words.WITHHELD_TITLE}</h2>{said}</section>'


def stills(item: Item, level: int = 2) -> str:
    """The frames that are in the report, each with its number and time."""
    count = item.evaluation.frames if item.evaluation else 0
    if not item.stills:
        inside = f'<p class="small">{words.STILLS_NONE}</p>'
        said = ""
    else:
        inside = f'<ol class="stills{columns(len(item.stills))}">{"".join(map(_still, item.stills))}</ol>'
        said = words.STILLS_SOME.format(shown=len(item.stills), count=max(count, len(item.stills)))
    return (f'<section><div class="head"><h{level}>{words.STILLS}</h{level}><p class="small">{said}</p></div>'
            f"{inside}</section>")


def columns(count: int) -> str:
    """How so many pictures stand beside each other so that no row is nearly empty, as a class."""
    return " few" if count < 4 else " six" if count % 6 == 0 else " four" if count % 4 == 0 or count > 6 else ""


def picture(still: Still) -> str:
    """A still as an image that needs no other file."""
    said = words.STILL.format(number=still.number, time=_time(still.seconds))
    data = base64.b64encode(still.jpeg).decode()
    return (f'<img src="data:image/jpeg;base64,{data}" alt="{said}" width="{still.width}" height="{still.height}">')


def _still(still: Still) -> str:
    said = words.STILL_SHORT.format(number=still.number, time=_time(still.seconds))
    return f'<li><figure>{picture(still)}<figcaption aria-hidden="true">{said}</figcaption></figure></li>'


def _time(seconds: float) -> str:
    return f"{seconds:.2f}".rstrip("0").rstrip(".") or "0"


def rationale(evaluation: Evaluation, level: int = 2) -> str:
    """What the judge said, every sample of it, in its sections, each with its scores."""
    mark = f'<p class="why">{words.UNKNOWING}</p>' if all_withheld(evaluation.scores) else ""
    if evaluation.samples:
        count = len(evaluation.samples)
        made = "".join(_sample(evaluation, n, count) for n in range(count))
    elif evaluation.rationale.strip():
        made = _sections(evaluation.rationale, {key: evaluation.scores[key] for key in KEYS})
    else:
        direct = any(score.confidence is not None for score in evaluation.scores.values())
        made = f'<p class="small">{words.RATIONALE_NONE if direct else words.RATIONALE_SILENT}</p>'
        mark = ""
    aside = f'<p class="why">{escape(words.worded(evaluation.aside))}</p>' if evaluation.aside else ""
    return f'<section class="said"><h{level}>{words.RATIONALE}</h{level}>{mark}{aside}{made}</section>'


def _sample(evaluation: Evaluation, n: int, count: int) -> str:
    sample = evaluation.samples[n]
    own = sample.get("values") or {}
    scores = {key: score if not score.judged else Score(own.get(key)) for key, score in evaluation.scores.items()}
    shown = f" ({words.SAMPLE_SHOWN})" if n == evaluation.shown else ""
    digits = ", ".join(f"{words.SHORT[key]} {scores[key].value or _short(scores[key])}" for key in KEYS)
    said = str(sample.get("rationale", ""))
    body = _sections(said, scores) if said.strip() else f'<p class="small">{words.RATIONALE_SILENT}</p>'
    return (f'<div class="sample"><h3>{words.SAMPLE.format(number=n + 1, count=count)}{shown}</h3>'
            f'<p class="small">{escape(words.SAMPLE_SCORES.format(scores=digits))}</p>{body}</div>')


def _short(score: Score) -> str:
    return words.UNREAD if score.judged else words.WITHHELD


def _sections(said: str, scores: Mapping[str, Score]) -> str:
    cut = len(said) - MOST_WORDS
    found = answer.sections(said[:MOST_WORDS])
    made = []
    for heading, body in found.items():
        if heading in KEYS:
            score = scores[heading]
            kind, shown = ("", f"{score.value}/{SCALE[-1]}") if score.value is not None else (" none", _short(score))
            made.append(f'<h4>{words.LABELS[heading]} <span class="chip{kind}">{shown}</span></h4>')
        elif heading:
            made.append(f"<h4>{escape(heading[:1].upper() + heading[1:])}</h4>")
        made.append(f"<p>{escape(body)}</p>" if body else "")
    if cut > 0:
        made.append(f'<p class="small">{words.SHORTENED.format(count=cut)}</p>')
    return "".join(made)


Fact = tuple[str, str, bool]     # its name, what it says, whether it takes a line of its own


def facts(found: Iterable[Fact], sentences: str = "", title: str = "") -> str:
    """Facts as a section, by default about the judge and its settings. sentences: HTML that stands below."""
    made = "".join(f'<div{" class=wide" * wide}><dt>{escape(name)}</dt><dd>{escape(said)}</dd></div>'
                   for name, said, wide in found)
    return f'<section><h2>{title or words.JUDGE_SETTINGS}</h2><dl class="facts">{made}</dl>{sentences}</section>'


def judging(item: Item) -> tuple[Fact, ...]:
    """Whose its scores are, what that judge knows, and how it was asked."""
    evaluation = item.evaluation
    assert evaluation is not None
    whose = f"{judged_by(evaluation)}. {flat(words.worded(item.knows)) or words.KNOWS_NOT}"
    return ((words.JUDGE, whose, True), *((name, said, False) for name, said in settings(evaluation)))


def seeing(item: Item) -> tuple[Fact, ...]:
    """Which file it is, what the judge saw of it, and when."""
    evaluation = item.evaluation
    assert evaluation is not None
    seen = str(evaluation.frames)
    if evaluation.frame_times:
        first, last = (_time(evaluation.frame_times[n]) for n in (0, -1))
        seen = words.SEEN_OF.format(count=evaluation.frames, first=first, last=last)
    taken = words.TOOK.format(seconds=f"{evaluation.seconds.total:.1f}", tokens=evaluation.tokens)
    dated = () if item.evaluated is None else ((words.WHEN, when(item.evaluated), False),)
    return ((words.FILE, clip_name(item.video), False), (words.SEEN, seen, False), (words.SECONDS, taken, False),
            *dated)


def settings(evaluation: Evaluation) -> list[tuple[str, str]]:
    """How it was asked: (name, value) each."""
    options = evaluation.options
    if not options:
        return [(words.SETTINGS, words.SETTINGS_NONE)]
    think, samples = bool(options.get("think", True)), int(options.get("samples") or 1)
    found = [(words.THINK, words.YES if think else words.NO)]
    if think:
        found += [(words.BUDGET, words.TOKENS.format(count=options.get("budget"))), (words.SAMPLES, str(samples))]
        if samples > 1 or options.get("published"):
            found.append((words.TEMPERATURE, f"{options.get('temperature')}"))
    return [*found, (words.SEED, str(options.get("seed")))]


def ruled(rule: Rule) -> str:
    """What ranked the clips, in words."""
    if isinstance(rule, str):
        return words.RULES.get(rule, rule)
    return words.WEIGHTS.format(weights=", ".join(f"{words.SHORT[key]} {rule[key]:g}" for key in KEYS if key in rule))


def notes(evaluation: Evaluation) -> str:
    """What else is to be said of a judgement."""
    found = [flat(words.worded(note)) for note in dict.fromkeys(evaluation.warnings)]
    found += [words.LOOPED if evaluation.looped else words.CUT] if evaluation.truncated else []
    return listed(found)


def listed(sentences: Iterable[str]) -> str:
    """Sentences as a list of notes; "" for none."""
    lines = "".join(f"<li>{escape(words.worded(one))}</li>" for one in sentences)
    return f'<ul class="notes">{lines}</ul>' if lines else ""
