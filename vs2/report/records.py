"""A JSON file nobody vouches for -> a `Report`: what `vs2 score`, `compare`, `best-of`, `batch` and the pages write.

Nothing in it is believed but that it is text and numbers within their ranges; its clips are looked for where the
caller says, and read as any stranger's file is.
"""
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vs2.batch import groups
from vs2.candidates import MEAN, RULES, Candidate, Decision, Failed, check_rule, decide
from vs2.errors import BadInput
from vs2.evaluation import Evaluation
from vs2.report import make
from vs2.report.checked import candidate
from vs2.report.model import Report
from vs2.video import display_name

MOST_BYTES = 256 * 2**20
NO_RECORD = ("{name} holds no result of vs2: give the JSON that vs2 score, compare, best-of or batch wrote, or that a "
             "page saved.")


def read(paths: Sequence[str | Path], group_by: Sequence[str] = (), clips: str | Path | None = None) -> Report:
    """The report of what is in the files: one record of any kind, or several evaluations of one prompt, compared.

    group_by: columns of a batch's table. clips: the folder where the clips lie; else they are looked for where the
    records say, from each file's folder and from here. Raises BadInput, one sentence.
    """
    found = [(Path(path), _load(Path(path))) for path in paths]
    if clips is not None and not Path(clips).is_dir():
        raise BadInput(f"There is no folder {display_name(clips)} with clips: check the path after --clips.")
    path, value = found[0]
    if len(found) > 1:
        if not all(isinstance(one, dict) and "scores" in one for _, one in found):
            raise BadInput("Several files are compared where each holds one evaluation: give a comparison, a run or a "
                           "table alone.")
        _ungrouped(group_by)
        several = [candidate(one, display_name(path)) for path, one in found]
        places = [_finder(path, clips)(one) for path, one in found]
        return make.comparison([one for one in several if one is not None], places)
    find = _finder(path, clips)
    if isinstance(value, list):
        return make.batch(value, group_by, find)
    if isinstance(value.get("candidates"), list) and "spent" in value:
        _ungrouped(group_by)
        return _best_of(value, display_name(path), find)
    if isinstance(value.get("candidates"), list):
        _ungrouped(group_by)
        return _comparison(value, display_name(path), find)
    if "scores" in value and "row" not in value:
        _ungrouped(group_by)
        one = candidate(value, display_name(path))
        if isinstance(one, Evaluation):
            return make.evaluation(one, find(value))
    if "row" in value:
        return make.batch([value], group_by, find)
    raise BadInput(NO_RECORD.format(name=display_name(path)))


def _comparison(value: Mapping, name: str, find: Callable) -> Report:
    records = value["candidates"]
    found = [_certain(one, f"Candidate {n} in {name}") for n, one in enumerate(records, 1)]
    if len(found) < 2:
        raise BadInput(NO_RECORD.format(name=name))
    decision = _decision(value, found)
    rule = _rule(value) if "rule" in value else None
    made = make.comparison(found, [find(one) for one in records], rule or MEAN, decision)
    if rule is None and decision is not None:       # which rule that ranking is by was not kept
        return replace(made, rule=None)
    return made


def _best_of(value: Mapping, name: str, find: Callable) -> Report:
    found: list[Candidate | None] = []
    paths = []
    for n, entry in enumerate(value["candidates"], 1):
        if not isinstance(entry, Mapping):
            raise BadInput(NO_RECORD.format(name=name))
        held = entry.get("evaluation")
        file = {"video": entry.get("file") or ""}
        found.append(candidate(held, f"Candidate {n} in {name}") if held else
                     Failed(str(entry.get("file") or ""), "", str(entry["error"])) if entry.get("error") else None)
        paths.append(find(held if held and not entry.get("file") else file))
    rule = _rule(value)
    decision = _decision(value, found) or decide(found, rule)
    notes = [note for note in (str(value.get("note") or ""),) if note]
    return make.best_of(str(value.get("prompt") or ""), found, decision, rule, paths, notes=notes)


def _certain(record: Mapping, where: str) -> Candidate:
    found = candidate(record, where)
    if found is None:
        raise BadInput(f"{where} has neither scores nor an error: give what vs2 wrote.")
    return found


def _rule(value: Mapping):
    said = value.get("rule", MEAN)
    return check_rule(said) if isinstance(said, Mapping) or said in RULES else MEAN


def _decision(value: Mapping, found: Sequence[Candidate | None]) -> Decision | None:
    """The decision that the record holds, where it is of these candidates; None where it must be made anew."""
    ranking, winner, reason = (value.get(name) for name in ("ranking", "winner", "reason"))
    judged = {n for n, one in enumerate(found) if isinstance(one, Evaluation)}
    if not isinstance(ranking, list) or set(map(str, ranking)) != set(map(str, judged)) or not isinstance(reason, str):
        return None
    ranking = tuple(int(n) for n in ranking)
    made = decide(found)
    tied = made.tied if value.get("tie") else ()
    places: tuple[int | None, ...]
    if winner is None and not value.get("tie") and (made.tied or made.winner is not None):
        places = (None,) * len(ranking)     # its rule found nothing to compare, whatever the mean finds
    elif ranking != made.ranking or bool(value.get("tie")) != bool(made.tied):
        places = tuple(range(1, len(ranking) + 1))
        tied = ranking[:2] if value.get("tie") else ()
        places = (1, 1, *places[2:]) if tied else places
    else:
        places = made.places
    return Decision(ranking, tied, winner if winner in judged else None, reason, places)


def _finder(path: Path, clips: str | Path | None) -> Callable[[Mapping], Path | None]:
    """Finds a record's clip: in the folder `clips` by its path or its name, else from the file's folder and from
    here."""
    def find(record: Mapping) -> Path | None:
        written = record.get("video")
        if not isinstance(written, str) or not written.strip():
            return None
        base = Path(written.replace("\\", "/")).name
        places = [Path(clips) / written, Path(clips) / base] if clips is not None else \
            [path.parent / written, Path(written), path.parent / base]
        try:
            return next((place for place in places if place.exists()), None)
        except (OSError, ValueError):       # too long for a name, or a zero byte
            return None

    return find


def _ungrouped(group_by: Sequence[str]) -> None:
    if group_by:
        raise BadInput("Only the rows of a batch have groups: leave --group-by out, or give a table's result.")


def _load(path: Path):
    """The value in a file: an object, or a list of a batch's records. Raises BadInput."""
    name = display_name(path)
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise BadInput(f"{name} is larger than {MOST_BYTES // 2**20} MB: report a part of it.")
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise BadInput(f"{name} cannot be read ({why}): give a JSON file that vs2 wrote.") from error
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise BadInput(NO_RECORD.format(name=name)) from error
    except ValueError:
        value = groups.read(path)
    if isinstance(value, list):
        if not value or not all(isinstance(one, dict) and "video" in one and "scores" in one for one in value):
            raise BadInput(NO_RECORD.format(name=name))
        return value
    if not isinstance(value, dict):
        raise BadInput(NO_RECORD.format(name=name))
    return value
