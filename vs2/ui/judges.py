"""Which judge a visitor may choose: the app's own, others of the machine, and one that answers at once."""
from collections.abc import Iterator

import gradio as gr

from vs2.errors import Problem
from vs2.loading import FETCHING, PREPARING
from vs2.ui import judgement, parts, text, whose
from vs2.ui.host import Host

LOOK = 0.5          # seconds between two looks at how far it is


def box(host: Host, elem_id: str, open: bool = False) -> gr.Dropdown | gr.Radio:
    """The choice, whose value is one of `Host.names` or "" for the app's own; hidden where there is none.

    open: both are offered side by side where one answers at once and one in minutes.
    """
    label = dict(label=text.JUDGE, elem_id=elem_id, value="")
    if host.meanwhile is None:
        return gr.Dropdown([(text.JUDGE_DEFAULT, ""), *((name, name) for name in host.names)], info=text.JUDGE_HINT,
                           visible=bool(host.names), **label)
    own = text.IN_MINUTES.format(name=whose.shown(host.own_name))
    choices = [(own, ""), *((text.AT_ONCE.format(name=name) if name == host.meanwhile else name, name)
                            for name in host.names)]
    return (gr.Radio if open else gr.Dropdown)(choices, info=text.TWO_HINT, **label)


def loading(host: Host) -> str:
    """How far the app's own judge is, and who answers until it is there."""
    detail: tuple[str, ...] = ()
    stage, own = host.stage, whose.shown(host.own_name)
    if stage is None or not own:
        said = text.LOADING
    else:
        form = {FETCHING: text.FETCHING_JUDGE, PREPARING: text.PREPARING_JUDGE}[stage.name]
        said = form.format(name=own)
        if stage.of:
            detail = (text.GIGABYTES.format(done=f"{stage.done / 1e9:.1f}", of=f"{stage.of / 1e9:.1f}"),
                      text.PERCENT.format(percent=100 * stage.done // stage.of))
    line = parts.status(said, detail, "busy")
    if host.meanwhile and (other := host.stands_in):
        return line + f'<p class="vs-meanwhile">{text.MEANWHILE.format(name=host.meanwhile)}</p>' \
            + whose.line(other.name, other.precision)
    return line


def shown(host: Host) -> Iterator[str]:
    """Which judge the app's own is, again and again while it is loaded: no page waits for it."""
    while not host.loaded:
        yield loading(host)
        try:
            host.wait(LOOK)
        except Problem:
            break       # said below
    yield _loaded(host)


def _loaded(host: Host) -> str:
    try:
        judge = host.wait(0)
    except Problem as problem:
        other = judgement.judges.get(host.meanwhile) if host.meanwhile else None
        return parts.problem(str(problem)) + (whose.line(other.name, other.precision) if other else "")
    return whose.line(judge.name, judge.precision) if judge else loading(host)
