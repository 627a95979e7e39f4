"""A source that is down is no dead end: the person names the switch, and the switch confirms."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from ipaddress import ip_address
from typing import Any

import pytest
from rich.console import Console

from inventory.leafs import Leaf, LeafMemory
from runbooks.cli.fleet import _taken
from runbooks.run.story import Story
from tasks.ladder import Cure
from tests.unit.inventory.fakes import HV50, SW1, SW3
from tests.unit.runbooks.conftest import World, no_routes
from tests.unit.tasks.fakes import VM_MAC, lldp

ADDRESS = "130.246.213.11"
VNI = {"ifname": "vni10453", "flags": ["UP"], "mtu": 9000, "address": "02:00:00:00:00:09"}


def far(vtep: str) -> list[Any]:
    """The FDB of a leaf that has learnt the VM from another one."""
    return [{"mac": VM_MAC, "ifname": "vni10453", "dst": vtep, "flags": [], "state": ""}]


def vxlan(vtep: str) -> Any:
    data = {"info_kind": "vxlan", "info_data": {"id": 10453, "local": vtep}}
    return {**VNI, "linkinfo": data}


def memory(world: World) -> LeafMemory:
    return LeafMemory(world.directory / "cache")


def no_mimic(world: World) -> None:
    world.site.broken |= {"uplinks_of", "list_hypervisors"}


def nothing_up(world: World) -> None:
    no_mimic(world)
    world.site.broken |= {"find_vms", "vms_on", "address_of"}


@pytest.mark.parametrize("switch", ["swt-sn2100-03", SW3, "10.5.0.43"])
def test_heal_goes_on_without_mimic_where_the_switch_is_named(world: World, switch: str) -> None:
    world.cut_off()
    no_mimic(world)
    if switch == "10.5.0.43":  # then no source of addresses is needed
        world.site.broken.add("address_of")
        world.facts[switch] = no_routes()
        world.on_cure[Cure.REAPPLY] = lambda: (world.recover(), world.facts.clear())[0]
    ended = world.vip("heal", "vm-a1", "--switch", switch, "--yes")
    assert ended.exit_code == 0, ended.output
    assert "Fake was not asked" in ended.output
    assert f"LLDP: {HV50} is on swp1s3" in ended.output
    assert "uplinks_of" not in world.site.calls
    (report,) = world.reports()
    assert report["options"]["switch"] == switch
    assert report["verdict"] == "healed"


def test_without_the_switch_the_way_round_is_said(world: World) -> None:
    world.cut_off()
    no_mimic(world)
    ended = world.vip("heal", "vm-a1", "--yes")
    assert ended.exit_code == 4, ended.output
    assert "--switch NAME" in ended.stderr
    assert "vip find vm-a1" in ended.stderr


def test_without_the_subnet_page_a_name_of_a_switch_is_no_way_round(world: World) -> None:
    """Its name would be asked of the subnet page again."""
    world.cut_off()
    world.site.broken.add("address_of")
    for command in ("heal", "trace"):
        ended = world.vip(command, "vm-a1")
        assert ended.exit_code == 4, ended.output
        assert "--switch ADDRESS" in ended.stderr
        assert "--switch NAME" not in ended.stderr


def test_a_named_switch_that_does_not_see_it_is_refused(world: World) -> None:
    world.cut_off()
    no_mimic(world)
    ended = world.vip("heal", "vm-a1", "--switch", "swt-sn2100-01", "--yes")
    # The fake of -01 has the same LLDP neighbour; one that has not must refuse.
    world.switches["10.5.0.41"].lldp = lldp(("swp1s3", "hv60"))
    ended = world.vip("heal", "vm-a1", "--switch", "swt-sn2100-01", "--yes")
    assert ended.exit_code == 6, ended.output
    assert f"--switch puts vm-a1 ({HV50}) behind {SW1}" in ended.stderr
    assert "vip find vm-a1" in ended.stderr
    assert "--force" in ended.stderr


def test_a_fault_that_hides_a_hypervisor_proves_nothing_of_a_named_switch(world: World) -> None:
    """Any leaf may have a port that is down; without Mimic's port it explains nothing."""
    from runbooks.cure import leafs  # noqa: PLC0415 - patched here alone

    world.cut_off()
    world.leaf.lldp = lldp(("swp1s3", "hv60"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leafs, "_hides", lambda _: True)
        assert world.vip("heal", "vm-a1", "--dry-run").exit_code == 0
        ended = world.vip("heal", "vm-a1", "--switch", "swt-sn2100-03", "--dry-run")
    assert ended.exit_code == 6, ended.output


def test_a_switch_of_another_name_is_refused(world: World) -> None:
    world.cut_off()
    world.leaf.hostname = "swt-sn2100-77"
    ended = world.vip("heal", "vm-a1", "--switch", "swt-sn2100-03", "--yes")
    assert ended.exit_code == 6, ended.output
    assert "calls itself swt-sn2100-77" in ended.stderr
    assert not world.committed


# --- OpenStack, too


@pytest.mark.parametrize("place", [("--hypervisor", "hv50"), ("--mac", VM_MAC.upper())])
def test_heal_with_every_source_down(world: World, place: tuple[str, str]) -> None:
    world.cut_off()
    nothing_up(world)
    world.leaf.fdb = [{"mac": VM_MAC, "ifname": "swp1s3", "flags": [], "master": "br", "state": ""}]
    ended = world.vip("heal", ADDRESS, "--switch", "10.5.0.43", *place, "--toggle", "--yes")
    assert ended.exit_code == 0, ended.output
    assert "is only known from the command line" in ended.output
    (report,) = world.reports()
    assert report["way"]["warnings"]
    assert report["presence"]["10.5.0.43"]["hostname"] == "swt-sn2100-03"
    assert report["options"]["hypervisor"] == ("hv50" if place[0] == "--hypervisor" else "")


def test_an_address_alone_cannot_be_verified(world: World) -> None:
    world.cut_off()
    nothing_up(world)
    world.leaf.neighbours = [
        {"dst": ADDRESS, "dev": "vlan453", "lladdr": VM_MAC, "state": ["REACHABLE"]}
    ]
    world.leaf.fdb = [{"mac": VM_MAC, "ifname": "swp1s3", "flags": [], "master": "br", "state": ""}]
    words = ("heal", ADDRESS, "--switch", "10.5.0.43", "--toggle", "--yes")
    ended = world.vip(*words)
    assert ended.exit_code == 6, ended.output
    for said in ("--hypervisor", "--mac", f"vip find {ADDRESS}", "--force", "nothing was touched"):
        assert said in ended.stderr
    assert not world.committed
    ended = world.vip(*words, "--force")
    assert ended.exit_code == 0, ended.output
    assert world.reports()[-1]["forced"]


def test_a_neighbour_entry_speaks_against_a_switch(world: World) -> None:
    """Its MAC was learnt from another leaf: the named hypervisor does not outweigh that."""
    world.cut_off()
    nothing_up(world)
    world.leaf.neighbours = [
        {"dst": ADDRESS, "dev": "vlan453", "lladdr": VM_MAC, "state": ["REACHABLE"]}
    ]
    world.leaf.fdb = far("10.0.0.12")
    ended = world.vip(
        "heal", ADDRESS, "--switch", "10.5.0.43", "--hypervisor", "hv50", "--toggle", "--yes"
    )
    assert ended.exit_code == 6, ended.output
    assert f"learnt from another leaf: {VM_MAC} behind 10.0.0.12" in ended.stderr
    assert f"vip find {ADDRESS} asks all" in ended.stderr
    assert "--force" not in ended.stderr  # it is behind another leaf, which can be found


def test_the_hypervisor_leads_to_the_switch_by_mimic(world: World) -> None:
    world.cut_off()
    world.site.broken = {"find_vms", "vms_on"}
    ended = world.vip("heal", ADDRESS, "--hypervisor", "hv50", "--toggle", "--yes")
    assert ended.exit_code == 0, ended.output
    assert world.audit()[0]["switches"] == [SW3]


def test_without_a_place_openstack_is_needed_and_the_way_round_is_said(world: World) -> None:
    nothing_up(world)
    for words in ((ADDRESS,), (ADDRESS, "--mac", VM_MAC), ("vm-a1", "--hypervisor", "hv50")):
        ended = world.vip("heal", *words, "--yes")
        assert ended.exit_code == 4, ended.output
        assert "--switch SWITCH --hypervisor NAME" in ended.stderr


@pytest.mark.parametrize(
    "words", [("--hypervisor", "hv60"), ("--mac", "fa:16:3e:00:00:99")], ids=["hypervisor", "mac"]
)
def test_openstack_that_answers_is_not_overruled(world: World, words: tuple[str, str]) -> None:
    ended = world.vip("heal", "vm-a1", *words, "--toggle", "--yes")
    assert ended.exit_code == 3, ended.output
    assert f"and {words[0]} says {words[1]}" in ended.stderr
    assert not world.committed


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("heal", "vm-a1", "--switch", "10.5.0.999"), 3),
        (("heal", "vm-a1", "--mac", "nonsense"), 2),
        (("trace", "vm-a1", "--hypervisor", "-x"), 3),
        (("heal", "--all-unhealthy", "--switch", "swt-sn2100-03"), 2),
        (("trace", "hv50", "--mac", VM_MAC), 3),
        (("trace", "swt-sn2100-03", "--switch", "swt-sn2100-03"), 3),
    ],
    ids=str,
)
def test_words_that_do_not_fit(world: World, words: tuple[str, ...], code: int) -> None:
    ended = world.vip(*words)
    assert ended.exit_code == code, ended.output


