"""Any text-to-video pipeline of diffusers: steps as progress, stopped between two of them, parts offloaded as needed.

The pipeline runs in a thread of its own, because it calls back and does not yield; the stream reads what it says. It is
loaded at the first clip, kept for the next ones, and used by one stream at a time.
"""
import importlib.util
import inspect
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vs2.errors import BadInput, Failure, Problem
from vs2.extras import install
from vs2.generate import pipeline_files
from vs2.generate.catalogue import gpu_memory
from vs2.generate.files import Draft, Film
from vs2.generate.pipelines import LENGTHS, PLACEMENTS, PRESETS, frames_for, placement, suits
from vs2.generate.protocol import Event, Generator, Limits, Notice, Progress, Request, rounded, rounding
from vs2.generate.steps import Pipeline, Steps, Stopped

TICK = 0.1          # seconds between two looks at `stop`
SIDES = 32          # what a side must be a multiple of: every model of the presets takes that
FPS = 16            # where neither the preset nor the pipeline names a frame rate
GROUP = 4           # frames that a VAE makes at a time, where it does not say
LOADED, DRAWN, DECODED = 0.05, 0.85, 0.95     # shares of the whole, for people
CHUNK = 8


@dataclass(frozen=True)
class _Made:
    """What the pipeline has made: uint8 [n, h, w, 3], and what is worth recording."""

    frames: np.ndarray
    fps: float
    facts: dict


