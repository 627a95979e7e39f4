"""Faults of the VLANs of VLAN-aware bridges: missing on the bridge, a port, or a VXLAN device.

A VLAN-aware bridge drops frames of a VLAN that is not in the list of a port, or in its own. The
lists are those that ifupdown2 makes of the configuration; nothing but ``bridge vlan`` shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tasks.faults.base import Fault, Layer, Sighting
from tasks.faults.model import Status
from tasks.ladder import ANY_CURE, Cure

if TYPE_CHECKING:
    from tasks.facts.bridging import ConfiguredPort
    from tasks.faults.gateway_view import GatewayView


def _svis(view: GatewayView) -> Iterator[tuple[str, int]]:
    """Yield the SVI and its VLAN, and those of its VRF's L3VNI, on the same bridge."""
    routed = [row.svi for row in view.facts.vrf_vnis.rows if row.vrf == view.vrf and view.vrf]
    for name in dict.fromkeys((view.svi, *routed)):
        bridge, vlan = view.switch.bridge_of(name)
        if vlan is not None and bridge == view.bridge and name in view.links:
            yield name, vlan


def _off_bridge(view: GatewayView) -> Iterator[Sighting]:
    for svi, vlan in _svis(view):
        if view.switch.passes(view.bridge, view.bridge, vlan) is False:
            yield Sighting(
                svi,
                f"bridge vlan: {view.bridge} itself lacks VLAN {vlan}: {svi} receives nothing, and "
                "what it sends reaches nobody",
                f"ifup {svi}.",
                view.svi,
                device=svi,
                about=vlan,
            )


def _off_bridge_sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
    vlans = ", ".join(f"VLAN {each.about} of {each.subject}" for each in seen)
    return (
        f"{vlans} is missing on {view.bridge} itself: the switch and whoever is behind it cannot "
        "reach each other"
    )


def _meant(view: GatewayView, *, tunnels: bool) -> Iterator[tuple[ConfiguredPort, int]]:
    """Yield the judged ports that are to carry the SVI's VLAN, and are in its bridge.

    If endpoints are silent, the ports of other hypervisors are left out.
    """
    for port in view.switch.meant_ports(view.svi):
        link = view.links.get(port.name)
        if link is None or link.master != view.bridge or not port.judged or view.vlan is None:
            continue
        if view.is_tunnel(port.name) != tunnels:
            continue
        if tunnels or not view.silent or not view.members or port.name in view.members:
            yield port, view.vlan


def _off_port(view: GatewayView) -> Iterator[Sighting]:
    for port, vlan in _meant(view, tunnels=False):
        if view.passes(port.name) is False:
            yield Sighting(
                port.name,
                f"bridge vlan: {port.name} lacks VLAN {vlan} of {view.svi}, which the "
                "configuration gives it",
                f"ifup {port.name}.",
                view.svi,
                device=port.name,
                certain=not view.silent or bool(view.members),
                about=vlan,
            )


def _off_port_sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
    ports = ", ".join(each.subject for each in seen)
    return (
        f"{ports} does not let VLAN {view.vlan} through, which the configuration gives it: "
        f"{_behind(view, seen)} is cut off from {view.svi}"
    )


def _behind(view: GatewayView, seen: Sequence[Sighting]) -> str:
    ports = {each.subject for each in seen}
    names = (name for port, name in view.plugged.items() if view.bridge_port(port) in ports)
    return ", ".join(dict.fromkeys(filter(None, names))) or "whoever is behind it"


