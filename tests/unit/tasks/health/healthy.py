"""A switch on which all is well, as facts, and how to break it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from tasks.facts.model import (
    AddressFact,
    FdbFact,
    LinkFact,
    LldpFact,
    NeighbourFact,
    PortFact,
    ProbeFact,
    RouteFact,
    RuleFact,
    Section,
    SwitchFacts,
)
from tasks.faults.model import SilentEndpoint
from tasks.model import Gateway, VirtualAddress

SVI, V0, V1, PORT = "vlan453", "vlan453-v0", "vlan453-v1", "swp1s3"
VIP, VIP2, OWN = "130.246.212.1", "130.246.215.254", "130.246.212.2"
MAC0, MAC1, VM_MAC = "00:00:5e:00:01:c5", "00:00:5e:00:01:c6", "fa:16:3e:d4:d5:0b"
VM = "130.246.213.11"
HV = "hv50.nubes.example.internal"
NETWORK = ip_network("130.246.212.0/22")
UP = frozenset({"BROADCAST", "MULTICAST", "UP", "LOWER_UP"})
DOWN = frozenset({"BROADCAST", "MULTICAST"})

GATEWAY = Gateway(
    interface=SVI,
    vip=VirtualAddress(V0, MAC0, ip_interface(f"{VIP}/22"), 8),
    virtual=(
        VirtualAddress(V0, MAC0, ip_interface(f"{VIP}/22"), 8),
        VirtualAddress(V1, MAC1, ip_interface(f"{VIP2}/22"), 9),
    ),
    own=(ip_interface(f"{OWN}/22"),),
    file="/etc/network/interfaces",
    first=4,
    last=10,
    stanza=f"iface {SVI}\n\tmtu 9000\n\taddress {OWN}/22\n",
    candidate="",
)
PATIENT = SilentEndpoint(ip_address(VM), "vm-a1", (VM_MAC,), HV, (PORT,))


def route(device: str = "", destination: Any = NETWORK, **changes: Any) -> RouteFact:
    values: dict[str, Any] = {
        "destination": ip_network(destination),
        "device": device,
        "via": None,
        "kind": "unicast",
        "protocol": "kernel",
        "table": "main",
    }
    return RouteFact(**{**values, **changes})


def neighbour(mac: str = VM_MAC, state: str = "REACHABLE", device: str = SVI) -> NeighbourFact:
    return NeighbourFact(ip_address(VM), device, mac, state)


def healthy() -> SwitchFacts:
    """All is well; the switch has tried everything out for `PATIENT`, who answers it."""
    devices = {SVI: OWN, V0: VIP, V1: VIP2}
    return SwitchFacts(
        "swt-sn2100-03.example.internal",
        "swt-sn2100-03",
        gateways=(GATEWAY,),
        links=Section(
            (
                LinkFact(PORT, 3, UP, 9000, "24:8a:07:01:01:03", master=SVI),
                LinkFact("swp1s2", 4, UP, 9000, "24:8a:07:01:01:02", master=SVI),
                LinkFact("swp51", 5, UP, 9000, "24:8a:07:01:33:00"),
                LinkFact("vni10453", 6, UP, 9000, kind="vxlan", master=SVI, vni=10453),
                LinkFact(SVI, 7, UP, 9000, "24:8a:07:01:01:02", kind="bridge"),
                LinkFact(V0, 8, UP, 9000, MAC0, kind="macvlan", parent=SVI),
                LinkFact(V1, 9, UP, 9000, MAC1, kind="macvlan", parent=SVI),
            )
        ),
        addresses=Section(
            tuple(AddressFact(d, ip_interface(f"{a}/22")) for d, a in devices.items())
        ),
        routes=Section(
            (
                route(SVI),
                route(V0, metric=1024),
                route(V1, metric=1024),
                route("swp51", "0.0.0.0/0", via=ip_address("10.254.0.1"), protocol="bgp"),
                *(route(d, f"{a}/32", kind="local", table="local") for d, a in devices.items()),
            )
        ),
        rules=Section(
            tuple(
                RuleFact(pref, table, {"src": "all"})
                for pref, table in ((0, "local"), (32766, "main"), (32767, "default"))
            )
        ),
        neighbours=Section((neighbour(),)),
        fdb=Section(
            (
                FdbFact(VM_MAC, PORT, SVI),
                FdbFact("fa:16:3e:d4:d5:15", "swp1s2", SVI),
                FdbFact(MAC0, SVI, SVI, state="permanent"),
                FdbFact(MAC1, SVI, SVI, state="permanent"),
            )
        ),
        ports=Section(tuple(PortFact(p, SVI, "forwarding") for p in (PORT, "swp1s2", "vni10453"))),
        lldp=Section((LldpFact(PORT, HV),)),
        probes=Section(
            (
                ProbeFact("duplicate", V0, VIP, ok=True),
                ProbeFact("arp", V0, VM, ok=True, macs=(VM_MAC,)),
                ProbeFact("ping", V0, VM, ok=True, source=VIP),
                ProbeFact("route-in", SVI, VM, ok=True, detail=f"{VM} dev {SVI}"),
                ProbeFact("route-out", V0, "198.51.100.250", ok=True, source=VM),
            )
        ),
        sysctls={
            "ip_forward": "1",
            "conf/all/rp_filter": "0",
            "conf/all/arp_ignore": "1",
            **{f"conf/{d}/forwarding": "1" for d in devices},
            **{f"conf/{d}/rp_filter": "0" for d in devices},
            **{f"conf/{d}/arp_ignore": "1" for d in devices},
        },
    )


# --- breaking it: each gives other facts -----------------------------------------------------


def without(facts: SwitchFacts, section: str, **match: Any) -> SwitchFacts:
    """The facts without the rows that have these values."""
    rows = [
        row
        for row in getattr(facts, section).rows
        if not all(getattr(row, key) == value for key, value in match.items())
    ]
    assert len(rows) < len(getattr(facts, section).rows), f"no row of {section} has {match}"
    return replace(facts, **{section: Section(tuple(rows))})


def plus(facts: SwitchFacts, section: str, *rows: Any) -> SwitchFacts:
    """The facts with further rows, in front."""
    return replace(facts, **{section: Section((*rows, *getattr(facts, section).rows))})


def changed(facts: SwitchFacts, section: str, match: dict[str, Any], **changes: Any) -> SwitchFacts:
    """The facts with the rows that match changed."""

    def hit(row: Any) -> bool:
        return all(getattr(row, key) == value for key, value in match.items())

    old = getattr(facts, section).rows
    assert any(map(hit, old)), f"no row of {section} has {match}"
    return replace(
        facts,
        **{section: Section(tuple(replace(r, **changes) if hit(r) else r for r in old))},
    )


def link(facts: SwitchFacts, name: str, **changes: Any) -> SwitchFacts:
    return changed(facts, "links", {"name": name}, **changes)


def sysctl(facts: SwitchFacts, path: str, value: int) -> SwitchFacts:
    return replace(facts, sysctls={**facts.sysctls, path: str(value)})


def probe(facts: SwitchFacts, kind: str, *, ok: bool, **changes: Any) -> SwitchFacts:
    return changed(facts, "probes", {"kind": kind}, ok=ok, **changes)
