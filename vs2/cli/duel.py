"""`vs2 duel rank`: people's votes on pairs of clips -> a ranking of generators, and how far judges agree with them."""
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from vs2.errors import BadInput

HEADS = ("place", "generator", "rating", "95 % interval", "win rate", "votes", "won", "ties", "both bad", "lost")
JUDGE_HEADS = ("judge", "votes", "without ties", "with ties", "ties calibrated", "not judged")


def add(commands) -> None:
    """Declares the command."""
    duel = commands.add_parser("duel", help="rank generators by people's votes",
                               description="What is made of the votes of blind duels, which the Duel page exports.")
    inside = duel.add_subparsers(required=True, metavar="WHAT")
    rank = inside.add_parser(
        "rank", help="votes -> a ranking", description="Ranks the generators by Bradley-Terry; a tie, and two clips "
        "that are both bad, count half for each side. An interval is open (-) where the votes leave it open.")
    rank.add_argument("votes", metavar="VOTES", help="a .jsonl or .csv file of votes (docs/duel.md has its columns)")
    rank.add_argument("--dimension", default="overall", metavar="NAME",
                      help="overall (default), visual_quality, text_alignment or physical_consistency")
    rank.add_argument("--scores", action="append", default=[], metavar="RESULTS",
                      help="a file of vs2 batch with scores of these clips; says how far its judges agree with the "
                           "votes; may be given several times")
    rank.add_argument("--resamples", type=int, default=1000, metavar="N",
                      help="draws of the prompts for the intervals, 0 for none (default: 1000)")
    rank.add_argument("--seed", type=int, default=0, metavar="N", help="of those draws (default: 0)")
    rank.add_argument("--json", action="store_true", help="write one JSON object, and nothing else, to stdout")
    rank.set_defaults(run=run)


def run(arguments) -> None:
    """`vs2 duel rank`. Rows that are no votes are named on stderr and left out."""
    from vs2.duels import agreement, judges, rank, votes
    from vs2.texts import told

    if arguments.dimension not in votes.DIMENSIONS:
        raise BadInput(f"--dimension is {arguments.dimension!r:.60}: it must be {', '.join(votes.DIMENSIONS[:-1])} or "
                       f"{votes.DIMENSIONS[-1]}.")
    if not 0 <= arguments.resamples <= 100_000:
        raise BadInput(f"--resamples is {arguments.resamples}: it must be from 0 to 100000.")
    if not 0 <= arguments.seed < 2**63:
        raise BadInput(f"--seed is {arguments.seed}: it must be 0 or more, and below 2^63.")
    said, wrong = votes.read(arguments.votes)
    for number, problem in wrong[:20]:
        print(f"vs2: row {number} is left out: {told(problem)}", file=sys.stderr)
    if len(wrong) > 20:
        print(f"vs2: {len(wrong) - 20} more rows are left out", file=sys.stderr)
    if not said:
        why = f" The first: {wrong[0][1]}" if wrong else ""
        raise BadInput(f"{told(Path(arguments.votes).name)} holds no vote.{why}")
    judged: dict[str, dict] = {}
    for path in arguments.scores:
        for judge, scores in judges.read_scores(path).items():
            judged.setdefault(judge, {}).update(scores)
    ranking = rank(said, arguments.dimension, arguments.resamples, arguments.seed)
    clips = {(video, vote.prompt) for vote in said for video in (vote.video_a, vote.video_b)}
    agreements = [agreement(judge, said, judges.matched(scores, clips), arguments.dimension)
                  for judge, scores in sorted(judged.items())]
    if arguments.json:
        print(json.dumps({**ranking.to_dict(), "left_out": len(wrong),
                          "judges": [one.to_dict() for one in agreements]}, allow_nan=False))
        return
    print(_shown(ranking, agreements))


def _shown(ranking, agreements) -> str:
    rows = [(str(one.place), one.generator, f"{one.rating:.0f}", _interval(ranking, one), f"{one.win_rate:.0%}",
             str(one.votes), str(one.wins), str(one.ties - one.bad), str(one.bad), str(one.losses))
            for one in ranking.standings]
    lines = [_table(HEADS, rows), "", f"{ranking.votes} votes on {ranking.prompts} prompts, by {ranking.dimension}."]
    if not ranking.interval:
        lines.append("No interval: there is one prompt, or none was asked for.")
    if not ranking.whole:
        lines.append("Some generators have not lost to, or not won against, the others: a small ridge alone holds "
                     "their ratings.")
    if ranking.groups > 1:
        lines.append(f"The generators fall into {ranking.groups} groups that never met: over groups nothing is "
                     "compared.")
    if agreements:
        lines += ["", _table(JUDGE_HEADS, [(one.judge, str(one.pairs), _share(one.without_ties), _share(one.with_ties),
                                            _share(one.calibrated), str(one.unjudged)) for one in agreements])]
    return "\n".join(lines)


def _interval(ranking, one) -> str:
    if not ranking.interval:
        return "-"
    low, high = ("-" if end is None else f"{end:.0f}" for end in (one.low, one.high))
    return f"{low} to {high}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Columns, the second of a ranking and the first of judges, which hold names, to the left."""
    from vs2.cli.terminal import plain

    cells = [heads, *(tuple(plain(cell) for cell in row) for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(heads))]
    names = {"generator", "judge"}
    return "\n".join("  ".join(cell.ljust(width) if head in names else cell.rjust(width)
                               for cell, width, head in zip(row, widths, heads, strict=True)).rstrip()
                     for row in cells)
