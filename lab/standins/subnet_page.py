"""A stand-in for the in-house page that lists the addresses of a management subnet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from ipaddress import IPv4Address, IPv4Network, ip_network
from urllib.parse import quote

from flask import Flask, Response, request

from lab.standins.behaviour import HTML, app_for, generic
from lab.standins.faults import SUBNET_PAGE, Faults
from lab.topology.default import Topology

_BAR = ("FQDN", "MAC", "Overview", "Stubs", "Hogs", "Squatters")
_LOGIN = """<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><h1>Sign in</h1>
<form method="post" action="/login"><input name="user"><input name="password" type="password">
<button>Sign in</button></form></body></html>
"""


@dataclass(frozen=True)
class _Row:
    address: IPv4Address
    names: tuple[str, ...]
    seen: str = "Today"


def create_subnet_page(topology: Topology, faults: Faults) -> Flask:
    """Return a WSGI application that answers as the subnet page does, under ``/network/``."""

    def before() -> Response | None:
        active = faults.active(SUBNET_PAGE)
        answer = generic(faults, SUBNET_PAGE, active)
        if answer is not None:
            return answer
        if "login-required" in active:
            response = Response("Unauthorized\n", 401, content_type="text/html; charset=iso-8859-1")
            response.headers["WWW-Authenticate"] = 'Basic realm="gridpp"'
            return response
        if "login-page" in active:
            return Response(_LOGIN, content_type=HTML)
        if "empty-body" in active:
            return Response("", content_type=HTML)
        return None

    def page() -> Response:
        body = _page(topology, faults.active(SUBNET_PAGE), request.args.get("subnet", ""))
        return Response(body, content_type=HTML)

    app = app_for("subnet-page", before)
    app.add_url_rule(topology.service("subnet-page").path, view_func=page)
    return app


def _subnets(topology: Topology) -> dict[str, str]:
    """Return the subnets of the page's selector, and its names for them."""
    management = topology.management_network
    following = IPv4Network((int(management.broadcast_address) + 1, management.prefixlen))
    return {
        str(management): "Management - Core Switches",
        str(following): "Management - Hypervisors",
    }


def _page(topology: Topology, faults: frozenset[str], asked: str) -> str:
    subnets = _subnets(topology)
    shown = asked or next(iter(subnets))
    if "not-the-asked-subnet" in faults:
        shown = next(name for name in reversed(subnets) if name != asked)
    links = " | ".join(
        f'<a href="?subnet={quote(shown, safe="")}&amp;view={name.lower()}">{name}</a>'
        for name in _BAR
    )
    options = "".join(
        f'<option value="{name}"{" selected" if name == shown else ""}>{text}</option>'
        for name, text in subnets.items()
    )
    blocks = ""
    if shown in subnets and "no-table" not in faults:
        blocks = _blocks(_rows(topology, shown, faults), faults)
    text = (
        "<!DOCTYPE html>\n<html>\n<head><title>Network</title></head>\n<body>\n"
        f"<p>{links}</p>\n<h2>Listing IP &harr; FQDN for subnet:</h2>\n"
        f'<form><select name="subnet">{options}</select></form>\n'
        f"<h3>Displaying: {escape(shown)}</h3>\n"
        '<p>Search: <input type="search"></p>\n'
        f"{blocks}</body>\n</html>\n"
    )
    return text[: len(text) * 2 // 3] if "page-cut-off" in faults else text


def _rows(topology: Topology, subnet: str, faults: frozenset[str]) -> list[_Row]:
    rows: list[_Row] = []
    if subnet == str(topology.management_network):
        rows = _management_rows(topology, faults)
    else:
        network = ip_network(subnet)
        rows = [
            _Row(host.address, (host.name,))
            for host in topology.hypervisors
            if host.address in network
        ]
    rows = [replace(row, names=tuple(_spelled(name, faults) for name in row.names)) for row in rows]
    return sorted(rows, key=lambda row: int(row.address))


def _spelled(name: str, faults: frozenset[str]) -> str:
    if "short-names" in faults:
        name = name.split(".", 1)[0]
    if "upper-case-names" in faults:
        name = name.upper()
    return f"{name}." if "trailing-dot" in faults else name


def _management_rows(topology: Topology, faults: frozenset[str]) -> list[_Row]:
    network = topology.management_network
    domain = topology.leafs[0].name.split(".", 1)[1]
    services: dict[IPv4Address, list[str]] = {}
    for service in topology.services:
        services.setdefault(service.address, []).append(f"{service.name}.{domain}")
    rows = [
        _Row(address, tuple(names) if "several-names" in faults else (names[0],))
        for address, names in services.items()
        if address in network
    ]
    # Registered and free addresses: the page shows them without a name.
    rows.append(_Row(network.network_address + 14, (), "Never"))
    if "switch-missing" in faults:
        return rows
    seen = "Today"
    if "never-seen" in faults:
        seen = "Never"
    if "seen-long-ago" in faults:
        seen = "3.4 weeks ago"
    leafs = topology.leafs
    for leaf in leafs:
        names: tuple[str, ...] = (leaf.name,)
        if "several-names" in faults:
            short, rest = leaf.name.split(".", 1)
            names = (leaf.name, f"{short}-mgmt.{rest}")
        rows.append(_Row(leaf.address.ip, names, seen))
    if "two-addresses" in faults:
        rows.append(_Row(network.network_address + 142, (leafs[0].name,), seen))
    if "two-names" in faults:
        rows.append(_Row(leafs[0].address.ip, (leafs[-1].name,), seen))
    return rows


def _blocks(rows: list[_Row], faults: frozenset[str]) -> str:
    """Return the rows as tables, one for each run of neighbouring addresses."""
    blocks: list[list[_Row]] = []
    for row in rows:
        if blocks and int(row.address) - int(blocks[-1][-1].address) <= 1:
            blocks[-1].append(row)
        else:
            blocks.append([row])
    return "".join(
        f"<h4>Block {number}</h4>\n{_table(block, faults)}" for number, block in enumerate(blocks)
    )


def _table(rows: list[_Row], faults: frozenset[str]) -> str:
    if "reordered-columns" in faults:
        head = (
            "<tr><td>SEEN</td><td>MAC</td><td>Fqdn</td><td>&nbsp;</td><td>IP&nbsp;ADDRESS</td></tr>"
        )
        body = "\n".join(
            f"<tr><td>{_seen(row)}</td><td>24:8a:07:00:00:01</td><td>{_names(row)}</td>"
            f"<td>&#x2713;</td><td><code>{row.address}</code></td></tr>"
            for row in rows
        )
        return f"<table>\n{head}\n{body}\n</table>\n"
    body = "\n".join(
        f"<tr><td>{row.address}</td><td>{_names(row)}</td><td>{_seen(row)}</td></tr>"
        for row in rows
    )
    return (
        "<table>\n<thead><tr><th>IP Address</th><th>FQDN</th><th>Seen</th></tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n"
    )


def _names(row: _Row) -> str:
    links = (f'<a href="/host/?fqdn={name}">{escape(name)}</a>' for name in row.names)
    return "<br>\n".join(links)


def _seen(row: _Row) -> str:
    return f'<span class="grey">{row.seen}</span>' if row.seen == "Never" else row.seen
