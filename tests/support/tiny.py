"""A tiny random Qwen2.5-VL checkpoint with a tokenizer of its own, made from nothing: no network, about 1 MB.

`write_tiny(folder)` gives a folder that AutoProcessor and AutoModelForImageTextToText load. The tokenizer is a
byte-level BPE with Qwen's pre-tokenizer, chat markup and vision tokens; each digit is a token of its own. Its
merges are spelled out (every prefix of every known word), not trained, so that any version of any library
builds the same vocabulary and `reference/make_reference.py` gets the same ids on the reference stack.
The weights depend on the seed and the version of torch: no test may hold a number that depends on them.
"""
import json
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from vs2.rubric import DIRECT, PUBLISHED_QUERY, REASONED, reply

# Qwen2.5's added tokens in its order; the first 14 are special, the rest are plain added tokens.
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
           "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
           "<|image_pad|>", "<|video_pad|>")
ADDED = ("<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
         "<|repo_name|>", "<|file_sep|>")
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
           r"|\s*[\r\n]+|\s+(?!\S)|\s+")
WORDS = (PUBLISHED_QUERY + DIRECT.write((1, 2, 3)) + REASONED.write((4, 5, 1))
         + reply("The red ball bounces on the grass and then vanishes in the air. The video is blurry.", (1, 2, 3))
         + "system\nYou are a helpful assistant.\nuser\nassistant\n")
TEMPLATE = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system\n"
    "You are a helpful assistant.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% else %}{{ content['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
PIXELS = {"do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True,
          "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
          "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor",
          "min_pixels": 3136, "max_pixels": 12845056, "size": {"shortest_edge": 3136, "longest_edge": 12845056},
          "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2, "resample": 3, "rescale_factor": 1 / 255}


def tokenizer(text: str) -> Tokenizer:
    """The byte-level BPE whose merges spell every word of `text` from left to right."""
    split = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)])
    vocabulary = {byte: number for number, byte in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges = []
    for word in dict.fromkeys(piece for piece, _ in split.pre_tokenize_str(text)):
        for end in range(2, len(word) + 1):
            if word[:end] not in vocabulary:
                vocabulary[word[:end]] = len(vocabulary)
                merges.append((word[:end - 1], word[end - 1]))
    result = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    result.normalizer = normalizers.NFC()
    result.pre_tokenizer = split
    result.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    result.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    return result


def write_processor(folder, vocab_extra_text: str = "") -> dict[str, int]:
    """Writes tokenizer, chat template and preprocessor files; returns the ids of the added tokens.

    Needs no transformers, so that any version of it reads the same files.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    record = json.loads(tokenizer(WORDS + vocab_extra_text).to_str())
    first = len(record["model"]["vocab"])
    ids = {token: first + number for number, token in enumerate(SPECIAL + ADDED)}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    record["added_tokens"] = [{"id": number, "content": token, **flags, "special": token in SPECIAL}
                              for token, number in ids.items()]
    config = {
        "added_tokens_decoder": {str(t["id"]): {k: t[k] for k in (*flags, "content", "special")}
                                 for t in record["added_tokens"]},
        "additional_special_tokens": list(SPECIAL[1:]), "add_prefix_space": False, "bos_token": None,
        "chat_template": TEMPLATE, "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>",
        "errors": "replace", "model_max_length": 131072, "pad_token": "<|endoftext|>",
        "processor_class": "Qwen2_5_VLProcessor", "split_special_tokens": False, "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None}
    for name, content in (("tokenizer.json", record), ("tokenizer_config.json", config),
                          ("preprocessor_config.json", PIXELS)):
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return ids


def write_tiny(folder, seed: int = 0, vocab_extra_text: str = "") -> Path:
    """A whole checkpoint folder: 2 + 2 layers of width 32, float32. Words of `vocab_extra_text` join the vocabulary.

    The weights are wider than a fresh model's, so that replies depend on what is seen and asked.
    """
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    folder = Path(folder)
    ids = write_processor(folder, vocab_extra_text)
    ends = {"bos_token_id": ids["<|endoftext|>"], "pad_token_id": ids["<|endoftext|>"],
            "eos_token_id": ids["<|im_end|>"]}
    rope = {"rope_type": "default", "type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1000000.0}
    config = Qwen2_5_VLConfig(
        text_config={"vocab_size": max(ids.values()) + 1, "hidden_size": 32, "intermediate_size": 64,
                     "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
                     "max_position_embeddings": 128000, "rope_parameters": rope, "tie_word_embeddings": True, **ends},
        vision_config={"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "in_chans": 3,
                       "out_hidden_size": 32, "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2,
                       "window_size": 112, "tokens_per_second": 2, "fullatt_block_indexes": [1]},
        tie_word_embeddings=True, vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"], vision_token_id=ids["<|vision_pad|>"],
        image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"], **ends)
    model = Qwen2_5_VLForConditionalGeneration(config).float().eval()
    dice = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, weight in sorted(model.named_parameters()):
            if weight.ndim > 1:
                weight.copy_(torch.randn(weight.shape, generator=dice) * 0.15)
    model.generation_config.update(**ends)
    model.save_pretrained(folder)
    return folder


# What the tiny judge says of itself: few frames, and small ones.
CARD = {"query": "Judge this: $t2v_prompt", "fps": 2, "max_frames": 4, "pixels": [28 * 28, 56 * 56], "knows": ""}


def write_judge(folder) -> Path:
    """As `write_tiny`, with that card."""
    made = write_tiny(folder)
    (made / "vs2.json").write_text(json.dumps(CARD), encoding="utf-8")
    return made


def widened(folder, piece: str = "50GB") -> Path:
    """The tiny checkpoint with a language model of width 64, the least that weights in 4 bits take on a CPU; its keys
    and values have 32 rows. piece: the most that a file of weights holds."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    config = Qwen2_5_VLConfig.from_pretrained(folder)
    config.text_config.hidden_size, config.text_config.intermediate_size = 64, 128
    config.text_config.rope_parameters["mrope_section"] = [2, 3, 3]
    config.vision_config.out_hidden_size = 64
    folder = Path(folder)
    (folder / "model.safetensors").unlink()
    Qwen2_5_VLForConditionalGeneration(config).save_pretrained(folder, max_shard_size=piece)
    return folder
