"""Reports as files: everything that is known is told, everything given is escaped, nothing asks for anything."""
import base64
import hashlib
import json
import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import numpy as np
import pytest

from tests.support.clips import moving_square
from tests.support.withholding import FOREIGN, SAID, UNSURE, evaluation
from tests.ui.test_pages import HOSTILE
from vs2 import candidates, report
from vs2.batch import results
from vs2.batch.table import Row
from vs2.candidates import Failed
from vs2.duels import agreement
from vs2.duels.votes import Vote
from vs2.errors import BadInput, Failure
from vs2.evaluation import Score
from vs2.report import duels, make, stills, svg, tables, words
from vs2.rubric import KEYS

TAGS = {"html", "head", "meta", "title", "style", "body", "main", "header", "section", "article", "div", "p", "span",
        "b", "small", "h1", "h2", "h3", "h4", "ol", "ul", "li", "dl", "dt", "dd", "figure", "figcaption", "img",
        "table", "caption", "thead", "tbody", "tr", "th", "td", "svg", "polygon", "line", "circle", "rect", "text",
        "tspan"}


class Strict(HTMLParser):
    """Collects what a file has that no report may have."""

    def __init__(self):
        super().__init__()
        self.faults, self.images = [], 0

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        self.images += tag == "img"
        if tag not in TAGS or "style" in names or any(name.startswith("on") or name in ("href", "srcset", "action")
                                                      for name in names):
            self.faults.append((tag, attributes))
        if tag == "img" and not names["src"].startswith("data:image/jpeg;base64,"):
            self.faults.append((tag, attributes))


def page(made) -> str:
    """The file, after a look at every tag in it."""
    text = report.html(made)
    reader = Strict()
    reader.feed(text)
    assert reader.faults == []
    assert report.html(made).count("<style>") == 1
    return text


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "square.mp4", frames=16, fps=8, size=(160, 90))


def seen(*values, **options):
    """An evaluation of four frames."""
    return replace(evaluation(*values, **options), frames=4, frame_times=(0.0, 0.625, 1.25, 1.875))


def test_an_evaluation_is_told_whole(clip):
    options = {"think": True, "budget": 512, "samples": 1, "temperature": 0.7, "top_p": 1.0, "seed": 7,
               "published": False}
    text = page(report.evaluation(replace(seen(4, 5, 2, video=str(clip), prompt="a <red> ball"), options=options,
                                          warnings=("It is short.",)), clip))
    assert "a &lt;red&gt; ball" in text and "square.mp4" in text and str(clip.parent) not in text
    assert "3.67" in text and "mini, fp32" in text and "A very small judge" in text
    assert "512 tokens" in text and ">7<" in text and "It is short." in text and "Nothing in it has a name." in text
    assert text.count("<img ") == 4 and "4 of the 4 frames" in text and "1 · 0 s" in text and "4 · 1.88 s" in text
    assert all(escape(caveat) in text for caveat in words.CAVEATS) and words.CAVEAT_WITHHELD not in text
    assert len(text) < 200_000


def test_the_policy_lets_in_the_one_stylesheet_and_no_more():
    text = page(report.evaluation(seen(4, 5, 2)))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1].replace("&#x27;", "'")
    style = re.search(r"<style>(.*)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
                      "form-action 'none'")
    assert "url(" not in style and "@import" not in style and "http" not in text.replace("http-equiv", "")


def test_what_was_not_judged_has_its_reason_and_no_number():
    text = page(report.evaluation(seen(4, FOREIGN, UNSURE)))
    assert FOREIGN in text and escape(UNSURE) in text and text.count('<p class="digit none">not judged') == 2
    assert '<b class="none">not judged</b>' in text and words.CAVEAT_WITHHELD in text
    none = page(report.evaluation(seen(FOREIGN, FOREIGN, FOREIGN)))
    assert none.count(FOREIGN) == 1 and words.UNKNOWING in none and "confidence" not in none.split("</style>")[1]
    unread = page(report.evaluation(seen(4, None, 2)))
    assert escape(words.UNREAD_WHY) in unread and '<b class="none">not read</b>' in unread


def test_confidence_is_claimed_only_where_there_is_one():
    scores = {key: Score.of(4, [0, 0, 0.1, 0.9, 0], False) for key in KEYS}
    text = page(report.evaluation(replace(seen(4, 4, 4), scores=scores)))
    assert words.NO_CONFIDENCE in text and "90 %" not in text
    scores = {key: Score.of(4, [0, 0, 0.1, 0.9, 0], True) for key in KEYS}
    text = page(report.evaluation(replace(seen(4, 4, 4), scores=scores)))
    assert words.NO_CONFIDENCE not in text and "confidence 90 %" in text


def test_every_sample_is_told_with_its_own_scores():
    samples = tuple({"rationale": f"Thought {n}.", "values": dict(zip(KEYS, (4, n, 2), strict=True))} for n in (3, 5))
    text = page(report.evaluation(replace(seen(4, 5, 2), samples=samples, shown=1, rationale="Thought 5.")))
    assert "Thought 3." in text and "Thought 5." in text and "Rationale 2 of 2 (the one whose scores" in text
    assert "its own scores: Visual quality 4, Alignment 3, Physical 2" in text


