from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any

import pytest

from tasks.errors import UnreadableAnswerError
from tasks.gateways import Wanted, gateway_in
from tasks.verify import ADDRESSES, ROUTES, ROUTES6, judge
from tests.unit.tasks.fakes import CONFIG, kernel_links, kernel_routes, link

GATEWAY = gateway_in(CONFIG, "sw", Wanted(address=ip_address("130.246.213.11")))


def problems(links: list[Any], routes: list[Any]) -> tuple[str, ...]:
    output = {ADDRESSES: json.dumps(links), ROUTES: json.dumps(routes), ROUTES6: ""}
    return judge("sw", output, GATEWAY).problems


def test_a_sound_kernel_has_no_problem() -> None:
    assert problems(kernel_links(), kernel_routes()) == ()


def test_a_lost_device() -> None:
    links = [row for row in kernel_links() if row["ifname"] != "vlan453-v0"]
    assert problems(links, kernel_routes()) == ("vlan453-v0 does not exist",)


def test_a_device_that_is_down() -> None:
    links = [row for row in kernel_links() if row["ifname"] != "vlan453-v0"]
    links.append(link("vlan453-v0", "130.246.212.1/22", mac="00:00:5e:00:01:c5", up=False))
    assert problems(links, kernel_routes()) == ("vlan453-v0 is down",)


def test_a_lost_address_and_a_wrong_prefix() -> None:
    links = [row for row in kernel_links() if row["ifname"] != "vlan453-v0"]
    links.append(link("vlan453-v0", "130.246.212.1/32", mac="00:00:5e:00:01:c5"))
    (problem,) = problems(links, kernel_routes())
    assert "lacks 130.246.212.1/22" in problem
    assert "130.246.212.1/32" in problem


def test_a_wrong_virtual_mac() -> None:
    links = [row for row in kernel_links() if row["ifname"] != "vlan453-v0"]
    links.append(link("vlan453-v0", "130.246.212.1/22", mac="02:00:00:00:00:09"))
    assert "configured is 00:00:5e:00:01:c5" in problems(links, kernel_routes())[0]


def test_lost_connected_routes() -> None:
    routes = [row for row in kernel_routes() if row.get("type") == "local"]
    assert problems(kernel_links(), routes) == tuple(
        f"the connected route 130.246.212.0/22 dev {device} is missing"
        for device in ("vlan453", "vlan453-v0", "vlan453-v1")
    )


def test_a_vip_missing_in_the_local_table() -> None:
    routes = [row for row in kernel_routes() if row["dst"] != "130.246.212.1"]
    assert problems(kernel_links(), routes) == (
        "130.246.212.1 is missing in the local routing table",
    )


def test_words_instead_of_json_are_an_error() -> None:
    with pytest.raises(UnreadableAnswerError, match="did not answer in JSON"):
        judge("sw", {ADDRESSES: "ip: unknown option", ROUTES: "", ROUTES6: ""}, GATEWAY)
