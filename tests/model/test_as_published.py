"""As the published script asks, reads and scores: equal to transformers' `generate` and to the script's own rule."""
import json
import math
import random
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.support.clips import moving_square
from tests.support.tiny import write_tiny
from vs2 import judge
from vs2.batch.results import read_csv
from vs2.cli.main import main
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation, Published
from vs2.model import as_published, inputs
from vs2.model import generation as decode
from vs2.model.card import Card
from vs2.model.tokens import Wire
from vs2.options import Options
from vs2.rubric import DIRECT, KEYS, reply

LABELS = ("visual quality:", "text-to-video alignment:", "physical/common-sense consistency:")
# The script's one pattern, a fact of what is reproduced.
PATTERN = re.compile(r"visual quality:\s*(\d+).*?text-to-video alignment:\s*(\d+)"
                     r".*?physical/common-sense consistency:\s*(\d+)", re.DOTALL | re.IGNORECASE)


def by_the_rule(tokenizer, ids, scores) -> dict:
    """The script's numbers from what `generate` gives: ids, and a row of processed scores for each."""
    match = PATTERN.search(tokenizer.decode(ids, skip_special_tokens=True))
    whole, found = tokenizer.decode(ids), {}
    for number, (key, label) in enumerate(zip(KEYS, LABELS, strict=True), 1):
        named = re.search(re.escape(label), whole, re.IGNORECASE)
        digit = named and re.search(r"\d", whole[named.end():])
        until = digit and whole[:named.end() + digit.end()]
        places = [n for n in range(len(ids)) if tokenizer.decode(ids[:n + 1]) == until]
        soft = None
        if match and places:
            five = scores[places[0]].softmax(-1)[[tokenizer(str(s))["input_ids"][0] for s in range(1, 6)]].double()
            best = five.argmax().item()
            soft = round((best + 1) * (five[best] / five.sum()).item(), 4) if five.sum() > 0 else 0.0
        found[key] = (int(match[number]) if match else None, soft)
    return found


class Led:
    """Makes a random model write one text: adds to the next token's logits, and to all five digits' at a `?`."""

    def __init__(self, model, tokenizer, text: str, push: float = 40.0):
        ids, five = (lambda part: tokenizer(part)["input_ids"]), list(Wire.of(tokenizer).digits)
        first, *others = text.split("?")
        self.wanted = [[token] for token in ids(first)]
        for part in others:
            self.wanted += [five, *([token] for token in ids(part))]
        self.wanted.append([tokenizer.eos_token_id])
        self.model, self.push, self.step = model, push, 0

    def __call__(self, module, arguments, out):
        out = out.clone()
        out[..., self.wanted[min(self.step, len(self.wanted) - 1)]] += self.push
        self.step += 1
        return out

    def __enter__(self):
        self.hook = self.model.lm_head.register_forward_hook(self)
        return self

    def __exit__(self, *_):
        self.hook.remove()


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch):
    """A captured step on a GPU does not call `Led`."""
    monkeypatch.setenv("VS2_GRAPHS", "0")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    from transformers import AutoModelForImageTextToText

    torch.set_num_threads(1)
    folder = write_tiny(tmp_path_factory.mktemp("tiny"))
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    return model, inputs.load_processor(folder)


@pytest.fixture(scope="module")
def golden(shared):
    """The published tokenizer and its 152 k words on a small random model."""
    from transformers import AutoModelForImageTextToText

    folder = shared / "golden" / "qwen25vl-tiny"
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    return model, inputs.load_processor(folder)


@pytest.fixture(scope="module")
def clip():
    return SimpleNamespace(frames=np.random.default_rng(0).integers(0, 255, (4, 56, 84, 3), np.uint8))


def asked(checkpoint, clip):
    model, processor = checkpoint
    return inputs.prepare(processor, clip, "a red ball bounces", Card(), model.config)


def ours(checkpoint, given, **options) -> decode.Reply:
    """The one reply, drawn to its end."""
    generation = as_published.generate(checkpoint[0], checkpoint[1].tokenizer, given,
                                       Options(published=True, **options))
    while True:
        try:
            next(generation)
        except StopIteration as end:
            reply, = end.value
            return reply


