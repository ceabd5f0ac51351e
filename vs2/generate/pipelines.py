"""Facts about pipelines of diffusers, and where their parts go: arithmetic, nothing is loaded here."""
import re
from collections.abc import Mapping
from dataclasses import dataclass

from vs2.errors import BadInput


@dataclass(frozen=True)
class Preset:
    """How a model was meant to be run, by its authors' example.

    memory: bytes of GPU memory that it should do with, its parts taking turns; reckoned from the sizes of its parts
    (`placement`). download: bytes, about. guidance: None for the pipeline's own. dtype, vae: names of torch's.
    """

    label: str
    width: int
    height: int
    frames: int
    fps: float
    steps: int
    guidance: float | None
    memory: int
    download: int
    dtype: str = "bfloat16"
    vae: str = "bfloat16"


PRESETS = {
    "Wan-AI/Wan2.1-T2V-1.3B-Diffusers": Preset("Wan 2.1, 1.3B", 832, 480, 81, 16, 50, 5.0, 12 * 10**9, 29 * 10**9,
                                               vae="float32"),
    "Lightricks/LTX-Video": Preset("LTX-Video, 2B", 704, 480, 161, 24, 50, 3.0, 12 * 10**9, 28 * 10**9),
    "zai-org/CogVideoX-2b": Preset("CogVideoX, 2B", 720, 480, 49, 8, 50, 6.0, 12 * 10**9, 14 * 10**9,
                                   dtype="float16", vae="float16"),
    "Wan-AI/Wan2.2-TI2V-5B-Diffusers": Preset("Wan 2.2, 5B", 1280, 704, 121, 24, 50, 5.0, 24 * 10**9, 34 * 10**9,
                                              vae="float32"),
}
SMALL, LARGE = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers", "Wan-AI/Wan2.2-TI2V-5B-Diffusers"

# How the parts share a GPU: all there, one at a time, or layer by layer; each needs less memory and more time.
PLACEMENTS = ("resident", "in turn", "by layers")
DRAWING = ("transformer", "transformer_2", "unet", "vae")      # the parts that work on the whole clip
WORK, READ = 5 * 10**9, 7 * 10**8                               # bytes that they, and the others, work in

# Pipelines that make a clip from something else than text, by their classes' names.
OTHER = re.compile(r"(Image|Video|Audio)(To|2)|(?<!T)I2V|V2V|Edit|Inpaint|Control|Upsampl|Animate(?!Diff)|VACE|"
                   "Transfer")
LENGTHS = ("num_frames", "video_length")       # what pipelines call how many frames they make


def suits(memory: int) -> str:
    """The model for a GPU of `memory` bytes: the larger one from 24 GB on."""
    return LARGE if memory >= PRESETS[LARGE].memory * 0.95 else SMALL


def placement(sizes: Mapping[str, int], free: int) -> str:
    """The fastest of `PLACEMENTS` for parts of these sizes on a GPU with `free` bytes."""
    if sum(sizes.values()) + WORK <= free:
        return "resident"
    most = max(size + (WORK if name in DRAWING else READ) for name, size in sizes.items())
    return "in turn" if most <= free else "by layers"


def check_index(name: str, index: dict) -> str:
    """The pipeline's class, if its model_index.json is of one that makes video from text and brings no code of its own.

    Raises BadInput.
    """
    import diffusers

    kind = index.get("_class_name")
    if not isinstance(kind, str) or not isinstance(getattr(diffusers, kind, None), type):
        told = kind if isinstance(kind, str) else "code of its own"
        raise BadInput(f"{name} wants the pipeline {told}, which diffusers {diffusers.__version__} does not have: take "
                       "another model, or a newer diffusers.")
    for part, where in index.items():
        if isinstance(where, list) and where and where[0] not in ("diffusers", "transformers", None):
            raise BadInput(f"{name} brings code of its own ({part}), which is not run here: take another model.")
    if OTHER.search(kind) or not _takes_text(getattr(diffusers, kind)):
        raise BadInput(f"{name} is a {kind}, which does not make video from text alone: take a text-to-video model.")
    return kind


def _takes_text(kind: type) -> bool:
    import inspect

    taken = inspect.signature(kind.__call__).parameters
    musts = [p for p in taken.values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    return {"prompt", "generator"} <= set(taken) and not taken.keys().isdisjoint(LENGTHS) and \
        {p.name for p in musts} <= {"self", "prompt"}


def frames_for(seconds: float, fps: float, group: int) -> int:
    """How many frames are nearest to `seconds` among those that a VAE can make: one, and groups of `group`."""
    return max(1, round((seconds * fps - 1) / group)) * group + 1
