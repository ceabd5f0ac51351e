"""Rows for people who train elsewhere: `python -m train.export SOURCE --to llamafactory|ms-swift|verl --out FOLDER`.

SOURCE is a folder that holds VideoFeedback2, or a JSON Lines file of reviews. The forms, by their projects' own
documentation: LLaMA-Factory (data/README.md, ShareGPT with videos), ms-swift (Customization/Custom-dataset), verl
(RLHFDataset, and process_video of its vision_utils). Videos are named by absolute path and not copied.
"""
import argparse
import json
import sys
from pathlib import Path

from train.data import feedback, reviews
from train.data.files import SKIPPED, Bad, Skipped, summary
from train.data.rows import Row
from vs2 import rubric
from vs2.errors import BadInput, Problem
from vs2.model.card import Card

MARKS = ("<video>", "<image>", "<audio>")   # each of the three takes these for the places of media, wherever they stand
SOLUTION = rubric.AnswerForm(("visual quality: ", "; text-to-video alignment: ",
                              "; physical/common-sense consistency: "), "")     # as the published RL rows write it


def question(row: Row, card: Card) -> str:
    """The text after the video: the row's own, or the card's filled with its prompt."""
    return row.query if row.query is not None else rubric.ask(card.query, row.prompt)


def sharegpt(row: Row, card: Card) -> dict:
    """A row of LLaMA-Factory, which is the form of the published SFT rows as well."""
    return {"conversations": [{"from": "human", "value": MARKS[0] + question(row, card)},
                              {"from": "gpt", "value": row.reply}],
            "videos": [_path(row)]}


def messages(row: Row, card: Card, learn: bool) -> dict:
    """A row of ms-swift: with the reply to learn (SFT), or with `solution` for a reward function (GRPO)."""
    record = {"messages": [{"role": "user", "content": MARKS[0] + question(row, card)}], "videos": [_path(row)]}
    if learn:
        record["messages"].append({"role": "assistant", "content": row.reply})
    else:
        record["solution"] = f"<answer>{SOLUTION.write(row.scores)}</answer>"
    return record


def verl(row: Row, card: Card, index: int, source: str) -> dict:
    """A row of verl. Its own rewards do not know `source`: name a function in custom_reward_function.path."""
    return {"data_source": source,
            "prompt": [{"role": "user", "content": MARKS[0] + question(row, card)}],
            "videos": [{"type": "video", "video": f"file://{_path(row)}"}],
            "ability": "video_evaluation",
            "reward_model": {"style": "rule", "ground_truth": SOLUTION.write(row.scores)},
            "extra_info": {"index": index, "key": row.key, "t2v_prompt": row.prompt, "reply": row.reply}}


def to_llamafactory(rows: list[Row], out: Path, name: str, card: Card) -> list[Path]:
    """NAME.json and its entry in dataset_info.json, whose other entries stay: `out` may be LLaMA-Factory's data/."""
    info = out / "dataset_info.json"
    try:
        known = json.loads(info.read_text(encoding="utf-8")) if info.exists() else {}
        if not isinstance(known, dict):
            raise ValueError("it is no JSON object")
    except ValueError as error:
        raise BadInput(f"{info} is there and cannot be read ({error}): mend it or export to another folder.") from error
    known[name] = {"file_name": f"{name}.json", "formatting": "sharegpt",
                   "columns": {"messages": "conversations", "videos": "videos"},
                   "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"}}
    return [_write(out / f"{name}.json", _json([sharegpt(row, card) for row in rows if row.reply is not None])),
            _write(info, _json(known))]


