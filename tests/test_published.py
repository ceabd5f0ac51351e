"""The published figures: each with its source, none of them ours, and the same wherever they are named."""
import re
from pathlib import Path

import pytest

from vs2 import published
from vs2.model import catalogue
from vs2.published import FACTS, FIGURES, Source

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("item", [*FIGURES, *FACTS], ids=lambda item: getattr(item, "key", None) or item.name)
def test_every_published_figure_has_a_source(item):
    assert isinstance(item.source, Source) and item.source.name.strip()
    assert re.fullmatch(r"https://(arxiv\.org/abs/2509\.22799|huggingface\.co/(datasets/)?TIGER-Lab/\w+)",
                        item.source.url)


def test_every_figure_says_who_was_measured_on_what():
    assert len({figure.key for figure in FIGURES}) == len(FIGURES)
    for figure in FIGURES:
        assert figure.judge and figure.metric and figure.data and 0 < figure.value < 100


def test_the_figures_are_those_of_the_paper():
    # Its margin over the next best judge is published as well, and holds the two figures together.
    assert [published.BY_KEY[key].value for key in ("accuracy", "out_of_domain")] == [44.35, 50.37]
    assert round(published.BY_KEY["accuracy"].value - published.BY_KEY["next_best"].value, 2) == 5.94


def test_the_listing_of_judges_says_the_same():
    said = catalogue._published()["metrics"]["VideoScore-Bench-v2"]["exact"]
    assert said == pytest.approx(published.BY_KEY["accuracy"].value / 100)


def test_the_citation_is_the_papers_and_names_nobody_unsure():
    entry = published.bibtex()
    assert entry.startswith("@misc{") and entry.count("{") == entry.count("}")
    assert published.TITLE in entry and "{2509.22799}" in entry and "{2025}" in entry and "author" not in entry
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert published.TITLE in readme and published.ARXIV in readme


def test_the_readme_cites_the_same_paper():
    assert published.bibtex() in (ROOT / "README.md").read_text(encoding="utf-8")
