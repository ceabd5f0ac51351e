"""A run's YAML file: read, checked before anything is loaded, and turned into the rows that it asks for.

    output: runs/NAME           checkpoints, logs, plots; OUTPUT/model is the finished model
    from: FOLDER or Hub id      where to start; or `fresh` and `card`: a model from nothing (configs/mini.yaml)
    look: {...}                 TrainingArguments of lessons in seeing, before it (train/seeing/look.py); only
                                with scenes
    seed: 0
    frames: runs/frames.npy     where rendered scenes are kept
    model: {...}                train/model.py: how to load and what to train
    card: {...}                 instead of what the start's vs2.json says, for this run: fps, max_frames, pixels, query
    data: {kind: scenes | feedback | reviews, ...}
    train: {...}                transformers.TrainingArguments, names unchanged; also `optim: muon` (train/muon.py), and
                                `global_batch_size` (rows or replies of a step), shared out among the processes
    grpo: {...}                 train/grpo/run.py
"""
import argparse
import dataclasses
import importlib.util
import os
import sys
from pathlib import Path

import yaml

from vs2.errors import BadInput, Problem
from vs2.model.card import Card

KEYS = {"output": str, "from": str, "fresh": dict, "seed": int, "frames": str, "model": dict, "card": dict,
        "data": dict, "look": dict, "train": dict, "grpo": dict}
MODEL = {"method": str, "freeze": list, "dtype": str, "lora": dict, "attention": str}
LORA = {"r": int, "alpha": (int, float), "dropout": (int, float), "targets": list}
CHOICES = {"method": ("full", "lora", "qlora"), "dtype": ("fp32", "bf16")}
CARD = ("query", "fps", "min_frames", "max_frames", "pixels")
FRESH = ("vocabulary", "mrope_section", "text", "vision")
FROZEN = ("visual", "filters")                      # the vision tower with its merger; its first layer alone
KINDS = ("scenes", "feedback", "reviews")
GIVEN = ("processor", "config", "card", "rows", "store")   # of train.data.scenes.Scenes: what no file says
# Of data, for train/sft.py: rows held out to measure the loss on; the most tokens of a row (a longer one is left out).
EVAL_ROWS, CUTOFF = "eval_rows", "cutoff"
OURS = ("kind", EVAL_ROWS, CUTOFF)                  # of data: what the source of the rows is not told
TRACKERS = ("tensorboard", "trackio", "wandb")
DESCRIBE_QUERY = "Describe this video."
GLOBAL = "global_batch_size"


def read(path: str | Path) -> dict:
    """The configuration in a YAML file, checked, with `seed`, `model` and `data.kind` filled in.

    Raises BadInput, one sentence, for a file that cannot be read, an unknown or missing key, or a wrong kind of value.
    """
    try:
        config = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The configuration {path} cannot be read: give the path of a YAML file.") from error
    except yaml.YAMLError as error:
        raise BadInput(f"The configuration {path} is not YAML: {' '.join(str(error).split())}.") from error
    return check(config, path)


def check(config: dict, path: str | Path = "of this run") -> dict:
    """`read` for a configuration that is in memory already; a copy with the defaults filled in."""
    if not isinstance(config, dict):
        raise BadInput(f"The configuration {path} is not a table of keys and values.")
    _table(config, KEYS, path, "")
    for key in ("output", "data"):
        if key not in config:
            raise BadInput(f"The configuration {path} lacks `{key}`.")
    if ("from" in config) == ("fresh" in config):
        raise BadInput(f"The configuration {path} needs either `from` (a folder or a Hub id) or `fresh` (a new model).")
    if "fresh" in config:
        if not {"card", "look"} <= config.keys():
            raise BadInput(f"The configuration {path} has `fresh`, so it needs `card` and `look` too.")
        for part, needed in (("fresh", FRESH), ("card", CARD)):
            if lacking := [key for key in needed if key not in config[part]]:
                raise BadInput(f"The configuration {path} lacks `{part}.{lacking[0]}`.")
    config = {"seed": 0, **config, "model": _model(config.get("model") or {}, path)}
    config["data"] = data = {"kind": "scenes", **config["data"]}
    if data["kind"] not in KINDS:
        raise BadInput(f"`data.kind` of {path} is {data['kind']!r}: take one of {', '.join(KINDS)}.")
    for key, least in ((EVAL_ROWS, 0), (CUTOFF, 1)):
        if key in data and (type(data[key]) is not int or data[key] < least):
            raise BadInput(f"`data.{key}` of {path} must be a whole number, {least} or more.")
    if data["kind"] == "scenes":
        if "frames" not in config:
            raise BadInput(f"The configuration {path} trains on scenes, so it needs `frames`, a file for them.")
        _scene_options(data)
        if CUTOFF in data:
            raise BadInput(f"`data.{CUTOFF}` of {path} is for data sets, not for scenes: take it out.")
    elif "look" in config:
        raise BadInput(f"The configuration {path} has `look`, which needs scenes: take it out.")
    if "fresh" not in config and "card" in config:
        card(config, Card())
    return config


