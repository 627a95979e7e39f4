"""``vip inventory refresh`` keeps what a bad day needs: switches, cables and VMs."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from inventory.cached_sources import CachedAddress, CachedCompute, CachedUplink
from inventory.disk_cache import Cache
from inventory.errors import SourceError
from inventory.site import Site
from inventory.target import resolve
from nornir_config.settings import Settings, load_settings
from runbooks.fleet import progress
from runbooks.inventory import refresh
from runbooks.run.story import Story
from tests.unit.inventory.fakes import HV51, Fake, vm

ALL = {"find_vms", "vms_on", "list_hypervisors", "uplinks_of", "address_of"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "vipkeeper.toml").write_text(f'[paths]\ncache = "{tmp_path}"\n')
    return load_settings(tmp_path / "vipkeeper.toml")


def cached(fake: Fake, directory: Path) -> Site:
    cache = Cache(directory)
    return Site(CachedCompute(fake, cache), CachedUplink(fake, cache), CachedAddress(fake, cache))


def refreshed(settings: Settings, fake: Fake, directory: Path) -> tuple[int, str]:
    told = io.StringIO()
    story = Story(Console(file=told, width=300))
    return refresh(settings, cached(fake, directory), story), told.getvalue()


def test_after_a_refresh_every_vm_is_found_with_all_systems_down(
    settings: Settings, tmp_path: Path
) -> None:
    fake = Fake(vms=[vm("vm-a1"), vm("vm-b1", HV51)])
    code, told = refreshed(settings, fake, tmp_path)
    assert code == 0
    assert "1 switch, 2 hypervisors and 2 VMs, kept in" in told
    fake.broken = ALL
    path = resolve(cached(fake, tmp_path), "vm:vm-b1")
    assert path.hypervisor == HV51
    assert [str(switch.value.address) for switch in path.switches] == ["10.5.0.43"]
    assert path.neighbours is not None


def test_a_refresh_in_part_says_so(settings: Settings, tmp_path: Path) -> None:
    fake = Fake(vms=[vm("vm-a1"), vm("vm-b1", HV51)])
    fake.broken = {"vms_on"}
    code, told = refreshed(settings, fake, tmp_path)
    assert code == 4
    assert "2 hypervisors (hv50, hv51): Fake: vms_on is down." in told
    assert "only in part: 1 switch, 2 hypervisors and 0 VMs" in told


def test_a_hypervisor_that_openstack_does_not_have_is_no_failure(
    settings: Settings, tmp_path: Path
) -> None:
    code, told = refreshed(settings, Fake(vms=[vm("vm-a1")]), tmp_path)
    assert code == 0
    assert "no such hypervisor" in told


def test_kept_answers_are_no_refresh(settings: Settings, tmp_path: Path) -> None:
    fake = Fake(vms=[vm("vm-a1"), vm("vm-b1", HV51)])
    refreshed(settings, fake, tmp_path)
    fake.broken = {"uplinks_of"}
    code, told = refreshed(settings, fake, tmp_path)
    assert code == 4
    assert "2 hypervisors (hv50, hv51): Fake: uplinks_of is down. Kept answers serve" in told
    with pytest.raises(SourceError):
        refreshed(settings, Fake(broken={"list_hypervisors"}), tmp_path / "elsewhere")


def test_a_terminal_is_shown_how_far_it_is(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.StringIO()
    terminal = Console(file=shown, width=100, force_terminal=True)
    monkeypatch.setattr(progress, "make_console", lambda **_: terminal)
    refreshed(settings, Fake(vms=[vm("vm-a1"), vm("vm-b1", HV51)]), tmp_path)
    for step in ("hypervisors and switches", "VMs"):
        assert re.search(rf"{step}.*2/2", shown.getvalue()), shown.getvalue()
