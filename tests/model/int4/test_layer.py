"""Layers in 4 and 8 bits beside the product with the weights that they stand for, in every order of codes."""

import pytest
import torch

from vs2.errors import Failure
from vs2.model import cpu
from vs2.model.int4 import grid, layer

ROWS, COLUMNS = 192, 96


@pytest.fixture
def linear():
    torch.manual_seed(1)
    made = torch.nn.Linear(COLUMNS, ROWS)
    made.weight.data *= torch.rand(ROWS, 1) * 3
    made.weight.data += 0.02
    return made


def stands_for(linear) -> torch.Tensor:
    """The weights after they were put on the grid."""
    return grid.restored(*grid.quantise(linear.weight.detach()))


@pytest.mark.parametrize("numbers", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("shape", [(1,), (2, 3), (layer.FEW,), (layer.FEW + 1,), (2, 90), (0,)])
def test_the_product_is_that_of_the_weights_it_stands_for(linear, shape, numbers, monkeypatch):
    monkeypatch.setattr(cpu, "quick_dtype", lambda: numbers)
    monkeypatch.setattr(layer, "PIECE", 64 * COLUMNS)       # several pieces
    x = torch.randn(*shape, COLUMNS, generator=torch.Generator().manual_seed(2)).bfloat16()
    found = layer.Linear4.of(linear)(x)
    wanted = x.float() @ stands_for(linear).t() + linear.bias.detach()
    assert found.shape == (*shape, ROWS) and found.dtype == torch.bfloat16
    assert (found.float() - wanted).norm() <= 0.005 * wanted.norm(), "bfloat16 has 8 bits: 0.4 %"


def test_few_and_many_rows_agree(linear):
    x = torch.randn(8, COLUMNS).bfloat16()
    made = layer.Linear4.of(linear)
    few, many = made._packed(x).float(), made._dense(x).float()
    assert (few - many).norm() < 0.005 * few.norm()


def halves(codes, block):
    """Row j of a block in the low half of byte j, row j + block / 2 in the high one (AVX2: 32)."""
    low, high = codes.view(-1, 2, block // 2, codes.shape[1]).transpose(2, 3).unbind(1)
    return (low | high << 4).reshape(len(codes), -1)


def neighbours(codes, block):
    """Rows 2 j and 2 j + 1 in byte j (no vectors: 16 or 32)."""
    low, high = codes.view(-1, block // 2, 2, codes.shape[1]).permute(2, 0, 3, 1)
    return (low | high << 4).reshape(len(codes), -1)


@pytest.fixture
def forgetful():
    """Before and after: nothing is known of how the processor wants its codes."""
    def forget():
        layer._order.cache_clear()
        layer.as_stored.cache_clear()

    forget()
    yield
    forget()


@pytest.mark.parametrize(("order", "block"), [(halves, 64), (halves, 32), (neighbours, 32), (neighbours, 16)])
def test_codes_are_found_again_in_any_processors_order(linear, monkeypatch, forgetful, order, block):
    monkeypatch.setattr(layer, "_pack", lambda codes: order(codes, block))
    assert layer.as_stored() == (order is halves and block == 64)
    made = layer.Linear4.of(linear)
    x = torch.randn(70, COLUMNS).bfloat16()
    wanted = x.float() @ stands_for(linear).t() + linear.bias.detach()
    assert (made(x).float() - wanted).norm() <= 0.005 * wanted.norm()


def test_an_order_that_is_not_known_is_one_sentence(monkeypatch, forgetful):
    monkeypatch.setattr(layer, "_pack", lambda codes: torch.zeros(len(codes), codes.shape[1] // 2, dtype=torch.uint8))
    with pytest.raises(Failure, match="another|order that is not known"):
        layer._order()


def test_the_output_layer_in_eight_bits(linear):
    head = torch.nn.Linear(COLUMNS, ROWS, bias=False)
    head.weight.data = linear.weight.detach()
    x = torch.randn(2, 3, COLUMNS).bfloat16()
    wanted = x.float() @ head.weight.detach().t()
    found = layer.Linear8.of(head)(x)
    assert found.shape == (2, 3, ROWS) and (found.float() - wanted).norm() < 0.012 * wanted.norm()