def _not_given(view: GatewayView) -> Iterator[Sighting]:
    """Find hypervisors of VMs of the SVI whose port has its VLAN neither now nor as configured."""
    hosts = dict(view.plugged) if view.silent else _hosts_of_vms(view)
    for port, name in hosts.items():
        member = view.bridge_port(port)
        if any(view.passes(view.bridge_port(each)) for each in view.switch.lldp_ports(name)):
            continue  # one for storage, another one for VMs
        meant = view.switch.facts.bridging.ports.get(member)
        link = view.links.get(member)
        if view.vlan is None or meant is None or not meant.judged or meant.carries(view.vlan):
            continue
        if link is not None and link.master == view.bridge and view.passes(member) is False:
            yield Sighting(
                member,
                f"bridge vlan: {member} lacks VLAN {view.vlan} of {view.svi}, and the "
                f"configuration does not give it to {member}; {name or 'a hypervisor'} is plugged "
                "in there",
                f"Add {view.vlan} to the VLANs of {member} (bridge-vids), if {name or 'it'} is to "
                "have VMs there; or is another of its ports meant?",
                view.svi,
                device=member,
            )


def _hosts_of_vms(view: GatewayView) -> dict[str, str]:
    """Return the hypervisors, by port, of the VMs in the gateway's networks.

    Where another gateway has the network, too, it is not known whose VMs they are.
    """
    near = {vm.hypervisor for vm in view.switch.vms_of.get(view.svi, ())}
    return {port: name for port, name in view.plugged.items() if name in near}


def _not_given_sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
    ports = ", ".join(each.subject for each in seen)
    return (
        f"the configuration does not give {ports} VLAN {view.vlan}: {_behind(view, seen)} has no "
        f"way to {view.svi}"
    )


def _pvid(view: GatewayView) -> Iterator[Sighting]:
    for port, vlan in _meant(view, tunnels=False):
        wrong = _without_tag(view, port, vlan)
        if wrong:
            yield Sighting(
                port.name,
                f"bridge vlan: {port.name} {wrong}",
                f"ifup {port.name}.",
                view.svi,
                device=port.name,
                certain=not view.silent or bool(view.members),
            )


def _without_tag(view: GatewayView, port: ConfiguredPort, vlan: int) -> str:
    """Return how a port takes frames without a tag otherwise than configured; empty if right.

    Only what concerns the VLAN is told: another gateway's view tells the rest.
    """
    there = view.switch.vlan_on(port.name, vlan)
    if there is None or not view.switch.filters(view.bridge):
        return ""
    if port.pvid == vlan and not there.pvid:
        now = view.switch.pvid_on(port.name)
        what = f"takes frames without a tag for VLAN {now}" if now else "drops frames without a tag"
        return f"{what}, configured is VLAN {vlan} of {view.svi}"
    if port.pvid == vlan and not there.untagged:
        return f"sends frames of VLAN {vlan} with a tag, configured is without one"
    if port.pvid != vlan and (there.pvid or there.untagged):
        meant = f"VLAN {port.pvid}" if port.pvid else "none"
        what = "takes frames without a tag for" if there.pvid else "sends without a tag those of"
        return f"{what} VLAN {vlan} of {view.svi}, configured is {meant}"
    return ""


def _pvid_sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
    told = "; ".join(each.evidence.removeprefix("bridge vlan: ") for each in seen)
    return f"{told}: {_behind(view, seen)} is cut off from {view.svi}"


def _off_vxlan(view: GatewayView) -> Iterator[Sighting]:
    for port, vlan in _meant(view, tunnels=True):
        if view.links[port.name].external and vlan not in port.vnis:
            continue  # without a VNI it goes nowhere, and ifupdown2 may leave it out
        what = ""
        if view.passes(port.name) is False:
            what = f"lacks VLAN {vlan} of {view.svi}, which the configuration gives it"
        elif not view.links[port.name].external:
            what = _without_tag(view, port, vlan)
        if what:
            yield Sighting(
                port.name,
                f"bridge vlan: {port.name} {what}: VMs behind other leafs are cut off",
                f"ifup {port.name}.",
                view.svi,
                device=port.name,
                latent=bool(view.silent),
            )


def _off_vxlan_sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
    ports = ", ".join(each.subject for each in seen)
    return (
        f"VLAN {view.vlan} of {view.svi} does not pass {ports} as configured: VMs behind other "
        "leafs are cut off from this one"
    )


