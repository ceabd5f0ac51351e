"""Ports for the apps that tests start."""
import random
import socket
from contextlib import suppress

PORTS = range(20000, 32000)     # below those that a system gives to outgoing connections, a browser's say, of its own


def free_port() -> int:
    """A port that nothing listens on now, another one nearly each time: test processes run side by side."""
    for port in random.SystemRandom().sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"None of 100 ports from {PORTS.start} to {PORTS.stop} is free.")