def test_trace_goes_on_in_the_same_way(world: World) -> None:
    nothing_up(world)
    ended = world.vip("trace", ADDRESS, "--switch", "10.5.0.43", "--hypervisor", "hv50", "--json")
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.stdout)
    assert told["switches"][0]["confirmed"] is True
    assert told["switches"][0]["hostname"] == "swt-sn2100-03"
    assert any("only known from the command line" in text for text in told["warnings"])
    assert {step["source"] for step in told["steps"]} == {"Command line"}


def test_trace_of_a_switch_by_its_address_asks_no_source(world: World) -> None:
    nothing_up(world)
    ended = world.vip("trace", "switch:10.5.0.43", "--no-probe")
    assert ended.exit_code == 0, ended.output
    assert "it calls itself swt-sn2100-03" in " ".join(ended.stdout.split())
    assert world.site.calls == []


# --- the leafs that were looked at


def test_every_look_is_remembered(world: World) -> None:
    world.leaf.links.append(vxlan("10.0.0.11"))
    assert world.vip("trace", "vm-a1").exit_code == 0
    (leaf,) = memory(world).known()
    assert (leaf.name, str(leaf.address)) == (SW3, "10.5.0.43")
    assert [str(vtep) for vtep in leaf.vteps] == ["10.0.0.11"]


