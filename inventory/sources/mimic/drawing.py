"""Mimic's two drawings of a host's cabling, read as data. Pure: bytes in, links out.

Names and port texts come from the network, as LLDP or a person gave them. One odd text makes a port
unknown or a neighbour nameless, with a note; the rest of the drawing is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

from inventory.names import is_hostname, is_mac, is_port_text, one_line, same_host, whole_names
from inventory.sources.mimic.cabling import Link, left_out, newest, undecided
from inventory.sources.mimic.graph import DrawingError, Graph, Node, read_graph

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Drawing", "DrawingError", "read_magdb", "read_netbox"]

_BMC = re.compile(r"(?:bmc|ipmi|idrac|ilo)\d*", re.IGNORECASE)
# Interfaces with names of the kernel are the host's own, whatever name their address has.
_NIC = re.compile(r"(?:eth|en|em|ib|bond|team|p\d+p)\w*", re.IGNORECASE)
_UNKNOWN_SWITCH = "UnknownSwitchFor"
_OBSERVED = "Observed"
_PEER_CLUSTER = "cluster_peer."
_INTERFACE = "interface."


@dataclass(frozen=True)
class Drawing:
    """The cables of one host in a drawing.

    Attributes:
        links: cables to named switches, without BMC; of those with a date of their own, only the
            newest of each interface.
        unknown: interfaces (without BMC) that have no neighbour in the drawing.
        notes: what a person should know about how much to trust it; each names the host.
    """

    links: tuple[Link, ...]
    unknown: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Findings:
    """What is found while a drawing is read."""

    hypervisor: str
    links: list[Link] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    notes: dict[str, None] = field(default_factory=dict)

    def note(self, text: str) -> None:
        self.notes.setdefault(f"{self.hypervisor}: {text}")

    def nobody(self, interface: str, why: str = "") -> None:
        """Keep an interface without a neighbour, or with one that has no usable name."""
        self.unknown.add(interface)
        if why:
            self.note(why)

    def port(self, text: str, interface: str) -> str:
        """Return the name of a port that is drawn as ``swp1s3 (swp1s3)``; empty if it has none."""
        port = text.split(" (", 1)[0].strip()
        if not port or is_port_text(port):
            return port
        shown = one_line(text, 60)
        self.note(f'the port of {interface} is not known: no port is called "{shown}"')
        return ""

    def as_drawing(self) -> Drawing:
        """Return what was found, with one name for each switch."""
        names = whole_names(link.switch for link in self.links)
        kept, old = newest([replace(link, switch=names[link.switch]) for link in self.links])
        notes = [*self.notes, *(left_out(link, self.hypervisor) for link in old)]
        notes += undecided(kept, self.hypervisor)
        known = {link.interface for link in self.links}
        return Drawing(kept, tuple(sorted(self.unknown - known)), tuple(notes))


def _interface_name(node: Node) -> str:
    """Return the first line; the MAC or id of a node where that is no possible name."""
    name = next(iter(node.lines), "")
    if is_port_text(name) and not is_mac(name):
        return name
    return node.id if is_port_text(node.id) else "an interface without a name"


def _is_bmc(graph: Graph, node: Node, hypervisor: str) -> bool:
    """Return whether it is a BMC, by its name or by another machine's name at its other end."""
    name = _interface_name(node)
    if _BMC.fullmatch(name) or "management" in node.tooltip.lower():
        return True
    names = [
        reached.id
        for reached in graph.reachable(node.id)
        if reached.lines[:1] == (reached.id,)
        and any(char.isalpha() for char in reached.id)
        and ":" not in reached.id
    ]
    if not names or _NIC.fullmatch(name):
        return False
    return not any(same_host(found, hypervisor) for found in names)


def read_magdb(svg: bytes, hypervisor: str) -> Drawing:
    """Read MagDB's drawing: LLDP neighbours as the host last reported them.

    A switch is drawn once, with the date of the last of its rows. So the date of a switch with
    several cables is that of one of them, and nobody knows of which.

    Args:
        svg: the body as it was received.
        hypervisor: the host of the drawing, to tell its own interfaces from its BMC's.

    Raises:
        DrawingError: it is not a valid drawing.
    """
    graph = read_graph(svg)
    found = _Findings(hypervisor)
    drawn = False
    for switch in graph.nodes.values():
        if not _is_switch(switch):
            continue
        cables = [(port, local) for port in graph.after(switch.id) for local in graph.after(port)]
        drawn = drawn or bool(cables)
        for port_id, local_id in cables:
            local = graph.nodes[local_id]
            if not _is_bmc(graph, local, hypervisor):
                name = _interface_name(local)
                _take_cable(found, graph, switch, port_id, name, shared=len(cables) > 1)
    if not drawn:
        raise DrawingError("no interface with a neighbour, known or unknown, is drawn in it")
    return found.as_drawing()


