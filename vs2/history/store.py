"""The history: evaluations, the reviews of them and their clips, kept below one folder.

    store = Store(settings.home)
    id = store.add(evaluation, visitor, path)
    store.get(id).evaluation, store.clip(store.get(id).clip)

Threads and several processes may use it at once. Evaluations are stored as their JSON; the columns beside it are what
is searched. Every method raises Failure, in one sentence, where the disk or the database refuses.
"""
import json
import re
import secrets
import time
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation
from vs2.history.clips import Clips, disk
from vs2.history.database import DAMAGED, Database
from vs2.history.duels import Duels
from vs2.history.keys import hashed, plain
from vs2.history.review_rows import Review
from vs2.history.undo import Undo, Undoable
from vs2.rubric import BY_KEY, KEYS, SCALE

TOUCH = 60.0  # seconds between notes that a clip is in use
BATCH = 100   # evaluations that an export reads at a time

_EVALUATIONS = """SELECT e.number, e.id, e.record, e.clip, c.suffix, e.created,
    (SELECT COUNT(*) FROM reviews r WHERE r.evaluation = e.number)
    FROM evaluations e LEFT JOIN clips c ON c.digest = e.clip"""
_REVIEWS = """SELECT e.id, e.record, e.clip, c.suffix, r.reviewer, r.record
    FROM reviews r JOIN evaluations e ON e.number = r.evaluation LEFT JOIN clips c ON c.digest = e.clip"""
_THERE = "e.deleted IS NULL"    # nobody has deleted it


@dataclass(frozen=True)
class Stored:
    """One evaluation of the history.

    id: random, 22 URL-safe characters; whoever has it may open the evaluation. clip: SHA-256 of the judged file, hex,
    None where the clip is not kept. created: seconds since 1970. reviews: how many reviewers have reviewed it.
    """

    id: str
    evaluation: Evaluation
    clip: str | None
    created: float
    reviews: int


@dataclass(frozen=True)
class Filter:
    """What to look for; all that is given holds.

    model: its name. text: stands in the prompt, the rationale or the file's name, in any case. scores: by dimension
    the least and the most value, 1 to 5; a score that could not be read lies nowhere. reviewed: whether there is a
    review. Raises BadInput for a dimension or a value that there is not.
    """

    model: str = ""
    text: str = ""
    scores: dict[str, tuple[int, int]] = field(default_factory=dict)
    reviewed: bool | None = None

    def __post_init__(self) -> None:
        for key, (least, most) in self.scores.items():
            if key not in KEYS:
                raise BadInput(f"There is no dimension {key!r} to filter by: name {', '.join(KEYS)}.")
            if least not in SCALE or most not in SCALE:
                raise BadInput(f"{BY_KEY[key].label} is filtered from {least!r} to {most!r}: give whole numbers from "
                               "1 to 5.")


