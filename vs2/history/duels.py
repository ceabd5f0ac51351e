"""Duels of the history: their clips, and each visitor's votes, in the same database and beside the same clips.

    id = store.duels.start(visitor, "My duel", found.clips, aspects=("overall",))
    duel = store.duels.get(visitor, id); duel.next; store.duels.vote(visitor, id, {"overall": "left"}, after=0)

A duel is its visitor's: whoever else has its id gets nothing. Votes stay where a clip has gone. As in the store, every
method raises Failure, in one sentence, where the disk or the database refuses.
"""
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from vs2.duels import pairs
from vs2.duels.clips import Given
from vs2.duels.pairs import Clip, Pair, Shown
from vs2.duels.votes import BAD, DIMENSIONS, OVERALL, TIE, A, B, Vote
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation
from vs2.history.clips import Clips
from vs2.history.database import DAMAGED, Database
from vs2.history.keys import hashed, plain
from vs2.history.undo import DUELS, Undo

LEFT, RIGHT = "left", "right"
CHOICES = (LEFT, RIGHT, TIE, BAD)
MOST_DUELS, MOST_NAME, MOST_BALLOTS = 50, 80, 100_000
GONE = "This duel is no longer stored, or it is another visitor's: open one of yours, or start a new one."


@dataclass(frozen=True)
class StoredClip(Clip):
    """A clip of a duel. id: random, for addresses, which must tell nothing. digest: as in `Store.clip`.

    problem: why it cannot be shown, "" where it can. fps: of pictures.
    """

    id: str = ""
    digest: str | None = None
    fps: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class Ballot:
    """What was said of one pair. choices: by dimension "left", "right", "tie" or "both_bad"; {} where it was skipped.
    """

    id: str
    shown: Shown
    choices: dict[str, str]
    created: float

    def votes(self) -> list[Vote]:
        """The same as votes, one a dimension."""
        pair, left = self.shown.pair, self.shown.left
        said = {LEFT: left, RIGHT: B if left == A else A, TIE: TIE, BAD: BAD}
        when = datetime.fromtimestamp(self.created, timezone.utc).isoformat(timespec="seconds")
        return [Vote(pair.a.prompt, pair.a.name, pair.b.name, pair.a.generator, pair.b.generator, said[choice],
                     dimension, left, when) for dimension, choice in self.choices.items()]


@dataclass(frozen=True)
class Duel:
    """A duel with all that was said in it. aspects: the dimensions that are asked, in order. rounds: how often each
    pair is asked. scores: judges' scores that the visitor brought, as `vs2.duels.judges.read_scores` gives them."""

    id: str
    name: str
    created: float
    seed: int
    aspects: tuple[str, ...]
    rounds: int
    clips: tuple[StoredClip, ...]
    ballots: tuple[Ballot, ...]
    scores: dict

    @property
    def asked(self) -> list[Pair]:
        """The pairs that can be shown."""
        return [pair for pair in pairs.pairs(self.clips) if not _broken(pair)]

    @property
    def next(self) -> Shown | None:
        """The pair that comes next; None where all are done."""
        return pairs.following(self.asked, [ballot.shown.pair.keys for ballot in self.ballots], self.seed, self.rounds)

    @property
    def left(self) -> int:
        """How many pairs are still to be shown in these rounds."""
        seen: dict[frozenset[int], int] = {}
        for ballot in self.ballots:
            seen[ballot.shown.pair.keys] = seen.get(ballot.shown.pair.keys, 0) + 1
        return sum(max(0, self.rounds - seen.get(pair.keys, 0)) for pair in self.asked)

    @property
    def votes(self) -> list[Vote]:
        """All votes, in the order in which they were given."""
        return [vote for ballot in self.ballots for vote in ballot.votes()]


