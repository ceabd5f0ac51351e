"""Best of N for scripts: one call, one record; and what its page and its endpoint ask for alike."""
import secrets
from collections.abc import Iterator

import gradio as gr

from vs2 import best_of, candidates
from vs2.best_of import Plan
from vs2.best_of.stopping import GAIN
from vs2.candidates import Rule
from vs2.errors import BadInput, Problem
from vs2.options import Options
from vs2.rubric import check_prompt
from vs2.ui import caps, given, sent
from vs2.ui.best_of.run import Contest, Line, Served, begin, follow, told
from vs2.ui.generate.choice import Choice, account
from vs2.ui.generate.studio import Studio, Work
from vs2.ui.host import Host
from vs2.ui.text import best_of as text
from vs2.ui.text import generate as making

LEAST, MOST = 2, 16
KEEP = 3            # candidates that are judged with reasoning after a fast first pass
REPLIES = 4         # sampled ones that break a tie
PAUSE = 0.4         # seconds between updates of the page: with sixteen players on it each costs a browser
MOST_CALLS = 2      # runs of scripts at a time


class Endpoint:
    """Of the Best of N page."""

    host: Host
    studio: Studio
    prompt: gr.Textbox
    count: gr.Slider
    seed: gr.Number
    seconds: gr.Number
    fast: gr.Checkbox
    early: gr.Checkbox
    think: gr.Checkbox
    budget: gr.Slider
    save: gr.DownloadButton

    def _endpoint(self) -> None:
        with gr.Row(visible=False):  # the same run for scripts: one call, one record
            generator = gr.Textbox("sketch", label="generator")
            token = gr.Textbox("", type="password", label="token")
            rule = gr.Textbox(candidates.MEAN, label="rule")
            most = caps.sent()
            record = gr.JSON(label="best_of")
            call = gr.Button()
        given.strict(prompt=self.prompt, count=self.count, generator=generator, token=token, seed=self.seed,
                     seconds=self.seconds, rule=rule, fast=self.fast, early=self.early, think=self.think,
                     budget=self.budget, **most)
        call.click(self.best_of, [self.prompt, self.count, generator, token, self.seed, self.seconds, rule, self.fast,
                                  self.early, self.think, self.budget, *most.values()], record, api_name="best_of",
                   api_description=text.API, concurrency_limit=MOST_CALLS)

    @staticmethod
    def plan(prompt: str, generator: str, count: int, seed: int, seconds: float | None, rule: Rule, fast: bool,
             early: bool, ties: bool, think: bool, budget: int, frames: int | None = None,
             pixels: int | None = None) -> Plan:
        """What is asked for. Raises BadInput."""
        count, seed = given.whole("count", count, 0), given.whole("seed", seed, 0)
        fast, early, ties = (given.truth(*one, False) for one in (("fast", fast), ("early", early), ("ties", ties)))
        if not LEAST <= count <= MOST:
            raise BadInput(text.RANGE.format(count=count, least=LEAST, most=MOST))
        if fast and not think:
            raise BadInput(text.FAST_THINKS)
        judging = Options(**given.judging(think, budget, 1, 0, frames, pixels))
        return Plan(prompt, count, generator, seed, given.number("seconds", seconds, 0) or None, rule=rule,
                    judging=judging, keep=KEEP if fast and count > KEEP else 0,
                    replies=REPLIES if ties else 0, gain=GAIN if early else None)

    def _take(self, contest: Contest, event) -> None:
        """One event of a run; a copy that is served is deleted when uploads are."""
        contest.take(event)
        if isinstance(event, Served):
            self.save.temp_files.add(event.path)
        if isinstance(event, best_of.Lost) and event.problem.__cause__ is not None:
            self.host.log(event.problem.__cause__)

    def _sentence(self, error: Exception) -> Problem | str:
        """What to say of it: a Problem says it itself; the log keeps the traceback of anything else."""
        if isinstance(error, Problem):
            return error
        self.host.log(error)
        return making.FAILED.format(kind=type(error).__name__)

    def best_of(self, prompt: str, count: int = 4, generator: str = "sketch", token: str = "", seed: int = 0,
                seconds: float = 0, rule: str = candidates.MEAN, fast: bool = False, early: bool = False,
                think: bool = True, budget: int = Options.budget, frames: int | None = None,
                pixels: int | None = None, request: gr.Request | None = None) -> Iterator[dict | None]:
        """The endpoint `/best_of`: the whole run as JSON, after it has ended. Nothing is stored.

        Parameters:
            prompt: what the videos should show.
            count: how many to generate, 2 to 16.
            generator: sketch, diffusers:ID or provider:NAME/OWNER/MODEL, as far as this server can run it.
            token: your own token, for a provider; it is used for this call alone.
            seed: of the first candidate; each further one has the next.
            seconds: length of each video, or 0 for the generator's own.
            rule: what ranks them: mean, worst, a dimension's key, or weights as in visual_quality=2,text_alignment=1.
            fast: whether to score all without reasoning first, and only the best three with it.
            early: whether to end before `count` when more candidates promise little.
            think: whether to reason before scoring; without, the scores come at once.
            budget: the most tokens of reasoning for each video.
            frames: at most so many frames of each, fewer than the checkpoint takes by itself; null for its own limit.
            pixels: at most so many pixels of each frame; null for the checkpoint's own limit.
        """
        work: Work | None = None
        who = request and request.session_hash or secrets.token_hex(8)
        try:
            own = (token or "").strip() or account(request)
            asked = self.plan(check_prompt(prompt or ""), Choice.checked(generator, own), count, seed, seconds,
                              candidates.parse_rule(rule), fast, early, True, think, budget, frames, pixels)
            with self.studio.place(who):
                while self.host.wait(PAUSE) is None:
                    yield None
                run, folder = begin(asked, Line(self.host, "", who), self.studio.load(asked.generator, own))
                contest, work = Contest(asked), Work(lambda stop: follow(run, folder), self.host.log)
                for event in work.events(1):
                    self._take(contest, event)
                    yield None  # nothing yet: here Gradio ends the call of a client that has gone
            if contest.outcome is not None:     # else nobody waits any more
                record = told(contest.outcome).to_dict()
                for number, one in enumerate(record["candidates"]):
                    one["file"] = one["file"] and sent.SERVED + contest.seat(number).player
                yield record
        except Exception as error:
            raise gr.Error(str(self._sentence(error)), print_exception=False) from error
        finally:
            if work:
                work.stop()
