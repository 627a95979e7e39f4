"""Our clients against the lab's stand-ins, which were written from the contracts by others."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from nornir import InitNornir

from inventory.errors import (
    AmbiguousSwitchError,
    SourceError,
    TargetError,
    UnknownSwitchError,
)
from inventory.nornir_hosts import collect
from inventory.settings import OpenStackSettings
from inventory.site import open_site
from inventory.sources.openstack.source import OpenStackSource
from inventory.target import resolve
from lab.standins import Faults, StandIns
from lab.topology.default import VmSpec
from lab.topology.large import large_cloud
from tests.unit.inventory.sources.conftest import Bench


def ip_of(spec: VmSpec) -> str:
    assert spec.address is not None
    return str(spec.address.ip)


def test_the_subnet_page(bench: Bench) -> None:
    for subnets in (("10.5.0.0/24",), "all"):
        source = bench.subnet_page(subnets=subnets)
        for leaf in bench.topology.leafs:
            found = source.address_of(leaf.name).value
            assert (found.name, found.address) == (leaf.name, leaf.address.ip)
            assert source.address_of(leaf.short_name).value == found


SUBNET_FAILS = {
    "not-the-asked-subnet": SourceError,
    "no-table": SourceError,
    "page-cut-off": SourceError,
    "empty-body": SourceError,
    "login-page": SourceError,
    "login-required": SourceError,
    "http-500": SourceError,
    "switch-missing": UnknownSwitchError,
    "two-addresses": AmbiguousSwitchError,
}


@pytest.mark.parametrize("fault", SUBNET_FAILS)
def test_the_subnet_page_failing(bench: Bench, fault: str) -> None:
    bench.faults["subnet-page"] = fault
    with pytest.raises(SourceError) as caught:
        bench.subnet_page().address_of(bench.topology.leafs[0].name)
    assert type(caught.value) is SUBNET_FAILS[fault]


@pytest.mark.parametrize(
    "fault",
    ["reordered-columns", "short-names", "several-names", "upper-case-names", "trailing-dot"],
)
def test_the_subnet_page_in_other_dress(bench: Bench, fault: str) -> None:
    bench.faults["subnet-page"] = fault
    leaf = bench.topology.leafs[0]
    assert bench.subnet_page().address_of(leaf.name).value.address == leaf.address.ip


def test_never_seen_is_a_warning(bench: Bench) -> None:
    bench.faults["subnet-page"] = "never-seen"
    assert "never been seen" in bench.subnet_page().address_of(bench.topology.leafs[0].name).warning


def test_every_vm_by_name_id_and_address(bench: Bench) -> None:
    source = bench.openstack()
    for spec in bench.topology.vms:
        (found,) = source.find_vms(spec.uuid.upper()).value
        assert (found.id, found.name, found.status) == (spec.uuid, spec.name, spec.status)
        assert found.hypervisor == (spec.hypervisor or "")
        by_name = source.find_vms(spec.name).value
        assert found in by_name
        assert len(by_name) == [vm.name for vm in bench.topology.vms].count(spec.name)
        if found.addresses:
            assert found.addresses == (spec.address,)
            assert source.find_vms(ip_of(spec)).value == (found,)
        if spec.floating:
            assert found.floating_addresses == (spec.floating,)
            assert source.find_vms(str(spec.floating)).value == (found,)


def test_the_vms_of_a_hypervisor(bench: Bench) -> None:
    for host in bench.topology.hypervisors:
        expected = {vm.uuid for vm in bench.topology.vms if vm.hypervisor == host.name}
        for name in (host.name, host.short_name, host.name.upper()):
            assert {vm.id for vm in bench.openstack().vms_on(name).value} == expected
    with pytest.raises(TargetError, match="none of its"):
        bench.openstack().vms_on("hv99")


@pytest.mark.parametrize(
    "target",
    ["vm-zz", "VM-A1", "vm-a", "a|b", "vm-(", "*", "detail", "../os-hypervisors", "9.9.9.9"],
)
def test_what_is_not_there_is_not_there(bench: Bench, target: str) -> None:
    assert bench.openstack().find_vms(target).value == ()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("keystone-down", "HTTP 503"),
        ("keystone-refused", "there was no answer from Keystone at 127.0.0.1"),
        ("wrong-password", "HTTP 401, the login was refused"),
        ("wrong-region", "configuration cannot be used|RegionOne region not found"),
        ("nova-500", "HTTP 500"),
        ("nova-429", "HTTP 429"),
        ("nova-refused", "there was no answer from Nova at 127.0.0.1:.* Remote end closed"),
        ("neutron-down", "Nova gave HTTP 500: keystoneauth1.exceptions.connection.ConnectFailure"),
        ("cell-down", "HTTP 500: oslo_db.exception.DBConnectionError|its cell's database is down"),
        ("not-admin", "not allowed|not an administrator"),
        ("html-answer", "not JSON|partial answer"),
        ("empty-body", "not JSON|partial answer"),
    ],
)
def test_openstack_failing(bench: Bench, fault: str, says: str) -> None:
    bench.faults["openstack"] = fault
    spec = bench.topology.vms[0]
    for target in (spec.name, spec.uuid):
        with pytest.raises(SourceError, match=rf"asked for the VM .*({says})") as caught:
            bench.openstack().find_vms(target)
        assert not caught.value.sound
        assert bench.topology.cloud.password not in str(caught.value) + caught.value.advice


def test_the_service_that_is_really_down_is_named(bench: Bench) -> None:
    for fault, target, advice in (
        ("neutron-down", "vm-a1", "Neutron, which it asks about its VMs, does not answer"),
        ("neutron-503", bench.topology.vms[0].uuid, "Neutron, which it asks about its VMs"),
        ("cell-down", "vm-a1", "A database behind Nova is down"),
        ("nova-503", "vm-a1", "Nova is down, or a service behind it"),
        ("keystone-down", "vm-a1", "Keystone is down, or a service behind it"),
    ):
        bench.faults["openstack"] = fault
        with pytest.raises(SourceError) as caught:
            bench.openstack().find_vms(target)
        assert advice in caught.value.advice, fault
    bench.faults["openstack"] = "neutron-hang"
    with pytest.raises(SourceError, match="and Nova did not answer in time") as caught:
        bench.openstack(timeout=0.5).find_vms("vm-a1")
    assert "Neutron, a cell's database, a compute host" in caught.value.advice
    with pytest.raises(SourceError, match="and Neutron did not answer in time"):
        bench.openstack(timeout=0.5).find_vms("130.246.213.11")
    with pytest.raises(SourceError, match=r"not answered after 2 s; Neutron was the last to be"):
        bench.openstack(timeout=20, deadline=2).find_vms("130.246.213.11")


def test_a_compute_host_that_hangs_does_not_hide_the_vms_of_others(bench: Bench) -> None:
    bench.faults["openstack"] = "compute-hang"
    assert bench.openstack(timeout=1).vms_on("hv50").value
    assert bench.openstack(timeout=1).find_vms("vm-zz").value == ()


def test_connections_that_are_reset_are_not_noticed(bench: Bench) -> None:
    spec = bench.topology.vms[0]
    bench.faults["openstack"] = "keep-alive-reset"
    source = bench.openstack()
    for target in (spec.name, spec.uuid, ip_of(spec)):
        assert [vm.name for vm in source.find_vms(target).value] == [spec.name]
    assert source.vms_on("hv50").value


def test_a_name_that_looks_like_an_address(bench: Bench) -> None:
    assert bench.openstack().vms_named(ip_of(bench.topology.vms[0])).value == ()
    assert len(bench.openstack().vms_named("twin").value) == 2


def test_the_vms_of_a_hypervisor_are_two_requests_more(tmp_path: Path) -> None:
    topology = large_cloud(8, 880)
    with StandIns(topology, Faults(), local=True, quiet=True) as served:
        clouds = tmp_path / "clouds.yaml"
        clouds.write_text(json.dumps({"clouds": {"lab": served.cloud_config()}}))
        source = OpenStackSource(OpenStackSettings(cloud="lab", clouds_file=clouds))
        first = source.vms_on("hv100").value
        begun = sum(served.asked.values())
        assert begun <= 9  # versions, a login, the hypervisors, the subnet
        for host in topology.hypervisors[1:]:
            source.vms_on(host.name)
        # The servers, and their ports in portions of 100; neither subnets nor hypervisors again.
        assert sum(served.asked.values()) - begun == 7 * 3
    expected = [vm for vm in topology.vms if vm.hypervisor == topology.hypervisors[0].name]
    assert [(vm.name, vm.addresses, vm.macs) for vm in first] == [
        (vm.name, (vm.address,), (vm.mac,)) for vm in expected
    ]


def test_a_member_is_told_so_whatever_is_asked(bench: Bench) -> None:
    bench.faults["openstack"] = "not-admin"
    for target in ("vm-zz", "9.9.9.9", ip_of(bench.topology.vms[0])):
        with pytest.raises(SourceError, match=r"not an administrator|not allowed"):
            bench.openstack().find_vms(target)


def test_whose_a_mac_is(bench: Bench) -> None:
    spec = next(vm for vm in bench.topology.vms if vm.name == "vm-b1")
    (owner,) = bench.openstack().owners_of([spec.mac.upper(), "fa:16:3e:00:00:00"]).value
    assert owner.vm is not None
    assert (owner.mac, owner.vm.id, owner.vm.name) == (spec.mac, spec.uuid, "vm-b1")
    assert owner.vm.hypervisor == spec.hypervisor


def test_nobody_who_may_not_see_all_ports_is_believed_that_there_is_none(bench: Bench) -> None:
    assert bench.openstack().owners_of(["fa:16:3e:00:00:00"]).value == ()
    bench.faults["openstack"] = "not-admin"
    with pytest.raises(SourceError, match=r"not an administrator|not allowed"):
        bench.openstack().owners_of(["fa:16:3e:00:00:00"])


def test_openstack_hanging_is_given_up_at_the_deadline(bench: Bench) -> None:
    bench.faults["openstack"] = "slow"
    with pytest.raises(SourceError, match=r"not answered after 0\.4 s"):
        bench.openstack(deadline=0.4).find_vms("vm-a1")


def test_a_renewed_token_is_not_noticed(bench: Bench) -> None:
    bench.faults["openstack"] = "token-expired"
    assert bench.openstack().find_vms(bench.topology.vms[0].name).value


def test_one_address_in_two_projects_gives_both(bench: Bench) -> None:
    bench.faults["openstack"] = "duplicate-address"
    assert len(bench.openstack().find_vms(ip_of(bench.topology.vms[0])).value) == 2


def test_no_such_cloud_and_no_such_file(bench: Bench, tmp_path: Path) -> None:
    for settings in (
        OpenStackSettings(cloud="nope", clouds_file=bench.clouds),
        OpenStackSettings(cloud="lab", clouds_file=tmp_path / "none.yaml"),
    ):
        with pytest.raises(SourceError, match=r"nope|none\.yaml"):
            OpenStackSource(settings).find_vms("vm-a1")


def test_the_whole_way_and_again_with_everything_down(bench: Bench, tmp_path: Path) -> None:
    spec = bench.topology.vms[0]
    leaf = bench.topology.leaf_of(spec)
    fresh = resolve(open_site(bench.context(), tmp_path), spec.name)
    assert [(s.value.name, s.value.address) for s in fresh.switches] == [
        (leaf.name, leaf.address.ip)
    ]
    assert fresh.warnings == ()
    bench.faults.update({"mimic": "http-500", "subnet-page": "http-500", "openstack": "nova-500"})
    kept = resolve(open_site(bench.context(), tmp_path), spec.name)
    assert kept.hypervisor == fresh.hypervisor
    assert kept.switches[0].value == fresh.switches[0].value
    assert kept.vm is not None
    assert kept.vm.cached
    assert kept.uplinks is not None
    assert kept.uplinks.cached
    assert kept.switches[0].cached
    assert len(kept.warnings) >= 3


def test_the_whole_site(bench: Bench) -> None:
    found = collect(open_site(bench.context(), None))
    used = {host.leaf for host in bench.topology.hypervisors}
    assert {answer.value.name for answer in found.switches} == {
        bench.topology.leaf(leaf).name for leaf in used
    }
    assert (found.problems, found.warnings) == ((), ())
    bench.faults["mimic"] = "links-table-missing"
    with pytest.raises(SourceError, match="outage of its own"):
        collect(open_site(bench.context(), None))


def test_nornir_starts_from_the_settings_file(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("VIPKEEPER_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "vipkeeper.toml"
    file.write_text(
        f'[mimic]\nurl = "{bench.served.mimic_url}"\n'
        f'[subnet_page]\nurl = "{bench.served.subnet_page_url}"\n'
        f'[openstack]\ncloud = "lab"\nclouds_file = "{bench.clouds}"\n'
        f'[paths]\ncache = "{tmp_path / "cache"}"\n[ssh]\nusername = "ops"\nport = 2222\n'
    )
    with InitNornir(
        inventory={"plugin": "SiteInventory", "options": {"settings": str(file)}},
        logging={"enabled": False},
    ) as nornir:
        leaf = bench.topology.leaf(bench.topology.hypervisors[0].leaf)
        host = nornir.inventory.hosts[leaf.name]
        assert (host.hostname, host.username, host.port) == (str(leaf.address.ip), "ops", 2222)
        assert host.has_parent_group("model_sn2100")
    assert list((tmp_path / "cache").rglob("*.json"))
