from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.errors import WrongSwitchError
from tasks.identity import require_same
from tasks.model import Presence
from tasks.presence import check_presence
from tests.unit.tasks.conftest import Run
from tests.unit.tasks.fakes import HV, VM_MAC, FakeSwitch, lldp

LOCAL = {"mac": VM_MAC, "ifname": "swp1s3", "master": "vlan453", "flags": [], "state": ""}
REMOTE = [
    {**LOCAL, "ifname": "vni10453", "flags": ["extern_learn"]},
    {"mac": VM_MAC, "ifname": "vni10453", "dst": "10.0.0.12", "flags": ["self"], "state": ""},
]
VM = "130.246.213.11"
NO_ANSWER = [
    (1, "", "Cannot open netlink socket: Operation not permitted"),
    (124, "", ""),
    (0, "", ""),
    (0, "it is tired\n", ""),
    (0, '{"a": 1}', ""),
    (0, "[[]]", ""),
]


def seen(run: Run, hypervisor: str = HV, **asked: Any) -> Presence:
    presence: Presence = run(check_presence, hypervisor=hypervisor, **asked)
    return presence


def test_a_port_that_the_source_does_not_know_contradicts_nothing(
    run: Run, switch: FakeSwitch
) -> None:
    assert seen(run, HV, ports=[""]).warnings == ()
    assert seen(run, HV, ports=["", "swp1s3"]).warnings == ()
    (warning,) = seen(run, HV, ports=["", "swp9"]).warnings
    assert "the uplink source says swp9: the cabling record is behind" in warning


def test_lldp_alone_confirms(run: Run, switch: FakeSwitch) -> None:
    presence = seen(run, "HV50", ports=["swp1s3"], macs=[VM_MAC])
    assert presence.confirmed
    assert presence.port == "swp1s3"
    assert presence.warnings == ()
    assert switch.batches == [5], "one round trip, of no more than is needed"


def test_the_fdb_alone_confirms(run: Run, switch: FakeSwitch) -> None:
    switch.lldp, switch.fdb = lldp(), [LOCAL]
    presence = seen(run, macs=[VM_MAC.upper()])
    assert presence.confirmed
    assert "fa:16:3e:00:00:01 on swp1s3" in presence.explanation


def test_a_mac_learnt_from_another_leaf_contradicts(run: Run, switch: FakeSwitch) -> None:
    switch.fdb = REMOTE
    presence = seen(run, macs=[VM_MAC])
    assert not presence.confirmed
    assert presence.contradicted
    assert "another leaf: fa:16:3e:00:00:01 behind 10.0.0.12" in presence.explanation


def test_neither_table_confirms_nothing(run: Run, switch: FakeSwitch) -> None:
    switch.lldp = lldp(("swp2", "hv99"))
    presence = seen(run, macs=[VM_MAC])
    assert not presence.confirmed
    assert not presence.unknown
    assert presence.heard == ("hv99",)


def test_a_permanent_entry_is_no_evidence(run: Run, switch: FakeSwitch) -> None:
    switch.lldp, switch.fdb = lldp(), [{**LOCAL, "state": "permanent"}]
    assert not seen(run, macs=[VM_MAC]).confirmed


def test_another_port_than_recorded_is_a_warning(run: Run) -> None:
    presence = seen(run, ports=["swp9"])
    assert presence.confirmed
    assert "swp1s3" in presence.warnings[0]
    assert "swp9" in presence.warnings[0]


def test_a_strange_neighbour_entry_is_told(run: Run, switch: FakeSwitch) -> None:
    entry = {"dst": VM, "dev": "vlan453", "lladdr": "02:de:ad:00:00:01", "state": ["STALE"]}
    switch.neighbours = [entry]
    presence = seen(run, macs=[VM_MAC], addresses=[VM])
    assert "02:de:ad:00:00:01, which is none of its MACs on vlan453" in presence.explanation
    assert presence.confirmed


def test_the_recorded_answer_of_a_real_lldpd_is_read(run: Run, switch: FakeSwitch) -> None:
    recorded = Path(__file__).parents[1] / "napalm_cumulus" / "data" / "lldpctl_json0.json"
    switch.lldp = recorded.read_text()
    assert seen(run, "leaf2").port == "swp51"


@pytest.mark.parametrize("said", [*NO_ANSWER, (0, '{"lldp": {"interface": [1]}}', "")])
def test_an_lldp_table_that_was_not_read_shows_nobody_as_absent(
    run: Run, switch: FakeSwitch, said: tuple[int, str, str]
) -> None:
    switch.instead = {"lldpctl": said}
    presence = seen(run, macs=[VM_MAC])
    assert presence.unknown
    assert not presence.confirmed
    assert "lldpctl" in presence.explanation
    assert "no neighbour is called" not in presence.explanation


