"""The VIPs of a switch as records, to be compared with those of other switches."""

from __future__ import annotations

import re

from tasks.facts.index import Vip
from tasks.facts.model import SwitchFacts
from tasks.faults.gateway_view import SwitchView
from tasks.health.model import VipRecord
from tasks.model import Gateway

_VLAN = re.compile(r"^\D+?(\d{1,4})$")


def vip_records(facts: SwitchFacts) -> tuple[VipRecord, ...]:
    """Return one record for each configured VIP."""
    return records_of(SwitchView(facts))


def records_of(view: SwitchView) -> tuple[VipRecord, ...]:
    """Return the records of the VIPs in a view."""
    return tuple(_record(view, vip) for vip in view.vips)


def _record(view: SwitchView, vip: Vip) -> VipRecord:
    facts, gateway, virtual, link, svi = view.facts, vip.gateway, vip.virtual, vip.link, vip.svi
    vni = view.vni_of(gateway.interface)
    told = next((row for row in facts.vnis.rows if row.vni == vni and row.kind == "L2"), None)
    vrf = _vrf(view, gateway) or (told.vrf if told else "default")
    l3 = next((row for row in facts.vrf_vnis.rows if row.vrf == vrf), None)
    l3vni = l3.vni if l3 else None
    if l3vni is None:
        l3vni = next((v.vni for v in facts.vnis.rows if v.kind == "L3" and v.vrf == vrf), None)
    return VipRecord(
        switch=facts.switch,
        interface=gateway.interface,
        device=virtual.device,
        vip=str(vip.ip),
        prefix_length=virtual.address.network.prefixlen,
        mac=virtual.mac,
        actual_mac=link.mac if link else "",
        vlan=svi.vlan if svi and svi.vlan is not None else _vlan(gateway.interface),
        vni=vni,
        own=tuple(map(str, gateway.own)),
        present=vip.device in vip.holders,
        vrf=vrf,
        evpn=facts.vnis.known and told is not None,
        frr=not facts.vnis.absent if not facts.vnis.unread else None,
        l3vni=l3vni,
        l3vni_vxlan=l3.vxlan if l3 else "",
        l3vni_svi=l3.svi if l3 else "",
        l3vni_up=l3 is not None and l3.state.casefold() == "up",
    )


def _vrf(view: SwitchView, gateway: Gateway) -> str:
    """Return the VRF of the SVI, from the kernel or from the stanza; empty for none."""
    link = view.links.get(gateway.interface)
    master = view.links.get(link.master) if link else None
    if master is not None and master.kind == "vrf":
        return master.name
    return next(iter(gateway.values("vrf")), "")


def _vlan(interface: str) -> int | None:
    """Return the VLAN in the name of an SVI (``vlan453``, ``bridge.453``); None where none is."""
    found = _VLAN.match(interface)
    return int(found[1]) if found else None