def refuse(config: dict, script: str, *keys: str) -> None:
    """Raises BadInput for what a script would pass over in silence; `data.NAME` is a key within data."""
    for key in keys:
        part, _, name = key.rpartition(".")
        if (config.get(part) or {} if part else config).get(name):
            raise BadInput(f"{script} does not use `{key}` of the configuration: take it out.")


def _table(given: dict, known: dict, path, where: str) -> None:
    """Raises BadInput for keys of `given` that are not in `known`, or hold another type than it says."""
    if unknown := sorted(str(key) for key in given.keys() - known.keys()):
        raise BadInput(f"The configuration {path} has an unknown key `{where}{unknown[0]}`: "
                       f"known are {', '.join(known)}.")
    for key, value in given.items():
        if not isinstance(value, known[key]) or (isinstance(value, bool) and known[key] is not bool):
            raise BadInput(f"`{where}{key}` of the configuration {path} cannot be {value!r}.")


def _model(options: dict, path) -> dict:
    _table(options, MODEL, path, "model.")
    options = {"method": "full", "freeze": [], "dtype": "fp32", "lora": {}, **options}
    _table(options["lora"], LORA, path, "model.lora.")
    for key, choices in CHOICES.items():
        if options[key] not in choices:
            raise BadInput(f"`model.{key}` of {path} is {options[key]!r}: take one of {', '.join(choices)}.")
    if wrong := [part for part in options["freeze"] if part not in FROZEN]:
        raise BadInput(f"`model.freeze` of {path} names {wrong[0]!r}: known are {', '.join(FROZEN)}.")
    if options["lora"] and options["method"] == "full":
        raise BadInput(f"The configuration {path} has `model.lora` and trains the full model: set method to lora.")
    return options


def card(config: dict, found: Card) -> Card:
    """The start's card with this run's `card` in place of what it says. Raises BadInput for a key or value unknown."""
    changes = config.get("card") or {}
    if not changes or "fresh" in config:      # there the card is the start's own, written by train/fresh.py
        return found
    if unknown := sorted(changes.keys() - set(CARD)):
        raise BadInput(f"`card` of the configuration has an unknown key `{unknown[0]}`: known are {', '.join(CARD)}.")
    try:
        return Card.of({**found.record(), **changes})
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInput(f"`card` of the configuration cannot be used: {error}.") from error


def training_arguments(config: dict, kind: type | None = None, part: str = "train", **fixed):
    """transformers.TrainingArguments of the run's `train`; `fixed` overrides it. Raises BadInput for what it refuses.

    kind: a subclass to make instead (train.grpo.objective.GRPOConfig). part: `look`, for the lessons before it.

    Rows of ours carry tensors only, so no column is removed; layers are checkpointed without re-entering, which works
    with frozen parts; an evaluation keeps losses alone, for the logits of a batch take gigabytes.
    """
    import torch
    from transformers import TrainingArguments

    from train import muon
    from vs2.model import gpu

    given = {"report_to": "none", "per_device_eval_batch_size": 1,
             **_shared_out(muon.without(config.get(part) or {}), part)}
    ours = {"output_dir": config["output"], "seed": config["seed"], "remove_unused_columns": False,
            "prediction_loss_only": True, **fixed}
    if clash := [name for name in ours if given.get(name, ours[name]) != ours[name]]:
        raise BadInput(f"`{part}.{clash[0]}` of the configuration cannot be {given[clash[0]]!r} in this run, which has "
                       f"{ours[clash[0]]!r} for it: take it out.")
    given |= ours
    if not torch.accelerator.is_available():
        given.setdefault("use_cpu", True)       # without it Trainer refuses bf16 on a CPU
    if given.get("gradient_checkpointing"):
        given.setdefault("gradient_checkpointing_kwargs", {"use_reentrant": False})
    known = {field.name for field in dataclasses.fields(TrainingArguments) if field.init}
    for name in ("gradient_checkpointing", "gradient_checkpointing_kwargs"):    # renamed by 5.23, which warns of it
        if name in given and (renamed := name.replace("gradient", "activation")) in known:
            given[renamed] = given.pop(name)
    if unknown := sorted(given.keys() - known - fixed.keys()):
        raise BadInput(f"`{part}.{unknown[0]}` is no name of transformers.TrainingArguments: look it up there.")
    wanted = given["report_to"] if isinstance(given["report_to"], list) else [given["report_to"]]
    if missing := [name for name in wanted if name in TRACKERS and importlib.util.find_spec(name) is None]:
        raise BadInput(f"`{part}.report_to` names {missing[0]}, which is not installed: `pip install {missing[0]}`, "
                       "or take it out.")
    try:
        arguments = (kind or TrainingArguments)(**given)
    except BadInput:
        raise
    except (ValueError, TypeError, ImportError) as error:
        raise BadInput(f"`{part}` of the configuration cannot be used here: {str(error).splitlines()[0]}") from error
    bfloat16 = arguments.bf16 or (config.get("model") or {}).get("dtype") == "bf16"
    if bfloat16 and gpu.before_ampere(arguments.device):
        raise BadInput(f"{gpu.name(arguments.device)} is too old for bfloat16, in which it would crawl: put "
                       f"`bf16: false` under `{part}` and `dtype: fp32` under `model`.")
    return arguments


