"""The settings of a run elsewhere, all from one place: the published recipe's files in train/configs, and the card."""
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from train import config
from vs2.model.card import Card
from vs2.video.sampling import PAIR, PATCH, Sampling

RECIPES = {"sft": "videoscore2-7b-sft.yaml", "grpo": "videoscore2-7b-grpo.yaml"}
GPUS = {"sft": 8, "grpo": 4}        # of the publication; batch x accumulation x GPUs is its batch
PROMPT = 16384                      # tokens: the published limit of a prompt in GRPO
TEXT = 4096                         # tokens left for query, prompt and reply beside the longest video of a card
TRIED = {"llamafactory": "LLaMA-Factory 0.9.5", "ms-swift": "ms-swift 4.6.0", "verl": "verl 0.9.1"}


@dataclass(frozen=True)
class Settings:
    """What to train with, for a `stage`: sft or grpo. card: a checkpoint's, in place of the recipe's sampling."""

    stage: str
    card: Card | None = None

    @cached_property
    def recipe(self) -> dict:
        """The recipe's file, as `train.config` reads it."""
        return config.read(Path(config.__file__).with_name("configs") / RECIPES[self.stage])

    @property
    def train(self) -> dict:
        """transformers.TrainingArguments by name."""
        return self.recipe["train"]

    @property
    def sampling(self) -> Sampling:
        """Which frames, and at what size: the card's, where one was given, else the recipe's."""
        return (self.card or config.card(self.recipe, Card())).sampling

    @property
    def model(self) -> str:
        """Where the run starts: the recipe's start, or what its stage before left."""
        return self.recipe["from"]

    @property
    def frozen(self) -> bool:
        """Whether the vision tower and its merger are."""
        return "visual" in self.recipe["model"]["freeze"]

    @property
    def gpus(self) -> int:
        return GPUS[self.stage]

    @property
    def batch(self) -> int:
        """Rows of a step (sft), replies of a step (grpo), on all GPUs."""
        return self.train["per_device_train_batch_size"] * self.train["gradient_accumulation_steps"] * self.gpus

    @property
    def video_tokens(self) -> int:
        """The most tokens that a video of the sampling takes."""
        most = self.sampling
        pairs = most.max_frames // PAIR
        return min(pairs * (most.max_pixels // PATCH**2), max(most.total_pixels // PATCH**2,
                                                              pairs * int(most.min_pixels * 1.05) // PATCH**2))

    @property
    def length(self) -> int:
        """The most tokens of a row (sft) or a prompt (grpo): the recipe's, or more where the card's videos need it.

        A trainer that cuts a row would cut its video, and then stop: text and video no longer match.
        """
        published = self.recipe["data"]["cutoff"] if self.stage == "sft" else PROMPT
        return published if self.card is None else max(published, self.video_tokens + TEXT)
