"""VideoFeedback2 as published -> rows of training: `python -m train.data.feedback FOLDER|hub --split sft --check`.

Three forms of row, told apart by their keys (TIGER-Lab/VideoFeedback2, arXiv 2509.22799): ShareGPT rows for SFT, rows
for reinforcement learning, and the raw rows of the test file. What cannot be used is counted and named, never dropped.
"""
import argparse
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from train.data import feedback_hub
from train.data.files import Bad, FileRows, Skipped, summary, unique, usable
from train.data.rows import Row
from vs2 import answer, rubric, video
from vs2.errors import BadInput, Problem
from vs2.model.card import Card
from vs2.video.sampling import Sampling

FILES = {"sft": "data_27k_train_SFT.json", "rl": "data_27k_train_RL.json",
         "test": "data_27k_test (VideoScoreBench-v2).json"}
MARK = "<video>"
SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".gif")
BEFORE, AFTER = rubric.PUBLISHED_QUERY.split("$t2v_prompt")
OPTIONS = ("kind", "folder", "hub", "split", "file")


class NotARow(ValueError):
    """What a record lacks: (kind, reason), in a few words."""


def open_rows(options: dict, processor, model_config, card: Card, need: str, output: Path | None) -> FileRows:
    """The rows that a configuration's `data:` names.

    options: `folder` (a folder that holds the published files; no network is used), or `hub` (the dataset's id: what
    is not in the folder yet is fetched into it; the folder is then feedback_hub.FOLDER unless it is given); `split`:
    sft, rl or test; `file`: another JSON file of that folder. need: "reply" (SFT) or "scores" (GRPO). output: the
    run's folder, where skipped.csv names the rows left out. Raises BadInput, Failure.
    """
    if unknown := sorted(set(options) - set(OPTIONS)):
        raise BadInput(f"data: of kind feedback has no option {unknown[0]}: it has {', '.join(OPTIONS[1:])}.")
    split = options.get("split", "sft")
    if split not in FILES:
        raise BadInput(f"VideoFeedback2 has no split {split!r}: give {', '.join(FILES)}.")
    if not options.get("folder") and not options.get("hub"):
        raise BadInput("data: of kind feedback needs a folder that holds VideoFeedback2, or hub: its id to fetch it.")
    folder = Path(options.get("folder") or feedback_hub.FOLDER)
    if options.get("hub"):
        feedback_hub.fetch(options["hub"], FILES[split], folder)
    rows, bad = read(folder, split, options.get("file"))
    rows, without = usable(rows, need)
    found = FileRows(rows, bad + without, processor, model_config, card, output, f"feedback {split}")
    print(found.report(), file=sys.stderr)
    return found


def read(folder: Path, split: str, file: str | None = None) -> tuple[list[Row], list[Bad]]:
    """The rows of a split whose videos are there, and the others. Opens no video."""
    folder = Path(folder)
    path = folder / (file or FILES[split])
    if not path.is_file():
        there = ", ".join(sorted(one.name for one in folder.glob("*.json*"))[:5]) or "no JSON file"
        raise BadInput(f"{path} does not exist: give the folder that holds VideoFeedback2, or fetch it with "
                       f"`python -m train.data.feedback hub` (the folder holds {there}).")
    return rows_of(records(path), Videos(folder))


def records(path: Path) -> list:
    """The records of a JSON file that holds one list, or of a JSON Lines file."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        found = [json.loads(line) for line in text.split("\n") if line.strip()] if path.suffix == ".jsonl" \
            else json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not a JSON file that can be read ({error}): download it again.") from error
    if not isinstance(found, list) or not found:
        raise BadInput(f"{path} holds no list of rows: download it again.")
    return found


def rows_of(found: list, videos: "Videos") -> tuple[list[Row], list[Bad]]:
    """Rows of the published records, all of one form, and those that cannot be used. Raises BadInput on no known form.
    """
    form = next((form for form, needs in NEEDS.items()
                 if any(isinstance(record, dict) and needs <= record.keys() for record in found)), None)
    if form is None:
        known = "; ".join(f"{name}: {', '.join(sorted(needs))}" for name, needs in NEEDS.items())
        raise BadInput(f"The file's rows are of no known form. The forms and their keys are: {known}.")
    keys = unique([_key(record, number) for number, record in enumerate(found, 1)])
    rows, bad = [], []
    for key, record in zip(keys, found, strict=True):
        try:
            if not isinstance(record, dict) or not NEEDS[form] <= record.keys():
                raise NotARow("form", f"it lacks keys of the form {form}")
            made = FORMS[form](record)
            rows.append(Row(key, videos.find(made.pop("video")), **made))
        except NotARow as error:
            bad.append(Bad(key, *error.args))
    return rows, bad


def _key(record, number: int) -> str:
    """The clip's name, by which logs name the row; its number where there is none."""
    if isinstance(record, dict):
        videos = record.get("videos")
        said = videos[0] if isinstance(videos, list) and videos else record.get("path", record.get("video_name"))
        if isinstance(said, str) and said.strip():
            return _stem(said)
    return f"row {number}"


