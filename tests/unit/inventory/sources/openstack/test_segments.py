"""The VLAN or VNI of a VM's port."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from inventory.errors import SourceError
from inventory.model import Segment
from tests.unit.inventory.sources.openstack.test_source import UUID, source

_NETWORKS: dict[str, tuple[object, object]] = {
    "n1": ("vlan", 453),
    "n2": ("vxlan", 10553),
    "flat": ("flat", None),
    "hidden": (None, None),
}


def port(network: str, address: str, device: str = UUID) -> SimpleNamespace:
    fixed = [{"ip_address": address, "subnet_id": "s"}]
    return SimpleNamespace(device_id=device, network_id=network, fixed_ips=fixed)


def asked(*ports: SimpleNamespace) -> tuple[dict[str, Segment], list[str]]:
    """The segments, and the networks that were asked for."""
    networks: list[str] = []

    def get_network(key: str) -> SimpleNamespace:
        networks.append(key)
        kind, number = _NETWORKS[key]
        return SimpleNamespace(provider_network_type=kind, provider_segmentation_id=number)

    found = source(ports=lambda **_: list(ports), get_network=get_network).segments_of(UUID)
    return dict(found.value), networks


def test_each_address_has_the_segment_of_its_network_which_is_asked_for_once() -> None:
    found, networks = asked(port("n1", "10.0.0.1"), port("n1", "10.0.0.2"), port("n2", "10.0.0.1"))
    assert found == {"10.0.0.1": Segment("vxlan", 10553), "10.0.0.2": Segment("vlan", 453)}
    assert networks == ["n1", "n2"]


def test_what_neutron_does_not_tell_is_left_out() -> None:
    """Only an administrator is told; a flat network has no number."""
    assert asked(port("flat", "10.0.0.1"), port("hidden", "10.0.0.2"))[0] == {}


def test_a_filter_that_is_dropped_is_not_believed() -> None:
    assert asked(port("n1", "10.0.0.1", "another"))[0] == {}


def test_a_number_that_is_none_is_an_error_and_no_crash() -> None:
    def get_network(_: str) -> SimpleNamespace:
        return SimpleNamespace(provider_network_type="vlan", provider_segmentation_id="x")

    ports: list[Any] = [port("n1", "10.0.0.1")]
    with pytest.raises(SourceError, match="the networks of"):
        source(ports=lambda **_: ports, get_network=get_network).segments_of(UUID)
