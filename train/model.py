"""The model to train: opened in full, with LoRA adapters or 4-bit with adapters; and written when it is done.

Options (`model` of a configuration): method full | lora | qlora; freeze [visual], the vision tower with its merger, or
[filters], its patch embedding alone, where training drowns the fine detail that a small judge sees (train/fresh.py);
dtype fp32 | bf16; lora {r, alpha, dropout, targets}; attention sdpa | flash_attention_2 | eager.

Numbers. fp32: all weights are float32. bf16: what is not trained is bfloat16; what is trained has a float32 master
copy, for an update of a hundredth of a per cent is lost in bfloat16's eight bits. Who keeps that copy depends: under
DeepSpeed ZeRO-3 and FSDP the weights are opened in bfloat16 and the optimizer's shards hold it (as LLaMA-Factory does,
which the published recipe used); without sharding the trained weights themselves are opened in float32 and `bf16: true`
of TrainingArguments computes in bfloat16. Adapters are float32 always.
"""
import copy
import json
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch
from accelerate.utils import parse_flag_from_env

from vs2.errors import BadInput, Failure
from vs2.model import weights
from vs2.model.card import NAME, Card
from vs2.model.checkpoint import Checkpoint, locate
from vs2.model.inputs import load_processor
from vs2.model.vision import quicken

LORA = {"r": 16, "alpha": 32, "dropout": 0.0,
        "targets": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
ADAPTER = "adapter_config.json"      # of peft, beside an adapter's weights
# Of bitsandbytes' 4-bit layers: on some CPUs they pack their weights anew in evaluation, without gradients ever after.
PACKS = "support_avx512bf16_for_cpu"


def open_model(start: str | Path, options: dict | None = None, seed: int = 0):
    """(model, processor, card) of a Qwen2.5-VL checkpoint, ready for a Trainer on `options` (see above).

    start: a folder, a Hub id or `mini`. seed: of the adapters' first weights. With adapters the model is a
    peft.PeftModel. Build TrainingArguments first: under DeepSpeed it is they that tell from_pretrained to shard.
    Raises BadInput or Failure in one sentence.
    """
    from accelerate import PartialState

    options = {"method": "full", "freeze": [], "dtype": "fp32", "lora": {}, **(options or {})}
    with PartialState().local_main_process_first():        # one process of a machine downloads
        checkpoint = locate(str(start))
    if checkpoint.quantised:
        raise BadInput(f"{checkpoint.name} is quantised already: start from its unquantised checkpoint.")
    processor, card = load_processor(checkpoint.folder), Card.read(checkpoint.folder)
    method = options["method"]
    model = _loaded(checkpoint, options, method == "qlora")
    quicken(model)
    frozen = "visual" in options["freeze"] or method != "full"
    model.model.visual.requires_grad_(not frozen)
    if "filters" in options["freeze"]:
        model.model.visual.patch_embed.requires_grad_(False)
    if method == "full":
        if options["dtype"] == "bf16" and not sharded():
            for weight in model.parameters():
                if weight.requires_grad:
                    weight.data = weight.data.float()
        return model, processor, card
    return adapted(model, {**LORA, **options["lora"]}, seed), processor, card


def sharded() -> bool:
    """Whether DeepSpeed ZeRO-3 or FSDP will keep the weights in shards (and a float32 copy of the trained ones)."""
    from transformers.integrations import is_deepspeed_zero3_enabled

    return is_deepspeed_zero3_enabled() or parse_flag_from_env("ACCELERATE_USE_FSDP")


@contextmanager
def unsharded():
    """Models made within are whole and this process's own, also under ZeRO-3, where every process would have to make
    them, and each a shard.
    """
    from transformers.integrations import deepspeed

    kept = deepspeed._hf_deepspeed_config_weak_ref      # there is a function that forgets it and none that reads it
    deepspeed.unset_hf_deepspeed_config()
    try:
        yield
    finally:
        deepspeed._hf_deepspeed_config_weak_ref = kept


def _loaded(checkpoint: Checkpoint, options: dict, four_bit: bool):
    from transformers import Qwen2_5_VLForConditionalGeneration

    given = {"dtype": torch.bfloat16 if four_bit else DTYPES[options["dtype"]]}
    given["attn_implementation"] = options.get("attention") or weights.ATTENTION    # never the checkpoint's own
    if four_bit:
        if sharded():
            raise BadInput("4-bit weights are not trained in shards here: take method lora under ZeRO-3 and FSDP, or "
                           "launch qlora without them.")
        where = training_device()
        given |= {"quantization_config": weights._four_bit(checkpoint, where), "device_map": {"": where}}
    try:
        model, found = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            checkpoint.folder, output_loading_info=True, local_files_only=True, use_safetensors=True, **given)
    except Exception as error:
        if weights.out_of_memory(error):
            raise Failure(f"{checkpoint.name} does not fit into the memory of this device: take method qlora, or "
                          "shard it over several.") from error
        if isinstance(error, ImportError):
            raise BadInput(f"{checkpoint.name} cannot be opened as asked: {str(error).splitlines()[0]}") from error
        raise
    for module in model.modules():
        if hasattr(module, PACKS):
            setattr(module, PACKS, False)
    if missing := sorted(found["missing_keys"]):
        raise BadInput(f"{checkpoint.name} lacks {len(missing)} of its tensors ({missing[0]}): download it again.")
    return model


