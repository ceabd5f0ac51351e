"""From a judge's name to a model in memory: folders, precisions, what does not fit, and what is no checkpoint."""

import json
import math
import shutil
import struct
import sys
from dataclasses import replace

import pytest
import torch

from tests.tiny import write_tiny
from vs2 import attention, checkpoint, weights
from vs2.checkpoint import Checkpoint, locate
from vs2.errors import BadInput, Failure

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
GB = 10**9


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.set_num_threads(1)
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def published(parameters=8_300_000_000) -> Checkpoint:
    """A checkpoint of the published one's size: 28 layers, the tower, embeddings and head."""
    layers, rest = 6_500_000_000, parameters - 6_500_000_000
    return Checkpoint(
        "org/model",
        None,
        {},
        {
            "model.layers.0.mlp.up_proj.weight": (layers // 2**10, 2**10),
            "visual.blocks.0.mlp.up_proj.weight": (rest // 2**10, 2**10),
        },
        2 * parameters,
    )


def test_a_folder_is_looked_at_without_loading(folder):
    found = locate(str(folder))
    model = weights.load(found).model
    assert found.parameters == sum(math.prod(weight.shape) for weight in model.state_dict().values()) - (
        math.prod(model.lm_head.weight.shape)
    )  # tied: stored once
    assert found.stored == 4 * found.parameters == found.bytes_at("fp32") == 2 * found.bytes_at("bf16")


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "config.json").write_text("{"), "config.json that cannot be read"),
        (lambda f: (f / "config.json").write_text("[]"), "no JSON object"),
        (lambda f: (f / "config.json").write_text('{"model_type": "llama"}'), "is a llama model"),
        (lambda f: (f / "model.safetensors").unlink(), "no weights as safetensors"),
        (lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), "no weights as safetensors"),
        (lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-9]), "cut short"),
        (
            lambda f: (f / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\n"),
            "broken file of weights",
        ),
        (lambda f: (f / "model.safetensors").write_bytes(b"\x01"), "broken file of weights"),
        (lambda f: (f / "model.safetensors").write_bytes(struct.pack("<Q", 2) + b"[]"), "broken file of weights"),
        (
            lambda f: (
                (f / "model.safetensors").rename(f / "a.safetensors"),
                (f / "model.safetensors.index.json").write_text(
                    '{"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}'
                ),
            ),
            r"lacks 1 of its 2 files of weights \(b.safetensors",
        ),
        (
            lambda f: (
                (f / "model.safetensors").unlink(),
                (f / "model.safetensors.index.json").write_text('{"weight_map": 3}'),
            ),
            "broken index",
        ),
        (
            lambda f: (
                (f / "model.safetensors").rename(f.parent / "a.safetensors"),
                (f / "model.safetensors.index.json").write_text('{"weight_map": {"x": "../a.safetensors"}}'),
            ),
            "lacks 1",
        ),
        (lambda f: (f / "tokenizer.json").unlink(), "has no tokenizer"),
        (lambda f: (f / "preprocessor_config.json").unlink(), "has no preprocessor"),
    ],
)
def test_what_is_no_checkpoint_is_one_sentence(copy, break_it, says):
    break_it(copy)
    with pytest.raises(BadInput, match=says):
        locate(str(copy))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no such", "There is no judge 'no such'"),
        ("", "no config.json|There is no judge"),
        ("a/b/c", "There is no judge"),
        ("x" * 300, "There is no judge"),
        ("../a", "There is no judge"),
        ("org/na--me", "There is no judge"),
        ("a\x00b", "There is no judge"),
    ],
)
def test_a_name_that_means_nothing(name, says):
    with pytest.raises(BadInput, match=says):
        locate(name)


def test_a_file_is_no_folder(copy):
    with pytest.raises(BadInput, match="is a file"):
        locate(str(copy / "config.json"))


def test_mini_comes_from_the_assets(copy, monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoint, "ASSETS", tmp_path)
    with pytest.raises(Failure, match="make mini"):
        locate("mini")
    copy.rename(tmp_path / "mini")
    assert locate("mini").name == "mini"


