"""The lessons in seeing: their labels are true of the clip, and they leave the model whole."""
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from train import fresh, sft
from train.data.rows import IGNORED
from train.data.scenes import Scenes
from train.model import open_model
from train.seeing import labels, look
from vs2.model.card import Card
from vs2.scenes import other, staging, world

CONFIG = yaml.safe_load((Path(sft.__file__).parent / "configs/mini.yaml").read_text(encoding="utf-8"))
STILL = world.Content(2, "red", "box", "rests", "sand", None)


def scene(**changes) -> world.Scene:
    return replace(world.sample(3, 5, 5, 5), shown=STILL, staging=staging.Staging(), **changes)


def test_cells_say_where_the_objects_are():
    """A clean scene that rests: the same cells in every pair of frames, one for each object, and no motion."""
    found = labels.cell_labels(scene(), 4, 4)
    role = found["role"].reshape(4, 16)
    assert (role == role[0]).all() and 4 <= (role[0] == 1).sum() <= 10
    place = found["place"][found["role"] == 1]
    assert place[:, 3:].abs().max() < 0.01 and (place[:, :2].norm(dim=1) < place[:, 2] + 0.71).all()
    assert set(found["colour"][found["role"] == 1].tolist()) == {1 + list(world.COLOURS).index("red")}
    gone = labels.cell_labels(scene(physical=world.Fault("vanishes", 4, 0.4)), 4, 4)
    left = gone["role"].reshape(4, 16)[-1]
    assert 2 <= (left == 1).sum() < (role[0] == 1).sum() and ((left == 0) | (role[0] == 1)).all()


def test_cells_follow_the_camera_and_the_picture_s_form():
    moved = replace(scene(), staging=staging.Staging(180, 320, start=(0.3, 0, 1.0), end=(-0.3, 0, 1.0)))
    role = labels.cell_labels(moved, 3, 5)["role"].reshape(4, 3, 5)
    first, last = (torch.nonzero(role[pair] == 1)[:, 1].float().mean() for pair in (0, 3))
    assert last > first + 0.5, "the camera goes left, so the objects go right"


def test_labels_of_the_clip_are_what_the_reply_says():
    fault = world.Fault("vanishes", 2, 0.4)
    said = labels.clip_labels(scene(visual=world.Fault("noise", 3), physical=fault))
    named = {name: labels.CLIP[name][number] for name, number in said.items()}
    assert named["fault"] == "noise" and named["strength"] == 3
    assert named["event"] == "vanishes" and named["degree"] == 2 and named["when"] in (2, 3)
    assert (named["count"], named["colour"], named["shape"]) == ("two", "red", "box")
    assert named["beside colour"] == named["beside shape"] == "none"
    unknown = labels.clip_labels(other.sample(1))
    assert unknown["colour"] == IGNORED and labels.CLIP["background"][unknown["background"]] == "other"


def test_the_track_says_how_far_off_the_first_object_is():
    """In every frame where it is, and by how much it is not what it should be: nothing, until the fault begins."""
    at = {name: n for n, name in enumerate(labels.TRACK)}
    off = ("off x", "off y", "grown", "gone")
    right = labels.track(scene())
    assert not right[:, [at[name] for name in off]].any() and (right[:, at["seen"]] == 1).all()
    jumped = labels.track(scene(physical=world.Fault("teleports", 3, 0.9)))
    far = jumped[:, [at["off x"], at["off y"]]].norm(dim=1)
    assert (far[:4] == 0).all() and (far[4:] > 0.2).all() and torch.equal(jumped[:4], right[:4])
    grown = labels.track(scene(physical=world.Fault("morphs", 2, 0.9)))[:, at["grown"]]
    assert (grown[:4] == 0).all() and (grown[4:] == grown[4]).all() and grown[4] == pytest.approx(0.75)
    gone = labels.track(scene(physical=world.Fault("vanishes", 4, 0.9)))
    assert (gone[4:, at["gone"]] == 1).all() and (gone[4:, at["seen"]] == 0).all() and gone[4:, :3].isnan().all()
    nothing = labels.track(other.sample(1))
    assert nothing[:, :4].isnan().all() and not nothing[:, 4:].any()


def test_what_goes_wrong_is_not_known_before_it_does():
    whole = {"event": torch.tensor([2, 0]), "when": torch.tensor([5, 0])}
    grid = torch.tensor([[4, 2, 4], [4, 2, 2]])
    assert look.Looking._sofar(whole, grid).tolist() == [0, 0, 0, 0, 2, 2, 2, 2, 0, 0, 0, 0]


