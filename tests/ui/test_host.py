"""What stands behind the pages: turns at the one judge, what ZeroGPU does to errors and times, the uploads' folder."""
import asyncio
import contextvars
import gc
import os
import pickle
import socket
import stat
import tempfile
import threading
import time
import weakref
from pathlib import Path

import gradio as gr
import httpx
import pytest
import torch
import uvicorn
from gradio.context import LocalContext

from tests.support.clips import moving_square
from tests.support.patience import HANGING
from tests.support.ports import free_port
from tests.ui.test_pages import ANN, BEN, Scripted, close, eventually, hosted, site_of
from vs2.errors import BadInput, Failure
from vs2.ui import app, host, judgement, loan, text
from vs2.ui.best_of.run import Line
from vs2.ui.progress import Progress


@pytest.fixture(scope="module")
def clip_file(tmp_path_factory) -> str:
    return str(moving_square(tmp_path_factory.mktemp("clip") / "clip.mp4"))


def test_one_judgement_at_a_time_in_turn():
    judge = Scripted()
    one = hosted(judge)
    runs = [host.Run(judgement.Request("v", str(n)), one) for n in range(4)]
    ends = [[event for event in run.events() if event is not None][-1] for run in runs]
    assert [end.prompt for end in ends] == ["0", "1", "2", "3"] and judge.most == 1


def test_a_model_that_cannot_be_loaded_is_said_when_asked():
    def load():
        raise Failure("There is no network: connect and start again.")

    broken = host.Host(load)
    broken.start(background=False)
    with pytest.raises(Failure, match="no network"):
        list(host.Run(judgement.Request("v", "p"), broken).events())


def test_too_long_a_line_is_refused(monkeypatch):
    monkeypatch.setattr(host, "MOST_WAITING", 0)
    with pytest.raises(Failure, match="try again in a few minutes"):
        list(host.Run(judgement.Request("v", "p"), hosted(Scripted())).events())


def test_a_visitor_has_a_share_of_the_line(monkeypatch):
    monkeypatch.setattr(host, "MOST_EACH", 2)
    go = threading.Event()
    shared = hosted(Scripted(go=go))
    runs = [host.Run(judgement.Request("v", "p", visitor=ANN), shared) for _ in range(2)]
    assert eventually(lambda: len(shared._line) == 2)
    with pytest.raises(Failure, match="stop one of them"):
        list(host.Run(judgement.Request("v", "p", visitor=ANN), shared).events())
    other = host.Run(judgement.Request("v", "p", visitor=BEN), shared)
    assert eventually(lambda: other.ahead() == 2)
    go.set()
    assert all([event for event in run.events() if event is not None] for run in [*runs, other])


class Heavy(Scripted):
    """Holds its weights as some libraries do: with a cycle."""

    def __init__(self, **more):
        super().__init__(**more)
        self.weights = torch.zeros(3)
        self.weights.layer = self


def test_the_judge_before_is_gone_when_the_next_one_looks_for_memory():
    weights, left = [], []

    def load(**more):
        left.append([weight() for weight in weights])
        judge = Heavy(**more)
        weights.append(weakref.ref(judge.weights))
        return judge

    shared = host.Host(Scripted, {"a": load, "b": lambda: load(problem=BadInput("no video")), "c": load})
    shared.start(background=False)
    gc.collect()
    gc.disable()        # but for what the host does itself
    try:
        kept = []       # the page may keep a run and what went wrong with it
        for name in "abca":
            kept.append(host.Run(judgement.Request("v", "p", judge=name), shared))
            try:
                list(kept[-1].events())
            except BadInput as problem:
                kept.append(problem.with_traceback(None))
        assert len(kept) == 5 and left == [[], [None], [None] * 2, [None] * 3]
    finally:
        gc.enable()


def test_a_problem_does_not_keep_the_judge():
    here = []

    class Breaks(Scripted):
        def __init__(self):
            super().__init__()
            here.append(weakref.ref(self))

        def stream(self, *rest, **options):
            try:
                raise ValueError(self)
            except ValueError as error:
                raise BadInput("no video") from error
            yield

    shared = host.Host(Scripted, {"a": Breaks})
    shared.start(background=False)
    run = host.Run(judgement.Request("v", "p", judge="a"), shared)
    assert eventually(lambda: not run._events.empty() and not shared._line)
    assert here[0]() is judgement.judges.pop("a")
    assert eventually(lambda: here[0]() is None), "what waits for the page holds a sentence, and no frames"
    with pytest.raises(BadInput, match="no video"):
        list(run.events())


