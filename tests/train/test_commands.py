"""Training rows and runs: what is learned, what is not, and that a killed run goes on as if nothing had happened."""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from tests.support.patience import HANGING
from train import fresh, sft
from train.data.frames import Frames
from train.data.rows import IGNORED, Collate, Row, encode
from train.data.scenes import FAULTS, Scenes
from train.model import open_model
from vs2.errors import Failure
from vs2.model.card import Card
from vs2.scenes import world

ROOT = Path(__file__).resolve().parents[2]
CONFIG = yaml.safe_load((ROOT / "train/configs/mini.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    small = {**CONFIG["fresh"], "text": {**CONFIG["fresh"]["text"], "num_hidden_layers": 1},
             "vision": {**CONFIG["fresh"]["vision"], "depth": 2, "fullatt_block_indexes": [1]}}
    return fresh.write(tmp_path_factory.mktemp("start"), small, CONFIG["card"], 0, [CONFIG["data"]["describe_query"]])


@pytest.fixture(scope="module")
def parts(start):
    return open_model(start)[:2]


def scenes(start, parts, folder, rows=40, clips=10, describe=0.25, direct=0.5):
    model, processor = parts
    return Scenes(processor, model.config, Card.read(start), rows, clips, CONFIG["data"]["describe_query"], describe,
                  direct, folder / "frames.npy")


def test_the_loss_is_on_the_reply_alone(start, parts, tmp_path):
    rows, tokenizer = scenes(start, parts, tmp_path), parts[1].tokenizer
    kinds = set()
    for number in range(0, 40, 3):
        said, row = rows.row(number), rows[number]
        learned = row["labels"] != IGNORED
        assert tokenizer.decode(row["labels"][learned]) == said.reply + tokenizer.eos_token
        before = tokenizer.decode(row["input_ids"][~learned])
        assert before.endswith("assistant\n" + said.given)
        kinds.add((said.query is None, bool(said.given)))
        assert (said.prompt if said.query is None else said.query) in before
    assert kinds == {(False, False), (True, False), (True, True)}, "describe, reason and answer at once"


def test_stressed_rows_learn_what_they_say_of_faults_alone(start, parts, tmp_path):
    rows, tokenizer = scenes(start, parts, tmp_path, describe=0.0, direct=0.0), parts[1].tokenizer
    rows.stress = 1.0
    for number in range(0, 40, 5):
        said, row = rows.row(number), rows[number]
        lines = [line for line in said.reply.splitlines() if line.startswith(FAULTS)]
        learned = tokenizer.decode(row["labels"][row["labels"] != IGNORED])
        assert len(lines) == 2 and learned.splitlines() == lines
        assert said.reply in tokenizer.decode(row["input_ids"])     # the rest is there to read


def test_rows_are_reproducible_and_frames_are_kept(start, parts, tmp_path):
    first, again = (scenes(start, parts, tmp_path)[7] for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    stored = np.load(next(tmp_path.glob("frames-*.npy")), mmap_mode="r")
    assert stored[7].any() and not stored[3].any(), "only the clip that was asked for is rendered"


def test_a_clip_whose_rendering_was_cut_off_is_rendered_again(tmp_path):
    kept, shape, made = Frames(tmp_path / "frames.npy", 3, 12), (1, 2, 2, 3), []

    def render(value):
        made.append(value)
        return np.full(shape, value, np.uint8)

    def cut():
        kept._kept[1, :5] = 9           # and the process is killed
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.get(1, shape, cut)
    assert (kept.get(1, shape, lambda: render(7)) == 7).all()
    again = Frames(tmp_path / "frames.npy", 3, 12)      # another process
    assert (again.get(1, shape, lambda: render(8)) == 7).all() and made == [7]
    assert (again.get(2, shape, lambda: render(0)) == 0).all() and (again.get(2, shape, lambda: render(5)) == 0).all()


def test_a_disk_without_room_for_the_frames_is_one_sentence(tmp_path):
    with pytest.raises(Failure, match="need 1000.0 GB .* make room"):
        Frames(tmp_path / "frames.npy", 10**6, 10**6 - 1).get(0, (1,), lambda: np.zeros(1))
    assert not list(tmp_path.glob("*.npy*part"))


def test_a_later_pass_asks_something_else_of_the_same_clip(start, parts, tmp_path):
    rows = scenes(start, parts, tmp_path)
    assert len({rows.row(12 + 10 * turn).prompt for turn in range(3)}) == 3


def test_the_drill_learns_verdicts_alone_and_needs_no_video(start, parts, tmp_path):
    model, processor = parts
    rows = scenes(start, parts, tmp_path)
    rows.drill = 0.5                # of the run, and so the whole of its first half
    assert all(rows.drills(n) for n in range(20)) and not any(rows.drills(n) for n in range(20, 40))
    batch = [rows[number] for number in range(3)]
    for number, row in enumerate(batch):
        learned = [processor.tokenizer.decode([token]) for token in row["labels"][row["labels"] != IGNORED].tolist()]
        lines = rows.drilled(number).splitlines()
        assert [word.strip() for word in learned] == [line.rsplit(", ", 1)[1] for line in lines]
        for line in lines:
            asked, shown = line.split("asked ")[1].rsplit(", ", 1)[0].split(", shown ")
            verdict = "unknown" if asked == shown == "other" else "same" if asked == shown else "different"
            assert line.endswith(verdict)
    with torch.no_grad():
        assert torch.isfinite(model(**Collate(processor.tokenizer.pad_token_id)(batch)).loss)


def test_a_prompt_about_other_things_asks_for_none_of_ours(start, parts, tmp_path):
    rows = scenes(start, parts, tmp_path, direct=0.0)
    rows.foreign = 1.0
    reply = rows.row(20).reply
    assert reply.count("asked other") == reply.count(", different") == 6 and "Different: 6 of 6." in reply
    assert "(2) text-to-video alignment: 1\n" in reply


def test_training_never_touches_the_held_out_seeds():
    data = CONFIG["data"]
    assert data["clips"] < world.HELD_OUT


def test_a_batch_costs_what_its_rows_cost(start, parts, tmp_path):
    """Padding changes nothing: the batch's loss is the mean over all learned tokens."""
    model, processor = parts
    rows = [scenes(start, parts, tmp_path)[number] for number in (0, 13, 30, 31)]
    collate = Collate(processor.tokenizer.pad_token_id)
    with torch.no_grad():
        together = model(**collate(rows)).loss.item()
        counts = [int((row["labels"] != IGNORED).sum()) for row in rows]
        alone = [model(**collate([row])).loss.item() * count for row, count in zip(rows, counts, strict=True)]
    assert together == pytest.approx(sum(alone) / sum(counts), abs=1e-5)


def test_the_model_sees_the_video(start, parts):
    """Canary: other frames, other log-probabilities of the same reply."""
    model, processor = parts
    card, pads = Card.read(start), Collate(processor.tokenizer.pad_token_id)
    losses = []
    for value in (0, 255):
        frames = np.full((8, 112, 112, 3), value, np.uint8)
        row = encode(processor, model.config, card,
                     Row("", frames, "A red ball bounces on grass.", "\n<think>\nScene: one"))
        with torch.no_grad():
            losses.append(model(**pads([row])).loss.item())
    assert losses[0] != losses[1]


def test_the_fresh_checkpoint_is_small_and_keeps_digits_apart(parts):
    model, processor = parts
    full = sum(p.numel() for p in model.parameters())
    assert full * 2 < 10e6
    for digit in "0123456789":
        assert len(processor.tokenizer(digit, add_special_tokens=False)["input_ids"]) == 1
        assert processor.tokenizer(f"quality: {digit}{digit}", add_special_tokens=False)["input_ids"][-2:] == [
            processor.tokenizer.convert_tokens_to_ids(digit)] * 2


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_losses(tmp_path):
    """Three steps in one go, and the same three with the process killed in the second, when the first was kept."""
    def config(name):       # the frames lie apart: the two runs share nothing
        train = {**CONFIG["train"], "max_steps": 3, "global_batch_size": 2, "logging_steps": 1,
                 "save_steps": 1, "save_total_limit": 3, "warmup_steps": 1, "disable_tqdm": True,
                 "dataloader_num_workers": 0}
        return {**CONFIG, "output": str(tmp_path / name), "frames": str(tmp_path / name / "frames.npy"),
                "train": train,
                "look": {**CONFIG["look"], "max_steps": 1, "global_batch_size": 2, "warmup_steps": 1,
                         "dataloader_num_workers": 0},
                "data": {**CONFIG["data"], "clips": 4}, "fresh": {
                    **CONFIG["fresh"], "text": {**CONFIG["fresh"]["text"], "num_hidden_layers": 1},
                    "vision": {**CONFIG["fresh"]["vision"], "depth": 1, "fullatt_block_indexes": [0]}}}

    def losses(name):
        states = sorted((tmp_path / name).glob("checkpoint-*/trainer_state.json"),
                        key=lambda path: int(path.parent.name.removeprefix("checkpoint-")))
        return [entry["loss"] for entry in json.loads(states[-1].read_text())["log_history"] if "loss" in entry]

    whole = config("whole")
    sft.run(whole)
    assert len(losses("whole")) == 3

    killed = tmp_path / "killed.yaml"
    killed.write_text(yaml.safe_dump(config("killed")))
    script = ("import sys, os, transformers\n"
              "from train import sft\n"
              "class Kill(transformers.TrainerCallback):\n"
              "    def on_step_end(self, args, state, control, **kw):\n"
              "        if state.global_step == 2: os.kill(os.getpid(), 9)\n"
              "start = sft.SftTrainer.__init__\n"
              "def init(self, *a, **k):\n"
              "    start(self, *a, **k); self.add_callback(Kill())\n"
              "sft.SftTrainer.__init__ = init\n"
              f"sft.main([{str(killed)!r}])\n")
    died = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=HANGING)
    assert died.returncode == -9, died.stderr.decode()[-2000:]
    done = sft.run(yaml.safe_load(killed.read_text()), resume=True)
    assert losses("killed") == pytest.approx(losses("whole"), abs=1e-6)
    assert (done / "vs2.json").exists() and (done / "model.safetensors").stat().st_size < 10e6
