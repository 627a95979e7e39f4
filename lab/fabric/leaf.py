"""A leaf switch: real switch software on an overlay of the tree, in a network namespace.

Two kinds share one interface: a booted systemd container and, where that cannot boot, the same tree
in plain namespaces with its daemons started by a script. A leaf writes into the overlay's upper
directory, so what it wrote survives a power cut and a reboot, as on a disk.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import stat
import subprocess
import sys
import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lab.fabric import mgmt_ssh
from lab.fabric.interfaces import render_interfaces
from lab.fabric.real_interfaces import vxlan_of
from lab.fabric.routing import DAEMONS, render_leaf
from lab.machine import netns
from lab.machine.keys import host_keys
from lab.machine.processes import started
from lab.machine.shell import call, ip_batch, wait_until
from lab.machine.tree import NOPASSWD_USER
from lab.topology.default import LabError, LeafSpec, Shape, Topology

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}
_SSHD = f"""\
# As on the real switches: keys only for root, passwords for people with sudo.
PermitRootLogin prohibit-password
PasswordAuthentication yes
AllowUsers root operator {NOPASSWD_USER}
UseDNS no
"""
_SYSCTL = """\
net.ipv4.ip_forward = 1
net.ipv4.conf.all.rp_filter = 0
net.ipv4.conf.default.rp_filter = 0
net.ipv4.conf.*.rp_filter = 0
net.ipv4.conf.all.arp_announce = 2
net.ipv4.conf.default.arp_announce = 2
# Without it the SVI answers for the VIP too, with its own MAC.
net.ipv4.conf.all.arp_ignore = 1
net.ipv4.conf.default.arp_ignore = 1
net.ipv4.conf.all.arp_notify = 1
net.ipv4.conf.default.arp_notify = 1
net.ipv6.conf.all.forwarding = 1
"""
_LLDPD = """\
configure lldp tx-interval 1
configure lldp tx-hold 10
configure lldp portidsubtype ifname
configure system interface pattern eth0,swp*
configure system ip management pattern eth0
"""
_KERNEL = {
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    **{
        f"ipv4/conf/{which}/{name}": value
        for which in ("all", "default")
        for name, value in (("arp_announce", "2"), ("arp_ignore", "1"), ("arp_notify", "1"))
    },
    "ipv6/conf/all/forwarding": "1",
}


#: ifupdown2 gives VRFs tables only where there is a directory for their names; since Debian 13
#: iproute2 brings none.
_VRF_TABLES = {"etc/iproute2/rt_tables.d/README": "Each .conf file here names routing tables.\n"}
_EVERYBODY = "00:00:00:00:00:00"


class Leaf(ABC):
    """A leaf that can be booted, used, cut from power, and booted again.

    Args:
        spec: its specification.
        topology: the lab it belongs to.
        tree: the read-only tree.
        directory: the directory of its disk and its state.
    """

    kind = ""
    #: Seconds within which it is up, on a busy machine.
    patience = 30.0
    look_every = 0.05
    #: The exit status of what runs it when it has rebooted itself; this is nspawn's.
    restarts_on = 133

    def __init__(self, spec: LeafSpec, topology: Topology, tree: Path, directory: Path) -> None:
        self.spec = spec
        self.topology = topology
        self.tree = tree
        self.directory = directory
        self.netns = f"vk-{topology.name}.{spec.short_name}"
        self.upper = directory / "upper"
        self.root = directory / "root"
        self.console = directory / "console.log"

    def install(self, authorized_key: str, *, vlan_aware: bool) -> None:
        """Write the disk of a new switch: identity, keys, configuration."""
        for path in (self.upper, self.directory / "work", self.root):
            path.mkdir(parents=True, exist_ok=True)
        files = {
            "etc/hostname": self.spec.short_name + "\n",
            "etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {self.spec.name} "
            f"{self.spec.short_name}\n",
            "etc/machine-id": uuid.uuid4().hex + "\n",
            "etc/ssh/sshd_config.d/leaf.conf": _SSHD,
            "etc/sysctl.d/99-leaf.conf": _SYSCTL,
            "etc/frr/daemons": DAEMONS,
            "etc/frr/frr.conf": render_leaf(self.spec, self.topology),
            "etc/lldpd.d/leaf.conf": _LLDPD + f"configure system hostname {self.spec.name}\n",
            "root/.ssh/authorized_keys": authorized_key,
            f"home/{NOPASSWD_USER}/.ssh/authorized_keys": authorized_key,
        }
        configuration = render_interfaces(self.spec, self.topology, vlan_aware=vlan_aware)
        files |= {f"etc/network/{path}": text for path, text in configuration.items()}
        if self.topology.shape is Shape.REAL:
            files |= mgmt_ssh.FILES | _VRF_TABLES
        for name, text in files.items():
            write_file(self.upper, self.tree, name, text)
        for name, leads in mgmt_ssh.LINKS.items() if self.topology.shape is Shape.REAL else ():
            _make_directories(self.upper, self.tree, name)
            (self.upper / name).symlink_to(leads)
        for name, (private, public) in host_keys(self.spec.short_name).items():
            write_file(self.upper, self.tree, f"etc/ssh/{name}", private, mode=0o600)
            write_file(self.upper, self.tree, f"etc/ssh/{name}.pub", public)
        # OpenSSH ignores keys that others could have written.
        home = f"home/{NOPASSWD_USER}"
        owner = (self.tree / home).stat()
        for directory in (home, f"{home}/.ssh", f"{home}/.ssh/authorized_keys"):
            os.chown(self.upper / directory, owner.st_uid, owner.st_gid)
        for directory in ("root/.ssh", f"{home}/.ssh"):
            (self.upper / directory).chmod(0o700)

    def known_hosts(self) -> str:
        """Return the lines of a known_hosts file for this leaf."""
        names = f"{self.spec.address.ip},{self.spec.name},{self.spec.short_name}"
        keys = sorted((self.upper / "etc/ssh").glob("ssh_host_*_key.pub"))
        return "".join(f"{names} {' '.join(key.read_text().split()[:2])}\n" for key in keys)

    def start(self) -> None:
        """Power it on; return at once."""
        if self.running:
            raise LabError(f"{self.spec.short_name} is already running.")
        if not os.path.ismount(self.root):
            options = f"lowerdir={self.tree},upperdir={self.upper},workdir={self.directory}/work"
            call(["mount", "-t", "overlay", "overlay", "-o", options, str(self.root)])
        self._launch()

    def wait_ready(self, timeout: float | None = None) -> None:
        """Wait until it is up; by default as long as its kind may take."""
        timeout = self.patience if timeout is None else timeout
        what = f"{self.spec.short_name} did not come up ({self.kind})"

        def ready() -> bool:
            if not self._alive():
                raise LabError(f"{what}: it ended. Its console said: {self.console_tail()}")
            return self.ready

        limit = timeout + self.spec.extra_stanzas * 0.1
        if not wait_until(ready, timeout=limit, every=self.look_every):
            raise LabError(f"{what}. Its console said: {self.console_tail()}")

    @property
    def ready(self) -> bool:
        """Return whether it is fully booted, sshd listens and the VIP is there."""
        pid = self.pid
        return (
            pid is not None and netns.listens(pid, 22) and self.has_vip() and self._boot_is_over()
        )

    def boot(self, timeout: float | None = None) -> None:
        """Power it on with the network of a machine that was off, and wait until it is up."""
        if self.running:
            raise LabError(f"{self.spec.short_name} is already running.")
        self.renew_network()
        self.start()
        self.wait_ready(timeout)

    def power_cut(self) -> None:
        """Cut the power: its processes are gone at once, the disk stays."""
        pid = self.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            # What started the container cleans up when it sees that the container is gone.
            wait_until(lambda: not self._alive(), timeout=2, every=0.02)
        netns.kill_all(self._processes)
        (self.directory / "pid").unlink(missing_ok=True)
        # This kernel would go on forwarding; a switch without power does not.
        self.renew_network()

    def reboot(self, timeout: float = 60) -> None:
        """Shut it down cleanly, and boot it again."""
        self.shutdown(timeout)
        self.boot(max(timeout, self.patience))

    @abstractmethod
    def shutdown(self, timeout: float = 60) -> None:
        """Shut it down cleanly."""

    @abstractmethod
    def _boot_is_over(self) -> bool:
        """Return whether its start has ended."""

    @abstractmethod
    def _launch(self) -> None:
        """Start it on its mounted root in its namespace."""

    @property
    def pid(self) -> int | None:
        """Return the process that is number 1 of the leaf; None while it is off."""
        boss = self._boss()
        return netns.first_below(boss) if boss is not None else None

    @property
    def running(self) -> bool:
        """Return whether it is powered on."""
        return self.pid is not None

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return the machine's command that runs ``argv`` as root on the leaf."""
        pid = self.pid
        if pid is None:
            raise LabError(f"{self.spec.short_name} is not running.", "Boot it first.")
        environment = [f"{key}={value}" for key, value in ENVIRONMENT.items()]
        return [*self._enter(pid), "env", "-i", *environment, *argv]

    def exec(
        self,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout: float = 60,
        check: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the leaf as root without the network, as on its console."""
        return call(self.command(argv), stdin=stdin, timeout=timeout, check=check)

    def put(self, name: Path, text: str, *, mode: int = 0o644) -> None:
        """Write a file of the running leaf in one piece: another may be reading it just now."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_text(text)
        new.chmod(mode)
        new.rename(path)

    def remove(self, names: Sequence[Path]) -> None:
        """Remove files of the running leaf, those that are there."""
        for name in names:
            (self.root / name).unlink(missing_ok=True)

    def has_vip(self) -> bool:
        """Return whether the SVI's first VRR device has the VIP."""
        device = f"{self.topology.svi}-v0"
        said = self._ask("ip", "-j", "addr", "show", "dev", device)
        if said.returncode != 0:
            return False
        links = [link for link in json.loads(said.stdout or "[]") if link]
        vip = self.topology.vip
        return any(
            (item.get("local"), item.get("prefixlen")) == (str(vip.ip), vip.network.prefixlen)
            for link in links
            for item in link.get("addr_info", [])
        )

    def remote_vteps(self) -> set[str]:
        """Return the leafs to which it floods the VM segment, as it learnt from EVPN."""
        vni = self.topology.vni
        device = vxlan_of(self.spec, vni)
        said = self._ask("bridge", "-j", "fdb", "show", "dev", device)
        if said.returncode != 0:
            return set()
        entries = [x for x in json.loads(said.stdout or "[]") if x.get("src_vni", vni) == vni]
        return {x["dst"] for x in entries if x.get("mac") == _EVERYBODY and "dst" in x}

    def console_tail(self) -> str:
        """Return the last lines of its console."""
        try:
            return self.console.read_text(errors="replace")[-800:].strip() or "nothing"
        except OSError:
            return "nothing"

    def _ask(self, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Ask its kernel by ``ip`` or ``bridge``."""
        return call([tool, "-n", self.netns, *arguments], check=False)

    def _enter(self, pid: int) -> list[str]:
        return ["nsenter", "-a", "-t", str(pid)]

    def _alive(self) -> bool:
        return self._boss() is not None

    def _processes(self) -> set[int]:
        group = netns.cgroups(f"{self.topology.name}/{self.spec.short_name}")
        return netns.processes_in([self.netns]) | netns.processes_under(group)

    def _boss(self) -> int | None:
        """Return the machine's process above the leaf's number 1, from its PID file."""
        try:
            pid, ticks = (self.directory / "pid").read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if started(int(pid)) == ticks else None

    def _again(self) -> list[str]:
        """Return what runs between the two halves of a reboot."""
        again = [sys.executable, "-m", "lab.rebooted", self.topology.name]
        return [*again, str(self.directory.parents[1]), self.spec.short_name]

    def _spawn(self, argv: Sequence[str]) -> None:
        """Start the process above number 1, detached, in its own session and cgroups."""
        groups = netns.cgroups(f"{self.topology.name}/{self.spec.short_name}")
        for group in groups:
            group.mkdir(parents=True, exist_ok=True)
        pidfile = self.directory / "pid"
        ticks = 'read -r stat < /proc/$$/stat; nth() { shift 21; echo "$$ $1"; }'
        script = [f"echo $$ > {group}/cgroup.procs" for group in groups]
        script += [ticks, f"nth $stat > {pidfile}.new", f"mv {pidfile}.new {pidfile}"]
        # With that status it says that the leaf rebooted itself and has to be started again.
        script += ['while :; do status=0; "$@" || status=$?']
        script += [f"test $status = {self.restarts_on} || exit $status"]
        script += [f"{shlex.join(self._again())}; done"]
        log = self.console.open("ab")
        environment = {
            "PATH": ENVIRONMENT["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
        }
        with log:
            subprocess.run(
                ["setsid", "--fork", "sh", "-ec", "; ".join(script), "leaf", *argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                check=True,
            )
        wait_until(pidfile.exists, timeout=5, every=0.01, what=f"{self.spec.name} did not start")

    def renew_network(self) -> None:
        """Give it the empty network of a machine that was off; only its ports stay plugged in."""
        shelter = f"{self.netns}~ports"
        netns.delete_namespace(shelter)
        call(["ip", "netns", "add", shelter])
        ports = ["eth0", *(port.name for port in self.spec.ports)]
        ip_batch(
            (f"link set dev {port} down alias '' mtu 1500 netns {shelter}" for port in ports),
            netns=self.netns,
        )
        netns.delete_namespace(self.netns)
        call(["ip", "netns", "add", self.netns])
        ip_batch((f"link set dev {port} netns {self.netns}" for port in ports), netns=shelter)
        netns.delete_namespace(shelter)
        self.set_kernel()

    def set_kernel(self) -> None:
        """Set the sysctls that a switch's kernel has from the start."""
        netns.set_sysctls(self.netns, _KERNEL)


def write_file(upper: Path, tree: Path, name: str, text: str, mode: int = 0o644) -> None:
    """Write a file of the disk, and its directories."""
    _make_directories(upper, tree, name)
    path = upper / name
    path.write_text(text)
    path.chmod(mode)


def _make_directories(upper: Path, tree: Path, name: str) -> None:
    """Make the directories of a file; they get the owner and mode that they have in the tree."""
    for relative in reversed(Path(name).parents):
        directory = upper / relative
        if not directory.exists():
            directory.mkdir()
            with suppress(FileNotFoundError):
                like = (tree / relative).stat()
                directory.chmod(stat.S_IMODE(like.st_mode))
                os.chown(directory, like.st_uid, like.st_gid)
