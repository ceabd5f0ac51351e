"""Loads a checkpoint at a precision that fits: bf16, fp32, or in 4 bits, the vision tower left alone.

"4bit" is bitsandbytes' NF4 on a GPU. On a CPU, where that takes fifty times as long, it is "int4" (vs2/model/int4).

A GPU before Ampere computes in float32, and what is left of 4-bit weights is float32 there: bfloat16 has no fused
attention on it (vs2/model/gpu.py), and in float16 Qwen2.5-VL overflows and writes only exclamation marks, vision tower
and language model alike (vllm-project/vllm 13817, ollama/ollama 18070, QwenLM/Qwen3 868 and 826).
"""
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

from vs2.errors import BadInput, Failure
from vs2.model import attention, gpu, inputs, vision
from vs2.model import checkpoint as checkpoints
from vs2.model.card import Card
from vs2.model.checkpoint import INT4, Checkpoint
from vs2.model.footage import Footage
from vs2.model.int4 import layer, loading
from vs2.model.own import load as own
from vs2.model.scope import Scope
from vs2.settings import zero_gpu

if TYPE_CHECKING:
    from transformers import BitsAndBytesConfig, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor

PRECISIONS = ("auto", "bf16", "int4", "4bit", "fp32")
# transformers 5 replaces its own list with this one, so lm_head has to be named, and "visual" alone matches nothing.
NOT_QUANTISED = ["lm_head", "model.visual"]
SMALL = 10**9            # bytes in float32 below which a CPU uses float32: bfloat16 saves nothing worth having there
WORK_FACTOR, WORK = 1.25, 2 * 10**9  # memory that a judgement takes beside the weights: a share of them, and bytes
# Always named, for transformers else takes the one that the checkpoint's config names, and that may be a repository of
# the Hub, whose code it fetches and runs.
ATTENTION = "sdpa"
BLOCK = 64               # weights that share one scale in NF4
FOUR_ON_A_CPU = "4 bits on a CPU are int4 here, groups of 32 weights with a scale and a zero, and not NF4."
LEAST_WORK = 1.05        # share of the weights' bytes without which loading is not tried at all


@dataclass(frozen=True)
class Loaded:
    """A model ready to judge. precision: "fp32", "bf16", "int4" or "4bit", or the method of a quantised checkpoint.

    scope: what tells clips that it knows nothing of, where its card names one. footage: its part for footage, likewise.
    """

    model: "Qwen2_5_VLForConditionalGeneration"
    processor: "Qwen2_5_VLProcessor"
    card: Card
    precision: str
    device: torch.device
    scope: Scope | None = None
    footage: Footage | None = None


