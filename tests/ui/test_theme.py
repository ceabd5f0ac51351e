"""The pages' look: colours that everyone can read, and nothing fetched from elsewhere."""
import re

import pytest

from vs2.ui import theme


def luminance(colour: str) -> float:
    channels = (int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5))
    return sum(weight * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
               for weight, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("which", [0, 1], ids=["light", "dark"])
def test_text_has_enough_contrast(which):
    colour = {name: pair[which] for name, pair in theme.COLOURS.items()}
    for ground in ("ground", "surface", "well"):
        assert contrast(colour["ink"], colour[ground]) >= 7
        assert contrast(colour["quiet"], colour[ground]) >= 4.5
        assert contrast(colour["accent"], colour[ground]) >= 4.5
        assert contrast(colour["edge"], colour[ground]) >= 3
    assert contrast(colour["on-accent"], colour["accent"]) >= 4.5
    assert contrast(colour["on-accent"], colour["accent-strong"]) >= 4.5
    assert contrast(colour["ink"], colour["danger-tint"]) >= 4.5


def test_the_page_asks_no_other_machine_for_anything():
    assert not re.search(r"https?://|@import|url\(", theme.css() + theme.head())