def training_device() -> torch.device:
    """Where this process trains: its own GPU among those of the machine, or the CPU."""
    from accelerate import PartialState

    return PartialState().device


def adapted(model, lora: dict, seed: int):
    """The model under LoRA adapters (Hu et al., 2021) on the language model's `targets`; all else is frozen.

    The vision tower's layers share names with the language model's, so the pattern says whose are meant. Raises
    BadInput where a target is no layer.
    """
    from peft import LoraConfig, get_peft_model

    layers = {name.rsplit(".", 1)[-1] for name, module in model.named_modules()
              if "language_model.layers." in name and isinstance(module, torch.nn.Linear)}
    if wrong := [name for name in lora["targets"] if name not in layers]:
        raise BadInput(f"There is no layer {wrong[0]!r} to adapt: known are {', '.join(sorted(layers))}.")
    torch.manual_seed(seed)
    return get_peft_model(model, LoraConfig(
        r=lora["r"], lora_alpha=lora["alpha"], lora_dropout=lora["dropout"], bias="none", task_type="CAUSAL_LM",
        target_modules=rf".*language_model\.layers\..*\.({'|'.join(lora['targets'])})"))


def load_from_checkpoint(model, folder: str | Path) -> None:
    """Weights of a Trainer's checkpoint into a model of `open_model`, in place.

    Full weights go through from_pretrained: transformers 5.23 saves Qwen2.5-VL under other names than the model's own,
    and Trainer loads them unconverted, warns of missing keys and goes on from random weights. Of a model with adapters
    the checkpoint holds only these.
    """
    folder = Path(folder)
    if (folder / ADAPTER).exists():
        from peft import load_peft_weights, set_peft_model_state_dict

        result = set_peft_model_state_dict(model, load_peft_weights(str(folder), device="cpu"))
        lost = [name for name in result.missing_keys if "lora_" in name]
        if lost or result.unexpected_keys:
            raise BadInput(f"The adapters in {folder} are not those of this run: its configuration has changed.")
        return
    from transformers import Qwen2_5_VLForConditionalGeneration

    saved = Qwen2_5_VLForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, attn_implementation=weights.ATTENTION)
    model.load_state_dict(saved.state_dict())


def last_checkpoint(output: str | Path) -> str | None:
    """The newest of a run's checkpoints that is whole; None where there is none.

    A Trainer writes a checkpoint in place, its trainer_state.json last: a run that was killed while it wrote leaves a
    newer one that cannot be read.
    """
    whole = [path.parent for path in Path(output).glob("checkpoint-*/trainer_state.json")
             if path.parent.name.removeprefix("checkpoint-").isdecimal() and _readable(path)]
    return str(max(whole, key=lambda path: int(path.name.removeprefix("checkpoint-")))) if whole else None


