"""What `vs2 score` with the built-in judge imports and how it computes: counts, not seconds."""
import subprocess
import sys

import pytest
import torch

from tests.support.clips import moving_square
from vs2.model.own import threads

HEAVY = ("transformers", "torch._dynamo", "torchvision", "torch.distributed.tensor", "scipy", "sympy", "pandas",
         "accelerate", "gradio", "plotly", "sklearn", "matplotlib", "PIL")
LIST = """
import sys
from vs2.cli.main import main
status = main(sys.argv[1:])
print("loaded", status, *(name for name in {heavy} if name in sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize("options", [[], ["--no-think"], ["--samples", "2", "--json"]], ids=str)
def test_scoring_with_mini_imports_nothing_heavy(tmp_path, options):
    path = moving_square(tmp_path / "a.mp4")
    command = [sys.executable, "-c", LIST.format(heavy=HEAVY), "score", str(path), "--prompt", "a red square",
               "--model", "mini", *options]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stderr.splitlines()[-1] == "loaded 0", said.stderr


def test_small_passes_have_one_thread_and_leave_the_others_as_they_were():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threads.for_pass(10**6, 2000):
            assert torch.get_num_threads() == 1
            with threads.for_pass(10**6, 2001):
                assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        for weights, rows in ((10**6, 2001), (threads.CACHED + 1, 1)):
            with threads.for_pass(weights, rows):
                assert torch.get_num_threads() == 2
        with pytest.raises(KeyError), threads.for_pass(1, 1):
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
