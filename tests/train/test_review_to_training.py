"""From the Review page to a trained model: reviews are stored, exported, unpacked elsewhere, read and learned from."""
import zipfile
from dataclasses import replace

import gradio as gr
import pytest
import torch

from tests.support import tiny_run
from tests.support.clips import moving_square
from tests.ui.test_pages import Scripted, site_of
from train import sft
from train.data import reviews
from vs2 import rubric
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS
from vs2.ui.review.page import ReviewPage

VISITOR = {"visitor": "a" * 32}
AGREE = dict.fromkeys(KEYS, "agree")


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    monkeypatch.delenv("SPACE_ID", raising=False)
    (tmp_path / "uploads").mkdir()
    site = site_of(Scripted(), tmp_path / "home")
    with gr.Blocks():
        yield ReviewPage(site, gr.HTML())
    site.store.close()


def judged(number: int) -> Evaluation:
    """What a judge said of a square of one colour."""
    colour = list(tiny_run.COLOURS)[number]
    scores = {key: Score(value) for key, value in zip(KEYS, (4, 1 + number, 3), strict=True)}
    return Evaluation(f"{colour}.mp4", f"a {colour} square", "mini", "fp32", f"The {colour} square moves.", scores, 8,
                      Seconds(), 9)


@pytest.mark.slow
def test_a_model_learns_from_an_export_of_the_page(page, tmp_path):
    torch.set_num_threads(1)
    colours = list(tiny_run.COLOURS.values())
    clips = [moving_square(tmp_path / f"{number}.mp4", size=(112, 84), colour=colours[number]) for number in range(3)]
    ids = [page.site.store.add(judged(number), VISITOR["visitor"], clips[number]) for number in range(3)]
    lost = page.site.store.add(replace(judged(0), prompt="a clip that is not kept"), VISITOR["visitor"])
    disputed = {"verdicts": AGREE | {"text_alignment": "disagree"}, "corrected": {"text_alignment": 5}}
    for id, who, said in ((ids[0], "ann", {}), (ids[1], "ann", {}), (ids[1], "bob", {}), (ids[2], "ann", disputed),
                          (lost, "ann", {})):
        answer = page.save({"id": id, "reviewer": who, "verdicts": AGREE, **said}, None)
        assert answer["review"]["verdicts"]
    made = page.export({"address": VISITOR, "kind": "training"})
    assert (made["count"], made["lacking"]) == (4, 1)
    folder = tmp_path / "elsewhere"
    with zipfile.ZipFile(made["path"]) as file:
        file.extractall(folder)
    page.site.store.delete(VISITOR["visitor"])  # nothing of the app is needed any more

    rows, bad = reviews.read(folder / "reviews.jsonl")
    found = {row.prompt: row for row in rows}
    assert not bad and set(found) == {f"a {colour} square" for colour in tiny_run.COLOURS}
    for number, colour in enumerate(tiny_run.COLOURS):
        row = found[f"a {colour} square"]
        assert row.scores == (4, 5 if number == 2 else 1 + number, 3)
        assert row.video.read_bytes() == clips[number].read_bytes() and row.video.is_relative_to(folder)
        learned = rubric.reply(judged(number).rationale, row.scores)
        assert row.reply == (None if number == 2 else learned), "what was disputed is not taught"

    start = tiny_run.write_start(tmp_path / "start")
    config = tiny_run.configuration(tmp_path / "run", start, folder, max_steps=4)
    config["data"] = {"kind": "reviews", "file": str(folder / "reviews.jsonl")}
    model = sft.run(config)
    losses = tiny_run.losses(tmp_path / "run")
    assert len(losses) == 4 and losses[-1] < losses[0] and (model / "model.safetensors").is_file()
