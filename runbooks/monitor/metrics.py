"""The metrics endpoint of ``vip watch``, with the latest round of checks."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from nornir_config.fleet_settings import listen_address
from runbooks.output.prometheus import collector
from runbooks.run.errors import UsageError
from runbooks.run.records import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.health.model import FleetHealth


class LatestRound(Collector):
    """The latest round, for Prometheus.

    Replaced as a whole, so a scrape never sees half a round.
    """

    def __init__(self) -> None:
        self.health: FleetHealth | None = None
        self.rounds = self.connections = 0

    def collect(self) -> Iterator[Metric]:
        """Return the metrics about ``vip watch`` itself."""
        yield GaugeMetricFamily("vipkeeper_watch_rounds", "Rounds of checks so far.", self.rounds)
        yield GaugeMetricFamily(
            "vipkeeper_watch_connections", "Connections that are kept.", self.connections
        )
        if self.health is not None:
            age = max(0.0, now().timestamp() - self.health.at.timestamp())
            yield GaugeMetricFamily(
                "vipkeeper_check_age_seconds", "How long ago the latest check began.", age
            )


@contextmanager
def served(latest: LatestRound, listen: str) -> Iterator[str]:
    """Serve Prometheus's endpoint for the length of a ``with`` block; yield its address.

    Raises:
        UsageError: it is not possible to listen there.
    """
    try:
        host, port = listen_address(listen)
    except ValueError as error:
        raise UsageError(f"--listen {listen!r}: {error}") from None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector(lambda: latest.health))
    registry.register(latest)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise UsageError(
            f"cannot listen at {listen}: {error.strerror or error}",
            "Another vip watch may be running there; name another address with --listen.",
        ) from None
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
