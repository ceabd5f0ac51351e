"""The judgement for scripts: one call, one record."""
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr

from vs2.errors import Problem
from vs2.evaluation import Evaluation
from vs2.ui import caps, given, sent, text
from vs2.ui.host import Host, Run
from vs2.ui.judgement import Request

TICK = 0.25     # seconds between looks at a judgement of which only the clock moves
MOST_CALLS = 8  # calls from scripts that run or stand in the judge's line; others wait in the server's queue


class Endpoint:
    """Of the Evaluate page."""

    host: Host
    prompt: gr.Textbox
    think: gr.Checkbox
    budget: gr.Slider
    samples: gr.Slider
    seed: gr.Number

    def _endpoint(self) -> None:
        with gr.Row(visible=False):  # the same judgement for scripts: one call, one record
            file = sent.files("video")
            fps = gr.Number(None, label="fps", step=0.001)    # any number: see `given.strict`
            most = caps.sent()
            record = gr.JSON(label="evaluation")
            call = gr.Button()
        given.strict(prompt=self.prompt, think=self.think, budget=self.budget, samples=self.samples, seed=self.seed,
                     fps=fps, **most)
        call.click(self.evaluate, [file, self.prompt, self.think, self.budget, self.samples, self.seed, fps,
                                   *most.values()], record, api_name="evaluate", api_description=text.API_EVALUATE,
                   concurrency_limit=MOST_CALLS)

    def _sentence(self, error: Exception) -> Problem | str:
        """What to say of it: a Problem says it itself; the log keeps the traceback of anything else."""
        if isinstance(error, Problem):
            return error
        self.host.log(error)
        return text.UNEXPECTED.format(kind=type(error).__name__)

    def evaluate(self, video: str, prompt: str, think: bool, budget: int, samples: int,
                 seed: int, fps: float | None = None, frames: int | None = None,
                 pixels: int | None = None) -> Iterator[dict | None]:
        """The endpoint `/evaluate`: the whole evaluation as JSON, after it has ended. It is not stored.

        Parameters:
            video: the file to judge.
            prompt: the text that the video was generated from.
            think: whether to reason before scoring; without, the scores come at once.
            budget: the most tokens of reasoning.
            samples: how many rationales to draw; with several, confidence is given.
            seed: of the sampling; one rationale is always the same.
            fps: pictures a second, where the file is a zip of numbered pictures; null for a video.
            frames: at most so many frames, fewer than the checkpoint takes by itself; null for its own limit.
            pixels: at most so many pixels of each frame; null for the checkpoint's own limit.
        """
        if not video:
            raise gr.Error(text.NO_VIDEO, print_exception=False)
        run, told = None, time.monotonic()
        try:
            run = Run(Request(video, prompt or "", **given.judging(think, budget, samples, seed, frames, pixels),
                              fps=fps), self.host)
            for event in run.events(TICK):
                if isinstance(event, Evaluation):
                    yield replace(event, video=Path(video).name).to_dict()
                elif time.monotonic() - told >= 1:  # nothing yet: here Gradio ends the call of a client that has gone
                    told = time.monotonic()
                    yield None
        except Exception as error:
            raise gr.Error(str(self._sentence(error)), print_exception=False) from error
        finally:
            if run:
                run.stop()
