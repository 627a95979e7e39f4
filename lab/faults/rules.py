"""Faults of policy rules (h), and of VRFs, which such a rule leads to (o)."""

from __future__ import annotations

from lab.faults.model import NOT_FORWARDED, NOTHING_ANSWERS, Fault, Script
from lab.topology.shapes import Routing, Shape

_TABLE = 4242
_ROUTED_ELSEWHERE = "its packets are routed by the main table, which knows no way out"
_IN_VRF = "ip link set dev $svi master $vrf; ip link set dev $svi-v0 master $vrf; ifup $svi"


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

#: They need tenants. The rule for VRFs stays: sshd is in one, and the leaf would be lost.
VRF_FAULTS: tuple[Fault, ...] = (
    Fault(
        name="vrr-vrf-wrong",
        id="o1",
        does="takes the VRR device out of its SVI's VRF",
        seen=NOT_FORWARDED,
        cure="reapply",
        shape=Shape.REAL,
        routing=Routing.SYMMETRIC,
        leaf=Script("ip link set dev $svi-v0 nomaster", _IN_VRF),
    ),
    Fault(
        name="svi-vrf-wrong",
        id="o2",
        does="takes the SVI and its VRR devices out of their VRF",
        seen=_ROUTED_ELSEWHERE,
        cure="reapply",
        shape=Shape.REAL,
        routing=Routing.SYMMETRIC,
        leaf=Script(
            "ip link set dev $svi nomaster; "
            'for dev in $(ip -o link | grep -o "$svi-v[0-9]*" | sort -u); do '
            "ip link set dev $dev nomaster; done",
            _IN_VRF,
        ),
    ),
)
