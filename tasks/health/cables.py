"""The cables between the switches of a fleet, from both ends' LLDP."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from inventory.names import same_host
from tasks.health.fabric_model import LinkEnd
from tasks.health.model import SwitchHealth


def cables(
    healths: Sequence[SwitchHealth],
) -> Iterator[tuple[tuple[str, LinkEnd], tuple[str, LinkEnd]]]:
    """Yield both ends of each link between two of the switches; each end hears the other."""
    ends = {(h.switch, end.port): end for h in healths for end in h.fabric.ends}
    hostnames = {health.switch: health.hostname or health.switch for health in healths}
    by_short: dict[str, list[str]] = defaultdict(list)
    for switch, hostname in hostnames.items():
        by_short[hostname.casefold().split(".", 1)[0]].append(switch)
    for (switch, port), end in sorted(ends.items()):
        for other in by_short.get(end.neighbour.casefold().split(".", 1)[0], ()):
            far = ends.get((other, end.far_port))
            if far is None or other <= switch or not same_host(hostnames[other], end.neighbour):
                continue
            if far.far_port == port and same_host(hostnames[switch], far.neighbour):
                yield (switch, end), (other, far)
