"""Faults of the configuration and the fabric, and unread tables: a case each, or several."""

from __future__ import annotations

from typing import Any

from tasks.facts.model import SwitchFacts
from tasks.faults.model import Status
from tests.unit.tasks.health.broken import (
    CRITICAL,
    SVI,
    V0,
    VIP,
    Case,
    copied_vip,
    drifted,
    flags,
    links,
    peer,
)
from tests.unit.tasks.health.recorded import (
    FRR,
    SWITCH,
    changed,
    configured,
    facts,
    rows,
    said,
)

_UP = ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"]
_RED = {
    "vrf": "red",
    "vni": 104001,
    "vxlanIntf": "vni104001",
    "sviIntf": "vlan4001",
    "state": "Up",
    "routerMac": "44:38:39:be:ef:aa",
}


def l3vni(row: dict[str, Any]) -> dict[str, Any]:
    return {"vrfs": [_RED, row] if row["vrf"] != "red" else [row]}


def in_red(**changes: Any) -> SwitchFacts:
    """A leaf whose VIPs are in a tenant VRF with an L3VNI."""
    rule = {"priority": 1000, "src": "all", "table": "[l3mdev-table]"}
    stanza = ("\tbridge-fd 0\n\tbridge-l", "\tvrf red\n\tbridge-fd 0\n\tbridge-l")
    well = {
        "links": with_l3vni(),
        "routes": in_vrf(),
        "rules": [*rows("rules"), rule],
        "configuration": configured(lambda text: text.replace(*stanza)),
        "vrf_vnis": l3vni(_RED),
    }
    return facts(**{**well, **changes})


def with_l3vni(mtu: int = 9000, number: int = 104001, vrf: str = "red") -> list[Any]:
    """The links with a tenant VRF, the SVI of the VIPs in it, and its L3VNI."""
    links = rows("links")
    for row in links:
        if row["ifname"].startswith(SVI):
            row["master"] = vrf
    vxlan = {"info_kind": "vxlan", "info_data": {"id": number, "local": "10.0.0.11"}}
    table = {"info_kind": "vrf", "info_data": {"table": 1001}}
    return [
        *links,
        {"ifname": vrf, "flags": _UP, "mtu": 65536, "linkinfo": table},
        {"ifname": f"vni{number}", "flags": _UP, "mtu": 9000, "linkinfo": vxlan},
        {"ifname": "vlan4001", "flags": _UP, "mtu": mtu, "master": vrf},
    ]


def in_vrf(number: int = 1001) -> list[Any]:
    """The routes with those of the VIPs' devices in the VRF's table."""
    return changed(
        "routes",
        lambda row: (
            row.update(table=str(number)) if str(row.get("dev", "")).startswith(SVI) else None
        ),
    )


def mute() -> dict[str, Any]:
    document = peer("Established")
    (only,) = document["peers"].values()
    only.update(pfxRcd=0, pfxSnt=0)
    return document


def instance(word: str) -> dict[str, Any]:
    return {**rows("evpn_instance"), "advertiseAllVnis": word}


def duplicate() -> dict[str, Any]:
    document: dict[str, Any] = rows("evpn_macs")
    document["10453"]["130.246.213.11"]["isDuplicate"] = True
    return document


def learning() -> list[Any]:
    info = next(row for row in rows("links") if row["ifname"] == "vni10453")["linkinfo"]
    data = {**info["info_slave_data"], "learning": True}
    return links("vni10453", linkinfo={**info, "info_slave_data": data})


def mlag(text: str) -> bytes:
    stanza = "\nauto peerlink.4094\niface peerlink.4094\n\tclagd-peer-ip linklocal\n"
    stanza += "\tclagd-sys-mac 44:38:39:BE:EF:AA\n\tclagd-backup-ip 10.5.0.41 vrf mgmt\n"
    vtep = "\tclagd-vxlan-anycast-ip 10.0.0.100\n"
    return configured(lambda all_of_it: f"{all_of_it}{stanza}{vtep if text else ''}")


def peerlink(*flags: str) -> list[Any]:
    return [*rows("links"), {"ifname": "peerlink", "flags": list(flags), "mtu": 9216}]


