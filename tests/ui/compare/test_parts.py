"""The pieces of the Compare page: the table, the verdict, rationales side by side, and what is escaped in them."""
import re
from dataclasses import replace

from tests.ui.compare.test_page import cells, evaluation
from tests.ui.test_pages import HOSTILE
from vs2 import candidates
from vs2.candidates import Failed
from vs2.rubric import KEYS
from vs2.ui.compare import parts
from vs2.ui.compare.parts import Row
from vs2.ui.text import UNREAD
from vs2.ui.text import compare as text


def test_the_table_by_hand():
    rows = [Row("a", "a.mp4", "p", evaluation(4, 3, 2)), Row("b", "b.mp4", "p", evaluation(5, None, 4), "k" * 22),
            Row("c", "c.mp4", "p", Failed("c.mp4", "p", "c.mp4 is <b>damaged</b>.")), Row("d", "d.mp4", "p")]
    shown = parts.table(rows, candidates.decide(parts.compared(rows)))
    assert cells(shown, "visual_quality") == ["4.000000", "5.000000"]
    assert "<b>4.00</b><small>\u22121.00</small>" in shown and f"<b>5.00</b><small>{text.BEST}</small>" in shown
    assert cells(shown, "text_alignment") == ["3.000000", ""] and cells(shown, "overall") == ["3.000000", ""]
    assert cells(shown, "place") == ["1", "", "", ""] and shown.count(UNREAD) == 2
    assert "Not judged: c.mp4 is &lt;b&gt;damaged&lt;/b&gt;." in shown and shown.count(text.NOT_YET) == 1
    assert f'href="?e={"k" * 22}"' in shown and f'href="?show=review&amp;e={"k" * 22}"' in shown
    assert "p</small>" not in shown  # one prompt for all is not repeated in each row


def test_prompts_and_judges_are_said_where_they_differ():
    rows = [Row("a", "a.mp4", "a ball", evaluation(4, 3, 2)), Row("b", "a.mp4", "a <i>cube</i>", evaluation(4, 3, 3))]
    shown = parts.table(rows, None)
    assert "<small>a ball</small>" in shown and "a &lt;i&gt;cube&lt;/i&gt;" in shown and "Judged by" not in shown
    rows[1].candidate, rows[1].prompt = evaluation(4, 3, 3, model="other"), "a ball"
    shown = parts.table(rows, candidates.decide(parts.compared(rows)))
    assert "Judged by other, fp32" in shown and "<small>a ball</small>" not in shown
    assert text.NO_WINNER in parts.verdict(candidates.decide(parts.compared(rows)), rows)


def test_a_tie_shares_the_first_place():
    rows = [Row(name, name, "p", evaluation(*scores)) for name, scores in (("a", (4, 4, 3)), ("b", (3, 4, 4)),
                                                                         ("c", (1, 1, 1)))]
    decision = candidates.decide(parts.compared(rows))
    assert cells(parts.table(rows, decision), "place") == ["1", "1", "3"]
    shown = parts.verdict(decision, rows)
    assert f"<h2>{text.TIE}</h2>" in shown and "Candidates 1 and 2 tie" in shown and 'data-kind="tie"' in shown


def test_the_same_score_has_the_same_place_further_down_too():
    rows = [Row(str(n), str(n), "p", evaluation(*[digit] * 3)) for n, digit in enumerate((2, 5, 2, 1, 2))]
    decision = candidates.decide(parts.compared(rows))
    assert cells(parts.table(rows, decision), "place") == ["2", "1", "2", "5", "2"]


def test_a_rationale_of_another_score_says_so_beside_its_words():
    samples = tuple({"rationale": "Visual quality: x.", "values": dict.fromkeys(KEYS, digit)} for digit in (3, 4))
    made = replace(evaluation(4, 3, 3), samples=samples)
    shown = parts.rationales([Row("a", "a.mp4", "p", made)])
    assert shown.count("This sample gave another score: Visual quality 3") == 2, "under its dimension and Everything"
    assert "This sample" not in parts.rationales([Row("a", "a.mp4", "p", replace(made, shown=1, scores={
        key: replace(score, value=4) for key, score in made.scores.items()}))])


def test_rationales_stand_side_by_side_a_dimension_at_a_time():
    rows = [Row("a", "a.mp4", "p", evaluation(4, 3, 2)), Row("b", "b.mp4", "p"),
            Row("c", "c.mp4", "p", evaluation(4, 3, 2, rationale="Nothing under headings.")),
            Row("d", "d.mp4", "p", evaluation(4, 3, 2, rationale=""))]
    shown = parts.rationales(rows)
    panels = dict(re.findall(r'<div class="vs-columns" data-part="(\w+)"[^>]*>(.*?)</div>', shown, re.DOTALL))
    assert list(panels) == [*KEYS, parts.EVERYTHING] and shown.count(" checked") == 1
    visual = re.findall(r"<article>(.*?)</article>", panels["visual_quality"])
    assert len(visual) == 3 and 'data-time="0.500">0.5 s</button>.' in visual[0] and "falls up" not in visual[0]
    assert text.NOTHING_SAID in visual[1] and text.NO_RATIONALE in visual[2] and ">4<small>/5" in visual[0]
    assert "it falls up." in panels["physical_consistency"] and "It starts." in panels[parts.EVERYTHING]
    assert "Nothing under headings." in panels[parts.EVERYTHING]


def test_what_others_wrote_is_never_markup():
    evil = HOSTILE + f"\nVisual quality: {HOSTILE}"
    rows = [Row(evil, evil, f"{evil}{n}", evaluation(4, 3, n, video=evil, model=f"{evil}{n}", rationale=evil), "k" * 22)
            for n in (1, 2)]
    rows.append(Row(evil, evil, evil, Failed(evil, evil, evil)))
    decision = candidates.decide(parts.compared(rows))
    for shown in (parts.table(rows, decision), parts.rationales(rows),
                  parts.verdict(decision, rows), parts.live(evil),
                  parts.actions(rows, decision)):
        assert "<script" not in shown and "<img" not in shown and "<i>" not in shown
