"""What the Duel page is made of before the browser fills it: its HTML, and the words of assets/duel*.js."""
from html import escape

from vs2.duels.clips import LAYOUTS, Limits
from vs2.duels.votes import OVERALL
from vs2.history.duels import CHOICES, MOST_NAME
from vs2.rubric import KEYS
from vs2.ui import player
from vs2.ui import text as shared
from vs2.ui.text import duel as text
from vs2.ui.theme import script as script_of
from vs2.video.kind import SUFFIXES

SCRIPTS = ("duel", "duel_pair", "duel_ranking", "duel_setup", "duel_events")
LIMITS = Limits(clip=player.LIMITS)
MOST_FILES = LIMITS.clips + 1
_ACCEPT = ",".join(("video/*", *SUFFIXES, ".zip", ".csv", ".tsv", ".json", ".jsonl", ".parquet"))


def names() -> dict[str, str]:
    """What each question is called: as a whole, and the three dimensions."""
    return {OVERALL: text.OVERALL, **{key: shared.SHORT[key] for key in KEYS}}


def choices() -> dict[str, str]:
    """What each answer is called."""
    return dict(zip(CHOICES, (text.LEFT, text.RIGHT, text.TIE, text.BOTH_BAD), strict=True))


def template() -> str:
    """The empty page."""
    return (f'<div class="vs-duel"><p class="vs-duel-lead">{escape(text.LEAD)}</p>'
            '<p class="vs-problem vs-duel-problem" role="alert" hidden></p>'
            f"{_setup()}{_pair()}{_votes()}{_ranking()}</div>")


def script() -> str:
    """assets/duel.js and what belongs to it as one script, with its words before it."""
    words = {
        "names": names(), "choices": choices(), "top": text.TOP, "bottom": text.BOTTOM,
        "sending": text.SENDING, "checking": text.CHECKING, "not_sent": text.NOT_SENT, "too_large": text.TOO_LARGE,
        "too_many": text.TOO_MANY, "most": MOST_FILES, "megabytes": player.MEGABYTES, "starting": text.STARTING,
        "start": text.START, "nameless": text.NAMELESS, "seen": text.MINE_SEEN, "open": text.OPEN,
        "left_out": text.LEFT_OUT, "found_names": text.FOUND_NAMES, "progress": text.PROGRESS,
        "preparing": text.PREPARING, "unplayable": text.UNPLAYABLE, "play": text.PLAY, "pause": text.PAUSE,
        "saved": text.SAVED, "skipped": text.SKIPPED, "undone": text.UNDONE, "moved": text.MOVED, "done": text.DONE,
        "done_none": text.DONE_NONE, "show": text.SHOW, "hide": text.HIDE, "list_empty": text.LIST_EMPTY,
        "list_more": text.LIST_MORE, "take_back": text.TAKE_BACK, "take_back_of": text.TAKE_BACK_OF,
        "delete": text.DELETE, "delete_sure": text.DELETE_SURE, "offline": text.OFFLINE}
    return script_of(words, *SCRIPTS)


def _icon() -> str:
    return ('<svg viewBox="0 0 48 32" width="52" height="34" fill="none" stroke="currentColor" stroke-width="1.6" '
            'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><rect x="2.5" y="6.5" width="19" '
            'height="19" rx="3"/><rect x="26.5" y="6.5" width="19" height="19" rx="3"/><path d="m10 12.5 5 3.5-5 3.5z'
            'm24 0 5 3.5-5 3.5z"/></svg>')


