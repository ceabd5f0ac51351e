"""Muon: what a step is, beside torch's own; what does not get one; a run that is killed and goes on."""
import copy

import pytest
import torch
from torch import nn

from tests.support import tiny_run
from train import config as configuration
from train import muon, sft
from train.model import open_model
from vs2.errors import BadInput


class Layers(nn.Module):
    """The names of what Muon is for, and of what it is not."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(5, 12)
        self.layers = nn.ModuleList([nn.Linear(12, 12, bias=True), nn.Linear(12, 20, bias=False)])
        self.blocks = nn.ModuleList([nn.Linear(12, 36)])         # queries, keys and values in one
        self.head = nn.Linear(20, 3)

    def forward(self, ids):
        x = self.embed(ids)
        q, k, v = self.blocks[0](x).chunk(3, -1)
        return self.head(self.layers[1](torch.tanh(self.layers[0](q * torch.sigmoid(k) + v))))


def stepped(make, steps=3):
    """The model's weights after some steps on one batch."""
    model = Layers()
    optimizer = make(model)
    ids, wanted = torch.arange(5), torch.tensor([0, 1, 2, 0, 1])
    for _ in range(steps):
        nn.functional.cross_entropy(model(ids), wanted).backward()
        optimizer.step()
        optimizer.zero_grad()
    return dict(model.named_parameters())


OPTIONS = dict(lr=0.01, betas=(0.9, 0.98), weight_decay=0.1)


def test_singular_values_become_alike_and_the_vectors_stay():
    torch.manual_seed(1)
    for rows, columns in ((24, 24), (40, 16), (16, 40)):
        given = torch.randn(3, rows, columns)
        found = muon.orthogonal(given)
        values = torch.linalg.svdvals(found)
        assert found.shape == given.shape and values.min() > 0.4 and values.max() < 1.3
        u, _, v = torch.linalg.svd(given, full_matrices=False)
        assert torch.einsum("nij,nij->n", found, u @ v).div(min(rows, columns)).min() > 0.8


def test_a_matrix_steps_as_torch_s_muon_does():
    """On the two layers without a joint projection. Both calculate in bfloat16, in another order: hence the bounds."""
    ours = Layers()
    before = {name: weight.detach().clone() for name, weight in ours.named_parameters()}
    theirs = copy.deepcopy(ours)
    names = ["layers.0.weight", "layers.1.weight"]
    first = muon.optimizer(ours, **OPTIONS)
    second = torch.optim.Muon([theirs.get_parameter(name) for name in names], lr=0.01, weight_decay=0.1,
                              adjust_lr_fn="match_rms_adamw")
    for _ in range(3):
        for name in names:
            gradient = torch.randn_like(ours.get_parameter(name))
            ours.get_parameter(name).grad, theirs.get_parameter(name).grad = gradient.clone(), gradient.clone()
        first.step()
        second.step()
    for name in names:
        change, theirs_change = (model.get_parameter(name).detach() - before[name] for model in (ours, theirs))
        assert torch.cosine_similarity(change.flatten(), theirs_change.flatten(), dim=0) > 0.99
        assert change.norm().item() == pytest.approx(theirs_change.norm().item(), rel=0.02)


def test_the_parts_of_a_joint_projection_step_apart():
    model = Layers()
    before = model.blocks[0].weight.detach().clone()
    gradient = torch.cat([torch.randn(12, 12) * size for size in (1.0, 1e-3, 10.0)])
    model.blocks[0].weight.grad = gradient
    muon.optimizer(model, **{**OPTIONS, "weight_decay": 0.0}).step()
    sizes = [(after - old).norm().item() for after, old in zip(
        model.blocks[0].weight.detach().chunk(3), before.chunk(3), strict=True)]
    assert max(sizes) < 1.2 * min(sizes) and sizes[0] == pytest.approx(0.01 * 0.2 * 12, rel=0.2)


def test_everything_else_steps_as_adamw_does():
    found = stepped(lambda model: muon.optimizer(model, **OPTIONS), steps=1)

    def adamw(model):
        named = dict(model.named_parameters())
        wide, flat = [p for p in named.values() if p.ndim > 1], [p for p in named.values() if p.ndim < 2]
        return torch.optim.AdamW([{"params": wide}, {"params": flat, "weight_decay": 0.0}], **OPTIONS)

    plain = stepped(adamw, steps=1)
    for name in ("embed.weight", "head.weight", "head.bias", "layers.0.bias", "blocks.0.bias"):
        torch.testing.assert_close(found[name], plain[name])
    for name in ("layers.0.weight", "layers.1.weight", "blocks.0.weight"):
        assert not torch.allclose(found[name], plain[name], atol=1e-4), f"{name} had AdamW's step"


def test_a_state_that_is_saved_goes_on_to_the_same_weights():
    def run(interrupted):
        model = Layers()
        optimizer = muon.optimizer(model, **OPTIONS)
        for step in range(4):
            if interrupted and step == 2:
                saved = copy.deepcopy(optimizer.state_dict())
                optimizer = muon.optimizer(model, **OPTIONS)
                optimizer.load_state_dict(saved)
            nn.functional.cross_entropy(model(torch.arange(5)), torch.tensor([0, 1, 2, 0, 1])).backward()
            optimizer.step()
            optimizer.zero_grad()
        return model.state_dict()

    whole, halves = run(False), run(True)
    for name in whole:
        torch.testing.assert_close(halves[name], whole[name], atol=0, rtol=0)


def test_a_supervised_run_takes_it_by_its_name_and_resumes(tmp_path):
    start, rows = tiny_run.write_start(tmp_path / "start"), tiny_run.write_rows(tmp_path / "rows", 8)
    config = tiny_run.configuration(tmp_path / "run", start, rows, optim="muon", max_steps=4, save_steps=2,
                                    save_strategy="steps")
    done = sft.run(config)
    state = torch.load(tmp_path / "run/checkpoint-4/optimizer.pt", weights_only=True)
    marked = [group for group in state["param_groups"] if group.get("muon")]
    assert marked and all("momentum" in state["state"][n] for n in marked[0]["params"])
    first = open_model(done)[0].state_dict()
    for path in (tmp_path / "run").glob("checkpoint-4*"):
        path.rename(tmp_path / "away")
    again = open_model(sft.run(config, resume=True))[0].state_dict()
    for name in first:
        torch.testing.assert_close(again[name], first[name], atol=1e-6, rtol=0)


def test_shards_are_refused(monkeypatch):
    arguments = configuration.training_arguments(
        {"output": "unused", "seed": 0, "train": {"optim": "muon", "max_steps": 1}})
    assert muon.chosen({"optim": "adamw_torch"}, arguments) == {} and muon.chosen({"optim": "muon"}, arguments)
    arguments.fsdp = ["full_shard"]
    with pytest.raises(BadInput, match="whole matrices"):
        muon.chosen({"optim": "muon"}, arguments)
    arguments.fsdp = []
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")       # as accelerate launch says it
    with pytest.raises(BadInput, match="whole matrices"):
        muon.chosen({"optim": "muon"}, arguments)
