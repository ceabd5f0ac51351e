"""Share cards: their size, what is on them, and that no letter is drawn as a box."""
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.report.test_report import seen
from tests.support.clips import moving_square
from tests.support.withholding import FOREIGN
from vs2 import report
from vs2.errors import BadInput
from vs2.evaluation import Score
from vs2.report import card, words
from vs2.rubric import KEYS

SCRIPTS = ("a red ball", "café, Straße, señor", "красный шар", "一只红色的狐狸在雪地里奔跑",
           "紅色的狐狸", "赤い狐が雪の上を走る", "빨간 여우가 달린다", "“quoted” – it costs 5 €…")


@pytest.fixture
def drawn(monkeypatch):
    """All that is drawn, as text."""
    said = []
    before = ImageDraw.ImageDraw.text

    def text(self, at, written, *options, **named):
        said.append(written)
        return before(self, at, written, *options, **named)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    return said


def picture(made) -> np.ndarray:
    image = Image.open(io.BytesIO(card.png(made)))
    assert image.format == "PNG" and image.size == (1200, 630)
    return np.asarray(image.convert("RGB"))


def test_an_evaluations_card(drawn, tmp_path):
    clip = moving_square(tmp_path / "a.mp4", frames=16, fps=8, size=(160, 90))
    shown = picture(report.evaluation(seen(4, 5, 2, prompt="a red square"), clip))
    assert {"a red square", "4", "5", "2", "judged by mini, fp32"} <= set(drawn)
    assert any(line.startswith("A very small judge") for line in drawn), "whose scores they are"
    red = (shown[..., 0] > 180) & (shown[..., 1] < 80) & (shown[..., 2] < 80)
    assert red[:490, :560].sum() > 1000, "the still"


def test_no_confidence_is_claimed_where_there_is_none(drawn):
    scores = {key: Score.of(4, [0, 0, 0.1, 0.9, 0], False) for key in KEYS}
    picture(report.evaluation(replace(seen(4, 4, 4), scores=scores)))
    assert words.CARD_NO_CONFIDENCE in drawn and not any("confidence 9" in line for line in drawn)
    drawn.clear()
    scores = {key: Score.of(4, [0, 0, p, 1 - p, 0], True) for key, p in zip(KEYS, (0.1, 0.2, 0.3), strict=True)}
    picture(report.evaluation(replace(seen(4, 4, 4), scores=scores)))
    assert "confidence 70 to 90 %" in drawn


def test_what_was_not_judged_has_no_number(drawn):
    picture(report.evaluation(seen(FOREIGN, FOREIGN, FOREIGN)))
    assert drawn.count("not judged") == 3 and not any(line.strip().isdigit() for line in drawn)
    assert FOREIGN.startswith(next(line for line in drawn if line.startswith("The clip is no")).strip())
    drawn.clear()
    picture(report.evaluation(seen(4, None, FOREIGN)))
    assert "not read" in drawn and "not judged" in drawn and "4" in drawn


@pytest.mark.parametrize("said", SCRIPTS)
def test_prompts_of_many_scripts_are_drawn(drawn, said):
    picture(report.evaluation(seen(4, 5, 2, prompt=said)))
    assert "".join(drawn).replace(" ", "").find(said.replace(" ", "")) >= 0 and words.CARD_PROMPT_MARK not in drawn


@pytest.mark.parametrize("said", ["สุนัขวิ่งบนหญ้า", "كرة حمراء", "a ball 🏀 bounces", "लाल गेंद",
                                  "κόκκινη μπάλα", "\U00020000"])
def test_a_script_that_the_font_lacks_is_left_out_and_said(drawn, said):
    picture(report.evaluation(seen(4, 5, 2, prompt=said)))
    lines = " ".join(line.strip() for line in drawn)
    assert words.CARD_PROMPT_MARK in lines and not any(letter in lines for letter in said if ord(letter) > 0x7F)


def test_no_letter_that_is_drawn_is_a_box(drawn):
    picture(report.comparison([seen(5, 5, 5, video="ไก่.mp4", prompt="สุ"),
                               seen(3, 3, FOREIGN, video="狐.mp4", prompt="สุ", model="โมเดล")]))
    assert all(card.drawable(line.strip()) for line in drawn)
    assert not card.drawable("ไ") and card.drawable("狐")


def test_a_comparison_has_its_first_three_and_says_who_won(drawn):
    found = [seen(n, n, n, video=f"{n}.mp4") for n in (1, 3, 5, 4)]
    picture(report.comparison(found))
    assert drawn.count(words.CARD_WINNER) == 1 and "3 of 4 candidates" in drawn
    assert {"5.00", "4.00", "3.00"} <= set(drawn) and "1.00" not in drawn
    drawn.clear()
    picture(report.comparison([seen(3, 3, 3), seen(3, 3, 3)]))
    assert words.CARD_TIE in drawn and words.CARD_WINNER not in drawn


def test_a_comparison_is_of_what_was_judged_of_all(drawn):
    picture(report.comparison([seen(2, FOREIGN, 3), seen(5, FOREIGN, 4)]))
    assert drawn.count("Overall (2 of 3 scores)") == 2 and {"4.50", "2.50"} <= set(drawn)
    assert drawn.count("not judged") == 2 and drawn.count(words.CARD_WINNER) == 1


@pytest.mark.parametrize("said", ["word " * 900, "狐" * 4000, "x" * 4000, " \u200b ", "a\u202eb"])
def test_a_long_or_odd_prompt_stays_in_its_place(drawn, said):
    picture(report.evaluation(seen(4, 5, 2, prompt=said)))
    for line in drawn:
        assert card.font(17).getlength(line.strip()) < 1100 and "\u202e" not in line


def test_a_line_never_begins_with_a_mark_that_closes():
    rows = card.wrapped("一只红色的狐狸在雪地里奔跑，阳光透过树林。" * 4, card.font(40), 540)
    assert len(rows) > 2 and not any(row[0] in "，。" for row in rows)
    assert "".join(rows) == "一只红色的狐狸在雪地里奔跑，阳光透过树林。" * 4


def test_what_has_no_card_says_so(tmp_path):
    record = {"row": 1, "video": "a", "prompt": "p", "scores": None, "error": None}
    with pytest.raises(BadInput, match="share card"):
        card.png(report.batch([record]))
    with pytest.raises(BadInput, match="png"):
        report.write_card(report.evaluation(seen(4, 5, 2)), tmp_path / "a.jpg")
