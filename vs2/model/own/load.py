"""Which checkpoints are run by the forward pass here (`takes` alone says so), and a folder -> the model of one."""
import json
from pathlib import Path
from typing import Any, cast

import torch

from vs2.errors import BadInput
from vs2.model import checkpoint as checkpoints
from vs2.model import drafts
from vs2.model.checkpoint import Checkpoint
from vs2.model.own import config as configs
from vs2.model.own.config import Config, Generation, Unknown
from vs2.model.own.model import Qwen
from vs2.model.own.tensors import Tensors, fixed
from vs2.model.own.text import Language
from vs2.model.own.tower import Tower

# Bytes in float32 from which a checkpoint is transformers': there it costs little beside the arithmetic.
SMALL = 10**9


def takes(found: Checkpoint, precision: str, where: torch.device) -> bool:
    """Whether a checkpoint is run by the forward pass here: on a CPU, at full precision, small, a plain Qwen2.5-VL.

    Everything else is run by transformers: on a GPU, in 4 bits, large, or with a setting that is not computed here.
    """
    if where.type != "cpu" or precision not in ("fp32", "bf16") or found.quantised:
        return False
    if found.bytes_at("fp32") >= SMALL:
        return False
    try:
        configs.read(found.config)
        configs.generation(found.folder)
    except Unknown:
        return False
    return True


def load(found: Checkpoint, dtype: torch.dtype) -> Qwen:
    """The model of a checkpoint that is taken. Raises BadInput in one sentence for one whose files do not fit it."""
    config = configs.read(found.config)
    try:
        tensors = Tensors(checkpoints.weight_files(found.folder, found.name), dtype)
        model = _model(tensors, config, configs.generation(found.folder),
                       Tower(tensors, "model.visual", config.vision_config))
        model.drafts = drafts.load(found.folder, config.text_config.vocab_size)
    except BadInput:
        raise
    except Exception as error:  # safetensors and torch raise many kinds for a file that is broken
        raise BadInput(f"{found.name} cannot be loaded as a Qwen2.5-VL model: {error!s:.200}") from error
    if tensors.missing:
        raise BadInput(f"{found.name} lacks {len(tensors.missing)} of its tensors ({sorted(tensors.missing)[0]}): "
                       "download it again.")
    return model


def footage(folder: Path, dtype: torch.dtype) -> Qwen | None:
    """As `vs2.model.footage.load`, of a part for footage: in its tower's place is the eye; None where the folder has
    something that is not computed here. Raises BadInput where its tensors do not fit."""
    from vs2.model.eye import Eye
    from vs2.model.own import eye as eyes

    try:
        config = configs.read(json.loads((folder / "config.json").read_text(encoding="utf-8")))
        settings = configs.generation(folder)
        tensors = Tensors([folder / "model.safetensors"], dtype)
        eye = Eye(config.vision_config)
        eye.load_state_dict(tensors.beginning("model.visual."))
        eye.to(dtype).requires_grad_(False)
        if eyes.takes(dtype):
            eye.network = cast(Any, eyes.Fused(eye.network))
        model = _model(tensors, config, settings, eye)
    except Exception:       # transformers' way tries again, and has the words for what is wrong
        return None
    if tensors.missing or tensors.left():
        return None
    model.drafts = drafts.load(folder, config.text_config.vocab_size)
    return model


def _model(tensors: Tensors, config: Config, settings: Generation, visual: torch.nn.Module) -> Qwen:
    text = config.text_config
    language = Language(tensors, "model.language_model", text)
    head = language.embed_tokens.weight if text.tied else \
        fixed(tensors("lm_head.weight", text.vocab_size, text.hidden_size))
    return Qwen(config, settings, visual, language, head).eval()
