"""Fifty clients at once: every clip is answered, once, with its own scores; who is refused is told when to return."""
from perf.serve import QUEUE, measured


def test_fifty_clients_lose_nothing():
    found = measured(50, 2.0)
    assert found["lost"] == found["wrong"] == found["other"] == 0 and found["answered"] == found["sent"] >= 50
    assert found["judged"] == found["answered"]         # none twice, though many asked again
    assert found["429"] > 0 and max(found["batches"]) <= 8 < QUEUE
