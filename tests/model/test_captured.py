"""The fixed cache of a captured step: what it gives, without a GPU, is what transformers' growing one gives."""
import gc

import pytest
import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from tests.model.test_attention import MODULE, mask
from tests.support.clips import moving_square
from tests.support.tiny import write_tiny
from vs2 import judge as judging
from vs2 import video
from vs2.errors import Failure
from vs2.model import attention, captured, gpu, inputs, memory
from vs2.model.inputs import cache_of


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "a.mp4", size=(112, 84))


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    torch.set_num_threads(1)
    loaded = judging.load(str(write_tiny(tmp_path_factory.mktemp("tiny"))), "fp32", plain=False)
    attention.ungroup(loaded.model)
    return loaded


@pytest.fixture
def here(monkeypatch):
    """Steps as on a CUDA GPU, but for the graph: the same arithmetic, started piece by piece."""
    made = []

    def capture(self, model):
        made.append(self)
        self.graph = None

    monkeypatch.setattr(captured, "possible", lambda model: model not in gpu.refused)
    monkeypatch.setattr(captured.Steps, "capture", capture)
    yield made
    gpu.kept.clear()


@pytest.fixture
def given(judge, path):
    return inputs.prepare(judge.processor, video.read(path, judge.card.sampling), "a red square", judge.card,
                          judge.model.config).to(judge.device)


@torch.inference_mode()
def test_a_fixed_memory_is_the_growing_one(judge, given, here):
    out = judge.model(**given.model_kwargs(), use_cache=True, logits_to_keep=1)
    growing = memory.Growing(judge.model, [cache_of(out)], [given], 3)
    fixed, logits = memory.begin(judge.model, [given], 3, 40)
    assert isinstance(fixed, captured.Captured) and torch.equal(logits, out.logits[:, -1].expand(3, -1))
    dice = torch.Generator().manual_seed(0)
    rows = 3
    for count, kept in ((1, None), (1, [0, 2]), (5, None), (1, [1]), (2, None), (1, None)):
        if kept:
            growing.keep(kept)
            fixed.keep(kept)
            rows = len(kept)
        tokens = torch.randint(0, 500, (rows, count), generator=dice).to(judge.device)
        wanted, found = growing.write(tokens), fixed.write(tokens)
        assert found.shape == wanted.shape and torch.allclose(found, wanted, atol=2e-5)
    with pytest.raises(RuntimeError, match="longer than the room"):
        fixed.write(torch.zeros(1, 2000, dtype=torch.int64, device=judge.device))


@pytest.mark.parametrize(("count", "masked"), [(1, True), (1, False), (4, True)])
@pytest.mark.parametrize("length", [60, 2 * attention.PIECE])
def test_few_tokens_attend_as_transformers_has_it(count, masked, length):
    dice = torch.Generator().manual_seed(count)
    shapes = (6, count), (2, length), (2, length)
    query, key, value = (torch.randn(2, heads, tokens, 8, generator=dice) for heads, tokens in shapes)
    given = mask(2, count, length) if masked else None
    for dtype, apart in ((torch.float32, 1e-6), (torch.bfloat16, 2e-2)):
        three = (x.to(dtype) for x in (query, key, value))
        wanted, _ = sdpa_attention_forward(MODULE, query, key, value, given, scaling=0.3)
        found, _ = attention.attend(MODULE, *three, given, scaling=0.3)
        assert found.dtype == dtype and torch.allclose(found.float(), wanted, atol=apart)


@pytest.mark.parametrize("options", [{}, {"samples": 3}, {"think": False}, {"published": True}], ids=str)
def test_a_judge_says_the_same_with_it(judge, path, here, options, monkeypatch):
    found = judge.score(path, "a red square", budget=30, **options)
    assert len(here) == 1
    monkeypatch.setattr(captured, "possible", lambda model: False)
    wanted = judge.score(path, "a red square", budget=30, **options)
    assert (found.reply, found.tokens, found.samples) == (wanted.reply, wanted.tokens, wanted.samples)
    for key, score in wanted.scores.items():
        assert found.scores[key].distribution == pytest.approx(score.distribution, abs=1e-4)