class Diffusion(Generator):
    """model: a Hub id, a pipeline's folder, or "" for the one that suits this GPU.

    steps, guidance: None for the model's own. negative: what should not be seen. device: "auto" is CUDA; "cpu" runs
    too, for tiny models. placement: of `pipelines.PLACEMENTS`, or "auto" for the fastest that the free memory allows;
    one that turns out too large is replaced by the next. Raises BadInput, and Failure where it cannot run here.
    """

    limits = Limits(seconds=(0.1, 30.0), side=(32, 2048))

    def __init__(self, model: str = "", *, steps: int | None = None, guidance: float | None = None, negative: str = "",
                 device: str = "auto", placement: str = "auto"):
        missing = [package for package in ("diffusers", "ftfy") if importlib.util.find_spec(package) is None]
        if missing:
            raise Failure(f"{' and '.join(missing)} is not installed: {install('generate')}.")
        if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= 200):
            raise BadInput(f"steps is {steps!r}: it must be a whole number from 1 to 200.")
        if guidance is not None and (isinstance(guidance, bool) or not isinstance(guidance, int | float)
                                     or not 0 <= guidance <= 30):
            raise BadInput(f"guidance is {guidance!r}: it must be a number from 0 to 30.")
        if device not in ("auto", "cuda", "cpu"):
            raise BadInput(f"There is no device {device!r}: take auto, cuda or cpu.")
        if placement not in ("auto", *PLACEMENTS):
            raise BadInput(f"There is no placement {placement!r}: take auto, {', '.join(PLACEMENTS)}.")
        memory = gpu_memory()
        if device != "cpu" and memory is None:
            raise Failure("Pipelines of diffusers need a CUDA GPU and this machine has none that torch can use: run it "
                          "on one that has, take a provider, or take the sketch.")
        if not model:
            if memory is None:
                raise BadInput("No model was named: on a CPU, give the folder or the name of a tiny one.")
            model = suits(memory)
        self.model = pipeline_files.check_name(model)
        self.name = f"diffusers:{self.model}"
        self.device = "cpu" if device == "cpu" else "cuda"
        self.steps, self.guidance, self.negative, self.placement = steps, guidance, negative, placement
        self._preset = PRESETS.get(self.model)
        self._pipe: Pipeline | None = None
        self._turn = threading.Lock()

    def close(self) -> None:
        """Gives the pipeline's memory back; the next clip loads it again."""
        with self._turn:
            self._pipe = None
            _empty()

    def _stream(self, request: Request, stop: Callable[[], bool]) -> Iterator[Event]:
        settings = {"steps": self.steps, "guidance": self.guidance, "negative": self.negative, "device": self.device}
        said: queue.SimpleQueue = queue.SimpleQueue()
        ended = threading.Event()
        notices = []
        with Draft(request, self.name, settings) as draft:
            threading.Thread(target=self._work, args=(request, said.put, ended), name="vs2-diffusion",
                             daemon=True).start()
            try:
                made = None
                while made is None:
                    if stop():
                        return
                    try:
                        heard = said.get(timeout=TICK)
                    except queue.Empty:
                        continue
                    if isinstance(heard, BaseException):
                        raise heard
                    if isinstance(heard, _Made):
                        made = heard
                        continue
                    if isinstance(heard, Notice):
                        notices.append(heard.text)
                    yield heard
            finally:
                ended.set()
            count, height, width = (side // even * even for side, even in zip(made.frames.shape, (1, 2, 2),
                                                                              strict=False))
            with Film(draft.path, width, height, made.fps) as film:
                for start in range(0, count, CHUNK):
                    if stop():
                        return
                    film.add(made.frames[start:start + CHUNK, :height, :width])
                    yield Progress(DECODED + (1 - DECODED) * film.frames / count, "Writing the file")
            yield draft.keep(width=width, height=height, frames=count, fps=float(made.fps), details=made.facts,
                             notices=tuple(notices))

    def _work(self, request: Request, say: Callable, ended: threading.Event) -> None:
        """The thread: says events, and last what it made or the exception that it ended with."""
        while not self._turn.acquire(timeout=TICK):
            if ended.is_set():
                return
        try:
            say(self._make(request, say, ended))
        except Stopped:
            pass        # nobody listens
        except Exception as error:
            say(error)
        finally:
            self._turn.release()

    def _make(self, request: Request, say: Callable, ended: threading.Event) -> _Made:
        pipe = self._pipe
        if pipe is None:
            say(Progress(None, f"Loading {self.model}"))
            pipe = self._load(say)
        if ended.is_set():
            raise Stopped
        call, fps = self._call(pipe, request, say)
        facts = {"steps": call.get("num_inference_steps"), "guidance": call.get("guidance_scale"),
                 "placement": self._placed, "pipeline": type(pipe).__name__, **_versions()}
        say(Progress(LOADED, "Reading the prompt"))
        try:
            frames = self._run(pipe, request, call, say, ended)
        finally:
            pipe.maybe_free_model_hooks()
        return _Made(frames, fps, facts | {"placement": self._placed})

    def _load(self, say: Callable) -> Pipeline:
        import torch
        from diffusers import DiffusionPipeline

        folder = pipeline_files.find(self.model)
        preset = self._preset
        dtype: torch.dtype | dict[str, torch.dtype] = torch.float32
        if self.device != "cpu":
            dtype = {"default": getattr(torch, preset.dtype), "vae": getattr(torch, preset.vae)} if preset else \
                torch.bfloat16
        try:
            # `torch_dtype` has a newer name, but every release of diffusers below 1 knows this one.
            pipe = DiffusionPipeline.from_pretrained(folder, torch_dtype=dtype, use_safetensors=True,
                                                     local_files_only=True)
        except (OSError, ValueError, TypeError, KeyError, ImportError) as error:
            raise BadInput(f"{self.model} cannot be loaded by diffusers: {_line(error)}") from error
        pipe.set_progress_bar_config(disable=True)
        for saving in ("enable_tiling", "enable_slicing"):
            if hasattr(getattr(pipe, "vae", None), saving):
                getattr(pipe.vae, saving)()
        sizes = {name: sum(weight.numel() * weight.element_size() for weight in part.parameters())
                 for name, part in pipe.components.items() if isinstance(part, torch.nn.Module)}
        how = self.placement
        if how == "auto":
            how = "resident" if self.device == "cpu" else placement(sizes, torch.cuda.mem_get_info()[0])
        self._place_or_lower(pipe, how, say)
        self._pipe = pipe
        return pipe

    def _place_or_lower(self, pipe: Pipeline, how: str, say: Callable) -> None:
        """Places it as said, or with less of it on the GPU where memory runs out at once. Raises Failure."""
        from vs2.model.weights import out_of_memory

        for way in PLACEMENTS[PLACEMENTS.index(how):]:
            try:
                return self._place(pipe, way, say)
            except Exception as error:
                if not out_of_memory(error):
                    raise
                _empty()
        raise Failure(f"{self.model} does not fit into the memory here: take a smaller model.")

    def _place(self, pipe: Pipeline, how: str, say: Callable) -> None:
        import torch

        if how == "resident":
            pipe.to(self.device)
        elif how == "in turn":
            pipe.enable_model_cpu_offload(device=self.device)
        else:
            say(Notice("The GPU's memory is small for this model, so it is moved there layer by layer: slow."))
            pipe.remove_all_hooks()
            pipe.to("cpu")
            pipe.enable_group_offload(onload_device=torch.device(self.device), offload_type="leaf_level",
                                      exclude_modules=["vae"])      # it cannot work in tiles then
        self._placed = how

    def _call(self, pipe: Pipeline, request: Request, say: Callable) -> tuple[dict, float]:
        """The pipeline's arguments, and the frame rate."""
        import torch

        preset = self._preset
        taken = inspect.signature(pipe.__call__).parameters
        own = {name: parameter.default for name, parameter in taken.items()}
        rate = next((name for name in ("frame_rate", "fps") if isinstance(own.get(name), int | float)), None)
        fps = preset.fps if preset else own[rate] if rate else FPS
        if not preset and rate is None:
            say(Notice(f"{self.model} does not say its frame rate, so {FPS} frames a second are taken."))
        length = next((name for name in LENGTHS if name in taken), LENGTHS[0])
        wanted: dict[str, object] = {"num_inference_steps": self.steps or (preset and preset.steps),
                  "guidance_scale": self.guidance if self.guidance is not None else preset and preset.guidance,
                  "negative_prompt": self.negative or None, "output_type": "np",
                  length: preset and preset.frames}
        if rate:
            wanted[rate] = fps
        if request.size:
            wanted["width"], wanted["height"] = sides = rounded(request.size, SIDES)
            for notice in rounding(request.size, sides):
                say(notice)
        elif preset:        # what its model was trained on
            wanted["width"], wanted["height"] = preset.width, preset.height
        if request.seconds:
            group = next((value for value in (getattr(pipe, name, None) for name in (
                "vae_scale_factor_temporal", "vae_temporal_compression_ratio")) if value), GROUP)
            wanted[length] = frames_for(request.seconds, fps, group)
        self._tell_length(pipe, request.prompt, own.get("max_sequence_length"), say)
        call = {name: value for name, value in wanted.items() if value is not None and name in taken}
        return call | {"generator": torch.Generator("cpu").manual_seed(request.seed)}, float(fps)

    def _tell_length(self, pipe: Pipeline, prompt: str, most: object, say: Callable) -> None:
        """Says where the model will not read the prompt to its end."""
        tokenizer = getattr(pipe, "tokenizer", None)
        if isinstance(most, int) and tokenizer is not None:
            count = len(tokenizer(prompt, truncation=False)["input_ids"])
            if count > most:
                say(Notice(f"The prompt has {count} tokens and the model reads the first {most}: what comes last is "
                           "not seen by it."))

    def _run(self, pipe: Pipeline, request: Request, call: dict, say: Callable, ended: threading.Event) -> np.ndarray:
        """The frames, uint8 [n, h, w, 3]; with less and less of the model on the GPU where memory runs out."""
        from vs2.model.weights import out_of_memory

        while True:
            with Steps(pipe, say, ended, LOADED, DRAWN) as watching:
                try:
                    result = pipe(prompt=request.prompt, **call, **watching)
                    break
                except (Problem, Stopped):
                    raise
                except Exception as error:  # libraries raise many kinds; memory is the one that can be helped
                    if not out_of_memory(error):
                        raise self._refusal(error) from error
            self._lower(pipe, say)
            call["generator"].manual_seed(request.seed)
        frames = np.asarray(result.frames[0], np.float32)
        if not np.isfinite(frames).all():
            raise Failure(f"The numbers of {self.model} ran over, so there is no picture: try another seed.")
        return (frames.clip(0, 1) * 255).round().astype(np.uint8)

    def _refusal(self, error: Exception) -> Exception:
        """A pipeline's ValueError is what it says of its arguments; anything else stays what it is."""
        return BadInput(f"{self.model} does not take this request: {_line(error)}") \
            if isinstance(error, ValueError) else error

    def _lower(self, pipe: Pipeline, say: Callable) -> None:
        """Leaves less of the model on the GPU; Failure where there is no less."""
        _empty()
        after = PLACEMENTS[PLACEMENTS.index(self._placed) + 1:]
        if not after or self.device == "cpu":
            raise Failure(f"Memory ran out with {self.model}: take a smaller size, fewer seconds or a smaller model.")
        say(Notice(f"Memory ran out: tried again with the model's parts on the GPU {after[0]}."))
        self._place(pipe, after[0], say)


def _line(error: Exception) -> str:
    line = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return line.rstrip(".") + "."


def _versions() -> dict:
    import diffusers
    import torch

    return {"diffusers": diffusers.__version__, "torch": torch.__version__}


def _empty() -> None:
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
