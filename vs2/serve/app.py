"""The server: its addresses, put together around one judge. `server(judge)` gives an ASGI app."""
import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from vs2 import __version__
from vs2.errors import BadInput, Problem
from vs2.options import Options
from vs2.reward.numbers import OVERALL, REWARD, SUBS
from vs2.serve import answers, forms, openapi
from vs2.serve.desk import Desk, Folder, placing
from vs2.serve.guard import SLOW, Bodies, Guard, refused
from vs2.serve.line import BATCH, READERS, WAITING, Line, Scorer
from vs2.serve.metrics import TYPE, Metrics
from vs2.serve.schema import Clip, Compute, Many, UniRL
from vs2.serve.sources import Source, Sources, file_name
from vs2.ui.guard.answers import Refusal
from vs2.ui.guard.uploads import MOST_FILES, OVERHEAD

VIDEOS_ONLY = "This judge takes videos: send `video`, of each prompt the frames."
UNFORESEEN = "The server failed on this request ({kind}): its log says more."


@dataclass(frozen=True)
class Terms:
    """How a server works. options: how to judge where a request does not say it. sub: Flow-Factory's number.

    token: without it nobody is answered, where there is one. host, names: `vs2.serve.guard.Guard`.
    """

    options: Options = Options()
    sources: Sources = Sources()
    sub: str = OVERALL
    batch: int = BATCH
    waiting: int = WAITING
    readers: int = READERS
    token: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    names: tuple[str, ...] = ()


def server(judge: Scorer, terms: Terms = Terms()) -> FastAPI:
    """The app. Its line is closed with its lifespan; `app.state.line` is it."""
    metrics, bodies = Metrics(), Bodies()
    line = Line(judge, terms.batch, terms.waiting, terms.readers, metrics.batch)
    metrics.of(line)
    desk = Desk(line)

    @asynccontextmanager
    async def life(app: FastAPI):
        yield
        await asyncio.to_thread(line.close)

    app = FastAPI(title="vs2 serve", version=__version__, docs_url=None, redoc_url=None, lifespan=life)
    app.state.line = line
    app.add_middleware(Guard, token=terms.token, host=terms.host, names=terms.names)
    openapi.describe(app, bool(terms.token))

    async def uploaded(request: Request) -> Response:
        async with Folder() as folder:
            counted = bodies.counted(request, folder)
            async with counted.form(max_files=MOST_FILES, max_fields=MOST_FILES + len(forms.FIELDS),
                                    max_part_size=OVERHEAD) as form:
                files, alone = await asyncio.to_thread(forms.uploaded, form)
                clips = []
                for number, (file, said) in enumerate(files, 1):
                    path = folder / str(number) / file_name(file.filename, number)
                    path.parent.mkdir()
                    with path.open("wb") as out:
                        while part := await file.read(2**20):
                            await asyncio.to_thread(out.write, part)
                    source = Source(path, said.fps or terms.sources.fps, said.fps is not None)
                    clips.append((placing(source), said.prompt, forms.options(said, terms.options)))
            found = await desk.judged(request, clips, folder)
        return told(found, alone)

    def told(found: list[answers.Found], alone: bool) -> Response:
        metrics.answered(found)
        if alone:
            return JSONResponse(answers.plain(found[0]), answers.status(found[0]))
        return JSONResponse({"results": [answers.plain(one) for one in found]})

    def placed(clip: Clip):
        return partial(terms.sources.source, clip)

    @app.post("/score", openapi_extra=openapi.SCORE)
    async def score(request: Request) -> Response:
        """Judges one clip or several: the plain form, or UniRL's."""
        desk.room()
        if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            return await uploaded(request)
        async with Folder() as folder, bodies.json(request) as body:
            said = await forms.scored(body)
            if isinstance(said, UniRL):
                clips = [(placed_turn(sample), _prompt(sample), terms.options) for sample in said.requests]
                found = await desk.judged(request, clips, folder)
                metrics.answered(found)
                return JSONResponse(answers.unirl(found, said.requests, _version(judge)))
            items: list[Clip] = list(said.items) if isinstance(said, Many) else [said]
            options = forms.options(said, terms.options)
            found = await desk.judged(request, [(placed(item), item.prompt, options) for item in items], folder)
        return told(found, not isinstance(said, Many))

    def placed_turn(sample):
        try:
            return placed(_turn(sample))
        except BadInput as problem:
            return placing(problem)

    @app.post("/compute", openapi_extra=openapi.COMPUTE)
    async def compute(request: Request) -> Response:
        """Flow-Factory's form: of each prompt the frames of a video; one number each comes back."""
        desk.room()
        async with Folder() as folder, bodies.json(request) as body:
            said = await asyncio.to_thread(forms.checked, Compute, await forms.loaded(body))
            if not said.video:
                raise BadInput(VIDEOS_ONLY)
            if len(said.video) != len(said.prompt):
                raise BadInput(f"There are {len(said.video)} videos and {len(said.prompt)} prompts: give each its own.")
            clips = [(placed(Clip(prompt=prompt, frames=frames)), prompt, terms.options)
                     for prompt, frames in zip(said.prompt, said.video, strict=True)]
            found = await desk.judged(request, clips, folder)
        metrics.answered(found)
        return JSONResponse(answers.flow_factory(found, terms.sub))

    @app.get("/health")
    async def health() -> Response:
        """Whether it works, and how many clips wait."""
        return JSONResponse({"status": "ok", "rewards": {REWARD: ["ready"]}, "model": judge.name,
                             "precision": judge.precision, "waiting": line.waiting, "most": line.most})

    @app.get("/rewards")
    async def rewards() -> Response:
        """The rewards, and the numbers that each has."""
        return JSONResponse({"rewards": [REWARD], "subs": {REWARD: list(SUBS)}})

    @app.get("/metrics")
    async def measured() -> Response:
        """For Prometheus."""
        return Response(metrics.text(), media_type=TYPE)

    _problems(app)

    @app.middleware("http")
    async def counted(request: Request, call):
        response = await call(request)
        known = request.scope.get("route")
        metrics.requests.labels(getattr(known, "path", "other"), response.status_code).inc()
        return response

    return app


def _problems(app: FastAPI) -> None:
    """One sentence for whatever goes wrong."""
    @app.exception_handler(Refusal)
    async def refusal(request: Request, error: Refusal) -> Response:
        return refused(error)

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return JSONResponse({"error": str(error)}, 422 if isinstance(error, BadInput) else 503)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)

    @app.exception_handler(ClientDisconnect)
    async def left(request: Request, error: ClientDisconnect) -> Response:
        return refused(Refusal(408, SLOW))      # nobody reads it

    @app.exception_handler(Exception)
    async def other(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": UNFORESEEN.format(kind=type(error).__name__)}, 500)


def _version(judge: Scorer) -> str:
    """What tells one scorer from another, for UniRL."""
    return f"vs2-{__version__} {judge.name} {judge.precision}"


def _turn(sample) -> Clip:
    """The clip of UniRL's sample: its last turn's. Raises BadInput."""
    if not sample.history:
        raise BadInput("The history is empty: give a turn with a video.")
    turn = sample.history[-1]
    if (turn.video_b64 is None) == (turn.video_path is None):
        raise BadInput("The history's last turn needs a video, in one of video_b64 and video_path: this judge takes "
                       "videos.")
    return Clip(prompt=turn.text, base64=turn.video_b64, path=turn.video_path)


def _prompt(sample) -> str:
    return sample.history[-1].text if sample.history else " "
