"""Which checkpoints are run in plain torch, what is said of broken ones, and who gets transformers' classes."""
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor

from tests.support.tiny import write_tiny
from vs2 import judge
from vs2.errors import BadInput
from vs2.model import checkpoint, footage, weights
from vs2.model.own import load
from vs2.model.own.model import Qwen
from vs2.model.own.processor import Processor
from vs2.resources import ASSETS

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.set_num_threads(1)
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def taken(folder, precision="fp32", where=CPU) -> bool:
    return load.takes(checkpoint.locate(str(folder)), precision, where)


def test_a_small_one_on_a_cpu_is_and_others_are_not(folder, monkeypatch):
    assert taken(folder) and taken(folder, "bf16") and taken(ASSETS / "mini")
    assert not taken(folder, "int4") and not taken(folder, "4bit")
    assert not taken(folder, where=torch.device("cuda", 0)) and not taken(folder, where=torch.device("mps"))
    monkeypatch.setattr(load, "SMALL", checkpoint.locate(str(folder)).bytes_at("fp32"))
    assert not taken(folder)


@pytest.mark.parametrize("change", [
    {"text_config.hidden_act": "gelu"}, {"text_config.use_sliding_window": True},
    {"text_config.layer_types": ["full_attention", "sliding_attention"]},
    {"text_config.rope_parameters.rope_type": "yarn"}, {"text_config.rope_parameters.factor": 4.0},
    {"text_config.rope_parameters.mrope_section": [1, 1, 1]}, {"text_config.head_dim": 16},
    {"text_config.num_hidden_layers": "2"}, {"text_config.hidden_size": None}, {"text_config": None},
    {"vision_config.hidden_act": "gelu"}, {"vision_config.rope_parameters.rope_type": "default"},
    {"vision_config.out_hidden_size": 64}, {"vision_config.window_size": 8}, {"tie_word_embeddings": None},
    {"video_token_id": True}, {"quantization_config": {"quant_method": "bitsandbytes"}},
], ids=str)
def test_one_with_a_setting_that_is_not_computed_is_not(copy, change):
    config = json.loads((copy / "config.json").read_text())
    for place, value in change.items():
        *path, name = place.split(".")
        part = config
        for step in path:
            part = part[step]
        part[name] = value
    (copy / "config.json").write_text(json.dumps(config))
    assert not taken(copy)


def test_one_without_generation_settings_is_transformers(copy):
    (copy / "generation_config.json").unlink()
    assert not taken(copy)
    assert isinstance(weights.load(checkpoint.locate(str(copy)), "fp32", CPU).model, Qwen2_5_VLForConditionalGeneration)


def test_files_of_several_pieces_and_either_way_of_names(copy):
    """As transformers names the tensors in memory, in two files, beside one that nobody asks for."""
    wanted = weights.load(checkpoint.locate(str(copy)), "fp32", CPU).model.state_dict()
    found = load_file(copy / "model.safetensors")
    renamed = {name.replace("visual.", "model.visual.") if name.startswith("visual.") else
               name.replace("model.", "model.language_model.", 1): tensor for name, tensor in found.items()}
    names = sorted(renamed)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    (copy / "model.safetensors").unlink()
    for file, inside in parts.items():
        save_file({name: renamed[name] for name in inside} | {f"unasked.{file}": torch.zeros(2)}, copy / file)
    (copy / "model.safetensors.index.json").write_text(json.dumps(
        {"weight_map": {name: file for file, inside in parts.items() for name in inside}}))
    made = weights.load(checkpoint.locate(str(copy)), "fp32", CPU).model
    assert isinstance(made, Qwen)
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in made.state_dict().items())


def test_who_asks_gets_transformers_classes(folder):
    made = judge.load(str(folder), "fp32", plain=False)
    assert isinstance(made.model, Qwen2_5_VLForConditionalGeneration)
    assert isinstance(made.processor, Qwen2_5_VLProcessor)
    mini = judge.load("mini")
    assert isinstance(mini.model, Qwen) and isinstance(mini.processor, Processor)
    assert isinstance(mini.footage.model, Qwen) and isinstance(mini.footage.processor, Processor)
    whole = judge.load("mini", plain=False)
    assert isinstance(whole.footage.model, Qwen2_5_VLForConditionalGeneration)


def test_a_part_for_footage_that_does_not_fit_is_said_as_ever(tmp_path):
    """What cannot be loaded here is tried by transformers' way, which has the words."""
    made = shutil.copytree(ASSETS / "mini", tmp_path / "mini")
    tensors = load_file(made / "footage" / "model.safetensors")
    gone = next(iter(tensors))
    save_file({name: tensor for name, tensor in tensors.items() if name != gone},
              made / "footage" / "model.safetensors", {"format": "pt"})
    assert load.footage(made / "footage", torch.float32) is None
    with pytest.raises(BadInput, match="1 tensors too few"):
        judge.load(str(made), "fp32")
    (made / "footage" / "model.safetensors").write_bytes(b"\x01")
    with pytest.raises(BadInput, match="missing or broken"):
        judge.load(str(made), "fp32")
    assert footage.load(ASSETS / "mini" / "footage") is not None
