"""What is asked, and how a prompt stays text on its way through a server's chat template.

Here a prompt is turned into tokens apart from the template (`vs2.model.inputs`), so nothing in it can become a mark. A
server reads the whole as one text: a mark that the prompt spells out is therefore broken by a blank, and that is said.
"""
import re
from typing import Any

from vs2.model.inputs import tokenisable
from vs2.rubric import DIRECT, THINK_CLOSE, THINK_OPEN, ask

MARKS = re.compile(r"<(?=\|[^<>|\s]{1,40}\|>|/?tool_(?:call|response)>|/?(?:vision|image|video)_\w{1,20}>)")
BROKEN = ("The prompt spells out a mark of the judge's own language: it was sent with a blank in it, so that it stays "
          "text, and may be read a little otherwise than by the judge on this machine.")
AT_ONCE = "\n\nGive the three scores at once, without any explanation, each a whole number from 1 to 5."
SECOND = ("Now give the three scores, each a whole number from 1 to 5, and nothing else, in this form:\n"
          + DIRECT.write((1, 1, 1)).replace(": 1", ": <score>"))
REREAD = ("The server read what was thought anew before it gave the scores, and may have cut it into other tokens than "
          "it wrote: they may differ a little from those of the judge on this machine.")
BY_QUESTION = "The server cannot continue a reply that it has begun, so the scores were asked for by a second question."
ASKED_AT_ONCE = ("The server cannot continue a reply that it has not begun, so it was asked in words to leave out the "
                 "explanation: the scores are not those of the judge on this machine.")

def plain(text: str, tokenizer: Any = None, keep: tuple[str, ...] = ()) -> str:
    """The text with a blank in each mark that a tokenizer would take for one, after its first character; `keep` are
    left as they are."""
    text = tokenisable(text)
    if tokenizer is None:
        return MARKS.sub("< ", text)
    added = sorted((re.escape(token) for token in tokenizer.get_added_vocab()
                    if len(token) > 1 and token not in keep), key=len, reverse=True)
    marks = re.compile(f"{'|'.join(added)}") if added else re.compile("(?!)")
    while (found := marks.search(text)) is not None:
        text = f"{text[:found.start() + 1]} {text[found.start() + 1:]}"
    return text

def question(query: str, prompt: str, tokenizer: Any = None) -> tuple[str, bool]:
    """What the judge is asked, and whether the prompt had to be changed for it."""
    safe = plain(prompt, tokenizer)
    return ask(query, safe), safe != tokenisable(prompt)

def user(content: list[dict], text: str) -> dict:
    """The clip, then the question, as the published system has them."""
    return {"role": "user", "content": [*content, {"type": "text", "text": text}]}

def assistant(text: str, tokenizer: Any = None) -> dict:
    """What the judge has said so far. It is a model's own text, so it may spell out marks too."""
    return {"role": "assistant", "content": plain(text, tokenizer, (THINK_OPEN, THINK_CLOSE))}
