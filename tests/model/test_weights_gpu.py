"""What a GPU loads and computes in: bfloat16, and before Ampere float32 or nothing. The GPUs are faked."""
import shutil
from dataclasses import replace

import pytest
import torch

from tests.model.test_weights import CPU, CUDA, GB, published
from tests.support.tiny import widened, write_tiny
from vs2.errors import Failure
from vs2.model import attention, weights
from vs2.model.checkpoint import Checkpoint, locate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.set_num_threads(1)
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def turing(monkeypatch):
    """A T4, as far as it is asked."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda where=None: (7, 5))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda where=None: "Tesla T4")


def quantised(method="bitsandbytes"):
    return replace(published(), config={"quantization_config": {"quant_method": method}}, stored=6 * GB)


@pytest.mark.parametrize(
    ("found", "free", "wanted", "chosen"),
    [
        (published(), 15 * GB, "auto", "4bit"),
        (published(), 32 * GB, "auto", "4bit"),
        (published(), 48 * GB, "auto", "fp32"),
        (published(), None, "auto", "fp32"),
        (published(), 15 * GB, "4bit", "4bit"),
        (published(), 48 * GB, "fp32", "fp32"),
        (Checkpoint("mini", None, {}, {"a": (4_000_000,)}, 8_000_000), 15 * GB, "auto", "fp32"),
        (quantised(), 15 * GB, "auto", "bitsandbytes"),
    ],
)
def test_before_ampere_it_is_float32_or_four_bit(turing, found, free, wanted, chosen):
    assert weights.choose(found, wanted, CUDA, free) == chosen


@pytest.mark.parametrize(
    ("found", "free", "wanted", "says"),
    [
        (published(), 32 * GB, "bf16", r"^org/model would compute in bfloat16, which Tesla T4 is too old for .*: "
                                       r"take --precision 4bit or fp32\.$"),
        # 3.4 GB of 4-bit weights and 1.8 billion numbers of four bytes
        (published(), 10 * GB, "auto", r"needs 10.6 GB for its weights at 4bit and the GPU has 10.0 GB free: free"),
        (published(), 16 * GB, "fp32", r"33.2 GB .* at fp32 .* take --precision 4bit \(10.6 GB\)"),
        (published(), 40 * GB, "fp32", None),
        (quantised("gptq"), 15 * GB, "auto", r"T4 is too old .* one that is not quantised, with --precision 4bit\.$"),
    ],
)
def test_before_ampere_what_would_crawl_or_not_fit_is_refused(turing, found, free, wanted, says):
    if says is None:
        assert weights.choose(found, wanted, CUDA, free) == wanted
        return
    with pytest.raises(Failure, match=says):
        weights.choose(found, wanted, CUDA, free)


@pytest.mark.parametrize(("precision", "old", "numbers"), [
    ("bf16", False, torch.bfloat16), ("4bit", False, torch.bfloat16), ("fp32", False, torch.float32),
    ("4bit", True, torch.float32), ("fp32", True, torch.float32)])
def test_what_a_gpu_computes_in(folder, monkeypatch, precision, old, numbers):
    """The model is loaded on the CPU, told that it is a GPU."""
    from transformers import Qwen2_5_VLForConditionalGeneration

    monkeypatch.setattr(weights.gpu, "before_ampere", lambda where: old)
    monkeypatch.setattr(weights.gpu, "free", lambda where: 80 * GB)
    asked, plain = {}, Qwen2_5_VLForConditionalGeneration.from_pretrained

    def load(folder, **options):
        asked.update(options)
        return plain(folder, **{name: value for name, value in options.items()
                                if name not in ("device_map", "quantization_config")})

    monkeypatch.setattr(Qwen2_5_VLForConditionalGeneration, "from_pretrained", load)
    model = weights.load(locate(str(folder)), precision, CUDA).model
    assert asked["dtype"] == numbers == model.dtype
    if precision == "4bit":
        assert asked["quantization_config"].bnb_4bit_compute_dtype == numbers
    assert attention.ours(model)
    assert model.model.visual.config._attn_implementation == "sdpa"


@pytest.mark.slow
def test_four_bit_weights_compute_in_float32_where_there_is_no_bfloat16(tmp_path, monkeypatch):
    import bitsandbytes as bnb

    folder = widened(write_tiny(tmp_path / "tiny"))
    monkeypatch.setattr(weights, "choose", lambda found, wanted, where, free: found.quantised or "4bit")
    usual = weights.load(locate(str(folder)), "4bit", CPU).model
    usual.save_pretrained(tmp_path / "ready")
    for file in folder.iterdir():
        if not (tmp_path / "ready" / file.name).exists():
            shutil.copy(file, tmp_path / "ready")
    monkeypatch.setattr(weights.gpu, "before_ampere", lambda where: True)
    for found in (locate(str(folder)), locate(str(tmp_path / "ready"))):
        model = weights.load(found, "auto" if found.quantised else "4bit", CPU).model
        small = [module for module in model.modules() if isinstance(module, bnb.nn.Linear4bit)]
        assert len(small) == 2 * 7 and {module.compute_dtype for module in small} == {torch.float32}
        assert {weight.dtype for weight in model.parameters()} == {torch.float32, torch.uint8}
        ids = torch.tensor([[5, 6, 7]], device=model.device)
        assert model(input_ids=ids).logits.dtype == torch.float32 and model(input_ids=ids).logits.isfinite().all()
    assert {module.compute_dtype for module in usual.modules() if isinstance(module, bnb.nn.Linear4bit)} == {
        torch.bfloat16}
