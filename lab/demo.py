"""The main job, told as a story: a VM is cut off, and one command brings it back."""

from __future__ import annotations

import os
import shutil
import time
from datetime import datetime, timezone
from pathlib import Path

import platformdirs
from rich.console import Console
from rich.padding import Padding

from lab.fabric.boot import trees
from lab.faults.inject import FaultInjector
from lab.lab import Lab
from lab.topology.default import Topology
from lab.topology.drawing import draw
from lab.topology.specs import LabError

VM, FAULT, BYSTANDER = "vm-a1", "svi-routes-lost", "vm-x1"
_OUTSIDE_INTERVAL = 0.05
_NUMBERS = {2: "Two", 3: "Three"}


def run_demo(topology: Topology, console: Console) -> int:
    """Build a lab, break it, heal it, and remove it.

    Returns:
        The exit status of ``vip heal``.
    """
    begin = time.monotonic()
    lab = Lab(topology.name)
    try:
        _build(lab, topology, console)
        status = _story(lab, console)
    finally:
        lab.down()
    console.print(
        f"\nThe lab is removed; nothing of it is left. The demo took "
        f"{time.monotonic() - begin:.0f} s."
    )
    return status


def _build(lab: Lab, topology: Topology, console: Console) -> None:
    _chapter(console, 1, "The fabric")
    console.print(
        f"{_NUMBERS[len(topology.leafs)]} leaf switches with real ifupdown2, OpenSSH and lldpd; "
        "hypervisors; VMs whose default gateway is the anycast VIP of their leaf; and the web "
        "systems that a site has."
    )
    if topology.tenant and topology.overlap:
        console.print(
            "They are built as real leafs are: one vlan-aware bridge, bonds to the hypervisors, "
            f"the VMs' network in the VRF {topology.tenant.vrf}, the same addresses once more in "
            f"{topology.overlap.tenant.vrf}, and sshd in the VRF mgmt alone."
        )
    if not all(tree.path.is_dir() for tree in trees(topology)):
        console.print("The switch software is fetched once, about half a minute ...")
    lab.up(topology)
    console.print(Padding(draw(lab.topology), (1, 2)))


def _story(lab: Lab, console: Console) -> int:
    _chapter(console, 2, "All is well")
    _say_answers(lab, console)

    _chapter(console, 3, "The fault")
    bystander = lab.start_pinger(BYSTANDER, "10.99.0.1")
    outside = lab.start_pinger("seat", VM, interval=_OUTSIDE_INTERVAL)
    report = FaultInjector(lab).inject(FAULT, vm=VM)
    console.print(f"On {report.leaf} {report.fault.name} happens: it {report.fault.does}.")
    if report.answers:
        raise LabError(f"{VM} still answers: the fault had no effect.")
    _say_answers(lab, console)
    console.print(
        "A plain 'ifreload -a' does not cure this one: ifupdown2 sees nothing to do. The toggle of "
        "the manual page would cure it, but would cut off everybody behind the leaf once more."
    )

    _chapter(console, 4, f"vip heal {VM}")
    console.print(
        "It asks the switch, names what is wrong, checks how many are cut off, and carries out the "
        "mildest cure. Run at the operator's seat, which reaches no more than an operator's "
        "machine does.\n"
    )
    console.file.flush()
    status = lab.run(["vip", "heal", VM, "--yes"])

    _chapter(console, 5, "What the VMs saw")
    answers = _say_answers(lab, console)
    cut_off, undisturbed = outside.stop(), bystander.stop()
    console.print(
        f"{VM} was unreachable from outside for {cut_off.longest:.1f} s in all, "
        "from the fault to the cure."
    )
    console.print(
        f"{BYSTANDER}, on another VLAN of the same leaf, pinged its own gateway the whole time: "
        f"{undisturbed.lost} of {undisturbed.sent} lost, longest gap "
        f"{undisturbed.longest * 1000:.0f} ms."
    )
    _keep_records(lab, console)
    return status or int(not answers)


def _say_answers(lab: Lab, console: Console) -> bool:
    address = lab.topology.vm(VM).address
    answers = address is not None and lab.answers(str(address.ip), count=2)
    said = "[green]answers[/]" if answers else "[red]does not answer[/]"
    console.print(f"{VM} ({address.ip if address else '-'}) {said} pings from outside.")
    return answers


def _keep_records(lab: Lab, console: Console) -> None:
    """Copy the report and the audit log to a place where they outlive the lab."""
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    kept = platformdirs.user_state_path("vipkeeper") / "demo" / now
    kept.mkdir(parents=True, mode=0o700)
    for path in (*lab.seat.reports.glob("*.json"), lab.seat.audit):
        if path.is_file():
            shutil.copy2(path, kept / path.name)
            console.print(f"{_kind(path)}: {kept / path.name}", soft_wrap=True)


def _kind(path: Path) -> str:
    return "Report" if path.suffix == ".json" else "Audit log"


def _chapter(console: Console, number: int, title: str) -> None:
    console.print()
    console.rule(f"[bold]{number}. {title}[/]", align="left")


def default_name() -> str:
    """Return a name that no other lab has."""
    return f"demo{os.getpid() % 100000}"
