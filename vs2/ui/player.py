"""The video box of a page: drop or choose a file, watch it, and hand the original to the judge."""
from html import escape
from pathlib import Path

import gradio as gr
from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from vs2.errors import BadInput, Problem
from vs2.ui import addresses, text, timeline
from vs2.ui.desk import desk
from vs2.ui.said import worded
from vs2.ui.theme import script as script_of
from vs2.video import Clip, Limits, read
from vs2.video.kind import SUFFIXES
from vs2.video.rate import RATES, check_fps, is_pictures
from vs2.video.sampling import Sampling

LIMITS = Limits()
MEGABYTES = LIMITS.max_bytes // 2**20
ACCEPT = ",".join(("video/*", *SUFFIXES))  # browsers do not take all of them for videos

FPS = 24  # pictures a second that the field of a zip begins with: what most generators write

_ICON = ('<svg viewBox="0 0 32 32" width="34" height="34" fill="none" stroke="currentColor" stroke-width="1.6" '
         'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><rect x="3.5" y="6.5" width="25" '
         'height="19" rx="3"/><path d="m13.5 12 6 4-6 4z"/></svg>')


def _template(page: str, by_address: bool) -> str:
    formats = text.FORMATS.format(megabytes=MEGABYTES, minutes=round(LIMITS.max_seconds / 60))
    return (
        f'<div class="vs-zone" data-state="empty" data-page="{page}"><label class="vs-drop"><input type="file" '
        f'accept="{ACCEPT}">{_ICON}'
        f'<strong>{escape(text.DROP)}</strong><span>{escape(text.CHOOSE)}</span><small>{escape(formats)}</small></label>'
        f'<figure class="vs-screen"><video controls playsinline muted preload="metadata"></video>'
        f'<p class="vs-unplayable" hidden>{escape(text.UNPLAYABLE)}</p>'
        f'{timeline.bar()}<figcaption><span class="vs-name"></span><span class="vs-busy" role="status"></span>'
        f'<button type="button" class="vs-replace">{text.REPLACE}</button>'
        f'<button type="button" class="vs-remove">{text.REMOVE}</button></figcaption></figure>'
        f'{addresses.field(by_address)}{rate_field()}'
        '<p class="vs-problem vs-zone-problem" role="alert" hidden></p></div>')


def rate_field() -> str:
    """Where a visitor says how fast the pictures of a zip follow one another; the page's script shows it for those."""
    least, most = RATES
    return (f'<label class="vs-rate" hidden>{text.PICTURES_RATE} '
            f'<input type="number" min="{least:g}" max="{most:g}" step="any" value="{FPS}"></label>')


def _script() -> str:
    words = {"uploading": text.UPLOADING, "fetching": text.FETCHING, "preparing": text.PREPARING,
             "not_uploaded": text.NOT_UPLOADED, "megabytes": MEGABYTES,
             "too_large": text.TOO_LARGE.format(megabytes=MEGABYTES), "fps": FPS,
             "rate_wrong": rate_wrong()}
    return script_of(words, "player", "timeline")


def rate_wrong() -> str:
    """What is said of a rate that is none."""
    return text.PICTURES_RATE_WRONG.format(least=RATES[0], most=RATES[1])


def box(elem_id: str, page: str, by_address: bool = False) -> gr.HTML:
    """A video box. Its value is None or {path, name, fps, ...}; connect `upload` to `prepare` and `clear` to what
    resets. page: where it is; its clip comes back with a reload, and `#PAGE-waits` says what waits for it.

    A value comes from the visitor's browser: take its path only through `given`. by_address: whether it takes the
    address of a video as well.
    """
    return gr.HTML(None, html_template=_template(page, by_address), js_on_load=_script(), apply_default_css=False,
                   elem_id=elem_id, server_functions=[addresses.fetch] if by_address else None)


def given(value: dict | None) -> tuple[str, str]:
    """The path and the shown name of the video in a box. Raises BadInput for none, or one not uploaded here."""
    if not isinstance(value, dict) or not value.get("path"):
        raise BadInput(text.NO_VIDEO)
    try:
        path = Path(str(value["path"])).resolve()
        known = path.is_relative_to(Path(get_upload_folder()).resolve()) and path.is_file()
    except (ValueError, OSError, RuntimeError):  # no path at all: a zero byte, too long, links in a circle
        known = False
    if not known:
        raise BadInput(text.UNKNOWN_FILE)
    return str(path), str(value.get("name") or path.name)


def rate(path: str, said) -> float | None:
    """Pictures a second of what lies at `path`, by what the browser says; None of a video. Raises BadInput."""
    return check_fps(FPS if said is None else said) if is_pictures(path) else None


def look(path: str | Path, sampling: Sampling, fps: float | None = None) -> Clip:
    """`vs2.video.read` for a page, in its turn."""
    with desk.place():
        return read(path, sampling, fps=fps)


def prepare(value: dict | None, player: gr.HTML) -> dict:
    """The box's value after an upload: with `player` (a copy that browsers play, where needed) or with `problem`.

    A clip that the judge can read stays, though without a copy where none can be made. The box may have been
    emptied by now: then it is left alone.
    """
    from vs2.video.playable import playable

    if value is None:
        return gr.skip()
    try:
        path, name = given(value)
        fps = rate(path, value.get("fps"))
        with desk.place():
            try:
                copy = str(playable(path, Path(path).parent, fps=fps))
            except (Problem, OSError):  # the time or the disk was short, say: only reading may refuse a clip
                read(path, Sampling(max_frames=4), fps=fps)
                copy = path
    except Problem as problem:
        return {"problem": worded(str(problem)), "turn": value.get("turn") if isinstance(value, dict) else None}
    value = {**value, "path": path, "name": name, "fps": fps, "checked": True}
    if copy == path:
        return value
    player.temp_files.add(copy)  # so that it is deleted when uploads are
    return {**value, "player": copy}


def example(path: str, player: gr.HTML) -> dict:
    """The box's value for a clip that comes with the project."""
    copy = save_file_to_cache(path, cache_dir=get_upload_folder())
    player.temp_files.add(copy)
    return {"path": copy, "name": Path(path).name, "player": copy, "checked": True}


def kept(path: Path, name: str, player: gr.HTML, fps: float | None = None) -> dict:
    """The box's value for a clip that the store keeps: copied to where uploads are, in a form that browsers play.

    fps: `Evaluation.given_fps`.
    """
    value = example(str(path), player) | {"name": name, "fps": fps}
    done = prepare(value, player)
    return value if done.get("problem") else done
