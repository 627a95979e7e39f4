"""What holds for every getter: recorded outputs of a leaf in, NAPALM's models out."""

# ruff: noqa: ARG002 - stand-ins take what the real ones take

from __future__ import annotations

import pytest
from napalm.base.exceptions import CommandErrorException, NapalmException

from napalm_cumulus.getters import (
    bridge,
    interfaces,
    neighbors,
    routes,
)
from napalm_cumulus.result import CommandResult
from tests.unit.napalm_cumulus.getters.answers import VRF_LINKS, Failing, driver, said


def test_arp_table_of_a_vrf() -> None:
    rows = [
        {"dst": f"10.0.0.{n}", "dev": dev, "lladdr": f"02:00:00:00:00:0{n}"}
        for n, dev in ((1, "eth0"), (2, "swp1"))
    ]
    device, replies = driver({neighbors.ARP: said(rows), interfaces.LINKS: said(VRF_LINKS)})
    assert [one["ip"] for one in device.get_arp_table(vrf="mgmt")] == ["10.0.0.1"]
    assert [one["ip"] for one in device.get_arp_table(vrf="global")] == ["10.0.0.2"]
    assert len(device.get_arp_table()) == 2
    with pytest.raises(CommandErrorException, match=r"no VRF 'TEST'.*default, mgmt"):
        device.get_arp_table(vrf="TEST")
    assert len(replies.asked) == 4


def test_routes_come_from_the_kernel_without_frr() -> None:
    rows = said([{"dst": "default", "dev": "eth0", "protocol": "static", "flags": []}])
    device, replies = driver({routes.KERNEL_ROUTES[4]: rows})
    assert list(device.get_route_to("192.0.2.1")) == ["0.0.0.0/0"]
    down = said("", 1, "Exiting: failed to connect to any daemons.")
    replies.table[routes.FRR_ROUTES[4]] = down
    assert list(device.get_route_to("192.0.2.1")) == ["0.0.0.0/0"]
    replies.table[routes.FRR_ROUTES[4]] = said("", 1, "% Permission denied")
    with pytest.raises(CommandErrorException, match="Permission denied"):
        device.get_route_to("192.0.2.1")


GETTERS = [
    "get_facts",
    "get_users",
    "get_environment",
    "get_interfaces",
    "get_interfaces_ip",
    "get_interfaces_counters",
    "get_network_instances",
    "get_lldp_neighbors",
    "get_lldp_neighbors_detail",
    "get_arp_table",
    "get_ipv6_neighbors_table",
    "get_mac_address_table",
    "get_vlans",
    "get_route_to",
    "get_bgp_neighbors",
    "get_bgp_neighbors_detail",
    "get_bgp_config",
    "get_optics",
    "get_ntp_servers",
    "get_ntp_peers",
    "get_ntp_stats",
    "get_snmp_information",
]
#: Where no program, no daemon or no file is an answer: there is none of it.
EMPTY_IS_AN_ANSWER = {"get_optics", "get_ntp_servers", "get_ntp_peers", "get_ntp_stats"}
ABSENT_IS_AN_ANSWER = {
    "get_bgp_neighbors",
    "get_bgp_neighbors_detail",
    "get_bgp_config",
    "get_ntp_stats",
}


RUBBISH = ["", "[{", "garbage", '"text"', "[1]", '{"a": 1}', '[{"a": 1}]']


@pytest.mark.parametrize(
    ("getter", "answer"),
    [(g, a) for g in GETTERS for a in RUBBISH if a or g not in EMPTY_IS_AN_ANSWER],
)
def test_rubbish_is_an_error_of_napalms_and_never_an_empty_answer(getter: str, answer: str) -> None:
    class Always(dict[str, CommandResult]):
        def get(self, key: str, default: object = None) -> CommandResult:  # type: ignore[override]
            return CommandResult(key, 0, answer.encode(), b"")

    device, _ = driver(Always())
    with pytest.raises(NapalmException):
        getattr(device, getter)()


