"""What is shown on the real shape with both routings between segments."""

from __future__ import annotations

import json

from lab.faults.inject import FaultInjector
from lab.lab import Lab
from tests.lab.desk import Desk

#: Seconds that a command may need on a busy machine.
LONG = 300.0
#: One fault of each kind: a device, a route, a setting of the kernel, a VLAN.
FAULTS = ["vrr-device-deleted", "svi-routes-lost", "vrr-forwarding-off", "vlan-not-on-port"]


def no_alarm(desk: Desk) -> None:
    """Check the healthy fabric; one leaf at a time, as all of them share one slow kernel."""
    done = desk.vip("check", "--workers", "1", "--deadline", f"{LONG:g}")
    assert done.code == 0, done.out + done.err


def healed_and_mended(desk: Desk, fault: str) -> None:
    """Inject a fault, let it be named and healed, and mend it."""
    report = FaultInjector(desk.lab).inject(fault, vm="vm-a1")
    assert not report.answers
    healed = desk.vip("heal", "vm-a1", "--yes")
    assert healed.code == 0, healed.out + healed.err
    assert f"HEALED: vm-a1 answers again: {fault} was cured" in healed.out
    assert all(report.answers for report in FaultInjector(desk.lab).mend())


def toggled(desk: Desk, vrf: str) -> None:
    """Toggle the VIP that two tenants have."""
    done = desk.vip("toggle", "swt-sn2100-03", "--vip", "130.246.212.1", "--vrf", vrf, "--yes")
    assert done.code == 0, done.out + done.err
    lab = desk.lab
    assert all(lab.vm_answers(vm) for vm in lab.topology.vms if vm.running)


def is_built_as_sites_are(lab: Lab, vrf: str) -> None:
    """Look at the kernel of a leaf: the SVI's VRF, the bond, sshd in ``mgmt`` alone."""
    leaf = lab.leaf("03")
    (svi,) = json.loads(leaf.exec(["ip", "-j", "-d", "link", "show", "dev", "vlan453"]).stdout)
    assert (svi["linkinfo"]["info_kind"], svi.get("master", "")) == ("vlan", vrf)
    (bond,) = json.loads(leaf.exec(["ip", "-j", "-d", "link", "show", "dev", "bond1"]).stdout)
    assert bond["linkinfo"]["info_data"]["mode"] == "802.3ad"
    assert bond["master"] == "bridge"
    listening = leaf.exec(["ss", "-Hltn", "sport", "=", ":22"]).stdout.split()
    found = {word for word in listening if word.endswith(":22")}
    assert found == {"0.0.0.0%mgmt:22", "[::]%mgmt:22"}
    session = lab.exec_seat(["ssh", "swt-sn2100-03", "ip", "vrf", "identify"], timeout=LONG)
    assert session.stdout.strip() == "mgmt"
    for name in ("mgmt", "tenant2"):
        last = leaf.exec(["ip", "route", "show", "vrf", name, "type", "unreachable"]).stdout
        assert "4278198272" in last
