"""What Prometheus is told: requests by operation and status, their time, and bytes."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The metrics of one gateway."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("operation", "status")
        self._requests = Counter(
            "mcos_serve_requests", "Requests that were answered.", labels, registry=self._registry
        )
        self._seconds = Histogram(
            "mcos_serve_request_seconds",
            "Time from a request's headers to the end of its reply.",
            ("operation",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._bytes = Counter(
            "mcos_serve_bytes",
            "Bytes of bodies, in from clients and out to them.",
            ("direction",),
            registry=self._registry,
        )
        self._under_way = Gauge(
            "mcos_serve_requests_under_way",
            "Requests that are being answered.",
            registry=self._registry,
        )

    def begin(self) -> None:
        """Count a request that has begun."""
        self._under_way.inc()

    def end(self, operation: str, status: int, seconds: float, *, came: int, went: int) -> None:
        """Count a request that was answered, or whose client has gone."""
        self._under_way.dec()
        self._requests.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)
        self._bytes.labels("in").inc(came)
        self._bytes.labels("out").inc(went)

    def text(self) -> bytes:
        """Return all of them, as Prometheus reads them."""
        return generate_latest(self._registry)
