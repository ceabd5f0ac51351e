"""The suite `lengths`: how long a prompt may grow before a judge's scores are no longer those of the clip.

Each held-out scene is judged against its true prompt, and again as that prompt grows by words that change nothing
(`FILLERS`: camera and mood in sentences, style in keywords, and in Chinese, which costs a small vocabulary a token a
byte). Lengths are in tokens of the judge's own tokenizer: that is what it reads, and 100 letters of one prompt can be
more tokens than 400 of another. A length holds where nearly all scores stay what they were and none is lost.
"""
from vs2.bench.scenes import read, scored
from vs2.bench.work import each
from vs2.model.inputs import fitting
from vs2.rubric import KEYS, MAX_PROMPT_CHARACTERS
from vs2.scenes import words, world

FIRST = world.HELD_OUT + 7_000_000      # far from the seeds of the other suites
LENGTHS = (16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 256, 320, 384, 512, 640, 768, 1024)
HOLDS = 0.9                             # share of the clips, in each dimension, whose digit has to stay
FILLERS = (
    "The camera holds still while soft light falls over everything, and the mood is calm and quiet from the first "
    "moment to the last. Nothing hurries, every detail can be seen, and the view stays the same all the way through. ",
    "cinematic, highly detailed, sharp focus, 4k, soft shadows, natural light, smooth, award winning, best quality, "
    "steady camera, wide angle, film look, ",
    "画面清晰,光线柔和,镜头稳定,气氛安静,细节丰富,色彩自然,整个过程流畅。",
)


def grown(tokenizer, prompt: str, filler: str, tokens: int) -> str:
    """The prompt with so much of the filler, over and over, that it has `tokens` tokens, or as near below as it goes.

    It is never cut itself. Raises nothing: at most `MAX_PROMPT_CHARACTERS` are given.
    """
    text = f"{prompt} " + filler * (MAX_PROMPT_CHARACTERS // len(filler))
    return text[:max(len(prompt), fitting(tokenizer, text[:MAX_PROMPT_CHARACTERS], tokens))].rstrip()


def judged(judge, item, **options) -> dict:
    """The row of one scene; item: its number and the lengths. `value` is [1 + lengths][3], the bare prompt's first."""
    number, lengths = item
    scene = world.sample(FIRST + number)
    scene = world.replace(scene, asked=scene.shown)
    tokenizer, bare = judge.processor.tokenizer, words.caption(scene.shown, number)
    prompts = [bare, *(grown(tokenizer, bare, FILLERS[number % len(FILLERS)], length) for length in lengths)]
    found = scored(judge, scene, prompts, **options)
    return {"seed": scene.seed, "true": list(scene.scores), "filler": number % len(FILLERS),
            "characters": [len(prompt) for prompt in prompts], "value": [read(one)["value"] for one in found],
            "tokens": [one.tokens for one in found], "truncated": [one.truncated for one in found]}