def _stem(said: str) -> str:
    name = PurePosixPath(said.replace("\\", "/")).name
    return PurePosixPath(name).stem if name.lower().endswith(SUFFIXES) else name


def _sharegpt(record: dict) -> dict:
    said, videos = record["conversations"], record["videos"]
    turns = [(turn.get("from"), turn.get("value")) for turn in said if isinstance(turn, dict)] \
        if isinstance(said, list) else []
    if [who for who, _ in turns] != ["human", "gpt"] or not all(isinstance(text, str) for _, text in turns):
        raise NotARow("form", "its conversation is not one question and one reply")
    if not isinstance(videos, list) or len(videos) != 1 or not isinstance(videos[0], str):
        raise NotARow("form", "it has not exactly one video")
    reply = turns[1][1]
    return {"video": videos[0], **asked(turns[0][1]), "reply": reply, "scores": scores_of(reply)}


def _reinforcement(record: dict) -> dict:
    if not all(isinstance(record[name], str) for name in ("problem", "solution", "path")):
        raise NotARow("form", "problem, solution and path are not all texts")
    problem, solution = record["problem"], record["solution"].strip()
    solution = solution.removeprefix("<answer>").removesuffix("</answer>")
    return {"video": record["path"], **asked(problem if MARK in problem else MARK + problem),
            "scores": scores_of(solution)}


def _raw(record: dict) -> dict:
    name, prompt, thinking = record["video_name"], record["prompt"], record.get("thinking")
    if not isinstance(name, str) or not name.strip():
        raise NotARow("form", "it has no video_name")
    try:
        rubric.check_prompt(prompt)
    except BadInput as error:
        raise NotARow("form", str(error)) from error
    given = [record[column] for column in ("visual_score", "t2v_score", "phy_score")]
    whole = [int(one) if isinstance(one, int | float) and not isinstance(one, bool) and one == one // 1 else one
             for one in given]
    scores = scores_of(rubric.DIRECT.write([str(one).strip() for one in whole]))
    reply = rubric.reply(thinking, scores) if isinstance(thinking, str) and thinking.strip() else None
    if reply is not None and scores_of(reply) != scores:
        raise NotARow("scores", "its thinking holds lines that are read as other scores")
    return {"video": name if name.lower().endswith(SUFFIXES) else f"{name}.mp4", "prompt": prompt, "reply": reply,
            "scores": scores}


NEEDS = {"sharegpt": {"conversations", "videos"}, "rl": {"problem", "solution", "path"},
         "raw": {"video_name", "prompt", "visual_score", "t2v_score", "phy_score"}}
FORMS: dict[str, Callable[[dict], dict]] = {"sharegpt": _sharegpt, "rl": _reinforcement, "raw": _raw}


def asked(text: str) -> dict:
    """Row's prompt and query of the text of a question. White space before the video's mark is left out.

    The published query filled with a prompt gives that prompt, so that the row can be asked in any card's words. More
    white space between the mark and it is no part of it: some rows give the mark a line (`\\n<video>\\n`). Any other
    text is kept whole, byte for byte, as the query; its prompt cannot be told apart and is empty.
    """
    before, mark, query = text.partition(MARK)
    if not mark or before.strip() or MARK in query:
        raise NotARow("form", f"its question has not one {MARK}, before the text")
    more = len(query) - len(query.lstrip()) - (len(BEFORE) - len(BEFORE.lstrip()))     # the line of the mark
    said = query[max(more, 0):]
    filled = said.startswith(BEFORE) and said.endswith(AFTER) and len(said) > len(BEFORE) + len(AFTER)
    prompt = said[len(BEFORE):len(said) - len(AFTER)] if filled else ""
    try:
        rubric.check_prompt(prompt if prompt.strip() else query)
    except BadInput as error:
        raise NotARow("form", str(error)) from error
    return {"prompt": prompt} if prompt.strip() else {"prompt": "", "query": query}


