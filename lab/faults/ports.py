"""Faults of ports and of MTUs (i)."""

from __future__ import annotations

from lab.faults.model import HOST_OFF, Fault, Script, made_anew

_LARGE = "small packets pass, large ones do not"


def _port(make: str) -> Script:
    return Script(
        make,
        "ip link set dev $port up; ifreload -a; bridge link set dev $port state 3 2>/dev/null",
    )


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="port-out-of-bridge",
        id="i1",
        does="takes the hypervisor's port out of the bridge",
        seen=HOST_OFF,
        cure="reapply",
        leaf=_port("ip link set dev $port nomaster"),
    ),
    Fault(
        name="port-down",
        id="i2",
        does="sets the hypervisor's port administratively down",
        seen=HOST_OFF,
        cure="reapply",
        leaf=_port("ip link set dev $port down"),
    ),
    Fault(
        name="port-blocking",
        id="i3",
        does="takes the hypervisor's port out of forwarding (STP state disabled)",
        seen=HOST_OFF,
        cure="reapply",
        leaf=_port("bridge link set dev $port state 0"),
    ),
    Fault(
        name="vrr-mtu-wrong",
        id="i4",
        does="sets the MTU of the VRR device to 1280",
        seen=_LARGE,
        cure="reapply",
        latent=True,
        leaf=made_anew("ip link set dev $svi-v0 mtu 1280"),
    ),
    Fault(
        name="svi-mtu-wrong",
        id="i5",
        does="sets the MTU of the SVI to 1280, and with it that of its VRR devices",
        seen=_LARGE,
        cure="reapply",
        latent=True,
        leaf=made_anew("ip link set dev $svi mtu 1280"),
    ),
)