class Duels:
    """The duels in a store's database. Made by `Store`."""

    def __init__(self, database: Database, clips: Clips, undo: Undo):
        self._database, self._clips, self._undo = database, clips, undo

    def start(self, visitor: str, name: str, given: Sequence[Given], aspects: Sequence[str] = (OVERALL,),
              seed: int | None = None) -> str:
        """Begins a duel of these clips, which are copied; its id.

        seed: draws pairs and sides, at random where None. Raises BadInput for a visitor who is nobody or has too many
        duels, and for dimensions that there are not.
        """
        if not visitor:
            raise BadInput("This browser keeps no data for pages, so votes cannot be kept: allow it to this page.")
        aspects = tuple(one for one in DIMENSIONS if one in set(aspects))
        if not aspects:
            raise BadInput(f"A duel asks for at least one of {', '.join(DIMENSIONS)}.")
        if len(self.all(visitor)) >= MOST_DUELS:
            raise BadInput(f"You have {MOST_DUELS} duels already: delete one before you start another.")
        kept = [(one, self._keep(one.path)) for one in given]
        row = {"id": secrets.token_urlsafe(16), "visitor": hashed(visitor), "created": time.time(),
               "name": " ".join(name.split())[:MOST_NAME] or "Duel", "seed": str(secrets.randbits(62) if seed is None
                                                                                else seed),
               "aspects": json.dumps(aspects), "rounds": 1, "scores": "{}"}
        with self._database.writing() as db:
            number = db.execute(f"INSERT INTO duels ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
                                tuple(row.values())).lastrowid
            for one, digest in kept:
                db.execute("INSERT INTO duel_clips (duel, id, prompt, generator, name, fps, clip, problem) "
                           "VALUES (?, ?, ?, ?, ?, ?, (SELECT digest FROM clips WHERE digest = ?), '')",
                           (number, secrets.token_urlsafe(16), *map(json.dumps, (one.prompt, one.generator, one.name)),
                            one.fps, digest))
        return str(row["id"])

    def _keep(self, path: Path) -> str:
        """The file's digest, once it is among the clips. Raises BadInput for one that cannot be kept."""
        given = self._clips.look(path)
        if given is None:
            raise BadInput("A clip is larger than all clips that are kept here may be: shorten it.")
        with self._database.writing() as db:
            place = self._clips.reserve(db, given)
        part = self._clips.stage(given, place)
        try:
            with self._database.writing() as db:
                self._clips.place(db, given, part)
                self._clips.clean(db, spare=given.digest)
        finally:
            if part is not None:
                part.unlink(missing_ok=True)
        return given.digest

    def all(self, visitor: str) -> list[tuple[str, str, float, int]]:
        """(id, name, created, pairs that were seen) of the visitor's duels, the newest first."""
        return self._read("SELECT d.id, d.name, d.created, (SELECT COUNT(*) FROM duel_ballots b WHERE b.duel = "
                          "d.number) FROM duels d WHERE d.visitor = ? AND d.deleted IS NULL ORDER BY d.number DESC",
                          hashed(visitor))

    def count(self, visitor: str) -> int:
        """How many duels the visitor has."""
        return len(self.all(visitor))

    def get(self, visitor: str, id: object) -> Duel:
        """The visitor's duel with this id. Raises BadInput where there is none."""
        with self._database.reading() as db:
            return self._load(db, self._number(db, visitor, id))

    def vote(self, visitor: str, id: object, choices: Mapping[str, str], after: int) -> bool:
        """Stores what was said of the pair that comes after `after` ballots; {} where it is skipped.

        False, and nothing is stored, where other votes have come in or gone meanwhile: then that pair is another one.
        Raises BadInput for choices that are none.
        """
        with self._database.writing() as db:
            number = self._number(db, visitor, id)
            duel = self._load(db, number)
            if choices and set(choices) != set(duel.aspects):
                raise BadInput(f"The vote must say which clip is better for each of {', '.join(duel.aspects)}.")
            if wrong := [one for one in choices.values() if one not in CHOICES]:
                raise BadInput(f"The vote says {wrong[0]!r:.40}: it must be {', '.join(CHOICES[:-1])} or "
                               f"{CHOICES[-1]}.")
            shown = duel.next
            if shown is None or len(duel.ballots) != after:
                return False
            if after >= MOST_BALLOTS:
                raise BadInput(f"This duel has {after} votes: export them, and start a new one.")
            db.execute("INSERT INTO duel_ballots (duel, id, a, b, shown_left, created, choices) "
                       "VALUES (?, ?, ?, ?, ?, ?, ?)",
                       (number, secrets.token_urlsafe(12), shown.pair.a.key, shown.pair.b.key, shown.left, time.time(),
                        json.dumps({name: choices[name] for name in duel.aspects if name in choices})))
        return True

    def undo(self, visitor: str, id: object, ballot: object = None) -> bool:
        """Takes a ballot back, the last one where none is named; whether there was one."""
        which = ("number = (SELECT MAX(number) FROM duel_ballots WHERE duel = ?)" if ballot is None
                 else "duel = ? AND id = ?")
        with self._database.writing() as db:
            values = (self._number(db, visitor, id), *(() if ballot is None else (plain(ballot),)))
            return db.execute(f"DELETE FROM duel_ballots WHERE {which}", values).rowcount > 0

    def broken(self, visitor: str, id: object, clip: int, problem: str) -> None:
        """Notes that a clip cannot be shown, so that its pairs are asked no more."""
        with self._database.writing() as db:
            db.execute("UPDATE duel_clips SET problem = ? WHERE number = ? AND duel = ?",
                       (problem, clip, self._number(db, visitor, id)))

    def again(self, visitor: str, id: object) -> None:
        """One round more: each pair is asked once more."""
        with self._database.writing() as db:
            db.execute("UPDATE duels SET rounds = rounds + 1 WHERE number = ?", (self._number(db, visitor, id),))

    def bring(self, visitor: str, id: object, scores: dict) -> None:
        """Keeps judges' scores beside those that were there; JSON values."""
        with self._database.writing() as db:
            number = self._number(db, visitor, id)
            known = json.loads(db.execute("SELECT scores FROM duels WHERE number = ?", (number,)).fetchone()[0])
            db.execute("UPDATE duels SET scores = ? WHERE number = ?", (json.dumps(known | scores), number))

    def evaluations(self, visitor: str | None, duel: Duel) -> list[tuple[StoredClip, Evaluation]]:
        """What the history has of the duel's clips with their prompts, the newest first: the visitor's, or anyone's
        for None."""
        by_digest: dict[str, list[StoredClip]] = {}
        for clip in duel.clips:
            if clip.digest:
                by_digest.setdefault(clip.digest, []).append(clip)
        found = []
        for digest, clips in by_digest.items():
            where, values = ("", ()) if visitor is None else (" AND visitor = ?", (hashed(visitor),))
            for record, in self._read(f"SELECT record FROM evaluations WHERE clip = ? AND deleted IS NULL{where} "
                                      "ORDER BY number DESC", digest, *values):
                try:
                    evaluation = Evaluation.from_dict(json.loads(record))
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise Failure(DAMAGED) from error
                found += [(clip, evaluation) for clip in clips if clip.prompt == evaluation.prompt]
        return found

    def delete(self, visitor: str, id: object = None) -> int:
        """Deletes one duel of the visitor, all where none is named, with its votes and the clips that nothing else
        needs; how many that were."""
        which, values = ("", (hashed(visitor),)) if id is None else (" AND id = ?", (hashed(visitor), plain(id)))
        with self._database.writing() as db:
            digests = {digest for digest, in db.execute(
                f"SELECT clip FROM duel_clips WHERE clip NOT NULL AND duel IN (SELECT number FROM duels WHERE "
                f"visitor = ?{which})", values)}
            count = db.execute(f"DELETE FROM duels WHERE visitor = ?{which}", values).rowcount
            self._clips.drop(db, digests)
        self._database.flush()
        return count

    def discard(self, visitor: str, id: object) -> int:
        """As `delete`, but `restore` brings it back, with its votes and clips, for as long as a deletion can be undone;
        then it is deleted. How many that were."""
        return self._undo.discard(hashed(visitor), [plain(id)], (DUELS,))

    def discarded(self, visitor: str) -> tuple[int, float]:
        """How many duels `restore` would bring back, and for how many seconds it still can."""
        count, when = self._undo.last(hashed(visitor), (DUELS,))
        return count, self._undo.left(when)

    def restore(self, visitor: str) -> int:
        """Takes back the visitor's last deletion of duels; how many that brings back."""
        return self._undo.undo(hashed(visitor), (DUELS,))

    def _read(self, query: str, *values: object) -> list[tuple]:
        with self._database.reading() as db:
            return db.execute(query, values).fetchall()

    def _number(self, db, visitor: str, id: object) -> int:
        found = db.execute("SELECT number FROM duels WHERE visitor = ? AND id = ? AND deleted IS NULL",
                           (hashed(visitor), plain(id)))
        if (row := found.fetchone()) is None:
            raise BadInput(GONE)
        return row[0]

    def _load(self, db, number: int) -> Duel:
        id, name, created, seed, aspects, rounds, scores = db.execute(
            "SELECT id, name, created, seed, aspects, rounds, scores FROM duels WHERE number = ?", (number,)).fetchone()
        try:
            clips = [StoredClip(key, json.loads(prompt), json.loads(generator), json.loads(name), clip_id, digest, fps,
                                problem)
                     for key, clip_id, prompt, generator, name, fps, digest, problem in db.execute(
                         "SELECT number, id, prompt, generator, name, fps, clip, problem FROM duel_clips "
                         "WHERE duel = ? ORDER BY number", (number,))]
            by_key = {clip.key: clip for clip in clips}
            ballots = [Ballot(ballot, Shown(Pair(by_key[a], by_key[b]), left), json.loads(choices), when)
                       for ballot, a, b, left, when, choices in db.execute(
                           "SELECT id, a, b, shown_left, created, choices FROM duel_ballots WHERE duel = ? "
                           "ORDER BY number", (number,))]
            return Duel(id, name, created, int(seed), tuple(json.loads(aspects)), rounds, tuple(clips), tuple(ballots),
                        json.loads(scores))
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(DAMAGED) from error


def _broken(pair: Pair) -> bool:
    return any(isinstance(clip, StoredClip) and bool(clip.problem) for clip in (pair.a, pair.b))
