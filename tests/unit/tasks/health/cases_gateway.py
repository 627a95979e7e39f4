"""Faults of devices, addresses, routes, rules and settings: a case each, or several."""

from __future__ import annotations

from tests.unit.tasks.health.broken import (
    CRITICAL,
    ROGUE,
    SUBNET,
    SVI,
    V0,
    V1,
    VIP,
    Case,
    address,
    flags,
    inet,
    links,
    route,
    sysctl,
    without,
)
from tests.unit.tasks.health.recorded import (
    VM,
    configured,
    facts,
    rows,
)

GATEWAY = [
    Case("svi-down", lambda: facts(links=flags(SVI, drop="UP")), SVI, ("down",)),
    Case(
        "vrr-device-deleted", lambda: facts(links=without("links", ifname=V0)), VIP, (f"no {V0}",)
    ),
    Case("vrr-device-down", lambda: facts(links=flags(V0, drop="UP")), VIP, (V0, "down")),
    Case("vrr-protodown", lambda: facts(links=links(V0, proto_down=True)), VIP, (V0,)),
    Case("vrr-noarp", lambda: facts(links=flags(V0, add="NOARP")), VIP, (V0,)),
    Case("vrr-mtu-wrong", lambda: facts(links=links(V0, mtu=1500)), VIP, ("1500", "9000")),
    Case(
        "svi-mtu-wrong",
        lambda: facts(
            configuration=configured(
                lambda t: t.replace("\tmtu 9000\n\taddress 130", "\tmtu 9216\n\taddress 130")
            )
        ),
        SVI,
        ("9216", "9000"),
    ),
    Case(
        "virtual-mac-wrong",
        lambda: facts(links=links(V0, address=ROGUE)),
        VIP,
        (ROGUE, "00:00:5e:00:01:c5"),
    ),
    Case("vip-address-lost", lambda: facts(addresses=address(V0, None)), VIP, (V0, "none")),
    Case(
        "vip-on-wrong-device",
        lambda: facts(
            addresses=address(SVI, [inet("130.246.212.2", 22), inet(VIP, 22)]),
        ),
        VIP,
        (SVI, V0),
    ),
    Case(
        "vip-prefix-wrong",
        lambda: facts(addresses=address(V0, [inet(VIP, 32)])),
        VIP,
        (f"{VIP}/32", f"{VIP}/22"),
    ),
    Case(
        "svi-address-lost", lambda: facts(addresses=address(SVI, None)), SVI, ("130.246.212.2/22",)
    ),
    Case(
        "svi-routes-lost",
        lambda: facts(routes=[r for r in rows("routes") if r["dst"] != SUBNET]),
        SVI,
        (SUBNET, V0, V1),
    ),
    Case(
        "connected-route-lost",
        lambda: facts(routes=without("routes", dst=SUBNET, dev=V0)),
        V0,
        (SUBNET,),
    ),
    Case(
        "vip-local-route-lost",
        lambda: facts(routes=without("routes", dst=VIP, type="local")),
        VIP,
        ("table local",),
    ),
    Case(
        "blackhole-route",
        lambda: facts(routes=route(type="blackhole", dst=VM)),
        f"{VM}/32",
        ("blackhole",),
    ),
    Case(
        "foreign-route",
        lambda: facts(
            routes=route(dst="130.246.213.0/24", gateway="10.254.0.3", dev="swp51", protocol="bgp")
        ),
        "130.246.213.0/24",
        ("swp51", "10.254.0.3", "bgp"),
    ),
    Case(
        "foreign-route",
        lambda: facts(routes=route(dst=VM, gateway="10.254.0.3", dev="swp51", protocol="bgp")),
        f"{VM}/32",
        ("swp51",),
    ),
    Case(
        "policy-rule-from",
        lambda: facts(
            rules=[
                *rows("rules"),
                {"priority": 100, "src": "130.246.212.0", "srclen": 22, "table": "99"},
            ]
        ),
        "rule 100",
        ("from", "130.246.212.0/22", "lookup 99"),
    ),
    Case(
        "policy-rule-iif",
        lambda: facts(
            rules=[*rows("rules"), {"priority": 100, "src": "all", "iif": V0, "table": "99"}],
            routes=route(type="unreachable", dst="default", table="99"),
        ),
        "rule 100",
        (V0, "dropped"),
        CRITICAL,
    ),
    Case(
        "policy-rule-to",
        lambda: facts(
            rules=[*rows("rules"), {"priority": 100, "src": "all", "dst": VM, "table": "99"}]
        ),
        "rule 100",
        ("to", VM),
    ),
    Case("forwarding-off", lambda: facts(sysctls=sysctl("ip_forward", 0)), "", ("ip_forward",)),
    Case(
        "vrr-forwarding-off",
        lambda: facts(sysctls=sysctl(f"conf/{V0}/forwarding", 0)),
        V0,
        ("forwarding = 0",),
    ),
    Case(
        "svi-forwarding-off",
        lambda: facts(sysctls=sysctl(f"conf/{SVI}/forwarding", 0)),
        SVI,
        ("forwarding = 0",),
    ),
    Case("rp-filter-all", lambda: facts(sysctls=sysctl("conf/all/rp_filter", 1)), ""),
    Case("vrr-rp-filter", lambda: facts(sysctls=sysctl(f"conf/{V0}/rp_filter", 1)), V0),
    Case(
        "svi-answers-arp",
        lambda: facts(
            sysctls=sysctl("conf/all/arp_ignore", 0)
            .replace(f"conf/{SVI}/arp_ignore:1", f"conf/{SVI}/arp_ignore:0")
            .replace("conf/vlan999/arp_ignore:1", "conf/vlan999/arp_ignore:0")
        ),
        "",
        ("answer ARP for their VIPs with their own MAC",),
    ),
    Case("arp-ignore-all", lambda: facts(sysctls=sysctl("conf/all/arp_ignore", 8)), "", ("8",)),
    Case("vrr-arp-ignore", lambda: facts(sysctls=sysctl(f"conf/{V0}/arp_ignore", 8)), V0, ("8",)),
]
