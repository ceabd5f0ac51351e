"""What the Review page takes from a browser, checked: who reviews, which evaluation, which filter, what was said."""
import os
import re
from importlib.util import find_spec
from pathlib import Path

import gradio as gr

from vs2.errors import BadInput
from vs2.history.review_rows import Review
from vs2.history.store import Filter, Stored
from vs2.rubric import KEYS, SCALE
from vs2.ui.passages import merged
from vs2.ui.site import Site
from vs2.ui.text import review as text

MOST_NAME, MOST_NOTE, MOST_PASSAGES, MOST_SEARCHED = 80, 4000, 200, 200  # characters, passages


def on_space() -> bool:
    """Whether the app runs as a Space, where a reviewer is whoever is logged in."""
    return bool(os.environ.get("SPACE_ID"))


def can_log_in() -> bool:
    """Whether this Space has the login that its README asks for with `hf_oauth: true`, and what Gradio needs for it."""
    return on_space() and bool(os.environ.get("OAUTH_CLIENT_ID")) and all(map(find_spec, ("authlib", "itsdangerous")))


def reviewer(said: object, profile: gr.OAuthProfile | None) -> str:
    """Who reviews: the account that is logged in on a Space, elsewhere the name that was given. Raises BadInput."""
    if on_space():
        if profile is None:
            raise BadInput(text.LOGIN if can_log_in() else text.NO_LOGIN)
        return profile.username
    # Control characters and marks of direction would make one name look like another.
    shown = "".join(letter if letter.isprintable() else " " for letter in said) if isinstance(said, str) else ""
    name = " ".join(shown.split())
    if not name:
        raise BadInput(text.NO_NAME)
    if len(name) > MOST_NAME:
        raise BadInput(text.LONG_NAME.format(count=len(name), most=MOST_NAME))
    return name


def known(said: object, profile: gr.OAuthProfile | None) -> str:
    """As `reviewer`; "" where nobody is named yet."""
    try:
        return reviewer(said, profile)
    except BadInput:
        return ""


def stored(site: Site, id: object) -> Stored:
    """The evaluation with that id. An id cannot be guessed: whoever has it may see the evaluation and review it.

    Raises BadInput for anything else.
    """
    found = site.named({"e": [id]})
    if not found:
        raise BadInput(text.NO_SUCH)
    return found[0]


def whose(site: Site, address: object) -> str | None:
    """Whose evaluations are listed, as `Store.find` takes it. Raises BadInput for a browser that keeps nothing."""
    if site.settings.shared_history:
        return None
    if not (visitor := site.visitor(address)):
        raise BadInput(text.EMPTY)
    return visitor


def wanted(said: object) -> Filter:
    """The filter that a browser asks for; what it cannot mean is left out."""
    said = said if isinstance(said, dict) else {}
    scores = given if isinstance(given := said.get("scores"), dict) else {}
    bounds = {key: (pair[0], pair[1]) for key, pair in scores.items()
              if key in KEYS and isinstance(pair, list) and len(pair) == 2 and all(_score(one) for one in pair)}
    bounds = {key: pair for key, pair in bounds.items() if pair != (SCALE[0], SCALE[-1])}
    reviewed = said.get("reviewed")
    return Filter(_plain(said.get("model"))[:MOST_SEARCHED], _plain(said.get("text"))[:MOST_SEARCHED].strip(), bounds,
                  reviewed if isinstance(reviewed, bool) else None)


def review_of(found: Stored, who: str, said: object) -> Review:
    """The review that a browser or a script sends. Raises BadInput where it is none.

    said: {verdicts, corrected, wrong_passages, note} as in a line of `vs2.history.review_rows`. Passages that overlap
    become one.
    """
    said = said if isinstance(said, dict) else {}
    note, passages = _plain(said.get("note")).strip(), said.get("wrong_passages") or []
    if len(note) > MOST_NOTE:
        raise BadInput(text.LONG_NOTE.format(count=len(note), most=MOST_NOTE))
    if isinstance(passages, list) and len(passages) > MOST_PASSAGES:
        raise BadInput(text.MANY_PASSAGES.format(count=len(passages), most=MOST_PASSAGES))
    evaluation = found.evaluation
    record = {
        "video": name_of(found), "prompt": evaluation.prompt, "model": evaluation.model, "reviewer": who, "note": note,
        "rationale": evaluation.rationale, "scores": {key: evaluation.scores[key].value for key in KEYS},
        "verdicts": said.get("verdicts"), "corrected": said.get("corrected") or {}, "wrong_passages": passages,
        "not_judged": Review.withheld(evaluation)}
    made = Review.from_json(record)
    in_order = [{"start": start, "end": end} for start, end in merged(made.wrong_passages)]
    return Review.from_json(record | {"wrong_passages": in_order})


def name_of(found: Stored) -> str:
    """The name of the evaluation's video as it is shown: no folder of whoever made it."""
    return Path(re.split(r"[/\\]", found.evaluation.video)[-1]).name or "video"


def _plain(said: object) -> str:
    """A text without halves of characters, which neither a database nor a file can hold; "" for what is no text."""
    return said.encode("utf-8", "replace").decode() if isinstance(said, str) else ""


def _score(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in SCALE
