"""From a judge's name to a model in memory: folders, precisions, what does not fit, and what is no checkpoint."""

import json
import math
import shutil
import struct
import sys
from dataclasses import replace

import pytest
import torch

from tests.support.tiny import widened, write_tiny
from vs2.errors import BadInput, Failure
from vs2.model import checkpoint, weights
from vs2.model.checkpoint import Checkpoint, locate
from vs2.model.int4 import layer

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
        (CPU, 64 * GB, "auto", "int4"),
        (CPU, None, "auto", "int4"),
        (CPU, 64 * GB, "4bit", "int4"),
        (CPU, 64 * GB, "bf16", "bf16"),
        (CPU, 64 * GB, "fp32", "fp32"),
    ],
)
def test_precision_follows_the_device_and_its_memory(where, free, wanted, chosen, monkeypatch):
    monkeypatch.setattr(layer, "quicker", lambda: True)
    assert weights.choose(published(), wanted, where, free) == chosen


def test_a_cpu_whose_kernel_is_slow_takes_four_bits_only_where_sixteen_do_not_fit(monkeypatch):
    monkeypatch.setattr(layer, "quicker", lambda: False)
    assert weights.choose(published(), "auto", CPU, 64 * GB) == "bf16"
    assert weights.choose(published(), "auto", CPU, 16 * GB) == "int4"
    half = Checkpoint("half", None, {}, {"a": (900_000_000,)}, 1_800_000_000)
    assert weights.choose(half, "auto", CPU, 64 * GB) == "bf16", "not above 2 GB"


def test_a_small_checkpoint_is_exact_on_a_cpu():
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


@pytest.mark.slow
def test_four_bit_leaves_the_tower_and_the_head_alone(tmp_path, monkeypatch):
    import bitsandbytes as bnb

    from tests.support.clips import moving_square
    from vs2.judge import Judge

    folder = widened(write_tiny(tmp_path / "tiny"))
    (folder / "vs2.json").write_text(json.dumps({"pixels": [28 * 28, 56 * 56], "max_frames": 4}))
    monkeypatch.setattr(weights, "choose", lambda checkpoint, wanted, where, free: wanted)  # as on a GPU
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
        weights._four_bit(locate(str(folder)), CPU)
    with pytest.raises(Failure, match="bf16"):
        weights._four_bit(published(), torch.device("mps"))
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(Failure, match="bitsandbytes"):
        weights._four_bit(published(), CUDA)


@pytest.mark.parametrize("key", ["_attn_implementation", "attn_implementation"])
def test_a_checkpoint_does_not_choose_code_to_fetch(copy, monkeypatch, key):
    """transformers takes a name with a slash for a repository of the Hub with a kernel, and runs what is in it."""
    asked = []

    def fetch(*names, **_):
        asked.append(names)
        raise AssertionError("it was to be fetched")

    for where in ("transformers.integrations.hub_kernels", "transformers.modeling_utils",
                  "transformers.modeling_flash_attention_utils"):
        for name in ("get_kernel", "lazy_load_kernel", "load_and_register_attn_kernel", "lazy_import_flash_attention"):
            monkeypatch.setattr(f"{where}.{name}", fetch, raising=False)
    config = json.loads((copy / "config.json").read_text())
    for part in (config, config["text_config"], config["vision_config"]):
        part[key] = "somebody/kernel"
    (copy / "config.json").write_text(json.dumps(config))
    model = weights.load(locate(str(copy)), "fp32", CPU, plain=False).model
    assert not asked
    for part in (model.config, model.config.text_config, model.config.vision_config):
        assert part._attn_implementation == "sdpa"
    from train.model import _loaded

    trained = _loaded(locate(str(copy)), {"dtype": "fp32"}, False)
    assert trained.config._attn_implementation == "sdpa" and not asked
