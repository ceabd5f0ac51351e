"""The whole model, with what `vs2.model` asks of transformers' Qwen2_5_VLForConditionalGeneration: no `generate`, no
gradients, no images."""
from dataclasses import dataclass

import torch
from torch import nn

from vs2.model.drafts import Drafts
from vs2.model.own import threads
from vs2.model.own.cache import Cache
from vs2.model.own.config import Config, Generation
from vs2.model.own.text import Language


@dataclass
class Out:
    """logits: [B, kept, vocabulary]. cache: None where none was asked for."""

    logits: torch.Tensor
    cache: Cache | None


class Body(nn.Module):
    """What sees and what reads. visual: the vision tower, or what stands in its place (`vs2.model.eye`)."""

    def __init__(self, visual: nn.Module, language_model: Language):
        super().__init__()
        self.visual, self.language_model = visual, language_model


class Head(nn.Module):
    """Hidden states [..., width] -> logits [..., vocabulary]."""

    def __init__(self, weight: nn.Parameter):
        super().__init__()
        self.weight = weight

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(hidden_states, self.weight)


class Qwen(nn.Module):
    """Qwen2.5-VL."""

    def __init__(self, config: Config, generation_config: Generation, visual: nn.Module, language_model: Language,
                 head: nn.Parameter):
        super().__init__()
        self.config, self.generation_config = config, generation_config
        self.model, self.lm_head = Body(visual, language_model), Head(head)
        self.drafts: Drafts | None = None       # what it will probably say, where its checkpoint tells
        self.weights = sum(weight.numel() for weight in language_model.layers.parameters())

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.lm_head.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """Of its weights."""
        return self.lm_head.weight.dtype

    def get_input_embeddings(self) -> nn.Module:
        """What makes vectors of tokens."""
        return self.model.language_model.embed_tokens

    def forward(self, input_ids: torch.Tensor, position_ids: torch.Tensor, attention_mask: torch.Tensor | None = None,
                pixel_values_videos: torch.Tensor | None = None, video_grid_thw: torch.Tensor | None = None,
                cache: Cache | None = None, use_cache: bool = True, logits_to_keep: int = 0) -> Out:
        """input_ids int64 [B, n], position_ids int64 [3, B, n], attention_mask [B, L]; patches and grids of all rows'
        clips in a row. logits_to_keep: of so many last tokens; 0: of all."""
        with threads.for_pass(self.weights, input_ids.numel()):
            return self._forward(input_ids, position_ids, attention_mask, pixel_values_videos, video_grid_thw, cache,
                                 use_cache, logits_to_keep)

    def _forward(self, input_ids, position_ids, attention_mask, pixel_values_videos, video_grid_thw, cache, use_cache,
                 logits_to_keep) -> Out:
        language = self.model.language_model
        given = language.embed_tokens(input_ids)
        if pixel_values_videos is not None:
            seen = self.model.visual(pixel_values_videos, grid_thw=video_grid_thw).pooler_output
            places = input_ids == self.config.video_token_id
            if int(places.sum()) != len(seen):
                raise ValueError(f"{int(places.sum())} tokens stand for a video of {len(seen)}")
            given = given.masked_scatter(places[..., None], seen.to(given.dtype))
        read = language(inputs_embeds=given, position_ids=position_ids, use_cache=use_cache, cache=cache,
                        attention_mask=attention_mask)
        return Out(self.lm_head(read.last_hidden_state[:, -logits_to_keep:]), read.cache)
