"""BGP: recorded outputs of a leaf in, NAPALM's models out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from napalm.base.exceptions import CommandErrorException

from napalm_cumulus.getters import (
    bgp,
    bgp_config,
)
from napalm_cumulus.result import CommandResult

if TYPE_CHECKING:
    from tests.unit.napalm_cumulus.getters.answers import Recorded

from tests.unit.napalm_cumulus.getters.answers import said


def bgp_neighbors(recorded: Recorded) -> CommandResult:
    one = json.loads(recorded("vtysh_show_bgp_neighbors_json.txt").stdout)
    return said({"default": {"vrfId": 0, "vrfName": "default", **one}})


def test_bgp_details_of_one_neighbour(recorded: Recorded) -> None:
    result = bgp_neighbors(recorded)
    for asked in ("swp51", "10.254.0.1"):
        found = bgp.parse_bgp_neighbors_detail(result, asked)
        assert [one["remote_address"] for one in found["global"][65012]] == ["10.254.0.1"]
    assert bgp.parse_bgp_neighbors_detail(result, "192.0.2.1") == {}


def test_bgp_that_is_cut_off_names_the_command(recorded: Recorded) -> None:
    whole = bgp_neighbors(recorded)
    cut = CommandResult(bgp.NEIGHBORS, 0, whole.stdout[:900], b"")
    with pytest.raises(CommandErrorException, match=r"show bgp vrf all neighbors json.*cut off"):
        bgp.parse_bgp_neighbors_detail(cut, "")


def test_bgp_config_of_one_group_and_one_neighbour() -> None:
    config = said(
        "frr version 8.4\nrouter bgp 65001\n neighbor A peer-group\n neighbor A remote-as 65002\n"
        " neighbor swp1 interface peer-group A\n neighbor 10.0.0.9 remote-as internal\nexit\n"
    )
    assert set(bgp_config.parse_bgp_config(config, "", "")) == {"_", "A"}
    assert set(bgp_config.parse_bgp_config(config, "A", "")) == {"A"}
    found = bgp_config.parse_bgp_config(config, "", "swp1")
    assert list(found["A"]["neighbors"]) == ["swp1"]
    assert found["A"]["neighbors"]["swp1"]["remote_as"] == 65002
    assert "_" not in found
