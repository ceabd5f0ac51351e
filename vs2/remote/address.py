"""`openai:URL#NAME`: where the server is and what it calls the model. The key is the environment's alone."""
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from vs2.errors import BadInput

PREFIX = "openai:"
KEY = "VS2_SERVER_KEY"
EXAMPLE = "openai:http://localhost:8000/v1#TIGER-Lab/VideoScore2"
LONGEST = 500       # characters
ON_SERVER = "server"        # in place of a precision, which nobody here knows


@dataclass(frozen=True)
class Address:
    """url: of the API, without a slash at its end ("http://localhost:8000/v1"). model: as the server calls it."""

    url: str
    model: str

    @property
    def name(self) -> str:
        """What records call the judge: not where the server is, which is its owner's business."""
        return PREFIX + self.model


def is_remote(name: str) -> bool:
    """Whether a judge's name says that it is on a server."""
    return name.startswith(PREFIX)


def parse(name: str) -> Address:
    """Raises BadInput for what is no address of a server and a model's name. No sentence repeats the address."""
    url, found, model = name.removeprefix(PREFIX).partition("#")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or len(name) > LONGEST or not re.fullmatch(r"[\x21-\x7e]+", url):
        raise BadInput(f"A judge on a server is named by the server's address and the model's name, as in {EXAMPLE}.")
    if parts.username is not None or parts.password is not None or parts.query:
        raise BadInput(f"The address of a server may hold no user, password or key: put the key into {KEY}.")
    if not found or not model.strip():
        raise BadInput(f"The address of a server lacks the model's name: add it after a #, as in {EXAMPLE}.")
    path = parts.path.rstrip("/") or "/v1"
    return Address(f"{parts.scheme}://{parts.netloc}{path}", model.strip())


def key(environment: Mapping[str, str] = os.environ) -> str:
    """The server's key, "" where it needs none. Raises BadInput for what no header can hold."""
    found = environment.get(KEY, "").strip()
    if not re.fullmatch(r"[\x21-\x7e]{0,2000}", found):
        raise BadInput(f"{KEY} has characters that no key has: copy it again.")
    return found
