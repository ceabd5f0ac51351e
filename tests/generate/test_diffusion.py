"""Real pipelines of diffusers, tiny and with random weights, make clips on the CPU: Wan, LTX, and what goes wrong."""
import hashlib
import inspect
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from tests.support.apps import ROOT
from tests.support.patience import HANGING, eventually
from vs2 import generate
from vs2.errors import BadInput, Failure
from vs2.generate import pipelines
from vs2.generate.diffusion import Diffusion
from vs2.generate.protocol import Generated, Notice, Progress

# The old name of an argument that newer releases rename.
pytestmark = pytest.mark.filterwarnings("ignore:`torch_dtype` is deprecated")
PROMPT = "a red ball bounces on grass"


def tokenizer():
    from transformers import T5Tokenizer

    letters = [(chr(code), -3.0) for code in range(97, 123)]
    return T5Tokenizer(vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), ("\u2581", -2.0), *letters], extra_ids=0)


def encoder_config(kind):
    return kind(vocab_size=32, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4, decoder_start_token_id=0)


@pytest.fixture(scope="module")
def wan(tmp_path_factory):
    """The folder of a tiny Wan pipeline, in the form in which the published ones lie on the Hub."""
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
    from transformers import UMT5Config, UMT5EncoderModel

    torch.manual_seed(0)
    pipe = WanPipeline(
        tokenizer=tokenizer(), text_encoder=UMT5EncoderModel(encoder_config(UMT5Config)),
        vae=AutoencoderKLWan(base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
                             temperal_downsample=[False, True, True]),
        scheduler=UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0),
        transformer=WanTransformer3DModel(
            patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, text_dim=32, freq_dim=256, ffn_dim=32,
            num_layers=2, rope_max_seq_len=32))
    folder = tmp_path_factory.mktemp("wan")
    pipe.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def ltx(tmp_path_factory):
    """The folder of a tiny LTX-Video pipeline."""
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXPipeline,
        LTXVideoTransformer3DModel,
    )
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(0)
    pipe = LTXPipeline(
        tokenizer=tokenizer(), text_encoder=T5EncoderModel(encoder_config(T5Config)),
        vae=AutoencoderKLLTXVideo(
            latent_channels=8, block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8),
            layers_per_block=(1, 1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1, 1),
            spatio_temporal_scaling=(True, True, False, False), decoder_spatio_temporal_scaling=(
                True, True, False, False), patch_size=1, patch_size_t=1, encoder_causal=True, decoder_causal=False),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        transformer=LTXVideoTransformer3DModel(
            in_channels=8, out_channels=8, patch_size=1, patch_size_t=1, num_attention_heads=4, attention_head_dim=8,
            cross_attention_dim=32, num_layers=1, caption_channels=32))
    folder = tmp_path_factory.mktemp("ltx")
    pipe.save_pretrained(folder)
    return folder


def tiny(folder, **options) -> Diffusion:
    return generate.load(f"diffusers:{folder}", **{"steps": 2, "device": "cpu"} | options)


def pictures(path) -> np.ndarray:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(stream)])


def test_wan_makes_a_clip_step_by_step(wan, tmp_path):
    events = list(tiny(wan).stream(PROMPT, seed=7, seconds=0.3, size=(32, 32), folder=tmp_path))
    assert [type(event) for event in events].count(Generated) == 1 and isinstance(events[-1], Generated)
    stages = [event.stage for event in events if isinstance(event, Progress)]
    assert [stage for stage in stages if "step" in stage] == ["Drawing: step 1 of 2", "Drawing: step 2 of 2"]
    known = [event.fraction for event in events if isinstance(event, Progress) and event.fraction is not None]
    assert known == sorted(known) and known[-1] == 1.0
    path, record = events[-1].path, events[-1].record
    # 0.3 s at 16 frames a second are nearest to one frame and one group of four
    assert pictures(path).shape == (5, 32, 32, 3) == (record.frames, record.height, record.width, 3)
    assert record.fps == 16 and record.truth is None and record.details["pipeline"] == "WanPipeline"
    assert any("frame rate" in notice for notice in record.notices)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted([path.name, path.with_suffix(".json").name])
    assert generate.Record.from_dict(json.loads(path.with_suffix(".json").read_text())) == record


