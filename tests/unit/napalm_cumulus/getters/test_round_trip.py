"""Several getters at once: recorded outputs of a leaf in, NAPALM's models out."""

from __future__ import annotations

import pytest
from napalm.base.exceptions import CommandErrorException

from napalm_cumulus.getters import (
    interfaces,
    neighbors,
)
from tests.unit.napalm_cumulus.getters.answers import VRF_LINKS, driver, said


def test_several_getters_run_the_union_of_their_commands_once() -> None:
    rows = [{"dst": "10.0.0.1", "dev": "eth0", "lladdr": "02:00:00:00:00:01"}]
    device, replies = driver({neighbors.ARP: said(rows), interfaces.LINKS: said(VRF_LINKS)})
    found = device._get_many({"get_network_instances": {"name": "mgmt"}, "get_arp_table": {}})
    assert list(found["get_network_instances"]) == ["mgmt"]
    assert len(found["get_arp_table"]) == 1
    assert replies.asked == [[interfaces.LINKS, neighbors.ARP]]
    device.get_arp_table()
    assert len(replies.asked) == 2, "an answer outlived its block"


def test_a_getter_called_otherwise_than_announced_asks_for_itself() -> None:
    device, replies = driver({interfaces.LINKS: said(VRF_LINKS), neighbors.ARP: said([])})
    with device._one_round_trip([("get_network_instances", {}), ("get_probes_config", {})]):
        device.get_network_instances(name="mgmt")
        assert len(replies.asked) == 1
        device.get_arp_table()
    assert len(replies.asked) == 2


def test_a_failing_getter_in_a_block_leaves_nothing_behind() -> None:
    device, _ = driver({interfaces.LINKS: said("garbage")})
    with pytest.raises(CommandErrorException):
        device._get_many({"get_network_instances": {}})
    assert not device._answers
