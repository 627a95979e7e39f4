"""Graphviz's SVG as a graph. Pure: bytes in, nodes and edges out.

Nodes, edges and clusters are flat ``g`` elements with a ``title``. Titles, edges and text lines are
used; geometry only for who has nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from inventory.names import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_EMPTY = frozenset({"No System Specified", "No Interfaces Found"})
# Far beyond any host's. The cost of a hostile drawing grows with these, not with their square.
_MAX_DEPTH = 32
_MAX_NODES = 1000
_MAX_TITLE = 1000
# Texts from the network go into the drawing as they are: with control characters, and with names
# of entities that XML does not know.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONE_AMPERSAND = re.compile("&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);)")


class DrawingError(ValueError):
    """The bytes are not a valid drawing; the text says why."""


@dataclass(frozen=True)
class Node:
    """A node or a cluster: its title, its lines of text, and where it is drawn."""

    id: str
    lines: tuple[str, ...]
    tooltip: str = ""
    points: tuple[tuple[float, float], ...] = ()


@dataclass
class Graph:
    """The nodes of a drawing, by title, and what leads to what."""

    nodes: dict[str, Node] = field(default_factory=dict)
    clusters: dict[str, Node] = field(default_factory=dict)
    successors: dict[str, list[str]] = field(default_factory=dict)
    predecessors: dict[str, list[str]] = field(default_factory=dict)

    def after(self, node_id: str) -> list[str]:
        """Return the titles that a node leads to."""
        return self.successors.get(node_id, [])

    def before(self, node_id: str) -> list[str]:
        """Return the titles that lead to a node."""
        return self.predecessors.get(node_id, [])

    def reachable(self, node_id: str) -> Iterator[Node]:
        """Yield every node that a node leads to, over others too."""
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


def _node(group: Element, shape: str) -> Node:
    title = group.find(f"{_SVG}title")
    node_id = _plain((title.text or "") if title is not None else "")
    if len(node_id) > _MAX_TITLE:
        raise DrawingError(f"a title in it has {len(node_id)} characters")
    lines = (_plain("".join(text.itertext())).strip() for text in group.iter(f"{_SVG}text"))
    tooltip = next((a.get(f"{_XLINK}title", "") for a in group.iter(f"{_SVG}a")), "")
    return Node(node_id, tuple(line for line in lines if line), tooltip, _points(group, shape))


def _split_edge(title: str, nodes: dict[str, Node]) -> tuple[str, str]:
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
    text = _NO_XML.sub("?", svg.decode("utf-8", errors="replace"))
    svg = _LONE_AMPERSAND.sub("&amp;", text).encode()
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


def read_graph(svg: bytes) -> Graph:
    """Read a drawing.

    Raises:
        DrawingError: it is not a valid drawing, or says that there is nothing to draw.
    """
    graph = Graph()
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
