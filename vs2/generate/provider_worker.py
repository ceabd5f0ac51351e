"""The process that asks a provider: `python -m vs2.generate.provider_worker`, started and killed by provider.py.

`InferenceClient` polls without a time limit and cannot be stopped, so it runs where a clock can kill it. It reads one
job from its standard input, token included, and answers with messages: {"kind": "stage"}, and last {"kind": "video"}
with the bytes, or {"kind": "error"} with a code. It ends with its parent. Nothing is written to a disk.
"""
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

from vs2.video.worker.wire import WireError, claim_pipes, receive, send

TRIES, MOST_WAIT = 4, 30.0                      # of one request; seconds that a server may ask to wait
ONE_REQUEST = 60.0                              # seconds of one request that does not say how long it may take
POLL = 2                                        # pauses between two questions whether a clip is there
BUSY = (429, 500, 502, 503, 504)
LARGEST = 512 * 2**20                           # bytes of a video
CONTENT = ("content policy", "content_policy", "content moderation", "nsfw", "safety", "moderation", "flagged",
           "sensitive", "inappropriate", "prohibited")
CREDIT = ("credit", "balance", "payment", "billing", "quota", "insufficient fund", "top up", "pay-as-you")


class Watch:
    """Stands between the client and its connections: repeats what is safe to repeat, and knows what failed last.

    Safe is what changes nothing (GET), and a request for a clip that cannot have been begun: the connection was never
    made, or the server turned it away (429). Anything else could be paid for twice.
    """

    def __init__(self, session, pause: float, say):
        self.failed: tuple[int, str] | None = None      # the last answer's status and text, if it was an error
        self._send, self._pause, self._say = session.send, pause, say
        self._transport = sys.modules[type(session).__module__.split(".")[0]]   # httpx, or what took its place
        self._said = ""
        session.timeout = ONE_REQUEST
        session.send = self.send

    def send(self, request, **options):
        """As the session's own."""
        reads = request.method in ("GET", "HEAD")
        for attempt in range(1, TRIES + 1):
            wait = self._pause * 2 ** (attempt - 1)
            try:
                response = self._send(request, **options)
            except self._transport.TransportError as error:
                never = isinstance(error, self._transport.ConnectError | self._transport.ConnectTimeout)
                if attempt == TRIES or not (reads or never):
                    raise
                self._tell("The connection failed, trying again")
            else:
                again = response.status_code in (BUSY if reads else (429,))
                if attempt == TRIES or not again:
                    return self._ended(request, self._seen(request, response))
                wait = min(MOST_WAIT, max(wait, _seconds(response.headers.get("retry-after"))))
                response.close()
                self._tell("The provider is busy, trying again")
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _ended(self, request, response):
        """Where Replicate has no clip after a minute, its answer says so and its client gives up: this waits for it.

        Asked at the address that the request went to (Replicate's own or the Hub's router), for it has the token.
        """
        base, version, _ = str(request.url).partition("/v1/")
        if request.method != "POST" or not version:
            return response
        while (answer := _prediction(response)).get("status") in ("starting", "processing"):
            place = urlsplit(answer["urls"]["get"]).path
            self._tell(f"Waiting for the clip: {answer['status']}")
            time.sleep(POLL * self._pause)
            response = self.send(self._transport.Request(
                "GET", base + place, headers={"authorization": request.headers["authorization"]}))
        if answer.get("status") in ("failed", "canceled", "aborted"):
            raise RuntimeError(f"failed: {answer.get('error') or answer['status']}")
        return response

    def _seen(self, request, response):
        if response.status_code >= 400:
            response.read()
            self.failed = response.status_code, response.text[:4000]
            return response
        self.failed = None
        if int(response.headers.get("content-length") or 0) > LARGEST:
            raise ValueError("the video is larger than 512 MB")
        if request.method == "POST":
            self._tell("Asked, waiting for the clip")
        elif "json" in response.headers.get("content-type", "") and "/api/models/" not in request.url.path:
            response.read()
            answer = response.json()
            inner = answer.get("data") if isinstance(answer, dict) else None
            status = (inner if isinstance(inner, dict) else answer if isinstance(answer, dict) else {}).get("status")
            if isinstance(status, str):
                self._tell(f"Waiting for the clip: {status[:40].replace('_', ' ').lower()}")
        return response

    def _tell(self, stage: str) -> None:
        if stage != self._said:
            self._said = stage
            self._say({"kind": "stage", "stage": stage})


