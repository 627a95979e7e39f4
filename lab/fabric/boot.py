"""Boots the leafs of a lab, and waits until they know their hypervisors and each other."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from lab.fabric.kinds import KINDS
from lab.fabric.leaf import Leaf
from lab.machine.guest import in_guest
from lab.machine.kernel import has_vlans
from lab.machine.shell import wait_until
from lab.machine.tree import NEWER_SWITCH, SWITCH, Tree
from lab.topology.default import LabError, LabUsageError, LeafSpec, Shape, Topology

Kind = Literal["auto", "container", "namespace", "vm"]
#: The programs that a kind needs beside those of every lab, with their packages.
MORE_TOOLS = {"container": {"systemd-nspawn": "systemd-container"}, "vm": {"mke2fs": "e2fsprogs"}}


def require_fit(kind: Kind, shape: Shape, *, own_kernel: bool) -> None:
    """Raise when leafs of a kind cannot be in such a lab.

    Args:
        kind: their kind.
        shape: the lab's shape.
        own_kernel: whether the lab is in a kernel of its own.

    Raises:
        LabError: they cannot.
    """
    if kind != "vm":
        return
    if shape is Shape.REAL:
        # What comes in from a cable has lost its VLAN tag, so a trunk does not work.
        message = "Leafs that are whole machines can be in a lab of the plain shape only."
        raise LabUsageError(message, "Leave out --kind vm, or --shape real.")
    if own_kernel:
        message = "Leafs that are whole machines run on this machine's own kernel only."
        raise LabUsageError(message, "Leave out --kind vm, or --kernel uml.")


def trees(topology: Topology) -> list[Tree]:
    """Return the trees that the leafs of a topology need."""
    newer = any(leaf.single_vxlan for leaf in topology.leafs)
    return [SWITCH, *([NEWER_SWITCH] if newer else [])]


class Leafs:
    """The leafs of a lab.

    Args:
        topology: the lab's topology.
        tree: the read-only tree with the switch software.
        directory: the directory of their disks.
    """

    def __init__(self, topology: Topology, tree: Path, directory: Path) -> None:
        self._topology = topology
        self._tree = tree
        self._directory = directory

    def make(self, spec: LeafSpec, kind: str) -> Leaf:
        """Return the object of a leaf; nothing is booted."""
        tree = NEWER_SWITCH.path if spec.single_vxlan else self._tree
        return KINDS[kind](spec, self._topology, tree, self._directory / spec.short_name)

    def start(self, kind: Kind, public_key: str) -> str:
        """Install and boot every leaf at once.

        Returns:
            The kind that works here.
        """
        chosen = "container" if kind == "auto" else kind
        # A kernel of the lab's own is slow: a container would not be up in time.
        if kind == "auto" and (in_guest() or shutil.which("systemd-nspawn") is None):
            chosen = "namespace"
        # A whole machine has a kernel of its own, with everything.
        vlan_aware = chosen == "vm" or self._topology.shape is Shape.REAL or has_vlans()
        leafs = [self.make(spec, chosen) for spec in self._topology.leafs]
        for leaf in leafs:
            leaf.install(public_key, vlan_aware=vlan_aware)
            leaf.set_kernel()
        try:
            for leaf in leafs:
                leaf.start()
            for leaf in leafs:
                leaf.wait_ready()
        except LabError:
            if kind != "auto" or chosen == "namespace":
                raise
            for leaf in leafs:
                leaf.power_cut()
            for leaf in leafs:
                self.make(leaf.spec, "namespace").boot()
            chosen = "namespace"
        return chosen


def know_neighbours(topology: Topology, leafs: Sequence[Leaf]) -> bool:
    """Return whether every leaf's lldpd has heard from its hypervisors."""
    for leaf in leafs:
        hosts = {h.name for h in topology.hypervisors if h.leaf == leaf.spec.name}
        said = leaf.exec(["lldpctl", "-f", "keyvalue"]).stdout
        if not all(f"chassis.name={host}" in said for host in hosts):
            return False
    return True


def wait_evpn(leafs: Sequence[Leaf], timeout: float) -> None:
    """Wait until every running leaf has learnt the VTEP of every other one by EVPN."""
    running = [leaf for leaf in leafs if leaf.running]

    def heard() -> bool:
        return all(
            leaf.remote_vteps() >= {str(x.spec.loopback) for x in running if x.spec != leaf.spec}
            for leaf in running
        )

    wait_until(heard, timeout=timeout, what="EVPN did not come up between the leafs")
