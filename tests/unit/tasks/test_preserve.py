from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any

import pytest

from tasks import commands
from tasks.gateways import Wanted, gateway_in
from tasks.model import Belongings
from tasks.preserve import (
    NEIGHBOURS,
    ROUTES,
    missing,
    record,
    recording_commands,
    split_suspects,
    sysctl_command,
)
from tests.unit.tasks.fakes import CONFIG, VM_MAC, kernel_routes

GATEWAY = gateway_in(CONFIG, "sw", Wanted(address=ip_address("130.246.213.11")))
BY_HAND = {"dst": "10.77.0.0/16", "gateway": "130.246.213.11", "dev": "vlan453", "flags": []}
PERMANENT = {"dst": "130.246.213.11", "dev": "vlan453", "lladdr": VM_MAC, "state": ["PERMANENT"]}


def recorded(routes: list[Any] = (), neighbours: list[Any] = (), sysctls: str = "") -> Belongings:  # type: ignore[assignment]  # empty by default
    output = {
        ROUTES: json.dumps([*kernel_routes(), *routes]),
        NEIGHBOURS: json.dumps(list(neighbours)),
        sysctl_command(GATEWAY): sysctls,
    }
    assert set(output) == set(recording_commands(GATEWAY))
    return record("sw", output, GATEWAY)


def test_what_the_kernel_and_routing_daemons_make_is_not_recorded() -> None:
    zebra = {**BY_HAND, "protocol": "bgp"}
    elsewhere = {**BY_HAND, "dev": "swp10"}
    assert recorded([zebra, elsewhere]) == Belongings()


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
        commands.interface_name(dev)


@pytest.mark.parametrize("word", ["1 2", "main;id", "", "A"])
def test_nothing_but_a_plain_word_enters_a_command(word: str) -> None:
    with pytest.raises(ValueError, match="not a plain word"):
        commands.token(word)
