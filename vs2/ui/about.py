"""The About page: what the scores mean and how they are made, what is kept where, how to script and to cite it."""
from collections.abc import Iterable
from functools import partial
from html import escape

import gradio as gr

from vs2 import published
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.model.card import Card
from vs2.rubric import KEYS, SCALE
from vs2.scenes import world
from vs2.settings import Settings
from vs2.ui import text as shared
from vs2.ui.article import Cell, Group, code, listing, paragraph, prose, section, table, terms
from vs2.ui.benchmarks import running
from vs2.ui.said import worded
from vs2.ui.site import Site
from vs2.ui.text import about as text
from vs2.ui.whose import SECTION, mini_card, shown

# p(1) to p(5) at the digit after each of three rationales: the worked example.
EXAMPLE = ((0.0, 0.0, 0.02, 0.97, 0.01), (0.0, 0.03, 0.93, 0.03, 0.01), (0.0, 0.0, 0.04, 0.95, 0.01))
ALIGNMENT, PHYSICAL = (0.0, 0.0, 0.0, 0.1, 0.9), (0.0, 0.75, 0.25, 0.0, 0.0)  # its other two dimensions
DEFAULT = "http://127.0.0.1:7860/"
# The address in the code is the one that the page was opened at.
ADDRESS = """
for (const place of element.querySelectorAll("code"))
  place.textContent = place.textContent.replace("ADDRESS", location.origin + location.pathname);
""".replace("ADDRESS", DEFAULT)


def scores() -> str:
    """What each dimension and each of its five steps means."""
    asked = [(Cell(shared.LABELS[key], shared.ASKS[key]), text.ASKS[key]) for key in KEYS]
    steps = [(str(score), _fault(score, text.NO_FAULT), _differing(score), _fault(score, text.NO_BREACH))
             for score in reversed(SCALE)]
    elements = (text.ELEMENT.get(name, name) for name in world.ELEMENTS)
    return section(
        "about-scores", text.SCORES, paragraph(text.SCORES_NOTE),
        table(text.SCORES_CAPTION, (text.DIMENSION, text.ASKED), [Group("", asked)], "vs-doc-facts"),
        paragraph(text.STEPS_PUBLISHED), paragraph(text.STEPS_MINI),
        table(text.STEPS_CAPTION, (text.SCORE, *(shared.SHORT[key] for key in KEYS)), [Group("", steps)],
              "vs-doc-steps"),
        paragraph(text.STEPS_NOTE.format(most=world.STRENGTHS[-1], visual=_listed(world.VISUAL_FAULTS),
                                         physical=_listed(world.PHYSICAL_FAULTS), elements=_listed(elements)),
                  "vs-doc-note"))


def _listed(names: Iterable[str]) -> str:
    return shared.LIST.join(map(worded, names))


def _fault(score: int, none: str) -> str:
    strength = SCALE[-1] - score
    return text.FAULT.format(strength=strength) if strength else none


def _differing(score: int) -> str:
    count = SCALE[-1] - score
    if count < 2:
        return text.ONE_DIFFERS if count else text.AS_ASKED
    return (text.DIFFER_MORE if score == SCALE[0] else text.DIFFER).format(count=count)


def mixture() -> tuple[float, ...]:
    """The mean of the worked example's distributions."""
    return tuple(sum(column) / len(EXAMPLE) for column in zip(*EXAMPLE, strict=True))


def example() -> tuple[Score, Score, Evaluation]:
    """The worked example: the score after the first rationale, that of the mixture, and the whole evaluation."""
    alone, mixed = Score.of(4, EXAMPLE[0], False), Score.of(4, mixture(), True)
    found = dict(zip(KEYS, (mixed, Score.of(5, ALIGNMENT, True), Score.of(2, PHYSICAL, True)), strict=True))
    return alone, mixed, Evaluation("", "", "", "", "", found, 0, Seconds(), 0)


