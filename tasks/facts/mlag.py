"""Reads the MLAG (clag), and the Ethernet segments of EVPN, of a switch's configuration."""

from __future__ import annotations

from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.patterns import normal_mac
from tasks.facts.fabric import MlagFact

_WORD = "clag"
#: What names the Ethernet segment of a bond (EVPN multihoming), in this order.
_SEGMENT = ("es-sys-mac", "es-id")


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


def segments_of(configuration: Configuration) -> tuple[tuple[str, str], ...]:
    """Return each bond with an Ethernet segment, and what the stanza says of that.

    The switches that share a segment say the same, whatever the bond's name. Where only FRR is
    told of it (``evpn mh es-id``), it is not known.
    """
    if not any(
        _SEGMENT[0] in file.text or _SEGMENT[1] in file.text for file in configuration.files
    ):
        return ()
    found: dict[str, dict[str, str]] = {}
    for at in configuration.stanzas():
        if at.stanza.keyword != "iface" or at.file.is_template:
            continue
        for line in at.stanza.attributes:
            name = line.name.replace("_", "-")
            if name in _SEGMENT and line.value.strip():
                found.setdefault(at.stanza.name, {})[name] = line.value.strip().lower()
    return tuple(
        (bond, " ".join(said[name] for name in _SEGMENT if name in said))
        for bond, said in found.items()
    )
