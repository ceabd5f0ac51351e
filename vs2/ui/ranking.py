"""What candidates are ranked by: a choice of rules, and the weights of one of them. Of Compare and Best of N."""
import gradio as gr

from vs2 import candidates
from vs2.candidates import Rule
from vs2.errors import BadInput
from vs2.rubric import KEYS
from vs2.ui import text

WEIGHTS = "weights"     # the choice that the weights belong to; the others are rules by their names


class Ranking:
    """The components. name: begins their ids. `inputs`: what `chosen` takes, in its order."""

    def __init__(self, name: str, label: str, hint: str):
        rules = [*((label, rule) for rule, label in text.RULES.items()), *((text.LABELS[k], k) for k in KEYS)]
        self.rule = gr.Dropdown(rules, value=candidates.MEAN, label=label, info=hint, filterable=False,
                                elem_id=f"{name}-rule")
        with gr.Row(visible=False, elem_classes="vs-weights") as self.row:
            self.weights = [gr.Number(1, label=text.WEIGHT.format(dimension=text.SHORT[key].lower()), minimum=0,
                                      min_width=90, elem_id=f"{name}-weight-{key}") for key in KEYS]
        self.inputs = [self.rule, *self.weights]
        self.rule.change(lambda rule: gr.update(visible=rule == WEIGHTS), self.rule, self.row,
                         api_visibility="private", show_progress="hidden", concurrency_limit=None)

    def changed(self) -> list:
        """The events after which the ranking may be another."""
        return [self.rule.change, *(weight.change for weight in self.weights)]


def chosen(rule: str, *weights: float | None) -> Rule:
    """The rule that the components name. Raises BadInput for none."""
    if rule != WEIGHTS:
        return candidates.check_rule(str(rule))
    if not any(weights):
        raise BadInput(text.WEIGHTS_NONE)
    return candidates.check_rule({key: float(weight or 0) for key, weight in zip(KEYS, weights, strict=True)})