class Store(Undoable):
    """The history below the folder `home`, made where missing, with at most `clip_bytes` of clips.

    A visitor is known by a secret, of which only the SHA-256 is stored; what is added for the visitor "" belongs to
    nobody. Reviewed clips are never deleted to make room: many of them may take more than `clip_bytes`.
    Raises Failure where the folder cannot be used, or holds the history of a newer version.
    """

    def __init__(self, home: Path, clip_bytes: int = 4 * 2**30):
        self.home = home = Path(home)
        with disk():
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = Database(home / "vs2.db")
        self._clips = Clips(home / "clips", clip_bytes)
        with self._database.writing() as db:
            self._clips.sweep(db)
        self._undo = Undo(self._database, self._clips)
        self.duels = Duels(self._database, self._clips, self._undo)

    def add(self, evaluation: Evaluation, visitor: str, video: Path | None = None, id: str = "") -> str:
        """Stores an evaluation and, where `video` is given, a copy of that file; the evaluation's id.

        id: one that was given out before, of `secrets.token_urlsafe(16)`; "" for a new one.

        A clip larger than all clips may be is left out. Raises BadInput where the file cannot be read.
        """
        given = None if video is None else self._clips.look(Path(video))
        part = None
        if given is not None:
            with self._database.writing() as db:
                path = self._clips.reserve(db, given)
            part = self._clips.stage(given, path)
        row = _row(evaluation) | {"id": id or secrets.token_urlsafe(16), "visitor": hashed(visitor),
                                  "created": time.time(), "clip": given and given.digest}
        try:
            with self._database.writing() as db:
                if given is not None:
                    self._clips.place(db, given, part)
                db.execute(f"INSERT INTO evaluations ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
                           tuple(row.values()))
                if given is not None:
                    self._clips.clean(db, spare=given.digest)
        finally:
            if part is not None:
                with disk():
                    part.unlink(missing_ok=True)
        return row["id"]

    def get(self, id: str) -> Stored | None:
        """The evaluation with this id, whoever's it is; None where there is none."""
        found = self._read(f"{_EVALUATIONS} WHERE e.id = ? AND {_THERE}", plain(id))
        return self._stored(found[0]) if found else None

    def find(self, visitor: str | None, filter: Filter = Filter(), limit: int = 50, offset: int = 0) -> list[Stored]:
        """A visitor's evaluations, everyone's for None, the newest first; `limit` of them after the first `offset`."""
        where, values = _where(visitor, filter)
        limit, offset = (min(max(int(number), 0), 2**31) for number in (limit, offset))
        return [self._stored(row) for row in self._read(
            f"{_EVALUATIONS} WHERE {where} ORDER BY e.number DESC LIMIT ? OFFSET ?", *values, limit, offset)]

    def count(self, visitor: str | None, filter: Filter = Filter()) -> int:
        """How many `find` would give without a limit."""
        where, values = _where(visitor, filter)
        return self._read(f"SELECT COUNT(*) FROM evaluations e WHERE {where}", *values)[0][0]

    def models(self, visitor: str | None) -> list[str]:
        """The names of the models that judged what `find` gives, in the order of the alphabet."""
        where, values = _where(visitor, Filter())
        found = self._read(f"SELECT DISTINCT e.model FROM evaluations e WHERE {where}", *values)
        return sorted((json.loads(model) for model, in found), key=lambda model: (model.casefold(), model))

    def clip(self, digest: str | None) -> Path | None:
        """The file of a clip, None where it is not kept. Asking for it counts as using it."""
        found = self._read("SELECT suffix, used FROM clips WHERE digest = ?", plain(digest))
        path = self._clips.find(digest, found[0][0]) if found else None
        if path is not None and found[0][1] < time.time() - TOUCH:
            with suppress(Failure), self._database.writing() as db:  # a full disk need not keep it from being shown
                db.execute("UPDATE clips SET used = ? WHERE digest = ?", (time.time(), digest))
        return path

    def delete(self, visitor: str, ids: Iterable[str] | None = None) -> int:
        """Deletes the visitor's own evaluations for good, all or those of `ids`; how many that were.

        With them go their reviews, and the clips that no other evaluation needs. What was discarded goes, too.
        """
        owner, digests, count = hashed(visitor), set(), 0
        chosen = [("", ())] if ids is None else [(" AND id = ?", (plain(id),)) for id in ids]
        with self._database.writing() as db:
            for which, values in chosen:
                where, values = f"FROM evaluations WHERE visitor = ?{which}", (owner, *values)
                digests |= {digest for digest, in db.execute(f"SELECT clip {where}", values)}
                count += db.execute(f"DELETE {where}", values).rowcount
            self._clips.drop(db, digests)
        self._database.flush()
        return count

    def export(self, visitor: str) -> Iterator[dict]:
        """A visitor's own evaluations with all reviews of them, as JSON values, the newest first:

            {"id", "created", "clip", "evaluation": Evaluation.to_dict(), "reviews": [Review.to_json(), ...]}

        `video` in a review is the name that the visitor gave.
        """
        before = 2**63 - 1
        while rows := self._read(f"{_EVALUATIONS} WHERE {_THERE} AND e.visitor = ? AND e.number < ? "
                                 f"ORDER BY e.number DESC LIMIT {BATCH}", hashed(visitor), before):
            before = rows[-1][0]
            for stored in map(self._stored, rows):
                record = stored.evaluation.to_dict()
                reviews = [review.to_json() | {"video": record["video"]} for _, review in self.reviews(id=stored.id)]
                yield {"id": stored.id, "created": stored.created, "clip": stored.clip, "evaluation": record,
                       "reviews": reviews}

    def put_review(self, id: str, review: Review) -> None:
        """Stores a review of an evaluation, in place of one by the same reviewer.

        Raises BadInput where there is no such evaluation, or where the review is of another judgement than it holds.
        """
        record = json.dumps({"verdicts": review.verdicts, "corrected": review.corrected,
                             "wrong_passages": review.wrong_passages, "note": review.note})
        with self._database.writing() as db:
            found = db.execute(f"SELECT number, record FROM evaluations e WHERE id = ? AND {_THERE}",
                               (plain(id),)).fetchone()
            if found is None:
                raise BadInput("There is no such evaluation to review, it may have been deleted: open another one.")
            evaluation = _evaluation(found[1])
            judged = review.prompt, review.model, review.rationale, review.scores
            if judged != _judgement(evaluation) or review.not_judged != Review.withheld(evaluation):
                raise BadInput("The review is of another judgement than the one it was sent for: open the evaluation "
                               "again and review that.")
            db.execute("INSERT INTO reviews (evaluation, reviewer, updated, record) VALUES (?, ?, ?, ?) ON CONFLICT "
                       "(evaluation, reviewer) DO UPDATE SET updated = excluded.updated, record = excluded.record",
                       (found[0], json.dumps(review.reviewer), time.time(), record))

    def review(self, id: str, reviewer: str) -> Review | None:
        """What this reviewer said of the evaluation, None where that is nothing."""
        found = self._read(f"{_REVIEWS} WHERE e.id = ? AND r.reviewer = ? AND {_THERE}", plain(id),
                           json.dumps(reviewer))
        return self._review(found[0])[1] if found else None

    def reviews(self, visitor: str | None = None, id: str | None = None) -> list[tuple[str, Review]]:
        """(evaluation's id, review) of everyone's evaluations, of a visitor's own or of one, the newest first.

        `Review.video` is the clip's file where it is kept, else the name that the visitor gave.
        """
        where, values = _where(visitor, Filter())
        if id is not None:
            where, values = f"{where} AND e.id = ?", (*values, plain(id))
        return [self._review(row) for row in self._read(
            f"{_REVIEWS} WHERE {where} ORDER BY r.updated DESC, e.number DESC, r.reviewer", *values)]

    def delete_review(self, id: str, reviewer: str) -> bool:
        """Deletes what this reviewer said of the evaluation; whether there was anything."""
        with self._database.writing() as db:
            return db.execute("DELETE FROM reviews WHERE reviewer = ? AND evaluation = "
                              f"(SELECT number FROM evaluations e WHERE id = ? AND {_THERE})",
                              (json.dumps(reviewer), plain(id))).rowcount > 0

    def close(self) -> None:
        """Closes the database; the store cannot be used after."""
        self._undo.close()
        self._database.close()

    def _read(self, query: str, *values: object) -> list[tuple]:
        with self._database.reading() as db:
            return db.execute(query, values).fetchall()

    def _stored(self, row: tuple) -> Stored:
        _, id, record, digest, suffix, created, reviews = row
        kept = digest if self._clips.find(digest, suffix) else None
        return Stored(id, _evaluation(record), kept, created, reviews)

    def _review(self, row: tuple) -> tuple[str, Review]:
        id, record, digest, suffix, reviewer, said = row
        evaluation = _evaluation(record)
        video = self._clips.find(digest, suffix) or Path(evaluation.video)
        with _sound():
            said = json.loads(said)
            passages = tuple((start, end) for start, end in said.pop("wrong_passages"))
            prompt, model, rationale, scores = _judgement(evaluation)
            return id, Review(video, prompt, model, rationale, scores, json.loads(reviewer), wrong_passages=passages,
                              not_judged=Review.withheld(evaluation), **said)


