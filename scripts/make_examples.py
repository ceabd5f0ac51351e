"""Makes the example clips of rendered scenes and their pictures, one good, one a dimension: `python
scripts/make_examples.py`. Those of footage, with which pages begin, are of scripts/make_footage.py.

They are rendered from held-out seeds, so the built-in judge has never been trained on them. They are to show how it
explains a fault, so they are clips that it explains rightly, which it does not do of all (`vs2 bench scenes` says how
often it scores them rightly); tests/ui/test_examples.py holds each to what was rendered.
"""
import csv
import sys
from dataclasses import replace
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from vs2.scenes import draw, film, words, world  # noqa: E402
from vs2.ui.examples import SCENES  # noqa: E402

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


# Pictures for the pages: name -> the example, and where in it, from 0 to 1. The last one is where the box was.
STILLS = {"good": ("good", 0.3), "pixels": ("pixels", 0.5), "mismatch": ("mismatch", 0.3),
          "vanishes": ("vanishes", 0.2), "vanishes-after": ("vanishes", 0.7)}
SIDE = 176      # pixels, of a still


def still(example: world.Scene, place: float) -> Image.Image:
    """A frame of the scene, as a picture for the pages."""
    frames = draw.frames(example)
    return Image.fromarray(frames[round(place * (len(frames) - 1))]).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / SCENES).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("file", "prompt", "shows"))
        for name, example, shows in EXAMPLES:
            film.write(example, FOLDER / f"{name}.mp4")
            rows.writerow((f"{name}.mp4", words.caption(example.asked), shows))
    scenes = {name: example for name, example, _ in EXAMPLES}
    for name, (of, place) in STILLS.items():
        still(scenes[of], place).save(FOLDER / f"{name}.jpg", quality=82, optimize=True)


if __name__ == "__main__":
    main()
