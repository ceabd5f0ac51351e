"""The judges that can be named without a folder: what each is, knows and measured, and the default here."""
import os

from vs2 import checkpoint
from vs2.card import Card
from vs2.errors import Problem
from vs2.rubric import BY_KEY
from vs2.settings import Settings

METRICS = {"exact": "exact", "within_one": "within one", "pearson": "Pearson", "spearman": "Spearman"}


def listing(settings: Settings) -> dict:
    """`{models: [...], default, why}` as plain JSON values; sizes in bytes, metrics in fractions of 1."""
    import torch

    if settings.model != "auto":
        default, why = settings.model, "VS2_MODEL names it"
    elif torch.cuda.is_available():
        default, why = checkpoint.PUBLISHED, f"this machine has a CUDA device ({torch.cuda.get_device_name()})"
    else:
        default, why = checkpoint.MINI, "this machine has no CUDA device"
    return {"models": [_mini(), _published()], "default": default, "why": why}


def _mini() -> dict:
    record = {"name": checkpoint.MINI, "parameters": None, "bytes": None, "here": False, "knows": "", "trained_on": "",
              "metrics": {}, "problem": None}
    try:
        found = checkpoint.locate(checkpoint.MINI)
        card = Card.read(found.folder)
    except Problem as problem:
        return record | {"problem": str(problem)}
    return record | {"parameters": found.parameters, "bytes": found.stored, "here": True, "knows": card.knows,
                     "trained_on": card.trained_on, "metrics": card.metrics}


def _published() -> dict:
    """Facts of the paper (arXiv 2509.22799): accuracy on VideoScore-Bench-v2, the mean of the three dimensions."""
    from huggingface_hub import try_to_load_from_cache

    here = isinstance(try_to_load_from_cache(checkpoint.PUBLISHED, "config.json"), str)
    return {"name": checkpoint.PUBLISHED, "parameters": 8_300_000_000, "bytes": 16_600_000_000, "here": here,
            "knows": "AI-generated videos of all kinds; the published VideoScore2, Qwen2.5-VL 7B.",
            "trained_on": "VideoFeedback2: 27,168 videos with scores and rationales.",
            "metrics": {"VideoScore-Bench-v2": {"exact": 0.4435}}, "problem": None}


def text(listing: dict) -> str:
    """The listing for people."""
    lines = []
    for model in listing["models"]:
        mark = "  (default)" if model["name"] == listing["default"] else ""
        lines.append(f"{model['name']}{mark}")
        if model["problem"]:
            lines += [f"  {model['problem']}", ""]
            continue
        place = "on this machine" if model["here"] else "downloaded when it is first used"
        lines += [f"  {_count(model['parameters'])} parameters, {_size(model['bytes'])}, {place}",
                  f"  Knows: {model['knows']}"]
        if model["trained_on"]:
            lines.append(f"  Trained on: {model['trained_on']}")
        for key, metrics in model["metrics"].items():
            if isinstance(metrics, dict):
                named = [f"{METRICS[name]} {value:.2f}" for name, value in metrics.items()
                         if name in METRICS and isinstance(value, int | float)]
                if named:
                    label = BY_KEY[key].label if key in BY_KEY else key
                    lines.append(f"  {label}: {', '.join(named)}")
        lines.append("")
    lines.append(f"The default here is {listing['default']}: {listing['why']}.")
    return "\n".join([*lines, "", *_generators()])


def _generators() -> list[str]:
    """What makes video from text, for people: usable here, or what would make it so."""
    from vs2 import generate

    lines = ["Generators (`vs2 best-of --generator`; a provider's token goes into HF_TOKEN):"]
    for one in generate.listing(bool(os.environ.get("HF_TOKEN", "").strip())):
        state = "usable here" if one.usable else f"{one.reason} {one.remedy}"
        lines.append(f"  {one.example or one.name}: {state}")
    return lines


def _count(number: int) -> str:
    return f"{number / 1e9:.1f} billion" if number >= 1e9 else f"{number / 1e6:.1f} million"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
