"""Waiting: ends where nothing moves, goes on where the machine is busy or something does."""
import psutil
import pytest

from tests.support import patience
from tests.support.patience import Patience, eventually


@pytest.fixture
def machine(monkeypatch):
    """A clock that a test moves, and how many of its processors have nothing to do."""
    class Machine:
        now, idle, spare = 0.0, 0.0, 2.0

        def sleep(self, seconds):
            self.now, self.idle = self.now + seconds, self.idle + seconds * self.spare

    one = Machine()
    monkeypatch.setattr(patience.time, "monotonic", lambda: one.now)
    monkeypatch.setattr(patience.time, "sleep", one.sleep)
    monkeypatch.setattr(patience, "_idle", lambda: one.idle)
    monkeypatch.setattr(psutil, "cpu_count", lambda: 2)
    return one


@pytest.mark.parametrize("spare, least, most", [(2.0, 9.9, 10.2), (1.0, 19.9, 20.2), (0.0, 59, 61)])
def test_a_second_counts_as_far_as_the_machine_had_time(machine, spare, least, most):
    machine.spare = spare
    assert not eventually(lambda: False, seconds=10) and least < machine.now < most


def test_what_moves_renews_it(machine):
    assert not eventually(lambda: False, seconds=10, moved=lambda: int(min(machine.now, 50) / 5))
    assert 59 < machine.now < 61
    assert eventually(lambda: machine.now > 200, seconds=10, moved=lambda: int(machine.now / 5))


def test_it_ends_at_once_when_it_is_there(machine):
    assert eventually(lambda: machine.now > 3) and machine.now < 3.1
    one = Patience(1.0)
    machine.sleep(0.5)
    assert one.left
    machine.sleep(0.6)
    assert not one.left
    one.renew()
    assert one.left
