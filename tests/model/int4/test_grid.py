"""Weights on a grid of 4 bits: never worse than min-max, and laid out so that nothing is lost."""

import pytest
import torch

from vs2.model.int4 import grid


def weights(kind: str) -> torch.Tensor:
    """[128, 96] of one kind."""
    dice = torch.Generator().manual_seed(3)
    drawn = torch.randn(128, 96, generator=dice)
    if kind == "heavy tails":
        return drawn / torch.rand(128, 96, generator=dice).clamp_min(0.02)
    if kind == "far from 0":
        return drawn * 0.01 + 5
    if kind == "one outlier a group":
        drawn[:, ::32] = 40
        return drawn
    if kind == "constant":
        return torch.full((128, 96), -0.37)
    if kind == "zero":
        return torch.zeros(128, 96)
    if kind == "tiny":
        return drawn * 1e-30
    return drawn


def min_max(weight: torch.Tensor) -> torch.Tensor:
    """The weights on the grid that each group's least and greatest weight span, as plainly as can be."""
    groups = weight.reshape(-1, grid.GROUP)
    low, high = groups.amin(1, keepdim=True), groups.amax(1, keepdim=True)
    step = ((high - low) / 15).bfloat16().float()
    zero = ((high + low) / 2 + (high - low) / 30).bfloat16().float()
    codes = ((groups - zero) / step.where(step > 0, 1)).round().clamp(-8, 7)
    return (codes * step + zero).view(weight.shape)


KINDS = ("normal", "heavy tails", "far from 0", "one outlier a group", "constant", "zero", "tiny")


@pytest.mark.parametrize("kind", KINDS)
def test_least_squares_is_never_worse_than_min_max_in_any_group(kind):
    weight = weights(kind)
    codes, numbers = grid.quantise(weight)
    assert codes.dtype == torch.uint8 and codes.max() < 16 and numbers.dtype == torch.bfloat16
    found = grid.restored(codes, numbers)
    assert found.isfinite().all()
    ours, plain = ((each - weight).square().view(-1, grid.GROUP).sum(1) for each in (found, min_max(weight)))
    assert (ours <= plain * 1.0001 + 1e-12).all()
    if kind in ("normal", "heavy tails"):
        assert ours.sum() < 0.95 * plain.sum(), "the search has to win something"
    if kind == "zero":
        assert not found.any()


def test_pieces_do_not_change_what_comes_out(monkeypatch):
    weight = weights("normal").bfloat16()
    whole = grid.quantise(weight)
    monkeypatch.setattr(grid, "SLAB", 96 * 5)
    assert all(map(torch.equal, whole, grid.quantise(weight)))
    rows = grid.quantise_rows(weight)
    monkeypatch.setattr(grid, "SLAB", 1)
    assert all(map(torch.equal, rows, grid.quantise_rows(weight)))


def test_codes_are_kept_in_halves_of_bytes_by_blocks_of_64_rows():
    codes = torch.randint(0, 16, (192, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    kept = grid.lay(codes)
    assert kept.shape == (192, 16) and torch.equal(grid.unlay(kept), codes)
    assert all(grid.lay(torch.zeros(64, k, dtype=torch.uint8)).is_contiguous() for k in (32, 64, 96))
    block, column, row = 2, 7, 11
    byte = kept.flatten()[block * 64 * 16 + column * 32 + row]
    assert byte == codes[block * 64 + row, column] | codes[block * 64 + row + 32, column] << 4


def test_which_widths_fit():
    assert grid.fits(64, 32) and grid.fits(18944, 3584)
    assert not grid.fits(32, 64) and not grid.fits(64, 48) and not grid.fits(100, 64)


def test_rows_in_eight_bits_are_within_half_a_step():
    weight = weights("heavy tails")
    weight[5] = 0
    codes, scales = grid.quantise_rows(weight)
    step = scales.float()[:, None]
    assert ((codes * step - weight).abs() <= 0.5 * step + weight.abs() * 2**-8).all() and not codes[5].any()
