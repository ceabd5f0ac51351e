"""Votes of blind duels -> preference pairs, and how often a reward prefers what people preferred.

    pairs, bad = read("vs2-duel-votes.jsonl", clips="folder of the clips")
    reward_accuracy(pairs, lambda video, prompt: score)

`python -m train.data.duels FILE [--clips FOLDER] [--check] [--out FILE]` says what a file comes to, and writes the
pairs as {"prompt", "chosen", "rejected"} lines, which trainers of rewards take. The form of a vote is
vs2/duels/votes.py; what its fields mean, and how ties are taken, docs/duel.md.
"""
import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from train.data.files import Bad, summary
from vs2 import video
from vs2.duels import votes as vote_rows
from vs2.duels.votes import DIMENSIONS, OVERALL, Vote
from vs2.errors import BadInput, Problem
from vs2.video import Limits, check_file
from vs2.video.sampling import Sampling


@dataclass(frozen=True)
class Pair:
    """Two clips of one prompt that people compared. margin: the mean of the votes, 1 for all for `chosen`, 0 for as
    many for each; never below 0. votes: how many. key: names it in logs.

    With margin 0 neither clip is preferred, and which one is `chosen` means nothing.
    """

    key: str
    prompt: str
    chosen: Path
    rejected: Path
    margin: float
    votes: int

    @property
    def tied(self) -> bool:
        """Whether people prefer neither."""
        return self.margin == 0


def read(path: str | Path, clips: str | Path | None = None, dimension: str = OVERALL) -> tuple[list[Pair], list[Bad]]:
    """The pairs of a file of votes, and what cannot be used. Opens no video.

    clips: the folder in which the clips lie, the file's own where None. Raises BadInput where the file cannot be read.
    """
    votes, wrong = vote_rows.read(path)
    pairs, bad = pairs_of(votes, Path(path).resolve().parent if clips is None else Path(clips), dimension)
    return pairs, [Bad(f"row {number}", "form", reason) for number, reason in wrong] + bad


def pairs_of(votes: Iterable[Vote], folder: Path, dimension: str = OVERALL) -> tuple[list[Pair], list[Bad]]:
    """One pair for each two clips of a prompt, in the order of first mention; one without its clips is named instead.

    A tie, and two clips that are both bad, count as half a vote for each; whichever has more is chosen.
    """
    if dimension not in DIMENSIONS:
        raise BadInput(f"There is no dimension {dimension!r:.60}: name one of {', '.join(DIMENSIONS)}.")
    said: dict[tuple[str, str, str], list[float]] = {}
    for vote in votes:
        if vote.dimension == dimension:
            first, second = sorted((vote.video_a, vote.video_b))
            points = vote.points if first == vote.video_a else 1 - vote.points
            said.setdefault((vote.prompt, first, second), []).append(2 * points - 1)
    pairs, bad = [], []
    for number, ((prompt, first, second), leaning) in enumerate(said.items(), 1):
        key, mean = f"pair {number}", sum(leaning) / len(leaning)
        places = [_place(name, folder) for name in ((first, second) if mean >= 0 else (second, first))]
        lacking = [name for name, place in zip((first, second) if mean >= 0 else (second, first), places, strict=True)
                   if place is None]
        if lacking:
            bad.append(Bad(key, "missing", f"no file {' and '.join(lacking)} in {folder}"))
        else:
            pairs.append(Pair(key, prompt, *places, abs(mean), len(leaning)))
    return pairs, bad


def _place(name: str, folder: Path) -> Path | None:
    """The clip's file below the folder; a name that leads out of it, as a file of votes may hold, is none."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        return None
    place = Path(folder, *path.parts)
    return place if place.is_file() else None


def check(pairs: list[Pair]) -> tuple[list[Pair], list[Bad]]:
    """The pairs whose clips can be read, and the others: every clip is opened, a few of its frames decoded."""
    problems: dict[Path, str] = {}
    for place in dict.fromkeys(place for pair in pairs for place in (pair.chosen, pair.rejected)):
        try:
            check_file(place, Limits())
            video.read(place, Sampling(max_frames=4))
        except Problem as problem:
            problems[place] = str(problem)
    bad = [Bad(pair.key, "unreadable", problems[place]) for pair in pairs
           for place in (pair.chosen, pair.rejected) if place in problems]
    lost = {one.key for one in bad}
    return [pair for pair in pairs if pair.key not in lost], bad


def reward_accuracy(pairs: Iterable[Pair], reward: Callable[[Path, str], float]) -> float | None:
    """How often reward(video, prompt) is higher for the chosen clip; the same reward for both counts half.

    Pairs that people tied say nothing and are left out; None where no other is there.
    """
    known: dict[tuple[Path, str], float] = {}

    def of(place: Path, prompt: str) -> float:
        if (place, prompt) not in known:
            known[place, prompt] = float(reward(place, prompt))
        return known[place, prompt]

    right = [(1.0 if (ahead := of(pair.chosen, pair.prompt) - of(pair.rejected, pair.prompt)) > 0
              else 0.5 if ahead == 0 else 0.0) for pair in pairs if not pair.tied]
    return sum(right) / len(right) if right else None


def write(pairs: Iterable[Pair], path: Path) -> int:
    """The pairs that are no ties as JSON Lines {"prompt", "chosen", "rejected", "margin", "votes"}; how many."""
    lines = [json.dumps({"prompt": pair.prompt, "chosen": str(pair.chosen), "rejected": str(pair.rejected),
                         "margin": pair.margin, "votes": pair.votes}, ensure_ascii=False)
             for pair in pairs if not pair.tied]
    part = path.with_name(f"{path.name}.part")
    part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    part.replace(path)
    return len(lines)


def main(argv: list[str] | None = None) -> int:
    """The command line; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.data.duels",
                                     description="Votes of duels as preference pairs.")
    parser.add_argument("file", help="a .jsonl or .csv file of votes, as the Duel page exports it")
    parser.add_argument("--clips", metavar="FOLDER", help="where the clips lie (default: beside the file)")
    parser.add_argument("--dimension", default=OVERALL, metavar="NAME", help=f"one of {', '.join(DIMENSIONS)}")
    parser.add_argument("--check", action="store_true", help="open every clip and name those that cannot be read")
    parser.add_argument("--out", metavar="FILE", help="write the pairs there, ties left out, as JSON Lines")
    given = parser.parse_args(argv)
    try:
        pairs, bad = read(given.file, given.clips, given.dimension)
        if given.check:
            pairs, unreadable = check(pairs)
            bad += unreadable
        for one in bad:
            print(f"{one.key}: {one.reason}", file=sys.stderr)
        ties = sum(pair.tied for pair in pairs)
        print(f"{given.dimension}: {summary(len(pairs), bad)}; {len(pairs) - ties} with a preference, {ties} ties")
        if not pairs:
            raise BadInput("No pair can be used: give --clips the folder in which the clips lie.")
        if given.out:
            print(f"{write(pairs, Path(given.out))} pairs in {given.out}")
    except OSError as error:
        print(f"{given.out} cannot be written ({error.strerror}): choose another --out.", file=sys.stderr)
        return 1
    except Problem as problem:
        print(problem, file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
