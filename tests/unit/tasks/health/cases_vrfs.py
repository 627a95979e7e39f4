"""What checks say of VRFs, on a recorded leaf with tenant VRFs."""

from __future__ import annotations

from tasks.faults.model import Status
from tests.unit.tasks.health.broken import Case
from tests.unit.tasks.health.vrfs import INTERFACES, facts, rows, vrf_line_taken_out

_ALSO = frozenset({"lldp-absent"})
_BLUE = INTERFACES.replace("vrf tenant1\n\taddress 130", "vrf blue\n\taddress 130")
_ONE_TENANT = INTERFACES.replace("\taddress-virtual 00:00:5e:00:01:63 130.246.212.1/22\n", "")
_BIND = "ping: bind: Cannot assign requested address"
_UNSENT = f"ping|vlan700-v0|10.70.0.1|10.70.0.11|2|{_BIND}\ndone\n".encode()

VRFS = (
    Case(
        "vrr-vrf-wrong",
        vrf_line_taken_out,
        "130.246.212.1",
        ("vlan453-v0 is in VRF tenant1",),
        also=_ALSO,
    ),
    Case("svi-vrf-wrong", lambda: facts(_BLUE), "vlan453", ("configured is blue",), also=_ALSO),
    Case(
        "vrf-rule-missing",
        lambda: facts(_ONE_TENANT, rules=rows("rules")[1:]),
        "tenant1",
        ("no rule looks up",),
        also=_ALSO,
    ),
    Case(
        "probe-unsent",
        lambda: facts(probes=_UNSENT),
        "10.70.0.1",
        (_BIND,),
        Status.UNKNOWN,
        also=_ALSO,
    ),
)
