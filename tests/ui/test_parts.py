"""The pieces of the Evaluate page: sections, times, cards, frames, the download, and what is escaped in them."""
import base64
import json
import re

from tests.ui.test_pages import HOSTILE, SCORES, clip
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS
from vs2.ui import parts, text, whose
from vs2.ui.rationale import Times, rationale, words


def test_what_the_model_says_is_text_and_nothing_else():
    said = f"{HOSTILE}\nVisual quality: {HOSTILE}\n**<b>My heading</b>**\nmore"
    shown = rationale(said, others=(said,), notes=(said,), scores=SCORES, times=Times((0, 1)))
    tags = set(re.findall(r"<\s*/?\s*([a-zA-Z]+)", shown))
    assert tags == {"section", "header", "h", "div", "p", "small", "span", "details", "summary", "ul", "li"}
    assert "&lt;script&gt;" in shown and "onerror=alert" in shown and "<img" not in shown
    assert "javascript:alert(5)" in shown and "href" not in shown


def test_sections_stand_beside_their_scores():
    said = ("It starts.\nPrompt: a ball\nVisual quality: clear.\nText alignment: as asked.\n"
            "Physical consistency: it falls up.")
    shown = rationale(said, scores=SCORES)
    found = re.findall(r'data-part="(\w+)" open><summary><span>([^<]+)</span>(?:<span class="vs-chip">(\d))?', shown)
    assert [(key, digit) for key, _, digit in found] == [("prompt", ""), *zip(KEYS, "452", strict=True)]
    assert "<p>It starts.</p>" in shown and "<p>it falls up.</p>" in shown
    assert rationale(said).count("vs-chip vs-none") == 3  # not known yet


def test_times_in_a_rationale_show_the_video_there():
    shown = words("At 1.5 s and 2 seconds, 0:03, frame 2, not at 90 s, 5 stars, frame 9.", Times((0, 0.5, 3)))
    assert re.findall(r'data-time="([\d.]+)">([^<]+)<', shown) == [
        ("1.500", "1.5 s"), ("2.000", "2 seconds"), ("3.000", "0:03"), ("0.500", "frame 2")]
    assert re.sub(r"<[^>]+>", "", shown) == "At 1.5 s and 2 seconds, 0:03, frame 2, not at 90 s, 5 stars, frame 9."
    assert "<button" not in words("At 1.5 s.")  # the clip's times are not known


def test_every_piece_escapes_what_it_did_not_write():
    evil = '"><script>x</script>'
    record = Evaluation(f"/tmp/{evil}.mp4", evil, evil, evil, evil, SCORES, 8, Seconds(), 1)
    for shown in (parts.problem(evil), parts.status(evil, (evil,), evil), whose.line(evil, evil),
                  parts.actions(record, "x")):
        assert "<script" not in shown


def test_cards_show_digit_expectation_distribution_and_confidence():
    scores = dict(SCORES, visual_quality=Score.of(4, (0, 0, 0.25, 0.75, 0), True))
    shown = parts.scores(scores, 3.58)
    assert shown.count('<article class="vs-card"') == 3 and 'data-key="visual_quality" data-value="4"' in shown
    assert ">3.75<" in shown and ">3.58<" in shown
    assert "1: 0%, 2: 0%, 3: 25%, 4: 75%, 5: 0%" in shown
    assert "Moderate confidence, 75 %" in shown and shown.count("confidence,") == 1


def test_an_unread_score_says_so_and_is_no_number():
    shown = parts.scores(dict(SCORES, text_alignment=Score()), None)
    assert text.UNREAD in shown and text.OVERALL not in shown and "None" not in shown
    assert 'data-key="text_alignment" data-value=""' in shown


def test_frames_carry_their_times_and_a_long_clip_is_thinned():
    shown = parts.frames(clip(4))
    assert [float(t) for t in re.findall(r'data-time="([\d.]+)"', shown)] == [0, 0.5, 1, 1.5]
    assert 'at 1.5 s"' in shown
    shown = parts.frames(clip(200))
    assert shown.count("<img") == parts.MOST_FRAMES and "48 of 200 frames" in shown
    times = re.findall(r'data-time="([\d.]+)"', shown)
    assert float(times[0]) == 0 and float(times[-1]) == 99.5


def test_the_download_is_the_whole_record():
    record = Evaluation("a/clip.mp4", "p", "mini", "fp32", HOSTILE, SCORES, 8, Seconds(), 1)
    link = parts.actions(record)
    data = base64.b64decode(re.search(r'base64,([^"]+)"', link)[1])
    whole = json.loads(json.dumps(record.to_dict() | {"judge_knows": whose.knows("mini")}))
    assert json.loads(data) == whole and 'download="clip.vs2.json"' in link
