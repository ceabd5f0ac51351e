"""What is known here of a judge that is on a server: how it was taught to be asked, and what it does not know.

The protocol tells none of it. The checkpoint's folder does, where it is on this machine: `mini`, a folder or a
downloaded model that bears the name on the server, or the one that VS2_CHECKPOINT names. Its weights are not loaded; of
one that withholds scores of clips it does not know (`vs2.model.scope`), the vision tower alone.
"""
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vs2.errors import BadInput
from vs2.model.card import NAME, Card
from vs2.model.catalogue import PUBLISHED_KNOWS
from vs2.model.checkpoint import MINI, PUBLISHED
from vs2.resources import ASSETS

UNKNOWN = ("How this judge was taught to be asked is not known here, so it was asked as the published one is: name the "
           "folder of its checkpoint in VS2_CHECKPOINT, if it was taught otherwise.")


@dataclass(frozen=True)
class Known:
    """folder: of its checkpoint, None where it is not here. tokenizer: None where there is none. penalty: of
    repetition, as its checkpoint has it; None leaves it to the server. said: sentences for each record."""

    card: Card
    folder: Path | None = None
    tokenizer: Any = None
    penalty: float | None = None
    said: tuple[str, ...] = ()


def known(model: str, checkpoint: str = "") -> Known:
    """model: as the server calls it. checkpoint: a folder, or "". Raises BadInput for a folder that is none."""
    folder = _folder(model, checkpoint)
    if folder is None:
        published = model.rsplit("/", 1)[-1].lower() == PUBLISHED.rsplit("/", 1)[-1].lower()
        return Known(replace(Card(), knows=PUBLISHED_KNOWS)) if published else Known(Card(), said=(UNKNOWN,))
    return Known(Card.read(folder), folder, _tokenizer(folder), _penalty(folder))


def _folder(model: str, checkpoint: str) -> Path | None:
    if checkpoint:
        folder = Path(checkpoint).expanduser()
        if not (folder / "config.json").is_file() and not (folder / NAME).is_file():
            raise BadInput(f"VS2_CHECKPOINT is {checkpoint!r:.200}, which is not the folder of a checkpoint.")
        return folder
    if model == MINI:
        return ASSETS / MINI
    try:
        if Path(model).is_absolute() and (Path(model) / "config.json").is_file():
            return Path(model)
    except (OSError, ValueError):
        return None
    from vs2.model import hub

    if hub.is_id(model):
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(model, "config.json")
        if isinstance(found, str):
            return Path(found).parent
    return None


def _tokenizer(folder: Path) -> Any:
    if not (folder / "tokenizer.json").is_file():
        return None
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except Exception as error:      # the tokenizers library raises bare Exceptions on a broken file
        raise BadInput(f"The tokenizer of {folder} is broken: download the checkpoint again.") from error


def _penalty(folder: Path) -> float | None:
    try:
        found = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadInput(f"{folder} has a generation_config.json that cannot be read: download it again.") from error
    value = found.get("repetition_penalty") if isinstance(found, dict) else None
    return float(value) if isinstance(value, int | float) and value > 0 else 1.0


class Detector:
    """What the judge does not know, told by the vision tower of its checkpoint on this machine's processor."""

    def __init__(self, folder: Path, card: Card) -> None:
        """Raises BadInput where the folder lacks the tower's weights or the detector."""
        from vs2.model import inputs
        from vs2.model.scope import Scope

        self._scope = Scope.read(folder, card)
        self._processor = inputs.load_processor(folder)
        self._visual = _tower(folder)

    def withheld(self, clip) -> Mapping[str, str]:
        """Which dimensions of a `vs2.video.Clip` are not to be judged, and why."""
        return self._scope.withheld(self._visual, self._processor, clip) if self._scope else {}


def _tower(folder: Path):
    """The vision tower alone, in float32."""
    import torch
    from safetensors import SafetensorError, safe_open
    from transformers import AutoConfig
    from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionTransformerPretrainedModel

    from vs2.model import vision
    from vs2.model.weights import ATTENTION

    found: dict[str, torch.Tensor] = {}
    try:
        config = AutoConfig.from_pretrained(str(folder), local_files_only=True).vision_config
        for file in sorted(folder.glob("model*.safetensors")):
            with safe_open(str(file), "pt") as tensors:
                found |= {name.removeprefix("model.").removeprefix("visual."): tensors.get_tensor(name).float()
                          for name in tensors.keys() if name.removeprefix("model.").startswith("visual.")}  # noqa: SIM118
        tower = Qwen2_5_VisionTransformerPretrainedModel._from_config(config, dtype=torch.float32,
                                                                      attn_implementation=ATTENTION)
        tower.load_state_dict(found)
    except (OSError, SafetensorError, ValueError, RuntimeError, AttributeError) as error:
        raise BadInput(f"The judge on the server tells clips that it knows nothing of by its vision tower, and "
                       f"{folder} has no whole one: put the whole checkpoint there.") from error
    vision.quicken(tower)
    return tower.eval()
