"""Diagnoses for a switch that is well: the VM itself, its ARP entry, or the route outside.

These are made by exclusion, only where nothing else explains the silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.faults.model import Diagnosis
from tasks.faults.segment.ports import has_carrier
from tasks.ladder import Cure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.faults.gateway_view import GatewayView
    from tasks.faults.model import SilentEndpoint

#: The diagnoses made by exclusion. ``docs/faults.md`` says that no check finds them: the facts of a
#: switch on which all is well do not show them.
BY_EXCLUSION = ("vm-unreachable", "vm-arp-wrong", "beyond-gateway")


def exclude(view: GatewayView, found: Sequence[Diagnosis], *, deaf: bool) -> list[Diagnosis]:
    """Diagnose the silence of the endpoints, given the faults that were found.

    Args:
        view: the gateway.
        found: the faults.
        deaf: whether one of the faults can keep a VM's ARP answers from the switch.
    """
    active = any(not diagnosis.latent for diagnosis in found)
    told: list[Diagnosis | None] = [_vm_mute(view, deaf=deaf)]
    if not active:
        told += [_arp_wrong(view), _beyond(view)]
    return [diagnosis for diagnosis in told if diagnosis is not None]


def answers_arp(view: GatewayView, silent: SilentEndpoint) -> bool | None:
    """Return whether a VM answers ARP on the gateway's segment; None where that is not known."""
    tried = [probe for probe in view.probes("arp", str(silent.address)) if probe.sent]
    if tried:
        return any(probe.ok for probe in tried)
    if view.succeeded("ping", str(silent.address)):
        return True
    entries = [
        row
        for row in view.facts.neighbours.rows
        if row.address == silent.address and row.device in view.gateway.devices
    ]
    if any(row.state == "REACHABLE" for row in entries):
        return True
    return False if entries and all(row.unresolved for row in entries) else None


def _vm_mute(view: GatewayView, *, deaf: bool) -> Diagnosis | None:
    dead = [silent for silent in view.silent if answers_arp(view, silent) is False]
    if not dead or len(dead) < len(view.silent) or deaf:
        return None
    ports = [port for silent in dead for port in silent.ports]
    known = bool(ports) and all(_forwards(view, port) for port in ports)
    unread = [] if view.passes(view.bridge) is not None else ["the VLANs of its port were not read"]
    beside = _beside(view, dead, ports)
    who = ", ".join(map(str, dead))
    return Diagnosis(
        "vm-unreachable",
        f"{who} does not answer ARP on its own segment, and "
        + (
            "the switch and the port of its hypervisor are well: the VM's network is down"
            if known
            else "nothing else is seen to be wrong: the VM's network may be down"
        ),
        (
            *(f"bridge vlan: {why}" for why in unread),
            *(f"arping on {view.gateway.interface}: {s.address} is silent" for s in dead),
            *([f"bridge fdb: {beside} others are seen on {', '.join(ports)}"] if beside else []),
        ),
        Cure.NONE,
        view.gateway.interface,
        certain=known,
        remedy="See the VM's console, its network interface, and its port in OpenStack: "
        "openstack console log show",
    )


def _arp_wrong(view: GatewayView) -> Diagnosis | None:
    lost = [
        silent
        for silent in view.silent
        if answers_arp(view, silent) and _hears_no_ping(view, silent)
    ]
    if not lost:
        return None
    tried = [s for s in lost if view.failed("ping", str(s.address))]
    vip = view.gateway.vip.address.ip
    return Diagnosis(
        "vm-arp-wrong",
        f"{', '.join(map(str, lost))} answers ARP but not a ping from {vip}, and the gateway is "
        "well: it sends its answers to a wrong MAC, or drops pings",
        (
            *(f"arping: {s.address} answers" for s in lost),
            *(f"ping from the VIP: {s.address} is silent" for s in tried),
        ),
        Cure.ANNOUNCE,
        view.gateway.interface,
        view.vrr,
        certain=False,
        resists=(Cure.RECREATE, Cure.TOGGLE),
        remedy="the VIP is announced by gratuitous ARP, which corrects the VM's entry",
    )


def _hears_no_ping(view: GatewayView, silent: SilentEndpoint) -> bool:
    """Return whether a VM did not answer a ping from its VIP, as far as one could be sent."""
    tried = view.probes("ping", str(silent.address))
    return not any(probe.ok for probe in tried) and (
        not tried or any(probe.sent for probe in tried)
    )


def _beyond(view: GatewayView) -> Diagnosis | None:
    reached = [s for s in view.silent if view.succeeded("ping", str(s.address))]
    if not reached or len(reached) < len(view.silent):
        return None
    vip = view.gateway.vip.address.ip
    return Diagnosis(
        "beyond-gateway",
        f"{', '.join(map(str, reached))} answers {vip}, its gateway, but nobody outside: something "
        "beyond the gateway stops it",
        tuple(f"ping from the VIP: {s.address} answers" for s in reached),
        Cure.NONE,
        view.gateway.interface,
        certain=False,
        remedy="See the security groups of its port, and the way from outside to the switch.",
    )


def _forwards(view: GatewayView, port: str) -> bool:
    """Return whether frames of the segment are known to pass the port."""
    member = view.bridge_port(port)
    inside = [row for row in view.facts.ports.rows if row.name == member]
    return (
        has_carrier(view.links.get(member))
        and any(row.state == "forwarding" and row.bridge == view.bridge for row in inside)
        and view.passes(member) is True
        and view.passes(view.bridge) is True
    )


def _beside(view: GatewayView, dead: Sequence[SilentEndpoint], ports: Sequence[str]) -> int:
    """Return the number of other machines that the bridge sees behind the same ports."""
    own = {mac for silent in dead for mac in silent.macs}
    wanted = {view.bridge_port(port) for port in ports}
    return len(
        {
            row.mac
            for row in view.facts.fdb.rows
            if row.port in wanted
            and row.bridge == view.bridge
            and row.state != "permanent"
            and row.mac not in own
        }
    )
