"""Makes the fonts of the share cards (assets/card): `python scripts/card_font.py NotoSansCJK-VF.otf.ttc`.

They are parts of Noto Sans CJK (SIL Open Font License 1.1, assets/card/LICENSE): the letters of prompts in Latin,
Cyrillic, Chinese (GB 2312, the first level of Big5), Japanese and Korean (KS X 1001) at one weight, ASCII at a
bold one.
fontTools does it, which comes with matplotlib (the extra `train`). The variable collection is released by its makers
(notofonts/noto-cjk) and lies in the package manimgx-fonts-cjk as well.
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection
from fontTools.varLib import instancer

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "card"
SIMPLIFIED = "Noto Sans CJK SC"
RANGES = ((0x20, 0x7E), (0xA0, 0x17F), (0x370, 0x3FF), (0x400, 0x45F), (0x2010, 0x2027), (0x2030, 0x203A),
          (0x20A0, 0x20BF), (0x2190, 0x2193), (0x2200, 0x226B), (0x3000, 0x30FF), (0xFF01, 0xFF5E), (0xFFE0, 0xFFE6))
SETS = (("gb2312", 0xB0, 0xF7, 0xA1), ("big5", 0xA4, 0xC6, 0x40), ("euc_kr", 0xB0, 0xC8, 0xA1))  # first bytes, second


def letters() -> set[int]:
    """The code points of the regular font."""
    found = {point for first, last in RANGES for point in range(first, last + 1)}
    for encoding, first, last, second in SETS:
        for lead in range(first, last + 1):
            for trail in range(second, 0xFF):
                decoded = bytes((lead, trail)).decode(encoding, "ignore")
                found |= {ord(letter) for letter in decoded if ord(letter) > 0x7F}
    return found


def make(source: str, points: set[int], weight: int, path: Path) -> None:
    """The font of these code points at one weight, without what lines of text in other directions need."""
    fonts = TTCollection(source).fonts
    font = next(one for one in fonts if one["name"].getBestFamilyName() == SIMPLIFIED)
    options = subset.Options(layout_features=["kern", "mark", "mkmk"], name_IDs=[0, 1, 2, 13, 14],
                             drop_tables=["BASE", "VORG", "vhea", "vmtx", "VVAR", "DSIG", "STAT", "MVAR"])
    cut = subset.Subsetter(options)
    cut.populate(unicodes=points)
    cut.subset(font)
    instancer.instantiateVariableFont(font, {"wght": weight}, inplace=True)
    font.save(path)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    make(sys.argv[1], letters(), 420, FOLDER / "regular.otf")
    make(sys.argv[1], set(range(0x20, 0x7F)) | {0x2013, 0x2014, 0x2026, 0xB7}, 700, FOLDER / "bold.otf")
