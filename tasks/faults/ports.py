"""Checks of the bridges' ports."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.faults import conditions
from tasks.faults.base import Check, Seen
from tasks.faults.model import Status
from tasks.faults.view import View, configured_ports


def bond_of(view: View, port: str) -> str:
    """The bond (or bridge) that a port is a member of; empty where it is of none."""
    link = view.links.get(port)
    return link.master if link else ""


def _wanted_ports(view: View) -> Iterator[tuple[str, str, str]]:
    """Ports that must be members of a bridge: port, bridge where known, and who says so."""
    seen = set()
    for gateway in view.gateways:
        link = view.links.get(gateway.interface)
        if link is not None and link.kind == "bridge":
            for port in configured_ports(gateway):
                seen.add(port)
                yield port, gateway.interface, f"configured in {gateway.interface}"
    for name, port in _plugged(view):
        if port not in seen:
            seen.add(port)
            yield port, "", f"{name} is plugged in there"


def _plugged(view: View) -> Iterator[tuple[str, str]]:
    """Each hypervisor and its port: where LLDP sees it; where it does not, by the records."""
    for name, ports in view.expected.hypervisors.items():
        here = view.lldp_port(name)
        for port in (here,) if here else ports:
            if port in view.links:
                yield name, port


def _port_out(view: View) -> Iterator[Seen]:
    members = {row.name: row.bridge for row in view.facts.ports.rows}
    for port, bridge, why in _wanted_ports(view):
        link = view.links.get(port)
        member = members.get(port) or (members.get(link.master, "") if link else "")
        if link is not None and (member != bridge if bridge else not member):
            at = f"of {member}" if member else "of no bridge"
            yield Seen(
                port,
                f"bridge link: {port} is a port {at}; {why}",
                f"ifup {bridge or port} (vip heal does).",
                bridge,
            )


def _port_down(view: View) -> Iterator[Seen]:
    for port, bridge, why in _wanted_ports(view):
        link = view.links.get(port)
        if link is None or (not link.up and link.kind != "vxlan"):  # that is a check of its own
            what = "does not exist" if link is None else "is administratively down"
            yield Seen(
                port, f"ip link: {port} {what}; {why}", f"ifup {port} (vip heal does).", bridge
            )


def _no_carrier(view: View) -> Iterator[Seen]:
    for name, port in _plugged(view):
        if conditions.lacks_carrier(view.links.get(port)):
            yield Seen(
                port,
                f"ip link: {port} has no carrier; {name} should be plugged in there",
                "Is the hypervisor switched on? Else the cable or the transceiver.",
                view.svi_on.get(view.top(port), ""),
            )


def _blocking(view: View) -> Iterator[Seen]:
    for row in view.facts.ports.rows:
        carrier = conditions.has_carrier(view.links.get(row.name))
        works = view.works(row.bridge)  # the ports of one that is down are disabled
        if row.bridge in view.svi_on and works and carrier and row.state != "forwarding":
            yield Seen(
                row.name,
                f"bridge link: {row.name} is {row.state} in {row.bridge}",
                "A spanning tree may be at work for some seconds. Where bridge-stp is off: "
                f"ifup {row.bridge} (vip heal does).",
                view.svi_on.get(row.bridge, ""),
            )


def disturbed(view: View) -> tuple[Seen, ...]:
    """Everything that is wrong with ports: what is behind them may not have been heard lately."""
    return (*_port_out(view), *_port_down(view), *_blocking(view), *_no_carrier(view))


_PORTS = ("gateways", "links", "ports")

CHECKS = (
    Check(
        "port-out-of-bridge",
        "Hypervisors' ports are members of their bridge",
        Status.CRITICAL,
        _port_out,
        _PORTS,
    ),
    Check(
        "port-down",
        "Hypervisors' ports are up",
        Status.CRITICAL,
        _port_down,
        ("gateways", "links"),
    ),
    Check(
        "port-without-carrier",
        "Hypervisors' ports have a carrier",
        Status.WARNING,
        _no_carrier,
        ("links",),
    ),
    Check(
        "port-blocking",
        "Ports of the SVIs' bridges forward",
        Status.WARNING,
        _blocking,
        _PORTS,
    ),
)
