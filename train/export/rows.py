"""What the three forms share: the text of a question, the place of its video, and files written whole or not at all."""
import json
import re
from dataclasses import dataclass
from pathlib import Path

from train import config
from train.data.rows import Row
from vs2 import rubric
from vs2.errors import BadInput
from vs2.model.card import Card

MARKS = ("<video>", "<image>", "<audio>")   # each of the three takes these for the places of media, wherever they stand
SOLUTION = rubric.AnswerForm(("visual quality: ", "; text-to-video alignment: ",
                              "; physical/common-sense consistency: "), "")     # as the published RL rows write it
# What the authors' script of reinforcement learning (TIGER-AI-Lab/VideoScore2, training/RL/grpo_vs2_sft.py, Apache-2.0)
# puts after every question. It asks for <answer> tags, which no reply of the supervised rows has and which the reward
# does not look for, and the released checkpoint is asked without it: hence an option.
WRAPPER = (
    "\nPlease think about this question as if you were a human pondering deeply. "
    "Engage in an internal dialogue using expressions such as 'let me think', 'wait', 'Hmm', 'oh, I see', "
    "'let's break it down', etc, or other natural language thought expressions "
    "It's encouraged to include self-reflection or verification in the reasoning process. "
    "Provide your detailed reasoning between the <think> </think> tags, and then give your final answer between the "
    "<answer> </answer> tags."
    "Please provide the quality scores (from 1 to 5, higher the better).")
WRAPPED = "Its questions end in the text of the authors' script (--wrapper), which asks for <answer> tags."
ROOT = Path(config.__file__).resolve().parents[1]       # what holds `train` and `vs2`
HERE, MODEL = "$HERE", "$MODEL"                         # in a script: its folder, and where the run starts
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Export:
    """Where an export goes, and how its rows ask. card: None for the published query and the recipe's sampling."""

    out: Path
    name: str = "vs2"
    card: Card | None = None
    wrapper: bool = False

    def __post_init__(self):
        if not NAME.fullmatch(self.name):       # it stands in commands and names of files
            raise BadInput(f"The name {self.name!r} cannot be used: take letters, digits, _, - and dots.")

    def file(self, ending: str) -> Path:
        return self.out / f"{self.name}{ending}"

    def question(self, row: Row, learn: bool = True) -> str:
        """The text after the video: the row's own, or the query filled with its prompt.

        learn: False for a row of reinforcement learning, which `wrapper` is for.
        """
        text = row.query if row.query is not None else rubric.ask((self.card or Card()).query, row.prompt)
        return text + WRAPPER if self.wrapper and not learn else text

    def asks(self, row: Row, learn: bool = True) -> str:
        """The question with the video's place before it."""
        return MARKS[0] + self.question(row, learn)


def video(row: Row) -> str:
    """The video's absolute path. Raises BadInput for a row whose clip is no file."""
    if not isinstance(row.video, str | Path):
        raise BadInput(f"The clip of {row.key} has no file: only rows with video files can be exported.")
    return Path(row.video).resolve().as_posix()


def as_json(value) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def write(path: Path, text: str, run: bool = False) -> Path:
    """Writes a file whole or not at all. run: it is a script that can be run."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    if run:
        part.chmod(0o755)
    part.replace(path)
    return path


def reward_file(path: Path, trainer: str, body: str) -> Path:
    """A file of rewards for another trainer, which takes them from this project."""
    return write(path, f'''"""Rewards for {trainer}, by train/grpo/rewards.py of vs2."""
import sys

try:
    import train.grpo.elsewhere
except ImportError:     # vs2's folder is not on the path of this Python
    sys.modules.pop("train", None)
    sys.path.insert(0, {ROOT.as_posix()!r})

{body}''')


def script(about: list[str], command: list[str], env: dict[str, str] | None = None, model: str = "",
           needed: bool = False) -> str:
    """A shell script: comments, the environment, and a command, one option a line, its own arguments after them.

    env: variables, unless they are set already. model: what `$MODEL` is unless it is set; needed: it has to be.
    """
    lines = ["#!/usr/bin/env bash", *(f"# {line}" for line in about), "set -euo pipefail"]
    if model:
        lines += ['[ ! -d "${MODEL:-}" ] || MODEL=$(cd "$MODEL" && pwd)']
    lines += ['cd "$(dirname "$0")"        # the names below lie beside this script', "HERE=$PWD"]
    if needed:
        lines += [': "${MODEL:?must name the folder or the Hub id of the model that supervised fine-tuning left}"']
    elif model:
        lines += [f'MODEL="${{MODEL:-{model}}}"']
    lines += [f'export {name}="${{{name}:-{value}}}"' for name, value in (env or {}).items()]
    return "\n".join([*lines, " \\\n  ".join([*command, '"$@"'])]) + "\n"
