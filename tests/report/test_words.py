"""The words of reports: the same ones in both languages, whole reports in Chinese, and one row that is not "1 rows"."""
import re
from dataclasses import replace
from html import unescape

import pytest

from tests.support.withholding import evaluation
from vs2 import report
from vs2.batch import results
from vs2.batch.table import Row
from vs2.candidates import Failed
from vs2.report import card, words
from vs2.report.words import en, zh
from vs2.ui import language
from vs2.ui.said import worded

FOREIGN = ("mini knows rendered scenes of simple shapes only, and this clip is none of them: it cannot judge its "
           "physics.")
FIELD = re.compile(r"\{(\w+)\}")
# What stays as it is: names, files, what a judge or a person wrote, and "token", which Chinese writes so, too.
NAMES = ("VideoScore2", "vs2", "UTC", "mini", "fp32", "token", "Bradley-Terry", "a.mp4", "b.mp4", "bad.mp4",
         "Best of N", "generator", "one", "two", "It starts.", "a ball.", "Nothing in it has a name.", "it falls.",
         "sketch")


def constants(module) -> dict:
    """Its words."""
    return {name: value for name, value in vars(module).items() if name.isupper() and name != "DIMENSIONS"}


def strings(value) -> list[str]:
    return [value] if isinstance(value, str) else [*(value.values() if isinstance(value, dict) else value)]


def test_both_languages_have_the_same_words_with_the_same_fields():
    english, chinese = constants(en), constants(zh)
    assert english.keys() == chinese.keys()
    for name, value in english.items():
        other = chinese[name]
        assert type(value) is type(other) and (not isinstance(value, dict) or value.keys() == other.keys()), name
        for one, two in zip(strings(value), strings(other), strict=True):
            assert set(FIELD.findall(one)) == set(FIELD.findall(two)), name


def told(made) -> str:
    """A report's text, without what is no word of ours."""
    page = made.split("</style>")[1]
    labels = " ".join(re.findall(r'aria-label="([^"]*)"', page))
    text = unescape(re.sub(r"<[^>]+>", " ", page) + labels)
    for name in sorted(NAMES, key=len, reverse=True):
        text = text.replace(name, " ")
    return text


def batch(count: int, *groups: str):
    records = [results.record(Row(n, "a.mp4", f"{n}", {"generator": ("one", "two")[n % 2]}), evaluation(4, 3, 2))
               for n in range(1, count + 1)]
    records.append(results.record(Row(count + 1, "bad.mp4", "0", {"generator": "two"}), None,
                                  "bad.mp4 is empty (0 bytes): download or export the video again."))
    return report.batch(records, groups)


MAKE = {
    "evaluation": lambda: report.evaluation(replace(evaluation(4, FOREIGN, None, prompt="0"), truncated=True)),
    "nothing judged": lambda: report.evaluation(evaluation(FOREIGN, FOREIGN, FOREIGN, prompt="0")),
    "comparison": lambda: report.comparison([
        evaluation(4, 5, 2, video="a.mp4", prompt="0"), evaluation(5, 5, 4, video="b.mp4", prompt="0"),
        Failed("bad.mp4", "0", "bad.mp4 is empty (0 bytes): download or export the video again.")]),
    "batch": lambda: batch(3, "generator"),
    "duel": lambda: report.duel([report.Ranking(
        (report.Ranked("one", 0.8, 0.4, 1.2, 20, 6, 3, 0.74), report.Ranked("two", -0.8, None, None, 6, 20, 3, None)),
        32, 3, 1, 2, agreements=(report.Agreement("mini", 29, 0.715, None, ""),))]),
}


@pytest.mark.parametrize("kind", MAKE)
def test_a_report_in_chinese_has_no_english_in_it(kind):
    english = report.html(MAKE[kind]())
    with language.speaking("zh"), words.speaking("zh", worded):
        chinese = report.html(MAKE[kind]())
    assert '<html lang="en">' in english and '<html lang="zh-CN">' in chinese
    assert re.findall("[A-Za-z]{3,}", told(chinese)) == []
    assert re.search("[\u4e00-\u9fff]", told(english)) is None
    assert report.html(MAKE[kind]()).count("<h2>") == english.count("<h2>"), "English again"


def test_a_share_card_can_draw_all_its_words():
    drawn = [said for name, value in constants(zh).items() if name.startswith(("CARD", "SHORT", "OVERALL", "CONF"))
             for said in strings(value)]
    assert len(drawn) > 12 and [said for said in drawn if not card.drawable(said)] == []
    with words.speaking("zh", worded):
        chinese = card.png(MAKE["comparison"]())
    assert chinese[:4] == b"\x89PNG" and chinese != card.png(MAKE["comparison"]())


@pytest.mark.parametrize("made", [
    lambda: batch(0), lambda: batch(1, "generator"), lambda: batch(2, "generator"),
    lambda: report.duel([report.Ranking((report.Ranked("a", 0.1, None, None, 1, 0, 0, 1.0),), 1, 0, 0, 1)])])
def test_one_of_a_thing_is_not_said_as_many(made):
    text = told(report.html(made()))
    assert not re.search(r"\b1 (rows|votes|people|clips|candidates|frames)\b", text), text
