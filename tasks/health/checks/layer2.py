"""Checks of neighbours, forwarding tables and bridge ports."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.health import conditions
from tasks.health.checks.base import Check, Seen
from tasks.health.checks.view import View, configured_ports
from tasks.health.facts import NeighbourFact
from tasks.health.model import Status
from tasks.model import Gateway

_PERMANENT = "PERMANENT"
#: States in which the kernel uses the entry without asking anew.
_USED = {"REACHABLE", "STALE", "DELAY", "PROBE", _PERMANENT}
_JUST_HEARD = {"REACHABLE", _PERMANENT}
#: Wrong entries are few; more than this many unlearnt MACs at once are a bridge that has forgotten.
_FEW = 3
_MANY_FAILED = 10
_NEARLY_FULL = 0.9


def _entries(view: View, *, permanent: bool) -> Iterator[tuple[Gateway, NeighbourFact]]:
    for gateway in view.gateways:
        for entry in view.neighbours.get(gateway.interface, ()):
            wanted = entry.state == _PERMANENT if permanent else entry.state in _USED - {_PERMANENT}
            if wanted and entry.mac and not entry.external:
                yield gateway, entry


def _contradictions(view: View, entry: NeighbourFact) -> list[str]:
    """Who knows the address by another MAC."""
    ip = str(entry.address)
    known = {
        "EVPN": view.evpn_macs.get(entry.address, frozenset()),
        "OpenStack": set(view.expected.vms[ip].macs) if ip in view.expected.vms else set(),
        "ARP": {mac for probe in view.probes.get(("arp", ip), ()) for mac in probe.macs},
    }
    return [
        f"{source} knows it as {' or '.join(sorted(macs))}"
        for source, macs in known.items()
        if macs and entry.mac not in macs
    ]


def _wrong(view: View, *, permanent: bool) -> Iterator[Seen]:
    entries = list(_entries(view, permanent=permanent))
    unlearnt = _unlearnt(view) if entries else frozenset()
    for gateway, entry in entries:
        against = _contradictions(view, entry)
        certain = bool(against)
        if (gateway.interface, entry) in unlearnt:
            against.append(f"bridge fdb: that MAC is nowhere in the bridge of {gateway.interface}")
            if _is_silent(view, str(entry.address)):
                against.append("it does not answer pings")
        if against:
            yield Seen(
                str(entry.address),
                f"ip neigh: {entry.address} is {entry.mac} ({entry.state}); {'; '.join(against)}",
                f"ip neigh del {entry.address} dev {gateway.interface} costs nothing (vip heal "
                "does).",
                gateway.interface,
                None if certain else Status.WARNING,
            )


def _unlearnt(view: View) -> frozenset[tuple[str, NeighbourFact]]:
    """Entries of neighbours that were heard of just now, and that the bridge has never learnt.

    A bridge that has just lost a port forgets all that was learnt there, which says nothing about
    the entries: so it is where a port is known to be lost, and where there are many.
    """
    if not view.facts.fdb.known:
        return frozenset()
    found: set[tuple[str, NeighbourFact]] = set()
    for gateway in view.gateways:
        svi = gateway.interface
        rows = {
            (svi, entry)
            for entry in view.neighbours.get(svi, ())
            if entry.state in _JUST_HEARD and entry.mac and not entry.external
            if not view.places(svi, entry.mac)
        }
        found |= rows if len(rows) <= _FEW else set()
    if not found:
        return frozenset()
    lost = (*_port_out(view), *_port_down(view), *_blocking(view), *_no_carrier(view))
    disturbed = {seen.interface for seen in lost}
    return frozenset((svi, entry) for svi, entry in found if svi not in disturbed)


def _is_silent(view: View, address: str) -> bool:
    """Whether it was sent pings, and answered none."""
    pings = [probe.ok for probe in view.probes.get(("ping", address), ())]
    return bool(pings) and not any(pings)


def _neighbour_wrong(view: View) -> Iterator[Seen]:
    return _wrong(view, permanent=False)


def _permanent_wrong(view: View) -> Iterator[Seen]:
    return _wrong(view, permanent=True)


def _failed(view: View) -> Iterator[Seen]:
    for gateway in view.gateways:
        entries = view.neighbours.get(gateway.interface, ())
        failed = sum(entry.state in {"FAILED", "INCOMPLETE"} for entry in entries)
        if failed >= _MANY_FAILED and failed * 2 > len(entries):
            yield Seen(
                gateway.interface,
                f"ip neigh: {failed} of {len(entries)} neighbours on {gateway.interface} do not "
                "answer ARP",
                "Somebody scans the subnet, or the SVI is cut off from its VMs: look at its bridge "
                "ports and vxlan device.",
                gateway.interface,
            )


def _table_full(view: View) -> Iterator[Seen]:
    most = view.facts.sysctls.get("neigh/default/gc_thresh3", "")
    used = sum(entry.address.version == 4 for entry in view.facts.neighbours.rows)  # noqa: PLR2004
    if most.isdigit() and int(most) > 0 and used >= int(most) * _NEARLY_FULL:
        yield Seen(
            "",
            f"ip neigh: {used} IPv4 neighbours, and room for {most} "
            "(net.ipv4.neigh.default.gc_thresh3)",
            "Raise gc_thresh1, 2 and 3, or find out who fills the table; a full one cuts new VMs "
            "off.",
        )


def _virtual_mac(view: View) -> Iterator[Seen]:
    seen = set()
    for vip in view.vips:
        if vip.device in seen or vip.link is None or not view.works(vip.device):
            continue
        if conditions.has_other_mac(vip):
            continue  # that is a check of its own, and the bridge is the least of it
        seen.add(vip.device)
        places = view.places(vip.interface, vip.link.mac)
        if any(place.state == "permanent" for place in places):
            continue
        learnt = ", ".join(place.port for place in places)
        what = f"is behind {learnt}" if learnt else "is unknown"
        yield Seen(
            str(vip.ip),
            f"bridge fdb: the virtual MAC {vip.link.mac} {what}, and is not local: frames to the "
            f"VIP are {'sent there' if learnt else 'flooded'}",
            "Announce the VIP (vip heal does). Who else uses that MAC?",
            vip.interface,
            None if learnt else Status.WARNING,
        )


def _vm_port(view: View) -> Iterator[Seen]:
    macs = {mac: (ip, vm) for ip, vm in view.expected.vms.items() for mac in vm.macs}
    for row in view.facts.fdb.rows:
        if not row.bridge or row.mac not in macs:
            continue
        ip, vm = macs[row.mac]
        port = view.lldp_port(vm.hypervisor) if vm.hypervisor else ""
        if port and row.port not in {port, _bond(view, port)}:
            yield Seen(
                ip,
                f"bridge fdb: {row.mac} of {ip} is behind {row.port}; LLDP sees its hypervisor "
                f"{vm.hypervisor} on {port}",
                f"bridge fdb del {row.mac} dev {row.port} master: it is learnt anew with its next "
                "packet. Has the VM just moved?",
                view.svi_on.get(row.bridge, ""),
            )


def _static_mac(view: View) -> Iterator[Seen]:
    ours = {link.mac for link in view.facts.links.rows}
    ours |= {vip.virtual.mac for vip in view.vips}
    for row in view.facts.fdb.rows:
        svi = view.svi_on.get(row.bridge, "")
        if (
            svi
            and row.state in {"permanent", "static"}
            and not row.external
            and row.port not in {row.bridge, svi}  # the bridge's own, and its earlier ones
            and row.mac not in ours
        ):
            yield Seen(
                row.mac,
                f"bridge fdb: {row.mac} is fixed ({row.state}) behind {row.port}; nothing is "
                "learnt that contradicts it",
                f"If nobody means it: bridge fdb del {row.mac} dev {row.port} master.",
                svi,
            )


def _bond(view: View, port: str) -> str:
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


_NEIGHBOURS = ("gateways", "neighbours")
_FDB = ("gateways", "links", "fdb")
_PORTS = ("gateways", "links", "ports")

CHECKS = (
    Check(
        "neighbour-wrong",
        "Neighbours have the MACs that others know them by",
        Status.CRITICAL,
        _neighbour_wrong,
        _NEIGHBOURS,
    ),
    Check(
        "neighbour-wrong-permanent",
        "Permanent neighbours have the right MACs",
        Status.CRITICAL,
        _permanent_wrong,
        _NEIGHBOURS,
    ),
    Check(
        "neighbours-failed",
        "Most neighbours answer ARP",
        Status.WARNING,
        _failed,
        _NEIGHBOURS,
    ),
    Check(
        "neighbour-table-full",
        "The neighbour table has room",
        Status.WARNING,
        _table_full,
        ("neighbours", "sysctls"),
    ),
    Check(
        "virtual-mac-not-local",
        "The bridge takes frames to each virtual MAC itself",
        Status.CRITICAL,
        _virtual_mac,
        _FDB,
    ),
    Check(
        "vm-mac-on-wrong-port",
        "VMs are behind their hypervisor's port",
        Status.WARNING,
        _vm_port,
        (*_FDB, "lldp"),
    ),
    Check(
        "mac-fixed",
        "No MAC of a VM is fixed to a port by hand",
        Status.WARNING,
        _static_mac,
        _FDB,
    ),
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
