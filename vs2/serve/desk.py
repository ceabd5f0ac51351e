"""From a request's clips to what came of them: put on the disk, into the line, waited for, cleared away."""
import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from starlette.requests import ClientDisconnect, Request

from vs2.errors import BadInput, Problem
from vs2.options import Options
from vs2.rubric import check_prompt
from vs2.serve.answers import Found
from vs2.serve.line import Full, Job, Line, Stopping
from vs2.serve.sources import Source
from vs2.ui.guard.answers import Refusal

AT_ONCE = 4     # clips of one request that are put on the disk at a time

Placed = Callable[[Path, int], Awaitable[Source]]       # (folder, number from 1) -> the clip on the disk


class Busy(Refusal):
    """The line has no room. seconds: after which to come back."""

    def __init__(self, full: Full):
        super().__init__(429, str(full))
        self.seconds = full.seconds


class Desk:
    """Takes requests to a line."""

    def __init__(self, line: Line):
        self.line = line

    def room(self, count: int = 1) -> None:
        """Raises Refusal where so many clips have no room: before they are looked at."""
        if count > self.line.most:
            raise Refusal(413, f"A request may have {self.line.most} clips: send the others in another one.")
        try:
            self.line.look(count)
        except Full as full:
            raise Busy(full) from full
        except Stopping as stopping:
            raise Refusal(503, str(stopping)) from stopping

    async def judged(self, request: Request, clips: Sequence[tuple[Placed, str, Options]], folder: Path) -> list[Found]:
        """What came of each clip: (how it is put on the disk, its prompt, how to judge it). Raises Refusal.

        A fault of one clip is its own. Who leaves is not judged for; then ClientDisconnect is raised.
        """
        self.room(len(clips))
        places = asyncio.Semaphore(AT_ONCE)

        async def job(number: int, placed: Placed, prompt: str, options: Options) -> Job | Problem:
            try:
                check_prompt(prompt)
                async with places:
                    source = await placed(folder, number)
                return Job(source.read, prompt, options)
            except Problem as problem:
                return problem

        made = await asyncio.gather(*(job(number, *clip) for number, clip in enumerate(clips, 1)))
        jobs = [one for one in made if isinstance(one, Job)]
        try:
            self.line.enter(jobs)
        except Full as full:
            raise Busy(full) from full
        except Stopping as stopping:
            raise Refusal(503, str(stopping)) from stopping
        answers = iter(await self._waited(request, jobs))
        return [next(answers) if isinstance(one, Job) else one for one in made]

    async def _waited(self, request: Request, jobs: list[Job]) -> list[Found]:
        futures = [asyncio.wrap_future(one.answer) for one in jobs]
        if not futures:
            return []
        leaving = asyncio.create_task(_left(request))
        all_of_them = asyncio.gather(*futures, return_exceptions=True)
        ends: list[asyncio.Future] = [leaving, all_of_them]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not all_of_them.done():
                raise ClientDisconnect
        finally:
            leaving.cancel()
            for future in futures:
                future.cancel()
        found: list[Found] = []
        for one in all_of_them.result():
            if isinstance(one, Stopping):
                raise Refusal(503, str(one))
            if isinstance(one, BaseException) and not isinstance(one, Problem):
                raise one
            found.append(one)
        return found


async def _left(request: Request) -> None:
    """Returns when the client is gone; the body has been read by then."""
    while (await request.receive())["type"] != "http.disconnect":
        continue


class Folder:
    """A folder for the files of one request: `async with`. It is gone with everything in it afterwards."""

    async def __aenter__(self) -> Path:
        self._path = await asyncio.to_thread(tempfile.mkdtemp, prefix="vs2-serve-")
        return Path(self._path)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(shutil.rmtree, self._path, True)


def placing(source: Source | BadInput) -> Placed:
    """For a clip that lies on the disk already."""
    async def placed(folder: Path, number: int) -> Source:
        if isinstance(source, BadInput):
            raise source
        return source

    return placed
