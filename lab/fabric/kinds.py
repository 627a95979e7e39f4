"""The kinds of leaf: a booted systemd container, and plain namespaces without systemd.

A whole machine is in ``lab.fabric.whole``.
"""

from __future__ import annotations

from lab.fabric.leaf import ENVIRONMENT, Leaf
from lab.fabric.whole import WholeLeaf
from lab.machine.shell import NETNS_DIR, wait_until

# nspawn shows a container the machine's own interfaces in /sys and keeps /proc/sys closed when the
# network namespace is given by its path. A switch needs both, for its own network only.
_BOOT = """\
proc=/run/leaf-proc sys=/run/leaf-sys cgroup=/run/leaf-cgroup
mkdir -p $proc $sys $cgroup
mount --make-rprivate /
mount -t proc proc $proc
mount --bind $proc/sys/net /proc/sys/net
umount -l $proc
mount --move /sys/fs/cgroup $cgroup
mount -t sysfs -o nosuid,nodev,noexec sysfs $sys
mount --bind $sys/devices/virtual/net $sys/devices/virtual/net
mount -o remount,bind,ro,nosuid,nodev,noexec $sys
mount --move $cgroup $sys/fs/cgroup
umount -l /sys
mount --move $sys /sys
rmdir $proc $sys $cgroup
mount --make-rshared /
exec /lib/systemd/systemd
"""


class ContainerLeaf(Leaf):
    """A booted systemd container: timers, services, clean reboots."""

    kind = "container"

    @staticmethod
    def machine_name(lab: str, leaf: str) -> str:
        """Return nspawn's name of it, which is unique among the machine's containers."""
        return f"{lab}.{leaf}"

    def _launch(self) -> None:
        self._spawn(
            [
                "systemd-nspawn",
                "--quiet",
                "--keep-unit",
                "--register=no",
                f"--machine={self.machine_name(self.topology.name, self.spec.short_name)}",
                f"--hostname={self.spec.short_name}",
                f"--directory={self.root}",
                f"--network-namespace-path={NETNS_DIR / self.netns}",
                # A network of its own is not enough to be allowed to configure it.
                "--capability=CAP_NET_ADMIN",
                "--kill-signal=SIGRTMIN+3",
                "--console=passive",
                "--link-journal=no",
                "--resolv-conf=off",
                "--timezone=off",
                "sh",
                "-ec",
                _BOOT,
            ]
        )

    def _boot_is_over(self) -> bool:
        said = self.exec(["systemctl", "is-system-running"]).stdout.strip()
        return said in ("running", "degraded")

    def shutdown(self, timeout: float = 60) -> None:
        """Shut down through systemd; cut the power when that does not end in time."""
        self.exec(["systemctl", "poweroff", "--no-block"], check=True)
        wait_until(lambda: not self._alive(), timeout=timeout)
        self.power_cut()


_INIT = """\
set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p /dev/pts /run/sshd /run/network /run/lldpd /run/lock
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts /dev/pts
rm -f /dev/ptmx; ln -s pts/ptmx /dev/ptmx
hostname "$1"
set +e
ifreload -a
# As Cumulus starts it: with a VRF for management, sshd listens there alone.
mgmt=; [ ! -e /sys/class/net/mgmt ] || mgmt="ip vrf exec mgmt"
$mgmt /usr/sbin/sshd -D &
lldpd -d &
install -d -o frr -g frr /run/frr
[ ! -x /usr/lib/frr/mgmtd ] || /usr/lib/frr/mgmtd -d  # of newer releases
/usr/lib/frr/zebra -d -A 127.0.0.1 -s 90000000
/usr/lib/frr/bgpd -d -A 127.0.0.1
vtysh -b
: > /run/boot-is-over
while :; do sleep 3600 & wait $!; done
"""


class NamespaceLeaf(Leaf):
    """The same tree in plain namespaces without systemd; its daemons are started by a script."""

    kind = "namespace"

    def _launch(self) -> None:
        inside = ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child=KILL"]
        run = ["chroot", str(self.root), "sh", "-c", _INIT, "init", self.spec.short_name]
        environment = [f"{key}={value}" for key, value in ENVIRONMENT.items()]
        enter = ["nsenter", f"--net={NETNS_DIR / self.netns}", "--"]
        self._spawn([*enter, *inside, "env", "-i", *environment, *run])

    def _enter(self, pid: int) -> list[str]:
        return ["nsenter", "-a", "--root", "--wd=/", "-t", str(pid)]

    def _boot_is_over(self) -> bool:
        return self.exec(["test", "-e", "/run/boot-is-over"]).returncode == 0

    def shutdown(self, timeout: float = 60) -> None:
        """Sync the disk and end; there is no init to do it."""
        self.exec(["sync"], timeout=timeout)
        self.power_cut()


KINDS: dict[str, type[Leaf]] = {
    leaf.kind: leaf for leaf in (ContainerLeaf, NamespaceLeaf, WholeLeaf)
}
