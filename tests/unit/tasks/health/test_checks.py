"""Each check: one thing is broken on a recorded leaf, and the check says so; nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tasks.facts.model import SwitchFacts
from tasks.faults.catalogue import FAULTS
from tasks.faults.model import Finding, Status
from tasks.faults.view import ExpectedFromSite, ExpectedVm
from tasks.health.judge import NOT_JUDGED, UNREAD, check_ids, judge
from tests.unit.tasks.health.recorded import (
    INTERFACES,
    SWITCH,
    VM,
    changed,
    configured,
    facts,
    rows,
    said,
    stdout,
)

VIP, VIP2, V0, V1, SVI = "130.246.212.1", "130.246.215.254", "vlan453-v0", "vlan453-v1", "vlan453"
SUBNET = "130.246.212.0/22"
VM_MAC, ROGUE = "fa:16:3e:d4:d5:0b", "02:de:ad:be:ef:01"
HV = "hv50.nubes.example.internal"
HERE = ExpectedFromSite({HV: ("swp1s3",)}, {VM: ExpectedVm((VM_MAC,), HV)})


@dataclass(frozen=True)
class Case:
    """A broken leaf.

    Attributes:
        check: what must be found.
        make: the facts.
        subject: what the finding is about.
        words: must stand in its evidence.
        status: the finding's; the check's own severity when None.
        also: further checks that rightly find something.
        expected: what other systems say.
    """

    check: str
    make: Callable[[], SwitchFacts]
    subject: str
    words: tuple[str, ...] = ()
    status: Status | None = None
    also: frozenset[str] = frozenset()
    expected: ExpectedFromSite | None = None


def links(name: str, **values: Any) -> list[Any]:
    def change(row: dict[str, Any]) -> None:
        if row["ifname"] == name:
            row.update(values)

    return changed("links", change)


def without(section: str, **keys: Any) -> list[Any]:
    return [
        row
        for row in rows(section)
        if not all(row.get(key) == value for key, value in keys.items())
    ]


def address(device: str, new: list[dict[str, Any]] | None) -> list[Any]:
    """The addresses with one device's IPv4 ones replaced."""

    def change(row: dict[str, Any]) -> None:
        if row["ifname"] == device:
            kept = [info for info in row["addr_info"] if info["family"] != "inet"]
            row["addr_info"] = kept + (new or [])

    return changed("addresses", change)


def inet(local: str, length: int) -> dict[str, Any]:
    return {"family": "inet", "local": local, "prefixlen": length, "scope": "global"}


def sysctl(path: str, value: int) -> str:
    lines = [x for x in stdout("sysctls").decode().splitlines() if not x.startswith(f"{path}:")]
    return "\n".join([*lines, f"{path}:{value}", ""])


def probes(*lines: str, drop: str = "nothing") -> str:
    kept = [x for x in stdout("probes").decode().splitlines()[:-1] if not x.startswith(drop)]
    return "\n".join([*kept, *lines, "done", ""])


def flags(name: str, *, drop: str = "", add: str = "") -> list[Any]:
    row = next(row for row in rows("links") if row["ifname"] == name)
    new = [flag for flag in row["flags"] if flag != drop] + ([add] if add else [])
    return links(name, flags=new)


def neighbour(mac: str, state: str = "REACHABLE") -> list[Any]:
    def change(row: dict[str, Any]) -> None:
        if (row["dst"], row["dev"]) == (VM, SVI):
            row.update(lladdr=mac, state=[state])

    return changed("neighbours", change)


def many_failed() -> list[Any]:
    return [
        *rows("neighbours"),
        *({"dst": f"130.246.214.{i}", "dev": SVI, "state": ["FAILED"]} for i in range(1, 30)),
    ]


def fdb(mac: str, **values: Any) -> list[Any]:
    def change(row: dict[str, Any]) -> None:
        if row["mac"] == mac and row.get("master") == SVI:
            row.update(values)

    return changed("fdb", change)


def route(**row: Any) -> list[Any]:
    return [*rows("routes"), {"flags": [], **row}]


def drifted() -> list[Any]:
    def change(row: dict[str, Any]) -> None:
        if row["name"] == "swp10":
            row["config_status"]["alias"] = "fail"

    return changed("drift", change)


def peer(state: str) -> dict[str, Any]:
    document: dict[str, Any] = rows("evpn_peers")
    (only,) = document["peers"].values()
    only["state"] = state
    return document


