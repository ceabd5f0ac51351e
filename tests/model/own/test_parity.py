"""The forward pass in plain torch gives transformers' numbers: features, logits, step by step, in padded rows."""
import copy
from pathlib import Path

import pytest
import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from tests.support.tiny import write_tiny
from vs2 import video
from vs2.model import checkpoint, inputs, memory, together, weights
from vs2.model.card import Card
from vs2.model.own import load
from vs2.model.own.model import Qwen
from vs2.resources import ASSETS

CPU = torch.device("cpu")
CLOSE = 1e-5        # of logits; they are up to 20 with mini
TOKENS = (50, 60, 70, 80, 90)


def write_random(folder: Path, tied: bool = False) -> Path:
    """The tiny checkpoint in another shape: more groups of heads, windows that do not fill the picture, full attention
    in the middle, uneven rotations, an output layer of its own."""
    write_tiny(folder)
    config = Qwen2_5_VLConfig.from_pretrained(folder)
    text, seen = config.text_config, config.vision_config
    text.hidden_size, text.num_hidden_layers, text.num_attention_heads, text.num_key_value_heads = 96, 3, 6, 2
    text.layer_types = ["full_attention"] * 3
    text.rope_parameters["mrope_section"], text.rms_norm_eps = [2, 1, 5], 1e-6
    seen.depth, seen.fullatt_block_indexes, seen.window_size, seen.out_hidden_size = 4, [1, 3], 84, 96
    config.tie_word_embeddings = text.tie_word_embeddings = tied
    torch.manual_seed(1)
    model = Qwen2_5_VLForConditionalGeneration(config).float()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(torch.randn_like(weight) * 0.1 + (1 if "norm" in name or "ln_q" in name else 0))
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["mini", "tiny", "random", "random tied"])
def pair(request, tmp_path_factory):
    """The folder, the model here and transformers'."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("checkpoint")
    if request.param == "mini":
        folder = ASSETS / "mini"
    elif request.param == "tiny":
        write_tiny(folder)
    else:
        write_random(folder, "tied" in request.param)
    return _pair(folder, "fp32")


def _pair(folder: Path, precision: str):
    found = checkpoint.locate(str(folder))
    assert load.takes(found, precision, CPU)
    both = weights.load(found, precision, CPU), weights.load(found, precision, CPU, plain=False)
    assert isinstance(both[0].model, Qwen) and isinstance(both[1].model, Qwen2_5_VLForConditionalGeneration)
    return both


def given(loaded, grid=(3, 8, 12), prompt: int = 9, seed: int = 0) -> inputs.Inputs:
    """What the model is fed of random patches: grid in pairs of frames, patch rows and columns; tokens after it."""
    config, dice = loaded.model.config, torch.Generator().manual_seed(seed)
    merge = config.vision_config.spatial_merge_size
    seen = grid[0] * grid[1] * grid[2] // merge**2
    ids = torch.tensor([[3, config.vision_start_token_id, *[config.video_token_id] * seen, 20,
                         *range(30, 30 + prompt)]])
    from vs2.model.rope import _corrected, _essence

    places, delta = _corrected(_essence(config), ids, grid, 1.0)
    pixels = torch.randn(grid[0] * grid[1] * grid[2], 1176, generator=dice)
    return inputs.Inputs(ids, torch.ones_like(ids), pixels, torch.tensor([grid]), 1.0, (ids == 0).long(), places, delta)


@pytest.mark.parametrize("grid", [(3, 8, 12), (2, 6, 6), (1, 4, 10), (4, 2, 2), (2, 22, 4)], ids=str)
@torch.inference_mode()
def test_what_is_seen_and_what_follows_a_prompt(pair, grid):
    own, theirs = (one.model for one in pair)
    asked = given(pair[0], grid)
    seen, wanted = (one.model.visual(asked.pixel_values_videos, grid_thw=asked.video_grid_thw).pooler_output
                    for one in (own, theirs))
    assert torch.allclose(seen, wanted, rtol=0, atol=CLOSE)
    made, expected = (one(**asked.model_kwargs(), use_cache=True).logits for one in (own, theirs))
    assert torch.allclose(made, expected, rtol=0, atol=CLOSE)
    assert torch.allclose(own(**asked.model_kwargs(), logits_to_keep=2).logits, made[:, -2:], rtol=0, atol=CLOSE)


@torch.inference_mode()
def test_several_clips_are_seen_at_once(pair):
    some = [given(pair[0], grid, seed=seed) for seed, grid in enumerate([(2, 6, 8), (1, 4, 4), (3, 2, 10)])]
    pixels = torch.cat([one.pixel_values_videos for one in some])
    grids = torch.cat([one.video_grid_thw for one in some])
    seen, wanted = (one.model.model.visual(pixels, grid_thw=grids).pooler_output for one in pair)
    assert torch.allclose(seen, wanted, rtol=0, atol=CLOSE)


@torch.inference_mode()
def test_replies_that_grow_from_one_prompt(pair):
    """Several rows, a token and several tokens at a time, rows that end: far enough for the cache to need more room."""
    asked = given(pair[0])
    first, second = (memory.begin(one.model, [asked], 3, 8)[0] for one in pair)
    rows = 3
    for step in range(150):
        if step == 70:
            rows = 2
            for one in (first, second):
                one.keep([0, 2])
        tokens = torch.tensor([[TOKENS[(step + row + more) % 5] for more in range(1 + 3 * (step % 20 == 7))]
                               for row in range(rows)])
        assert torch.allclose(first.write(tokens), second.write(tokens), rtol=0, atol=CLOSE), step


@torch.inference_mode()
def test_prompts_of_several_lengths(pair):
    """Read one by one and joined, and all at once: padded on the left in either case."""
    some = [given(pair[0], grid, length, seed) for seed, (grid, length) in enumerate(
        [((2, 6, 8), 4), ((1, 4, 4), 30), ((3, 2, 10), 9)])]
    (first, own), (second, theirs) = (memory.begin(one.model, some, 3, 8) for one in pair)
    assert torch.allclose(own, theirs, rtol=0, atol=CLOSE)
    for tokens in ([[50], [60], [70]], [[51, 52], [61, 62], [71, 72]], [[50], [60], [70]]):
        logits = [one.write(torch.tensor(tokens)) for one in (first, second)]
        assert torch.allclose(*logits, rtol=0, atol=CLOSE)
    at_once = [one.model(**together.padded(some, 0), use_cache=True, logits_to_keep=1).logits for one in pair]
    assert torch.allclose(*at_once, rtol=0, atol=CLOSE) and torch.allclose(at_once[0][:, 0], own, rtol=0, atol=CLOSE)


@pytest.mark.parametrize("name", ["mini", "random"])
@torch.inference_mode()
def test_sixteen_bits_differ_by_their_rounding_at_most(name, tmp_path):
    pair = _pair(ASSETS / "mini" if name == "mini" else write_random(tmp_path), "bf16")
    asked = given(pair[0]).to("cpu", torch.bfloat16)
    (first, own), (second, theirs) = (memory.begin(one.model, [asked], 1, 8) for one in pair)
    assert torch.allclose(own, theirs, rtol=2**-7, atol=2**-5)
    for token in TOKENS:
        logits = [one.write(torch.tensor([[token]])) for one in (first, second)]
        assert torch.allclose(*logits, rtol=2**-7, atol=2**-5)


@torch.inference_mode()
def test_nothing_is_left_from_one_pass_to_the_next(pair):
    """A clip between two passes over another, in and out of inference mode: what is kept of grids is no state."""
    model, asked = pair[0].model, given(pair[0])
    once = model(**asked.model_kwargs()).logits
    with torch.inference_mode(False), torch.no_grad():
        plain = given(pair[0])
        assert torch.equal(model(**plain.model_kwargs()).logits, once)
    model(**given(pair[0], (1, 4, 4)).model_kwargs())
    assert torch.equal(model(**asked.model_kwargs()).logits, once)
    assert torch.equal(copy.deepcopy(model)(**asked.model_kwargs()).logits, once)


@torch.inference_mode()
def test_positions_are_those_of_a_real_clip(shared):
    """Real clips through the whole way: the processor, the frames, both models (needs ../shared)."""
    pair, card = _pair(ASSETS / "mini", "fp32"), Card.read(ASSETS / "mini")
    for path in sorted((shared / "data" / "videos").glob("*.mp4"))[:6]:
        clip = video.read(path, card.sampling)
        made, wanted = (inputs.prepare(one.processor, clip, "a cat on a mat", card, one.model.config) for one in pair)
        assert torch.equal(made.input_ids, wanted.input_ids) and torch.equal(made.position_ids, wanted.position_ids)
        assert torch.equal(made.pixel_values_videos, wanted.pixel_values_videos)
        logits = [one.model(**made.model_kwargs(), logits_to_keep=1).logits for one in pair]
        assert torch.allclose(*logits, rtol=0, atol=CLOSE)
