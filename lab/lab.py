"""The lab as a whole: bringing it up and down, and everything that is done to it meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from inventory.files import write_whole
from lab import web
from lab.fabric.boot import (
    MORE_TOOLS,
    Kind,
    Leafs,
    know_neighbours,
    require_fit,
    trees,
    wait_evpn,
)
from lab.fabric.fabric import Fabric
from lab.fabric.leaf import Leaf
from lab.fabric.releases import Iproute2, Lldpctl, give_tools
from lab.fabric.routing import SPINE_AS, spine_command, start_spine
from lab.fabric.seat import Seat
from lab.fabric.sweep import NETNS_MADE, sweep
from lab.kernel.boot import MEMORY
from lab.kernel.kernel import Kernel
from lab.machine import kernel, netns
from lab.machine.guest import in_guest, shared_seat
from lab.machine.lock import only_one
from lab.machine.pinger import Pinger
from lab.machine.shell import NETNS_DIR, TOOLS, call, in_netns, require_tools, wait_until
from lab.machine.statedir import LABS, MARKER
from lab.machine.tree import tree_path
from lab.topology.default import LabError, Topology, VmSpec, default_topology


class Lab:
    """A lab on this machine, found again by its name.

    Args:
        name: its name; several can be up at once.
        state_dir: the directory of its disks and files; ``/run/vipkeeper-lab/<name>`` by default.
    """

    def __init__(self, name: str = "vk", state_dir: Path | None = None) -> None:
        self.name = name
        self.state_dir = (state_dir or LABS / name).absolute()
        # The topology checks the name, which becomes part of paths and namespaces.
        self._prefix = Fabric(default_topology(name)).prefix
        self._topology: Topology | None = None

    @property
    def topology(self) -> Topology:
        """Return the lab's topology; the lab must be up."""
        if self._topology is None:
            self._topology = Topology.from_json(self._stored("topology.json"))
        return self._topology

    @property
    def is_up(self) -> bool:
        """Return whether it was brought up completely and its namespaces are still there."""
        seat = NETNS_DIR / f"{self._prefix}seat"
        return (self.state_dir / "complete").exists() and seat.exists()

    @property
    def kernel(self) -> Kernel:
        """Return the kernel that it may have of its own; the lab is up in there then, not here."""
        return Kernel(self.state_dir)

    @property
    def tree(self) -> Path:
        """Return the read-only tree with the switch software."""
        return tree_path()

    @property
    def fabric(self) -> Fabric:
        """Return the lab's namespaces."""
        return Fabric(self.topology)

    @property
    def seat(self) -> Seat:
        """Return the operator's seat."""
        directory = self.state_dir / "seat"
        return Seat(self.topology, self.fabric.ns("seat"), directory, self.tree)

    @property
    def _leafs(self) -> Leafs:
        return Leafs(self.topology, self.tree, self.state_dir / "leafs")

    @property
    def _spine(self) -> Path:
        return self.state_dir / "spine"

    @property
    def kind(self) -> str:
        """Return the kind of its leafs."""
        return self._stored("kind").strip()

    def require_up(self) -> None:
        """Raise when it is not up."""
        if not self.is_up:
            raise LabError(f"The lab {self.name!r} is not up.", "vip lab up")

    def _stored(self, name: str) -> str:
        """Return a file of the lab's state.

        Raises:
            LabError: the lab is not up.
        """
        try:
            return (self.state_dir / name).read_text()
        except FileNotFoundError:
            raise LabError(f"The lab {self.name!r} is not up.", "vip lab up") from None

    def leaf(self, name: str) -> Leaf:
        """Return a leaf by its name or number."""
        return self._leafs.make(self.topology.leaf(name), self.kind)

    def leafs(self) -> list[Leaf]:
        """Return every leaf."""
        return [self.leaf(spec.name) for spec in self.topology.leafs]

    # --- up and down

    def up(
        self,
        topology: Topology | None = None,
        kind: Kind = "auto",
        *,
        iproute2: Iproute2 = Iproute2.TODAY,
        lldpctl: Lldpctl = Lldpctl.TODAY,
    ) -> None:
        """Build it all and wait until every VM answers from the seat.

        Args:
            topology: the topology to build; None builds the default one.
            kind: booted containers, plain namespaces, whichever of these works here, or whole
                machines.
            iproute2: whose ``ip`` and ``bridge`` the leafs are to have.
            lldpctl: which forms their ``lldpctl`` is to print.
        """
        self._check_machine(kind)
        topology = topology or default_topology(self.name)
        if topology.name != self.name:
            message = f"The topology {topology.name!r} cannot be built as the lab {self.name!r}."
            raise LabError(message)
        require_fit(kind, topology.shape, own_kernel=in_guest())
        kernel.require(topology.shape)
        for tree in trees(topology):
            tree.ensure()
        with only_one(self.name):
            if self.is_up or self.kernel.complete:
                raise LabError(f"The lab {self.name!r} is already up.", "vip lab down")
            self._clear()
            self._prepare(topology)
            try:
                self._build(kind)
                for leaf in self.leafs():
                    give_tools(leaf, iproute2, lldpctl)
            except BaseException:
                self._clear()
                raise

    def up_inside(self, command: Sequence[str], memory: int = MEMORY) -> int:
        """Start a kernel of its own for it, and run a command in there that brings the lab up.

        Args:
            command: ``vip lab up ...``; it has this process's terminal and signals.
            memory: megabytes that the kernel may use.

        Returns:
            The command's exit status; if it is not 0, nothing is left of the kernel.
        """
        with only_one(self.name):
            if self.is_up or self.kernel.complete:
                raise LabError(f"The lab {self.name!r} is already up.", "vip lab down")
            self._clear()
            try:
                self.kernel.start(memory)
                status = self.kernel.attach(command, env=os.environ, stdin=False)
                if status == 0:
                    self.kernel.mark_complete()
            except BaseException:
                self._clear()
                raise
            if status != 0:
                self._clear()
            return status

    def down(self) -> None:
        """Remove everything; does nothing when there is nothing."""
        self._check_machine("namespace")
        with only_one(self.name):
            self._clear()

    def _check_machine(self, kind: Kind) -> None:
        if os.geteuid() != 0:
            raise LabError("The lab makes namespaces and mounts: it needs root.", "Use sudo.")
        require_tools(TOOLS | MORE_TOOLS.get(kind, {}))
        if Path("/proc/self/ns/net").stat().st_ino in self._namespace_inodes():
            raise LabError("This runs inside the lab.", "Leave the seat first.")

    def _namespace_inodes(self) -> set[int]:
        return {(NETNS_DIR / name).stat().st_ino for name in netns.namespaces(self._prefix)}

    def _prepare(self, topology: Topology) -> None:
        directory = self.state_dir
        if directory.exists() and any(directory.iterdir()):
            raise LabError(f"{directory} is not the directory of a lab.", "Choose another.")
        directory.mkdir(parents=True, exist_ok=True)
        (directory / MARKER).touch()
        if not os.path.ismount(NETNS_DIR):
            (directory / NETNS_MADE).touch()
        shared = shared_seat()
        if shared is not None:
            (directory / "seat").mkdir()
            call(["mount", "--bind", str(shared), str(directory / "seat")])
        (directory / "topology.json").write_text(topology.to_json())
        (directory / "web-faults.json").write_text("{}\n")
        disks = directory / "leafs"
        disks.mkdir()
        # An overlay cannot lie on an overlay (a machine that is itself a container).
        if call(["stat", "-f", "-c", "%T", str(disks)]).stdout.strip() == "overlayfs":
            call(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(disks)])
        self._topology = topology

    def _build(self, kind: Kind) -> None:
        self.fabric.build()
        public_key = self.seat.install()
        self.fabric.start_lldpd(self.tree, self.state_dir / "lldpd")
        start_spine(self.topology, self.fabric.ns("spine"), self.tree, self._spine)
        web.start(self.fabric.ns("web"), self.seat.environment(), self.state_dir)
        chosen = self._leafs.start(kind, public_key)
        (self.state_dir / "kind").write_text(chosen + "\n")
        hosts = "".join(leaf.known_hosts() for leaf in self.leafs())
        self.seat.known_hosts.write_text(hosts)
        web.wait(self.fabric.ns("web"), self.topology, self.state_dir)
        silent: list[str] = []

        def all_answer() -> bool:
            silent[:] = self._silent()
            return not silent and know_neighbours(self.topology, self.leafs())

        patience = max(leaf.patience for leaf in self.leafs())
        if not wait_until(all_answer, timeout=patience, every=0.2):
            what = f"{', '.join(silent)} do not answer" if silent else "LLDP knows no hypervisor"
            raise LabError(f"The lab came up, but {what}.")
        self.wait_evpn(patience)
        web.poll(self.fabric.ns("web"), self.topology, self.leafs(), self.kind)
        (self.state_dir / "complete").touch()

    def _silent(self) -> list[str]:
        """Return the VMs that are running and do not answer."""
        vms = [vm for vm in self.topology.vms if vm.running]
        with ThreadPoolExecutor(8) as pool:
            answers = pool.map(self.vm_answers, vms)
            return [vm.name for vm, answer in zip(vms, answers, strict=True) if not answer]

    def vm_answers(self, vm: VmSpec) -> bool:
        """Return whether a VM answers from the seat; a second tenant's, from that tenant's others.

        The seat would reach the first tenant's VM of the same address.
        """
        source = "seat"
        if vm.overlap:
            others = [x for x in self.topology.vms if x.overlap and x != vm and x.running]
            source = others[0].name if others else source
        return self.answers(self.address_of(vm), source=source)

    def wait_lldp(self, timeout: float = 30) -> None:
        """Wait until every leaf's lldpd has heard from its hypervisors."""
        what = "LLDP does not know every hypervisor"
        wait_until(lambda: know_neighbours(self.topology, self.leafs()), timeout=timeout, what=what)

    def wait_evpn(self, timeout: float = 20) -> None:
        """Wait until every running leaf has learnt the VTEP of every other one by EVPN."""
        wait_evpn(self.leafs(), timeout)

    def _clear(self) -> None:
        """Remove everything that is there of this lab."""
        self.kernel.end()
        sweep(self.name, self._prefix, self.state_dir)
        self._topology = None

    # --- the web systems

    def web_fault(self, system: str, name: str | None) -> None:
        """Make a web system fail in a named way; None ends the fault."""
        path = self.state_dir / "web-faults.json"
        faults = json.loads(path.read_text()) | {system: name or []}
        write_whole(path, f"{json.dumps(faults)}\n".encode(), mode=0o666)

    # --- running things

    def run(self, argv: Sequence[str]) -> int:
        """Run a command in the seat on this terminal; return its exit status."""
        seat = self.seat
        return subprocess.run(seat.command(argv), env=seat.environment(), check=False).returncode

    def exec_seat(
        self, argv: Sequence[str], *, stdin: str = "", timeout: float = 60, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the seat and capture its output."""
        seat = self.seat
        return call(
            seat.command(argv), stdin=stdin, timeout=timeout, check=check, env=seat.environment()
        )

    def exec_leaf(
        self,
        leaf: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout: float = 60,
        check: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root on a leaf, without the network."""
        return self.leaf(leaf).exec(argv, stdin=stdin, timeout=timeout, check=check)

    def exec_spine(
        self, argv: Sequence[str], *, timeout: float = 60, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command (``vtysh``) where the spine's FRR runs."""
        return call(spine_command(self._spine, argv), timeout=timeout, check=check)

    def leak(self, prefix: str, *, withdraw: bool = False) -> None:
        """Let the spine announce a prefix by BGP that it cannot deliver, or withdraw it.

        Args:
            prefix: the IPv4 network.
            withdraw: withdraw it; does nothing where it was not announced.
        """
        line = f"{'no ' if withdraw else ''}network {prefix}"
        argv = ["vtysh", "-c", "configure terminal", "-c", f"router bgp {SPINE_AS}"]
        argv += ["-c", "address-family ipv4 unicast", "-c", line]
        self.exec_spine(argv, check=not withdraw)

    def exec_vm(
        self, vm: str, argv: Sequence[str], *, timeout: float = 60, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the tree's commands in the network of a VM or bystander."""
        return call(self.in_tree(self.vm_ns(vm), argv), timeout=timeout, check=check)

    def vm_ns(self, name: str) -> str:
        """Return the namespace of a VM, a bystander, or ``seat``."""
        if name == "seat" or any(host.name == name for host in self.topology.bystanders):
            return self.fabric.ns(name)
        return self.fabric.vm_ns(self.topology.vm(name))

    def in_tree(self, namespace: str, argv: Sequence[str]) -> list[str]:
        """Return the command that runs one of the tree's programs in a namespace."""
        return in_netns(namespace, ["chroot", str(self.tree), *argv])

    def answers(self, address: str, *, source: str = "seat", count: int = 1) -> bool:
        """Return whether an address answers pings sent from a VM or the seat."""
        argv = ["ping", "-n", "-q", "-i", "0.2", "-c", str(count), "-W", "1", address]
        return call(self.in_tree(self.vm_ns(source), argv), check=False).returncode == 0

    def start_pinger(self, source: str, target: str, interval: float = 0.01) -> Pinger:
        """Ping from a VM, a bystander or ``seat`` until it is stopped.

        Args:
            source: the sender of the pings.
            target: an address, or the name of a VM.
            interval: seconds between two packets.
        """
        address = target
        if any(target in (vm.name, vm.uuid) for vm in self.topology.vms):
            address = self.address_of(self.topology.vm(target))
        argv = ["ping", "-n", "-D", "-i", f"{interval:g}", address]
        handle, log = tempfile.mkstemp(prefix="ping-", suffix=".log", dir=self.state_dir)
        os.close(handle)
        return Pinger(self.in_tree(self.vm_ns(source), argv), Path(log))

    @staticmethod
    def address_of(vm: VmSpec) -> str:
        """Return a VM's fixed address."""
        if vm.address is None:
            raise LabError(f"{vm.name} has no address.")
        return str(vm.address.ip)


__all__ = ["Kind", "Lab", "LabError"]
