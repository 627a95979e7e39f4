"""Leafs as whole machines: user-mode Linux, each with a kernel, a disk and a clock of its own.

The kernel is one process of this machine in the leaf's namespace. SIGKILL of it is a power cut.
Its ports are the ends of the lab's cables, which it reads and writes as raw packets.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.fabric.first_boot import MASKED, READY, READY_UNIT, first_boot_files
from lab.fabric.leaf import Leaf, write_file
from lab.kernel import inside
from lab.kernel.boot import own_memory
from lab.kernel.broker import RESET
from lab.kernel.package import KERNEL, require_architecture
from lab.kernel.place import Place
from lab.machine import netns
from lab.machine.disk import INIT, ensure_image
from lab.machine.guest import SLOWER
from lab.machine.processes import children
from lab.machine.shell import NETNS_DIR, ip_batch, wait_until
from lab.topology.default import LabError, LeafSpec, Topology

#: Megabytes that it may use; what it does not touch costs nothing.
_MEMORY = 512
#: No port of the lab takes larger packets.
_MTU = 9216
#: A cable's end shows each packet to whoever listens there, also the machine's own: without this
#: filter a bridge in the machine would take back what it has just sent.
_INCOMING = (
    (0x30, 0, 0, 0xFFFFF004),  # load the packet's type
    (0x15, 0, 1, 4),  # is it outgoing?
    (0x06, 0, 0, 0),  # yes: drop
    (0x06, 0, 0, 0x40000),  # no: take all of it
)
_BYSTANDER = {
    "ipv4/ip_forward": "0",
    "ipv4/conf/all/arp_ignore": "8",
    "ipv4/conf/default/arp_ignore": "8",
    "ipv6/conf/all/forwarding": "0",
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
}
# A kernel resets itself by starting its own program anew, with all that it has open. Under a name
# that leads nowhere it cannot, and ends: then it is started by us.
_NAMELESS = "import os, sys; os.execv(sys.argv[1], ['machine', *sys.argv[2:]])"
_REPLUG = """\
for state in down up; do
    for port; do ip -n "$0" link set dev "$port" "$state"; done
