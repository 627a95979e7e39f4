"""The transport and the getters against a leaf's own OpenSSH, sudo and iproute2."""

from __future__ import annotations

import base64
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from napalm.base import models
from napalm.base.exceptions import (
    CommandErrorException,
    CommandTimeoutException,
    ConnectAuthError,
    ConnectionClosedException,
    ConnectionException,
)
from napalm.base.test.helpers import test_model as fits

from lab.machine.netns import in_namespace
from lab.machine.tree import NOPASSWD_USER, PASSWORD, PASSWORD_USER
from napalm_cumulus import CumulusDriver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.lab import Lab
    from napalm_cumulus.result import CommandResult

pytestmark = pytest.mark.lab

LEAF = "10.5.0.43"
OTHER_LEAF = "10.5.0.41"
MEGABYTE = 1024 * 1024


class Operator:
    """Opens drivers from the operator's seat; only dialling needs to happen there."""

    def __init__(self, lab: Lab, stack: ExitStack, folder: Path) -> None:
        self.lab = lab
        self.stack = stack
        self.config = folder / "config"
        self.config.write_text("")

    def driver(
        self, user: str = "root", password: str = "", *, key: bool = True, **args: Any
    ) -> CumulusDriver:
        seat = self.lab.seat
        base = {
            "known_hosts_file": str(seat.known_hosts),
            "ssh_config_file": str(self.config),
            "use_agent": False,
            **({"key_file": str(seat.key_file)} if key else {}),
        }
        driver = CumulusDriver(LEAF, user, password, 10, {**base, **args})
        self.stack.callback(driver.close)
        in_namespace(seat.netns, driver.open)
        return driver

    def run(self, driver: CumulusDriver, command: str, **kwargs: Any) -> CommandResult:
        return driver._session().run(command, **kwargs)


@pytest.fixture
def operator(lab: Lab, tmp_path: Path) -> Iterator[Operator]:
    with ExitStack() as stack:
        yield Operator(lab, stack, tmp_path)


def test_key_login_and_commands(operator: Operator) -> None:
    driver = operator.driver()
    assert driver.is_alive() == {"is_alive": True}
    assert driver.cli(["id -u", "cat /etc/hostname"])["id -u"] == "0\n"
    result = operator.run(driver, "echo out; echo err >&2; exit 3")
    assert (result.exit_status, result.stdout, result.stderr) == (3, b"out\n", b"err\n")
    with pytest.raises(CommandErrorException, match="exit status 2"):
        driver.cli(["ls /none"])


def test_a_killed_command_is_no_lost_session(operator: Operator) -> None:
    driver = operator.driver()
    assert operator.run(driver, "kill -9 $$").exit_status == -1
    assert driver.is_alive() == {"is_alive": True}


@pytest.mark.parametrize(
    ("user", "password", "sudo_password"),
    [(PASSWORD_USER, PASSWORD, PASSWORD), (NOPASSWD_USER, "", None), (NOPASSWD_USER, "", "unused")],
)
def test_sudo_gives_roots_rights_and_leaves_stdin_alone(
    operator: Operator, user: str, password: str, sudo_password: str | None
) -> None:
    driver = operator.driver(
        user, password, key=not password, sudo=True, sudo_password=sudo_password
    )
    result = operator.run(driver, "id -u; cat", stdin=b"payload\n" * 100_000)
    assert result.stdout == b"0\n" + b"payload\n" * 100_000
    assert result.stderr == b""
    assert driver.cli(["grep -c ^root: /etc/shadow"]) == {"grep -c ^root: /etc/shadow": "1\n"}


def test_wrong_passwords(operator: Operator) -> None:
    with pytest.raises(ConnectAuthError, match=f"login of user '{PASSWORD_USER}'.*password"):
        operator.driver(PASSWORD_USER, "wrong", key=False)
    driver = operator.driver(PASSWORD_USER, PASSWORD, key=False, sudo_password="wrong")
    with pytest.raises(ConnectAuthError, match="wrong password"):
        driver.cli(["id"])
    asking = operator.driver(PASSWORD_USER, PASSWORD, key=False, sudo=True)
    with pytest.raises(ConnectAuthError, match="password is required"):
        asking.cli(["id"])


