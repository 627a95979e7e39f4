"""The site's systems when they fail, contradict the switch, or are asked for an inventory.

Of their failures one of each system is drawn from a seed; ``VIPKEEPER_OUTAGES=all`` asks for all.
``tests/unit/runbooks/test_sources.py`` goes through all of them without a lab.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from nornir import InitNornir
from nornir.core.plugins.inventory import InventoryPluginRegister
from nornir.plugins.inventory import SimpleInventory

from lab.faults.inject import FaultInjector
from lab.lab import Lab
from tests.lab.desk import OTHER_SWITCH, SWITCH, Desk, ifindex, untouched
from tests.lab.ready_vip import ReadyVip
from tests.lab.switch import LeafUnderTest
from tests.unit.runbooks.source_faults import SOURCE_FAULTS, SourceFault

HV = "hv50.nubes.example.internal"
#: Who is down is asked once in a test.
IMPATIENT = {"VIPKEEPER_MIMIC__RETRIES": "0", "VIPKEEPER_SUBNET_PAGE__RETRIES": "0"}
#: Who hangs is not waited for; the others have the time that they need on a busy machine.
HANGING = {
    "mimic": {"VIPKEEPER_MIMIC__TIMEOUT": "1"},
    "subnet-page": {"VIPKEEPER_SUBNET_PAGE__TIMEOUT": "1"},
    "openstack": {"VIPKEEPER_OPENSTACK__TIMEOUT": "1", "VIPKEEPER_OPENSTACK__DEADLINE": "4"},
}

DOWN = {"mimic": "refused", "subnet-page": "refused", "openstack": "keystone-refused"}
A1, A1_MAC = "130.246.213.11", "fa:16:3e:d4:d5:0b"
FIND_SCHEMA = Path(__file__).parents[2] / "docs/schemas/find-1.json"

HOSTS = {"mimic": "10.5.0.10", "subnet-page": "10.5.0.11", "openstack": "10.5.0.12"}


def chosen() -> list[SourceFault]:
    """One fault of each system, drawn by the seed."""
    if os.environ.get("VIPKEEPER_OUTAGES") == "all":
        return list(SOURCE_FAULTS)
    draw = random.Random(f"{os.environ['VIPKEEPER_SEED']} sources")
    return [draw.choice([f for f in SOURCE_FAULTS if f.system == system]) for system in HOSTS]


@pytest.fixture(scope="module")
def memory(lab: Lab, tmp_path_factory: pytest.TempPathFactory, ready_vip: ReadyVip) -> Path:
    """A cache that holds the answers about vm-a1."""
    desk = Desk(lab, tmp_path_factory.mktemp("memory"), ready_vip)
    assert desk.vip("trace", "vm-a1", "--no-ask-switches").code == 0
    return desk.cache


@pytest.mark.parametrize("failure", chosen(), ids=str)
def test_a_system_that_fails(
    desk: Desk, leaf: LeafUnderTest, failure: SourceFault, memory: Path
) -> None:
    system, fault, remembered = failure.system, failure.fault, failure.remembered
    words = tuple(word.replace("HOST", HOSTS[system]) for word in failure.words)
    env = IMPATIENT | (HANGING[system] if "hang" in fault else {})
    with desk.web_fault(system, fault):
        desk.refused(leaf, failure.code, *words, env=env)
    assert desk.report()["exit_code"] == failure.code
    # Now with a memory: the last good answer serves, and says how old it is.
    shutil.rmtree(desk.cache)
    shutil.copytree(memory, desk.cache)
    with desk.web_fault(system, fault), untouched(leaf):
        argv = ("heal", "vm-a1", "--toggle", "--dry-run")
        said = desk.vip(*argv, env=env)
    assert said.code == (0 if remembered else failure.code), said
    if remembered:
        assert re.search(r"\(its answer of \d+ (seconds?|minutes) ago\)", said.out), said.out
        assert "LLDP: hv50.nubes.example.internal is on swp1s3" in said.out
        steps = desk.report()["way"]["steps"]
        assert any(step["cached"] and step["warning"] for step in steps)
        assert desk.report()["way"]["warnings"]


@pytest.mark.parametrize(
    ("fault", "why"),
    [("aquilon-down", "the list has no hosts"), ("json-cut-off", "the list is not JSON")],
)
def test_a_list_that_is_an_error_in_disguise(
    desk: Desk, leaf: LeafUnderTest, fault: str, why: str
) -> None:
    """Only the list is lost: Nova's own name finds the hypervisor's page, and this is said."""
    with desk.web_fault("mimic", fault):
        with untouched(leaf):
            said = desk.vip("heal", "vm-a1", "--toggle", "--dry-run")
        assert said.code == 0, said
        assert why in said.out
        desk.refused(leaf, 4, "Mimic", why, command=("inventory", "refresh"))
        desk.refused(leaf, 4, "Mimic", why, command=("heal", "hv50", "--toggle", "--yes"))


@pytest.fixture
def all_down(desk: Desk) -> Iterator[Desk]:
    """All three systems down, and their answers remembered."""
    assert desk.vip("trace", "vm-a1", "--no-ask-switches").code == 0
    with (
        desk.web_fault("mimic", "refused"),
        desk.web_fault("subnet-page", "refused"),
        desk.web_fault("openstack", "keystone-refused"),
    ):
        yield desk


def test_heal_with_every_system_down(all_down: Desk, leaf: LeafUnderTest) -> None:
    """The sources live on the network that is failing."""
    FaultInjector(all_down.lab).inject("svi-routes-lost")
    said = all_down.vip("heal", "vm-a1", "--yes", env=IMPATIENT)
    assert said.code == 0, said
    assert all_down.lab.answers("130.246.213.11")
    report = all_down.report()
    assert {step["source"] for step in report["way"]["steps"] if step["cached"]} == {
        "OpenStack",
        "Mimic",
        "Subnet page",
    }
    assert report["presence"][SWITCH]["port"] == "swp1s3"


def test_an_answer_of_the_past_is_checked_by_the_switch(desk: Desk, leaf: LeafUnderTest) -> None:
    """The memory says leaf -01, because Mimic once did; the switch knows better."""
    with desk.web_fault("mimic", "wrong-switch"):
        assert desk.vip("trace", "vm-a1", "--no-ask-switches").code == 0
    with desk.web_fault("mimic", "refused"):
        said = desk.refused(leaf, 6, OTHER_SWITCH, "does not confirm it", env=IMPATIENT)
    assert "(its answer of" in said.out


def test_of_several_cables_that_mimic_cannot_date_the_switches_decide(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    """A bond whose cables were swapped once: each leaf is drawn with both, and one date."""
    with desk.web_fault("mimic", "swapped-bond"):
        traced = desk.vip("trace", "vm-a1")
        assert traced.code == 0, traced
        with untouched(leaf):
            said = desk.vip("heal", "vm-a1", "--toggle", "--dry-run")
    assert said.code == 0, said
    assert "the dates in Mimic do not tell which cable is current" in said.out
    assert "LLDP: hv50.nubes.example.internal is on swp1s3" in said.out
    assert f"on {SWITCH} would be toggled" in said.out


# --- without a source


@pytest.mark.parametrize(
    ("down", "words"),
    [
        (("mimic",), ("vm-a1", "--switch", "swt-sn2100-03")),
        (("mimic", "subnet-page"), ("vm-a1", "--switch", "10.5.0.43")),
        (
            ("mimic", "subnet-page", "openstack"),
            (A1, "--switch", "10.5.0.43", "--hypervisor", "hv50"),
        ),
        (("mimic", "subnet-page", "openstack"), (A1, "--switch", "10.5.0.43", "--mac", A1_MAC)),
    ],
    ids=["mimic", "subnet-page", "all-hypervisor", "all-mac"],
)
def test_heal_with_nothing_kept_where_the_person_names_the_place(
    desk: Desk, leaf: LeafUnderTest, down: tuple[str, ...], words: tuple[str, ...]
) -> None:
    other = LeafUnderTest(desk.lab, leaf._stack, "01")
    assert desk.lab.answers(A1, count=2)
    FaultInjector(desk.lab).inject("svi-routes-lost")
    with ExitStack() as stack:
        stack.enter_context(untouched(other))
        for system in down:
            stack.enter_context(desk.web_fault(system, DOWN[system]))
        said = desk.vip("heal", *words, "--yes", env=IMPATIENT)
    assert said.code == 0, said
    assert desk.lab.answers(A1)
    report = desk.report()
    assert report["verdict"] == "healed"
    assert report["options"]["switch"] == words[2]
    (presence,) = report["presence"].values()
    assert presence["hostname"] == "swt-sn2100-03"
    assert not any(step["cached"] for step in report["way"]["steps"])


@pytest.mark.parametrize("place", [("--hypervisor", "hv50"), ("--mac", A1_MAC), ()], ids=str)
def test_a_named_switch_that_does_not_see_it_is_left_alone(
    desk: Desk, leaf: LeafUnderTest, place: tuple[str, ...]
) -> None:
    """Another leaf is named: no hypervisor and no MAC of the person makes it the right one."""
    other = LeafUnderTest(desk.lab, leaf._stack, "01")
    with ExitStack() as stack:
        stack.enter_context(untouched(other))
        for system, fault in DOWN.items():
            stack.enter_context(desk.web_fault(system, fault))
        desk.refused(
            leaf, 6, f"--switch puts {A1}", "does not confirm it", f"vip find {A1}",
            command=("heal", A1, "--switch", "10.5.0.41", *place, "--toggle", "--yes"),
            env=IMPATIENT,
        )  # fmt: skip


def find(desk: Desk, *words: str, code: int = 0, env: dict[str, str] | None = None) -> Any:
    """What ``vip find`` answers as JSON; it has to follow the published schema."""
    said = desk.vip("find", *words, "-f", "json", env=env)
    assert said.code == code, said
    told = json.loads(said.out)
    jsonschema.validate(told, json.loads(FIND_SCHEMA.read_text()))
    return told


@pytest.mark.parametrize(
    ("target", "kind", "then"),
    [
        ("vm-a1", "vm", "vip heal vm-a1 --switch swt-sn2100-03"),
        (A1, "vm", f"vip heal {A1} --switch swt-sn2100-03"),
        ("hv50", "hypervisor", "vip heal hv50 --switch swt-sn2100-03"),
        (A1_MAC, "mac", "vip heal vm-a1 --switch swt-sn2100-03"),
    ],
    ids=["vm", "address", "hypervisor", "mac"],
)
def test_find(desk: Desk, leaf: LeafUnderTest, target: str, kind: str, then: str) -> None:
    assert desk.lab.answers(A1, count=2)
    with untouched(leaf):
        told = find(desk, target)
    assert (told["kind"], told["found"], told["asked"]) == (kind, True, 2)
    here = [one for one in told["switches"] if one["here"]]
    assert [(one["switch"], one["ports"]) for one in here] == [(SWITCH, ["swp1s3"])]
    assert ({"FDB"} if kind == "mac" else {"LLDP", "FDB"}) <= set(here[0]["evidence"])
    assert here[0]["hypervisor"] == HV
    assert told["next"] == then
    # The other leaf has the MAC by EVPN: that is not "here", and points to this leaf.
    others = [one for one in told["switches"] if not one["here"]]
    assert all(one["behind"] == [{"vtep": "10.0.0.11", "leafs": [SWITCH]}] for one in others), (
        others
    )


def test_find_with_every_source_down(desk: Desk, leaf: LeafUnderTest) -> None:
    assert desk.lab.answers(A1, count=2)
    with ExitStack() as stack:
        for system, fault in DOWN.items():
            stack.enter_context(desk.web_fault(system, fault))
        # Nothing is known: the addresses are named.
        desk.refused(leaf, 4, f"vip find {A1} ADDRESS", command=("find", A1), env=IMPATIENT)
        told = find(desk, A1, "10.5.0.43", "10.5.0.41", env=IMPATIENT)
        assert told["macs"] == [A1_MAC]
        assert told["next"] == f"vip heal {A1} --switch 10.5.0.43 --hypervisor {HV}"
        # Now the leafs are known from that look.
        said = desk.vip("find", "hv60", env=IMPATIENT)
        assert said.code == 0, said
        assert "hv60 is behind swt-sn2100-01 on swp1s3" in said.out
        then = "Next: vip heal ADDRESS --switch swt-sn2100-01 --hypervisor hv60"
        assert then in said.out
        told = find(desk, "fa:16:3e:00:de:ad", code=3, env=IMPATIENT)
        assert told["found"] is False


@contextmanager
def unreachable(lab: Lab, address: str) -> Iterator[None]:
    """An address to which the seat has no route for a while."""
    lab.exec_seat(["ip", "route", "add", "unreachable", address], check=True)
    try:
        yield
    finally:
        lab.exec_seat(["ip", "route", "del", "unreachable", address], check=True)


def test_an_unreachable_switch_hides_no_other(desk: Desk, leaf: LeafUnderTest) -> None:
    with unreachable(desk.lab, "10.5.0.41"):
        said = desk.vip("find", "hv50")
        assert said.code == 0, said
        assert f"hv50 is behind {SWITCH} on swp1s3" in said.out
        assert OTHER_SWITCH in said.out
        told = find(desk, "hv60", code=5)
    assert [one["switch"] for one in told["unanswered"]] == [OTHER_SWITCH]


def test_a_vtep_is_translated_to_its_leaf(desk: Desk, leaf: LeafUnderTest) -> None:
    """Mimic names the wrong leaf; that one says "behind 10.0.0.11", which is leaf -03."""
    assert desk.vip("check", "--no-probe").code in {0, 10, 11}
    assert desk.lab.answers(A1, count=2)
    with desk.web_fault("mimic", "wrong-switch"):
        said = desk.refused(
            leaf, 6, f"{A1_MAC} behind 10.0.0.11",
            f"10.0.0.11 is the VTEP of {SWITCH}: vip heal vm-a1 --switch swt-sn2100-03",
        )  # fmt: skip
        assert "--force" not in said.err
        FaultInjector(desk.lab).inject("svi-routes-lost")
        said = desk.vip("heal", "vm-a1", "--switch", "swt-sn2100-03", "--yes")
    assert said.code == 0, said
    assert desk.lab.answers(A1)


def test_mimic_names_the_wrong_switch(desk: Desk, leaf: LeafUnderTest) -> None:
    other = LeafUnderTest(desk.lab, leaf._stack, "01")
    with desk.web_fault("mimic", "wrong-switch"), untouched(other):
        desk.refused(
            leaf, 6, "put vm-a1", HV, f"behind {OTHER_SWITCH}", f"{OTHER_SWITCH} does not confirm",
            "no neighbour is called", "nothing was touched", "vip find vm-a1",
        )  # fmt: skip
    report = desk.report()
    assert report["verdict"] == "refused"
    assert report["presence"][OTHER_SWITCH]["port"] == ""


def test_force_is_explicit_and_recorded(desk: Desk, leaf: LeafUnderTest) -> None:
    other = LeafUnderTest(desk.lab, leaf._stack, "01")
    before, disk, addresses = ifindex(other), other.disk(), other.addresses()
    with desk.web_fault("mimic", "wrong-switch"), untouched(leaf):
        said = desk.vip("heal", "vm-a1", "--toggle", "--yes", "--force")
    assert said.code == 0, said
    assert "going on though" in said.out
    assert ifindex(other) != before
    assert (other.disk(), other.addresses()) == (disk, addresses)
    report = desk.report()
    assert report["options"]["force"] is True
    assert OTHER_SWITCH in report["forced"][0]


def test_an_old_row_beside_the_cable_of_today(desk: Desk, leaf: LeafUnderTest) -> None:
    """A row of years ago names another switch: it is left alone."""
    other = LeafUnderTest(desk.lab, leaf._stack, "01")
    FaultInjector(desk.lab).inject("svi-routes-lost")
    with desk.web_fault("mimic", "stale-second-link"), untouched(other):
        said = desk.vip("heal", "vm-a1", "--yes")
    assert said.code == 0, said
    assert desk.audited()[0]["switches"] == [SWITCH]


def test_old_dates_are_shown(desk: Desk, leaf: LeafUnderTest) -> None:
    with desk.web_fault("mimic", "old-links"), untouched(leaf):
        said = desk.vip("heal", "vm-a1", "--toggle", "--dry-run")
    assert said.code == 0, said
    assert "was last observed 60 days ago" in said.out


def test_a_target_that_answers_needs_no_source(desk: Desk, leaf: LeafUnderTest) -> None:
    with desk.web_fault("mimic", "refused"), untouched(leaf):
        said = desk.vip("heal", "vm-a1", "--yes", env=IMPATIENT)
    assert said.code == 0, said
    assert "nothing to do" in said.out


# --- trace


def test_trace_shows_the_way_and_who_says_so(desk: Desk, leaf: LeafUnderTest) -> None:
    with untouched(leaf):
        said = desk.vip("trace", "vm-a1")
    assert (said.code, said.err) == (0, "")
    for part in ("OpenStack", "Mimic", "Subnet page", "now", HV, SWITCH, "10.5.0.43", "swp1s3"):
        assert part in said.out, part
    assert "yes: LLDP: hv50.nubes.example.internal is on swp1s3" in said.out


@pytest.mark.parametrize(
    ("target", "kind"),
    [("vm-a1", "vm"), ("hv50", "hypervisor"), ("swt-sn2100-03", "switch"), (SWITCH, "switch")],
)
def test_trace_as_json(desk: Desk, leaf: LeafUnderTest, target: str, kind: str) -> None:
    said = desk.vip("trace", target, "--json")
    assert said.code == 0, said
    told = json.loads(said.out)
    assert (told["schema"], told["target"], told["kind"]) == ("vipkeeper/trace/1", target, kind)
    assert told["failure"] is None
    (switch,) = told["switches"]
    assert switch["hostname"] == "swt-sn2100-03"
    assert switch["problems"] == []
    if kind != "switch":
        assert switch["confirmed"] is True
        assert switch["presence"]["port"] == "swp1s3"
        assert switch["gateway"]["vip"]["address"] == "130.246.212.1/22"
    assert all({"source", "age_seconds", "cached"} <= set(step) for step in told["steps"])


def test_trace_tells_how_far_it_came(desk: Desk, leaf: LeafUnderTest) -> None:
    with desk.web_fault("mimic", "postgres-down"):
        said = desk.vip("trace", "vm-a1", env=IMPATIENT)
        assert said.code == 4, said
        assert "vm-a1 (130.246.213.11) is ACTIVE" in said.out
        assert said.sentence.startswith("vip: Mimic: ")
    with desk.web_fault("mimic", "wrong-switch"):
        said = desk.vip("trace", "vm-a1", env=IMPATIENT)
        assert said.code == 6, said
        assert "NO: LLDP: no neighbour" in said.out


def test_trace_of_a_switch_that_refuses_the_login(desk: Desk, leaf: LeafUnderTest) -> None:
    said = desk.vip("trace", "vm-a1", env={"VIPKEEPER_SSH__KNOWN_HOSTS": "/dev/null"})
    assert said.code == 5, said
    assert "host key" in said.out


# --- inventory


def test_inventory_show(desk: Desk, leaf: LeafUnderTest) -> None:
    said = desk.vip("inventory", "show")
    assert (said.code, said.err) == (0, "")
    for part in (SWITCH, OTHER_SWITCH, "10.5.0.43", "10.5.0.41", "hv50, hv51", "hv60, hv61"):
        assert part in said.out, part
    told = json.loads(desk.vip("inventory", "show", "--json").out)
    assert {host["hostname"] for host in told["hosts"]} == {"10.5.0.41", "10.5.0.43"}
    assert told["problems"] == []


def test_inventory_refresh_serves_the_day_when_a_system_is_down(
    desk: Desk, leaf: LeafUnderTest
) -> None:
    with desk.web_fault("mimic", "refused"):
        said = desk.vip("inventory", "refresh", env=IMPATIENT)
        assert said.code == 4, said
        assert "Mimic" in said.sentence
    said = desk.vip("inventory", "refresh")
    assert said.code == 0, said
    assert "2 switches" in said.out
    with desk.web_fault("mimic", "refused"):
        said = desk.vip("inventory", "show", env=IMPATIENT)
    assert said.code == 0, said
    assert SWITCH in said.out
    assert "Kept answers serve" in said.err


def test_inventory_write_is_nornirs_own_and_the_same_twice(
    desk: Desk, leaf: LeafUnderTest, tmp_path: Path
) -> None:
    directory = tmp_path / "nornir"
    names = ("hosts.yaml", "groups.yaml", "defaults.yaml")
    written = []
    for _ in range(2):
        said = desk.vip("inventory", "write", str(directory))
        assert said.code == 0, said
        written.append([(directory / name).read_bytes() for name in names])
    assert written[0] == written[1]
    InventoryPluginRegister.register("SimpleInventory", SimpleInventory)
    options = {
        f"{key}_file": str(directory / f"{name}.yaml")
        for key, name in (("host", "hosts"), ("group", "groups"), ("defaults", "defaults"))
    }
    nornir = InitNornir(
        inventory={"plugin": "SimpleInventory", "options": options}, logging={"enabled": False}
    )
    hosts = nornir.inventory.hosts
    assert set(hosts) == {SWITCH, OTHER_SWITCH}
    assert hosts[SWITCH].hostname == "10.5.0.43"
    assert hosts[SWITCH].platform == "cumulus"
    assert "model_sn2100" in {group.name for group in hosts[SWITCH].groups}


# --- what it looks like


def at_a_terminal(lab: Lab, argv: list[str], **environment: str) -> str:
    """What a command says to a terminal of 80 columns."""
    seat = lab.seat
    inner = " ".join(argv)
    done = subprocess.run(
        seat.command(["script", "-qec", f"stty cols 80; {inner}", "/dev/null"]),
        env={**seat.environment(), "TERM": "xterm-256color", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("command", [["trace", "vm-a1"], ["inventory", "show"]])
def test_eighty_columns_cut_nothing_short(
    desk: Desk, leaf: LeafUnderTest, command: list[str]
) -> None:
    said = at_a_terminal(desk.lab, desk.argv(*command))
    assert "…" not in said
    assert "\x1b[" in said
    flat = re.sub(r"\s+", "", re.sub(r"\x1b\[[0-9;]*m", "", said))
    assert "10.5.0.43" in flat


def test_no_color_is_heeded(desk: Desk, leaf: LeafUnderTest) -> None:
    said = at_a_terminal(desk.lab, desk.argv("inventory", "show"), NO_COLOR="1")
    assert "10.5.0.43" in said
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", said), "colours in spite of NO_COLOR"


def test_lab_status_in_eighty_columns(desk: Desk, leaf: LeafUnderTest) -> None:
    lab = desk.lab
    vip = desk.argv("lab", "status", "--name", lab.name)
    environment = {**lab.seat.environment(), "TERM": "xterm-256color", "NO_COLOR": "1"}

    def status() -> str:
        done = subprocess.run(
            ["script", "-qec", f"stty cols 80; {' '.join(vip)}", "/dev/null"],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    said = status()
    assert "…" not in said
    for vm in lab.topology.vms:
        assert vm.address is None or str(vm.address.ip) in said
    for part in (
        "swt-sn2100-03",
        "swt-sn2100-01",
        "No fault is active",
        "http://10.5.0.12:5000/v3",
    ):
        assert part in said, part
    FaultInjector(lab).inject("svi-routes-lost")
    assert "Fault svi-routes-lost on swt-sn2100-03" in status()
    assert desk.vip("heal", "vm-a1", "--yes").code == 0
    said = status()
    assert "was cured by hand" in said
    assert "vm-a1 answers again" in said
