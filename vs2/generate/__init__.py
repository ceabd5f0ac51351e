"""Text to video: one protocol for a built-in sketch, pipelines of diffusers, and Inference Providers.

    for event in vs2.generate.load("sketch").stream("two red balls bounce on grass", seed=3, folder="clips"):
        ...                                     # Progress, Notice, and last Generated(path, record)
    vs2.generate.load("diffusers:Wan-AI/Wan2.1-T2V-1.3B-Diffusers").generate(prompt, folder="clips").path
    vs2.generate.load("provider:fal-ai/Wan-AI/Wan2.2-TI2V-5B", token=token)

Importing this package, and the sketch, need neither torch nor diffusers.
"""
from typing import Any

from vs2.errors import BadInput
from vs2.generate.catalogue import Listed, listing
from vs2.generate.protocol import Generated, Generator, Notice, Progress
from vs2.generate.record import Record

__all__ = ["Generated", "Generator", "Listed", "Notice", "Progress", "Record", "listing", "load"]


def load(name: str = "sketch", **options: Any) -> Generator:     # Any: each kind has options of its own
    """The generator called `name`; nothing is downloaded, loaded or asked before its first clip.

    "sketch" (options of `sketch.Sketch`), "diffusers:ID" with a Hub id or a pipeline's folder, or "diffusers" alone for
    the one that suits this GPU (options of `diffusion.Diffusion`), "provider:NAME/OWNER/MODEL" (options of
    `provider.Provider`; `token` is a must). Raises BadInput, and Failure where this machine cannot run it.
    """
    kind, _, rest = name.partition(":")
    try:
        if name == "sketch":
            from vs2.generate.sketch import Sketch

            return Sketch(**options)
        if kind == "diffusers":
            from vs2.generate.diffusion import Diffusion

            return Diffusion(rest, **options)
        if kind == "provider":
            from vs2.generate.provider import Provider

            return Provider(rest, **options)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        raise BadInput(f"The generator {name} has no such option, or lacks one ({error}).") from error
    raise BadInput(f"There is no generator {name!r}: take sketch, diffusers:ID or provider:NAME/OWNER/MODEL.")
