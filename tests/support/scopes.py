"""Detectors of unknown clips (vs2/model/scope.py) for tests: one that takes every clip for foreign, or none."""
import json

import numpy as np
from safetensors.numpy import save

from vs2.rubric import KEYS

REASONS = {key: f"The tiny judge knows nothing of this: it cannot judge its {key}." for key in KEYS}


def parts(width: int, foreign: bool = True) -> dict[str, np.ndarray]:
    """The tensors for a vision tower of this outgoing width; every clip is foreign to them, or none is."""
    d = 19 * width
    zeros, sure = np.zeros(d, np.float32), np.float32([9.0 if foreign else -9.0])
    return {"mean": zeros, "scale": np.full(d, 1e9, np.float32), "weight": zeros, "centre": zeros,
            "basis": np.zeros((1, d), np.float16), "bias": sure, "level": np.zeros(2, np.float32),
            "spread": np.ones(2, np.float32)}


def write_scope(folder, width: int = 32, foreign: bool = True, withholds=None, **more):
    """Puts such a detector into a checkpoint's folder and names it in the card there; the folder."""
    (folder / "scope.safetensors").write_bytes(save(parts(width, foreign)))
    card = json.loads((folder / "vs2.json").read_text(encoding="utf-8"))
    card["scope"] = {"file": "scope.safetensors", "threshold": 0.0, "withholds": withholds or REASONS, **more}
    (folder / "vs2.json").write_text(json.dumps(card), encoding="utf-8")
    return folder
