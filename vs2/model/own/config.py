"""A checkpoint's config.json as the forward pass here reads it; one that says anything else is left to transformers."""
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

THETA = 10000.0         # of the tower's rotations, where a config of an older version does not say it
NAMES = ("video_token_id", "image_token_id", "vision_start_token_id")


class Unknown(Exception):
    """The checkpoint has something that is not computed here."""


@dataclass(frozen=True)
class TextConfig:
    """Of the language model; the names are transformers'. layout: how its attention takes the heads of a token
    (`vs2.model.attention.ROWS`), which `vs2.model.pace` asks for."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    rms_norm_eps: float
    theta: float
    sections: tuple[int, ...]       # pairs of a head's numbers that turn with time, height and width
    head_dim: int
    tied: bool                      # whether the head is the embedding
    _attn_implementation: str = "sdpa_rows"


@dataclass(frozen=True)
class VisionConfig:
    """Of the vision tower; the names are transformers'."""

    depth: int
    hidden_size: int
    intermediate_size: int
    num_heads: int
    in_channels: int
    out_hidden_size: int
    patch_size: int
    temporal_patch_size: int
    spatial_merge_size: int
    window_size: int
    tokens_per_second: int
    fullatt_block_indexes: tuple[int, ...]
    theta: float


@dataclass(frozen=True)
class Config:
    """Of the whole model."""

    text_config: TextConfig
    vision_config: VisionConfig
    video_token_id: int
    image_token_id: int
    vision_start_token_id: int


class Generation:
    """generation_config.json: a name that it does not say, or says as null, is None."""

    def __init__(self, said: dict[str, Any]):
        self.__dict__.update(said)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):       # what Python itself asks for
            raise AttributeError(name)
        return None


def read(record: dict[str, Any]) -> Config:
    """The config of a config.json. Raises Unknown for one with anything that is not computed here."""
    try:
        text, vision = record["text_config"], record["vision_config"]
        config = Config(_text(text, record), _vision(vision), *(_whole(record[name]) for name in NAMES))
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise Unknown(f"config.json: {error!r}") from error
    if config.vision_config.out_hidden_size != config.text_config.hidden_size:
        raise Unknown("the tower's width is not the language model's")
    return config


def generation(folder: Path) -> Generation:
    """The generation_config.json of a folder. Raises Unknown where there is none that can be read."""
    try:
        said = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
        return Generation(dict(said))
    except (OSError, ValueError, TypeError) as error:
        raise Unknown("generation_config.json") from error


def _text(said: dict[str, Any], record: dict[str, Any]) -> TextConfig:
    rope, layers = said["rope_parameters"], _whole(said["num_hidden_layers"])
    heads, groups, width = (_whole(said[name]) for name in ("num_attention_heads", "num_key_value_heads",
                                                            "hidden_size"))
    size, sections = width // heads, tuple(map(_whole, rope["mrope_section"]))
    _demand("activation", said["hidden_act"] == "silu")
    _demand("rope", said.get("rope_scaling") is None and rope["rope_type"] == "default"
            and rope.get("type", "default") in ("default", "mrope")
            and set(rope) <= {"rope_type", "type", "mrope_section", "rope_theta"})
    _demand("sliding windows", not said.get("use_sliding_window")
            and said.get("layer_types", ["full_attention"] * layers) == ["full_attention"] * layers)
    _demand("heads", size * heads == width and heads % groups == 0 and said.get("head_dim") in (None, size)
            and len(sections) == 3 and 2 * sum(sections) == size)
    tied: bool = record["tie_word_embeddings"]
    _demand("head", isinstance(tied, bool) and said.get("tie_word_embeddings", tied) == tied)
    return TextConfig(_whole(said["vocab_size"]), width, _whole(said["intermediate_size"]), layers, heads, groups,
                      float(said["rms_norm_eps"]), float(rope["rope_theta"]), sections, size, tied)


def _vision(said: dict[str, Any]) -> VisionConfig:
    rope = said.get("rope_parameters") or {"rope_type": "axial", "rope_theta": THETA}
    numbers = {field.name: _whole(said[field.name]) for field in fields(VisionConfig)
               if field.name not in ("theta", "fullatt_block_indexes")}
    config = VisionConfig(**numbers, theta=float(rope["rope_theta"]),
                          fullatt_block_indexes=tuple(map(_whole, said["fullatt_block_indexes"])))
    _demand("activation", said["hidden_act"] == "silu")
    _demand("rope", rope["rope_type"] == "axial" and set(rope) <= {"rope_type", "rope_theta"})
    _demand("heads", config.hidden_size % (4 * config.num_heads) == 0 and said.get("head_dim") is None)
    _demand("windows", config.window_size >= config.spatial_merge_size * config.patch_size)
    return config


def _whole(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(f"{number!r} is no number of anything")
    return number


def _demand(what: str, so: bool) -> None:
    if not so:
        raise Unknown(what)
