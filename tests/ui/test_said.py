"""What the library says, on a Chinese page: each form is one that it says, and composed sentences come out whole."""
import ast
import csv
import itertools
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.withholding import evaluation as withheld
from tests.test_candidates import TEXT, VISUAL, drawn, judged
from train import scope
from vs2.best_of import outcome
from vs2.best_of.cost import Estimate, Work, duration
from vs2.candidates import Failed, decide
from vs2.errors import BadInput
from vs2.extras import install
from vs2.remote import faults as server
from vs2.remote import probe
from vs2.rubric import KEYS, check_prompt
from vs2.rules import MEAN, WORST
from vs2.ui import given, language, text
from vs2.ui.said import FIELD, pattern, worded
from vs2.video import Limits, faults
from vs2.video.reader import check_file

ROOT = Path(__file__).parents[2]
# Latin words that stay in a Chinese sentence: names, commands, files, and what a test fills in.
NAMES = re.compile(r"\b(?:mini|other|GPU|a\.mp4|clip\.mp4|x|[\w-]+\.\w{2,4})\b")


def forms() -> dict[str, str]:
    """All forms with what is said in Chinese."""
    with language.speaking("zh"):
        return text.said.PARTS | text.said.FORMS | text.problems.FORMS | text.servers.FORMS


def template(node: ast.AST) -> str | None:
    """The text of a string, of an f-string and of a sum of both, "7" in the place of each field; None for no text."""
    if isinstance(node, ast.Constant):
        return re.sub(r"\{\w*(?:[.:!][^}]*)?\}", "7", node.value) if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "7" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = template(node.left), template(node.right)
        return None if parts == (None, None) else "".join("7" if part is None else part for part in parts)
    return None


@pytest.fixture(scope="module")
def library() -> set[str]:
    """All texts of the library, of the built-in judge's card and of the examples."""
    found = set()
    for path in (ROOT / "vs2").rglob("*.py"):
        if "words" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (said := template(node)) and said.strip():
                    found |= {said, *said.split(": ")}      # what follows a colon is shown by itself, of a stage
    card = json.loads((ROOT / "assets" / "mini" / "vs2.json").read_text(encoding="utf-8"))
    part = json.loads((ROOT / "assets" / "mini" / "footage" / "vs2.json").read_text(encoding="utf-8"))
    found |= {card["knows"], card["trained_on"], *card["scope"]["withholds"].values()}
    found |= set(part["scope"]["withholds"].values())
    # what mini says where it has no part for footage, and said in records that are kept
    found |= {scope.REASON.format(name="mini", noun=noun) for noun in scope.NOUNS.values()}
    for table in (ROOT / "assets" / "examples").glob("*.csv"):
        with table.open(encoding="utf-8", newline="") as lines:
            found |= {row["shows"] for row in csv.DictReader(lines)}
    return found


def test_each_form_is_said_by_the_library(library, composed):
    """A sentence that was changed there, without its form, would be in English again."""
    said, whole = library | composed, "\n".join(library)
    lost = [form for form in forms() if not any(pattern(form).fullmatch(one) for one in said)
            and (FIELD.search(form) or form not in whole)]
    assert lost == []


def test_forms_keep_their_fields():
    assert [form for form, said in forms().items()
            if sorted(name for name, _ in FIELD.findall(form)) != sorted(re.findall(r"\{(\w+)\}", said))] == []


@cache
def reasons() -> list[str]:
    """Why candidates win, tie, or have no place: of many comparisons."""
    others = judged(4, 3, 2, model="other")
    sure, four = (0.0, 0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0, 0.0)
    nearly = judged(four, sure, sure), judged(four, sure, (0.0, 0.0, 0.994, 0.006, 0.0))    # 3.333 and 3.335
    made = [judged(4, 3, 2), judged(5, 5, 1), judged(3, 4, 3), judged(2, 5, 5), judged(4, None, 2), others,
            Failed("a.mp4", "p", "it broke"), *nearly, drawn((4, 4, 3), (3, 4, 4)), drawn((4, 4, 3), (4, 3, 3)),
            withheld(4, "because", None), withheld(4, "because", "because"),
            withheld(None, "because", "because"), withheld(4, "because", 2), withheld(3, "because", 2)]
    rules = (MEAN, WORST, VISUAL, TEXT, {VISUAL: 3, TEXT: 1})
    few = [*itertools.product(made, repeat=1), *itertools.product(made, repeat=2), *itertools.combinations(made, 3)]
    return sorted({decide(some, rule).reason for rule in rules for some in few} | {decide([]).reason})


def costs() -> list[str]:
    """What Best-of-N runs will take."""
    works = [Work(1, 1, 0, False, 0), Work(5, 5, 3, True, 4, paid=5)]
    return [Estimate(seconds, most, gpu, work, measured).sentence for work in works for measured in (False, True)
            for seconds, most in ((None, None), (12.0, 12.0), (130.0, 4000.0)) for gpu in (None, 12.0)]


def files(folder: Path) -> list[str]:
    """What is said of files that are no videos."""
    made = {"empty.mp4": b"", "words.mp4": b"words, and nothing but words\n" * 9, "noise.mp4": bytes(range(256)) * 9,
            "list.m3u8": b"#EXTM3U\nhttp://x/y.ts\n", "picture.mp4": b"\xff\xd8\xff\xe0" + bytes(64),
            "zip.zip": b"PK\x03\x04" + bytes(64)}
    said = []
    for name, data in made.items():
        (folder / name).write_bytes(data)
        said.append(folder / name)
    found = []
    for path in [*said, folder, folder / "nothing.mp4", "https://x.org/clip.mp4", ""]:
        with pytest.raises(BadInput) as problem:
            check_file(path, Limits())
        found.append(str(problem.value))
    return found


