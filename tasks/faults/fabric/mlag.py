"""Faults of MLAG that the configuration and the kernel show; clagd itself is not asked."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.names import first_few
from tasks.faults.base import Fault, Sighting
from tasks.faults.gateway_view import SwitchView
from tasks.faults.model import Status

_NAMED = 5


def _peerlink(view: SwitchView) -> Iterator[Sighting]:
    mlag = view.facts.mlag
    if mlag is None:
        return
    link = view.links.get(mlag.peerlink)
    if link is None:
        why = f"there is no {mlag.peerlink}"
    elif not link.up:
        why = f"{mlag.peerlink} is administratively down"
    elif "LOWER_UP" not in link.flags:
        why = f"{mlag.peerlink} has no carrier"
    else:
        return
    yield Sighting(
        mlag.peerlink,
        f"ip link: {why}: the two switches of the MLAG pair do not reach each other by it",
        f"ifup {mlag.peerlink}, or cable and transceivers. clagctl says what the pair has done.",
    )


def _anycast(view: SwitchView) -> Iterator[Sighting]:
    """Yield that the switch's tunnels do not have the pair's common VTEP, as clagd would set it."""
    mlag = view.facts.mlag
    if mlag is None or not mlag.anycast:
        return
    others = [
        link
        for link in view.facts.links.rows
        if link.kind == "vxlan" and link.local and link.local != mlag.anycast
    ]
    if others:
        yield Sighting(
            mlag.anycast,
            f"ip -d link: {first_few([link.name for link in others], _NAMED)} has the VTEP "
            f"{others[0].local}, the MLAG pair's is {mlag.anycast} (clagd-vxlan-anycast-ip): to "
            "other leafs the pair is not one VTEP",
            "clagctl: is the peer alive, and are the vxlan devices consistent on both?",
        )


FAULTS = (
    Fault(
        "mlag-peerlink-down",
        "The peerlink of an MLAG pair is up",
        Status.WARNING,
        scope="switch",
        needs=("links", "gateways"),
        find_on_switch=_peerlink,
    ),
    Fault(
        "mlag-anycast-lost",
        "An MLAG pair is one VTEP",
        Status.WARNING,
        scope="switch",
        needs=("links", "gateways"),
        find_on_switch=_anycast,
    ),
)
