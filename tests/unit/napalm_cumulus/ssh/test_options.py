"""What the caller says and what ~/.ssh/config says, made into one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from napalm.base.exceptions import ConnectionException

from napalm_cumulus.ssh.options import SshOptions, resolve, split_destination

if TYPE_CHECKING:
    from pathlib import Path


def options(tmp_path: Path, config: str = "", user: str | None = None, **args: Any) -> SshOptions:
    path = tmp_path / "config"
    path.write_text(config)
    return resolve("leaf1", user, "secret", 60, {"ssh_config_file": str(path), **args})


def test_the_configuration_is_followed(tmp_path: Path) -> None:
    found = options(
        tmp_path,
        "Host leaf1\n HostName 10.5.0.41\n Port 2222\n User ops\n IdentityFile /k/a\n"
        " IdentitiesOnly yes\n UserKnownHostsFile /kh/one /kh/two\n HostKeyAlias the-leaf\n"
        " ConnectTimeout 7\nHost *\n IdentityFile /k/b\n",
    )
    assert (found.host, found.port, found.user) == ("10.5.0.41", 2222, "ops")
    assert [str(path) for path in found.key_files] == ["/k/a", "/k/b"]
    assert [str(path) for path in found.known_hosts_files[:2]] == ["/kh/one", "/kh/two"]
    assert (found.host_key_alias, found.identities_only) == ("the-leaf", True)
    assert found.connect_timeout == 7


def test_every_certificate_and_names_with_blanks(tmp_path: Path) -> None:
    found = options(
        tmp_path,
        'Host leaf1\n CertificateFile /c/one\n IdentityFile /k/a\n CertificateFile "/c/the two"\n'
        ' UserKnownHostsFile "/kh/the one" /kh/two\n GlobalKnownHostsFile "/kh/all of them"\n',
    )
    assert [str(path) for path in found.certificate_files] == ["/c/one", "/c/the two"]
    assert [str(path) for path in found.key_files] == ["/k/a"]
    known = [str(path) for path in found.known_hosts_files[:3]]
    assert known == ["/kh/the one", "/kh/two", "/kh/all of them"]


def test_the_caller_wins(tmp_path: Path) -> None:
    found = options(
        tmp_path,
        "Host *\n Port 2222\n User ops\n IdentityFile /k/a\n UserKnownHostsFile /kh/one\n",
        user="me",
        port=23,
        key_file="/k/mine",
        known_hosts_file="/kh/mine",
        allow_agent=False,
    )
    assert (found.user, found.port, found.use_agent) == ("me", 23, False)
    assert [str(path) for path in found.key_files] == ["/k/mine", "/k/a"]
    assert [str(path) for path in found.known_hosts_files] == ["/kh/mine"]


def test_jump_chain_with_each_hops_own_settings(tmp_path: Path) -> None:
    found = options(
        tmp_path,
        "Host leaf1\n ProxyJump ops@inner:2200\n"
        "Host inner\n HostName 192.0.2.2\n ProxyJump outer\n IdentityFile /k/inner\n"
        "Host outer\n HostName 192.0.2.1\n User gate\n",
    )
    assert [(hop.host, hop.port, hop.user) for hop in found.jumps] == [
        ("192.0.2.1", 22, "gate"),
        ("192.0.2.2", 2200, "ops"),
    ]
    assert [str(path) for path in found.jumps[1].key_files] == ["/k/inner"]
    assert all(hop.password is None for hop in found.jumps)


def test_jump_circle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConnectionException, match="circle: leaf1 -> a -> leaf1"):
        options(tmp_path, "Host leaf1\n ProxyJump a\nHost a\n ProxyJump leaf1\n")


def test_a_jump_host_for_all_is_not_its_own(tmp_path: Path) -> None:
    found = options(tmp_path, "Host *\n ProxyJump gate\n")
    assert [hop.host for hop in found.jumps] == ["gate"]


def test_proxy_jump_none_and_proxy_command(tmp_path: Path) -> None:
    found = options(tmp_path, "Host leaf1\n ProxyJump none\n ProxyCommand nc %h %p\n")
    assert found.jumps == ()
    assert found.proxy_command == "nc leaf1 22"


def test_include_belongs_where_it_stands(tmp_path: Path) -> None:
    extra = tmp_path / "extra"
    extra.write_text("Host other\n Port 99\n")
    found = options(tmp_path, f"Host leaf1\n Include {extra}\n User ops\n")
    assert (found.user, found.port) == ("ops", 22)
    extra.write_text("Host leaf1\n Port 99\n")
    assert options(tmp_path, f"Include {extra}\nHost leaf1\n Port 98\n").port == 99


def test_unknown_argument_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConnectionException, match=r"'known_host_file'.*'known_hosts_file' meant"):
        options(tmp_path, known_host_file="x")


@pytest.mark.parametrize("value", ["many", True, [1]])
def test_a_number_must_be_one(tmp_path: Path, value: object) -> None:
    with pytest.raises(ConnectionException, match="port is not a number"):
        options(tmp_path, port=value)


def test_no_secret_in_the_repr(tmp_path: Path) -> None:
    found = options(
        tmp_path, passphrase="open-sesame", sudo_password="root-pass", proxy_jump="gate"
    )
    assert found.password == "secret"
    assert found.sudo is True
    for secret in ("secret", "open-sesame", "root-pass"):
        assert secret not in repr(found)


def test_broken_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectionException, match="config cannot be used"):
        options(tmp_path, "Host leaf1\n???\n")
    with pytest.raises(ConnectionException, match="cannot be used"):
        options(tmp_path, "Port many\n")


def test_optional_arguments_are_not_changed(tmp_path: Path) -> None:
    args: dict[str, Any] = {"ssh_config_file": str(tmp_path / "c"), "port": 22}
    (tmp_path / "c").write_text("")
    before = dict(args)
    resolve("leaf1", "u", "p", 60, args)
    assert args == before


@pytest.mark.parametrize("text", ["", "a@", "host:port", "[::1]:x"])
def test_bad_jump_hosts(text: str) -> None:
    with pytest.raises(ConnectionException, match="not a jump host"):
        split_destination(text)
