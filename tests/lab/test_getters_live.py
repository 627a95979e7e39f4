"""Getters of a live leaf: with old tools as with new ones, and many in one round trip."""

from __future__ import annotations

import time
from typing import Any

import pytest
from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.plugins.runners import SerialRunner

from lab.lab import Lab
from napalm_cumulus import CumulusDriver
from napalm_cumulus.getters import methods
from napalm_cumulus.parsing import lldp_text
from napalm_cumulus.result import CommandResult
from tasks.getters import get
from tests.lab.switch import LeafUnderTest, PastTheNetwork

#: `ip` and `bridge` of Cumulus 3, which do not know -j.
_OLD = """\
ip() { case " $* " in *" -j "*) return 255;; esac; command ip "$@"; }
bridge() { case " $* " in *" -j "*) return 255;; esac; command bridge "$@"; }
"""
WITHOUT_JSON = [
    "get_interfaces",
    "get_interfaces_ip",
    "get_interfaces_counters",
    "get_network_instances",
    "get_arp_table",
    "get_ipv6_neighbors_table",
    "get_mac_address_table",
    "get_vlans",
    "get_route_to",
    "get_lldp_neighbors",
    "get_lldp_neighbors_detail",
]
SEVERAL = ["get_facts", "get_interfaces", "get_arp_table", "get_users", "get_config", "get_vlans"]


def lies_between(first: Any, middle: Any, last: Any) -> bool:
    """Whether all is the same, but for numbers that have moved from the first to the last."""
    if isinstance(middle, dict) and isinstance(first, dict) and isinstance(last, dict):
        return first.keys() == middle.keys() == last.keys() and all(
            lies_between(first[key], value, last[key]) for key, value in middle.items()
        )
    if isinstance(middle, list) and isinstance(first, list) and isinstance(last, list):
        return len(first) == len(middle) == len(last) and all(
            map(lies_between, first, middle, last)
        )
    if isinstance(middle, (int, float)) and not isinstance(middle, bool):
        low, high = sorted((first, last))
        return bool(low <= middle <= high)
    return bool(first == middle == last)


@pytest.mark.parametrize("getter", WITHOUT_JSON)
def test_text_says_what_json_says(well: Lab, getter: str) -> None:
    leaf = PastTheNetwork(well, "03")
    leaf.run("ping -c 1 10.5.0.250")  # something for the ARP table
    question = methods.ask(getter)
    assert question is not None

    def answer(prelude: str) -> Any:
        results = []
        for command in question.commands:
            run = "lldpctl -f keyvalue" if prelude and command == lldp_text.COMMAND else command
            done = leaf.run(prelude + run)
            results.append(CommandResult(command, done.exit_status, done.stdout, done.stderr))
        return question.parse(results), results

    # Ages and counters move on between two readings: the text is read between two of JSON.
    for _ in range(10):
        (new, _), (old, said), (newer, _) = answer(""), answer(_OLD), answer("")
        if lies_between(new, old, newer):
            break
        time.sleep(0.2)
    assert lies_between(new, old, newer), (new, old, newer)
    assert new or getter == "get_ipv6_neighbors_table"
    assert not any(result.stdout.startswith(b"[") for result in said)


class Counted:
    """A session whose round trips are counted."""

    def __init__(self, driver: CumulusDriver) -> None:
        self.inner = driver._transport
        assert self.inner is not None
        self.runs = 0
        driver._transport = self

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        self.runs += 1
        assert self.inner is not None
        return self.inner.run(command, stdin=stdin, timeout=timeout)

    def is_alive(self) -> bool:
        return True

    def close(self) -> None:
        assert self.inner is not None
        self.inner.close()


def test_many_getters_cost_one_round_trip(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    session = Counted(driver)
    together = driver._get_many({name: {} for name in SEVERAL})
    assert session.runs == 1
    alone = {name: getattr(driver, name)() for name in SEVERAL}
    assert session.runs == 1 + len(SEVERAL)
    for name in ("get_users", "get_config", "get_vlans"):
        assert together[name] == alone[name]
    assert together["get_facts"].keys() == alone["get_facts"].keys()


def test_the_nornir_task_and_a_validation_cost_one_round_trip(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    session = Counted(driver)
    nornir = _nornir(driver)
    options = {"get_arp_table": {"vrf": "default"}}
    (result,) = nornir.run(task=get, getters=SEVERAL, getters_options=options).values()
    assert set(result[0].result) == set(SEVERAL)
    assert session.runs == 1
    rules = [
        {"get_facts": {"vendor": "Cumulus"}},
        {"get_interfaces": {"vlan453-v0": {"is_up": True}}},
        {"get_arp_table": {"_kwargs": {"vrf": "default"}, "list": []}},
        {"get_probes_config": {}},
    ]
    report = driver.compliance_report(validation_source=rules)  # type: ignore[arg-type]  # NAPALM's annotation is of a path
    assert report["complies"]
    assert report["skipped"] == ["get_probes_config"]
    assert session.runs == 2


class _Given:
    """A connection that stands already."""

    def __init__(self, driver: CumulusDriver) -> None:
        self.connection = driver


def _nornir(driver: CumulusDriver) -> Nornir:
    host = Host(name="leaf", platform="cumulus")
    host.connections["napalm"] = _Given(driver)  # type: ignore[assignment]  # all that is asked of it
    inventory = Inventory(hosts=Hosts({"leaf": host}), groups=Groups(), defaults=Defaults())
    return Nornir(inventory=inventory, runner=SerialRunner())
