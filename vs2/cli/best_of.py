"""`vs2 best-of`: makes several clips for one prompt, judges each as it is made, and names the best one and why."""
import contextlib
import hashlib
import json
import os
import re
import signal
import sys
import threading

from vs2 import candidates
from vs2.cli import judging, report
from vs2.errors import BadInput, Failure
from vs2.texts import argument

COLUMNS = ("visual", "alignment", "physical", "overall")
TOKEN = "HF_TOKEN"
GAIN = 0.1          # of vs2.best_of.stopping, whose import would load numpy for every `vs2 --help`


def add(commands) -> None:
    """Declares the command."""
    best = commands.add_parser(
        "best-of", conflict_handler="resolve", help="make several videos for one prompt and keep the best",
        description="Makes N clips for one prompt, judges each while the next is made, and says which is best and why. "
        "The same command goes on where it was stopped or killed; a candidate that fails does not stop the others.")
    best.add_argument("count", type=int, metavar="N", help="how many to make")
    best.add_argument("--prompt", required=True, metavar="TEXT", help="what the video should show")
    best.add_argument("--generator", default="sketch", metavar="NAME",
                      help="sketch (built in), diffusers:ID, or provider:NAME/OWNER/MODEL with your token in the "
                      f"environment variable {TOKEN} (default: sketch)")
    best.add_argument("--out", metavar="DIR", help="the folder of the clips, their scores (best-of.json) and the table "
                      "(best-of.csv); default: one here, named after what is asked for")
    best.add_argument("--faults", type=float, metavar="P", help="of the sketch: how likely it errs in each point that "
                      "can be lost, 0 to 1 (default: 0.3)")
    best.add_argument("--seconds", type=float, metavar="S", help="length of a clip (default: the generator's)")
    best.add_argument("--size", metavar="WxH", help="size of a clip in pixels (default: the generator's)")
    judging.add_options(best)
    best.add_argument("--seed", type=int, default=0, metavar="S",
                      help="of the first candidate; the others count on from it (default: 0)")
    best.add_argument("--rule", default=candidates.MEAN, metavar="RULE",
                      help=f"what ranks them: {', '.join(candidates.RULES)}, or weights as in visual_quality=2,"
                           "text_alignment=1 (default: mean)")
    best.add_argument("--fast", type=int, default=0, metavar="K", help="judge all without a rationale first, then only "
                      "the best K with one")
    best.add_argument("--batch", type=int, default=1, metavar="B", help="judge up to B clips at once where there is no "
                      "rationale: the same scores, sooner on a GPU (default: 1)")
    best.add_argument("--adaptive", type=float, nargs="?", const=GAIN, metavar="POINTS",
                      help=f"stop early once more candidates are expected to gain less than this (default: {GAIN})")
    best.add_argument("--tie-samples", type=int, default=4, metavar="K", help="sampled replies of a second judgement "
                      "that breaks a tie; 0 leaves it (default: 4)")
    best.add_argument("--json", action="store_true", help="write one JSON object, and nothing else, to stdout; "
                      "indices in it count from 0")
    report.add_report(best)
    best.set_defaults(run=run)


def run(arguments) -> None:
    """`vs2 best-of`. Raises Failure where not one candidate was judged, KeyboardInterrupt where it was interrupted."""
    from vs2 import best_of, generate
    from vs2.cli.terminal import Status
    from vs2.generate.protocol import Request
    from vs2.options import Options
    from vs2.settings import Settings

    plan = best_of.Plan(
        argument(arguments.prompt), arguments.count, arguments.generator, arguments.seed, arguments.seconds,
        _size(arguments.size), _faults(arguments), rule=candidates.parse_rule(arguments.rule), keep=arguments.fast,
        replies=arguments.tie_samples, gain=arguments.adaptive,
        judging=Options(**judging.options(arguments) | {"seed": Options.seed}))
    if not 1 <= arguments.batch <= best_of.MOST:
        raise BadInput(f"--batch is {arguments.batch}: it must be a whole number from 1 to {best_of.MOST}.")
    report.check_kind(arguments.report)
    generator = generate.load(plan.generator, **token_of(plan.generator), **plan.options)
    folder = arguments.out or _folder(plan)
    Request.checked(generator.limits, plan.prompt, plan.seed, plan.seconds, plan.size, folder)
    settings = Settings.read()
    name = settings.model if arguments.model == "auto" else arguments.model
    judging.check_judge(name)
    status = Status()
    status.show("Loading the judge")
    with contextlib.redirect_stdout(sys.stderr):    # what libraries say is no part of the output
        judge = judging.load(name, arguments.precision, settings)
        judging.warn(judge, [plan.prompt], status)
        one = best_of.Run(plan, judge, folder, generator, batch=arguments.batch)
        shown = Shown(status, plan)
        try:
            with interruptible(one) as interrupted:
                for event in one.events():
                    shown.event(event)
        finally:
            status.clear()
    outcome = one.outcome()
    if outcome.entries:
        outcome.write_table(one.folder / "best-of.csv")
    if arguments.json:
        print(json.dumps(outcome.to_dict(), allow_nan=False))
    else:
        print(ending(outcome, judge, one.folder))
    if arguments.report is not None and outcome.decision.ranking:
        from vs2.report import make

        report.write(make.outcome(outcome), arguments.report)
    if interrupted():
        shown.say(f"Stopped: {folder} keeps what is finished; the same command goes on.")
        raise KeyboardInterrupt
    if not outcome.decision.ranking:
        first = next((entry.error for entry in outcome.entries if entry.error), "")
        raise Failure(f"None of the {len(outcome.entries)} candidates could be judged; the first: {first}")


