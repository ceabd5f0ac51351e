"""Watches a pipeline of diffusers step by step, and ends it between two of them."""
import inspect
import threading
from collections.abc import Callable
from typing import Any, Protocol

from vs2.generate.protocol import Progress


class Stopped(Exception):
    """Nobody waits for the clip any more."""


class Pipeline(Protocol):
    """What a text-to-video pipeline of diffusers is asked for; the class that they share says less than they all have.
    """

    scheduler: Any      # each family's is of another class

    def __call__(self, *, prompt: str, **arguments: object) -> Any: ...

    def to(self, device: str, /) -> object: ...

    def enable_model_cpu_offload(self, *, device: str) -> object: ...

    def enable_group_offload(self, **how: object) -> object: ...

    def remove_all_hooks(self) -> object: ...

    def maybe_free_model_hooks(self) -> object: ...


class Steps:
    """Watches a pipeline's steps: inside the `with`, each is said, and none is begun once nobody waits.

    Gives the arguments that the pipeline must be called with. Pipelines without callbacks are watched at their
    scheduler, which all of them ask once a step. first, last: the shares of the whole before and after the steps.
    """

    def __init__(self, pipe: Pipeline, say: Callable, ended: threading.Event, first: float, last: float):
        self._pipe, self._say, self._ended, self._first, self._last, self._done = pipe, say, ended, first, last, 0

    def __enter__(self) -> dict:
        if "callback_on_step_end" in inspect.signature(self._pipe.__call__).parameters:
            return {"callback_on_step_end": self._called}
        whole = self._pipe.scheduler.step

        def step(*arguments, **options):
            result = whole(*arguments, **options)
            self._step(len(self._pipe.scheduler.timesteps))
            return result

        self._pipe.scheduler.step = step
        return {}

    def __exit__(self, *_) -> None:
        vars(self._pipe.scheduler).pop("step", None)

    def _called(self, pipe, step: int, timestep, tensors: dict) -> dict:
        self._step(getattr(pipe, "num_timesteps", None) or len(pipe.scheduler.timesteps))
        return tensors

    def _step(self, total: int) -> None:
        if self._ended.is_set():
            raise Stopped
        self._done += 1
        share = self._first + (self._last - self._first) * min(1.0, self._done / total)
        self._say(Progress(share, f"Drawing: step {self._done} of {total}"))
        if self._done == total:
            self._say(Progress(self._last, "Decoding the frames"))
