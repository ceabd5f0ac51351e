"""What stands in the tower's place: the padding, what is in a cell, the tokens of pictures and of the pulse."""
from types import SimpleNamespace

import numpy as np
import torch

from vs2.model import eye
from vs2.model.pulse import COUNT
from vs2.model.views import CUT, SIDE, views

VISION = SimpleNamespace(spatial_merge_size=8, out_hidden_size=16)
GRID = [eye.PAIRS, 16, 16]


def looking() -> eye.Eye:
    torch.manual_seed(0)
    return eye.Eye(VISION).eval()


def test_each_clip_gets_a_token_for_each_cell_of_each_pair_and_what_it_gets_alone():
    clips, made = torch.randn(2, eye.ROWS, eye.FEATURES), looking()
    with torch.inference_mode():
        both = made(clips.flatten(0, 1), grid_thw=torch.tensor([GRID, GRID])).pooler_output
        alone = [made(clip, grid_thw=torch.tensor([GRID])).pooler_output for clip in clips]
    assert both.shape == (2 * eye.ROWS, 16)
    assert torch.allclose(both, torch.cat(alone), atol=1e-5) and not torch.allclose(alone[0], alone[1], atol=1e-3)


def test_the_pulse_is_the_last_tokens_and_bears_on_no_other():
    seen, made = torch.randn(6, 2, 2, eye.FEATURES), looking()
    plain, felt = torch.zeros(COUNT), torch.zeros(COUNT)
    felt[3] = 1.0
    with torch.inference_mode():
        one, other = (made(eye.rows(seen, pulse), grid_thw=torch.tensor([GRID])).pooler_output
                      for pulse in (plain, felt))
    assert torch.equal(one[:24], other[:24]) and (other[24:] == other[24]).all()
    assert torch.allclose((other - one)[24, :8], made.feel.matrix.weight[:, 3], atol=1e-6)


def test_each_token_knows_the_mean_of_its_kind():
    tokens = torch.arange(7 * 4 * 3, dtype=torch.float32).view(7, 4, 3)
    found = eye.with_means(tokens)
    assert found.shape == (7, 4, 6) and torch.equal(found[..., :3], tokens)
    for kind, (first, last) in {"whole frames": (0, 4), "pieces": (4, 6), "the pulse": (6, 7)}.items():
        means = tokens[first:last].mean((0, 1)).expand(last - first, 4, 3)
        assert torch.allclose(found[first:last, :, 3:], means), kind


def test_the_padding_is_tensorflows():
    layer = eye.Convolution(1, 1, 3, 2)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.bias.zero_()
        even, odd = layer(torch.ones(1, 1, 4, 4)), layer(torch.ones(1, 1, 5, 5))
    assert even[0, 0].tolist() == [[9, 6], [6, 4]], "the odd pixel of padding comes at the end"
    assert odd[0, 0].tolist() == [[4, 6, 4], [6, 9, 6], [4, 6, 4]]


def test_a_cell_knows_its_mean_its_deviation_and_its_change():
    x = torch.zeros(2, 1, 4, 4)
    x[1, 0, :2, :2] = 2.0
    found = eye.cells([x], 2, 2)
    assert found.shape == (1, 2, 2, 3)
    assert found[0, 0, 0].tolist() == [1.0, 0.0, 2.0] and found[0, 1, 1].tolist() == [0.0, 0.0, 0.0]


def test_a_clip_is_shown_whole_and_in_pieces_at_its_own_size():
    frames = np.full((8, 280, 392, 3), 60, np.uint8)
    frames[:, 0:SIDE, 392 - SIDE:] = np.random.default_rng(3).integers(0, 121, (8, SIDE, SIDE, 3))
    shown = views(frames)
    assert shown.shape == (12, SIDE, SIDE, 3)
    assert (shown[8:10] == frames[CUT[0]:CUT[0] + 2, 28:28 + SIDE, 84:84 + SIDE]).all(), "from the middle"
    assert (shown[10:] == frames[CUT[1]:CUT[1] + 2, :SIDE, -SIDE:]).all(), "and where most detail is"


def test_a_short_and_small_clip_is_shown_all_the_same():
    assert views(np.zeros((2, 28, 84, 3), np.uint8)).shape == (12, SIDE, SIDE, 3)
