"""Checks and diagnosis see the same things wrong: both ask `tasks.faults.conditions`."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from tasks.faults.conditions import configured_mtu, is_part
from tasks.health.diagnose import diagnose
from tasks.health.judge import judge
from tests.unit.tasks.health.healthy import (
    GATEWAY,
    HV,
    PORT,
    UP,
    changed,
    healthy,
    link,
    sysctl,
)
from tests.unit.tasks.health.test_diagnosis import FAULTS

#: The check that tells of each fault; where it is not named here, it has the fault's name.
CHECK_OF = {
    "vrr-device-deleted": "vrr-device-missing",
    "svi-mtu-wrong": "svi-mtu",
    "vrr-mtu-wrong": "vrr-mtu",
    "vrr-forwarding-off": "device-forwarding-off",
    "policy-rule-from": "policy-rule",
    "policy-rule-to": "policy-rule",
    "policy-rule-iif": "policy-rule",
}
#: ``ifquery -c`` tells of that one to a diagnosis; a check, whom LLDP or the stanza names.
ELSEWHERE = {"port-out-of-bridge"}


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - ELSEWHERE))
def test_what_is_diagnosed_is_found_by_the_check_of_it(fault: str) -> None:
    broken = FAULTS[fault][0](healthy())
    assert fault in {d.fault for d in diagnose(broken)}
    assert CHECK_OF.get(fault, fault) in {f.check for f in judge(broken)}


def test_a_check_warns_of_arp_that_a_diagnosis_is_not_certain_of() -> None:
    reluctant = sysctl(healthy(), "conf/all/arp_ignore", 3)
    assert "arp-ignore-all" in {f.check for f in judge(reluctant)}
    assert diagnose(reluctant) == ()


def test_a_port_without_carrier_is_not_called_blocking() -> None:
    """The bridge disables it; its cable is what is wrong."""
    unplugged = link(healthy(), PORT, flags=UP - {"LOWER_UP"})
    disabled = changed(unplugged, "ports", {"name": PORT}, state="disabled")
    assert "port-blocking" not in {f.check for f in judge(disabled)}
    assert "port-blocking" not in {d.fault for d in diagnose(disabled, ports={PORT: HV})}


def test_the_last_mtu_of_a_stanza_counts() -> None:
    assert configured_mtu(GATEWAY) == 9000
    again = replace(GATEWAY, stanza=f"{GATEWAY.stanza}\tmtu 1500\n\talias mtu 7\n")
    assert configured_mtu(again) == 1500
    assert configured_mtu(replace(GATEWAY, stanza="iface vlan453\n")) is None


def test_a_network_is_no_part_of_itself_nor_of_the_other_version() -> None:
    part, whole = ip_network("130.246.213.0/24"), ip_network("130.246.212.0/22")
    assert is_part(part, whole)
    assert not is_part(whole, part)
    assert not is_part(whole, whole)
    assert not is_part(ip_network("2001:db8::/64"), ip_network("0.0.0.0/0"))
