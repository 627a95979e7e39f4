"""Which steps each cure consists of, and what is refused before any of them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from tasks.cures.apply import repair_of
from tasks.cures.forget import forget_command, look_command, still_wrong
from tasks.cures.model import NeighbourEntry
from tasks.errors import RefusedError
from tasks.faults.model import Diagnosis
from tasks.gateways import GatewayQuery, gateway_in
from tasks.ladder import CURES, Cure
from tests.unit.tasks.fakes import CONFIG, VM_MAC

GATEWAY = gateway_in(CONFIG, "sw", GatewayQuery(address=ip_address("130.246.213.11")))
#: They end every repair, and cost nothing where no route is gone.
ROUTES = [
    "reroute vlan453 130.246.212.2 130.246.212.0/22 0",
    "reroute vlan453-v0 130.246.212.1 130.246.212.0/22 1024",
    "reroute vlan453-v1 130.246.215.254 130.246.212.0/22 1024",
]


def lines(cure: Cure, *devices: str) -> list[str]:
    diagnosis = Diagnosis("a-fault", "a fault", (), cure, "vlan453", devices)
    return [step.line for step in repair_of(diagnosis, GATEWAY)]


@pytest.mark.parametrize(
    ("cure", "devices", "wanted"),
    [
        (Cure.REAPPLY, (), ["reapply vlan453"]),
        (Cure.REAPPLY, ("vlan453", "vlan453-v0"), ["reapply vlan453"]),
        (Cure.REAPPLY, ("swp1s3",), ["reapply vlan453 swp1s3"]),
        (Cure.FLAP, (), ["flap vlan453-v0"]),
        (Cure.FLAP, ("vlan453-v1",), ["flap vlan453-v1"]),
        (Cure.FLAP, ("swp1s3",), ["flap swp1s3"]),
        # The SVI itself is never taken down: its routes alone are restored.
        (Cure.FLAP, ("vlan453",), []),
        (Cure.RECREATE, ("vlan453-v1",), ["recreate vlan453-v1 vlan453"]),
        (Cure.RECREATE, (), ["recreate vlan453-v0 vlan453"]),
        (Cure.SET_MAC, ("vlan453-v1",), ["set-mac vlan453-v1 00:00:5e:00:01:c6"]),
    ],
)
def test_the_steps_of_a_cure(cure: Cure, devices: tuple[str, ...], wanted: list[str]) -> None:
    assert lines(cure, *devices) == wanted + ROUTES


@pytest.mark.parametrize("cure", [Cure.REAPPLY, Cure.FLAP])
def test_a_name_that_is_none_is_refused(cure: Cure) -> None:
    with pytest.raises(RefusedError, match=r"not an interface name.*nothing was touched"):
        lines(cure, "swp1; reboot")


def test_a_mac_that_the_configuration_does_not_give_is_not_set() -> None:
    without = replace(GATEWAY, virtual=tuple(replace(v, mac="") for v in GATEWAY.virtual))
    diagnosis = Diagnosis("a-fault", "", (), Cure.SET_MAC, "vlan453", ("vlan453-v0",))
    with pytest.raises(RefusedError, match="gives vlan453-v0 no MAC"):
        repair_of(diagnosis, without)


def test_an_entry_that_bears_a_known_mac_is_not_wrong() -> None:
    wrong = NeighbourEntry("130.246.213.11", "vlan453", "02:de:ad:be:ef:01")
    right = NeighbourEntry("130.246.213.11", "vlan453-v0", VM_MAC)
    macs = {"130.246.213.11": (VM_MAC,)}
    assert still_wrong([wrong, right], macs) == (wrong,)
    assert still_wrong([wrong, right], {}) == (wrong, right), "nobody knows better"


@pytest.mark.parametrize(
    "entry",
    [
        NeighbourEntry("1.2.3.4; reboot", "vlan453", VM_MAC),
        NeighbourEntry("1.2.3.4", "vlan453; reboot", VM_MAC),
        NeighbourEntry("1.2.3.4", "vlan453", "$(reboot)"),
    ],
)
def test_nothing_but_addresses_and_names_enters_a_command(entry: NeighbourEntry) -> None:
    with pytest.raises(ValueError, match="not"):
        forget_command(entry)


def test_ipv6_neighbours_too() -> None:
    assert look_command(("2001:db8::9", "vlan453")) == "ip neigh show to 2001:db8::9 dev vlan453"


def test_every_cure_has_its_row_and_costs_others_something_where_it_disturbs_them() -> None:
    assert list(CURES) == list(Cure)
    for cure, row in CURES.items():
        assert row.cure is cure
        assert bool(row.outage) == cure.disruptive
        assert row.next is None or row.next.rung > cure.rung
        assert (row.steps is not None) == (cure.on_devices and cure is not Cure.TOGGLE)