def scores_of(text: str) -> tuple[int, int, int]:
    """The three scores that a reply gives, as `vs2.answer` reads them. Raises NotARow, which names what is unread."""
    values = answer.read(text).values
    if unread := [rubric.BY_KEY[key].wire for key, value in values.items() if value is None]:
        raise NotARow("scores", f"no score from 1 to 5 can be read for {' and '.join(unread)}")
    return tuple(values[key] for key in rubric.KEYS)


class Videos:
    """The video files below a folder, found by the path that a row gives or, where that is another's, by name.

    The published rows name folders of their authors' machines (videos/, vs2_videos/); the archives hold names alone.
    """

    def __init__(self, folder: Path):
        self.folder, self.by_name = Path(folder), {}
        for place, folders, names in os.walk(self.folder):
            folders[:] = sorted(one for one in folders if not one.startswith("."))
            for name in names:
                if name.lower().endswith(SUFFIXES):
                    self.by_name.setdefault(name, []).append(Path(place, name))

    def find(self, said: str) -> Path:
        """The file. Raises NotARow where there is none, or several of that name."""
        parts = PurePosixPath(said.replace("\\", "/"))
        if ".." not in parts.parts and parts.name:
            for path in (self.folder / parts, self.folder / "videos" / parts.name):  # videos/ may be a link elsewhere
                if path.is_file():
                    return path
        there = self.by_name.get(parts.name, [])
        if len(there) > 1:
            raise NotARow("missing", f"{len(there)} files are called {parts.name} and none is at {said}")
        if not there:
            raise NotARow("missing", f"no file {parts.name} is below {self.folder}")
        return there[0]


def check(rows: list[Row], workers: int = 4, sampling: Sampling = Sampling()) -> list[Bad]:
    """Reads every row's video, and names those that cannot be read. Progress on stderr."""
    from huggingface_hub.utils import tqdm

    def attempt(path: Path) -> str | None:
        try:
            video.read(path, sampling)
        except Problem as problem:
            return str(problem)
        return None

    paths = list(dict.fromkeys(row.video for row in rows))
    with ThreadPoolExecutor(workers) as pool:
        said = dict(zip(paths, tqdm(pool.map(attempt, paths), total=len(paths), unit="video"), strict=True))
    return [Bad(row.key, "unreadable", said[row.video]) for row in rows if said[row.video] is not None]


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m train.data.feedback", description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="the folder that holds VideoFeedback2, or `hub` to fetch it first")
    parser.add_argument("--split", choices=list(FILES), default="sft")
    parser.add_argument("--into", type=Path, default=Path(feedback_hub.FOLDER), help="where `hub` fetches to")
    parser.add_argument("--hub", default=feedback_hub.PUBLISHED, help="the dataset's id")
    parser.add_argument("--check", action="store_true", help="read every video")
    parser.add_argument("--workers", type=int, default=4, help="videos read at once")
    parser.add_argument("--out", type=Path, help="where the names of bad rows go (default runs/skipped-SPLIT.csv)")
    options = parser.parse_args(argv)
    try:
        folder = Path(options.folder)
        if options.folder == "hub":
            folder = feedback_hub.fetch(options.hub, FILES[options.split], options.into)
        rows, bad = read(folder, options.split)
        if options.check:
            bad += check(rows, options.workers)
        lost = {one.key for one in bad}
        print(summary(sum(row.key not in lost for row in rows), bad))
        names = Skipped(options.out or Path("runs", f"skipped-{options.split}.csv"), f"feedback {options.split}")
        names.start(bad)
        print(f"The names of the {len(lost)} bad rows are in {names.path}." if bad else "No row is bad.")
    except Problem as problem:
        print(problem, file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
