"""`prompts-suite`: generators over a list of prompts -> a leaderboard, by the judge, that a pipeline can be gated by.

A generator is a folder of clips called `{prompt}-{i}.mp4`, as VBench names them, or one of vs2.generate, which then
makes them. Prompts are a text, a line each, a JSON list, or VBench's `VBench_full_info.json`; without any, those that
the files' names tell. Means have intervals over prompts; win rates and strengths (Bradley and Terry) come from the
judge's own order of clips of one prompt, so that a prompt that is hard for all counts as any other.
"""
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vs2.batch import groups, results
from vs2.batch.journal import Journal
from vs2.batch.table import Row
from vs2.bench.people.judging import judged
from vs2.bench.work import stream
from vs2.duels import pairs, ranking
from vs2.duels.votes import TIE, A, B, Vote
from vs2.errors import BadInput, Failure
from vs2.generate import Generator
from vs2.rubric import KEYS, check_prompt
from vs2.video import display_name

OVERALL = groups.OVERALL
DIMENSIONS = (*KEYS, OVERALL)
NAMED = re.compile(r"(?P<prompt>.+)-(?P<number>[0-9]+)", re.DOTALL)
ENDINGS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".gif")
CUT = 100           # characters from which on a file's name may be a prompt's beginning
DECIMALS = 2        # scores that are the same as they are shown are a tie


@dataclass(frozen=True)
class Made:
    """A clip of the suite: by which generator, for which prompt, which of its clips."""

    generator: str
    prompt: str
    number: int
    path: Path


def prompts(path: Path) -> list[str]:
    """The prompts in a file, each once. Raises BadInput where there is none."""
    name = display_name(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The prompts {name} cannot be read: give a text file, a line a prompt, or a JSON list.") \
            from error
    if path.suffix.lower() == ".json":
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"The prompts {name} are not JSON ({error}).") from error
        found = [row.get("prompt_en") or row.get("prompt") if isinstance(row, dict) else row
                 for row in rows] if isinstance(rows, list) else []
    else:
        found = [line for line in text.splitlines() if line.strip()]
    asked = [one.strip() for one in found if isinstance(one, str) and one.strip()]
    if not asked or len(asked) < len(found):
        raise BadInput(f"{name} holds no prompts: write a line each, a JSON list of texts, or VBench's objects with "
                       "prompt_en.")
    return list(dict.fromkeys(map(check_prompt, asked)))


def named(said: str) -> tuple[str, str]:
    """`NAME=FOLDER_OR_GENERATOR`, or that alone, as (name, what)."""
    name, mark, what = said.partition("=")
    if mark and name and not re.match(r"(diffusers|provider):", said):
        return name.strip(), what
    return (said if ":" in said or said == "sketch" else Path(said).name or said), said