def device() -> torch.device:
    """The accelerator of this machine, or its CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def free_memory(where: torch.device) -> int | None:
    """Bytes that weights may take on the device now; None where that cannot be known."""
    if where.type == "cuda":
        return gpu.free(where)
    import psutil

    free = psutil.virtual_memory().available
    try:  # a container's own limit is below the machine's memory
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        return min(free, limit - int((group / "memory.current").read_text()) + _reclaimable(group))
    except (OSError, ValueError):
        return free


def _reclaimable(group: Path) -> int:
    """Bytes of cached files that the kernel gives back when a program of this group wants them."""
    lines = (group / "memory.stat").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("inactive_file ", "active_file ")))


def choose(checkpoint: Checkpoint, wanted: str, where: torch.device, free: int | None) -> str:
    """The precision to load at. Raises BadInput for an unknown one, Failure where the weights do not fit."""
    if wanted not in PRECISIONS:
        raise BadInput(f"There is no precision {wanted!r}: take one of {', '.join(PRECISIONS)}.")
    if checkpoint.quantised == INT4 and wanted in ("auto", "int4", "4bit"):
        chosen = "int4"
    elif checkpoint.quantised:
        if wanted != "auto":
            raise BadInput(f"{checkpoint.name} is quantised already ({checkpoint.quantised}): "
                           "leave the precision at auto.")
        chosen = checkpoint.quantised
    elif wanted != "auto":
        chosen = "int4" if wanted == "4bit" and where.type == "cpu" else wanted
    elif where.type == "cuda":
        whole = "fp32" if gpu.before_ampere(where) else "bf16"
        need = _bytes(checkpoint, whole, where) * WORK_FACTOR + WORK
        chosen = whole if free is None or need <= free else "4bit"
    elif checkpoint.bytes_at("fp32") < SMALL:
        chosen = "fp32"
    else:
        chosen = "int4" if where.type == "cpu" and _rather_in_four(checkpoint, free) else "bf16"
    # Of the quantised ones, bitsandbytes' can compute in float32 instead.
    if gpu.before_ampere(where) and chosen not in ("fp32", "4bit", "bitsandbytes"):
        mend = ("take one that is not quantised, with --precision 4bit" if checkpoint.quantised else
                "take --precision 4bit or fp32")
        raise Failure(f"{checkpoint.name} would compute in bfloat16, which {gpu.name(where)} is too old for (it has no "
                      f"fused attention in it and would crawl): {mend}.")
    need = _bytes(checkpoint, chosen, where)
    if free is not None and need * LEAST_WORK > free:
        raise Failure(_too_big(checkpoint, chosen, where, free))
    return chosen


def _rather_in_four(checkpoint: Checkpoint, free: int | None) -> bool:
    """Whether a CPU takes a checkpoint in 4 bits rather than in 16: a large one, that does not fit or is slower."""
    whole = checkpoint.bytes_at("bf16")
    return whole > checkpoints.LARGE and (free is not None and whole * WORK_FACTOR + WORK > free or layer.quicker())


def _bytes(checkpoint: Checkpoint, precision: str, where: torch.device) -> int:
    return checkpoint.bytes_at(precision, 4 if gpu.before_ampere(where) else 2)


def _too_big(checkpoint: Checkpoint, chosen: str, where: torch.device, free: int) -> str:
    four = "int4" if where.type == "cpu" else "4bit"
    sizes = {p: _bytes(checkpoint, p, where) for p in {"bf16", four, chosen}}
    needs = f"{sizes[chosen] / 1e9:.1f} GB for its weights at {chosen}"
    place = {"cuda": "the GPU", "mps": "this machine"}.get(where.type, "this machine")
    smaller = [p for p in ((four,) if gpu.before_ampere(where) else ("bf16", four))
               if sizes[p] < sizes[chosen] and sizes[p] * LEAST_WORK <= free and not checkpoint.quantised]
    advice = (f"take --precision {smaller[0]} ({sizes[smaller[0]] / 1e9:.1f} GB)" if smaller
              else "free some memory, or use the built-in judge with --model mini")
    return f"{checkpoint.name} needs {needs} and {place} has {free / 1e9:.1f} GB free: {advice}."


def load(checkpoint: Checkpoint, precision: str = "auto", where: torch.device | None = None, *,
         plain: bool = True) -> Loaded:
    """The model, in evaluation mode, and its processor. Raises BadInput or Failure in one sentence.

    plain: whether a small one may be that of `vs2.model.own`, which judges and does no more: who trains it, saves it or
    calls `generate` says False, and has transformers' classes.
    """
    card = Card.read(checkpoint.folder)
    scope = Scope.read(checkpoint.folder, card)
    where = place(precision, where or device(), checkpoint.quantised)
    wanted, precision = precision, choose(checkpoint, precision, where, free_memory(where))
    if wanted == "4bit" and precision == "int4" and not checkpoint.quantised:
        print(f"Note: {FOUR_ON_A_CPU}", file=sys.stderr, flush=True)
    if plain and own.takes(checkpoint, precision, where):
        numbers = torch.float32 if precision == "fp32" else torch.bfloat16
        processor, made = inputs.load_processor(checkpoint.folder, plain), own.load(checkpoint, numbers)
        footage = Footage.read(checkpoint.folder, card, where, numbers, plain)
        return Loaded(cast("Qwen2_5_VLForConditionalGeneration", made), processor, card, precision, where, scope,
                      footage)
    with quiet():
        return _through_transformers(checkpoint, card, scope, precision, where)


def _through_transformers(checkpoint: Checkpoint, card: Card, scope: Scope | None, precision: str,
                          where: torch.device) -> Loaded:
    processor = inputs.load_processor(checkpoint.folder)
    model = _model(checkpoint, precision, where)
    vision.quicken(model)
    # Products of bfloat16 that are summed into float32 (`attention.few`) are there for CUDA alone.
    if where.type == "cuda" and (not torch.version.hip or model.get_input_embeddings().weight.dtype == torch.float32):
        attention.ungroup(model)
    elif where.type == "cpu" and model.get_input_embeddings().weight.dtype == torch.bfloat16:
        attention.in_rows(model)
    footage = Footage.read(checkpoint.folder, card, where, next(model.parameters()).dtype)
    return Loaded(model.eval(), processor, card, precision, where, scope, footage)


def place(precision: str, where: torch.device, quantised: str | None = None) -> torch.device:
    """The device that weights at this precision are for: those in "int4" are multiplied by the CPU, on any machine."""
    return torch.device("cpu") if precision == "int4" or quantised == INT4 else where


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, the libraries' bars are only drawn where someone watches."""
    from transformers.utils import logging

    drawn = logging.is_progress_bar_enabled()
    if drawn and not (sys.stderr and sys.stderr.isatty()):
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if drawn:
            logging.enable_progress_bar()


