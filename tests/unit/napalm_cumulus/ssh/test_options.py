"""What the caller says and what ~/.ssh/config says, made into one value."""

from __future__ import annotations

import contextlib
import errno
import socket
import tempfile
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from napalm.base.exceptions import ConnectionException, NapalmException

from napalm_cumulus.session import Session
from napalm_cumulus.ssh.arguments import OPTIONAL_ARGS, checked
from napalm_cumulus.ssh.options import SshOptions, resolve, split_destination

if TYPE_CHECKING:
    from collections.abc import Iterator
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


@pytest.mark.parametrize(
    "value",
    ["many", True, [1], "22.5", "1_0", "٢٢", "nan", -1, 65536, 10**400, float("inf"), b"22"],
)
def test_a_number_must_be_one(tmp_path: Path, value: object) -> None:
    with pytest.raises(ConnectionException, match="port is a whole number from 1 to 65535, not"):
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


@pytest.mark.parametrize(
    ("value", "meant"),
    [("true", True), ("Yes", True), ("false", False), (" NO ", False), (True, True), (0, False)],
)
@pytest.mark.parametrize("name", ["sudo", "use_agent", "full_reload", "allow_management_change"])
def test_texts_for_booleans(name: str, value: object, meant: bool) -> None:
    assert checked({name: value}) == {name: meant}


@pytest.mark.parametrize("value", ["", "on", "1", "nein", 2, 1.0, [], b"true"])
@pytest.mark.parametrize("name", ["sudo", "allow_agent", "full_reload", "allow_management_change"])
def test_other_texts_are_no_booleans(name: str, value: object) -> None:
    with pytest.raises(ConnectionException, match=rf"{name} is true or false \(yes or no\), not"):
        checked({name: value})


def test_numbers_as_text(tmp_path: Path) -> None:
    found = options(tmp_path, port="2222", command_timeout="2.5", keepalive="0", max_output=1e3)
    assert (found.port, found.command_timeout, found.keepalive) == (2222, 2.5, 0)
    assert found.max_output == 1000


def test_none_is_as_if_it_were_not_given(tmp_path: Path) -> None:
    found = options(tmp_path, **dict.fromkeys(OPTIONAL_ARGS.keys() - {"ssh_config_file"}))
    assert found == options(tmp_path)


@pytest.mark.parametrize("value", [b"pw", 1234, True])
def test_a_secret_that_is_no_text_is_not_shown(value: object) -> None:
    for name in ("passphrase", "sudo_password"):
        with pytest.raises(ConnectionException, match="is a text, not a ") as caught:
            checked({name: value})
        assert "1234" not in str(caught.value)
    with pytest.raises(ConnectionException, match="password is a text, not a ") as caught:
        Session("leaf1", "u", value)  # type: ignore[arg-type]
    assert "1234" not in str(caught.value)


def test_a_sudo_password_is_one_line() -> None:
    with pytest.raises(ConnectionException, match="one line"):
        checked({"sudo_password": "a\nb"})


def test_the_usual_configuration_may_be_missing_also_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for usual in ("~/.ssh/config", str(tmp_path / ".ssh" / "config"), None, ""):
        assert resolve("leaf1", "u", "p", 60, {"ssh_config_file": usual}).port == 22
    with pytest.raises(ConnectionException, match=r"other cannot be used: .*No such file"):
        resolve("leaf1", "u", "p", 60, {"ssh_config_file": "~/.ssh/other"})
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Port 2222\n")
    assert resolve("leaf1", "u", "p", 60, {"ssh_config_file": "~/.ssh/config"}).port == 2222


@pytest.mark.parametrize("name", ["secret", "transport", "global_delay_factor", "ssh_strict"])
def test_what_other_drivers_understand_is_tolerated_with_a_warning(name: str) -> None:
    with pytest.warns(UserWarning, match=f"For other NAPALM drivers.*{name}") as warned:
        assert checked({name: "s3cret", "port": 22}) == {"port": 22}
    assert "s3cret" not in str(warned[0].message)


@pytest.mark.parametrize("name", ["Sudo", "sudo_pasword", "keep_alive", "allow_managment_change"])
def test_what_is_misspelt_is_told(name: str) -> None:
    with pytest.raises(ConnectionException, match=f"Unknown optional argument '{name}'.*meant"):
        checked({name: 1})


@pytest.mark.parametrize(("given", "meant"), [("[::1]", "::1"), ("[leaf1]", "leaf1")])
def test_a_host_in_brackets(given: str, meant: str) -> None:
    assert resolve(given, "u", "p", 60, {}).host == meant
    assert Session(given, "u", "p").hostname == meant
    assert resolve("::1", "u", "p", 60, {}).address == "[::1]:22"


@pytest.mark.parametrize("value", ["soon", float("nan"), float("inf"), -1, 0, True, [1], 10**400])
def test_a_time_for_the_connection(value: object) -> None:
    with pytest.raises(ConnectionException, match="timeout is a number from"):
        Session("leaf1", "u", "p", value)  # type: ignore[arg-type]
    assert Session("leaf1", "u", "p", "2.5").timeout == 2.5  # type: ignore[arg-type]
    assert Session("leaf1", "u", "p", None).timeout == 60  # type: ignore[arg-type]


#: Whatever a YAML file, a JSON document or a program can put there.
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(st.characters())  # surrogates too
    | st.binary()
    | st.sampled_from(["22", "true", "no", "~nobody/x", "a\0b", "/", "none", 10**400, object()]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(sorted(OPTIONAL_ARGS)), ANYTHING)
def test_any_value_of_any_option_works_or_ends_in_an_exception_of_napalms(
    name: str, value: object
) -> None:
    with socket_that_refuses(), contextlib.suppress(NapalmException):
        Session("192.0.2.1", "u", "p", 1, {name: value}).open()


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_any_argument_of_the_constructor(
    host: Any, user: Any, password: Any, timeout: Any, args: Any
) -> None:
    with socket_that_refuses(), contextlib.suppress(NapalmException):
        Session(host, user, password, timeout, args).open()


@contextlib.contextmanager
def socket_that_refuses() -> Iterator[None]:
    """In this block nothing is contacted; of other drivers' names nothing is said.

    A session log of any name is written into a folder that goes with the block.
    """

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patched,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        patched.chdir(folder)
        patched.setattr(socket, "create_connection", refuse)
        yield
