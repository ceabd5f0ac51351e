"""`table`: any .csv, .tsv, .json, .jsonl or .parquet with people's scores, their preferences, or duels of our own page.

Scores: video, prompt and any of visual_quality, text_alignment, physical_consistency, overall (1 to 5).
Preferences: video_a, video_b, prompt and preference (a, b, tie or both_bad), with dimension where it is not overall,
which is what the Duel page exports.
"""
from pathlib import Path

from vs2.bench.people.files import Folder, number, table, text
from vs2.bench.people.suite import FIRST, SAME, SECOND, Clip, Pair, Suite
from vs2.duels.votes import BAD, OVERALL, TIE, A, B
from vs2.errors import BadInput
from vs2.rubric import KEYS
from vs2.video import display_name

NAME = "table"
REPO, PATTERNS, ARCHIVES = "", (), ()
SOURCE = "you: name the table with --data"
SAID = {A: FIRST, B: SECOND, TIE: SAME, BAD: SAME}
SCORED = (*KEYS, OVERALL)


def load_file(path: Path) -> Suite:
    """The suite of one table; clips lie beside it, or in videos/ there. Raises BadInput."""
    path = Path(path)
    rows, folder = table(path), Folder(path.parent, SOURCE)
    known = set().union(*(row.keys() for row in rows))
    if {"video_a", "video_b", "prompt", "preference"} <= known:
        return _preferences(rows, folder)
    if {"video", "prompt"} <= known and known & set(SCORED):
        return _scores(rows, folder)
    raise BadInput(f"{display_name(path)} has neither people's scores (columns video, prompt and any of "
                   f"{', '.join(SCORED)}) nor preferences (video_a, video_b, prompt, preference).")


def _scores(rows: list[dict], folder: Folder) -> Suite:
    suite = Suite(NAME)
    for row in rows:
        human = {key: score for key in SCORED if (score := number(row.get(key))) is not None and 1 <= score <= 5}
        name, prompt = text(row.get("video")), text(row.get("prompt"))
        if not human or not name or not prompt:
            suite.left_out["no score from 1 to 5" if name and prompt else "no video or no prompt"] += 1
            continue
        path, problem = folder.clip(name)
        generator = text(row.get("generator"))
        if not suite.add(Clip(name, prompt, human, path, problem, name, other={"generator": generator})):
            suite.left_out["the clip is in the table twice"] += 1
    return suite


def _preferences(rows: list[dict], folder: Folder) -> Suite:
    suite = Suite(NAME)
    for row in rows:
        said, about = text(row["preference"]), text(row.get("dimension")) or OVERALL
        names, prompt = [text(row["video_a"]), text(row["video_b"])], text(row["prompt"])
        if said not in SAID or about not in SCORED or not all((*names, prompt)):
            suite.left_out["the row is no vote: a video, a prompt, a preference or a dimension is none"] += 1
            continue
        keys = []
        for name, side in zip(names, "ab", strict=True):
            path, problem = folder.clip(name)
            keys.append(f"{name}\n{prompt}")        # the same file may have been shown for two prompts
            suite.add(Clip(keys[-1], prompt, {}, path, problem, name,
                           other={"generator": text(row.get(f"generator_{side}"))}))
        suite.pairs.append(Pair(keys[0], keys[1], prompt, {about: SAID[said]}))
    return suite
