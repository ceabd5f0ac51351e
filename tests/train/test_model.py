"""The model to train: what is frozen stays, adapters alone learn, 4-bit spares the tower, the end is plain."""
import json
import shutil

import pytest
import torch

from tests.support import tiny_run
from tests.support.scopes import write_scope
from train import sft
from train.data.rows import encode
from train.model import finish, last_checkpoint, load_from_checkpoint, open_model
from vs2.errors import BadInput
from vs2.model import weights
from vs2.model.checkpoint import locate

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    torch.set_num_threads(1)
    return tiny_run.write_start(tmp_path_factory.mktemp("start"), width=64)


def batch(parts, numbers=(0, 4)):
    model, processor, card = parts
    config = model.get_base_model().config if hasattr(model, "peft_config") else model.config
    return sft.Learned(processor.tokenizer.pad_token_id)(
        [encode(processor, config, card, tiny_run.row(number)) for number in numbers])


def learn(parts, steps=2, rate=1e-2) -> list[float]:
    """A few steps of AdamW on one batch; their losses."""
    model, given = parts[0].train(), batch(parts)
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=rate)
    losses = []
    for _ in range(steps):
        loss = model(**given).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
    return losses


def logits(model, given):
    with torch.no_grad():
        return model.eval()(**{name: value for name, value in given.items() if name != "labels"}).logits.float()


def snapshot(model):
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def test_a_frozen_tower_does_not_change_and_the_rest_does(start):
    parts = open_model(start, {"freeze": ["visual"]})
    before = snapshot(parts[0])
    parts[0](**batch(parts)).loss.backward()
    assert {name for name, weight in parts[0].named_parameters() if weight.grad is None} == {
        name for name in before if ".visual." in name}
    learn(parts)
    changed = {name for name, weight in parts[0].named_parameters() if not torch.equal(weight, before[name])}
    assert changed == {name for name in before if ".visual." not in name}
    assert any(".visual.merger." in name for name in before)


def test_the_filters_alone_can_be_frozen(start):
    parts = open_model(start, {"freeze": ["filters"]})
    before = snapshot(parts[0])
    learn(parts)
    changed = {name for name, weight in parts[0].named_parameters() if not torch.equal(weight, before[name])}
    assert changed == {name for name in before if ".patch_embed." not in name}


def test_nothing_is_frozen_unless_it_is_asked_for(start):
    model, _, card = open_model(start)
    assert all(weight.requires_grad and weight.dtype == torch.float32 for weight in model.parameters())
    assert card.sampling.max_frames == tiny_run.CARD["max_frames"]


def test_what_is_trained_has_float32_weights_whatever_the_rest_has(start):
    for method in ("full", "lora"):
        model = open_model(start, {"method": method, "dtype": "bf16", "freeze": ["visual"]})[0]
        found = {(weight.requires_grad, weight.dtype) for weight in model.parameters()}
        assert found == {(True, torch.float32), (False, torch.bfloat16)}