done
"""


class WholeLeaf(Leaf):
    """A whole machine: real power cuts, ``reboot -f``, and a clock that can be set."""

    kind = "vm"
    patience = 300.0
    look_every = 0.5  # each look costs what is being waited for
    restarts_on = RESET

    def __init__(self, spec: LeafSpec, topology: Topology, tree: Path, directory: Path) -> None:
        super().__init__(spec, topology, tree, directory)
        self.console = self._place.console

    @property
    def _place(self) -> Place:
        """Return the place of the kernel's files, below the leaf's directory."""
        return Place(self.directory)

    @property
    def _ports(self) -> list[tuple[str, str]]:
        """Return the names and MACs of its ports."""
        return [("eth0", self.spec.mac), *((port.name, port.mac) for port in self.spec.ports)]

    @property
    def _image(self) -> Path:
        require_architecture()
        return ensure_image(self.tree, KERNEL.ensure())

    def install(self, authorized_key: str, *, vlan_aware: bool) -> None:
        """Write what makes it this switch; its first boot copies that to its disk."""
        super().install(authorized_key, vlan_aware=vlan_aware)
        for name, text in first_boot_files().items():
            write_file(self.upper, self.tree, name, text)
        units = self.upper / "etc/systemd/system"
        units.mkdir(parents=True, exist_ok=True)
        for unit in MASKED:
            (units / unit).unlink(missing_ok=True)
            (units / unit).symlink_to("/dev/null")
        wants = units / "multi-user.target.wants"
        wants.mkdir(exist_ok=True)
        (wants / READY_UNIT).unlink(missing_ok=True)
        (wants / READY_UNIT).symlink_to(f"../{READY_UNIT}")
        for path in (self._place.directory, self._place.memory):
            path.mkdir(parents=True, exist_ok=True)
        steps = (struct.pack("=HBBI", *step) for step in _INCOMING)
        (self.directory / "incoming.bpf").write_bytes(b"".join(steps))

    def start(self) -> None:
        """Power it on; return at once."""
        if self.running:
            raise LabError(f"{self.spec.short_name} is already running.")
        self._launch()

    def _launch(self) -> None:
        self._plug("up")
        kernel = str(KERNEL.path / "usr/bin/linux.uml")
        argv = ["nsenter", f"--net={NETNS_DIR / self.netns}", f"--wd={self.directory}", "--"]
        argv += [*own_memory(self._place, _MEMORY), sys.executable, "-S", "-c", _NAMELESS, kernel]
        broker = [sys.executable, "-S", "-m", "lab.kernel.broker", str(self.directory)]
        self._spawn([*broker, *argv, *self.arguments()])
        wait_until(lambda: self.running or not self._alive(), timeout=20)

    def arguments(self) -> list[str]:
        """Return the kernel's command line, which has a limit: paths are short."""
        return [
            f"mem={_MEMORY}M",
            f"ubd0=disk.cow,{self._image}",
            *("root=/dev/ubda", "rootfstype=ext4", "rw", "quiet", f"init=/{INIT}"),
            *("con=null", "con0=null,fd:1", "ssl=null", "ssl0=fd:{line}", "TERM=dumb"),
            f"uml_dir={self._place.memory}/",
            "umid=leaf",
            f"DISK={self.upper}",
            "PORTS=" + ",".join("/".join(port) for port in self._ports),
            *(
                f"vec{n}:transport=raw,ifname={name},mtu={_MTU},bpffile=incoming.bpf"
                for n, (name, _) in enumerate(self._ports)
            ),
        ]

    def _again(self) -> list[str]:
        """Let the other ends of its cables see that it was off for a moment."""
        ports = [name for name, _ in self._ports]
        return ["sh", "-c", _REPLUG, self.netns, *ports]

    def _plug(self, state: str) -> None:
        """Let the other ends of its cables see a machine that is on (``up``), or off."""
        lines = (f"link set dev {name} mtu {_MTU} {state}" for name, _ in self._ports)
        ip_batch(lines, netns=self.netns)

    def renew_network(self) -> None:
        """Let its cables see that it is off: its own network goes with its kernel."""
        self._plug("down")

    def set_kernel(self) -> None:
        """Keep the machine's own kernel out of what the leaf's is told."""
        netns.set_sysctls(self.netns, _BYSTANDER)

    @property
    def pid(self) -> int | None:
        """Return the process that is its kernel; None while it is off."""
        boss = self._boss()
        for holder in children(boss) if boss is not None else []:
            for kernel in children(holder):
                return kernel
        return None

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return the machine's command that runs ``argv`` as root on the leaf."""
        self._require_running()
        return inside.command(self._place, argv)

    def exec(
        self, argv: Sequence[str], *, stdin: str = "", timeout: float = 60, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the leaf as root without the network, as on its console."""
        self._require_running()
        done = inside.run(self._place, argv, stdin=stdin.encode(), timeout=timeout * SLOWER)
        said = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        if check and done.returncode != 0:
            words = (said[1].strip() or said[0].strip() or "nothing")[-600:]
            what = " ".join(argv[:12])
            message = f"{what} ended with {done.returncode} on {self.spec.short_name}"
            raise LabError(f"{message} and said: {words}")
        return subprocess.CompletedProcess(list(argv), done.returncode, *said)

    def put(self, name: Path, text: str, *, mode: int = 0o644) -> None:
        """Write a file of the running leaf in one piece: another may be reading it just now."""
        script = 'mkdir -p "${1%/*}" && cat >"$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1"'
        self.exec(["sh", "-c", script, "put", f"/{name}", f"{mode:o}"], stdin=text, check=True)

    def remove(self, names: Sequence[Path]) -> None:
        """Remove files of the running leaf, those that are there."""
        if names:
            self.exec(["rm", "-f", *(f"/{name}" for name in names)], check=True)

    def _require_running(self) -> None:
        if not self.running:
            raise LabError(f"{self.spec.short_name} is not running.", "Boot it first.")

    def _ask(self, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Ask its kernel by ``ip`` or ``bridge``."""
        return self.exec([tool, *arguments])

    @property
    def ready(self) -> bool:
        """Return whether it is fully booted, sshd listens and the VIP is there."""
        return self.running and self._boot_is_over() and self.has_vip()

    def _boot_is_over(self) -> bool:
        return self.exec(["test", "-e", READY], timeout=30).returncode == 0

    def shutdown(self, timeout: float = 60) -> None:
        """Shut down through systemd; cut the power when that does not end in time."""
        self.exec(["systemctl", "poweroff", "--no-block"], check=True)
        wait_until(lambda: not self._alive(), timeout=max(timeout, self.patience))
        self.power_cut()
