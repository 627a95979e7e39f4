"""From the facts of a switch to the names of its faults, each with the mildest cure.

Pure: nothing is asked and nothing is touched. ``docs/diagnosis.md`` has the table; one recogniser
below stands for each of its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tasks.facts.index import Index
from tasks.faults.model import Cure, Diagnosis, Silent
from tasks.health import (
    diagnosis_addresses as addresses,
)
from tasks.health import (
    diagnosis_devices as devices,
)
from tasks.health import (
    diagnosis_neighbours as neighbours,
)
from tasks.health import (
    diagnosis_ports as ports,
)
from tasks.health import (
    diagnosis_routes as routes,
)
from tasks.health import (
    diagnosis_rules as rules,
)
from tasks.health import (
    diagnosis_sysctls as sysctls,
)
from tasks.health.diagnosis_patient import exclude
from tasks.health.diagnosis_view import View

if TYPE_CHECKING:
    from tasks.facts.model import SwitchFacts
    from tasks.model import Gateway


@dataclass(frozen=True)
class Recogniser:
    """One fault and how it is told.

    Attributes:
        fault: its name.
        needs: sections of the facts without which it cannot be told.
        look: gives the diagnosis, or None where the fault is not there.
        resists: cures that are known not to end it (``docs/diagnosis.md``).
        returns: whether its cure covers it for a time only.
    """

    fault: str
    needs: tuple[str, ...]
    look: Callable[[View], Diagnosis | None]
    resists: tuple[Cure, ...] = ()
    returns: bool = False

    def recognise(self, view: View) -> Diagnosis | None:
        """The diagnosis with what is known of the fault, or None where it is not there."""
        found = self.look(view)
        return found and replace(found, resists=self.resists, returns=self.returns)


# Cures that are known not to end a fault: each was tried on it, on real ifupdown2.
_ANY = tuple(cure for cure in Cure if cure is not Cure.NONE)
_FLAP = (Cure.FLAP,)
_MILD = (Cure.REAPPLY, Cure.FLAP)
_ANEW = (Cure.FLAP, Cure.RECREATE)
_UP_TO_ANEW = (Cure.REAPPLY, *_ANEW)
_PORT = (*_ANEW, Cure.TOGGLE)
_ROGUE = (*_UP_TO_ANEW, Cure.TOGGLE)
_KERNEL = ("links", "addresses")
_ROUTES = ("links", "addresses", "routes")

#: The faults of a switch, those that cut more people off first.
RECOGNISERS: tuple[Recogniser, ...] = (
    Recogniser("forwarding-off", (), sysctls.all_forwarding_off, _ANY),
    Recogniser("arp-ignore-all", (), sysctls.arp_ignore_all, _ANY),
    Recogniser("rp-filter-all", ("routes",), sysctls.rp_filter_all, _ANY),
    Recogniser("svi-down", ("links",), devices.svi_down, _FLAP),
    Recogniser("vrr-device-deleted", ("links",), devices.device_deleted, _FLAP),
    Recogniser("vrr-device-down", ("links",), devices.VRR_DEVICE_DOWN.look),
    Recogniser("svi-routes-lost", _ROUTES, routes.routes_lost),
    Recogniser("vip-local-route-lost", _ROUTES, routes.local_route_lost),
    Recogniser("vip-address-lost", _KERNEL, addresses.vip_lost, _FLAP),
    Recogniser("vrr-rp-filter", ("routes",), sysctls.VRR_RP_FILTER.look, _MILD),
    Recogniser("vrr-forwarding-off", (), sysctls.VRR_FORWARDING_OFF.look, _MILD),
    Recogniser("vrr-protodown", ("links",), devices.VRR_PROTODOWN.look, _FLAP),
    Recogniser("vrr-noarp", ("links",), devices.VRR_NOARP.look, _MILD),
    Recogniser("vrr-arp-ignore", (), sysctls.VRR_ARP_IGNORE.look, _MILD),
    Recogniser("virtual-mac-wrong", ("links",), devices.mac_wrong),
    Recogniser("virtual-mac-not-local", ("links", "fdb"), neighbours.virtual_mac_not_local),
    Recogniser(
        "vip-answered-by-other", ("probes",), neighbours.answered_by_other, _ROGUE, returns=True
    ),
    Recogniser("policy-rule-from", ("rules", "routes"), rules.rule_from, _ANY),
    Recogniser("policy-rule-to", ("rules", "routes"), rules.rule_to, _ANY),
    Recogniser("policy-rule-iif", ("rules", "routes"), rules.rule_iif, _ANY),
    Recogniser("blackhole-route", ("routes",), routes.blackhole_route, _ANY),
    Recogniser("foreign-route", ("routes",), routes.foreign_route, _ANY),
    Recogniser("hypervisor-unreachable", ("links",), ports.hypervisor_unreachable, _ANY),
    Recogniser("port-down", ("links",), ports.port_down, _PORT),
    Recogniser("port-out-of-bridge", ("links", "ports"), ports.port_out_of_bridge, _FLAP),
    Recogniser("port-blocking", ("links", "ports"), ports.port_blocking, _PORT),
    Recogniser("neighbour-wrong", ("neighbours",), neighbours.neighbour_wrong, _UP_TO_ANEW),
    Recogniser(
        "neighbour-wrong-permanent",
        ("neighbours",),
        neighbours.neighbour_wrong_permanent,
        _UP_TO_ANEW,
    ),
    Recogniser("vm-mac-on-wrong-port", ("links", "fdb"), neighbours.vm_mac_misplaced, _ANEW),
    Recogniser("connected-route-lost", _ROUTES, routes.connected_lost),
    Recogniser("svi-address-lost", _KERNEL, addresses.svi_address_lost),
    Recogniser("vip-on-wrong-device", _KERNEL, addresses.vip_misplaced),
    Recogniser("vip-prefix-wrong", _KERNEL, addresses.vip_prefix_wrong),
    Recogniser("svi-mtu-wrong", ("links",), devices.svi_mtu),
    Recogniser("vrr-mtu-wrong", ("links",), devices.vrr_mtu),
)

#: Faults that are told by exclusion (`tasks.health.diagnosis_patient`).
BY_EXCLUSION = ("vm-unreachable", "vm-arp-wrong", "beyond-gateway")

_ORDER = {
    name: place for place, name in enumerate((*(r.fault for r in RECOGNISERS), *BY_EXCLUSION))
}


def diagnose(
    facts: SwitchFacts,
    gateway: Gateway | None = None,
    *,
    silent: Sequence[Silent] = (),
    macs: Mapping[str, tuple[str, ...]] | None = None,
    ports: Mapping[str, str] | None = None,
    index: Index | None = None,
) -> tuple[Diagnosis, ...]:
    """Name every fault that the facts show.

    Args:
        facts: of one switch, with the probes that the switch made.
        gateway: look at this one only; None looks at each that is configured.
        silent: addresses that do not answer from outside. Without any, what is told by a VM's
            silence is not told.
        macs: MACs of VMs by address, as OpenStack knows them.
        ports: hypervisor by front port, as the inventory knows it; used where nobody is silent.
        index: over the facts, for who looks at one gateway after the other.

    Returns:
        The faults, first what harms now and is certain, among these first what no cure of this
        switch ends; empty when nothing is found. Where such a fault alone explains the outage,
        disruptive cures of the others are held back: they would only add an outage.
    """
    index = index or Index(facts)
    found: list[Diagnosis] = []
    for one in (gateway,) if gateway is not None else facts.gateways:
        networks = [virtual.address.network for virtual in one.virtual]
        here = tuple(s for s in silent if any(s.address in network for network in networks))
        found += _look(View(index, one, here, macs or {}, ports or {}))
    unique = list({(d.fault, d.interface): d for d in reversed(found)}.values())
    return tuple(sorted(_hold_back(unique), key=_rank))


def _look(view: View) -> list[Diagnosis]:
    found = [
        diagnosis
        for recogniser in RECOGNISERS
        if view.index.known.issuperset(recogniser.needs)
        if (diagnosis := recogniser.recognise(view)) is not None
    ]
    return found + exclude(view, found)


def _hold_back(found: Sequence[Diagnosis]) -> list[Diagnosis]:
    """Hold disruptive cures back where they would only add an outage to another."""
    foreign = next((d for d in found if d.foreign), None)
    if foreign is None:
        return list(found)
    return [
        replace(
            d,
            cure=Cure.NONE,
            held_back=d.cure,
            remedy=f"First see to it that {foreign.fault} ends; then run vip heal again.",
        )
        if d.cure.disruptive
        else d
        for d in found
    ]


def _rank(diagnosis: Diagnosis) -> tuple[bool, bool, bool, int, str]:
    return (
        diagnosis.latent,
        not diagnosis.certain,
        not diagnosis.foreign,
        _ORDER.get(diagnosis.fault, len(_ORDER)),
        diagnosis.interface,
    )