def _readable(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        return False


def finish(model, processor, start: str | Path, folder: str | Path, accelerator=None,
           dtype: torch.dtype = torch.bfloat16) -> Path:
    """Writes the finished model to `folder`: a plain Qwen2.5-VL checkpoint in `dtype` with the start's vs2.json, less
    what was measured of the start, its detector of unknown clips (train/scope.py), which is fitted to its weights, and
    the part for footage that hangs on that.

    Adapters are merged into the weights; those alone lie in the run's checkpoints. Of a 4-bit model the merged weights
    are those that it was trained with (the quantised ones, unpacked), not the start's. The model itself stays as it is.
    accelerator: the Trainer's, where weights lie in shards: then every process calls this, and the first one writes.
    """
    folder = Path(folder)
    state = model.state_dict() if accelerator is None else accelerator.get_state_dict(model)
    if accelerator is not None and not accelerator.is_main_process:
        accelerator.wait_for_everyone()
        return folder
    inner = unwrapped(model)
    plain(inner, state, dtype).save_pretrained(folder)
    processor.save_pretrained(folder)
    origin = locate(str(start)).folder / NAME
    record = json.loads(origin.read_text(encoding="utf-8")) if origin.exists() else Card().record()
    for of_the_start in ("metrics", "scope", "footage"):     # measured with, and fitted to, other weights
        record.pop(of_the_start, None)
    (folder / NAME).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if accelerator is not None:
        accelerator.wait_for_everyone()
    return folder


def unwrapped(model):
    """The model without what accelerate and torch put around it; adapters stay."""
    from accelerate.utils import extract_model_from_parallel

    return extract_model_from_parallel(model)


def plain(model, state: dict[str, torch.Tensor], dtype: torch.dtype):
    """A Qwen2.5-VL model on the CPU with the weights of `state` (of `model`), adapters merged, none of it 4-bit."""
    from transformers import Qwen2_5_VLForConditionalGeneration

    merged = {name: value.detach().to("cpu", dtype) for name, value in _merged(model, state)}
    base = model.get_base_model() if hasattr(model, "peft_config") else model
    config = copy.deepcopy(base.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.dtype = dtype
    with unsharded(), torch.device("meta"):
        result = Qwen2_5_VLForConditionalGeneration(config)
    lost = result.load_state_dict(merged, strict=False, assign=True)
    tied = {"lm_head.weight"} if config.tie_word_embeddings else set()
    if set(lost.missing_keys) - tied or lost.unexpected_keys:
        raise Failure(f"The trained weights are not those of a Qwen2.5-VL model: {lost}.")
    result.tie_weights()
    result.generation_config = base.generation_config
    return result


def _merged(model, state):
    """(plain name, weight) of every tensor: W + scaling * B A where there is an adapter."""
    if not hasattr(model, "peft_config"):
        yield from state.items()
        return
    config = model.peft_config["default"]
    scaling, prefix = config.lora_alpha / config.r, "base_model.model."
    base = model.get_base_model()
    for name, value in state.items():
        name = name.removeprefix(prefix)
        if ".lora_" in name or ".base_layer.weight." in name:      # adapters, and what unpacking a 4-bit weight needs
            continue
        if not name.endswith(".base_layer.weight"):
            yield name.replace(".base_layer.", "."), value
            continue
        layer = name.removesuffix(".base_layer.weight")
        down, up = (state[f"{prefix}{layer}.lora_{side}.default.weight"].float() for side in "AB")
        whole = unpacked(base.get_submodule(layer).base_layer, value)
        yield f"{layer}.weight", whole.float() + scaling * (up @ down).to(whole.device)


def unpacked(layer, value: torch.Tensor) -> torch.Tensor:
    """The weight of a linear layer as numbers: of a 4-bit one what it computes with, else `value` itself."""
    quantised = getattr(layer.weight, "quant_state", None)
    if quantised is None:
        return value
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(layer.weight.data, quantised)


def adapters_off(model):
    """A context in which a model with adapters computes without them (its own reference); for another: no change."""
    return model.disable_adapter() if hasattr(model, "disable_adapter") else nullcontext()
