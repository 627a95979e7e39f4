"""Names that a shell would act on, and an SSH configuration that is not sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from napalm.base.exceptions import ConnectionException

from napalm_cumulus.session import Session
from napalm_cumulus.ssh.config import look_up, read_config
from napalm_cumulus.ssh.options import resolve, split_destination

NAMES = (
    "x;touch /tmp/p",
    "x;touch${IFS}p",
    "$(touch p)",
    "`touch p`",
    "x|touch",
    "x&touch",
    "x>p",
    "a b",
    "a\nb",
    "a\0b",
    "-oProxyCommand=touch",
    "x'y",
    'x"y',
    "x\\y",
    "*",
    "[::1",
    "",
    "a" * 64,
    "a." * 130,
    "\udce9",
    "\u202eleaf",
)


def options(tmp_path: Path, host: str, config: str = "", **args: Any) -> Any:
    path = tmp_path / "config"
    path.write_text(config, encoding="utf-8", errors="surrogateescape")
    return resolve(host, args.pop("user", None), None, 5, {"ssh_config_file": str(path), **args})


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_shell_and_no_socket_sees_what_is_no_host(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConnectionException, match="neither a host name nor an address"):
        options(tmp_path, name, "Host *\n ProxyCommand nc %h %p\n")


@pytest.mark.parametrize(
    "config",
    [
        "Host *\n ProxyCommand echo %h; exit 1\n",
        'Match exec "echo %n"\n User ops\n',
        'Match exec "echo %h"\n User ops\n',
    ],
)
def test_no_command_runs_for_a_host_of_the_inventory(tmp_path: Path, config: str) -> None:
    path, mark = tmp_path / "config", tmp_path / "mark"
    path.write_text(config)
    name = f"x;touch${{IFS}}{mark};"
    session = Session(name, "root", "", 5, {"ssh_config_file": str(path), "use_agent": False})
    with pytest.raises(ConnectionException, match="no command was run"):
        session.open()
    assert not mark.exists()


@pytest.mark.parametrize(
    "lines",
    [
        "HostName x;touch",
        "HostName $(touch)",
        "HostName -x",
        "HostName %h;x",
        "User a;b",
        "User -x",
        "User $(id)",
        "User a b",
        "User `id`",
        "Port 22;touch",
        "Port 0",
        "Port 70000",
        "Port " + "9" * 5000,
    ],
)
def test_what_the_configuration_puts_in_a_proxy_command(tmp_path: Path, lines: str) -> None:
    with pytest.raises(ConnectionException):
        options(tmp_path, "leaf1", f"Host leaf1\n {lines}\n ProxyCommand nc %r@%h %p\n")


@pytest.mark.parametrize("user", ["-l", "a;b", "a\nb", "a -oX", "x" * 300])
def test_a_user_that_is_none(tmp_path: Path, user: str) -> None:
    with pytest.raises(ConnectionException, match="is not a valid login name"):
        options(tmp_path, "leaf1", user=user)


@pytest.mark.parametrize("jump", ["x;y", "a b", "$(x)@gate", "-x", "gate:0", "gate:70000"])
def test_a_jump_host_that_is_none(tmp_path: Path, jump: str) -> None:
    with pytest.raises(ConnectionException):
        options(tmp_path, "leaf1", proxy_jump=jump)


@pytest.mark.parametrize("port", [0, 65536, 10**30, "9" * 5000])
def test_a_port_that_is_none(tmp_path: Path, port: object) -> None:
    with pytest.raises(ConnectionException, match="port"):
        options(tmp_path, "leaf1", port=port)


@pytest.mark.parametrize(
    "name",
    [
        "leaf1",
        "swt-sn2100-03.example.internal",
        "10.5.0.43",
        "fe80::1%eth0",
        "leaf_1",
        "bücher.example",
    ],
)
def test_what_is_a_host(tmp_path: Path, name: str) -> None:
    config = "Host *\n ProxyCommand nc %h %p\n"
    found = options(tmp_path, name, config, user="DOMAIN\\ops")
    assert (found.host, found.user) == (name, "DOMAIN\\ops")


@pytest.mark.parametrize(
    "text",
    [
        'Include "x',
        "Include ~nosuchuser/x",
        'Host "x',
        'Match exec "',
        "Match host",
        "Match",
        'Host *\nUserKnownHostsFile "x',
        "Host *\nUserKnownHostsFile ~nosuchuser/x",
        "Host *\nCanonicalizeHostname yes",
        "Host *\nCanonicalizeMaxDots many",
        "Host *\nConnectTimeout -1",
        "Host *\nConnectTimeout " + "9" * 5000,
        "Host *\nPort 2²",
        "\udcff\udcfe",
    ],
)
def test_an_odd_configuration_is_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConnectionException, match="SSH configuration"):
        options(tmp_path, "leaf1", text + "\n")


def test_a_configuration_that_includes_itself(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(f"Include {tmp_path}/*\n" * 3)
    (tmp_path / "other").write_text(f"Include {tmp_path}/*\n" * 3)
    with pytest.raises(ConnectionException, match="nested Include"):
        read_config(path)


@pytest.mark.parametrize("place", ["key_file", "known_hosts_file", "session_log"])
def test_the_home_of_nobody(tmp_path: Path, place: str) -> None:
    with pytest.raises(ConnectionException, match="nosuchuser"):
        options(tmp_path, "leaf1", **{place: "~nosuchuser/x"})
    with pytest.raises(ConnectionException, match="nosuchuser"):
        resolve("leaf1", "u", None, 5, {"ssh_config_file": "~nosuchuser/config"})


def test_a_timeout_without_measure_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("ConnectTimeout 99999999999999999999\n")
    assert look_up(read_config(path), "leaf1").connect_timeout == 86400


@pytest.mark.parametrize("text", ["a:²", "a:" + "9" * 5000, "a:-1"])
def test_the_port_of_a_jump_host_is_digits(text: str) -> None:
    with pytest.raises(ConnectionException):
        split_destination(text)