def found(name: str, folder: Path, asked: Sequence[str] | None) -> tuple[list[Made], list[str]]:
    """A generator's clips in a folder, and the prompts that have none. asked: None takes what the names tell.

    Raises BadInput where there is no such folder, or not one clip of these prompts.
    """
    if not folder.is_dir():
        raise BadInput(f"There is no folder {display_name(folder)}: --generator names a folder of clips, sketch, "
                       "diffusers:ID or provider:NAME/ID.")
    files: dict[str, list[tuple[int, Path]]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in ENDINGS and path.is_file() and (said := NAMED.fullmatch(path.stem)):
            files.setdefault(said["prompt"], []).append((int(said["number"]), path))
    wanted = list(files) if asked is None else list(asked)
    clips, missing = [], []
    for prompt in wanted:
        there = files.get(prompt) or files.get(prompt.replace("/", "_")) or next(
            (clips_ for said, clips_ in files.items() if len(said) >= CUT and prompt.startswith(said)), [])
        clips += [Made(name, prompt, number, path) for number, path in sorted(there)]
        if not there:
            missing.append(prompt)
    if not clips:
        raise BadInput(f"{display_name(folder)} has no clip of these prompts: they must be called PROMPT-0.mp4, "
                       "PROMPT-1.mp4 and so on.")
    return clips, missing


def made(name: str, generator: Generator, asked: Sequence[str], count: int, folder: Path,
         say: Callable[[str], None] = lambda text: None) -> list[Made]:
    """`count` clips of each prompt by a generator, under VBench's names in a folder; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = []
    for at, prompt in enumerate(asked):
        for number in range(count):
            stem = prompt.replace("/", "_")[:180]
            path = folder / f"{stem}-{number}.mp4"
            if not path.exists():
                say(f"{name} makes clip {at * count + number + 1} of {len(asked) * count}")
                got = generator.generate(prompt, seed=number, folder=folder / ".making")
                got.path.replace(path)
            clips.append(Made(name, prompt, number, path))
    return clips


def run(judge, clips: Iterable[Made], out: Path | None = None, progress=None, how: dict | None = None,
        missing: dict[str, int] | None = None, **options) -> dict:
    """{suite, model, clips, board, pairs, missing, rows}: the clips judged. out: a .jsonl that keeps the rows.

    board: of vs2/batch/groups.py, by generator. pairs: {dimension: {ranking, wins}} of `order`. missing: of each
    generator, how many prompts it has no clip of. Raises what judging raises.
    """
    asked = [Row(number, str(clip.path), clip.prompt, {"generator": clip.generator, "number": clip.number}, clip.path)
             for number, clip in enumerate(clips, 1)]
    keys = {row.number: results.key(row, {**(how or {"model": judge.name}), **options}) for row in asked}
    records: dict[int, dict] = {}

    def judge_all(left: list[Row], keep: Callable[[dict], None]) -> None:
        for done, record in enumerate(stream(judge, judged, [(row, keys[row.number], False) for row in left],
                                             **options), 1):
            keep(record)
            if progress:
                progress(done, len(left))

    if out is None:
        judge_all(asked, lambda record: records.update({record["row"]: record}))
    else:
        with Journal(out, keys, resume=True) as journal:
            judge_all([row for row in asked if row.number not in journal.records], journal.add)
            journal.finish()
            records = dict(journal.records)
    rows = [records[row.number] for row in asked]
    board = groups.grouped(rows, "generator")
    return {"suite": "prompts-suite", "model": judge.name, "clips": len(rows), "board": board.to_dict(),
            "pairs": {key: order(rows, key) for key in DIMENSIONS}, "missing": missing or {}, "rows": rows}


def order(rows: Sequence[dict], dimension: str) -> dict | None:
    """{ranking, wins}: of the judge's preferences between clips of one prompt by two generators; None without any.

    ranking: of vs2/duels/ranking.py. Clips with the same score, as shown, tie; one without a score is in no pair.
    """
    scores = {at: score for at, row in enumerate(rows) if (score := number_of(row, dimension)) is not None}
    clips = [pairs.Clip(at, rows[at]["prompt"], rows[at]["generator"], rows[at]["video"]) for at in scores]
    votes = []
    for pair in pairs.pairs(clips):
        ahead = round(scores[pair.a.key], DECIMALS) - round(scores[pair.b.key], DECIMALS)
        votes.append(Vote(pair.a.prompt, pair.a.name, pair.b.name, pair.a.generator, pair.b.generator,
                          A if ahead > 0 else B if ahead < 0 else TIE, dimension))
    return ranking.rank(votes, dimension).to_dict() if votes else None


def number_of(row: dict, dimension: str) -> float | None:
    """A row's expected score; overall is the mean of the three."""
    if dimension == OVERALL:
        return row.get("overall")
    return ((row.get("scores") or {}).get(dimension) or {}).get("expected")


def wanted(said: Iterable[str]) -> dict[str, float]:
    """`visual_quality=3.5` and so on as {dimension: least mean}. Raises BadInput."""
    least = {}
    for one in said:
        name, _, value = one.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = 0.0
        if name not in DIMENSIONS or not 1 <= number <= 5:
            raise BadInput(f"--at-least {one!r:.60} is none: write a dimension ({', '.join(DIMENSIONS)}), = and a mean "
                           "from 1 to 5.")
        least[name] = number
    return least


def check(result: dict, least: dict[str, float]) -> None:
    """Raises Failure, one sentence, where a generator misses one of these means or was not judged in it."""
    missed = []
    for group in result["board"]["groups"]:
        for name, number in least.items():
            mean = group["cells"][name]["mean"]
            if mean is None or mean < number:
                missed.append(f"{group['name']} has {'no score' if mean is None else f'{mean:.2f}'} in {name}, "
                              f"not {number:g}")
    if missed:
        raise Failure(f"--at-least is missed: {'; '.join(missed)}.")


def table(result: dict) -> str:
    """The leaderboard as Markdown."""
    lines = ["| place | generator | clips | not judged | " + " | ".join(DIMENSIONS) + " | win rate | strength |",
             "|---|---|---|---|" + "---|" * (len(DIMENSIONS) + 2)]
    stands = {one["generator"]: one for one in (result["pairs"][OVERALL] or {}).get("standings", ())}
    for group in result["board"]["groups"]:
        cells = []
        for name in DIMENSIONS:
            cell = group["cells"][name]
            sure = f" ({cell['low']:.2f} to {cell['high']:.2f})" if cell["low"] is not None else ""
            cells.append("-" if cell["mean"] is None else f"{cell['mean']:.2f}{sure}")
        stand = stands.get(group["name"])
        rate = "-" if stand is None else f"{stand['win_rate']:.2f}"
        strength = "-" if stand is None else f"{stand['rating']:.0f}" + (
            "" if None in (stand["low"], stand["high"]) else f" ({stand['low']:.0f} to {stand['high']:.0f})")
        withheld = group["rows"] - group["cells"][OVERALL]["judged"]
        lines.append(f"| {group['place'] or '-'} | {_cell(group['name'])} | {group['rows']} | {withheld} | "
                     f"{' | '.join(cells)} | {rate} | {strength} |")
    told = ["Means of expected scores, 95 % intervals over prompts. Win rate and strength (Bradley and Terry, 1000 is "
            "the middle) are of the judge's order of clips of one prompt. "
            f"{result['clips']} clips, judged by {result['model']}."]
    told += [f"{_cell(name)} has no clip of {count} prompts." for name, count in result["missing"].items() if count]
    return "\n".join([*lines, "", *told])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
