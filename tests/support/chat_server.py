"""A server that speaks the OpenAI protocol and judges nothing: it says what it is told to, and fails as it is told to.

It opens what it is sent, counts frames, and counts tokens as a Qwen2.5-VL does, so that a client that sends frames
wrongly is found out here; its log-probabilities depend on the rate that it was told, as a model's do.
"""
import base64
import io
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
from PIL import Image

THOUGHT = "\n<think>\nA red square moves over grey.\nNothing is wrong with it.\n</think>"
ANSWER = ("\n\n(1) visual quality: 4\n(2) text-to-video alignment: 3\n"
          "(3) physical/common-sense consistency: 5\n")
DIRECT = "visual quality: 4; \ntext-to-video alignment: 3, \nphysical/common-sense consistency: 5"
FIVE = {4: (-6.0, -5.0, -2.0, -0.3, -1.8), 3: (-5.0, -1.9, -0.5, -1.4, -4.0), 5: (-7.0, -6.0, -4.0, -1.0, -0.5)}
OWN = {"continue_final_message", "add_generation_prompt", "media_io_kwargs", "mm_processor_kwargs", "top_k",
       "return_token_ids", "repetition_penalty", "logprob_token_ids"}
UNTRUSTED = ("Per-request media_io_kwargs are disabled by default because they can change multimodal media loading "
             "resource usage. Start the server with --trust-request-mm-kwargs only when clients are trusted.")


@dataclass
class Manners:
    """How the server behaves; the defaults are vLLM's, started as docs/server.md says.

    keep: frames that it keeps of a clip. heeds: whether rates reach the model. top: alternatives it gives, at most.
    fails: what happens to the next judgements, one a request: "drop", "half", "garbage", "slow", "error", "429", "503",
    "500", "401", "reasoning", "shrink". key: wanted of each request.
    """

    owner: str = "vllm"         # "": it cannot list its models
    trusts: bool = True
    keep: int | None = None
    heeds: bool = True
    top: int = 20
    continues: bool = True
    wanders: bool = False       # goes on in words of its own after the digit
    strict: bool = False        # unknown fields are refused, as by `transformers serve`
    video: bool = True
    several: bool = True
    tokenizes: bool = True
    counts: bool = True
    key: str = ""
    reply: str = THOUGHT + ANSWER
    pause: float = 0.0          # seconds between tokens
    fails: list[str] = field(default_factory=list)


