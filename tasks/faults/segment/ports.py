"""Faults of the ports that hypervisors are attached to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.faults.base import Fault, Layer, Sighting
from tasks.faults.model import Diagnosis, Status
from tasks.ladder import ANY_CURE, Cure

if TYPE_CHECKING:
    from tasks.facts.model import LinkFact
    from tasks.faults.gateway_view import GatewayView

_BRIDGE_PORTS = "bridge-ports"


def has_carrier(link: LinkFact | None) -> bool:
    """Return whether a port is up and has a carrier."""
    return link is not None and link.up and "LOWER_UP" in link.flags


def _lacks_carrier(link: LinkFact | None) -> bool:
    """Return whether a port is up and has no carrier."""
    return link is not None and link.up and "LOWER_UP" not in link.flags


def _configured(view: GatewayView) -> tuple[str, ...]:
    """Return the bridge ports that the configuration gives the gateway's segment.

    They stand in the SVI's own stanza, or in that of its VLAN-aware bridge.
    """
    switch = view.switch
    meant = [port.name for port in switch.meant_ports(view.svi) if port.required]
    found = meant or [port for port, svi in switch.stanza_of.items() if svi == view.svi]
    return tuple(p for p in found if not (view.silent and view.plugged) or p in view.members)


def _wanted(view: GatewayView) -> Mapping[str, str]:
    """Return the bridge ports that must serve the gateway, with the source of that knowledge."""
    found = {
        view.bridge_port(port): f"{name or 'a hypervisor'} is plugged in there"
        for port, name in view.plugged.items()
    }
    return found | dict.fromkeys(_configured(view), f"configured in {_place(view)}")


def bridge_ports_of(view: GatewayView) -> tuple[str, ...]:
    """Return the bridge ports that must serve the gateway, bonds among them."""
    return tuple(_wanted(view))


def _place(view: GatewayView) -> str:
    """Return the stanza with the ports; several SVIs share that of a VLAN-aware bridge."""
    return view.svi if view.vlan is None else view.bridge


def spoken_for(view: GatewayView) -> str:
    """Return the SVI of a finding about a port; the first where several share the bridge."""
    return view.svi if view.vlan is None else view.switch.svi_on.get(view.bridge, "")


def _owner(view: GatewayView, member: str) -> str:
    """Return the hypervisor behind a bridge port; empty where it is not known."""
    found = (view.plugged.get(port) for port in (member, *view.switch.beside(member)))
    return next((name for name in found if name), "")


def _port_out(view: GatewayView) -> Iterator[Sighting]:
    """Find ports that belong to the gateway's bridge and are not in it.

    That a port belongs to it is known from the stanza or ``ifquery -c``, or because somebody behind
    it is cut off. Otherwise it is not certain: a hypervisor may have ports in other bridges, or in
    none.
    """
    drift = _bridge_drift(view)
    configured = set(_configured(view))
    found = False
    for port, why in _wanted(view).items():
        link = view.links.get(port)
        top = view.switch.bridge_ports.get(port, "")
        sure = port in configured
        wrong = top != view.bridge if sure or view.silent else not top
        if link is not None and view.bridge and wrong:
            at = f"of {top}" if top else "of no bridge"
            found = True
            yield Sighting(
                port,
                f"bridge link: {port} is a port {at}; {why}",
                f"ifup {view.bridge if sure else port}.",
                spoken_for(view) if sure else "",
                None if sure or drift else Status.WARNING,
                view.bridge,
                certain=sure or bool(drift),
                latent=not (sure or drift or view.silent),
                about=_owner(view, port),
            )
    if drift and not found and not _explained(view):
        yield Sighting(
            view.bridge,
            drift[0],
            f"ifup {view.bridge}.",
            spoken_for(view),
            Status.WARNING,
            view.bridge,
            about="whoever is behind the ports that the configuration gives it",
        )


def _explained(view: GatewayView) -> bool:
    """Return whether a port of the bridge is out of it, be it one of other VLANs."""
    return any(
        port.bridge == view.bridge
        and port.name in view.links
        and view.switch.bridge_ports.get(port.name) != view.bridge
        for port in view.facts.bridging.ports.values()
    )


def _bridge_drift(view: GatewayView) -> list[str]:
    return [
        f"ifquery -c: {row.interface} {row.attribute} {row.text}".rstrip()
        for row in view.facts.drift.rows
        if row.interface == view.bridge and row.attribute == _BRIDGE_PORTS
    ]


def _port_out_sentence(view: GatewayView, seen: Sequence[Sighting]) -> str:
    ports = ", ".join("a port" if s.subject == view.bridge else s.subject for s in seen)
    who = ", ".join(dict.fromkeys(each.about or each.subject for each in seen))
    return f"{ports} is not in the bridge {view.bridge}: {who} is cut off"


def _with_bridge_drift(found: Diagnosis, view: GatewayView, _: Sequence[Sighting]) -> Diagnosis:
    return replace(found, evidence=(*found.evidence, *_bridge_drift(view)))


def _port_down(view: GatewayView) -> Iterator[Sighting]:
    """Find bridge ports that are down or gone; a bond's own ports have faults of their own."""
    configured = set(_configured(view))
    for name, why in _wanted(view).items():
        link = view.links.get(name)
        if link is None and name not in configured:
            continue  # the records name a port that the switch does not have
        if link is None or (not link.up and link.kind != "vxlan"):  # vxlan has its own check
            what = "does not exist" if link is None else "is administratively down"
            yield Sighting(
                name,
                f"ip link: {name} {what}; {why}",
                f"ifup {name}.",
                spoken_for(view) if name in configured else "",
                device=name,
                about=_owner(view, name),
            )