def test_who_leaves_the_line_loads_nothing_and_keeps_no_place(monkeypatch):
    go, loaded = threading.Event(), []
    slow = host.Host(lambda: Scripted(), {"other": lambda: loaded.append("other") or Scripted()})
    for _ in range(3):          # while the app's own judge is still loading
        run = host.Run(judgement.Request("v", "p", visitor=ANN), slow)
        assert eventually(lambda run=run: run in slow._line)
        run.stop()
    assert eventually(lambda: not slow._line)
    slow._load = lambda: Scripted(go=go)
    slow.start(background=False)
    first = host.Run(judgement.Request("v", "p"), slow)
    waiting = host.Run(judgement.Request("v", "p", judge="other"), slow)
    assert eventually(lambda: waiting.ahead() == 1)
    waiting.stop()
    assert eventually(lambda: waiting not in slow._line) and not loaded
    go.set()
    assert [event for event in first.events() if event is not None] and not loaded


def lent(function):
    """As ZeroGPU runs a generator in a fork: values are pickled, an exception that is not gr.Error is replaced."""
    def run(*args):
        try:
            for value in function(*args):
                yield pickle.loads(pickle.dumps(value))
        except gr.Error:
            raise
        except Exception as error:
            raise gr.Error(type(error).__name__, title="ZeroGPU worker error", print_exception=False) from error
    return run


@pytest.mark.parametrize(("raised", "kind", "said"), [
    (BadInput("a.mp4 is not a video."), BadInput, "a.mp4 is not a video."),
    (ZeroDivisionError("detail"), Failure, text.UNEXPECTED.format(kind="ZeroDivisionError")),
    (gr.Error("GPU task aborted", title="ZeroGPU worker error"), Failure,
     text.UNEXPECTED.format(kind="GPU task aborted")),
    (gr.Error("You have exceeded your GPU quota (<b>60s</b> left).<br><a href='/x'>Sign in</a> &amp; try again"),
     Failure, "You have exceeded your GPU quota ( 60s left). Sign in & try again."),
])
def test_a_sentence_survives_zerogpu(monkeypatch, raised, kind, said):
    monkeypatch.setattr(judgement, "judged", lent(judgement.judged))
    with pytest.raises(kind) as caught:
        list(host.Run(judgement.Request("v", "p"), hosted(Scripted(problem=raised))).events())
    assert str(caught.value) == said


@pytest.fixture
def zero(monkeypatch):
    """A ZeroGPU Space without the package's forks, whose pace nobody has measured yet."""
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setattr(loan, "factor", lambda: 1.0)
    monkeypatch.setattr(loan, "PACE", loan.Pace())


class Lent(Scripted):
    """A judge that is given clips which were read before."""

    def stream_clip(self, clip, prompt, *, name, read, **options):
        self.clip, self.read = clip, read
        return self.stream(name, prompt, **options)


def borrowing(run) -> list:
    return [type(event).__name__ for event in run.events() if event is not None]


@pytest.mark.parametrize(("budget", "samples", "advice"), [
    (2048, 1, None), (1024, 8, None), (2048, 8, r"budget to 1219 tokens or sample fewer"),
    (4096, 1, r"budget to 2500 tokens\.")])
def test_zerogpu_is_not_borrowed_for_what_it_cannot_end(zero, monkeypatch, clip_file, budget, samples, advice):
    request = judgement.Request(clip_file, "p", budget=budget, samples=samples)
    with monkeypatch.context() as elsewhere:
        elsewhere.delenv("SPACES_ZERO_GPU")
        judgement.check_loan(request)  # nothing is too long there
    judge = Lent()
    run = host.Run(request, hosted(judge))
    if advice is None:
        assert borrowing(run)[-1] == "Evaluation"
        assert judgement.seconds_needed(request) <= loan.MOST_SECONDS
    else:
        with pytest.raises(BadInput, match=advice):
            list(run.events())
        assert not judge.closed


def test_what_is_wrong_is_found_before_a_gpu_is_borrowed(zero, clip_file, tmp_path):
    (tmp_path / "text.mp4").write_text("no video", encoding="utf-8")
    judge = Lent()
    on = hosted(judge)
    for request, says in ((judgement.Request(str(tmp_path / "text.mp4"), "p"), "holds text"),
                          (judgement.Request(str(tmp_path / "none.mp4"), "p"), "does not exist"),
                          (judgement.Request(clip_file, " "), "prompt is empty"),
                          (judgement.Request(clip_file, "p", samples=0), "samples is 0")):
        with pytest.raises(BadInput, match=says):
            list(host.Run(request, on).events())
    assert judge.said == judge.closed == 0
    run = host.Run(judgement.Request(clip_file, "p", budget=100), on)
    kinds = borrowing(run)
    assert kinds[:4] == ["Reading", "FramesRead", "Borrowing", "Borrowed"] and kinds[-1] == "Evaluation"
    assert judge.clip.metadata.name == "clip.mp4" and judge.read > 0


def test_the_status_says_how_long_a_gpu_is_borrowed_for(zero, clip_file):
    run = host.Run(judgement.Request(clip_file, "p"), hosted(Lent()))
    progress, lines = Progress(run), []
    for event in run.events():
        progress.take(event)
        lines.append((type(event).__name__, progress.line()))
    said = dict(lines)
    assert "borrow it for up to 1 min 1 s" in said["Borrowing"] and text.LOOKING in said["Borrowed"]


