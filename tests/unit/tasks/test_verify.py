from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address, ip_interface
from typing import Any

import pytest

from tasks.errors import UnreadableAnswerError
from tasks.gateways import GatewayQuery, gateway_in
from tasks.model import Boot, Verification
from tasks.verify import verify_gateway
from tests.unit.tasks.conftest import Run
from tests.unit.tasks.fakes import CONFIG, FakeSwitch, link

GATEWAY = gateway_in(CONFIG, "sw", GatewayQuery(address=ip_address("130.246.213.11")))
LO = {"ifname": "lo", "ifindex": 1, "flags": ["LOOPBACK", "UP"], "mtu": 65536}
NOTHING_THERE = {
    "ip -d -j link": [LO],
    "ip -j addr": [],
    "ip -j -4 route": [],
    "ip -j -6 route": [],
}


def problems(run: Run) -> tuple[str, ...]:
    verification: Verification = run(verify_gateway, gateway=GATEWAY)
    return verification.problems


def replace_link(switch: FakeSwitch, *rows: Any) -> None:
    names = {row["ifname"] for row in rows} or {"vlan453-v0"}
    switch.links = [row for row in switch.links if row["ifname"] not in names] + list(rows)


def test_a_sound_kernel_has_no_problem(run: Run, switch: FakeSwitch) -> None:
    verification = run(verify_gateway, gateway=GATEWAY)
    assert verification.ok
    assert "130.246.212.1/22 on vlan453-v0" in verification.checked
    assert verification.boot == Boot("0e1c", 100.5)
    assert len(switch.batches) == 1, "one round trip"


def test_a_lost_device(run: Run, switch: FakeSwitch) -> None:
    replace_link(switch)
    assert problems(run) == ("vlan453-v0 does not exist",)


def test_a_device_that_is_down(run: Run, switch: FakeSwitch) -> None:
    down = link("vlan453-v0", "130.246.212.1/22", mac="00:00:5e:00:01:c5", up=False)
    replace_link(switch, down)
    assert problems(run) == ("vlan453-v0 is down",)


def test_a_lost_address_and_a_wrong_prefix(run: Run, switch: FakeSwitch) -> None:
    replace_link(switch, link("vlan453-v0", "130.246.212.1/32", mac="00:00:5e:00:01:c5"))
    (problem,) = problems(run)
    assert "lacks 130.246.212.1/22" in problem
    assert "130.246.212.1/32" in problem


def test_a_wrong_virtual_mac(run: Run, switch: FakeSwitch) -> None:
    replace_link(switch, link("vlan453-v0", "130.246.212.1/22", mac="02:00:00:00:00:09"))
    assert "configured is 00:00:5e:00:01:c5" in problems(run)[0]


def test_lost_connected_routes(run: Run, switch: FakeSwitch) -> None:
    switch.routes = [row for row in switch.routes if row.get("type") == "local"]
    assert problems(run) == tuple(
        f"the connected route 130.246.212.0/22 dev {device} is missing"
        for device in ("vlan453", "vlan453-v0", "vlan453-v1")
    )


def test_a_vip_missing_in_the_local_table(run: Run, switch: FakeSwitch) -> None:
    switch.routes = [row for row in switch.routes if row["dst"] != "130.246.212.1"]
    assert problems(run) == ("130.246.212.1 is missing in the local routing table",)


UNREAD = [
    (1, "", "RTNETLINK answers: Operation not permitted"),
    (127, "", "sh: ip: not found"),
    (124, "", ""),
    (137, "[", ""),
    (0, "", ""),
    (0, "ip: unknown option\n", ""),
    (0, '{"a": 1}', ""),
    (0, '[{"ifname": "vlan453"', ""),
    (0, "[[]]", ""),
]
IPV6 = replace(GATEWAY, own=(*GATEWAY.own, ip_interface("2001:db8::2/64")))


@pytest.mark.parametrize("table", list(NOTHING_THERE))
@pytest.mark.parametrize("said", UNREAD)
def test_a_table_that_was_not_read_verifies_nothing(
    run: Run, switch: FakeSwitch, table: str, said: tuple[int, str, str]
) -> None:
    """Neither that all is well nor that something is gone."""
    switch.instead = {table: said}
    with pytest.raises(UnreadableAnswerError) as error:
        run(verify_gateway, gateway=IPV6)
    assert str(error.value).startswith("swt-sn2100-03: ")