def test_ltx_makes_a_clip_with_its_own_frame_rate(ltx, tmp_path):
    made = tiny(ltx).generate(PROMPT, seed=1, seconds=0.3, size=(32, 64), folder=tmp_path)
    assert made.record.fps == 25 and made.record.details["pipeline"] == "LTXPipeline"
    assert pictures(made.path).shape[1:] == (64, 32, 3)


def test_a_seed_is_a_clip_and_the_prompt_is_read(wan, tmp_path):
    generator = tiny(wan, guidance=5.0)
    options = {"seconds": 0.3, "size": (32, 32)}
    one, again = (generator.generate(PROMPT, seed=3, folder=tmp_path / name, **options) for name in "ab")
    assert one.path.read_bytes() == again.path.read_bytes() and one.path.name == again.path.name
    other = generator.generate(PROMPT, seed=4, folder=tmp_path / "c", **options)
    elsewhere = generator.generate("zzz", seed=3, folder=tmp_path / "d", **options)
    assert len({made.record.sha256 for made in (one, other, elsewhere)}) == 3


def test_stopping_between_steps_leaves_nothing_and_the_next_clip_works(wan, tmp_path):
    generator = tiny(wan, steps=50)
    seen = []
    for event in generator.stream(PROMPT, seconds=0.3, size=(32, 32), folder=tmp_path, stop=lambda: len(seen) > 3):
        seen.append(event)
    assert not isinstance(seen[-1], Generated) and list(tmp_path.iterdir()) == []
    stream = generator.stream(PROMPT, seconds=0.3, size=(32, 32), folder=tmp_path)
    for event in stream:
        if isinstance(event, Progress) and event.stage.startswith("Drawing"):
            break
    stream.close()
    assert eventually(lambda: not any(thread.name == "vs2-diffusion" for thread in threading.enumerate())), \
        "the pipeline goes on though nobody waits"
    assert list(tmp_path.iterdir()) == []
    generator.steps = 1
    assert generator.generate(PROMPT, seconds=0.3, size=(32, 32), folder=tmp_path).path.exists()


def test_a_pipeline_without_callbacks_is_watched_at_its_scheduler(wan, tmp_path, monkeypatch):
    from diffusers import WanPipeline

    whole = WanPipeline.__call__

    def without(self, prompt=None, height=None, width=None, num_frames=None, num_inference_steps=None, generator=None,
                output_type=None):
        return whole(self, prompt, None, height, width, num_frames, num_inference_steps, generator=generator,
                     output_type=output_type)

    monkeypatch.setattr(WanPipeline, "__call__", without)
    events = list(tiny(wan, steps=3).stream(PROMPT, seconds=0.3, size=(32, 32), folder=tmp_path))
    assert [event.stage for event in events if isinstance(event, Progress) and "step" in event.stage] == [
        f"Drawing: step {step} of 3" for step in (1, 2, 3)]


def test_sizes_and_long_prompts_are_told(wan, tmp_path):
    events = list(tiny(wan, steps=1).stream("ball " * 700, seconds=0.3, size=(40, 33), folder=tmp_path))
    notices = " ".join(event.text for event in events if isinstance(event, Notice))
    assert "rounded from 40 x 33 to 32 x 32" in notices and "reads the first 512" in notices


