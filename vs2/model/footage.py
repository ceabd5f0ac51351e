"""The second way of seeing of a small judge: what it says of footage, where its card names a part for that.

That part is a checkpoint of its own in a folder beside the weights: a Qwen2.5-VL in whose vision tower's place stands
`vs2.model.eye.Eye`, with tokenizer, processor and card. It is asked of clips that the judge itself knows nothing of
(`vs2.model.scope`) and that look like footage, which a second detector of the same make says of the eye's features. It
reads no prompt: what it withholds stands in the card.
"""
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from vs2.errors import BadInput
from vs2.model import inputs
from vs2.model.card import Card
from vs2.model.eye import CELLS, FEATURES, PAIRS, Eye, cells, rows
from vs2.model.own import load as own
from vs2.model.pulse import numbers
from vs2.model.scope import Scope
from vs2.model.tokens import Wire
from vs2.model.views import views
from vs2.video.pulse import Pulse
from vs2.video.resize import resize

if TYPE_CHECKING:
    from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor

UNREAD = "footage"      # stands for every prompt, which it has not learned to read


@dataclass(frozen=True, eq=False)
class Footage:
    """A loaded part for footage."""

    model: "Qwen2_5_VLForConditionalGeneration"
    processor: "Qwen2_5_VLProcessor"
    card: Card
    wire: Wire
    scope: Scope | None

    @classmethod
    def read(cls, folder: Path, card: Card, where: torch.device, numbers: torch.dtype,
             plain: bool = False) -> "Footage | None":
        """The part that a judge's card names; None where it names none. Raises BadInput for one that is broken.

        plain: run by `vs2.model.own`, as the judge itself is.
        """
        if card.footage is None:
            return None
        folder = Path(folder) / card.footage.folder
        said = Card.read(folder)
        processor = inputs.load_processor(folder, plain)
        model: Any = own.footage(folder, numbers) if plain else None
        if model is None:
            model = load(folder)
            model.to(device=where, dtype=numbers)
        return cls(model.eval(), processor, said, Wire.of(processor.tokenizer), Scope.read(folder, said))

    @torch.inference_mode()
    def look(self, frames: np.ndarray) -> torch.Tensor:
        """float32 [PAIRS - 1, CELLS, CELLS, FEATURES], on the CPU: what its eye sees of frames uint8 [n, h, w, 3]."""
        first = self.model.model.visual.look.matrix.weight
        shown = torch.from_numpy(views(frames)).permute(0, 3, 1, 2).to(first.device, first.dtype)
        return cells(self.model.model.visual.network(shown), CELLS, CELLS).float().cpu()

    def withheld(self, seen: torch.Tensor) -> dict[str, str] | None:
        """What it does not judge of a clip that is footage, and why; None for one that is none. seen: of `look`."""
        if self.scope is None:
            return {}
        return None if self.scope.strangeness(pooled(seen.numpy())) > self.scope.threshold else self.scope.withholds

    def inputs(self, seen: torch.Tensor, pulse: Pulse | None = None, opening: str = "") -> inputs.Inputs:
        """What its model is fed of what its eye saw, on the CPU; opening: of the reply."""
        vision: Any = self.model.config.vision_config
        merge = vision.spatial_merge_size
        return inputs.worded(self.processor, rows(seen, torch.from_numpy(numbers(pulse))),
                             (PAIRS, CELLS * merge, CELLS * merge), UNREAD, self.card, self.model.config, opening)


def pooled(found: np.ndarray) -> np.ndarray:
    """[..., 2 * FEATURES] of cells [..., 6, 2, 2, FEATURES]: the means over whole frames and over pieces."""
    assert found.shape[-4:] == (6, 2, 2, FEATURES)
    return np.concatenate([found[..., :4, :, :, :].mean((-4, -3, -2)), found[..., 4:, :, :, :].mean((-4, -3, -2))], -1)


def build(config) -> "Qwen2_5_VLForConditionalGeneration":
    """An untrained Qwen2.5-VL of that configuration with the eye in its tower's place."""
    from transformers import Qwen2_5_VLForConditionalGeneration

    model = Qwen2_5_VLForConditionalGeneration._from_config(config, attn_implementation="sdpa")
    model.model.visual = Eye(config.vision_config)
    return model


def load(folder: Path) -> "Qwen2_5_VLForConditionalGeneration":
    """The model of a folder, in float32 on the CPU. Raises BadInput where it is none, or broken."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from transformers import Qwen2_5_VLConfig

    try:
        model = build(Qwen2_5_VLConfig.from_pretrained(folder, local_files_only=True))
        missing, unknown = model.load_state_dict(load_file(Path(folder) / "model.safetensors"), strict=False)
    except (OSError, SafetensorError, ValueError, RuntimeError, KeyError) as error:
        raise BadInput(f"The judge's part for footage, {folder}, is missing or broken: download the checkpoint again, "
                       "or make it with `make mini-footage`.") from error
    missing = [name for name in missing if name != "lm_head.weight"]        # tied to the embedding
    if missing or unknown:
        raise BadInput(f"The judge's part for footage, {folder}, has {len(missing)} tensors too few and {len(unknown)} "
                       f"too many ({[*missing, *unknown][0]}): download the checkpoint again.")
    model.tie_weights()
    return model.float()


def shrunk(frames: np.ndarray, card: Card, height: int, width: int) -> np.ndarray:
    """Frames at the size that the judge itself sees, of a clip whose file has that height and width."""
    size = card.sampling.size(len(frames), height, width)
    if size == frames.shape[1:3]:
        return frames
    pictures = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
    made = resize(pictures, size)
    return made.permute(0, 2, 3, 1).contiguous().numpy()
