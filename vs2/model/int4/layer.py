"""Linear layers with weights in 4 bits, and the output layer in 8: torch's kernels for few rows, dense for many.

Few rows (a token, some samples) are bound by reading the weights, so they are multiplied packed, by torch's
`_weight_int4pack_mm_for_cpu`. Many (a prompt) are bound by arithmetic, where the dense product of a processor wins:
the weights are then unpacked, a piece of the layer at a time so that they stay in its cache, and multiplied in `dense`.
`zero` never enters the unpacked weights. With w = (q - 8) * scale + zero in groups of 32 (vs2/model/int4/grid.py),

    x w = sum over k of x_k (q_k - 8) scale  +  sum over groups of zero_g (sum over the group of x)

is one product of [x, sums of x over groups] with [(q - 8) * scale, zero]: a 32nd more to multiply, and less to unpack.
Activations are bfloat16 here: in float32 torch's kernel has no vectors and takes twenty times as long.
"""
from functools import lru_cache

import torch
from torch import nn

from vs2.errors import Failure
from vs2.model import cpu
from vs2.model.int4 import grid

FEW = 64            # rows up to which the packed product is quicker: perf/int4.py
PIECE = 2**22       # weights that are unpacked at once: in fewer steps, for threads that others delay meet at each
NUMBERS = torch.bfloat16
SIDE = 4096         # of the weights that tell which is quicker: more than caches hold


