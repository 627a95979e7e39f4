"""The file ``/etc/network/interfaces`` of a leaf of the real shape, as sites write it.

One vlan-aware bridge, SVIs as VLAN devices on it, LACP bonds to the hypervisors, tenant VRFs, and
``eth0`` in the VRF ``mgmt``.
"""

from __future__ import annotations

from ipaddress import IPv4Interface

from lab.topology.default import LeafSpec, Topology
from lab.topology.shapes import TenantSpec

SINGLE_VXLAN = "vxlan48"
#: The metric of the default route that Cumulus has in the table of every VRF: what misses in a VRF
#: is dropped there. Debian's ifupdown2 adds none, and the lookup would go on in the main table.
_LAST = 4278198272
_MTU = "\tmtu 9000"


def segments(topology: Topology) -> dict[int, int]:
    """Return the VNI of each VLAN that is stretched over the fabric."""
    found = {topology.vlan: topology.vni, topology.other_vlan: topology.other_vni}
    if topology.overlap:
        found[topology.overlap.vlan] = topology.overlap.vni
    return found


def tenants(topology: Topology) -> list[TenantSpec]:
    """Return the tenants that have a VRF."""
    second = topology.overlap.tenant if topology.overlap else None
    return [tenant for tenant in (topology.tenant, second) if tenant is not None]


def vxlan_of(leaf: LeafSpec, vni: int) -> str:
    """Return the leaf's VXLAN device that carries a VNI."""
    return SINGLE_VXLAN if leaf.single_vxlan else f"vni{vni}"


def l2_vrf(topology: Topology) -> str:
    """Return the VRF of the first tenant's SVIs; empty for the default VRF."""
    return topology.tenant.vrf if topology.tenant else ""


def render_head(leaf: LeafSpec, topology: Topology) -> str:
    """Return the stanzas of VRFs, uplinks, bonds, tunnels and the bridge."""
    parts = [
        *(_vrf(name) for name in ("mgmt", *(tenant.vrf for tenant in tenants(topology)))),
        _uplinks(leaf, topology),
        *_bonds(leaf, topology),
        *_tunnels(leaf, topology),
        _bridge(leaf, topology),
        *_l3_svis(topology),
    ]
    return "\n".join(parts)


def render_svi(leaf: LeafSpec, topology: Topology) -> str:
    """Return the stanza of the VM segment's SVI."""
    vips = (
        f"{topology.virtual_mac} {topology.vip}",
        f"{topology.second_virtual_mac} {topology.second_vip}",
    )
    svi = _svi(topology.svi, topology.vlan, l2_vrf(topology), leaf.svi_address, vips)
    return f"# OpenStack provider network, gateway is anycast on every leaf\n{svi}"


def render_other_svis(leaf: LeafSpec, topology: Topology) -> str:
    """Return the stanzas of the bystanders' SVI and of the second tenant's."""
    vips = (f"{topology.other_virtual_mac} {topology.other_vip}",)
    own = leaf.other_svi_address
    svi = _svi(topology.other_svi, topology.other_vlan, l2_vrf(topology), own, vips)
    text = f"# storage\n{svi}"
    if topology.overlap is None:
        return text
    second = topology.overlap
    vips = (f"{second.virtual_mac} {topology.vip}",)
    svi = _svi(second.svi, second.vlan, second.tenant.vrf, leaf.svi_address, vips)
    return f"{text}\n# the addresses of {topology.svi} once more, in {second.tenant.vrf}\n{svi}"


def _vrf(name: str) -> str:
    addresses = "\taddress 127.0.0.1/8\n\taddress ::1/128\n" if name == "mgmt" else ""
    return f"""\
auto {name}
iface {name}
{addresses}\
	vrf-table auto
	post-up ip route replace vrf {name} unreachable default metric {_LAST}
"""


def _uplinks(leaf: LeafSpec, topology: Topology) -> str:
    vrf = f"\tvrf {topology.tenant.vrf}\n" if topology.tenant else ""
    text = f"""\
# The loopback network interface
auto lo
iface lo inet loopback
	# VTEP address
	address {leaf.loopback}/32

# The primary network interface (management, do not touch without the console at hand)
auto eth0
iface eth0
	address {leaf.address}
	gateway {leaf.address.network.broadcast_address - 1}
	vrf mgmt

# --- uplinks
auto swp10
iface swp10
	alias core router
	address {leaf.outside}
	gateway {leaf.outside_peer}
{vrf}\

auto swp51
iface swp51
	alias spine (underlay)
	mtu 9216
	address {leaf.underlay}
	up ip route replace 10.0.0.0/24 via {leaf.underlay_peer}
"""
    if topology.overlap is None or leaf.overlap_outside is None:
        return text
    return f"""\
{text}
auto swp11
iface swp11
	alias core router ({topology.overlap.tenant.vrf})
	address {leaf.overlap_outside}
	gateway {leaf.overlap_outside.ip + 1}
	vrf {topology.overlap.tenant.vrf}
"""


