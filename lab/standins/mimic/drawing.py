"""The drawings of a machine's network: graphviz text, turned into SVG by the real ``dot``.

Values go into the text without escaping, as Mimic's do: a quote in a port's name makes graphviz
reject the drawing, and Mimic answers that with an empty body.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from functools import lru_cache

from lab.standins.mimic.magdb import AddressRow, InterfaceRow, LinkRow, SystemRecord, vendor_of

_GRAPH = """\
graph [bgcolor=transparent]
dpi=72
overlap=none
rankdir="LR"
concentrate=true
node [shape="box" fontsize=8 fontname="sans-serif" height=0 style=filled fillcolor=white width=1.6]
edge [dir=none]
"""
_LLDP = 'tooltip="LLDP Information" color="#8f5902" fillcolor="#e9b96e"'
_BOOTABLE = 'color="#204a87" fillcolor="#729fcf"'
_MANAGEMENT = 'color="#4e9a06" fillcolor="#73d216"'
_BOND = 'style="filled"\ncolor="#75507b"\nfillcolor="#ad7fa8"'
_DEVICE = 'style="filled"\nbgcolor="#babdb6"\nfontsize=9\nfontname="sans-serif"'
_UNKNOWN = 'style="dashed" color="#888a85"'
_BROWN = 'color="#8f5902"'
_MANY_ADDRESSES = 4
_DOT_TIMEOUT = 30

NO_SYSTEM = '"No System Specified";'
NO_INTERFACES = '"No Interfaces Found";'


def digraph(statements: Iterable[str]) -> str:
    """Return a whole graphviz text around some statements."""
    body = "\n".join(statements)
    return f'digraph "aliases" {{\n{_GRAPH}{body}\n}}\n'


@lru_cache(maxsize=512)
def render(source: str, *, unflatten: bool = False) -> bytes | None:
    """Return the SVG that graphviz makes of ``source``; None when it rejects the text."""
    text = source.encode()
    if unflatten:
        text = _filter(["unflatten", "-l", "5", "-f"], text) or b""
    return _filter(["dot", "-Tsvg"], text)


def _filter(argv: list[str], text: bytes) -> bytes | None:
    done = subprocess.run(argv, input=text, capture_output=True, timeout=_DOT_TIMEOUT, check=False)
    return done.stdout if done.returncode == 0 else None


def needs_unflatten(record: SystemRecord) -> bool:
    """Return whether the older Mimic sends this drawing through ``unflatten`` first."""
    return len(record.addresses) > _MANY_ADDRESSES


def magdb_source(record: SystemRecord, *, port_ids_with_name: bool) -> str:
    """Return the graphviz text of the MagDB drawing.

    Args:
        record: the machine.
        port_ids_with_name: since July 2018 a port's node id is ``MAC/port``; before it was the MAC.
    """
    lines = []
    for mac in record.bond_macs:
        lines.append(f'subgraph "cluster_{record.bond}" {{ "{mac}" {_BOND}')
        lines.append(f'label="{record.bond}" }}')
    for interface in record.interfaces:
        lines += _magdb_interface(interface, port_ids_with_name=port_ids_with_name)
    for row in record.addresses:
        lines += _magdb_address(row)
    if record.bond_details:  # Mimic does not close this quote
        lines.append(f'"{record.bond_details} [label="bond"];')
    return digraph(lines)


def _magdb_interface(interface: InterfaceRow, *, port_ids_with_name: bool) -> list[str]:
    mac = interface.mac
    style = f' {_BOOTABLE} tooltip="Bootable"' if interface.boot else ""
    lines = [f'"{mac}" [label="{interface.name}\\n{mac}\\n{interface.vendor}"{style}];']
    for link in interface.links:
        port_id = link.remote_mac
        if port_ids_with_name:
            port_id = f"{link.remote_mac}/{link.remote_port}"
        lines += _magdb_link(link, port_id, mac)
    if not interface.links:
        switch, port = f"UnknownSwitchFor{mac}", f"UnknownPortFor{mac}"
        lines += [
            f'"{switch}" [label="Unknown Switch" {_UNKNOWN}];',
            f'"{port}" [label="Unknown Port" {_UNKNOWN}];',
            f'"{switch}" -> "{port}" [{_UNKNOWN}];',
            f'"{port}" -> "{mac}" [{_UNKNOWN}];',
        ]
    return lines


def _magdb_link(link: LinkRow, port_id: str, local_mac: str) -> list[str]:
    host = link.remote_host
    vendor = vendor_of(link.remote_mac)
    return [
        f'subgraph "cluster_{link.remote_mac}" {{',
        'color="none"',
        f'"{port_id}" -> "{local_mac}" [{_BROWN}];',
        f'"{host}" -> "{port_id}" [{_BROWN}];',
        "}",
        f'"{port_id}" [label="{link.remote_port}\\n{link.remote_mac}\\n{vendor}" {_LLDP}];',
        (
            f'"{host}" [label="{host}\\nObserved {link.observed}" {_LLDP}'
            f' URL="/node.php?n={host}" target="_parent"];'
        ),
    ]


def _magdb_address(row: AddressRow) -> list[str]:
    lines = [
        f'"{row.mac}" -> "{row.address}";',
        (
            f'"{row.address}" [label="{row.address}\\n {row.seen}"'
            f' URL="http://{row.address}" target="_parent"];'
        ),
    ]
    if row.fqdn:
        lines += [
            f'"{row.fqdn}" [URL="/node.php?n={row.fqdn}" target="_parent"];',
            f'"{row.address}" -> "{row.fqdn}";',
        ]
    return lines


def netbox_source(
    record: SystemRecord, device_ids: Mapping[str, int], base_url: str, *, cabled: bool
) -> str:
    """Return the graphviz text of the NetBox drawing.

    Args:
        record: the machine.
        device_ids: NetBox's id of each switch, by its name.
        base_url: where NetBox's own pages are.
        cabled: whether NetBox has the cables.
    """
    lines: list[str] = []
    edges: list[str] = []
    ids: dict[str, int] = {}
    for number, interface in enumerate(record.interfaces):
        local = record.netbox_id * 10 + number
        ids[interface.mac] = local
        lines.append(_netbox_interface(interface, local, base_url))
        if cabled and interface.links and not interface.management:
            link = interface.links[0]
            device = device_ids.get(link.remote_host, 1)
            lines += _netbox_peer(link, device, local + 5, base_url)
            edges.append(
                f'"interface.{local + 5}" -> "interface.{local}" [tooltip="#{local}" penwidth=1'
                f' URL="{base_url}/dcim/cables/{local}/" target="_parent" color="#000000"]'
            )
        else:
            lines += _netbox_uncabled(local)
    if record.bond:
        # A bond is an interface of its own, without a cable, and it is the one with the address.
        local = record.netbox_id * 10 + 9
        ids.update(dict.fromkeys(record.bond_macs, local))
        label = f"{record.bond}\\nNo MAC Recorded\\n&hellip;\\nLink Aggregation Group (LAG)"
        lines.append(f'"interface.{local}" [label="{label}" tooltip="lag"];')
        lines += _netbox_uncabled(local)
    lines += edges
    for row in record.addresses:
        lines += _netbox_address(row, ids[row.mac], base_url)
    return digraph(lines)


def _netbox_peer(link: LinkRow, device: int, port_id: int, base_url: str) -> list[str]:
    port = link.remote_port.split(" (", 1)[0]
    return [
        f'subgraph "cluster_peer.{device}" {{',
        _DEVICE,
        f'label="{link.remote_host}"',
        f'URL="/node.php?n={link.remote_host}"',
        'target="_parent"',
        (
            f'"interface.{port_id}" [label="{port}"'
            f' URL="{base_url}/dcim/interfaces/{port_id}/" target="_parent"]'
        ),
        "}",
    ]


def _netbox_uncabled(local: int) -> list[str]:
    unknown = f"unknown.interface.{local}"
    return [
        f'"{unknown}" [label="Unknown Interface" {_UNKNOWN} fontcolor="#888a85"];',
        f'"{unknown}" -> "interface.{local}" [{_UNKNOWN} fontcolor="#888a85"];',
    ]


def _netbox_interface(interface: InterfaceRow, local: int, base_url: str) -> str:
    kind, slug = ("25GBASE SFP28 (25GE)", "25gbase-x-sfp28")
    style, tooltip = "", slug
    if interface.management:
        kind = "1000BASE-T (1GE)"
        style, tooltip = _MANAGEMENT, "Management"
    if interface.boot:
        style, tooltip = _BOOTABLE, "Bootable"
    label = f"{interface.name}\\n{interface.mac}\\n{interface.vendor}\\n{kind}"
    return (
        f'"interface.{local}" [label="{label}" URL="{base_url}/dcim/interfaces/{local}/"'
        f' target="_parent" tooltip="{tooltip}" {style}];'
    )


def _netbox_address(row: AddressRow, interface: int, base_url: str) -> list[str]:
    look = 'style="rounded,filled" fillcolor="white" color="black" fontcolor="black"'
    address = f"{row.address}/{row.prefix}"
    lines = [
        f'"interface.{interface}" -> "{address}";',
        (
            f'"{address}" [{look} label="{address}\\n {row.seen}"'
            f' URL="{base_url}/ipam/ip-addresses/{interface}/" target="_parent" tooltip="Active"];'
        ),
    ]
    if row.fqdn:
        lines += [
            (
                f'"{row.fqdn}" [{look} URL="/node.php?n={row.fqdn}" target="_parent"'
                ' tooltip="Active"];'
            ),
            f'"{address}" -> "{row.fqdn}" [color="black"];',
        ]
    return lines
