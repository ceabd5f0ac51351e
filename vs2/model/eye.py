"""What a small judge sees footage with: EfficientNet-Lite0 in a Qwen2.5-VL's place for the vision tower.

A tower that has only met rendered scenes sees little in a film, and two CPU cores cannot teach it to. These are the
convolutions of EfficientNet-Lite0 (Tan and Le, arXiv 1905.11946; weights trained on ImageNet, Apache-2.0), with their
batch normalisation folded in, frozen; on top one matrix for what it sees, and one for the pulse (`vs2.model.pulse`).
The network runs once a clip: what it saw tells whether a clip is footage, and is then what the model is given.
"""
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from vs2.model.pulse import COUNT
from vs2.model.views import FRAMES

STEM = 32
# kernel, stride of the first block, expansion, channels, blocks; of each stage
STAGES = ((3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3), (5, 1, 6, 112, 3), (5, 2, 6, 192, 4),
          (3, 1, 6, 320, 1))
TAPS = (1, 2, 4, 6)         # stages whose features are kept: at a 4th, 8th, 16th and 32nd of the picture's size
MEAN, DEVIATION = 127.0, 128.0      # of pixels, as its weights were trained
FEATURES = 3 * sum(STAGES[tap][3] for tap in TAPS)      # of a cell: mean, deviation, change within the pair
CELLS = 2           # of a picture, a side
PAIRS = 7           # four of whole frames, two of pieces, and the pulse in the place of one
ROWS = PAIRS * CELLS**2
FURTHEST = 6.0      # deviations beyond which a feature says no more


class Convolution(nn.Conv2d):
    """With TensorFlow's padding: as much as the stride needs, the odd pixel at the end."""

    def __init__(self, inside: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inside, out, kernel, stride, groups=groups)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        rows, columns = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[-2:])
        if rows or columns:
            x = functional.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return functional.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)


class Block(nn.Module):
    """An inverted residual: wider, each channel by itself, narrow again."""

    def __init__(self, inside: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inside * expansion
        self.expand = Convolution(inside, wide, 1) if expansion > 1 else None
        self.depthwise = Convolution(wide, wide, kernel, stride, groups=wide)
        self.project = Convolution(wide, out, 1)
        self.skips = stride == 1 and inside == out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x if self.expand is None else functional.relu6(self.expand(x))
        y = self.project(functional.relu6(self.depthwise(y)))
        return x + y if self.skips else y


class Network(nn.Module):
    """The convolutions alone: pictures [n, 3, h, w] of pixels 0 to 255 -> what each of TAPS sees."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, STEM, 3, 2)
        self.stages = nn.ModuleList()
        inside = STEM
        for kernel, stride, expansion, out, blocks in STAGES:
            self.stages.append(nn.Sequential(*(
                Block(out if n else inside, out, kernel, 1 if n else stride, expansion) for n in range(blocks))))
            inside = out

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        x = functional.relu6(self.stem((pictures - MEAN) / DEVIATION))
        seen = []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in TAPS:
                seen.append(x)
        return seen


def cells(seen: list[torch.Tensor], rows: int, columns: int) -> torch.Tensor:
    """What is in each cell of each pair of pictures: [pairs, rows, columns, FEATURES], of `Network`'s [n, c, h, w].

    Of each channel: its mean over the cell in both pictures, its deviation there, and how much it changes from the
    first to the second.
    """
    found = []
    for x in seen:
        first, second = x[::2], x[1::2]
        mean = functional.adaptive_avg_pool2d(x, (rows, columns))
        square = functional.adaptive_avg_pool2d(x * x, (rows, columns))
        deviation = (square - mean * mean).clamp_min(0).sqrt()
        change = functional.adaptive_avg_pool2d((second - first).abs(), (rows, columns))
        found += [(mean[::2] + mean[1::2]) / 2, (deviation[::2] + deviation[1::2]) / 2, change]
    return torch.cat(found, 1).permute(0, 2, 3, 1)


def with_means(tokens: torch.Tensor) -> torch.Tensor:
    """[..., pairs, cells, 2 c] of [..., pairs, cells, c]: each beside the mean of its kind, frames, pieces or pulse.

    What a regression says of a clip is such a mean; to be found among 24 tokens it would have to be learned.
    """
    parts = tokens.split((FRAMES // 2, PAIRS - 1 - FRAMES // 2, 1), -3)
    means = [part.mean((-3, -2), keepdim=True).expand_as(part) for part in parts]
    return torch.cat([tokens, torch.cat(means, -3)], -1)


class Look(nn.Module):
    """Features [..., wide] -> float [..., width]: placed among those of footage, then one matrix."""

    centre: torch.Tensor
    spread: torch.Tensor

    def __init__(self, wide: int, width: int) -> None:
        super().__init__()
        self.matrix = nn.Linear(wide, width)
        self.register_buffer("centre", torch.zeros(wide))       # of what footage shows of each feature
        self.register_buffer("spread", torch.ones(wide))

    def forward(self, found: torch.Tensor) -> torch.Tensor:
        placed = ((found - self.centre) / self.spread).clamp(-FURTHEST, FURTHEST)
        return self.matrix(placed.to(self.matrix.weight.dtype))


@dataclass(eq=False)
class Tokens:
    """What takes the place of a vision tower's outputs, with what transformers asks of those, and puts into them."""

    last_hidden_state: torch.Tensor
    pooler_output: torch.Tensor

    def to_tuple(self) -> tuple[torch.Tensor, ...]:
        """Both."""
        return self.last_hidden_state, self.pooler_output


class Eye(nn.Module):
    """Stands for `model.model.visual` of a Qwen2.5-VL, and takes what its network saw in place of patches.

    vision: the model's vision config. Of each of PAIRS pairs of pictures there are CELLS x CELLS tokens, half of each
    what is in the cell, half of it the mean of that over the clip. The last pair is none: all its tokens are the pulse.
    """

    def __init__(self, vision) -> None:
        super().__init__()
        self.config, self.spatial_merge_size = vision, vision.spatial_merge_size
        self.network = Network()
        self.look = Look(FEATURES, vision.out_hidden_size // 2)
        self.feel = Look(COUNT, vision.out_hidden_size // 2)

    @property
    def dtype(self) -> torch.dtype:
        """What features are cast to."""
        return self.look.matrix.weight.dtype

    def tokens(self, rows: torch.Tensor) -> torch.Tensor:
        """[PAIRS, CELLS ** 2, width] of one clip's `rows`."""
        rows = rows.unflatten(0, (PAIRS, CELLS**2))
        return with_means(torch.cat([self.look(rows[:-1]), self.feel(rows[-1:, :, :COUNT])]))

    def forward(self, hidden_states: torch.Tensor, grid_thw: torch.Tensor, **kwargs):
        """hidden_states [ROWS of each clip, FEATURES]. `pooler_output` [ROWS of each clip, width]."""
        tokens = torch.cat([self.tokens(clip).flatten(0, 1) for clip in hidden_states.split(ROWS)])
        return Tokens(tokens, tokens)


def rows(seen: torch.Tensor, pulse: torch.Tensor) -> torch.Tensor:
    """float32 [ROWS, FEATURES]: what the eye is given of a clip's `cells` and the numbers of its pulse, [COUNT]."""
    felt = functional.pad(pulse.float(), (0, FEATURES - COUNT)).expand(CELLS**2, FEATURES)
    return torch.cat([seen.float().reshape(-1, FEATURES), felt])
