"""How tests wait: for what they wait for, and not for a number of seconds.

A test that gives up after a minute fails on a machine that has other work, and says nothing about the code. Here a
second counts only as far as the machine had time to spare: where nothing happens any more the wait ends soon, and where
other work takes the processors it goes on. What moves meanwhile (a page, a journal) renews the patience altogether.
"""
import time
from collections.abc import Callable

import psutil

HANGING = 900    # seconds after which a process or a call is taken to hang, on any machine
LEAST = 1 / 6    # of a second that counts at all, so that a process that turns in circles does not make others wait


class Patience:
    """Runs out after `seconds` of a machine with nothing else to do."""

    def __init__(self, seconds: float = 60.0):
        self.seconds = seconds
        self.renew()

    def renew(self) -> None:
        """Something moved: as patient as at first."""
        self._left, self._at, self._idle = self.seconds, time.monotonic(), _idle()

    @property
    def left(self) -> bool:
        """Whether to wait on."""
        now, idle = time.monotonic(), _idle()
        passed = now - self._at
        spare = (idle - self._idle) / psutil.cpu_count()
        self._left -= min(passed, max(spare, passed * LEAST))
        self._at, self._idle = now, idle
        return self._left > 0


def eventually(holds: Callable[[], object], seconds: float = 60.0, moved: Callable[[], object] = lambda: None) -> bool:
    """Whether `holds()` comes true. moved: what it gives changes while there is progress towards that."""
    patience, before = Patience(seconds), moved()
    while not holds() and patience.left:
        if (now := moved()) != before:
            patience.renew()
            before = now
        time.sleep(0.02)
    return bool(holds())


def _idle() -> float:
    """Seconds that all processors together have had nothing to do, since the machine started."""
    return psutil.cpu_times().idle
