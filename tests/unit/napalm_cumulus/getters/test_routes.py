"""Routes, of FRR and of the kernel: recorded outputs of a leaf in, NAPALM's models out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from napalm.base import models
from napalm.base.exceptions import CommandErrorException
from napalm.base.test.helpers import test_model as fits

from napalm_cumulus.getters import (
    routes,
)

if TYPE_CHECKING:
    from tests.unit.napalm_cumulus.getters.answers import Recorded

from tests.unit.napalm_cumulus.getters.answers import said


def test_routes_of_frr(recorded: Recorded) -> None:
    found = routes.parse_frr_routes(recorded("vtysh_show_ip_route_json.txt"))
    assert all(fits(models.RouteDict, one) for entries in found.values() for one in entries)
    (bgp,) = routes.select(found, "10.0.0.12", "bgp", longer=False)["10.0.0.12/32"]
    assert bgp["next_hop"] == "10.254.0.1"
    assert bgp["outgoing_interface"] == "swp51"
    assert (bgp["preference"], bgp["age"], bgp["current_active"]) == (20, 7159, True)
    assert routes.select(found, "10.0.0.12", "static", longer=False) == {}


def test_routes_of_several_vrfs() -> None:
    def document(vrf: str) -> str:
        hop = {"fib": True, "active": True, "interfaceName": "x"}
        entry = {"protocol": "static", "vrfName": vrf, "selected": True, "nexthops": [hop]}
        return json.dumps({"0.0.0.0/0": [entry]})

    found = routes.parse_frr_routes(said(document("default") + "\n" + document("mgmt") + "\n"))
    assert [one["routing_table"] for one in found["0.0.0.0/0"]] == ["default", "mgmt"]
    nested = {"default": json.loads(document("default")), "mgmt": {}}
    assert len(routes.parse_frr_routes(said(nested))["0.0.0.0/0"]) == 1
    assert routes.parse_frr_routes(said({})) == {}


def test_routes_of_the_kernel() -> None:
    rows = [
        {"dst": "default", "gateway": "10.0.0.1", "dev": "eth0", "protocol": "static", "flags": []},
        {"dst": "10.0.0.12", "dev": "swp51", "protocol": "bgp", "metric": 20, "flags": []},
        {
            "dst": "10.9.0.0/16",
            "protocol": "bgp",
            "table": "1001",
            "nexthops": [
                {"gateway": "10.0.0.2", "dev": "swp1", "flags": []},
                {"via": {"family": "inet6", "host": "fe80::1"}, "dev": "swp2", "flags": ["dead"]},
            ],
        },
    ]
    found = routes.parse_kernel_routes(said(rows), 4)
    assert all(fits(models.RouteDict, one) for entries in found.values() for one in entries)
    assert found["0.0.0.0/0"][0]["next_hop"] == "10.0.0.1"
    assert found["10.0.0.12/32"][0]["preference"] == 20
    assert [one["current_active"] for one in found["10.9.0.0/16"]] == [True, False]
    assert found["10.9.0.0/16"][1]["next_hop"] == "fe80::1"


def test_selecting_routes() -> None:
    rows = [
        {"dst": dst, "dev": "swp1", "protocol": "bgp", "flags": []}
        for dst in ("default", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24")
    ]
    found = routes.parse_kernel_routes(said(rows), 4)

    def chosen(text: str, *, longer: bool = False) -> list[str]:
        return list(routes.select(found, text, "", longer=longer))

    assert chosen("10.1.9.9") == ["10.1.0.0/16"]
    assert chosen("192.0.2.1") == ["0.0.0.0/0"]
    assert chosen("10.0.0.0/8") == ["10.0.0.0/8"]
    assert chosen("10.0.0.0/9") == []
    assert chosen("10.1.0.0/16", longer=True) == ["10.1.0.0/16", "10.1.2.0/24"]
    assert len(chosen("")) == 4
    assert chosen("2001:db8::1") == []
    with pytest.raises(CommandErrorException, match="not an address"):
        chosen("somewhere")


def test_the_kernel_takes_the_route_with_the_lowest_metric_that_works() -> None:
    def route(device: str, metric: int, table: str = "main", *flags: str) -> dict[str, object]:
        row = {"dst": "130.246.212.0/22", "dev": device, "protocol": "kernel", "table": table}
        return {**row, "metric": metric, "flags": list(flags)}

    def active(*rows: dict[str, object]) -> dict[str, bool]:
        found = routes.parse_kernel_routes(said(list(rows)), 4)["130.246.212.0/22"]
        assert all(one["current_active"] == one["selected_next_hop"] for one in found)
        assert all(bool(one["inactive_reason"]) != one["current_active"] for one in found)
        return {one["outgoing_interface"]: one["current_active"] for one in found}

    svi, vrr = route("vlan453", 0), route("vlan453-v0", 1024)
    assert active(svi, vrr) == {"vlan453": True, "vlan453-v0": False}
    other = route("vlan999-v0", 1024, "tenant2")
    assert active(svi, vrr, other)["vlan999-v0"]  # another VRF's is no rival
    down = route("vlan453", 0, "main", "linkdown")
    assert active(down, vrr) == {"vlan453": False, "vlan453-v0": True}


def test_what_frr_did_not_select_is_no_selected_next_hop() -> None:
    def entry(device: str, metric: int, **more: object) -> dict[str, object]:
        hop = {"fib": True, "active": True, "interfaceName": device}
        return {"protocol": "connected", "metric": metric, "nexthops": [hop], **more}

    rows = [entry("vlan453-v0", 1024), entry("vlan453", 0, selected=True)]
    found = routes.parse_frr_routes(said({"130.246.212.0/22": rows}))["130.246.212.0/22"]
    assert {one["outgoing_interface"]: one["selected_next_hop"] for one in found} == {
        "vlan453-v0": False,
        "vlan453": True,
    }
