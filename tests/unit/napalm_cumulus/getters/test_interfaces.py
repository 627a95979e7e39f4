"""Interfaces, addresses and VRFs: recorded outputs of a leaf in, NAPALM's models out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from napalm.base import models
from napalm.base.exceptions import CommandErrorException
from napalm.base.test.helpers import test_model as fits

from napalm_cumulus.getters import (
    interfaces,
)

if TYPE_CHECKING:
    from tests.unit.napalm_cumulus.getters.answers import Recorded

from tests.unit.napalm_cumulus.getters.answers import VRF_LINKS, said


def test_interfaces(recorded: Recorded) -> None:
    found = interfaces.parse_interfaces(
        recorded("ip_j_d_link.json"),
        said("/sys/class/net/swp1/speed:10000\n/sys/class/net/swp10/speed:-1\n"),
        said("2026/11/22 07:31:54\n" + recorded("vtysh_show_interface_json.txt").stdout.decode()),
    )
    assert all(fits(models.InterfaceDict, one) for one in found.values())
    assert found["swp1"] == {
        "is_up": True,
        "is_enabled": True,
        "description": "hv50 uplink",
        "last_flapped": 24.0,
        "mtu": 9000,
        "speed": 10000.0,
        "mac_address": "0E:2E:1A:97:AF:71",
    }
    assert found["swp10"]["speed"] == -1.0
    assert found["eth0"]["last_flapped"] == 7171.0
    unknown = interfaces.parse_interfaces(recorded("ip_j_d_link.json"), said(""), said("2026/1/1"))
    assert unknown["eth0"]["last_flapped"] == -1.0
    assert found["lo"]["is_up"]


def test_an_interface_that_is_down() -> None:
    down = {"ifname": "swp3", "flags": ["BROADCAST"], "operstate": "DOWN", "mtu": 1500}
    no_cable = {"ifname": "swp4", "flags": ["UP"], "operstate": "DOWN", "mtu": 1500}
    found = interfaces.parse_interfaces(said([down, {}, no_cable]), said(""), said(""))
    assert (found["swp3"]["is_enabled"], found["swp3"]["is_up"]) == (False, False)
    assert (found["swp4"]["is_enabled"], found["swp4"]["is_up"]) == (True, False)


def test_interfaces_ip(recorded: Recorded) -> None:
    found = interfaces.parse_interfaces_ip(recorded("ip_j_addr.json"))
    assert found["vlan453-v0"]["ipv4"] == {"130.246.212.1": {"prefix_length": 22}}
    assert found["swp10"]["ipv6"]["2001:db8:51::1"] == {"prefix_length": 64}
    assert "swp1" not in found


def test_counters(recorded: Recorded) -> None:
    chip = (
        "= swp1\n     HwIfInUcastPkts: 90000\n     HwIfOutBcastPkts: 5\n     HwIfOther: 9\n= swp2\n"
    )
    found = interfaces.parse_interfaces_counters(recorded("ip_j_s_link.json"), said(chip))
    assert all(fits(models.InterfaceCounterDict, one) for one in found.values())
    assert found["swp1"]["rx_octets"] == 6295260
    assert found["swp1"]["rx_unicast_packets"] == 90000
    assert found["swp1"]["tx_broadcast_packets"] == 5
    assert found["swp2"]["rx_unicast_packets"] == 62626
    assert found["swp2"]["tx_broadcast_packets"] == -1


def test_network_instances() -> None:
    found = interfaces.parse_network_instances(said(VRF_LINKS), "")
    assert all(fits(models.NetworkInstanceDict, one) for one in found.values())
    assert found["mgmt"]["interfaces"] == {"interface": {"eth0": {}}}
    assert found["mgmt"]["type"] == "L3VRF"
    assert set(found["default"]["interfaces"]["interface"]) == {"lo", "bridge", "swp1"}
    assert list(interfaces.parse_network_instances(said(VRF_LINKS), "mgmt")) == ["mgmt"]
    assert interfaces.parse_network_instances(said(VRF_LINKS), "none") == {}


@pytest.mark.parametrize("answer", ["[]", "[{}]", "# text\n"])
def test_a_switch_without_any_interface_was_not_read(answer: str) -> None:
    nothing = said(answer)
    for parse in (
        lambda: interfaces.parse_interfaces(nothing, said(""), said("2026/1/1")),
        lambda: interfaces.parse_interfaces_counters(nothing, said("")),
        lambda: interfaces.parse_network_instances(nothing),
    ):
        with pytest.raises(CommandErrorException, match="lo at least"):
            parse()
