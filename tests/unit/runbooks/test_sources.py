"""``vip`` against the site's systems as they fail, and arguments that it refuses.

The systems are the lab's stand-ins on 127.0.0.1, asked by the real clients; the switch is a fake.
``tests/lab/test_vip_sources.py`` does some of it with a real one.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from lab.standins import Faults, StandIns
from lab.topology.default import default_topology
from nornir_config import inventory_plugin
from tests.unit.runbooks.conftest import SETTINGS, World
from tests.unit.runbooks.source_faults import (
    HOPELESS,
    HV,
    NAMELESS,
    SENSELESS,
    SOURCE_FAULTS,
    SWITCH,
    SourceFault,
)
from tests.unit.tasks.fakes import lldp

site_from_settings = inventory_plugin.site_from_settings
#: How long a system that hangs is waited for; one that answers has all the time it needs.
PATIENCE = 0.5
SYSTEMS = ("openstack", "mimic", "subnet-page")


class Systems:
    """The site's systems on 127.0.0.1."""

    def __init__(self, served: StandIns, faults: dict[str, object], clouds: Path) -> None:
        self.faults = faults
        self._served = served
        self._clouds = clouds
        self.memory = clouds.with_name("memory")

    def settings(self, hanging: str = "") -> str:
        """The settings by which they are found; one that hangs is not waited for."""
        wait = {name: PATIENCE if name == hanging else 20 for name in SYSTEMS}
        openstack, mimic, subnet_page = (wait[name] for name in SYSTEMS)
        return (
            f'[openstack]\ncloud = "lab"\nclouds_file = "{self._clouds}"\n'
            f"timeout = {openstack}\ndeadline = {6 * openstack}\n"
            f'[mimic]\nurl = "{self._served.mimic_url}"\ntimeout = {mimic}\nretries = 0\n'
            f'[subnet_page]\nurl = "{self._served.subnet_page_url}"\n'
            f"timeout = {subnet_page}\nretries = 0\n"
        )


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systems]:
    faults: dict[str, object] = {}
    clouds = tmp_path_factory.mktemp("clouds") / "clouds.yaml"
    with StandIns(default_topology(), Faults(fixed=faults), local=True, quiet=True) as served:
        clouds.write_text(json.dumps({"clouds": {"lab": served.cloud_config()}}))
        yield Systems(served, faults, clouds)


