"""Explicit positions: both branches of vs2.model.rope, and that prefill, cached steps and generate all honour them."""
import copy
from types import SimpleNamespace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.model.test_inputs import LONG, prepared
from tests.model.test_inputs import stack as stack
from vs2.model import rope
from vs2.model.inputs import cache_name, cache_of, step_kwargs

VISION = SimpleNamespace(spatial_merge_size=2, tokens_per_second=2)
CONFIG = SimpleNamespace(vision_config=VISION, vision_start_token_id=1, video_token_id=2, image_token_id=3)


def sequence(grid, before=4, after=5):
    return torch.tensor([[9] * before + [1] + [2] * (grid[0] * grid[1] * grid[2] // 4) + [9] * after])


def right(input_ids, video_grid_thw, second_per_grid_ts):
    """The rule in plain Python: what a repaired upstream would return."""
    (frames, height, width), (seconds,) = video_grid_thw[0].tolist(), second_per_grid_ts.tolist()
    start = input_ids[0].tolist().index(2)
    rows = [(i, i, i) for i in range(start)]
    rows += [(start + int(t * 2 * seconds), start + y, start + x)
             for t in range(frames) for y in range(height // 2) for x in range(width // 2)]
    while len(rows) < input_ids.shape[1]:
        rows.append((max(max(row) for row in rows[start:]) + 1,) * 3)
    ids = torch.tensor(rows).T[:, None]
    return ids, (ids.max() + 1 - input_ids.shape[1]).reshape(1, 1)


@pytest.mark.parametrize("grid", [(1, 4, 4), (2, 40, 72), (12, 4, 6), (24, 18, 30)])
@pytest.mark.parametrize("seconds", [0.25, 0.5, 1.0, 2.0])
def test_positions_follow_the_rule(grid, seconds):
    input_ids = sequence(grid)
    ids, delta = rope.positions(CONFIG, input_ids, grid, seconds)
    wanted, wanted_delta = right(input_ids, torch.tensor([grid]), torch.tensor([seconds]))
    assert torch.equal(ids, wanted)
    assert delta == int(wanted_delta)


def test_upstream_is_used_when_it_is_right(monkeypatch):
    from transformers import Qwen2_5_VLModel

    asked = []

    def repaired(self, input_ids, video_grid_thw=None, second_per_grid_ts=None, **_):
        asked.append(video_grid_thw[0].tolist())
        return right(input_ids, video_grid_thw, second_per_grid_ts)

    def not_needed(*_):
        raise AssertionError("upstream is right")

    monkeypatch.setattr(Qwen2_5_VLModel, "get_rope_index", repaired)
    rope.positions(CONFIG, sequence((2, 4, 4)), (2, 4, 4), 1.0)
    assert asked == [*map(list, rope.PROBES), [2, 4, 4]]
    monkeypatch.setattr(rope, "_corrected", not_needed)
    ids, delta = rope.positions(CONFIG, sequence((20, 4, 4)), (20, 4, 4), 1.0)
    assert asked[len(rope.PROBES) + 1:] == [[20, 4, 4]]  # the probes are not repeated
    assert (ids[0, 0, -1], delta) == (5 + 38 + 5, 49 - 90)


def test_upstream_is_not_used_when_it_is_wrong_or_cannot_be_asked(monkeypatch):
    from transformers import Qwen2_5_VLModel

    def overlapping(self, input_ids, video_grid_thw=None, second_per_grid_ts=None, **_):
        ids, delta = right(input_ids, video_grid_thw, second_per_grid_ts)
        late = ids.max(0).values > 60
        return ids - 3 * late, delta

    def renamed(self, tokens):
        raise NotImplementedError

    for method in (overlapping, renamed):
        monkeypatch.setattr(Qwen2_5_VLModel, "get_rope_index", method)
        input_ids = sequence((30, 4, 4))
        ids, delta = rope.positions(CONFIG, input_ids, (30, 4, 4), 1.0)
        wanted, wanted_delta = right(input_ids, torch.tensor([[30, 4, 4]]), torch.tensor([1.0]))
        assert torch.equal(ids, wanted)
        assert delta == int(wanted_delta)


# The model, fed so


@pytest.fixture(scope="module")
def long(stack):
    return prepared(stack, LONG)


@torch.no_grad()
def whole(stack, inputs, reply):
    """Logits [len(reply) + 1, vocabulary] from one pass without a cache over prompt and reply."""
    ids = torch.cat([inputs.input_ids, torch.tensor([reply], dtype=torch.long)], 1)
    grid = tuple(inputs.video_grid_thw[0].tolist())
    positions, _ = rope.positions(stack.config, ids, grid, inputs.second_per_grid_ts)
    longer = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "position_ids": positions}
    return stack.model(**inputs.model_kwargs() | longer, use_cache=False, logits_to_keep=len(reply) + 1).logits[0]


@torch.no_grad()
def test_cached_steps_equal_one_pass_without_a_cache(stack, long):
    stack.model.model.rope_deltas = torch.tensor([[10**6]])  # the model's own memory must not matter
    out = stack.model(**long.model_kwargs(), use_cache=True, logits_to_keep=1)
    logits, reply = [out.logits[0, -1]], []
    for number in range(8):
        reply.append(int(logits[-1].argmax()) if number < 4 else 70 + number)
        out = stack.model(**step_kwargs(long.rope_delta, torch.tensor([reply[-1:]]), cache_of(out),
                                        long.length + number))
        logits.append(out.logits[0, -1])
    wanted = whole(stack, long, reply)
    assert torch.allclose(torch.stack(logits), wanted, atol=1e-4)
    assert not torch.allclose(wanted[0], wanted[-1], atol=1e-2)


@torch.no_grad()
def test_several_rows_and_several_tokens_at_once(stack, long):
    rows = [[70, 71, 72, 73], [80, 81, 82, 83], [90, 91, 92, 93]]
    out = stack.model(**long.model_kwargs(), use_cache=True, logits_to_keep=1)
    cache = copy.deepcopy(cache_of(out))
    cache.batch_repeat_interleave(3)
    stack.model(**step_kwargs(long.rope_delta, torch.tensor(rows)[:, :1], cache, long.length))
    steps = stack.model(**step_kwargs(long.rope_delta, torch.tensor(rows)[:, 1:], cache, long.length + 1)).logits
    for row, reply in enumerate(rows):
        assert torch.allclose(steps[row], whole(stack, long, reply)[2:], atol=1e-4)


@torch.no_grad()
def test_a_static_cache_gives_the_same(stack, long):
    from transformers import StaticCache

    cache = StaticCache(config=stack.config.get_text_config(), max_cache_len=long.length + 16)
    stack.model(**long.model_kwargs(), use_cache=True, logits_to_keep=1, **{cache_name(): cache})
    first = stack.model(**step_kwargs(long.rope_delta, torch.tensor([[70]]), cache, long.length)).logits[0]
    more = stack.model(**step_kwargs(long.rope_delta, torch.tensor([[71, 72]]), cache, long.length + 1)).logits[0]
    assert torch.allclose(torch.cat([first, more]), whole(stack, long, [70, 71, 72])[1:], atol=1e-4)


@torch.no_grad()
def test_generate_honours_the_positions_too(stack, long):
    made = stack.model.generate(**long.model_kwargs(), max_new_tokens=6, do_sample=False, eos_token_id=None)
    reply = made[0, long.length:].tolist()
    assert whole(stack, long, reply[:-1]).argmax(-1).tolist() == reply


@torch.no_grad()
def test_positions_and_pixels_reach_the_model(stack, long):
    """Canaries: without these the other tests could pass on a model that ignores both."""
    kwargs = long.model_kwargs()
    usual = stack.model(**kwargs, logits_to_keep=1).logits
    moved = long.position_ids.clone()
    moved[0, :, -40:] -= 20
    for change in ({"position_ids": moved}, {"pixel_values_videos": -long.pixel_values_videos}):
        assert not torch.allclose(stack.model(**{**kwargs, **change}, logits_to_keep=1).logits, usual, atol=1e-2)


class Made(TorchDispatchMode):
    """Keeps what is made on a device: (shape, dtype)."""

    def __init__(self, device):
        super().__init__()
        self.device, self.tensors = device, []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor) and out.device.type == self.device:
            self.tensors.append((tuple(out.shape), out.dtype))
        return out


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_the_pixels_are_on_the_device_once(long, dtype):
    with Made("meta") as made:
        long.to("meta", dtype)
    pixels = [of for shape, of in made.tensors if shape == tuple(long.pixel_values_videos.shape)]
    assert pixels == [dtype or torch.float32]


def test_to_moves_every_tensor_and_casts_pixels_alone(long):
    moved = long.to("meta", torch.bfloat16)
    kwargs = moved.model_kwargs()
    assert {tensor.device.type for tensor in kwargs.values()} == {"meta"}
    assert kwargs["pixel_values_videos"].dtype == torch.bfloat16
    assert kwargs["position_ids"].dtype == torch.int64
    assert (moved.rope_delta, moved.length) == (long.rope_delta, long.length)
    assert long.pixel_values_videos.dtype == torch.float32
