"""The pieces of the Evaluate page: sections, times, cards, frames, the download, and what is escaped in them."""
import base64
import json
import re
from dataclasses import replace

from tests.ui.test_pages import HOSTILE, SCORES, clip
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS
from vs2.ui import parts, text, whose
from vs2.ui.rationale import Times, rationale, words
from vs2.ui.rationale import samples as samples_of


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


def sampled(shown: int) -> Evaluation:
    """5, 5, 2 over three samples, of which the second gave those."""
    digits = ((4, 5, 2), (5, 5, 2), (5, 3, 2))
    samples = tuple({"rationale": f"Visual quality: words {n}.", "values": dict(zip(KEYS, row, strict=True))}
                    for n, row in enumerate(digits, 1))
    scores = {key: Score.of(value, [float(s == value) for s in range(1, 6)], True)
              for key, value in zip(KEYS, (5, 5, 2), strict=True)}
    return Evaluation("a.mp4", "p", "mini", "fp32", samples[shown]["rationale"], scores, 8, Seconds(), 9,
                      samples=samples, shown=shown)


def shown_of(made: Evaluation) -> str:
    others, known = samples_of(made)
    return rationale(made.rationale, others=others, sampled=known, scores=made.scores, aside=made.aside,
                     differing=made.differing())


def test_the_samples_that_are_not_shown_keep_their_numbers_and_have_their_own_scores():
    page = shown_of(sampled(1))
    assert "vs-aside" not in page and "vs-own" not in page
    assert re.findall(r"<h3>Rationale (\d)</h3>", page) == ["1", "3"]
    assert re.findall(r"words (\d)", page) == ["2", "1", "3"]
    assert re.findall(r'<span class="vs-chip">(\d)', page) == ["5", "4", "5"], "the shown score, then each one's own"


def test_a_sample_with_another_score_says_so_in_place_and_when_copied():
    made = sampled(0)
    page = shown_of(made)
    assert "This sample gave another score: Visual quality 4, where all samples together say 5." in page
    assert '<span class="vs-own">this sample: 4</span>' in page
    said = parts.spoken(made)
    assert said.index("Visual quality: 5") < said.index("This sample gave another score") < said.index("words 1")
    assert "sample" not in parts.spoken(sampled(1))


def test_a_sample_of_an_older_record_without_digits_is_shown_as_it_was():
    made = replace(sampled(0), samples=({"rationale": "one"}, {"rationale": "two"}), rationale="one")
    assert "two" in shown_of(made) and "vs-aside" not in shown_of(made)
