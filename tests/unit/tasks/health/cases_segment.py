"""Faults of neighbours, ports, forwarding entries and VMs: a case each, or several."""

from __future__ import annotations

from tasks.faults.view import ExpectedFromSite
from tests.unit.tasks.health.broken import (
    HERE,
    HV,
    PING,
    ROGUE,
    SVI,
    V0,
    VIP,
    VM_MAC,
    WARNING,
    Case,
    fdb,
    flags,
    links,
    many_failed,
    neighbour,
    ports,
    probes,
    sysctl,
    without,
)
from tests.unit.tasks.health.recorded import (
    VM,
    facts,
    rows,
    said,
)

SEGMENT = [
    Case(
        "neighbour-wrong",
        lambda: facts(neighbours=neighbour(ROGUE)),
        VM,
        (ROGUE, f"ARP knows it as {VM_MAC}", f"EVPN knows it as {VM_MAC}", "bridge fdb"),
    ),
    Case(
        "neighbour-wrong",
        lambda: facts(neighbours=neighbour(ROGUE), evpn_macs={}, probes="done\n"),
        VM,
        ("bridge fdb",),
        WARNING,
    ),
    Case(
        "neighbour-wrong",
        lambda: facts(neighbours=neighbour(ROGUE, "STALE"), evpn_macs={}, probes="done\n"),
        VM,
        (f"OpenStack knows it as {VM_MAC}",),
        expected=HERE,
    ),
    Case(
        "neighbour-wrong-permanent",
        lambda: facts(neighbours=neighbour(ROGUE, "PERMANENT")),
        VM,
        (ROGUE, "PERMANENT"),
    ),
    Case("neighbours-failed", lambda: facts(neighbours=many_failed()), SVI, ("29 of 3",)),
    Case(
        "neighbour-table-full",
        lambda: facts(sysctls=sysctl("neigh/default/gc_thresh3", 9)),
        "",
        ("room for 9",),
    ),
    Case(
        "virtual-mac-not-local",
        lambda: facts(fdb=fdb("00:00:5e:00:01:c5", state="", ifname="swp1s2")),
        VIP,
        ("behind swp1s2",),
    ),
    Case(
        "virtual-mac-not-local",
        lambda: facts(fdb=[r for r in rows("fdb") if r["mac"] != "00:00:5e:00:01:c5"]),
        VIP,
        ("unknown",),
        WARNING,
    ),
    Case(
        "vm-mac-on-wrong-port",
        lambda: facts(fdb=fdb(VM_MAC, ifname="swp1s2")),
        VM,
        (VM_MAC, "swp1s2", "swp1s3", HV),
        expected=HERE,
    ),
    Case("mac-fixed", lambda: facts(fdb=fdb(VM_MAC, state="static")), VM_MAC, ("static", "swp1s3")),
    Case(
        "port-out-of-bridge",
        lambda: facts(ports=without("ports", ifname="swp1s3"), links=links("swp1s3", master="")),
        "swp1s3",
        ("of no bridge", f"configured in {SVI}"),
    ),
    Case(
        "port-down",
        lambda: facts(links=flags("swp1s3", drop="UP")),
        "swp1s3",
        ("down", f"configured in {SVI}"),
    ),
    Case(
        "hypervisor-unreachable",
        lambda: facts(links=flags("swp1s3", drop="LOWER_UP")),
        "swp1s3",
        (HV,),
        expected=HERE,
    ),
    Case(
        "port-without-carrier",
        lambda: facts(
            links=flags("swp1s3", drop="LOWER_UP"), lldp=said("lldp", 0, b'{"lldp": {}}')
        ),
        "swp1s3",
        (HV,),
        expected=ExpectedFromSite({HV: ("swp1s2", "swp1s3")}),
    ),
    Case(
        "port-blocking",
        lambda: facts(ports=ports("swp1s3", state="blocking")),
        "swp1s3",
        ("blocking",),
    ),
    Case(
        "vip-answered-by-other",
        lambda: facts(
            probes=probes(
                f"duplicate|{V0}|130.246.212.2|{VIP}|124|ARPING {VIP} from 130.246.212.2 {SVI} "
                f"Unicast reply from {VIP} [00:00:5E:00:01:C5] 1ms "
                f"Unicast reply from {VIP} [{VM_MAC.upper()}] 2ms",
                drop=f"duplicate|{V0}|130.246.212.2",
            )
        ),
        VIP,
        (VM_MAC, "behind swp1s3"),
    ),
    Case(
        "vip-reaches-nobody",
        lambda: facts(
            probes=probes(
                *(
                    f"ping|{V0}|{VIP}|130.246.213.{n}|1" + PING.format(f"130.246.213.{n}")
                    for n in (11, 12)
                ),
                drop=f"ping|{V0}",
            )
        ),
        VIP,
        ("none of 2", VM),
    ),
    Case(
        "no-way-out",
        lambda: facts(
            probes=probes(
                f"route-out|{V0}|{VM}|198.51.100.250|2|RTNETLINK answers: Network is unreachable",
                drop="route-out",
            )
        ),
        VM,
        ("unreachable",),
    ),
    Case(
        "no-way-in",
        lambda: facts(
            probes=probes(
                f"route-in|{SVI}|-|{VM}|0|{VM} via 10.254.0.3 dev swp51 src 10.254.0.2 uid 0",
                drop="route-in",
            )
        ),
        VM,
        ("swp51",),
    ),
]
