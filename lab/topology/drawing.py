"""A drawing of the fabric for a terminal."""

from __future__ import annotations

from rich.tree import Tree

from lab.topology.default import Topology


def draw(topology: Topology) -> Tree:
    """Return the fabric as a tree."""
    root = Tree(
        f"[bold]core router[/] {topology.core_outside.ip}, the seat at {topology.seat.outside.ip}"
    )
    for leaf in topology.leafs:
        branch = root.add(
            f"[bold cyan]{leaf.short_name}[/] {leaf.address.ip}  {topology.svi} "
            f"{leaf.svi_address.ip}, VIP {topology.vip}{_vrfs(topology)}"
        )
        for hv in topology.hypervisors:
            if hv.leaf != leaf.name:
                continue
            ports = f"{hv.bond} ({' '.join(hv.cables.values())})" if hv.bond else hv.port
            twig = branch.add(f"{ports} - [bold]{hv.short_name}[/]")
            for vm in topology.vms:
                if vm.hypervisor == hv.name:
                    state = "" if vm.running else f" [yellow]{vm.status}[/]"
                    second = f" ({topology.overlap.svi})" if vm.overlap and topology.overlap else ""
                    twig.add(f"{vm.name} {vm.address and vm.address.ip}{second}{state}")
        for host in topology.bystanders:
            if host.leaf == leaf.name:
                branch.add(f"{host.port} - {host.name} {host.address.ip} ({topology.other_svi})")
    web = root.add(
        f"management {topology.management_network}, the seat at {topology.seat.management.ip}"
    )
    for service in topology.services:
        web.add(f"{service.name} {service.url}")
    return root


def _vrfs(topology: Topology) -> str:
    """Return what a leaf's line says of its VRFs."""
    if topology.overlap is None:
        return ""
    first = f" in {topology.tenant.vrf}" if topology.tenant else ""
    return f"{first}; {topology.overlap.svi} with the same VIP in {topology.overlap.tenant.vrf}"
