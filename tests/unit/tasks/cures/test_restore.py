from __future__ import annotations

import json
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import pytest

from napalm_cumulus.result import CommandResult
from tasks import shell
from tasks.cures.restore import (
    ADDRESSES,
    NEIGHBOURS,
    NEIGHBOURS6,
    ROUTES,
    ROUTES6,
    missing,
    record,
    recording_commands,
    split_suspects,
    sysctl_command,
)
from tasks.errors import UnreadableAnswerError
from tasks.gateways import GatewayQuery, gateway_in
from tasks.model import HandMadeState
from tests.unit.tasks.fakes import CONFIG, VM_MAC, kernel_links, kernel_routes, link

GATEWAY = gateway_in(CONFIG, "sw", GatewayQuery(address=ip_address("130.246.213.11")))
BY_HAND = {"dst": "10.77.0.0/16", "gateway": "130.246.213.11", "dev": "vlan453", "flags": []}
PERMANENT = {"dst": "130.246.213.11", "dev": "vlan453", "lladdr": VM_MAC, "state": ["PERMANENT"]}


def answered(output: dict[str, str]) -> dict[str, CommandResult]:
    return {c: CommandResult(c, 0, said.encode(), b"") for c, said in output.items()}


def recorded(
    routes: Sequence[Any] = (),
    neighbours: Sequence[Any] = (),
    sysctls: str = "",
    six: Sequence[Any] = (),
    links: Sequence[Any] = (),
) -> HandMadeState:
    output = {
        ROUTES: json.dumps([*kernel_routes(), *routes]),
        ROUTES6: json.dumps(list(six)),
        NEIGHBOURS: json.dumps([n for n in neighbours if ":" not in n["dst"]]),
        NEIGHBOURS6: json.dumps([n for n in neighbours if ":" in n["dst"]]),
        ADDRESSES: json.dumps([*kernel_links(), *links]),
        sysctl_command(GATEWAY): sysctls,
    }
    assert set(output) == set(recording_commands(GATEWAY))
    return record("sw", answered(output), GATEWAY)


def test_what_the_kernel_and_routing_daemons_make_is_not_recorded() -> None:
    zebra = {**BY_HAND, "protocol": "bgp"}
    elsewhere = {**BY_HAND, "dev": "swp10"}
    assert recorded([zebra, elsewhere]) == HandMadeState()


def test_a_route_by_hand_is_put_back_as_it_was() -> None:
    row = {
        **BY_HAND,
        "metric": 50,
        "table": "100",
        "prefsrc": "130.246.212.2",
        "protocol": "static",
    }
    lost = missing(recorded([row]), recorded())
    commands_, left = split_suspects(lost, {})
    (command,) = commands_.values()
    assert command == (
        "ip route replace 10.77.0.0/16 via 130.246.213.11 dev vlan453 src 130.246.212.2 "
        "metric 50 table 100 proto static"
    )
    assert left == {}


METRICS = {"mtu": 1400, "advmss": 1300, "rto_min": 200, "ecn": None, "congctl": "cubic"}


@pytest.mark.parametrize(
    ("metrics", "arguments"),
    [
        ({"mtu": 1400}, "mtu 1400"),
        ({"mtu": 1400, "locked": ["mtu"]}, "mtu lock 1400"),
        (METRICS, "mtu 1400 advmss 1300 rto_min 200ms features ecn congctl cubic"),
    ],
)
def test_a_route_keeps_its_metrics(metrics: dict[str, Any], arguments: str) -> None:
    lost = missing(recorded([{**BY_HAND, "metrics": [metrics]}]), recorded())
    commands_, left = split_suspects(lost, {})
    way = "ip route replace 10.77.0.0/16 via 130.246.213.11 dev vlan453"
    assert list(commands_.values()) == [f"{way} {arguments}"]
    assert left == {}


def test_a_route_with_another_metric_is_reported_and_not_guessed() -> None:
    before = recorded([{**BY_HAND, "metrics": [{"rtt": 5}]}])
    commands_, left = split_suspects(missing(before, recorded()), {})
    assert commands_ == {}
    assert "not understood" in left["route 10.77.0.0/16 dev vlan453"]


def test_what_is_still_there_is_not_put_back() -> None:
    assert missing(recorded([BY_HAND]), recorded([BY_HAND])).routes == {}


def test_a_route_with_several_ways_is_reported_and_not_guessed() -> None:
    before = recorded([{"dst": "10.7.0.0/16", "dev": "vlan453", "nexthops": [{}], "flags": []}])
    commands_, left = split_suspects(missing(before, recorded()), {})
    assert commands_ == {}
    assert "not understood" in left["route 10.7.0.0/16 dev vlan453"]


def test_a_permanent_neighbour_is_put_back() -> None:
    lost = missing(recorded(neighbours=[PERMANENT]), recorded())
    commands_, _ = split_suspects(lost, {"130.246.213.11": (VM_MAC,)})
    assert list(commands_.values()) == [
        f"ip neigh replace 130.246.213.11 lladdr {VM_MAC} dev vlan453 nud permanent"
    ]


def test_a_wrong_permanent_neighbour_is_not_put_back() -> None:
    wrong = {**PERMANENT, "lladdr": "02:de:ad:00:00:01"}
    lost = missing(recorded(neighbours=[wrong]), recorded())
    commands_, left = split_suspects(lost, {"130.246.213.11": (VM_MAC,)})
    assert commands_ == {}
    assert "the entry was wrong" in next(iter(left.values()))


