"""From files to a part that a judge uses: look, teach, stop and go on, ship; tiny, with an eye that knows nothing."""
import csv
import json
import shutil

import numpy as np
import pytest
import torch

from train.data import foreign
from train.footage import imagenet, seen, ship, teach
from vs2 import judge
from vs2.errors import BadInput
from vs2.model.eye import Network
from vs2.resources import ASSETS
from vs2.scenes import film

CLIPS = 30


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """(a folder of what was seen, its table): 30 clips, 10 of them rated, 6 of cameras."""
    folder = tmp_path_factory.mktemp("footage")
    y, x = np.mgrid[0:64, 0:80] / 7
    with (folder / "films.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "generator", "kind", "source", "prompt_index", "static_quality", "temporal_quality"])
        for number in range(CLIPS):
            frames = np.stack([np.stack([127 + 100 * np.sin(a * x + y + n * number / 9) for a in (1, 1.5, 2)], -1)
                               for n in range(12)]).astype(np.uint8)
            film.write_frames(frames, folder / f"clip{number}.mp4", 8)
            rated = [number, 1 + number % 5, 5 - number % 5] if number < 10 else ["", "", ""]
            rows.writerow([f"clip{number}.mp4", "wan2.2", "camera" if number >= 24 else "t2v", f"source {number % 12}",
                           *rated])
    with pytest.MonkeyPatch.context() as patch:
        torch.manual_seed(0)
        eye = Network().requires_grad_(False)
        patch.setattr(imagenet, "network", lambda: eye)
        patch.setattr(seen, "MADE", 2)
        patch.setattr(seen, "SOFT", 4)
        patch.setattr(foreign, "KINDS", dict(list(foreign.KINDS.items())[:2]))
        seen.run(folder / "out", [folder / "films.csv"], 1)
        yield folder / "out", folder / "films.csv"


@pytest.mark.slow
def test_a_part_is_made_and_judges(looked, tmp_path):
    output, table = looked
    labels = seen.kept(output)[2]
    assert sum(label["pass"] == 0 for label in labels) == CLIPS and any(label["visual"] for label in labels)
    teach.run(output, [table], (1, 2), steps=2)
    state = (output / "model" / "state.pt").stat().st_mtime_ns
    part = teach.run(output, [table], (1, 2), resume=True, steps=3)
    assert (part / "state.pt").stat().st_mtime_ns > state
    assert torch.load(part / "state.pt", weights_only=True)["step"] == 3
    held = set(json.loads((part / "held-out.json").read_text()))
    assert held and len(held) < CLIPS
    shutil.copytree(ASSETS / "mini", tmp_path / "mini")
    ship.ship(part, tmp_path / "mini")
    made = judge.load(str(tmp_path / "mini"), "fp32")
    assert made.footage is not None
    found = made.footage.look(np.random.default_rng(0).integers(0, 256, (8, 64, 80, 3)).astype(np.uint8))
    assert found.shape == (6, 2, 2, 1488) and np.isfinite(found.numpy()).all()


@pytest.mark.slow
def test_what_another_version_saw_is_refused(looked, tmp_path):
    shutil.copytree(looked[0] / "seen", tmp_path / "seen")
    assert seen.kept(tmp_path)[2]
    path = next((tmp_path / "seen").glob("00-*.npz"))
    with np.load(path) as shard:
        older = {name: shard[name] for name in shard.files if name != "version"}
    with path.open("wb") as file:
        np.savez(file, **older)
    with pytest.raises(BadInput, match="another version"):
        seen.kept(tmp_path)
