"""The script that times weights in 4 bits: every part runs, in a tiny shape."""
import pytest
import torch

from perf import int4, int4_shape
from vs2.model import checkpoint, weights


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.set_num_threads(1)
    made = tmp_path_factory.mktemp("int4") / "model"
    size = int4_shape.write(made, 28, 32, small=True)
    assert size == checkpoint.locate(str(made)).stored
    return made


def test_the_table_of_kernels_has_a_row_for_each(capsys):
    int4.kernels((128, 64))
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("| ")]) == 6 and "ns of processor" in lines[-1]


def test_every_part_measures_something(folder, capsys):
    bench = int4.Bench(folder, (112, 64), (1.0, 1.0))
    assert bench.judge.precision == "int4"
    for part in ("tower", "prefill", "decode", "clip"):
        getattr(bench, part)()
    said = capsys.readouterr().out
    assert "Loaded" in said and "by 1,000 patches" in said and "Prefill of 1024 tokens" in said and "A token" in said
    assert said.count("each stage was over after: FramesRead") == 2


def test_weights_with_heavy_tails_are_put_on_the_grid_and_compared(tmp_path):
    int4_shape.write_heavy(tmp_path / "heavy", small=True)
    loaded = weights.load(checkpoint.locate(str(tmp_path / "heavy")), "bf16", plain=False).model.model.language_model
    layer = loaded.layers[0].mlp.gate_proj.weight.float()
    assert (layer / layer.std()).pow(4).mean() > 5, "a normal one has 3"
    norm = loaded.layers[0].input_layernorm.weight
    assert norm.max() == 16 * norm.min()
