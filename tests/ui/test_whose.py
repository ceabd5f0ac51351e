"""Whose a score is: never another judge's words, nothing but text, and the way to a judge of real footage."""
import html
import re
import shlex
from types import SimpleNamespace

import gradio as gr

from tests.support.apps import ROOT
from tests.support.withholding import evaluation
from tests.ui.test_pages import Scripted, hosted
from vs2.cli import main
from vs2.model import checkpoint
from vs2.model.card import Card
from vs2.remote import address as addresses
from vs2.settings import Settings
from vs2.ui import about, judgement, text, whose
from vs2.ui.site import Site
from vs2.ui.text import about as about_text

MINI = Card.read(checkpoint.ASSETS / "mini").knows


class Other(Scripted):
    name, card = "/models/other", Card(knows="It knows  cats\nonly.")


def test_a_judge_is_known_by_its_own_card_whichever_is_loaded(monkeypatch):
    monkeypatch.setattr(judgement, "judges", {})
    assert whose.knows("mini") == MINI and whose.knows("/models/other") == ""
    assert whose.knows(checkpoint.PUBLISHED).startswith("AI-generated videos")
    hosted(Other())
    assert whose.knows("/models/other") == "It knows cats only." and whose.knows("mini") == MINI
    assert whose.knows("/elsewhere/other") == "", "of the same name for people, and another one"
    judgement.judges["mini, bf16"] = SimpleNamespace(name="mini", card=Card(knows="A newer one."))
    assert whose.knows("mini") == "A newer one."


def test_the_line_names_the_judge_and_leads_to_the_published_one(monkeypatch):
    monkeypatch.setattr(judgement, "judges", {"": SimpleNamespace(name="<b>", card=Card(knows="<script>" * 200))})
    line = whose.line("/srv/secret/mine", "bf16")
    assert "mine, bf16" in re.sub("<[^>]*>", "", line)
    assert "secret" not in line and text.KNOWS_NOT in line and whose.WAYS in line
    assert whose.WAYS not in whose.line(checkpoint.PUBLISHED), "it is there already"
    assert "<script" not in whose.line("<b>", "<i>") and len(whose.line("<b>")) < 5000
    lines = whose.of([evaluation(1, 2, 3), evaluation(4, 5, 2), evaluation(4, 5, 2, model="x")])
    assert re.findall(r"<strong>(.*?)</strong>", lines) == ["mini", "x"]


def test_records_say_it_beside_each_evaluation_and_nowhere_else(monkeypatch):
    monkeypatch.setattr(judgement, "judges", {})
    one = evaluation(4, 5, 2).to_dict()
    record = whose.noted({"candidates": [one, {"video": "b", "error": "x"}], "model": "mini", "row": [one],
                          "entry": {"evaluation": one}, "evaluation": None})
    assert record["candidates"][0] == one | {"judge_knows": MINI} and record["candidates"][1] == {
        "video": "b", "error": "x"}
    assert "judge_knows" not in record and record["row"] == [one] and record["evaluation"] is None
    assert whose.noted([one | {"model": "unknown"}]) == [one | {"model": "unknown"}]


def test_about_has_the_ways_where_the_links_lead():
    with gr.Blocks() as blocks:
        about.AboutPage(Site(SimpleNamespace(wait=lambda timeout=None: None), None, Settings()), gr.HTML())
    shown = "".join(str(one.value) for one in blocks.blocks.values() if isinstance(one, gr.HTML))
    assert shown.count(f'id="{whose.SECTION}"') == 1 and whose.WAYS.endswith(f"show=about#{whose.SECTION}")
    section = shown.split(f'id="{whose.SECTION}"')[1].split("</section>")[0]
    assert "ZeroGPU" in section and checkpoint.PUBLISHED in section
    assert html.escape(about_text.WAY_SERVER_CODE) in section and "docs/server.md" in section
    assert (ROOT / "docs/server.md").is_file()


def test_the_command_there_for_a_judge_on_a_server_is_one():
    """The address stands in quotes, for a shell ends a line at a # of its own."""
    variable, *command = shlex.split(about_text.WAY_SERVER_CODE, comments=True)
    name, _, model = variable.partition("=")
    found = Settings.read({name: model})
    assert found.model == model and addresses.parse(model).model == checkpoint.PUBLISHED
    assert command[0] == "vs2" and main.parser().parse_args(command[1:])


def test_the_commands_there_are_commands():
    for line in about_text.WAY_GPU_CODE.splitlines():
        command = line.split("#")[0].split()
        variables = [one for one in command if "=" in one]
        for one in variables:
            assert one.split("=")[0] in ("VS2_MODEL", "VS2_PRECISION")
        found = Settings.read(dict(one.split("=") for one in variables))
        assert found.model in (checkpoint.PUBLISHED, "auto") and found.precision in ("auto", "4bit")
        rest = re.findall(r'"[^"]*"|\S+', line.split("#")[0])[len(variables):]
        assert rest[0] == "vs2" and main.parser().parse_args([part.strip('"') for part in rest[1:]])