@pytest.mark.slow
def test_looking_trains_the_first_layers_and_leaves_the_model_whole(tmp_path):
    shape = {**CONFIG["fresh"], "vision": {**CONFIG["fresh"]["vision"], "depth": 2, "fullatt_block_indexes": [1]}}
    start = fresh.write(tmp_path / "start", shape, CONFIG["card"], 0, ["Describe this video."])
    model, processor, _ = open_model(start)
    rows = Scenes(processor, model.config, Card.read(start), 8, 8, "Describe this video.", 0.0, 0.0,
                  tmp_path / "frames.npy", others=0.3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    losses = look.run(model, rows, {"output": str(tmp_path), "seed": 0, "look": {
        "max_steps": 12, "global_batch_size": 4, "learning_rate": 2e-3, "logging_steps": 1, "disable_tqdm": True}})
    after = model.state_dict()
    assert set(after) == set(before)
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert any("visual" in name for name in changed)
    layers = {int(name.split("layers.")[1].split(".")[0]) for name in changed if "language_model.layers." in name}
    assert layers == set(range(look.LAYERS)), "what lies above is left for the words"
    assert losses[-1] < 0.9 * losses[0], losses


@pytest.mark.slow
@pytest.mark.parametrize("optim", ["adamw_torch", "muon"])
def test_lessons_that_were_cut_go_on_to_the_same_losses(tmp_path, optim):
    shape = {**CONFIG["fresh"], "vision": {**CONFIG["fresh"]["vision"], "depth": 1, "fullatt_block_indexes": [0]}}
    start = fresh.write(tmp_path / "start", shape, CONFIG["card"], 0, ["Describe this video."])

    def losses(folder, resume=False):
        model, processor, card = open_model(start)
        rows = Scenes(processor, model.config, card, 8, 8, "Describe this video.", 0.0, 0.0, tmp_path / "frames.npy")
        return look.run(model, rows, {"output": str(folder), "seed": 0, "look": {
            "max_steps": 4, "global_batch_size": 2, "learning_rate": 2e-3, "logging_steps": 1,
            "save_strategy": "steps", "save_steps": 2, "disable_tqdm": True, "optim": optim}}, resume=resume)

    whole = losses(tmp_path)
    state = torch.load(tmp_path / "look/checkpoint-2/optimizer.pt", weights_only=True)["state"]
    assert any("momentum" in kept for kept in state.values()) == (optim == "muon")
    (tmp_path / "look/checkpoint-4/trainer_state.json").unlink()        # killed while it wrote this one
    assert losses(tmp_path, resume=True) == pytest.approx(whole, abs=1e-5)


def test_a_batch_is_read_where_the_model_lies(tmp_path, monkeypatch):
    """A loader's batches lie on the CPU, the model perhaps not: here on torch's device without memory."""
    shape = {**CONFIG["fresh"], "vision": {**CONFIG["fresh"]["vision"], "depth": 1, "fullatt_block_indexes": [0]}}
    start = fresh.write(tmp_path / "start", shape, CONFIG["card"], 0, ["Describe this video."])
    model, processor, card = open_model(start)
    rows = Scenes(processor, model.config, card, 2, 2, "Describe this video.", 0.0, 0.0, tmp_path / "frames.npy")
    looking, asked = look.Looking(model).to("meta"), {}

    def seen(**inputs):
        asked.update(inputs)
        raise InterruptedError

    monkeypatch.setattr(looking, "seen", seen)
    with pytest.raises(InterruptedError):
        looking.read(look.collate([look.Views(rows, 2)[n] for n in range(2)]))
    assert {value.device.type for value in asked.values()} == {"meta"}


def test_a_clip_s_answer_does_not_depend_on_its_neighbours_in_a_batch(tmp_path):
    """Text is padded on the left, and pictures have several sizes: a row alone gives the same features."""
    shape = {**CONFIG["fresh"], "vision": {**CONFIG["fresh"]["vision"], "depth": 1, "fullatt_block_indexes": [0]}}
    start = fresh.write(tmp_path / "start", shape, CONFIG["card"], 0, ["Describe this video."])
    model, processor, card = open_model(start)
    rows = Scenes(processor, model.config, card, 6, 6, "Describe this video.", 0.0, 0.0, tmp_path / "frames.npy")
    views, looking = look.Views(rows, 6), look.Looking(model)
    batch = look.collate([views[n] for n in range(6)])
    assert len(set(map(tuple, batch["grid"].tolist()))) > 1
    with torch.no_grad():
        whole = _last(looking, batch)
        alone = torch.cat([_last(looking, look.collate([views[n]])) for n in range(6)])
    assert torch.allclose(whole, alone, atol=1e-4)


def _last(looking, batch):
    return looking.seen(*(batch[name] for name in ("input_ids", "attention_mask", "position_ids", "pixels", "grid")))[2]


def test_a_fresh_tower_tells_fine_detail_from_its_absence(tmp_path):
    """Its first layer answers to noise far more than to the same picture without, which random filters do not."""
    shape = {**CONFIG["fresh"], "vision": {**CONFIG["fresh"]["vision"], "depth": 1, "fullatt_block_indexes": [0]}}
    model = open_model(fresh.write(tmp_path / "start", shape, CONFIG["card"], 0))[0]
    weight = model.model.visual.patch_embed.proj.weight.detach().flatten(1)
    generator = torch.Generator().manual_seed(0)
    smooth = torch.rand(64, 3, 2, 1, 1, generator=generator).expand(-1, -1, -1, 14, 14).flatten(1)
    noise = 0.2 * torch.randn(smooth.shape, generator=generator)
    random = torch.randn(weight.shape, generator=generator) * weight.std()

    def answers(filters):
        """How much stronger the filters that noise moves most are moved by it than by another picture."""
        return (((noise @ filters.T).std(0) / ((smooth @ filters.T).std(0) + 1e-3)).topk(32).values).mean()

    assert answers(weight) > 10 * answers(random)
