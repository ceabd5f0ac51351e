"""LLaMA-Factory: ShareGPT rows (its data/README.md), their entry in dataset_info.json, and a run of the recipe.

LLaMA-Factory's training arguments are transformers', so that the recipe's pass as they are.
"""
import json

import yaml

from train.data.rows import Row
from train.export.rows import Export, as_json, script, video, write
from train.export.settings import TRIED, Settings
from vs2.errors import BadInput

# ZeRO-3, as train/configs/accelerate/deepspeed-zero3.yaml has it, in DeepSpeed's own names.
ZERO3 = {"train_batch_size": "auto", "train_micro_batch_size_per_gpu": "auto", "gradient_accumulation_steps": "auto",
         "gradient_clipping": "auto", "bf16": {"enabled": "auto"},
         "zero_optimization": {"stage": 3, "overlap_comm": False, "contiguous_gradients": True,
                               "stage3_gather_16bit_weights_on_model_save": True}}
OURS = ("tf32", "gradient_checkpointing")       # of the recipe; LLaMA-Factory sets these itself


def record(row: Row, to: Export) -> dict:
    """A row of LLaMA-Factory, which is the form of the published SFT rows as well."""
    return {"conversations": [{"from": "human", "value": to.asks(row)}, {"from": "gpt", "value": row.reply}],
            "videos": [video(row)]}


def configuration(to: Export) -> dict:
    """What `llamafactory-cli train` reads: the recipe's training and the sampling of `to`, by LLaMA-Factory's names."""
    use = Settings("sft", to.card)
    seen = use.sampling
    return {"model_name_or_path": use.model, "stage": "sft", "do_train": True, "finetuning_type": "full",
            "freeze_vision_tower": use.frozen, "freeze_multi_modal_projector": use.frozen,
            "freeze_language_model": False, "deepspeed": to.file("_zero3.json").name,
            "dataset_dir": ".", "dataset": to.name, "template": "qwen2_vl", "cutoff_len": use.length,
            "video_fps": seen.fps, "video_maxlen": seen.max_frames, "video_max_pixels": seen.max_pixels,
            "video_min_pixels": seen.min_pixels,
            "output_dir": f"saves/{to.name}", "seed": use.recipe["seed"],
            **{name: value for name, value in use.train.items() if name not in OURS}}


def files(rows: list[Row], to: Export):
    """NAME.json and its entry in dataset_info.json, whose other entries stay: `out` may be LLaMA-Factory's data/.

    Beside them NAME.yaml, NAME_zero3.json and NAME.sh, which trains.
    """
    info = to.out / "dataset_info.json"
    try:
        known = json.loads(info.read_text(encoding="utf-8")) if info.exists() else {}
        if not isinstance(known, dict):
            raise ValueError("it is no JSON object")
    except ValueError as error:
        raise BadInput(f"{info} is there and cannot be read ({error}): mend it or export to another folder.") from error
    known[to.name] = {"file_name": to.file(".json").name, "formatting": "sharegpt",
                      "columns": {"messages": "conversations", "videos": "videos"},
                      "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human",
                               "assistant_tag": "gpt"}}
    use, settings = Settings("sft", to.card), to.file(".yaml")
    about = [f"Supervised fine-tuning in LLaMA-Factory by {settings.name}; the files were read by "
             f"{TRIED['llamafactory']}.",
             f"{use.batch} rows a step on {use.gpus} GPUs: with others change gradient_accumulation_steps there.",
             "A row longer than cutoff_len is cut there, its video as well, and stops the run: leave such rows out."]
    return [write(to.file(".json"), as_json([record(row, to) for row in rows if row.reply is not None])),
            write(info, as_json(known)),
            write(settings, yaml.safe_dump(configuration(to), sort_keys=False)),
            write(to.file("_zero3.json"), as_json(ZERO3)),
            write(to.file(".sh"), script(about, [f"llamafactory-cli train {settings.name}"],
                                         env={"FORCE_TORCHRUN": "1"}), run=True)]
