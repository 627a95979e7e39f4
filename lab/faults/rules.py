"""Faults of policy rules (h)."""

from __future__ import annotations

from lab.faults.model import NOT_FORWARDED, NOTHING_ANSWERS, Fault, Script

_TABLE = 4242


def _rule(selector: str) -> Script:
    """Return a rule into a table where every address is unreachable."""
    return Script(
        f"ip route replace unreachable default table {_TABLE}; "
        f"ip rule add {selector} lookup {_TABLE} priority 100",
        f"while ip rule del lookup {_TABLE} 2>/dev/null; do :; done; "
        f"ip route flush table {_TABLE} 2>/dev/null",
    )


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="policy-rule-from",
        id="h1",
        does="adds a policy rule that sends packets from the VM into a table without a route",
        seen=NOT_FORWARDED,
        cure="none",
        leaf=_rule("from $vm"),
    ),
    Fault(
        name="policy-rule-to",
        id="h2",
        does="adds a policy rule that sends packets to the VM into a table without a route",
        seen=NOTHING_ANSWERS,
        cure="none",
        leaf=_rule("to $vm"),
    ),
    Fault(
        name="policy-rule-iif",
        id="h3",
        does="adds a policy rule that sends packets received by the VRR device into a table "
        "without a route",
        seen=NOT_FORWARDED,
        cure="none",
        leaf=_rule("iif $svi-v0"),
    ),
)
