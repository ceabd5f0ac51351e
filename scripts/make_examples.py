"""Makes the page's example clips, one good and one for each dimension: `python scripts/make_examples.py`.

They are rendered from held-out seeds, so the built-in judge has never been trained on them. They are to show how it
explains a fault, so they are clips that it explains rightly, which it does not do of all (`vs2 bench scenes` says how
often it scores them rightly); tests/ui/test_examples.py holds each to what was rendered.
"""
import csv
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from vs2.scenes import film, words, world  # noqa: E402

FOLDER = ROOT / "assets" / "examples"
GOOD = world.Content(1, "red", "ball", "bounces", "grass", ("blue", "box"))


def scene(number: int, shown=GOOD, asked=None, visual=None, physical=None) -> world.Scene:
    return world.Scene(world.HELD_OUT * 2 + number, shown, asked or shown, visual, physical)


EXAMPLES = (
    ("good", scene(1), "Good: as asked, clean, and it falls as things fall"),
    ("pixels", scene(20, replace(GOOD, shape="star", motion="swings"), visual=world.Fault("pixelation", 3)),
     "Visual quality: strong pixelation"),
    ("mismatch", scene(3, replace(GOOD, colour="yellow", background="sand", beside=None), GOOD),
     "Alignment: another colour, another ground, an object missing"),
    ("vanishes", scene(60, replace(GOOD, colour="green", shape="box", motion="slides", background="snow", beside=None),
                       physical=world.Fault("vanishes", 4, 0.6)),
     "Physics: it vanishes on its way"),
)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "examples.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("file", "prompt", "shows"))
        for name, example, shows in EXAMPLES:
            film.write(example, FOLDER / f"{name}.mp4")
            rows.writerow((f"{name}.mp4", words.caption(example.asked), shows))


if __name__ == "__main__":
    main()
