"""Clip and prompt to model inputs, exactly as the published Qwen2.5-VL checkpoint was trained to see them.

The order is the published one: one user message with the video, then the query. Pixels are cut into patches here,
in the arithmetic of the reference (qwen-vl-utils 0.0.14, transformers 4.53.2), and not by the library's video
processor, whose sampling, sizes and metadata change between versions. The template is tokenised apart from the
user's text, and no token of the template can be made from that text. `rope.py` gives the positions, explicitly.
docs/parity.md holds what was measured.
"""
import inspect
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

from vs2.errors import BadInput
from vs2.model.card import Card
from vs2.model.own import cache as own
from vs2.model.own import processor as processors
from vs2.model.rope import positions
from vs2.rubric import ask, check_prompt

if TYPE_CHECKING:
    from transformers import Qwen2_5_VLProcessor

MARK = "VS2-TEXT-GOES-HERE"  # stands for the user's text while the chat template is rendered
VIDEO = 2                    # a video's token in mm_token_type_ids


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the model is given for one clip and prompt; L tokens, P patches.

    input_ids, attention_mask (all ones), mm_token_type_ids: int64 [1, L]. pixel_values_videos: float32 [P, 1176].
    video_grid_thw: int64 [1, 3], pairs of frames, patch rows, patch columns. second_per_grid_ts: seconds that a
    pair covers. position_ids: int64 [3, 1, L] (time, height, width). rope_delta: see `step_kwargs`.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    pixel_values_videos: torch.Tensor
    video_grid_thw: torch.Tensor
    second_per_grid_ts: float
    mm_token_type_ids: torch.Tensor
    position_ids: torch.Tensor
    rope_delta: int

    @property
    def length(self) -> int:
        """The number of tokens, L."""
        return self.input_ids.shape[1]

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> "Inputs":
        """A copy on `device`; `dtype` is for the pixels alone, cast before they are moved: there they lie once."""
        pixels = self.pixel_values_videos.to(dtype or self.pixel_values_videos.dtype)
        return replace(self, input_ids=self.input_ids.to(device), attention_mask=self.attention_mask.to(device),
                       pixel_values_videos=pixels.to(device), video_grid_thw=self.video_grid_thw.to(device),
                       mm_token_type_ids=self.mm_token_type_ids.to(device), position_ids=self.position_ids.to(device))

    def model_kwargs(self) -> dict:
        """The prefill: `model(**inputs.model_kwargs())`, and `model.generate(**inputs.model_kwargs())` as well.

        Explicit positions are taken as they are, so the model needs neither second_per_grid_ts nor
        mm_token_type_ids, and keeps no rope_deltas of its own between calls.
        """
        return {"input_ids": self.input_ids, "attention_mask": self.attention_mask,
                "pixel_values_videos": self.pixel_values_videos, "video_grid_thw": self.video_grid_thw,
                "position_ids": self.position_ids}


def step_kwargs(rope_delta: int | torch.Tensor, tokens: torch.Tensor, cache, length: int,
                pads: torch.Tensor | None = None) -> dict:
    """What `model(**step_kwargs(...))` needs after the prefill, for the next token or several at once.

    tokens: int64 [B, n], any B that the cache holds. cache: `cache_of` the last call. length: how many tokens the
    cache holds. Token number i of the whole sequence has position i + rope_delta on all three axes. No attention
    mask: nothing is padded, and the causal mask comes from the cache. Without positions the model would take them
    from its own rope_deltas, which transformers 5 computes wrongly for long clips.
    rope_delta: of all rows, or int64 [B]. pads: int64 [B], how many tokens at each row's start are none.
    """
    place = torch.arange(tokens.shape[1], device=tokens.device) + length
    place = place + (rope_delta[:, None] if isinstance(rope_delta, torch.Tensor) else rope_delta)
    given = {"input_ids": tokens, "position_ids": place.expand(3, tokens.shape[0], -1),
             **again(cache), "use_cache": True}
    if pads is not None:
        numbers = torch.arange(length + tokens.shape[1], device=tokens.device)
        given["attention_mask"] = (numbers >= pads[:, None]).long()
    return given


