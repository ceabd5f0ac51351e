"""T2VQA-DB: clips with a score of 0 to 100, and as pairs, as VideoScore2 measures it.

`t2vqa_db.json` (or .csv, .jsonl): video_name, prompt, quality_score. `t2vqa_db_pref.json`: video1, video2, preference
("1", "2" or "same"); without it only the order of all scores is measured.
"""
from vs2.bench.people.files import Folder, number, table, text
from vs2.bench.people.suite import FIRST, SAME, SECOND, Clip, Pair, Suite

NAME = "t2vqa-db"
REPO, PATTERNS, ARCHIVES = "", (), ()
SOURCE = ("its authors' repository, github.com/QMME/T2VQA; its pairs (t2vqa_db_pref.json) are those of "
          "github.com/TIGER-AI-Lab/VideoScore2")
TABLES = ("t2vqa_db.json", "t2vqa_db.csv", "t2vqa_db.jsonl")
PAIRS = ("t2vqa_db_pref.json", "t2vqa_db_pref.csv", "t2vqa_db_pref.jsonl")
SAID = {"1": FIRST, "2": SECOND, "same": SAME}


def load(folder: Folder) -> Suite:
    """The suite in a folder. Raises BadInput, naming what is missing."""
    suite = Suite(NAME)
    for row in table(folder.file(*TABLES), ("video_name", "prompt", "quality_score")):
        name, score = text(row["video_name"]).removesuffix(".mp4"), number(row["quality_score"])
        if score is None or not 0 <= score <= 100:
            suite.left_out["the score is missing or not from 0 to 100"] += 1
            continue
        path, problem = folder.clip(f"{name}.mp4", name)
        if not suite.add(Clip(name, text(row["prompt"]), {"quality_score": score}, path, problem, name)):
            suite.left_out["the clip is in the table twice"] += 1
    if not any((folder.folder / name).is_file() for name in PAIRS):
        suite.left_out[f"no pairs: {PAIRS[0]} is not in the folder"] += 1
        return suite
    for row in table(folder.file(*PAIRS), ("video1", "video2", "preference")):
        names = [text(row[side]).removesuffix(".mp4") for side in ("video1", "video2")]
        said = str(row["preference"]).strip()
        if said not in SAID or not all(name in suite.clips for name in names):
            suite.left_out["the preference of a pair is none of the three" if said not in SAID
                           else "a clip of a pair is not in the table"] += 1
            continue
        suite.pairs.append(Pair(names[0], names[1], suite.clips[names[0]].prompt, {"preference": SAID[said]}))
    return suite
