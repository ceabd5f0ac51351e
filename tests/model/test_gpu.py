"""GPUs as they are found, faked: their age, what is free on them, what is given back."""
import gc
import weakref

import pytest
import torch

from vs2.model import gpu, weights

CUDA, CPU = torch.device("cuda"), torch.device("cpu")


@pytest.mark.parametrize(("capability", "old"), [
    ((6, 1), True), ((7, 0), True), ((7, 5), True), ((8, 0), False), ((8, 9), False), ((12, 0), False)])
def test_how_old_a_gpu_is(monkeypatch, capability, old):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda where=None: capability)
    assert gpu.before_ampere(CUDA) == old and not gpu.before_ampere(CPU)
    monkeypatch.setattr(torch.version, "hip", "6.4")    # AMD counts its own way
    assert not gpu.before_ampere(CUDA)


@pytest.mark.parametrize("error", [RuntimeError("Found no NVIDIA driver"), AssertionError("not compiled with CUDA")])
def test_a_gpu_that_does_not_answer(monkeypatch, error):
    def silent(*_):
        raise error

    for asked in ("get_device_capability", "get_device_name", "mem_get_info"):
        monkeypatch.setattr(torch.cuda, asked, silent)
    assert not gpu.before_ampere(CUDA) and gpu.name(CUDA) == "this GPU" and gpu.free(CUDA) is None
    assert weights.free_memory(CUDA) is None


def test_what_torch_has_cached_counts_as_free(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda where: (3_000, 80_000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda where: 20_000)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda where: 4_000)
    assert weights.free_memory(CUDA) == gpu.free(CUDA) == 19_000


def test_giving_back_takes_cycles_first_and_then_the_cache(monkeypatch):
    class Held:
        pass

    held, left = Held(), []
    held.itself = held
    here = weakref.ref(held)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: left.append(here()))
    gc.disable()
    try:
        del held
        assert here() is not None
        gpu.release()
        assert left == [None]
    finally:
        gc.enable()
