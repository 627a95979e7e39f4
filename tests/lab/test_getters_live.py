"""Many getters of a live leaf in one round trip."""

from __future__ import annotations

from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.plugins.runners import SerialRunner

from napalm_cumulus import CumulusDriver
from napalm_cumulus.result import CommandResult
from tasks.getters import get
from tests.lab.switch import LeafUnderTest

SEVERAL = ["get_facts", "get_interfaces", "get_arp_table", "get_users", "get_config", "get_vlans"]


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
