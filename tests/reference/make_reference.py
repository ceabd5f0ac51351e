"""Numbers from the reference stack (transformers 4.53.2, qwen-vl-utils 0.0.14) that the tests hold vs2 to.

    python -m venv ref && ref/bin/pip install "torch==2.8.*" torchvision transformers==4.53.2 \
        qwen-vl-utils==0.0.14 accelerate
    ref/bin/python -m tests.reference.make_reference      # from the project's root, with ref outside it

It runs qwen-vl-utils' own `process_vision_info` and the processor of transformers 4.53.2 on made-up clips, whose
frames are a formula (`frame`) and never a file: only the decoding is replaced. The tokenizer and preprocessor are
those of tests/support/tiny.py. Written to reference.json beside this file; nothing in it depends on random weights.
"""
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
READER = "formula"
PROMPT = "A red ball bounces on grass; the camera pans left."
# name: frames in the clip, its frames a second, height, width, frames a second to sample, prompt
CASES = {
    "short": (24, 24.0, 120, 200, 2.0, PROMPT),
    "long_26s": (624, 24.0, 96, 160, 2.0, "It's 3 o'clock: 12 caf\u00e9s open, \u732b\u304c\u8d70\u308b \U0001f600."),
    "portrait": (75, 30.0, 640, 360, 2.0, "a $5 note, {braces} and \"quotes\"\nover two lines  with  spaces "),
    "odd_7_frames": (7, 8.0, 121, 203, 2.0, PROMPT),
    "ntsc_5_frames": (5, 30000 / 1001, 90, 90, 2.0, "<b>1 < 2</b> & <v_score>"),
    "three_frames": (3, 8.0, 300, 100, 2.0, "Cafe\u0301 in two code points"),
    "tall_strip": (16, 8.0, 2000, 30, 2.0, PROMPT),
    "one_a_second": (300, 10.0, 100, 100, 1.0, PROMPT),
    "four_a_second": (60, 30.0, 112, 112, 4.0, PROMPT),
    "one_frame": (1, 8.0, 100, 100, 2.0, PROMPT),
}
COUNTS = [(total, fps) for total in (1, 2, 3, 4, 5, 7, 8, 23, 48, 97, 150, 601, 1919, 9211, 9215, 9216, 9240, 30001)
          for fps in (2.0, 7.5, 8.0, 23.976023976023978, 24.0, 29.97002997002997, 60.0)]
SIZES = [(frames, height, width) for frames in (2, 4, 48, 234, 236, 300, 768)
         for height, width in ((2, 2), (13, 2600), (14, 14), (27, 29), (90, 160), (256, 256), (270, 480), (336, 336),
                               (480, 270), (720, 1280), (1080, 1920), (1920, 1080), (2160, 3840), (4000, 30),
                               (8192, 8192))]


