"""Our client against the stand-in for Mimic, which others wrote from the contract."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from inventory.cached_sources import CachedUplink
from inventory.disk_cache import Cache
from inventory.errors import (
    NoAnswerError,
    NoNeighbourError,
    SourceError,
    UnknownHypervisorError,
)
from inventory.nornir_hosts import collect
from inventory.site import open_site
from inventory.target import resolve
from tests.unit.inventory.sources.conftest import Bench

VARIANTS = ("v2018", "v2022", "head", "headraw")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_hypervisor_is_found_behind_its_leaf(bench: Bench, variant: str) -> None:
    bench.faults["mimic-variant"] = variant
    source = bench.mimic()
    for host in bench.topology.hypervisors:
        answer = source.uplinks_of(host.name)
        (uplink,) = answer.value
        assert (uplink.switch, uplink.port, uplink.interface) == (
            bench.topology.leaf(host.leaf).name,
            host.port,
            host.interface,
        )
        assert ("could not be read" in answer.warning) == (variant == "headraw")


MIMIC_FAILS = {
    "postgres-down": SourceError,
    "mysql-down": SourceError,
    "graphviz-empty": SourceError,
    "oui-missing": SourceError,
    "page-cut-off": SourceError,
    "svg-cut-off": SourceError,
    "html-instead": SourceError,
    "login-required": SourceError,
    "http-500": SourceError,
    "refused": NoAnswerError,
    "links-table-missing": NoNeighbourError,
    "no-lldp-name": NoNeighbourError,
    "host-unknown": UnknownHypervisorError,
    "stub-record": UnknownHypervisorError,
    "quoted-port": SourceError,
    "bond-details": SourceError,
}
#: A section of NetBox makes every "no" uncertain.
WITHOUT_NETBOX = ("v2018",)


@pytest.mark.parametrize("variant", ["v2018", "v2022"])
@pytest.mark.parametrize("fault", MIMIC_FAILS)
def test_a_dressed_up_failure_of_mimic_is_one(bench: Bench, fault: str, variant: str) -> None:
    bench.faults.update({"mimic": fault, "mimic-variant": variant})
    with pytest.raises(SourceError) as caught:
        bench.mimic().uplinks_of(bench.topology.hypervisors[0].name)
    expected = MIMIC_FAILS[fault]
    if expected is UnknownHypervisorError and variant not in WITHOUT_NETBOX:
        expected = SourceError
    assert type(caught.value) is expected
    assert caught.value.advice


@pytest.mark.parametrize("fault", ["quoted-port", "bond-details", "graphviz-empty"])
@pytest.mark.parametrize("variant", ["v2018", "v2022", "headraw"])
def test_a_drawing_that_graphviz_refused_is_called_that(
    bench: Bench, fault: str, variant: str
) -> None:
    bench.faults.update({"mimic": fault, "mimic-variant": variant})
    host = bench.topology.hypervisors[0].name
    with pytest.raises(SourceError, match=rf"graphviz of Mimic refused to draw {host}") as caught:
        bench.mimic().uplinks_of(host)
    assert not caught.value.sound


@pytest.mark.parametrize("variant", ["v2018", "v2022", "head", "headraw"])
@pytest.mark.parametrize("fault", ["php8", "rack-power-missing"])
def test_what_a_healthy_page_says_of_php_does_not_matter(
    bench: Bench, fault: str, variant: str
) -> None:
    bench.faults.update({"mimic": fault, "mimic-variant": variant})
    for host in bench.topology.hypervisors:
        (uplink,) = bench.mimic().uplinks_of(host.name).value
        assert (uplink.switch, uplink.port, uplink.source) == (
            bench.topology.leaf(host.leaf).name,
            host.port,
            "Mimic/MagDB",
        )


def test_an_unknown_host_on_newer_php_is_unknown(bench: Bench) -> None:
    bench.faults["mimic"] = ["php8", "host-unknown"]
    with pytest.raises(UnknownHypervisorError):
        bench.mimic().uplinks_of(bench.topology.hypervisors[0].name)


@pytest.mark.parametrize("fault", ["netbox-down", "netbox-refused", "netbox-stub"])
@pytest.mark.parametrize("variant", ["v2022", "head", "headraw"])
def test_a_no_of_netbox_is_no_proof_and_the_kept_answer_serves(
    bench: Bench, tmp_path: Path, fault: str, variant: str
) -> None:
    host = bench.topology.hypervisors[0]
    bench.faults["mimic-variant"] = variant
    cached = CachedUplink(bench.mimic(), Cache(tmp_path))
    fresh = cached.uplinks_of(host.name)
    bench.faults["mimic"] = [fault, "host-unknown"]
    with pytest.raises(SourceError) as caught:
        bench.mimic().uplinks_of(host.name)
    assert (caught.value.sound, caught.value.exit_code) == (False, 4)
    assert '"Host not in magDB."' in str(caught.value)
    assert ("Stub Record - No obj" if "stub" in fault else "Host not in Netbox.") in str(
        caught.value
    )
    kept = cached.uplinks_of(host.name)
    assert (kept.value, kept.cached) == (fresh.value, True)
    assert '"Host not in magDB."' in kept.warning


def test_netbox_never_takes_the_place_of_a_kept_lldp_answer(bench: Bench, tmp_path: Path) -> None:
    host = bench.topology.hypervisors[0]
    bench.faults["mimic-variant"] = "head"
    cached = CachedUplink(bench.mimic(), Cache(tmp_path))
    fresh = cached.uplinks_of(host.name)
    bench.faults["mimic"] = "host-unknown"
    recorded = cached.uplinks_of(host.name)
    assert {uplink.source for uplink in recorded.value} == {"Mimic/NetBox"}
    bench.faults["mimic"] = "http-500"
    assert cached.uplinks_of(host.name).value == fresh.value


@pytest.mark.parametrize(
    "fault", ["aquilon-down", "nothing-matches", "display-errors", "json-cut-off", "html-instead"]
)
def test_a_list_that_fails_is_not_empty(bench: Bench, fault: str) -> None:
    bench.faults["mimic"] = fault
    with pytest.raises(SourceError) as caught:
        bench.mimic().list_hypervisors()
    assert not caught.value.sound


def test_unknown_is_not_believed_while_the_list_is_away(bench: Bench) -> None:
    bench.faults["mimic"] = ["aquilon-down", "host-unknown"]
    with pytest.raises(SourceError) as caught:
        bench.mimic().uplinks_of(bench.topology.hypervisors[0].name)
    assert not caught.value.sound


@pytest.mark.parametrize("spelling", [str.upper, str.lower, lambda name: name.split(".")[0]])
@pytest.mark.parametrize("fault", ["", "upper-case-names"])
def test_spellings(bench: Bench, spelling: object, fault: str) -> None:
    assert callable(spelling)
    bench.faults["mimic"] = fault
    name = bench.topology.hypervisors[0].name
    assert bench.mimic().uplinks_of(spelling(name)).value[0].hypervisor == name


def test_dates_bonds_and_the_bmc(bench: Bench) -> None:
    host = bench.topology.hypervisors[0]
    leaf = bench.topology.leaf(host.leaf).name
    bench.faults["mimic"] = ["stale-second-link", "bmc-cabled"]
    assert [u.switch for u in bench.mimic().uplinks_of(host.name).value] == [leaf]
    bench.faults["mimic"] = "old-links"
    observed = bench.mimic().uplinks_of(host.name).value[0].observed
    assert observed is not None
    assert observed < date.today() - timedelta(days=50)  # noqa: DTZ011  # weeks matter, not hours
    bench.faults["mimic"] = "no-date"
    assert bench.mimic().uplinks_of(host.name).value[0].observed is None
    bench.faults["mimic"] = "no-port-text"
    assert bench.mimic().uplinks_of(host.name).value[0].port == ""
    bench.faults["mimic"] = "bond"
    assert len({u.switch for u in bench.mimic().uplinks_of(host.name).value}) == 2


def test_a_row_that_is_left_out_is_told_on_the_way_and_in_the_inventory(bench: Bench) -> None:
    bench.faults["mimic"] = "stale-second-link"
    site = open_site(bench.context(), None)
    told = resolve(site, "vm-a1").warnings, collect(site).details
    host, *others = bench.topology.hypervisors
    for warnings in told:
        assert any(f"{host.name} eth0: an LLDP row that is not" in text for text in warnings)
    # In the inventory, each hypervisor's own.
    assert all(any(other.name in text for text in told[1]) for other in others)


def test_opennebula_has_a_view_of_its_own(bench: Bench) -> None:
    bench.faults["mimic"] = "opennebula-site"
    names = tuple(sorted(host.name for host in bench.topology.hypervisors))
    assert bench.mimic(views=("openstack", "opennebula")).list_hypervisors().value == names
    assert bench.mimic().list_hypervisors().value == names
    with pytest.raises(SourceError, match="no panel of hypervisors"):
        bench.mimic(views=("openstack",)).list_hypervisors()


def test_a_hypervisor_that_only_the_opennebula_view_has(bench: Bench) -> None:
    bench.faults["mimic"] = "opennebula-beside"
    host = bench.topology.hypervisors[-1]
    short = host.name.split(".")[0]
    (uplink,) = bench.mimic().uplinks_of(short).value
    assert (uplink.hypervisor, uplink.port) == (host.name, host.port)
    with pytest.raises(UnknownHypervisorError):
        bench.mimic(views=("openstack",)).uplinks_of(short)


@pytest.mark.parametrize("variant", ["v2018", "v2022", "head"])
def test_a_view_that_newer_mimics_do_not_have_is_not_missed(bench: Bench, variant: str) -> None:
    bench.faults["mimic-variant"] = variant
    answer = bench.mimic().list_hypervisors()
    assert answer.value == tuple(sorted(host.name for host in bench.topology.hypervisors))
    assert answer.warning == ""


@pytest.mark.parametrize("variant", ["v2018", "v2022", "head", "headraw"])
def test_swapped_cables_keep_the_true_leaf(bench: Bench, variant: str) -> None:
    bench.faults.update({"mimic": "swapped-bond", "mimic-variant": variant})
    for host in bench.topology.hypervisors:
        answer = bench.mimic().uplinks_of(host.name)
        ends = {(uplink.interface, uplink.switch) for uplink in answer.value}
        assert (host.interface, bench.topology.leaf(host.leaf).name) in ends
        assert len(ends) == 4
        assert {uplink.observed for uplink in answer.value} == {None}
        assert f"{host.name}: the dates in Mimic do not tell which cable" in answer.warning


@pytest.mark.parametrize("variant", ["v2018", "v2022", "head", "headraw"])
def test_two_cables_to_one_leaf_have_no_date(bench: Bench, variant: str) -> None:
    bench.faults.update({"mimic": "lag", "mimic-variant": variant})
    host = bench.topology.hypervisors[0]
    uplinks = bench.mimic().uplinks_of(host.name).value
    assert {u.switch for u in uplinks} == {bench.topology.leaf(host.leaf).name}
    assert [u.interface for u in uplinks] == ["eth0", "eth1"]
    assert {u.observed for u in uplinks} == {None}


@pytest.mark.parametrize("variant", ["v2018", "v2022", "head"])
@pytest.mark.parametrize(
    ("fault", "note"),
    [
        ("odd-port-texts", "the port of eth0 is not known"),
        ("trailing-dot", ""),
        ("upper-case-switches", ""),
        ("short-beside-full", ""),
        ("localhost-row", 'calls itself "localhost (none)"'),
        ("stray-neighbour", "The neighbour swt-stray-77.example.internal of "),
    ],
)
def test_odd_texts_hide_no_hypervisor(bench: Bench, fault: str, note: str, variant: str) -> None:
    bench.faults.update({"mimic": fault, "mimic-variant": variant})
    site = open_site(bench.context(), None)
    for host in bench.topology.hypervisors:
        leaf = bench.topology.leaf(host.leaf)
        chain = resolve(site, f"hypervisor:{host.name}")
        (switch,) = chain.switches
        assert switch.value.address == leaf.address.ip
        (uplink,) = switch.value.uplinks
        assert uplink.switch.casefold() == leaf.name
        assert uplink.port == ("" if fault == "odd-port-texts" else host.port)
        assert len(chain.warnings) == bool(note)
        assert all(host.name in text and note in text for text in chain.warnings)


def test_names_of_one_switch_are_one_switch_of_the_inventory(bench: Bench) -> None:
    used = {bench.topology.leaf(host.leaf).name for host in bench.topology.hypervisors}
    for fault in ("trailing-dot", "upper-case-switches", "short-beside-full", "localhost-row"):
        bench.faults["mimic"] = fault
        found = collect(open_site(bench.context(), None))
        assert {answer.value.name.casefold() for answer in found.switches} == used
        assert found.problems == ()


def test_a_broken_netbox_does_not_matter_while_magdb_answers(bench: Bench) -> None:
    for fault in ("netbox-down", "netbox-refused", "netbox-stub", "netbox-uncabled"):
        bench.faults.update({"mimic": fault, "mimic-variant": "head"})
        answer = bench.mimic().uplinks_of(bench.topology.hypervisors[0].name)
        assert (answer.value[0].source, answer.warning) == ("Mimic/MagDB", "")
