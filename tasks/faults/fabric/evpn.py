"""Faults of EVPN and VXLAN, and missing LLDP or FRR."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.names import first_few
from tasks.facts.model import LinkFact
from tasks.faults.base import Fault, Sighting
from tasks.faults.gateway_view import SwitchView
from tasks.faults.model import Status

#: The MAC of the entries by which a vxlan device floods to a VTEP.
_FLOOD = "00:00:00:00:00:00"
_NAMED = 6


def _peers(view: SwitchView) -> Iterator[Sighting]:
    rows = view.facts.evpn_peers.rows
    down = [row for row in rows if row.state != "Established"]
    if down:
        names = ", ".join(f"{row.peer} ({row.state})" for row in down)
        none_left = len(down) == len(rows)
        yield Sighting(
            "",
            f"show bgp l2vpn evpn summary: {len(down)} of {len(rows)} peers not Established: "
            f"{names}",
            "Look at the underlay to that peer, and at bgpd's log.",
            status=Status.CRITICAL if none_left else None,
        )


def _vxlans(view: SwitchView) -> Iterator[LinkFact]:
    return (link for link in view.facts.links.rows if link.kind == "vxlan")


def _vxlan_down(view: SwitchView) -> Iterator[Sighting]:
    for link in _vxlans(view):
        if not link.up:
            yield Sighting(
                link.name,
                f"ip link: {link.name} is administratively down: VMs behind other leafs are cut "
                "off from this one",
                f"ifup {link.name}",
                link.master if any(g.interface == link.master for g in view.gateways) else "",
            )


def _without_evpn(view: SwitchView) -> Iterator[Sighting]:
    facts = view.facts
    if facts.vnis.unread or facts.vrf_vnis.unread:
        return  # what FRR knows is not known
    told = {row.vni for row in facts.vnis.rows} | {row.vni for row in facts.vrf_vnis.rows}
    static = {(row.port, row.vni) for row in facts.fdb.rows if row.mac == _FLOOD and row.remote}
    for link in _vxlans(view):
        unknown = [vni for vni in view.vnis_of(link) if vni not in told]
        if facts.vnis.absent:  # VTEPs may be configured by hand, without EVPN
            many = link.external
            unknown = [vni for vni in unknown if (link.name, vni if many else None) not in static]
        if not unknown:
            continue
        why = "FRR is not running" if facts.vnis.absent else "FRR does not know its VNI"
        vnis = first_few(list(map(str, unknown)), _NAMED)
        yield Sighting(
            link.name,
            f"show evpn vni: {why}; {link.name} has VNI {vnis}",
            "Start FRR: systemctl status frr."
            if facts.vnis.absent
            else "Is advertise-all-vni configured, and the device up and in its bridge?",
        )


def _without_vxlan(view: SwitchView) -> Iterator[Sighting]:
    for row in view.facts.vnis.rows:
        link = view.links.get(row.vxlan)
        if link is not None and link.external and view.facts.vlan_tunnels.known:
            if row.vni and row.vni not in view.vnis_of(link):  # FRR before 9 says 0
                yield Sighting(
                    f"VNI {row.vni}",
                    f"show evpn vni: VNI {row.vni} has the device {row.vxlan}, and bridge vlan "
                    "tunnelshow shows no VLAN with it there",
                    f"ifup of its bridge; see bridge-vlan-vni-map of {row.vxlan}.",
                )
        elif link is None:
            yield Sighting(
                f"VNI {row.vni}",
                f"show evpn vni: VNI {row.vni} has "
                f"{'the device ' + row.vxlan if row.vxlan else 'no vxlan device'}, and ip link "
                "shows no such device",
                "ifreload -a; see whether the vxlan device is still configured.",
            )


def _no_lldpd(view: SwitchView) -> Iterator[Sighting]:
    if view.facts.lldp.absent:
        yield Sighting(
            "",
            "lldpctl: lldpd is not installed or not running, so nobody can tell which hypervisor "
            "is on which port",
            "systemctl enable --now lldpd",
        )


FAULTS = (
    Fault(
        "evpn-peer-down",
        "EVPN's BGP peers are Established",
        Status.WARNING,
        scope="switch",
        needs=("evpn_peers",),
        find_on_switch=_peers,
    ),
    Fault(
        "vxlan-down",
        "vxlan devices are up",
        Status.CRITICAL,
        scope="switch",
        needs=("links",),
        find_on_switch=_vxlan_down,
    ),
    Fault(
        "vxlan-without-evpn",
        "EVPN knows the VNI of each vxlan device",
        Status.WARNING,
        scope="switch",
        needs=("links", "fdb"),
        find_on_switch=_without_evpn,
    ),
    Fault(
        "vni-without-vxlan",
        "Each VNI of EVPN has its vxlan device",
        Status.WARNING,
        scope="switch",
        needs=("links", "vnis"),
        find_on_switch=_without_vxlan,
    ),
    Fault(
        "lldp-absent", "lldpd is running", Status.WARNING, scope="switch", find_on_switch=_no_lldpd
    ),
)