def frame(index: int, height: int, width: int) -> np.ndarray:
    """Frame `index`: uint8 [height, width, 3], slopes that move, with a fine pattern that resizing has to average."""
    y, x = np.arange(height)[:, None], np.arange(width)[None]
    red = (x * 3 + y + index * 5) % 256
    green = (x * y // 7 + index * 11) % 256
    blue = ((x ^ y) * 2 + index) % 256
    return np.stack(np.broadcast_arrays(red, green, blue), -1).astype(np.uint8)


def sha(value) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def describe(pixels, grid, seconds, ids, video, positions, delta) -> dict:
    """The facts about one clip's inputs that both sides compute. pixels [P, 1176]; ids a list; positions [3, L]."""
    rows = np.linspace(0, len(pixels) - 1, 5).astype(int).tolist()
    at = ids.index(video)
    return {
        "grid": list(grid), "second_per_grid_ts": seconds, "before": ids[:at], "video_tokens": ids.count(video),
        "after": ids[at + ids.count(video):], "ids_sha256": sha(ids), "positions_sha256": sha(positions),
        "last_position": [axis[-1] for axis in positions], "rope_delta": delta,
        "times": sorted(set(positions[0][at:at + ids.count(video)])),
        "pixel_mean": float(pixels.double().mean()), "pixel_std": float(pixels.double().std()),
        "pixel_rows": {str(row): [round(value, 6) for value in pixels[row, ::147].tolist()] for row in rows},
    }


def tiny_model(folder):
    """A model of the reference stack with the tiny vocabulary: only its get_rope_index is used."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    from tests.support.tiny import write_processor

    ids = write_processor(folder)
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(
        vocab_size=max(ids.values()) + 1, hidden_size=32, intermediate_size=64, num_hidden_layers=1,
        num_attention_heads=4, num_key_value_heads=2, rope_scaling={"type": "mrope", "mrope_section": [1, 1, 2]},
        vision_start_token_id=ids["<|vision_start|>"], image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_config={"depth": 1, "hidden_size": 32, "num_heads": 2, "out_hidden_size": 32, "tokens_per_second": 2}))


def reference_clip(model, processor, name: str) -> dict:
    import torch
    from qwen_vl_utils import process_vision_info

    from vs2.rubric import PUBLISHED_QUERY

    *_, sample, prompt = CASES[name]
    messages = [{"role": "user", "content": [
        {"type": "video", "video": name, "fps": sample},
        {"type": "text", "text": PUBLISHED_QUERY.replace("$t2v_prompt", prompt)}]}]
    text = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    _, videos = process_vision_info(messages)
    inputs = processor(text=[text], videos=videos, fps=sample, padding=True, return_tensors="pt")
    positions, delta = model.model.get_rope_index(
        inputs["input_ids"], None, inputs["video_grid_thw"], torch.as_tensor(inputs["second_per_grid_ts"]),
        inputs["attention_mask"])
    return {"shape": list(videos[0].shape), **describe(
        inputs["pixel_values_videos"], inputs["video_grid_thw"][0].tolist(), float(inputs["second_per_grid_ts"][0]),
        inputs["input_ids"][0].tolist(), model.config.video_token_id, positions[:, 0].tolist(), int(delta[0, 0]))}


def main() -> None:
    import torch
    import torchvision
    import transformers
    from qwen_vl_utils import vision_process
    from transformers import AutoTokenizer, Qwen2_5_VLProcessor, Qwen2VLImageProcessor, Qwen2VLVideoProcessor

    def read(element):
        total, fps, height, width, *_ = CASES[element["video"]]
        count = vision_process.smart_nframes(element, total_frames=total, video_fps=fps)
        indices = torch.linspace(0, total - 1, count).round().long().tolist()
        video = torch.tensor(np.stack([frame(index, height, width) for index in indices])).permute(0, 3, 1, 2)
        return video, {}, count / total * fps

    vision_process.VIDEO_READER_BACKENDS = {READER: read, "torchvision": read}
    vision_process.FORCE_QWENVL_VIDEO_READER = READER
    result = {"made_with": {"transformers": transformers.__version__, "torch": torch.__version__,
                            "torchvision": torchvision.__version__, "qwen-vl-utils": "0.0.14"}}
    with tempfile.TemporaryDirectory() as folder:
        model = tiny_model(folder)
        limits = {"min_pixels": 3136, "max_pixels": 12845056, "patch_size": 14, "temporal_patch_size": 2,
                  "merge_size": 2}
        tokenizer = AutoTokenizer.from_pretrained(folder)
        processor = Qwen2_5_VLProcessor(Qwen2VLImageProcessor(**limits), tokenizer, Qwen2VLVideoProcessor(**limits),
                                        chat_template=tokenizer.chat_template)
        result["clips"] = {}
        for name in CASES:
            try:
                result["clips"][name] = reference_clip(model, processor, name)
            except ValueError as error:
                result["clips"][name] = {"error": str(error)}
            print(name, str(result["clips"][name])[:160], file=sys.stderr, flush=True)
    result["counts"] = [[total, fps, tried(vision_process.smart_nframes, {"fps": 2.0}, total, fps)]
                        for total, fps in COUNTS]
    result["sizes"] = [[frames, height, width, tried(resized, vision_process, frames, height, width)]
                       for frames, height, width in SIZES]
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in result.items() if key != "clips")
    clips = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in result["clips"].items())
    (HERE / "reference.json").write_text("{\n" + lines + ',\n"clips": {\n' + clips + "\n}\n}\n")


def resized(vision_process, frames: int, height: int, width: int) -> list[int]:
    """The size that qwen-vl-utils' fetch_video gives: its limits, worked out as in its body."""
    least = vision_process.VIDEO_MIN_TOKEN_NUM * 28 * 28
    total = vision_process.MODEL_SEQ_LEN * 28 * 28 * 0.9
    most = max(min(vision_process.VIDEO_MAX_TOKEN_NUM * 28 * 28, total / frames * 2), int(least * 1.05))
    return list(vision_process.smart_resize(height, width, factor=28, min_pixels=least, max_pixels=most))


def tried(function, *arguments):
    """The function's value, or None where the reference refuses."""
    try:
        return function(*arguments)
    except ValueError:
        return None


if __name__ == "__main__":
    main()
