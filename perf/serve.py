"""A crowd at `vs2 serve`: `python -m perf.serve [--clients 50] [--seconds 60]`.

Clients send clips as fast as they are answered, to a server whose judge is a stand-in that takes a fixed time a batch,
so that what is measured is the server: how many clips it answers in a second, beside what the judge alone would; how
often it says 429; and whether every clip was answered, once, with its own scores.
"""
import argparse
import base64
import statistics
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx

from tests.support.clips import moving_square
from tests.support.scripted import ScriptedJudge, serving
from vs2.options import Options
from vs2.serve.app import Terms

PAUSE = 0.05        # seconds that the judge takes a batch
BATCH, QUEUE = 8, 40


def own(clip, prompt: str) -> tuple[float, float, float]:
    """Scores that only this prompt has."""
    number = int(prompt.rsplit(" ", 1)[-1])
    return 1 + number % 4000 / 1000, 3.0, 1 + number // 4000 % 4000 / 1000


def crowd(address: str, encoded: str, clients: int, seconds: float) -> dict:
    """What became of it: clips sent, answered, wrong and lost, 429s, the seconds that a request took, and all of it.

    Each client sends 1 to 3 clips at a time, and comes back after a 429 when it was told to.
    """
    lock, tally, waits, times = threading.Lock(), Counter(), [], []
    ready = threading.Barrier(clients, action=lambda: times.append(time.monotonic()))

    def client(number: int) -> None:
        count, mine, took = 0, Counter(), []
        with httpx.Client(base_url=address, timeout=300) as http:
            ready.wait()        # making a client takes longer than a request
            while time.monotonic() < times[0] + seconds:
                prompts = [f"clip {number * 10_000 + count + place}" for place in range(1 + (number + count) % 3)]
                count += len(prompts)
                mine["sent"] += len(prompts)
                while True:
                    started = time.monotonic()
                    answer = http.post("/score", json={"items": [{"prompt": prompt, "base64": encoded}
                                                                 for prompt in prompts]})
                    mine[answer.status_code] += 1
                    if answer.status_code != 429:
                        break
                    time.sleep(float(answer.headers["retry-after"]))
                took.append(time.monotonic() - started)
                results = answer.json()["results"]
                mine["answered"] += len(results)
                mine["wrong"] += sum(result["error"] is not None or result["scores"]["visual_quality"]["expected"]
                                     != own(None, prompt)[0] for result, prompt in zip(results, prompts, strict=True))
        with lock:
            tally.update(mine)
            waits.extend(took)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"sent": tally["sent"], "answered": tally["answered"], "wrong": tally["wrong"],
            "lost": tally["sent"] - tally["answered"], "429": tally[429],
            "other": sum(count for status, count in tally.items() if isinstance(status, int)
                         and status not in (200, 429)),
            "waits": waits, "seconds": time.monotonic() - times[0]}


def measured(clients: int, seconds: float, pause: float = PAUSE) -> dict:
    """The crowd at a server of its own. judged: how many clips the judge saw; most: the most it could have."""
    judge = ScriptedJudge(own, pause)
    with tempfile.TemporaryDirectory() as folder:
        encoded = base64.b64encode(moving_square(Path(folder) / "a.mp4", frames=8).read_bytes()).decode()
    with serving(judge, Terms(Options(think=False), batch=BATCH, waiting=QUEUE)) as address:
        found = crowd(address, encoded, clients, seconds)
    return {**found, "judged": len(judge.seen), "batches": judge.batches, "most": BATCH / pause}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    found = measured(arguments.clients, arguments.seconds)
    waits = sorted(found["waits"])
    print(f"{arguments.clients} clients, {found['seconds']:.0f} s: {found['sent']} clips sent, {found['answered']} "
          f"answered, {found['judged']} judged, {found['lost']} lost, {found['wrong']} with another's scores")
    print(f"{found['answered'] / found['seconds']:.1f} clips a second (the judge alone: {found['most']:.0f}), in "
          f"batches of {statistics.mean(found['batches']):.1f}; 429: {found['429']}, other faults: {found['other']}")
    print(f"a request took {statistics.median(waits):.2f} s (median), {waits[int(len(waits) * 0.99)]:.2f} s (99 %)")


if __name__ == "__main__":
    main()
