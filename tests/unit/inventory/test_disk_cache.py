from __future__ import annotations

import json
import logging
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from inventory.cached_sources import CachedAddress, CachedCompute, CachedUplink
from inventory.disk_cache import NAMES, SWITCH, UPLINKS, VMS, Cache, checksum
from inventory.errors import SourceError, UnknownHypervisorError, UnknownSwitchError
from inventory.model import Answer, Uplink, VirtualMachine
from tests.unit.inventory.fakes import HV50, NOW, SW1, SW3, Fake, uplink, vm

UPLINK_ANSWER: Answer[tuple[Uplink, ...]] = Answer((uplink(),), "Mimic", NOW)


def only_file(directory: Path) -> Path:
    (found,) = directory.rglob("*.json")
    return found


def test_what_is_stored_comes_back_marked_and_typed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    value: tuple[VirtualMachine, ...] = (vm("vm-a1"),)
    answer = Answer(value, "OpenStack", NOW)
    cache.store("q", answer, VMS)
    assert cache.load("q", VMS) == Answer(value, "OpenStack", NOW, cached=True)
    assert cache.load("another", VMS) is None


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    Cache(tmp_path / "c").store("q", UPLINK_ANSWER, UPLINKS)
    file = only_file(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\x00\xff",
        b"[]",
        b'{"schema_version": 1}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_ignored_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    cache = Cache(tmp_path)
    cache.store("q", UPLINK_ANSWER, UPLINKS)
    only_file(tmp_path).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert cache.load("q", UPLINKS) is None
    assert "ignored" in caplog.text


def forged(file: Path, **changes: object) -> None:
    """Change what a file says, with a checksum that fits."""
    content = json.loads(file.read_text()) | changes
    file.write_text(json.dumps(content | {"sha256": checksum(content)}))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("schema_version", 1, "another version"),
        ("question", "another", "another question"),
        ("asked_at", "2018-03-13T09:00:00", "no zone"),
        ("asked_at", 10**400, "damaged"),
        ("value", [{"hypervisor": 1}], "damaged"),
        ("surprise", 1, "damaged"),
    ],
)
def test_a_file_that_means_something_else_is_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, key: str, value: object, said: str
) -> None:
    cache = Cache(tmp_path)
    cache.store("q", UPLINK_ANSWER, UPLINKS)
    forged(only_file(tmp_path), **{key: value})
    assert cache.load("q", UPLINKS) is None
    assert said in caplog.text


def test_every_changed_byte_is_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = Cache(tmp_path)
    cache.store("q", UPLINK_ANSWER, UPLINKS)
    file = only_file(tmp_path)
    sound = file.read_bytes()
    for at in range(0, len(sound), 7):
        changed = bytearray(sound)
        changed[at] ^= 1
        file.write_bytes(changed)
        kept = cache.load("q", UPLINKS)
        # Between the values a blank can be another one.
        assert kept is None or (kept.value, kept.asked_at) == (UPLINK_ANSWER.value, NOW)
    file.write_bytes(sound.replace(b"swp1s3", b"swp1s4"))
    caplog.clear()
    assert cache.load("q", UPLINKS) is None
    assert "its checksum is wrong" in caplog.text


def test_a_file_of_an_older_version_is_told_and_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(tmp_path)
    cache.store("q", UPLINK_ANSWER, UPLINKS)
    file = only_file(tmp_path)
    content = json.loads(file.read_text()) | {"schema_version": 1}
    del content["sha256"]
    file.write_text(json.dumps(content))
    assert cache.load("q", UPLINKS) is None
    assert "another version" in caplog.text


