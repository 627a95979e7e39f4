"""Faults of EVPN and VXLAN, and missing LLDP or FRR."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.names import first_few
from tasks.facts.model import LinkFact
from tasks.faults.base import Fault, Sighting
from tasks.faults.gateway_view import SwitchView
from tasks.faults.model import Status

#: The MAC of the entries by which a vxlan device floods to a VTEP.
FLOOD = "00:00:00:00:00:00"
_NAMED = 6
#: The state of a BGP session that stands.
_WELL = "Established"


def _peers(view: SwitchView) -> Iterator[Sighting]:
    rows = view.facts.evpn_peers.rows
    # A leaf that tells its VNIs sends at least where it floods to, once the family is agreed on.
    mute = bool(view.facts.vnis.rows) and _advertises(view) is True
    down = {row.peer: row.state for row in rows if row.state != _WELL}
    apart = {r.peer: f"{r.state}, no route sent or received" for r in rows if r.state == _WELL
             and mute and r.exchanges is False}  # fmt: skip
    for peers, what, remedy in (
        (down, "not Established", "Look at the underlay to that peer, and at bgpd's log."),
        (
            apart,
            "Established without EVPN routes",
            "Is the address family l2vpn evpn activated for this peer at its own end, too?",
        ),
    ):
        if peers:
            names = ", ".join(f"{peer} ({said})" for peer, said in peers.items())
            yield Sighting(
                "",
                f"show bgp l2vpn evpn summary: {len(peers)} of {len(rows)} peers {what}: {names}",
                remedy,
                status=Status.CRITICAL if len(down) + len(apart) == len(rows) else None,
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


def _not_advertised(view: SwitchView) -> Iterator[Sighting]:
    """Yield that BGP tells no VNI to others, unless the VTEPs are configured by hand."""
    if _advertises(view) is not False or not view.facts.evpn_peers.rows:
        return
    static = _static(view)
    names = [link.name for link in _vxlans(view) if link.name not in static]
    if names:
        yield Sighting(
            "",
            f"show bgp l2vpn evpn vni: advertise-all-vni is off, and there is "
            f"{first_few(names, _NAMED)}: no other leaf learns of the VMs here, nor this one of "
            "others",
            "vtysh: 'router bgp N', 'address-family l2vpn evpn', 'advertise-all-vni'. Is it in "
            "/etc/frr/frr.conf?",
        )


def _advertises(view: SwitchView) -> bool | None:
    """Return whether BGP tells VNIs to others; None where that is not known."""
    return next((row.advertises for row in view.facts.evpn_instance.rows), None)


def _static(view: SwitchView) -> set[str]:
    """Return the vxlan devices that flood to VTEPs.

    FRR's own entries look like those of a person, and go with advertise-all-vni.
    """
    return {row.port for row in view.facts.fdb.rows if row.mac == FLOOD and row.remote}


def _told(view: SwitchView) -> set[int]:
    """Return the VNIs that FRR knows.

    An L3VNI may be known from FRR's own configuration alone; then it names no device.
    """
    routed = {row.vni for row in view.facts.vrf_vnis.rows if row.vxlan}
    return routed | {row.vni for row in view.facts.vnis.rows if row.vxlan}


def _without_evpn(view: SwitchView) -> Iterator[Sighting]:
    facts = view.facts
    if facts.vnis.unread or facts.vrf_vnis.unread:
        return  # what FRR knows is not known
    if next(_not_advertised(view), None):
        return  # that is why
    told = _told(view)
    static = {(row.port, row.vni) for row in facts.fdb.rows if row.mac == FLOOD and row.remote}
    for link in _vxlans(view):
        unknown = [vni for vni in view.vnis_of(link) if vni not in told]
        if facts.vnis.absent or _advertises(view) is False:
            # VTEPs may be configured by hand, without EVPN.
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
    # What FRR does not read of a single VXLAN device is told by the other check.
    single = {vni for link in _vxlans(view) if link.external for vni in view.vnis_of(link)}
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
        elif link is None and not (row.vxlan == "" and row.vni in single):
            yield Sighting(
                f"VNI {row.vni}",
                f"show evpn vni: VNI {row.vni} has "
                f"{'the device ' + row.vxlan if row.vxlan else 'no vxlan device'}, and ip link "
                "shows no such device",
                "ifreload -a; see whether the vxlan device is still configured.",
            )


def _learning(view: SwitchView) -> Iterator[Sighting]:
    told = _told(view)
    for link in _vxlans(view):
        vnis = [str(vni) for vni in view.vnis_of(link) if vni in told]
        if link.learning and vnis:
            yield Sighting(
                link.name,
                f"ip -d link: {link.name} learns MACs from frames of other leafs, which EVPN tells "
                f"(VNI {first_few(vnis, _NAMED)}): a VM that has moved can be looked for where it "
                "was",
                f"bridge link set dev {link.name} learning off, and 'bridge-learning off' in its "
                "stanza.",
            )


def _duplicate(view: SwitchView) -> Iterator[Sighting]:
    for row in view.facts.evpn_macs.rows:
        if row.duplicate:
            yield Sighting(
                str(row.address or row.mac),
                f"show evpn arp-cache: FRR calls {row.address or row.mac} ({row.mac}, VNI "
                f"{row.vni}) a duplicate: it has moved between leafs too often",
                "Look for a second machine with that address, or a loop. Then vtysh: 'clear evpn "
                f"dup-addr vni {row.vni}'.",
            )


def _l3vni(view: SwitchView) -> Iterator[Sighting]:
    for row in view.facts.vrf_vnis.rows:
        lacks = [
            word
            for word, there in (("vxlan device", row.vxlan), ("SVI that is up in the VRF", row.svi))
            if not there
        ]
        if lacks or not row.up:
            why = f"it has no {' and no '.join(lacks)}" if lacks else "its devices are there"
            yield Sighting(
                f"VNI {row.vni}",
                f"show vrf vni: L3VNI {row.vni} of VRF {row.vrf} is {row.state or 'not up'}: {why}",
                f"ifup the vxlan device and the SVI of VNI {row.vni}; the SVI has to be in VRF "
                f"{row.vrf}. Until then nothing is routed by it.",
            )


def _router_macs(view: SwitchView) -> Iterator[Sighting]:
    """Yield a VTEP that has several router MACs: others may send for one VRF to another's."""
    macs: dict[str, dict[str, str]] = {}
    for row in view.facts.vrf_vnis.rows:
        device = view.links.get(row.vxlan)
        if row.router_mac and row.up and device is not None and device.local:
            macs.setdefault(device.local, {}).setdefault(row.router_mac, row.vrf)
    for vtep, by_mac in macs.items():
        if len(by_mac) > 1:
            several = ", ".join(f"{mac} (VRF {vrf})" for mac, vrf in by_mac.items())
            yield Sighting(
                vtep,
                f"show vrf vni: the VTEP {vtep} has several router MACs: {several}",
                "Give the SVIs of all L3VNIs one MAC: FRR keeps one for each VTEP, and packets for "
                "the other VRFs can be lost in silence.",
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
        "advertise-all-vni-off",
        "BGP advertises the VNIs",
        Status.CRITICAL,
        scope="switch",
        needs=("links", "fdb", "evpn_instance", "evpn_peers"),
        find_on_switch=_not_advertised,
    ),
    Fault(
        "vxlan-learning-on",
        "vxlan devices leave learning to EVPN",
        Status.WARNING,
        scope="switch",
        needs=("links", "vnis"),
        find_on_switch=_learning,
    ),
    Fault(
        "evpn-duplicate",
        "EVPN calls no address a duplicate",
        Status.WARNING,
        scope="switch",
        needs=("evpn_macs",),
        find_on_switch=_duplicate,
    ),
    Fault(
        "l3vni-down",
        "L3VNIs are up",
        Status.WARNING,
        scope="switch",
        needs=("vrf_vnis",),
        find_on_switch=_l3vni,
    ),
    Fault(
        "router-mac-differs",
        "A VTEP has one router MAC",
        Status.WARNING,
        scope="switch",
        needs=("links", "vrf_vnis"),
        find_on_switch=_router_macs,
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
