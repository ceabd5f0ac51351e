"""`vs2 score` with the built-in judge in a fresh process, here and through transformers: `python -m perf.cold`.

From the command to the first word and to the scores, with thinking and without; then, loaded, a judgement and how many
tokens a second are streamed; and which packages' imports take the time. The two take turns, `--rounds` times; medians.
`--beside CHECKOUT` compares with another checkout of this project instead. `--video` and `--prompt`: another clip.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from vs2.scenes import film, words, world

ROOT = Path(__file__).resolve().parents[1]
# As `python -m vs2`, but that no checkpoint is small.
THROUGH = ("import sys\nfrom vs2.model.own import load\nload.SMALL = 0\n"
           "from vs2.cli.main import main\nsys.exit(main(sys.argv[1:]))")
WARM = """
import json, sys, time
{before}
from vs2 import events, judge, video
made = judge.load("mini")
clip = video.read(sys.argv[1], made.sampling)
found = {{"judged": [], "at once": [], "tokens a second": []}}
for _ in range(6):
    first, start = None, time.perf_counter()
    for event in made.stream_clip(clip, sys.argv[2]):
        if isinstance(event, events.Thought) and event.tokens:
            last = (event.tokens, time.perf_counter())
            first = first or last
    found["judged"].append(time.perf_counter() - start)
    found["tokens a second"].append((last[0] - first[0]) / (last[1] - first[1]))
    start = time.perf_counter()
    made.score_clip(clip, sys.argv[2], think=False)
    found["at once"].append(time.perf_counter() - start)
print(json.dumps({{name: sorted(times[1:])[2] for name, times in found.items()}}))
"""
HEAVY = 0.05        # seconds of a package's imports that are worth a line


class Way:
    """One of the two that are compared."""

    def __init__(self, name: str, root: Path, transformers: bool):
        self.name, self.root, self.before = name, root, "from vs2.model.own import load\nload.SMALL = 0" * transformers
        self.start = ["-c", THROUGH] if transformers else ["-m", "vs2"]

    def run(self, *arguments: str) -> subprocess.Popen:
        """A fresh Python, unbuffered."""
        environment = os.environ | {"PYTHONPATH": str(self.root)}
        return subprocess.Popen([sys.executable, "-u", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, cwd=self.root, env=environment)

    def cold(self, video: str, prompt: str, *options: str) -> tuple[float, float, float]:
        """Seconds to the first word on stdout, to the end, and of processors, which a busy machine changes least."""
        begun = time.perf_counter()
        process = self.run(*self.start, "score", video, "--prompt", prompt, "--model", "mini", *options)
        assert process.stdout is not None and process.stderr is not None, "they are pipes"
        process.stdout.read(1)
        first = time.perf_counter() - begun
        process.stdout.read()
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"vs2 score failed: {said}")
        return first, time.perf_counter() - begun, used.ru_utime + used.ru_stime

    def warm(self, video: str, prompt: str) -> dict[str, float]:
        """Of a loaded judge."""
        out, said = (process := self.run("-c", WARM.format(before=self.before), video, prompt)).communicate()
        if process.returncode:
            raise SystemExit(f"the judge failed: {said}")
        return json.loads(out.splitlines()[-1])

    def imports(self, video: str, prompt: str) -> Counter:
        """Seconds of each package's own modules, by the interpreter's count, which is slower than without."""
        _, said = self.run("-X", "importtime", *self.start, "score", video, "--prompt", prompt, "--model",
                           "mini").communicate()
        found: Counter = Counter()
        for alone, name in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", said, re.MULTILINE):
            found[name.split(".")[0]] += int(alone) / 1e6
        return found


def compare(ways: list[Way], video: str, prompt: str, rounds: int) -> list[tuple[str, str, list[float]]]:
    """Rows of the table: what, its unit, the median of each way."""
    taken: list[dict[str, list[float]]] = [{} for _ in ways]
    for _ in range(rounds):
        for way, times in zip(ways, taken, strict=True):
            for name, options in (("", ()), (" at once", ("--no-think",))):
                for what, value in zip(("first word", "scores", "processors"), way.cold(video, prompt, *options),
                                       strict=True):
                    times.setdefault(f"cold{name}: {what}", []).append(value)
            for name, value in way.warm(video, prompt).items():
                times.setdefault(f"loaded: {name}", []).append(value)
    return [(name, "" if name.endswith("a second") else " s",
             [statistics.median(times[name]) for times in taken]) for name in taken[0]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--video")
    parser.add_argument("--prompt")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    other = Way("there", options.beside.resolve(), False) if options.beside else Way("transformers", ROOT, True)
    ways = [other, Way("here", ROOT, False)]
    with tempfile.TemporaryDirectory() as folder:
        scene = world.sample(0, 5, 5, 5)
        video = options.video or str(film.write(scene, Path(folder) / "scene.mp4"))
        prompt = options.prompt or words.caption(scene.asked)
        video = str(Path(video).resolve())
        rows = compare(ways, video, prompt, options.rounds)
        imported = [way.imports(video, prompt) for way in ways]
    print(f"| | {ways[0].name} | {ways[1].name} | times as quick |\n|---|---|---|---|")
    for name, unit, (first, second) in rows:
        quicker = first / second if unit else second / first
        print(f"| {name} | {first:.3g}{unit} | {second:.3g}{unit} | {quicker:.1f} |")
    for name in sorted(set().union(*imported), key=lambda name: -max(one[name] for one in imported)):
        if max(one[name] for one in imported) >= HEAVY:
            print(f"| imports: {name} | {imported[0][name]:.2f} s | {imported[1][name]:.2f} s | |")


if __name__ == "__main__":
    main()