def to_swift(rows: list[Row], out: Path, name: str, card: Card) -> list[Path]:
    """NAME_sft.jsonl, of the rows with a reply, and NAME_grpo.jsonl, of those with scores."""
    kinds = {"sft": [messages(row, card, True) for row in rows if row.reply is not None],
             "grpo": [messages(row, card, False) for row in rows if row.scores is not None]}
    return [_write(out / f"{name}_{kind}.jsonl",
                   "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
            for kind, records in kinds.items() if records]


def to_verl(rows: list[Row], out: Path, name: str, card: Card) -> list[Path]:
    """NAME.parquet, of the rows with scores. Raises BadInput where pyarrow is not installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise BadInput("verl reads Parquet files, which need the package pyarrow: install it with "
                       "`pip install pyarrow`.") from error
    text = pyarrow.string()
    turn = pyarrow.struct({"role": text, "content": text})
    schema = pyarrow.schema({
        "data_source": text, "prompt": pyarrow.list_(turn),
        "videos": pyarrow.list_(pyarrow.struct({"type": text, "video": text})), "ability": text,
        "reward_model": pyarrow.struct({"style": text, "ground_truth": text}),
        "extra_info": pyarrow.struct({"index": pyarrow.int64(), "key": text, "t2v_prompt": text, "reply": text})})
    records = [verl(row, card, index, name) for index, row in
               enumerate(row for row in rows if row.scores is not None)]
    path, part = out / f"{name}.parquet", out / f"{name}.parquet.part"
    parquet.write_table(pyarrow.Table.from_pylist(records, schema), part)
    part.replace(path)
    return [path]


FORMS = {"llamafactory": to_llamafactory, "ms-swift": to_swift, "verl": to_verl}
NEEDS = {"llamafactory": ("reply",), "ms-swift": ("reply", "scores"), "verl": ("scores",)}


def export(rows: list[Row], to: str, out: Path, name: str = "vs2", card: Card = Card()) \
        -> tuple[list[Path], list[Row], list[Bad]]:
    """Writes the rows in the form of `to` below `out`: the files, the rows that are in them, and those left out.

    Left out is a row that has nothing for that form (no reply for LLaMA-Factory, no scores for verl), and one whose
    text holds a mark such as `<video>`, which would be taken for the place of a second video.
    """
    if to not in FORMS:
        raise BadInput(f"Rows cannot be exported to {to!r}: give {', '.join(FORMS)}.")
    kept, bad = [], []
    for row in rows:
        text = question(row, card) + (row.reply or "")
        if marks := [mark for mark in MARKS if mark in text]:
            bad.append(Bad(row.key, "form", f"its text holds {marks[0]}, which stands for a second medium there"))
        elif all(getattr(row, need) is None for need in NEEDS[to]):
            bad.append(Bad(row.key, "form", f"it has no {' and no '.join(NEEDS[to])}"))
        else:
            kept.append(row)
    if not kept:
        raise BadInput(f"No row can be exported to {to} ({summary(0, bad)}).")
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    return FORMS[to](kept, out, name, card), kept, bad


def _path(row: Row) -> str:
    if not isinstance(row.video, str | Path):
        raise BadInput(f"The clip of {row.key} has no file: only rows with video files can be exported.")
    return Path(row.video).resolve().as_posix()


def _json(value) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _write(path: Path, text: str) -> Path:
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return path


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m train.export", description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="a folder that holds VideoFeedback2, or a .jsonl file of reviews")
    parser.add_argument("--to", choices=list(FORMS), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", choices=list(feedback.FILES), default="sft", help="of VideoFeedback2")
    parser.add_argument("--name", default="vs2", help="the dataset's name there")
    parser.add_argument("--card", type=Path, help="a checkpoint's folder: ask with its query, not the published one")
    options = parser.parse_args(argv)
    try:
        card = Card.read(options.card) if options.card else Card()
        rows, bad = feedback.read(options.source, options.split) if options.source.is_dir() \
            else reviews.read(options.source)
        paths, kept, left = export(rows, options.to, options.out, options.name, card)
        names = Skipped(options.out / SKIPPED, str(options.source))
        names.start(bad + left)
        print(f"{summary(len(kept), bad + left)}; written: {', '.join(map(str, paths))}")
        if bad or left:
            print(f"The names of the rows left out are in {names.path}.")
    except Problem as problem:
        print(problem, file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