@lru_cache(maxsize=1)
def cache_name() -> str:
    """What a Qwen2.5-VL's `forward` calls its cache: "cache" since transformers 5.24, before it "past_key_values".

    The old name is deprecated there, with a warning, and gone in 5.40.
    """
    from transformers import Qwen2_5_VLForConditionalGeneration

    return _named(Qwen2_5_VLForConditionalGeneration)


@lru_cache(maxsize=1)
def text_cache_name() -> str:
    """What the language model within calls it."""
    from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLTextModel

    return _named(Qwen2_5_VLTextModel)


def _named(kind: type[torch.nn.Module]) -> str:
    return "cache" if "cache" in inspect.signature(kind.forward).parameters else "past_key_values"


def again(cache: Any) -> dict[str, Any]:
    """A cache as the argument of the model's `forward` that gave it."""
    return {"cache" if isinstance(cache, own.Cache) else cache_name(): cache}


def text_again(cache: Any) -> dict[str, Any]:
    """As `again`, for the language model within."""
    return {"cache" if isinstance(cache, own.Cache) else text_cache_name(): cache}


def cache_of(out):
    """The cache that a call gave back, under either name."""
    return out.cache if hasattr(out, "cache") else out.past_key_values


def load_processor(folder: str | Path, plain: bool = False) -> "Qwen2_5_VLProcessor":
    """The Qwen2.5-VL processor of a local checkpoint folder. Raises BadInput where there is none.

    plain: what `vs2.model.own` has for it, where that does: enough for a judge, which needs but a few attributes.
    """
    if plain and (found := processors.read(Path(folder))) is not None:
        return cast("Qwen2_5_VLProcessor", found)
    from transformers import AutoProcessor, Qwen2_5_VLProcessor

    try:
        processor = AutoProcessor.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except Exception as error:  # the tokenizers library raises bare Exceptions on a broken file
        raise BadInput(f"{folder} is not a complete checkpoint folder: its tokenizer or preprocessor "
                       "files are missing or broken.") from error
    if not isinstance(processor, Qwen2_5_VLProcessor):
        raise BadInput(f"{folder} is not a Qwen2.5-VL checkpoint: it has no Qwen2.5-VL processor.")
    return processor


def prepare(processor, clip, prompt: str, card: Card, config, opening: str = "") -> Inputs:
    """The inputs for a `vs2.video.Clip` and its prompt.

    card: the checkpoint's query and frame rate. config: the model's. opening: the first words of the reply, put
    in the judge's mouth. Raises BadInput for an empty or overlong prompt.
    """
    return worded(processor, *patches(clip.frames, processor.video_processor, config.vision_config), prompt, card,
                  config, opening)


def worded(processor, pixels: torch.Tensor, grid: tuple[int, int, int], prompt: str, card: Card, config,
           opening: str = "") -> Inputs:
    """As `prepare`, of what the vision tower is given of a clip, and its grid of patches."""
    text = ask(card.query, tokenisable(check_prompt(prompt)))
    head, tail = _template(processor)
    tokenizer, video = processor.tokenizer, config.video_token_id
    before = tokenizer(head, add_special_tokens=False)["input_ids"]
    if before.count(video) != 1:
        raise BadInput("This checkpoint's chat template does not show the video exactly once before the text.")
    at = before.index(video)
    seen = grid[0] * grid[1] * grid[2] // config.vision_config.spatial_merge_size**2
    ids = [*before[:at], *[video] * seen, *before[at + 1:], *plain_ids(tokenizer, text),
           *tokenizer(tail, add_special_tokens=False)["input_ids"],
           *tokenizer(opening, add_special_tokens=False)["input_ids"]]
    input_ids = torch.tensor([ids])
    second_per_grid = config.vision_config.temporal_patch_size / card.sampling.fps
    position_ids, delta = positions(config, input_ids, grid, second_per_grid)
    return Inputs(input_ids, torch.ones_like(input_ids), pixels, torch.tensor([grid]), second_per_grid,
                  (input_ids == video).long() * VIDEO, position_ids, delta)


