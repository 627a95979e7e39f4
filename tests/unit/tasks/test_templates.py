"""A gateway that a mako template makes: found by the switch's own word, cured, and not edited."""

from __future__ import annotations

import json
from typing import Any

import pytest

from napalm_cumulus.config import rendered
from napalm_cumulus.config.configuration import MAIN_FILE, Configuration
from tasks.cures.apply import plan_cure
from tasks.errors import CannotCureError, NoGatewayError
from tasks.faults.model import Diagnosis
from tasks.gateways import GatewayQuery, find_gateway
from tasks.ladder import Cure
from tests.unit.tasks.conftest import Run
from tests.unit.tasks.fakes import CONFIG, FakeSwitch

LOOP = "% for v in [453]:\n" + CONFIG.replace("vlan453", "vlan${v}") + "% endfor\n"
WANTED = GatewayQuery(interface="vlan453")


def told() -> str:
    """What ``ifquery -a -o json`` says of it."""
    found: list[dict[str, Any]] = []
    for at in Configuration({MAIN_FILE: CONFIG}).stanzas():
        names = dict.fromkeys(line.name for line in at.stanza.attributes)
        config = {name: list(at.stanza.values(name)) for name in names}
        found.append({"name": at.stanza.name, "auto": True, "config": config})
    return json.dumps(found)


@pytest.fixture
def made(switch: FakeSwitch) -> FakeSwitch:
    switch.tree = {MAIN_FILE: LOOP}
    switch.instead = {rendered.QUERY: (0, told(), "")}
    return switch


def test_it_is_found_by_what_the_switch_says(run: Run, made: FakeSwitch) -> None:
    gateway = run(find_gateway, wanted=WANTED)
    assert [str(v.address) for v in gateway.virtual] == ["130.246.212.1/22", "130.246.215.254/22"]
    assert gateway.place == MAIN_FILE
    assert len(made.batches) == 1


def test_plain_files_need_no_question(run: Run, switch: FakeSwitch) -> None:
    assert run(find_gateway, wanted=WANTED).candidate
    assert switch.batches == []


def test_where_the_switch_does_not_say_nothing_is_guessed(run: Run, made: FakeSwitch) -> None:
    made.instead = {rendered.QUERY: (1, "", "error: no such thing\n")}
    with pytest.raises(NoGatewayError, match=r"is a mako template, and 'ifquery -a -o json' does"):
        run(find_gateway, wanted=WANTED)


def test_its_address_lines_are_not_commented_out(run: Run, made: FakeSwitch) -> None:
    gateway = run(find_gateway, wanted=WANTED)
    toggle = Diagnosis("asked-for", "", (), Cure.TOGGLE, "vlan453", gateway.devices)
    with pytest.raises(CannotCureError, match=r"cannot be commented out.*nothing was touched"):
        run(plan_cure, diagnosis=toggle, gateway=gateway)
    assert "load" not in made.events