def out_of_memory(error: BaseException) -> bool:
    """Whether the device or the machine had no memory left; torch says so in several ways."""
    signs = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(sign in str(error) for sign in signs)


def _model(checkpoint: Checkpoint, precision: str, where: torch.device) -> "Qwen2_5_VLForConditionalGeneration":
    from transformers import Qwen2_5_VLForConditionalGeneration

    numbers = torch.float32 if precision == "fp32" or gpu.before_ampere(where) else torch.bfloat16
    options: dict[str, Any] = {"dtype": "auto" if checkpoint.quantised and numbers == torch.bfloat16 else numbers,
                               "attn_implementation": ATTENTION}
    if precision == "4bit":
        options["quantization_config"] = _four_bit(checkpoint, where, numbers)
    if checkpoint.quantised == INT4:
        loading.check(checkpoint)
        loading.register()
    # ZeroGPU imitates CUDA by a mode of torch that each thread has to enter, and transformers loads on threads of its
    # own. Loading on the CPU and moving then costs no more memory than loading on one thread straight to the imitation
    # (the weights stay in the mapped file), less in 4-bit, and changes no setting of the whole process.
    first = torch.device("cpu") if where.type == "cuda" and zero_gpu() else where
    if first.type != "cpu" or precision == "4bit":
        options["device_map"] = {"": first}
    try:
        model: Qwen2_5_VLForConditionalGeneration
        found: dict[str, Any]
        # Asked for the loading info it returns a pair, which its annotation leaves out.
        model, found = Qwen2_5_VLForConditionalGeneration.from_pretrained(  # type: ignore[misc]
            checkpoint.folder, output_loading_info=True, local_files_only=True, use_safetensors=True, **options)
        if precision == "int4":
            if not checkpoint.quantised:
                loading.in_memory(model)
            loading.finish(model)
        if first != where:
            model = model.to(where)  # type: ignore[arg-type]  # as transformers wraps it, it is no method for mypy
    except (BadInput, Failure):
        raise
    except Exception as error:  # the library raises many kinds on a config and weights that do not belong together
        if out_of_memory(error):
            raise Failure(f"{checkpoint.name} does not fit into the free memory at {precision}: close what else uses "
                          "it, or take --precision 4bit.") from error
        if isinstance(error, ImportError):
            raise Failure(f"{checkpoint.name} cannot be loaded here: {_first_line(error)}") from error
        raise BadInput(f"{checkpoint.name} cannot be loaded as a Qwen2.5-VL model: {_first_line(error)}") from error
    missing = sorted(found["missing_keys"]) + sorted(str(key) for key in found.get("mismatched_keys", ()))
    if missing:
        raise BadInput(f"{checkpoint.name} lacks {len(missing)} of its tensors ({missing[0]}): download it again.")
    if checkpoint.quantised and numbers == torch.float32:
        _widen(model)
    return model


def _widen(model: torch.nn.Module) -> None:
    """All in float32, in place: what is quantised already is loaded in its own dtype, whatever one asks."""
    for module in model.modules():
        if hasattr(module, "compute_dtype"):        # of a 4-bit layer
            module.compute_dtype = torch.float32  # type: ignore[assignment]  # torch: every attribute is a tensor
    for weight in model.parameters():
        if weight.is_floating_point():
            weight.data = weight.data.float()


def _four_bit(checkpoint: Checkpoint, where: torch.device,
              numbers: torch.dtype = torch.bfloat16) -> "BitsAndBytesConfig":
    """NF4 with double quantisation, computing in `numbers`. Raises Failure where that does not run."""
    if where.type == "cpu" and any(rows % 32 or columns % BLOCK for rows, columns in checkpoint.quantisable()):
        raise Failure(f"{checkpoint.name} has layers whose width is no multiple of {BLOCK}, which 4-bit weights need "
                      "on a CPU: take --precision bf16.")
    if where.type == "mps":
        raise Failure("4-bit weights do not run on this machine's GPU: take --precision bf16.")
    try:
        import bitsandbytes  # noqa: F401
    except Exception as error:  # it also raises on machines whose libraries it cannot load
        raise Failure("4-bit weights need the bitsandbytes package, which is not there or does not run on this "
                      "machine: install it, or take --precision bf16.") from error
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
                              bnb_4bit_compute_dtype=numbers, llm_int8_skip_modules=NOT_QUANTISED)


def _first_line(error: Exception) -> str:
    line = str(error).strip().split("\n")[0][:200]
    return (line or type(error).__name__).rstrip(".") + "."