def _setup() -> str:
    formats = text.FORMATS.format(clips=LIMITS.clips, megabytes=LIMITS.bytes // 2**20)
    layouts = "".join(f'<option value="{name}">{escape(text.LAYOUTS[name])}</option>' for name in LAYOUTS)
    return (
        '<section class="vs-duel-setup" hidden><div class="vs-duel-columns"><div>'
        f'<div class="vs-zone" data-state="empty"><label class="vs-drop"><input type="file" multiple '
        f'accept="{_ACCEPT}" data-files>{_icon()}<strong>{escape(text.DROP)}</strong>'
        f'<span>{escape(text.CHOOSE)}</span><small>{escape(formats)}</small></label></div>'
        '<div class="vs-duel-row"><input type="file" webkitdirectory multiple hidden data-folder tabindex="-1" '
        f'aria-label="{escape(text.FOLDER)}">'
        f'<button type="button" class="vs-action" data-do="folder">{escape(text.FOLDER)}</button>'
        f'<button type="button" class="vs-action" data-do="clear" hidden>{escape(text.CLEAR)}</button></div>'
        '<div class="vs-duel-place"><p class="vs-busy" role="status"></p>'
        f'<p class="vs-duel-none">{escape(text.NONE)}</p>'
        '<div class="vs-duel-found" hidden><p class="vs-duel-said"></p><p class="vs-duel-names"></p>'
        '<details class="vs-wrong" hidden><summary></summary><ul></ul></details></div></div>'
        f'<form class="vs-duel-form"><label><span>{escape(text.LAYOUT)}</span><select name="layout">{layouts}</select>'
        f'</label><label><span>{escape(text.NAME)}</span><input name="name" maxlength="{MOST_NAME}" '
        f'placeholder="{escape(text.NAME_HINT)}" autocomplete="off"></label>'
        f'<label class="vs-duel-each"><input type="checkbox" name="each"><span><b>{escape(text.EACH)}</b>'
        f'<small>{escape(text.EACH_HINT)}</small></span></label>'
        f'<button type="submit" class="vs-action vs-primary" disabled>{escape(text.START)}</button></form></div>'
        '<aside><p class="vs-undo vs-duel-undo" role="status" hidden><span></span> <button type="button" '
        f'class="vs-action" data-do="restore">{escape(shared.UNDO)}</button></p>'
        f'<div class="vs-duel-mine" hidden><h2>{escape(text.MINE)}</h2><ul></ul></div>'
        f'<details class="vs-how" open><summary>{escape(text.HOW)}</summary>'
        f'<pre tabindex="0">{escape(text.HOW_EXAMPLE)}</pre><p>{escape(text.HOW_SAID)}</p></details></aside></div>'
        "</section>")


def _side(side: str, label: str, wide: str, tall: str) -> str:
    return (f'<figure class="vs-screen" data-side="{side}"><figcaption><b>{_sides(wide, tall)}</b></figcaption>'
            f'<video playsinline muted loop preload="auto" aria-label="{escape(label)}"></video>'
            '<p class="vs-duel-unplayable" hidden></p></figure>')


def _sides(wide: str, tall: str) -> str:
    """A side's name where the clips stand beside each other, and where one stands above the other."""
    return f'<span class="vs-duel-wide">{escape(wide)}</span><span class="vs-duel-tall">{escape(tall)}</span>'


def _pair() -> str:
    def pressed(keys: str) -> str:
        return "".join(f"<kbd>{escape(key)}</kbd>" for key in keys.split(" "))

    keys = "".join(f"<span>{pressed(names)} {escape(said)}</span>" for names, said in text.KEY_NAMES)
    return (
        '<section class="vs-duel-case" hidden><div class="vs-duel-bar">'
        f'<button type="button" class="vs-action" data-do="all">{escape(text.ALL_DUELS)}</button>'
        '<h2 class="vs-duel-name"></h2><span class="vs-duel-progress"></span></div>'
        '<div class="vs-progress" aria-hidden="true"><i style="width:0"></i></div>'
        '<ul class="vs-duel-broken" hidden></ul><div class="vs-duel-asked">'
        f'<div class="vs-duel-prompt"><h3>{escape(text.PROMPT)}</h3><p></p></div>'
        f'<div class="vs-duel-players" role="group" aria-label="{escape(text.PLAYERS)}">'
        f'{_side("left", text.CLIP_LEFT, text.LEFT, text.TOP)}'
        f'{_side("right", text.CLIP_RIGHT, text.RIGHT, text.BOTTOM)}'
        '</div><div class="vs-duel-controls">'
        f'<button type="button" class="vs-action" data-do="play">{escape(text.PAUSE)}</button>'
        f'<input type="range" min="0" max="1" step="any" value="0" aria-label="{escape(text.POSITION)}">'
        '<span class="vs-duel-time" aria-hidden="true"></span></div>'
        '<div class="vs-duel-questions"></div></div>'
        '<div class="vs-duel-done" hidden><p></p><button type="button" class="vs-action vs-primary" data-do="again">'
        f'{escape(text.AGAIN)}</button></div>'
        '<div class="vs-duel-row vs-duel-after"><p class="vs-duel-told" role="status"></p>'
        f'<button type="button" class="vs-action" data-do="retry" hidden>{escape(text.RETRY)}</button>'
        f'<button type="button" class="vs-action" data-do="skip">{escape(text.SKIP)}</button>'
        f'<button type="button" class="vs-action" data-do="undo" disabled>{escape(text.UNDO)}</button></div>'
        f'<div class="vs-review-keys vs-duel-keys"><label><input type="checkbox" name="keys" checked> '
        f'{escape(text.KEYS_ON)}</label>{keys}</div></section>')


def _votes() -> str:
    exports = "".join(f'<button type="button" class="vs-action" data-export="{kind}">{escape(label)}</button>'
                      for kind, label in (("jsonl", text.EXPORT_JSONL), ("csv", text.EXPORT_CSV),
                                          ("ranking", text.EXPORT_RANKING), ("report", text.EXPORT_REPORT)))
    return (
        f'<details class="vs-duel-more" hidden><summary>{escape(text.MORE)}</summary>'
        f'<h3>{escape(text.LIST)}</h3><ul class="vs-duel-votes"></ul><p class="vs-empty vs-duel-count"></p>'
        f'<div class="vs-exports" role="group" aria-label="{escape(text.EXPORT)}"><span>{escape(text.EXPORT)}</span>'
        f'{exports}<p class="vs-exported" role="status"></p></div>'
        f'<button type="button" class="vs-action vs-duel-delete" data-do="delete">{escape(text.DELETE)}</button>'
        "</details>")


def _ranking() -> str:
    dimensions = "".join(f'<option value="{key}">{escape(said)}</option>' for key, said in names().items())
    return (
        '<section class="vs-duel-results" hidden><header><h2>' + escape(text.RANKING) + '</h2>'
        f'<button type="button" class="vs-action" data-do="rank" aria-expanded="false">{escape(text.SHOW)}</button>'
        f'<p class="vs-duel-hidden">{escape(text.HIDDEN)}</p>'
        f'<label class="vs-duel-by" hidden><span>{escape(text.DIMENSION)}</span><select name="dimension">{dimensions}'
        '</select></label></header><div class="vs-duel-ranked" hidden></div>'
        '<div class="vs-duel-row vs-duel-bring" hidden><input type="file" accept=".csv,.tsv,.json,.jsonl" hidden '
        f'data-scores tabindex="-1" aria-label="{escape(text.BRING)}">'
        f'<button type="button" class="vs-action" data-do="bring">{escape(text.BRING)}</button>'
        '<p class="vs-duel-brought" role="status"></p></div></section>')