def theirs(checkpoint, given, seed: int, budget: int = 1024):
    """What `generate`, called as the script calls it, draws from this seed: ids, and a row of scores for each."""
    torch.manual_seed(seed)
    out = checkpoint[0].generate(**given.model_kwargs(), max_new_tokens=budget, output_scores=True,
                                 return_dict_in_generate=True, do_sample=True, temperature=0.7)
    return out.sequences[0, given.length:].tolist(), [scores[0] for scores in out.scores]


SETTINGS = [{}, {"repetition_penalty": 1.05}, {"repetition_penalty": 1.3, "top_k": 5}, {"top_k": 0}, {"top_p": 0.6}]


@pytest.mark.parametrize("name", ["tiny", "golden"])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_tokens_are_those_that_transformers_draws(request, name, settings, clip, monkeypatch):
    checkpoint = request.getfixturevalue(name)
    for key, value in settings.items():
        monkeypatch.setattr(checkpoint[0].generation_config, key, value)
    given, replies = asked(checkpoint, clip), []
    for seed in (0, 3):
        ids, _ = theirs(checkpoint, given, seed, 24)
        made = ours(checkpoint, given, seed=seed, budget=24)
        ends = decode.ends(checkpoint[0], checkpoint[1].tokenizer)
        assert list(made.ids) == [token for token in ids if token not in ends] and len(set(ids)) > 5
        assert made.truncated == (ids[-1] not in ends)
        replies.append(ids)
    assert replies[0] != replies[1]


ANSWER = "visual quality: ?;\ntext-to-video alignment: ?,\nphysical/common-sense consistency: ?"
THOUGHT = "<think>\nIt is blurry.\nDim-1 Visual Quality: ?\nText-to-video alignment: ?\n{}</think>\n\n(1) " + ANSWER
TEXTS = [
    reply("The red ball bounces.", (1, 2, 3)).replace(": 1", ": ?").replace(": 2", ": ?").replace(": 3", ": ?"),
    ANSWER + "\nThe 4 balls vanish at 2 s.",
    THOUGHT.format(""),                                             # the thinking's first two, the answer's third
    THOUGHT.format("Physical/common-sense consistency: ?\n"),      # all of it the thinking's
    "visual quality: 3 of 12 frames\n" + ANSWER,
    "visual quality: good, see 2.\n" + ANSWER,                      # the soft score is read at the 2 of "see 2"
    "The balls\u2019 visual quality: \u56db\n" + ANSWER,
    "(1) visual quality \u2013 clarity: ?\n(2) text-to-video alignment \u2013 fidelity: ?",     # read by no pattern
    "text-to-video alignment: ?\nvisual quality: ?\nphysical/common-sense consistency: ?",       # in another order
    ANSWER.replace("?", "12", 1),
    "visual quality:",
]


@pytest.mark.parametrize("penalty", [None, 1.05])
@pytest.mark.parametrize("text", TEXTS)
def test_soft_scores_are_those_of_the_script(tiny, clip, text, penalty, monkeypatch):
    model, processor = tiny
    monkeypatch.setattr(model.generation_config, "repetition_penalty", penalty)
    given, tokenizer = asked(tiny, clip), processor.tokenizer
    with Led(model, tokenizer, text):
        ids, scores = theirs(tiny, given, 7)
    with Led(model, tokenizer, text):
        made = ours(tiny, given, seed=7)
    assert not made.truncated and ids[-1] == tokenizer.eos_token_id and list(made.ids) == ids[:-1]
    assert re.fullmatch(re.escape(text).replace(r"\?", "[1-5]"), made.text), "the reply is the one that was led"
    wanted = by_the_rule(tokenizer, ids, scores)
    for key in KEYS:
        said = made.published[key]
        assert said.value == wanted[key][0]
        assert (said.soft is None) == (wanted[key][1] is None)
        assert said.soft is None or said.soft == pytest.approx(wanted[key][1], abs=1.01e-4), key


