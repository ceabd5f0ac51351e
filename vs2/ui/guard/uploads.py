"""Uploads: how much one request may bring, how much one address may have here, and what the disk has room for.

What was uploaded is deleted after a day, so a quota counts a day. Of an upload that is refused or cut off nothing
stays: Gradio's parser deletes its files where the body ends in an error that it knows, and that is what it is given.
"""
import asyncio
import os
import shutil
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from gradio import route_utils, routes
from gradio.route_utils import GradioMultiPartParser, GradioUploadFile, MultiPartException
from gradio.utils import get_upload_folder
from gradio_client.utils import strip_invalid_filename_characters

from vs2.ui.guard import who
from vs2.ui.guard.answers import Refusal, say
from vs2.ui.guard.bodies import declared, drain, size

DAY = 24 * 3600.0
MOST_FILES = 32         # in one request
OVERHEAD = 2**20        # bytes of a request beside its files
STEP = 8 * 2**20        # bytes between two looks at the disk
RESERVE, SHARE = 2 * 2**30, 0.05    # bytes, or the share of a small disk, that uploads never take

TOO_LARGE = "The upload is larger than {most}: send the files one by one, or a smaller one."
TOO_MANY = "One request may bring {most} files: send the others in another one."
QUOTA = ("{most} were uploaded from your address within a day, which is the most: try again tomorrow, or judge the "
         "files with `vs2 score` on your own machine.")
DISK = "There is no room left on the server for this file: try again later, or send a smaller one."
NO_FILE = "The upload address takes files alone: send each as a file."
CUT = "The upload was cut off."


class Parser(GradioMultiPartParser):
    """Gradio's parser, which keeps what is no file in memory, however long, and takes a thousand files."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options | {"max_files": MOST_FILES, "max_fields": 0})

    def on_headers_finished(self) -> None:
        """Called where a part begins."""
        try:
            super().on_headers_finished()
        except MultiPartException as error:
            if "Too many files" in error.message:
                raise MultiPartException(TOO_MANY.format(most=MOST_FILES)) from error
            if "Too many fields" in error.message:
                raise MultiPartException(NO_FILE) from error
            raise

    async def parse(self):
        form = await super().parse()
        if os.name == "posix":
            for file in form.getlist("files"):
                if isinstance(file, GradioUploadFile):
                    self._keep(file)
        return form

    def _keep(self, file: GradioUploadFile) -> None:
        """What is there already stays: Gradio would put the same bytes over it, as another file, while it is read."""
        name = strip_invalid_filename_characters(Path(file.filename or "").name)
        there, new = Path(str(self.upload_dir)) / file.sha.hexdigest() / name, Path(file.file.name)
        if not name or not there.is_file():
            return
        file.file.close()
        new.unlink()
        os.link(there, new)     # POSIX: to rename one name of a file to another name of it does nothing
        os.utime(there)         # its day begins anew
        asyncio.get_running_loop().call_soon(partial(new.unlink, missing_ok=True))


# There is no option for it: a class of Gradio's is replaced, in both places that it is taken from.
route_utils.GradioMultiPartParser = Parser  # type: ignore[misc]
routes.GradioMultiPartParser = Parser  # type: ignore[misc]


@dataclass
class Ledger:
    """What each address has uploaded within a day. most: bytes of one address."""

    most: int
    _given: dict[str, deque] = field(default_factory=dict)

    def held(self, address: str) -> int:
        """Bytes that the address has here."""
        given, start = self._given.get(address, deque()), time.monotonic() - DAY
        while given and given[0][0] < start:
            given.popleft()
        if not given:
            self._given.pop(address, None)
        return sum(count for _, count in given)

    def add(self, address: str, count: int) -> list:
        """Begins an upload with its first bytes; gives its entry, whose second item grows with it."""
        entry = [time.monotonic(), count]
        self._given.setdefault(address, deque()).append(entry)
        return entry

    def forget(self, address: str, entry: list) -> None:
        """An upload of which nothing stays."""
        if entry in (given := self._given.get(address, deque())):
            given.remove(entry)


def free(folder: Path | None = None) -> tuple[int, int]:
    """(bytes free, bytes that stay free) on the disk of a folder: by default where uploads go."""
    folder = folder or Path(get_upload_folder())
    while not folder.exists():
        folder = folder.parent
    disk = shutil.disk_usage(folder)
    return disk.free, min(RESERVE, int(disk.total * SHARE))


class Uploads:
    """Counts an upload while it comes. most: bytes of one file, and so of one request."""

    def __init__(self, app, most: int, ledger: Ledger):
        self.app, self.most, self.ledger = app, most + OVERHEAD, ledger

    async def __call__(self, scope, receive, send) -> None:
        address, refused, kept = scope[who.KEY], None, False
        try:
            self._room(address, declared(scope))
        except Refusal as refusal:
            await drain(receive)
            await say(send, refusal)
            return
        entry, total, looked = self.ledger.add(address, 0), 0, 0

        async def counted() -> dict:
            nonlocal refused, total, looked
            message = await receive()
            if message["type"] == "http.disconnect":
                raise MultiPartException(CUT)
            total += len(message.get("body", b""))
            entry[1] = total
            try:
                self._room(address, 0, total, look=total - looked >= STEP)
            except Refusal as refusal:
                refused = refusal
                raise MultiPartException(CUT) from refusal
            looked = total if total - looked >= STEP else looked
            return message

        async def sent(message: dict) -> None:
            nonlocal kept
            if refused is None:
                if message["type"] == "http.response.start":
                    kept = message["status"] == 200
                await send(message)

        try:
            await self.app(scope, counted, sent)
        finally:
            if not kept:
                self.ledger.forget(address, entry)
        if refused is not None:
            await drain(receive)
            await say(send, refused)

    def _room(self, address: str, coming: int, came: int = 0, look: bool = True) -> None:
        """Raises Refusal where there is no room for `coming` more bytes, or too many came already."""
        if max(coming, came) > self.most:
            raise Refusal(413, TOO_LARGE.format(most=size(self.most - OVERHEAD)))
        if self.ledger.held(address) + coming > self.ledger.most:
            raise Refusal(429, QUOTA.format(most=size(self.ledger.most)))
        if look:
            left, reserve = free()
            if left - coming < reserve:
                raise Refusal(507, DISK)
