from __future__ import annotations

import logging
from pathlib import Path

import pytest
from nornir.core.inventory import ConnectionOptions
from nornir.plugins.inventory import SimpleInventory

from inventory.errors import NoNeighbourError, SourceError
from inventory.export import ExportError, render, write
from inventory.nornir_hosts import build_inventory, collect, group_names
from nornir_config.inventory_plugin import SiteInventory
from tests.unit.inventory.fakes import HV50, HV51, SW1, SW3, Fake, uplink


def test_hosts_are_the_switches() -> None:
    built = build_inventory(Fake().site(), username="root", port=2222)
    assert built.problems == ()
    (host,) = built.inventory.hosts.values()
    assert (host.name, host.hostname, host.platform) == (SW3, "10.5.0.43", "cumulus")
    assert (host.username, host.port) == ("root", 2222)
    assert [group.name for group in host.groups] == ["model_sn2100", "site_ral"]
    assert host.data["hypervisors"] == [HV50, HV51]
    assert host.data["uplinks"][0] == {
        "hypervisor": HV50,
        "interface": "eth0",
        "port": "swp1s3",
        "observed": "2018-03-11",
        "source": "Mimic/MagDB",
    }


def test_groups_by_name() -> None:
    pattern = r"^swt-(?P<model>\w+)-(?P<rack>r\d+)-"
    assert group_names("swt-sn2100-r07-1", "ral", pattern) == (
        "rack_r07",
        "model_sn2100",
        "site_ral",
    )
    assert group_names("other", "ral", pattern) == ("site_ral",)


def test_a_switch_without_address_is_left_out_and_told() -> None:
    fake = Fake(switches={SW3: "10.5.0.43"})
    fake.uplinks[HV51] = (uplink(HV51, SW1),)
    built = build_inventory(fake.site())
    assert list(built.inventory.hosts) == [SW3]
    (problem,) = built.problems
    assert SW1 in problem
    assert HV51 in problem


def test_a_hypervisor_that_fails_is_told() -> None:
    fake = Fake()
    fake.uplinks[HV51] = SourceError("Fake", "its drawing is broken.")
    built = build_inventory(fake.site())
    assert built.inventory.hosts[SW3].data["hypervisors"] == [HV50]
    assert built.problems == ("Fake: its drawing is broken.",)


def test_no_host_at_all_is_an_error() -> None:
    with pytest.raises(SourceError, match="not one of the 1 switches"):
        collect(Fake(switches={}).site())


def test_most_hypervisors_blind_at_once_is_an_outage() -> None:
    fake = Fake()
    blind = NoNeighbourError("Fake", "Unknown Switch.")
    fake.uplinks |= {f"hv{i}.example": blind for i in range(3)}
    with pytest.raises(SourceError, match="behind 3 of 5 hypervisors"):
        collect(fake.site())
    del fake.uplinks["hv0.example"]
    found = collect(fake.site())
    assert found.problems == ("2 hypervisors (hv1, hv2): Fake: Unknown Switch.",)
    assert found.details == (
        "hv1.example: Fake: Unknown Switch.",
        "hv2.example: Fake: Unknown Switch.",
    )


def test_short_and_full_spellings_are_one_switch() -> None:
    fake = Fake()
    fake.uplinks[HV51] = (uplink(HV51, "swt-sn2100-03"),)
    (answer,) = collect(fake.site()).switches
    assert answer.value.name == SW3
    assert len(answer.value.uplinks) == 2


def test_two_switches_at_one_address_are_left_out() -> None:
    fake = Fake(switches={SW3: "10.5.0.43", SW1: "10.5.0.43", "sw9.example": "10.5.0.49"})
    fake.uplinks[HV51] = (uplink(HV51, SW1), uplink(HV51, "sw9.example", interface="eth1"))
    found = collect(fake.site())
    assert [answer.value.name for answer in found.switches] == ["sw9.example"]
    assert SW1 in found.problems[0]
    assert SW3 in found.problems[0]


def test_the_files_load_again_and_are_the_same_each_time(tmp_path: Path) -> None:
    fake = Fake()
    fake.uplinks[HV51] = (uplink(HV51, SW1, observed=None),)
    inventory = build_inventory(fake.site(), username="root", port=22).inventory
    inventory.defaults.password = "hush"
    inventory.defaults.connection_options["napalm"] = ConnectionOptions(extras={"passphrase": "x"})
    paths = write(inventory, tmp_path / "new" / "dir")
    loaded = SimpleInventory(*(str(path) for path in paths)).load()
    inventory.defaults.password = None
    inventory.defaults.connection_options.clear()
    assert loaded.dict() == inventory.dict()
    assert "hush" not in "".join(path.read_text() for path in paths)
    fake.uplinks = dict(reversed(fake.uplinks.items()))
    again = build_inventory(fake.site(), username="root", port=22).inventory
    assert render(again) == {path.name: path.read_text() for path in paths}
    assert set((tmp_path / "new" / "dir").iterdir()) == set(paths)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"hosts\.yaml"):
        write(build_inventory(Fake().site()).inventory, tmp_path / "file")


def test_the_plugin_logs_what_it_left_out(caplog: pytest.LogCaptureFixture) -> None:
    fake = Fake()
    fake.uplinks[HV51] = SourceError("Fake", "broken.")
    plugin = SiteInventory(site=fake.site())
    with caplog.at_level(logging.WARNING):
        assert list(plugin.load().hosts) == [SW3]
    assert "broken" in caplog.text
    assert plugin.built is not None
    assert len(plugin.built.problems) == 1
