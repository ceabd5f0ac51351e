"""The generation loop: it equals transformers' own, its digits are the right tokens', and every reply ends well."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.support.tiny import write_tiny
from vs2.errors import BadInput, Failure
from vs2.model import generation as decode
from vs2.model import inputs as qwen
from vs2.model.card import Card
from vs2.model.tokens import Text, Wire
from vs2.options import Options
from vs2.rubric import DIRECT, KEYS, REASONED, reply


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A random checkpoint: its model and processor."""
    from transformers import AutoModelForImageTextToText

    torch.set_num_threads(1)
    folder = write_tiny(tmp_path_factory.mktemp("tiny"))
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    return model, qwen.load_processor(folder)


@pytest.fixture(scope="module")
def clip():
    frames = np.random.default_rng(0).integers(0, 255, (4, 56, 84, 3), np.uint8)
    return SimpleNamespace(frames=frames, times=(0.0, 0.5, 1.0, 1.5))


def inputs(tiny, clip, options=Options()):
    model, processor = tiny
    return qwen.prepare(
        processor, clip, "a red ball bounces", Card(), model.config, "" if options.think else DIRECT.leads[0]
    )


def run(model, tokenizer, given, options, **more):
    """The pieces and the replies of one generation."""
    pieces, generation = [], decode.generate(model, tokenizer, given, options, **more)
    while True:
        try:
            pieces.append(next(generation))
        except StopIteration as end:
            return pieces, end.value


@pytest.mark.parametrize("penalty", [None, 1.3])
def test_greedy_is_what_transformers_generates(tiny, clip, penalty, monkeypatch):
    model, processor = tiny
    monkeypatch.setattr(model.generation_config, "repetition_penalty", penalty)
    given = inputs(tiny, clip)
    wanted = model.generate(**given.model_kwargs(), max_new_tokens=24, do_sample=False, eos_token_id=-1)
    wanted = processor.tokenizer.decode(wanted[0, given.length :], skip_special_tokens=True)
    monkeypatch.setattr(model.generation_config, "eos_token_id", [-1])
    _, (made,) = run(model, processor.tokenizer, given, Options(budget=24))
    assert made.truncated and made.text.split("\n</think>")[0] == wanted and len(set(wanted)) > 5


@pytest.mark.parametrize(
    "options",
    [
        Options(budget=12),
        Options(think=False),
        Options(budget=9, samples=3, temperature=2.0),
        Options(think=False, samples=3, temperature=2.0),
    ],
    ids=str,
)
def test_distributions_are_those_of_one_full_pass(tiny, clip, options):
    """Cache, chunks, forced words and dropped rows change nothing: the whole reply in one pass says the same."""
    model, processor = tiny
    tokenizer, given = processor.tokenizer, inputs(tiny, clip, options)
    _, replies = run(model, tokenizer, given, options)
    assert len(replies) == options.samples
    digits = list(Wire.of(tokenizer).digits)
    for made in replies:
        assert made.truncated == options.think and made.answer.complete
        ids = torch.tensor([given.input_ids[0].tolist() + list(made.ids)])
        places = torch.arange(given.length, ids.shape[1]) + given.rope_delta
        out = model(
            input_ids=ids,
            pixel_values_videos=given.pixel_values_videos,
            video_grid_thw=given.video_grid_thw,
            position_ids=torch.cat([given.position_ids, places.expand(3, 1, -1)], 2),
        )
        at = [place for place in range(given.length, ids.shape[1]) if ids[0, place] in digits][-5:]
        at = at[0::2] if options.think else at  # "(2)" and "(3)" of the leads stand between the scores
        for key, place in zip(KEYS, at, strict=True):
            wanted = out.logits[0, place - 1, digits].softmax(0)
            assert torch.allclose(torch.tensor(made.distributions[key], dtype=torch.float32), wanted, atol=1e-5)
            assert options.samples > 1 or made.answer.values[key] == int(wanted.argmax()) + 1


def test_sampling_repeats_with_its_seed_and_only_with_it(tiny, clip):
    model, processor = tiny
    texts = [
        [
            made.text
            for made in run(model, processor.tokenizer, inputs(tiny, clip), Options(budget=8, samples=3, seed=seed))[1]
        ]
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]
    assert len(set(texts[0])) > 1


