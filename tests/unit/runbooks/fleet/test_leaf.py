"""Healing one leaf of many: a table that could not be read proves nothing well."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from runbooks.cure.observer import GatewayObserver, not_judged
from runbooks.fleet.leaf import NotHealedError, _heal_svi, _is_reached, _is_well, _prove
from runbooks.fleet.plan import SviPlan
from tasks.errors import RefusedError
from tasks.facts.model import Section, SwitchFacts
from tasks.health.diagnose import diagnose
from tests.unit.tasks.health.healthy import GATEWAY, V0, healthy, sysctl

DEAF = sysctl(healthy(), f"conf/{V0}/arp_ignore", 8)
UNREAD = replace(healthy(), sysctls={}, sysctls_unread="'grep' did not end in time on the switch")
(FAULT,) = diagnose(DEAF, GATEWAY)
PLAN = SviPlan(GATEWAY, (FAULT,), FAULT)
NAME = "swt-sn2100-03"


def session(facts: SwitchFacts) -> Any:
    return SimpleNamespace(run=lambda *_, **__: facts, switch=SimpleNamespace(name=NAME))


def run() -> Any:
    story = SimpleNamespace(tell=lambda *_: None)
    settings = SimpleNamespace(heal=SimpleNamespace(settle=0))
    return SimpleNamespace(settings=settings, story=story, report=SimpleNamespace(findings={}))


def test_a_fault_whose_facts_were_not_read_is_neither_there_nor_gone() -> None:
    assert FAULT.fault == "vrr-arp-ignore"
    assert not_judged((FAULT,), UNREAD) == (FAULT,)
    assert not_judged((FAULT,), DEAF) == ()
    assert not_judged((FAULT,), healthy()) == ()
    by_exclusion = replace(FAULT, fault="vm-unreachable")
    assert not_judged((by_exclusion,), UNREAD) == ()


@pytest.mark.parametrize(
    ("facts", "well"),
    [(healthy(), True), (DEAF, False), (UNREAD, False)],
    ids=["well", "deaf", ""],
)
def test_a_cure_has_helped_where_it_is_seen(facts: SwitchFacts, *, well: bool) -> None:
    observer = GatewayObserver(session(facts), GATEWAY)
    assert _is_well(observer, (FAULT,), 0) is well


def test_nothing_is_proven_by_a_table_that_was_not_read() -> None:
    _prove(run(), GatewayObserver(session(healthy()), GATEWAY), {}, PLAN)
    with pytest.raises(NotHealedError, match=r"whether vrr-arp-ignore .*is gone is not known"):
        _prove(run(), GatewayObserver(session(UNREAD), GATEWAY), {}, PLAN)


def test_a_leaf_whose_fault_cannot_be_seen_any_more_is_not_called_well_again() -> None:
    healing: Any = SimpleNamespace()
    facts = replace(UNREAD, gateways=(GATEWAY,))
    with pytest.raises(RefusedError, match=r"vrr-arp-ignore .*not known.*nothing was touched"):
        _heal_svi(run(), healing, session(facts), PLAN, {})


def test_without_probes_nobody_is_known_to_be_reached() -> None:
    observer = GatewayObserver(session(healthy()), GATEWAY)
    assert _is_reached(observer.judge(healthy()), observer)
    assert _is_reached(observer.judge(replace(healthy(), probes=Section())), observer)
    unread = replace(healthy(), probes=Section(unread="the probes did not end in time"))
    assert not _is_reached(observer.judge(unread), observer)
