"""Numbers of cards and reports, which anyone may have written, as a page shows them."""
import math


def number(value) -> float | None:
    """The value if it is a finite number, else None."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain and math.isfinite(value) else None


def percent(share: float | None) -> str:
    """A share of 1 as percent, a dash for none."""
    return "–" if share is None else f"{100 * share:.1f} %"


def plain(value: float | None, form: str) -> str:
    """The number in a format, a dash for none."""
    return "–" if value is None else format(value, form)