@pytest.mark.parametrize("field", ["video", "prompt", "rationale", "model", "precision", "reason", "warning", "knows",
                                   "sample", "error"])
def test_whatever_is_given_is_text(field):
    found = seen(4, HOSTILE if field == "reason" else 5, 2)
    if field in ("video", "prompt", "rationale", "model", "precision"):
        found = replace(found, **{field: HOSTILE})
    if field == "warning":
        found = replace(found, warnings=(HOSTILE,))
    if field == "sample":
        found = replace(found, samples=({"rationale": HOSTILE, "values": {}},))
    if field == "error":
        page(report.comparison([seen(4, 5, 2), Failed(HOSTILE, HOSTILE, HOSTILE)]))
    knows = (lambda model: HOSTILE) if field == "knows" else (lambda model: "")
    assert "<script" not in page(report.evaluation(found, knows=knows))
    record = results.record(Row(1, found.video, found.prompt, {"generator": HOSTILE}), found)
    assert "<script" not in page(report.batch([record], ["generator"], knows=knows))


def test_a_lone_surrogate_or_a_long_rationale_breaks_nothing(tmp_path):
    text = page(report.evaluation(seen(4, 5, 2, prompt="half \ud83d", rationale="word " * 20_000)))
    assert "more characters are left out" in text and len(text) < 60_000
    report.write(report.evaluation(seen(4, 5, 2, prompt="half \ud83d")), tmp_path / "a.html")


def test_a_comparison_says_who_won_by_what_and_of_whom(clip):
    found = [seen(3, 3, 3, video="a.mp4"), seen(5, 4, 5, video="b.mp4"), seen(5, FOREIGN, 5, video="c.mp4"),
             Failed("d.mp4", "p", "d.mp4 is damaged.")]
    text = page(report.comparison(found, [clip] * 4, "worst"))
    assert "Winner: 2 · b.mp4" in text and candidates.decide(found, "worst").reason.replace("'", "&#x27;") in text
    assert "the worst score, then the mean" in text and "d.mp4 is damaged." in text and FOREIGN in text
    places = re.findall(r'<tr><td class="number">([^<]+)</td><th scope="row">.*?(\d) · ', text)
    assert places == [("1", "2"), ("2", "1"), ("–", "3"), ("–", "4")]
    assert text.count('class="clip"') == 4 and "no vis" not in text
    tied = page(report.comparison([seen(3, 3, 3), seen(3, 3, 3)]))
    assert "<h2>A tie</h2>" in tied


def test_a_batch_is_bounded_and_says_what_it_leaves_out(clip, monkeypatch):
    monkeypatch.setattr(tables, "MOST_ROWS", 20)
    records = [results.record(Row(n, "square.mp4", f"p{n}", {"generator": "ab"[n % 2]}), seen(1 + n % 5, 3, 3))
               for n in range(1, 41)]
    records.append(results.record(Row(41, "bad.mp4", "p", {"generator": "a"}), None, "bad.mp4 is damaged."))
    asked = []

    def find(record):
        asked.append(record["row"])
        return clip

    plain = page(report.batch(records, [], find))
    assert "41 rows: 40 with all three scores, 1 failed." in plain and "20 of 41 rows are listed here" in plain
    assert "Stills and rationales are in here of 12 of the 40 judged clips: the lowest overall scores" in plain
    assert len(asked) == make.MOST_WHOLE and plain.count('class="clip"') == make.MOST_WHOLE
    grouped = page(report.batch(records, ["generator"], find))
    assert "By generator" in grouped and "20 of 21" in grouped and grouped.count('class="clip"') == 2
    assert grouped.count('<svg class="radar"') == 2 + 2, "of each group, and of each clip that is told whole"


def test_the_stills_of_a_report_are_bounded(clip, monkeypatch):
    assert [stills.share(count) for count in (1, 2, 6, 16, 200)] == [12, 12, 12, 6, 2]
    made = report.comparison([seen(4, 5, 2)] * 3, [clip] * 3)
    weight = stills.weight(made.items[0].stills)
    monkeypatch.setattr(make, "MOST_STILL_BYTES", 2 * weight)
    text = page(report.comparison([seen(4, 5, 2)] * 3, [clip] * 3))
    assert words.STILLS_FULL in text and text.count(words.STILLS_NONE) == 1


def test_stills_are_the_frames_that_the_judge_saw_and_none_where_the_clip_is_gone(clip, tmp_path):
    found = stills.of_file(clip, seen(4, 5, 2))
    assert [still.number for still in found] == [1, 2, 3, 4]
    assert [still.seconds for still in found] == pytest.approx([0.0, 0.625, 1.25, 1.875])
    assert stills.of_file(tmp_path / "gone.mp4", seen(4, 5, 2)) == () == stills.of_file(None, seen(4, 5, 2))
    assert words.STILLS_NONE in page(report.evaluation(seen(4, 5, 2), tmp_path / "gone.mp4"))


