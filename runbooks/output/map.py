"""A check of the fleet as a map: one HTML file that needs nothing else."""

from __future__ import annotations

from runbooks.output.placement import Placement
from tasks.health.model import FleetHealth


def to_html(
    fleet: FleetHealth,
    *,
    placement: Placement | None = None,
    title: str = "Gateway VIPs",
    site: str = "",
) -> str:
    """The map as one HTML document.

    Args:
        fleet: what was found.
        placement: hypervisors and VMs under each switch, where somebody knows them.
        title: stands at its top.
        site: the site's name, beside it.
    """
    raise NotImplementedError
