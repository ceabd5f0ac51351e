"""Text to video by an Inference Provider, through `huggingface_hub.InferenceClient`, with the visitor's own token.

The token goes to the process that asks, and nowhere else: it is not logged, not in the record, not in an error, and not
in the environment. No token of this machine is used in its place.
"""
import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator

from vs2.errors import BadInput, Failure, Problem
from vs2.generate import protocol
from vs2.generate.files import Draft, disk
from vs2.generate.protocol import Event, Limits, Notice, Progress, Request
from vs2.generate.provider_worker import LARGEST
from vs2.generate.providers import PROVIDERS
from vs2.model import hub
from vs2.resources import NOWHERE, for_python
from vs2.video.worker.wire import WireError, receive, send

TICK = 0.1          # seconds between two looks at `stop`
FPS = 16            # what a length is told in: most models make 16 frames a second, and are asked for frames
SECRETS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_DEBUG")     # the last one makes the client print what it sends
# Which option a provider's refusal is about.
ABOUT = {"token": "token", "credit": "token", "model": "model", "unserved": "model", "content": "prompt"}


class Provider(protocol.Generator):
    """name: "NAME/OWNER/MODEL", NAME one of `providers.PROVIDERS`. token: the visitor's, of the provider or of the Hub.

    timeout: seconds for the whole clip. extra: parameters of that model, as its provider documents them. endpoint: the
    address of a gateway to ask in the provider's place. pause: seconds before a request is repeated, doubled each time.
    """

    limits = Limits(seconds=(0.5, 30.0), side=(16, 4096))

    def __init__(self, name: str, *, token: str = "", timeout: float = 600.0, extra: dict | None = None,
                 endpoint: str = "", pause: float = 1.0):
        provider, _, model = name.partition("/")
        if provider not in PROVIDERS:
            raise BadInput(f"There is no provider {provider!r} for video: take one of {', '.join(PROVIDERS)}.")
        if not hub.is_id(model):
            raise BadInput(f"{model!r} is not the name of a model: it has the form owner/name, as in "
                           f"provider:{provider}/{PROVIDERS[provider].example}.", about="model")
        label = PROVIDERS[provider].label
        if not isinstance(token, str) or not token.strip():
            raise BadInput(f"{label} needs a token: give your own, of {label} or of the Hugging Face Hub (hf_...).",
                           about="token")
        if not re.fullmatch(r"[\x21-\x7e]{1,512}", token.strip()):
            raise BadInput("The token has characters that no token has: copy it again.", about="token")
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 1 <= timeout <= 3600:
            raise BadInput(f"timeout is {timeout!r}: it must be a number of seconds from 1 to 3600.")
        if extra is not None and not _is_json(extra):
            raise BadInput("extra must be an object of plain JSON values: the parameters of the provider's model.")
        self.name, self.provider, self.model, self.label = f"provider:{name}", provider, model, label
        self.timeout, self.extra = float(timeout), dict(extra or {})
        self._token, self._endpoint, self._pause = token.strip(), endpoint, pause

    def _stream(self, request: Request, stop: Callable[[], bool]) -> Iterator[Event]:
        frames = None if request.seconds is None else round(request.seconds * FPS) + 1
        notices = []
        if frames:
            notices.append(Notice(f"The length is asked for as {frames} frames, {FPS} a second; a model with another "
                                  "frame rate makes another length."))
        if request.size:
            notices.append(Notice("The size is the provider's choice: it was not passed on."))
        yield from notices
        yield Progress(None, f"Asking {self.label}")
        job = {"provider": self.provider, "model": self.model, "token": self._token, "prompt": request.prompt,
               "seed": request.seed, "frames": frames, "extra": self.extra, "seconds": self.timeout,
               "endpoint": self._endpoint, "pause": self._pause}
        with Draft(request, self.name, {"extra": self.extra}) as draft:
            video = yield from self._ask(job, stop)
            if video is None:
                return
            yield Progress(None, "Checking the clip")
            facts = self._check(video, draft)
            if stop():
                return
            yield draft.keep(width=facts.width, height=facts.height, frames=facts.total_frames, fps=facts.fps,
                             notices=tuple(notice.text for notice in notices),
                             details={"provider": self.provider, "model": self.model, "codec": facts.codec})

    def _ask(self, job: dict, stop: Callable[[], bool]) -> Generator[Event, None, bytes | None]:
        """Progress while a process asks; returns the video's bytes, or None where it was stopped."""
        due = time.monotonic() + self.timeout
        answers: queue.SimpleQueue = queue.SimpleQueue()
        process = _started()
        assert process.stdin is not None and process.stdout is not None     # they are pipes
        try:
            try:
                send(process.stdin, job)
            except OSError as error:
                raise self._problem("unexpected", "the process that asks ended at once") from error
            threading.Thread(target=_listen, args=(process.stdout, answers.put), name="vs2-provider",
                             daemon=True).start()
            while True:
                if stop():
                    return None
                if time.monotonic() > due:
                    raise self._problem("timeout", "")
                try:
                    message, payload = answers.get(timeout=TICK)
                except queue.Empty:
                    continue
                if message["kind"] == "video":
                    return payload
                if message["kind"] == "error":
                    if stop():
                        return None
                    raise self._problem(message["code"], message["detail"])
                yield Progress(None, message["stage"])
        finally:
            process.kill()
            process.wait()
            process.stdin.close()

    def _check(self, video: bytes, draft: Draft):
        """Puts a clip that plays at the draft's path; its facts. Failure where it is none."""
        from vs2.video import read
        from vs2.video.playable import playable

        with disk(draft.path.parent), tempfile.TemporaryDirectory(prefix=".", dir=draft.path.parent) as folder:
            draft.path.write_bytes(video)
            try:
                shown = playable(draft.path, folder, page=False)  # it was paid for
                if shown != draft.path:
                    os.replace(shown, draft.path)
                return read(draft.path).metadata
            except BadInput as problem:
                raise Failure(f"{self.label} sent {len(video)} bytes that are no video which can be shown: try again, "
                              "or take another model.") from problem

    def _problem(self, code: str, detail: str) -> Problem:
        """One sentence for a person. What the provider said is quoted, without the token."""
        said = " ".join(detail.replace(self._token, "(token)").split())
        said = f" (it says: {said[:200].rstrip('. ')})" if said else ""
        label, model = self.label, self.model
        mend = {
            "token": f"{label} refused the token{said}: check it, and that it may be used for Inference Providers.",
            "credit": f"{label} has no credit left for this token{said}: add credit to its account, or take another "
                      "provider.",
            "model": f"There is no model {model} on the Hugging Face Hub, or it is private: check the name.",
            "unserved": f"{label} does not make video from text with {model}{said}: take another model or provider.",
            "content": f"{label} refused the prompt for its content{said}: word it differently.",
            "request": f"{label} did not take the request{said}: change the length or the extra parameters.",
        }
        fail = {
            "busy": f"{label} has too many requests at the moment{said}: try again in a minute.",
            "timeout": f"{label} had made no clip when the time was up ({self.timeout:g} s at most); it may still be "
                       "at work and charge for it: try again later, or take a smaller model.",
            "network": f"{label} cannot be reached: check the network and try again.",
            "provider": f"{label} failed on its side{said}: try again later, or take another provider.",
            "failed": f"{label} could not make the clip{said}: try again, or take another model.",
        }
        if code in mend:
            return BadInput(mend[code], about=ABOUT.get(code, ""))
        other = f"Asking {label} failed unexpectedly{said}: try again, or take another provider."
        return Failure(fail.get(code, other))


def _is_json(value) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return isinstance(value, dict)


def _started() -> subprocess.Popen:
    """The process that asks; with the environment of this one, less what could tell a token."""
    environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
    environment |= for_python() | {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    try:
        return subprocess.Popen([sys.executable, "-m", "vs2.generate.provider_worker"], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=NOWHERE,
                                start_new_session=True)     # Ctrl+C is for this process to answer
    except OSError as error:
        raise Failure(f"The process that asks the provider could not be started ({error.strerror}): close other "
                      "programs and try again.") from error


def _listen(pipe, put: Callable) -> None:
    """Passes the process's messages on until its last one, or its end."""
    with pipe:
        while True:
            try:
                message, payload = receive(pipe, LARGEST)
            except (WireError, OSError, ValueError):
                message, payload = {"kind": "error", "code": "unexpected", "detail": "the process that asks ended"}, b""
            put((message, payload))
            if message["kind"] != "stage":
                return