FABRIC = [
    Case("identity", lambda: facts(hostname="swt-sn2100-04\n"), "", ("swt-sn2100-04", SWITCH)),
    Case(
        "vip-not-auto",
        lambda: facts(configuration=configured(lambda text: text.replace("auto vlan453\n", ""))),
        SVI,
        ("no auto line", "/etc/network/interfaces, lines"),
    ),
    Case(
        "vip-not-auto",
        lambda: facts(
            configuration=configured(
                lambda text: (
                    text.replace("auto vlan453\n", "allow-auto vlan453\n") + "\nauto vlan453\n"
                )
            )
        ),
        SVI,
    ),
    Case(
        "vip-twice",
        lambda: facts(configuration=configured(copied_vip)),
        VIP,
        (V0, "its own address"),
        also=frozenset({"svi-address-lost", "vip-on-wrong-device"}),
    ),
    Case(
        "stanza-repeated",
        lambda: facts(
            configuration=configured(lambda t: t + f"\nauto {SVI}\niface {SVI}\n\talias twice\n")
        ),
        SVI,
        ("second stanza", "interfaces line"),
    ),
    Case(
        "address-commented-out",
        lambda: facts(
            configuration=configured(
                lambda t: t.replace(
                    "\taddress 130.246.212.2/22",
                    "\t#address 130.246.213.250/24\n\taddress 130.246.212.2/22",
                )
            )
        ),
        SVI,
        ("130.246.213.250/24", "/etc/network/interfaces line"),
    ),
    Case(
        "configuration-drift",
        lambda: facts(drift=drifted()),
        "swp10",
        ("alias (fail: core router)",),
    ),
    Case(
        "commit-pending",
        lambda: facts(left_over="pending|pending|0123456789ab|bob@seat|42|yes|pending\ndone\n"),
        "",
        ("0123456789ab", "bob@seat", "42 s to go"),
    ),
    Case(
        "commit-pending",
        lambda: facts(
            left_over="pending|claimed.revert|0123456789ab|bob@seat|-900|yes|pending\ndone\n"
        ),
        "",
        ("900 s over its time",),
        CRITICAL,
    ),
    Case(
        "commit-pending",
        lambda: facts(left_over="pending|pending|0123456789ab|bob@seat|42|no|pending\ndone\n"),
        "",
        ("0123456789ab", "its timer is dead"),
        CRITICAL,
    ),
    Case(
        "commit-pending",
        lambda: facts(left_over="pending|pending|0123456789ab|bob@seat|42|yes|repair\ndone\n"),
        "",
        ("repair 0123456789ab", "bob@seat", "under way"),
    ),
    Case(
        "left-over",
        lambda: facts(left_over="left|file|/etc/network/.interfaces.vipkeeper.0a\ndone\n"),
        "",
        (".interfaces.vipkeeper.0a",),
    ),
    Case(
        "left-over",
        lambda: facts(left_over="left|confirm|/var/lib/vipkeeper/confirm\ndone\n"),
        "",
        ("interrupted confirm",),
    ),
    Case("evpn-peer-down", lambda: facts(evpn_peers=peer("Active")), "", ("Active",), CRITICAL),
    Case(
        "evpn-peer-down",
        lambda: facts(evpn_peers=mute()),
        "",
        ("1 of 1 peers Established without EVPN routes", "10.254.0.3"),
        CRITICAL,
    ),
    Case(
        "advertise-all-vni-off",
        lambda: facts(
            evpn_instance=instance("Disabled"),
            vnis=b"",
            evpn_macs=b"",
            fdb=[r for r in rows("fdb") if r["mac"] != "00:00:00:00:00:00"],
        ),
        "",
        ("advertise-all-vni is off", "vni10453"),
    ),
    Case("vxlan-learning-on", lambda: facts(links=learning()), "vni10453", ("VNI 10453",)),
    Case(
        "evpn-duplicate",
        lambda: facts(evpn_macs=duplicate()),
        "130.246.213.11",
        ("fa:16:3e:d4:d5:0b", "VNI 10453"),
    ),
    Case(
        "l3vni-down",
        lambda: facts(vrf_vnis=l3vni({**_RED, "sviIntf": "None", "state": "Down"})),
        "VNI 104001",
        ("L3VNI 104001 of VRF red is Down", "no SVI"),
    ),
    Case(
        "l3vni-down",
        lambda: facts(vrf_vnis=l3vni({**_RED, "state": "Down"})),
        "VNI 104001",
        ("its devices are there",),
    ),
    Case(
        "router-mac-differs",
        lambda: in_red(
            vrf_vnis=l3vni({**_RED, "vrf": "blue", "vni": 104002, "routerMac": "44:38:39:be:ef:ab"})
        ),
        "10.0.0.11",
        ("44:38:39:be:ef:aa (VRF red)", "44:38:39:be:ef:ab (VRF blue)"),
    ),
    Case(
        "l3vni-mtu",
        lambda: in_red(links=with_l3vni(1500)),
        "vlan4001",
        ("vlan4001 of L3VNI 104001 has MTU 1500, vlan453 in VRF red has 9000",),
    ),
    Case(
        "segment-mtu",
        lambda: facts(links=links("vni10453", mtu=1500)),
        "vni10453",
        ("vni10453 has MTU 1500, vlan453 has 9000",),
    ),
    Case(
        "tunnel-mtu",
        lambda: facts(links=links("swp51", mtu=9000)),
        "swp51",
        ("swp51 has MTU 9000", "vni10453 have up to 9050 bytes"),
    ),
    Case(
        "mlag-peerlink-down",
        lambda: facts(configuration=mlag("")),
        "peerlink",
        ("there is no peerlink",),
    ),
    Case(
        "mlag-peerlink-down",
        lambda: facts(configuration=mlag(""), links=peerlink("UP")),
        "peerlink",
        ("peerlink has no carrier",),
    ),
    Case(
        "mlag-anycast-lost",
        lambda: facts(configuration=mlag("vtep"), links=peerlink("UP", "LOWER_UP")),
        "10.0.0.100",
        ("vni10453 has the VTEP 10.0.0.11",),
    ),
    Case("vxlan-down", lambda: facts(links=flags("vni10453", drop="UP")), "vni10453"),
    Case("vxlan-without-evpn", lambda: facts(vnis={}), "vni10453", ("10453",)),
    Case(
        "vxlan-without-evpn",
        lambda: facts(
            **{name: said(name, 127) for name in FRR},
            fdb=[r for r in rows("fdb") if r["mac"] != "00:00:00:00:00:00"],
        ),
        "vni10453",
        ("FRR is not running",),
    ),
    Case(
        "vni-without-vxlan",
        lambda: facts(vnis={**rows("vnis"), "99": {"vni": 99, "type": "L2", "vxlanIf": "vni99"}}),
        "VNI 99",
        ("vni99",),
    ),
    Case("lldp-absent", lambda: facts(lldp=said("lldp", 127)), "", ("lldpd",)),
    Case("unread", lambda: facts(neighbours=b"[{"), "ip neigh", ("ip -j neigh",), Status.UNKNOWN),
]
