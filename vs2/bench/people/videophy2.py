"""VideoPhy2-test: 3,396 clips with two scores of 1 to 5: semantic adherence and physical commonsense.

A table (.csv, .json, .jsonl or .parquet) with caption, video_url, sa and pc, or flattened as VideoScore2 has it with
semantic and physical; is_hard and the generator where it says them. The clips lie under their address's last name.
"""
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from vs2.bench.people.files import Folder, number, table, text
from vs2.bench.people.suite import Clip, Suite
from vs2.errors import BadInput

NAME = "videophy2"
REPO, PATTERNS, ARCHIVES = "videophysics/videophy2_test", ("*test*",), ()
SOURCE = f"the dataset {REPO} on the Hugging Face Hub (clips: the addresses in its column video_url)"
OURS = {"semantic": ("semantic", "sa"), "physical": ("physical", "pc")}


def load(folder: Folder) -> Suite:
    """The suite in a folder. Raises BadInput, naming what is missing."""
    suite = Suite(NAME)
    for row in _rows(folder):
        url = text(row["video_url"]) or text(row.get("video_path"))
        name = PurePosixPath(unquote(urlsplit(url).path)).name
        human = {ours: score for ours, names in OURS.items()
                 if (score := next((number(row[one]) for one in names if row.get(one) is not None), None)) is not None
                 and 1 <= score <= 5}
        if not name or len(human) < 2:
            suite.left_out["the clip has no address" if not name else "a score is missing or not from 1 to 5"] += 1
            continue
        path, problem = folder.clip(name, url if "://" not in url else name)
        other = {"generator": text(row.get("t2v_model") or row.get("model_name")), "hard": str(row.get("is_hard", ""))}
        key = name if name not in suite.clips else url      # several generators use one name
        if not suite.add(Clip(key, text(row["caption"]), human, path, problem, PurePosixPath(name).stem, url, other)):
            suite.left_out["the clip is in the table twice"] += 1
    return suite


def _rows(folder: Folder) -> list[dict]:
    for pattern in ("*videophy2*", "*test*", "data/*test*", "*"):
        if found := [path for path in folder.files(pattern)
                     if path.suffix in (".csv", ".json", ".jsonl", ".parquet")]:
            return [row for path in found for row in table(path, ("caption", "video_url"))]
    raise BadInput(f"{folder.folder.name} has no table of VideoPhy2-test: it comes from {folder.source}.")
