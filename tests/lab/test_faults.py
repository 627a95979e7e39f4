"""The catalogue of faults: each bites as it says, is mended, and leaves the leaf as it was."""

from __future__ import annotations

import time

import pytest
from typer.testing import CliRunner

from lab.cli import app
from lab.faults import FAULTS, Fault
from lab.lab import Lab
from lab.shell import wait_until

OUTSIDE = "198.51.100.250"
#: What must be the same before and after: addresses, routes, rules, links, settings, static
#: entries. Left out is what comes and goes by itself: numbers of devices and next hops, IPv6
#: link-local routes, a port's path cost, which every ``ifreload -a`` sets to another default.
STATE = """\
ip -br -4 addr
ip -4 route show table all | sed 's/nhid [0-9]* //'
ip -4 rule
ip -o link | sed "s/^[0-9]*: //; s/@[^:]*//; s/link-netns.*//; s/ state [^ ]*//g"
for dev in all default vlan453 vlan453-v0 vlan453-v1 vlan999 swp10; do
    for key in forwarding rp_filter arp_ignore arp_announce arp_notify proxy_arp; do
        echo $dev $key $(cat /proc/sys/net/ipv4/conf/$dev/$key)
    done
done
bridge link | sed 's/^[0-9]*: //; s/@[^:]*//; s/cost .*//'
bridge fdb show dev vlan453 | grep 00:00:5e
ip neigh show nud permanent | sed "/extern_learn/d"
"""
#: Faults that are felt by the whole leaf, or by whoever is in the way.
WHOLE_LEAF = {"forwarding-off", "rp-filter-all"}


def state(lab: Lab) -> set[str]:
    return set(lab.exec_leaf("03", ["sh", "-c", STATE], check=True).stdout.splitlines())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.id}-{fault.name}")
def test_a_fault_bites_as_it_says_and_is_mended(well: Lab, fault: Fault) -> None:
    before = state(well)
    report = well.break_(fault.name)
    assert (report.leaf, report.vm) == ("swt-sn2100-03", "vm-a1")
    assert report.answers == fault.latent
    assert well.answers(OUTSIDE, source="vm-a1") == (fault.latent or fault.id == "f2")
    assert well.answers("130.246.213.31"), "a VM behind the other leaf"
    if fault.name not in WHOLE_LEAF:
        assert well.answers("10.99.0.101"), "the bystander on the same leaf"
    assert [active.fault for active in well.active_faults()] == [fault.name]
    begin = time.monotonic()
    assert [item.answers for item in well.mend()] == [True]
    assert time.monotonic() - begin < 5
    assert well.active_faults() == []
    assert wait_until(lambda: state(well) == before, timeout=5), state(well) ^ before


@pytest.mark.parametrize(
    "meddling",
    [
        "ip link delete dev vlan453-v0",
        "ifdown vlan453",
        "ip link set dev vlan453-v0 down; ip link set dev swp1s3 down; ifreload -a",
    ],
)
@pytest.mark.parametrize("fault", ["a2", "c1", "d2", "e2", "e4", "g4", "i1"])
def test_it_is_mended_whatever_was_tried_meanwhile(well: Lab, fault: str, meddling: str) -> None:
    before = state(well)
    well.break_(fault)
    well.exec_leaf("03", ["sh", "-c", meddling])
    assert [item.answers for item in well.mend()] == [True]
    assert wait_until(lambda: state(well) == before, timeout=5), state(well) ^ before


def test_several_faults_at_once_are_all_mended(well: Lab) -> None:
    before = state(well)
    for fault in ("g1", "d4", "h1", "b2", "e2"):
        well.break_(fault)
    assert len(well.active_faults()) == 5
    reports = well.mend()
    assert len(reports) == 5
    assert reports[-1].answers
    assert wait_until(lambda: state(well) == before, timeout=5), state(well) ^ before


def test_the_command_line_says_that_a_fault_is_latent(well: Lab) -> None:
    done = CliRunner().invoke(app, ["break", "svi-address-lost", "--name", well.name])
    assert done.exit_code == 0, done.output
    assert "this fault is latent" in done.stdout
    assert "reapply" in done.stdout
    done = CliRunner().invoke(app, ["break", "vm-arp-wrong", "--name", well.name])
    assert done.exit_code == 0, done.output
    assert "is cut off" in done.stdout
    assert "It heals" in done.stdout