def _is_switch(node: Node) -> bool:
    if node.id.startswith(_UNKNOWN_SWITCH):
        return True
    return bool(node.lines) and node.lines[-1].startswith(_OBSERVED)


def _take_cable(
    found: _Findings, graph: Graph, switch: Node, port_id: str, interface: str, *, shared: bool
) -> None:
    if switch.id.startswith(_UNKNOWN_SWITCH):
        found.nobody(interface)
        return
    if len(switch.lines) == 1:
        found.nobody(interface, f"the neighbour of {interface} has no LLDP name")
        return
    name = switch.lines[0].removesuffix(".")
    if not is_hostname(name):
        found.nobody(interface, _no_host(interface, switch.lines))
        return
    port = _magdb_port(found, graph, port_id, interface)
    observed = None if shared else _observed(found, switch.lines[-1], interface)
    found.links.append(Link(interface, name, port, observed, shared))


def _no_host(interface: str, lines: Sequence[str]) -> str:
    return (
        f'the neighbour of {interface} calls itself "{one_line(lines[0], 60)}", which is no host '
        f"name, and is left out ({one_line(lines[-1], 40).lower()})"
    )


def _magdb_port(found: _Findings, graph: Graph, port_id: str, interface: str) -> str:
    node = graph.nodes[port_id]
    if len(graph.after(port_id)) > 1:
        # Before 2019 ports with one MAC were drawn as one, with the text of the last of them.
        found.note(f"the port of {interface} is drawn together with another's, so not known")
        return ""
    if not node.lines or is_mac(node.lines[0]):
        return ""
    return found.port(node.lines[0], interface)


def _observed(found: _Findings, line: str, interface: str) -> date | None:
    text = line.removeprefix(_OBSERVED).strip()
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc).date()
    except ValueError:
        found.note(f'the date of {interface} is not known: it is drawn as "{one_line(text, 40)}"')
        return None


def read_netbox(svg: bytes, hypervisor: str) -> Drawing:
    """Read NetBox's drawing: recorded cabling, without dates; it may name a patch panel.

    Args:
        svg: the body as it was received.
        hypervisor: the host of the drawing, to tell its own interfaces from its BMC's.

    Raises:
        DrawingError: it is not a valid drawing.
    """
    graph = read_graph(svg)
    peers = {key: box for key, box in graph.clusters.items() if key.startswith(_PEER_CLUSTER)}
    found = _Findings(hypervisor)
    locals_ = [
        node
        for node in graph.nodes.values()
        if node.id.startswith(_INTERFACE)
        and not any(after.startswith(_INTERFACE) for after in graph.after(node.id))
    ]
    if not locals_:
        raise DrawingError("no interface is drawn in it")
    for local in locals_:
        if _is_bmc(graph, local, hypervisor):
            continue
        name = _interface_name(local)
        ports = [graph.nodes[tail] for tail in graph.before(local.id)]
        cabled = [port for port in ports if port.id.startswith(_INTERFACE)]
        if not cabled:
            found.nobody(name)
        for port in cabled:
            _take_recorded(found, port, _peer_of(port, peers), name)
    return found.as_drawing()


def _take_recorded(found: _Findings, port: Node, peer: str, interface: str) -> None:
    text = port.lines[0] if port.lines else ""
    name = peer.removesuffix(".")
    if not peer:
        shown = one_line(text, 40)
        found.nobody(interface, f'NetBox does not say whose port "{shown}" at {interface} is')
    elif not is_hostname(name):
        what = f'"{one_line(peer, 60)}"'
        found.nobody(interface, f"NetBox has {interface} on {what}, which is no host name")
    else:
        found.links.append(Link(interface, name, found.port(text, interface), None))


def _peer_of(port: Node, peers: dict[str, Node]) -> str:
    """Return the label of a port's box: the only one, or the one around it; empty if unknown."""
    boxes = list(peers.values())
    if len(boxes) > 1:
        boxes = [box for box in boxes if _encloses(box, port)]
    return boxes[0].lines[0] if len(boxes) == 1 and boxes[0].lines else ""


def _encloses(box: Node, port: Node) -> bool:
    if not box.points or not port.points:
        return False
    (left, low), (right, high) = box.points
    x, y = port.points[0]
    return left <= x <= right and low <= y <= high
