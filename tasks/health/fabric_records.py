"""What of a switch's facts is kept for comparing it with other switches."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator

from tasks.addresses import is_link_local
from tasks.facts.model import LinkFact
from tasks.faults.fabric.evpn import FLOOD
from tasks.faults.gateway_view import HOLES, SwitchView
from tasks.health.fabric_model import (
    FabricRecord,
    HeldAddress,
    Host,
    LinkEnd,
    VniRecord,
    VrfRecord,
)
from tasks.model import DEFAULT_VRF

#: Devices whose addresses a person gives to this switch alone: ports, bonds, lo, subinterfaces.
_OWN_KINDS = frozenset({"", "bond", "dummy", "veth", "vlan"})


def fabric_of(view: SwitchView) -> FabricRecord:
    """Return the record of a switch."""
    facts = view.facts
    return FabricRecord(
        vnis=tuple(_vnis(view)),
        l3vnis=facts.vrf_vnis.rows,
        vrfs=tuple(_vrfs(view)),
        addresses=tuple(_addresses(view)),
        hosts=tuple(_hosts(view)),
        ends=tuple(_ends(view)),
        mlag=facts.mlag,
        mlag_known=not facts.gateways_unread,
        multihomed=frozenset(
            (row.vni, str(row.address)) for row in facts.evpn_macs.rows if row.segment
        ),
        peers=len(facts.evpn_peers.rows) if facts.evpn_peers.known else None,
    )


def _vnis(view: SwitchView) -> Iterator[VniRecord]:
    facts = view.facts
    kinds = {row.vni: row.kind for row in facts.vnis.rows}
    kinds |= {row.vni: "L3" for row in facts.vrf_vnis.rows}
    instance = next(iter(facts.evpn_instance.rows), None)
    # Where FRR's answer is missing, a VNI may be an L3VNI, to which nothing is flooded.
    told = not (facts.vnis.unread or facts.vrf_vnis.unread)
    replicated = facts.fdb.known and told and (instance is None or instance.floods)
    remotes: dict[tuple[str, int | None], set[str]] = defaultdict(set)
    for row in facts.fdb.rows:
        if row.mac == FLOOD and row.remote:
            remotes[row.port, row.vni].add(sys.intern(row.remote))
    lists: dict[frozenset[str], frozenset[str]] = {}  # most VNIs have the same: it is kept once
    vlans = _vlans(view)
    for link in facts.links.rows:
        if link.kind != "vxlan" or not link.up:
            continue
        for vni in view.vnis_of(link):
            floods = frozenset(remotes[link.name, vni if link.external else None])
            yield VniRecord(
                vni=vni,
                kind=kinds.get(vni, ""),
                vxlan=link.name,
                vlan=vlans.get((link.name, vni)),
                vtep=link.local,
                floods=lists.setdefault(floods, floods) if replicated and not link.group else None,
            )


def _vlans(view: SwitchView) -> dict[tuple[str, int], int]:
    """Return the VLAN of each device's VNI on a VLAN-aware bridge."""
    facts = view.facts
    found: dict[tuple[str, int], int] = {}
    for (port, vlan), vni in view.vni_on.items():
        found[port, vni] = vlan
    for vlans in facts.bridge_vlans.rows:
        link = view.links.get(vlans.port)
        if vlans.pvid and link is not None and link.vni is not None:
            found[link.name, link.vni] = vlans.first
    return found


def _vrfs(view: SwitchView) -> Iterator[VrfRecord]:
    facts = view.facts
    told = {row.vrf for row in facts.bgp_vrfs.rows}
    names = (gateway.interface for gateway in view.gateways)
    svis = [view.links[name] for name in names if name in view.links]
    for link in facts.links.rows:
        if link.kind != "vrf":
            continue
        tables = {link.name, str(link.table)}
        leads = any(
            row.table in tables
            and row.destination.prefixlen == 0
            and row.kind not in HOLES
            and row.kind != "throw"
            for row in facts.routes.rows
        )
        yield VrfRecord(
            link.name,
            bgp=link.name in told if facts.bgp_vrfs.known else None,
            default=leads if facts.routes.known else None,
            mtu=max((m.mtu for m in svis if m.master == link.name), default=0),
        )


def _addresses(view: SwitchView) -> Iterator[HeldAddress]:
    """Yield the addresses that should be nobody else's.

    SVIs have checks of their own, and those of racks that are not stretched may repeat addresses;
    so may bridges and VRFs. The two of an MLAG pair share their VTEP, and every pair may have the
    same addresses on its peerlink.
    """
    mlag = view.facts.mlag
    shared, peerlink = (mlag.anycast, mlag.peerlink) if mlag is not None else ("", "")
    svis = {name for gateway in view.gateways for name in gateway.devices}
    for row in view.facts.addresses.rows:
        link, ip = view.links.get(row.device), row.address.ip
        if link is None or row.device in svis or not _is_own(view, link):
            continue
        if ip.is_loopback or is_link_local(ip) or str(ip) == shared:
            continue
        if peerlink and peerlink in {link.name, link.parent}:
            continue
        yield HeldAddress(view.vrf_name(row.device) or DEFAULT_VRF, str(ip), row.device)


def _is_own(view: SwitchView, link: LinkFact) -> bool:
    if link.kind not in _OWN_KINDS or not link.up:
        return False
    parent = view.links.get(link.parent)
    return link.kind != "vlan" or (parent is not None and parent.kind != "bridge")


def _hosts(view: SwitchView) -> Iterator[Host]:
    own = view.holders
    bonds = dict(view.facts.segments)
    shared = {row.mac: bonds[row.port] for row in view.facts.fdb.rows if row.port in bonds}
    for row in view.facts.evpn_macs.rows:
        address = row.address
        if address is None or row.remote or not row.mac:
            continue
        if not is_link_local(address) and address not in own:
            yield Host(row.vni, str(address), row.mac, shared.get(row.mac, ""))


def _ends(view: SwitchView) -> Iterator[LinkEnd]:
    mlag = view.facts.mlag
    for row in view.facts.lldp.rows:
        link = view.links.get(row.port)
        if link is not None and row.name and row.far_port:
            peering = mlag is not None and mlag.peerlink in {link.name, link.master}
            yield LinkEnd(row.port, row.name, row.far_port, link.mtu, _passing(view, link), peering)


def _passing(view: SwitchView, link: LinkFact) -> frozenset[int] | None:
    """Return the VLANs that pass a port, or its bond; None where it is on no VLAN-aware bridge."""
    port = view.bond_of(link.name) or link.name
    rows = [row for row in view.facts.bridge_vlans.rows if row.port == port]
    if not rows:
        return None
    return frozenset(vlan for row in rows for vlan in range(row.first, row.last + 1))
