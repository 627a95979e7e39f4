"""What only the switch can tell about a candidate: the attributes and the devices it has."""

from __future__ import annotations

from dataclasses import dataclass

from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.dependencies import all_lower_devices
from napalm_cumulus.ssh.transport import Transport

_ASK = (
    "ifquery --syntax-help 2>/dev/null </dev/null | "
    """awk '/^  [^ ]/ { print "attribute", $1 }'; """
    'for d in /sys/class/net/*; do echo "device ${d##*/}"; done'
)


@dataclass(frozen=True)
class SwitchKnowledge:
    """What the switch itself knows.

    Attributes:
        attributes: the names in ``ifquery --syntax-help``; None where it was not asked, or its
            release does not print them.
        devices: the network devices of its kernel; None where it was not asked.
    """

    attributes: frozenset[str] | None = None
    devices: frozenset[str] | None = None


UNASKED = SwitchKnowledge()


def ask(transport: Transport) -> SwitchKnowledge:
    """Ask the switch, in one round trip."""
    answer = transport.run(_ASK)
    found: dict[str, set[str]] = {"attribute": set(), "device": set()}
    for line in answer.stdout.decode("utf-8", "replace").splitlines():
        kind, _, name = line.partition(" ")
        if kind in found and name and "*" not in name:
            found[kind].add(name)
    return SwitchKnowledge(
        attributes=frozenset(found["attribute"]) or None,
        devices=frozenset(found["device"]) or None,
    )


def devices_without_stanza(configuration: Configuration) -> set[str]:
    """Return the devices below interfaces that the files do not make themselves."""
    names = configuration.counted.keys()
    return {
        lower.name
        for lower in all_lower_devices(configuration)
        if lower.name not in names and not lower.at.file.is_template
    }
