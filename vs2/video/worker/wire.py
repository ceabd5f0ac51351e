"""How worker processes and their parent speak: one message after the other over a pipe.

A message is two big-endian 32-bit lengths, then that much JSON, then that many raw bytes.
"""
import json
import os
import struct

LENGTHS = struct.Struct(">II")
MAX_MESSAGE = 1 << 20         # bytes of JSON in one message
STATUS = struct.Struct(">i")  # how a child ended, as os.waitstatus_to_exitcode says it


class WireError(Exception):
    """The other side closed the pipe or sent what is no message."""


def send(pipe, message: dict, payload=b"") -> None:
    """Writes one message: JSON, and raw bytes (bytes or a C-contiguous uint8 array)."""
    text = json.dumps(message).encode()
    payload = memoryview(payload).cast("B") if len(payload) else b""
    pipe.write(LENGTHS.pack(len(text), len(payload)) + text)
    if len(payload):
        pipe.write(payload)
    pipe.flush()


def receive(pipe, max_payload: int = 0) -> tuple[dict, bytes]:
    """Reads one message. Raises WireError at the end of the pipe or on lengths above what may come."""
    message, payload = LENGTHS.unpack(_exactly(pipe, LENGTHS.size))
    if message > MAX_MESSAGE or payload > max_payload:
        raise WireError("a message of impossible length")
    try:
        record = json.loads(_exactly(pipe, message))
    except ValueError as error:
        raise WireError("a message that is not JSON") from error
    if not isinstance(record, dict):
        raise WireError("a message that is not an object")
    return record, _exactly(pipe, payload)


def _exactly(pipe, count: int) -> bytes:
    data = pipe.read(count) if count else b""
    if len(data) < count:
        raise WireError("the pipe was closed")
    return data


def claim_pipes():
    """The two pipes to the parent, moved away from descriptors 0 and 1, which C libraries print to."""
    jobs, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return os.fdopen(jobs, "rb"), os.fdopen(answers, "wb", buffering=1 << 16)
