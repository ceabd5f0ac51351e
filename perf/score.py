"""How long a person waits for `vs2 score`: `python -m perf.score [VIDEO --prompt TEXT]`.

From the command to the first streamed word and to the scores, in a fresh process each time, beside what that
process spends on importing torch and transformers alone; the median of three runs.
"""
import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vs2.scenes import film, words, world


def judged(video: str, prompt: str) -> tuple[float, float]:
    """Seconds to the first word on stdout, and to the end."""
    start = time.perf_counter()
    command = [sys.executable, "-u", "-m", "vs2", "score", video, "--prompt", prompt, "--model", "mini"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.read(1)
    first = time.perf_counter() - start
    process.stdout.read()
    if process.wait():
        raise SystemExit("vs2 score failed")
    return first, time.perf_counter() - start


def imports() -> float:
    start = time.perf_counter()
    code = "import torch, transformers.models.qwen2_5_vl.modeling_qwen2_5_vl"
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", nargs="?")
    parser.add_argument("--prompt")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scene = world.sample(0, 5, 5, 5)
        video = options.video or str(film.write(scene, Path(folder) / "scene.mp4"))
        prompt = options.prompt or words.caption(scene.asked)
        alone = statistics.median(imports() for _ in range(3))
        first, total = map(statistics.median, zip(*(judged(video, prompt) for _ in range(3)), strict=True))
    print(f"vs2 score: imports alone {alone:.1f} s, first word {first:.1f} s, scores {total:.1f} s")


if __name__ == "__main__":
    main()
