"""Every fault that a switch's facts can show."""

from __future__ import annotations

from tasks.faults import (
    configuration,
    devices,
    evpn,
    fdb,
    neighbours,
    ports,
    probes,
    routes,
    sysctls,
)
from tasks.faults.base import Check

CHECKS: tuple[Check, ...] = (
    *configuration.CHECKS,
    *devices.CHECKS,
    *routes.CHECKS,
    *sysctls.CHECKS,
    *neighbours.CHECKS,
    *fdb.CHECKS,
    *ports.CHECKS,
    *probes.CHECKS,
    *evpn.CHECKS,
)
