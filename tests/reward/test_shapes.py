"""The shapes that training code expects: VideoAlign, Flow-GRPO, FastVideo, TRL. A scripted judge says the scores."""
import math

import numpy as np
import pytest
import torch
from PIL import Image

from tests.support.clips import moving_square, picture
from tests.support.scripted import ScriptedJudge
from vs2 import reward
from vs2.errors import BadInput, Failure
from vs2.reward.frames import frames_of
from vs2.rubric import KEYS

OURS = {"visual_quality": 4.0, "text_alignment": 3.0, "physical_consistency": 2.0, "overall": 3.0}
FAST = {"think": False}


def says(clip, prompt):
    return {"withheld": ("It is none.",) * 3, "unread": (4.0, None, 2.0), "nan": (float("nan"), 3.0, 2.0),
            "bright": (1 + float(clip.frames.mean()) / 64, 3.0, 2.0)}.get(prompt, (4.0, 3.0, 2.0))


class Judge(ScriptedJudge):
    """Reads files as a judge does."""

    def score_many(self, sources, prompts, fps=None, **options):
        from vs2 import video

        return super().score_many([one if isinstance(one, video.Clip) else video.read(one, self.card.sampling, fps=fps)
                                   for one in sources], prompts, **options)


@pytest.fixture
def judge():
    return Judge(says)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return [str(moving_square(folder / f"{name}.mp4", frames=8)) for name in "ab"]


def clip(value=0.5, count=8):
    """[T, C, H, W] from 0 to 1."""
    return torch.full((count, 3, 56, 56), float(value))


def test_videoalign_gives_our_names_and_others_only_where_they_are_asked_for(judge, paths):
    assert reward.VideoAlign(judge, **FAST).reward(paths, ["a", "b"]) == [OURS, OURS]
    named = reward.VideoAlign(judge, names={"VQ": "visual_quality", "TA": "text_alignment"}, **FAST)
    assert named.reward(paths[:1], ["a"], use_norm=False) == [OURS | {"VQ": 4.0, "TA": 3.0}]
    with pytest.raises(BadInput, match="MQ is to stand for 'motion'"):
        reward.VideoAlign(judge, names={"MQ": "motion"})
    for option in ({"fps": 2.0}, {"num_frames": 8}, {"max_pixels": 1000}):
        with pytest.raises(BadInput, match="leave it out"):
            named.reward(paths, ["a", "b"], **option)


@pytest.mark.parametrize("prompt", ["withheld", "unread", "nan"])
def test_a_missing_reward_is_raised_or_nan_and_never_0(judge, paths, prompt):
    with pytest.raises(reward.Missing, match="Clip 2 has no reward"):
        reward.VideoAlign(judge, **FAST).reward(paths, ["a", prompt])
    with pytest.raises(Failure):
        reward.flow_grpo(judge, fps=8, **FAST)(torch.stack([clip(), clip()]), ["a", prompt])
    scores, _ = reward.flow_grpo(judge, fps=8, missing="nan", **FAST)(torch.stack([clip(), clip()]), ["a", prompt])
    assert scores[0] == 3.0 and math.isnan(scores[1])
    one = reward.FastVideo(judge, **FAST).compute({"video": clip(), "text_prompt": prompt, "fps": 8})
    assert one.score is None and one.details["skipped"]
    assert reward.trl(judge, fps=8, **FAST)(["a", prompt], ["", ""], video=[clip(), clip()]) == [3.0, None]


def test_a_file_that_is_none_is_an_error_of_its_own(judge, tmp_path):
    (tmp_path / "a.mp4").write_text("no video")

    class Alone(ScriptedJudge):
        def score(self, path, prompt, fps=None, **options):
            from vs2 import video

            return self.score_clip(video.read(path, fps=fps), prompt)

    with pytest.raises(BadInput, match="Clip 1 has no reward. a.mp4 holds text"):
        reward.VideoAlign(Alone(says)).reward([tmp_path / "a.mp4"], ["a"])


@pytest.mark.parametrize("make", [
    lambda: torch.stack([clip(0.25), clip(0.75)]), lambda: [clip(0.25), clip(0.75)],
    lambda: torch.stack([clip(0.25), clip(0.75)]).bfloat16(), lambda: torch.stack([clip(0.25), clip(0.75)]).half(),
    lambda: (torch.stack([clip(0.25), clip(0.75)]) * 255).round().to(torch.uint8),
    lambda: torch.stack([clip(0.25), clip(0.75)]).numpy(), lambda: torch.stack([clip(0.25), clip(0.75)]).permute(
        0, 1, 3, 4, 2), lambda: [[Image.new("RGB", (56, 56), (grey,) * 3)] * 8 for grey in (64, 191)]])
def test_flow_grpos_function_takes_clips_in_memory(judge, make):
    function = reward.flow_grpo(judge, sub="visual_quality", fps=16, **FAST)
    scores, details = function(make(), ["bright", "bright"], [{}, {}])
    assert scores == pytest.approx([2.0, 4.0], abs=0.02) and details == {}
    assert judge.seen[-1][0].metadata.fps == 16


