"""What a page of text is made of: sections, tables, code. Everything given is plain text and is escaped here."""
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_CODE = re.compile(r"`([^`]+)`")
_ADDRESS = re.compile(r"https://[^\s\"'<>]+")


@dataclass(frozen=True)
class Cell:
    """A table's cell: its text, a quieter line under it, and the address it leads to. number: aligned as one."""

    text: str
    under: str = ""
    url: str = ""
    number: bool = False


@dataclass(frozen=True)
class Group:
    """Rows of a table under a heading of their own. The first cell of a row is its heading."""

    name: str
    rows: Sequence[Sequence[Cell | str]]


def prose(sentence: str) -> str:
    """A sentence, escaped; what stands between backticks is code."""
    return _CODE.sub(r"<code>\1</code>", escape(sentence))


def paragraph(sentence: str, kind: str = "") -> str:
    """A paragraph of the sentence."""
    return f'<p class="{kind}">{prose(sentence)}</p>' if kind else f"<p>{prose(sentence)}</p>"


def listing(sentences: Iterable[str]) -> str:
    """A list of sentences."""
    return f'<ul>{"".join(f"<li>{prose(one)}</li>" for one in sentences)}</ul>'


def terms(pairs: Iterable[tuple[str, str]]) -> str:
    """Terms, each with what it means."""
    return '<dl class="vs-doc-terms">' + "".join(
        f"<div><dt>{prose(term)}</dt><dd>{prose(meaning)}</dd></div>" for term, meaning in pairs) + "</dl>"


def link(name: str, url: str) -> str:
    """A link that opens beside the app; only the name where the address is none of the web."""
    if not _ADDRESS.fullmatch(url):
        return escape(name)
    return f'<a href="{escape(url, quote=True)}" target="_blank" rel="noopener">{escape(name)}</a>'


def code(lines: str, label: str) -> str:
    """Lines of code that scroll by themselves. label: what they are, for screen readers."""
    return (f'<pre class="vs-doc-code" tabindex="0" role="group" aria-label="{escape(label, quote=True)}">'
            f"<code>{escape(lines)}</code></pre>")


def section(name: str, title: str, *parts: str) -> str:
    """A section with its heading. name: its id on the page."""
    return (f'<section class="vs-doc" id="{escape(name, quote=True)}" aria-labelledby="{escape(name)}-title">'
            f'<h2 id="{escape(name)}-title">{escape(title)}</h2><div>{"".join(parts)}</div></section>')


def table(caption: str, heads: Sequence[str], groups: Sequence[Group], kind: str = "", wide: bool = False) -> str:
    """A table: `caption` for screen readers, a column a head, the groups one after another ("" has no heading).

    The heads of columns that hold numbers only are aligned as they are. wide: it has to be scrolled sideways on a
    phone, so that the keyboard must get to it.
    """
    cells = [[_cell(cell) for cell in row] for group in groups for row in group.rows]
    numbers = [all(row[at].number for row in cells if at < len(row)) and bool(cells) for at in range(len(heads))]
    head = "".join(_head(name, number) for name, number in zip(heads, numbers, strict=True))
    bodies = "".join(_body(group, len(heads)) for group in groups)
    reached = f' tabindex="0" role="region" aria-label="{escape(caption, quote=True)}"' if wide else ""
    return (f'<div class="vs-doc-wide"{reached}><table class="vs-doc-table {escape(kind)}">'
            f'<caption class="vs-doc-unseen">{escape(caption)}</caption>'
            f"<thead><tr>{head}</tr></thead>{bodies}</table></div>")


def _cell(cell: Cell | str) -> Cell:
    return cell if isinstance(cell, Cell) else Cell(cell)


def _head(name: str, number: bool) -> str:
    """A column's head; one without words is none."""
    return f'<th scope="col"{_class("vs-doc-number" if number else "")}>{escape(name)}</th>' if name else "<td></td>"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _body(group: Group, columns: int) -> str:
    head = (f'<tr class="vs-doc-group"><th scope="rowgroup" colspan="{columns}">{prose(group.name)}</th></tr>'
            if group.name else "")
    return f'<tbody>{head}{"".join(_row([_cell(cell) for cell in row]) for row in group.rows)}</tbody>'


def _row(cells: Sequence[Cell]) -> str:
    first, *others = cells
    return (f'<tr><th scope="row">{_inside(first)}</th>'
            + "".join(f"<td{_class('vs-doc-number' if cell.number else '')}>{_inside(cell)}</td>" for cell in others)
            + "</tr>")


def _inside(cell: Cell) -> str:
    said = link(cell.text, cell.url) if cell.url else prose(cell.text)
    return f"{said}<small>{prose(cell.under)}</small>" if cell.under else said
