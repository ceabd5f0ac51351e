"""AIGVE-Bench: clips with eight aspects of 1 to 5, of which six are asked; 0 means that an aspect does not apply.

A table with video_name, prompt, technical_quality, element_quality, action_quality, element_presence, action_presence
and physics. VideoScore2's authors average the zeros in; ours leaves them out (`--published` has theirs).
"""
from vs2.bench.people.files import Folder, number, table, text
from vs2.bench.people.suite import Clip, Suite
from vs2.errors import BadInput

NAME = "aigve-bench"
REPO, PATTERNS, ARCHIVES = "xiaoliux/AIGVE-Bench", ("*.json", "*.jsonl", "*.csv", "*.mp4"), ()
SOURCE = f"the dataset {REPO} on the Hugging Face Hub"
ASPECTS = ("technical_quality", "element_quality", "action_quality", "element_presence", "action_presence", "physics")


def load(folder: Folder) -> Suite:
    """The suite in a folder. Raises BadInput, naming what is missing."""
    suite = Suite(NAME)
    for row in _rows(folder):
        name = (text(row.get("video_name")) or text(row.get("video_path"))).removesuffix(".mp4")
        human = {key: score for key in ASPECTS if (score := number(row.get(key))) is not None and 0 <= score <= 5}
        if not name or len(human) < len(ASPECTS):
            suite.left_out["the clip has no name" if not name else "an aspect is missing or not from 0 to 5"] += 1
            continue
        path, problem = folder.clip(f"{name}.mp4", name)
        prompt = text(row.get("prompt") or row.get("instruction") or row.get("caption"))
        if not suite.add(Clip(name, prompt, human, path, problem, name.rsplit("/", 1)[-1])):
            suite.left_out["the clip is in the table twice"] += 1
    return suite


def _rows(folder: Folder) -> list[dict]:
    for pattern in ("*test*", "*"):
        if found := [path for path in folder.files(pattern) if path.suffix in (".json", ".jsonl", ".csv", ".parquet")]:
            return [row for path in found for row in table(path, ASPECTS)]
    raise BadInput(f"{folder.folder.name} has no table of AIGVE-Bench: it comes from {folder.source}.")
