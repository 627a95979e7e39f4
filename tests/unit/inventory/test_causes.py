"""One line for one cause, however many hosts it is said of."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from inventory.cached_sources import CachedAddress, CachedCompute, CachedUplink
from inventory.causes import Note, in_lines
from inventory.disk_cache import Cache
from inventory.errors import NoAnswerError, SourceError, SourceTimeoutError
from inventory.model import Answer, Switch, Uplink, VirtualMachine
from inventory.nornir_hosts import collect
from inventory.site import Site
from inventory.target import resolve
from tests.unit.inventory.fakes import Fake, uplink, vm

HOSTS = [f"hv{100 + number}.nubes.example.internal" for number in range(56)]


class Down(Fake):
    """Sources of three systems; ``cause`` makes the failure of a question about a name."""

    cause: str = ""

    def _fail(self, system: str, path: str, name: str) -> None:
        if self.cause == "vpn":
            message = f"GET http://{system}/{path}?n={name} had no answer: No route to host."
            raise NoAnswerError(system, message, "Check the VPN.").because("No route to host")
        if self.cause == "magdb" and path == "node.php":
            said = 'the page says "Parse error while loading plugin" (pg_connect)'
            raise SourceError(system, f"GET http://{system}/node.php?n={name}: {said}.")
        if self.cause == "nova" and system == "OpenStack":
            asked = f"it was asked for {path} {name} and Nova gave HTTP 503"
            raise SourceError(system, asked)

    def find_vms(self, target: str) -> Answer[tuple[VirtualMachine, ...]]:
        self._fail("OpenStack", "the VM named", target)
        return super().find_vms(target)

    def vms_on(self, hypervisor: str) -> Answer[tuple[VirtualMachine, ...]]:
        self._fail("OpenStack", "the VMs on", hypervisor)
        return super().vms_on(hypervisor)

    def list_hypervisors(self) -> Answer[tuple[str, ...]]:
        self._fail("Mimic", "view.php", "all")
        return super().list_hypervisors()

    def uplinks_of(self, hypervisor: str) -> Answer[tuple[Uplink, ...]]:
        self._fail("Mimic", "node.php", hypervisor)
        return super().uplinks_of(hypervisor)

    def address_of(self, switch: str) -> Answer[Switch]:
        self._fail("Subnet page", "network", "")
        return super().address_of(switch)


@pytest.fixture
def down() -> Down:
    uplinks = {
        name: (uplink(name, f"swt-{n % 8}.example.internal"),) for n, name in enumerate(HOSTS)
    }
    switches = {f"swt-{n}.example.internal": f"10.5.0.{n + 1}" for n in range(8)}
    return Down(vms=[vm("vm-a1", HOSTS[0])], uplinks=dict(uplinks), switches=switches)


def cached(fake: Fake, directory: Path) -> Site:
    cache = Cache(directory)
    return Site(CachedCompute(fake, cache), CachedUplink(fake, cache), CachedAddress(fake, cache))


def test_a_lost_vpn_is_one_line_for_the_inventory(down: Down, tmp_path: Path) -> None:
    assert collect(cached(down, tmp_path)).warnings == ()
    down.cause = "vpn"
    found = collect(cached(down, tmp_path))
    assert len(found.switches) == 8
    assert found.problems == ()
    (line,) = found.warnings
    assert line.startswith("Mimic and Subnet page do not answer (asked for 56 hypervisors (hv100, ")
    assert "hv100, hv101, hv102 and 53 more) and 8 switches (swt-0, swt-1, swt-2 and 5" in line
    assert "No route to host. Is the network or the VPN down? Kept answers serve" in line
    assert "the oldest of" in line
    # Every sentence is there for other programs.
    assert len(found.details) == 1 + 56 + 8
    assert any(HOSTS[55] in detail for detail in found.details)


@pytest.mark.parametrize("target", ["vm:vm-a1", "vm-a1"])
def test_a_lost_vpn_is_one_line_for_a_vm(down: Down, tmp_path: Path, target: str) -> None:
    resolve(cached(down, tmp_path), "vm-a1")
    down.cause = "vpn"
    path = resolve(cached(down, tmp_path), target)
    line, old = path.lines
    systems, _, reason = line.partition(" do not answer: ")
    assert all(system in systems for system in ("OpenStack", "Mimic", "Subnet page"))
    assert reason.startswith("No route to host.")
    assert "last observed" in old
    assert sum("no answer" in warning for warning in path.warnings) >= 4


def test_a_lost_vpn_with_nothing_kept_is_called_one(down: Down, tmp_path: Path) -> None:
    down.cause = "vpn"
    with pytest.raises(SourceError) as failure:
        resolve(cached(down, tmp_path), "vm-a1")
    assert "Mimic and Subnet page could not be asked either" in str(failure.value)
    assert failure.value.advice == "Is the network or the VPN down?"


def test_magdb_down_is_one_line(down: Down, tmp_path: Path) -> None:
    collect(cached(down, tmp_path))
    down.cause = "magdb"
    (kept,) = collect(cached(down, tmp_path)).warnings
    assert kept.startswith("56 hypervisors (hv100, hv101, hv102 and 53 more): Mimic: GET http")
    assert 'node.php?n=…: the page says "Parse error' in kept
    assert kept.count("hv1") == 3
    with pytest.raises(SourceError) as failure:
        collect(cached(down, tmp_path / "other"))
    assert str(failure.value).count("Parse error") == 1
    assert "56 hypervisors (hv100, hv101, hv102 and 53 more)" in str(failure.value)


def test_openstack_down_is_one_line(down: Down, tmp_path: Path) -> None:
    resolve(cached(down, tmp_path), "vm-a1")
    down.cause = "nova"
    lines = resolve(cached(down, tmp_path), "vm-a1").lines
    assert sum("HTTP 503" in line for line in lines) == 1


def test_what_has_another_cause_has_another_line() -> None:
    texts = ["gave HTTP 503.", "gave HTTP 500.", "gave HTTP 503."]
    notes = [
        Note(f"Mimic: GET n={name} {text}", name) for name, text in zip(HOSTS, texts, strict=False)
    ]
    assert in_lines(notes) == (
        "2 hypervisors (hv100, hv102): Mimic: GET n=… gave HTTP 503.",
        f"Mimic: GET n={HOSTS[1]} gave HTTP 500.",
    )


def test_one_host_is_told_in_its_own_words() -> None:
    note = Note(f"Mimic: {HOSTS[0]} is not drawn.", HOSTS[0])
    assert in_lines([note]) == (note.text,)
    assert in_lines([note, note]) == (note.text,)


def test_a_dead_source_that_was_asked_for_a_name_and_for_a_switch_is_one_line() -> None:
    dead = NoAnswerError("Subnet page", "GET x had no answer: refused.").because("refused")
    kept = datetime.now(timezone.utc) - timedelta(minutes=8)
    notes = [
        Note(f"{dead} It may know a vm-a1 as well.", failure=dead),
        Note(f"{dead} This is its answer of 8 minutes ago.", "sw1", failure=dead, kept=kept),
    ]
    (line,) = in_lines(notes)
    assert line.startswith("Subnet page does not answer: refused. Kept answers serve, the oldest")


def test_what_was_given_up_has_the_cause_of_the_first() -> None:
    late = SourceTimeoutError("Mimic", "GET n=hv100 had no answer: nothing came for 30 s.")
    late.because("nothing came for 30 s")
    given_up = SourceTimeoutError("Mimic", f"it hangs and is not asked again: {late.message}")
    given_up.because(late.reason)
    old = datetime.now(timezone.utc) - timedelta(hours=5)
    notes = [Note(str(late), HOSTS[0], failure=late, kept=old)]
    notes += [Note(str(given_up), name, failure=given_up, kept=old) for name in HOSTS[1:]]
    (line,) = in_lines(notes)
    assert line.startswith("Mimic hangs (asked for 56 hypervisors (hv100, hv101, hv102 and 53")
    assert line.endswith(": nothing came for 30 s. Kept answers serve, the oldest of 5 hours ago.")


def test_switches_that_are_left_out_are_counted(down: Down) -> None:
    down.switches = {"swt-0.example.internal": "10.5.0.1"}
    (line,) = collect(down.site()).problems
    assert line == (
        "7 switches (swt-1, swt-2, swt-3 and 4 more) are left out: Fake: it does not know …."
    )
