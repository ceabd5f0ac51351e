"""What the subcommands that judge share: their options, what is checked before a judge is loaded, following one."""
import argparse
import contextlib
import sys
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from vs2.errors import Failure
from vs2.evaluation import Evaluation
from vs2.rubric import check_prompt

if TYPE_CHECKING:
    from vs2 import events
    from vs2.cli.terminal import Status
    from vs2.judging import Judging
    from vs2.settings import Settings

PUBLISHED = ("draw one reply as the authors' script does, by chance, and add the soft scores that it reads, to repeat "
             "published figures (the script runs at --precision fp32)")


def add_fps(command) -> None:
    """Adds the option of every command that reads files which may be pictures."""
    command.add_argument("--fps", type=float, metavar="F", help="pictures a second, for a folder or a zip of numbered "
                         "pictures (frame_0001.png and so on); a video says its own")


def add_options(command) -> None:
    """Adds the options of every command that judges."""
    command.add_argument("--model", default="auto", metavar="NAME",
                         help="mini, a Hub id, a checkpoint's folder, or openai:URL#NAME for a judge on a server "
                         "(default: VS2_MODEL, else by the device)")
    command.add_argument("--precision", default="auto", choices=("auto", "bf16", "int4", "4bit", "fp32"),
                         help="int4: weights in 4 bits on the CPU; 4bit: on a GPU (default: VS2_PRECISION, else what "
                         "fits)")
    command.add_argument("--think", default=True, action=argparse.BooleanOptionalAction,
                         help="think before scoring, or score at once and say how sure it is")
    command.add_argument("--budget", type=int, default=1024, metavar="TOKENS",
                         help="most thinking tokens (default: 1024)")
    command.add_argument("--samples", type=int, default=1, metavar="K",
                         help="replies to draw and mix, which tells how sure it is (default: 1, without chance)")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="the chance that replies are drawn by "
                         "(default: 0)")
    command.add_argument("--frames", type=int, metavar="N", help="at most N frames of a clip: quicker, and not what "
                         "the checkpoint was measured with (default: its own limit)")
    command.add_argument("--pixels", type=int, metavar="N", help="at most N pixels of a frame, such as 200704 for "
                         "448 x 448; the same holds (default: the checkpoint's own limit)")


def options(arguments) -> dict[str, Any]:
    """What they say, for `vs2.options.Options`; a cap only where one was given, so that runs from before there were
    caps go on. Raises BadInput for what is out of range."""
    from vs2.options import Options

    found = {"think": arguments.think, "budget": arguments.budget, "samples": arguments.samples,
             "seed": arguments.seed, **caps(arguments)}
    Options(**found)
    return found


def caps(arguments) -> dict[str, Any]:
    """Those of frames and pixels that were given."""
    return {name: value for name in ("frames", "pixels") if (value := getattr(arguments, name)) is not None}


def check_before_loading(path: str, prompt: str, model: str, fps: float | None = None) -> None:
    """Raises BadInput for what can be known without the model libraries, which take seconds to import."""
    from vs2.video import Limits, check_file

    check_file(path, Limits(), fps)
    check_prompt(prompt)
    check_judge(model)


def check_judge(name: str) -> None:
    """Raises BadInput for a judge that is neither on this disk nor may be on the Hub or a server."""
    from vs2.model import checkpoint, hub
    from vs2.remote.address import is_remote, parse

    if is_remote(name):
        parse(name)
    elif name != "auto" and not hub.is_id(name):
        checkpoint.locate(name)


def load(name: str, precision: str, settings: "Settings") -> "Judging":
    """The judge. The process that reads its videos starts meanwhile, on another core."""
    reader = threading.Thread(target=_warm, name="reader", daemon=True)
    reader.start()
    try:
        from vs2.judge import load

        return load(name, precision, settings)
    finally:
        reader.join()       # who reads before it is there starts another


def _warm() -> None:
    from vs2.video import pool

    with contextlib.suppress(Failure):      # which comes again where a video is to be read
        pool.warm()


def warn(judge: "Judging", prompts: Iterable[str], status: "Status") -> None:
    """Says, before anything is judged, which prompts are longer than those that the judge was measured with."""
    from vs2.cli.terminal import plain

    if not getattr(judge.card, "longest_prompt", None):     # nobody measured it
        return
    for sentence in dict.fromkeys(filter(None, map(judge.too_long, dict.fromkeys(prompts)))):
        status.clear()
        print(f"Note: {plain(sentence)}", file=sys.stderr, flush=True)


def about(seconds: float) -> str:
    """A time to come, as roughly as it is known."""
    from vs2.estimate import rounded

    count, minutes = rounded(seconds)
    return f"about {count} {'min' if minutes else 's'}"


def follow(stream: "Iterable[events.Event]", judge: "Judging", status: "Status",
           say: Callable[[str], None] = lambda text: None, clips: int = 1) -> Evaluation:
    """Keeps the status line up to date and says the rationale. Raises Failure where the stream ends without scores.

    clips: how many are to be judged from here on, this one included: how long a slow judge takes for all is said.
    """
    from vs2 import events
    from vs2.countdown import Countdown
    from vs2.estimate import PREFILL

    event: events.Event | None = None
    countdown = Countdown()
    for event in stream:
        countdown.take(event)
        left = "" if countdown.left is None else f", {about(countdown.left)} left"
        if isinstance(event, events.Reading):
            status.show(f"Reading {event.video}")
        elif isinstance(event, events.FramesRead):
            status.show(f"{judge.name} is looking at {len(event.clip.frames)} frames")
        elif isinstance(event, events.Estimated) and event.estimate.slow:
            all_of_them = f", and {about(clips * event.estimate.total)} for all {clips}" if clips > 1 else ""
            status.show(f"{judge.name} will take {about(event.estimate.total)} for this clip{all_of_them}")
        elif isinstance(event, events.Progressed):
            doing = "Reading frames and prompt" if event.stage == PREFILL else "Looking at the frames"
            status.show(f"{doing}, {100 * event.done // max(1, event.of)} %{left}", fleeting=True)
        elif isinstance(event, events.Retry):
            status.clear()
            say(f"\n[{event.reason}]\n")
            status.show(event.reason)
        elif isinstance(event, events.Thought):
            if event.text:
                say(event.text)
            status.show(f"Thinking, {event.tokens} tokens{left}", fleeting=True)
    status.clear()
    if not isinstance(event, Evaluation):
        raise Failure("The judgement was stopped before it had scores.")
    return event