def test_under_sharding_the_shards_keep_the_float32_copy(start, monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    model = open_model(start, {"dtype": "bf16", "freeze": ["visual"]})[0]
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    with pytest.raises(BadInput, match="4-bit weights are not trained in shards"):
        open_model(start, {"method": "qlora", "dtype": "bf16"})


@pytest.mark.parametrize("targets", [["q_proj", "v_proj"], None], ids=["two", "all"])
def test_adapters_alone_learn_and_only_in_the_language_model(start, targets):
    parts = open_model(start, {"method": "lora", "lora": {"r": 4} | ({"targets": targets} if targets else {})})
    before = snapshot(parts[0])
    losses = learn(parts, 4, rate=1e-3)      # no step overshoots, however sums are ordered
    assert losses[-1] < losses[0]
    changed = {name for name, weight in parts[0].named_parameters() if not torch.equal(weight, before[name])}
    assert changed and all(".lora_" in name and ".language_model.layers." in name for name in changed)
    layers = 2 * len(targets or range(7))
    assert len(changed) == 2 * layers, "both halves of every adapter"


def test_adapters_begin_as_the_seed_says_and_change_nothing_yet(start):
    plain, lora = open_model(start), {"method": "lora", "lora": {"r": 4}}
    first, again, other = (open_model(start, lora, seed)[0] for seed in (1, 1, 2))
    given = batch(plain)
    torch.testing.assert_close(logits(first, given), logits(plain[0], given))
    halves = [snapshot(model) for model in (first, again, other)]
    name = next(name for name in halves[0] if "lora_A" in name)
    assert torch.equal(halves[0][name], halves[1][name]) and not torch.equal(halves[0][name], halves[2][name])


def test_a_target_that_is_no_layer_is_named(start):
    with pytest.raises(BadInput, match="no layer 'qkv' to adapt: known are .*q_proj"):
        open_model(start, {"method": "lora", "lora": {"targets": ["qkv"]}})


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_finished_model_answers_as_the_trained_one(start, tmp_path, method):
    parts = open_model(start, {"method": method, "freeze": ["visual"]})
    untrained = logits(open_model(start)[0], batch(parts))
    learn(parts)
    given = batch(parts)
    right = logits(parts[0], given)
    done = finish(parts[0], parts[1], start, tmp_path / "done", dtype=torch.float32)
    again, processor, _ = open_model(done)
    assert not hasattr(again, "peft_config") and (right - untrained).abs().max() > 0.1
    torch.testing.assert_close(logits(again, given), right, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(logits(parts[0], given), right)      # writing changes nothing
    assert json.loads((done / "vs2.json").read_text()) == tiny_run.CARD
    assert processor.tokenizer("a 3").input_ids == parts[1].tokenizer("a 3").input_ids
    assert again.config.get_text_config().use_cache


def test_the_finished_model_is_bfloat16_and_loads_as_a_judge(start, tmp_path):
    parts = open_model(start)
    found = locate(str(finish(parts[0], parts[1], start, tmp_path / "done")))
    assert found.stored == 2 * found.parameters
    assert weights.load(found, "fp32", CPU).precision == "fp32"


def test_the_finished_model_does_not_boast_with_what_its_start_scored(start, tmp_path):
    folder = shutil.copytree(start, tmp_path / "start")
    card = json.loads((folder / "vs2.json").read_text())
    (folder / "vs2.json").write_text(json.dumps(card | {"metrics": {"suite": "scenes", "weights": "0"}}))
    write_scope(folder)
    model, processor, _ = open_model(folder)
    done = finish(model, processor, folder, tmp_path / "done")
    assert json.loads((done / "vs2.json").read_text()) == card
    assert not (done / "scope.safetensors").exists(), "a detector is fitted to the weights of the start"


def test_the_last_checkpoint_is_the_newest_whole_one(tmp_path):
    assert last_checkpoint(tmp_path / "none") is None
    for number, state in ((2, '{"global_step": 2}'), (10, '{"global_step": 10}'), (11, '{"glo'), (12, None)):
        folder = tmp_path / f"checkpoint-{number}"
        folder.mkdir()
        if state:
            (folder / "trainer_state.json").write_text(state)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")


def test_a_start_without_a_card_ends_with_the_published_one(tmp_path):
    folder = tiny_run.write_start(tmp_path / "start")
    (folder / "vs2.json").unlink()
    model, processor, card = open_model(folder)
    record = json.loads((finish(model, processor, folder, tmp_path / "done") / "vs2.json").read_text())
    assert record["fps"] == 2.0 and "$t2v_prompt" in record["query"] and record["max_frames"] == 768


@pytest.mark.parametrize("options", [{}, {"method": "lora", "lora": {"r": 4}}], ids=["full", "lora"])
def test_a_checkpoint_comes_back_whole(start, tmp_path, options):
    parts = open_model(start, options)
    learn(parts)
    right = snapshot(parts[0])
    parts[0].save_pretrained(tmp_path / "checkpoint")
    model = open_model(start, options, seed=9)[0]
    load_from_checkpoint(model, tmp_path / "checkpoint")
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight.detach(), right[name], msg=name)


def test_adapters_of_another_run_are_refused(start, tmp_path):
    open_model(start, {"method": "lora", "lora": {"targets": ["q_proj"]}})[0].save_pretrained(tmp_path / "checkpoint")
    with pytest.raises(BadInput, match="not those of this run"):
        load_from_checkpoint(open_model(start, {"method": "lora"})[0], tmp_path / "checkpoint")


@pytest.mark.slow
def test_four_bit_weights_with_adapters_train_on_a_cpu(start, tmp_path):
    import bitsandbytes as bnb

    parts = open_model(start, {"method": "qlora", "dtype": "bf16", "lora": {"r": 4}})
    small = [name for name, module in parts[0].named_modules() if isinstance(module, bnb.nn.Linear4bit)]
    assert len(small) == 2 * 7 and all(".language_model.layers." in name for name in small)
    before = snapshot(parts[0])
    losses = learn(parts, 4, rate=1e-3)      # no step overshoots, however sums are ordered
    assert losses[-1] < losses[0]
    changed = {name for name, weight in parts[0].named_parameters() if not torch.equal(weight, before[name])}
    assert all(".lora_" in name for name in changed), [name for name in changed if ".lora_" not in name]
    assert len(changed) == 2 * len(small)
    given = batch(parts)
    right = logits(parts[0], given)
    done = finish(parts[0], parts[1], start, tmp_path / "done", dtype=torch.float32)
    found = locate(str(done))
    assert found.quantised is None and found.stored == 4 * found.parameters
    merged = logits(open_model(done)[0], given)
    # The trained model computes in bfloat16, the written one in float32. The start's own weights are further off.
    plain = open_model(start)[0]
    off, quantised = (merged - right).abs().mean(), (logits(plain, given) - right).abs().mean()
    assert off < 0.02 * right.abs().mean() < quantised


@pytest.mark.slow
def test_four_bit_weights_still_learn_after_replies_were_drawn_from_them(start):
    """As in GRPO: the model is evaluated, then trained."""
    def gradients(model, given):
        model.train()(**given).loss.backward()
        return {name: weight.grad for name, weight in model.named_parameters() if weight.requires_grad}

    parts = open_model(start, {"method": "qlora", "dtype": "bf16", "lora": {"r": 4}})
    right = gradients(parts[0], batch(parts))
    again = open_model(start, {"method": "qlora", "dtype": "bf16", "lora": {"r": 4}})
    logits(again[0], batch(again))
    found = gradients(again[0], batch(again))
    assert any(value.abs().max() > 0 for value in right.values())
    for name, value in right.items():
        torch.testing.assert_close(found[name], value, msg=name)


def test_a_quantised_start_is_refused(start, tmp_path):
    folder = shutil.copytree(start, tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"quantization_config": {"quant_method": "bitsandbytes"}}))
    with pytest.raises(BadInput, match="unquantised"):
        open_model(folder)
