"""How the sketch reads a prompt: English words for what a scene can show, and a list of those that it did not take.

    read("Two red balls bounce on grass next to a dog")
    # Reading(fixed={count: 2, colour: red, shape: ball, motion: bounces, background: grass}, foreign={beside},
    #         unknown=("dog",), ...)

It finds noun phrases around the four shapes, takes colours and numbers from them, and the first motion and place. It
knows no grammar beyond that, so it accounts for every word: taken, of no weight, or told as not understood.
"""
import re
import unicodedata
from dataclasses import dataclass, field

from vs2.generate.lexicon import (
    ARTICLES,
    BESIDE,
    LEXICON,
    LINKS,
    NATURAL,
    NEGATIONS,
    PHRASES,
    PLACED,
    PREPOSITIONS,
    RELATIONS,
    STOP,
    Meaning,
)
from vs2.scenes.words import FOREIGN
from vs2.scenes.world import ELEMENTS

BREAKS = (",", ".", ";", ":", "!", "?", "(", ")")


@dataclass(frozen=True)
class Reading:
    """What a prompt asks for. Elements that are in neither `fixed` nor `foreign` are left open.

    fixed: element -> its value in `world.Content`; a companion's colour may be None, which leaves it open.
    many: more than one object is asked for, no number said. foreign: elements asked for in words whose meaning cannot
    be drawn. near: (word, what is drawn for it). unknown: words and phrases not understood, in the prompt's order.
    """

    fixed: dict = field(default_factory=dict)
    many: bool = False
    foreign: frozenset[str] = frozenset()
    near: tuple[tuple[str, str | int], ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[str, ...]:
        """The elements that the prompt says nothing of. That nothing stands beside is said by saying nothing."""
        return tuple(e for e in ELEMENTS if e not in self.fixed and e not in self.foreign and e != "beside")


@dataclass
class _Token:
    """One word of a prompt. used: it was taken, or is of no weight."""

    text: str
    word: str
    meaning: Meaning | None
    used: bool = False

    def of(self, element: str) -> bool:
        return self.meaning is not None and self.meaning.element == element

    @property
    def meant(self) -> Meaning:
        """What a word means that was found to mean something."""
        assert self.meaning is not None, f"{self.word!r} has no meaning"
        return self.meaning


@dataclass
class _Thing:
    """One object that is named. at: where its noun is. related: the word such as "beside" that leads to it."""

    at: int
    related: _Token | None
    definite: bool
    count: Meaning | None
    colour: Meaning | None


def read(prompt: str) -> Reading:
    """What the prompt asks for. Any text is read; what comes of it is said in the result."""
    tokens = _tokens(prompt)
    unknown = _negated(tokens)
    things = _things(tokens)
    main, companion = _roles(tokens, things)
    taken: dict[str, Meaning] = {}
    many = False
    if main is not None:
        noun = tokens[main.at]
        taken["shape"] = noun.meant
        if main.count:
            taken["count"] = main.count
        many = main.count is None and noun.meant.plural
        if main.count is None and not many:
            taken["count"] = Meaning("count", 1)
        if main.colour:
            taken["colour"] = main.colour
    motion = _motion(tokens, main, companion)
    if motion is not None:
        taken["motion"] = motion.meant
    place = next((t for t in tokens if t.of("background") and not t.used), None)
    if place is not None:
        taken["background"] = place.meant
        for token in tokens:
            if token.of("background") and token.meant.value == place.meant.value:
                token.used = True
    _natural(tokens)
    near = [(t.text, t.meaning.value) for t in tokens if t.used and t.meaning and t.meaning.near]
    fixed: dict[str, object] = {name: meaning.value for name, meaning in taken.items() if meaning.value != FOREIGN}
    foreign = {name for name, meaning in taken.items() if meaning.value == FOREIGN}
    if companion is not None:
        shape = tokens[companion.at].meant.value
        if companion.colour is not None and companion.colour.value == FOREIGN:
            foreign.add("beside")
        else:
            fixed["beside"] = (companion.colour.value if companion.colour else None, shape)
        if (companion.count and companion.count.value != 1) or tokens[companion.at].meant.plural:
            near.append((tokens[companion.at].text, f"one {shape}"))
        if companion.related is not None and companion.related.word in PLACED:
            companion.related.used = True
            near.append((companion.related.text, "beside"))
    elif _unknown_neighbour(tokens):
        foreign.add("beside")
    unknown += [(i, token.text) for i, token in enumerate(tokens) if token.word not in BREAKS
                and (not token.used or (token.meaning is not None and token.meaning.value == FOREIGN))]
    if main is None and unknown:
        foreign.add("shape")        # something is asked for, and it is none of the four
    if not fixed and unknown:
        foreign = set(ELEMENTS)
    said = tuple(dict.fromkeys(text for _, text in sorted(unknown)))
    return Reading(fixed, many, frozenset(foreign), tuple(dict.fromkeys(near)), said)


def _tokens(prompt: str) -> list[_Token]:
    """The words; a phrase that means one thing is one token."""
    text = unicodedata.normalize("NFKC", prompt).replace("\u2019", "'")
    raw = re.findall(r"[^\W_]+(?:'[^\W_]+)?|[^\w\s]", text)
    raw = [word for word in raw if word in BREAKS or unicodedata.category(word[0])[0] in "LN"
           or unicodedata.category(word[0]) == "So"]        # an emoji is a word, a dash is none
    tokens, at = [], 0
    while at < len(raw):
        length = next((n for n in (4, 3, 2) if tuple(w.casefold() for w in raw[at:at + n]) in PHRASES), 1)
        words = raw[at:at + length]
        word = PHRASES[tuple(w.casefold() for w in words)] if length > 1 else words[0].casefold()
        word = word.removesuffix("'s")
        tokens.append(_Token(" ".join(words), word, LEXICON.get(word), word in STOP))
        at += length
    return tokens


def _negated(tokens: list[_Token]) -> list[tuple[int, str]]:
    """Takes out what is said not to be there: a sketch cannot leave out on purpose."""
    found = []
    for i, token in enumerate(tokens):
        if token.word not in NEGATIONS or token.used:
            continue
        end = i + 1
        while end < len(tokens) and end < i + 5 and tokens[end].word not in BREAKS + LINKS:
            end += 1
            if tokens[end - 1].meaning and not tokens[end - 1].of("colour") and not tokens[end - 1].of("count"):
                break
        for other in tokens[i:end]:
            other.used, other.meaning = True, None
        found.append((i, " ".join(other.text for other in tokens[i:end])))
    return found


def _things(tokens: list[_Token]) -> list[_Thing]:
    """The objects named, with the colour and number before their noun, or a colour after "is" or "that is"."""
    things = []
    for i, token in enumerate(tokens):
        if not token.of("shape") or token.used:
            continue
        start = i
        while start and _modifies(tokens, start - 1):
            start -= 1
        colour = count = None
        definite = False
        for other in reversed(tokens[start:i]):
            definite |= other.word in ("the", "this", "it")
            if other.of("colour") and colour is None:
                colour, other.used = other.meaning, True
            elif other.of("count") and count is None:
                count, other.used = other.meaning, True
        if colour is None:
            colour = _said_after(tokens, i)
        related = tokens[start - 1] if start and tokens[start - 1].word in RELATIONS else None
        token.used = True
        things.append(_Thing(i, related, definite, count, colour))
    return things


def _modifies(tokens: list[_Token], at: int) -> bool:
    """Whether the token at `at` belongs to the noun phrase that starts right of it."""
    token = tokens[at]
    if token.word == "," and at and tokens[at - 1].of("colour"):    # "a red, shiny ball"
        return True
    if token.word == "of":
        return at > 0 and tokens[at - 1].of("count")
    if token.word in BREAKS or token.word in RELATIONS or token.word in LINKS or token.word in PREPOSITIONS:
        return False
    if token.of("shape") or token.of("motion") or token.of("background"):
        return False
    return tokens[at + 1].word not in ARTICLES      # "a ball a box": an article ends what stands left of it


def _said_after(tokens: list[_Token], noun: int) -> Meaning | None:
    """The colour in "the ball is red", or None."""
    after = tokens[noun + 1:noun + 4]
    for n, token in enumerate(after):
        if token.of("colour"):
            follows = after[n + 1] if n + 1 < len(after) else None
            if n and not (follows and (follows.of("shape") or follows.of("background"))):
                token.used = True
                return token.meaning
            return None
        if token.word not in ("that", "which", "is", "are", "coloured", "colored"):
            return None
    return None


def _roles(tokens: list[_Token], things: list[_Thing]) -> tuple[_Thing | None, _Thing | None]:
    """The object that the scene is about, and the one that stands beside it; others stay unused."""
    if not things:
        return None, None
    main = next((thing for thing in things if thing.related is None), things[0])
    companion = None
    for thing in things:
        if thing is main:
            continue
        same = tokens[thing.at].meant.value == tokens[main.at].meant.value
        again = same and thing.colour in (None, main.colour) and (thing.definite or not thing.related)
        if again:
            main.colour = main.colour or thing.colour
        elif companion is None:
            companion = thing
        else:
            known = companion.colour in (None, thing.colour) or thing.colour is None
            if not (thing.definite and known and tokens[thing.at].meant.value == tokens[companion.at].meant.value):
                tokens[thing.at].used = False
    return main, companion


def _motion(tokens: list[_Token], main: _Thing | None, companion: _Thing | None) -> _Token | None:
    """The motion of the main object: the first that does not come after the companion, where there are several."""
    found = [(i, token) for i, token in enumerate(tokens) if token.of("motion") and not token.used]
    if not found:
        return None
    theirs = [] if main is None or companion is None or companion.at < main.at else \
        [i for i, _ in found if i > companion.at]
    chosen = next((token for i, token in found if i not in theirs), found[0][1])
    for i, token in found:
        stands = token.meant.value == "rests" and (i in theirs or companion is not None)
        token.used = token is chosen or token.meant.value == chosen.meant.value or stands
    return chosen


def _natural(tokens: list[_Token]) -> None:
    """Takes the colours that a place has anyway, and the words that lead to it."""
    for token, place in zip(tokens, tokens[1:], strict=False):
        if token.of("colour") and place.of("background"):
            token.used |= (token.meant.value, place.meant.value) in NATURAL
    for i, token in enumerate(tokens):
        if token.word in PLACED:
            token.used |= any(other.of("background") for other in tokens[i + 1:i + 4])


def _unknown_neighbour(tokens: list[_Token]) -> bool:
    """Whether a word such as "beside" leads to something that is none of ours."""
    for i, token in enumerate(tokens):
        if token.word not in BESIDE:
            continue
        phrase: list[_Token] = []
        for other in tokens[i + 1:]:
            if other.word in BREAKS or other.word in RELATIONS or other.word in LINKS or other.of("motion"):
                break
            if other.word in ARTICLES and phrase:
                break
            phrase.append(other)
        known = any(other.of("background") or other.of("shape") for other in phrase)
        if not known and any(not other.used and other.meaning is None for other in phrase):
            return True
    return False
