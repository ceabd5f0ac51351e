"""Replies from a server: thinking as it is streamed, then the scores, asked for where they did not come by themselves.

A reply that is spent without its scores is continued: the server is given what was said, with the answer's opening
words after it, and goes on. Where it cannot, the scores are asked for by a second question, and that is said.
"""
import random
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

import numpy as np

from vs2 import answer
from vs2.errors import Failure
from vs2.model.generation import HEARTBEAT
from vs2.model.reply import Piece, Reply
from vs2.options import Options
from vs2.remote import faults, words
from vs2.remote.client import Client, Stopped
from vs2.remote.digits import Token, distribution, placed, tokens_of
from vs2.remote.draft import UNKNOWN, Draft
from vs2.remote.known import Known
from vs2.remote.probe import TEMPERED, Found
from vs2.rubric import DIRECT, KEYS, SCALE, THINK_CLOSE

REST = 64           # tokens for the rest of an answer that was begun
SLACK = 8           # tokens that a prompt's end and the question's beginning may share or split


@dataclass
class Asking:
    """One judgement by a server: the clip in the form that it takes, encoded once."""

    client: Client
    known: Known
    found: Found
    frames: np.ndarray
    prompt: str
    options: Options
    stop: Callable[[], bool]
    allowance: int
    fps: float      # that the frames have in the clip's time
    said: list[str] = field(default_factory=list)       # about the whole judgement
    _content: list[dict] = field(default_factory=list)

    def write(self) -> Generator[Piece, None, list[Reply]]:
        """Pieces of the first reply's rationale; returns the replies. Raises Stopped, Broken, Problem."""
        text, broken = words.question(self.known.card.query, self.prompt, self.known.tokenizer)
        if broken:
            self.said.append(words.BROKEN)
        options = self.options
        self._content = self.found.form.content(self.frames, self.fps)
        if self.found.tempered and options.samples > 1:
            self.said.append(TEMPERED)
        if options.think:
            drafts = yield from self._think(words.user(self._content, text))
        elif self.found.continues:
            drafts = [Draft(options.budget, self.allowance, DIRECT.leads[0], DIRECT) for _ in range(options.samples)]
        else:
            self.said.append(words.ASKED_AT_ONCE)
            drafts = yield from self._think(words.user(self._content, text + words.AT_ONCE))
        for number, draft in enumerate(drafts):
            yield from self._answer(draft, words.user(self._content, text), number)
        return [draft.reply() for draft in drafts]

    def _think(self, user: dict) -> Generator[Piece, None, list[Draft]]:
        """All the replies, up to where the server ends them or their budget is spent."""
        options = self.options
        drafts: list[Draft] = []
        while len(drafts) < options.samples:        # a server that knows of no `n` gives one at a time
            wanted = options.samples - len(drafts)
            new = {place: Draft(options.budget, self.allowance) for place in range(wanted)}
            came: set[int] = set()
            yield from self._stream([user], new, came, wanted, options.seed + len(drafts), not drafts)
            if not came:
                raise faults.garbage()
            drafts += [new[place] for place in sorted(came)]
        return drafts

    def _stream(self, messages: list[dict], drafts: dict[int, Draft], came: set[int], wanted: int, seed: int,
                aloud: bool) -> Iterator[Piece]:
        options, shown, silence, checked = self.options, answer.Rationale(), 0, False
        values: dict[str, int] = {}
        body = self._body(messages, options.budget + self.allowance, seed)
        body["stream_options"] = {"include_usage": True, "continuous_usage_stats": True}
        if wanted > 1:
            body["n"] = wanted
        with _closing(self.client.stream(body)) as chunks:
            for chunk in chunks:
                if self.stop():
                    raise Stopped
                new = ""
                if chunk is not None:
                    if not checked:
                        checked = self._check(chunk)
                    for place, text, tokens, ids, ended, thought in _pieces(chunk):
                        if place not in drafts:
                            continue
                        came.add(place)
                        text = drafts[place].joined(thought, text)
                        silent = ended and not text     # the mark that ends a reply is none of its tokens
                        given = "" if silent else "".join(
                            drafts[place].add(*part) for part in _parted(text, tokens, ids))
                        if ended and not drafts[place].over:
                            drafts[place].end()
                        new += given if place == 0 else ""
                text, before = shown.feed(new) if aloud else "", values
                if wanted == 1 and "\n" in new:
                    values = drafts[0].given()
                silence = 0 if text or values != before else silence + 1
                if not silence or silence % HEARTBEAT == 0:
                    yield Piece(text, sum(len(draft.ids) for draft in drafts.values()), values)
                if len(came) == wanted and all(draft.over for draft in drafts.values()):
                    break
        if aloud and (text := shown.finish()):
            yield Piece(text, sum(len(draft.ids) for draft in drafts.values()), values)
        for place in came:
            if not drafts[place].over:
                drafts[place].end()

    def _answer(self, draft: Draft, user: dict, number: int) -> Iterator[Piece]:
        """The scores of a reply that has none yet."""
        if draft.form is None:
            return
        if not self.found.continues:
            yield from self._second(draft, user)
            return
        if draft.form is not DIRECT:
            closing = f"\n{THINK_CLOSE}{draft.form.leads[0]}"
            if not self._reads_same(draft, closing):
                draft.notes.append(words.REREAD)
            draft.text += closing
        dice = random.Random(f"{self.options.seed} {number}")
        while draft.slot < len(KEYS):
            if self.stop():
                raise Stopped
            message = words.assistant(draft.text, self.known.tokenizer)
            body = self._body([user, message], REST, self.options.seed + number)
            body |= {"continue_final_message": True, "add_generation_prompt": False}
            reply = self.client.ask(body, self.stop)
            self._check(reply)
            _, text, tokens, *_ = next(_pieces(reply), NOTHING)
            if not self._digits(draft, text, tokens, dice):
                draft.notes.append("The server wrote no score where one was asked for.")
                return
            yield Piece("", len(draft.ids), {})
        draft.text += draft.form.end

    def _reads_same(self, draft: Draft, closing: str) -> bool:
        """Whether the text so far with the closing words has the tokens that were written, and those of the words."""
        tokenizer = self.known.tokenizer
        if tokenizer is None or UNKNOWN in draft.ids:
            return False

        def ids(text: str) -> list[int]:
            return list(tokenizer(text, add_special_tokens=False)["input_ids"])

        return ids(draft.text + closing) == draft.ids + ids(closing)

    def _digits(self, draft: Draft, text: str, tokens: list[Token], dice: random.Random) -> bool:
        """Takes from a continuation the digits that stand where the form has them, the first of them in any case."""
        form, start, before, places = draft.form, len(draft.text), draft.slot, dict(placed(text, tokens))
        assert form is not None, "a reply that was not asked for its answer"
        at = 0
        while draft.slot < len(KEYS):
            token = places.get(at)
            digit = self._digit(text[at:at + 1], token, dice, first=draft.slot == before)
            if digit is None:
                break
            if token is not None:
                draft.digits[start + at] = Token(digit, token.top)
            draft.ids.append(UNKNOWN)
            draft.slot += 1
            agrees = text[at:at + 1] == digit
            at += 1
            lead = form.leads[draft.slot] if draft.slot < len(KEYS) else ""
            draft.text += digit + lead
            if not (agrees and lead and text.startswith(lead, at)):
                break
            at += len(lead)
        return draft.slot > before

    def _digit(self, letter: str, token: Token | None, dice: random.Random, first: bool) -> str | None:
        """The digit of a place: the likeliest of the five, one by chance where several replies are drawn."""
        five = token.digits() if token is not None else None
        if five is None or not first and letter not in "12345":
            return letter if letter and letter in "12345" else None
        if self.options.samples == 1:
            return str(SCALE[five.index(max(five))])
        if letter and letter in "12345":        # drawn by the server, at the same temperature
            return letter
        return str(dice.choices(SCALE, distribution(five, self.options.temperature))[0])

    def _second(self, draft: Draft, user: dict) -> Iterator[Piece]:
        """Asks for the scores as one asks a person, after what was said."""
        message = words.assistant(draft.text.strip() or "...", self.known.tokenizer)
        question = {"role": "user", "content": words.SECOND}
        reply = self.client.ask(self._body([user, message, question], REST + self.allowance, self.options.seed),
                                self.stop)
        _, text, tokens, ids, *_ = next(_pieces(reply), NOTHING)
        said = text[text.rfind(THINK_CLOSE) + len(THINK_CLOSE):] if THINK_CLOSE in text else text
        draft.text += f"\n{THINK_CLOSE}\n\n" if THINK_CLOSE not in draft.text else "\n\n"
        skipped = len(text) - len(said)
        for place, token in placed(text, tokens):
            if place >= skipped:
                draft.digits[len(draft.text) + place - skipped] = token
        draft.text += said
        draft.ids += ids or [UNKNOWN] * max(len(tokens), 1)
        draft.notes.append(words.BY_QUESTION)
        yield Piece("", len(draft.ids), {})

    def _body(self, messages: list[dict], most: int, seed: int) -> dict:
        options, found = self.options, self.found
        body: dict = {"model": self.client.address.model, "messages": messages, "max_tokens": most,
                      **found.form.fields(len(self.frames), self.fps)}
        if found.digits:
            body |= {"logprobs": True, "logprob_token_ids": list(found.digits)}
        elif found.top:
            body |= {"logprobs": True, "top_logprobs": found.top}
        body |= {"temperature": 0} if options.samples == 1 else {
            "temperature": options.temperature, "top_p": options.top_p, "seed": seed % 2**31}
        if found.form.own:      # what a checkpoint's own settings would say otherwise
            body |= {"top_k": -1, "return_token_ids": True}
            if self.known.penalty is not None:
                body["repetition_penalty"] = self.known.penalty
        return body

    def _check(self, message: dict) -> bool:
        """Raises Failure where the server counts fewer tokens than the frames are, or more than with the prompt; gives
        whether it counted any."""
        usage = message.get("usage")
        counted = usage.get("prompt_tokens") if isinstance(usage, dict) else None
        if not isinstance(counted, int) or counted <= 0 or self.found.overhead is None:
            return False
        least = self.found.form.tokens(self.frames.shape) + self.found.overhead - SLACK
        if counted < least:
            raise Failure(f"The judge's server read {counted} tokens where the {len(self.frames)} frames alone are "
                          f"{self.found.form.tokens(self.frames.shape)}: it dropped or shrank some, so that its scores "
                          "would not be the judge's.")
        return True


