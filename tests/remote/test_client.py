"""Kept connections that a server closes just when a request comes, as uvicorn does after a fault of its own."""
import re
import socket
import threading

import pytest

from vs2.remote import faults
from vs2.remote.address import parse
from vs2.remote.client import Client


class Closing:
    """A server that answers `answers` requests of a connection, reads one more and closes it.

    status: of its answers. served, connections: requests that were answered, and connections that were made.
    """

    def __init__(self, answers: int, status: str = "200 OK"):
        self.answers, self.status, self.served, self.connections = answers, status, 0, 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    def __enter__(self) -> "Closing":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)     # ends `accept`
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection, connection.makefile("rb") as lines:
                for _ in range(self.answers):
                    self._read(lines)
                    body = b'{"choices": []}'
                    connection.sendall(f"HTTP/1.1 {self.status}\r\nContent-Type: application/json\r\n"
                                       f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                    self.served += 1
                self._read(lines)

    @staticmethod
    def _read(lines) -> None:
        length = 0
        while (line := lines.readline().strip()):
            if found := re.fullmatch(rb"(?i)content-length: (\d+)", line):
                length = int(found[1])
        lines.read(length)


def client_of(server: Closing) -> Client:
    return Client(parse(f"openai:{server.url}#judge"), pause=0.01)


def test_a_request_on_a_kept_connection_that_is_closed_is_sent_on_a_new_one():
    with Closing(1) as server:
        client = client_of(server)
        assert [client.ask({"max_tokens": number}) for number in range(4)] == [{"choices": []}] * 4
        assert server.served == server.connections == 4


def test_so_it_is_after_an_answer_of_a_fault():
    with Closing(1, "500 Internal Server Error") as server:
        client = client_of(server)
        for _ in range(3):
            with pytest.raises(faults.Failed):
                client.ask({})


def test_a_new_connection_that_is_closed_is_broken_and_not_asked_for_ever():
    with Closing(0) as server:
        with pytest.raises(faults.Broken):
            client_of(server).ask({})
        assert server.connections == 1
