"""The lab itself: it is what it says, faults bite and are mended, nothing of it stays."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lab.faults.inject import FaultInjector
from lab.lab import Lab
from lab.machine.shell import call, wait_until
from lab.machine.tree import PASSWORD
from lab.status import look
from lab.topology.default import LabError
from tests.lab.switch import PATIENCE

OUTSIDE = "198.51.100.250"
VM_A1 = "130.246.213.11"
NOTHING: dict[str, set[str]] = {
    kind: set() for kind in ("namespaces", "mounts", "cgroups", "files", "processes")
}


def test_everything_that_should_answer_does(well: Lab) -> None:
    status = look(well)
    assert len(status.leafs) == 2
    assert all(leaf.ready and leaf.ssh and leaf.vip for leaf in status.leafs)
    assert {vm.name: vm.answers for vm in status.vms} == {
        "vm-a1": True,
        "vm-a2": True,
        "vm-b1": True,
        "vm-stopped": False,
        "vm-c1": True,
        "twin": True,
        "vm-nohost": False,
    }
    assert all(service.answers for service in status.services)
    assert status.faults == ()


def test_vms_reach_outside_their_gateways_and_each_other_across_leafs(well: Lab) -> None:
    for target in (OUTSIDE, "130.246.212.1", "130.246.215.254", "130.246.213.31"):
        # What a fault before this test took of EVPN's entries comes back within seconds.
        assert wait_until(lambda to=target: well.answers(to, source="vm-a1"), timeout=PATIENCE), (
            target
        )


@pytest.mark.parametrize("leaf", ["swt-sn2100-01", "swt-sn2100-03"])
def test_ssh_from_the_seat_with_the_operators_key_and_known_host(well: Lab, leaf: str) -> None:
    by_name = well.exec_seat(["ssh", "-o", "BatchMode=yes", leaf, "hostname; id -un"])
    assert by_name.stdout.split() == [leaf, "root"], by_name.stderr
    address = str(well.topology.leaf(leaf).address.ip)
    by_address = well.exec_seat(
        ["ssh", "-o", "BatchMode=yes", f"netops@{address}", "sudo -n id -un"]
    )
    assert by_address.stdout.split() == ["root"], by_address.stderr


def test_a_changed_host_key_is_refused(well: Lab) -> None:
    other = well.topology.leaf("01").address.ip
    said = well.exec_seat(
        ["ssh", "-o", "BatchMode=yes", "-o", "HostKeyAlias=swt-sn2100-03", f"root@{other}", "true"]
    )
    assert said.returncode == 255
    assert "Host key verification failed" in said.stderr


def test_the_password_account_needs_its_password_for_sudo(well: Lab) -> None:
    without = well.exec_leaf("03", ["su", "operator", "-c", "sudo -n id -un"])
    assert without.returncode != 0
    given = well.exec_leaf(
        "03", ["su", "operator", "-c", "sudo -S -p '' id -un"], stdin=f"{PASSWORD}\n"
    )
    assert given.stdout.strip() == "root", given.stderr


def test_leafs_hear_their_hypervisors_by_lldp(well: Lab) -> None:
    for leaf, hosts in {"03": ("hv50", "hv51"), "01": ("hv60", "hv61")}.items():
        said = well.exec_leaf(leaf, ["lldpctl", "-f", "keyvalue"], check=True).stdout
        for host in hosts:
            port = well.topology.hypervisor(host).port
            assert f"lldp.{port}.chassis.name={host}.nubes.example.internal" in said


def test_the_leafs_tell_each_other_by_evpn(well: Lab) -> None:
    def asked(leaf: str, question: str) -> Any:
        return json.loads(well.exec_leaf(leaf, ["vtysh", "-c", question], check=True).stdout)

    # Leafs forget what has been silent for long.
    assert well.answers("130.246.213.31")
    assert well.answers(VM_A1)
    for leaf, other, far in (("03", "10.0.0.12", "213.31"), ("01", "10.0.0.11", "213.11")):
        summary = asked(leaf, "show bgp l2vpn evpn summary json")
        assert [peer["state"] for peer in summary["peers"].values()] == ["Established"]
        vni = asked(leaf, "show evpn vni 10453 json")
        assert vni["numRemoteVteps"] == [other]
        assert (vni["vni"], vni["sviInterface"]) == (10453, "vlan453")

        def known(leaf: str = leaf, far: str = far) -> bool:
            cache = asked(leaf, "show evpn arp-cache vni all json")["10453"]
            return bool(cache.get(f"130.246.{far}", {}).get("type") == "remote")

        assert wait_until(known, timeout=PATIENCE)
        fdb = well.exec_leaf(leaf, ["bridge", "fdb", "show", "dev", "vni10453"]).stdout
        assert f"dst {other} self extern_learn" in fdb
        port = well.exec_leaf(leaf, ["bridge", "-d", "link", "show", "dev", "vni10453"]).stdout
        assert " learning off " in port
        assert " neigh_suppress on " in port


def test_the_svi_stands_where_the_drawing_says(well: Lab) -> None:
    for leaf in well.topology.leafs:
        path = f"/etc/network/{leaf.svi_file}"
        text = well.exec_leaf(leaf.name, ["cat", path], check=True).stdout
        assert "iface vlan453\n" in text
        check = well.exec_leaf(leaf.name, ["ifquery", "-a", "-c"])
        assert check.returncode == 0, check.stdout


def test_nothing_leaves_the_lab(well: Lab) -> None:
    machine = {link.split(":")[1] for link in call(["ip", "-o", "link"]).stdout.splitlines()}
    for netns in well.fabric.roles():
        links = call(["ip", "-n", netns, "-o", "-d", "link"]).stdout.splitlines()
        cables = [link for link in links if " veth " in link]
        astray = [x for x in cables if f"link-netns {well.fabric.prefix}" not in x]
        assert astray == [], f"{netns} has a cable that does not end in the lab"
    assert machine == {
        link.split(":")[1] for link in call(["ip", "-o", "link"]).stdout.splitlines()
    }
    routes = well.exec_seat(["ip", "route"], check=True).stdout
    assert "default" not in routes
    assert well.exec_seat(["ping", "-c1", "-W1", "192.0.2.99"]).returncode != 0


def test_run_passes_status_directory_and_input_through(well: Lab, tmp_path: Path) -> None:
    script = "from lab.cli import app; app()"
    command = [sys.executable, "-c", script, "run", "--name", well.name, "--"]
    done = subprocess.run(
        [
            *command,
            "sh",
            "-c",
            "pwd; cat; echo $VIPKEEPER_CONFIG; wc -c < /etc/resolv.conf; exit 7",
        ],
        input="through\n",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert done.stdout.split() == [str(tmp_path), "through", str(well.seat.config), "0"]


def test_lost_routes_are_not_cured_by_a_reload_but_by_the_toggle(well: Lab) -> None:
    FaultInjector(well).inject("svi-routes-lost")
    well.exec_leaf("03", ["ifreload", "-a"], check=True)
    assert not well.answers(VM_A1, count=2)
    toggle = (
        "cd /etc/network && cp interfaces /run/saved && "
        "sed '/^iface vlan453$/,/^$/s/^\\taddress/#&/' /run/saved > interfaces && ifreload -a; "
        "cp /run/saved interfaces && ifreload -a"
    )
    well.exec_leaf("03", ["sh", "-c", toggle], check=True)
    assert wait_until(lambda: well.answers(VM_A1), timeout=PATIENCE)


def test_a_fault_on_the_other_leaf_by_vm(well: Lab) -> None:
    report = FaultInjector(well).inject("e1", vm="vm-c1")
    assert (report.leaf, report.vm, report.answers) == ("swt-sn2100-01", "vm-c1", False)
    assert well.answers(VM_A1)


def test_impossible_faults_are_refused(well: Lab) -> None:
    for asked in (
        {"fault": "no-such-fault"},
        {"fault": "d2", "vm": "vm-stopped"},
        {"fault": "d2", "vm": "vm-nohost"},
        {"fault": "d2", "vm": "twin"},
        {"fault": "d2", "vm": "vm-c1", "leaf": "03"},
    ):
        with pytest.raises(LabError):
            FaultInjector(well).inject(**asked)
    assert FaultInjector(well).active() == []


def test_the_pinger_measures_the_outage_of_a_flap(well: Lab) -> None:
    inward = well.start_pinger("seat", "vm-a1")
    outward = well.start_pinger("vm-a1", OUTSIDE)
    bystander = well.start_pinger("vm-x1", OUTSIDE)
    time.sleep(0.5)
    well.exec_leaf("03", ["sh", "-c", "ip link set vlan453 down; sleep 0.4; ifup vlan453"])
    wait_until(lambda: well.answers(VM_A1), timeout=PATIENCE)
    time.sleep(0.5)
    for report in (inward.stop(), outward.stop()):
        assert 0.35 < report.longest < 15
        assert report.sent >= 80
    assert outward.stop().lost >= 10
    assert bystander.stop().lost <= 2


def test_a_power_cut_keeps_the_disk_and_loses_everything_else(well: Lab) -> None:
    leaf = well.leaf("03")
    keys = leaf.known_hosts()
    leaf.exec(["sh", "-c", "echo kept > /etc/network/note; echo lost > /run/note"], check=True)
    leaf.exec(["ip", "link", "add", "stray", "type", "bridge"], check=True)
    leaf.exec(["ip", "link", "delete", "vlan453-v1"], check=True)
    leaf.power_cut()
    assert not leaf.running
    assert not well.answers(VM_A1)
    with pytest.raises(LabError, match="not running"):
        leaf.exec(["true"])
    leaf.boot()
    assert leaf.exec(["cat", "/etc/network/note"], check=True).stdout == "kept\n"
    assert leaf.exec(["cat", "/run/note"]).returncode != 0
    links = leaf.exec(["ip", "-br", "link"], check=True).stdout
    assert "stray" not in links
    assert "vlan453-v1" in links
    assert leaf.known_hosts() == keys
    assert well.exec_seat(["ssh", "-o", "BatchMode=yes", "swt-sn2100-03", "true"]).returncode == 0
    assert wait_until(lambda: well.answers(VM_A1), timeout=PATIENCE)
    assert wait_until(lambda: well.answers(OUTSIDE, source="vm-a1"), timeout=PATIENCE)
    leaf.exec(["rm", "/etc/network/note"], check=True)


def test_a_clean_reboot(well: Lab) -> None:
    leaf = well.leaf("01")
    before = leaf.exec(["cat", "/proc/1/stat"], check=True).stdout
    leaf.reboot()
    assert leaf.exec(["cat", "/proc/1/stat"], check=True).stdout != before
    assert wait_until(lambda: well.answers("130.246.213.31"), timeout=PATIENCE)


def test_a_reboot_that_an_operator_asks_for_by_ssh(well: Lab) -> None:
    leaf = well.leaf("01")
    before = leaf.pid
    leaf.exec(["ip", "link", "add", "stray", "type", "bridge"], check=True)
    well.exec_seat(["ssh", "-o", "BatchMode=yes", "swt-sn2100-01", "reboot"])
    assert wait_until(lambda: leaf.pid not in (before, None) and leaf.ready, timeout=PATIENCE)
    assert wait_until(lambda: well.answers("130.246.213.31"), timeout=PATIENCE)
    assert "stray" not in leaf.exec(["ip", "-br", "link"], check=True).stdout


def test_web_faults_are_written_and_taken_back(well: Lab) -> None:
    path = well.state_dir / "web-faults.json"
    well.web_fault("mimic", "aquilon-down")
    assert "aquilon-down" in path.read_text()
    well.web_fault("mimic", None)
    assert "aquilon-down" not in path.read_text()


def _traces(name: str) -> dict[str, set[str]]:
    """What of a lab is on this machine."""
    needle = f"vk-{name}."
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    groups = [path for path in Path("/sys/fs/cgroup").glob("*/vipkeeper/*") if path.name == name]
    groups += [path for path in Path("/sys/fs/cgroup").glob("vipkeeper/*") if path.name == name]
    return {
        "namespaces": {p.name for p in Path("/run/netns").glob("*") if needle in p.name},
        "mounts": {line for line in mounts if f"/{name}/" in line or needle in line},
        "cgroups": {str(path) for path in groups},
        "files": {
            str(path)
            for pattern in (
                f"vipkeeper-lab/{name}",
                f"lock/*{name}.lock",
                f"systemd/**/{name}.swt-*",
            )
            for path in Path("/run").glob(pattern)
        },
        "processes": {
            line
            for line in call(["ps", "-eo", "stat=,args="]).stdout.splitlines()
            if f"/{name}/" in line and not line.startswith("Z")
        },
    }


def _machine() -> tuple[str, ...]:
    """What of the machine's own network must not change."""
    commands = (["ip", "-o", "addr"], ["ip", "route"], ["ip", "-6", "route"], ["ip", "rule"])
    lines = [call(command).stdout for command in commands]
    keep = "valid_lft"
    return tuple("\n".join(x.split(keep)[0] for x in text.splitlines()) for text in lines)


