"""Checks of EVPN, VXLAN, and whether LLDP and FRR are there at all."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.facts.model import LinkFact
from tasks.faults.base import Check, Seen
from tasks.faults.model import Status
from tasks.faults.view import View

#: The entry of a vxlan device under which it floods to a VTEP.
_FLOOD = "00:00:00:00:00:00"


def _peers(view: View) -> Iterator[Seen]:
    rows = view.facts.evpn_peers.rows
    down = [row for row in rows if row.state != "Established"]
    if down:
        names = ", ".join(f"{row.peer} ({row.state})" for row in down)
        none_left = len(down) == len(rows)
        yield Seen(
            "",
            f"show bgp l2vpn evpn summary: {len(down)} of {len(rows)} peers not Established: "
            f"{names}",
            "Look at the underlay to that peer, and at bgpd's log.",
            status=Status.CRITICAL if none_left else None,
        )


def _vxlans(view: View) -> Iterator[LinkFact]:
    return (link for link in view.facts.links.rows if link.kind == "vxlan")


def _vxlan_down(view: View) -> Iterator[Seen]:
    for link in _vxlans(view):
        if not link.up:
            yield Seen(
                link.name,
                f"ip link: {link.name} is administratively down: VMs behind other leafs are cut "
                "off from this one",
                f"ifup {link.name}",
                link.master if any(g.interface == link.master for g in view.gateways) else "",
            )


def _without_evpn(view: View) -> Iterator[Seen]:
    facts = view.facts
    told = {row.vni for row in facts.vnis.rows} | {row.vni for row in facts.vrf_vnis.rows}
    static = {row.port for row in facts.fdb.rows if row.mac == _FLOOD and row.remote}
    for link in _vxlans(view):
        if link.vni in told:
            continue
        if facts.vnis.absent and link.name in static:
            continue  # VTEPs are configured by hand, without EVPN
        why = "FRR is not running" if facts.vnis.absent else "FRR does not know its VNI"
        yield Seen(
            link.name,
            f"show evpn vni: {why}; {link.name} has VNI {link.vni}",
            "Start FRR: systemctl status frr."
            if facts.vnis.absent
            else "Is advertise-all-vni configured, and the device up and in its bridge?",
        )


def _without_vxlan(view: View) -> Iterator[Seen]:
    for row in view.facts.vnis.rows:
        if row.vxlan not in view.links:
            yield Seen(
                f"VNI {row.vni}",
                f"show evpn vni: VNI {row.vni} has "
                f"{'the device ' + row.vxlan if row.vxlan else 'no vxlan device'}, and ip link "
                "knows none such",
                "ifreload -a; see whether the vxlan device is still configured.",
            )


def _no_lldpd(view: View) -> Iterator[Seen]:
    if view.facts.lldp.absent:
        yield Seen(
            "",
            "lldpctl: lldpd is not installed or not running, so nobody can tell which hypervisor "
            "is on which port",
            "systemctl enable --now lldpd",
        )


CHECKS = (
    Check(
        "evpn-peer-down",
        "EVPN's BGP peers are Established",
        Status.WARNING,
        _peers,
        ("evpn_peers",),
    ),
    Check("vxlan-down", "vxlan devices are up", Status.CRITICAL, _vxlan_down, ("links",)),
    Check(
        "vxlan-without-evpn",
        "EVPN knows the VNI of each vxlan device",
        Status.WARNING,
        _without_evpn,
        ("links", "fdb"),
    ),
    Check(
        "vni-without-vxlan",
        "Each VNI of EVPN has its vxlan device",
        Status.WARNING,
        _without_vxlan,
        ("links", "vnis"),
    ),
    Check("lldp-absent", "lldpd is running", Status.WARNING, _no_lldpd),
)
