"""The eye's convolutions, fused, see what the plain ones see."""
import numpy as np
import pytest
import torch

from vs2.model.eye import Convolution, Eye, Network
from vs2.model.own import eye
from vs2.model.own import load as own
from vs2.resources import ASSETS

PART = ASSETS / "mini" / "footage"


@pytest.fixture(scope="module")
def network():
    made = own.footage(PART, torch.float32)
    plain = Eye(made.config.vision_config).network
    from safetensors.torch import load_file

    start = "model.visual.network."
    plain.load_state_dict({name[len(start):]: value for name, value in load_file(PART / "model.safetensors").items()
                           if name.startswith(start)})
    return made.model.visual.network, plain


def pictures(count: int, height: int, width: int) -> torch.Tensor:
    """Smooth ones with some grain, as channels last."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:height, 0:width] / 30
    made = np.stack([np.stack([127 + 90 * np.sin(x * a + y * b + n) for a, b in rng.uniform(0.5, 2, (3, 2))], -1)
                     for n in range(count)]) + rng.normal(0, 8, (count, height, width, 3))
    return torch.from_numpy(made.clip(0, 255).astype(np.uint8)).permute(0, 3, 1, 2).float()


@pytest.mark.skipif(not eye.takes(torch.float32), reason="this machine has no oneDNN for x86")
@pytest.mark.parametrize("size", [(12, 224, 224), (2, 97, 131), (4, 64, 64)])
def test_it_sees_what_the_plain_network_sees(network, size):
    """Other sizes too, after weights were laid out for the first."""
    fused, plain = network
    with torch.inference_mode():
        fused(pictures(12, 224, 224))
    assert isinstance(fused, eye.Fused) and isinstance(plain, Network)
    with torch.inference_mode():
        for one, two in zip(fused(pictures(*size)), plain(pictures(*size)), strict=True):
            assert one.shape == two.shape
            assert torch.allclose(one, two, atol=1e-5 * float(two.abs().max()), rtol=0)


@pytest.mark.skipif(not eye.takes(torch.float32), reason="this machine has no oneDNN for x86")
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize(("inner", "outer", "groups"), [(8, 8, 8), (8, 16, 1)])
def test_uneven_padding_is_where_it_was(kernel, inner, outer, groups):
    """One step that meets sizes of every kind by turns: it keeps its weights in two ways."""
    torch.manual_seed(0)
    plain = Convolution(inner, outer, kernel, stride=2, groups=groups)
    step = eye._Step(plain, limited=True)
    with torch.inference_mode():
        for height, width in [(16, 16), (17, 17), (16, 17), (16, 16), (17, 16), (7, 9), (8, 10)]:
            x = torch.randn(2, inner, height, width).contiguous(memory_format=torch.channels_last)
            before, wanted = x.clone(), plain(x).clamp(0, 6)
            assert torch.allclose(step(x), wanted, atol=1e-5) and step(x).shape == wanted.shape
            assert torch.equal(x, before)


@pytest.mark.skipif(not eye.takes(torch.float32), reason="this machine has no oneDNN for x86")
def test_it_says_the_same_every_time_and_leaves_the_pictures_alone(network):
    shown = pictures(12, 224, 224)
    before = shown.clone()
    with torch.inference_mode():
        first = [seen.clone() for seen in network[0](shown)]
        assert all(torch.equal(one, two) for one, two in zip(first, network[0](shown), strict=True))
    assert torch.equal(shown, before)


def test_other_numbers_are_left_to_the_plain_network():
    assert not eye.takes(torch.bfloat16)
    assert isinstance(own.footage(PART, torch.bfloat16).model.visual.network, Network)
