"""Where each token sits in time, height and width (M-RoPE), as Qwen2.5-VL was trained: text after a video goes on
at the highest position so far + 1, on all three axes.

transformers 5 starts that text at max(height, width) / 2 instead, whatever the length of the video: beyond some ten
seconds the text then overlaps the video in time, without an error. `positions` has the right computation. It first
asks upstream about made-up clips, and where the answers are right it uses upstream's own `get_rope_index` for the
real clip too: this file switches itself off when upstream is repaired.

At the published 2 frames a second every version counts time alike. Above it transformers 4.53 and 5.0 cut the
seconds of a pair of frames down to a whole number, so all frames get the same time; that is not copied here.
"""
import inspect
from functools import lru_cache
from types import SimpleNamespace

import torch

from vs2.model.own.config import Config

# Grids of a short clip, of one of 24 s, and of one so long that its time outgrows its size at any frame rate.
PROBES = ((2, 40, 72), (24, 18, 30), (300, 4, 4))


def positions(config, input_ids: torch.Tensor, grid: tuple[int, int, int],
              second_per_grid: float) -> tuple[torch.Tensor, int]:
    """Position ids int64 [3, 1, L] for input_ids [1, L] with one video of `grid` (pairs of frames, patch rows,
    patch columns), and the delta: token number n of anything that follows has position n + delta on each axis.

    config: the model's. second_per_grid: seconds that one pair of frames covers.
    """
    known = _essence(config)
    if isinstance(config, Config):      # of the forward pass here: whatever upstream does is no part of it
        return _corrected(known, input_ids, grid, second_per_grid)
    from transformers import Qwen2_5_VLModel

    if _upstream_is_right(Qwen2_5_VLModel.get_rope_index, second_per_grid, *known):
        return _ask_upstream(known, input_ids, grid, second_per_grid)
    return _corrected(known, input_ids, grid, second_per_grid)


def _essence(config) -> tuple[int, ...]:
    """All that positions depend on: spatial merge, tokens a second, and the ids of start, video and image tokens."""
    vision = config.vision_config
    return (vision.spatial_merge_size, vision.tokens_per_second,
            config.vision_start_token_id, config.video_token_id, config.image_token_id)


def _corrected(known, input_ids, grid, second_per_grid):
    merge, tokens_per_second, _, video, _ = known
    frames, height, width = grid[0], grid[1] // merge, grid[2] // merge
    start = int((input_ids[0] == video).nonzero()[0])
    # In float32 and cut, not rounded, as upstream multiplies.
    time = (torch.arange(frames) * (tokens_per_second * second_per_grid)).long()
    seen = torch.stack(torch.meshgrid(time, torch.arange(height), torch.arange(width), indexing="ij")).reshape(3, -1)
    seen = seen + start
    rest = input_ids.shape[1] - start - seen.shape[1]
    after = int(seen.max()) + 1
    head, tail = torch.arange(start), torch.arange(after, after + rest)
    result = torch.cat([head.expand(3, -1), seen, tail.expand(3, -1)], dim=1)
    return result[:, None].to(input_ids.device), int(result.max()) + 1 - input_ids.shape[1]


def _ask_upstream(known, input_ids, grid, second_per_grid):
    from transformers import Qwen2_5_VLModel

    class WithoutWeights(Qwen2_5_VLModel):
        """Upstream's methods on a configuration alone: nothing is built."""

        def __init__(self, config):
            torch.nn.Module.__init__(self)
            self.config = config

    merge, tokens_per_second, start, video, image = known
    config = SimpleNamespace(vision_start_token_id=start, video_token_id=video, image_token_id=image, vision_config=(
        SimpleNamespace(spatial_merge_size=merge, tokens_per_second=tokens_per_second)))
    given = {"input_ids": input_ids, "video_grid_thw": torch.tensor([grid]),
             "second_per_grid_ts": torch.tensor([second_per_grid]), "attention_mask": torch.ones_like(input_ids),
             "mm_token_type_ids": (input_ids == video).int() * 2}
    takes = inspect.signature(Qwen2_5_VLModel.get_rope_index).parameters
    ids, delta = WithoutWeights(config).get_rope_index(**{name: given[name] for name in given if name in takes})
    return ids, int(delta.reshape(-1)[0])


@lru_cache(maxsize=64)
def _upstream_is_right(method, second_per_grid: float, *known) -> bool:
    """Whether upstream gives the probes the right positions. `method` is in the key so that a new one is asked anew."""
    merge, _, start, video, _ = known
    text = max(known) + 1
    for grid in PROBES:
        seen = [video] * (grid[0] * grid[1] * grid[2] // merge**2)
        input_ids = torch.tensor([[text, start, *seen, text, text]])
        right, delta = _corrected(known, input_ids, grid, second_per_grid)
        try:
            theirs, their_delta = _ask_upstream(known, input_ids, grid, second_per_grid)
        except Exception:  # whatever a later version has made of the method, one that cannot be asked is not used
            return False
        if theirs.shape != right.shape or not torch.equal(theirs, right) or delta != their_delta:
            return False
    return True