def test_the_first_score_named_is_not_always_the_answer(tiny, clip):
    """The script reads the thinking, the judge its answer: both stand side by side in the record, untouched."""
    model, processor = tiny
    text = "<think>\nDim-1 visual quality: 1\n</think>\n\n(1) " + DIRECT.write((4, 3, 5))
    with Led(model, processor.tokenizer, text):
        made = ours(tiny, asked(tiny, clip))
    assert [made.published[key].value for key in KEYS] == [1, 3, 5]
    assert [made.answer.values[key] for key in KEYS] == [4, 3, 5]
    assert [made.published[key].soft for key in KEYS] == [1.0, 3.0, 5.0], "elsewhere p(digit) is 1"
    assert all(sum(made.distributions[key]) == pytest.approx(1) for key in KEYS)


def test_scores_that_were_ruled_out_count_for_nothing(tiny, clip, monkeypatch):
    """Processed scores: with top_k 1 the digit has all there is, whatever the raw logits say."""
    model, processor = tiny
    monkeypatch.setattr(model.generation_config, "top_k", 1)
    with Led(model, processor.tokenizer, ANSWER):
        made = ours(tiny, asked(tiny, clip))
    assert all(made.published[key].soft == made.published[key].value == made.answer.values[key] for key in KEYS)
    assert all(max(made.distributions[key]) < 0.999 for key in KEYS), "the normal scores stay unprocessed"


def test_the_reading_is_that_of_the_one_pattern():
    dice = random.Random(0)
    parts = [*LABELS, *(f"{label.upper()} {n}" for n, label in enumerate(LABELS)), " ", "\n", "1", "23", "x"]
    read = 0
    for _ in range(5000):
        text = "".join(dice.choices(parts, k=dice.randint(3, 30)))
        match = PATTERN.search(text)
        wanted = dict.fromkeys(KEYS) if match is None else dict(zip(KEYS, map(int, match.groups()), strict=True))
        assert as_published.digits(text) == wanted, text
        read += match is not None
    assert 500 < read < 4500, "both kinds were tried"


def test_a_long_reply_of_labels_is_read_in_time():
    text = "visual quality: 1 " * 20000 + "text-to-video alignment: 1 " * 20000
    assert as_published.digits(text) == dict.fromkeys(KEYS)


def test_a_digit_inside_a_longer_token_is_not_found():
    words = {0: "visual quality: ", 1: "3/", 2: "5\ntext-to-video alignment: ", 3: "4", 4: "\u56db"}
    tokenizer = SimpleNamespace(decode=lambda ids, **_: "".join(words[number] for number in ids))
    assert as_published.tokens_of(tokenizer, [4, 0, 1, 2, 3]) == {KEYS[0]: None, KEYS[1]: 4, KEYS[2]: None}


@pytest.mark.parametrize(("likely", "wanted"), [
    ((0, 0, 1, 0, 0), 3.0), ((0, 0, 0.6, 0.4, 0), 1.8), ((0.1, 0, 0, 0, 0.1), 0.5), ((0, 0, 0, 0, 0), 0.0),
    ((0, 0, 0, 1e-5, 2e-5), 3.3333)])
def test_the_likeliest_digit_times_its_share(likely, wanted):
    assert as_published.soft([math.log(p) if p else -math.inf for p in likely]) == wanted


@pytest.mark.parametrize("setting", [{"min_p": 0.1}, {"typical_p": 0.9}, {"no_repeat_ngram_size": 3}])
def test_settings_that_are_not_reproduced_are_refused_by_name(tiny, clip, setting, monkeypatch):
    (name, value), = setting.items()
    monkeypatch.setattr(tiny[0].generation_config, name, value)
    with pytest.raises(BadInput, match=f"generation settings have {name}"):
        ours(tiny, asked(tiny, clip), budget=4)


@pytest.mark.parametrize("options", [{"think": False}, {"samples": 2}, {"top_p": 0.9}, {"budget": 1025}])
def test_options_that_the_script_has_not_are_refused(options):
    with pytest.raises(BadInput, match="^published asks for one reply"):
        Options(published=True, **options)


