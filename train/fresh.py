"""A new, untrained small Qwen2.5-VL: its real classes and layout, its own small tokenizer, its card.

The folder loads through AutoProcessor and AutoModelForImageTextToText like the published checkpoint.
"""
import json
from pathlib import Path

import torch

from vs2 import rubric
from vs2.model.card import NAME
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


def tokenizer(said, size: int):
    """Byte-level BPE that splits as Qwen's does: a digit is a token, and a space before one is a token of its own.

    said: the texts that it is fitted to.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    split = Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                  r"|\s*[\r\n]+|\s+(?!\S)|\s+")
    bpe.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(split, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(said, trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(SPECIAL), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|endoftext|>",
                                   additional_special_tokens=list(SPECIAL[1:]), model_max_length=8192,
                                   clean_up_tokenization_spaces=False)


def filters(model) -> None:
    """Gives the patch embedding cosine filters, in place, in place of random ones; what they leave over stays random.

    A picture's fine detail is a hundredth as strong as its coarse, and random filters drown it: a fresh tower took
    tens of thousands of clips to tell blur from noise (training log). Each filter is a two-dimensional cosine (DCT-II)
    of brightness, of brightness' change within a pair of frames, or of colour, scaled up with its frequency as natural
    pictures fall off with it.
    """
    weight = model.model.visual.patch_embed.proj.weight         # [width, 3, 2, patch, patch]
    size = weight.shape[-1]
    grid = (torch.arange(size) + 0.5) * torch.pi / size
    low = [(u, v) for total in range(8) for u in range(total + 1) for v in (total - u,)]
    fine = ([(k, 0) for k in range(8, size)] + [(0, k) for k in range(8, size)] + [(k, k) for k in range(4, size)]
            + [pair for k in range(6, size, 2) for pair in ((k, k // 2), (k // 2, k))])
    edges = [pair for k in (5, 8, 12) for pair in ((k, 0), (0, k), (k, k))]
    luma, red, blue = ((0.3, 0.59, 0.11), (0.7, -0.7, 0.0), (-0.4, -0.4, 0.8))
    same, change = (1.0, 1.0), (1.0, -1.0)
    wanted = ([(pair, luma, same) for pair in low + fine] + [(pair, luma, change) for pair in low[:15] + edges]
              + [(pair, colour, same) for pair in low[:15] for colour in (red, blue)])
    with torch.no_grad():
        for number, ((u, v), colour, time) in enumerate(wanted[:len(weight)]):
            wave = torch.outer(torch.cos(grid * u), torch.cos(grid * v))
            whole = torch.einsum("c,t,hw->cthw", torch.tensor(colour), torch.tensor(time), wave)
            weight[number] = whole / whole.norm() * min(1.5, 0.08 * (1 + (u * u + v * v) ** 0.5) ** 1.2)


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
    words_ = tokenizer(texts([card["query"], *extra_queries]), shape["vocabulary"])
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
    filters(model)
    model.generation_config.eos_token_id = [ids["<|im_end|>"], ids["<|endoftext|>"]]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    model.save_pretrained(folder)
    limits = dict(size={"shortest_edge": card["pixels"][0], "longest_edge": card["pixels"][1]}, patch_size=14,
                  temporal_patch_size=2, merge_size=2)
    Qwen2_5_VLProcessor(Qwen2VLImageProcessor(**limits), words_, Qwen2VLVideoProcessor(**limits),
                        chat_template=TEMPLATE).save_pretrained(folder)
    (folder / NAME).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return folder