def test_unknown_and_changed_host_keys(operator: Operator, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("")
    with pytest.raises(ConnectionException, match=r"host key of 10\.5\.0\.43 is not known"):
        operator.driver(known_hosts_file=str(empty))
    changed = tmp_path / "changed"
    lines = []
    for line in operator.lab.seat.known_hosts.read_text().splitlines():
        names, kind, key = line.split()[:3]
        raw = bytearray(base64.b64decode(key))
        raw[-1] ^= 1
        lines.append(f"{names} {kind} {base64.b64encode(raw).decode()}\n")
    changed.write_text("".join(lines))
    with pytest.raises(ConnectionException, match="HAS CHANGED"):
        operator.driver(known_hosts_file=str(changed))


def test_one_leaf_through_the_other(operator: Operator) -> None:
    operator.config.write_text(
        f"Host {LEAF}\n ProxyJump root@{OTHER_LEAF}\n"
        f"Host {OTHER_LEAF}\n IdentityFile {operator.lab.seat.key_file}\n"
    )
    driver = operator.driver()
    client = driver.cli(["echo $SSH_CONNECTION"])["echo $SSH_CONNECTION"].split()[0]
    assert client == OTHER_LEAF


def test_large_data_both_ways(operator: Operator) -> None:
    data = bytes(range(256)) * (12 * MEGABYTE // 256)
    result = operator.run(operator.driver(), "tee /dev/stderr", stdin=data, timeout=60)
    assert result.stdout == data
    assert result.stderr == data


def test_time_out(operator: Operator) -> None:
    driver = operator.driver()
    begun = time.monotonic()
    with pytest.raises(CommandTimeoutException, match="may still be running"):
        operator.run(driver, "sleep 60", timeout=0.5)
    assert time.monotonic() - begun < 40
    assert driver.is_alive() == {"is_alive": True}


def test_a_session_that_the_switch_ends(operator: Operator) -> None:
    driver = operator.driver()
    # The sshd process of this session is the parent of its shell.
    with pytest.raises(ConnectionClosedException, match="may still be running"):
        operator.run(driver, "kill -9 $PPID; sleep 5", timeout=20)
    assert driver.is_alive() == {"is_alive": False}


def test_getters_of_a_real_leaf(operator: Operator) -> None:
    driver = operator.driver()
    assert fits(models.FactsDict, driver.get_facts())
    interfaces = driver.get_interfaces()
    assert all(fits(models.InterfaceDict, one) for one in interfaces.values())
    assert "vlan453-v0" in interfaces
    assert driver.get_interfaces_ip()["vlan453-v0"]["ipv4"] == {
        "130.246.212.1": {"prefix_length": 22}
    }
    assert all(
        fits(models.InterfaceCounterDict, one) for one in driver.get_interfaces_counters().values()
    )
    assert all(fits(models.MACAdressTable, one) for one in driver.get_mac_address_table())
    assert driver.get_mac_address_table()
    assert all(fits(models.ARPTableDict, one) for one in driver.get_arp_table())
    assert all(one["age"] >= 0 for one in driver.get_arp_table() if one["interface"] == "eth0")
    assert all(fits(models.IPV6NeighborDict, one) for one in driver.get_ipv6_neighbors_table())
    assert "default" in driver.get_network_instances()
    assert 453 in driver.get_vlans()
    assert isinstance(driver.get_lldp_neighbors(), dict)
    assert driver.get_users()["root"]["level"] == 15
    assert driver.get_users()[PASSWORD_USER]["password"].startswith("$")
    assert fits(models.MemoryDict, driver.get_environment()["memory"])
    routes = driver.get_route_to("130.246.213.11")
    assert "130.246.212.0/22" in routes
    assert all(fits(models.RouteDict, one) for one in routes["130.246.212.0/22"])
    answer = driver.ping("10.5.0.250", count=2)["success"]
    assert fits(models.PingDict, answer)
    assert answer["packet_loss"] == 0
    assert "error" in driver.ping("no-such-host.invalid", count=1)
