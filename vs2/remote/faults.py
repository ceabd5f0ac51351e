"""What goes wrong between here and a server, in sentences. None has the server's address, or a key, in it."""
import json
import re

from vs2.errors import BadInput, Failure, Problem
from vs2.remote.address import KEY

LONGEST = 200       # characters of what a server says of an error
TRUST = "--trust-request-mm-kwargs"     # of vLLM: without it no request may say which frames there are, and when


class Broken(Exception):
    """The connection was lost, or the answer ended, before the reply was whole: it can be asked for again."""


class Refused(Exception):
    """The server takes no request of this form: another form may do. The text is what it said."""


class Unknown(BadInput):
    """There is nothing at that path, or no such model."""


class TooLong(BadInput):
    """More tokens than the server's context holds."""


class Failed(Failure):
    """A fault of the server's own (HTTP status 5xx)."""


def unreachable() -> Failure:
    """No connection, after several tries."""
    return Failure("The judge's server does not answer: check that it runs, and that --model or VS2_MODEL has its "
                   "address.")


def slow(seconds: float) -> Failure:
    """Not a byte came for so long."""
    return Failure(f"The judge's server said nothing for {seconds:.0f} s: it is overloaded or stuck; try again later, "
                   "or set VS2_SERVER_PATIENCE to more seconds.")


def broken() -> Failure:
    """Each try broke off."""
    return Failure("The judge's server broke off its replies again and again: look at its log.")


def busy() -> Failure:
    """Each try was answered by 429 or 503."""
    return Failure("The judge's server has too much to do (it said so each time it was asked): try again later.")


def garbage() -> Failure:
    """An answer that is not of the protocol."""
    return Failure("The judge's server answered with something else than the OpenAI protocol: check the address, which "
                   "mostly ends in /v1.")


def of_status(status: int, body: bytes, key: str) -> Problem | Refused:
    """What an answer of that HTTP status means."""
    said = told(body, key)
    if status in (401, 403):
        return BadInput(f"The judge's server wants a key, or another one: put it into {KEY}.")
    if status == 404:
        return Unknown(f"The judge's server does not know what it was asked for ({said}): check the address, which "
                        "mostly ends in /v1, and the name after the #.")
    if status in (300, 301, 302, 303, 307, 308):
        return BadInput("The judge's server points to another address: name that one.")
    if status == 413:
        return Failure("The judge's server takes no request of this size: raise the limit of what stands before it, or "
                       "judge a shorter clip.")
    if status in (400, 422):
        if re.search(r"context length|too long|maximum.{0,20}(?:length|tokens)|max_model_len", said, re.IGNORECASE):
            return TooLong(f"The clip and the prompt are too long for the judge's server ({said}): judge a shorter "
                            "clip, or start it with a longer context (vLLM: --max-model-len).")
        return Refused(said)
    return Failed(f"The judge's server failed ({status}: {said}): look at its log.")


def told(body: bytes, key: str) -> str:
    """What a server says of an error, which it may say in any form: a line of plain text, without the key."""
    try:
        found = json.loads(body)
    except ValueError:
        found = body.decode("utf-8", "replace")
    for name in ("error", "detail", "message"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    found = found.get("message", found) if isinstance(found, dict) else found
    words = found if isinstance(found, str) else json.dumps(found)
    if key:
        words = words.replace(key, "***")
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    return (words[:LONGEST] or "no reason given").rstrip(".")


def untrusting(fps: float, size: dict) -> BadInput:
    """A vLLM that takes no settings from a request."""
    frames = json.dumps({"video": {"num_frames": -1, "fps": fps}})
    return BadInput("This vLLM takes no word from a request on which frames it is sent and when they were, and without "
                    f"it would drop some and give the others wrong times: start it with {TRUST}; or, as exact, with "
                    f"--media-io-kwargs '{frames}' --mm-processor-kwargs "
                    f"'{json.dumps({'do_sample_frames': False, 'size': size})}', and set VS2_SERVER_PRESET=1 here.")


class Dropped(Failure):
    """Not all frames of the probe were seen, or not at their size."""

    def __init__(self, seen: float, sent: int, advice: str):
        saw = f"saw {seen:.0f} of {sent} frames" if seen < sent and seen == int(seen) else \
            f"shrank or stretched the frames that it was sent (they count as {seen:.1f} where {sent} were sent)"
        super().__init__(f"The judge's server {saw}, so that its scores would not be the judge's: {advice}")
