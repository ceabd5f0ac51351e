"""What stands in the tower's place: the pictures out of the patches, the padding, what is in a cell."""
from types import SimpleNamespace

import numpy as np
import torch

from vs2.model import eye
from vs2.model.inputs import patches
from vs2.model.views import CUT, SIDE, views

VISION = SimpleNamespace(spatial_merge_size=8, patch_size=14, temporal_patch_size=2, out_hidden_size=16)
NORMAL = SimpleNamespace(rescale_factor=1 / 255, image_mean=[0.48, 0.46, 0.41], image_std=[0.27, 0.26, 0.28])


def looking() -> eye.Eye:
    torch.manual_seed(0)
    made = eye.Eye(VISION).eval()
    for layer in made.network.modules():        # so that a signal comes through, and no denormal numbers
        if isinstance(layer, eye.Convolution):
            torch.nn.init.kaiming_normal_(layer.weight)
    made.mean.copy_(torch.tensor(NORMAL.image_mean) * 255)
    made.deviation.copy_(torch.tensor(NORMAL.image_std) * 255)
    return made


def test_the_pictures_come_out_of_the_patches_as_they_went_in():
    frames = np.random.default_rng(0).integers(0, 256, (4, 112, 224, 3)).astype(np.uint8)
    cut, grid = patches(frames, NORMAL, VISION)
    back = looking().pictures(cut, grid)
    assert back.shape == (4, 3, 112, 224)
    assert torch.allclose(back, torch.from_numpy(frames).permute(0, 3, 1, 2).float(), atol=1e-3)


def test_each_clip_gets_a_token_for_each_cell_of_each_pair_and_what_it_gets_alone():
    some = np.random.default_rng(1).integers(0, 256, (2, 4, 112, 112, 3)).astype(np.uint8)
    cut = [patches(frames, NORMAL, VISION) for frames in some]
    seen, made = torch.tensor([grid for _, grid in cut]), looking()
    with torch.inference_mode():
        both = made(torch.cat([pixels for pixels, _ in cut]), grid_thw=seen).pooler_output
        alone = [made(pixels, grid_thw=seen[:1]).pooler_output for pixels, _ in cut]
    assert both.shape == (2 * 2 * 1, 16)
    assert torch.allclose(both, torch.cat(alone), atol=1e-5) and not torch.allclose(alone[0], alone[1], atol=1e-3)


def test_each_token_knows_the_mean_of_its_kind():
    tokens = torch.arange(6 * 4 * 3, dtype=torch.float32).view(6, 4, 3)
    found = eye.with_means(tokens)
    assert found.shape == (6, 4, 6) and torch.equal(found[..., :3], tokens)
    assert torch.allclose(found[:4, :, 3:], tokens[:4].mean((0, 1)).expand(4, 4, 3)), "whole frames"
    assert torch.allclose(found[4:, :, 3:], tokens[4:].mean((0, 1)).expand(2, 4, 3)), "and pieces"
    charted = eye.with_means(torch.cat([tokens, 7 + tokens[:1]]))
    assert torch.equal(charted[:6], found), "a chart is no part of either"
    assert torch.allclose(charted[6, :, 3:], (7 + tokens[0]).mean(0).expand(4, 3))
    assert eye.with_means(tokens[:2]).shape == (2, 4, 6), "a clip without pieces"


def test_of_seven_pairs_the_last_is_a_chart_that_is_read_and_seen_by_no_convolution():
    frames = views(np.random.default_rng(4).integers(0, 256, (8, 112, 112, 3)).astype(np.uint8))
    made = looking()
    torch.nn.init.ones_(made.feel.matrix.weight)
    cut, grid = patches(frames, NORMAL, VISION)
    with torch.inference_mode():
        plain = made(cut, grid_thw=torch.tensor([grid])).pooler_output.view(7, 4, 16)
        frames[-2:, :28, :28] = 255                     # its first number, at its highest
        cut, _ = patches(frames, NORMAL, VISION)
        other = made(cut, grid_thw=torch.tensor([grid])).pooler_output.view(7, 4, 16)
    assert torch.allclose(plain[:6], other[:6], atol=1e-5)
    assert torch.allclose(other[6] - plain[6], torch.full((4, 16), 6.0), atol=0.05)


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
    assert shown.shape == (14, SIDE, SIDE, 3)
    assert (shown[8:10] == frames[CUT[0]:CUT[0] + 2, 28:28 + SIDE, 84:84 + SIDE]).all(), "from the middle"
    assert (shown[10:12] == frames[CUT[1]:CUT[1] + 2, :SIDE, -SIDE:]).all(), "and where most detail is"


def test_a_short_and_small_clip_is_shown_all_the_same():
    assert views(np.zeros((2, 28, 84, 3), np.uint8)).shape == (14, SIDE, SIDE, 3)
