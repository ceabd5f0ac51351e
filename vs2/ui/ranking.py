"""What candidates are ranked by: a choice of rules, and the weights of one of them. Of Compare and Best of N."""
import gradio as gr

from vs2 import candidates
from vs2.candidates import Rule
from vs2.errors import BadInput
from vs2.rubric import KEYS
from vs2.ui import parts, text
from vs2.ui.fields import asked
from vs2.ui.wiring import QUIET

WEIGHTS = "weights"     # the choice that the weights belong to; the others are rules by their names


class Ranking:
    """The components. name: begins their ids. `inputs`: what `chosen` takes, in its order."""

    def __init__(self, name: str, label: str, hint: str):
        rules = [*((label, rule) for rule, label in text.RULES.items()), *((text.LABELS[k], k) for k in KEYS)]
        self.rule = gr.Dropdown(rules, value=candidates.MEAN, label=label, info=hint, filterable=False,
                                elem_id=f"{name}-rule")
        with gr.Row(visible=False, elem_classes="vs-weights") as self.row:
            # No least value: Gradio would answer it with an error of its own, in a corner of the page.
            self.weights = [gr.Number(1, label=text.WEIGHT.format(dimension=text.SHORT[key].lower()), min_width=90,
                                      elem_id=f"{name}-weight-{key}") for key in KEYS]
        self.wrong = gr.HTML("", elem_id=f"{name}-rule-wrong", apply_default_css=False)
        self.inputs = [self.rule, *self.weights]
        self.rule.change(lambda rule: gr.update(visible=rule == WEIGHTS), self.rule, self.row,
                         **QUIET)
        gr.on(self.changed(), wrong, self.inputs, self.wrong, trigger_mode="always_last", **QUIET)

    def changed(self) -> list:
        """The events after which the ranking may be another."""
        return [self.rule.change, *(weight.change for weight in self.weights)]


def chosen(rule: object, *weights: object) -> Rule:
    """The rule that the components name. Raises WrongField for weights that are none, BadInput for no such rule."""
    if rule != WEIGHTS:
        return candidates.check_rule(rule)
    with asked(".vs-weights input"):    # the one that is in view
        return candidates.check_rule(dict(zip(KEYS, weights, strict=True)))


def fields(rule: Rule) -> tuple:
    """What the components hold for a rule: the reverse of `chosen`."""
    if isinstance(rule, str):
        return rule, *(gr.skip() for _ in KEYS)
    return WEIGHTS, *(rule.get(key, 0) for key in KEYS)


def wrong(rule: object, *weights: object) -> str:
    """What is wrong with the rule, to stand at its fields; "" for nothing."""
    try:
        chosen(rule, *weights)
    except BadInput as problem:
        return parts.problem(problem)
    return ""
