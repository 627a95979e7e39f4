"""The VLANs that the configuration gives a port, as ifupdown2 reads it."""

from __future__ import annotations

import pytest

from napalm_cumulus.config.configuration import MAIN_FILE, Configuration
from tasks.facts.bridging import Bridging
from tasks.facts.configured_bridging import bridging_of

DEVICES = ("swp1", "swp2", "swp3", "bond1", "vni10453", "vxlan48", "bridge")


def read(text: str) -> Bridging:
    return bridging_of(Configuration({MAIN_FILE: text}), DEVICES)


def bridge(port: str = "", *lines: str, ports: str = "swp1") -> str:
    more = "".join(f"\t{line}\n" for line in lines)
    return (
        f"auto bridge\niface bridge\n\tbridge-vlan-aware yes\n\tbridge-ports {ports}\n{more}\n"
        f"auto swp1\niface swp1\n{port}"
    )


@pytest.mark.parametrize(
    ("text", "vlans", "pvid"),
    [
        (bridge(), ((1, 1),), 1),
        (bridge("", "bridge-vids 453 999"), ((453, 453), (999, 999), (1, 1)), 1),
        (bridge("", "bridge-vids 2-4,7"), ((2, 4), (7, 7), (1, 1)), 1),
        (bridge("", "bridge-trunk 453"), ((453, 453), (1, 1)), 1),
        (bridge("", "bridge-vids 453 x 999"), ((453, 453), (1, 1)), 1),
        (bridge("", "bridge-vids 453", "bridge-pvid 100"), ((453, 453), (100, 100)), 100),
        (bridge("\tbridge-access 453\n", "bridge-vids 1 999"), ((453, 453),), 453),
        (bridge("\tbridge_access 453\n"), ((453, 453),), 453),
        (bridge("\tbridge-vids 7\n", "bridge-vids 453"), ((7, 7), (1, 1)), 1),
        (bridge("\tbridge-pvid 9\n", "bridge-vids 453"), ((453, 453), (9, 9)), 9),
        (bridge("\tbridge-allow-untagged no\n", "bridge-vids 453"), ((453, 453),), None),
        (
            bridge("\tbridge-access 453\n\tbridge-allow-untagged no\n"),
            ((453, 453),),
            453,
        ),
    ],
)
def test_the_vlans_of_a_port(
    text: str, vlans: tuple[tuple[int, int], ...], pvid: int | None
) -> None:
    port = read(text).ports["swp1"]
    assert (port.bridge, port.vlans, port.pvid, port.judged) == ("bridge", vlans, pvid, True)


def test_ports_are_named_one_by_one_or_by_a_pattern() -> None:
    assert set(read(bridge(ports="glob swp1-2")).ports) == {"swp1", "swp2"}
    assert set(read(bridge(ports="swp1 bond1 none")).ports) == {"swp1", "bond1"}
    assert set(read(bridge(ports="regex bond.*")).ports) == {"bond1"}


def test_a_port_that_may_be_unused_need_not_be_up() -> None:
    assert read(bridge()).ports["swp1"].required
    assert not read(bridge(ports="glob swp1-2")).ports["swp1"].required
    assert not read(bridge("\tlink-down yes\n")).ports["swp1"].required


def test_a_bridge_that_is_not_vlan_aware_has_no_vlans() -> None:
    assert not read(bridge().replace("vlan-aware yes", "vlan-aware no")).ports
    assert not read("auto vlan453\niface vlan453\n\tbridge-ports swp1\n").ports


def test_what_is_told_in_ways_that_are_not_followed_is_not_judged() -> None:
    assert not read(bridge("\nauto swp1\niface swp1\n\tmtu 9000\n")).ports["swp1"].judged
    assert not read(bridge("", "bridge-port-vids swp1=1-10")).ports["swp1"].judged


def test_a_port_without_a_stanza_has_what_the_bridge_says() -> None:
    port = read(bridge("", "bridge-vids 453", ports="swp1 swp3")).ports["swp3"]
    assert (port.vlans, port.pvid, port.judged) == (((453, 453), (1, 1)), 1, True)


def test_a_single_vxlan_device_has_a_vni_for_each_vlan() -> None:
    text = bridge(ports="vxlan48") + (
        "\nauto vxlan48\niface vxlan48\n\tbridge-vlan-vni-map 453=10453 600-602=10600-10602\n"
        "\tbridge-vlan-vni-map 7=70\n\tbridge-vlan-vni-map 8-9=80 x=1 11\n"
    )
    port = read(text).ports["vxlan48"]
    assert port.vnis == {453: 10453, 600: 10600, 601: 10601, 602: 10602, 7: 70}
    assert all(port.carries(vlan) for vlan in (1, 7, 453, 601))
    assert not port.carries(8)


@pytest.mark.parametrize("attribute", ["bond-slaves", "bond-ports"])
def test_the_ports_of_a_bond(attribute: str) -> None:
    found = read(f"auto bond1\niface bond1\n\t{attribute} glob swp1-2\n\tbond-min-links 1\n")
    assert found.bonds["bond1"].ports == ("swp1", "swp2")