def test_tensors_that_are_missing_or_wrong_are_not_left_random(copy):
    from safetensors.torch import load_file, save_file

    tensors = load_file(copy / "model.safetensors")
    gone = next(name for name in tensors if "up_proj" in name)
    save_file(
        {name: tensor for name, tensor in tensors.items() if name != gone}, copy / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(BadInput, match="lacks 1 of its tensors"):
        weights.load(locate(str(copy)))
    save_file(tensors | {gone: tensors[gone][:-1].contiguous()}, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(BadInput, match="cannot be loaded|lacks 1"):
        weights.load(locate(str(copy)))


@pytest.mark.parametrize(
    ("where", "free", "wanted", "chosen"),
    [
        (CUDA, 80 * GB, "auto", "bf16"),
        (CUDA, 24 * GB, "auto", "bf16"),
        (CUDA, 20 * GB, "auto", "4bit"),
        (CUDA, 12 * GB, "auto", "4bit"),
        (CUDA, None, "auto", "bf16"),
        (CUDA, 20 * GB, "bf16", "bf16"),
        (CPU, 64 * GB, "auto", "bf16"),
        (CPU, 64 * GB, "fp32", "fp32"),
    ],
)
def test_precision_follows_the_device_and_its_memory(where, free, wanted, chosen):
    assert weights.choose(published(), wanted, where, free) == chosen


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
    # float32 has fused attention only where keys are not shared
    text = model.model.language_model.config._attn_implementation
    assert text == (attention.NAME if numbers == torch.float32 else "sdpa")
    assert model.model.visual.config._attn_implementation == "sdpa"


def test_a_small_checkpoint_is_exact_on_a_cpu():
    assert weights.choose(published(6_600_000_000), "auto", CPU, 64 * GB) == "bf16"
    small = Checkpoint("mini", None, {}, {"a": (4_000_000,)}, 8_000_000)
    assert weights.choose(small, "auto", CPU, 64 * GB) == "fp32"


@pytest.mark.parametrize(
    ("where", "free", "wanted", "says"),
    [
        (
            CUDA,
            12 * GB,
            "bf16",
            r"needs 16.6 GB for its weights at bf16 and the GPU has 12.0 GB free: take --precision 4bit \(7.0 GB\)",
        ),
        (CPU, 20 * GB, "fp32", r"33.2 GB .* at fp32 and this machine has 20.0 GB free: take --precision bf16"),
        (CUDA, 4 * GB, "auto", r"at 4bit and the GPU has 4.0 GB free: free some memory, or use the built-in judge"),
    ],
)
def test_weights_that_do_not_fit_say_the_numbers_and_what_would(where, free, wanted, says):
    with pytest.raises(Failure, match=says):
        weights.choose(published(), wanted, where, free)


def test_a_quantised_checkpoint_keeps_its_precision():
    ready = replace(published(), config={"quantization_config": {"quant_method": "bitsandbytes"}}, stored=6 * GB)
    assert weights.choose(ready, "auto", CUDA, 12 * GB) == "bitsandbytes"
    with pytest.raises(BadInput, match="quantised already"):
        weights.choose(ready, "4bit", CUDA, 12 * GB)


def test_free_memory_is_below_what_the_machine_has():
    import psutil

    assert 0 < weights.free_memory(CPU) <= psutil.virtual_memory().total


def widened(folder):
    """The tiny checkpoint with a language model of width 64, the least that NF4 takes on a CPU."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    config = Qwen2_5_VLConfig.from_pretrained(folder)
    config.text_config.hidden_size, config.text_config.intermediate_size = 64, 128
    config.text_config.rope_parameters["mrope_section"] = [2, 3, 3]
    config.vision_config.out_hidden_size = 64
    Qwen2_5_VLForConditionalGeneration(config).save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_four_bit_weights_compute_in_float32_where_there_is_no_bfloat16(tmp_path, monkeypatch):
    import bitsandbytes as bnb

    folder = widened(write_tiny(tmp_path / "tiny"))
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
        ids = torch.tensor([[5, 6, 7]])
        assert model(input_ids=ids).logits.dtype == torch.float32 and model(input_ids=ids).logits.isfinite().all()
    assert {module.compute_dtype for module in usual.modules() if isinstance(module, bnb.nn.Linear4bit)} == {
        torch.bfloat16}


@pytest.mark.slow
def test_four_bit_leaves_the_tower_and_the_head_alone(tmp_path):
    import bitsandbytes as bnb

    from tests.clips import moving_square
    from vs2.judge import Judge

    folder = widened(write_tiny(tmp_path / "tiny"))
    (folder / "vs2.json").write_text(json.dumps({"pixels": [28 * 28, 56 * 56], "max_frames": 4}))
    loaded = weights.load(locate(str(folder)), "4bit", CPU)
    small = {name for name, module in loaded.model.named_modules() if isinstance(module, bnb.nn.Linear4bit)}
    plain = {name for name, module in loaded.model.named_modules() if type(module) is torch.nn.Linear}
    assert loaded.precision == "4bit" and {name.split(".layers.")[0] for name in small} == {"model.language_model"}
    assert len(small) == 2 * 7 and "lm_head" in plain
    assert any("visual.blocks" in name for name in plain) and any("visual.merger" in name for name in plain)
    quick = Judge(loaded.model, loaded.processor, loaded.card, "tiny", loaded.precision).score(
        moving_square(tmp_path / "a.mp4", size=(112, 84)), "a red square", think=False
    )
    assert not quick.unread and quick.precision == "4bit"


def test_four_bit_that_cannot_run_is_one_sentence(folder, monkeypatch):
    with pytest.raises(Failure, match="no multiple of 64"):
        weights.load(locate(str(folder)), "4bit", CPU)
    with pytest.raises(Failure, match="bf16"):
        weights._four_bit(published(), torch.device("mps"))
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(Failure, match="bitsandbytes"):
        weights._four_bit(published(), CUDA)
