"""The comparison for scripts: one call, one record."""
from collections.abc import Iterator

import gradio as gr

from vs2 import candidates
from vs2.errors import Problem
from vs2.options import Options
from vs2.ui import caps, given, sent
from vs2.ui import text as shared
from vs2.ui.compare.run import comparison, paired
from vs2.ui.host import Host
from vs2.ui.text import compare as text

MOST_CALLS = 4           # calls from scripts that run or stand in the judge's line


class Endpoint:
    """Of the Compare page."""

    host: Host
    prompt: gr.Textbox
    think: gr.Checkbox
    budget: gr.Slider
    samples: gr.Slider
    seed: gr.Number

    def _endpoint(self, options: list) -> None:
        with gr.Row(visible=False):  # the same comparison for scripts: one call, one record
            files = sent.files("videos", "multiple")
            prompts = sent.values("prompts", {"type": "array", "items": {"type": "string"}})
            rule = gr.Textbox(candidates.MEAN, label="rule")
            fps = gr.Number(None, label="fps", step=0.001)    # any number: see `given.strict`
            most = caps.sent()
            record = gr.JSON(label="comparison")
            call = gr.Button()
        given.strict(prompt=self.prompt, think=self.think, budget=self.budget, samples=self.samples, seed=self.seed,
                     rule=rule, fps=fps, **most)
        call.click(self.compare, [files, self.prompt, prompts, *options, rule, fps, *most.values()], record,
                   api_name="compare", api_description=text.API, concurrency_limit=MOST_CALLS)

    def _sentence(self, error: Exception) -> str:
        """What to say of it: a Problem says it itself; the log keeps the traceback of anything else."""
        if isinstance(error, Problem):
            return str(error)
        self.host.log(error)
        return shared.UNEXPECTED.format(kind=type(error).__name__)

    def compare(self, videos: list[str], prompt: str, prompts: list | None = None, think: bool = True,
                budget: int = Options.budget, samples: int = 1, seed: int = 0,
                rule: str = candidates.MEAN, fps: float | None = None, frames: int | None = None,
                pixels: int | None = None) -> Iterator[dict | None]:
        """The endpoint `/compare`: the whole comparison as JSON, after it has ended. Nothing is stored.

        Parameters:
            videos: the 2 to 6 files to judge.
            prompt: the text that all of them were generated from.
            prompts: one text for each video in place of `prompt`, or null.
            think: whether to reason before scoring; without, the scores come at once.
            budget: the most tokens of reasoning for each video.
            samples: how many rationales to draw for each video; with several, confidence is given.
            seed: of the sampling; one rationale is always the same.
            rule: what ranks them: mean, worst, a dimension's key, or weights as in visual_quality=2,text_alignment=1.
            fps: pictures a second of those of the files that are zips of numbered pictures; null where none is.
            frames: at most so many frames of each, fewer than the checkpoint takes by itself; null for its own limit.
            pixels: at most so many pixels of each frame; null for the checkpoint's own limit.
        """
        try:
            yield from comparison(self.host, paired(videos, prompt, prompts), candidates.parse_rule(rule),
                                  fps, **given.judging(think, budget, samples, seed, frames, pixels))
        except Exception as error:
            raise gr.Error(self._sentence(error), print_exception=False) from error
