"""Which of upstream's tests do not concern this driver, in one place, with the reasons."""

from __future__ import annotations

from collections.abc import Collection

from napalm.base.test.getters import BaseTestGetters

#: Methods that this driver leaves to NAPALM's NotImplementedError: a switch of this kind has no
#: firewall policies with hit counters by zone, and no measuring probes.
NOT_IMPLEMENTED = frozenset({"get_firewall_policies", "get_probes_config", "get_probes_results"})

#: What a leaf of the lab has not, though the driver can ask it; upstream's suite refuses an empty
#: answer. The same getters run on recordings and hand-made data in the mocked suite.
NOT_ON_A_LAB_LEAF = {
    "test_get_arp_table_with_vrf": "no VRF TEST: the right answer is an error that names the VRFs",
    "test_get_ntp_stats": "no time daemon: the right answer is [], the suite wants some",
    "test_traceroute": "not installed: the right answer is an error",
}


def method_of(test: str) -> str:
    """The driver's method that one of upstream's tests calls.

    >>> method_of("test_get_arp_table_with_vrf")
    'get_arp_table'
    """
    name = test.removeprefix("test_")
    for ending in ("_with_vrf", "_filtered", "_sanitized", "_longer"):
        name = name.removesuffix(ending).removesuffix(ending)
    return name.removesuffix("_sanitized")


def tests() -> list[str]:
    """Upstream's tests that have cases."""
    return [
        name
        for name, function in vars(BaseTestGetters).items()
        if name.startswith("test_") and hasattr(function, "build_test_cases")
    ]


def leave_out(suite: type[BaseTestGetters], left_out: Collection[str] = ()) -> None:
    """Take tests out of a suite: these, and those of methods that are not implemented."""
    for test in tests():
        if test in left_out or method_of(test) in NOT_IMPLEMENTED:
            setattr(suite, test, None)
