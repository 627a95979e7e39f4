"""What is kept of a switch after its facts were judged; it is small, whatever the switch holds."""

from __future__ import annotations

from collections.abc import Collection

from inventory.names import same_host
from tasks.facts.model import SwitchFacts
from tasks.faults.gateway_view import SwitchView
from tasks.faults.model import Finding, Status
from tasks.faults.view import ExpectedFromSite
from tasks.health.fabric_model import FabricRecord
from tasks.health.fabric_records import fabric_of
from tasks.health.judge import NOT_JUDGED, findings_of, judged
from tasks.health.model import SwitchHealth
from tasks.health.vip_records import records_of


def assess(
    facts: SwitchFacts,
    *,
    address: str = "",
    rack: str = "",
    model: str = "",
    seconds: float = 0.0,
    hypervisors: Collection[str] = (),
    expected: ExpectedFromSite | None = None,
) -> SwitchHealth:
    """Judge a switch, and return the outcome.

    Args:
        facts: the facts; nothing of them is kept.
        address: its management address.
        rack: its rack, as far as the inventory knows.
        model: its model, as far as the inventory knows.
        seconds: how long the collection took.
        hypervisors: the names by which LLDP neighbours are recognised, besides the expected ones.
        expected: what other systems expect behind it.
    """
    view = SwitchView(facts, expected or ExpectedFromSite())
    checks = judged(view)
    wanted = [*hypervisors, *(expected.hypervisors if expected else ())]
    # If these are unread, it is not known whether the kernel holds a VIP, and with which VNI. A
    # record would tell Prometheus, the fleet's checks and others that the VIP is gone.
    read = facts.links.known and facts.addresses.known
    return SwitchHealth(
        switch=facts.switch,
        address=address,
        findings=findings_of(view, checks),
        vips=records_of(view) if read else (),
        hostname=facts.hostname,
        hypervisors=_hypervisors(facts, wanted),
        rack=rack,
        model=model,
        seconds=seconds,
        checked=len(checks),
        judged=tuple(check.id for check in checks),
        vnis=vnis_of(view) if read else (),
        fabric=fabric_of(view) if read else FabricRecord(),
    )


def vnis_of(view: SwitchView) -> tuple[int, ...]:
    """Return the VNIs of the switch's vxlan devices."""
    rows = (link for link in view.facts.links.rows if link.kind == "vxlan")
    return tuple(sorted({vni for link in rows for vni in view.vnis_of(link)}))


def unreachable(
    switch: str, address: str, sentence: str, *, check: str = "unreachable", remedy: str = ""
) -> SwitchHealth:
    """Return the health of a switch that could not be judged: one UNKNOWN and nothing else.

    Args:
        switch: its name.
        address: its management address.
        sentence: the reason, for a person.
        check: one of the ids of ``NOT_JUDGED``.
        remedy: what to do.
    """
    if check not in {known.id for known in NOT_JUDGED}:
        raise ValueError(f"{check!r} is not among the reasons why a switch is not judged")
    finding = Finding(check, Status.UNKNOWN, switch, "", sentence, remedy)
    return SwitchHealth(switch, address, findings=(finding,))


def _hypervisors(facts: SwitchFacts, names: Collection[str]) -> dict[str, str]:
    """Return the port of each LLDP neighbour that is one of the names, by that name."""
    short = {name.casefold().split(".", 1)[0]: name for name in names}
    found = {}
    for row in facts.lldp.rows:
        name = short.get(row.name.casefold().split(".", 1)[0])
        if name is not None and same_host(name, row.name):
            found[name] = row.port
    return found
