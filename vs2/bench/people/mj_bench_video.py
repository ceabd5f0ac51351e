"""MJ-Bench-Video: 1,085 pairs of 2,170 clips, with scores of 0 to 2 a clip and preferences a category.

`test.json`: video_0_path, video_1_path, caption, overall_preference ("Video 1 better", "Video 2 better", "Same"; video
1 is video_0_path), category_preference {Fineness, Alignment, Coherence & Consistency}; each clip's fineness, alignment,
consistency and total_score under video_0_scores and video_1_scores.
"""
from collections.abc import Mapping
from pathlib import PurePosixPath

from vs2.bench.people.files import Folder, number, table, text
from vs2.bench.people.suite import FIRST, SAME, SECOND, Clip, Pair, Suite

NAME = "mj-bench-video"
TABLE = "test.json"
REPO, PATTERNS, ARCHIVES = "MJ-Bench/MJ-BENCH-VIDEO", (TABLE, "videos/*"), ("*.zip",)
SOURCE = f"the dataset {REPO} on the Hugging Face Hub"
SAID = {"Video 1 better": FIRST, "Video 2 better": SECOND, "Same": SAME}
SCORES = ("fineness", "alignment", "consistency", "total_score")


def load(folder: Folder) -> Suite:
    """The suite in a folder. Raises BadInput, naming what is missing."""
    suite = Suite(NAME)
    for row in table(folder.file(TABLE), ("video_0_path", "video_1_path", "caption", "overall_preference")):
        paths = text(row["video_0_path"]), text(row["video_1_path"])
        if not all(paths):
            suite.left_out["a clip has no path"] += 1
            continue
        for place, name in enumerate(paths):
            path, problem = folder.clip(name, PurePosixPath(name).name)
            human = _scores(row, place)
            if not human:
                suite.left_out["a clip has no scores of its own (its pair counts)"] += 1
            if not suite.add(Clip(name, text(row["caption"]), human, path, problem,
                                  PurePosixPath(name).name.split(".")[0])):
                suite.left_out["a clip is in the table twice (its pairs count)"] += 1
        said = {"overall_preference": row["overall_preference"], **_mapping(row.get("category_preference"))}
        preferred = {key: SAID[text(value)] for key, value in said.items() if text(value) in SAID}
        if not preferred:
            suite.left_out["no preference is one of the three"] += 1
            continue
        suite.pairs.append(Pair(*paths, text(row["caption"]), preferred))
    return suite


def _scores(row: Mapping, place: int) -> dict[str, float]:
    """People's scores of one clip: in an object of its own, or in columns that begin with its name."""
    own = _mapping(row.get(f"video_{place}_scores"))
    given = {key: number(own.get(key, row.get(f"video_{place}_{key}"))) for key in SCORES}
    return {key: score for key, score in given.items() if score is not None and 0 <= score <= 2}


def _mapping(value: object) -> Mapping:
    return value if isinstance(value, Mapping) else {}
