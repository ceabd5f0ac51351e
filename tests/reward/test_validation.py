"""Scores of validation clips through accelerate's trackers: TensorBoard, and one that keeps what it is told."""
import numpy as np
import pytest
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from accelerate.tracking import GeneralTracker, on_main_process
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.support.scripted import ScriptedJudge
from vs2.errors import BadInput
from vs2.reward import Validation


class Kept(GeneralTracker):
    """A tracker that keeps what it is told."""

    name, requires_logging_directory = "kept", False

    def __init__(self):
        super().__init__()
        self.told = []

    @property
    def tracker(self):
        return self.told

    @on_main_process
    def store_init_configuration(self, values):
        self.told.append(values)

    @on_main_process
    def log(self, values, step=None, **_):
        self.told.append((step, values))


class Pipeline:
    """A pipeline of diffusers' interface for videos: float frames [B, T, H, W, C] where output_type is "np"."""

    def __init__(self):
        self.asked = []

    def __call__(self, prompt, generator, output_type, num_frames=8):
        assert output_type == "np"
        self.asked.append((prompt, generator.initial_seed(), num_frames))
        frames = np.full((1, num_frames, 56, 56, 3), 0.5, np.float32)
        return type("Output", (), {"frames": frames})()


@pytest.fixture
def accelerators():
    """Makes them; accelerate keeps what they share."""
    def reset():
        for shared in (AcceleratorState, PartialState, GradientState):
            shared._shared_state.clear()

    reset()
    yield lambda **options: Accelerator(cpu=True, **options)
    reset()


def says(clip, prompt):
    return ("It is none.",) * 3 if prompt == "withheld" else (2.0, 3.0, 4.0) if prompt == "one" else (4.0, 4.0, 4.0)


def test_means_of_what_has_a_score_reach_the_trackers(accelerators, tmp_path):
    tracker, pipeline = Kept(), Pipeline()
    accelerator = accelerators(log_with=["tensorboard", tracker], project_dir=tmp_path)
    accelerator.init_trackers("run")
    validation = Validation(ScriptedJudge(says), ["one", "two", "withheld"], fps=8, think=False, seed=5)
    values = validation(pipeline, accelerator, step=7, num_frames=6)
    accelerator.end_training()
    assert pipeline.asked == [("one", 5, 6), ("two", 6, 6), ("withheld", 7, 6)]
    named = {name.removeprefix("validation/videoscore2/"): value for name, value in values.items()}
    assert named == {"clips": 3, "scored": 2, "visual_quality": 3.0, "text_alignment": 3.5,
                     "physical_consistency": 4.0, "overall": 3.5}
    assert tracker.told[-1] == (7, values)
    events = EventAccumulator(str(tmp_path / "run"))
    events.Reload()
    written = {name: [(one.step, one.value) for one in events.Scalars(name)] for name in events.Tags()["scalars"]}
    assert written == {name: [(7, pytest.approx(value))] for name, value in values.items()}


def test_where_nothing_has_a_score_no_mean_is_logged(accelerators):
    tracker = Kept()
    accelerator = accelerators(log_with=[tracker])
    accelerator.init_trackers("run")
    values = Validation(ScriptedJudge(says), fps=8).log(accelerator, [np.zeros((4, 56, 56, 3), np.uint8)], ["withheld"],
                                                       3)
    assert values == {"validation/videoscore2/clips": 1, "validation/videoscore2/scored": 0}
    assert tracker.told[-1] == (3, values)


def test_other_processes_neither_make_nor_judge(accelerators):
    judge, pipeline = ScriptedJudge(), Pipeline()
    other = type("Other", (), {"is_main_process": False})()
    validation = Validation(judge, ["one"], fps=8)
    assert validation(pipeline, other, 1) == {} == validation.log(other, [None], ["one"], 1)
    assert not judge.seen and not pipeline.asked
    with pytest.raises(BadInput, match="one text"):
        Validation(judge, "one")
