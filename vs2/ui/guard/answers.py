"""What the guard says in place of the app, and what it reads of a request: plain ASGI, no framework."""
import json

from vs2.ui.said import worded


class Refusal(Exception):  # noqa: N818  an answer, not a fault
    """A request that is not taken. status: of HTTP. The sentence says what was wrong and what to do."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status


def header(scope: dict, name: bytes) -> str:
    """A header of the request, "" where it is not there. name: in small letters."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


async def say(send, refusal: Refusal) -> None:
    """Answers with the refusal, in the form in which Gradio's clients look for a reason."""
    body = json.dumps({"detail": worded(str(refusal))}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if refusal.status in (429, 503):
        headers.append((b"retry-after", b"10"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
