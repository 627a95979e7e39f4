"""FRR's answers to all questions in one vtysh, as recorded in the lab, and cut short."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napalm_cumulus.result import CommandResult
from tasks.facts import frr
from tasks.facts.assemble import read_facts
from tasks.facts.model import SwitchFacts

SAMPLES = Path(__file__).parents[1] / "health" / "samples"
#: FRR 8.4.4 of the plain shape; FRR 10.3 of a leaf with a single VXLAN device and two tenants.
PLAIN = (SAMPLES / "leaf" / "frr").read_bytes()
SYMMETRIC = (SAMPLES / "frr_symmetric").read_bytes()


def facts(output: bytes, status: int = 0, error: bytes = b"") -> SwitchFacts:
    whole = CommandResult(frr.command(10), status, output, error)
    return read_facts("leaf", {frr.NAME: whole}, {})


def until(question: str) -> bytes:
    """What vtysh printed before the answer to a question."""
    echo = f"# {question}\n".encode()
    return PLAIN[: PLAIN.index(echo) + len(echo)]


def test_each_question_has_its_own_answer() -> None:
    read = facts(PLAIN)
    assert [row.vni for row in read.vnis.rows] == [10453]
    assert (read.vrf_vnis.known, read.vrf_vnis.rows) == (True, ())
    assert read.evpn_macs.rows
    assert [(row.peer, row.state, row.exchanges) for row in read.evpn_peers.rows] == [
        ("10.254.0.3", "Established", True)
    ]
    assert [(row.advertises, row.floods) for row in read.evpn_instance.rows] == [(True, True)]
    assert [row.vrf for row in read.bgp_vrfs.rows] == ["default"]


def test_a_symmetric_leaf_tells_its_tenants() -> None:
    read = facts(SYMMETRIC)
    assert {(row.vni, row.kind, row.vrf) for row in read.vnis.rows} == {
        (10453, "L2", "tenant1"),
        (10999, "L2", "tenant1"),
        (10553, "L2", "tenant2"),
        (104001, "L3", "tenant1"),
        (104002, "L3", "tenant2"),
    }
    assert {(row.vrf, row.vni, row.svi, row.up) for row in read.vrf_vnis.rows} == {
        ("tenant1", 104001, "vlan4001", True),
        ("tenant2", 104002, "vlan4002", True),
    }
    assert {row.router_mac for row in read.vrf_vnis.rows} == {"24:8a:07:03:01:03"}
    assert [row.vrf for row in read.bgp_vrfs.rows] == ["default", "tenant1", "tenant2"]


def test_where_bgpd_is_not_running_zebra_is_believed() -> None:
    """vtysh stops at the first question that fails, and asks nothing after it."""
    read = facts(until("show bgp l2vpn evpn summary json"), 1, b"bgpd is not running\n")
    assert [row.vni for row in read.vnis.rows] == [10453]
    assert read.vrf_vnis.known
    assert read.evpn_peers.absent
    assert read.bgp_vrfs.absent
    assert read.evpn_instance.absent


def test_where_zebra_is_not_running_nothing_is_known() -> None:
    read = facts(until("show evpn vni json"), 1, b"zebra is not running\n")
    assert read.vnis.absent
    assert read.evpn_peers.absent


def test_a_release_that_lacks_the_last_questions_answers_the_others() -> None:
    question = "show bgp vrfs json"
    read = facts(until(question) + f"% Unknown command: {question}\n".encode(), 1)
    assert read.evpn_peers.rows
    assert read.bgp_vrfs.absent
    assert read.evpn_instance.absent


@pytest.mark.parametrize("output", [b"", until("show evpn arp-cache vni all json")])
def test_a_vtysh_that_hung_leaves_what_it_had_not_told_unread(output: bytes) -> None:
    read = facts(output, 124)
    assert "did not end in time" in read.evpn_macs.unread
    assert "'vtysh -c 'show bgp l2vpn evpn summary json''" in read.evpn_peers.unread
    assert bool(read.vnis.rows) == bool(output)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.99])
def test_half_an_answer_is_none(share: float) -> None:
    read = facts(PLAIN[: int(len(PLAIN) * share)])
    told = (read.vnis, read.vrf_vnis, read.evpn_macs, read.evpn_peers, read.bgp_vrfs)
    unread = [bool(section.unread) for section in (*told, read.evpn_instance)]
    assert unread[-1], "what comes last is cut off or missing"
    assert unread == sorted(unread), "and nothing before the cut"


def test_a_machine_on_an_ethernet_segment_of_others_is_not_here() -> None:
    """FRR since 7.5 names the segment of a remote machine, and no VTEP."""
    mac = "fa:16:3e:00:00:01"
    rows = {
        "10.0.0.1": {"type": "local", "mac": mac},
        "10.0.0.2": {"type": "remote", "mac": mac, "remoteEs": "03:44:38:39:be:ef:aa:00:00:01"},
        "10.0.0.3": {"type": "remote", "mac": mac, "l3NeighSync": True},
        "10.0.0.4": {"type": "remote", "mac": mac, "remoteVtep": "10.0.0.12"},
    }
    answer = json.dumps({"10453": {"numArpNd": 4, **rows}}).encode()
    whole = CommandResult("vtysh", 0, answer, b"")
    told = [(row.remote, row.segment) for row in frr.evpn_macs(whole)]
    segment = "03:44:38:39:be:ef:aa:00:00:01"
    assert told == [("", ""), (segment, segment), ("elsewhere", ""), ("10.0.0.12", "")]


@pytest.mark.parametrize("question", frr.QUESTIONS.values())
def test_an_echo_out_of_turn_is_text_within_an_answer(question: str) -> None:
    """What FRR prints may hold names that others chose: none of them makes an answer."""
    read = facts(PLAIN + f"\nspine# {question}\n{{}}\n".encode())
    assert [row.vni for row in read.vnis.rows] == [10453]
    assert read.evpn_macs.rows
    assert read.evpn_peers.rows
    assert read.evpn_instance.unread


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_an_echo_ahead_of_its_turn_is_believed_nowhere(number: int) -> None:
    first, question = frr.QUESTIONS["vnis"], [*frr.QUESTIONS.values()][number]
    start = len(until(first)) + 2
    forged = f"\nspine# {question}\n{{}}\n".encode()
    read = facts(PLAIN[:start] + forged + PLAIN[start:])
    assert read.vnis.unread
    assert read.evpn_macs.rows
    assert read.evpn_peers.rows
