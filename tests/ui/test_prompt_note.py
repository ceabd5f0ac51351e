"""A prompt longer than the judge was measured with is said on every page before the run, and on no other prompt."""
from dataclasses import replace

import gradio as gr
import pytest

from tests.support.tiny import write_judge
from tests.ui.test_pages import HOSTILE, Scripted, hosted
from vs2 import judge
from vs2.batch.table import Row
from vs2.ui.batch import parts
from vs2.ui.compare.board import own_prompts
from vs2.ui.prompt_note import PromptNote

LONG = "a red ball bounces on grass beside a blue box " * 30


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    made = judge.load(str(write_judge(tmp_path_factory.mktemp("tiny"))), "fp32")
    made.card = replace(made.card, longest_prompt=60)
    return made


@pytest.fixture
def note(measured):
    with gr.Blocks():
        return PromptNote(hosted(measured), "note")


def test_it_is_said_of_a_long_prompt_alone(note):
    assert note.said("a red ball") == note.said("") == note.said(None) == ""
    said = note.said(LONG)
    assert "where 60 were the most" in said and said.count('role="status"') == 1


def test_candidates_with_prompts_of_their_own_are_named(note):
    board = {"items": [{"key": "a", "name": "a"}, {"key": "b", "name": "b", "prompt": LONG},
                       {"key": "c", "name": "c", "prompt": "a cow"}, {"key": "d", "name": "d", "prompt": LONG + "x"}]}
    said = note.said("a ball", "", own_prompts(board, "a ball"))
    assert said.count("<p") == 2 and "Candidate 2: This prompt" in said and "Candidate 4: This prompt" in said


def test_nothing_is_said_where_nobody_measured_or_no_judge_is_there():
    with gr.Blocks():
        assert PromptNote(hosted(Scripted()), "a").said(LONG) == ""
        assert PromptNote(hosted(Scripted()), "b").said(LONG, "another judge") == ""


def test_the_rows_of_a_table_are_named_before_the_run(measured):
    rows = [Row(n, "a.mp4", prompt, {}) for n, prompt in enumerate(("a ball", LONG, "a cow", LONG + HOSTILE), 1)]
    said = parts.long_prompts(rows, measured)
    assert "2 prompts are longer" in said and "(rows 2, 4)" in said and "<script" not in said
    assert parts.long_prompts(rows[:1], measured) == "" == parts.long_prompts(rows, None)
    assert parts.long_prompts(rows, Scripted()) == ""
    many = [Row(n, "a.mp4", LONG, {}) for n in range(1, 200)]
    assert "199 prompts" in parts.long_prompts(many, measured) and ", …" in parts.long_prompts(many, measured)
