"""The cables and machines around the leafs: namespaces, veth pairs, hypervisors, VMs, the seat.

Every link is made directly between two namespaces of the lab. No namespace has a link to the
machine's own network, so no packet can leave.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lab.machine import netns
from lab.machine.shell import NETNS_DIR, call, ip_batch
from lab.topology.default import HypervisorSpec, LeafSpec, Topology, VmSpec

_QUIET = {
    "ipv4/ip_forward": "0",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
    # Every user in the seat may ping, as on an operator's machine.
    "ipv4/ping_group_range": "0 2147483647",
}
_ROUTER = _QUIET | {"ipv4/ip_forward": "1"}
_BIG = "9000"
#: A hypervisor's own end of a bond.
_BOND = "bond0"


@dataclass(frozen=True)
class Link:
    """A cable with two ends, each a namespace, an interface and a MAC (or the kernel's choice)."""

    netns: str
    interface: str
    peer_netns: str
    peer_interface: str
    mac: str = ""
    peer_mac: str = ""

    def command(self) -> str:
        """Return the ``ip`` command that makes it."""
        mac = f" address {self.mac}" if self.mac else ""
        peer_mac = f" address {self.peer_mac}" if self.peer_mac else ""
        return (
            f"link add {self.interface} netns {self.netns}{mac} type veth "
            f"peer name {self.peer_interface} netns {self.peer_netns}{peer_mac}"
        )


class Fabric:
    """The lab's namespaces and their configuration, from its topology."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.prefix = f"vk-{topology.name}."

    def ns(self, role: str) -> str:
        """Return the namespace's name of ``seat``, ``web``, ``core``, a leaf, a hypervisor ..."""
        return self.prefix + role

    def vm_ns(self, vm: VmSpec) -> str:
        """Return a VM's namespace; two VMs of one name also have their hypervisor's name in it."""
        twins = [other for other in self.topology.vms if other.name == vm.name]
        if len(twins) == 1 or vm.hypervisor is None:
            return self.ns(vm.name)
        return self.ns(f"{vm.name}-{self.topology.hypervisor(vm.hypervisor).short_name}")

    def roles(self) -> list[str]:
        """Return every namespace of the lab."""
        topology = self.topology
        return [
            *(self.ns(role) for role in ("mgmt", "core", "spine", "web", "seat")),
            *(self.ns(leaf.short_name) for leaf in topology.leafs),
            *(self.ns(hv.short_name) for hv in topology.hypervisors),
            *(self.vm_ns(vm) for vm in topology.vms if vm.hypervisor),
            *(self.ns(host.name) for host in topology.bystanders),
        ]

    def build(self) -> None:
        """Make every namespace, cable, address and route, except those inside the leafs."""
        routers = {self.ns("core"), self.ns("spine")}
        leafs = {self.ns(leaf.short_name) for leaf in self.topology.leafs}
        for role in self.roles():
            call(["ip", "netns", "add", role])
            if role not in leafs:
                netns.set_sysctls(role, _ROUTER if role in routers else _QUIET)
        ip_batch((link.command() for link in self.links()), netns=self.ns("mgmt"))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda item: ip_batch(item[1], netns=item[0]), self.setup().items()))

    def links(self) -> list[Link]:
        """Return every cable."""
        topology = self.topology
        mgmt = self.ns("mgmt")
        links = [
            Link(self.ns("seat"), "mgmt0", mgmt, "seat"),
            Link(self.ns("web"), "eth0", mgmt, "web"),
            Link(self.ns("seat"), "outside0", self.ns("core"), "outside"),
        ]
        for number, leaf in enumerate(topology.leafs, 1):
            switch = self.ns(leaf.short_name)
            core, spine = leaf.port("swp10"), leaf.port("swp51")
            if leaf.overlap_outside:
                second = leaf.port("swp11").mac
                links.append(Link(switch, "swp11", self.ns("core"), f"second{number}", second))
            links += [
                Link(switch, "eth0", mgmt, f"leaf{number}", leaf.mac),
                Link(switch, "swp10", self.ns("core"), f"leaf{number}", core.mac),
                Link(switch, "swp51", self.ns("spine"), f"leaf{number}", spine.mac),
            ]
        for hv in topology.hypervisors:
            leaf = topology.leaf(hv.leaf)
            host, switch = self.ns(hv.short_name), self.ns(leaf.short_name)
            for interface, name in hv.cables.items():
                mac = hv.mac if interface == hv.interface else ""
                links.append(Link(host, interface, switch, name, mac, leaf.port(name).mac))
        for vm in topology.vms:
            if vm.running and vm.hypervisor:
                host = self.ns(topology.hypervisor(vm.hypervisor).short_name)
                links.append(Link(self.vm_ns(vm), "eth0", host, tap(vm), vm.mac))
        for guest in topology.bystanders:
            leaf = topology.leaf(guest.leaf)
            port = leaf.port(guest.port)
            switch = self.ns(leaf.short_name)
            links.append(Link(self.ns(guest.name), "eth0", switch, port.name, guest.mac, port.mac))
        return links

    def setup(self) -> dict[str, list[str]]:
        """Return the ``ip`` commands of every namespace except the leafs'."""
        topology = self.topology
        done = {
            self.ns("mgmt"): self._management(),
            self.ns("core"): self._core(),
            self.ns("spine"): self._spine(),
            self.ns("seat"): [
                "link set lo up",
                f"addr add {topology.seat.management} dev mgmt0",
                f"addr add {topology.seat.outside} dev outside0",
                "link set mgmt0 up",
                "link set outside0 up",
                f"route add {topology.vip.network} via {topology.core_outside.ip}",
                f"route add {topology.other_vip.network} via {topology.core_outside.ip}",
            ],
            self.ns("web"): [
                "link set lo up",
                *(
                    f"addr add {address}/{topology.management_network.prefixlen} dev eth0"
                    for address in sorted({service.address for service in topology.services})
                ),
                "link set eth0 up",
            ],
        }
        for hv in topology.hypervisors:
            done[self.ns(hv.short_name)] = self._hypervisor(hv)
        for vm in topology.vms:
            if vm.hypervisor:
                done[self.vm_ns(vm)] = _host(str(vm.address), str(topology.vip.ip), vm.running)
        for host in topology.bystanders:
            gateway = str(topology.other_vip.ip)
            done[self.ns(host.name)] = _host(str(host.address), gateway, running=True)
        return done

    def _management(self) -> list[str]:
        ports = ["seat", "web", *(f"leaf{i}" for i, _ in enumerate(self.topology.leafs, 1))]
        return _bridge("br0", ports)

    def _core(self) -> list[str]:
        topology = self.topology
        lines = [
            "link set lo up",
            f"addr add {topology.core_outside} dev outside",
            "link set outside up",
        ]
        for number, leaf in enumerate(topology.leafs, 1):
            lines += [
                f"addr add {leaf.outside_peer}/{leaf.outside.network.prefixlen} dev leaf{number}",
                f"link set leaf{number} up",
                f"route add {leaf.svi_address.ip}/32 via {leaf.outside.ip}",
                *self._second_core(leaf, f"second{number}"),
                # The host routes that each leaf advertises for its own VMs.
                *(
                    f"route add {vm.address.ip}/32 via {leaf.outside.ip}"
                    for vm in topology.vms_behind(leaf)
                    if vm.address
                ),
                *(
                    f"route add {host.address.ip}/32 via {leaf.outside.ip}"
                    for host in topology.bystanders
                    if host.leaf == leaf.name
                ),
            ]
        return [*lines, "route add unreachable default metric 4096"]

    def _second_core(self, leaf: LeafSpec, device: str) -> list[str]:
        """Return the commands for the second tenant's way out.

        The outside cannot reach its VMs whose address the first tenant has, too.
        """
        topology, own = self.topology, leaf.overlap_outside
        if own is None:
            return []
        taken = {vm.address for vm in topology.vms if not vm.overlap}
        hosts = {hv.name for hv in topology.hypervisors if hv.leaf == leaf.name}
        return [
            f"addr add {own.ip + 1}/{own.network.prefixlen} dev {device}",
            f"link set {device} up",
            *(
                f"route add {vm.address.ip}/32 via {own.ip}"
                for vm in topology.vms
                if vm.overlap and vm.address and vm.address not in taken and vm.hypervisor in hosts
            ),
        ]

    def _spine(self) -> list[str]:
        lines = ["link set lo up"]
        for number, leaf in enumerate(self.topology.leafs, 1):
            lines += [
                f"addr add {leaf.underlay_peer}/{leaf.underlay.network.prefixlen} dev leaf{number}",
                f"link set leaf{number} mtu 9216 up",
                f"route add {leaf.loopback}/32 via {leaf.underlay.ip}",
            ]
        return lines

    def _hypervisor(self, hv: HypervisorSpec) -> list[str]:
        vms = [vm for vm in self.topology.vms if vm.running and vm.hypervisor == hv.name]
        taps = [tap(vm) for vm in vms if not vm.overlap]
        if hv.bond:
            return [*_bond(hv), *self._bonded(hv, vms)]
        return [
            "link set lo up",
            f"link set {hv.interface} mtu {_BIG}",
            *_bridge("br-ex", [hv.interface, *taps]),
        ]

    def _bonded(self, hv: HypervisorSpec, vms: list[VmSpec]) -> list[str]:
        """Return the commands for the bridges on a bond: one, or one for each tagged VLAN."""
        if not hv.tagged:
            return _bridge("br-ex", [_BOND, *map(tap, vms)])
        lines = []
        for vlan, overlap in ((self.topology.vlan, False), (self._overlap_vlan(), True)):
            taps = [tap(vm) for vm in vms if vm.overlap is overlap]
            if vlan:
                lines.append(f"link add link {_BOND} name {_BOND}.{vlan} type vlan id {vlan}")
                lines += _bridge(f"br-{vlan}", [f"{_BOND}.{vlan}", *taps])
        return lines

    def _overlap_vlan(self) -> int:
        return self.topology.overlap.vlan if self.topology.overlap else 0

    def start_lldpd(self, tree: Path, directory: Path) -> None:
        """Run the tree's lldpd on every hypervisor, under the hypervisor's own name."""
        directory.mkdir(parents=True, exist_ok=True)
        for hv in self.topology.hypervisors:
            environment = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
            argv = [
                *("nsenter", f"--net={NETNS_DIR / self.ns(hv.short_name)}", "--"),
                *("unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child=KILL"),
                *(
                    *environment,
                    "sh",
                    "-c",
                    _LLDPD,
                    "lldpd",
                    str(tree),
                    hv.name,
                    ",".join(hv.cables),
                ),
            ]
            with (directory / f"{hv.short_name}.log").open("wb") as log:
                subprocess.run(
                    ["setsid", "--fork", *argv],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    check=True,
                )


