"""How far two judges agree: of replies that are known, and of a tiny judge beside itself."""

import pytest
import torch

from tests.support.clips import moving_square
from tests.support.tiny import CARD, widened, write_tiny
from vs2 import answer, video
from vs2.errors import BadInput
from vs2.model import checkpoint, weights
from vs2.model.int4 import agreement
from vs2.model.reply import Reply
from vs2.options import Options
from vs2.rubric import KEYS, reply

CPU = torch.device("cpu")


def said(values, ids, sure=0.9) -> Reply:
    text = reply("It moves.", values)
    odds = {key: tuple(sure if n == value else (1 - sure) / 4 for n in range(1, 6))
            for key, value in zip(KEYS, values, strict=True)}
    return Reply(text, tuple(ids), answer.read(text), odds)


def test_digits_expected_scores_and_where_replies_part():
    first = [said((1, 2, 3), [5, 6, 7]), said((4, 4, 4), [5, 6, 7, 8]), said((2, 2, 2), [1, 2])]
    second = [said((1, 2, 3), [5, 6, 7]), said((4, 5, 2), [5, 9, 7, 8]), said((2, 2, 2), [1, 2, 3])]
    found = agreement.compare(first, second)
    assert (found["clips"], found["digits"], found["unread"], found["same"]) == (3, 9, 0, 1)
    assert found["parted"] == [1, 2], "a reply that goes on parts where the other ends"
    assert found["equal"] == pytest.approx(7 / 9) and found["within_one"] == pytest.approx(8 / 9)
    step = 0.9 - 0.1 / 4            # of the expected score, by a score
    assert found["difference"] == pytest.approx((1 + 2) * step / 9)
    assert "77.8 %" in agreement.table(found | {"kl": 0.25}) and "0.2500 nats" in agreement.table(found | {"kl": 0.25})


def test_what_was_not_read_is_left_out_and_counted():
    lost = Reply("no answer", (1, 2), answer.read("no answer"), dict.fromkeys(KEYS))
    found = agreement.compare([lost, said((1, 1, 1), [1])], [said((1, 1, 1), [1, 2]), said((1, 1, 1), [1])])
    assert (found["digits"], found["unread"], found["equal"]) == (3, 3, 1.0)
    nothing = agreement.compare([lost], [lost])
    assert nothing["equal"] is None and "-" in agreement.table(nothing | {"kl": None})


def test_a_judge_beside_itself_and_beside_its_weights_in_four_bits(tmp_path):
    import json

    torch.manual_seed(0)
    folder = widened(write_tiny(tmp_path / "tiny"))
    (folder / "vs2.json").write_text(json.dumps(CARD), encoding="utf-8")
    found = checkpoint.locate(str(folder))
    clip = video.read(moving_square(tmp_path / "a.mp4", size=(112, 84)))
    asked, options = [(clip, "a red square"), (clip, "a ball")], Options(think=False)
    whole, told = lambda: weights.load(found, "bf16", CPU), []
    same = agreement.agreement(whole, whole, asked, options, lambda *at: told.append(at))
    assert (same["equal"], same["difference"], same["kl"], same["parted"], same["digits"]) == (1, 0, 0, [], 6)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    four = agreement.agreement(whole, lambda: weights.load(found, "int4", CPU), asked, options)
    assert four["digits"] == 6 and 0 < four["kl"] < 1 and 0 < four["difference"] < 1
    with pytest.raises(BadInput, match="no clips"):
        agreement.agreement(whole, whole, [], options)
    with pytest.raises(BadInput, match="greedy"):
        agreement.agreement(whole, whole, asked, Options(samples=2))
