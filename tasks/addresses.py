"""IP addresses and prefixes, made from text.

Every leaf of a fleet reports the same ones, several times each. Making one takes longer than all
other work on a row, so the latest are kept; they are immutable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address, ip_interface, ip_network

from inventory.names import IpAddress, IpInterface, IpNetwork

__all__ = [
    "IpAddress",
    "IpInterface",
    "IpNetwork",
    "address",
    "interface",
    "interfaces",
    "is_link_local",
    "network",
]


@lru_cache(maxsize=16384)
def address(text: str) -> IpAddress:
    """Return an IP address.

    Raises:
        ValueError: the text is no IP address.
    """
    return ip_address(text)


@lru_cache(maxsize=4096)
def interface(text: str) -> IpInterface:
    """Return an IP address with its prefix length; without one in the text, the full length.

    Raises:
        ValueError: the text is no IP address.
    """
    return ip_interface(text)


@lru_cache(maxsize=16384)
def network(text: str) -> IpNetwork:
    """Return a prefix; an address without a length is one of full length.

    Raises:
        ValueError: the text is no prefix.
    """
    return ip_network(text)


def is_link_local(address: IpAddress) -> bool:
    """Return whether an address is a link-local one of IPv6: unique on its link only.

    Every device has such an address and a route to their network, whatever is configured.

    >>> is_link_local(address("fe80::1")), is_link_local(address("169.254.0.1"))
    (True, False)
    """
    return address.version == 6 and address.is_link_local  # noqa: PLR2004 - of IP


def interfaces(words: Iterable[str]) -> Iterator[IpInterface]:
    """Return the words that are addresses, with a prefix length or without.

    >>> [str(each) for each in interfaces(["10.0.0.1/24", "00:00:5e:00:01:c5", "fe80::1"])]
    ['10.0.0.1/24', 'fe80::1/128']
    """
    return (found for word in words if (found := _interface_or_none(word)) is not None)


def _interface_or_none(word: str) -> IpInterface | None:
    try:
        return interface(word)
    except ValueError:
        return None
