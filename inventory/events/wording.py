"""What the messages of Observium and LibreNMS mean. Pure: texts in, kinds out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from inventory.events.model import Device, EventKind
from inventory.names import compared_host, same_host

T = TypeVar("T")
# Nothing looser: "Ip-addresses: 1 deleted, 6 unchanged." is an event of the device.
_MARK = re.compile(r"(?:Port|Interface) (was marked as DELETED|DELETED mark removed)")
_NEW = re.compile(r"Interface changed: (?:.*; )?\[ifDescr\] '' -> '([^']+)'.*")
_STATE = re.compile(r"Interface (Down|Up): \[ifOperStatus\] .*")
_LIBRENMS_NEW = re.compile(r"ifDescr: \s*-> (\S.*)")
_LIBRENMS_STATE = re.compile(r"ifOperStatus: \S* ?-> (up|down|lowerLayerDown|notPresent)")


def observium_kind(message: str) -> EventKind | None:
    """Return what an event of a port says; None for one that is not about its coming and going.

    >>> observium_kind("Port DELETED mark removed").value
    'returned'
    >>> observium_kind("Interface changed: [ifDescr] '' -> 'vlan453-v0'; [ifMtu] '' -> '9'").value
    'appeared'
    >>> observium_kind("Ip-addresses: 1 deleted, 6 unchanged.")
    """
    if mark := _MARK.fullmatch(message):
        return EventKind.DELETED if mark[1].startswith("was") else EventKind.RETURNED
    if _NEW.fullmatch(message):
        return EventKind.APPEARED
    if state := _STATE.fullmatch(message):
        return EventKind.DOWN if state[1] == "Down" else EventKind.UP
    return None


def librenms_kind(message: str) -> EventKind | None:
    """Return what an event of a port says; LibreNMS logs none for a port that is gone.

    >>> librenms_kind("ifDescr:  -> vlan453-v0").value
    'appeared'
    >>> librenms_kind("ifOperStatus: up -> down").value
    'down'
    """
    if _LIBRENMS_NEW.fullmatch(message):
        return EventKind.APPEARED
    if state := _LIBRENMS_STATE.fullmatch(message):
        return EventKind.UP if state[1] == "up" else EventKind.DOWN
    return None


def librenms_name(message: str) -> str:
    """Return the port's name in an event that it appeared; empty in another one."""
    found = _LIBRENMS_NEW.fullmatch(message)
    return found[1].strip() if found else ""


def wanted_label(label: str, labels: Sequence[str]) -> str:
    """Return the name among ``labels`` that a label is; empty where it is none.

    >>> wanted_label("Vlan453-v0", ["vlan453", "vlan453-v0"])
    'vlan453-v0'
    """
    return next((name for name in labels if name.casefold() == label.strip().casefold()), "")


def find_device(wanted: Device, known: Iterable[tuple[T, Sequence[str]]]) -> list[T]:
    """Return the devices that are the switch, by the name they were added under, else another.

    That name may be full, short, or the management address.

    Args:
        wanted: the switch.
        known: each device's key, and its names, the one that it was added under first.
    """
    devices = [(key, [name for name in names if name]) for key, names in known]
    for fits in _FITS:
        found = [key for key, names in devices if names and fits(wanted, names)]
        if found:
            return found
    return []


#: From the surest to the least sure.
_FITS: tuple[Callable[[Device, Sequence[str]], bool], ...] = (
    lambda wanted, names: compared_host(names[0]) == compared_host(wanted.name),
    lambda wanted, names: same_host(names[0], wanted.name),
    lambda wanted, names: names[0] == wanted.address,
    lambda wanted, names: any(same_host(name, wanted.name) for name in names[1:]),
)