def _port_down_sentence(_: GatewayView, seen: Sequence[Sighting]) -> str:
    who = ", ".join(dict.fromkeys(each.about for each in seen if each.about))
    return (
        f"{', '.join(each.subject for each in seen)} is down, the port of {who or 'a hypervisor'}"
    )


def _blocking(view: GatewayView) -> Iterator[Sighting]:
    """Find ports that have a carrier but do not forward in the bridge.

    Behind a hypervisor's port somebody is cut off. Other ports may be blocked by a spanning tree.
    """
    if not view.works(view.bridge):
        return  # the ports of a bridge that is down are disabled
    hosts = set(view.members)
    for row in view.facts.ports.rows:
        if row.bridge != view.bridge or row.state == "forwarding":
            continue
        if (row.name in hosts or not view.silent) and has_carrier(view.links.get(row.name)):
            needed = row.name in hosts
            yield Sighting(
                row.name,
                f"bridge link: {row.name} is {row.state} in {row.bridge}",
                "A spanning tree may be at work for some seconds. Where bridge-stp is off: bridge "
                f"link set dev {row.name} state 3.",
                view.switch.svi_on.get(row.bridge, ""),
                Status.CRITICAL if needed else None,
                row.name,
                certain=needed,
                latent=not needed,
            )


def _dark(view: GatewayView) -> Iterator[tuple[str, str, bool]]:
    """Yield each hypervisor's ports without a carrier, and whether it has no other port."""
    ports_of: dict[str, dict[str, None]] = {}
    for port, name in view.plugged.items():
        ports_of.setdefault(name, {}).update(dict.fromkeys(view.switch.beside(port)))
    for name, ports in ports_of.items():
        dead = [port for port in ports if _lacks_carrier(view.links.get(port))]
        for port in dead:
            yield port, name, len(dead) == len(ports)


def _unreachable(view: GatewayView) -> Iterator[Sighting]:
    """Find hypervisors without a carrier on any port; without another port, that explains all."""
    found = [(port, name) for port, name, all_dead in _dark(view) if all_dead]
    everybody = {name for _, name in found} == set(view.plugged.values())
    for port, name in found:
        yield Sighting(
            port,
            f"ip link: {port} is up and has no carrier; {name or 'a hypervisor'} should be plugged "
            "in there",
            f"See to the hypervisor, its network card and its cable ({port}).",
            view.switch.svi_on.get(view.switch.top(port), ""),
            certain=everybody,
            latent=not everybody and not view.silent,
            about=name,
        )


def _unreachable_sentence(_: GatewayView, seen: Sequence[Sighting]) -> str:
    who = ", ".join(dict.fromkeys(each.about for each in seen if each.about))
    ports = ", ".join(each.subject for each in seen)
    return (
        f"{who or 'the hypervisor'} has no link: {ports} is up here, and nothing is connected at "
        "its other end"
    )


def _no_carrier(view: GatewayView) -> Iterator[Sighting]:
    for port, name, all_dead in _dark(view):
        if not all_dead:
            yield Sighting(
                port,
                f"ip link: {port} has no carrier; {name} should be plugged in there",
                "See to the cable and the transceiver; another port of it works.",
                view.switch.svi_on.get(view.switch.top(port), ""),
            )


def disturbed(view: GatewayView) -> bool:
    """Return whether a port is not well, so that hosts behind it may not have been heard lately."""
    finds = (_port_out, _port_down, _blocking, _unreachable, _no_carrier)
    return any(True for find in finds for _ in find(view))


_FLAPS = (Cure.FLAP, Cure.RECREATE)
_PORTS = ("links", "ports")

FAULTS = (
    Fault(
        "hypervisor-unreachable",
        "Hypervisors have a port with a carrier",
        Status.WARNING,
        needs=("links",),
        find=_unreachable,
        cure=Cure.NONE,
        sentence=_unreachable_sentence,
        resists=ANY_CURE,
        layer=Layer.PORT,
        hides_hypervisor=True,
        silences_arp=True,
    ),
    Fault(
        "port-down",
        "Hypervisors' ports are up",
        Status.CRITICAL,
        needs=("links",),
        find=_port_down,
        cure=Cure.REAPPLY,
        sentence=_port_down_sentence,
        remedy="'ifup' of the port brings it up, if the configuration does not keep it down",
        resists=(*_FLAPS, Cure.TOGGLE),
        layer=Layer.PORT,
        hides_hypervisor=True,
        silences_arp=True,
    ),
    Fault(
        "port-out-of-bridge",
        "Hypervisors' ports are members of their bridge",
        Status.CRITICAL,
        needs=_PORTS,
        find=_port_out,
        cure=Cure.REAPPLY,
        sentence=_port_out_sentence,
        remedy="'ifup' of the bridge makes it as the configuration says",
        refine=_with_bridge_drift,
        resists=(Cure.FLAP,),
        layer=Layer.PORT,
        hides_hypervisor=True,
        silences_arp=True,
    ),
    Fault(
        "port-blocking",
        "Ports of the SVIs' bridges forward",
        Status.WARNING,
        needs=_PORTS,
        find=_blocking,
        cure=Cure.REAPPLY,
        sentence=lambda _, seen: ", ".join(
            each.evidence.removeprefix("bridge link: ") for each in seen
        ),
        remedy="'ifup' of the port sets its state",
        resists=(*_FLAPS, Cure.TOGGLE),
        layer=Layer.PORT,
        hides_hypervisor=True,
        silences_arp=True,
    ),
    Fault(
        "port-without-carrier",
        "Each port of a hypervisor has a carrier",
        Status.WARNING,
        needs=("links",),
        find=_no_carrier,
        layer=Layer.PORT,
    ),
)
