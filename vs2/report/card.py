"""A share card: an evaluation or a comparison as one PNG, 1200 x 630, as links to a page are shown with.

Drawn with the fonts in assets/card, which have Latin, Cyrillic, Chinese, Japanese and Korean letters. A letter
that they lack is never drawn as a box: the prompt is then left out, and the card says so. No confidence is claimed
where there is none, and what was not judged has no number.
"""
import io
from collections.abc import Callable, Collection, Sequence
from functools import cache, partial
from unicodedata import category, normalize

from PIL import Image, ImageDraw, ImageFont

from vs2.candidates import overall
from vs2.errors import BadInput
from vs2.evaluation import Evaluation
from vs2.report import parts, words
from vs2.report.model import COMPARISON, EVALUATION, Item, Report
from vs2.resources import ASSETS
from vs2.rubric import KEYS, SCALE

SIZE = (1200, 630)
MARGIN = 56
MORE = "..."        # the ellipsis of a Chinese font stands in the middle of the line
MOST_PROMPT, MOST_FITTED = 600, 300     # characters that are tried: more than there is room for at any size
MOST = 3            # candidates of a comparison that a card shows: the first of the ranking
GROUND, SURFACE, WELL, INK, QUIET, ACCENT, TINT, WARN = ("#f6f6f3", "#ffffff", "#e7e8e3", "#15191c", "#596166",
                                                         "#0b6b5d", "#e3f0ed", "#7a4b00")
Draw = ImageDraw.ImageDraw
Font = ImageFont.FreeTypeFont


@cache
def font(size: int, bold: bool = False) -> Font:
    """The card's own font, in pixels; the bold one has ASCII only."""
    return ImageFont.truetype(ASSETS / "card" / ("bold.otf" if bold else "regular.otf"), size,
                              layout_engine=ImageFont.Layout.BASIC)


@cache
def _missing() -> bytes:
    """How the font draws what it has not: every letter that looks so is one of them."""
    return bytes(font(32).getmask("\U0010fffe"))


@cache
def _drawable(letter: str) -> bool:
    return letter == " " or bytes(font(32).getmask(letter)) != _missing()


def drawable(said: str) -> bool:
    """Whether the font has every letter of it."""
    return all(map(_drawable, said))


def plain(said: str) -> str:
    """The text on one line as it may be drawn: composed, without marks that only control how text runs."""
    composed = normalize("NFC", " ".join(said.split()))
    return "".join(letter for letter in composed if category(letter) not in ("Cf", "Cc", "Cs", "Co", "Cn"))


def png(report: Report) -> bytes:
    """The card of a report as the bytes of a PNG. Raises BadInput for what has no card: a batch, a duel, no scores."""
    judged = [item for item in report.items if item.evaluation is not None]
    if report.kind not in (EVALUATION, COMPARISON) or not judged:
        raise BadInput("Only an evaluation or a comparison has a share card: make a report of this instead.")
    image = Image.new("RGB", SIZE, GROUND)
    draw = ImageDraw.Draw(image)
    (_one if report.kind == EVALUATION else _several)(image, draw, report, judged)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def prompt(draw: Draw, said: str, box: tuple[int, int, int], lines: int, size: int) -> int:
    """Draws the prompt in `lines` lines at most, from box = (left, top, width) on, smaller where it is long; where it
    ends below."""
    left, top, width = box
    said = plain(said)
    said = said[:MOST_PROMPT] if drawable(said) else said
    colour = INK
    if not drawable(said):
        said, colour, size = words.CARD_PROMPT_MARK, QUIET, 26
    while True:
        used = font(size)
        rows = wrapped(said, used, width)
        if len(rows) <= lines or size <= 24:
            break
        size -= 4
    if len(rows) > lines:
        rows = [*rows[:lines - 1], fitted("".join(rows[lines - 1:]) if not rows[0].endswith(" ") else
                                          " ".join(row.strip() for row in rows[lines - 1:]), used, width)]
    for row in rows:
        draw.text((left, top), row.strip(), INK if colour == INK else colour, used)
        top += round(size * 1.34)
    return top


def wrapped(said: str, used: Font, width: int) -> list[str]:
    """The text in lines that fit: broken between words, and between any two letters of scripts without spaces."""
    rows, row = [], ""
    for piece in _pieces(said):
        if row and used.getlength((row + piece).rstrip()) > width:
            rows.append(row)
            row = ""
        while used.getlength(piece.rstrip()) > width:       # one word that is wider than a line
            cut = max(1, _most(len(piece) - 1, width, partial(_length, used, piece)))
            rows.append(piece[:cut])
            piece = piece[cut:]
        row += piece
    return [*rows, row] if row.strip() else rows


