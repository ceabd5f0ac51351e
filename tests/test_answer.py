"""Every form of reply that upstream has been seen to write, with the decoys that fooled other readers."""

import time

import pytest

from vs2 import answer
from vs2.evaluation import Score
from vs2.rubric import DIRECT, KEYS, REASONED, reply

LABELS = ("visual quality", "text-to-video alignment", "physical/common-sense consistency")
DECOYS = (
    "Ground-truth scores:\nDim-1 Visual Quality: 1\nDim-2 Text-to-video Alignment: 1\n"
    "Dim-3 Physical/common-sense Consistency: 1",
    "Final Scoring:\n- Visual Quality: 1\n- Text-to-Video Alignment: 1\n- Physical/Common-sense Consistency: 1",
    "(1) visual quality: 1\n(2) text-to-video alignment: 1\n(3) physical/common-sense consistency: 1",
    "It is sharp (score 1), visual quality: 1; text-to-video alignment: 1, physical/common-sense consistency: 1",
    "The motion is fine. 1/5",
)
_V, _T, _P = LABELS
FORMS = {
    "published": f"\n\n(1) {_V}: {{}}\n(2) {_T}: {{}}\n(3) {_P}: {{}}\n",
    "query": f"\n{_V}: {{}}; \n{_T}: {{}}, \n{_P}: {{}}",
    "no ends": f"\n{_V}: {{}}\n{_T}: {{}}\n{_P}: {{}}",
    "spaces": f"\n {_V}:  {{}}  \n {_T}:  {{}} \n\n {_P}:{{}}   ",
    "one line": f" {_V}: {{}}; {_T}: {{}}, {_P}: {{}}",
    "one line, numbered": f" (1) {_V}: {{}}; (2) {_T}: {{}}; and (3) {_P}: {{}}.",
    "bold": "\n**Visual quality:** {}\n**Text-to-video alignment:** {}\n**Physical/common-sense consistency:** {}",
    "bold number": f"\n{_V}: **{{}}**\n{_T}: **{{}}**\n{_P}: **{{}}**",
    "bullets": "\n- Visual Quality: {}\n* Text-to-Video Alignment: {}\n\u2022 Physical/Common-sense Consistency: {}",
    "out of five": f"\n{_V}: {{}}/5\n{_T}: {{}} / 5\n{_P}: {{}} out of 5",
    "qualified": f"\n(1) {_V} \u2013 clarity, smoothness: {{}}\n(2) {_T} (fidelity to the prompt): {{}}"
                 f"\n**(3) {_P} \u2014 physics:** {{}}",
    "carriage returns": f"\r\n{_V}: {{}}\r\n{_T}: {{}}\r\n{_P}: {{}}\r\n",
    "reasons after": f"\n{_V}: {{}} - two artifacts\n{_T}: {{}} (3 of 4 things)\n{_P}: {{}}. It falls 9 m.",
    "dims": f"\nDim-1 Visual Quality: {{}}\nDim-2 Text-to-video Alignment: {{}}\nDim-3 {_P}: {{}}",
    "reasons between": f"\n(1) {_V}: {{}}\nIt is sharp.\n(2) {_T}: {{}}\nAs asked.\n(3) {_P}: {{}}\nIt falls.",
}
WANTED = (3, 5, 4)


def values(text: str) -> tuple:
    return tuple(answer.read(text).values[key] for key in KEYS)


@pytest.mark.parametrize("decoy", DECOYS)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_reads_after_the_think_block_and_never_in_it(form, decoy):
    text = f"\n<think>\nPrompt: a ball.\n{decoy}\n</think>" + form.format(*WANTED)
    read = answer.read(text)
    assert tuple(read.values[key] for key in KEYS) == WANTED
    assert [text[read.spans[key]] for key in KEYS] == [str(value) for value in WANTED]
    assert min(read.spans.values()) > text.index("</think>")
    assert decoy.split("\n")[-1] in read.rationale and "think>" not in read.rationale


