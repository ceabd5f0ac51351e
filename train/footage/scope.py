"""Fits the detector of what is no footage either, from what the eye sees; see vs2/model/scope.py and train/scope.py.

A clip that is neither a scene nor footage (a slide, a pattern, a game) is judged by nobody. Its kind here are clips of
footage, spoilt ones too; foreign are the made clips of train/data/foreign.py. The threshold is set on sources that
nothing else was learned from, and half way from there to made clips.
"""
import json
from collections import Counter
from pathlib import Path

import numpy as np

from train.footage.table import Film
from train.scope import CALIBRATED, FILE, NOUNS, Learner, caught
from vs2.model.card import NAME
from vs2.model.footage import pooled
from vs2.model.scope import measures

REASON = "Of footage mini does not judge the {noun}: {why}."
WHY = {"text_alignment": "it reads no prompt about footage"}
NEAREST = 0.02      # of made clips, that are nearest to footage
MISSED = "its scores for it did not agree with people's well enough"


def fit(folder: Path, films: list[Film], footage: tuple[np.ndarray, list[dict]], made: tuple[np.ndarray, list[dict]],
        withhold: tuple[str, ...]) -> dict:
    """Writes the detector into a part's folder and its card; what was caught: {footage, made: {kind: [n, of]}}.

    footage, made: what the eye sees of footage and of made clips, and their labels.
    """
    seen, labels = footage
    from safetensors.numpy import save

    source = {film.key: film.source for film in films}
    by = [source[label["clip"]] for label in labels]
    # the sources that the threshold is set by come last
    order, last = np.random.default_rng(6).permutation(sorted(set(by))), set()
    counts, wanted = Counter(by), CALIBRATED * len(by)
    for name in order:
        if sum(counts[one] for one in last) < wanted:
            last.add(name)
    numbers = sorted(range(len(by)), key=lambda n: by[n] in last)
    known, foreign = pooled(seen[numbers].astype(np.float32)), pooled(made[0].astype(np.float32))
    parts, threshold = Learner(known).detector(foreign)
    # half way to what is none: footage that was softened or spoilt in ways that nobody thought of is footage
    threshold += max(0.0, float(np.quantile(measures(parts, foreign).max(1), NEAREST)) - threshold) / 2
    kinds = [label["made"] for label in made[1]]
    found = caught((parts, threshold), foreign)
    rates = {"footage": [int(caught((parts, threshold), known).sum()), len(known)],
             "made": {kind: [int(found[[one == kind for one in kinds]].sum()), kinds.count(kind)]
                      for kind in sorted(set(kinds))}}
    card = json.loads((folder / NAME).read_text(encoding="utf-8"))
    card["scope"] = {"file": FILE, "threshold": round(threshold, 4),
                     "withholds": {key: REASON.format(noun=NOUNS[key], why=WHY.get(key, MISSED)) for key in withhold},
                     "trained_on": f"{len(known)} variants of {len(films)} clips of footage, and {len(foreign)} made "
                                   "clips that are none", "rates": rates}
    (folder / FILE).write_bytes(save(parts))
    (folder / NAME).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return rates
