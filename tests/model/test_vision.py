"""The quick vision tower gives stock transformers' features, whatever the windows."""
import gc
import weakref

import pytest
import torch
from transformers import AutoModelForImageTextToText, Qwen2_5_VLConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionTransformerPretrainedModel

from tests.support.tiny import write_tiny
from vs2.model.vision import quicken


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def stock(folder):
    return AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()


@pytest.fixture
def model(folder):
    return AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()


# patches: one window, whole windows, windows cut at the edges, two clips of different sizes
GRIDS = ([[2, 8, 8]], [[3, 16, 24]], [[4, 10, 14], [1, 4, 6]], [[2, 24, 18]])


@pytest.mark.parametrize("grid", GRIDS)
def test_features_are_the_same(stock, model, grid):
    grid = torch.tensor(grid)
    pixels = torch.randn(int(grid.prod(1).sum()), 1176, generator=torch.Generator().manual_seed(1))
    assert quicken(model) == 3     # two layers of attention and the patch embedding
    with torch.no_grad():
        wanted, mine = (x.model.visual(pixels, grid_thw=grid).pooler_output for x in (stock, model))
    wanted, mine = (torch.cat(list(x)) if isinstance(x, tuple | list) else x for x in (wanted, mine))
    # a matrix product adds up in another order than a convolution: the rounding of float32 remains
    assert torch.allclose(wanted, mine, rtol=1e-5, atol=3e-5), (wanted - mine).abs().max()


def test_one_call_of_attention_for_each_length_of_window(model, monkeypatch):
    quicken(model)
    calls, attend = [], torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention",
                        lambda q, *rest, **options: calls.append(q.shape) or attend(q, *rest, **options))
    grid = torch.tensor([[6, 16, 16]])
    with torch.no_grad():
        model.model.visual(torch.randn(6 * 256, 1176), grid_thw=grid)
    assert [shape[0] for shape in calls] == [24, 6]    # 6 pairs of 4 windows in one call, 6 whole pairs in another


def test_windows_are_read_off_the_device_once_for_all_layers(monkeypatch):
    config = Qwen2_5_VLConfig(vision_config={"depth": 6, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2,
                                             "out_hidden_size": 32, "fullatt_block_indexes": [2, 5]}).vision_config
    config._attn_implementation = "sdpa"
    tower = Qwen2_5_VisionTransformerPretrainedModel(config).eval()
    assert quicken(tower) == quicken(tower) == 7
    inside, read = [], []
    for block in tower.blocks:
        block.attn.register_forward_pre_hook(lambda *_: inside.append(True))
        block.attn.register_forward_hook(lambda *_: inside.clear())
    monkeypatch.setattr(torch.Tensor, "tolist", lambda x, tolist=torch.Tensor.tolist: (
        read.append(tuple(x.shape)) if inside else None, tolist(x))[1])
    for grid, windows in (([[3, 10, 14]], 4), ([[3, 12, 6]], 2)):    # of every pair of frames
        read.clear()
        with torch.inference_mode():
            tower(torch.randn(grid[0][0] * grid[0][1] * grid[0][2], 1176), grid_thw=torch.tensor(grid))
        assert read == [(3 * windows + 1,), (3 + 1,)]


def test_weights_keep_their_names(model):
    before = set(model.state_dict())
    quicken(model)
    assert set(model.state_dict()) == before


def test_a_quick_model_is_gone_with_its_last_name(folder):
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    quicken(model)
    gc.collect()
    weights = [weakref.ref(weight) for weight in model.parameters()]
    gc.disable()        # no search for cycles: there is to be none
    try:
        del model
        assert not [weight for weight in weights if weight() is not None]
    finally:
        gc.enable()
