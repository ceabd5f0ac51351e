"""What a rollout takes of the memory: the calculation against the cache that is made, and a run that is refused."""
import pytest
import torch
from transformers import Qwen2_5_VLConfig

from perf import gpu
from tests.support import tiny_run
from train import config as configuration
from train.grpo import blocks, memory, rollout, run
from train.model import open_model
from vs2.errors import BadInput
from vs2.model import weights
from vs2.model.card import Card

CONFIGS = gpu.CONFIGS


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return tiny_run.write_start(tmp_path_factory.mktemp("start"))


class Rows:
    def __len__(self):
        return 5

    def row(self, number):
        return tiny_run.row(number)


class Counted:
    """A tokenizer of a token a word."""

    def __call__(self, text, **options):
        return {"input_ids": text.split()}


def seven(name):
    """(options, card, config) of a configuration of the 7B, on a machine without its GPU."""
    config = configuration.read(CONFIGS / f"videoscore2-7b-{name}.yaml")
    config["train"] |= {"bf16": False, "tf32": None, "use_cpu": True}
    shape = Qwen2_5_VLConfig().to_dict()
    shape["text_config"] |= {**gpu.TEXT, "layer_types": None}
    shape["vision_config"] |= gpu.VISION
    return run.options(config), configuration.card(config, Card()), Qwen2_5_VLConfig.from_dict(shape)


@pytest.mark.parametrize("name, device, low, high", [("grpo-lora-80gb", 80e9, 72e9, 125e9),
                                                     ("grpo-qlora-24gb", 24e9, 37e9, 60e9)])
def test_a_steps_clips_do_not_fit_one_card_at_once_and_those_of_a_rollout_do(name, device, low, high):
    args, card, config = seven(name)
    assert args.clips * args.steps_per_generation == 32 and args.num_generations == 8
    one = memory.largest(args, card, Counted(), 2)
    assert low < one.cache(config, 32) < high, "the cache alone of all clips of a step"
    assert one.cache(config, 1) == 8 * (one.prompt + 1024) * 2 * 28 * 4 * 128 * 2
    held = {"grpo-lora-80gb": 16.6e9 + 161e6 * 16, "grpo-qlora-24gb": 7e9 + 81e6 * 16}[name]     # weights and adapters
    assert one.peak(config, memory.at_once(args)) + held < 0.9 * device < one.peak(config, 32) + held


def test_the_calculated_cache_is_the_one_that_is_made(start, monkeypatch):
    model, processor, card = open_model(start)
    made, room = [], rollout._Roomy

    class Noted(room):
        def __init__(self, *given):
            super().__init__(*given)
            made.append(sum(whole.nbytes for whole in self._whole))

    monkeypatch.setattr(rollout, "_Roomy", Noted)
    prompts = [tiny_run.row(number).inputs(processor, model.config, card) for number in range(3)]
    rollout.sample(model, processor.tokenizer, prompts, rollout.Sampling(4, 9), [(0, n) for n in range(3)])
    longest = max(one.length for one in prompts)
    one = memory.Rollout(4, longest, 0, 9, 4)
    assert sum(made) == one.cache(model.config, 3) and len(made) == model.config.text_config.num_hidden_layers
    assert one.peak(model.config, 3) > one.cache(model.config, 3)


def options(folder, **given):
    return run.GRPOConfig(output_dir=str(folder), use_cpu=True, per_device_train_batch_size=4, num_generations=4,
                           gradient_accumulation_steps=6, report_to="none", **given)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_says_what_it_takes_and_the_most_that_fits(start, tmp_path, monkeypatch, processes):
    model, processor, card = open_model(start)
    args, prompts = options(tmp_path, beta=0.0), blocks.Prompts(Rows(), processor, model.config, card)
    rest = memory.beside(model, torch.device("cpu"), False)
    longest = memory.tried(args, prompts, 4)
    assert longest.prompt == max(one.inputs.length for one in map(prompts.__getitem__, ((0, n) for n in range(5))))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
    for fits in (6, 4, 1, 0):
        free = processes * (rest + (longest.peak(model.config, fits) if fits else 1000))
        monkeypatch.setattr(weights, "free_memory", lambda where, free=free: free)
        if fits == 6:
            said = memory.check(args, model, card, processor.tokenizer, prompts)
            assert said.startswith("A rollout of 6 clips x 4 replies takes up to") and "longest of 5 clips" in said
            continue
        with pytest.raises(BadInput) as told:
            memory.check(args, model, card, processor.tokenizer, prompts)
        wanted = f"set grpo.clips_per_rollout to {fits}, the most that fits." if fits else "not one clip fits"
        assert wanted in str(told.value)
        if fits:
            memory.check(options(tmp_path, beta=0.0, clips_per_rollout=fits), model, card, processor.tokenizer, prompts)


def test_clips_that_the_card_lets_in_are_tried_only_where_they_do_not_fit(start, tmp_path, monkeypatch):
    model, processor, card = open_model(start)
    prompts = blocks.Prompts(Rows(), processor, model.config, card)
    monkeypatch.setattr(memory, "tried", lambda *given: pytest.fail("read clips"))
    said = memory.check(options(tmp_path), model, card, processor.tokenizer, prompts)
    assert "largest clips" in said
    monkeypatch.setattr(weights, "free_memory", lambda where: None)
    assert memory.check(options(tmp_path), model, card, processor.tokenizer, prompts).endswith("optimizer.")


def test_what_is_not_there_yet_is_counted(start):
    model = open_model(start)[0]
    count = sum(weight.numel() for weight in model.parameters())
    cpu = torch.device("cpu")
    assert memory.beside(model, torch.device("meta"), False) == count * (4 + 12)
    assert memory.beside(model, torch.device("meta"), True) == count * (4 + 4 + 12)
    adapted = open_model(start, {"method": "lora", "dtype": "bf16"})[0]
    trained = sum(weight.numel() for weight in adapted.parameters() if weight.requires_grad)
    assert 0 < trained < count
    assert memory.beside(adapted, torch.device("meta"), False) == 2 * count + trained * (4 + 12)
    assert memory.beside(model.bfloat16().requires_grad_(False), cpu, False) >= 0


def test_a_run_that_cannot_fit_is_refused_before_it_starts(start, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "free_memory", lambda where: 10**6)
    monkeypatch.setattr(run, "GRPOTrainer", lambda *given, **options: pytest.fail("started"))
    config = tiny_run.configuration(tmp_path / "run", start, tiny_run.write_rows(tmp_path / "rows", 4),
                                    per_device_train_batch_size=4)
    with pytest.raises(BadInput, match=r"cpu has 1\.0 MB free"):
        run.run(config | {"grpo": {"num_generations": 4, "max_completion_length": 8}})


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "8"])
def test_a_wrong_number_of_clips_is_told(tmp_path, wrong):
    with pytest.raises(BadInput, match="clips_per_rollout must be"):
        options(tmp_path, clips_per_rollout=wrong)