def test_a_leaf_that_was_looked_at_is_found_without_the_subnet_page(world: World) -> None:
    world.vip("trace", "vm-a1")
    world.cut_off()
    no_mimic(world)
    world.site.broken.add("address_of")
    ended = world.vip("heal", "vm-a1", "--switch", "swt-sn2100-03", "--yes")
    assert ended.exit_code == 0, ended.output
    assert "answered at 10.5.0.43" in ended.output


def test_a_leaf_that_was_never_looked_at_needs_its_address(world: World) -> None:
    world.site.broken.add("address_of")
    ended = world.vip("heal", "vm-a1", "--switch", "swt-sn2100-03", "--yes")
    assert ended.exit_code == 4, ended.output
    assert "management address" in ended.stderr


def test_a_vtep_is_translated_to_its_leaf_and_that_leaf_is_offered(world: World) -> None:
    world.cut_off()
    world.leaf.fdb = far("10.0.0.12")
    at = datetime.now(timezone.utc)
    memory(world).keep([Leaf(SW1, ip_address("10.5.0.41"), at, (ip_address("10.0.0.12"),))])
    ended = world.vip("heal", "vm-a1", "--yes")
    assert ended.exit_code == 6, ended.output
    assert f"10.0.0.12 is the VTEP of {SW1}: vip heal vm-a1 --switch swt-sn2100-01" in ended.stderr
    assert "--force" not in ended.stderr
    ended = world.vip("trace", "vm-a1", "--json")
    assert ended.exit_code == 6
    (switch,) = json.loads(ended.stdout)["switches"]
    assert switch["translated"] == [f"10.0.0.12 is the VTEP of {SW1}"]


def test_an_unknown_vtep_is_looked_for(world: World) -> None:
    world.cut_off()
    world.leaf.fdb = far("10.0.0.12")
    ended = world.vip("heal", "vm-a1", "--yes")
    assert ended.exit_code == 6, ended.output
    assert "Which leaf has the VTEP 10.0.0.12: vip find vm-a1 asks all" in ended.stderr


def test_a_named_switch_of_the_last_look_is_told_as_such(world: World) -> None:
    """Of ``vip check`` and ``vip find``, too: its address may have gone to another since."""
    assert world.vip("find", "hv50").exit_code == 0
    world.site.broken.add("address_of")
    for words in (("check", "swt-sn2100-03"), ("find", "vm-a1", "swt-sn2100-03")):
        ended = world.vip(*words)
        assert "address_of is down" in ended.output
        assert "answered at 10.5.0.43" in ended.output


def test_what_was_told_of_a_search_is_told_once() -> None:
    """The inventory of ``vip watch`` is made again every few minutes."""
    quiet = Story(Console(), quiet=True)
    quiet.tell("note", "it is down", "warn")
    assert _taken(quiet) == ("it is down",)
    assert _taken(quiet) == ()
