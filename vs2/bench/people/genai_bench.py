"""GenAI-Bench, its video part: pairs of clips and a vote: leftvote, rightvote, tievote or bothbad_vote.

Parquet of the configuration video_generation: prompt, left_model, right_model, left_video, right_video (addresses or
names of files), vote_type. People's two kinds of tie are one here; a predicted tie is right for both.
"""
from pathlib import PurePosixPath

from vs2.bench.people.files import Folder, table, text
from vs2.bench.people.suite import FIRST, SAME, SECOND, Clip, Pair, Suite
from vs2.errors import BadInput

NAME = "genai-bench"
REPO, PATTERNS, ARCHIVES = "TIGER-Lab/GenAI-Bench", ("video_generation/test*.parquet",), ()
SOURCE = f"the dataset {REPO} on the Hugging Face Hub, configuration video_generation, split test_v1 or test"
COLUMNS = ("prompt", "left_model", "right_model", "left_video", "right_video", "vote_type")
SAID = {"leftvote": FIRST, "rightvote": SECOND, "tievote": SAME, "bothbad_vote": SAME}


def load(folder: Folder) -> Suite:
    """The suite in a folder: its .parquet, or the same rows as .json, .jsonl or .csv. Raises BadInput."""
    suite = Suite(NAME)
    for row in _rows(folder):
        names = [_name(row[side]) for side in ("left_video", "right_video")]
        if (said := text(row["vote_type"])) not in SAID or not all(names):
            suite.left_out["the vote is none of the four" if all(names) else "a clip has no name"] += 1
            continue
        keys = []
        for side, name in zip(("left", "right"), names, strict=True):
            base, model = PurePosixPath(name).name, text(row[f"{side}_model"])
            key = f"{model}/{base}"
            keys.append(key)
            if key not in suite.clips:
                path, problem = folder.clip(base, key, name)
                suite.add(Clip(key, text(row["prompt"]), {}, path, problem, f"{model}_{base.removesuffix('.mp4')}",
                               name if "://" in name else "", {"generator": model}))
        suite.pairs.append(Pair(keys[0], keys[1], text(row["prompt"]), {"vote_type": SAID[said]}))
    return suite


def _rows(folder: Folder) -> list[dict]:
    for pattern in ("video_generation/test_v1*", "video_generation/test*", "test_v1*", "test*"):
        if found := [path for path in folder.files(pattern)
                     if path.suffix in (".parquet", ".json", ".jsonl", ".csv")]:
            return [row for path in found for row in table(path, COLUMNS, COLUMNS)]
    raise BadInput(f"{folder.folder.name} has no video_generation/test*.parquet: it comes from {folder.source}.")


def _name(value: object) -> str:
    """A cell of a clip: its address or name, as text or in a record of path and bytes."""
    return text(value.get("path")) if isinstance(value, dict) else text(value)
