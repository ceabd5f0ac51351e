"""A crowd at the app: `python -m perf.clients [--clients 30] [--answers 300] [--clip FILE ...]`.

Clients call `/evaluate` of an app with mini, as gradio_client does, with a rationale, each again as soon as it is
answered, or as soon as it may where it was refused. What is measured: answers a second, the wait, the memory of the app
and all its processes after each third of the answers. What must hold, or it says so and fails: every call is answered,
with the scores that its clip has when nobody else is there. `--no-think`: without a rationale.
"""
import argparse
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import psutil

from tests.support.apps import serve_app
from tests.support.ports import free_port
from vs2.ui.examples import SCENES, examples


def memory(process: psutil.Process) -> float:
    """GB that a process and all its children have for themselves; what they share is in none."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_full_info().uss
        except psutil.NoSuchProcess:
            continue
    return total / 1e9


class Crowd:
    """What a number of clients do at an address until there are so many answers."""

    def __init__(self, address: str, clips: list[tuple[str, str]], think: bool):
        self.address, self.clips, self.think = address, clips, think
        self.lock, self.waits, self.wrong = threading.Lock(), list[float](), list[str]()
        self.handed, self.refused = 0, 0
        self.known: dict[str, dict] = {}

    def client(self):
        """A client of its own, as everybody has."""
        from gradio_client import Client

        return Client(self.address, verbose=False)

    def asked(self, client, number: int) -> tuple[str, dict]:
        """The clip and what is said of it."""
        from gradio_client import handle_file

        clip, prompt = self.clips[number % len(self.clips)]
        while True:
            try:
                record = client.predict(video=handle_file(clip), prompt=prompt, think=self.think, api_name="/evaluate")
                break
            except httpx.HTTPStatusError as error:      # the app has as many from one address as it takes
                if error.response.status_code != 429:
                    raise
                with self.lock:
                    self.refused += 1
                time.sleep(float(error.response.headers.get("retry-after", 1)))
        return clip, {key: score["value"] for key, score in record["scores"].items()}

    def alone(self) -> None:
        """Learns what is right: each clip by itself."""
        client = self.client()
        for number in range(len(self.clips)):
            clip, said = self.asked(client, number)
            self.known[clip] = said

    def run(self, clients: int, answers: int, watch) -> float:
        """Seconds for that many answers; watch(done) is called after each third of them."""
        callers = [self.client() for _ in range(clients)]

        def one(client) -> None:
            while True:
                with self.lock:
                    number, self.handed = self.handed, self.handed + 1
                if number >= answers:
                    return
                started = time.monotonic()
                try:
                    clip, said = self.asked(client, number)
                    fault = "" if said == self.known[clip] else f"{clip}: {said}, alone {self.known[clip]}"
                except Exception as error:      # any failure is an answer that is missing
                    fault = f"{type(error).__name__}: {error!s:.200}"
                with self.lock:
                    self.waits.append(time.monotonic() - started)
                    if fault:
                        self.wrong.append(fault)
                    done = len(self.waits)
                if done % max(1, answers // 3) == 0:
                    watch(done)

        threads = [threading.Thread(target=one, args=(client,)) for client in callers]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - begun


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m perf.clients", description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--answers", type=int, default=300)
    parser.add_argument("--clip", nargs="*", type=Path, default=[])
    parser.add_argument("--think", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    rows = [(str(path), "a clip") for path in given.clip] or \
        [(row["file"], row["prompt"]) for row in (*examples(), *examples(table=SCENES))]
    with tempfile.TemporaryDirectory() as home, serve_app(Path(home), free_port()) as address:
        crowd, (app,) = Crowd(address, rows, given.think), psutil.Process().children()
        crowd.alone()
        print(f"memory, nobody there: {memory(app):.2f} GB", flush=True)
        took = crowd.run(given.clients, given.answers, lambda done: print(
            f"memory after {done} answers: {memory(app):.2f} GB", flush=True))
    waits = sorted(crowd.waits)
    print(f"{given.clients} clients, {len(waits)} answers in {took:.1f} s, {len(waits) / took:.2f} a second; wait "
          f"{statistics.median(waits):.1f} s (median), {waits[int(len(waits) * 0.95)]:.1f} s (95 %); "
          f"refused and tried again: {crowd.refused}; wrong or failed: {len(crowd.wrong)}")
    for fault in crowd.wrong[:5]:
        print(fault, file=sys.stderr)
    return 1 if crowd.wrong or len(waits) < given.answers else 0


if __name__ == "__main__":
    sys.exit(main())
