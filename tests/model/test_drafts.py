"""Guesses that are read along: the same words and scores, whatever is guessed, in fewer passes."""
import json
import random
import shutil

import pytest
import torch

from train.data import foreign
from vs2 import judge, video
from vs2.errors import BadInput
from vs2.model import drafts, inputs, memory
from vs2.model.drafts import AHEAD, Drafts
from vs2.resources import ASSETS
from vs2.scenes import film, world
from vs2.scenes.words import caption


@pytest.fixture(scope="module")
def mini():
    torch.set_num_threads(1)
    return judge.load("mini", "fp32")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Of scenes and of what looks like footage: (path, prompt)."""
    folder = tmp_path_factory.mktemp("clips")
    found = []
    for seed in (3, 11):
        scene = world.sample(seed)
        found.append((film.write(scene, folder / f"scene{seed}.mp4"), caption(scene.asked)))
    return [*found, (film.write_frames(foreign.clip("photograph", 2), folder / "photograph.mp4", 8), "a dog")]


def judged(mini, clip, scene_drafts, footage_drafts, monkeypatch, **options):
    """What comes of it with those guesses, and how often the model that speaks was run."""
    path, prompt = clip
    passes = []
    hooks = []
    for part, guesses in ((mini.model, scene_drafts), (mini.footage.model, footage_drafts)):
        monkeypatch.setattr(part, "drafts", guesses)
        hooks.append(part.model.language_model.register_forward_hook(lambda *_: passes.append(1)))
    try:
        return mini.score(path, prompt, **options), len(passes)
    finally:
        for hook in hooks:
            hook.remove()


@pytest.mark.parametrize("options", [{}, {"budget": 40}, {"think": False}, {"samples": 2, "seed": 1}], ids=str)
def test_the_same_reply_with_guesses_without_and_with_wrong_ones(mini, clips, monkeypatch, options):
    dice = random.Random(0)
    wrong = Drafts([[token, dice.randrange(300)] for token in range(1000)])
    own = mini.model.drafts, mini.footage.model.drafts
    assert all(own), "the built-in judge has guesses"
    total = {"without": 0, "with": 0}
    for clip in clips:
        plain, most = judged(mini, clip, None, None, monkeypatch, **options)
        for guesses in (own, (wrong, wrong)):
            found, passes = judged(mini, clip, *guesses, monkeypatch, **options)
            assert found.reply == plain.reply and found.tokens == plain.tokens and passes <= most
            for key, score in found.scores.items():
                assert score.value == plain.scores[key].value and score.reason == plain.scores[key].reason
                if score.expected is not None:
                    assert score.expected == pytest.approx(plain.scores[key].expected, abs=1e-3)
            if guesses is own:
                total["without"], total["with"] = total["without"] + most, total["with"] + passes
    assert options or total["with"] < total["without"] / 2, total


def test_twice_is_the_same_to_the_last_bit(mini, clips):
    for path, prompt in clips:
        first, second = mini.score(path, prompt), mini.score(path, prompt)
        assert first.scores == second.scores and first.reply == second.reply


def test_what_follows_most_often_is_guessed_and_nothing_is_said_twice():
    replies = [[1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 3, 4], [9, 2, 3, 6], [9, 2, 3, 6]]
    rows = drafts.table(replies, longest=3)
    found = Drafts(rows)
    assert found.after([1]) == [2, 3, 4] and found.after([9]) == [2, 3, 6] and found.after([7]) == []
    assert found.after([7, 7, 2]) == [3, 4], "what it never saw in that place goes by the shorter one"
    assert [2, 3] in rows and [1, 2, 3] not in rows
    dice = random.Random(1)
    replies = [[dice.randrange(6) for _ in range(30)] for _ in range(20)]
    every: dict = {}
    for ids in replies:
        for end in range(1, len(ids)):
            for length in range(1, min(4, end) + 1):
                every.setdefault(tuple(ids[end - length:end]), []).append(ids[end])
    found = Drafts(drafts.table(replies, longest=4))
    for said, followed in every.items():
        if len(said) == 4:
            assert found.after(list(said))[0] == min(followed, key=lambda token: (-followed.count(token), token))
    assert len(found.after([0, 1])) == AHEAD


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rows": 3}', '{"rows": [[1]]}', '{"rows": [[1, "2"]]}',
                                  '{"rows": [[1, true]]}', '{"rows": [[1, 512]]}', '{"rows": [[-1, 5]]}',
                                  "\xff", "[" * 100_000])
def test_a_file_that_is_none_is_said(tmp_path, text):
    (tmp_path / drafts.NAME).write_text(text, encoding="latin-1")
    with pytest.raises(BadInput, match=r"drafts\.json is not what"):
        drafts.load(tmp_path, 512)


def test_a_checkpoint_without_them_has_none(tmp_path):
    assert drafts.load(tmp_path, 512) is None
    (tmp_path / drafts.NAME).write_text(json.dumps({"rows": []}), encoding="utf-8")
    assert drafts.load(tmp_path, 512).after([1, 2]) == []


def test_logits_are_those_of_one_token_after_the_other(mini, clips, monkeypatch):
    """Also where a guess is right for a while, and where several tokens are said at once."""
    path, prompt = clips[0]
    given = inputs.prepare(mini.processor, video.read(path, mini.card.sampling), prompt, mini.card, mini.model.config)
    guesses = Drafts([[5, 6], [6, 7], [7, 8], [8, 1], [9, 10], [10, 11], [11, 12], [12, 2]])
    with torch.inference_mode():
        monkeypatch.setattr(mini.model, "drafts", None)
        plain, _ = memory.begin(mini.model, [given], 1, 64)
        monkeypatch.setattr(mini.model, "drafts", guesses)
        ahead, _ = memory.begin(mini.model, [given], 1, 64)
        assert isinstance(plain, memory.Growing) and isinstance(ahead, drafts.Ahead)
        for tokens in ([5], [6], [7, 8, 9], [10], [11], [12, 13], [14]):
            left, right = plain.write(torch.tensor([tokens])), ahead.write(torch.tensor([tokens]))
            assert left.shape == right.shape and torch.allclose(left, right, atol=1e-3)
        assert isinstance(memory.begin(mini.model, [given], 2, 64)[0], memory.Growing), "of two replies none is guessed"


def test_in_bfloat16_nothing_is_guessed(clips):
    """Where a pass of several tokens would round otherwise than one by one."""
    coarse = judge.load("mini", "bf16")
    path, prompt = clips[0]
    given = inputs.prepare(coarse.processor, video.read(path, coarse.card.sampling), prompt, coarse.card,
                           coarse.model.config).to("cpu", torch.bfloat16)
    assert coarse.model.drafts and coarse.footage.model.drafts
    with torch.inference_mode():
        assert isinstance(memory.begin(coarse.model, [given], 1, 64)[0], memory.Growing)


def test_a_broken_table_of_the_part_for_footage_is_said(tmp_path):
    shutil.copytree(ASSETS / "mini", tmp_path / "mini")
    (tmp_path / "mini/footage" / drafts.NAME).write_text("{}", encoding="utf-8")
    with pytest.raises(BadInput, match=r"footage/drafts\.json is not what"):
        judge.load(str(tmp_path / "mini"), "fp32")
