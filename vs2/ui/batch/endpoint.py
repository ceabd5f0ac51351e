"""The table for scripts: one call, one list of records."""
import time
from collections.abc import Iterator
from pathlib import Path

import gradio as gr

from vs2.errors import Problem
from vs2.ui import caps, given, sent
from vs2.ui import text as shared
from vs2.ui.batch.job import Job
from vs2.ui.host import Host
from vs2.ui.judgement import Request
from vs2.ui.text import batch as text

MOST_CALLS = 4      # calls from scripts that run or stand in the judge's line


class Endpoint:
    """Of the Batch page."""

    host: Host
    think: gr.Checkbox
    budget: gr.Slider
    samples: gr.Slider
    seed: gr.Number

    def _endpoint(self, options: list) -> None:
        with gr.Row(visible=False):  # the same for scripts: one call, one list of records
            files = sent.files("files", "multiple")
            most = caps.sent()
            records = gr.JSON(label="rows")
            call = gr.Button()
        given.strict(think=self.think, budget=self.budget, samples=self.samples, seed=self.seed, **most)
        call.click(self.batch, [files, *options, *most.values()], records, api_name="batch", api_description=text.API,
                   concurrency_limit=MOST_CALLS)

    def _sentence(self, error: Exception) -> str:
        """What to say of it: a Problem says it itself; the log keeps the traceback of anything else."""
        if isinstance(error, Problem):
            return str(error)
        self.host.log(error)
        return shared.UNEXPECTED.format(kind=type(error).__name__)

    def batch(self, files: list[str], think: bool, budget: int, samples: int,
             seed: int, frames: int | None = None, pixels: int | None = None) -> Iterator[list | None]:
        """The endpoint `/batch`: one record a row, in the table's order, after all are judged. Nothing is stored.

        Parameters:
            files: one zip with a table and its clips; or a table (of video and prompt) and its clips.
            think: whether to reason before scoring; without, the scores come at once.
            budget: the most tokens of reasoning for each video.
            samples: how many rationales to draw for each video; with several, confidence is given.
            seed: of the sampling; one rationale is always the same.
            frames: at most so many frames of each, fewer than the checkpoint takes by itself; null for its own limit.
            pixels: at most so many pixels of each frame; null for the checkpoint's own limit.
        """
        job, told = None, time.monotonic()
        try:
            judging = given.judging(think, budget, samples, seed, frames, pixels)
            job = Job([(path, Path(path).name) for path in files or []])
            for _ in job.judge(self.host, Request("", "", **judging)):
                if time.monotonic() - told >= 1:    # here Gradio ends the call of a client that has gone
                    told = time.monotonic()
                    yield None
            yield job.records()
        except Exception as error:
            raise gr.Error(self._sentence(error), print_exception=False) from error
        finally:
            if job is not None:
                job.close()