@pytest.mark.parametrize("getter", [g for g in GETTERS if g not in ABSENT_IS_AN_ANSWER])
def test_a_missing_program_is_an_error(getter: str) -> None:
    device, _ = driver(Failing(127, "sh: 1: it: not found"))
    with pytest.raises(CommandErrorException, match=r"failed with exit status 127: sh: 1: it: not"):
        getattr(device, getter)()


@pytest.mark.parametrize("getter", GETTERS)
def test_a_failed_command_is_an_error(getter: str) -> None:
    device, _ = driver(Failing(1, "Permission denied"))
    with pytest.raises(CommandErrorException, match=r"failed with exit status 1: Permission den"):
        getattr(device, getter)()


@pytest.mark.parametrize(("numbers", "found"), [("1 PVID", {1}), ("1 PVID\n\t 453", {1, 453})])
def test_a_bridge_that_does_not_tell_its_kind_is_known_by_its_vlans(
    numbers: str, found: set[int]
) -> None:
    """Before iproute2 4.6 ``ip -d link`` does not say ``vlan_filtering``."""
    link = "<UP> mtu 1500 qdisc noqueue{} state UP \\    link/ether 02:00:00:00:00:01 \\    {}\n"
    links = f"# text\n1: br77: {link.format('', 'bridge ')}"
    links += f"2: swp1: {link.format(' master br77', 'bridge_slave ')}"
    vlans = bridge.parse_vlans(said(f"# text\nport\tvlan ids\nswp1\t {numbers}\n"), said(links))
    assert set(vlans) == (found if 453 in found else {1, 77})


TEXT_LINK = (
    "# text\n2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT\\    "
    "link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\\    alias a\\b c\n"
)


def test_text_of_an_old_iproute2() -> None:
    found = interfaces.parse_interfaces(said(TEXT_LINK), said(""), said(""))
    assert found["eth0"]["mac_address"] == "02:00:00:00:00:01"
    assert found["eth0"]["description"] == "a\\b c"
    assert neighbors.parse_arp_table(said("# text\n"), said([])) == []
    # A version between: it takes -j for `neigh`, and gives text all the same.
    (one,) = neighbors.parse_arp_table(
        said("10.0.0.1 dev eth0 lladdr 02:00:00:00:00:01 used 5/4/3 probes 1 STALE\n"), said([])
    )
    assert one["age"] == 4.0


@pytest.mark.parametrize(
    ("getter", "answer"),
    [
        ("get_interfaces", TEXT_LINK[:40]),
        ("get_interfaces_ip", "# text\nCommand line is not complete. Try option help\n"),
        ("get_interfaces_counters", TEXT_LINK),
        ("get_arp_table", "# text\n10.0.0.1 lladdr\n"),
        ("get_mac_address_table", "# text\nRTNETLINK answers: Operation not supported\n"),
        ("get_vlans", "# text\nswp1 1 PVID\n"),
        ("get_route_to", "# text\nError: argument is wrong\n"),
        ("get_lldp_neighbors", "lldp.swp1.chassis.name=x\n"),
        ("get_lldp_neighbors_detail", "Neighbors of swp1\n"),
    ],
)
def test_text_that_is_cut_off_or_something_else_names_the_command(getter: str, answer: str) -> None:
    class Always(dict[str, CommandResult]):
        def get(self, key: str, default: object = None) -> CommandResult:  # type: ignore[override]
            absent = key.startswith("vtysh")
            return CommandResult(key, 127 if absent else 0, b"" if absent else answer.encode(), b"")

    device, _ = driver(Always())
    with pytest.raises(CommandErrorException, match=r"['\"](ip|bridge|lldpctl) "):
        getattr(device, getter)()


def test_without_frr_or_a_time_daemon_there_is_nothing_of_them() -> None:
    device, _ = driver(Failing(127, "sh: 1: it: not found"))
    assert device.get_bgp_neighbors() == {"global": {"router_id": "", "peers": {}}}
    assert device.get_bgp_neighbors_detail() == {}
    assert device.get_bgp_config() == {}
    assert device.get_ntp_stats() == []
