"""The judges that can be named without a folder: what each is, knows and measured, and the default here."""
from dataclasses import asdict

from vs2 import driver
from vs2.errors import Problem
from vs2.model import checkpoint
from vs2.model.card import Card
from vs2.settings import Settings

PUBLISHED_KNOWS = "AI-generated videos of all kinds; the published VideoScore2, Qwen2.5-VL 7B."     # it has no card


def listing(settings: Settings) -> dict:
    """`{models: [...], default, why}` as plain JSON values; sizes in bytes, metrics in fractions of 1.

    scope: what a judge withholds of clips that it knows nothing of (`vs2.model.card.ScopeCard`), None where nothing.
    """
    if settings.model != "auto":
        default, why = settings.model, "VS2_MODEL names it"
    elif device := driver.cuda():
        default, why = checkpoint.PUBLISHED, f"this machine has a CUDA device ({device.name})"
    else:
        default, why = checkpoint.MINI, "this machine has no CUDA device"
    return {"models": [_mini(), _published()], "default": default, "why": why}


def _mini() -> dict:
    record: dict[str, object] = {"name": checkpoint.MINI, "parameters": None, "bytes": None, "here": False,
                                 "knows": "", "trained_on": "", "metrics": {}, "scope": None, "problem": None}
    try:
        found = checkpoint.locate(checkpoint.MINI)
        card = Card.read(found.folder)
    except Problem as problem:
        return record | {"problem": str(problem)}
    return record | {"parameters": found.parameters, "bytes": found.stored, "here": True, "knows": card.knows,
                     "trained_on": card.trained_on, "metrics": card.metrics,
                     "scope": card.scope and asdict(card.scope)}


def _published() -> dict:
    """Facts of the paper (arXiv 2509.22799): accuracy on VideoScore-Bench-v2, the mean of the three dimensions."""
    from huggingface_hub import try_to_load_from_cache

    here = isinstance(try_to_load_from_cache(checkpoint.PUBLISHED, "config.json"), str)
    return {"name": checkpoint.PUBLISHED, "parameters": 8_300_000_000, "bytes": 16_600_000_000, "here": here,
            "knows": PUBLISHED_KNOWS,
            "trained_on": "VideoFeedback2: 27,168 videos with scores and rationales.",
            "metrics": {"VideoScore-Bench-v2": {"exact": 0.4435}}, "scope": None, "problem": None}