# In a mount namespace of its own: the tree, read-only, with a directory for lldpd's socket.
_LLDPD = """\
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
mount -t tmpfs tmpfs "$1/run"
mount -t tmpfs tmpfs "$1/etc/lldpd.d"
mkdir -p "$1/run/lldpd"
cat > "$1/etc/lldpd.d/host.conf" <<END
configure lldp tx-interval 1
configure lldp tx-hold 10
configure lldp portidsubtype ifname
configure system interface pattern $3
configure system hostname $2
END
hostname "$2"
exec chroot "$1" lldpd -d
"""


def tap(vm: VmSpec) -> str:
    """Return the name of a VM's interface on its hypervisor, in OpenStack's form."""
    return f"tap{vm.uuid[:11]}"


def _bridge(name: str, ports: Sequence[str]) -> list[str]:
    return [
        f"link add {name} type bridge stp_state 0 forward_delay 0",
        *(f"link set {port} master {name} up" for port in ports),
        f"link set {name} up",
    ]


def _bond(hv: HypervisorSpec) -> list[str]:
    return [
        "link set lo up",
        f"link add {_BOND} type bond mode 802.3ad miimon 100 lacp_rate fast",
        *(f"link set {interface} down" for interface in hv.cables),
        *(f"link set {interface} mtu {_BIG} master {_BOND}" for interface in hv.cables),
        f"link set {_BOND} mtu {_BIG} up",
    ]


def _host(address: str, gateway: str, running: bool) -> list[str]:
    if not running:
        return ["link set lo up"]
    return [
        "link set lo up",
        f"addr add {address} dev eth0",
        "link set eth0 up",
        f"route add default via {gateway}",
    ]