@pytest.mark.parametrize("name", ["-oProxyCommand=x", "x;touch /tmp/p", "$(x)", "", "a\nb"])
def test_no_name_comes_back_that_no_source_would_have_let_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    cache = Cache(tmp_path)
    cache.store("u", UPLINK_ANSWER, UPLINKS)
    (value,) = json.loads(only_file(tmp_path).read_text())["value"]
    for key in ("switch", "hypervisor", "interface"):
        forged(only_file(tmp_path), value=[value | {key: name}])
        assert cache.load("u", UPLINKS) is None
        assert "which is no possible name" in caplog.text
    only_file(tmp_path).unlink()
    cache.store("n", Answer((HV50,), "Mimic", NOW), NAMES)
    forged(only_file(tmp_path), value=[name])
    assert cache.load("n", NAMES) is None
    only_file(tmp_path).unlink()
    cache.store("a", Fake().address_of(SW3), SWITCH)
    content = json.loads(only_file(tmp_path).read_text())["value"]
    for changes in ({"name": name}, {"address": "10.5.0.999"}, {"address": "x;y"}):
        forged(only_file(tmp_path), value=content | changes)
        assert cache.load("a", SWITCH) is None
    forged(only_file(tmp_path), value=content)
    assert cache.load("a", SWITCH) is not None


def test_what_could_not_come_back_is_not_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Cache(tmp_path).store("n", Answer(("$(x)",), "A plugin", NOW), NAMES)
    assert not list(tmp_path.rglob("*.json"))
    assert "could not be kept" in caplog.text


