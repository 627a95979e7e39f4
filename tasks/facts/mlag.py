"""Reads the MLAG (clag) of a switch's configuration."""

from __future__ import annotations

from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.patterns import normal_mac
from tasks.facts.fabric import MlagFact

_WORD = "clag"


def mlag_of(configuration: Configuration) -> MlagFact | None:
    """Return the MLAG that a configuration describes; None where it describes none.

    The peerlink's subinterface (``peerlink.4094``) has the attributes of the pair, ``lo`` the
    common VTEP, and each bond its ``clag-id``.
    """
    if not any(_WORD in file.text for file in configuration.files):
        return None
    said: dict[str, str] = {}
    bonds: list[tuple[str, int]] = []
    for at in configuration.stanzas():
        if at.stanza.keyword != "iface" or at.file.is_template:
            continue
        for line in at.stanza.attributes:
            name, value = line.name.replace("_", "-"), line.value.strip()
            if name == "clag-id" and value.isdigit() and int(value):
                bonds.append((at.stanza.name, int(value)))
            elif name.startswith("clagd-") and value:
                said[name] = value
                if name in {"clagd-peer-ip", "clagd-sys-mac"}:
                    said["peerlink"] = at.stanza.name.partition(".")[0]
    if "peerlink" not in said:
        return None
    return MlagFact(
        peerlink=said["peerlink"],
        sys_mac=normal_mac(said.get("clagd-sys-mac", "")),
        anycast=said.get("clagd-vxlan-anycast-ip", "").partition("/")[0],
        backup=next(iter(said.get("clagd-backup-ip", "").split()), ""),
        bonds=tuple(bonds),
    )