def test_one_clip_alone_needs_no_list(judge):
    assert reward.flow_grpo(judge, fps=8, **FAST)(clip(), ["a"], None) == ([3.0], {})
    with pytest.raises(BadInput, match="takes videos"):
        reward.flow_grpo(judge, fps=8, **FAST)(clip(), ["a", "b"], None)
    with pytest.raises(BadInput, match="has no 'quality'"):
        reward.flow_grpo(judge, sub="quality")


@pytest.mark.parametrize("video, why", [
    (torch.rand(8, 3, 56, 56) * 2 - 1, "from 0 to 1"), (torch.rand(8, 3, 56, 56) * 255, "from 0 to 1"),
    (torch.full((8, 3, 56, 56), float("nan")), "from 0 to 1"), (torch.zeros(8, 3, 56, 56, dtype=torch.int32), "int32"),
    (torch.rand(3, 56, 56), "shape"), (torch.rand(8, 1, 56, 56), "shape"), (5, "int"), ([], "0 things"),
    ([5], "1 things"),
    ([Image.new("RGB", (8, 8)), Image.new("RGB", (9, 8))], "one size"), (torch.zeros(0, 3, 8, 8), "shape")])
def test_what_is_no_clip_in_memory_is_refused(video, why):
    with pytest.raises(BadInput, match=why):
        frames_of(video)


def test_frames_are_what_they_were():
    frames = np.stack([picture(index, 8) for index in range(8)])
    wanted = torch.from_numpy(frames).permute(0, 3, 1, 2)
    pictures = [Image.fromarray(one) for one in frames]
    for video in (frames, wanted, wanted.float() / 255, list(wanted.float() / 255), pictures):
        np.testing.assert_array_equal(frames_of(video), frames)


def test_a_clip_in_memory_needs_a_rate(judge):
    with pytest.raises(BadInput, match="give fps"):
        reward.flow_grpo(judge, **FAST)(clip(), ["a"])


def test_fastvideos_metric_has_its_shape(judge):
    metric = reward.FastVideo(judge, **FAST)
    metric.setup()
    assert metric.to("cpu") is metric and metric.name == "videoscore2" and not metric.requires_reference
    one = metric.compute({"video": clip(), "text_prompt": "a", "fps": 8})
    assert one.name == "videoscore2" and one.score == 3.0 and one.details == OURS | {"rationale": "Seen."}
    several = metric.compute({"video": clip()[None], "text_prompt": ["a"], "fps": 8})
    assert [one.score for one in several] == [3.0]
    assert "give fps" in metric.compute({"video": clip(), "text_prompt": "a"}).details["skipped"]
    made = reward.FastVideo(judge, result=lambda **said: said, **FAST).compute({"video": clip(), "text_prompt": "a",
                                                                               "fps": 8})
    assert made["score"] == 3.0


def test_trls_function_judges_a_column_or_what_is_made_of_the_completions(judge):
    function = reward.trl(judge, sub="text_alignment", fps=8, **FAST)
    assert function.__name__ == "videoscore2_text_alignment"
    talk = [[{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "a dog"}]}]] * 2
    said = [[{"role": "assistant", "content": text}] for text in ("a good dog", "a dog that runs")]
    assert function(talk, said, video=[clip(), clip()], other=[1, 2], trainer_state=None) == [3.0, 3.0]
    assert [prompt for _, prompt in judge.seen] == ["a dog"] * 2
    asked = []
    made = reward.trl(judge, generate=lambda texts: asked.extend(texts) or [clip() for _ in texts], prompt="wish",
                      fps=8, **FAST)
    assert made(talk, said, wish=["a cat", "a cow"]) == [3.0, 3.0] and asked == ["a good dog", "a dog that runs"]
    assert [prompt for _, prompt in judge.seen[2:]] == ["a cat", "a cow"]
    with pytest.raises(BadInput, match="no column 'video'"):
        function(talk, said, image=[1, 2])


def test_a_fault_of_the_machine_is_no_missing_reward():
    class Broken(ScriptedJudge):
        def score_many(self, sources, prompts, fps=None, **options):
            return [Failure("Memory ran out.")] * len(sources)

    with pytest.raises(Failure, match="Memory"):
        reward.trl(Broken(), fps=8, **FAST)(["a"], [""], video=[clip()])


def test_clips_are_judged_in_batches_and_several_samples_alone(judge):
    videos = torch.stack([clip(count=4)] * 5)
    reward.flow_grpo(judge, fps=8, batch=2, **FAST)(videos, ["a"] * 5)
    assert judge.batches == [2, 2, 1]
    reward.flow_grpo(judge, fps=8)(videos[:2], ["a"] * 2)
    assert judge.batches[3:] == [2] and judge.options[-1] == {"think": True}
    reward.flow_grpo(judge, fps=8, samples=2)(videos[:2], ["a"] * 2)
    assert judge.batches[4:] == [1, 1]
    for wrong in ({"batch": 0}, {"batch": True}, {"missing": "zero"}, {"budget": 0}):
        with pytest.raises(BadInput):
            reward.flow_grpo(judge, **wrong)
    with pytest.raises(BadInput, match="2 clips and 1 prompts"):
        reward.flow_grpo(judge, fps=8)(videos[:2], ["a"])


def test_the_numbers_are_the_evaluations():
    assert (*KEYS, "overall") == reward.SUBS and reward.REWARD == "videoscore2"