@pytest.mark.parametrize("said", UNREAD)
def test_a_gateway_without_ipv6_does_without_its_routes(
    run: Run, switch: FakeSwitch, said: tuple[int, str, str]
) -> None:
    switch.instead = {"ip -j -6 route": said}
    assert problems(run) == ()
    replace_link(switch)
    assert problems(run) == ("vlan453-v0 does not exist",)


def test_tables_that_were_read_and_are_empty(run: Run, switch: FakeSwitch) -> None:
    switch.instead = {words: (0, json.dumps(rows), "") for words, rows in NOTHING_THERE.items()}
    assert problems(run) == tuple(f"{device} does not exist" for device in GATEWAY.devices)


@pytest.mark.parametrize("said", ["[]", "[{},{}]", "# text\n"])
def test_a_switch_without_any_interface_was_not_read(
    run: Run, switch: FakeSwitch, said: str
) -> None:
    switch.instead = {"ip -d -j link": (0, said, "")}
    with pytest.raises(UnreadableAnswerError, match="not even lo"):
        run(verify_gateway, gateway=GATEWAY)


def test_an_iproute2_without_json(run: Run, switch: FakeSwitch) -> None:
    devices = {
        "vlan453": ("130.246.212.2", "02:00:00:00:00:01"),
        "vlan453-v0": ("130.246.212.1", "00:00:5e:00:01:c5"),
        "vlan453-v1": ("130.246.215.254", "00:00:5e:00:01:c6"),
    }
    texts = {"ip -d -j link": "", "ip -j addr": "", "ip -j -4 route": "", "ip -j -6 route": ""}
    for number, (device, (ip, mac)) in enumerate(devices.items(), start=9):
        texts["ip -d -j link"] += (
            f"{number}: {device}: <BROADCAST,UP,LOWER_UP> mtu 9000 qdisc noqueue state UP mode "
            f"DEFAULT group default \\    link/ether {mac} brd ff:ff:ff:ff:ff:ff promiscuity 0 \n"
        )
        texts["ip -j addr"] += f"{number}: {device}    inet {ip}/22 scope global {device}\\      \n"
        texts["ip -j -4 route"] += (
            f"130.246.212.0/22 dev {device} proto kernel scope link src {ip} \n"
            f"local {ip} dev {device} table local proto kernel scope host src {ip} \n"
        )
    switch.instead = {words: (0, f"# text\n{text}", "") for words, text in texts.items()}
    assert problems(run) == ()
    lost = texts["ip -j -4 route"].replace("local 130.246.212.1 ", "local 130.246.212.9 ")
    switch.instead["ip -j -4 route"] = (0, f"# text\n{lost}", "")
    assert problems(run) == ("130.246.212.1 is missing in the local routing table",)


def with_scope(row: Any, scope: str) -> Any:
    return {**row, "addr_info": [{**info, "scope": scope} for info in row["addr_info"]]}


def test_an_ipv4_address_of_scope_link_is_there(run: Run, switch: FakeSwitch) -> None:
    """As ``scope link`` of a stanza makes it."""
    own = next(row for row in switch.links if row["ifname"] == "vlan453")
    replace_link(switch, with_scope(own, "link"))
    assert problems(run) == ()


def test_a_link_local_vip_is_verified(run: Run, switch: FakeSwitch) -> None:
    """By its address; routes to such networks are on every device."""
    text = CONFIG.replace("130.246.212.1/22", "130.246.212.1/22 fe80::1/64")
    gateway = gateway_in(text, "sw", GatewayQuery(address=ip_address("130.246.213.11")))
    lost: Verification = run(verify_gateway, gateway=gateway)
    assert lost.problems == ("vlan453-v0 lacks fe80::1/64 (it has 130.246.212.1/22)",)
    assert lost.absent == lost.problems
    there = ("130.246.212.1/22", "fe80::1/64", "fe80::200:5eff:fe00:1c5/64")
    row = link("vlan453-v0", *there, mac="00:00:5e:00:01:c5")
    replace_link(switch, with_scope(row, "link"))
    verification: Verification = run(verify_gateway, gateway=gateway)
    assert verification.problems == ()
    assert "fe80::1/64 on vlan453-v0" in verification.checked


def test_a_boot_that_is_not_told_is_not_known(run: Run, switch: FakeSwitch) -> None:
    switch.instead = {"boot_id": (1, "", "No such file")}
    verification = run(verify_gateway, gateway=GATEWAY)
    assert verification.ok
    assert verification.boot is None