def patches(frames, video_processor, vision) -> tuple[torch.Tensor, tuple[int, int, int]]:
    """Frames uint8 [n, h, w, 3] as normalised patches float32 [P, 3 * pair * patch * patch], and their grid.

    Patches go in groups of merge x merge, as the vision tower wants them; a column is (colour, frame of the pair,
    row, column). vision: the model's vision config. An odd last frame is shown twice, as the reference does.
    """
    patch, pair, merge = vision.patch_size, vision.temporal_patch_size, vision.spatial_merge_size
    frames = torch.tensor(frames)
    if missing := -frames.shape[0] % pair:
        frames = torch.cat([frames, frames[-1:].expand(missing, -1, -1, -1)])
    count, height, width, colours = frames.shape
    if height % (patch * merge) or width % (patch * merge):
        raise ValueError(f"frames of {width}x{height} are not whole groups of patches: resize them first")
    grid = (count // pair, height // patch, width // patch)
    groups = frames.reshape(grid[0], pair, grid[1] // merge, merge, patch, grid[2] // merge, merge, patch, colours)
    rows = groups.permute(0, 2, 5, 3, 6, 8, 1, 4, 7).reshape(grid[0] * grid[1] * grid[2], -1)
    # One subtraction and one division, on 0..255: the reference fuses rescaling into mean and deviation.
    mean, deviation = (
        (torch.tensor(values) * (1.0 / video_processor.rescale_factor)).repeat_interleave(pair * patch * patch)
        for values in (video_processor.image_mean, video_processor.image_std))
    return rows.float().sub_(mean).div_(deviation), grid


def plain_ids(tokenizer, text: str) -> list[int]:
    """The ids of `text` as nothing but text: no added or special token can come out of it, whatever it says.

    Text without any such token in it gets its ordinary ids. Elsewhere it is cut inside each occurrence, after
    the first character, so that none is left to match.
    """
    added = {token: number for token, number in tokenizer.get_added_vocab().items() if len(token) > 1}
    occurrence = re.compile("(?=" + "|".join(map(re.escape, added)) + ")") if added else re.compile("(?!)")
    cuts = [0, *(match.start() + 1 for match in occurrence.finditer(text)), len(text)]
    ids = _encode(tokenizer, [text[start:end] for start, end in zip(cuts, cuts[1:], strict=False)])
    if not set(ids).isdisjoint(added.values()):  # a normaliser made a token that the text does not hold as such
        ids = _encode(tokenizer, text)
    return ids


def counted(tokenizer, prompt: str) -> int:
    """How many tokens the prompt has."""
    return len(plain_ids(tokenizer, tokenisable(prompt)))


def fitting(tokenizer, prompt: str, tokens: int) -> int:
    """How many characters of the prompt, from its start, are at most so many tokens: all of them where it fits."""
    if counted(tokenizer, prompt) <= tokens:
        return len(prompt)
    low, high = 0, len(prompt)      # the first `low` fit, the first `high` do not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if counted(tokenizer, prompt[:middle]) <= tokens else (low, middle)
    return low


def _encode(tokenizer, pieces) -> list[int]:
    return [number for piece in pieces for number in tokenizer(piece, add_special_tokens=False)["input_ids"]]


def _template(processor) -> tuple[str, str]:
    """The checkpoint's chat template around the user's text, with the reply about to begin."""
    template = processor.chat_template or processor.tokenizer.chat_template
    if not template:
        raise BadInput("This checkpoint has no chat template: add its chat_template.jinja to the folder.")
    message = {"role": "user", "content": [{"type": "video"}, {"type": "text", "text": MARK}]}
    rendered = processor.tokenizer.apply_chat_template([message], chat_template=template, tokenize=False,
                                                       add_generation_prompt=True)
    head, found, tail = rendered.partition(MARK)
    if not found:
        raise BadInput("This checkpoint's chat template leaves out the text of a message with a video.")
    return head, tail


def tokenisable(prompt: str) -> str:
    """The prompt with what no tokenizer takes, halves of surrogate pairs, replaced."""
    return prompt.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
