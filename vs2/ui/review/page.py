"""The Review page: for people who must trust or dispute a rationale. Verdicts, corrected scores, wrong passages.

The list, the evaluation and the saving of a review live in the browser (assets/review.js), which calls the functions
of `_served`; figures of agreement come as any Gradio event.
"""
import time
from collections.abc import Callable

import gradio as gr

from vs2.errors import BadInput, Problem
from vs2.history import agreement
from vs2.history.review_rows import Review
from vs2.history.store import Filter
from vs2.plots import agreement as agreement_plots
from vs2.rubric import KEYS
from vs2.ui import given, parts, player, sent
from vs2.ui import text as shared
from vs2.ui.guard.served import QUICK, SLOW, served
from vs2.ui.review import access, data, layout
from vs2.ui.review.access import on_space
from vs2.ui.said import worded
from vs2.ui.site import Site
from vs2.ui.text import review as text
from vs2.ui.wiring import QUIET

PAGE = 30  # evaluations that the list loads at a time
JUDGE, REVIEWERS = "judge", "reviewers"    # whom the reviewers are compared with


class ReviewPage:
    """The page's components and what they do. Made inside a `gr.Blocks` context."""

    NAME = "review"

    def __init__(self, site: Site, address: gr.HTML):
        self.site = site
        if access.can_log_in():
            gr.LoginButton(size="sm", elem_id="review-login")
        self.desk = gr.HTML(None, html_template=layout.template(on_space()), js_on_load=layout.script(),
                            apply_default_css=False, elem_id="review", server_functions=self._served())
        self._agreement()
        shown = [self.figures, self.picture, self.matrix, self.seen]
        self.opens = [self.desk, *shown, self.pairing, self.dimension]
        asked = [address, self.pairing, self.dimension]
        # The page in the browser says so whenever a review was stored or removed.
        gr.on([self.desk.submit, self.pairing.change, self.dimension.change], self.agree, asked, shown, **QUIET)
        self._endpoint()

    def _agreement(self) -> None:
        with gr.Column(elem_classes="vs-agreement", elem_id="agreement"):
            gr.HTML(f"<h2>{text.AGREEMENT}</h2>", apply_default_css=False)
            with gr.Row(equal_height=False, elem_classes="vs-agreement-row"):
                with gr.Column(scale=3, min_width=280):
                    self.figures = gr.HTML("", apply_default_css=False, elem_id="agreement-figures")
                with gr.Column(scale=2, min_width=280, visible=False) as self.picture:
                    with gr.Row(elem_classes="vs-matrix-of"):
                        self.pairing = gr.Dropdown([(text.WITH_JUDGE, JUDGE), (text.BETWEEN, REVIEWERS)], value=JUDGE,
                                                   label=text.MATRIX_OF, elem_id="agreement-pairing", min_width=190)
                        self.dimension = gr.Dropdown([(shared.SHORT[key], key) for key in KEYS], value=KEYS[0],
                                                     label=text.DIMENSION, elem_id="agreement-dimension", min_width=190)
                    self.matrix = gr.Plot(_matrix(agreement.with_judge([]), JUDGE, KEYS[0]), show_label=False,
                                          container=False, elem_id="agreement-matrix")
                    self.seen = gr.HTML("", apply_default_css=False)

    def _endpoint(self) -> None:
        with gr.Row(visible=False):
            asked = [gr.Textbox(label="id"), gr.Textbox(label="reviewer"), sent.values("verdicts", {"type": "object"}),
                     sent.values("corrected", {"type": "object"}),
                     sent.values("passages", {"type": "array", "items": {"type": "object"}}),
                     gr.Textbox(label="note")]
            record = gr.JSON(label="review")
            call = gr.Button()
        given.strict(id=asked[0], reviewer=asked[1], note=asked[-1])
        call.click(self.review, asked, record, api_name="review", api_description=text.API_REVIEW)

    def open(self, address: dict | None) -> tuple:
        """The page as an address names it; the browser lists and opens what is to be seen."""
        return {"turn": time.time_ns()}, *self.agree(address, JUDGE, KEYS[0]), JUDGE, KEYS[0]

    def seen_reviews(self, address: object) -> list[tuple[str, Review]]:
        """The reviews that a visitor may see: those of the evaluations listed, and of those that the address names."""
        try:
            found = self.site.store.reviews(visitor=access.whose(self.site, address))
        except BadInput:
            found = []
        listed = {id for id, _ in found}
        named = [one for stored in self.site.named(address) if stored.id not in listed
                 for one in self.site.store.reviews(id=stored.id)]
        return found + named

    def agree(self, address: dict | None, pairing: str, dimension: str) -> tuple:
        """The figures of agreement, whether there is a matrix, the one that was chosen, and the same as a table."""
        try:
            reviews = self.seen_reviews(address)
        except Problem as problem:
            return parts.problem(str(problem)), gr.update(visible=False), gr.skip(), ""
        if not reviews:
            return f'<p class="vs-empty">{text.AGREEMENT_NONE}</p>', gr.update(visible=False), gr.skip(), ""
        judge, others = agreement.with_judge(reviews), agreement.between_reviewers(reviews)
        figures = (f'<p class="vs-counted">{data.counted(reviews)}</p>'
                   + data.figures(text.WITH_JUDGE, judge)
                   + data.figures(text.BETWEEN, others, text.BETWEEN_NONE))
        chosen = others if pairing == REVIEWERS else judge
        key = dimension if dimension in KEYS else KEYS[0]
        return (figures, gr.update(visible=True), _matrix(chosen, pairing, key),
                data.matrix_table(chosen[key].matrix, *_axes(pairing)))

    def _served(self) -> list[Callable]:
        """What the page in the browser calls, each with one object, and gets a JSON object from."""
        @served(QUICK)
        def review_find(said: dict, profile: gr.OAuthProfile | None) -> dict:
            return _answered(lambda: self.find(_object(said), profile))

        @served(QUICK)
        def review_show(said: dict, profile: gr.OAuthProfile | None) -> dict:
            return _answered(lambda: self.show(_object(said), profile))

        @served(SLOW)
        def review_clip(said: dict) -> dict:
            return _answered(lambda: self.clip(_object(said)))

        @served(QUICK)
        def review_save(said: dict, profile: gr.OAuthProfile | None) -> dict:
            return _answered(lambda: self.save(_object(said), profile))

        @served(QUICK)
        def review_remove(said: dict, profile: gr.OAuthProfile | None) -> dict:
            return _answered(lambda: self.remove(_object(said), profile))

        @served(SLOW)
        def review_export(said: dict) -> dict:
            return _answered(lambda: self.export(_object(said)))

        return [review_find, review_show, review_clip, review_save, review_remove, review_export]

    def find(self, said: dict, profile: gr.OAuthProfile | None) -> dict:
        """A page of the list: said {address, filter, offset, reviewer} -> {items, count, models}.

        What the address names comes first, whoever's it is, unless something is looked for.
        """
        address, store = said.get("address"), self.site.store
        offset = asked if isinstance(asked := said.get("offset"), int) else 0
        who, wanted = access.known(said.get("reviewer"), profile), access.wanted(said.get("filter"))
        named = self.site.named(address) if offset == 0 and wanted == Filter() else []
        try:
            whose = access.whose(self.site, address)
            found = store.find(whose, wanted, PAGE, max(0, offset))
            count, models = store.count(whose, wanted), store.models(whose)
        except BadInput:
            if not named:
                raise
            found, count, models = [], 0, []
        first = [stored for stored in named if stored.id not in {one.id for one in found}]
        items = [data.item(one, bool(who and store.review(one.id, who))) for one in first + found]
        return {"items": items, "named": len(first), "count": count,
                "models": [[name, data.model(name)] for name in models]}

    def show(self, said: dict, profile: gr.OAuthProfile | None) -> dict:
        """One evaluation with the reviewer's own review: said {id, reviewer}."""
        found = access.stored(self.site, said.get("id"))
        who = access.known(said.get("reviewer"), profile)
        review = self.site.store.review(found.id, who) if who else None
        return {**data.detail(found, review), "reviewer": who}

    def clip(self, said: dict) -> dict:
        """Where the browser gets the clip of an evaluation, in a form that it plays: said {id} -> {path}, or none."""
        found = access.stored(self.site, said.get("id"))
        path = self.site.store.clip(found.clip)
        if path is None:
            return {"path": None}
        value = player.kept(path, access.name_of(found), self.desk, found.evaluation.given_fps)
        return {"path": value.get("player") or value["path"]}

    def save(self, said: dict, profile: gr.OAuthProfile | None) -> dict:
        """Stores a review: said {id, reviewer, verdicts, corrected, wrong_passages, note} -> {review, reviews}."""
        who = access.reviewer(said.get("reviewer"), profile)
        found = access.stored(self.site, said.get("id"))
        review = access.review_of(found, who, said)
        self.site.store.put_review(found.id, review)
        return {"review": data.said_in(review), "reviewer": who,
                "reviews": len(self.site.store.reviews(id=found.id))}

    def remove(self, said: dict, profile: gr.OAuthProfile | None) -> dict:
        """Deletes one's own review: said {id, reviewer}."""
        who = access.reviewer(said.get("reviewer"), profile)
        found = access.stored(self.site, said.get("id"))
        self.site.store.delete_review(found.id, who)
        return {"reviews": len(self.site.store.reviews(id=found.id))}

    def export(self, said: dict) -> dict:
        """A file with the reviews that the visitor may see: said {address, kind} -> {path, name, said}."""
        kind = asked if isinstance(asked := said.get("kind"), str) else ""
        made = data.export(self.seen_reviews(said.get("address")), kind, self.site.store)
        self.desk.temp_files.add(made["path"])  # so that it is deleted when uploads are
        told = text.LEFT_OUT if made["lacking"] else text.EXPORTED
        return {**made, "said": told.format(count=made["count"], lacking=made["lacking"])}

    def review(self, id: str, reviewer: str, verdicts: dict, corrected: dict | None = None,
               passages: list | None = None, note: str | None = None, profile: gr.OAuthProfile | None = None) -> dict:
        """The endpoint `/review`: stores a review and gives it as it is stored.

        Parameters:
            id: of the evaluation, as its link has it.
            reviewer: a name; on a Space whoever is logged in, whatever is given here.
            verdicts: "agree" or "disagree" for visual_quality, text_alignment and physical_consistency.
            corrected: the right score, 1 to 5, for dimensions disagreed with; may be left out.
            passages: what is wrong in the rationale, a list of {"start", "end"} in characters.
            note: the reviewer's words.
        """
        said = {"verdicts": verdicts, "corrected": corrected, "wrong_passages": passages, "note": note}
        try:
            who = access.reviewer(reviewer, profile)
            found = access.stored(self.site, (id or "").strip())
            review = access.review_of(found, who, said)
            self.site.store.put_review(found.id, review)
        except Problem as problem:
            raise gr.Error(worded(str(problem)), print_exception=False) from problem
        return {"evaluation": found.id, **review.to_json()}


def _answered(work: Callable[[], dict]) -> dict:
    """What the work gives, or its problem in one sentence."""
    try:
        return work()
    except Problem as problem:
        return {"problem": worded(str(problem))}


def _object(said: object) -> dict:
    if not isinstance(said, dict):
        raise BadInput(text.BAD_REQUEST)
    return said


def _axes(pairing: str) -> tuple[str, str]:
    return (text.ONE_AXIS, text.OTHER_AXIS) if pairing == REVIEWERS else (text.JUDGE_AXIS, text.REVIEWERS_AXIS)


def _matrix(found: dict, pairing: str, key: str):
    return agreement_plots.confusion(found[key].matrix, *_axes(pairing))
