"""The prefix lengths of Neutron's subnets, kept for the run."""

from __future__ import annotations

import threading
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from inventory.sources.openstack.records import records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: More than so many unknown subnets are not asked for one by one: the list of all is asked for.
_FEW = 2


class Subnets:
    """The subnets that were asked for so far. A subnet never changes its range, and no id returns.

    Several threads may ask at once: one of them asks Neutron, and the others wait for it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._prefixes: dict[str, int] = {}
        self._listed = False

    def prefixes(self, network: Any, wanted: Iterable[str]) -> Mapping[str, int]:  # noqa: ANN401  # the SDK's proxy
        """Return the prefix lengths of subnets, by id.

        Raises:
            ValueError: a subnet has no address range; the message names it.
        """
        ids = dict.fromkeys(wanted)
        with self._lock:
            if len([key for key in ids if key not in self._prefixes]) > _FEW and not self._listed:
                for subnet in records(network, "subnets", {"fields": ["id", "cidr"]}):
                    self._learn(str(subnet["id"]), subnet["cidr"])
                self._listed = True
            for key in ids:
                if key not in self._prefixes:
                    self._learn(key, network.get_subnet(key).cidr)
                if self._prefixes[key] < 0:
                    raise ValueError(f"the subnet {key} has no address range")
            return {key: self._prefixes[key] for key in ids}

    def _learn(self, key: str, cidr: object) -> None:
        try:
            self._prefixes[key] = ip_network(str(cidr)).prefixlen
        except ValueError:
            self._prefixes[key] = -1