def numbers() -> str:
    """How value, distribution, expected, confidence and overall are made, with the example."""
    alone, mixed, evaluation = example()

    def row(name: str, distribution) -> tuple:
        return (name, *(Cell(f"{p:.2f}", number=True) for p in distribution))

    rows = [row(text.RATIONALE.format(number=n), distribution) for n, distribution in enumerate(EXAMPLE, 1)]
    rows.append(row(text.MIXTURE, mixture()))
    total = " + ".join(f"{score} × {p:.2f}" for score, p in zip(SCALE, mixture(), strict=True) if p >= 0.005)
    _, alignment, physical = (f"{evaluation.scores[key].expected:.2f}" for key in KEYS)
    return section(
        "about-numbers", text.NUMBERS, terms(text.NUMBERS_TERMS), paragraph(text.EXAMPLE),
        table(text.EXAMPLE_CAPTION, ("", *map(str, SCALE)), [Group("", rows)], "vs-doc-example"),
        listing([text.ALONE.format(value=alone.value, expected=f"{alone.expected:.2f}"),
                 text.MIXED.format(value=mixed.value, sum=total, expected=f"{mixed.expected:.2f}",
                                   confidence=f"{mixed.confidence:.0%}".replace("%", " %")),
                 text.OVERALL.format(alignment=alignment, physical=physical, overall=f"{evaluation.overall:.2f}")]))


def knows(judge) -> str:
    """What the judge that runs, or None, and the named ones know, as their cards say it."""
    card = judge.card if judge is not None else mini_card()
    here = [paragraph(text.HERE.format(judge=shown(judge.name)) if judge else text.LOADING, "vs-doc-strong")]
    if card is not None:
        here.append(_card(card))
    return section(
        "about-judges", text.KNOWS, *here, paragraph(text.MINI), listing(text.MINI_LIMITS),
        paragraph(text.PUBLISHED), paragraph(text.OPINION))


def _card(card: Card) -> str:
    sampling = card.sampling
    sees = text.SEES_FIXED if sampling.min_frames == sampling.max_frames else text.SEES
    trained = worded(card.trained_on.rstrip("."))
    said = [worded(card.knows), text.TRAINED_ON.format(trained_on=trained) if trained else ""]
    said = [one for one in said if one] or [text.NO_CARD]
    said.append(sees.format(fps=f"{sampling.fps:g}", least=sampling.min_frames, most=sampling.max_frames))
    return "".join(paragraph(one) for one in said)


def ways() -> str:
    """How to have the published judge, for real footage: what the page's links at scores lead to."""
    return section(
        SECTION, text.WAYS, paragraph(text.WAYS_NOTE),
        paragraph(text.WAY_GPU), code(text.WAY_GPU_CODE, text.WAY_GPU),
        paragraph(text.WAY_SPACE),
        table(text.WAY_SPACE_CAPTION, (text.HARDWARE, text.SERVES, text.PAYS), [Group("", text.SPACES)],
              "vs-doc-facts"),
        paragraph(text.WAY_SPACE_NOTE, "vs-doc-note"),
        paragraph(text.WAY_SERVER), code(text.WAY_SERVER_CODE, text.WAY_SERVER))


def privacy(settings: Settings) -> str:
    """What is stored where, until when, and who sees it."""
    evaluate = f'<a href="?" data-open>{escape(shared.PAGES["evaluate"])}</a>'
    yours = prose(text.YOURS).replace("[Evaluate]", evaluate)
    return section(
        "about-privacy", text.PRIVACY,
        table(text.PRIVACY_CAPTION, (text.WHAT, text.WHERE, text.UNTIL), [Group("", text.STORED)], "vs-doc-facts"),
        paragraph(text.SHARED if settings.shared_history else text.PRIVATE), f"<p>{yours}</p>")


def rest() -> str:
    """Scripts and citing."""
    client = text.CLIENT.format(api=shared.API)
    return (section("about-script", text.SCRIPT,
                    paragraph(client), code(text.CLIENT_CODE.replace("{address}", DEFAULT), client),
                    paragraph(text.TERMINAL), code(text.TERMINAL_CODE, text.TERMINAL),
                    paragraph(text.PYTHON), code(text.PYTHON_CODE, text.PYTHON))
            + section("about-cite", text.CITE, paragraph(text.CITE_NOTE), code(published.bibtex(), text.BIBTEX),
                      paragraph(text.CITE_SOFTWARE), paragraph(text.LICENCE)))


class AboutPage:
    """The page's components; what the judge knows is read again whenever the page is opened."""

    NAME = "about"

    def __init__(self, site: Site, address: gr.HTML):
        self.site = site
        html = partial(gr.HTML, apply_default_css=False)
        lead = paragraph(text.INTRO, "vs-doc-lead")
        html(lead + scores() + numbers(), elem_id="about-meaning")
        self.judge = html(self.open({})[0], elem_id="about-knows")
        html(ways() + privacy(site.settings) + rest(), elem_id="about-rest", js_on_load=ADDRESS)
        self.opens = [self.judge]

    def open(self, address: dict) -> list:
        """Values for `opens`: the judge may have been loaded since the page was made."""
        return [knows(running(self.site.host))]
