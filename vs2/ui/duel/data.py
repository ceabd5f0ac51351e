"""What the Duel page tells the browser, as JSON values. While a pair is shown, nothing in it tells who made what."""
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from vs2 import report
from vs2.duels import Agreement, agreement, rank
from vs2.duels import votes as vote_rows
from vs2.duels.clips import Found
from vs2.duels.judges import matched, scores_of
from vs2.errors import BadInput, Failure, Problem
from vs2.evaluation import Evaluation
from vs2.history.duels import Ballot, Duel, StoredClip
from vs2.report import duels as duel_report
from vs2.report import html
from vs2.ui import player, saving, whose
from vs2.ui import text as shared
from vs2.ui.said import worded
from vs2.ui.text import duel as text
from vs2.video.sampling import Sampling

LISTED = 200        # votes that the list holds
NAMES = 12          # generators, and clips that were left out, that are told
FILES = {"jsonl": "vs2-duel-votes.jsonl", "csv": "vs2-duel-votes.csv", "ranking": "vs2-duel-ranking.json",
         "report": "vs2-duel-report.html"}
_FIRST = Sampling(max_frames=4)     # enough to know that a file can be read


def found(said: Found) -> dict:
    """What the clips that were added come to, before a duel begins."""
    prompts = len(said.prompts)
    counts = (text.FOUND_ONE if prompts == 1 else text.FOUND).format(
        generators=len(said.generators), prompts=prompts, clips=len(said.clips), pairs=said.pairs)
    more = ["…"] * (len(said.generators) > NAMES)
    return {"said": counts, "names": sound(shared.LIST.join(said.generators[:NAMES] + more)),
            "left_out": [sound(worded(one)) for one in said.left_out[:NAMES]], "left_out_count": len(said.left_out)}


def state(duel: Duel) -> dict:
    """A duel as the page shows it: how far it is, its votes, what was left out. No generator, no clip's name."""
    left, seen = duel.left, len(duel.ballots)
    return {"id": duel.id, "name": sound(duel.name), "aspects": list(duel.aspects), "seen": seen, "left": left,
            "total": seen + left, "pairs": len(duel.asked),
            "votes": [vote(ballot) for ballot in duel.ballots[:-LISTED - 1:-1]],
            "broken": [sound(text.BROKEN.format(prompt=short(clip.prompt), reason=worded(clip.problem)))
                       for clip in duel.clips if clip.problem]}


def vote(ballot: Ballot) -> dict:
    """A vote in the list."""
    return {"id": ballot.id, "prompt": sound(short(ballot.shown.pair.a.prompt)), "choices": ballot.choices}


def shown(clip: StoredClip, kept: Path | None, desk: gr.HTML) -> str:
    """Where the browser gets a clip: a copy whose address tells nothing. Raises BadInput where it cannot be shown.

    kept: the clip's file in the store. desk: the component with which the copy is deleted when uploads are.
    """
    if kept is None:
        raise BadInput(text.NO_CLIP)
    folder = Path(get_upload_folder()) / f"duel-{clip.id}"
    copy = folder / f"clip{kept.suffix}"
    try:
        if not copy.is_file():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = folder / f".{os.getpid()}-{os.urandom(4).hex()}.part"
            shutil.copyfile(kept, part)
            os.replace(part, copy)
    except OSError as error:
        raise Failure(text.UNSURE.format(reason=error.strerror)) from error
    desk.temp_files.add(str(copy))
    player.look(copy, _FIRST, clip.fps)
    value = player.prepare({"path": str(copy), "name": copy.name, "fps": clip.fps}, desk)
    if value.get("problem"):
        raise BadInput(value["problem"])
    return value.get("player") or str(copy)


def agreements(duel: Duel, evaluations: Sequence[tuple[StoredClip, Evaluation]], dimension: str) -> list[Agreement]:
    """How far each judge agrees, by the history and by the tables that were brought; the history's go first."""
    judged: dict[str, dict] = {}
    for clip, evaluation in evaluations:    # the newest first
        judged.setdefault(evaluation.model, {}).setdefault((clip.name, clip.prompt), scores_of(evaluation))
    for model, scores in brought(duel).items():
        judged[model] = scores | judged.get(model, {})
    return [agreement(model, duel.votes, scores, dimension) for model, scores in sorted(judged.items())]


def brought(duel: Duel) -> dict[str, dict]:
    """The scores that came with tables, by judge and clip."""
    return {model: {(video, prompt): scores for video, prompt, scores in rows} for model, rows in duel.scores.items()}


def bring(duel: Duel, judged: dict[str, dict]) -> tuple[dict, str]:
    """The scores of a table of results that concern this duel, as they are kept; and a sentence. Raises BadInput."""
    clips = [(clip.name, clip.prompt) for clip in duel.clips]
    found = {model: [[*clip, scores] for clip, scores in matched(scores, clips).items()]
             for model, scores in judged.items()}
    found = {model: rows for model, rows in found.items() if rows}
    if not found:
        raise BadInput(text.BROUGHT_NONE)
    return found, " ".join(text.BROUGHT.format(judge=sound(model), count=len(rows)) for model, rows in found.items())


def export(duel: Duel, kind: str, evaluations: Callable[[], Sequence[tuple[StoredClip, Evaluation]]] = list) -> dict:
    """A file of the votes, or of the ranking, where uploads are: {path, name, said}. Raises BadInput, Failure.

    evaluations: those of its clips, for the report."""
    if kind not in FILES:
        raise BadInput(text.BAD_REQUEST)
    votes = duel.votes
    if not votes:
        raise BadInput(text.NO_VOTES)
    if kind == "ranking":
        made = json.dumps({one: rank(votes, one).to_dict() for one in duel.aspects}, ensure_ascii=False, indent=1)
    elif kind == "report":
        judged, voted = evaluations(), {vote.dimension for vote in votes}
        with saving.spoken():
            made = html(report.duel([duel_report.ranking(votes, one, agreements(duel, judged, one), knows=whose.knows)
                                     for one in duel.aspects if one in voted]))
    else:
        made = vote_rows.to_jsonl(votes) if kind == "jsonl" else vote_rows.to_csv(votes)
    try:
        path = Path(tempfile.mkdtemp(prefix="duel-export-", dir=get_upload_folder())) / FILES[kind]
        path.write_bytes(made.encode("utf-8", "replace"))
    except OSError as error:
        raise Failure(text.UNSURE.format(reason=error.strerror)) from error
    said = text.EXPORTED_ONE if len(votes) == 1 else text.EXPORTED
    return {"path": str(path), "name": path.name, "said": said.format(count=len(votes))}


def reason(problem: Problem, clip: StoredClip) -> str:
    """Why a clip cannot be shown, without its name, which may tell who made it."""
    said = str(problem)
    for name in {clip.name, Path(clip.name).name} - {""}:
        said = said.replace(name, text.NAMELESS.lower())
    return said


def short(prompt: str) -> str:
    """A prompt's first words."""
    return prompt if len(prompt) <= 120 else prompt[:119].rstrip() + "…"


def sound(words: str) -> str:
    """The text as JSON for a browser can hold it."""
    return words.encode("utf-8", "replace").decode()
