from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jsonschema
import nornir.core.task
import pytest
from nornir.core.task import Task
from typer.testing import CliRunner, Result

from nornir_config import connection
from runbooks import heal, trace
from runbooks.cli import app as cli
from runbooks.cure import carry_out as curing
from runbooks.cure import observer, treat
from runbooks.incident import survey
from runbooks.incident.reachability import Probe
from tasks.cures import apply as cures
from tasks.cures.model import CureOutcome, PlannedCure
from tasks.errors import CannotCureError
from tasks.facts.model import Section, SwitchFacts
from tasks.faults.model import Diagnosis
from tasks.ladder import Cure
from tests.unit.inventory.fakes import SW1, SW3, Fake, uplink, vm
from tests.unit.runbooks.report_schema import PUBLISHED
from tests.unit.tasks.fakes import VM_MAC, FakeSwitch, serving
from tests.unit.tasks.health.healthy import NETWORK, changed, healthy, plus, probe, without
from tests.unit.tasks.health.healthy import VM_MAC as DRAWN_MAC

VALIDATOR = jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text()))
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


def well() -> SwitchFacts:
    """What a switch says that is well; the VM answers it."""
    facts = healthy()
    for section in ("neighbours", "fdb"):
        rows = getattr(facts, section).rows
        kept = tuple(replace(r, mac=VM_MAC) if r.mac == DRAWN_MAC else r for r in rows)
        cleared: dict[str, Any] = {section: Section()}
        facts = plus(replace(facts, **cleared), section, *kept)
    return changed(facts, "probes", {"kind": "arp"}, macs=(VM_MAC,))


def no_routes() -> SwitchFacts:
    """What a switch says whose SVI has lost its routes."""
    facts = well()
    for device in ("vlan453", "vlan453-v0", "vlan453-v1"):
        facts = without(facts, "routes", device=device, destination=NETWORK)
    return probe(facts, "ping", ok=False)


@dataclass
class World:
    """A site, its switches, which addresses answer a ping, and what cures do."""

    directory: Path
    site: Fake
    switches: dict[str, FakeSwitch]
    silent: set[str] = field(default_factory=set)
    unpingable: set[str] = field(default_factory=set)
    facts: dict[str, SwitchFacts] = field(default_factory=dict)
    on_cure: dict[Cure, Callable[[], None]] = field(default_factory=dict)
    cured: list[tuple[str, Cure, str]] = field(default_factory=list)
    impossible: set[str] = field(default_factory=set)
    problems: tuple[str, ...] = ()

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
        """Nobody answers, until the leaf is toggled or its routes are back."""
        self.silent.update(str(a.ip) for v in self.site.vms for a in v.addresses)
        self.facts[SW3] = no_routes()
        if healed_by_toggle:
            self.leaf.on_commit = lambda _: self.recover()
            self.on_cure[Cure.REAPPLY] = self.recover

    def recover(self) -> None:
        """Everybody answers, and the switch is well."""
        self.silent.clear()
        self.facts[SW3] = well()

    # --- what stands in for the tasks on facts and cures

    def collect(self, task: Task, **_: Any) -> nornir.core.task.Result:
        return nornir.core.task.Result(task.host, self.facts.get(task.host.name, well()))

    def plan(self, task: Task, diagnosis: Diagnosis, **given: Any) -> nornir.core.task.Result:
        if diagnosis.cure is Cure.TOGGLE:  # the fake driver does it
            return cures.plan_cure(task, diagnosis, **given)
        if diagnosis.fault in self.impossible:
            raise CannotCureError(
                f"{diagnosis.fault} cannot be repaired: a bad line", "Correct it."
            )
        steps = (f"do {diagnosis.cure.value}",)
        planned = PlannedCure(diagnosis.cure, diagnosis.interface, steps, f"{steps[0]}\n")
        return nornir.core.task.Result(task.host, planned)

    def apply(self, task: Task, diagnosis: Diagnosis, **given: Any) -> nornir.core.task.Result:
        assert given["planned"].cure is diagnosis.cure
        assert given["message"].startswith("vip ")
        if diagnosis.cure is Cure.TOGGLE:
            return cures.apply_cure(task, diagnosis, **given)
        self.cured.append((task.host.name, diagnosis.cure, diagnosis.fault))
        self.on_cure.get(diagnosis.cure, lambda: None)()
        outage = 0.02 if diagnosis.cure.disruptive else 0.0
        return nornir.core.task.Result(
            task.host,
            CureOutcome(
                diagnosis.cure,
                given["planned"].steps,
                outage,
                complete=not self.problems,
                problems=self.problems,
            ),
        )

    def vip(self, *words: str, input_: str | None = None) -> Result:
        config = ["--config", str(self.directory / "vipkeeper.toml")]
        return CliRunner().invoke(cli.app, [*config, *words], input=input_)

    def reports(self) -> list[Any]:
        paths = sorted((self.directory / "reports").glob("*"))
        found = [json.loads(path.read_text()) for path in paths]
        for report in found:
            VALIDATOR.validate(report)
        return found

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
    fake_site: Callable[..., Any] = lambda *_: site.site()  # noqa: E731 - typed for mypy
    monkeypatch.setattr("nornir_config.inventory_plugin.site_from_settings", fake_site)
    monkeypatch.setattr(connection, "login_class", serving(world.switches))
    for module in (heal, survey, trace):
        monkeypatch.setattr(module, "probe_all", world.probe)
    for module in (heal, treat):
        monkeypatch.setattr(module, "wait_until_answering", world.wait)
    monkeypatch.setattr(observer, "collect_facts", world.collect)
    monkeypatch.setattr(curing, "plan_cure", world.plan)
    monkeypatch.setattr(curing, "apply_cure", world.apply)
    assert site.vms[0].macs == (VM_MAC,)
    return world