class Scripted:
    """A model that writes given texts, one a row, whatever it is fed; it keeps its calls and checks their positions."""

    def __init__(self, tokenizer, *texts, end=True, config=None):
        self.config = config
        self.scripts = [
            tokenizer(text)["input_ids"] + ([tokenizer.eos_token_id] if end else [7] * 999) for text in texts
        ]
        self.vocabulary, self.device = len(tokenizer), torch.device("cpu")
        self.generation_config = SimpleNamespace(eos_token_id=tokenizer.eos_token_id, repetition_penalty=None)
        self.calls, self.fed, self.rows = [], 0, list(range(len(texts)))
        self.digits = Wire.of(tokenizer).digits

    def batch_repeat_interleave(self, count):
        assert count == len(self.scripts)

    def batch_select_indices(self, kept):
        self.rows = [self.rows[number] for number in kept]

    def __call__(self, input_ids, position_ids, logits_to_keep, use_cache, **rest):
        assert rest.get(qwen.cache_name()) is (self if self.calls else None)
        if self.calls:
            assert position_ids[0, 0].tolist() == list(range(10 + self.fed + 5, 10 + self.fed + 5 + input_ids.shape[1]))
            self.fed += input_ids.shape[1]
        self.calls.append(input_ids.tolist())
        logits = torch.zeros(len(self.rows), 1, self.vocabulary)
        logits[..., list(self.digits)] = torch.tensor([0.0, 1.0, 2.0, 4.0, 3.0])  # a forced digit is a 4
        for place, row in enumerate(self.rows):
            script = self.scripts[row]
            logits[place, 0, script[min(self.fed, len(script) - 1)]] = 9.0
        if len(self.scripts) > 1 and len(self.calls) == 1:
            logits = logits[:1]
        return SimpleNamespace(logits=logits, past_key_values=self)


def scripted(tiny, *texts, end=True, options=None, **more):
    tokenizer = tiny[1].tokenizer
    model = Scripted(tokenizer, *texts, end=end, config=tiny[0].config)
    given = SimpleNamespace(
        pixel_values_videos=torch.zeros(0, 1),
        input_ids=torch.zeros(1, 10, dtype=torch.long),
        length=10,
        rope_delta=5,
        model_kwargs=lambda: {"input_ids": torch.zeros(1, 10, dtype=torch.long), "position_ids": None},
    )
    pieces, replies = run(model, tokenizer, given, options or Options(samples=len(texts)), **more)
    return model, pieces, replies


def test_a_free_reply_is_read_at_its_own_digits(tiny):
    text = reply("Ein Bär \U0001f43b \u2013 四番.\nVisual Quality: 1\nvisual quality: 2", (3, 5, 2))
    _, pieces, (made,) = scripted(tiny, text)
    assert made.text == text and not made.truncated and not made.notes
    assert [made.answer.values[key] for key in KEYS] == [3, 5, 2]
    for key, score in zip(KEYS, (3, 5, 2), strict=True):
        assert made.distributions[key].index(max(made.distributions[key])) + 1 == score
        assert sum(made.distributions[key]) == pytest.approx(1)
    assert "".join(piece.text for piece in pieces) == made.answer.rationale
    assert len([piece for piece in pieces if piece.text]) > 10
    assert not any("\ufffd" in piece.text for piece in pieces)
    assert list(made.ids) == tiny[1].tokenizer(text)["input_ids"]


@pytest.mark.parametrize("budget", [1, 5, 20])
def test_a_spent_budget_asks_for_the_answer(tiny, budget):
    model, pieces, (made,) = scripted(tiny, "\n<think>\n" + "thinking on and on " * 99, options=Options(budget=budget))
    assert made.truncated and made.answer.complete and made.text.endswith(REASONED.write((4, 4, 4)))
    assert set(made.answer.values.values()) == {4}
    probabilities = torch.tensor([0.0, 1, 2, 4, 3]).softmax(0).tolist()
    assert all(p == pytest.approx(probabilities) for p in made.distributions.values())
    assert len(model.calls) == budget + 3  # the prefill and each token; the closing words and each lead in one step
    assert tiny[1].tokenizer.decode(sum((call[0] for call in model.calls[1:budget]), [])) in made.text
    assert "".join(piece.text for piece in pieces) == made.answer.rationale


def test_without_thinking_it_is_three_steps(tiny):
    model, _, (made,) = scripted(tiny, "", options=Options(think=False))
    assert made.text == DIRECT.write((4, 4, 4)) and made.answer.complete and not made.truncated
    assert len(model.calls) == 3 and made.answer.rationale == ""


def test_a_budget_that_ends_inside_a_scores_first_answer(tiny):
    _, _, (made,) = scripted(
        tiny, "visual quality: 2;\ntext-to-video alignment: 1", options=Options(budget=8), end=False
    )
    assert made.truncated and set(made.answer.values.values()) == {4}


def test_a_scores_first_reply_is_whole_when_its_explanation_is_cut(tiny):
    text = DIRECT.write((2, 1, 5)) + "\nBecause of this and that. " * 9
    _, pieces, (made,) = scripted(tiny, text, options=Options(budget=60))
    assert [made.answer.values[key] for key in KEYS] == [2, 1, 5] and not made.truncated
    assert "cut at 60" in made.notes[0] and "visual quality" not in "".join(piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("after", "unread"),
    [("\n(1) visual quality: 2\n", 2), (REASONED.write((2, 9, 2)), 1)],
)
def test_a_closed_reply_without_its_scores_is_unread_and_says_so(tiny, after, unread):
    _, _, (made,) = scripted(tiny, "<think>\nx\n</think>" + after)
    assert list(made.answer.values.values()).count(None) == unread
    assert list(made.distributions.values()).count(None) == unread
    assert made.notes[0].startswith("Not read from the reply:") and "Physical" in made.notes[0] or unread == 1


