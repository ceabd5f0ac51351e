"""What a judgement may cost, in counts that no busy machine changes: passes, tokens, frames, bytes."""
from collections import Counter

import numpy as np
import pytest
import torch

from train.data import foreign
from vs2 import judge, video
from vs2.scenes import film, world
from vs2.scenes.words import caption
from vs2.video import process, pulse
from vs2.video.sampling import Sampling


@pytest.fixture(scope="module")
def mini():
    torch.set_num_threads(1)
    return judge.load("mini", "fp32")


def counted(mini, path, text: str, **options) -> tuple[Counter, object]:
    """How often each part of the judge ran for one judgement, and what came of it."""
    seen: Counter = Counter()
    parts = {"tower": mini.model.model.visual, "words": mini.model.model.language_model,
             "eye": mini.footage.model.model.visual.network, "footage": mini.footage.model.model.language_model}
    hooks = [part.register_forward_hook(lambda *_, name=name: seen.update([name])) for name, part in parts.items()]
    try:
        return seen, mini.score(path, text, **options)
    finally:
        for hook in hooks:
            hook.remove()


def test_a_scene_takes_half_a_pass_a_token_and_no_eye(mini, tmp_path):
    scene = world.sample(3)
    path = film.write(scene, tmp_path / "scene.mp4")
    seen, found = counted(mini, path, caption(scene.asked))
    assert seen["eye"] == seen["footage"] == 0
    assert seen["tower"] == 2, "once to tell whether it is a scene, once to judge it"
    assert seen["words"] <= found.tokens / 2 + 3, "the prompt, tokens that were guessed, and those that were not"
    quick, short = counted(mini, path, caption(scene.asked), think=False)
    assert quick["words"] <= 8 and short.scores


def test_the_eye_looks_at_footage_once(mini, tmp_path):
    judged = 0
    for seed in range(6):
        path = film.write_frames(foreign.clip("photograph", seed), tmp_path / f"{seed}.mp4", 8)
        seen, found = counted(mini, path, "a dog")
        assert seen["eye"] <= 1
        if seen["footage"]:
            judged += 1
            assert seen["tower"] == 1 and seen["words"] == 0 and seen["footage"] <= found.tokens / 2 + 3
    assert judged >= 3


@pytest.mark.parametrize("beats", [0, 16])
def test_no_frame_that_is_not_asked_for_leaves_the_process_that_reads(tmp_path, monkeypatch, beats):
    frames = np.random.default_rng(0).integers(0, 256, (48, 64, 96, 3)).astype(np.uint8)
    path, came = film.write_frames(frames, tmp_path / "clip.mp4", 24), Counter()
    receive = process.Worker.receive

    def counting(self, most):
        message, payload = receive(self, most)
        came.update({message["kind"]: 1, f"{message['kind']} bytes": len(payload)})
        return message, payload

    monkeypatch.setattr(process.Worker, "receive", counting)
    clip = video.read(path, Sampling(min_frames=4, max_frames=4, pulse=beats))
    assert came["frame"] == 4 and came["frame bytes"] == 4 * 64 * 96 * 3
    assert came["pulse"] == beats and came["pulse bytes"] == beats * pulse.BYTES
    assert clip.frames.shape[0] == 4