@pytest.mark.parametrize("said", [*NO_ANSWER, (127, "", "sh: bridge: not found")])
def test_an_fdb_that_was_not_read_shows_no_mac_as_not_learnt(
    run: Run, switch: FakeSwitch, said: tuple[int, str, str]
) -> None:
    switch.lldp, switch.instead = lldp(), {"bridge -j fdb": said}
    presence = seen(run, macs=[VM_MAC])
    assert presence.unknown
    assert "not learnt" not in presence.explanation
    assert "bridge" in presence.explanation


@pytest.mark.parametrize("said", [*NO_ANSWER, (127, "", "sh: ip: not found")])
def test_neighbours_that_were_not_read_are_told_and_decide_nothing(
    run: Run, switch: FakeSwitch, said: tuple[int, str, str]
) -> None:
    switch.instead = {"ip -j neigh": said}
    presence = seen(run, macs=[VM_MAC], addresses=[VM])
    assert presence.confirmed, "LLDP was read, and sees it"
    (entry,) = [e for e in presence.evidence if e.source == "neighbours"]
    assert entry.unread
    assert "ip" in entry.text


def test_without_json_the_text_is_read(run: Run, switch: FakeSwitch) -> None:
    switch.instead = {
        "lldpctl": (0, f"lldp.swp1s3.via=LLDP\nlldp.swp1s3.chassis.name={HV}\n", ""),
        "bridge -j fdb": (0, f"# text\n{VM_MAC} dev swp1s3 master vlan453 \n", ""),
        "ip -j neigh": (0, f"# text\n{VM} dev vlan453 lladdr {VM_MAC} used 1/2/3 STALE\n", ""),
    }
    presence = seen(run, macs=[VM_MAC], addresses=[VM])
    assert not any(evidence.unread for evidence in presence.evidence)
    assert [evidence.supports for evidence in presence.evidence] == [True, True, None]
    assert f"{VM} is {VM_MAC} on vlan453 (STALE)" in presence.explanation


OLD_FDB = [
    {"mac": VM_MAC, "dev": "vni10453", "master": "bridge", "state": ""},
    {"mac": VM_MAC, "dev": "vni10453", "dst": "10.0.0.12", "flags": ["self"]},
]


def test_a_mac_behind_a_vtep_is_behind_another_leaf_for_an_older_bridge_too(
    run: Run, switch: FakeSwitch
) -> None:
    """Until iproute2 4.16 the port of an entry is called ``dev``."""
    switch.lldp, switch.fdb = lldp(), OLD_FDB
    presence = seen(run, macs=[VM_MAC])
    (entry,) = [e for e in presence.evidence if e.source == "FDB"]
    assert entry.supports is False
    assert entry.text == f"learnt from another leaf: {VM_MAC} behind 10.0.0.12"
    switch.fdb = [{"mac": VM_MAC, "dev": "swp1s3", "master": "bridge", "state": ""}]
    (entry,) = [e for e in seen(run, macs=[VM_MAC]).evidence if e.source == "FDB"]
    assert entry.supports is True


@pytest.mark.parametrize(
    "said", [(127, "", "sh: lldpctl: not found"), (1, "", "unable to connect to socket /run/lldpd")]
)
def test_an_absent_lldpd_proves_nothing(
    run: Run, switch: FakeSwitch, said: tuple[int, str, str]
) -> None:
    switch.instead = {"lldpctl": said}
    presence = seen(run)
    assert not presence.confirmed
    assert presence.unknown
    assert "lldpd is not installed or not running" in presence.explanation


def test_a_name_that_was_not_read_is_no_name(run: Run, switch: FakeSwitch) -> None:
    switch.instead = {"hostname": (1, "swt-sn2100-03", "")}
    with pytest.raises(WrongSwitchError, match="does not say what it is called"):
        seen(run)


@pytest.mark.parametrize(
    ("expected", "hostname"), [("sw-03.a.b", "sw-03"), ("sw-03", "SW-03.a.b"), ("sw", "sw")]
)
def test_the_same_switch_in_other_words(expected: str, hostname: str) -> None:
    require_same(expected, hostname, "10.5.0.43")


@pytest.mark.parametrize("hostname", ["sw-04", "", "sw-03.c.d"])
def test_another_switch_is_refused(hostname: str) -> None:
    with pytest.raises(WrongSwitchError, match="nothing was touched"):
        require_same("sw-03.a.b", hostname, "10.5.0.43")
