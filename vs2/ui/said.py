"""What the library says in English, in the language of the request: problems, notes, reasons, what a card tells.

Such a sentence reaches a page as text, often by a detour: a journal's row, a stored record, a worker process, a GPU's
fork. So it is known again by its form. vs2/ui/words/zh/said.py has the forms, in which `{name}` stands for what was
filled in. What has no form there is shown as it is, in English. Data (JSON, CSV, records) are never translated.
"""
import re
from functools import lru_cache

from vs2.ui import language, text

MOST = 1000     # characters of a sentence that is looked at: it may hold what a visitor wrote
FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")
# What a field may be. Of those without a kind nothing is translated: names, paths, a system's own words.
KINDS = {None: ".+?", "d": r"\d+", "f": r"[-+]?\d+(?:\.\d+)?", "said": ".+?", "reason": ".+?", "list": ".+?",
         "clauses": ".+?", "more": ".*?", "rest": "(?:; .+?)?"}


def worded(sentence: str) -> str:
    """The sentence in the language of the request; as it is where that is English, or has no words for it."""
    return _said(sentence, language.here()) if sentence else sentence


@lru_cache(maxsize=4096)
def _said(sentence: str, spoken: str) -> str:
    with language.speaking(spoken):
        if len(sentence) > MOST:
            return sentence
        return _known(sentence, spoken) or _clauses(sentence, spoken) or sentence


@lru_cache
def _forms(spoken: str, part: bool) -> tuple[dict[str, str], list[tuple[re.Pattern, dict, str]]]:
    """The sentences without a field, and the forms with: (what finds it, kinds of its fields, what is said)."""
    with language.speaking(spoken):
        forms = (text.said.PARTS if part else {}) | text.said.FORMS | text.problems.FORMS | text.servers.FORMS
    plain = {form: words for form, words in forms.items() if not FIELD.search(form)}
    return plain, [(pattern(form), dict(FIELD.findall(form)), words) for form, words in forms.items()
                   if form not in plain]


def pattern(form: str) -> re.Pattern:
    """What a sentence of that form looks like."""
    parts, at = [], 0
    for field in FIELD.finditer(form):
        parts += [re.escape(form[at:field.start()]), f"(?P<{field[1]}>{KINDS[field[2]]})"]
        at = field.end()
    return re.compile("".join([*parts, re.escape(form[at:])]), re.DOTALL)


def _known(sentence: str, spoken: str, part: bool = False) -> str | None:
    """The sentence where it has a form. part: whether it is a part of one."""
    plain, forms = _forms(spoken, part)
    if sentence in plain:
        return plain[sentence]
    for looks, kinds, words in forms:
        if found := looks.fullmatch(sentence):
            return words.format(**{name: _field(value, kinds[name], spoken)
                                   for name, value in found.groupdict().items()})
    return None


def _part(words: str, spoken: str) -> str:
    """A part of a sentence."""
    return _known(words, spoken, True) or _clauses(words, spoken) or words


def _field(value: str, kind: str, spoken: str) -> str:
    if kind == "more":      # nothing, or one more sentence
        return _part(value.strip(), spoken)
    if kind == "said":
        return _part(value, spoken)
    if kind == "reason":    # a whole sentence inside of another one
        with language.speaking(spoken):
            return _part(f"{value[0].upper()}{value[1:]}.", spoken).removesuffix(".").removesuffix(text.said.STOP)
    if kind == "list":      # one, two and three
        with language.speaking(spoken):
            return text.said.AND.join(_part(one, spoken) for one in re.split(r", and |, | and ", value))
    if kind in ("clauses", "rest"):     # of "rest" the first is empty, for it goes on
        with language.speaking(spoken):
            return text.said.CLAUSE.join(_part(one, spoken) for one in value.split("; "))
    return value


def _clauses(sentence: str, spoken: str) -> str | None:
    """A sentence of several clauses, each of a known form."""
    if "; " not in sentence or not sentence.endswith("."):
        return None
    known = [_known(clause, spoken, True) for clause in sentence[:-1].split("; ")]
    if any(clause is None for clause in known):
        return None
    with language.speaking(spoken):
        return text.said.CLAUSE.join(map(str, known)) + text.said.STOP
