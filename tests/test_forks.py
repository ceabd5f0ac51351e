"""A judge that was used, in a process that was forked then: it works, or says why not, and never hangs."""
import os
import subprocess
import sys
import textwrap
import types

import pytest

from tests.support.clips import moving_square
from tests.support.tiny import write_judge
from vs2 import forks
from vs2.errors import Failure

CODE = """
    import multiprocessing, os, sys, threading
    import vs2

    def score():
        return judge.score(sys.argv[2], "a red square", think=False).overall

    judge = vs2.load(sys.argv[1])
    first = score()
    child = os.fork()
    if not child:
        os._exit(abs(score() - first) > 1e-3)
    assert os.waitpid(child, 0)[1] == 0
    held = threading.Thread(target=lambda: judge._turn.acquire())       # another thread is judging meanwhile
    held.start()
    held.join()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = [one.get(200) for one in [pool.apply_async(score) for _ in range(3)]]
    judge._turn.release()
    assert all(abs(one - first) < 1e-3 for one in [*found, score()]), (first, found)
    print("well")
"""


def fresh(code, *arguments, flags=(), **environment):
    """What a program of a new process writes to stdout and stderr."""
    given = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry), **environment}
    done = subprocess.run([sys.executable, *flags, "-c", textwrap.dedent(code), *map(str, arguments)], env=given,
                          capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_judge(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return moving_square(tmp_path_factory.mktemp("clips") / "square.mp4", size=(640, 480))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks on this platform")
def test_a_used_judge_works_in_a_fork(model, clip):
    out, err = fresh(CODE, model, clip, OMP_NUM_THREADS="2")
    assert out == "well\n" and err == ""


@pytest.mark.slow
@pytest.mark.parametrize("flags", [("-W", "default"), ("-W", "error")])
def test_nothing_of_libraries_is_on_stderr(model, clip, flags):
    code = """
        import sys
        import vs2
        from vs2 import candidates

        judge = vs2.load(sys.argv[1])
        one = judge.score(sys.argv[2], "a red square", think=False)
        two = judge.score(sys.argv[2], "a red square", budget=8, samples=2)
        candidates.decide([one, two])
        judge.score_many([sys.argv[2]], ["a red square"])
        print("well")
    """
    assert fresh(code, model, clip, flags=flags) == ("well\n", "")


def test_frames_that_may_not_be_written_to_are_shrunk_without_a_warning(recwarn):
    import numpy as np
    import torch

    from vs2.judge import _smaller
    from vs2.video import Clip

    frames = np.zeros((2, 112, 112, 3), np.uint8)
    frames.flags.writeable = False
    torch.set_warn_always(True)
    try:
        assert _smaller(Clip(frames, (0.0, 0.5), None), 0).frames.shape[1] < 112
    finally:
        torch.set_warn_always(False)
    assert not [one for one in recwarn if "not writable" in str(one.message)]


def test_what_was_on_a_gpu_is_said_to_be_lost(monkeypatch):
    import torch

    monkeypatch.setattr(forks, "_user", os.getpid() + 1)
    monkeypatch.setattr(torch.cuda, "_is_in_bad_fork", lambda: True)
    with pytest.raises(Failure, match="method spawn"):
        forks.settle("cuda")
    threads = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    forks.settle("cpu")
    forks.settle("cpu")
    assert threads == [1]
    monkeypatch.setattr(forks, "_user", 0)
    forks.settle()
    assert threads == [1], "a process that is the first to use it keeps its threads"


def test_values_of_another_type_are_refused(model):
    import vs2
    from vs2 import batch, candidates
    from vs2.batch import table
    from vs2.errors import BadInput
    from vs2.judge import Judge
    from vs2.options import Options

    judge = Judge.__new__(Judge)
    options = {"think": ["false", 0, 1, None, []], "budget": ["64", 2.0, True, None], "samples": ["2", 2.0, False],
               "seed": ["0", 0.0, None], "temperature": ["1", True, None, float("nan")], "top_p": ["1", None]}
    for name, values in options.items():
        for value in values:
            with pytest.raises(BadInput, match=name):
                Options(**{name: value})
            with pytest.raises(BadInput, match=name):
                judge.stream("a.mp4", "p", **{name: value})
    for source, prompt, says in ((5, "p", "names no file"), (None, "p", "names no file"), ([], "p", "names no file"),
                                 ("a.mp4", None, "empty"), ("a.mp4", 5, "no text"), ("a.mp4", b"p", "no text"),
                                 ("a.mp4", ["p"], "no text")):
        with pytest.raises(BadInput, match=says):
            judge.stream(source, prompt)
    for sources, prompts in ((["a.mp4"], []), ("a.mp4", ["p"]), (["a.mp4"], "p")):
        with pytest.raises(BadInput, match="one length"):
            judge.score_many(sources, prompts)
    for given in ({"name": 5}, {"name": None}, {"precision": 4}):
        with pytest.raises(BadInput, match="as text"):
            vs2.load(**given)
    row = table.Row(1, "a", "p", {}, model / "a.mp4")
    for workers in ("2", 2.0, True, None):
        with pytest.raises(BadInput, match="workers is"):
            list(batch.run([row], types.SimpleNamespace, workers=workers))
    for rule, says in ((5, "rule"), (None, "rule"), (["mean"], "rule"), ({"visual_quality": "2"}, "weight")):
        with pytest.raises(BadInput, match=says):
            candidates.check_rule(rule)
    with pytest.raises(BadInput, match="names no file"), table.opened(5):
        pass
