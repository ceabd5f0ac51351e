"""A file to what the published model is fed, beside the way that its authors write: `python -m perf.reading CLIP ...`

The plain way is qwen-vl-utils (`fetch_video`, with decord) and transformers' video processor, in this process; ours is
the isolated process, the reading and `patches`, as every judge of the published checkpoint does it. Beside both is
decord alone, decoding the same frames and nothing more. All by turns, `--rounds` times; the least of each, and how far
the inputs are apart. `--large` measures what it makes of each clip: 3840 x 2160 pixels, and ten minutes of repetition.
qwen-vl-utils is no dependency: `pip install --no-deps qwen-vl-utils==0.0.14`.
"""
import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

VISION = SimpleNamespace(patch_size=14, temporal_patch_size=2, spatial_merge_size=2)


def plain(path: Path, processor: Any) -> tuple[Any, tuple[int, ...]]:
    """Patches and their grid by qwen-vl-utils and transformers."""
    from qwen_vl_utils import fetch_video

    frames = fetch_video({"video": str(path), "fps": 2.0}, image_patch_size=VISION.patch_size)
    made = processor(videos=[frames], do_resize=False, do_sample_frames=False, return_tensors="pt")
    return made["pixel_values_videos"], tuple(made["video_grid_thw"][0].tolist())


def ours(path: Path, processor: Any) -> tuple[Any, tuple[int, ...]]:
    """The same as a judge makes it."""
    from vs2 import video
    from vs2.model.inputs import patches

    return patches(video.read(path).frames, processor, VISION)


def decoding(path: Path, indices: tuple[int, ...]) -> None:
    """The frames alone."""
    import decord

    decord.VideoReader(str(path)).get_batch(list(indices)).asnumpy()


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def larger(path: Path, folder: Path) -> list[Path]:
    """A clip of 3840 x 2160 pixels, and one of ten minutes, both h264, of what `path` shows."""
    import av

    with av.open(str(path)) as container:
        rate = container.streams.video[0].average_rate
        shown = [frame.reformat(format="yuv420p") for frame in container.decode(video=0)]
    made = []
    for name, (width, height), frames in (
            ("2160p", (3840, 2160), iter(shown)),
            ("600s", (shown[0].width, shown[0].height), islice(cycle(shown), int(600 * rate) - 1))):
        made.append(folder / f"{path.stem}-{name}.mp4")
        with av.open(str(made[-1]), "w") as container:
            stream = container.add_stream("libx264", rate=rate, width=width, height=height, pix_fmt="yuv420p",
                                          options={"preset": "veryfast"})
            for number, frame in enumerate(frames):
                frame = frame.reformat(width, height)
                frame.pts, frame.time_base, frame.pict_type = number, 1 / rate, 0
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    return made


def main(argv: list[str] | None = None) -> int:
    """The command; its exit status: 1 where the inputs are not the same."""
    parser = argparse.ArgumentParser(prog="python -m perf.reading", description=__doc__)
    parser.add_argument("clips", type=Path, nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    given = parser.parse_args(argv)
    os.environ.setdefault("FORCE_QWENVL_VIDEO_READER", "decord")
    try:
        import qwen_vl_utils  # noqa: F401  # is it there at all
    except ImportError:
        print("perf.reading: the plain way is not installed: pip install --no-deps qwen-vl-utils==0.0.14")
        return 0
    if given.large:
        with tempfile.TemporaryDirectory() as folder:
            return compare([made for path in given.clips for made in larger(path, Path(folder))], given.rounds)
    return compare(given.clips, given.rounds)


def compare(clips: list[Path], rounds: int) -> int:
    """Prints a line a clip, and their medians; 1 where the inputs are not the same."""
    from transformers import Qwen2VLVideoProcessor

    from vs2 import video

    processor = Qwen2VLVideoProcessor()
    rows, worst = [], 0.0
    for path in clips:
        indices = video.read(path).metadata.indices     # and the process that reads is there
        taken: dict[str, list[float]] = {"plain": [], "ours": [], "decord": []}
        for _ in range(rounds):
            one, (left, left_grid) = timed(lambda path=path: plain(path, processor))
            two, (right, right_grid) = timed(lambda path=path: ours(path, processor))
            three, _ = timed(lambda path=path, indices=indices: decoding(path, indices))
            for name, seconds in zip(taken, (one, two, three), strict=True):
                taken[name].append(seconds)
        if left_grid != right_grid:
            print(f"{path.name}: grids {left_grid} and {right_grid}: not the same")
            return 1
        worst = max(worst, float((left.float() - right.float()).abs().max()))
        best = {name: min(times) for name, times in taken.items()}
        rows.append((best["plain"] / best["ours"], best["ours"] / best["decord"]))
        print(f"{path.name:40.40} {len(indices):3} frames, plain {best['plain'] * 1e3:6.0f} ms, ours "
              f"{best['ours'] * 1e3:6.0f} ({rows[-1][0]:.2f} times as quick), decord alone {best['decord'] * 1e3:6.0f} "
              f"({rows[-1][1]:.2f} of it)", flush=True)
    if rows:
        against, alone = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"{len(rows)} clips, inputs at most {worst:.1g} apart: {against:.2f} times as quick as the plain way, "
              f"{alone:.2f} of decord alone (medians)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
