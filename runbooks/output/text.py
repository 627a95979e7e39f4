"""Small functions that several forms of output need."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone

from inventory.names import short_host
from runbooks.run.story import printable
from tasks.faults.model import Finding, Status
from tasks.health.model import FleetHealth, SwitchHealth

WORDS = {
    Status.OK: "OK",
    Status.WARNING: "warning",
    Status.CRITICAL: "critical",
    Status.UNKNOWN: "unknown",
}
"""The statuses in the case they have within a sentence."""

NOTE = "note"
"""What stands in the place of a status before what is worth knowing and no fault."""

STYLES = {
    Status.OK: "green",
    Status.WARNING: "yellow",
    Status.CRITICAL: "bold red",
    Status.UNKNOWN: "magenta",
}
"""Their colours on a terminal."""

GRAVEST_FIRST = tuple(sorted(Status, key=lambda status: -status.weight))


def utc(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond.

    >>> utc(datetime(2026, 11, 22, 17, 31, 0, 250_000, tzinfo=timezone.utc))
    '2026-11-22T17:31:00.250Z'
    """
    text = moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def gravest_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in the order in which a person wants to read them."""
    return sorted(findings, key=lambda f: (-f.status.weight, f.check, f.subject))


def common_domain(names: Iterable[str]) -> str:
    """Return the domain that all the names share, with its dot; empty where there is none.

    >>> common_domain(["swt-1.example.internal", "swt-2.example.internal"])
    '.example.internal'
    >>> common_domain(["10.5.0.43"])
    ''
    """
    domains = {name.removeprefix(short_host(name)).removeprefix(".") for name in names}
    domain = domains.pop() if len(domains) == 1 else ""
    return f".{domain}" if domain else ""


def about(finding: Finding) -> str:
    """Return the subject of a finding and its SVI, each once."""
    parts = [finding.subject, finding.interface]
    return " on ".join(part for part in dict.fromkeys(parts) if part)


def counted(number: int, thing: str, things: str = "") -> str:
    """Return a number with its noun.

    >>> counted(1, "switch", "switches"), counted(0, "VIP")
    ('1 switch', '0 VIPs')
    """
    return f"{number} {thing if number == 1 else things or thing + 's'}"


def word_of(finding: Finding) -> str:
    """Return the status of a finding as a word; that of a note is ``note``."""
    return NOTE if finding.status is Status.OK else finding.status.value


def headline(fleet: FleetHealth) -> str:
    """Return the outcome as part of a sentence.

    ``1 of 40 switches critical, 2 warning, 1 fleet-wide finding``.
    """
    total = len(fleet.switches)
    counts = fleet.counts
    bad = [
        (counts[status], WORDS[status])
        for status in GRAVEST_FIRST
        if status is not Status.OK and counts[status]
    ]
    if not total:
        return "no switch was checked"
    if bad:
        number, word = bad[0]
        parts = [f"{number} of {counted(total, 'switch', 'switches')} {word}"]
        parts += [f"{number} {word}" for number, word in bad[1:]]
    else:
        parts = [f"{counted(total, 'switch', 'switches')} OK"]
    if fleet.findings:
        parts.append(counted(len(fleet.findings), "fleet-wide finding"))
    if fleet.notes:
        parts.append(counted(len(fleet.notes), NOTE))
    return ", ".join(parts)


def overall(fleet: FleetHealth) -> Status:
    """Return the status of the whole fleet; UNKNOWN for a check of no switch at all."""
    return fleet.status if fleet.switches else Status.UNKNOWN


def vip_counts(switches: Iterable[SwitchHealth]) -> tuple[int, int]:
    """Return the number of VIPs in the kernels, and the number of configured VIPs."""
    records = [record for switch in switches for record in switch.vips]
    return sum(record.present for record in records), len(records)


__all__ = [
    "GRAVEST_FIRST",
    "NOTE",
    "WORDS",
    "about",
    "common_domain",
    "counted",
    "gravest_first",
    "headline",
    "overall",
    "printable",
    "utc",
    "vip_counts",
    "word_of",
]