class Linear4(nn.Module):
    """y = x w + bias for x [..., k] -> [..., n]. codes: uint8 [n, k / 2], laid out as `arrange` leaves them.

    grid: bfloat16 [k / 32, n, 2], scale and zero.
    """

    codes: torch.Tensor
    grid: torch.Tensor

    def __init__(self, columns: int, rows: int, bias: bool):
        super().__init__()
        self.in_features, self.out_features = columns, rows
        self.codes = nn.Parameter(torch.empty(rows, columns // 2, dtype=torch.uint8), requires_grad=False)
        self.grid = nn.Parameter(torch.empty(columns // grid.GROUP, rows, 2, dtype=NUMBERS), requires_grad=False)
        self.bias = nn.Parameter(torch.empty(rows, dtype=NUMBERS), requires_grad=False) if bias else None
        self.halves = True      # whether the codes lie as on the disk

    @classmethod
    def of(cls, linear: nn.Linear) -> "Linear4":
        """A linear layer's weights, put on the grid now."""
        made = cls(linear.in_features, linear.out_features, linear.bias is not None)
        codes, made.grid.data = grid.quantise(linear.weight.detach())
        made.codes.data = grid.lay(codes)
        if made.bias is not None:
            made.bias.data = linear.bias.detach().to(NUMBERS)
        return made.arrange()

    def arrange(self) -> "Linear4":
        """Lays the codes out as this processor's kernel wants them, in place; where it wants the disk's, nothing."""
        if self.halves and not as_stored():
            self.codes.data = _pack(grid.unlay(self.codes))
            self.halves = False
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = x.reshape(-1, self.in_features).to(NUMBERS)
        made = self._packed(rows.contiguous()) if len(rows) <= FEW else self._dense(rows)
        if self.bias is not None:
            made += self.bias
        return made.view(*x.shape[:-1], self.out_features)

    def _packed(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.ops.aten._weight_int4pack_mm_for_cpu(rows, self.codes, grid.GROUP, self.grid)

    def _dense(self, rows: torch.Tensor) -> torch.Tensor:
        k, group, numbers = self.in_features, grid.GROUP, cpu.quick_dtype()
        sums = rows.view(len(rows), -1, group).sum(-1, dtype=torch.float32)
        wide = torch.cat([rows.to(numbers), sums.to(numbers)], 1)
        step = max(grid.BLOCK, PIECE // k // grid.BLOCK * grid.BLOCK)
        piece = torch.empty(step, wide.shape[1], dtype=numbers)
        made = torch.empty(len(rows), self.out_features, dtype=NUMBERS)
        for row in range(0, self.out_features, step):
            count = min(step, self.out_features - row)
            scale, zero = self.grid[:, row:row + count].permute(2, 1, 0)
            weights = piece[:count]
            inner = weights[:, :k].view(count, -1, group)
            inner.copy_(self._steps(row, count).view(inner.shape))
            inner.mul_(scale[..., None])
            weights[:, k:].copy_(zero)
            made[:, row:row + count] = wide @ weights.t()
        return made

    def _steps(self, row: int, count: int) -> torch.Tensor:
        """Codes less 8, int8 [count, k], of the rows from `row` on."""
        kept = self.codes[row:row + count]
        codes = grid.unlay(kept) if self.halves else _unpack(kept)
        return codes.view(torch.int8).sub_(grid.MIDDLE)


class Linear8(nn.Module):
    """The output layer: codes int8 [n, k], scales bfloat16 [n]; y = x (codes * scales) for few rows alone."""

    codes: torch.Tensor
    scales: torch.Tensor

    def __init__(self, columns: int, rows: int):
        super().__init__()
        self.in_features, self.out_features = columns, rows
        self.codes = nn.Parameter(torch.empty(rows, columns, dtype=torch.int8), requires_grad=False)
        self.scales = nn.Parameter(torch.empty(rows, dtype=NUMBERS), requires_grad=False)

    @classmethod
    def of(cls, linear: nn.Linear) -> "Linear8":
        """An output layer's weights in 8 bits."""
        made = cls(linear.in_features, linear.out_features)
        made.codes.data, made.scales.data = grid.quantise_rows(linear.weight.detach())
        return made

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = x.reshape(-1, self.in_features).to(NUMBERS).contiguous()
        made = torch.ops.aten._weight_int8pack_mm(rows, self.codes, self.scales)
        return made.view(*x.shape[:-1], self.out_features)


def _pack(codes: torch.Tensor) -> torch.Tensor:
    """Codes uint8 [n, k] -> uint8 [n, k / 2], as the kernel of this processor wants them."""
    return torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes.int(), 1)


@lru_cache(maxsize=1)
def _order() -> tuple[int, torch.Tensor]:
    """How `_pack` lays codes out here: rows to a block, and where in its halves of bytes each of its rows is.

    Found by packing the numbers of rows: how a processor's kernel wants its codes is written down nowhere.
    """
    for rows in (16, 32, 64):
        numbers = torch.arange(4 * rows)[:, None].expand(-1, grid.GROUP)
        digits = [_halves(_pack((numbers >> shift & 15).to(torch.uint8)), rows).int() for shift in (0, 4)]
        found = digits[0] | digits[1] << 4      # [blocks, rows, k]: the row that is at each place
        first = found[0, :, 0]
        whole = (first[:, None] + torch.arange(4)[:, None, None] * rows).expand(-1, -1, grid.GROUP)
        if torch.equal(found, whole.int()) and torch.equal(first.sort().values, torch.arange(rows).int()):
            return rows, first.argsort()
    raise Failure("This version of torch packs weights of 4 bits in an order that is not known here: install one of "
                  "those that vs2 asks for, or take --precision bf16.")


def _halves(packed: torch.Tensor, rows: int) -> torch.Tensor:
    """Bytes [n, k / 2] -> the halves of their bytes, [n / rows, rows, k]: all low ones of a block, then the high."""
    parts = packed.view(-1, 2 * packed.shape[1], rows // 2).transpose(1, 2)
    return torch.stack([parts & 15, parts >> 4], 1).flatten(1, 2)


def _unpack(packed: torch.Tensor) -> torch.Tensor:
    """What `_pack` was given: codes uint8 [n, k] of n rows, a multiple of 64."""
    rows, places = _order()
    return _halves(packed, rows).index_select(1, places).view(len(packed), -1)


@lru_cache(maxsize=1)
def as_stored() -> bool:
    """Whether this processor's kernel wants the codes as they lie on the disk."""
    sample = torch.arange(2 * grid.BLOCK * grid.GROUP).remainder(13).to(torch.uint8).view(-1, grid.GROUP)
    return torch.equal(_pack(sample), grid.lay(sample))


@lru_cache(maxsize=1)
def quicker() -> bool:
    """Whether this processor multiplies a row by weights in 4 bits quicker than by bfloat16: measured, for where torch
    has no vectors for its kernel it is much slower."""
    row = torch.ones(1, SIDE, dtype=NUMBERS)
    four, whole = Linear4(SIDE, SIDE, bias=False), torch.ones(SIDE, SIDE, dtype=NUMBERS)
    four.codes.data.fill_(0)
    four.grid.data.fill_(1)
    with torch.inference_mode():
        return cpu.quickest(lambda: four(row)) < cpu.quickest(lambda: row @ whole.t())
