"""Faults of who is where: neighbour entries, ARP, the bridge's forwarding table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.faults.model import Cure, Diagnosis, Silent, Stranger
from tasks.health.diagnosis_view import macs_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.addresses import IpAddress
    from tasks.facts.model import NeighbourFact
    from tasks.health.diagnosis_view import View

_PERMANENT = "PERMANENT"


def neighbour_wrong(view: View) -> Diagnosis | None:
    """The switch sends packets for a VM to a MAC that is not its own."""
    return _wrong_entries(view, "neighbour-wrong", permanent=False)


def neighbour_wrong_permanent(view: View) -> Diagnosis | None:
    """The same by an entry that somebody made for ever."""
    return _wrong_entries(view, "neighbour-wrong-permanent", permanent=True)


def answered_by_other(view: View) -> Diagnosis | None:
    """Another machine answers ARP for a VIP."""
    rogues: dict[str, str] = {}
    own = {v.mac for v in view.gateway.virtual} | {
        view.links[device].mac for device in view.gateway.devices if device in view.links
    }
    for virtual in view.gateway.virtual:
        for probe in view.probes("duplicate", str(virtual.address.ip)):
            if not probe.ok:
                macs = probe.macs or macs_in(probe.detail)
                rogues |= {mac: probe.target for mac in macs if mac not in own}
    if not rogues:
        return None
    strangers = tuple(Stranger(mac, vip, _places(view, mac)) for mac, vip in rogues.items())
    vips = ", ".join(dict.fromkeys(rogues.values()))
    return Diagnosis(
        "vip-answered-by-other",
        f"another machine answers ARP for {vips}: {', '.join(map(str, strangers))}",
        tuple(f"arping: {vip} is answered by {mac}" for mac, vip in rogues.items()),
        Cure.ANNOUNCE,
        view.gateway.interface,
        view.vrr,
        remedy="the VIP is announced, which lasts until the other machine is asked again: find "
        f"{', '.join(rogues)} and take {vips} away from it",
        strangers=strangers,
    )


def virtual_mac_not_local(view: View) -> Diagnosis | None:
    """The bridge does not take frames to a virtual MAC for its own."""
    if not view.bridge or view.bridge not in view.links:
        return None
    astray = {}
    for virtual in view.gateway.virtual:
        link = view.links.get(virtual.device)
        if link is None or not view.works(virtual.device) or link.mac != virtual.mac:
            continue
        # By kind of bridge and iproute2 the entry is the bridge's, or only the device's own.
        known = [r for r in view.facts.fdb.rows if r.mac == virtual.mac]
        rows = [r for r in known if r.bridge == view.bridge]
        own = {view.bridge, view.gateway.interface}
        if not any(r.port in own and r.state == "permanent" for r in rows or known):
            astray[virtual.device] = ", ".join(dict.fromkeys(r.port for r in rows)) or "nowhere"
    if not astray:
        return None
    macs = {v.device: v.mac for v in view.gateway.virtual}
    return Diagnosis(
        "virtual-mac-not-local",
        ", ".join(
            f"the bridge {view.bridge} knows {macs[device]} of {device} "
            + ("nowhere" if where == "nowhere" else f"on {where}")
            + " and not as its own"
            for device, where in astray.items()
        ),
        tuple(
            f"bridge fdb: {macs[device]} on {where}, not permanent on {view.bridge}"
            for device, where in astray.items()
        ),
        Cure.REAPPLY,
        view.gateway.interface,
        tuple(astray),
        latent=not view.silent,
        remedy="'ifup' of the SVI, and the VIP is announced, so that the bridge learns anew",
    )


def vm_mac_misplaced(view: View) -> Diagnosis | None:
    """The bridge sends frames for a VM to another port than the one of its hypervisor."""
    astray: dict[str, tuple[Silent, str]] = {}
    for silent in view.silent:
        ports = {view.bridge_port(port) for port in silent.ports}
        if not ports:
            continue
        for mac in silent.macs:
            where = [row.port for row in view.learnt(mac) if not view.is_tunnel(row.port)]
            if where and not ports & set(where):
                astray[mac] = (silent, where[0])
    if not astray:
        return None
    return Diagnosis(
        "vm-mac-on-wrong-port",
        ", ".join(
            f"the bridge sends frames for {silent} to {port}; {silent.hypervisor or 'its host'} is "
            f"on {', '.join(silent.ports)}"
            for silent, port in astray.values()
        ),
        tuple(f"bridge fdb: {mac} on {port}" for mac, (_, port) in astray.items()),
        Cure.FORGET,
        view.gateway.interface,
        neighbours=tuple(
            (str(entry.address), entry.device)
            for silent, _ in astray.values()
            for entry in view.entries(silent.address)
        ),
        remedy="the switch forgets its own entry and asks everybody: the VM's answer puts the "
        "bridge right",
    )


def _wrong_entries(view: View, fault: str, *, permanent: bool) -> Diagnosis | None:
    found = [
        (entry, right, source)
        for address in _addresses(view)
        for entry in view.entries(address)
        if (entry.state == _PERMANENT and not entry.external) == permanent
        for right, source in [_right_macs(view, address)]
        if right and entry.mac not in right
    ]
    if not found:
        return None
    return Diagnosis(
        fault,
        ", ".join(
            f"the switch takes {_name(view, entry.address)} for {entry.mac}; it is "
            f"{' or '.join(right)}"
            for entry, right, _ in found
        ),
        (
            *(f"ip neigh: {_entry(entry)}" for entry, _, _ in found),
            *(
                f"{source}: {entry.address} is {' or '.join(right)}"
                for entry, right, source in found
            ),
        ),
        Cure.FORGET,
        view.gateway.interface,
        neighbours=tuple((str(entry.address), entry.device) for entry, _, _ in found),
        certain=all(_certain(view, entry, source) for entry, _, source in found),
        remedy="the wrong entry is deleted; the switch asks the VM by its next packet",
    )


def _addresses(view: View) -> Iterator[IpAddress]:
    """Whose entries are looked at: the silent ones', or everybody's whose MAC is known."""
    if view.silent:
        yield from (silent.address for silent in view.silent)
        return
    if not view.macs:
        return
    yield from dict.fromkeys(
        row.address
        for row in view.facts.neighbours.rows
        if row.device in view.gateway.devices and str(row.address) in view.macs
    )


def _right_macs(view: View, address: IpAddress) -> tuple[tuple[str, ...], str]:
    """The MACs that an address has, and who says so; the surest source first."""
    known = [mac for s in view.silent if s.address == address for mac in s.macs]
    known += view.macs.get(str(address), ())
    if known:
        return tuple(dict.fromkeys(mac.lower() for mac in known)), "OpenStack"
    answered = [mac for probe in view.probes("arp", str(address)) for mac in probe.macs]
    if answered:
        return tuple(dict.fromkeys(answered)), "arping"
    evpn = [row.mac for row in view.facts.evpn_macs.rows if row.address == address and row.mac]
    return tuple(dict.fromkeys(evpn)), "EVPN"


def _certain(view: View, entry: NeighbourFact, source: str) -> bool:
    """EVPN may be behind; a VM may bear a MAC that OpenStack does not know, if it is seen."""
    if source == "arping":
        return True
    seen = bool(view.learnt(entry.mac))
    return source == "OpenStack" and (not seen or bool(view.silent))


def _name(view: View, address: IpAddress) -> str:
    return next((str(s) for s in view.silent if s.address == address), str(address))


def _entry(entry: NeighbourFact) -> str:
    return f"{entry.address} dev {entry.device} lladdr {entry.mac} {entry.state}"


def _places(view: View, mac: str) -> tuple[str, ...]:
    """Where the bridge knows a MAC: its ports, and the VTEP behind a tunnel."""
    vteps = {row.port: row.remote for row in view.facts.fdb.rows if row.mac == mac and row.remote}
    ports = dict.fromkeys(row.port for row in view.learnt(mac))
    return tuple(f"{p} (VTEP {vteps[p]})" if p in vteps else p for p in ports)