def test_memory_that_runs_out_moves_the_parts(wan, tmp_path, monkeypatch):
    generator = tiny(wan, steps=1)
    generator._load(lambda event: None)
    # On the CPU there is nothing to move, so the device says that it is another one; the offloading is the real one.
    tries, enough = [], 3
    whole = type(generator._pipe).__call__

    def scarce(self, *arguments, **options):
        tries.append(generator._placed)
        if len(tries) < enough:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(self, *arguments, **options)

    scarce.__signature__ = inspect.signature(whole)
    monkeypatch.setattr(type(generator._pipe), "__call__", scarce)
    placed = generator._place
    monkeypatch.setattr(generator, "_place", lambda pipe, how, say: (
        setattr(generator, "device", "cpu"), placed(pipe, how, say), setattr(generator, "device", "cuda")))
    generator.device = "cuda"
    made = generator.generate(PROMPT, seconds=0.3, size=(32, 32), folder=tmp_path)
    assert tries == list(pipelines.PLACEMENTS)
    assert made.record.details["placement"] == "by layers"
    assert sum("Memory ran out" in notice for notice in made.record.notices) == 2
    enough = 99
    with pytest.raises(Failure, match="smaller size"):
        generator.generate(PROMPT, seconds=0.3, size=(32, 32), folder=tmp_path)


def test_placement_takes_the_fastest_that_fits():
    wan = {"text_encoder": 11_360_000_000, "transformer": 2_840_000_000, "vae": 510_000_000}
    assert pipelines.placement(wan, 80 * 10**9) == "resident" == pipelines.placement(wan, 24 * 10**9)
    assert pipelines.placement(wan, int(12.5e9)) == "in turn"
    assert pipelines.placement(wan, 8 * 10**9) == "by layers"
    assert pipelines.suits(85 * 10**9) == pipelines.suits(int(25e9)) == "Wan-AI/Wan2.2-TI2V-5B-Diffusers"
    assert pipelines.suits(int(12.8e9)) == "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"


@pytest.mark.parametrize("name", pipelines.PRESETS)
def test_presets_are_what_their_models_can_make(name):
    preset = pipelines.PRESETS[name]
    assert preset.width % 16 == preset.height % 16 == 0 and (preset.frames - 1) % 4 == 0
    assert hasattr(torch, preset.dtype) and hasattr(torch, preset.vae)


@pytest.mark.parametrize("index, match", [
    ({"_class_name": "WanImageToVideoPipeline"}, "text alone"), ({"_class_name": "StableDiffusionPipeline"}, "alone"),
    ({"_class_name": ["pipeline", "Mine"]}, "code of its own"), ({"_class_name": "NoSuchPipeline"}, "newer diffusers"),
    ({"_class_name": "WanPipeline", "vae": ["my_vae", "Mine"]}, r"code of its own \(vae\)"), ([], "not what"),
])
def test_what_is_no_text_to_video_pipeline_is_refused_before_its_weights(tmp_path, index, match):
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(BadInput, match=match):
        tiny(tmp_path).generate(PROMPT, folder=tmp_path / "out")


@pytest.mark.parametrize("kind", ["WanPipeline", "LTXPipeline", "CogVideoXPipeline", "HunyuanVideoPipeline",
                                  "MochiPipeline", "AllegroPipeline", "LattePipeline", "AnimateDiffPipeline",
                                  "Kandinsky5T2VPipeline", "SkyReelsV2Pipeline", "HunyuanVideo15Pipeline"])
def test_pipelines_of_diffusers_for_text_are_taken(kind):
    assert pipelines.check_index("x", {"_class_name": kind, "vae": ["diffusers", "AutoencoderKLWan"]}) == kind


