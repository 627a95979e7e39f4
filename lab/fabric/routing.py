"""FRR in the lab: BGP between leafs and spine, and EVPN over it.

Each leaf is an AS of its own, as in Cumulus networks. The spine passes routes on and keeps EVPN's
next hops. So the leafs learn each other's VTEPs, MACs and neighbours. Where leafs route
symmetrically each tenant's VRF has its L3VNI and a BGP instance of its own.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab.fabric.real_interfaces import tenants
from lab.machine.guest import patience
from lab.machine.netns import first_below
from lab.machine.shell import NETNS_DIR
from lab.topology.default import LabError, LeafSpec, Topology

SPINE_AS = 65000
_FIRST_LEAF_AS = 65010
#: Quick to come up and slow to give up: a busy machine must not look like a broken session.
_TIMERS = "timers 3 {hold:g}\n neighbor {peer} timers connect {connect:g}"
_HOLD, _CONNECT = 20, 1
#: The file that FRR's start script reads: bgpd beside zebra, without a telnet port.
DAEMONS = """\
frr_profile="datacenter"
bgpd=yes
vtysh_enable=yes
zebra_options="  -A 127.0.0.1 -s 90000000"
bgpd_options="   -A 127.0.0.1"
staticd_options="-A 127.0.0.1"
"""
_VERSION = """\
frr version 8.4.4
frr defaults datacenter
hostname {hostname}
log syslog informational
service integrated-vtysh-config
!
"""
_ROUTER = """\
router bgp {number}
 bgp router-id {router_id}
 no bgp default ipv4-unicast
"""
_VRF = """\
vrf {vrf}
 vni {vni}
exit-vrf
!
"""
_VRF_ROUTER = """\
exit
!
router bgp {number} vrf {vrf}
 bgp router-id {router_id}
 !
 address-family ipv4 unicast
  redistribute connected
 exit-address-family
 !
 address-family l2vpn evpn
  advertise ipv4 unicast
 exit-address-family
"""
_TAIL = """\
exit
!
end
"""


def _timers(peer: object) -> str:
    slow = patience()
    # A session that is tried anew before its first try has ended never comes up.
    return _TIMERS.format(peer=peer, hold=_HOLD * slow, connect=_CONNECT * max(1, slow // 2))


def leaf_as(leaf: LeafSpec, topology: Topology) -> int:
    """Return a leaf's AS number."""
    return _FIRST_LEAF_AS + topology.leafs.index(leaf) + 1


def render_leaf(leaf: LeafSpec, topology: Topology) -> str:
    """Return a leaf's ``/etc/frr/frr.conf``."""
    peer = str(leaf.underlay_peer)
    number = leaf_as(leaf, topology)
    symmetric = [tenant for tenant in tenants(topology) if tenant.l3vni]
    return (
        _VERSION.format(hostname=leaf.short_name)
        + "".join(_VRF.format(vrf=tenant.vrf, vni=tenant.l3vni) for tenant in symmetric)
        + _ROUTER.format(number=number, router_id=leaf.loopback)
        + _neighbour(peer, SPINE_AS, "spine")
        + f" !\n address-family ipv4 unicast\n  network {leaf.loopback}/32\n"
        + f"  neighbor {peer} activate\n exit-address-family\n"
        + f" !\n address-family l2vpn evpn\n  neighbor {peer} activate\n"
        + "  advertise-all-vni\n exit-address-family\n"
        + "".join(
            _VRF_ROUTER.format(number=number, vrf=tenant.vrf, router_id=leaf.loopback)
            for tenant in symmetric
        )
        + _TAIL
    )


def render_spine(topology: Topology) -> str:
    """Return the spine's ``/etc/frr/frr.conf``."""
    leafs = [(str(x.underlay.ip), leaf_as(x, topology), x.short_name) for x in topology.leafs]
    activate = "".join(f"  neighbor {peer} activate\n" for peer, _, _ in leafs)
    return (
        _VERSION.format(hostname="spine")
        + _ROUTER.format(number=SPINE_AS, router_id="10.0.0.1")
        # It announces a route even if it cannot deliver the packets: see fault d5.
        + " no bgp network import-check\n"
        + "".join(_neighbour(*leaf) for leaf in leafs)
        + f" !\n address-family ipv4 unicast\n{activate} exit-address-family\n"
        + f" !\n address-family l2vpn evpn\n{activate} exit-address-family\n"
        + _TAIL
    )


def _neighbour(peer: str, number: int, name: str) -> str:
    return (
        f" neighbor {peer} remote-as {number}\n neighbor {peer} description {name}\n"
        f" neighbor {peer} {_timers(peer)}\n"
        f" neighbor {peer} advertisement-interval 0\n"
    )


# In a mount namespace of its own: the tree, read-only, with places for FRR's files and sockets.
_SPINE = """\
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
mount -t tmpfs tmpfs "$1/run"
mount -t tmpfs tmpfs "$1/tmp"
mount -t tmpfs tmpfs "$1/var/log"
mount --bind "$2" "$1/etc/frr"
hostname spine
exec chroot "$1" sh -c '
install -d -o frr -g frr /run/frr
/usr/lib/frr/zebra -d -A 127.0.0.1 -s 90000000
/usr/lib/frr/bgpd -d -A 127.0.0.1
vtysh -b
while :; do sleep 3600 & wait $!; done'
"""


def start_spine(topology: Topology, netns: str, tree: Path, directory: Path) -> None:
    """Run the tree's FRR in the spine's namespace.

    Args:
        topology: the lab.
        netns: the spine's network namespace.
        tree: the read-only tree.
        directory: the directory of its configuration and log.
    """
    files = directory / "frr"
    files.mkdir(parents=True)
    (files / "frr.conf").write_text(render_spine(topology))
    (files / "vtysh.conf").write_text("service integrated-vtysh-config\n")
    argv = [
        *("setsid", "--fork", "sh", "-c", 'echo $$ > "$0"; exec "$@"', str(directory / "pid")),
        *("nsenter", f"--net={NETNS_DIR / netns}", "--"),
        *("unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child=KILL"),
        *("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"),
        *("sh", "-c", _SPINE, "spine", str(tree), str(files)),
    ]
    with (directory / "spine.log").open("wb") as log:
        subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)


def spine_command(directory: Path, argv: Sequence[str]) -> list[str]:
    """Return the machine's command that runs ``argv`` where the spine's FRR runs.

    Args:
        directory: the directory given to ``start_spine``.
        argv: the command.
    """
    try:
        pid = first_below(int((directory / "pid").read_text()))
    except (OSError, ValueError):
        pid = None
    if pid is None:
        raise LabError("The spine's FRR is not running.", "vip lab down; vip lab up")
    return ["nsenter", "-a", "--root", "--wd=/", "-t", str(pid), *argv]