def test_an_answer_that_never_comes_is_asked_for(tiny):
    model, _, (made,) = scripted(tiny, "<think>\nx\n</think>\n", end=False)
    assert made.answer.complete and len(model.calls) < 200
    assert "asked for" in made.notes[0] and len(made.notes) == 1


@pytest.mark.parametrize("text", ["<think>\nIt is sharp.",
                                  "<think>\nIt is sharp.\n</think>", "<think>\nx</think>\nHm.",
                                  reply("It is sharp.", (1, 2, 3)) + "</think>"])
def test_a_reply_that_ends_without_an_answer_is_asked(tiny, text):
    _, _, (made,) = scripted(tiny, text)
    assert made.answer.complete and not made.truncated and "asked for" in made.notes[0]
    assert set(made.answer.values.values()) == {4}, "the digits that the model then gave"


def test_rows_of_several_lengths_share_a_batch(tiny):
    texts = [
        reply("a b", (1, 2, 3)),
        reply("a longer one, with more words in it " * 3, (3, 2, 1)),
        "<think>" + "on " * 300,
    ]
    options = Options(samples=3, temperature=0.05, budget=200)
    model, pieces, replies = scripted(tiny, *texts, options=options)
    assert [made.text for made in replies[:2]] == texts[:2] and replies[2].truncated
    assert [tuple(made.answer.values.values()) for made in replies] == [(1, 2, 3), (3, 2, 1), (4, 4, 4)]
    assert len(model.calls[-1]) == 1 and len(model.calls[1]) == 3  # finished rows are dropped
    assert "".join(piece.text for piece in pieces) == "a b"
    assert pieces[-1].tokens <= sum(len(made.ids) for made in replies)


def test_stop_ends_it_before_the_next_token(tiny):
    answers = iter([False] * 5 + [True] * 99)
    with pytest.raises(decode.Stopped):
        scripted(tiny, "<think>" + "on " * 99, stop=lambda: next(answers))
    assert next(answers) and len(list(answers)) == 97


def test_closing_the_generator_ends_it(tiny, clip):
    model, processor = tiny
    calls = []
    hook = model.register_forward_hook(lambda *_: calls.append(1))
    generation = decode.generate(model, processor.tokenizer, inputs(tiny, clip), Options())
    next(generation)
    generation.close()
    made = len(calls)
    hook.remove()
    assert made < 12 and not torch.is_inference_mode_enabled()


def test_inference_mode_does_not_leak_between_pieces(tiny, clip):
    model, processor = tiny
    for _ in decode.generate(model, processor.tokenizer, inputs(tiny, clip), Options(budget=20)):
        assert not torch.is_inference_mode_enabled() and torch.is_grad_enabled()


def test_text_gives_no_half_characters(tiny):
    tokenizer = tiny[1].tokenizer
    whole = "a\U0001f43b\u00e9 \u2013 \u56db3\U0001f468\u200d\U0001f469\u200d\U0001f467 5"
    ids = tokenizer(whole)["input_ids"]
    text = Text(tokenizer)
    pieces = [text.add(token) for token in ids]
    assert "".join(pieces) + text.finish() == whole == text.whole and "\ufffd" not in "".join(pieces)
    for digit in "35":
        assert tokenizer.decode([ids[text.token_at(whole.index(digit))]]).strip() == digit


def test_broken_bytes_come_out_in_the_end(tiny):
    tokenizer = tiny[1].tokenizer
    half = tokenizer("\U0001f43b")["input_ids"][0]
    text = Text(tokenizer)
    assert [text.add(token) for token in (half, *tokenizer("3")["input_ids"], half)] == ["", "\ufffd3", ""]
    assert text.finish() == "\ufffd" and text.whole == "\ufffd3\ufffd" and text.token_at(1) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"budget": 0},
        {"budget": 8193},
        {"budget": 1.5},
        {"budget": "9"},
        {"samples": 0},
        {"samples": 33},
        {"samples": True},
        {"temperature": 0},
        {"temperature": float("nan")},
        {"temperature": -1},
        {"top_p": 0},
        {"top_p": 1.1},
        {"seed": -1},
    ],
)
def test_options_out_of_range_are_refused_by_name(change):
    with pytest.raises(BadInput, match=f"^{next(iter(change))} is"):
        replace(Options(), **change)


def test_a_tokenizer_that_joins_digits_is_refused(tiny):
    tokenizer = tiny[1].tokenizer

    class Joins:
        all_special_ids = ()

        def __call__(self, text, **_):
            ids = tokenizer(text)["input_ids"]
            return {"input_ids": ids[:-2] + [9999] if text.endswith(": 3") else ids}

    with pytest.raises(Failure, match="digit 3 as a token of its own"):
        Wire.of(Joins())


def test_the_published_tokenizer_is_accepted(shared):
    from transformers import AutoTokenizer

    wire = Wire.of(AutoTokenizer.from_pretrained(shared / "golden" / "qwen25vl-tiny"))
    assert wire.digits == (16, 17, 18, 19, 20)