def ports(name: str, **values: Any) -> list[Any]:
    def change(row: dict[str, Any]) -> None:
        if row["ifname"] == name:
            row.update(values)

    return changed("ports", change)


def copied_vip(text: str) -> str:
    return text.replace(f"\taddress-virtual 00:00:5e:00:01:c6 {VIP2}/22", f"\taddress {VIP}/22")


PING = (
    "|PING {0} ({0}) --- {0} ping statistics --- "
    "1 packets transmitted, 0 received, 100% packet loss"
)
WARNING, CRITICAL = Status.WARNING, Status.CRITICAL

CASES = [
    Case("identity", lambda: facts(hostname="swt-sn2100-04\n"), "", ("swt-sn2100-04", SWITCH)),
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
        lambda: facts(left_over="pending|pending|0123456789ab|bob@seat|42|yes\ndone\n"),
        "",
        ("0123456789ab", "bob@seat", "42 s to go"),
    ),
    Case(
        "commit-pending",
        lambda: facts(left_over="pending|claimed.revert|0123456789ab|bob@seat|-900|yes\ndone\n"),
        "",
        ("900 s over its time",),
        CRITICAL,
    ),
    Case(
        "commit-pending",
        lambda: facts(left_over="pending|pending|0123456789ab|bob@seat|42|no\ndone\n"),
        "",
        ("0123456789ab", "its timer is dead"),
        CRITICAL,
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


def test_a_healthy_leaf_gives_no_finding() -> None:
    assert judge(facts()) == ()
    assert judge(facts(), HERE) == ()


def test_a_leaf_with_static_vteps_and_no_frr_gives_no_finding() -> None:
    """VTEPs written down by hand flood by an entry of the vxlan device; EVPN is not needed."""
    absent = {name: said(name, 127) for name in ("vnis", "vrf_vnis", "evpn_macs", "evpn_peers")}
    assert judge(facts(**absent)) == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}-{case.subject}")
def test_what_is_broken_is_found_and_nothing_else(case: Case) -> None:
    found = judge(case.make(), case.expected)
    (finding,) = [f for f in found if f.check == case.check]
    assert finding.subject == case.subject
    assert finding.switch == SWITCH
    assert all(word in finding.evidence for word in case.words), finding.evidence
    severity = {check.id: check.severity for check in (*FAULTS, *NOT_JUDGED)}[case.check]
    assert finding.status is (case.status or severity)
    assert finding.remedy
    others = {f.check for f in found} - {case.check}
    assert others <= case.also, found


def test_every_check_has_a_case() -> None:
    assert {case.check for case in CASES} == {*(check.id for check in FAULTS), UNREAD}


def test_ids_are_unique() -> None:
    assert len(set(check_ids())) == len(check_ids())
    assert {check.id for check in (*FAULTS, *NOT_JUDGED)} < set(check_ids())


def test_evpns_host_routes_to_vms_elsewhere_are_normal() -> None:
    routes = route(dst="130.246.213.31", gateway="10.0.0.12", dev="vlan4001", protocol="bgp")
    assert judge(facts(routes=routes)) == ()


def test_rules_that_do_not_concern_the_subnet_are_normal() -> None:
    rules = [
        *rows("rules"),
        {"priority": 1000, "src": "all", "table": "[l3mdev-table]"},
        {"priority": 99, "src": "all", "dst": "10.1.2.3", "ipproto": "udp", "table": "mgmt"},
        {"priority": 98, "src": "10.9.0.0", "srclen": 16, "table": "77"},
        {"priority": 97, "src": "all", "iif": "eth0", "table": "77"},
        {"priority": 96, "src": "all", "fwmark": "0x1", "table": "77"},
    ]
    assert judge(facts(rules=rules)) == ()


def test_anycast_peers_answer_for_the_vip_by_its_own_mac() -> None:
    line = f"duplicate|{V0}|130.246.212.2|{VIP}|124|Unicast reply from {VIP} [00:00:5E:00:01:C5]"
    assert judge(facts(probes=probes(line))) == ()


def test_one_silent_vm_says_nothing_of_the_vip() -> None:
    line = f"ping|{V0}|{VIP}|{VM}|1" + PING.format(VM)
    assert judge(facts(probes=probes(line, drop=f"ping|{V0}"))) == ()


