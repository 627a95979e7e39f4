"""Faults of the ports that hypervisors hang on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.faults.conditions import has_carrier, lacks_carrier
from tasks.faults.model import Cure, Diagnosis

if TYPE_CHECKING:
    from tasks.health.diagnosis_view import View

_FORWARDING = "forwarding"
_BRIDGE_PORTS = "bridge-ports"
_IFUP = "'ifup' of the bridge makes it as the configuration says"


def port_out_of_bridge(view: View) -> Diagnosis | None:
    """A port that belongs to the gateway's bridge is not in it.

    That the configuration has it there ``ifquery -c`` tells; that it should be there, somebody
    behind it who is cut off. A hypervisor may have ports that belong to other bridges, or to none.
    """
    inside = {row.name for row in view.facts.ports.rows if row.bridge == view.bridge}
    drift = [
        row
        for row in view.facts.drift.rows
        if row.interface == view.bridge and row.attribute == _BRIDGE_PORTS
    ]
    wanted = {view.bridge_port(port): port for port in view.plugged}
    out = [bridge_port for bridge_port in wanted if bridge_port not in inside]
    known = [port for port in out if port in view.links]
    if not view.bridge or not (drift or (known and view.silent)):
        return None
    who = ", ".join(view.plugged[wanted[port]] or port for port in known)
    return Diagnosis(
        "port-out-of-bridge",
        (
            f"{', '.join(known)} is not in the bridge {view.bridge}: {who} is cut off"
            if known
            else f"the bridge {view.bridge} lacks ports that the configuration gives it"
        ),
        (
            *(f"bridge link: no {port} in {view.bridge}" for port in known),
            *(f"ifquery -c: {row.interface} {row.attribute} {row.text}".rstrip() for row in drift),
        ),
        Cure.REAPPLY,
        view.gateway.interface,
        (view.bridge,),
        certain=bool(drift),
        remedy=_IFUP,
    )


def port_down(view: View) -> Diagnosis | None:
    """A hypervisor's port is administratively down."""
    down = [
        name
        for port in view.plugged
        for name in dict.fromkeys((port, view.bridge_port(port)))
        if name in view.links and not view.links[name].up
    ]
    if not down:
        return None
    who = ", ".join(dict.fromkeys(filter(None, view.plugged.values())))
    return Diagnosis(
        "port-down",
        f"{', '.join(down)} is down, the port of {who or 'a hypervisor'}",
        tuple(f"ip link: {port} without UP" for port in down),
        Cure.REAPPLY,
        view.gateway.interface,
        tuple(down),
        remedy="'ifup' of the port brings it up, if the configuration does not keep it down",
    )


def port_blocking(view: View) -> Diagnosis | None:
    """A hypervisor's port has a link, and the bridge lets nothing through."""
    wanted = {view.bridge_port(port) for port in view.plugged}
    held = [
        row
        for row in view.facts.ports.rows
        if row.bridge == view.bridge
        and row.name in wanted
        and row.state != _FORWARDING
        and view.works(view.gateway.interface)
        and has_carrier(view.links.get(row.name))
    ]
    if not held:
        return None
    return Diagnosis(
        "port-blocking",
        ", ".join(f"{row.name} is {row.state} in the bridge {row.bridge}" for row in held),
        tuple(f"bridge link: {row.name} state {row.state}" for row in held),
        Cure.REAPPLY,
        view.gateway.interface,
        tuple(row.name for row in held),
        remedy="'ifup' of the port sets its state",
    )


def hypervisor_unreachable(view: View) -> Diagnosis | None:
    """A hypervisor's port is up, and there is no link at its other end."""
    dead = [port for port in view.plugged if lacks_carrier(view.links.get(port))]
    if not dead or len(dead) < len(view.plugged):
        return None
    who = ", ".join(dict.fromkeys(filter(None, (view.plugged[port] for port in dead))))
    return Diagnosis(
        "hypervisor-unreachable",
        f"{who or 'the hypervisor'} has no link: {', '.join(dead)} is up here, and nobody is at "
        "its other end",
        tuple(f"ip link: {port} UP without LOWER_UP" for port in dead),
        Cure.NONE,
        remedy=f"See to the hypervisor, its network card and its cable ({', '.join(dead)}).",
    )
