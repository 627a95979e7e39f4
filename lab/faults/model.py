"""A fault: where it is made, its effect, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass

from lab.topology.shapes import Routing, Shape


@dataclass(frozen=True)
class Script:
    """A piece of shell that makes a fault, and the piece that undoes it.

    Both run as root with these variables:

    * ``$svi``, ``$vip`` (with its prefix length), ``$gateway`` (the VIP alone), ``$own`` (the SVI's
      own address with its prefix length), ``$virtual`` (the virtual MAC);
    * ``$vm`` and ``$mac`` (the VM's address and MAC);
    * ``$port`` (the leaf's bridge port of the VM's hypervisor, on the real shape a bond),
      ``$members`` (the front ports of the cables), ``$other`` (another port of the segment, or
      ``$port`` where there is none), ``$nics`` (the hypervisor's own ends of the cables);
    * ``$vlan``, ``$vni`` and ``$vxlan`` (the segment's VLAN, its VNI, the leaf's device for that);
      ``$bridge`` and ``$tag`` (the bridge, and ``vlan N`` where that is vlan-aware);
    * ``$vrf`` (the SVI's VRF, or ``default``), ``$table`` and ``$local`` (its routing tables),
      ``$l3vni`` and ``$l3vlan`` (the VRF's L3VNI and the VLAN of that; empty without);
    * ``$as`` (the leaf's AS), ``$spine`` (the spine's address), ``$vtep`` (the leaf's own VTEP);
    * ``$far_vtep`` and ``$far_uplink`` (the VTEP of another leaf, and its address on its link to
      the core), ``$far_vm`` and ``$far_mac`` (a VM behind it).

    Attributes:
        make: makes the fault; if it fails, that is an error.
        mend: undoes it, whatever has been tried meanwhile; it may find nothing to do.
    """

    make: str
    mend: str


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: its name.
        id: its row in the table of faults of ``docs/faults.md``.
        does: what it does, and to what.
        seen: what a VM behind the leaf sees of it.
        cure: the mildest cure, a value of ``tasks.faults.model.Cure``; ``none`` where nothing that
            Vipkeeper may do to the switch cures it.
        diagnosis: the name of its diagnosis; empty for its own name.
        latent: whether the VM still answers.
        heals: how it ends by itself; empty where it does not.
        leaf: the script for the leaf.
        far: the script for another leaf, with the variables of the VM's; it runs before that of the
            leaf.
        vm: the script for the VM.
        rogue: the script for another VM of the segment.
        hypervisor: the script for the VM's hypervisor.
        spine: the script for the spine; it runs before the leaf's script.
        forget_arp: whether the VM has to forget the VIP's MAC, so that the loss is seen at once.
        only_checked: whether ``vip check`` alone finds it: ``vip heal`` does not know it.
        spreads: whether everybody behind the leaf is cut off within seconds, each as soon as an ARP
            entry for the leaf has expired, including the neighbours at its uplinks.
        shape: the shape of the lab that it needs; None for any.
        routing: the routing between segments that it needs; None for any.
        single_vxlan: whether it needs a leaf with a single VXLAN device.
    """

    name: str
    id: str
    does: str
    seen: str
    cure: str
    diagnosis: str = ""
    latent: bool = False
    heals: str = ""
    leaf: Script | None = None
    far: Script | None = None
    vm: Script | None = None
    rogue: Script | None = None
    hypervisor: Script | None = None
    spine: Script | None = None
    forget_arp: bool = False
    spreads: bool = False
    shape: Shape | None = None
    routing: Routing | None = None
    single_vxlan: bool = False
    only_checked: bool = False

    @property
    def recognised_as(self) -> str:
        """Return the name of the expected diagnosis."""
        return self.diagnosis or self.name


#: What a VM behind the leaf sees, in words that several faults share.
NOTHING_ANSWERS = "nothing outside answers, nor does the VIP; nothing outside reaches it"
NOT_FORWARDED = "the VIP answers, nothing outside does; nothing outside reaches it"
NO_WAY_BACK = "its packets leave, the answers have no way back: nothing answers"
NO_ARP = "its gateway does not resolve once its ARP entry has aged: nothing outside answers"
CUT_OFF = "nothing outside answers; nothing outside reaches it"
HOST_OFF = "every VM of its hypervisor is cut off"
NOTHING_YET = "nothing yet"

#: Makes the SVI and its VRR devices anew: addresses, routes and sysctls of the devices as at boot.
RECREATE = "ifdown $svi; ifup $svi"
_CONF = "/proc/sys/net/ipv4/conf"


def made_anew(make: str) -> Script:
    """Return the script for a fault of the SVI or its VRR devices.

    It is mended by making them anew.
    """
    return Script(make, RECREATE)


def device_sysctl(name: str, value: int) -> Script:
    """Return the script for a sysctl of the VRR device that has the VIP."""
    return made_anew(f"echo {value} > {_CONF}/$svi-v0/{name}")


def svi_sysctl(name: str, value: int, well: int) -> Script:
    """Return a per-device sysctl of the SVI, and its value on a well leaf."""
    return Script(f"echo {value} > {_CONF}/$svi/{name}", f"echo {well} > {_CONF}/$svi/{name}")


def global_sysctl(name: str, value: int, well: int) -> Script:
    """Return the script for a sysctl of all interfaces; ``well`` is its value on a healthy leaf."""
    return Script(f"echo {value} > {_CONF}/all/{name}", f"echo {well} > {_CONF}/all/{name}")
