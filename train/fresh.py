"""A new, untrained small Qwen2.5-VL: its real classes and layout, its own small tokenizer, its card.

The folder loads through AutoProcessor and AutoModelForImageTextToText like the published checkpoint.
"""
import json
from pathlib import Path

import torch

from vs2 import rubric
from vs2.card import NAME
from vs2.scenes import other, words, world

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
           "<|image_pad|>", "<|video_pad|>")
TEMPLATE = ("{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
            "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
            "{% for content in message['content'] %}{% if content['type'] == 'video' %}"
            "<|vision_start|><|video_pad|><|vision_end|>{% elif content['type'] == 'image' %}"
            "<|vision_start|><|image_pad|><|vision_end|>{% elif 'text' in content %}{{ content['text'] }}{% endif %}"
            "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
            "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")


def texts(queries, scenes: int = 2000):
    """What the tokenizer is fitted to: the queries, captions and replies of scenes that no row uses."""
    yield from queries * 50
    for number in range(scenes):
        scene = world.sample(-number - 1 + 2**40)
        yield words.caption(scene.asked, number)
        yield rubric.reply(words.rationale(scene, words.facts(scene)), scene.scores)
        yield rubric.DIRECT.write(scene.scores)
        if number % 10 == 0:
            yield other.rationale(other.sample(number, scene.asked if number % 20 else None))


def tokenizer(queries, size: int):
    """Byte-level BPE that splits as Qwen's does: a digit is a token, and a space before one is a token of its own."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    split = Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                  r"|\s*[\r\n]+|\s+(?!\S)|\s+")
    bpe.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(split, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(texts(queries), trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(SPECIAL), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|endoftext|>",
                                   additional_special_tokens=list(SPECIAL[1:]), model_max_length=8192,
                                   clean_up_tokenization_spaces=False)


def write(folder: Path, shape: dict, card: dict, seed: int, extra_queries=()) -> Path:
    """The untrained checkpoint. `shape`: vocabulary, text and vision sizes (train/configs/mini.yaml)."""
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    folder = Path(folder)
    words_ = tokenizer([card["query"], *extra_queries], shape["vocabulary"])
    ids = {token: words_.convert_tokens_to_ids(token) for token in SPECIAL}
    size = -(-len(words_) // 64) * 64
    config = Qwen2_5_VLConfig(
        text_config=dict(vocab_size=size, tie_word_embeddings=True, max_position_embeddings=8192,
                         use_sliding_window=False, bos_token_id=ids["<|endoftext|>"],
                         eos_token_id=ids["<|im_end|>"], pad_token_id=ids["<|endoftext|>"],
                         rope_parameters={"rope_type": "default", "rope_theta": 10000.0,
                                          "mrope_section": shape["mrope_section"]}, **shape["text"]),
        vision_config=dict(in_channels=3, patch_size=14, spatial_merge_size=2, temporal_patch_size=2, window_size=168,
                           tokens_per_second=2, **shape["vision"]),
        tie_word_embeddings=True, image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
        bos_token_id=ids["<|endoftext|>"], eos_token_id=ids["<|im_end|>"], pad_token_id=ids["<|endoftext|>"])
    torch.manual_seed(seed)
    model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = [ids["<|im_end|>"], ids["<|endoftext|>"]]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    model.save_pretrained(folder)
    limits = dict(size={"shortest_edge": card["pixels"][0], "longest_edge": card["pixels"][1]}, patch_size=14,
                  temporal_patch_size=2, merge_size=2)
    Qwen2_5_VLProcessor(Qwen2VLImageProcessor(**limits), words_, Qwen2VLVideoProcessor(**limits),
                        chat_template=TEMPLATE).save_pretrained(folder)
    (folder / NAME).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return folder