def _shared_out(given: dict, part: str) -> dict:
    """`global_batch_size` as transformers' per_device_train_batch_size, so that a run learns the same from any number
    of processes. Raises BadInput where it cannot be shared out.
    """
    if GLOBAL not in given:
        return given
    given, whole = dict(given), given[GLOBAL]
    del given[GLOBAL]
    if "per_device_train_batch_size" in given:
        raise BadInput(f"`{part}` of the configuration has {GLOBAL} and per_device_train_batch_size: take one out.")
    processes, times = int(os.environ.get("WORLD_SIZE", "1")), given.get("gradient_accumulation_steps", 1)
    if type(whole) is not int or whole < 1 or type(times) is not int or whole % (processes * times):
        raise BadInput(f"`{part}.{GLOBAL}`, {whole!r}, cannot be shared out among {processes} processes of {times} "
                       "batches each: take a multiple.")
    return given | {"per_device_train_batch_size": whole // (processes * times)}


def _scene_options(data: dict) -> dict:
    """The options for train.data.scenes.Scenes. Raises BadInput for one that it does not take, or lacks."""
    from train.data.scenes import Scenes

    fields = {field.name: field for field in dataclasses.fields(Scenes)
              if field.init and field.name not in GIVEN and not field.name.startswith("_")}
    options = {key: value for key, value in data.items() if key not in OURS}
    if unknown := sorted(options.keys() - fields.keys()):
        raise BadInput(f"The scenes know no option `data.{unknown[0]}`: known are {', '.join(fields)}.")
    for key, value in options.items():
        whole, share = fields[key].type is int, fields[key].type is float
        right = type(value) is int and value >= (key != "first_seed") if whole else (
            type(value) in (int, float) and 0 <= value <= 1 if share else isinstance(value, str))
        if not right:
            kind = "a whole number" if whole else "a share, from 0 to 1" if share else "text"
            raise BadInput(f"`data.{key}` of the configuration must be {kind}, not {value!r}.")
    return options


def rows(config: dict, processor, model_config, card: Card, count: int | None = None, need: str = "reply"):
    """The data set of a run: `len`, `row(i)` -> train.data.rows.Row, `[i]` -> its tensors.

    count: how many rows of scenes to make, in the order to learn them in (None: one a clip); data sets have the rows
    that they have. need: "reply" (supervised; replies to learn) or "scores" (GRPO; every row has scores, none is a
    drill or a mere description, and the order is mixed by the seed).
    """
    data = config["data"]
    if data["kind"] == "scenes":
        return _scenes(config, processor, model_config, card, count, need)
    options = {key: value for key, value in data.items() if key not in OURS}
    if data["kind"] == "feedback":
        from train.data.feedback import open_rows
    else:
        from train.data.reviews import open_rows
    return open_rows(options, processor, model_config, card, need, Path(config["output"]))


def _scenes(config, processor, model_config, card, count, need):
    from train.data.parts import Part, mixed
    from train.data.scenes import Scenes

    options = _scene_options(config["data"])
    fields = {field.name: field for field in dataclasses.fields(Scenes)}
    if need == "scores":        # a reply is sampled for every row, so each must be one that a judge writes in full
        options |= {name: 0.0 for name in ("describe", "direct", "drill") if name in fields}
        if "describe_query" in fields:
            options.setdefault("describe_query", DESCRIBE_QUERY)
    if lacking := [name for name, field in fields.items() if field.init and name not in (*GIVEN, *options)
                   and field.default is field.default_factory is dataclasses.MISSING]:
        raise BadInput(f"The configuration lacks `data.{lacking[0]}`, which the scenes need.")
    clips = options["clips"]
    store = Path(os.path.expanduser(config["frames"]))
    wanted = clips if count is None else count
    total = max(clips, wanted) if need == "scores" else wanted
    found = Scenes(processor=processor, config=model_config, card=card, rows=total, store=store, **options)
    return Part(found, mixed(total, config["seed"])[:wanted]) if need == "scores" else found


def command(run, about: str, argv=None) -> int:
    """A command that runs one configuration, `run(config, resume)`; its exit status. about: the module's docstring."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    given = parser.parse_args(argv)
    try:
        print(run(read(given.config), given.resume))
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return problem.status
    return 0