def test_arithmetic_that_overflowed_is_said(tiny, clip):
    hook = tiny[0].lm_head.register_forward_hook(lambda module, arguments, out: out * math.nan)
    try:
        with pytest.raises(Failure, match="overflowed"):
            ours(tiny, asked(tiny, clip), budget=4)
    finally:
        hook.remove()


def test_stopping_and_the_longest_reply(tiny, clip):
    asked_for = iter([False] * 4 + [True] * 9)
    generation = as_published.generate(*(tiny[0], tiny[1].tokenizer), asked(tiny, clip), Options(published=True),
                                       stop=lambda: next(asked_for))
    with pytest.raises(decode.Stopped):
        list(generation)
    assert not torch.is_inference_mode_enabled()
    made = ours(tiny, asked(tiny, clip), budget=3)
    assert made.truncated and len(made.ids) == 3 and "cut at 3 tokens and left so" in made.notes[0]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A checkpoint's folder and a clip."""
    folder = tmp_path_factory.mktemp("published")
    card = {"query": "Judge: $t2v_prompt", "fps": 2, "max_frames": 4, "pixels": [28 * 28, 112 * 112]}
    (write_tiny(folder / "model") / "vs2.json").write_text(json.dumps(card), encoding="utf-8")
    return folder / "model", moving_square(folder / "square.mp4", frames=16, size=(224, 160))


def test_a_record_has_it_only_where_it_was_asked_for(files):
    folder, clip = files
    loaded = judge.load(str(folder), "fp32")
    with Led(loaded.model, loaded.processor.tokenizer, ANSWER):
        made = loaded.score(clip, "a red square", published=True, seed=5)
    assert set(made.published) == set(KEYS) and all(1 <= said.soft <= said.value for said in made.published.values())
    record = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert record["published"]["visual_quality"] == {"value": made.scores["visual_quality"].value,
                                                     "soft": made.published["visual_quality"].soft}
    assert Evaluation.from_dict(record) == made
    with Led(loaded.model, loaded.processor.tokenizer, ANSWER):
        plain = loaded.score(clip, "a red square")
    assert plain.published is None and plain.to_dict()["published"] is None
    before = {key: value for key, value in plain.to_dict().items() if key != "published"}
    assert Evaluation.from_dict(before).published is None, "records from before there was such a thing"


def test_on_the_command_line_and_in_a_table(files, tmp_path, capsys):
    folder, clip = files
    judged = ["--model", str(folder), "--budget", "6", "--published"]
    assert main(["score", str(clip), "--prompt", "a red square", *judged, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["published"] == {key: {"value": None, "soft": None} for key in KEYS} and record["truncated"]
    assert record["scores"]["visual_quality"]["value"] is None, "no answer is asked for"
    assert main(["score", str(clip), "--prompt", "a red square", *judged]) == 0
    assert "published script: none, none, none" in capsys.readouterr().out
    assert main(["score", str(clip), "--prompt", "x", *judged, "--no-think"]) == 2
    assert "leave think" in capsys.readouterr().err
    table, out = tmp_path / "clips.csv", tmp_path / "scores.csv"
    table.write_text(f"video,prompt,published\n{clip},a red square,2025\n", encoding="utf-8")
    assert main(["batch", str(table), "--out", str(out), *judged]) == 0
    row, = read_csv(out)
    assert row["visual_quality_published"] == "" and row["input published"] == "2025"
    plain = tmp_path / "plain.csv"
    assert main(["batch", str(table), "--out", str(plain), *judged[:-1]]) == 0
    assert "visual_quality_published" not in read_csv(plain)[0]


def test_said_in_words_and_in_columns(files):
    from vs2.batch.results import flat
    from vs2.cli.terminal import table

    folder, clip = files
    made = judge.load(str(folder), "fp32").score(clip, "a red square", budget=4)
    said = {key: Published(4, soft) for key, soft in zip(KEYS, (3.9982, None, 0.0), strict=True)}
    record = made.to_dict() | {"published": {key: vars(one) for key, one in said.items()}}
    assert [flat(record)[f"{key}_published"] for key in KEYS] == [3.9982, None, 0.0]
    assert "published script: 3.9982, none, 0.0000" in table(Evaluation.from_dict(record), "utf-8")