def _bonds(leaf: LeafSpec, topology: Topology) -> list[str]:
    stanzas = ["# --- hypervisors"]
    for host in topology.hypervisors:
        if host.leaf != leaf.name:
            continue
        for interface, port in host.cables.items():
            alias = f"{host.short_name} {interface}"
            stanzas.append(f"auto {port}\niface {port}\n\talias {alias}\n{_MTU}\n")
        vlans = [topology.vlan, *([topology.overlap.vlan] if topology.overlap else [])]
        carried = (
            f"bridge-vids {' '.join(map(str, vlans))}"
            if host.tagged
            else f"bridge-access {topology.vlan}"
        )
        stanzas.append(f"""\
auto {host.bond}
iface {host.bond}
	alias {host.short_name}
	bond-slaves {" ".join(host.cables.values())}
	bond-mode 802.3ad
	bond-miimon 100
	bond-lacp-rate fast
	bond-min-links 1
{_MTU}
	{carried}
""")
    for guest in topology.bystanders:
        if guest.leaf == leaf.name:
            alias = leaf.port(guest.port).alias
            access = f"\tbridge-access {topology.other_vlan}\n"
            stanzas.append(
                f"auto {guest.port}\niface {guest.port}\n\talias {alias}\n{_MTU}\n{access}"
            )
    return stanzas


def _tunnels(leaf: LeafSpec, topology: Topology) -> list[str]:
    carried = segments(topology) | {
        tenant.l3vlan: tenant.l3vni for tenant in tenants(topology) if tenant.l3vni
    }
    gateways = _gateways(topology)
    common = f"\tvxlan-local-tunnelip {leaf.loopback}\n{_MTU}\n\tbridge-learning off\n"
    common += "\tbridge-arp-nd-suppress on\n"
    if leaf.single_vxlan:
        # One pair a line: Debian's ifupdown2 reads no more of each.
        mapped = "".join(f"\tbridge-vlan-vni-map {vlan}={vni}\n" for vlan, vni in carried.items())
        head = f"auto {SINGLE_VXLAN}\niface {SINGLE_VXLAN}\n"
        local = _always_local(SINGLE_VXLAN, [mac for macs in gateways.values() for mac in macs])
        return ["# --- tunnels", f"{head}{mapped}{common}{local}"]
    return [
        "# --- tunnels: no list of leafs here, EVPN tells who else there is",
        *(
            f"auto vni{vni}\niface vni{vni}\n\tvxlan-id {vni}\n\tbridge-access {vlan}\n{common}"
            + _always_local(f"vni{vni}", gateways.get(vlan, []))
            for vlan, vni in carried.items()
        ),
    ]


def _gateways(topology: Topology) -> dict[int, list[str]]:
    """Return the virtual MACs of each VLAN."""
    found = {
        topology.vlan: [topology.virtual_mac, topology.second_virtual_mac],
        topology.other_vlan: [topology.other_virtual_mac],
    }
    if topology.overlap:
        found[topology.overlap.vlan] = [topology.overlap.virtual_mac]
    return found


def _always_local(device: str, macs: list[str]) -> str:
    """Return the lines that drop frames from elsewhere with the MAC of an anycast gateway.

    A switch's ASIC does this. Otherwise another leaf's ARP answer would hide that this leaf's VIP
    is missing.
    """
    if not macs:
        return ""
    lines = [
        "\t# the anycast gateway is always the local one",
        f"\tpost-up tc qdisc replace dev {device} clsact",
        *(
            f"\tpost-up tc filter replace dev {device} ingress pref {pref} handle 1 protocol all "
            f"flower src_mac {mac} action drop"
            for pref, mac in enumerate(macs, 1)
        ),
    ]
    return "\n".join(lines) + "\n"


def _bridge(leaf: LeafSpec, topology: Topology) -> str:
    ports = [host.bridge_port for host in topology.hypervisors if host.leaf == leaf.name]
    ports += [guest.port for guest in topology.bystanders if guest.leaf == leaf.name]
    vnis = [*segments(topology).values(), *(x.l3vni for x in tenants(topology) if x.l3vni)]
    ports += dict.fromkeys(vxlan_of(leaf, vni) for vni in vnis)
    return f"""\
auto bridge
iface bridge
	bridge-vlan-aware yes
	bridge-ports {" ".join(ports)}
	bridge-vids {" ".join(map(str, segments(topology)))}
	bridge-stp off
{_MTU}
"""


def _l3_svis(topology: Topology) -> list[str]:
    # The VLAN of an L3VNI is not in bridge-vids: trunk ports would carry it, too.
    return [
        f"# the L3VNI {tenant.l3vni} of {tenant.vrf}\n"
        f"auto vlan{tenant.l3vlan}\niface vlan{tenant.l3vlan}\n\tvlan-id {tenant.l3vlan}\n"
        f"\tvlan-raw-device bridge\n\tvrf {tenant.vrf}\n{_MTU}\n"
        for tenant in tenants(topology)
        if tenant.l3vni
    ]


def _svi(name: str, vlan: int, vrf: str, own: IPv4Interface, vips: tuple[str, ...]) -> str:
    lines = [
        f"auto {name}",
        f"iface {name}",
        f"\tvlan-id {vlan}",
        "\tvlan-raw-device bridge",
        *([f"\tvrf {vrf}"] if vrf else []),
        _MTU,
        f"\taddress {own}",
        *(f"\taddress-virtual {vip}" for vip in vips),
    ]
    return "\n".join(lines) + "\n"