class ChatServer:
    """Runs in a `with`; `url` is its API. asked: the bodies of all requests. most: of them at the same time."""

    def __init__(self, manners: Manners | None = None):
        self.manners, self.asked, self.headers = manners or Manners(), [], []
        self.now = self.most = self.cancelled = 0
        self.lock = threading.Lock()
        owner = self

        class Handler(_Handler):
            server_of = owner

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def judged(self) -> list[dict]:
        """The bodies of requests that are no part of a probe."""
        return [body for body in self.asked if body.get("max_tokens", 1) > 1]

    def __enter__(self) -> "ChatServer":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: ChatServer

    def log_message(self, *_):
        """Says nothing."""

    def do_GET(self):
        if self._let_in() and not self.server_of.manners.owner:
            self._json(500, {"detail": "Internal Server Error"})
        elif self._let_in():
            self._json(200, {"object": "list", "data": [{"id": "judge", "owned_by": self.server_of.manners.owner}]})

    def do_POST(self):
        server, manners = self.server_of, self.server_of.manners
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._let_in():
            return
        if self.path == "/tokenize":
            if manners.tokenizes:
                self._json(200, {"tokens": [100 + int(letter) for letter in body["prompt"]]})
            else:
                self._json(404, {"detail": "Not Found"})
            return
        with server.lock:
            server.asked.append(body)
            server.now += 1
            server.most = max(server.most, server.now)
            fault = manners.fails.pop(0) if manners.fails and body["max_tokens"] > 1 else ""
        try:
            self._complete(body, fault)
        except (BrokenPipeError, ConnectionResetError):
            server.cancelled += 1
        finally:
            with server.lock:
                server.now -= 1

    def _let_in(self) -> bool:
        said = self.headers.get("Authorization", "")
        self.server_of.headers.append(said)
        if self.server_of.manners.key and said != f"Bearer {self.server_of.manners.key}":
            self._json(401, {"error": {"message": f"Wrong key {said}"}})
            return False
        return True

    def _json(self, status: int, record, extra=()) -> None:
        raw = record if isinstance(record, bytes) else json.dumps(record).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def _complete(self, body: dict, fault: str) -> None:
        manners = self.server_of.manners
        if fault in ("429", "503", "500", "401"):
            self._json(int(fault), {"error": {"message": "not now"}}, [("Retry-After", "0")])
            return
        if fault == "drop":
            self.close_connection = True
            return
        if fault == "garbage":
            self._json(200, b"<html>Welcome to the gateway</html>\n")
            return
        if fault == "slow":
            time.sleep(3)
        if manners.strict and (unknown := OWN & body.keys()):
            self._json(422, {"detail": f"Unexpected fields in the request: {unknown}"})
            return
        if not manners.trusts and {"media_io_kwargs", "mm_processor_kwargs"} & body.keys():
            self._json(400, {"error": {"message": UNTRUSTED, "code": 400}})
            return
        if body.get("top_logprobs", 0) > manners.top > 0:
            self._json(400, {"error": {"message": f"Requested sample logprobs of {body['top_logprobs']}, which is "
                                                  f"greater than max allowed: {manners.top}"}})
            return
        counted, rate, problem = self._look(body)
        if problem:
            self._json(400 if manners.owner else 500, {"error": {"message": problem}})
            return
        text, going_on = self._text(body)
        if going_on:
            counted -= 4
        if fault == "shrink":
            counted //= 3
        usage = {"prompt_tokens": counted, "completion_tokens": 1} if manners.counts else None
        tokens = re.findall(r"\d|\n|\s?[^\s\d]+|\s", text)[:body["max_tokens"]]
        many = body.get("n", 1) if manners.several else 1
        if body.get("stream"):
            self._stream(body, tokens, many, rate, usage, fault)
            return
        choice = {"index": 0, "message": {"role": "assistant", "content": "".join(tokens)}, "finish_reason": "stop"}
        if (told := self._logprobs(body, tokens, rate)) is not None:
            choice["logprobs"] = {"content": told}
        self._json(200, {"choices": [choice], "usage": usage})

    def _stream(self, body, tokens, many, rate, usage, fault) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

        def say(record) -> None:
            self.wfile.write(b"data: " + (record if isinstance(record, bytes) else json.dumps(record).encode())
                             + b"\n\n")
            self.wfile.flush()

        for place in range(many):
            say({"choices": [{"index": place, "delta": {"role": "assistant", "content": ""}}], "usage": usage})
        thinking = False
        for number, token in enumerate(tokens):
            if fault in ("half", "error") and number == len(tokens) // 2:
                if fault == "error":
                    say({"error": {"message": "the engine died"}})
                return
            time.sleep(self.server_of.manners.pause)
            if fault == "reasoning" and token in ("<think>", "</think>"):
                thinking = token == "<think>"
                continue
            for place in range(many):
                kind = "reasoning_content" if thinking else "content"
                choice = {"index": place, "delta": {kind: token}, "finish_reason": None}
                if (told := self._logprobs(body, [token], rate)) is not None:
                    choice["logprobs"] = {"content": told}
                say({"choices": [choice], "usage": usage})
        for place in range(many):
            reason = "length" if len(tokens) == body["max_tokens"] else "stop"
            say({"choices": [{"index": place, "delta": {}, "finish_reason": reason}]})
        say(b"[DONE]")

    def _look(self, body) -> tuple[int, float, str]:
        """The tokens of a request, the rate that the model is told, and what is wrong with it."""
        manners, words, frames, rate = self.server_of.manners, 0, [], 24.0
        pictures = False
        for message in body["messages"]:
            parts = message["content"] if isinstance(message["content"], list) else [
                {"type": "text", "text": message["content"]}]
            for part in parts:
                words += len(re.findall(r"\w+|[^\w\s]", part.get("text", "")))
                if part["type"] == "image_url":
                    frames.append(picture(part["image_url"]["url"].split(",", 1)[1]))
                    pictures = True
                if part["type"] == "video_url":
                    if not manners.video:
                        return 0, 0.0, "video_url is not supported"
                    frames, rate = frames_of(part["video_url"]["url"])
            words += 5
        told = body.get("media_io_kwargs", {}).get("video", {})
        if "fps" in told:
            rate = told["fps"]
            assert told["num_frames"] == -1 and len(told["frames_indices"]) == told["total_num_frames"] == len(frames)
        kept = frames[:manners.keep]
        width, height = kept[0].size
        each = (height // 28) * (width // 28)
        seen = len(kept) * (each + 2) if pictures else (len(kept) + 1) // 2 * each
        return seen + words, rate if manners.heeds else 1.0, ""

    def _text(self, body) -> tuple[str, bool]:
        """What it says, and whether it goes on with a message."""
        manners, last = self.server_of.manners, body["messages"][-1]
        if last["role"] == "assistant" and body.get("continue_final_message") and manners.continues:
            if manners.wanders:
                return last["content"][-1:].strip() + "4, I would say; 2 of 5.", True
            for whole in (ANSWER, DIRECT):
                for end in range(len(whole), 0, -1):
                    if last["content"].endswith(whole[:end]) and len(whole[:end].strip()) > 5:
                        return whole[end:], True
            return manners.reply, True
        if len(body["messages"]) > 2:
            return DIRECT, False
        return manners.reply, False

    def _logprobs(self, body, tokens, rate) -> list | None:
        if not body.get("logprobs") or not self.server_of.manners.top:
            return None
        found = []
        for token in tokens:
            given = FIVE.get(int(token), FIVE[4]) if token in "12345" else (-9.0, -9.5, -10.0, -10.5, -11.0)
            top = {str(score): logit + 0.01 * rate for score, logit in enumerate(given, 1)}
            if not body.get("logprob_token_ids"):
                top |= {token: top.get(token, -0.1)}
                top |= {f"w{n}": -12.0 - n for n in range(20)}
                top = dict(sorted(top.items(), key=lambda one: -one[1])[:body.get("top_logprobs", 0)])
            found.append({"token": token, "logprob": -0.1,
                          "top_logprobs": [{"token": text, "logprob": logit} for text, logit in top.items()]})
        return found


def picture(data: str) -> Image.Image:
    """One of base64; its pixels are only decoded where they are looked at."""
    return Image.open(io.BytesIO(base64.b64decode(data)))


def frames_of(address: str) -> tuple[list[Image.Image], float]:
    """The frames of a `data:` address of a video, and their rate as it says it."""
    kind, data = address.split(",", 1)
    if kind == "data:video/jpeg;base64":
        return [picture(one) for one in data.split(",")], 1.0
    with av.open(io.BytesIO(base64.b64decode(data))) as file:
        rate = float(file.streams.video[0].average_rate)
        return [frame.to_image() for frame in file.decode(video=0)], rate
