"""What the rows of the suite `faults` come to: how often a score fell, and how often a stronger fault lowered it more.

Of each pair the expected score counts, where there is one, else the digit. Two scores within `FALL` are the same: that
is neither a fall nor a rise, and is said apart. Intervals are of 95 %, by bootstrap over clips.
"""
from collections.abc import Iterable, Sequence

import numpy as np

from vs2.bench.spoiling.kinds import GROUPS, KINDS
from vs2.metrics import bootstrap, share

FALL = 0.05         # points; below it two scores are the same
Pair = tuple[str, dict, dict]       # the clip, and a dimension's scores of two versions: the less spoiled one first


def summary(rows: Sequence[dict], beyond: bool = False) -> dict:
    """Of the rows of `faults.judged`: what `_falls` and `_steps` say of all, and of each group and kind.

    {pairs (a clip and its strongest fault of a kind), withheld, unread, fell, same, rose, interval, fell_by_value,
    mean_fall, monotone: see `_steps`, groups: {group: the same}, kinds: {kind: the same, with group and lowers},
    faults: {"kind strength": _falls}, constant (clips whose digits are the same in all versions), absent: {kind: clips
    that have no place for it}}. beyond: with what was withheld.
    """
    pairs: dict[tuple[str, int], list[Pair]] = {}
    steps: dict[str, list[Pair]] = {}
    absent: dict[str, int] = {}
    constant = []
    for row in rows:
        clean, *others = row["versions"]
        ways: dict[str, list[tuple[int, dict]]] = {}
        for other in others:
            kind, key = other["fault"], KINDS[other["fault"]].lowers
            now = _cell(other, key, beyond)
            pairs.setdefault((kind, other["strength"]), []).append((row["file"], _cell(clean, key, beyond), now))
            ways.setdefault(kind, []).append((other["strength"], now))
        for kind, found in ways.items():
            found.sort(key=lambda one: one[0])
            steps.setdefault(kind, []).extend((row["file"], weaker, stronger) for n, (_, weaker) in enumerate(found)
                                              for _, stronger in found[n + 1:])
        if others and _constant(clean, others, beyond):
            constant.append(row["file"])
        for kind in row.get("absent", ()):
            absent[kind] = absent.get(kind, 0) + 1
    strongest = {kind: max(strength for one, strength in pairs if one == kind) for kind, _ in pairs}

    def told(kinds: Iterable[str]) -> dict:
        kinds = list(kinds)
        return {**_falls([pair for kind in kinds for pair in pairs[kind, strongest[kind]]]),
                "monotone": _steps([pair for kind in kinds for pair in steps[kind]])}

    order = [kind for kind in KINDS if kind in strongest]
    return {**told(order),
            "groups": {group: told(some) for group in GROUPS if (some := [kind for kind in order
                                                                         if KINDS[kind].group == group])},
            "kinds": {kind: {"group": KINDS[kind].group, "lowers": KINDS[kind].lowers, **told([kind])}
                      for kind in order},
            "faults": {f"{kind} {strength}": _falls(found) for (kind, strength), found in sorted(
                pairs.items(), key=lambda one: (order.index(one[0][0]), one[0][1]))},
            "constant": constant, "absent": absent}


def _cell(version: dict, key: str, beyond: bool) -> dict:
    """A dimension's scores in a version; with what was withheld, where that is asked for and known."""
    cell = version["scores"][key]
    if beyond and cell.get("withheld") and cell.get("unscoped"):
        return {**cell["unscoped"], "withheld": False}
    return cell


def _number(cell: dict) -> float | None:
    return cell["value"] if cell["expected"] is None else cell["expected"]


def _constant(clean: dict, others: Sequence[dict], beyond: bool) -> bool:
    """Whether the digits are the same in all versions; never where one is withheld."""
    for other in others:
        before, after = (_cell(version, KINDS[other["fault"]].lowers, beyond) for version in (clean, other))
        if before.get("withheld") or after.get("withheld") or before["value"] != after["value"]:
            return False
    return True


def _counted(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair for pair in pairs if not any(cell.get("withheld") for cell in pair[1:])]