def test_a_neighbour_that_was_diagnosed_as_wrong_is_not_put_back() -> None:
    lost = missing(recorded(neighbours=[PERMANENT]), recorded())
    commands_, left = split_suspects(lost, {}, wrong=["130.246.213.11"])
    assert commands_ == {}
    assert list(left.values()) == ["this entry was the fault"]


def test_ipv6_is_recorded_and_put_back_addresses_first() -> None:
    route = {"dst": "2001:db8:77::/48", "gateway": "2001:db8::77", "dev": "vlan453", "metric": 5}
    default = {"dst": "default", "dev": "vlan453", "protocol": "static", "flags": []}
    kernel = {"dst": "2001:db8::/64", "dev": "vlan453", "protocol": "kernel"}
    neighbour = {"dst": "2001:db8::9", "dev": "vlan453-v0", "lladdr": VM_MAC}
    before = recorded(
        neighbours=[neighbour],
        six=[route, default, kernel],
        links=[link("vlan453", "2001:db8::1/64", "fe80::1/64", "130.246.212.9/22")],
    )
    commands_, left = split_suspects(missing(before, recorded()), {})
    assert left == {}
    assert list(commands_.values()) == [
        "ip addr replace 2001:db8::1/64 dev vlan453 nodad",
        "ip addr replace 130.246.212.9/22 dev vlan453",
        "ip -6 route replace 2001:db8:77::/48 via 2001:db8::77 dev vlan453 metric 5",
        "ip -6 route replace ::/0 dev vlan453 proto static",
        f"ip neigh replace 2001:db8::9 lladdr {VM_MAC} dev vlan453-v0 nud permanent",
    ]


def test_a_link_local_address_of_ipv4_is_somebodys() -> None:
    before = recorded(links=[link("vlan453", "169.254.7.1/24", "fe80::1/64")])
    assert list(before.addresses.values()) == ["169.254.7.1/24 dev vlan453"]


def test_an_address_of_the_stanza_is_never_put_back_where_it_does_not_belong() -> None:
    vip_on_the_svi = link("vlan453", "130.246.212.1/22", "130.246.212.1/32")
    assert recorded(links=[vip_on_the_svi]).addresses == {}


def test_the_tables_of_an_iproute2_without_json() -> None:
    output = {
        ROUTES: "# text\n130.246.212.0/22 dev vlan453 proto kernel scope link src 130.246.212.2 \n"
        "10.77.0.0/16 via 130.246.213.11 dev vlan453 \n"
        "10.78.0.0/16 dev vlan453 table 100 scope link src 130.246.212.2 \n",
        ROUTES6: "# text\n",
        NEIGHBOURS: f"# text\n130.246.213.11 dev vlan453 lladdr {VM_MAC} PERMANENT\n",
        NEIGHBOURS6: "# text\n",
        ADDRESSES: "# text\n9: vlan453    inet 130.246.212.2/22 scope global vlan453\\       x\n"
        "9: vlan453    inet6 2001:db8::1/64 scope global \\       valid_lft forever\n"
        "9: vlan453    inet6 fe80::1/64 scope link \\       valid_lft forever\n",
        sysctl_command(GATEWAY): "",
    }
    found = record("sw", answered(output), GATEWAY)
    assert list(found.routes.values()) == [
        "10.77.0.0/16 via 130.246.213.11 dev vlan453",
        "10.78.0.0/16 dev vlan453 src 130.246.212.2 table 100 scope link",
    ]
    assert list(found.neighbours.values()) == [
        f"130.246.213.11 lladdr {VM_MAC} dev vlan453 nud permanent"
    ]
    assert list(found.addresses.values()) == ["2001:db8::1/64 dev vlan453 nodad"]
    assert found.unclear == ()


def test_what_is_neither_json_nor_text_is_an_error() -> None:
    output = dict.fromkeys(recording_commands(GATEWAY), "[]") | {ADDRESSES: "# text\nrubbish\n"}
    with pytest.raises(UnreadableAnswerError, match="ip -j addr show"):
        record("sw", answered(output), GATEWAY)


def test_evpn_neighbours_come_back_by_themselves() -> None:
    assert recorded(neighbours=[{**PERMANENT, "protocol": "zebra"}]).neighbours == {}


def test_a_changed_sysctl_is_reported() -> None:
    lost = missing(
        recorded(sysctls="vlan453-v0/arp_ignore=2\nvlan453-v0/rp_filter=0\n"),
        recorded(sysctls="vlan453-v0/arp_ignore=1\nvlan453-v0/rp_filter=0\n"),
    )
    commands_, left = split_suspects(lost, {})
    assert commands_ == {}
    assert list(left) == ["sysctl vlan453-v0/arp_ignore = 2"]


@pytest.mark.parametrize("dev", ["vlan453; reboot", "$(id)", "a" * 16, "", "-x"])
def test_nothing_but_an_interface_name_enters_a_command(dev: str) -> None:
    with pytest.raises(ValueError, match="not an interface name"):
        shell.interface_name(dev)


@pytest.mark.parametrize("word", ["1 2", "main;id", "", "-A", "ä"])
def test_nothing_but_a_plain_word_enters_a_command(word: str) -> None:
    with pytest.raises(ValueError, match="not a plain word"):
        shell.token(word)
