"""The files in ``/etc/network`` of a leaf, in the form in which people write them."""

from __future__ import annotations

from lab.fabric.real_interfaces import render_head, render_other_svis, render_svi
from lab.topology.default import LeafSpec, Shape, Topology

_MAIN = "interfaces"
#: An unused address in the underlay's network: the spine drops what is sent there. It must not be
#: the leaf's own VTEP, which would receive its own floods and learn its own VMs behind itself.
_NO_VTEP = "10.0.0.254"
_HEAD = """\
# This file describes the network interfaces available on your system
# and how to activate them. For more information, see interfaces(5), ifup(8)
#
# Please see /usr/share/doc/python-ifupdown2/examples/ for examples
#

source /etc/network/interfaces.d/*
"""


def render_interfaces(leaf: LeafSpec, topology: Topology, *, vlan_aware: bool) -> dict[str, str]:
    """Return the files of a leaf's configuration, by their path below ``/etc/network``.

    Args:
        leaf: the leaf.
        topology: the lab it belongs to.
        vlan_aware: whether to use a VLAN-aware bridge with VLAN devices on it, as real leafs have;
            otherwise there is one plain bridge for each VLAN, with the VLAN device's name. The
            real shape always has one.
    """
    if topology.shape is Shape.REAL:
        head, svi = render_head(leaf, topology), render_svi(leaf, topology)
        return _files(leaf, topology, [_HEAD, head], svi, render_other_svis(leaf, topology))
    ports = "\n".join(_ports(leaf, topology, vlan_aware=vlan_aware))
    parts = [_HEAD, _uplinks(leaf), ports, _vni(leaf, topology, vlan_aware=vlan_aware)]
    if vlan_aware:
        parts.append(_bridge(leaf, topology))
    svi = _svi(leaf, topology, vlan_aware=vlan_aware)
    other = _other_svi(leaf, topology, vlan_aware=vlan_aware)
    return _files(leaf, topology, parts, svi, other)


def _files(
    leaf: LeafSpec, topology: Topology, parts: list[str], svi: str, other_svis: str
) -> dict[str, str]:
    """Return the files: the VM segment's SVI stands in the leaf's file for it."""
    parts = [*parts]
    files: dict[str, str] = {}
    if leaf.svi_file == _MAIN:
        parts.append(svi)
    else:
        files[leaf.svi_file] = f"# {topology.svi}: kept apart, the cloud team edits it\n\n{svi}"
    parts.append(other_svis)
    parts += [_extra(index) for index in range(leaf.extra_stanzas)]
    return {_MAIN: "\n".join(parts), **files}


def _uplinks(leaf: LeafSpec) -> str:
    return f"""\
# The loopback network interface
auto lo
iface lo inet loopback
	# VTEP address
	address {leaf.loopback}/32

# The primary network interface (management, do not touch without the console at hand)
auto eth0
iface eth0
	address {leaf.address}

# --- uplinks
auto swp10
iface swp10
	alias core router
	address {leaf.outside}
	gateway {leaf.outside_peer}

auto swp51
iface swp51
	alias spine (underlay)
	mtu 9216
	address {leaf.underlay}
	up ip route replace 10.0.0.0/24 via {leaf.underlay_peer}
"""


def _ports(leaf: LeafSpec, topology: Topology, *, vlan_aware: bool) -> list[str]:
    plugged = {hv.port for hv in topology.hypervisors if hv.leaf == leaf.name}
    stanzas = ["# --- hypervisors"]
    for port in leaf.ports:
        if port.name in ("swp10", "swp51"):
            continue
        lines = [f"auto {port.name}", f"iface {port.name}", f"\talias {port.alias}"]
        if port.name in plugged:
            lines.append("\tmtu 9000")
        if vlan_aware:
            vlan = topology.vlan if port.name in plugged else topology.other_vlan
            lines.append(f"\tbridge-access {vlan}")
        stanzas.append("\n".join(lines) + "\n")
    return stanzas


