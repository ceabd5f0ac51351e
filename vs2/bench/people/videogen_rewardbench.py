"""VideoGen-RewardBench (VideoAlign): 26.5 thousand pairs of 4,691 clips, preferences in VQ, MQ, TA and Overall.

`videogen-rewardbench.csv`: path_A, path_B, A_model, B_model, prompt, VQ, MQ, TA, Overall (each A, B or same), fps and
frames; the clips by their path, out of videos.zip. Several clips share a basename: a clip is its whole path here.
"""
from pathlib import PurePosixPath

from vs2.bench.people.files import Folder, table, text
from vs2.bench.people.suite import FIRST, SAME, SECOND, Clip, Pair, Suite

NAME = "videogen-rewardbench"
TABLE = "videogen-rewardbench.csv"
REPO, PATTERNS, ARCHIVES = "KwaiVGI/VideoGen-RewardBench", (TABLE,), ("videos.zip",)
SOURCE = f"the dataset {REPO} on the Hugging Face Hub"
ASKED = ("VQ", "MQ", "TA", "Overall")
SAID = {"A": FIRST, "B": SECOND, "same": SAME}


def load(folder: Folder) -> Suite:
    """The suite in a folder. Raises BadInput, naming what is missing."""
    suite = Suite(NAME)
    for row in table(folder.file(TABLE), ("path_A", "path_B", "prompt", "VQ", "TA", "Overall")):
        preferred = {key: SAID[said] for key in ASKED if (said := text(row.get(key))) in SAID}
        paths = text(row["path_A"]), text(row["path_B"])
        if not preferred or not all(paths):
            suite.left_out["no preference is A, B or same" if all(paths) else "a clip has no path"] += 1
            continue
        for path, model in zip(paths, ("A_model", "B_model"), strict=True):
            if path not in suite.clips:
                place, problem = folder.clip(path, PurePosixPath(path).name)
                suite.add(Clip(path, text(row["prompt"]), {}, place, problem, PurePosixPath(path).stem,
                               other={"generator": text(row.get(model))}))
        if suite.clips[paths[0]].prompt != suite.clips[paths[1]].prompt:
            suite.left_out["the clips of the pair have two prompts"] += 1
            continue
        suite.pairs.append(Pair(*paths, text(row["prompt"]), preferred))
    return suite
