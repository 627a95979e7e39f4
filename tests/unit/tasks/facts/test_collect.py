"""Collecting: what is sent, over which session, and how often."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from napalm.base.exceptions import ConnectionClosedException
from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.plugins.runners import SerialRunner

from napalm_cumulus import batch
from napalm_cumulus.result import CommandResult
from nornir_config import connection
from nornir_config.connection import register
from tasks.facts.collect import SILENT, Probes, collect_facts, commands
from tests.unit.tasks.health.recorded import INTERFACES, SWITCH, archive, stdout


class Session:
    """A driver that answers what was recorded, and counts."""

    def __init__(self, configuration: bytes = b"") -> None:
        self.configuration = configuration or archive()
        self.batches: list[list[str]] = []
        self.dies = False

    def require_root(self) -> None: ...

    def run_many(
        self, commands: Sequence[str], *, timeout: float | None = None
    ) -> list[CommandResult]:
        del timeout
        if self.dies:
            raise ConnectionClosedException("the session is lost")
        self.batches.append(list(commands))
        return [CommandResult(c, 0, self._answer(c), b"") for c in commands]

    def _answer(self, command: str) -> bytes:
        names = {value: key for key, value in globals_of_commands().items()}
        if "/srv/net" in command:
            return archive(**{"srv/net/a.intf": INTERFACES})
        name = names.get(command, "probes")
        return self.configuration if name == "configuration" else stdout(name)

    def open(self) -> None: ...

    def close(self) -> None: ...

    def is_alive(self) -> Any:
        raise AssertionError("a round trip that nobody needs")


def globals_of_commands() -> dict[str, str]:
    return commands(Probes())


def nornir_with(*sessions: Session, monkeypatch: pytest.MonkeyPatch, kept: bool) -> Nornir:
    """A run over one host; further sessions are what opening anew gives."""
    waiting = list(sessions)
    host = Host(name=SWITCH, hostname="10.5.0.43", platform="cumulus")
    register()
    if kept:
        first = waiting.pop(0)
        plugin: Any = SimpleNamespace(connection=first, close=first.close)
        host.connections["napalm"] = plugin
    monkeypatch.setattr(connection, "login_class", lambda _: lambda **_: waiting.pop(0))
    inventory = Inventory(Hosts({host.name: host}), Groups(), Defaults())
    return Nornir(inventory=inventory, runner=SerialRunner())


def test_one_batch_and_no_question_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    nornir = nornir_with(session, monkeypatch=monkeypatch, kept=True)
    (result,) = nornir.run(task=collect_facts, raise_on_error=True)[SWITCH]
    assert result.result.hostname == "swt-sn2100-03"
    assert len(session.batches) == 1


def test_a_kept_session_that_has_died_is_opened_anew_once(monkeypatch: pytest.MonkeyPatch) -> None:
    dead, fresh = Session(), Session()
    dead.dies = True
    nornir = nornir_with(dead, fresh, monkeypatch=monkeypatch, kept=True)
    (result,) = nornir.run(task=collect_facts, raise_on_error=True)[SWITCH]
    assert result.result.gateways
    assert len(fresh.batches) == 1


def test_a_fresh_session_that_dies_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    dead = Session()
    dead.dies = True
    nornir = nornir_with(dead, monkeypatch=monkeypatch, kept=False)
    (result,) = nornir.run(task=collect_facts, raise_on_error=False)[SWITCH]
    assert isinstance(result.exception, ConnectionClosedException)


def test_files_from_elsewhere_cost_a_second_batch_only(monkeypatch: pytest.MonkeyPatch) -> None:
    source = archive(**{"etc/network/interfaces": "source /srv/net/*.intf\n"})
    session = Session(source)
    nornir = nornir_with(session, monkeypatch=monkeypatch, kept=True)
    (result,) = nornir.run(task=collect_facts, raise_on_error=True)[SWITCH]
    assert [g.interface for g in result.result.gateways] == ["vlan453", "vlan999"]
    assert [len(batch) for batch in session.batches] == [len(commands(Probes())), 1]


def test_what_is_not_asked_for_is_unread_and_nothing_is_sent_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = Session()
    nornir = nornir_with(session, monkeypatch=monkeypatch, kept=True)
    wanted = ("addresses", "neighbours")
    (result,) = nornir.run(task=collect_facts, only=wanted, raise_on_error=True)[SWITCH]
    assert session.batches == [[commands(Probes())[name] for name in wanted]]
    assert result.result.addresses.known
    assert result.result.neighbours.known
    assert result.result.links.unread == "links: the switch was not asked"
    assert result.result.gateways_unread == "configuration: the switch was not asked"


def test_only_addresses_reach_the_switchs_shell() -> None:
    for bad in ("10.0.0.1; reboot", "$(reboot)", "vm-a1", "", "10.0.0.1/24"):
        with pytest.raises(ValueError, match="address"):
            commands(Probes(targets=(bad,)))
    for bad in ("10.0.0.1; reboot", "2001:db8::1"):
        with pytest.raises(ValueError, match=r".+"):
            commands(Probes(outside=bad))
    said = commands(Probes(targets=("10.0.0.1", "2001:db8::1"), outside="192.0.2.1"))["probes"]
    assert said.startswith("set -- 3 60 192.0.2.1 - 10.0.0.1\n")
    assert commands(SILENT)["probes"].startswith("set -- 0 0 - -\n")
    with pytest.raises(ValueError, match="not an interface name"):
        commands(Probes(interface="vlan453; reboot"))
    named = commands(Probes(targets=("10.0.0.1",), interface="vlan453"))["probes"]
    assert named.startswith("set -- 3 60 - vlan453 10.0.0.1\n")


def test_the_probes_come_last() -> None:
    """What they may change has been read by then."""
    assert list(commands(Probes()))[-1] == "probes"


@pytest.mark.parametrize("name", sorted(commands(Probes())))
def test_every_command_is_posix_shell(name: str) -> None:
    for shell in ("dash", "bash"):
        if shutil.which(shell):
            checked = subprocess.run(
                [shell, "-n"],
                check=False,
                input=commands(Probes())[name],
                text=True,
                capture_output=True,
            )
            assert (checked.returncode, checked.stderr) == (0, "")


def test_the_whole_batch_is_small() -> None:
    """It is sent to every switch at every look."""
    assert len(batch.script(list(commands(Probes()).values()), "--b")) < 13_000


def test_every_command_that_can_hang_is_limited() -> None:
    unlimited = {"hostname", "boot", "configuration", "sysctls", "left_over", "probes"}
    for name, command in commands(Probes()).items():
        assert ("timeout 10 " in command) == (name not in unlimited), name
