"""Faults of the configuration and the fabric, and unread tables: a case each, or several."""

from __future__ import annotations

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
    peer,
)
from tests.unit.tasks.health.recorded import (
    SWITCH,
    configured,
    facts,
    rows,
    said,
)

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
    Case("vxlan-down", lambda: facts(links=flags("vni10453", drop="UP")), "vni10453"),
    Case("vxlan-without-evpn", lambda: facts(vnis={}), "vni10453", ("10453",)),
    Case(
        "vxlan-without-evpn",
        lambda: facts(
            **{name: said(name, 127) for name in ("vnis", "vrf_vnis", "evpn_macs", "evpn_peers")},
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
