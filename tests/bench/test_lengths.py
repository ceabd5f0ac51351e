"""The suite `lengths`: prompts that grow by so many tokens, what holds, and what goes into the card."""
import json

import pytest

from tests.support.tiny import write_judge
from train import measure
from vs2 import judge
from vs2.bench import lengths, suites
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.model.inputs import counted
from vs2.rubric import KEYS, MAX_PROMPT_CHARACTERS
from vs2.scenes import words, world


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return judge.load(str(write_judge(tmp_path_factory.mktemp("tiny"))), "fp32")


class Until:
    """A judge that scores the scene as it is until its prompt has more tokens than `most`, then says `then`."""

    name = "until"

    def __init__(self, tiny, most, then, cut=False):
        self.processor, self.most, self.then, self.cut = tiny.processor, most, then, cut

    def score(self, path, prompt, **_) -> Evaluation:
        beyond = counted(self.processor.tokenizer, prompt) > self.most
        said = self.then if beyond else (3, 3, 3)
        return Evaluation(str(path), prompt, self.name, "fp32", "said",
                          {key: Score(value) for key, value in zip(KEYS, said, strict=True)}, 8, Seconds(), 1,
                          truncated=beyond and self.cut)


@pytest.mark.parametrize("number", range(6))
def test_a_prompt_grows_to_so_many_tokens_and_is_itself_never_cut(tiny, number):
    tokenizer, scene = tiny.processor.tokenizer, world.sample(lengths.FIRST + number)
    bare = words.caption(scene.shown, number)
    before = ""
    for length in (*lengths.LENGTHS, 10**6):
        prompt = lengths.grown(tokenizer, number, scene, length)
        assert prompt.startswith(bare) and len(bare) <= len(prompt) <= MAX_PROMPT_CHARACTERS
        assert prompt == bare or counted(tokenizer, prompt) <= length
        assert prompt.startswith(before)
        before = prompt
    assert len(before) > MAX_PROMPT_CHARACTERS - 200


@pytest.mark.parametrize(("then", "cut"), [((3, 1, 3), False), ((5, 3, 3), False), ((3, 3, None), False),
                                           ((3, 3, 3), True)])
def test_the_longest_is_the_last_before_scores_change_are_unread_or_thinking_is_cut(tiny, monkeypatch, then, cut):
    monkeypatch.setattr(lengths, "LENGTHS", (100, 200, 300, 400, 500))  # this tokenizer makes many tokens of a caption
    found = lengths.run(Until(tiny, 300, then, cut), 4)["metrics"]
    assert found["longest"] == 300 and [row["holds"] for row in found["lengths"]] == [True, True, True, False, False]
    assert found["bare"] < 100 < found["characters"][0] <= found["characters"][1] < 600
    table = lengths.table(found)
    assert table.count("| yes |") == 3 and table.count("| no |") == 2 and "300 tokens" in table


def test_of_other_words_the_alignment_may_fall(tiny):
    """A judge may think that the clip does not show them; what is said again has to change nothing."""
    row = {"tokens": [10] + [16] * 9, "characters": [40] * 10, "cut": [False] * 10, "true": [3, 5, 3]}
    lost = [[3, 5, 3]] + [[3, 1, 3]] * 9
    same = [[3, 5, 3]] * 10
    sound = [row | {"kind": lengths.AGAIN, "value": same}, row | {"kind": lengths.OTHER, "value": lost}]
    assert lengths.summary(sound)["longest"] == lengths.LENGTHS[-1]
    assert lengths.summary([row | {"kind": lengths.AGAIN, "value": lost}, sound[1]])["longest"] == 10


def test_the_measured_length_goes_into_the_card_and_leaves_with_the_weights(tiny, tmp_path):
    folder = write_judge(tmp_path / "made")
    result = lengths.run(Until(tiny, 10**6, (3, 3, 3)), 2)
    measure.write(folder, {"lengths": result})
    card = json.loads((folder / "vs2.json").read_text(encoding="utf-8"))
    assert card["longest_prompt"] == card["metrics"]["lengths"]["longest"] == result["metrics"]["longest"]
    assert judge.load(str(folder), "fp32").card.longest_prompt == card["longest_prompt"]
    measure.write(folder, {})
    assert "longest_prompt" in json.loads((folder / "vs2.json").read_text(encoding="utf-8"))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes() + b" ")
    measure.write(folder, {})
    assert "longest_prompt" not in json.loads((folder / "vs2.json").read_text(encoding="utf-8"))


def test_it_is_a_suite_by_name(tiny):
    found = suites.run(Until(tiny, 10**6, (3, 3, 3)), "lengths", 24, None)
    assert found["suite"] == "lengths" and found["clips"] == 2 and "longest prompt" in suites.table(found)
