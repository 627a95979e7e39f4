"""``vip find``: the switches say behind which of them a VM, a hypervisor or a MAC is."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from napalm.base.exceptions import ConnectAuthError, ConnectTimeoutError

from inventory.leafs import LeafMemory
from tests.unit.inventory.fakes import HV50, SW1, SW3, uplink, vm
from tests.unit.runbooks.conftest import World
from tests.unit.tasks.fakes import VM_MAC, FakeSwitch, lldp

ADDRESS = "130.246.213.11"
SCHEMA = json.loads((Path(__file__).parents[4] / "docs/schemas/find-1.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
NEAR: list[Any] = [{"mac": VM_MAC, "ifname": "swp1s3", "flags": [], "master": "br", "state": ""}]
ENTRY: list[Any] = [{"dst": ADDRESS, "dev": "vlan453", "lladdr": VM_MAC, "state": ["STALE"]}]


def far(vtep: str) -> list[Any]:
    return [{"mac": VM_MAC, "ifname": "vni10453", "dst": vtep, "flags": [], "state": ""}]


def vxlan(vtep: str) -> Any:
    link = {"ifname": "vni10453", "flags": ["UP"], "mtu": 9000, "address": "02:00:00:00:00:09"}
    info = {"info_kind": "vxlan", "info_data": {"id": 10453, "local": vtep}}
    return {**link, "linkinfo": info}


@pytest.fixture
def two(world: World) -> World:
    """Two leafs: hv50 with vm-a1 is behind -03, hv60 behind -01."""
    hv60 = HV50.replace("hv50", "hv60")
    world.site.uplinks[hv60] = (uplink(hv60, SW1, observed=None),)
    world.leaf.fdb = NEAR
    world.leaf.links.append(vxlan("10.0.0.11"))
    other = world.switches["10.5.0.41"]
    other.lldp = lldp(("swp1s3", hv60))
    other.fdb = far("10.0.0.11")
    other.links.append(vxlan("10.0.0.12"))
    return world


def other(world: World) -> FakeSwitch:
    return world.switches["10.5.0.41"]


def no_sources(world: World) -> None:
    world.site.broken = {"find_vms", "vms_on", "uplinks_of", "list_hypervisors", "address_of"}
    world.site.broken.add("owners_of")


def find(world: World, *words: str, code: int = 0) -> Any:
    ended = world.vip("find", *words, "-f", "json")
    assert ended.exit_code == code, ended.output
    told = json.loads(ended.stdout)
    VALIDATOR.validate(told)
    assert told["exit_code"] == code
    return told


@pytest.mark.parametrize(
    ("target", "kind", "then"),
    [
        ("vm-a1", "vm", "vip heal vm-a1 --switch swt-sn2100-03"),
        (ADDRESS, "vm", f"vip heal {ADDRESS} --switch swt-sn2100-03"),
        ("hv50", "hypervisor", "vip heal hv50 --switch swt-sn2100-03"),
        ("hypervisor:hv50", "hypervisor", "vip heal hypervisor:hv50 --switch swt-sn2100-03"),
        ("name:vm-a1", "vm", "vip heal name:vm-a1 --switch swt-sn2100-03"),
        (VM_MAC.upper(), "mac", "vip heal vm-a1 --switch swt-sn2100-03"),
        (f"mac:{VM_MAC}", "mac", "vip heal vm-a1 --switch swt-sn2100-03"),
    ],
)
def test_it_is_found_and_what_to_type_next_is_said(
    two: World, target: str, kind: str, then: str
) -> None:
    told = find(two, target)
    assert (told["kind"], told["asked"], told["next"]) == (kind, 2, then)
    here, elsewhere = told["switches"]
    assert (here["switch"], here["here"], here["ports"]) == (SW3, True, ["swp1s3"])
    assert here["hypervisor"] == HV50
    # Behind a VTEP is not "here"; the VTEP is that of the leaf that was just asked.
    assert (elsewhere["switch"], elsewhere["here"]) == (SW1, False)
    assert elsewhere["behind"] == [{"vtep": "10.0.0.11", "leafs": [SW3]}]
    assert told["unanswered"] == []


def test_one_connection_and_one_round_trip_each(two: World) -> None:
    find(two, "vm-a1")
    for switch in two.switches.values():
        assert switch.batches == [5]
        assert switch.events.count("open") == 1


def test_a_person_reads_a_table(two: World) -> None:
    ended = two.vip("find", "vm-a1")
    assert ended.exit_code == 0, ended.output
    out = " ".join(ended.stdout.split())
    assert f"FOUND: vm-a1 is behind {SW3} on swp1s3, where LLDP sees {HV50}" in out
    assert "Next: vip heal vm-a1 --switch swt-sn2100-03" in out
    assert "10.0.0.11 (swt-sn2100-03)" in out
    assert "1/2 " in ended.stderr
    assert "2/2 " in ended.stderr


def test_a_switch_that_cannot_be_asked_is_named_and_hides_no_other(two: World) -> None:
    other(two).open_errors = [ConnectTimeoutError("10.5.0.41 did not answer within 10 s.")]
    told = find(two, "vm-a1")
    assert told["found"] is True
    (silent,) = told["unanswered"]
    assert silent["switch"] == SW1
    assert "did not answer within 10 s" in silent["problem"]


def test_what_may_be_behind_a_silent_switch_is_not_called_unknown(two: World) -> None:
    two.leaf.open_errors = [ConnectTimeoutError("10.5.0.43 did not answer within 10 s.")]
    told = find(two, "hv50", code=5)
    assert told["found"] is False
    assert "none of the switches that answered, 1 of 2" in told["sentence"]


def test_with_every_switch_silent_nothing_is_called_not_found(two: World) -> None:
    for address, switch in (("10.5.0.43", two.leaf), ("10.5.0.41", other(two))):
        failure = ConnectTimeoutError(f"{address}:22 did not answer within 10 s.")
        switch.open_errors = [failure, failure]
    told = find(two, "hv50", code=5)
    assert told["sentence"] == "none of the 2 switches could be asked where hv50 is"
    assert "VPN" in told["next"]
    ended = two.vip("find", "hv50")
    assert ended.exit_code == 5, ended.output
    assert "NOT FOUND" not in ended.stdout
    assert "NOT KNOWN: none of the 2 switches" in ended.stdout
    assert f"{SW1} and 1 more" in " ".join(ended.stdout.split())  # one line for one cause
    assert SW3 not in ended.stdout


def test_a_switch_that_the_list_lacks_may_see_it(two: World) -> None:
    """The subnet page has two addresses for the leaf, say: it is known by name and not asked."""
    del two.site.switches[SW3]
    told = find(two, "hv50", code=5)
    assert told["asked"] == 1
    assert "1 of 1" in told["sentence"]
    assert told["next"] == f"The list lacks some switches, see above: {'vip find hv50 ADDRESS...'}"


def test_the_vtep_of_a_silent_leaf_is_translated_from_an_earlier_look(two: World) -> None:
    find(two, "vm-a1")
    two.leaf.open_errors = [ConnectTimeoutError("10.5.0.43 did not answer within 10 s.")]
    told = find(two, VM_MAC, code=5)
    assert told["switches"][0]["behind"] == [{"vtep": "10.0.0.11", "leafs": [SW3]}]
    assert "behind the VTEP 10.0.0.11 (swt-sn2100-03)" in told["sentence"]
    assert told["next"].endswith(f"vip check {SW3}")


def test_a_switch_of_another_name_is_not_believed(two: World) -> None:
    two.leaf.hostname = "swt-sn2100-77"
    told = find(two, "hv50", code=5)
    assert "calls itself swt-sn2100-77" in told["unanswered"][0]["problem"]
    assert SW3 not in [leaf.name for leaf in LeafMemory(two.directory / "cache").known()]


@pytest.mark.parametrize(("target", "code"), [("fa:16:3e:00:de:ad", 3), ("hv77", 3)])
def test_what_no_switch_sees(two: World, target: str, code: int) -> None:
    told = find(two, target, code=code)
    assert told["switches"] == []
    assert "none of the switches that answered, 2 of 2" in told["sentence"]


def test_a_table_that_cannot_be_read_is_no_no(two: World) -> None:
    two.leaf.instead["bridge"] = (1, "", "RTNETLINK answers: Operation not permitted")
    told = find(two, "fa:16:3e:00:de:ad", code=5)
    assert any("could not read FDB" in note for note in told["notes"])


# --- on a bad day


def test_with_every_source_down_the_leafs_looked_at_before_are_asked(two: World) -> None:
    find(two, "vm-a1")
    no_sources(two)
    two.leaf.neighbours = ENTRY
    told = find(two, ADDRESS)
    assert (told["kind"], told["macs"], told["asked"]) == ("address", [VM_MAC], 2)
    assert told["next"] == f"vip heal {ADDRESS} --switch swt-sn2100-03 --hypervisor {HV50}"
    assert any("known from before" in note for note in told["notes"])


def test_the_entry_of_any_leaf_tells_the_mac(two: World) -> None:
    """The leaf of the VM has lost its entry, which may be the fault; its FDB knows the MAC."""
    find(two, "vm-a1")
    no_sources(two)
    other(two).neighbours = ENTRY
    two.leaf.lldp = lldp()
    told = find(two, ADDRESS)
    assert told["switches"][0]["switch"] == SW3
    assert told["next"] == f"vip heal {ADDRESS} --switch swt-sn2100-03 --mac {VM_MAC}"


def test_a_mac_that_openstack_cannot_name_leads_to_its_address(two: World) -> None:
    two.site.broken = {"owners_of"}
    two.leaf.neighbours = ENTRY
    told = find(two, VM_MAC)
    assert told["next"] == f"vip heal {ADDRESS} --switch swt-sn2100-03 --mac {VM_MAC}"


def test_nothing_known_and_no_source_asks_for_addresses(world: World) -> None:
    no_sources(world)
    ended = world.vip("find", ADDRESS)
    assert ended.exit_code == 4, ended.output
    assert f"vip find {ADDRESS} ADDRESS..." in ended.stderr
    told = find(world, "hv50", "10.5.0.43")
    assert (told["kind"], told["asked"]) == ("name", 1)
    assert told["next"].startswith("vip heal ADDRESS --switch 10.5.0.43 --hypervisor hv50")


def test_the_written_inventory_serves(two: World) -> None:
    written = two.directory / "inv"
    assert two.vip("inventory", "write", str(written)).exit_code == 0
    config = two.directory / "vipkeeper.toml"
    config.write_text(config.read_text().replace("[paths]\n", '[paths]\ninventory = "inv"\n'))
    no_sources(two)
    told = find(two, "hv50")
    assert (told["found"], told["asked"]) == (True, 2)
    (written / "hosts.yaml").chmod(0o666)
    (two.directory / "cache").rename(two.directory / "gone")
    ended = two.vip("find", "hv50")
    assert ended.exit_code == 4, ended.output
    assert "others can write it" in ended.stderr


def test_a_vm_that_openstack_could_not_be_asked_for_is_not_called_unknown(two: World) -> None:
    two.site.broken = {"find_vms", "vms_on"}
    told = find(two, "vm-a9", code=4)
    assert told["sentence"].startswith(
        "no switch has vm-a9 as its LLDP neighbour (2 of 2 answered)"
    )
    assert "behind none" not in told["sentence"]  # nobody knows what to look for
    assert sum("find_vms is down" in line for line in (told["sentence"], *told["notes"])) == 1
    assert "vip find ADDRESS" in told["next"]


def test_a_list_with_a_gap_is_filled_from_earlier_looks(two: World) -> None:
    find(two, "vm-a1")
    del two.site.switches[SW3]  # the subnet page has lost its row
    told = find(two, "hv50")
    assert told["asked"] == 2
    assert any(SW3 in note and "left out" in note for note in told["notes"])


# --- words


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("find", "vm-a1", "-f", "xml"), 2),
        (("find", "vm-a1", "-f", "nagios"), 2),  # 3 would say that no switch sees it
        (("find", "mac:nonsense"), 3),
        (("find", "hypervisor:hv 50"), 3),
        (("find", "switch:10.5.0.43"), 3),
        (("find", "twin"), 3),
        (("find", ""), 3),
        (("find", "hv50", "10.5.0.999"), 3),
    ],
    ids=str,
)
def test_words_that_make_no_sense(two: World, words: tuple[str, ...], code: int) -> None:
    two.site.vms += [vm("twin", project="p1"), vm("twin", project="p2")]
    ended = two.vip(*words)
    assert ended.exit_code == code, ended.output
    assert "Traceback" not in ended.output


def test_a_name_of_two_things_is_asked_back(two: World) -> None:
    two.site.vms.append(vm("hv50"))
    ended = two.vip("find", "hv50")
    assert ended.exit_code == 3, ended.output
    assert "hypervisor:hv50" in ended.stderr


def test_a_name_cannot_act_on_the_terminal(two: World) -> None:
    two.leaf.lldp = lldp(("swp1s3", "hv\x1b[2J"))
    ended = two.vip("find", VM_MAC)
    assert "\x1b" not in ended.output


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("web 1", "vip heal 'web 1' --switch swt-sn2100-03"),
        ("x; reboot", "vip heal 'x; reboot' --switch swt-sn2100-03"),
        ("$(reboot)", "vip heal '$(reboot)' --switch swt-sn2100-03"),
        ("130.246.213.77", "vip heal name:130.246.213.77 --switch swt-sn2100-03"),
        ("hypervisor:hv50", "vip heal name:hypervisor:hv50 --switch swt-sn2100-03"),
        ("--force", "vip heal name:--force --switch swt-sn2100-03"),
    ],
)
def test_a_name_cannot_act_on_the_shell_of_who_types_what_is_next(
    two: World, name: str, typed: str
) -> None:
    """Whose VM it is chooses its name."""
    two.site.vms[0] = replace(two.site.vms[0], name=name)
    assert find(two, VM_MAC)["next"] == typed
    if name[0] not in "1-h":
        assert find(two, name)["next"] == typed


def test_the_name_of_a_neighbour_cannot_act_on_the_shell(two: World) -> None:
    find(two, "vm-a1")
    no_sources(two)
    two.leaf.neighbours = ENTRY
    two.leaf.lldp = lldp(("swp1s3", "hv; reboot"))
    assert find(two, ADDRESS)["next"].endswith(f"--mac {VM_MAC}")


def test_a_login_that_all_refuse_is_told(two: World) -> None:
    for switch in two.switches.values():
        switch.open_errors = [ConnectAuthError("refused the login"), ConnectAuthError("again")]
    told = find(two, "hv50", code=5)
    assert len(told["unanswered"]) == 2
    assert all("VIPKEEPER_SSH_PASSWORD" in one["problem"] for one in told["unanswered"])


def test_what_was_looked_at_is_remembered(two: World) -> None:
    find(two, "vm-a1")
    known = LeafMemory(two.directory / "cache").known()
    assert {leaf.name: leaf.vteps for leaf in known} == {
        SW1: (ip_address("10.0.0.12"),),
        SW3: (ip_address("10.0.0.11"),),
    }
