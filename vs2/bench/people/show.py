"""Results for people: sections of one table each, in Markdown and in HTML."""
import html
from collections.abc import Sequence
from dataclasses import dataclass

from vs2.bench.people.preferences import RULES
from vs2.metrics import share

BEYOND = "As if nothing had been withheld"
NOTES = {
    "constant": "always {digit}",
    "statistic": "{statistic} of the pictures{falling}",
    "rater": "one person against the other two",
}


@dataclass(frozen=True)
class Section:
    """A title, a table (its first row the heads) and lines under it."""

    title: str
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[str, ...] = ()


def sections(result: dict) -> list[Section]:
    """All that a result of vs2/bench/people/run.py says."""
    rule = ", counted as the published scripts count" if result["rule"] == "published" else ""
    found = [Section(f"{result['suite']}, {result['model']}{rule}", (), (
        f"{result['clips']} clips of {result['prompts']} prompts; 95 % intervals by bootstrap over prompts.",
        *([f"{result['dropped']} clips without all three numbers are in no figure, as in the published scripts."]
          if result["dropped"] else [])))]
    found += _measured(result, "")
    if result["beyond"]:
        found += _measured(result["beyond"], f"{BEYOND}: no judgement of this judge")
    if result["beside"]:
        found.append(_beside(result["beside"]))
    lines = [f"{count}: {reason}" for reason, count in result["left_out"].items()]
    if lines:
        found.append(Section("Left out, of the suite's files", (), tuple(lines)))
    if result["errors"]["clips"]:
        found.append(Section(f"Clips without scores: {result['errors']['clips']}", (),
                             tuple(result["errors"]["first"])))
    return found


def _measured(result: dict, title: str) -> list[Section]:
    found = []
    if result["metrics"]:
        found.append(Section(title or "Scores", (
            ("", "clips", "withheld", "unread", "failed", "exact", "exact of judged", "within one",
             "within one of judged", "Pearson", "Spearman", "Kendall", "kappa", "RMSE", "ECE", "Brier",
             "pairs within a prompt"),
            *(_row(name, cell) for name, cell in result["metrics"].items()))))
    lines = []
    if every := result["all_exact"]:
        lines.append(f"All three exact: {_with(every['share'], every['interval'])} of {every['clips']} clips.")
    if both := result["both"]:
        lines.append(f"Both scores 4 or more: people {share(both['people'])}, the judge {share(both['judge'])} of "
                     f"{both['clips']} clips; they agree on {_with(both['same'], both['interval'])}.")
    if lines:
        found.append(Section(f"{title}: at once" if title else "At once", (), tuple(lines)))
    if result["pairs"]:
        rows = [("", "rule", "pairs", "accuracy", "of judged", "margin")]
        for name, cell in result["pairs"].items():
            for rule, one in cell["rules"].items():
                margin = one["margin"] if isinstance(one["margin"], list) else [one["margin"]]
                rows.append((name, rule, str(one["pairs"]), _with(one["accuracy"], one["interval"]),
                             share(one["judged_only"]), ", ".join(f"{edge:g}" for edge in margin)))
        counts = [f"{name}: {cell['pairs']} pairs, people call {cell['same']} of them the same; withheld "
                  f"{cell['withheld']}, unread {cell['unread']}, failed {cell['failed']}."
                  for name, cell in result["pairs"].items()]
        found.append(Section(f"{title}: preferences" if title else "Preferences", tuple(rows), (
            *counts, *(f"{rule}: {said}." for rule, said in RULES.items()))))
    return found


def _row(name: str, cell: dict) -> tuple[str, ...]:
    known, within = cell["intervals"], cell["within_prompt"]
    return (name, *(str(cell[key]) for key in ("clips", "withheld", "unread", "failed")),
            _with(cell["exact"], known["exact"]), share(cell["exact_judged"]),
            _with(cell["within_one"], known["within_one"]), share(cell["within_one_judged"]),
            *(_with(cell[key], known.get(key)) for key in ("pearson", "spearman", "kendall", "kappa", "rmse",
                                                           "calibration_error", "brier")),
            "-" if within is None else f"{_with(within['accuracy'], within['interval'])} of {within['pairs']}")


def _beside(beside: dict) -> Section:
    rows = [("", "", "clips", "exact", "within one", "Pearson", "Spearman", "pairs within a prompt")]
    for kind, cells in beside.items():
        for name, cell in cells.items():
            known, within = cell["intervals"], cell.get("within_prompt")
            what = NOTES[kind].format(digit=cell.get("digit"), statistic=cell.get("statistic"),
                                      falling=", the less the better" if cell.get("sign") == -1 else "")
            pairs = "-" if within is None else f"{_with(within['accuracy'], within['interval'])} of {within['pairs']}"
            rows.append((name, what, str(cell["clips"]), *(_with(cell.get(key), known.get(key)) for key in (
                "exact", "within_one", "pearson", "spearman")), pairs))
    lines = ["The constant and the statistic are the best on these very clips, which flatters them."]
    if "rater" in beside:
        lines.append("A person is measured against the mean of two others, the judge against that of all three; and a "
                     "person's whole scores tie often, which counts as wrong in pairs (three people's, added up).")
    return Section("Beside the judge", tuple(rows), tuple(lines))


def _with(value: float | None, interval: Sequence[float] | None) -> str:
    return share(value) + (f" ({interval[0]:.2f} to {interval[1]:.2f})" if value is not None and interval else "")


def markdown(found: Sequence[Section], depth: int = 1) -> str:
    """The sections as Markdown, the first one's title the largest."""
    blocks = []
    for at, section in enumerate(found):
        blocks.append(f"{'#' * (depth + (at > 0))} {_cell(section.title)}")
        if section.rows:
            head, *rows = section.rows
            blocks.append("\n".join(["| " + " | ".join(map(_cell, head)) + " |", "|" + "---|" * len(head),
                                     *("| " + " | ".join(map(_cell, row)) + " |" for row in rows)]))
        if section.lines:
            blocks.append("\n".join(f"- {_cell(line)}" for line in section.lines))
    return "\n\n".join(blocks)


def page(title: str, found: Sequence[Sequence[Section]]) -> str:
    """Several results as one HTML page that needs no other file."""
    body = "".join(f"<section>{''.join(_html(section, at) for at, section in enumerate(one))}</section>"
                   for one in found)
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width, initial-scale=1"><title>{html.escape(title)}</title><style>{STYLE}</style>'
            f"</head><body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>\n")


STYLE = ("body{font:16px/1.5 system-ui,sans-serif;margin:0;color-scheme:light dark}main{max-width:90rem;margin:auto;"
         "padding:1rem}div{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;margin:.5rem 0}"
         "th,td{border-bottom:1px solid #8888;padding:.3rem .6rem;text-align:left;white-space:nowrap}"
         "section{border-top:2px solid #888;margin-top:2rem}")


def _html(section: Section, at: int) -> str:
    level = 2 if at == 0 else 3
    parts = [f"<h{level}>{html.escape(section.title)}</h{level}>"]
    if section.rows:
        head, *rows = section.rows
        heads = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
        lines = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        parts.append(f'<div tabindex="0" role="region" aria-label="{html.escape(section.title)}"><table><thead><tr>'
                     f"{heads}</tr></thead><tbody>{lines}</tbody></table></div>")
    if section.lines:
        parts.append("<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in section.lines) + "</ul>")
    return "".join(parts)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
