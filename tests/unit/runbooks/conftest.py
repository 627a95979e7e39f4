from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from nornir_config import connection
from runbooks import cli, heal
from runbooks.reachability import Probe
from tests.unit.inventory.fakes import SW1, SW3, Fake, uplink, vm
from tests.unit.tasks.fakes import VM_MAC, FakeSwitch, serving

SETTINGS = """\
[mimic]
url = "http://127.0.0.1:9"
[paths]
cache = "cache"
reports = "reports"
audit = "state/audit.jsonl"
[heal]
settle = 0.3
"""


@dataclass
class World:
    """A site, its switches, and which addresses answer a ping."""

    directory: Path
    site: Fake
    switches: dict[str, FakeSwitch]
    silent: set[str] = field(default_factory=set)
    unpingable: set[str] = field(default_factory=set)

    @property
    def leaf(self) -> FakeSwitch:
        return self.switches["10.5.0.43"]

    def probe(self, addresses: list[str], **_: Any) -> tuple[Probe, ...]:
        return tuple(
            Probe(a, 0, 0, error="Network is unreachable")
            if a in self.unpingable
            else Probe(a, 3, 0 if a in self.silent else 3, None if a in self.silent else 0.4)
            for a in addresses
        )

    def wait(self, addresses: list[str], settle: float, **_: Any) -> tuple[Any, float]:
        return self.probe(addresses), min(settle, 0.1)

    def cut_off(self, *, healed_by_toggle: bool = True) -> None:
        """Nobody answers, until the leaf is toggled."""
        self.silent.update(str(a.ip) for v in self.site.vms for a in v.addresses)
        if healed_by_toggle:
            self.leaf.on_commit = lambda _: self.silent.clear()

    def vip(self, *words: str, input_: str | None = None) -> Result:
        config = ["--config", str(self.directory / "vipkeeper.toml")]
        return CliRunner().invoke(cli.app, [*config, *words], input=input_)

    def reports(self) -> list[Any]:
        return [json.loads(p.read_text()) for p in sorted((self.directory / "reports").glob("*"))]

    def audit(self) -> list[Any]:
        path = self.directory / "state/audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def committed(self) -> bool:
        return any(e.startswith("commit") for s in self.switches.values() for e in s.events)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    (tmp_path / "vipkeeper.toml").write_text(SETTINGS)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("VIPKEEPER_CONFIG", raising=False)
    site = Fake(
        vms=[vm("vm-a1")],
        uplinks={
            "hv50.nubes.example.internal": (uplink(observed=None),),
        },
        switches={SW1: "10.5.0.41", SW3: "10.5.0.43"},
    )
    world = World(
        tmp_path, site, {"10.5.0.43": FakeSwitch(), "10.5.0.41": FakeSwitch("swt-sn2100-01")}
    )
    fake_site: Callable[[Any], Any] = lambda _: site.site()  # noqa: E731 - typed for mypy
    monkeypatch.setattr("inventory.plugin.site_from_settings", fake_site)
    monkeypatch.setattr(connection, "get_network_driver", serving(world.switches))
    monkeypatch.setattr(heal, "probe_all", world.probe)
    monkeypatch.setattr(heal, "wait_until_answering", world.wait)
    assert site.vms[0].macs == (VM_MAC,)
    return world