def _vni(leaf: LeafSpec, topology: Topology, *, vlan_aware: bool) -> str:
    lines = [
        f"# --- {topology.svi} stretched over the fabric",
        f"auto vni{topology.vni}",
        f"iface vni{topology.vni}",
        f"\tvxlan-id {topology.vni}",
        f"\tvxlan-local-tunnelip {leaf.loopback}",
    ]
    lines.append("\t# no list of leafs here: EVPN tells who else there is")
    lines.append("\tvxlan-learning yes")
    lines.append("\tmtu 9000")
    if vlan_aware:
        lines.append(f"\tbridge-access {topology.vlan}")
        lines += ["\tbridge-learning off", "\tbridge-arp-nd-suppress on"]
    # A learning vxlan drops packets from other leafs with the MAC of a static entry. Without that,
    # the other leafs' ARP answers for the VIP would hide that this leaf's own is missing (fault b1:
    # tried with FRR's EVPN, with ARP suppression). The bridge port does not learn.
    lines.append("\t# the anycast gateway is always the local one")
    nowhere = f"dev vni{topology.vni} dst {_NO_VTEP} self permanent"
    macs = (topology.virtual_mac, topology.second_virtual_mac)
    lines += [f"\tpost-up bridge fdb replace {mac} {nowhere}" for mac in macs]
    return "\n".join(lines) + "\n"


def _members(leaf: LeafSpec, topology: Topology) -> list[str]:
    ports = [hv.port for hv in topology.hypervisors if hv.leaf == leaf.name]
    return [*sorted(ports), f"vni{topology.vni}"]


def _other_members(leaf: LeafSpec, topology: Topology) -> list[str]:
    return [host.port for host in topology.bystanders if host.leaf == leaf.name]


def _bridge(leaf: LeafSpec, topology: Topology) -> str:
    members = " ".join([*_members(leaf, topology), *_other_members(leaf, topology)])
    return f"""\
auto bridge
iface bridge
	bridge-vlan-aware yes
	bridge-ports {members}
	bridge-vids {topology.vlan} {topology.other_vlan}
	bridge-stp off
	mtu 9000
"""


def _layer2(name: str, vlan: int, members: list[str], *, vlan_aware: bool) -> str:
    if vlan_aware:
        return f"auto {name}\niface {name}\n\tvlan-id {vlan}\n\tvlan-raw-device bridge\n"
    return (
        f"auto {name}\niface {name}\n"
        f"\tbridge-ports {' '.join(members)}\n\tbridge-stp off\n\tbridge-fd 0\n"
    )


def _svi(leaf: LeafSpec, topology: Topology, *, vlan_aware: bool) -> str:
    layer2 = _layer2(topology.svi, topology.vlan, _members(leaf, topology), vlan_aware=vlan_aware)
    if not vlan_aware:
        vni = f"vni{topology.vni}"
        layer2 += f"\tbridge-learning {vni}=off\n\tbridge-arp-nd-suppress {vni}=on\n"
    return f"""\
# OpenStack provider network, gateway is anycast on every leaf
{layer2}\
	mtu 9000
	address {leaf.svi_address}
	address-virtual {topology.virtual_mac} {topology.vip}
	address-virtual {topology.second_virtual_mac} {topology.second_vip}
"""


def _other_svi(leaf: LeafSpec, topology: Topology, *, vlan_aware: bool) -> str:
    layer2 = _layer2(
        topology.other_svi,
        topology.other_vlan,
        _other_members(leaf, topology),
        vlan_aware=vlan_aware,
    )
    return f"""\
# storage, local to the rack
{layer2}\
	address {leaf.other_svi_address}
	address-virtual {topology.other_virtual_mac} {topology.other_vip}
"""


def _extra(index: int) -> str:
    name = f"br-t{index + 1:03d}"
    address = f"10.{100 + index // 250}.{index % 250}.1/24"
    return (
        f"auto {name}\niface {name}\n\tbridge-ports none\n\tbridge-stp off\n\taddress {address}\n"
    )
