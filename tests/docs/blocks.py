"""The blocks of code in the project's documents, and what has to hold for each kind.

A block is run where it can be; one that is neither run nor checked has to stand in EXCEPTIONS of test_blocks.py.
"""
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
HISTORY = "docs/log.md"     # tells what was, with the commands of its day
INDENTED = "indented"       # the language of a block without a fence


def pages() -> list[str]:
    """The documents, by their paths in the repository."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    found += [ROOT / "train" / "README.md", ROOT / "perf" / "README.md", ROOT / "perf" / "RESULTS.md"]
    found += sorted((ROOT / "docs").rglob("*.md"))
    return [path.relative_to(ROOT).as_posix() for path in found if path.relative_to(ROOT).as_posix() != HISTORY]


@dataclass(frozen=True)
class Block:
    """One block of code. line: where it begins, from 1. language: as written behind its fence, or INDENTED."""

    page: str
    line: int
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The commands of a shell block: lines that go on are joined, comments stay, blank lines go."""
        return [line for line in re.sub(r"\\\n\s*", " ", self.text).splitlines() if words(line)]


def blocks(page: str, text: str | None = None) -> list[Block]:
    """The blocks of a document, in order."""
    text = (ROOT / page).read_text(encoding="utf-8") if text is None else text
    front = re.match(r"---\n.*?\n---\n", text, re.DOTALL)
    skipped = front[0].count("\n") if front else 0
    tokens = MarkdownIt().parse(text[front.end():] if front else text)
    return [Block(page, token.map[0] + 1 + skipped,
                  INDENTED if token.type == "code_block" else token.info.strip().split(" ")[0], token.content)
            for token in tokens if token.type in ("fence", "code_block")]


def words(line: str) -> list[str]:
    """A command's words, without its comment."""
    return shlex.split(line, comments=True)


def transcript(text: str) -> list[tuple[str, str]]:
    """(command, what it printed) of a `console` block."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    assert not parts[0].strip() and len(parts) > 1, "a console block begins with `$ command`"
    return list(zip(parts[1::2], parts[2::2], strict=True))


def agrees(expected: str, printed: str) -> bool:
    """Whether the output is what a document shows; `...` there stands for anything."""
    def plain(text: str) -> str:
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    pattern = ".*?".join(re.escape(part) for part in plain(expected).split("..."))
    return re.fullmatch(pattern, plain(printed), re.DOTALL) is not None