def test_two_labs_at_once_and_down_leaves_nothing(lab: Lab) -> None:
    before = _machine()
    locks = set(Path("/run/systemd/nspawn/locks").glob("*"))
    other = Lab(f"other-{os.getpid()}")
    begin = time.monotonic()
    other.up()
    assert time.monotonic() - begin < 120
    try:
        with pytest.raises(LabError, match="already up"):
            other.up()
        assert other.answers(VM_A1)
        FaultInjector(other).inject("a1")
        assert lab.answers(VM_A1), "the first lab has nothing to do with it"
        left = other.start_pinger("seat", "vm-b1")  # still running when the lab goes
    finally:
        other.down()
    with pytest.raises(LabError, match="ended by itself"):
        left.stop()
    assert _traces(other.name) == NOTHING
    assert set(Path("/run/systemd/nspawn/locks").glob("*")) - locks == set()
    assert _machine() == before
    assert lab.answers(VM_A1)
    other.down()


def moments() -> list[float]:
    """Seconds after which an ``up`` is killed: two, with ``VIPKEEPER_KILLS`` all of them."""
    every = [0.05, 0.4, 0.8, 1.5]
    if "VIPKEEPER_KILLS" in os.environ:
        return every
    return random.Random(f"{os.environ['VIPKEEPER_SEED']} ups").sample(every, 2)


