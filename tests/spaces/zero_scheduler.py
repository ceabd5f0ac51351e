"""ZeroGPU's scheduler as the `spaces` package meets it over HTTP, with some GPUs to lend. Standard library only."""
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PING = 0.2  # seconds between two signs of life to who waits


class Scheduler(ThreadingHTTPServer):
    """Serves at `url`. calls: (what, parameters) in order, what being "schedule", "queue", "lend", "allow", "release",
    "leave" or "startup-report". gpus: how many can be lent at once; most: how many were.

    A GPU that was given back without failure is lent as idle the next time: its fork is then used again.
    """

    daemon_threads = True

    def __init__(self, gpus: int = 2):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url, self.gpus = f"http://127.0.0.1:{self.server_address[1]}", gpus
        self.calls, self.most = [], 0
        self._lent, self._idle, self._lock = {}, set(), threading.Condition()
        threading.Thread(target=self.serve_forever, daemon=True, name="scheduler").start()

    def note(self, what: str, **parameters) -> None:
        """One call."""
        with self._lock:
            self.calls.append((what, parameters))

    def names(self) -> list[str]:
        """What was called, in order."""
        with self._lock:
            return [what for what, _ in self.calls]

    def forget(self) -> None:
        """Begins a new account."""
        with self._lock:
            self.calls, self.most = [], len(self._lent)

    def lend(self) -> dict | None:
        """A loan, None where all GPUs are lent."""
        with self._lock:
            free = [number for number in range(self.gpus) if number not in self._lent.values()]
            if not free:
                return None
            token = f"token-{len(self.calls)}-{time.monotonic_ns()}"
            self._lent[token] = free[0]
            self.most = max(self.most, len(self._lent))
            self.calls.append(("lend", {"token": token, "gpu": free[0], "idle": free[0] in self._idle}))
            return {"idle": free[0] in self._idle, "nvidiaIndex": free[0], "nvidiaUUID": f"GPU-{free[0]}",
                    "allowToken": token}

    def give_back(self, token: str, failed: bool) -> bool:
        """Ends a loan; whether there was one."""
        with self._lock:
            number = self._lent.pop(token, None)
            if number is not None:
                (self._idle.discard if failed else self._idle.add)(number)
            return number is not None


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        return

    def do_POST(self):
        address = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.server.note(address.path.strip("/"), **given)
        if address.path == "/schedule":
            self._schedule()
        elif address.path == "/release":
            found = self.server.give_back(given["allowToken"], given["fail"] == "true")
            self._answer(200 if found else 404, b"")
        else:
            self._answer(200, b"")

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _schedule(self) -> None:
        if loan := self.server.lend():
            self._answer(200, json.dumps(loan).encode())
            return
        self.server.note("queue")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            while not self._gone():
                if loan := self.server.lend():
                    self.wfile.write(f"event: succeeded\ndata: {json.dumps(loan)}\n\n".encode())
                    return
                self.wfile.write(b"event: ping\n\n")
                time.sleep(PING)
        except OSError:     # it left while it was written to
            self.close_connection = True
        self.server.note("leave")

    def _gone(self) -> bool:
        """Whether the client has closed the connection; a first write would not tell."""
        try:
            return self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
