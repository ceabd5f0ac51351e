"""The docstrings of this project as sections that mkdocstrings lays out: an extension of griffe.

Here a docstring explains parameters and fields in sentences of the form `name: what it is.`, one after another, and a
line that goes on is indented. A renderer of Markdown would run them together into one paragraph. Each becomes an entry
of an `Args:` or `Attributes:` section, which then has the types and the defaults of the signature.
"""
import ast
import re
from pathlib import Path

import griffe

# A name at the start of a line, or after the end of a sentence or a part of one.
_NAME = r"(?:^|(?<=[.;:)] ))((?:{names})(?:, (?:{names}))*)( \([^()]*\))?: "
_RAISES = re.compile(r"(?:^|(?<=[.;:)] ))(?=Raises )")     # told of the whole, wherever it stands


class Explained(griffe.Extension):
    """Rewrites the docstring of each function and class as it is read."""

    def on_module(self, *, mod, **_) -> None:
        """As it is written: taken for a function's, an example that follows its first line would lose its indent."""
        if mod.docstring and isinstance(mod.filepath, Path):
            written = ast.get_docstring(ast.parse(mod.filepath.read_text(encoding="utf-8")), clean=False)
            mod.docstring.value = written.strip()

    def on_function(self, *, func, **_) -> None:
        """Parameters; those of a constructor are told in the docstring of its class."""
        rewrite(func, [one.name for one in func.parameters if one.name != "self"], "Args")

    def on_class(self, *, cls, **_) -> None:
        """Fields of a dataclass; of another class what its constructor takes."""
        if "dataclass" in cls.labels or any("dataclass" in str(one.value) for one in cls.decorators):
            rewrite(cls, [name for name, one in cls.members.items() if one.is_attribute], "Attributes")
        elif "__init__" in cls.members:
            rewrite(cls, [one.name for one in cls.members["__init__"].parameters if one.name != "self"], "Args")


def rewrite(thing, names: list[str], title: str) -> None:
    """Puts what the docstring says of `names` into a section of its own."""
    if thing.docstring and names:
        thing.docstring.value = sections(thing.docstring.value, names, title)


def sections(text: str, names: list[str], title: str) -> str:
    """The text with what it says of `names` moved to its end, under `title`; as it is where it says nothing of them."""
    pattern = re.compile(_NAME.format(names="|".join(map(re.escape, sorted(names, key=len, reverse=True)))))
    rest, entries = [], []
    for paragraph in re.split(r"\n[ \t]*\n", text.strip("\n")):
        plain, found = _split(paragraph, pattern)
        rest += [plain] if plain else []
        entries += found
    if not entries:
        return text
    listed = "\n".join(f"    {name}: {said}" for name, said in entries)
    return "\n\n".join([*rest, f"{title}:\n{listed}"])


def _split(paragraph: str, pattern: re.Pattern) -> tuple[str, list[tuple[str, str]]]:
    """What a paragraph says of nothing named, and of each name.

    A line that goes on with what the one before said of a name is indented, or begins in lower case; any other ends it.
    """
    plain, entries, within = [], [], False
    for line in paragraph.splitlines():
        matches = list(pattern.finditer(line))
        before = line[:matches[0].start()] if matches else line
        if before.strip():
            if within and (before[0].isspace() or _goes_on(entries[-1][1], before)):
                said, *raised = _RAISES.split(before.strip(), 1)
                entries[-1][1] += f" {said.strip()}" if said else ""
                plain += raised
                within = not raised
            else:
                plain.append(before.rstrip())
                within = False
        for at, one in enumerate(matches):
            last = at + 1 == len(matches)
            said, *raised = _RAISES.split(line[one.end():None if last else matches[at + 1].start()].strip(), 1)
            said = said.strip() if last else said.strip().rstrip(";")
            entries += [[name, f"{one[2].strip()}: {said}" if one[2] else said] for name in one[1].split(", ")]
            plain += raised
            within = not raised
    return "\n".join(plain), [(name, said) for name, said in entries]


def _goes_on(before: str, line: str) -> bool:
    """Whether a line that is not indented goes on with the sentence before it."""
    return not before.endswith((".", ";", ":")) or line[:1].islower()