@pytest.mark.parametrize(
    "missing", ["links", "addresses", "routes", "fdb", "ports", "neighbours", "sysctls"]
)
def test_what_cannot_be_read_is_unknown_and_never_called_wrong(missing: str) -> None:
    found = judge(facts(**{missing: said(missing, 1, b"", b"Permission denied")}))
    assert {f.check for f in found} == {"unread"}
    assert {f.status for f in found} == {Status.UNKNOWN}


def test_a_configuration_that_cannot_be_read_is_unknown() -> None:
    (finding,) = judge(facts(configuration=b"no tar"))
    assert (finding.check, finding.subject) == ("unread", "configuration")


def test_a_deleted_device_is_not_said_thrice() -> None:
    """Its address, routes and FDB entry are gone too; that follows from it."""
    found = judge(
        facts(
            links=without("links", ifname=V0),
            addresses=without("addresses", ifname=V0),
            routes=[r for r in rows("routes") if r.get("dev") != V0],
            fdb=[r for r in rows("fdb") if r["mac"] != "00:00:5e:00:01:c5"],
        )
    )
    assert [f.check for f in found] == ["vrr-device-deleted"]


def test_a_svi_that_is_down_is_not_said_thrice() -> None:
    gone = {SVI, V0, V1}
    found = judge(
        facts(
            links=flags(SVI, drop="UP"),
            routes=[r for r in rows("routes") if r.get("dev") not in gone or r.get("type")],
        )
    )
    assert [f.check for f in found] == ["svi-down"]


def test_a_port_that_was_lost_takes_what_was_learnt_there_along() -> None:
    """The bridge forgets its VMs; their neighbour entries are right nevertheless."""
    learnt = [r for r in rows("fdb") if (r["ifname"], r["state"]) != ("swp1s3", "")]
    assert [f.check for f in judge(facts(fdb=learnt, links=flags("swp1s3", drop="UP")))] == [
        "port-down"
    ]


def test_where_lldp_sees_a_hypervisor_old_records_do_not_count() -> None:
    moved = ExpectedFromSite({HV: ("swp10",)})
    assert judge(facts(), moved) == ()
    unseen = judge(facts(lldp=said("lldp", 0, b'{"lldp": {}}')), moved)
    assert [(f.check, f.subject) for f in unseen] == [("port-out-of-bridge", "swp10")]


def test_a_bridge_that_has_forgotten_many_macs_has_no_wrong_neighbours() -> None:
    forgotten = [
        {
            "dst": f"130.246.214.{i}",
            "dev": SVI,
            "lladdr": f"02:00:00:00:00:{i:02x}",
            "state": ["REACHABLE"],
        }
        for i in range(4)
    ]
    assert judge(facts(neighbours=[*rows("neighbours"), *forgotten])) == ()
    few = judge(facts(neighbours=[*rows("neighbours"), *forgotten[:3]]))
    assert [f.check for f in few] == ["neighbour-wrong"] * 3


def test_the_ports_of_a_bridge_that_is_down_are_not_called_blocking() -> None:
    disabled = changed("ports", lambda row: row["master"] != SVI or row.update(state="disabled"))
    assert [f.check for f in judge(facts(ports=disabled, links=flags(SVI, drop="UP")))] == [
        "svi-down"
    ]


def test_a_bridges_own_earlier_mac_is_not_fixed_by_hand() -> None:
    """It stays in the table when the bridge takes another port's MAC."""
    row = {"mac": ROGUE, "ifname": SVI, "flags": [], "master": SVI, "state": "permanent"}
    assert judge(facts(fdb=[*rows("fdb"), row])) == ()


def test_a_neighbour_that_is_silent_and_unlearnt_is_a_warning() -> None:
    line = f"ping|{V0}|{VIP}|{VM}|1" + PING.format(VM)
    (finding,) = judge(facts(neighbours=neighbour(ROGUE), evpn_macs={}, probes=f"{line}\ndone\n"))
    assert finding.status is WARNING
    assert finding.evidence.endswith("it does not answer pings")


def test_findings_are_sentences_of_one_line() -> None:
    for case in CASES:
        for finding in judge(case.make(), case.expected):
            assert isinstance(finding, Finding)
            assert "\n" not in finding.evidence + finding.remedy
            assert ": " in finding.evidence, finding


def test_the_recorded_file_has_what_the_cases_replace() -> None:
    assert f"\taddress-virtual 00:00:5e:00:01:c6 {VIP2}/22" in INTERFACES
    assert "\taddress 130.246.212.2/22" in INTERFACES
    assert "\tmtu 9000\n\taddress 130" in INTERFACES
