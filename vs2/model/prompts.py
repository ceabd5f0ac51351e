"""How long a prompt a judge was measured with, and what to say of a longer one. Loads the model libraries when it must.

A card's `longest_prompt` is in tokens (`vs2.bench.lengths` measures it): that is what a judge reads, and how many
letters a token is depends on the words.
"""
from collections.abc import Callable, Sequence
from pathlib import Path

from vs2.model.card import Card

UNREAD = "If the clip is footage, that matters not: of footage it reads no prompt."


def too_long(tokenizer, card: Card, prompt: str) -> str:
    """What to say of a prompt that is longer than those the judge was measured with, in a sentence; "" of any other."""
    if card.longest_prompt is None:
        return ""
    from vs2.model.inputs import counted

    tokens = counted(tokenizer, prompt)
    if tokens <= card.longest_prompt:
        return ""
    more = f" {UNREAD}" if card.footage is not None else ""
    return (f"This prompt is longer than any that this judge was measured with: {tokens} tokens, where "
            f"{card.longest_prompt} were the most (a word that it does not know is several). Its scores, the alignment "
            f"first of all, and its words may be wrong: a shorter and plainer prompt is safer.{more}")


def long_ones(tokenizer, card: Card, prompts: Sequence[str]) -> list[int]:
    """Which of many prompts are too long, by their places in the list."""
    if card.longest_prompt is None or not prompts:
        return []
    from vs2.model.inputs import counted

    known = {prompt: counted(tokenizer, prompt) > card.longest_prompt for prompt in dict.fromkeys(prompts)}
    return [place for place, prompt in enumerate(prompts) if known[prompt]]


def of_folder(folder: Path) -> Callable[[Sequence[str]], list[int]]:
    """`long_ones` for the checkpoint in a folder, without loading its weights. Raises BadInput for a broken one."""
    card = Card.read(folder)
    if card.longest_prompt is None:
        return lambda prompts: []
    from vs2.model.inputs import load_processor

    tokenizer = load_processor(folder, plain=True).tokenizer
    return lambda prompts: long_ones(tokenizer, card, prompts)
