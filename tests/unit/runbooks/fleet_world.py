"""Leafs that answer a check from facts, or do not answer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from nornir.core.task import Result, Task

from runbooks.fleet import assess
from tasks.facts.model import LldpFact, Section, SwitchFacts
from tests.unit.inventory.fakes import uplink
from tests.unit.runbooks.conftest import World
from tests.unit.tasks.health.recorded import facts

Answer = SwitchFacts | Exception | Callable[[], SwitchFacts]


def name_of(number: int) -> str:
    return f"swt-sn2100-{number:02}.example.internal"


@dataclass
class Leafs:
    """What each leaf answers, by name; who was asked, in which thread, with which probes."""

    world: World
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    probes: list[Any] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *numbers: int, answer: Answer | None = None) -> None:
        """Leafs with a hypervisor each, well unless told otherwise."""
        for number in numbers:
            name = name_of(number)
            address = f"10.5.0.{100 + number}"
            self.world.site.switches[name] = address
            hypervisor = f"hv{number:02}.nubes.example.internal"
            self.world.site.uplinks[hypervisor] = (
                uplink(hypervisor, name, port="swp1s3", observed=None),
            )
            self.answers[name] = answer or replace(
                facts(),
                switch=name,
                hostname=name.split(".", 1)[0],
                lldp=Section((LldpFact("swp1s3", hypervisor),)),
            )

    def change(self, number: int, change: Callable[[SwitchFacts], SwitchFacts]) -> None:
        facts = self.answers[name_of(number)]
        assert isinstance(facts, SwitchFacts)
        self.answers[name_of(number)] = change(facts)

    def collect(self, task: Task, *, probes: Any = None) -> Result:
        name = task.host.name
        with self.lock:
            self.asked.append(name)
            self.probes.append(probes)
        answer = self.answers[name]
        if callable(answer):
            answer = answer()
        if isinstance(answer, Exception):
            raise answer
        return Result(task.host, result=answer)


def hang(seconds: float = 30) -> Callable[[], SwitchFacts]:
    def wait() -> SwitchFacts:
        time.sleep(seconds)
        return facts()

    return wait


@pytest.fixture
def leafs(world: World, monkeypatch: pytest.MonkeyPatch) -> Leafs:
    world.site.uplinks = {}
    world.site.switches = {}
    found = Leafs(world)
    # All leafs answer from one leaf's facts, so they share what real ones never do.
    shared = ["routing-model", "svi-address-shared", "address-shared", "vtep-shared"]
    monkeypatch.setenv("VIPKEEPER_CHECK__SKIP", json.dumps(shared))
    monkeypatch.setattr(assess, "collect_facts", found.collect)
    return found