def _length(used: Font, said: str, letters: int) -> float:
    return used.getlength(said[:letters])


def _most(most: int, width: int, length: Callable[[int], float]) -> int:
    """The most letters, up to `most`, whose length is at most `width`; 0 where not even none fits."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if length(middle) <= width else (low, middle - 1)
    return low


def _pieces(said: str) -> list[str]:
    """The text in pieces between which a line may break: words with the space behind them, single wide letters with
    the punctuation behind them, which begins no line."""
    pieces: list[str] = []
    for letter in said:
        wide = "\u2e80" <= letter <= "\uffef" and not "\uac00" <= letter <= "\ud7a3"
        before = pieces[-1][-1] if pieces else " "
        breaks = before == " " or wide or "\u2e80" <= before <= "\uabff"
        if pieces and (letter == " " or not breaks or category(letter) in ("Pe", "Pf", "Po")):
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


def fitted(said: str, used: Font, width: int) -> str:
    """The text, cut with an ellipsis where it is wider than that."""
    whole = plain(said)
    said = whole[:MOST_FITTED]
    if said == whole and used.getlength(said) <= width:
        return said
    fits = _most(len(said), width, lambda n: used.getlength(said[:n].rstrip() + MORE))
    return said[:fits].rstrip() + MORE


def _name(said: str, used: Font, width: int, instead: str) -> str:
    """A file's or a judge's name; `instead` where it cannot be drawn."""
    return fitted(said, used, width) if drawable(plain(said)) else instead


def _still(image: Image.Image, item: Item, box: tuple[int, int, int, int], at: float = 0.5) -> None:
    """A still in the box (left, top, right, bottom), whole, with round corners; without one, that there is none."""
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    tile = Image.new("RGB", (wide, high), WELL)
    if item.stills:
        still = item.stills[min(len(item.stills) - 1, int(len(item.stills) * at))]
        with Image.open(io.BytesIO(still.jpeg)) as opened:
            picture = opened.convert("RGB")
        scale = min(wide / picture.width, high / picture.height)
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
        tile.paste(picture, ((wide - size[0]) // 2, (high - size[1]) // 2))
    else:
        ImageDraw.Draw(tile).text((wide / 2, high / 2), words.CARD_NO_STILL, QUIET, font(22), anchor="mm")
    mask = Image.new("L", (wide * 2, high * 2), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, wide * 2 - 1, high * 2 - 1), 28, 255)
    image.paste(tile, (left, top), mask.resize((wide, high), Image.Resampling.LANCZOS))


def _frame(draw: Draw, items: Sequence[Item]) -> None:
    """What stands on every card: whose the scores are, what those judges know, and what the scores are not."""
    judges = dict.fromkeys((parts.judged_by(item.evaluation), item.knows) for item in items if item.evaluation)
    bottom, width = SIZE[1] - 56, SIZE[0] - 2 * MARGIN
    draw.line((MARGIN, bottom - 58, SIZE[0] - MARGIN, bottom - 58), WELL, 2)
    names = " · ".join(name for name, _ in judges)
    by = words.CARD_BY.format(name=_name(names, font(24), 600, words.CARD_JUDGE))
    draw.text((MARGIN, bottom - 26), by, INK, font(24), anchor="ls")
    draw.text((SIZE[0] - MARGIN, bottom - 26), words.CARD_CAVEAT, QUIET, font(20), anchor="rs")
    knows = " · ".join(dict.fromkeys(parts.flat(said) or words.KNOWS_NOT for _, said in judges))
    rows = wrapped(plain(knows) if drawable(plain(knows)) else words.KNOWS_NOT, font(17), width)
    for n, row in enumerate([*rows[:1], *([fitted("".join(rows[1:]), font(17), width)] if rows[1:] else [])]):
        draw.text((MARGIN, bottom + 24 * n), row.strip(), QUIET, font(17), anchor="ls")


def _one(image: Image.Image, draw: Draw, report: Report, judged: Sequence[Item]) -> None:
    item = judged[0]
    evaluation = item.evaluation
    assert evaluation is not None
    draw.text((MARGIN, MARGIN), "VideoScore2", ACCENT, font(26, bold=True), anchor="lt")
    _still(image, item, (MARGIN, 104, 556, 378))
    for n, at in enumerate((0.0, 0.34, 0.99)):
        if len(item.stills) > 2:
            left = MARGIN + n * 170
            _still(image, item, (left, 394, left + 160, 484), at)
    left, width = 604, SIZE[0] - MARGIN - 604
    top = max(prompt(draw, item.prompt, (left, 92, width), 3, 40) + 12, 226)
    for n, key in enumerate(KEYS):
        y = top + n * 74
        score = evaluation.scores[key]
        draw.text((left, y), words.SHORT[key], INK, font(26), anchor="lt")
        right = SIZE[0] - MARGIN
        if score.value is None:
            draw.text((right, y), parts.lacking(evaluation, key), WARN, font(26), anchor="rt")
        else:
            draw.text((right, y - 4), f"{score.value}", INK, font(38, bold=True), anchor="rt")
            for step in SCALE:
                x = left + (step - 1) * (width // 5)
                draw.rounded_rectangle((x, y + 42, x + width // 5 - 8, y + 52), 5,
                                       ACCENT if step <= score.value else WELL)
    below = top + 3 * 74 + 4
    if parts.all_withheld(evaluation.scores):
        why = parts.flat(next(filter(None, (score.reason for score in evaluation.scores.values())), ""))
        for row in wrapped(plain(why) if drawable(plain(why)) else "", font(20), width)[:2]:
            draw.text((left, below), row.strip(), QUIET, font(20), anchor="lt")
            below += 27
    else:
        draw.text((left, below), _sureness(evaluation), QUIET, font(20), anchor="lt")
    _frame(draw, judged)


def _sureness(evaluation: Evaluation) -> str:
    """The confidences, or that none is claimed; "" without a score."""
    scored = [score for score in evaluation.scores.values() if score.value is not None]
    sure = [round(score.confidence * 100) for score in scored if score.confidence is not None]
    if not sure:
        return words.CARD_NO_CONFIDENCE if scored else ""
    if min(sure) == max(sure):
        return words.CONFIDENCE.format(percent=sure[0])
    return words.CARD_CONFIDENCE.format(least=min(sure), most=max(sure))


def _several(image: Image.Image, draw: Draw, report: Report, judged: Sequence[Item]) -> None:
    decision = report.decision
    order = list(decision.ranking) if decision else list(range(len(report.items)))
    shown = [report.items[n] for n in order if report.items[n].evaluation is not None][:MOST] or judged[:MOST]
    draw.text((MARGIN, MARGIN), "VideoScore2", ACCENT, font(26, bold=True), anchor="lt")
    prompts = dict.fromkeys(item.prompt for item in report.items)
    if len(prompts) == 1:
        prompt(draw, next(iter(prompts)), (MARGIN, 94, SIZE[0] - 2 * MARGIN), 2, 34)
    gap = 24
    width = min(440, (SIZE[0] - 2 * MARGIN - (len(shown) - 1) * gap) // len(shown))
    start = (SIZE[0] - len(shown) * width - (len(shown) - 1) * gap) // 2
    for n, item in enumerate(shown):
        left = start + n * (width + gap)
        index = report.items.index(item)
        won = decision is not None and decision.winner == index
        tied = decision is not None and index in decision.tied
        draw.rounded_rectangle((left, 188, left + width, 504), 16, TINT if won else SURFACE, ACCENT if won else WELL, 2)
        _still(image, item, (left + 12, 200, left + width - 12, 364))
        mark = words.CARD_WINNER if won else words.CARD_TIE if tied else ""
        room = width - 32 - (font(20).getlength(mark) + 12 if mark else 0)
        name = _name(parts.clip_name(item.video), font(22), int(room) - 36, words.CANDIDATE.format(number=item.number))
        draw.text((left + 16, 378), f"{item.number}", ACCENT, font(22, bold=True), anchor="lt")
        draw.text((left + 40, 376), name, INK, font(22), anchor="lt")
        draw.text((left + width - 16, 378), mark, ACCENT, font(20), anchor="rt")
        _column(draw, item, left + 16, left + width - 16, report.keys)
    if len(report.items) > len(shown):
        draw.text((SIZE[0] - MARGIN, MARGIN), words.CARD_MORE.format(shown=len(shown), count=len(report.items)), QUIET,
                  font(20), anchor="rt")
    _frame(draw, judged)


def _column(draw: Draw, item: Item, left: int, right: int, keys: Collection[str]) -> None:
    """The three expected scores of a candidate below each other, and the overall one, which is of `keys`."""
    evaluation = item.evaluation
    assert evaluation is not None
    for n, key in enumerate((*KEYS, "overall")):
        y = 410 + n * 23
        value = overall(evaluation, keys=keys) if key == "overall" else evaluation.scores[key].expected
        label = parts.overall_of(keys) if key == "overall" else words.SHORT[key]
        draw.text((left, y), label, QUIET if key != "overall" else INK, font(18), anchor="lt")
        draw.text((right, y), parts.lacking(evaluation, key, keys) if value is None else f"{value:.2f}",
                  WARN if value is None else INK, font(18), anchor="rt")
