from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import UnreadableAnswerError, WrongSwitchError
from tasks.identity import HOSTNAME, require_same
from tasks.presence import FDB, LLDP, NEIGHBOURS, judge, lldp_neighbours
from tests.unit.tasks.fakes import HV, VM_MAC, lldp

LOCAL = {"mac": VM_MAC, "ifname": "swp1s3", "master": "vlan453", "flags": [], "state": ""}
REMOTE = [
    {"mac": VM_MAC, "ifname": "vni10453", "master": "vlan453", "flags": ["extern_learn"]},
    {"mac": VM_MAC, "ifname": "vni10453", "dst": "10.0.0.12", "flags": ["self"], "state": ""},
]


def output(neighbours: str = lldp(("swp1s3", HV)), fdb: Any = (), arp: Any = ()) -> dict[str, str]:
    return {
        HOSTNAME: "swt-sn2100-03\n",
        LLDP: neighbours,
        FDB: json.dumps(list(fdb)),
        NEIGHBOURS: json.dumps(list(arp)),
    }


def test_lldp_alone_confirms() -> None:
    presence = judge("sw", output(), "HV50", ports=["swp1s3"], macs=[VM_MAC])
    assert presence.confirmed
    assert presence.port == "swp1s3"
    assert presence.warnings == ()


def test_the_fdb_alone_confirms() -> None:
    presence = judge("sw", output(lldp(), [LOCAL]), HV, macs=[VM_MAC.upper()])
    assert presence.confirmed
    assert "fa:16:3e:00:00:01 on swp1s3" in presence.explanation


def test_a_mac_learnt_from_another_leaf_contradicts() -> None:
    presence = judge("sw", output(fdb=REMOTE), HV, macs=[VM_MAC])
    assert not presence.confirmed
    assert "another leaf: fa:16:3e:00:00:01 behind 10.0.0.12" in presence.explanation


def test_neither_table_confirms_nothing() -> None:
    presence = judge("sw", output(lldp(("swp2", "hv99"))), HV, macs=[VM_MAC])
    assert not presence.confirmed


def test_a_permanent_entry_is_no_evidence() -> None:
    presence = judge("sw", output(lldp(), [{**LOCAL, "state": "permanent"}]), HV, macs=[VM_MAC])
    assert not presence.confirmed


def test_another_port_than_recorded_is_a_warning() -> None:
    presence = judge("sw", output(), HV, ports=["swp9"])
    assert presence.confirmed
    assert "swp1s3" in presence.warnings[0]
    assert "swp9" in presence.warnings[0]


def test_a_strange_neighbour_entry_is_told() -> None:
    arp = [
        {
            "dst": "130.246.213.11",
            "dev": "vlan453",
            "lladdr": "02:de:ad:00:00:01",
            "state": ["STALE"],
        }
    ]
    presence = judge("sw", output(arp=arp), HV, macs=[VM_MAC], addresses=["130.246.213.11"])
    assert "none of its MACs" in presence.explanation
    assert presence.confirmed


def test_the_recorded_answer_of_a_real_lldpd_is_read() -> None:
    recorded = Path(__file__).parents[1] / "napalm_cumulus" / "data" / "lldpctl_json0.json"
    assert lldp_neighbours(recorded.read_text(), "sw") == [("swp51", "leaf2")]


@pytest.mark.parametrize("said", ["lldpctl: no such socket", '{"lldp": {"interface": []}}', "[1]"])
def test_nonsense_is_an_error_and_not_an_empty_table(said: str) -> None:
    with pytest.raises(UnreadableAnswerError):
        lldp_neighbours(said, "sw")


def test_an_absent_lldpd_proves_nothing() -> None:
    presence = judge("sw", output(""), HV)
    assert not presence.confirmed
    assert "gave no answer" in presence.explanation


@pytest.mark.parametrize(
    ("expected", "hostname"), [("sw-03.a.b", "sw-03"), ("sw-03", "SW-03.a.b"), ("sw", "sw")]
)
def test_the_same_switch_in_other_words(expected: str, hostname: str) -> None:
    require_same(expected, hostname, "10.5.0.43")


@pytest.mark.parametrize("hostname", ["sw-04", "", "sw-03.c.d"])
def test_another_switch_is_refused(hostname: str) -> None:
    with pytest.raises(WrongSwitchError, match="nothing was touched"):
        require_same("sw-03.a.b", hostname, "10.5.0.43")
