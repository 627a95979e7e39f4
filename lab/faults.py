"""The faults that the lab can inject, as a table.

A fault is a script that runs on the leaf, and, where the loss would show only once the VM's own
ARP entry has aged, a forgetting of that entry. Scripts see ``$svi``, ``$vip`` (with its prefix
length), ``$gateway`` (the VIP alone) and ``$vm`` (the VM's address).
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.topology import LabError


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: what it is called by.
        id: its row in the table of faults of ``docs/faults.md``.
        does: what is done to the leaf.
        seen: what a VM behind the leaf sees of it.
        cure: the mildest thing that cures it.
        script: shell, run as root on the leaf.
        mend: shell, run as root on the leaf, that undoes it whatever has been tried meanwhile.
        forget_arp: make the VM forget the VIP's MAC, so that the loss shows at once.
    """

    name: str
    id: str
    does: str
    seen: str
    cure: str
    script: str
    mend: str
    forget_arp: bool = False


_RELOAD = "ip link delete dev $svi-v0 2>/dev/null; ifreload -a"
_RECREATE = "ifdown $svi; ifup $svi"

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="vrr-device-deleted",
        id="a1",
        does="deletes the SVI's first VRR device, the one that bears the VIP",
        seen="nothing outside answers, nor does the VIP; nothing outside reaches it",
        cure="ifreload -a",
        script="ip link delete dev $svi-v0",
        mend=_RELOAD,
    ),
    Fault(
        name="vip-address-lost",
        id="b1",
        does="removes the VIP from its VRR device and lets the VM's ARP entry age",
        seen="its gateway does not resolve: nothing outside answers",
        cure="ifreload -a",
        script="ip addr del $vip dev $svi-v0",
        mend=_RELOAD,
        forget_arp=True,
    ),
    Fault(
        name="svi-routes-lost",
        id="d2",
        does="deletes every connected route of the SVI and its VRR devices",
        seen="its packets leave, the answers find no way back: nothing answers",
        cure="the toggle, or flapping the VRR device; a plain ifreload -a does not cure it",
        script=(
            'for dev in $svi $(ip -o link | grep -o "$svi-v[0-9]*" | sort -u); do '
            "ip -4 route flush table main proto kernel scope link dev $dev; done"
        ),
        mend=_RECREATE,
    ),
    Fault(
        name="neighbour-wrong",
        id="e1",
        does="gives the switch a wrong MAC for the VM, as after a move that it missed",
        seen="this one VM is cut off; its neighbours are well",
        cure="deleting the entry (no outage)",
        script="ip neigh replace $vm lladdr 02:de:ad:be:ef:01 dev $svi nud reachable",
        mend="ip neigh del $vm dev $svi 2>/dev/null; true",
    ),
)


def find_fault(name: str) -> Fault:
    """The fault of that name or id."""
    for fault in FAULTS:
        if name in (fault.name, fault.id):
            return fault
    known = ", ".join(fault.name for fault in FAULTS)
    raise LabError(f"The lab knows no fault {name!r}.", f"It knows {known}.")


@dataclass(frozen=True)
class ActiveFault:
    """A fault that was injected and not mended."""

    fault: str
    leaf: str
    vm: str


@dataclass(frozen=True)
class FaultReport:
    """What came of injecting or mending a fault: whether the VM answers from outside now."""

    fault: Fault
    leaf: str
    vm: str
    answers: bool