def _shares(pairs: Sequence[Pair]) -> tuple[float | None, float | None, float | None, bootstrap.Interval]:
    """How often the second score is lower, the same, higher, of pairs that were judged (an unread score is none of
    them); and the interval of the first."""
    if not pairs:
        return None, None, None, None
    fell, same, rose = [], [], []
    for _, before, after in pairs:
        first, second = _number(before), _number(after)
        by = None if first is None or second is None else first - second
        fell.append(by is not None and by > FALL)
        same.append(by is not None and abs(by) <= FALL)
        rose.append(by is not None and by < -FALL)
    return (float(np.mean(fell)), float(np.mean(same)), float(np.mean(rose)),
            bootstrap.share(fell, [clip for clip, *_ in pairs]))


def _falls(pairs: Sequence[Pair]) -> dict:
    """{pairs, withheld, unread (pairs), fell, same, rose, interval (of fell), fell_by_value, mean_fall (points)}.

    Shares are of the pairs that were judged, in which an unread score has not fallen; None where there is none.
    mean_fall leaves unread scores out.
    """
    counted = _counted(pairs)
    fell, same, rose, interval = _shares(counted)
    by = [first - second for _, before, after in counted
          if (first := _number(before)) is not None and (second := _number(after)) is not None]
    values = [(before["value"], after["value"]) for _, before, after in counted]
    digits = [None not in value and value[0] > value[1] for value in values]
    return {"pairs": len(pairs), "withheld": len(pairs) - len(counted), "unread": len(counted) - len(by),
            "fell": fell, "same": same, "rose": rose, "interval": interval,
            "fell_by_value": float(np.mean(digits)) if digits else None,
            "mean_fall": float(np.mean(by)) if by else None}


def _steps(pairs: Sequence[Pair]) -> dict:
    """{steps (two strengths of one fault in one clip), withheld, lower, same, higher, interval (of lower)}: how often
    the stronger one scores lower."""
    counted = _counted(pairs)
    lower, same, higher, interval = _shares(counted)
    return {"steps": len(pairs), "withheld": len(pairs) - len(counted), "lower": lower, "same": same,
            "higher": higher, "interval": interval}


def table(metrics: dict) -> str:
    """The summary as two Markdown tables, by group and by kind, and what must not be."""
    heads = ("pairs", "not judged", "fell at its strongest", "the same", "by the digit", "mean fall",
             "steps", "stronger is lower", "the same", "higher")
    groups = [(GROUPS[group], row) for group, row in metrics["groups"].items()]
    lines = [f"| faults | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|",
             *(f"| {name} | {' | '.join(_cells(row))} |" for name, row in (*groups, ("all", metrics))), ""]
    lines += [f"| kind | group | should lower | {' | '.join(heads)} |", "|---" * (len(heads) + 3) + "|"]
    lines += [f"| {kind} | {row['group']} | {row['lowers']} | {' | '.join(_cells(row))} |"
              for kind, row in metrics["kinds"].items()]
    constant = ", ".join(metrics["constant"]) or "no clip"
    lines += ["", f"Two scores within {FALL} points are the same. The same digits in all versions: {constant}. "
                  f"Unread pairs: {metrics['unread']}."]
    if metrics["absent"]:
        told = ", ".join(f"{kind} {count}" for kind, count in metrics["absent"].items())
        lines.append(f"Clips that a fault has no place in, for nothing moves or they are too short: {told}.")
    return "\n".join(lines)


def _cells(row: dict) -> list[str]:
    steps = row["monotone"]
    mean = "-" if row["mean_fall"] is None else f"{row['mean_fall']:.2f}"
    return [str(row["pairs"]), str(row["withheld"]), _with(row["fell"], row["interval"]), share(row["same"]),
            share(row["fell_by_value"]), mean, str(steps["steps"]), _with(steps["lower"], steps["interval"]),
            share(steps["same"]), share(steps["higher"])]


def _with(value: float | None, interval: bootstrap.Interval) -> str:
    return share(value) + (f" ({interval[0]:.2f} to {interval[1]:.2f})" if value is not None and interval else "")
