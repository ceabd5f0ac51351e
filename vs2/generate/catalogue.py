"""What can be named: every generator with whether it runs here, why not, and what would make it run."""
import importlib.util
from dataclasses import dataclass

from vs2 import driver
from vs2.extras import install
from vs2.generate.pipelines import PRESETS
from vs2.generate.providers import PROVIDERS


@dataclass(frozen=True)
class Listed:
    """One generator. name: for `vs2.generate.load`; where it ends in "/", a model's Hub id is to follow.

    what: one sentence. usable: it runs here as things are. reason: why not. remedy: what would make it usable.
    example: a whole name, where `name` is none.
    """

    name: str
    label: str
    what: str
    usable: bool = True
    reason: str = ""
    remedy: str = ""
    example: str = ""


def listing(token: bool = False) -> list[Listed]:
    """Every generator. token: whether the visitor has given a token of a provider or of the Hugging Face Hub."""
    sketch = Listed("sketch", "Sketch", "A drawing of simple objects that move before simple backgrounds, made on this "
                    "machine in seconds; it is a sketch, not a film, and it errs on purpose.")
    missing = [package for package in ("diffusers", "ftfy") if importlib.util.find_spec(package) is None]
    memory = None if missing else gpu_memory()
    return [sketch, *(_diffusion(name, missing, memory) for name in PRESETS),
            *(_provider(name, token) for name in PROVIDERS)]


def gpu_memory() -> int | None:
    """Bytes of the current CUDA device; None without one."""
    device = driver.cuda()
    return device.memory if device else None


def _diffusion(name: str, missing: list[str], memory: int | None) -> Listed:
    preset = PRESETS[name]
    reason = remedy = ""
    if missing:
        reason, remedy = f"{' and '.join(missing)} is not installed.", f"To use it, {install('generate')}."
    elif memory is None:
        reason = "It needs a CUDA GPU and this machine has none that torch can use."
        remedy = f"Run it on a machine with a CUDA GPU of {preset.memory / 1e9:.0f} GB or more."
    elif memory < preset.memory * 0.95:     # a card of 12 GB reports a little less
        reason = f"It needs about {preset.memory / 1e9:.0f} GB of GPU memory and this GPU has {memory / 1e9:.1f} GB."
        remedy = "Take a smaller model, or a larger GPU."
    what = (f"{preset.width} x {preset.height} pixels, {preset.frames / preset.fps:.0f} s; a download of about "
            f"{preset.download / 1e9:.0f} GB; needs about {preset.memory / 1e9:.0f} GB of GPU memory.")
    return Listed(f"diffusers:{name}", preset.label, what, not reason, reason, remedy)


def _provider(name: str, token: bool) -> Listed:
    provider = PROVIDERS[name]
    return Listed(
        f"provider:{name}/", provider.label,
        f"Any text-to-video model that {provider.label} serves, on its machines; it charges whoever's token it is.",
        token, "" if token else "No token was given.",
        "" if token else f"Give your own token of {provider.label}, or of the Hugging Face Hub (hf_...); it is used "
        "for the one request and not kept.", f"provider:{name}/{provider.example}")
