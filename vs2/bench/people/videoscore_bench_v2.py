"""VideoScore-Bench-v2: the 500 held-out clips of VideoFeedback2, each with three scores of 1 to 5.

`data_27k_test (VideoScoreBench-v2).json`: objects with video_name, video_url, prompt, visual_score, t2v_score,
phy_score; the clips are VIDEO_NAME.mp4 in videos/, out of videos_27k_*.zip.
"""
from vs2.bench.people.files import Folder, number, table, text
from vs2.bench.people.suite import Clip, Suite

NAME = "videoscore-bench-v2"
TABLE = "data_27k_test (VideoScoreBench-v2).json"
REPO, PATTERNS, ARCHIVES = "TIGER-Lab/VideoFeedback2", (TABLE,), ("videos_27k_*.zip",)
SOURCE = f"the dataset {REPO} on the Hugging Face Hub"
SCORES = ("visual_score", "t2v_score", "phy_score")


def load(folder: Folder) -> Suite:
    """The suite in a folder. Raises BadInput, naming what is missing."""
    suite = Suite(NAME)
    for row in table(folder.file(TABLE), ("video_name", "prompt", *SCORES)):
        name = text(row["video_name"]) or str(row["video_name"])
        human = {key: score for key in SCORES if (score := number(row[key])) is not None and 1 <= score <= 5}
        if len(human) < len(SCORES):
            suite.left_out["a score is missing or not from 1 to 5"] += 1
            continue
        path, problem = folder.clip(f"{name}.mp4", name)
        if not suite.add(Clip(name, text(row["prompt"]), human, path, problem, name, text(row.get("video_url")))):
            suite.left_out["the clip is in the table twice"] += 1
    return suite