@pytest.mark.parametrize("after", moments())
def test_down_and_up_after_an_up_that_was_killed(lab: Lab, after: float) -> None:
    name = f"kill-{os.getpid()}"
    script = f"from lab.lab import Lab; print('go', flush=True); Lab({name!r}).up()"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout
    process.stdout.readline()
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    victim = Lab(name)
    assert not victim.is_up
    victim.down()
    assert _traces(name) == NOTHING


def test_the_other_kind_of_leaf(lab: Lab) -> None:
    plain = Lab(f"plain-{os.getpid()}")
    try:
        plain.up(kind="namespace")
        assert plain.kind == "namespace"
        status = look(plain)
        assert all(leaf.ready and leaf.ssh and leaf.vip for leaf in status.leafs)
        for fault in ("a1", "b1", "d2", "e1", "d5", "e4", "g4", "i1"):
            assert not FaultInjector(plain).inject(fault).answers, fault
            assert [report.answers for report in FaultInjector(plain).mend()] == [True], fault
        leaf = plain.leaf("03")
        leaf.power_cut()
        assert not leaf.running
        leaf.boot()
        assert wait_until(lambda: plain.answers(VM_A1), timeout=PATIENCE)
        said = plain.exec_seat(["ssh", "-o", "BatchMode=yes", "swt-sn2100-03", "hostname"])
        assert said.stdout.strip() == "swt-sn2100-03", said.stderr
    finally:
        plain.down()
    assert _traces(plain.name) == NOTHING


def test_two_ups_of_one_name_exclude_each_other(lab: Lab) -> None:
    name = f"both-{os.getpid()}"
    script = f"from lab.lab import Lab; Lab({name!r}).up()"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for _ in range(2)
    ]
    try:
        said = [process.communicate(timeout=60)[1] for process in processes]
        assert sorted(process.returncode for process in processes) == [0, 1]
        assert any("Another process" in text or "already up" in text for text in said)
        assert Lab(name).answers(VM_A1)
    finally:
        Lab(name).down()
