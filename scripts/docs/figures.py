"""Tables of figures: what the authors published (vs2/published.py), and what the built-in judge's card says."""
from vs2 import published as figures
from vs2.model import checkpoint
from vs2.model.card import Card
from vs2.resources import ASSETS
from vs2.rubric import DIMENSIONS


def published() -> str:
    """A row for each published figure, with its source."""
    rows = [f"| {one.judge} | {one.metric} | {one.data} | {'about ' if one.about else ''}{one.value:g} % | "
            f"[{one.source.name}]({one.source.url}) |" for one in figures.FIGURES]
    return "\n".join(["| judge | what | on | figure | source |", "|---|---|---|---|---|", *rows])


def measured() -> str:
    """A row for each dimension of the suite `scenes`, from the card of the built-in judge."""
    metrics = Card.read(ASSETS / checkpoint.MINI).metrics
    rows = [f"| {one.label} | {found['exact']:.3f} | {found['within_one']:.3f} | {found['pearson']:.3f} | "
            f"{found['spearman']:.3f} |" for one in DIMENSIONS for found in [metrics[one.key]]]
    return "\n".join([f"{metrics['clips']} held-out scenes, `mini`:", "",
                      "| dimension | exact | within one | Pearson | Spearman |", "|---|---|---|---|---|", *rows])
