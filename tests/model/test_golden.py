"""The model sees what the published stack showed it: every clip of ../shared/golden/golden.json, exactly.

    python -m tests.model.test_golden        # prints the table of docs/parity.md

golden.json was made by transformers 4.53.2 and qwen-vl-utils 0.0.14 with a tiny random checkpoint and the real
tokenizer. Clips are read by vs2.video, made into inputs by vs2.model.inputs, and answered in a cached loop of single
steps that knows nothing but `step_kwargs`.
"""
import csv
import hashlib
import json
from pathlib import Path

import pytest
import torch

from tests.conftest import SHARED
from vs2.model.card import Card
from vs2.model.inputs import cache_of, load_processor, prepare, step_kwargs
from vs2.video import read

CLIPS = ("videoscore_video1.mp4", "videoalign_1_A.mp4", "videoalign_1_B.mp4", "aigve_cogvideox_0.mp4",
         "aigve_cogvideox_9.mp4", "videophy_apple_bounces.mp4", "videophy_shoe_bug.mp4", "videophy2_heavy_pot.mp4",
         "videophy2_carpenter.mp4", "wan21_unicorn.mp4", "wan21_flex_unicorn.mp4", "short_3frames_mpeg4.mp4",
         "short_5frames_mpeg4.mp4", "long_24s.mp4")
TOLERANCE = 1e-3
EXACT = ("frames", "height", "width", "grid_thw", "second_per_grid_ts", "input_ids_sha256", "input_length",
         "position_ids_sha256", "last_text_position", "rope_delta", "top5_ids", "greedy_reply_ids")


class Stack:
    """The golden checkpoint, its reference numbers and the clips' prompts, loaded once."""

    def __init__(self, shared: Path):
        from transformers import AutoModelForImageTextToText

        folder = shared / "golden" / "qwen25vl-tiny"
        self.golden = json.loads((shared / "golden" / "golden.json").read_text())
        self.videos = shared / "data" / "videos"
        with (shared / "data" / "videos.csv").open(encoding="utf-8") as table:
            self.prompts = {row["file"]: row["prompt"] for row in csv.DictReader(table)}
        self.card = Card.read(folder)
        self.processor = load_processor(folder)
        self.model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()

    @torch.no_grad()
    def facts(self, name: str) -> tuple[dict, dict]:
        """What golden.json has of a clip, computed here; and how far pixels and logits are from it."""
        clip = read(self.videos / name, self.card.sampling)
        inputs = prepare(self.processor, clip, self.prompts[name], self.card, self.model.config)
        golden, pixels = self.golden[name], inputs.pixel_values_videos
        out = self.model(**inputs.model_kwargs(), use_cache=True, logits_to_keep=1)
        logits = out.logits[0, -1]
        reply = [int(logits.argmax())]
        while len(reply) < len(golden["greedy_reply_ids"]):
            step = step_kwargs(inputs.rope_delta, torch.tensor([reply[-1:]]), cache_of(out),
                               inputs.length + len(reply) - 1)
            reply.append(int(self.model(**step).logits[0, -1].argmax()))
        found = {
            "frames": clip.frames.shape[0], "height": clip.frames.shape[1], "width": clip.frames.shape[2],
            "grid_thw": inputs.video_grid_thw[0].tolist(), "second_per_grid_ts": [inputs.second_per_grid_ts],
            "input_ids_sha256": sha(inputs.input_ids[0].tolist()), "input_length": inputs.length,
            "position_ids_sha256": sha(inputs.position_ids[:, 0].tolist()),
            "last_text_position": inputs.position_ids[:, 0, -1].tolist(), "rope_delta": inputs.rope_delta,
            "top5_ids": logits.topk(5).indices.tolist(), "greedy_reply_ids": reply}
        away = {
            "rows": max(abs(ours - theirs) for row, values in golden["pixel_rows"].items()
                        for ours, theirs in zip(pixels[int(row), :8].tolist(), values, strict=True)),
            "mean": abs(pixels.mean().item() - golden["pixel_mean"]),
            "std": abs(pixels.std().item() - golden["pixel_std"]),
            "logits": max(abs(logits[token].item() - value)
                          for token, value in zip(golden["top5_ids"], golden["top5_logits"], strict=True))}
        return found, away


def sha(value) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


@pytest.fixture(scope="module")
def stack(shared) -> Stack:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield Stack(shared)
    torch.set_num_threads(threads)


def test_every_reference_clip_is_tested(stack):
    assert set(CLIPS) == set(stack.golden)


def test_the_built_in_query_is_the_published_one(shared):
    assert Card().query.encode() == (shared / "golden" / "query.txt").read_bytes()


@pytest.mark.parametrize("name", CLIPS)
def test_golden(stack, name):
    found, away = stack.facts(name)
    golden = stack.golden[name]
    assert found == {fact: golden[fact] for fact in EXACT}
    assert max(away.values()) < TOLERANCE, away


def table(shared: Path = SHARED) -> str:
    """The parity table in Markdown."""
    stack = Stack(shared)
    rows = ["| clip | frames | size | tokens | ids | positions | pixel rows | logits | reply |",
            "|---|---|---|---|---|---|---|---|---|"]
    for name in CLIPS:
        found, away = stack.facts(name)
        same = {fact: "=" if found[fact] == stack.golden[name][fact] else "DIFFERS" for fact in EXACT}
        rows.append(
            f"| {name} | {found['frames']} {same['frames']} | {found['width']}x{found['height']} {same['width']} | "
            f"{found['input_length']} | {same['input_ids_sha256']} | {same['position_ids_sha256']} | "
            f"{away['rows']:.1e} | {away['logits']:.1e} | {same['greedy_reply_ids']} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
