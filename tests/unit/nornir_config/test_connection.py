from __future__ import annotations

import copy
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nornir_napalm.plugins.connections as stock
import pytest
from napalm.base.exceptions import ConnectionClosedException, ConnectionException
from nornir import InitNornir
from nornir.core import Nornir
from nornir.core.inventory import (
    ConnectionOptions,
    Defaults,
    Group,
    Groups,
    Host,
    Hosts,
    Inventory,
    ParentGroups,
)
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.plugins.register import PluginRegister
from nornir.core.task import Result, Task
from nornir_napalm.plugins.tasks import napalm_cli

from inventory.model import Switch
from napalm_cumulus.result import CommandResult
from nornir_config import connection
from nornir_config.connection import (
    CONNECTION_NAME,
    Napalm,
    change_device,
    drop_connection,
    read_device,
    register,
    run_once,
)
from nornir_config.init import init_nornir
from nornir_config.runner.errors import NoHostsError
from nornir_config.settings import Settings, SshSettings
from tests.unit.tasks.fakes import FakeSwitch, serving


class Recorder:
    """Stands in for a driver's class; remembers what each host's was given."""

    def __init__(self) -> None:
        self.opened: list[dict[str, Any]] = []

    def __call__(self, **arguments: Any) -> Recorder:
        self.opened.append(copy.deepcopy(arguments))
        return self

    def open(self) -> None: ...

    def close(self) -> None: ...

    def cli(self, commands: list[str]) -> dict[str, str]:
        return dict.fromkeys(commands, "")


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(stock, "get_network_driver", lambda _: recorder)
    monkeypatch.setattr(connection, "login_class", lambda _: recorder)
    return recorder


def two_hosts_of_one_group() -> Inventory:
    """What leaks with the stock plugin: shared options in the group, a port per host."""
    options = {"napalm": ConnectionOptions(extras={"optional_args": {"keepalive": 5}})}
    group = Group(name="leafs", connection_options=options)
    hosts = Hosts()
    defaults = Defaults()
    for name, port in (("sw1", 2201), ("sw2", 2202)):
        hosts[name] = Host(
            name=name,
            hostname="10.5.0.1",
            port=port,
            platform="cumulus",
            groups=ParentGroups([group]),
            defaults=defaults,
        )
    return Inventory(hosts=hosts, groups=Groups({"leafs": group}), defaults=defaults)


def ports(driver: Recorder) -> list[int]:
    given = [arguments["optional_args"] for arguments in driver.opened]
    return sorted(options["port"] for options in given if "port" in options)


def test_each_host_gets_its_own_port_also_through_nornir_napalms_tasks(driver: Recorder) -> None:
    nornir = init_nornir(Settings(), inventory=two_hosts_of_one_group())
    assert not nornir.run(task=napalm_cli, commands=["true"]).failed
    assert ports(driver) == [2201, 2202]
    assert all(a["optional_args"]["keepalive"] == 5 for a in driver.opened)


def test_the_stock_plugin_really_leaks(driver: Recorder) -> None:
    """Should this fail one day, nornir_napalm is mended and our plugin has one reason less."""
    nornir = init_nornir(Settings(), inventory=two_hosts_of_one_group())
    ConnectionPluginRegister.deregister("napalm")
    ConnectionPluginRegister.register("napalm", stock.Napalm)
    nornir.run(task=napalm_cli, commands=["true"])
    assert len(set(ports(driver))) == 1


def test_our_plugin_takes_the_place_again_and_again() -> None:
    for _ in range(2):
        register()
        assert ConnectionPluginRegister.get_plugin("napalm") is Napalm