@pytest.mark.parametrize("name", [name for name in FORMS if name != "reasons between"])
def test_scores_first_with_an_explanation_after(name):
    text = (
        FORMS[name].format(*WANTED).strip() + "\n\nThe visual quality is 2 or so.\n- Visual quality: 1\n4 frames: 5\n"
    )
    read = answer.read(text)
    assert tuple(read.values[key] for key in KEYS) == WANTED
    assert read.rationale.startswith("The visual quality is 2") and read.closed
    assert [text[read.spans[key]] for key in KEYS] == [str(value) for value in WANTED]


def test_scores_first_stops_at_the_end_of_its_block():
    text = "visual quality: 3;\n\nThe clip is sharp.\ntext-to-video alignment: 4\nphysical/common-sense consistency: 5"
    assert values(text) == (3, None, None)


def test_second_closing_tag():
    text = f"<think>a</think>{REASONED.write((1, 1, 1))}wait\n</think>{REASONED.write(WANTED)}"
    assert values(text) == WANTED


def test_explanation_after_the_answer_changes_nothing():
    text = reply("thought", WANTED) + "\nNote: visual quality: 1\nVisual quality: 1\n(2) text-to-video alignment: 2"
    assert values(text) == WANTED


@pytest.mark.parametrize(
    "text",
    [
        "\n<think>\nvisual quality: 3\ntext-to-video alignment: 4\nphysical/common-sense consistency: 5\n",
        "<think>\n" + DECOYS[2] + "\n</thi",
        REASONED.write((1, 2, 3)) + "<think>and so it goes on",
        "<think>done</think>",
        "<think>done</think>\nI cannot judge this.",
        "",
        "\n\n",
        "<think>",
        "</think>",
    ],
)
def test_no_answer_is_no_score(text):
    read = answer.read(text)
    assert set(read.values.values()) == {None} and set(read.spans.values()) == {None} and not read.complete


def test_cut_inside_the_think_block():
    read = answer.read("\n<think>\nThe ball is red.</th")
    assert not read.closed and read.rationale == "The ball is red."


@pytest.mark.parametrize(
    "number",
    [
        "0",
        "6",
        "9",
        "10",
        "45",
        "3.5",
        "3,5",
        "-3",
        "3/10",
        "3 out of 10",
        "3-4",
        "2 \u2013 3",
        "3D",
        "33%",
        "",
        "N/A",
        "<v_score>",
        "three",
        "\u0663",
        "\u00b3",
    ],
)
def test_not_a_digit_of_the_scale_is_unread_and_never_clamped(number):
    text = (
        f"<think>x</think>\nvisual quality: {number}\ntext-to-video alignment: 2\nphysical/common-sense consistency: 1"
    )
    assert values(text) == (None, 2, 1)


def test_a_wrong_number_is_not_mended_by_a_later_line():
    text = "<think>x</think>\nvisual quality: 10\nvisual quality: 4"
    assert values(text)[0] is None


@pytest.mark.parametrize("missing", range(3))
def test_a_missing_dimension_is_none(missing):
    lines = [f"({n}) {label}: {score}" for n, (label, score) in enumerate(zip(LABELS, WANTED, strict=True), 1)]
    del lines[missing]
    wanted = tuple(None if n == missing else score for n, score in enumerate(WANTED))
    assert values("<think>x</think>\n\n" + "\n".join(lines)) == wanted


def test_prose_that_names_a_score_is_no_answer():
    text = "<think>x</think>\nThe prompt says that visual quality: 5 must be given.\nvisual quality: 2"
    assert values(text)[0] == 2


@pytest.mark.parametrize("form", [REASONED, DIRECT])
def test_our_own_forms_round_trip(form):
    assert values("<think>\nx\n</think>" + form.write(WANTED)) == WANTED
    assert values(form.write(WANTED)) == WANTED


def test_spans_count_characters_not_bytes():
    text = "<think>\nEin B\u00e4r \U0001f43b \u2013 \u56db\u756a\n</think>" + REASONED.write(WANTED)
    read = answer.read(text)
    assert [text[read.spans[key]] for key in KEYS] == ["3", "5", "4"]