def _unmapped(view: GatewayView) -> Iterator[Sighting]:
    """Find single VXLAN devices that do not give the SVI's VLAN its VNI."""
    for port, vlan in _meant(view, tunnels=True):
        meant, now = port.vnis.get(vlan), view.switch.mapped_vni(port.name, vlan)
        if view.links[port.name].external and meant is not None and now != meant:
            has = f"has VNI {now}" if now is not None else "has no VNI"
            yield Sighting(
                port.name,
                f"bridge vlan tunnelshow: VLAN {vlan} of {view.svi} {has} on {port.name}, "
                f"configured is {meant}: VMs behind other leafs are cut off from this one",
                f"ifup {port.name}.",
                view.svi,
                device=port.name,
                latent=bool(view.silent),
                about=(now, meant),
            )


def _unmapped_sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
    told = ", ".join(
        f"{each.subject} has {f'VNI {now}' if now else 'no VNI'} in the place of {meant}"
        for each in seen
        for now, meant in (each.about,)
    )
    return f"{told} for VLAN {view.vlan} of {view.svi}: VMs behind other leafs are cut off"


def disturbed(view: GatewayView) -> bool:
    """Return whether a VLAN is missing here, so that hosts may not have been heard lately."""
    finds = (_off_bridge, _off_port, _pvid, _off_vxlan, _unmapped)
    return any(True for find in finds for _ in find(view))


_VLANS = ("links", "bridge_vlans")
_IFUP = "'ifup' gives it the VLANs of the configuration again"

FAULTS = (
    Fault(
        "vlan-not-on-bridge",
        "VLAN-aware bridges receive the VLANs of their SVIs",
        Status.CRITICAL,
        needs=_VLANS,
        find=_off_bridge,
        cure=Cure.REAPPLY,
        sentence=_off_bridge_sentence,
        remedy="'ifup' of the SVI gives its bridge the VLAN again",
        silences_arp=True,
    ),
    Fault(
        "vlan-not-on-port",
        "Bridge ports have the VLANs that the configuration gives them",
        Status.CRITICAL,
        needs=_VLANS,
        find=_off_port,
        cure=Cure.REAPPLY,
        sentence=_off_port_sentence,
        remedy=_IFUP,
        layer=Layer.PORT,
        silences_arp=True,
    ),
    Fault(
        "pvid-wrong",
        "Frames without a tag belong to the configured VLAN",
        Status.CRITICAL,
        needs=_VLANS,
        find=_pvid,
        cure=Cure.REAPPLY,
        sentence=_pvid_sentence,
        remedy=_IFUP,
        layer=Layer.PORT,
        silences_arp=True,
    ),
    Fault(
        "vlan-not-configured",
        "Hypervisors' ports are given the VLANs of their VMs",
        Status.CRITICAL,
        needs=("links", "bridge_vlans"),
        find=_not_given,
        cure=Cure.NONE,
        sentence=_not_given_sentence,
        resists=ANY_CURE,
        layer=Layer.PORT,
        silences_arp=True,
    ),
    Fault(
        "vlan-not-on-vxlan",
        "VXLAN devices have the VLANs of the SVIs",
        Status.CRITICAL,
        needs=_VLANS,
        find=_off_vxlan,
        cure=Cure.REAPPLY,
        sentence=_off_vxlan_sentence,
        remedy=_IFUP,
        layer=Layer.WAY,
    ),
    Fault(
        "vni-of-vlan-wrong",
        "Single VXLAN devices give each VLAN its configured VNI",
        Status.CRITICAL,
        needs=("links", "vlan_tunnels"),
        find=_unmapped,
        cure=Cure.REAPPLY,
        sentence=_unmapped_sentence,
        remedy="'ifup' of the bridge and of the device gives the VLAN its VNI again",
        layer=Layer.WAY,
    ),
)