class _closing:
    """Closes a generator at the end: contextlib's keeps its type less well."""

    def __init__(self, chunks: Generator[dict | None, None, None]):
        self._chunks = chunks

    def __enter__(self) -> Iterator[dict | None]:
        return self._chunks

    def __exit__(self, *_) -> None:
        self._chunks.close()


Part = tuple[int, str, list[Token], list[int], bool, str]
NOTHING: Part = (0, "", [], [], True, "")


def _pieces(message: dict) -> Iterator[Part]:
    """Of each choice in an answer or a chunk: its place, text, tokens, their ids, whether it ended, and what the server
    took out of the text as thinking."""
    choices = message.get("choices")
    if not isinstance(choices, list):
        raise faults.garbage()
    for choice in choices:
        said = choice.get("delta", choice.get("message")) if isinstance(choice, dict) else None
        if not isinstance(said, dict):
            raise faults.garbage()
        text = said.get("content") or ""
        thought = said.get("reasoning_content") or said.get("reasoning") or ""
        if not isinstance(text, str) or not isinstance(thought, str):
            raise faults.garbage()
        ids = choice.get("token_ids")
        ids = ids if isinstance(ids, list) and all(isinstance(one, int) for one in ids) else []
        place = choice.get("index", 0)
        yield (place if isinstance(place, int) else 0, text, tokens_of(choice), ids,
               bool(choice.get("finish_reason")), thought)


def _parted(text: str, tokens: list[Token], ids: list[int]) -> Iterator[tuple[str, list[Token], list[int]]]:
    """A chunk of several tokens as one token after another, so that a budget ends where it ends."""
    if len(tokens) < 2 or "".join(token.text for token in tokens) != text:
        if text or tokens or ids:
            yield text, tokens, ids
        return
    for place, token in enumerate(tokens):
        yield token.text, [token], ids[place:place + 1] if len(ids) == len(tokens) else []
