"""What hangs on the devices is recorded before a cure and put back after it, or it is said why not.

A table that the switch could not read is never taken for an empty one.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface

import pytest
from nornir.core.task import Result, Task

from tasks.cures.announce import care_after_cure, read_hand_made_state, unread_notes
from tasks.cures.forget import forget, look_at
from tasks.cures.model import NeighbourEntry
from tasks.errors import RefusedError, UnreadableAnswerError, WrongSwitchError
from tasks.gateways import GatewayQuery, gateway_in
from tasks.identity import check_identity
from tasks.model import Aftercare, HandMadeState
from tests.unit.tasks.conftest import Run
from tests.unit.tasks.fakes import CONFIG, VM_MAC, FakeSwitch

GATEWAY = gateway_in(CONFIG, "sw", GatewayQuery(address=ip_address("130.246.213.11")))
IPV6 = replace(GATEWAY, own=(*GATEWAY.own, ip_interface("2001:db8::2/64")))
BY_HAND = {"dst": "10.77.0.0/16", "gateway": "130.246.213.11", "dev": "vlan453", "flags": []}
ROUTE = "route 10.77.0.0/16 via 130.246.213.11 dev vlan453"
TABLES = ("-4 route show", "-6 route show", "-4 neigh show", "-6 neigh show", "addr show", "/proc")
FAILURES = [
    (1, "", "RTNETLINK answers: Operation not permitted"),
    (127, "", "sh: ip: not found"),
    (137, "[", ""),
    (0, '{"a": 1}', ""),
]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("said", FAILURES)
def test_a_record_that_could_not_be_made_is_refused(
    run: Run, switch: FakeSwitch, table: str, said: tuple[int, str, str]
) -> None:
    switch.instead = {table: said}
    if table == "/proc" and said[0] == 0:
        return  # these are lines, and not JSON
    with pytest.raises(RefusedError, match=r"^swt-sn2100-03: .*nothing was touched"):
        run(read_hand_made_state, gateway=IPV6)


@pytest.mark.parametrize("table", TABLES[:1])
def test_a_table_that_is_empty_is_recorded_as_empty(
    run: Run, switch: FakeSwitch, table: str
) -> None:
    switch.instead = {table: (0, "[]", "")}
    assert run(read_hand_made_state, gateway=IPV6) == HandMadeState(
        sysctls={"vlan453-v0/rp_filter": "0"}
    )


@pytest.mark.parametrize("table", ["-6 route show", "-6 neigh show"])
def test_an_ipv4_gateway_is_cured_where_the_switch_has_no_ipv6(
    run: Run, switch: FakeSwitch, table: str
) -> None:
    """It is said before and after, and refuses nothing."""
    switch.routes.append(BY_HAND)
    switch.instead = {table: (1, "", "RTNETLINK answers: Operation not supported")}
    before: HandMadeState = run(read_hand_made_state, gateway=GATEWAY)
    assert ROUTE in before.routes
    (note,) = unread_notes(before)
    assert "Operation not supported" in note
    care: Aftercare = run(care_after_cure, gateway=GATEWAY, before=before)
    (lost,) = care.lost
    assert "Operation not supported" in lost
    assert "look whether" in lost


@pytest.mark.parametrize("table", ["-4 route show", "-4 neigh show", "addr show", "/proc"])
def test_a_table_that_cannot_be_read_after_the_cure_is_told(
    run: Run, switch: FakeSwitch, table: str
) -> None:
    switch.routes.append(BY_HAND)
    before: HandMadeState = run(read_hand_made_state, gateway=GATEWAY)
    switch.routes.remove(BY_HAND)
    switch.instead = {table: (1, "", "ip: cannot allocate memory")}
    care: Aftercare = run(care_after_cure, gateway=GATEWAY, before=before)
    assert care.announced
    assert care.restored == ()
    (lost,) = (text for text in care.lost if text.startswith(ROUTE))
    assert "cannot allocate memory" in lost
    assert "look whether" in lost


def test_what_was_put_back_and_could_not_be_looked_at_is_judged_by_the_exit_status(
    run: Run, switch: FakeSwitch
) -> None:
    switch.routes.append(BY_HAND)
    before: HandMadeState = run(read_hand_made_state, gateway=GATEWAY)
    switch.routes.remove(BY_HAND)
    switch.instead = {"ip route replace": (2, "", "RTNETLINK answers: Network is down")}
    care: Aftercare = run(care_after_cure, gateway=GATEWAY, before=before)
    assert care.restored == ()
    assert care.lost == (f"{ROUTE}: putting it back failed: RTNETLINK answers: Network is down",)


def test_a_neighbour_entry_that_could_not_be_read_is_not_gone(run: Run, switch: FakeSwitch) -> None:
    switch.instead = {"ip neigh show to": (1, "", "Cannot open netlink socket")}
    with pytest.raises(UnreadableAnswerError, match="Cannot open netlink socket"):
        run(_look, entries=[("130.246.213.11", "vlan453")])


def test_a_neighbour_entry_that_could_not_be_deleted_is_told_with_the_reason(
    run: Run, switch: FakeSwitch
) -> None:
    switch.instead = {"ip neigh del": (127, "", "sh: ip: not found")}
    entry = NeighbourEntry("130.246.213.11", "vlan453", VM_MAC)
    assert run(_forget, entries=[entry]) == (
        (),
        (f"{entry} could not be deleted: sh: ip: not found",),
    )


def test_a_hostname_that_could_not_be_read_is_no_other_name(run: Run, switch: FakeSwitch) -> None:
    switch.instead = {"hostname": (127, "", "sh: hostname: not found")}
    with pytest.raises(WrongSwitchError, match="does not say what it is called"):
        run(check_identity)


def _look(task: Task, entries: list[tuple[str, str]]) -> Result:
    return Result(task.host, look_at(task, entries))


def _forget(task: Task, entries: list[NeighbourEntry]) -> Result:
    return Result(task.host, forget(task, entries))