def test_it_is_kept_for_the_next_clip_and_given_back(judge, path, here, tmp_path):
    judge.score(path, "a red square", budget=30)
    judge.score(moving_square(tmp_path / "b.mp4", size=(84, 112)), "a longer prompt about a red square", budget=50)
    first, *others = here       # without a graph it is tried anew each time
    assert all(one is first for one in others)
    judge.score(path, "a red square", budget=30, samples=2)
    assert here[-1].rows == 2 and len(gpu.kept[judge.model]) == 2
    judge.score(path, "a red square", budget=4096)
    assert here[-1].places > captured.ROUND and len(gpu.kept[judge.model]) == captured.KEPT
    gpu.release()
    assert not gpu.kept
    stream = judge.stream(path, "a red square", budget=30)
    for _ in range(4):
        next(stream)
    assert not gpu.kept.get(judge.model), "it is in use"
    stream.close()
    assert len(gpu.kept[judge.model]) == 1


def test_where_steps_cannot_be_captured_it_goes_on_without(judge, path, here, monkeypatch):
    def refuse(self, model):
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(captured.Steps, "capture", refuse)
    try:
        with pytest.warns(RuntimeWarning, match="tokens come slowly: operation not permitted"):
            made = judge.score(path, "a red square", budget=30)
        assert not made.unread and judge.score(path, "a red square", budget=30).scores == made.scores
    finally:
        gpu.refused.clear()


def test_memory_that_runs_out_in_it_is_tried_again_with_fewer_pixels(judge, path, here, monkeypatch):
    capture, tried = captured.Steps.capture, []

    def refuse(self, model):
        tried.append(self.places)
        if len(tried) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        capture(self, model)

    monkeypatch.setattr(captured.Steps, "capture", refuse)
    made = judge.score(path, "a red square", budget=30)
    assert len(tried) == 2 and any("Memory ran out" in warning for warning in made.warnings)
    assert judge.model not in gpu.refused


def test_a_judge_that_is_dropped_takes_it_along(path, here, tmp_path):
    judge = judging.load(str(write_tiny(tmp_path / "tiny")), "fp32", plain=False)
    attention.ungroup(judge.model)
    judge.score(path, "a red square", budget=30)
    assert gpu.kept[judge.model]
    del judge
    here.clear()
    gc.collect()
    assert not gpu.kept


def test_a_gpu_that_is_lent_or_switched_off_keeps_to_the_usual_way(judge, monkeypatch):
    class OnCuda:
        device = torch.device("cuda")

        def __getattr__(self, name):
            return getattr(judge.model, name)

        def __hash__(self):
            return 1

    assert captured.possible(OnCuda())
    if not torch.cuda.is_available():
        assert not captured.possible(judge.model)
    monkeypatch.setenv("VS2_GRAPHS", "0")
    assert not captured.possible(OnCuda())
    monkeypatch.delenv("VS2_GRAPHS")
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert not captured.possible(OnCuda())


def test_overflow_is_said(judge, path, here):
    hook = judge.model.lm_head.register_forward_hook(lambda module, _, logits: logits * torch.nan)
    try:
        with pytest.raises(Failure, match="overflowed"):
            judge.score(path, "a red square")
    finally:
        hook.remove()


def test_what_overflowed_on_one_clip_does_not_reach_the_next(judge, path, here):
    wanted = judge.score(path, "a red square", budget=30)
    steps, = gpu.kept[judge.model]
    with torch.inference_mode():
        for whole in (*steps.cache.keys, *steps.cache.values):
            whole.fill_(torch.nan)
    assert judge.score(path, "a red square", budget=30).scores == wanted.scores


def test_a_kept_cache_has_the_room_that_is_asked_for(judge, here):
    steps = captured.Steps(judge.model, 1, 500)
    gpu.kept[judge.model] = [steps]
    assert captured._take(judge.model, 1, steps.places) is None, "one place is for trying"
    assert captured._take(judge.model, 1, steps.places - 1) is steps
