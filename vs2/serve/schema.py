"""The forms of requests: the plain one, UniRL's, and Flow-Factory's."""
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vs2.options import Options
from vs2.reward import REWARD

_STANDARD = Options()


class Clip(BaseModel):
    """A clip and its prompt. One of `url`, `path`, `base64` and `frames` says where the clip is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    prompt: str = Field(description="The text that the video was made from.")
    url: str | None = Field(default=None, description="A public address, http or https, that the server fetches.")
    path: str | None = Field(default=None, description="A file on the server, in a folder that it was started with.")
    base64: str | None = Field(default=None, description="The video file, or a zip of numbered pictures, in base64.")
    frames: list[str] | None = Field(default=None, description="The pictures in their order, each a PNG, JPEG or WebP "
                                                               "in base64.")
    fps: float | None = Field(default=None, description="Pictures a second, of `frames` or a zip of pictures, which do "
                                                        "not say it. By default what the server was started with.")


class Judging(BaseModel):
    """How to judge; what is left out is as the server was started."""

    model_config = ConfigDict(extra="forbid", strict=True)

    think: bool | None = Field(default=None, description="Whether to reason before scoring. Else clips share a batch.")
    budget: int | None = Field(default=None, description=f"Most tokens to think. By default {_STANDARD.budget}.")
    samples: int | None = Field(default=None, description="Replies to draw and mix. By default 1, without chance.")
    seed: int | None = Field(default=None, description="The chance that replies are drawn by.")
    most_frames: int | None = Field(default=None, description="At most so many frames: quicker, and not what the "
                                                              "checkpoint was measured with.")
    most_pixels: int | None = Field(default=None, description="At most so many pixels of each frame; the same holds.")


class One(Clip, Judging):
    """One clip: the answer is its one result."""


class Many(Judging):
    """Several clips: the answer has a result of each, in their order."""

    items: Annotated[list[Clip], Field(min_length=1)]


class Turn(BaseModel):
    """UniRL: one turn of a history. The last one is judged."""

    text: str = ""
    image_b64: str | None = None
    video_b64: str | None = None
    video_path: str | None = None


class Wanted(BaseModel):
    """UniRL: one sample. What it says of itself comes back in `identities`."""

    history: list[Turn]
    required_rewards: list[str] = Field(default=[REWARD])
    metadata: dict[str, Any] | None = None
    request_id: str | None = None
    sample_id: str | None = None
    group_id: str | None = None
    source_rank: int | None = None
    policy_version: int | None = None
    scorer_version: str | None = None
    idempotency_key: str | None = None


class UniRL(BaseModel):
    """UniRL: a batch of samples."""

    protocol_version: str = "1"
    requests: list[Wanted]


class Compute(BaseModel):
    """Flow-Factory: prompts, and of each a video as its frames, PNG in base64."""

    prompt: list[str]
    video: list[list[str]] | None = None
    image: list[Any] | None = None
    condition_images: list[Any] | None = None
    condition_videos: list[Any] | None = None
    kwargs: dict[str, Any] | None = None
