"""What Prometheus is told at /metrics. https://prometheus.io/docs/instrumenting/exposition_formats"""
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from vs2 import __version__
from vs2.errors import BadInput, Failure, Problem
from vs2.serve.answers import Found, why
from vs2.serve.line import Line

TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """Counts, of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.clips = Counter("vs2_clips", "Clips by what came of them", ["outcome"], registry=self.registry)
        for outcome in ("scored", "missing", "refused", "failed"):
            self.clips.labels(outcome)
        self.requests = Counter("vs2_requests", "Answers by path and status", ["path", "status"],
                                registry=self.registry)
        self.sizes = Histogram("vs2_batch_clips", "Clips judged in one batch", buckets=(1, 2, 4, 8, 16, 32, 64),
                               registry=self.registry)
        self.seconds = Histogram("vs2_batch_seconds", "Seconds that a batch took", buckets=_SECONDS,
                                 registry=self.registry)
        self.waiting = Gauge("vs2_waiting_clips", "Clips in the line, those being judged among them",
                             registry=self.registry)
        self.most = Gauge("vs2_waiting_clips_most", "Clips that the line takes", registry=self.registry)
        self.judge = Info("vs2_judge", "The judge", registry=self.registry)

    def of(self, line: Line) -> None:
        """The line and the judge that are told of."""
        self.waiting.set_function(lambda: line.waiting)
        self.most.set(line.most)
        self.judge.info({"model": line.judge.name, "precision": line.judge.precision, "version": __version__})

    def batch(self, count: int, seconds: float) -> None:
        """A batch was judged."""
        self.sizes.observe(count)
        self.seconds.observe(seconds)

    def answered(self, found: Iterable[Found]) -> None:
        """Clips were answered."""
        for one in found:
            outcome = "failed" if isinstance(one, Failure) else "refused" if isinstance(one, BadInput | Problem) \
                else "missing" if why(one) else "scored"
            self.clips.labels(outcome).inc()

    def text(self) -> bytes:
        """In the exposition format."""
        return generate_latest(self.registry)