def _prediction(response) -> dict:
    """Replicate's record of a clip without output; empty for any other answer."""
    if response.status_code >= 400 or "json" not in response.headers.get("content-type", ""):
        return {}
    response.read()
    answer = response.json()
    if not isinstance(answer, dict) or answer.get("output") is not None or not isinstance(answer.get("urls"), dict):
        return {}
    return answer if isinstance(answer["urls"].get("get"), str) else {}


def _seconds(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:      # a date
        return 0.0


def ask(job: dict, say) -> dict | bytes:
    """The video's bytes, or the error's record."""
    from huggingface_hub import InferenceClient
    from huggingface_hub.utils import get_session

    watch = Watch(get_session(), job["pause"], say)
    if job["endpoint"]:
        _point(job)
    client = InferenceClient(provider=job["provider"], api_key=job["token"], timeout=job["seconds"])
    try:
        video = client.text_to_video(job["prompt"], model=job["model"], seed=job["seed"], num_frames=job["frames"],
                                     extra_body=job["extra"] or None)
    except Exception as error:  # the client has many, down to a KeyError where a provider answers with an error's text
        return classified(error, watch, job["prompt"])
    if watch.failed is not None:        # the client does not look at the status of what it downloads
        return by_status(watch.failed[0], without(job["prompt"], watch.failed[1]))
    return video


def _point(job: dict) -> None:
    """Makes the client ask a gateway in place of the provider, or of the Hub's router for a token of the Hub."""
    from huggingface_hub import constants
    from huggingface_hub.inference._providers import PROVIDERS

    PROVIDERS[job["provider"]]["text-to-video"].base_url = job["endpoint"]
    constants.INFERENCE_PROXY_TEMPLATE = job["endpoint"].rstrip("/") + "/{provider}"


def without(prompt: str, text: str) -> str:
    """What a provider says, less the prompt where it is quoted back: its words are not the provider's."""
    for written in {json.dumps(prompt), json.dumps(prompt, ensure_ascii=False), repr(prompt)}:
        text = text.replace(written, '""')
    return text


def classified(error: Exception, watch: Watch, prompt: str = "") -> dict:
    """{"kind": "error", "code", "detail"} for what went wrong."""
    from huggingface_hub import errors

    text = without(prompt, str(error))
    if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError):
        return _error("model", text)
    if watch.failed is not None:
        return by_status(watch.failed[0], without(prompt, watch.failed[1]))
    if isinstance(error, errors.HfHubHTTPError):
        return by_status(error.response.status_code, text)
    if isinstance(error, errors.InferenceTimeoutError):
        return _error("timeout", text)
    if type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2", "requests") or \
            isinstance(error, errors.OfflineModeIsEnabled):
        return _error("network", type(error).__name__)
    if isinstance(error, TimeoutError) or "timed out" in text.lower():
        return _error("timeout", text)
    if "not supported" in text or "No provider mapping" in text:
        return _error("unserved", text)
    if "failed" in text:
        return by_words(text, "failed")
    return _error("unexpected", f"{type(error).__name__}: {text}")


def by_status(status: int, text: str) -> dict:
    """What an HTTP error means, by its status and the words in it: the providers use the same status for several."""
    named = {401: "token", 402: "credit", 403: "token", 404: "unserved", 408: "timeout", 429: "busy", 451: "content"}
    code = named.get(status, "provider" if status >= 500 else "request")
    return by_words(text, code) if 400 <= status < 500 and status != 402 else _error(code, text)


def by_words(text: str, code: str) -> dict:
    """Credit and content are told by words, whatever else the answer was."""
    low = text.lower()
    if any(word in low for word in CREDIT):
        code = "credit"
    elif any(word in low for word in CONTENT):
        code = "content"
    return _error(code, text)


def _error(code: str, detail: str) -> dict:
    return {"kind": "error", "code": code, "detail": detail[:4000]}


def _end_with_parent(pipe) -> None:
    pipe.read(1)        # nothing more is sent: it returns when the parent is gone
    os._exit(1)


def main() -> None:
    """Answers the one job."""
    jobs, answers = claim_pipes()
    try:
        job, _ = receive(jobs)
    except WireError:
        return
    threading.Thread(target=_end_with_parent, args=(jobs,), daemon=True).start()
    answer = ask(job, lambda message: send(answers, message))
    if isinstance(answer, bytes):
        send(answers, {"kind": "video"}, answer)
    else:
        send(answers, answer)


if __name__ == "__main__":
    main()