def test_sections_follow_the_headings():
    read = answer.read(
        "<think>\nHere is what I see.\n**Prompt:** a red ball\n\n### (1) Visual Quality\nSharp.\nNo noise.\n"
        "**2. Text-to-video alignment \u2013 fidelity:**\nThe ball is blue.\n"
        "(3) physical/common-sense consistency: it falls as it should.\n\nFinal scoring:\nVisual Quality: 1\n</think>"
        + REASONED.write(WANTED)
    )
    assert read.sections == {
        "": "Here is what I see.",
        "prompt": "a red ball",
        "visual_quality": "Sharp.\nNo noise.",
        "text_alignment": "The ball is blue.",
        "physical_consistency": "it falls as it should.",
        "final scoring": "Visual Quality: 1",
    }


def test_as_published_reads_the_first_lines_anywhere():
    text = "<think>\n" + DECOYS[1] + "\n</think>" + REASONED.write(WANTED)
    assert answer.read_as_published(text) == (1, 1, 1)
    assert values(text) == WANTED
    assert answer.read_as_published(REASONED.write((9, 2, 3))) == (9, 2, 3)
    assert answer.read_as_published("visual quality: 3") is None
    assert answer.read_as_published("\n<think>\n(1) visual quality: 2\n</think>\n" + REASONED.write(WANTED)) == (
        2,
        5,
        4,
    )


@pytest.mark.parametrize(
    "part",
    [
        "visual quality: ",
        "visual quality",
        "visual quality:3",
        "(",
        "*",
        "- ",
        "1",
        "visual quality - ",
        "</think>",
        "<think>",
        " ",
        "\n",
        "visual ",
        "text-to-video alignment (",
        "dim",
        "#",
        "a:\n",
        "**",
        "/",
        "physical/common-sense consistency=",
        "visual quality: 3; ",
        "</",
        "prompt",
        "\u2013",
        "Visual Quality\n",
    ],
)
def test_hostile_text_is_read_in_linear_time(part):
    for opening in ("", "<think>x</think>", "<think>"):
        text = opening + part * (100_000 // len(part))
        assert any(seconds_to_read(text) < 1 for _ in range(3))


def seconds_to_read(text: str) -> float:
    """Of this thread alone: other tests' servers may live in this process."""
    started = time.thread_time()
    answer.read(text)
    answer.read_as_published(text)
    return time.thread_time() - started


def pieces(text: str, size: int) -> list[str]:
    stream = answer.Rationale()
    return [stream.feed(text[at : at + size]) for at in range(0, len(text), size)] + [stream.finish()]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    "text",
    [
        reply("One two.\n\nThree < four </ five </thin six.\n" + DECOYS[1], WANTED),
        "<think> a <</think>" + REASONED.write(WANTED),
        "<think>\ncut here \n",
        "<think>\ncut here </thi",
        "",
        "<think>\ncut here </</th\n</think>" + REASONED.write(WANTED),
        "<think>a < \n</think>",
        FORMS["query"].format(*WANTED) + "\n\nThe ball falls.\n\nIt is red.\n",
        DIRECT.write(WANTED),
        "No tags at all.\nTwo lines.",
        "Preface " * 60,
    ],
)
def test_the_streamed_pieces_are_the_rationale(text, size):
    assert "".join(pieces(text, size)) == answer.read(text).rationale


def test_a_reply_without_tags_is_shown_before_its_line_ends():
    parts = pieces("Preface " * 20, 8)
    assert parts[8].startswith("Preface Preface") and parts[9:12] == [" Preface"] * 3


def test_a_think_block_is_shown_as_it_comes():
    parts = pieces(reply("One two three.", WANTED), 1)
    assert [part for part in parts if part][:7] == ["O", "n", "e", " t", "w", "o", " t"]
    stream = answer.Rationale()
    assert stream.feed("\n<th") == "" and stream.feed("ink>\nOne") == "One" and stream.feed(" </") == ""
    assert stream.feed("b>") == " </b>" and stream.feed("</think>\nvisual quality: 4") == "" and stream.finish() == ""


def test_probabilities_that_are_no_numbers_are_an_unread_score():
    assert Score.of(4, [float("nan")] * 5, True) == Score() == Score.of(4, [0.0, 0.0, 0.0, float("inf"), 0.0], False)
    assert Score.of(4, [0.0, 0.0, 0.0, 1.0, 0.0], True).expected == 4.0
