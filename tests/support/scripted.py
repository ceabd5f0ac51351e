"""A judge of clips that says what a function tells it to, for the server and the rewards; and that server, running."""
import socket
import threading
import time
from contextlib import contextmanager

import uvicorn

from tests.support.patience import eventually
from vs2.errors import Problem
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.model.card import Card
from vs2.rubric import KEYS, check_prompt
from vs2.serve.app import Terms, server

GOOD = (4.0, 3.0, 2.0)


class ScriptedJudge:
    """says(clip, prompt) -> three scores: floats, None for an unread one, or why one was not judged.

    pause: seconds that a batch takes. go: an event that each batch waits for. batches: how many clips each had.
    options: of each batch.
    """

    name, precision, card = "scripted", "none", Card()
    sampling = card.sampling

    def __init__(self, says=lambda clip, prompt: GOOD, pause=0.0, go=None):
        self.says, self.pause, self.go = says, pause, go
        self.batches, self.seen, self.options, self.begun = [], [], [], threading.Event()

    def score_many(self, sources, prompts, fps=None, **options):
        self.options.append(options)
        self._work(len(sources))
        return [self._found(clip, prompt) for clip, prompt in zip(sources, prompts, strict=True)]

    def _found(self, clip, prompt):
        try:
            return self._one(clip, prompt)
        except Problem as problem:
            return problem

    def score_clip(self, clip, prompt, *, read=0.0, **options):
        self.options.append(options)
        self._work(1)
        return self._one(clip, prompt)

    def _work(self, count) -> None:
        self.batches.append(count)
        self.begun.set()
        if self.go is not None:
            assert self.go.wait(60)
        time.sleep(self.pause)

    def _one(self, clip, prompt) -> Evaluation:
        self.seen.append((clip, check_prompt(prompt)))
        scores = {key: Score() if said is None else Score(reason=said) if isinstance(said, str)
                  else Score(3, float(said)) for key, said in zip(KEYS, self.says(clip, prompt), strict=True)}
        return Evaluation(clip.metadata.name, prompt, self.name, self.precision, "Seen.", scores, len(clip.frames),
                          Seconds(), 1)


@contextmanager
def serving(judge, terms=Terms()):
    """The address of a server with that judge, which listens on this machine for as long as the block runs."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        made = uvicorn.Server(uvicorn.Config(server(judge, terms), log_level="warning", access_log=False,
                                             timeout_graceful_shutdown=20))
        thread = threading.Thread(target=made.run, args=([listening],), daemon=True)
        thread.start()
        try:
            assert eventually(lambda: made.started)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            made.should_exit = True
            thread.join()
