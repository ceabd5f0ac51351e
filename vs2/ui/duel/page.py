"""The Duel page: two clips of one prompt, the better one chosen blindly; the ranking that comes of many votes.

What is shown, voted and taken back lives in the browser (assets/duel.js), which calls the functions of `_served`; that
clips are judged comes as any Gradio event.
"""
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from vs2.duels import rank
from vs2.duels.clips import FOLDERS, gathered
from vs2.duels.judges import read_scores
from vs2.duels.votes import DIMENSIONS, OVERALL
from vs2.errors import BadInput, Problem
from vs2.history.duels import Duel, StoredClip
from vs2.ui import loan, parts, player
from vs2.ui import text as shared
from vs2.ui.duel import data, layout
from vs2.ui.duel import parts as pieces
from vs2.ui.duel.run import Judging
from vs2.ui.guard.served import QUICK, SLOW, served
from vs2.ui.said import worded
from vs2.ui.site import Site
from vs2.ui.text import duel as text
from vs2.ui.wiring import PRIVATE, QUIET

BUDGET = 1024       # tokens that the app's judge may think for each clip


class DuelPage:
    """The page's components and what they do. Made inside a `gr.Blocks` context."""

    NAME = "duel"

    def __init__(self, site: Site, address: gr.HTML):
        self.site, self.duels = site, site.store.duels
        self.judging = Judging(site)
        self.desk = gr.HTML(None, html_template=layout.template(), js_on_load=layout.script(),
                            apply_default_css=False, elem_id="duel", server_functions=self._served())
        with gr.Column(elem_id="duel-judging"):
            with gr.Row(elem_classes="vs-actions-row"):
                self.go = gr.Button(text.JUDGE_CLIPS, size="sm", elem_id="duel-judge")
                self.halt = gr.Button(shared.STOP, size="sm", interactive=False, elem_id="duel-stop", min_width=88)
            loan.note(gr.Checkbox(True, visible=False), gr.Slider(16, 2048, BUDGET, visible=False), each=True)
            self.status = gr.HTML("", elem_id="duel-status", apply_default_css=False)
        self.opens = [self.desk]
        self.go.click(self.judge, [self.desk, address], [self.status, self.go, self.halt, self.desk],
                      trigger_mode="once", **QUIET)
        self.halt.click(self.stop, address, None, queue=False, **PRIVATE)

    def open(self, address: dict | None) -> tuple:
        """The page as an address names it: the browser asks for what is to be seen."""
        return ({"turn": time.time_ns()},)

    def _served(self) -> list[Callable]:
        """What the page in the browser calls, each with one object, and gets a JSON object from."""
        @served(QUICK)
        def duel_open(said: dict) -> dict:
            return _answered(lambda: self.show(_object(said)))

        @served(SLOW)
        def duel_look(said: dict) -> dict:
            return _answered(lambda: self.look(_object(said)))

        @served(SLOW)
        def duel_start(said: dict) -> dict:
            return _answered(lambda: self.start(_object(said)))

        @served(SLOW)
        def duel_pair(said: dict) -> dict:
            return _answered(lambda: self.pair(_object(said)))

        @served(QUICK)
        def duel_vote(said: dict) -> dict:
            return _answered(lambda: self.vote(_object(said)))

        @served(QUICK)
        def duel_undo(said: dict) -> dict:
            return _answered(lambda: self.undo(_object(said)))

        @served(QUICK)
        def duel_again(said: dict) -> dict:
            return _answered(lambda: self.again(_object(said)))

        @served(SLOW)
        def duel_rank(said: dict) -> dict:
            return _answered(lambda: self.rank(_object(said)))

        @served(SLOW)
        def duel_bring(said: dict) -> dict:
            return _answered(lambda: self.bring(_object(said)))

        @served(SLOW)
        def duel_export(said: dict) -> dict:
            return _answered(lambda: self.export(_object(said)))

        @served(QUICK)
        def duel_delete(said: dict) -> dict:
            return _answered(lambda: self.delete(_object(said)))

        @served(QUICK)
        def duel_restore(said: dict) -> dict:
            return _answered(lambda: self.restore(_object(said)))

        return [duel_open, duel_look, duel_start, duel_pair, duel_vote, duel_undo, duel_again, duel_rank, duel_bring,
                duel_export, duel_delete, duel_restore]

    def _visitor(self, said: dict) -> str:
        visitor = self.site.visitor(said.get("address"))
        if not visitor:
            raise BadInput(text.NO_VISITOR)
        return visitor

    def _duel(self, said: dict) -> Duel:
        return self.duels.get(self._visitor(said), said.get("id"))

    def show(self, said: dict) -> dict:
        """The visitor's duels, and the one asked for, where it is theirs: said {address, id} -> {duels, undo, duel}.

        undo: of the last deletion what to say of it, and for how many seconds it can be taken back."""
        visitor = self._visitor(said)
        listed = [{"id": id, "name": data.sound(name), "seen": seen}
                  for id, name, _, seen in self.duels.all(visitor)]
        asked = next((one["id"] for one in listed if one["id"] == said.get("id")), None)
        count, seconds = self.duels.discarded(visitor)
        said = text.DELETED.format(count=count, time=parts.duration(60 * math.ceil(seconds / 60)))
        undo = {"said": said, "seconds": seconds} if count else None
        return {"duels": listed, "undo": undo, "duel": data.state(self.duels.get(visitor, asked)) if asked else None}

    def look(self, said: dict) -> dict:
        """What the uploads come to: said {files, layout} -> {said, names, left_out}."""
        with self._gathered(said) as found:
            return data.found(found)

    def start(self, said: dict) -> dict:
        """A new duel: said {address, files, layout, name, each} -> {duel}."""
        visitor = self._visitor(said)
        name = asked if isinstance(asked := said.get("name"), str) and asked.strip() else text.NAMELESS
        aspects = DIMENSIONS if said.get("each") is True else (OVERALL,)
        with self._gathered(said) as found:
            id = self.duels.start(visitor, data.sound(name), found.clips, aspects)
        return {"duel": data.state(self.duels.get(visitor, id))}

    def _gathered(self, said: dict):
        files = listed if isinstance(listed := said.get("files"), list) else []
        if len(files) > layout.MOST_FILES:
            raise BadInput(text.TOO_MANY.format(count=len(files), most=layout.MOST_FILES))
        given = [player.given(one if isinstance(one, dict) else None) for one in files]
        chosen = asked if isinstance(asked := said.get("layout"), str) else FOLDERS
        return gathered(given, chosen, layout.LIMITS, get_upload_folder())

    def pair(self, said: dict) -> dict:
        """The pair that comes next: said {address, id} -> {duel, pair: {prompt, left, right, after}}, pair None at the
        end. A clip that cannot be shown is left out with its pairs, and said in `duel.broken`."""
        visitor = self._visitor(said)
        while (shown := (duel := self._duel(said)).next) is not None:
            places = []
            for clip in shown.sides:
                assert isinstance(clip, StoredClip), "a stored duel is of stored clips"
                try:
                    places.append(data.shown(clip, self.site.store.clip(clip.digest), self.desk))
                except BadInput as problem:
                    self.duels.broken(visitor, duel.id, clip.key, data.reason(problem, clip))
            if len(places) == 2:
                return {"duel": data.state(duel), "pair": {
                    "prompt": data.sound(shown.pair.a.prompt), "left": places[0], "right": places[1],
                    "after": len(duel.ballots)}}
        return {"duel": data.state(duel), "pair": None}

    def vote(self, said: dict) -> dict:
        """What was said of a pair: said {address, id, after, choices} -> {duel, stored}."""
        visitor, choices, after = self._visitor(said), said.get("choices"), said.get("after")
        if not isinstance(choices, dict) or not isinstance(after, int) or isinstance(after, bool):
            raise BadInput(text.BAD_REQUEST)
        stored = self.duels.vote(visitor, said.get("id"), choices, after)
        return {"duel": data.state(self._duel(said)), "stored": stored}

    def undo(self, said: dict) -> dict:
        """Takes the last vote back, or the one that is named: said {address, id, vote} -> {duel, undone}."""
        undone = self.duels.undo(self._visitor(said), said.get("id"), said.get("vote"))
        return {"duel": data.state(self._duel(said)), "undone": undone}

    def again(self, said: dict) -> dict:
        """One round more: said {address, id} -> {duel}."""
        self.duels.again(self._visitor(said), said.get("id"))
        return {"duel": data.state(self._duel(said))}

    def rank(self, said: dict) -> dict:
        """The ranking with the names, and how far judges agree: said {address, id, dimension} -> {html}."""
        duel = self._duel(said)
        dimension = asked if (asked := said.get("dimension")) in duel.aspects else duel.aspects[0]
        if not duel.votes:
            return {"html": f'<p class="vs-empty">{text.NO_VOTES}</p>', "dimension": dimension}
        found = data.agreements(duel, self.duels.evaluations(self._whose(said), duel), dimension)
        return {"html": data.sound(pieces.ranking(rank(duel.votes, dimension)) + pieces.judges(found)),
                "dimension": dimension}

    def _whose(self, said: dict) -> str | None:
        return None if self.site.settings.shared_history else self._visitor(said)

    def bring(self, said: dict) -> dict:
        """Takes judges' scores from a table of results: said {address, id, file} -> {said}."""
        duel = self._duel(said)
        path, name = player.given(said.get("file") if isinstance(said.get("file"), dict) else None)
        rows, told = data.bring(duel, read_scores(Path(path), name))
        self.duels.bring(self._visitor(said), duel.id, rows)
        return {"said": told}

    def export(self, said: dict) -> dict:
        """A file with the votes or the ranking: said {address, id, kind} -> {path, name, said}."""
        duel = self._duel(said)
        made = data.export(duel, asked if isinstance(asked := said.get("kind"), str) else "",
                           lambda: self.duels.evaluations(self._whose(said), duel))
        self.desk.temp_files.add(made["path"])
        return made

    def delete(self, said: dict) -> dict:
        """Deletes a duel, until that is undone: said {address, id} -> {deleted}."""
        if not isinstance(said.get("id"), str):
            raise BadInput(text.BAD_REQUEST)
        return {"deleted": self.duels.discard(self._visitor(said), said["id"])}

    def restore(self, said: dict) -> dict:
        """Takes back the last deletion of duels: said {address} -> {restored}."""
        return {"restored": self.duels.restore(self._visitor(said))}

    def judge(self, value: object, address: dict | None) -> Iterator[dict]:
        """Judges the clips that the app's judge has not judged yet; each is kept in the history as it comes."""
        asked = {"address": address, "id": value.get("duel") if isinstance(value, dict) else None}
        running = {self.go: gr.update(interactive=False), self.halt: gr.update(interactive=True)}
        ended = {self.go: gr.update(interactive=True), self.halt: gr.update(interactive=False)}
        said = ""
        try:
            visitor, duel = self._visitor(asked), self._duel(asked)
            yield running
            for said in self.judging.stream(visitor, duel):
                yield {self.status: said, **running}    # each time: a browser may skip all updates but the last
        except Problem as problem:
            said = parts.problem(str(problem))
        except Exception as error:
            self.site.host.log(error)
            said = parts.problem(shared.UNEXPECTED.format(kind=type(error).__name__))
        yield {self.status: said, **ended,
               self.desk: {"duel": asked["id"], "judged": time.time_ns()}}

    def stop(self, address: dict | None) -> None:
        """What the Stop button does: what is judged stays."""
        self.judging.stop(self.site.visitor(address))


def _answered(work: Callable[[], dict]) -> dict:
    """What the work gives, or its problem in one sentence."""
    try:
        return work()
    except Problem as problem:
        return {"problem": data.sound(worded(str(problem)))}


def _object(said: object) -> dict:
    if not isinstance(said, dict):
        raise BadInput(text.BAD_REQUEST)
    return said