def test_a_directory_that_others_may_write_is_not_trusted(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.store("q", UPLINK_ANSWER, UPLINKS)
    only_file(tmp_path).parent.chmod(0o777)
    assert cache.load("q", UPLINKS) is None


def test_a_place_that_cannot_be_written_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    source = CachedUplink(Fake(), Cache(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        assert source.uplinks_of(HV50).value
    assert "could not be kept" in caplog.text


def test_the_last_good_answer_replaces_a_failure_and_says_so(tmp_path: Path) -> None:
    fake = Fake()
    cache = Cache(tmp_path)
    compute, cables, addresses = (
        CachedCompute(fake, cache),
        CachedUplink(fake, cache),
        CachedAddress(fake, cache),
    )

    def ask() -> list[Answer[object]]:
        return [
            compute.find_vms("vm-a1"),  # type: ignore[list-item]  # Answer is invariant
            compute.vms_on(HV50),  # type: ignore[list-item]
            cables.list_hypervisors(),  # type: ignore[list-item]
            cables.uplinks_of(HV50),  # type: ignore[list-item]
            addresses.address_of(SW3),  # type: ignore[list-item]
        ]

    fresh = ask()
    fake.broken = {"find_vms", "vms_on", "list_hypervisors", "uplinks_of", "address_of"}
    kept = ask()
    for before, after in zip(fresh, kept, strict=True):
        assert after.value == before.value
        assert (before.cached, after.cached) == (False, True)
        assert after.asked_at == NOW
        assert "is down" in after.warning
        assert "days ago" in after.warning


def test_without_an_earlier_answer_a_failure_is_one(tmp_path: Path) -> None:
    fake = Fake(broken={"uplinks_of"})
    with pytest.raises(SourceError, match="uplinks_of is down"):
        CachedUplink(fake, Cache(tmp_path)).uplinks_of(HV50)


def test_a_sound_no_is_not_replaced(tmp_path: Path) -> None:
    fake = Fake()
    cables, addresses = CachedUplink(fake, Cache(tmp_path)), CachedAddress(fake, Cache(tmp_path))
    cables.uplinks_of(HV50)
    addresses.address_of(SW3)
    fake.uplinks.clear()
    fake.switches.clear()
    with pytest.raises(UnknownHypervisorError):
        cables.uplinks_of(HV50)
    with pytest.raises(UnknownSwitchError):
        addresses.address_of(SW3)


class OfTwoKinds(Fake):
    """Knows what LLDP saw; without that, what somebody recorded."""

    recorded: tuple[Uplink, ...] = ()

    def uplinks_of(self, hypervisor: str) -> Answer[tuple[Uplink, ...]]:
        if self.recorded and "uplinks_of" not in self.broken:
            return Answer(self.recorded, "Fake", NOW, warning="recorded", recorded=True)
        return super().uplinks_of(hypervisor)


def test_recorded_cables_never_take_the_place_of_what_lldp_saw(tmp_path: Path) -> None:
    fake = OfTwoKinds()
    cables = CachedUplink(fake, Cache(tmp_path))
    assert cables.uplinks_of(HV50).value == (uplink(),)
    fake.recorded = (replace(uplink(switch=SW1, observed=None), source="Fake/recorded"),)
    beside = cables.uplinks_of(HV50)
    assert beside.value == (uplink(), *fake.recorded)
    assert f"{HV50}: " in beside.warning
    assert f"days ago LLDP had eth0 on {SW3} swp1s3: kept, and the switches" in beside.warning
    fake.broken = {"uplinks_of"}
    kept = cables.uplinks_of(HV50)
    assert (kept.value, kept.recorded) == ((uplink(),), False)


def test_recorded_cables_of_the_same_switch_stand_for_themselves(tmp_path: Path) -> None:
    fake = OfTwoKinds()
    cables = CachedUplink(fake, Cache(tmp_path))
    cables.uplinks_of(HV50)
    fake.recorded = (uplink(observed=None),)
    answer = cables.uplinks_of(HV50)
    assert (answer.value, answer.warning) == (fake.recorded, "recorded")


def test_recorded_cables_are_kept_as_such_where_lldp_saw_nothing(tmp_path: Path) -> None:
    fake = OfTwoKinds()
    cables = CachedUplink(fake, Cache(tmp_path))
    fake.recorded = (uplink(observed=None),)
    cables.uplinks_of(HV50)
    fake.broken = {"uplinks_of"}
    kept = cables.uplinks_of(HV50)
    assert (kept.value, kept.cached, kept.recorded) == (fake.recorded, True, True)


def test_a_vm_that_is_gone_is_not_brought_back(tmp_path: Path) -> None:
    fake = Fake()
    compute = CachedCompute(fake, Cache(tmp_path))
    assert compute.find_vms("vm-a1").value
    fake.vms.clear()
    assert compute.find_vms("vm-a1").value == ()
    fake.broken = {"find_vms"}
    with pytest.raises(SourceError, match="find_vms is down"):
        compute.find_vms("vm-a1")


def test_another_site_has_another_memory(tmp_path: Path) -> None:
    CachedUplink(Fake(), Cache(tmp_path)).uplinks_of(HV50)
    elsewhere = Fake(location="there", broken={"uplinks_of"})
    with pytest.raises(SourceError):
        CachedUplink(elsewhere, Cache(tmp_path)).uplinks_of(HV50)


def test_an_old_answer_is_not_stored_anew(tmp_path: Path) -> None:
    class Old(Fake):
        def list_hypervisors(self) -> Answer[tuple[str, ...]]:
            return Answer((HV50,), "Fake", NOW - timedelta(days=9), cached=True)

    CachedUplink(Old(), Cache(tmp_path)).list_hypervisors()
    assert not list(tmp_path.rglob("*.json"))


def test_whose_a_mac_is_is_never_told_from_memory(tmp_path: Path) -> None:
    fake = Fake()
    compute = CachedCompute(fake, Cache(tmp_path))
    (mac,) = fake.vms[0].macs
    assert {o.vm.name for o in compute.owners_of([mac]).value if o.vm} == {"vm-a1", "vm-a2"}
    assert list(tmp_path.rglob("*.json")) == []
    fake.broken = {"owners_of"}
    with pytest.raises(SourceError, match="is down"):
        compute.owners_of([mac])


def test_a_compute_source_need_not_know_macs(tmp_path: Path) -> None:
    class Plain:
        system, location = "Nebula", "there"

        def find_vms(self, target: str) -> Answer[tuple[VirtualMachine, ...]]:
            raise AssertionError(target)

        def vms_on(self, hypervisor: str) -> Answer[tuple[VirtualMachine, ...]]:
            raise AssertionError(hypervisor)

    with pytest.raises(SourceError, match="Nebula: it cannot say who owns a MAC"):
        CachedCompute(Plain(), Cache(tmp_path)).owners_of(["fa:16:3e:00:00:01"])


def test_a_link_in_the_place_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    """Who can write beside it could have the answers written to any directory of ours."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "answers-v1").symlink_to(elsewhere)
    cache = Cache(tmp_path / "cache")
    cache.store("q", UPLINK_ANSWER, UPLINKS)
    assert list(elsewhere.iterdir()) == []
    assert cache.load("q", UPLINKS) is None
