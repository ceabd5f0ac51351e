"""Tokens and text without transformers' tokenizers: the same ids, the same words, for whatever a prompt says."""
import json
import random
import shutil

import pytest

from tests.support.tiny import write_tiny
from vs2.model import inputs
from vs2.model.own import processor
from vs2.model.tokens import Wire
from vs2.resources import ASSETS
from vs2.scenes import words, world

TEXTS = ("", " ", "a red ball bounces on grass", "Visual quality: 3\n\n  two  spaces\r\n", "naïve 画面 🎬🎬 \u200b",
         "\ufeff", "<|im_end|><|video_pad|>", "<|im_start|>assistant\n5", "<|im_<|im_end|>end|>", "\x00\x01",
         "1234567890" * 9, "</think>", "it's we'll I'D", "a\u0301 e\u0301", "\ud83d", "x" * 3000)


@pytest.fixture(scope="module", params=["mini", "mini/footage"])
def both(request):
    folder = ASSETS / request.param
    found = processor.read(folder)
    assert found is not None
    return found, inputs.load_processor(folder)


def texts() -> list[str]:
    dice = random.Random(0)
    made = [words.caption(world.sample(number).asked) for number in range(30)]
    return [*TEXTS, *made, *("".join(chr(dice.choice((dice.randrange(32, 127), dice.randrange(0x2FFF))))
                                     for _ in range(dice.randrange(80))) for _ in range(100))]


def test_the_same_tokens_and_the_same_text(both):
    own, theirs = (one.tokenizer for one in both)
    for text in texts():
        text = inputs.tokenisable(text)
        ids = own(text, add_special_tokens=False)["input_ids"]
        assert ids == theirs(text, add_special_tokens=False)["input_ids"]
        assert inputs.plain_ids(own, text) == inputs.plain_ids(theirs, text)
        for skipping in (False, True):
            assert own.decode(ids, skip_special_tokens=skipping, clean_up_tokenization_spaces=False) == \
                theirs.decode(ids, skip_special_tokens=skipping, clean_up_tokenization_spaces=False)
    for number in range(len(theirs)):
        assert own.decode([number]) == theirs.decode([number])
    assert len(own) == len(theirs) and own.get_added_vocab() == theirs.get_added_vocab()
    assert set(own.all_special_ids) == set(theirs.all_special_ids) and Wire.of(own) == Wire.of(theirs)
    for name in ("eos_token", "eos_token_id", "pad_token", "pad_token_id"):
        assert getattr(own, name) == getattr(theirs, name)


def test_no_prompt_makes_a_token_of_the_template(both):
    own, _ = both
    special = set(own.tokenizer.get_added_vocab().values())
    for text in texts():
        assert special.isdisjoint(inputs.plain_ids(own.tokenizer, inputs.tokenisable(text)))


def test_the_same_template_and_colours(both):
    own, theirs = both
    assert inputs._template(own) == inputs._template(theirs)
    for name in ("rescale_factor", "image_mean", "image_std"):
        made, wanted = (getattr(one.video_processor, name) for one in both)
        assert made == (tuple(wanted) if name.startswith("image") else wanted)


@pytest.mark.parametrize(("file", "change"), [
    ("tokenizer_config.json", {"add_prefix_space": True}),
    ("tokenizer_config.json", {"tokenizer_class": "Qwen2Tokenizer"}),
    ("tokenizer_config.json", {"clean_up_tokenization_spaces": True}),
    ("tokenizer_config.json", {"eos_token": None}),
    ("tokenizer_config.json", {"extra_special_tokens": ["<|new|>"]}),
    ("tokenizer_config.json", {"chat_template": "a"}),
    ("processor_config.json", {"processor_class": "Qwen2VLProcessor"}),
    ("processor_config.json", {"video_processor": {}}),
    ("tokenizer.json", {"truncation": {"direction": "Right", "max_length": 5, "strategy": "LongestFirst",
                                       "stride": 0}}),
    ("tokenizer.json", None),
    ("added_tokens.json", {}),
], ids=str)
def test_a_folder_that_says_more_is_read_by_transformers(tmp_path, file, change):
    folder = shutil.copytree(ASSETS / "mini" / "footage", tmp_path / "copy")
    if change is None:
        (folder / file).write_text("{")
    else:
        said = json.loads((folder / file).read_text()) if (folder / file).exists() else {}
        (folder / file).write_text(json.dumps(said | change))
    assert processor.read(folder) is None


@pytest.mark.parametrize("template", [
    "{% set n = namespace(value=0) %}{{ messages }}", "{{ strftime_now('%Y') }}", "{{ raise_exception('no') }}",
    "{% generation %}a{% endgeneration %}", "{{ unknown }}", "{{ messages.__class__.__mro__ }}", "{% if %}",
])
def test_a_template_that_needs_more_is_left_to_transformers(tmp_path, template):
    folder = shutil.copytree(ASSETS / "mini" / "footage", tmp_path / "copy")
    (folder / "chat_template.jinja").write_text(template)
    assert processor.read(folder) is None


def test_the_tiny_checkpoint_is_read_by_transformers(tmp_path):
    assert processor.read(write_tiny(tmp_path)) is None
    assert processor.read(tmp_path / "none") is None
