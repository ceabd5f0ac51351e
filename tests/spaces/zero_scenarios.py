"""What tests.spaces.zero_space does in its process; each function gives what its test looks at."""
import threading
import time

from vs2.errors import Problem
from vs2.evaluation import Evaluation
from vs2.events import Thought
from vs2.model import checkpoint, weights
from vs2.ui.host import Host, Run
from vs2.ui.judgement import Request

PROMPT = "a red ball bounces on grass"


def loading(scheduler, folder: str) -> dict:
    """Both precisions, and what the imitation of CUDA says of their weights."""
    import torch

    found = {}
    for precision in ("bf16", "4bit"):
        loaded = weights.load(checkpoint.locate(folder), precision)
        tensors = [*loaded.model.parameters(), *loaded.model.buffers()]
        tower = [module for name, module in loaded.model.named_modules() if "visual" in name or "lm_head" in name]
        found[precision] = {
            "devices": sorted({tensor.device.type for tensor in tensors}), "precision": loaded.precision,
            "types": sorted({str(weight.dtype).removeprefix("torch.") for weight in loaded.model.parameters()}),
            "quantised": sum(type(module).__name__ == "Linear4bit" for module in loaded.model.modules()),
            "quantised_tower": sum(type(module).__name__ == "Linear4bit" for module in tower)}
        packed = spaces_torch().pack()
        found[precision]["packed"] = packed
        del loaded, tensors, tower
        torch.manual_seed(0)
    return found


def spaces_torch():
    import spaces

    return spaces.zero.torch


def started(precision: str) -> Host:
    """A host with `mini`, as `launch` starts it: loaded, then packed for the forks."""
    import spaces

    import vs2

    host = Host(lambda: vs2.load("mini", precision), log=lambda error: print("logged", repr(error), flush=True))
    host.start(background=False)
    host.wait(0)
    spaces.zero.startup()
    return host


def follow(run: Run, until=lambda event: False) -> dict:
    """The run's events by name, what it said, and how it ended; stopped at the first event that `until` holds of."""
    kinds, said, end = [], "", None
    try:
        for event in run.events(0.05):
            if event is None:
                continue
            name = type(event).__name__
            kinds += [name] * (name not in kinds[-1:])
            said += event.text if isinstance(event, Thought) else ""
            end = event if isinstance(event, Evaluation) else end
            if until(event):
                run.stop()
    except Problem as problem:
        return {"events": kinds, "said": said, "problem": [type(problem).__name__, str(problem)]}
    return {"events": kinds, "said": said, "evaluation": end and end.to_dict()}


def settled(scheduler, releases: int) -> None:
    """Waits for so many GPUs to be given back."""
    until = time.monotonic() + 120
    while scheduler.names().count("release") < releases and time.monotonic() < until:
        time.sleep(0.05)


def account(scheduler, found: dict, releases: int = 1) -> dict:
    """`found`, and what it asked of the scheduler, which starts a new account."""
    settled(scheduler, releases)
    found |= {"calls": scheduler.names(), "most": scheduler.most,
              "idle": [given["idle"] for what, given in scheduler.calls if what == "lend"],
              "seconds": [given["durationSeconds"] for what, given in scheduler.calls if what == "schedule"]}
    scheduler.forget()
    return found


def judgements(scheduler, precision: str, clip: str, text: str) -> dict:
    """One host, one GPU, one run after another: a fresh fork, the same one idle, options, bad input, a stop."""
    scheduler.gpus = 1
    host, found = started(precision), {"start": scheduler.names()}
    scheduler.forget()

    def judge(name: str, releases: int = 1, until=lambda event: False, **options) -> None:
        request = Request(**{"video": clip, "prompt": PROMPT, "budget": 48, "visitor": "ann"} | options)
        found[name] = account(scheduler, follow(Run(request, host), until), releases)

    judge("fresh")
    judge("idle")
    judge("direct", think=False)
    judge("several", samples=3)
    judge("text", 0, video=text)
    judge("empty", 0, prompt=" ")
    judge("range", 0, budget=10**6)
    judge("long", 0, budget=8192)
    judge("stopped", until=lambda event: isinstance(event, Thought))
    judge("after")
    return found


def four_bit(scheduler, clip: str) -> dict:
    """A judgement with 4-bit weights, which went through the packing and the move."""
    host = started("4bit")
    scheduler.forget()
    run = Run(Request(clip, PROMPT, think=False), host)
    return account(scheduler, follow(run))


def together(scheduler, clip: str) -> dict:
    """Loans of several visitors, of one visitor, and one that is given up while it waits."""
    import gradio as gr
    from gradio.context import LocalContext

    host, found = started("bf16"), {}
    scheduler.forget()

    def judge(visitors: list[str]) -> dict:
        runs = [Run(Request(clip, PROMPT, budget=48, visitor=visitor), host) for visitor in visitors]
        ends: list = [None] * len(runs)

        def one(number: int) -> None:
            ends[number] = follow(runs[number])

        threads = [threading.Thread(target=one, args=(number,)) for number in range(len(runs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return account(scheduler, {"ended": [bool(end.get("evaluation")) for end in ends]}, len(runs))

    scheduler.gpus = 2
    found["two"] = judge(["ann", "ben"])
    found["one"] = judge(["ann", "ann"])

    # All GPUs are lent to somebody else: a run waits in the scheduler's line, as the visitor of a page.
    scheduler.gpus = 1
    other = scheduler.lend()
    scheduler.forget()
    with gr.Blocks() as blocks:
        LocalContext.blocks.set(blocks)
    LocalContext.event_id.set("event of the page")
    run = Run(Request(clip, PROMPT, budget=48, visitor="ann"), host)
    seen = follow(run, lambda event: type(event).__name__ == "Borrowing")
    until = time.monotonic() + 60
    while (run in host._line or "leave" not in scheduler.names()) and time.monotonic() < until:
        time.sleep(0.05)
    seen["in_line"] = run in host._line
    scheduler.give_back(other["allowToken"], True)
    time.sleep(1)       # had it kept its place, it would be lent the GPU now
    found["given up"] = account(scheduler, seen, 0)
    found["then"] = account(scheduler, follow(Run(Request(clip, PROMPT, think=False, visitor="ann"), host)))
    return found