def typed() -> list[str]:
    """What is said of values of other types, and of pictures that are none."""
    found = list(faults._pictures({"name": "a.png", "other": "b.png"}, "a.zip", Limits()).values())
    for check in (given.truth, given.number, given.whole, given.words):
        with pytest.raises(BadInput) as problem:
            check("seed", [])
        found.append(str(problem.value))
    return found


def dropped() -> list[str]:
    """What is said of a server that does not see all frames, with each advice, which is a sentence of its own there."""
    said = [str(server.Dropped(seen, 10, advice)) for seen in (3.0, 9.5, 12.0) for advice in probe.ADVICE.values()]
    return [*said, *(f"{advice[0].upper()}{advice[1:]}" for advice in probe.ADVICE.values())]


@pytest.fixture(scope="module")
def composed(tmp_path_factory) -> set[str]:
    """Sentences that the library puts together of many parts, and all those parts."""
    found: set[str] = set()
    looks = [pattern(form) for form in forms() if FIELD.search(form)]
    new = {*reasons(), *costs(), *asides(), *ties(), *files(tmp_path_factory.mktemp("files")), *typed(),
           f"To use it, {install('generate')}.", *dropped()}
    while new:
        found |= new
        parts = {part for one in new for part in (one, *one.rstrip(".").split("; "), *re.split(", and |, | and ", one))}
        parts |= {value for one in parts for form in looks if (match := form.fullmatch(one))
                  for value in match.groupdict().values()}
        new = parts - found
    return found


def ties() -> list[str]:
    """What Best of N says of a tie that was judged again."""
    evaluations = [judged(4, 3, 2), judged(4, 3, 2), judged(4, 3, 2), judged(5, 4, 2), judged(4, None, 2)]
    said = []
    for again in itertools.product(evaluations, repeat=2):
        entries = [SimpleNamespace(number=number, again=one) for number, one in enumerate(again)]
        for first in (decide(evaluations[:2]), decide(evaluations[:3])):
            broken = outcome._broken(entries, first, (0, 1), MEAN, 4)
            said += [broken.reason, f"{broken.reason.rstrip('.')}; candidate 1 is taken, the first of them."]
    return said


def asides() -> list[str]:
    """What stands beside a rationale whose own scores are others."""
    rows = ({"rationale": "a", "values": dict(zip(KEYS, values, strict=True)), "truncated": False}
            for values in ((4, 3, 2), (5, None, 2), (1, 1, 1)))
    samples = tuple(rows)
    return [replace(judged(*scores), samples=samples, shown=shown).aside
            for scores in ((4, 3, 2), (4, 3, 3), (5, 3, 2), (2, 2, 2)) for shown in range(3)]


def test_what_is_put_together_comes_out_whole():
    sentences = [*reasons(), *costs(), *ties(), *filter(None, asides())]
    assert len(sentences) > 200 and [worded(one) for one in sentences] == sentences
    with language.speaking("zh"):
        left = [(one, said) for one in sentences if re.search("[A-Za-z]{2}", NAMES.sub("", said := worded(one)))]
    assert left == []


def test_files_that_are_no_videos(tmp_path):
    for sentence in files(tmp_path):
        with language.speaking("zh"):
            assert re.search("[\u4e00-\u9fff]", worded(sentence)), sentence


def test_a_server_that_drops_frames():
    with language.speaking("zh"):
        left = [one for one in map(worded, dropped()) if re.search(r"server saw|shrank|newer|serve |start ", one, re.I)]
        assert left == []
        assert worded(str(server.Dropped(3.0, 10, "take a newer vLLM."))) == \
            "评判模型的服务器只看到 10 帧中的 3 帧，因此它的分数不会是该评判模型的分数：请使用更新版本的 vLLM。"


@pytest.mark.parametrize(("seconds", "said"), [(12, "12 秒"), (130, "2 分 10 秒"), (7300, "2 小时 1 分")])
def test_times(seconds, said):
    with language.speaking("zh"):
        assert worded(duration(seconds)) == said


def test_a_visitors_words_stay_as_they_are():
    with pytest.raises(BadInput) as problem:
        check_prompt("x" * 5000)
    with language.speaking("zh"):
        assert worded(str(problem.value)) == "提示词有 5000 个字符：请缩短到 4000 个以内。"
        name = "better {x} and made; 1 clip.mp4"
        assert worded(f"{name} is empty (0 bytes): download or export the video again.").startswith(f"{name} 是空文件")
        assert worded("Nobody has said this: leave it.") == "Nobody has said this: leave it."
        assert worded("") == "" and worded("x" * 100_000) == "x" * 100_000


def test_a_hostile_name_is_looked_at_in_no_time():
    import time

    sentence = "a is b: it must be a number from 1 to " * 24 + "x"
    began = time.thread_time()      # of this thread alone, and not of what else runs here
    with language.speaking("zh"):
        worded(sentence[:999])
    assert time.thread_time() - began < 2
    assert len(KEYS) == 3