@pytest.fixture
def desk(world: World, systems: Systems, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world with real sources."""
    systems.faults.clear()
    monkeypatch.setattr(inventory_plugin, "site_from_settings", site_from_settings)
    configure(world, systems.settings())
    return world


def configure(desk: World, sources: str) -> None:
    rest = SETTINGS[SETTINGS.index("[paths]") :]
    (desk.directory / "vipkeeper.toml").write_text(sources + rest)


def require_refused(desk: World, ended: Result, code: int, *words: str) -> None:
    """One sentence, perhaps one line of advice, and nothing was begun."""
    assert ended.exit_code == code, ended.output
    err = ended.stderr
    assert err.startswith("vip: "), err
    assert 1 <= len(err.splitlines()) <= 2, err
    for word in words:
        assert word in err, (word, err)
    assert "Traceback" not in ended.output
    assert default_topology().cloud.password not in ended.output
    assert not desk.committed
    assert [line for line in desk.audit() if line["event"] == "begin"] == []


@pytest.fixture
def memory(desk: World, systems: Systems) -> Path:
    """A cache that holds the answers about vm-a1."""
    if not systems.memory.exists():
        ended = desk.vip("trace", "vm-a1", "--no-ask-switches")
        assert ended.exit_code == 0, ended.output
        (desk.directory / "cache").rename(systems.memory)
    return systems.memory


@pytest.mark.parametrize("fault", SOURCE_FAULTS, ids=str)
def test_a_system_that_fails(
    desk: World, systems: Systems, memory: Path, fault: SourceFault
) -> None:
    if "hang" in fault.fault:
        configure(desk, systems.settings(fault.system))
    systems.faults[fault.system] = fault.fault
    words = [word.replace("HOST", "127.0.0.1") for word in fault.words]
    require_refused(desk, desk.vip("heal", "vm-a1", "--toggle", "--yes"), fault.code, *words)
    assert desk.reports()[-1]["exit_code"] == fault.code
    # Now with a memory: the last good answer serves, and says how old it is.
    shutil.rmtree(desk.directory / "cache", ignore_errors=True)
    shutil.copytree(memory, desk.directory / "cache")
    ended = desk.vip("heal", "vm-a1", "--toggle", "--dry-run")
    assert ended.exit_code == (0 if fault.remembered else fault.code), ended.output
    assert not desk.committed
    if fault.remembered:
        out = ended.stdout
        assert re.search(r"\(its answer of \d+ (seconds?|minutes) ago\)", out), out
        assert f"LLDP: {HV} is on swp1s3" in out
        way = desk.reports()[-1]["way"]
        assert any(step["cached"] and step["warning"] for step in way["steps"])
        assert way["warnings"]


@pytest.mark.parametrize(
    ("fault", "note"),
    [
        ("swapped-bond", "the dates in Mimic do not tell which cable is current"),
        ("lag", "no cable has an LLDP date"),
        ("odd-port-texts", "the port of eth0 is not known"),
        ("localhost-row", 'calls itself "localhost (none)"'),
        ("stray-neighbour", "The neighbour swt-stray-77.example.internal"),
    ],
)
def test_an_odd_record_is_told_and_the_switch_decides(
    desk: World, systems: Systems, fault: str, note: str
) -> None:
    systems.faults["mimic"] = fault
    ended = desk.vip("heal", "vm-a1", "--toggle", "--dry-run")
    assert ended.exit_code == 0, ended.output
    (told,) = (line for line in ended.stdout.splitlines() if note in line)
    assert told.startswith("! note")
    assert HV in told
    assert f"LLDP: {HV} is on swp1s3" in ended.stdout


def test_netbox_says_no_and_the_kept_answer_serves(
    desk: World, systems: Systems, memory: Path
) -> None:
    systems.faults |= {"mimic-variant": "head", "mimic": ["host-unknown", "netbox-down"]}
    said = ('"Host not in magDB."', '"Host not in Netbox."', "no proof")
    require_refused(desk, desk.vip("heal", "vm-a1", "--toggle", "--yes"), 4, *said)
    shutil.rmtree(desk.directory / "cache", ignore_errors=True)
    shutil.copytree(memory, desk.directory / "cache")
    ended = desk.vip("heal", "vm-a1", "--toggle", "--dry-run")
    assert ended.exit_code == 0, ended.output
    assert all(words in ended.stdout for words in said)
    assert "(its answer of " in ended.stdout


def test_the_deadline_of_a_check_covers_the_inventory(
    desk: World, systems: Systems, memory: Path
) -> None:
    shutil.copytree(memory, desk.directory / "cache", dirs_exist_ok=True)
    systems.faults["mimic"] = "hang"
    began = time.monotonic()
    ended = desk.vip("check", "--deadline", "6")
    assert time.monotonic() - began < 15  # one time-out alone has 20 s
    assert "Mimic and Subnet page could not be asked (" in ended.stderr
    assert "): the time for asking was over. Kept answers serve" in ended.stderr
    # The switch was asked in the other half of the time.
    assert "swt-sn2100-03" in ended.stdout
    assert "not-checked" not in ended.stdout


def test_the_deadline_of_find_covers_the_sources(
    desk: World, systems: Systems, memory: Path
) -> None:
    shutil.copytree(memory, desk.directory / "cache", dirs_exist_ok=True)
    systems.faults["mimic"] = "hang"
    began = time.monotonic()
    ended = desk.vip("find", "vm-a1", "--deadline", "6")
    assert time.monotonic() - began < 15  # one time-out alone has 20 s
    assert ended.exit_code == 0, ended.output
    assert "FOUND: vm-a1 is behind swt-sn2100-03" in ended.stdout


def test_find_asks_the_switches_of_the_kept_answers(desk: World, systems: Systems) -> None:
    assert desk.vip("inventory", "refresh").exit_code == 0
    assert not list((desk.directory / "cache").rglob("*looked-at*")), "no switch was asked"
    systems.faults.update(
        {"mimic": "refused", "subnet-page": "refused", "openstack": "keystone-refused"}
    )
    ended = desk.vip("find", "hv50", "-f", "json")
    told = json.loads(ended.stdout)
    assert (ended.exit_code, told["kind"], told["asked"]) == (0, "hypervisor", 2)
    assert any("This is its answer of" in note for note in told["notes"])


@pytest.mark.parametrize(("target", "words"), HOPELESS)
def test_a_target_that_cannot_be_healed(desk: World, target: str, words: tuple[str, ...]) -> None:
    require_refused(desk, desk.vip("heal", target, "--toggle", "--yes"), 3, *words)
    assert desk.reports()[-1]["verdict"] == "refused"
    assert desk.audit()[-1]["exit_code"] == 3


@pytest.mark.parametrize("command", SENSELESS)
def test_a_command_line_that_makes_no_sense(desk: World, command: tuple[str, ...]) -> None:
    require_refused(desk, desk.vip(*command), 2)


def test_a_name_that_no_switch_can_have(desk: World) -> None:
    require_refused(desk, desk.vip(*NAMELESS), 3, "neither a switch's name nor an address")


def test_the_switch_is_the_stand_ins(desk: World) -> None:
    leaf = default_topology().leaf("03")
    assert (leaf.name, str(leaf.address.ip)) == (SWITCH, "10.5.0.43")
    assert desk.leaf.hostname == leaf.short_name


def test_an_unknown_name_is_no_fact_when_openstack_is_down(desk: World, systems: Systems) -> None:
    known = desk.vip("trace", "vm-zz")
    assert known.exit_code == 3, known.output
    asked = 'OpenStack: it could not be asked whether there is a VM called "vm-zz"'
    for fault in ("keystone-refused", "nova-503", "cell-down"):
        systems.faults["openstack"] = fault
        require_refused(desk, desk.vip("trace", "vm-zz"), 4, asked)
    for target in ("130.246.213.99", "name:vm-zz", "vm:vm-zz"):
        require_refused(desk, desk.vip("trace", target), 4, "OpenStack: it was asked for the VM")


def test_a_compute_service_that_does_not_answer_is_told(desk: World, systems: Systems) -> None:
    systems.faults["openstack"] = "service-down"
    said = desk.vip("heal", "vm-a1", "--dry-run").output
    assert f"is ACTIVE on {HV}; the compute service on {HV} does not answer" in said
    assert "states may be old" in said
    systems.faults["openstack"] = "maintenance"
    assert "is disabled (maintenance)" in desk.vip("heal", "vm-a1", "--dry-run").output
    refused = desk.vip("heal", "vm-stopped").stderr
    assert "See to the hypervisor first: the compute service on hv51" in refused
    traced = desk.vip("trace", "vm-nohost", "--no-ask-switches").output
    assert "is ERROR (No valid host was" in " ".join(traced.split())


def test_a_compute_host_that_hangs_hides_no_vms(desk: World, systems: Systems) -> None:
    configure(desk, systems.settings("openstack"))
    systems.faults["openstack"] = "compute-hang"
    ended = desk.vip("trace", "hv50", "--no-ask-switches", "--no-probe")
    assert ended.exit_code == 0, ended.output
    assert "2 VMs on that hypervisor: vm-a1, vm-a2" in ended.output


# --- docs/worst-days.md

DOWN_OPENSTACK = ["keystone-refused", "nova-refused", "neutron-down"]
HUNG_OPENSTACK = ["keystone-hang", "hang", "neutron-hang"]
#: By the number of the day: the faults of the systems, and whether everything was kept before.
WORST_DAYS: dict[str, tuple[dict[str, object], bool]] = {
    "1": ({"mimic": "refused"}, False),
    "2": ({"mimic": "hang"}, True),
    "3": ({"mimic": "wrong-switch"}, False),
    "4": ({"openstack": DOWN_OPENSTACK}, False),
    "5": ({"openstack": HUNG_OPENSTACK}, True),
    "6": ({"subnet-page": "refused"}, False),
    "7": ({"mimic": "refused", "subnet-page": "refused", "openstack": DOWN_OPENSTACK}, False),
}
ASKED = (("trace", "vm-a1"), ("heal", "vm-a1", "-n"), ("find", "vm-a1"), ("inventory", "refresh"))


def worst_days() -> dict[str, tuple[int, ...]]:
    """The exit codes of the table, by the number of the day; ``check`` is left out."""
    text = (Path(__file__).parents[3] / "docs" / "worst-days.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d)\. [^|]*((?:\| \d+, \d+ s )+)\|$", text, re.MULTILINE)
    codes = {day: tuple(map(int, re.findall(r"\| (\d+), ", cells))) for day, cells in rows}
    return {day: (*found[:3], found[4]) for day, found in codes.items()}


@pytest.mark.parametrize("day", [*WORST_DAYS])
def test_the_worst_days_end_as_documented(desk: World, systems: Systems, day: str) -> None:
    desk.cut_off()
    cache, kept = desk.directory / "cache", desk.directory / "kept"
    faults, remembered = WORST_DAYS[day]
    if remembered:
        assert desk.vip("inventory", "refresh").exit_code == 0
        cache.rename(kept)
        (hanging,) = faults
        configure(desk, systems.settings(hanging))
    desk.switches["10.5.0.41"].lldp = lldp(("swp1s3", "hv60"))
    systems.faults |= faults
    codes = []
    for words in ASKED:
        shutil.rmtree(cache, ignore_errors=True)
        if remembered:
            shutil.copytree(kept, cache)
        ended = desk.vip(*words)
        assert "Traceback" not in ended.output
        assert "unexpected" not in ended.output
        codes.append(ended.exit_code)
    assert tuple(codes) == worst_days()[day]
    assert not desk.committed
