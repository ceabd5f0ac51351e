"""Weights on a grid of 4 bits, by groups of 32: which grid, and how the codes lie in memory.

A group of 32 neighbours w in a row becomes codes q from 0 to 15 and two numbers in bfloat16, `scale` and `zero`:

    w = (q - 8) * scale + zero

Chosen is, of several grids, the one with the least squared error. They begin at the group's least and greatest weight
(min-max) and at narrower bounds, for one far weight would make the steps of all others coarse. For given codes the best
scale and zero are those of a line through the points (q - 8, w), so each grid is improved by that once more, with its
codes chosen anew. Errors are counted with both numbers as they are stored, so the grid is never worse than min-max.

On the disk the codes of 64 rows lie together, a column after the other: byte j of a column has row j in its low half
and row j + 32 in its high half. That is how torch's kernel wants them on AVX-512, so they are used there as they lie in
the mapped file; for other processors they are laid out anew while the checkpoint is loaded.
"""
import torch

GROUP, LEVELS, MIDDLE = 32, 16, 8       # weights that share a scale; codes; the code of 0 before `zero` is added
BLOCK = 64                              # rows whose codes lie together
BOUNDS = (1.0, 0.92, 0.84)            # shares of a group's range that are tried; narrower ones won nothing
SLAB = 2**22                            # weights that are worked on at once


def fits(rows: int, columns: int) -> bool:
    """Whether a layer of that shape can be kept so; any other stays as it is."""
    return rows % BLOCK == 0 and columns % GROUP == 0


def quantise(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights [n, k] -> codes uint8 [n, k], and bfloat16 [k / 32, n, 2]: scale and zero of each group."""
    rows, columns = weight.shape
    codes = torch.empty(rows, columns, dtype=torch.uint8)
    grid = torch.empty(columns // GROUP, rows, 2, dtype=torch.bfloat16)
    step = max(1, SLAB // columns)
    for row in range(0, rows, step):
        part = weight[row:row + step]
        found, scale, zero = _best(part.float().reshape(-1, GROUP))
        codes[row:row + step] = found.view(part.shape)
        grid[:, row:row + step] = torch.stack([scale, zero], -1).view(len(part), -1, 2).transpose(0, 1)
    return codes, grid


def _best(groups: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """float32 [n, 32] -> codes uint8 [n, 32], scale and zero bfloat16 [n] with the least squared error."""
    low, high = groups.amin(1, keepdim=True), groups.amax(1, keepdim=True)
    best = torch.full_like(low, torch.inf)
    codes, scale, zero = torch.zeros_like(groups), torch.zeros_like(low), torch.zeros_like(low)
    for share in BOUNDS:
        wide = (high - low) * (share / (LEVELS - 1))
        found = wide, (high + low) / 2 + wide / 2       # the middle of the codes is 7.5, half a step below 8
        for _ in range(2):
            found = tuple(part.bfloat16().float() for part in found)
            at = codes_of(groups, *found)
            error = (at * found[0] + found[1] - groups).square_().sum(1, keepdim=True)
            better = error < best
            best = torch.where(better, error, best)
            codes = torch.where(better, at, codes)
            scale, zero = torch.where(better, found[0], scale), torch.where(better, found[1], zero)
            found = _line(at, groups)
    return (codes + MIDDLE).to(torch.uint8), scale[:, 0].bfloat16(), zero[:, 0].bfloat16()


def codes_of(groups: torch.Tensor, scale: torch.Tensor, zero: torch.Tensor) -> torch.Tensor:
    """The nearest steps to weights, counted from the middle: float32 from -8 to 7."""
    steps = (groups - zero) / scale.where(scale != 0, 1)
    return steps.round_().clamp_(-MIDDLE, LEVELS - 1 - MIDDLE)


def _line(steps: torch.Tensor, groups: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The scale and zero of least squared error for given steps; of equal ones, scale 0."""
    middle, mean = steps.mean(1, keepdim=True), groups.mean(1, keepdim=True)
    apart = steps - middle
    spread = apart.square().sum(1, keepdim=True)
    scale = (apart * groups).sum(1, keepdim=True) / spread.where(spread > 0, 1)
    return scale, mean - scale * middle


def restored(codes: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """What codes uint8 [n, k] and their grid stand for: float32 [n, k]."""
    rows, columns = codes.shape
    scale, zero = grid.float().permute(2, 1, 0).unsqueeze(-1)
    return ((codes.float() - MIDDLE).view(rows, -1, GROUP) * scale + zero).view(rows, columns)


def lay(codes: torch.Tensor) -> torch.Tensor:
    """Codes uint8 [n, k] as they are kept: uint8 [n, k / 2]."""
    rows, columns = codes.shape
    low, high = codes.view(-1, 2, BLOCK // 2, columns).transpose(2, 3).unbind(1)
    return (low | high << 4).contiguous().view(rows, columns // 2)


def unlay(kept: torch.Tensor) -> torch.Tensor:
    """Kept uint8 [n, k / 2] -> codes uint8 [n, k]."""
    rows, half = kept.shape
    found = kept.view(-1, 2 * half, BLOCK // 2).transpose(1, 2)
    return torch.stack([found & 15, found >> 4], 1).view(rows, 2 * half)


def quantise_rows(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights [n, k] in 8 bits: int8 [n, k], and bfloat16 [n], the scale of each row: w = q * scale."""
    codes = torch.empty(weight.shape, dtype=torch.int8)
    scales = torch.empty(len(weight), dtype=torch.bfloat16)
    step = max(1, SLAB // weight.shape[1])
    for row in range(0, len(weight), step):
        part = weight[row:row + step].float()
        scale = (part.abs().amax(1) / 127).bfloat16()
        wide = scale.float().where(scale != 0, 1)[:, None]
        codes[row:row + step] = (part / wide).round_().clamp_(-127, 127)
        scales[row:row + step] = scale
    return codes, scales
