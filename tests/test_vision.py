"""The quick vision tower gives stock transformers' features, whatever the windows."""
import pytest
import torch
from transformers import AutoModelForImageTextToText

from tests.tiny import write_tiny
from vs2.vision import quicken


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = write_tiny(tmp_path_factory.mktemp("tiny"))
    return AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()


# patches: one window, whole windows, windows cut at the edges, two clips of different sizes
GRIDS = ([[2, 8, 8]], [[3, 16, 24]], [[4, 10, 14], [1, 4, 6]], [[2, 24, 18]])


@pytest.mark.parametrize("grid", GRIDS)
def test_features_are_the_same(model, grid):
    grid = torch.tensor(grid)
    pixels = torch.randn(int(grid.prod(1).sum()), 1176, generator=torch.Generator().manual_seed(1))
    quick = model.model.visual
    for module in quick.modules():
        vars(module).pop("forward", None)
    with torch.no_grad():
        stock = quick(pixels, grid_thw=grid).pooler_output
        assert quicken(model) == 3     # two layers of attention and the patch embedding
        mine = quick(pixels, grid_thw=grid).pooler_output
    stock, mine = (torch.cat(list(x)) if isinstance(x, tuple | list) else x for x in (stock, mine))
    # a matrix product adds up in another order than a convolution: the rounding of float32 remains
    assert torch.allclose(stock, mine, rtol=1e-5, atol=3e-5), (stock - mine).abs().max()


def test_one_call_of_attention_for_each_length_of_window(model, monkeypatch):
    quicken(model)
    calls, attend = [], torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention",
                        lambda q, *rest, **options: calls.append(q.shape) or attend(q, *rest, **options))
    grid = torch.tensor([[6, 16, 16]])
    with torch.no_grad():
        model.model.visual(torch.randn(6 * 256, 1176), grid_thw=grid)
    assert [shape[0] for shape in calls] == [24, 6]    # 6 pairs of 4 windows in one call, 6 whole pairs in another


def test_weights_keep_their_names(model):
    before = set(model.state_dict())
    quicken(model)
    assert set(model.state_dict()) == before