def test_on_zerogpu_only_ones_own_runs_are_waited_for(zero, clip_file):
    go = threading.Event()
    judge = Lent(go=go)
    shared = hosted(judge)
    runs = [host.Run(judgement.Request(clip_file, str(n), visitor=visitor), shared)
            for n, visitor in enumerate((ANN, BEN, ANN, ""))]
    assert eventually(lambda: judge.together == 3)      # Ann's second waits for her first
    assert [run.ahead() for run in runs] == [0, 0, 1, 0]
    runs[0].stop()
    assert runs[2].ahead() == 0, "who has stopped and still waits for a GPU to refuse is in nobody's way"
    go.set()
    assert all(borrowing(run)[-1] == "Evaluation" for run in runs[1:])


def test_a_stop_while_zerogpu_looks_for_a_gpu_is_no_failure(zero, clip_file, monkeypatch):
    """As `spaces` does it: it finds the visitor's event in the queue of the app, and gives up once that is dead."""
    logged, looks = [], []

    def scheduled(request, stop, clip, read):
        event = [event for job in LocalContext.blocks.get()._queue.active_jobs for event in job
                 if event._id == LocalContext.event_id.get()][0]
        assert LocalContext.blocks.get()._queue.max_size == 7, "anything else of the queue is the app's"
        while event.alive:
            looks.append(1)
            time.sleep(0.02)
        raise RuntimeError("Connection closed by visitor while queueing")
        yield

    monkeypatch.setattr(judgement, "judged", scheduled)
    shared = hosted(Lent())
    shared.log = logged.append
    with gr.Blocks() as blocks:
        blocks.queue(max_size=7)
    visit = contextvars.copy_context()
    visit.run(LocalContext.blocks.set, blocks)
    visit.run(LocalContext.event_id.set, "e")
    run = visit.run(host.Run, judgement.Request(clip_file, "p"), shared)
    assert eventually(lambda: len(looks) > 3)
    run.stop()
    assert list(run.events()) == [] and eventually(lambda: run not in shared._line)
    assert not logged


def test_best_of_n_knows_that_a_lent_gpu_is_a_gpu(zero):
    assert Line(hosted(Scripted()), "", "").device.type == "cuda"


@pytest.mark.skipif(os.name != "posix", reason="only there do users share the folder for temporary files")
def test_uploads_are_the_users_own(tmp_path):
    folder = Path(app.upload_folder(tmp_path))
    assert folder == tmp_path / f"vs2-{os.getuid()}" and stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o777)
    assert Path(app.upload_folder(tmp_path)) == folder and stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    folder.symlink_to(tmp_path / "elsewhere")
    other = Path(app.upload_folder(tmp_path))
    assert other.parent == tmp_path and other.name.startswith("vs2-") and other != folder and not other.is_symlink()
    assert stat.S_IMODE(other.stat().st_mode) == 0o700 and tempfile.gettempdir() != str(other)


def test_uploads_of_another_day_are_deleted_at_the_start(tmp_path):
    for name in ("old", "kept"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "clip.mp4").write_bytes(b"x")
    (tmp_path / "elsewhere").symlink_to(tmp_path / "kept")
    long_ago = time.time() - 25 * 3600
    for name in ("old", "elsewhere"):
        os.utime(tmp_path / name, (long_ago, long_ago), follow_symlinks=False)
    app.sweep(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"] and (tmp_path / "kept" / "clip.mp4").exists()


def test_nothing_is_written_where_all_users_write(tmp_path, monkeypatch):
    shared = tmp_path / "gradio"
    monkeypatch.setattr("gradio.routes.DEFAULT_TEMP_DIR", str(shared))  # as found when Gradio was imported
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "own"))
    blocks = app.build(site_of(Scripted(), tmp_path / "home"))
    try:
        app.serve(blocks, server_port=free_port())
        assert not shared.exists()
    finally:
        blocks.close()


@pytest.mark.slow
def test_a_busy_machine_may_take_its_time_to_start(tmp_path, monkeypatch):
    starting = uvicorn.Server.startup

    async def slowly(server, *arguments, **options):
        await asyncio.sleep(5.5)            # longer than Gradio's own server waits
        await starting(server, *arguments, **options)

    monkeypatch.setattr(uvicorn.Server, "startup", slowly)
    monkeypatch.setattr("gradio.networking.url_ok", lambda url: False)      # nor is the first page there in 3 seconds
    blocks = app.build(site_of(Scripted(), tmp_path / "home"))
    try:
        address = app.serve(blocks, server_port=free_port())[1]
        assert httpx.get(address, timeout=HANGING).status_code == 200
    finally:
        close(blocks)


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        blocks = app.build(site_of(Scripted(), tmp_path / "home"))
        with pytest.raises(OSError, match="port"):
            app.serve(blocks, server_port=taken.getsockname()[1])
