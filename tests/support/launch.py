"""Starts training in several processes on the CPU, as `accelerate launch` does on GPUs, and watches over it."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "train/configs/accelerate"
QUIET = 240         # seconds without a word after which processes are taken to wait for one another


def launch(config: str, module: str, arguments: list, log: Path, processes: int = 2, quiet: float = QUIET) -> str:
    """What `accelerate launch` with this file of train/configs/accelerate printed, of `-m module` with these arguments.

    Fails where it fails, or where nothing more is printed for `quiet` seconds: how long it takes in all depends on what
    else the machine does, and is not asked.
    """
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(CONFIGS / f"{config}.yaml"),
               "--num_processes", str(processes), "--mixed_precision", "no", "--main_process_port", "0", "-m", module,
               *map(str, arguments)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "ACCELERATE_TORCH_DEVICE": "cpu", "DS_ACCELERATOR": "cpu",
                   "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as file:
        ran = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, env=environment,
                               start_new_session=True)
    try:
        said, since = 0, time.monotonic()
        while ran.poll() is None:
            time.sleep(0.2)
            if (now := log.stat().st_size) != said:
                said, since = now, time.monotonic()
            assert time.monotonic() - since < quiet, f"Silent for {quiet} s:\n{_end(log)}"
    finally:
        if ran.poll() is None:
            os.killpg(ran.pid, signal.SIGKILL)
            ran.wait()
    assert ran.returncode == 0, _end(log)
    return log.read_text(encoding="utf-8", errors="replace")


def _end(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-6000:]