@pytest.fixture
def simple_inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Options of a plain `InitNornir`, in a process in which nothing is registered yet."""
    monkeypatch.setattr(PluginRegister, "available", {})
    hosts = tmp_path / "hosts.yaml"
    hosts.write_text("sw1: {hostname: 10.5.0.1, platform: cumulus}\n")
    options = {"host_file": str(hosts)}
    return {
        "inventory": {"plugin": "SimpleInventory", "options": options},
        "runner": {"plugin": "serial"},
        "logging": {"enabled": False},
    }


@pytest.mark.parametrize("order", [("ours", "plain"), ("plain", "ours"), ("ours", "plain", "ours")])
def test_our_start_and_nornirs_own_in_one_process(
    driver: Recorder, simple_inventory: dict[str, Any], order: tuple[str, ...]
) -> None:
    started: dict[str, Nornir] = {}
    for start in order:
        if start == "ours":
            started[start] = init_nornir(Settings(), inventory=two_hosts_of_one_group())
        else:
            started[start] = InitNornir(**simple_inventory)
    for nornir in started.values():
        assert not nornir.run(task=napalm_cli, commands=["true"]).failed
    assert ports(driver) == [2201, 2202], "also after Nornir's own start each host has its port"


def test_the_settings_reach_the_driver(
    driver: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VIPKEEPER_SSH_PASSWORD", "hunter2")
    ssh = SshSettings(
        username="cumulus",
        port=2222,
        key_file=tmp_path / "id",
        known_hosts=tmp_path / "known",
        proxy_jump="jump",
        sudo=True,
        connect_timeout=3.5,
    )
    switch = Switch("sw", ip_address("10.5.0.43"))
    nornir = init_nornir(Settings(ssh=ssh), [switch], owner="alice@seat")
    nornir.run(task=napalm_cli, commands=["true"])
    (given,) = driver.opened
    assert (given["hostname"], given["username"]) == ("10.5.0.43", "cumulus")
    assert (given["password"], given["timeout"]) == ("hunter2", 4)
    assert given["optional_args"] == {
        "port": 2222,
        "key_file": str(tmp_path / "id"),
        "known_hosts_file": str(tmp_path / "known"),
        "proxy_jump": "jump",
        "sudo": True,
        "use_agent": True,
        "command_timeout": 120,
        "owner": "alice@seat",
    }
    assert list(tmp_path.iterdir()) == [], "Nornir wrote a log file"


def test_without_a_user_and_port_ssh_config_decides(driver: Recorder) -> None:
    nornir = init_nornir(Settings(), [Switch("sw", ip_address("10.5.0.43"))])
    nornir.run(task=napalm_cli, commands=["true"])
    (given,) = driver.opened
    assert given["username"] == ""
    assert "port" not in given["optional_args"]


def test_no_switch_is_an_error_and_not_a_green_run() -> None:
    with pytest.raises(NoHostsError):
        init_nornir(Settings(), [])


@pytest.mark.parametrize(("hostname", "platform"), [(None, "cumulus"), ("10.5.0.1", None)])
def test_a_host_without_address_or_platform(hostname: str | None, platform: str | None) -> None:
    with pytest.raises(ConnectionException, match="gives this host no"):
        Napalm().open(hostname, None, None, None, platform)


def _read(task: Task) -> Result:
    return Result(host=task.host, result=read_device(task).is_alive())


def _change(task: Task) -> Result:
    return Result(host=task.host, result=change_device(task).is_alive())


def test_a_dead_session_is_opened_anew_for_reading_only(monkeypatch: pytest.MonkeyPatch) -> None:
    switch = FakeSwitch()
    monkeypatch.setattr(connection, "login_class", serving({"10.5.0.43": switch}))
    nornir = init_nornir(Settings(), [Switch("sw", ip_address("10.5.0.43"))])
    assert not nornir.run(task=_read).failed
    switch.alive = False
    assert not nornir.run(task=_read).failed
    assert switch.events[:3] == ["open", "close", "open"]
    switch.alive = False
    failed = nornir.run(task=_change)["sw"]
    assert isinstance(failed[0].exception, ConnectionClosedException)
    assert "nothing was changed" in str(failed[0].exception)


class _Lost:
    """A session that is lost while a command runs."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile

    def run_many(self, *_: Any, **__: Any) -> list[CommandResult]:
        self._meanwhile()
        raise ConnectionClosedException("the session is lost")

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("given_up", "events"), [(False, ["open"]), (True, [])], ids=["it died", "it was given up"]
)
def test_a_kept_session_is_opened_anew_unless_it_was_closed_under_its_reader(
    monkeypatch: pytest.MonkeyPatch, given_up: bool, events: list[str]
) -> None:
    """A watch that is told to end, or a switch whose time is over: nobody logs in there again."""
    switch = FakeSwitch()
    monkeypatch.setattr(connection, "login_class", serving({"10.5.0.43": switch}))
    nornir = init_nornir(Settings(), [Switch("sw", ip_address("10.5.0.43"))])
    host = nornir.inventory.hosts["sw"]
    lost: Any = _Lost(lambda: drop_connection(host) if given_up else None)
    host.connections[CONNECTION_NAME] = SimpleNamespace(connection=lost, close=lost.close)
    result = nornir.run(task=lambda task: Result(task.host, result=run_once(task, ["true"])))["sw"]
    assert switch.events == events
    assert isinstance(result[0].exception, ConnectionClosedException) == given_up
