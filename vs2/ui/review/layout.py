"""What the Review page's desk is made of before the browser fills it: its HTML, and the words of assets/review.js."""
from html import escape

from vs2.rubric import KEYS, SCALE
from vs2.ui import text as shared
from vs2.ui.review.access import MOST_NAME, MOST_NOTE, MOST_SEARCHED
from vs2.ui.text import review as text
from vs2.ui.theme import script as script_of

SCRIPTS = ("review", "review_marks", "review_desk", "review_list", "review_events")


def template(space: bool) -> str:
    """The empty page. space: whether a reviewer is who is logged in, and not a name that is written here."""
    return f'<div class="vs-review">{_list()}<div class="vs-desk">{_top(space)}{_desk()}{_keys()}</div></div>'


def script() -> str:
    """assets/review.js and what belongs to it as one script, with its words before it."""
    words = {
        "short": shared.SHORT, "labels": dict(shared.LABELS),
        "count": text.COUNT, "count_one": text.COUNT_ONE, "empty": text.EMPTY, "no_match": text.NO_MATCH,
        "unread": shared.UNREAD, "withheld": shared.WITHHELD, "nothing_title": shared.WITHHELD_TITLE,
        "unknowing": shared.UNKNOWING, "nothing_to_agree": text.NOTHING_TO_AGREE,
        "mine": text.BADGE_MINE, "badge": text.BADGE, "badge_one": text.BADGE_ONE,
        "badge_draft": text.BADGE_DRAFT, "all_models": text.ALL_MODELS, "of": text.POSITION, "judge": text.JUDGE_GAVE,
        "agree": text.AGREE, "disagree": text.DISAGREE, "right": text.RIGHT, "said_nothing": text.SAID_NOTHING,
        "no_rationale": text.NO_RATIONALE, "verdict_on": text.VERDICT_ON, "right_for": text.RIGHT_FOR,
        "unmark": text.UNMARK, "preparing": text.PREPARING, "no_clip": text.NO_CLIP, "unplayable": text.UNPLAYABLE,
        "nothing_yet": text.NOTHING_YET,
        "saved": text.SAVED, "saving": text.SAVING, "draft": text.DRAFT, "draft_name": text.DRAFT_NAME,
        "draft_login": text.DRAFT_LOGIN, "not_saved": text.NOT_SAVED, "offline": text.OFFLINE, "removed": text.REMOVED,
        "remove": text.REMOVE, "remove_sure": text.REMOVE_SURE, "file": text.NO_FILE}
    return script_of(words, *SCRIPTS)


def _select(name: str, label: str, options: list[tuple[str, str]], chosen: str = "") -> str:
    made = "".join(f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(shown)}</option>'
                   for value, shown in options)
    return f'<select name="{name}" aria-label="{escape(label)}">{made}</select>'


def _list() -> str:
    digits = [(str(score), str(score)) for score in SCALE]
    ranges = "".join(
        f'<div class="vs-range"><span>{escape(shared.SHORT[key])}</span>'
        + _select(f"{key}_least", text.LEAST.format(name=shared.SHORT[key]), digits, digits[0][0])
        + f"<span>{text.TO}</span>"
        + _select(f"{key}_most", text.MOST.format(name=shared.SHORT[key]), digits, digits[-1][0]) + "</div>"
        for key in KEYS)
    reviewed = [("", text.ANY), ("false", text.NOT_REVIEWED), ("true", text.ONLY_REVIEWED)]
    return (f'<aside class="vs-found" aria-label="{text.LIST}"><form class="vs-filter" role="search">'
            f'<input type="search" name="text" aria-label="{text.WORDS}" placeholder="{text.WORDS_HINT}" '
            f'maxlength="{MOST_SEARCHED}"><div class="vs-pair">{_select("model", text.MODEL, [("", text.ALL_MODELS)])}'
            f'{_select("reviewed", text.REVIEWED, reviewed)}</div>'
            f'<details><summary>{text.SCORES}</summary>{ranges}</details></form>'
            f'<p class="vs-listed" role="status"></p><ul class="vs-items"></ul>'
            f'<button type="button" class="vs-action vs-more-items" hidden>{text.MORE}</button></aside>')


def _top(space: bool) -> str:
    name = "" if space else (
        f'<label class="vs-who"><span>{text.REVIEWER}</span><input name="reviewer" autocomplete="name" '
        f'maxlength="{MOST_NAME}" title="{text.REVIEWER_HINT}"></label>')
    return (f'<div class="vs-top-bar" data-space="{"yes" if space else ""}">'
            f'<button type="button" class="vs-action" data-step="-1">{text.PREVIOUS}</button>'
            f'<button type="button" class="vs-action" data-step="1">{text.NEXT}</button>'
            f'<span class="vs-position"></span>{name}</div><p class="vs-problem" role="alert" hidden></p>')


def _desk() -> str:
    return (
        f'<div class="vs-case" hidden><div class="vs-clip-side"><h2 class="vs-unseen">{text.CLIP}</h2>'
        '<figure class="vs-screen"><video controls playsinline muted preload="metadata" '
        f'aria-label="{text.CLIP}"></video>'
        '<p class="vs-no-clip" role="status" hidden></p></figure>'
        f'<div class="vs-its-prompt"><h3>{text.PROMPT}</h3><p class="vs-prompt"></p><p class="vs-its-judge"></p>'
        '<div class="vs-its-whose"></div></div>'
        f'<div class="vs-marks" hidden><h3>{text.MARKED}</h3><ul></ul></div>'
        f'<label class="vs-note"><span>{text.NOTE}</span><textarea name="note" rows="3" maxlength="{MOST_NOTE}" '
        f'placeholder="{text.NOTE_HINT}"></textarea></label>'
        '<div class="vs-save"><p class="vs-saved" role="status" aria-live="polite"></p>'
        f'<button type="button" class="vs-remove-review" hidden>{text.REMOVE}</button>'
        f'<button type="button" class="vs-action vs-primary" data-do="save">{text.SAVE}</button></div></div>'
        f'<div class="vs-said-parts"><div class="vs-mark-bar"><p>{text.MARK_HINT}</p>'
        f'<button type="button" class="vs-action" data-do="mark">{text.MARK}</button></div>'
        '<div class="vs-rated"></div><p class="vs-unseen" role="status" data-live></p></div></div>')


def _keys() -> str:
    def pressed(keys: str) -> str:
        return "".join(f"<kbd>{escape(key)}</kbd>" for key in keys.split(" "))

    named = "".join(f"<span>{pressed(keys)} {escape(said)}</span>" for keys, said in text.KEY_NAMES)
    exports = "".join(f'<button type="button" class="vs-action" data-export="{kind}">{label}</button>'
                      for kind, label in (("training", text.EXPORT_TRAINING), ("csv", text.EXPORT_CSV),
                                          ("json", text.EXPORT_JSON)))
    return ('<div class="vs-review-keys"><label><input type="checkbox" name="keys" checked> '
            f'{text.KEYS_ON}</label>{named}</div>'
            f'<div class="vs-exports" role="group" aria-label="{text.EXPORT}"><span>{text.EXPORT}</span>{exports}'
            '<p class="vs-exported" role="status"></p></div>')