def _size(text: str | None) -> tuple[int, int] | None:
    """Width and height, as in 384x288."""
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,5})[xX\u00d7]([0-9]{1,5})", text.strip())
    if not found:
        raise BadInput(f"--size is {text!r}: write width and height in pixels, as in 384x288.")
    return int(found[1]), int(found[2])


def _faults(arguments) -> dict:
    """The sketch's option, where it is given. Raises BadInput for another generator."""
    if arguments.faults is None:
        return {}
    if arguments.generator != "sketch":
        raise BadInput("--faults is for the sketch: leave it out, or leave --generator out.")
    return {"faults": arguments.faults}


def token_of(generator: str) -> dict:
    """What a provider needs beside its name: the user's token, for this run alone."""
    if not generator.startswith("provider:"):
        return {}
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise BadInput(f"A provider needs your token: put it into the environment variable {TOKEN}.")
    return {"token": token}


def _folder(plan) -> str:
    """The same for the same clips, so that the same command goes on."""
    more = [plan.options] if plan.options else []
    asked = json.dumps([plan.prompt, plan.generator, plan.seconds, plan.size, *more])
    return f"best-of-{hashlib.sha256(asked.encode()).hexdigest()[:8]}"


@contextlib.contextmanager
def interruptible(one):
    """The first interrupt stops the run, which then ends with what is finished; a second one ends it at once.

    Gives a function that says whether there was one.
    """
    came = []
    before = signal.getsignal(signal.SIGINT)

    def stop(*_) -> None:
        came.append(True)
        signal.signal(signal.SIGINT, before)
        one.stop()

    main = threading.current_thread() is threading.main_thread()    # no other may listen to signals
    if main:
        signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: bool(came)
    finally:
        if main:
            signal.signal(signal.SIGINT, before)


class Shown:
    """What stderr says while it runs: a line for each candidate, and what is going on."""

    def __init__(self, status, plan):
        self.status, self.plan = status, plan
        self._announced = False
        self._doing = {"make": "", "judge": "", "left": ""}

    def event(self, event) -> None:
        """One event has come."""
        from vs2 import best_of

        if isinstance(event, best_of.Estimated):
            if not self._announced:
                self._announced = True
                self.say(event.estimate.sentence)
            seconds = event.estimate.seconds
            self._show(left="" if seconds is None else f"about {best_of.duration(seconds)} left")
        elif isinstance(event, best_of.Making):
            self._show(make=f"{event.number + 1} of {self.plan.count}: {event.stage}")
        elif isinstance(event, best_of.Noticed):
            if event.number == 0:       # it says the same of every seed
                self.say(f"Note: {event.text}")
        elif isinstance(event, best_of.Made):
            self._show(make="")
        elif isinstance(event, best_of.Judging):
            self._show(judge=f"judging {event.number + 1}")
        elif isinstance(event, best_of.Judged):
            self._show(judge="")
            self.say(line(event))
        elif isinstance(event, best_of.Lost):
            self._show(judge="")
            self.say(f"Candidate {event.number + 1}, seed {self.plan.seed + event.number}: failed. {event.problem}")

    def say(self, text: str) -> None:
        """A line that stays."""
        self.status.clear()
        print(flat(text), file=sys.stderr, flush=True)

    def _show(self, **doing) -> None:
        self._doing |= doing
        self.status.show("; ".join(text for text in self._doing.values() if text), fleeting=True)


def line(event) -> str:
    """One judgement."""
    from vs2.cli.terminal import cells

    kind = {"fast": ", without rationale", "full": "", "again": ", again for the tie"}[event.stage]
    kept = ", of an earlier run" if event.kept else ""
    scores = ", ".join(f"{name} {cell}" for name, cell in zip(COLUMNS, cells(event.evaluation), strict=True))
    return f"Candidate {event.entry.number + 1}, seed {event.entry.seed}{kind}{kept}: {scores}"


def ending(outcome, judge, folder) -> str:
    """The table, best first, the winner and why, and what was not judged."""
    from vs2.cli.terminal import cells, not_judged

    keys = outcome.keys
    last = f"mean of {len(keys)}" if candidates.dropped(candidates.MEAN, keys) else COLUMNS[-1]
    heads = "  ".join(f"{name:>10}" for name in (*COLUMNS[:-1], last))
    lines = [f"{'place':>5}  {'candidate':>9}  {'seed':>10}  {heads}  file"]
    for n in outcome.decision.ranking:
        place = outcome.decision.place.get(n, "–")
        entry = outcome.entries[n]
        shown = "  ".join(f"{cell:>10}" for cell in cells(entry.evaluation, keys))
        lines.append(f"{place:>5}  {n + 1:>9}  {entry.seed:>10}  {shown}  {flat(entry.path.name)}")
    lines = lines if len(lines) > 1 else []
    for entry in outcome.entries:
        if entry.error:
            lines.append(f"candidate {entry.number + 1}, seed {entry.seed}: failed. {flat(entry.error)}")
    lines += ["", flat(outcome.decision.reason)]
    if outcome.note:
        lines.append(flat(outcome.note))
    if outcome.winner is not None:
        if outcome.uplift is not None:
            lines.append(f"The judge puts it {outcome.uplift:+.2f} points from the mean of all.")
        lines += [f"Winner: {flat(str(outcome.winner.path))}", f"Table: {flat(str(folder / 'best-of.csv'))}"]
    lines += not_judged(entry.evaluation for entry in outcome.entries if entry.evaluation)
    if judge.card.knows:
        lines.append(f"{flat(judge.name)}: {flat(judge.card.knows)}")
    return "\n".join(lines)


def flat(text: str) -> str:
    """Text of others on one line, without what drives a terminal."""
    from vs2.cli.terminal import plain

    return " ".join(plain(text).split())