def test_a_ranking_by_votes_with_the_judges_agreement():
    ranked = (report.Ranked("<b>one</b>", 0.8, 0.4, 1.2, 20, 6, 3, 0.74),
              report.Ranked("two", -0.8, None, None, 6, 20, 3, None))
    ranking = report.Ranking(ranked, 32, 3, 1, 2, agreements=(
        report.Agreement("mini", 29, 0.715, None, "It knows scenes."),), notes=("A <i>note</i>.",))
    text = page(report.duel([ranking, replace(ranking, dimension="visual_quality")]))
    assert "32 votes by 2 people; ties: 3, both bad: 1." in text and "+0.80" in text and "[+0.40, +1.20]" in text
    assert "71.5%" in text and "It knows scenes." in text and "&lt;b&gt;one" in text
    assert "Ranking: visual quality" in text
    assert words.CAVEAT_VOTES in text and words.CAVEATS[0] not in text


def test_the_radar_leaves_a_gap_and_shows_what_lies_below():
    whole, part = (dict(zip(KEYS, found, strict=True)) for found in ((5, 5, 5), (5, None, 5)))
    alone = svg.radar([("a", part)])
    assert 'class="area' not in alone and alone.count("<circle") == 2 and alone.count('class="line') == 1
    both = svg.radar([("a", whole), ("b", whole), ("c", None)])
    assert both.count('class="area') == 2 and f'r="{svg.DOT + svg.LARGER:.1f}"' in both
    assert "Alignment –" in alone and "c: no scores" in both
    # The outermost ring is where a 5 lies, also where probabilities sum to a little more.
    scores = {key: Score(5, 5.000001, (0, 0, 0, 0, 1.0000002)) for key in KEYS}
    assert svg.values(scores) == dict.fromkeys(KEYS, 5.0)


def test_the_record_of_how_it_was_asked_goes_round():
    found = replace(seen(4, 5, 2), options={"think": True, "budget": 5})
    assert type(found).from_dict(json.loads(json.dumps(found.to_dict()))) == found
    old = found.to_dict()
    del old["options"]
    assert type(found).from_dict(old).options is None
    assert words.SETTINGS_NONE in page(report.evaluation(type(found).from_dict(old)))


@pytest.mark.parametrize("name", ["report.txt", "report", "no/such/folder/report.html"])
def test_a_report_that_cannot_be_written_is_refused_first(tmp_path, name):
    with pytest.raises(BadInput):
        report.check_out(tmp_path / name)


def test_a_disk_that_refuses_is_one_sentence_and_leaves_nothing(tmp_path):
    (tmp_path / "r.html").mkdir()
    with pytest.raises(Failure, match="cannot be written"):
        report.write(report.evaluation(seen(4, 5, 2)), tmp_path / "r.html")
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_the_words_of_a_scene_are_in_their_sections():
    text = page(report.evaluation(seen(4, 5, 2)))
    assert SAID.splitlines()[0] in text
    assert re.search(r'Visual quality <span class="chip">4/5</span></h4><p>a ball\.</p>', text)


def test_a_duels_votes_become_its_report():
    said = ("a", "a", "b", "tie", "both_bad")
    votes = [Vote("p", f"{n}a.mp4", f"{n}b.mp4", "one", "two", one) for n, one in enumerate(said)]
    made = duels.ranking(votes, agreements=[agreement("mini", votes, {("0a.mp4", "p"): {"overall": 4.0},
                                                                      ("0b.mp4", "p"): {"overall": 2.0}})])
    assert [(one.name, one.wins, one.losses, one.ties) for one in made.ranked] == [("one", 2, 1, 2), ("two", 1, 2, 2)]
    assert (made.votes, made.ties, made.both_bad, made.ranked[0].rate) == (5, 1, 1, 0.6)
    apart = made.ranked[0].strength - made.ranked[1].strength
    assert apart == pytest.approx(np.log(0.6 / 0.4), abs=0.01) and made.ranked[0].low is None, "one prompt, no interval"
    assert made.agreements[0].pairs == 1 and made.agreements[0].accuracy == 1.0
    assert "5 votes; ties: 1, both bad: 1." in page(report.duel([made]))


def test_a_comparison_says_of_how_many_scores_its_overall_ones_are():
    text = page(report.comparison([seen(2, FOREIGN, 3, video="a.mp4"), seen(5, FOREIGN, 4, video="b.mp4")]))
    assert "Overall (2 of 3 scores)" in text and "<b>4.50</b>" in text and "<b>2.50</b>" in text
    assert "text alignment was judged of none and is left out." in text
    some = page(report.comparison([seen(2, FOREIGN, 3, video="a.mp4"), seen(5, 5, 5, video="b.mp4")]))
    assert "of 3 scores" not in some and "<b>5.00</b>" in some
