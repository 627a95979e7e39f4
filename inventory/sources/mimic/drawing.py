"""Mimic's two drawings of a host's cabling, read as data. Pure: bytes in, links out.

Both are Graphviz SVGs whose nodes and edges are flat ``g`` elements with a ``title``. Titles, edges
and text lines are used; geometry is used only where the drawing has nothing else (to find the peer
box of a NetBox port).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from inventory.names import is_hostname, is_mac, is_port_text, one_line, same_host
from inventory.sources.mimic.cabling import Link, left_out, newest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_EMPTY = frozenset({"No System Specified", "No Interfaces Found"})
_BMC = re.compile(r"(?:bmc|ipmi|idrac|ilo)\d*", re.IGNORECASE)
# Interfaces with names of the kernel are the host's own, whatever name their address has.
_NIC = re.compile(r"(?:eth|en|em|ib|bond|team|p\d+p)\w*", re.IGNORECASE)
_PEER_CLUSTER = "cluster_peer."
_INTERFACE = "interface."
# Far beyond any host's. The cost of a hostile drawing grows with these, not with their square.
_MAX_DEPTH = 32
_MAX_NODES = 1000
_MAX_TITLE = 1000


class DrawingError(ValueError):
    """The bytes are not a valid drawing; the text says why."""


@dataclass(frozen=True)
class Drawing:
    """The cables of one host in a drawing.

    Attributes:
        links: cables to named switches, without BMC, only the newest date of each interface.
        unknown: interfaces (without BMC) that have no neighbour in the drawing.
        notes: what a person should know about how much to trust it.
    """

    links: tuple[Link, ...]
    unknown: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Node:
    id: str
    lines: tuple[str, ...]
    tooltip: str = ""
    points: tuple[tuple[float, float], ...] = ()


@dataclass
class _Graph:
    nodes: dict[str, _Node] = field(default_factory=dict)
    clusters: dict[str, _Node] = field(default_factory=dict)
    successors: dict[str, list[str]] = field(default_factory=dict)
    predecessors: dict[str, list[str]] = field(default_factory=dict)

    def after(self, node_id: str) -> list[str]:
        return self.successors.get(node_id, [])

    def before(self, node_id: str) -> list[str]:
        return self.predecessors.get(node_id, [])

    def reachable(self, node_id: str) -> Iterator[_Node]:
        seen = {node_id}
        queue = [node_id]
        while queue:
            for following in self.after(queue.pop()):
                if following not in seen:
                    seen.add(following)
                    queue.append(following)
                    yield self.nodes[following]


def _plain(text: str) -> str:
    """Return the text with spaces; Graphviz writes some of them as no-break spaces."""
    return text.replace("\xa0", " ")


def _class_groups(root: Element) -> Iterator[tuple[str, Element]]:
    for group in root.iter(f"{_SVG}g"):
        kind = group.get("class", "")
        if kind in {"node", "edge", "cluster"}:
            yield kind, group


def _points(group: Element, tag: str) -> tuple[tuple[float, float], ...]:
    found: list[tuple[float, float]] = []
    try:
        for element in group.iter(f"{_SVG}{tag}"):
            if tag == "text":
                found.append((float(element.get("x", "nan")), float(element.get("y", "nan"))))
            else:
                pairs = (pair.split(",") for pair in element.get("points", "").split())
                found.extend((float(x), float(y)) for x, y in pairs)
    except ValueError as exc:
        raise DrawingError("its coordinates are not numbers") from exc
    return tuple(found)


def _node(group: Element, shape: str) -> _Node:
    title = group.find(f"{_SVG}title")
    node_id = _plain((title.text or "") if title is not None else "")
    if len(node_id) > _MAX_TITLE:
        raise DrawingError(f"a title in it has {len(node_id)} characters")
    lines = (_plain("".join(text.itertext())).strip() for text in group.iter(f"{_SVG}text"))
    tooltip = next((a.get(f"{_XLINK}title", "") for a in group.iter(f"{_SVG}a")), "")
    return _Node(node_id, tuple(line for line in lines if line), tooltip, _points(group, shape))


def _split_edge(title: str, nodes: dict[str, _Node]) -> tuple[str, str]:
    """Return the two ends of an edge; ids may themselves contain "->", so known ids decide."""
    ends = [
        (title[: match.start()], title[match.end() :])
        for match in re.finditer("->", title)
        if title[: match.start()] in nodes and title[match.end() :] in nodes
    ]
    if len(ends) != 1:
        what = "joins no two of its nodes" if not ends else "can be read in two ways"
        raise DrawingError(f'its edge "{one_line(title, 80)}" {what}')
    return ends[0]


def _root(svg: bytes) -> Element:
    if not svg.strip():
        raise DrawingError("it is empty")
    if not svg.startswith(b"<?xml"):
        begin = one_line(svg[:200].decode("utf-8", errors="replace"), 80)
        raise DrawingError(f'it does not start as XML but with "{begin}"')
    try:
        # The DOCTYPE's external DTD is allowed to stand there; it is never fetched.
        root: Element = fromstring(
            svg, forbid_dtd=False, forbid_entities=True, forbid_external=True
        )
    except (ParseError, DefusedXmlException, ValueError, LookupError) as exc:
        raise DrawingError(f"it is not well-formed XML ({one_line(exc, 80)})") from exc
    level, depth = [root], 0
    while level:
        level, depth = [child for element in level for child in element], depth + 1
        if depth > _MAX_DEPTH:
            raise DrawingError(f"its elements lie in one another more than {_MAX_DEPTH} deep")
    if root.tag != f"{_SVG}svg":
        raise DrawingError(f"it is a <{one_line(root.tag, 40)}> and not an SVG")
    return root


def _graph(svg: bytes) -> _Graph:
    graph = _Graph()
    edges: list[str] = []
    for kind, group in _class_groups(_root(svg)):
        if kind == "edge":
            edges.append(_node(group, "none").id)
        elif kind == "cluster":
            box = _node(group, "polygon")
            graph.clusters[box.id] = replace(box, points=_corners(box.points))
        else:
            node = _node(group, "text")
            graph.nodes[node.id] = node
    if len(graph.nodes) + len(graph.clusters) > _MAX_NODES:
        raise DrawingError(f"it has more than {_MAX_NODES} nodes")
    drawn: set[tuple[str, str]] = set()
    for title in edges:
        tail, head = _split_edge(title, graph.nodes)
        if (tail, head) not in drawn:
            drawn.add((tail, head))
            graph.successors.setdefault(tail, []).append(head)
            graph.predecessors.setdefault(head, []).append(tail)
    texts = {line for node in graph.nodes.values() for line in node.lines}
    if not texts:
        raise DrawingError("there is nothing in it")
    if len(graph.nodes) == 1 and texts & _EMPTY:
        raise DrawingError(f'it says only "{(texts & _EMPTY).pop()}"')
    return graph


def _corners(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Return the lower left and the upper right corner of the rectangle around the points."""
    if not points:
        return ()
    across, up = zip(*points, strict=True)
    return (min(across), min(up)), (max(across), max(up))


