"""A check of the fleet as Prometheus metrics, for a textfile or an endpoint.

Names and units follow https://prometheus.io/docs/practices/naming/. No metric has evidence or names
of VMs in its labels. The series are switches, their VIPs, and checks: the same ones in every run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from runbooks.output.forms import Form
from runbooks.output.text import overall, printable
from tasks.faults.model import Status
from tasks.health.model import FleetHealth

Latest = Callable[[], "FleetHealth | None"]


def to_prometheus(fleet: FleetHealth) -> str:
    """Return the metrics in the text format, as node_exporter's textfile collector reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector(fleet))
    return generate_latest(registry).decode("utf-8")


def collector(fleet: FleetHealth | Latest) -> FleetCollector:
    """Return a collector that a ``CollectorRegistry`` can register.

    Args:
        fleet: a check, or a function that returns the latest one each time Prometheus asks; it
            returns None while there is no check yet.
    """
    return FleetCollector(fleet if callable(fleet) else lambda: fleet)


class FleetCollector(Collector):
    """Turns the latest check into metrics, each time it is asked."""

    def __init__(self, latest: Latest) -> None:
        self._latest = latest

    def describe(self) -> list[Metric]:
        """Return no metric, so that registering does not need a first check."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of the latest check; none while there has been no check."""
        fleet = self._latest()
        if fleet is None:
            return
        yield _one("check_timestamp_seconds", "When the latest check began.", fleet.at.timestamp())
        yield _one("check_duration_seconds", "How long the latest check took.", fleet.seconds)
        yield from _fleet(fleet)
        yield from _switches(fleet)
        yield _vips(fleet)


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"vipkeeper_{name}", text, value=value)


def _family(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"vipkeeper_{name}", text, labels=labels)


def _fleet(fleet: FleetHealth) -> Iterator[Metric]:
    whole = _family("fleet_status", "1 for the status of the fleet, 0 for others.", "status")
    switches = _family("switches", "Number of switches by status.", "status")
    for status, number in fleet.counts.items():
        whole.add_metric([_word(status)], float(overall(fleet) is status))
        switches.add_metric([_word(status)], number)
    yield whole
    yield switches
    findings = _family("findings", "Number of findings by check and status.", "check", "status")
    numbers = Counter((printable(f.check), f.status) for f in fleet.all_findings)
    for (check, status), number in sorted(numbers.items()):
        findings.add_metric([check, _word(status)], number)
    yield findings
    notes = _family("notes", "Number of notes (no faults) by check.", "check")
    for check, number in sorted(Counter(printable(note.check) for note in fleet.notes).items()):
        notes.add_metric([check], number)
    yield notes


def _switches(fleet: FleetHealth) -> Iterator[Metric]:
    status_of = _family(
        "switch_status", "1 for the status of the switch, 0 for others.", "switch", "rack", "status"
    )
    findings = _family(
        "switch_findings", "Number of the switch's findings by status.", "switch", "status"
    )
    checks = _family("switch_checks", "Number of checks judged; 0 if it was not read.", "switch")
    seconds = _family("switch_check_duration_seconds", "Time to collect its facts.", "switch")
    for health, status in product(fleet.switches, Status):
        name, rack = printable(health.switch), printable(health.rack)
        status_of.add_metric([name, rack, _word(status)], float(health.status is status))
        if status is not Status.OK:
            number = sum(finding.status is status for finding in health.findings)
            findings.add_metric([name, _word(status)], number)
    for health in fleet.switches:
        checks.add_metric([printable(health.switch)], health.checked)
        seconds.add_metric([printable(health.switch)], health.seconds)
    return iter((status_of, findings, checks, seconds))


def _vips(fleet: FleetHealth) -> Metric:
    """Return one series for each VIP; a VIP configured twice on one SVI is present if either is."""
    present: dict[tuple[str, str, str], bool] = {}
    for record in (record for health in fleet.switches for record in health.vips):
        key = (printable(record.switch), printable(record.interface), printable(record.vip))
        present[key] = present.get(key, False) or record.present
    family = _family(
        "vip_present", "1 where the kernel holds the VIP, else 0.", "switch", "interface", "vip"
    )
    for labels, there in present.items():
        family.add_metric(labels, float(there))
    return family


def _word(status: Status) -> str:
    return status.value.lower()


FORM = Form(lambda checked: to_prometheus(checked.fleet))
