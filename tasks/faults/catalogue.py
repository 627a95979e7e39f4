"""Every fault that a switch's facts can show; ``vip check`` and ``vip heal`` know the same ones."""

from __future__ import annotations

from tasks.faults.base import Fault
from tasks.faults.fabric import configuration, evpn, mlag, mtu
from tasks.faults.gateway import addresses, devices, routes, rules, sysctls, vrf
from tasks.faults.segment import bonds, fdb, neighbours, ports, probes, vlans
from tasks.faults.segment.vm import BY_EXCLUSION

FAULTS: tuple[Fault, ...] = (
    *configuration.FAULTS,
    *devices.FAULTS,
    *vrf.FAULTS,
    *routes.FAULTS,
    *addresses.FAULTS,
    *sysctls.FAULTS,
    *fdb.FAULTS,
    *probes.FAULTS,
    *rules.FAULTS,
    *vlans.FAULTS,
    *ports.FAULTS,
    *bonds.FAULTS,
    *neighbours.FAULTS,
    *evpn.FAULTS,
    *mtu.FAULTS,
    *mlag.FAULTS,
)

#: The faults that ``vip heal`` knows; those that cut off more people come first.
CURED: tuple[Fault, ...] = tuple(
    sorted((fault for fault in FAULTS if fault.cure is not None), key=lambda fault: fault.layer)
)

_BY_ID = {fault.id: fault for fault in FAULTS}
_ORDER = {name: place for place, name in enumerate((*(f.id for f in CURED), *BY_EXCLUSION))}


def fault(name: str) -> Fault | None:
    """Return the row of a fault.

    None for a fault diagnosed by exclusion, and for an unknown name.
    """
    return _BY_ID.get(name)


def place(name: str) -> int:
    """Return the position of a diagnosis among others that are as certain and as harmful."""
    return _ORDER.get(name, len(_ORDER))