def _port_name(text: str) -> str:
    """Return the name of a port that is drawn as ``swp1s3 (swp1s3)``."""
    port = text.split(" (", 1)[0].strip()
    if port and not is_port_text(port):
        raise DrawingError(f'it names a port "{one_line(port, 40)}", which no port is called')
    return port


def _switch_name(text: str) -> str:
    if not is_hostname(text):
        raise DrawingError(f'it names a switch "{one_line(text, 60)}", which is no host name')
    return text


def _interface_name(node: _Node) -> str:
    """Return the first line, unless that was empty and the MAC took its place."""
    name = next((line for line in node.lines if not is_mac(line)), "")
    if not node.lines or is_mac(node.lines[0]):
        name = node.id
    if not is_port_text(name):
        raise DrawingError(f'it names an interface "{one_line(name, 40)}"')
    return name


def _is_bmc(graph: _Graph, node: _Node, hypervisor: str) -> bool:
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


def _observed(line: str) -> date | None:
    text = line.removeprefix("Observed").strip()
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc).date()
    except ValueError as exc:
        raise DrawingError(f'it dates a link "{one_line(text, 40)}"') from exc


def read_magdb(svg: bytes, hypervisor: str) -> Drawing:
    """Read MagDB's drawing: LLDP neighbours as the host last reported them.

    Args:
        svg: the body as it was received.
        hypervisor: the host of the drawing, to tell its own interfaces from its BMC's.

    Raises:
        DrawingError: it is not a valid drawing.
    """
    graph = _graph(svg)
    links: list[Link] = []
    unknown: set[str] = set()
    notes: list[str] = []
    drawn = False
    for switch in graph.nodes.values():
        drawn_unknown = switch.id.startswith("UnknownSwitchFor")
        if not drawn_unknown and not (switch.lines and switch.lines[-1].startswith("Observed")):
            continue
        for port_id in graph.after(switch.id):
            for local_id in graph.after(port_id):
                drawn = True
                local = graph.nodes[local_id]
                if _is_bmc(graph, local, hypervisor):
                    continue
                name = _interface_name(local)
                if drawn_unknown:
                    unknown.add(name)
                elif len(switch.lines) == 1:
                    unknown.add(name)
                    notes.append(f"the neighbour of {name} has no LLDP name")
                else:
                    port = _magdb_port(graph, port_id, name, notes)
                    date_ = _observed(switch.lines[-1])
                    links.append(Link(name, _switch_name(switch.lines[0]), port, date_))
    if not drawn:
        raise DrawingError("no interface with a neighbour, known or unknown, is drawn in it")
    known = {link.interface for link in links}
    kept, old = newest(links)
    notes += [left_out(link, hypervisor) for link in old]
    return Drawing(kept, tuple(sorted(unknown - known)), tuple(dict.fromkeys(notes)))


