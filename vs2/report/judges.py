"""What a judge knows, by its name, without loading it: as its card says."""
from functools import cache
from pathlib import Path

from vs2.errors import Problem
from vs2.model import catalogue, checkpoint
from vs2.model.card import Card


@cache
def knows(model: str) -> str:
    """What its card says that the judge of that name knows; "" where this machine has no card of it."""
    if model == checkpoint.PUBLISHED:
        return catalogue.PUBLISHED_KNOWS
    folder = checkpoint.ASSETS / checkpoint.MINI if model == checkpoint.MINI else Path(model)
    try:
        return Card.read(folder).knows if folder.is_dir() else ""
    except (Problem, OSError, ValueError):      # no folder at all, or a card that cannot be read: then nobody knows
        return ""
