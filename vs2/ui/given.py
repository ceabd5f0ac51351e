"""The types of what a client sends: a value of another type is refused in a sentence, never taken for one that fits.

Gradio makes texts of numbers and lets "false" through as true. Whoever drives the pages by hand never meets this.
"""
import math
from collections.abc import Callable
from typing import Any, TypedDict, TypeGuard

import gradio as gr

from vs2.errors import BadInput
from vs2.options import Options
from vs2.ui.said import worded


def strict(**components: gr.components.Component) -> None:
    """Has each component refuse what is not of its type, under the name that the endpoint has for it."""
    for name, component in components.items():
        # There is no option for it.
        component.preprocess = _checking(  # type: ignore[assignment,method-assign]
            name, component, component.preprocess)


def _checking(name: str, component: gr.components.Component, preprocess: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(payload):
        if payload is None and not isinstance(component, gr.Slider):    # which always stands somewhere
            return preprocess(payload)
        try:
            if isinstance(component, gr.Checkbox):
                truth(name, payload)
            elif isinstance(component, gr.Number | gr.Slider):
                parts = component.precision == 0 or isinstance(getattr(component, "step", None), int)
                (whole if parts else number)(name, payload)
            elif isinstance(component, gr.Textbox):
                words(name, payload)
        except BadInput as problem:
            raise gr.Error(worded(str(problem)), print_exception=False) from problem
        return preprocess(payload)

    return checked


def truth(name: str, value: object, default: bool | None = None) -> bool:
    """`value`, or the default, if there is one, for None. Raises BadInput, as the others here."""
    return _typed(name, value, default, lambda: isinstance(value, bool), "true or false")


def number(name: str, value: object, default: float | None = None) -> float:
    """A finite number."""
    return _typed(name, value, default, lambda: _is_number(value), "a number")


def whole(name: str, value: object, default: int | None = None) -> int:
    """A whole number; one that is written with a point is one, too."""
    return int(_typed(name, value, default, lambda: _is_number(value) and value == int(value), "a whole number"))


def words(name: str, value: object, default: str | None = None) -> str:
    """A text."""
    return _typed(name, value, default, lambda: isinstance(value, str), "text")


class Judging(TypedDict):
    """The options of a judgement that a page has, of `vs2.options.Options`."""

    think: bool
    budget: int
    samples: int
    seed: int
    frames: int | None
    pixels: int | None


def judging(think: object, budget: object, samples: object, seed: object, frames: object = None,
            pixels: object = None) -> Judging:
    """The options of a judgement, for `vs2.options.Options`, which they are checked by."""
    found: Judging = {"think": truth("think", think), "budget": whole("budget", budget),
                      "samples": whole("samples", samples), "seed": whole("seed", seed, 0),
                      "frames": None if frames is None else whole("frames", frames),
                      "pixels": None if pixels is None else whole("pixels", pixels)}
    Options(**found)
    return found


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _typed(name: str, value: Any, default: Any, fits: Callable[[], bool], kind: str) -> Any:
    """`value` where it fits: no type says what `fits` has found out."""
    if value is None and default is not None:
        return default
    if not fits():
        raise BadInput(f"{name} is {value!r:.60}: it must be {kind}.")
    return value