def _magdb_port(graph: _Graph, port_id: str, interface: str, notes: list[str]) -> str:
    node = graph.nodes[port_id]
    if len(graph.after(port_id)) > 1:
        # Before 2019 ports with one MAC were drawn as one, with the text of the last of them.
        notes.append(f"the port of {interface} is drawn together with another's, so not known")
        return ""
    if not node.lines or is_mac(node.lines[0]):
        return ""
    return _port_name(node.lines[0])


def read_netbox(svg: bytes, hypervisor: str) -> Drawing:
    """Read NetBox's drawing: recorded cabling, without dates; it may name a patch panel.

    Args:
        svg: the body as it was received.
        hypervisor: the host of the drawing, to tell its own interfaces from its BMC's.

    Raises:
        DrawingError: it is not a valid drawing.
    """
    graph = _graph(svg)
    peers = {key: box for key, box in graph.clusters.items() if key.startswith(_PEER_CLUSTER)}
    links: list[Link] = []
    unknown: set[str] = set()
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
            unknown.add(name)
        for port in cabled:
            text = port.lines[0] if port.lines else ""
            links.append(Link(name, _peer_of(port, peers), _port_name(text), None))
    kept, _ = newest(links)  # none of them has a date, so none is older
    return Drawing(kept, tuple(sorted(unknown)))


def _peer_of(port: _Node, peers: dict[str, _Node]) -> str:
    """Return the box of a port: the only one, or the one around it in the drawing."""
    boxes = list(peers.values())
    if len(boxes) > 1:
        boxes = [box for box in boxes if _encloses(box, port)]
    if len(boxes) != 1 or not boxes[0].lines:
        raise DrawingError(f'it does not say whose port "{one_line(" ".join(port.lines), 40)}" is')
    return _switch_name(boxes[0].lines[0])


def _encloses(box: _Node, port: _Node) -> bool:
    if not box.points or not port.points:
        return False
    (left, low), (right, high) = box.points
    x, y = port.points[0]
    return left <= x <= right and low <= y <= high
