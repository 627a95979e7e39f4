"""Which answers of switches decide the exit code of ``vip trace``."""

from __future__ import annotations

import pytest

from inventory.errors import ExitCode
from inventory.target import resolve
from runbooks.incident.path import TracedPath
from runbooks.trace import SwitchAnswer, answers_that_count
from tasks.model import Evidence, Presence
from tests.unit.inventory.fakes import HV50, SW1, SW3, Fake, uplink
from tests.unit.runbooks.conftest import World
from tests.unit.tasks.fakes import lldp


def said(switch: str, *, yes: bool, problem: str = "") -> SwitchAnswer:
    presence = Presence(switch, HV50, "", (Evidence("LLDP", supports=yes, text=""),))
    code = ExitCode.OK if yes else ExitCode.REFUSED
    return SwitchAnswer(
        switch, switch, presence, problems=[problem] if problem else [], exit_code=code
    )


@pytest.mark.parametrize(
    ("interfaces", "answers", "counted"),
    [
        # One interface, two switches: the "no" of one is what the "yes" of the other means.
        (("eth0", "eth0"), (True, False), [SW3]),
        (("eth0", "eth0"), (True, True), [SW3, SW1]),
        (("eth0", "eth0"), (False, False), [SW3, SW1]),
        # Each has an interface of its own: both have to see it.
        (("eth0", "eth1"), (True, False), [SW3, SW1]),
    ],
)
def test_a_no_counts_where_no_other_switch_of_the_cable_says_yes(
    interfaces: tuple[str, str], answers: tuple[bool, bool], counted: list[str]
) -> None:
    cables = (uplink(interface=interfaces[0]), uplink(switch=SW1, interface=interfaces[1]))
    chain = resolve(Fake(uplinks={HV50: cables}).site(), "vm-a1")
    words = [said(SW3, yes=answers[0]), said(SW1, yes=answers[1])]
    found = answers_that_count(TracedPath(chain, ()), words)
    assert [word.switch for word in found] == counted


def test_a_problem_always_counts() -> None:
    cables = (uplink(), uplink(switch=SW1))
    chain = resolve(Fake(uplinks={HV50: cables}).site(), "vm-a1")
    words = [said(SW3, yes=True), said(SW1, yes=False, problem="It was lost.")]
    assert answers_that_count(TracedPath(chain, ()), words) == words


def test_what_to_type_next_is_said(world: World) -> None:
    assert "Next: " not in world.vip("trace", "vm-a1").stdout  # it answers
    world.cut_off()
    words = ("--switch", "swt-sn2100-03")
    for more in ((), words):
        ended = world.vip("trace", "vm-a1", *more)
        assert ended.exit_code == 0, ended.output
        assert f"Next: {' '.join(('vip heal vm-a1', *more))} --dry-run" in ended.stdout
    world.leaf.lldp = lldp(("swp1s3", "hv60"))
    world.leaf.fdb = []
    ended = world.vip("trace", "vm-a1")
    assert ended.exit_code == 6, ended.output
    assert "Next: vip find vm-a1" in ended.stdout
    assert "--force" not in ended.output
