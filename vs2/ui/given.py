"""The types of what a client sends: a value of another type is refused in a sentence, never taken for one that fits.

Gradio makes texts of numbers and lets "false" through as true. Whoever drives the pages by hand never meets this.
"""
import math

import gradio as gr

from vs2.errors import BadInput
from vs2.options import Options


def strict(**components: gr.components.Component) -> None:
    """Has each component refuse what is not of its type, under the name that the endpoint has for it."""
    for name, component in components.items():
        component.preprocess = _checking(name, component, component.preprocess)


def _checking(name: str, component, preprocess):
    def checked(payload):
        try:
            if isinstance(component, gr.Checkbox):
                truth(name, payload, None)
            elif isinstance(component, gr.Number | gr.Slider):
                parts = component.precision == 0 or isinstance(getattr(component, "step", None), int)
                default = ... if isinstance(component, gr.Slider) else None     # a slider always stands somewhere
                (whole if parts else number)(name, payload, default)
            elif isinstance(component, gr.Textbox):
                words(name, payload, None)
        except BadInput as problem:
            raise gr.Error(str(problem), print_exception=False) from problem
        return preprocess(payload)

    return checked


def truth(name: str, value, default=...) -> bool:
    """`value`, or the default for None. Raises BadInput, as the others here."""
    return _typed(name, value, default, lambda: isinstance(value, bool), "true or false")


def number(name: str, value, default=...) -> float:
    """A finite number."""
    return _typed(name, value, default, lambda: _is_number(value), "a number")


def whole(name: str, value, default=...) -> int:
    """A whole number; one that is written with a point is one, too."""
    found = _typed(name, value, default, lambda: _is_number(value) and value == int(value), "a whole number")
    return found if found is None else int(found)


def words(name: str, value, default=...) -> str:
    """A text."""
    return _typed(name, value, default, lambda: isinstance(value, str), "text")


def judging(think, budget, samples, seed) -> dict:
    """The options of a judgement, for `vs2.options.Options`, which they are checked by."""
    found = {"think": truth("think", think), "budget": whole("budget", budget), "samples": whole("samples", samples),
             "seed": whole("seed", seed, 0)}
    Options(**found)
    return found


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _typed(name: str, value, default, fits, kind: str):
    if value is None and default is not ...:
        return default
    if not fits():
        raise BadInput(f"{name} is {value!r:.60}: it must be {kind}.")
    return value
