"""The suite `lengths`: how long a prompt may grow before a judge's scores are no longer those of the clip.

Each held-out scene is judged against its true prompt, and again as that prompt grows by words that change nothing: half
of the scenes' prompts are said again in other wordings, the others go on about camera and mood (in sentences, in
keywords, in Chinese, of which a small vocabulary makes a token a byte). Lengths are in tokens of the judge's own
tokenizer, for that is what it reads: 100 letters of one prompt can be more tokens than 400 of another.

A length holds if every score can be read, no thinking had to be cut, and nearly all digits stay what they are with the
bare prompt. What is said again must change no score; of other words a judge may think that the clip does not show them,
so there the alignment does not count. `longest` is the last length before the first that does not hold, or that of the
longest bare prompt.
"""
from dataclasses import replace

from vs2.bench.scenes import read, scored
from vs2.bench.work import each
from vs2.model.inputs import counted, fitting
from vs2.rubric import KEYS, MAX_PROMPT_CHARACTERS
from vs2.scenes import words, world

FIRST = world.HELD_OUT + 7_000_000      # far from the seeds of the other suites
LENGTHS = (16, 24, 32, 40, 48, 64, 96, 128, 192)
HOLDS = 0.9                             # share of the digits that have to stay, in each dimension
AGAIN, OTHER = "again", "other"
WORDINGS = 8                            # of `words.caption`
FILLERS = (
    "The camera holds still while soft light falls over everything, and the mood is calm and quiet from the first "
    "moment to the last. Nothing hurries, every detail can be seen, and the view stays the same all the way through. ",
    "cinematic, highly detailed, sharp focus, 4k, soft shadows, natural light, smooth, award winning, best quality, "
    "steady camera, wide angle, film look, ",
    "画面清晰,光线柔和,镜头稳定,气氛安静,细节丰富,色彩自然,整个过程流畅。",
)


def grown(tokenizer, number: int, scene: world.Scene, tokens: int) -> str:
    """The true prompt of scene `number` with so much behind it that it has `tokens` tokens, or just fewer.

    The prompt itself is never cut; what follows may be, and is at most what a prompt may have in characters.
    """
    bare = words.caption(scene.shown, number)
    if number % 2:
        filler = FILLERS[number // 2 % len(FILLERS)]
    else:
        filler = "".join(f"{words.caption(scene.shown, number + turn)} " for turn in range(1, WORDINGS))
    text = f"{bare} " + filler * (MAX_PROMPT_CHARACTERS // len(filler) + 1)
    return text[:max(len(bare), fitting(tokenizer, text[:MAX_PROMPT_CHARACTERS], tokens))].rstrip()


def judged(judge, item, **options) -> dict:
    """The row of one scene; item: its number. `value` is [1 + lengths][3], that of the bare prompt first."""
    number, scene = item, world.sample(FIRST + item)
    scene = replace(scene, asked=scene.shown)
    tokenizer = judge.processor.tokenizer
    prompts = [words.caption(scene.shown, number), *(grown(tokenizer, number, scene, length) for length in LENGTHS)]
    found = scored(judge, scene, prompts, **options)
    return {"seed": scene.seed, "true": list(scene.scores), "kind": OTHER if number % 2 else AGAIN,
            "characters": list(map(len, prompts)), "tokens": [counted(tokenizer, prompt) for prompt in prompts],
            "value": [read(one)["value"] for one in found], "cut": [one.truncated for one in found],
            "withheld": any(one.withheld for one in found)}


def summary(rows) -> dict:
    """{clips, withheld, bare, lengths, longest, characters}: `lengths` has, for each length, what `_at` says.

    withheld: scenes with a score that was not judged; nothing else counts them, and without others `longest` is None.
    bare: tokens of the longest bare prompt. longest: in tokens (see above). characters: the fewest that so many tokens
    were, and the most.
    """
    clips, rows = len(rows), [row for row in rows if not row.get("withheld")]
    if not rows:
        return {"clips": clips, "withheld": clips, "bare": 0, "lengths": [], "longest": None, "characters": [0, 0]}
    bare = max(row["tokens"][0] for row in rows)
    lengths, longest, holds = [], bare, True
    for n, length in enumerate(LENGTHS, 1):
        lengths.append({"tokens": length} | _at(rows, n))
        holds = holds and lengths[-1]["holds"]
        longest = max(longest, length) if holds else longest
    characters = [count for row in rows for count, tokens in zip(row["characters"], row["tokens"], strict=True)
                  if longest - 2 <= tokens <= longest]
    return {"clips": clips, "withheld": clips - len(rows), "bare": bare, "lengths": lengths, "longest": longest,
            "characters": [min(characters, default=0), max(characters, default=0)]}


def _at(rows, n: int) -> dict:
    """One length: {readable, same: {kind: {dimension: share}}, holds}; readable counts replies that were not cut."""
    same = {}
    for kind in (AGAIN, OTHER):
        own = [row["value"] for row in rows if row["kind"] == kind]
        same[kind] = {key: sum(value[n][i] == value[0][i] for value in own) / len(own) if own else 1.0
                      for i, key in enumerate(KEYS)}
    readable = sum(None not in row["value"][n] and not row["cut"][n] for row in rows) / len(rows)
    counts = [share for kind, shares in same.items() for key, share in shares.items()
              if (kind, key) != (OTHER, "text_alignment")]
    return {"readable": readable, "same": same, "holds": readable == 1 and min(counts) >= HOLDS}


def run(judge, count: int = 40, progress=None, **options) -> dict:
    """Judge `count` scenes at every length: {suite, model, clips, metrics, rows}; metrics as in `summary`.

    judge: a Judge, or `vs2.bench.work.Processes`. options go to `judge.score`. progress: called with (done, count)
    after each scene. Raises what the judge raises.
    """
    rows = each(judge, judged, range(count), progress, **options)
    return {"suite": "lengths", "model": judge.name, "clips": len(rows), "metrics": summary(rows), "rows": rows}


def table(metrics: dict) -> str:
    """The summary as a Markdown table."""
    if metrics["longest"] is None:
        return f"None of the {metrics['clips']} scenes was judged."
    lines = ["| tokens | readable | said again: visual | alignment | physical | other words: visual | alignment | "
             "physical | holds |", "|---" * 9 + "|"]
    for row in metrics["lengths"]:
        shares = [row["readable"], *(row["same"][kind][key] for kind in (AGAIN, OTHER) for key in KEYS)]
        lines.append(f"| {row['tokens']} | {' | '.join(f'{share:.2f}' for share in shares)} | "
                     f"{'yes' if row['holds'] else 'no'} |")
    least, most = metrics["characters"]
    return "\n".join([*lines, "", f"The longest prompt that holds: {metrics['longest']} tokens ({least} to {most} "
                      f"characters here; bare prompts have up to {metrics['bare']} tokens). "
                      f"Not judged: {metrics['withheld']} of {metrics['clips']} scenes."])