def test_what_cannot_be_run_is_said_at_once(tmp_path, wan, monkeypatch):
    for options in ({"steps": 0}, {"guidance": -1}, {"device": "tpu"}, {"placement": "somewhere"}, {"colour": 1}):
        with pytest.raises(BadInput):
            tiny(wan, **options)
    with pytest.raises(BadInput, match="owner/name"):
        generate.load("diffusers:nonsense", device="cpu")
    with pytest.raises(BadInput, match="model_index"):
        generate.load(f"diffusers:{tmp_path}", device="cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Failure, match="CUDA GPU"):
        generate.load(f"diffusers:{wan}")
    listed = {one.name: one for one in generate.listing()}
    one = listed["diffusers:Wan-AI/Wan2.1-T2V-1.3B-Diffusers"]
    assert not one.usable and "CUDA" in one.reason and "12 GB" in one.remedy
    (wan / "vae" / "config.json").rename(wan / "vae" / "away.json")
    try:
        with pytest.raises(BadInput, match="cannot be loaded"):
            tiny(wan).generate(PROMPT, folder=tmp_path)
    finally:
        (wan / "vae" / "away.json").rename(wan / "vae" / "config.json")


class Hub(BaseHTTPRequestHandler):
    """As much of the Hub as a download needs. `org/wan` is the folder `server.folder`, `org/judge` no pipeline."""

    protocol_version = "HTTP/1.1"
    sha = "0123456789abcdef0123456789abcdef01234567"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.split("?")[0]
        self.server.seen.append(path)
        folder = self.server.folder
        names = [str(file.relative_to(folder)) for file in sorted(folder.rglob("*")) if file.is_file()]
        names += ["unet/evil.bin", "run.py"]
        if "org/gated" in path:
            self.answer(403, b"{}", {"X-Error-Code": "GatedRepo"})
        elif "org/wan" not in path and "org/judge" not in path:
            self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif "/tree/" in path:
            self.answer(200, json.dumps([{"type": "file", "path": name, "oid": "0" * 40, "size":
                                          (folder / name).stat().st_size if (folder / name).exists() else 1}
                                         for name in names]).encode())
        elif "/api/models/" in path:
            self.answer(200, json.dumps({"id": "org/wan", "sha": self.sha, "siblings": [
                {"rfilename": name} for name in names]}).encode())
        elif "org/judge" in path or not (folder / path.split("/resolve/")[1].partition("/")[2]).is_file():
            self.answer(404, b"{}", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.sha})
        else:
            data = (folder / path.split("/resolve/")[1].partition("/")[2]).read_bytes()
            self.answer(200, data, {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": self.sha})

    def answer(self, status, body, headers=None):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body)), "Content-Type": "application/json"}
                            | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


FIND = """
import sys
import tests.support.prompt_hub
from vs2.errors import Problem
from vs2.generate import pipeline_files
for name in sys.argv[1:]:
    try:
        print(pipeline_files.find(name))
    except Problem as problem:
        print(type(problem).__name__, problem)
"""


def find(home, port, *names) -> list[str]:
    """What `pipeline_files.find` returns or raises, in a process whose Hub is on `port`."""
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("HF_", "HUGGING")) and not key.lower().endswith("_proxy")}
    environment |= {"HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1",
                    "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run([sys.executable, "-c", FIND, *names], capture_output=True, text=True, timeout=HANGING,
                          env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()


def test_a_pipeline_comes_from_the_hub_without_anything_that_runs(wan, tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.folder, server.seen = wan, []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        folder, nobody, gated, other = find(tmp_path, server.server_port, "org/wan", "org/nobody", "org/gated",
                                            "org/judge")
    finally:
        server.shutdown()
        server.server_close()
    got = {str(file.relative_to(folder)) for file in Path(folder).rglob("*") if file.is_file()}
    assert {"model_index.json", "transformer/diffusion_pytorch_model.safetensors"} <= got
    assert not [name for name in got if name.endswith((".py", ".bin"))]
    assert nobody.startswith("BadInput There is no model org/nobody") and gated.startswith("BadInput The model org/gat")
    assert other.startswith("BadInput org/judge is not a pipeline of diffusers")
    assert not [path for path in server.seen if "org/judge" in path and "safetensors" in path]
    again, away = find(tmp_path, server.server_port, "org/wan", "org/elsewhere")
    assert again == folder and away.startswith("Failure The model org/elsewhere is not on this machine")