def _row(evaluation: Evaluation) -> dict:
    """The columns that an evaluation fills. Names are stored as JSON, which holds any text, lone surrogates too."""
    file = re.split(r"[/\\]", evaluation.video)[-1]
    values = {key: evaluation.scores[key].value for key in KEYS}
    words = _folded("\0".join((evaluation.prompt, evaluation.rationale, file)))
    return {"model": json.dumps(evaluation.model), **values, "overall": evaluation.overall, "words": words,
            "record": json.dumps(evaluation.to_dict())}


def _where(visitor: str | None, filter: Filter) -> tuple[str, tuple]:
    """The condition on `evaluations e` and its values. The visitor "" is NULL, which equals nothing."""
    conditions = [_THERE]
    values: list[object] = []

    def hold(condition: str, *more: object) -> None:
        conditions.append(condition)
        values.extend(more)

    if visitor is not None:
        hold("e.visitor = ?", hashed(visitor))
    if filter.model:
        hold("e.model = ?", json.dumps(filter.model))
    if filter.text:
        hold("instr(e.words, ?)", _folded(filter.text))
    for key, (least, most) in filter.scores.items():
        hold(f"e.{key} BETWEEN ? AND ?", least, most)
    if filter.reviewed is not None:
        hold(f"{'' if filter.reviewed else 'NOT '}EXISTS (SELECT 1 FROM reviews r WHERE r.evaluation = e.number)")
    return " AND ".join(conditions), tuple(values)


@contextmanager
def _sound() -> Iterator[None]:
    """What was stored as JSON is read inside; Failure where it is no longer what was stored."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure(DAMAGED) from error


def _evaluation(record: str) -> Evaluation:
    with _sound():
        return Evaluation.from_dict(json.loads(record))


def _judgement(evaluation: Evaluation) -> tuple[str, str, str, dict[str, int | None]]:
    """What a review repeats of the evaluation: prompt, model, rationale, and each dimension's value."""
    values = {key: evaluation.scores[key].value for key in KEYS}
    return evaluation.prompt, evaluation.model, evaluation.rationale, values


def _folded(text: str) -> str:
    """Text to search in or for: equal for upper and lower case, for composed and decomposed letters."""
    return unicodedata.normalize("NFC", text).casefold().encode("utf-8", "replace").decode("utf-8")
