"""What this machine's kernel can do, and what it lacks for a shape of the lab."""

from __future__ import annotations

from lab.machine.shell import call
from lab.topology.shapes import Shape
from lab.topology.specs import LabError

#: What the real shape needs beyond the plain one: the kernel's module, and commands that use it.
_REAL = {
    "8021q": "ip link add vk0 type bridge && ip link add link vk0 name vk0.5 type vlan id 5",
    "bridge with VLAN filtering": "ip link add vk1 type bridge vlan_filtering 1",
    "vrf": "ip link add vk2 type vrf table 1001",
    "bonding": "ip link add vk3 type bond mode 802.3ad",
}


def missing(shape: Shape) -> tuple[str, ...]:
    """Return what this kernel lacks for a shape: the names of modules, none where it has all."""
    if shape is Shape.PLAIN:
        return ()
    return tuple(what for what, script in _REAL.items() if not _works(script))


def require(shape: Shape) -> None:
    """Raise when this kernel lacks something for a shape.

    Raises:
        LabError: it does, with the names of the modules.
    """
    lacking = missing(shape)
    if lacking:
        what = f"a lab of the shape {shape.value} needs: {', '.join(lacking)}"
        raise LabError(
            f"This machine's kernel lacks what {what}.",
            "Load the modules, or take a kernel that has them: --kernel uml",
        )


def has_vlans() -> bool:
    """Return whether this kernel filters VLANs on bridges and makes VLAN devices."""
    return all(_works(_REAL[what]) for what in ("8021q", "bridge with VLAN filtering"))


def _works(script: str) -> bool:
    """Return whether commands succeed in an empty network namespace."""
    return call(["unshare", "--net", "sh", "-c", script], check=False).returncode == 0
