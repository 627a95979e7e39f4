"""Logging in to a leaf's own OpenSSH in every way, through jump hosts, and over dead paths."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from napalm.base.exceptions import (
    CommandTimeoutException,
    ConnectAuthError,
    ConnectionClosedException,
    ConnectionException,
    ConnectTimeoutError,
)

from lab.lab import Lab
from lab.machine.netns import in_namespace
from lab.machine.shell import call, in_netns, wait_until
from lab.machine.tree import NOPASSWD_USER, PASSWORD, PASSWORD_USER
from napalm_cumulus import CumulusDriver
from napalm_cumulus.ssh.options import resolve
from tests.lab.ssh_ways import LEAF, OTHER_LEAF, SERVED, Way, public, user_of
from tests.lab.switch import PATIENCE


@pytest.fixture
def way(well: Lab, tmp_path: Path) -> Iterator[Way]:
    with ExitStack() as stack:
        yield Way(well, stack, tmp_path)


# --- agent --------------------------------------------------------------------------------------


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """A real ssh-agent; the answer adds keys to it."""
    place = tmp_path / "agent"
    process = subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(place)], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    assert wait_until(place.exists, timeout=PATIENCE)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(place))

    def add(key: Path) -> None:
        call(["ssh-add", "-q", str(key)], env={**os.environ, "SSH_AUTH_SOCK": str(place)})

    try:
        yield add
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_the_agents_key(way: Way, agent: Callable[..., None], kind: str) -> None:
    key = way.key(kind=kind)
    agent(key)
    key.unlink()
    with way.authorized(key):
        assert user_of(way.driver("Host *\n IdentityFile none\n")) == "root"
        with pytest.raises(ConnectAuthError, match="Tried: nothing"):
            way.driver("Host *\n IdentityFile none\n", use_agent=False)


def test_the_agent_holds_the_key_that_is_encrypted_on_disk(
    way: Way, agent: Callable[..., None]
) -> None:
    key = way.key()
    agent(key)
    agent(way.key("another"))
    call(["ssh-keygen", "-q", "-p", "-P", "", "-N", "closed", "-f", str(key)])
    with way.authorized(key):
        driver = way.driver(f"Host *\n IdentityFile {key}\n IdentitiesOnly yes\n")
        assert user_of(driver) == "root"


def test_more_keys_than_the_server_bears_and_then_the_right_one(
    way: Way, agent: Callable[..., None]
) -> None:
    for number in range(7):
        agent(way.key(f"k{number}"))
    right = way.key("right")
    with way.authorized(right):
        with pytest.raises(ConnectionException, match=r"closed the connection.*IdentitiesOnly"):
            way.driver()
        assert user_of(way.driver(f"Host *\n IdentityFile {right}\n")) == "root"
    # Four at most are offered where there is a password.
    driver = way.driver(user=PASSWORD_USER, password=PASSWORD)
    assert user_of(driver) == PASSWORD_USER


# --- keys and certificates ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_an_encrypted_key(way: Way, kind: str) -> None:
    key = way.key(kind=kind, passphrase="open sesame")
    config = f"Host *\n IdentityFile {key}\n"
    with way.authorized(key):
        assert user_of(way.driver(config, use_agent=False, passphrase="open sesame")) == "root"
        with pytest.raises(ConnectAuthError, match=f"key {key} .encrypted, and no passphrase"):
            way.driver(config, use_agent=False)
        with pytest.raises(ConnectAuthError, match="wrong passphrase") as caught:
            way.driver(config, use_agent=False, passphrase="open says me")
    assert "says me" not in str(caught.value)


@pytest.fixture
def certified(way: Way) -> Iterator[Callable[..., Path]]:
    """A leaf that trusts a certificate authority; the answer makes a certificate for a key."""
    authority = way.key("authority")
    trusted = way.lab.leaf("03").root / "etc/ssh/test-ca.pub"
    shutil.copyfile(public(authority), trusted)

    def sign(key: Path, *options: str) -> Path:
        known = ["-s", str(authority), "-I", key.name, "-n", "root"]
        call(["ssh-keygen", "-q", *known, *options, str(public(key))])
        return key.with_name(f"{key.name}-cert.pub")

    try:
        with way.sshd("TrustedUserCAKeys /etc/ssh/test-ca.pub\n"):
            yield sign
    finally:
        trusted.unlink()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_certificate_beside_the_key_and_elsewhere(
    way: Way, certified: Callable[..., Path], kind: str
) -> None:
    key = way.key(kind=kind)
    config = f"Host *\n IdentityFile {key}\n"
    with pytest.raises(ConnectAuthError):
        way.driver(config, use_agent=False)
    certificate = certified(key)
    assert user_of(way.driver(config, use_agent=False)) == "root"
    moved = certificate.rename(way.folder / "moved.pub")
    config += f" CertificateFile {moved}\n"
    assert user_of(way.driver(config, use_agent=False)) == "root"


def test_certificates_go_with_their_own_keys_and_keys_stand_alone(
    way: Way, certified: Callable[..., Path]
) -> None:
    plain, second, third = way.key("plain"), way.key("second"), way.key("third", "ecdsa")
    config = "Host *\n"
    for key in (plain, second, third):
        config += f" IdentityFile {key}\n"
    stranger = certified(way.key("stranger"))
    config += f" CertificateFile {stranger}\n CertificateFile {certified(second)}\n"
    assert user_of(way.driver(config, use_agent=False)) == "root"
    # An expired certificate does not stop its key, nor the keys of its type.
    certified(second, "-V", "20200101:20200102")
    for key in (plain, second, third):
        with way.authorized(key):
            assert user_of(way.driver(config, use_agent=False)) == "root"
    with pytest.raises(ConnectAuthError, match=f"key {second} with certificate .*, key {second}, "):
        way.driver(config, use_agent=False)


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_the_agents_certificate(
    way: Way, certified: Callable[..., Path], agent: Callable[..., None], kind: str
) -> None:
    key = way.key(kind=kind)
    certificate = certified(key)
    agent(key)  # ssh-add takes the certificate with it
    for path in (key, certificate):
        path.unlink()
    assert user_of(way.driver()) == "root"


def test_a_certificate_file_for_the_agents_key(
    way: Way, certified: Callable[..., Path], agent: Callable[..., None]
) -> None:
    key = way.key()
    agent(key)
    certificate = certified(key)
    key.unlink()
    assert user_of(way.driver(f"Host *\n CertificateFile {certificate}\n")) == "root"


# --- passwords ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("PasswordAuthentication no\nKbdInteractiveAuthentication yes\n", "keyboard-interactive"),
        ("PasswordAuthentication yes\nKbdInteractiveAuthentication no\n", "password"),
    ],
)
def test_a_password_by_pam(way: Way, text: str, method: str) -> None:
    with way.sshd(text):
        driver = way.driver(user=PASSWORD_USER, password=PASSWORD, use_agent=False)
        assert user_of(driver) == PASSWORD_USER
        with pytest.raises(ConnectAuthError, match=f"{method}\\. The server accepts") as caught:
            way.driver(user=PASSWORD_USER, password="not this", use_agent=False)
        assert "not this" not in str(caught.value)


@pytest.mark.parametrize(
    "methods", ["publickey,password", "password,publickey", "publickey,keyboard-interactive"]
)
def test_key_and_password(way: Way, methods: str) -> None:
    """Both are wanted: each success alone is not enough."""
    key = way.lab.seat.key_file
    text = (
        "KbdInteractiveAuthentication yes\n"
        f"Match User {NOPASSWD_USER}\n AuthenticationMethods {methods}\n"
    )
    with way.sshd(text):
        root = way.lab.leaf("03")
        said = root.exec(["chpasswd"], stdin=f"{NOPASSWD_USER}:second factor\n")
        assert said.returncode == 0
        try:
            driver = way.driver(
                f"Host *\n IdentityFile {key}\n",
                user=NOPASSWD_USER,
                password="second factor",
                use_agent=False,
            )
            assert user_of(driver) == NOPASSWD_USER
            with pytest.raises(ConnectAuthError):
                way.driver(
                    f"Host *\n IdentityFile {key}\n",
                    user=NOPASSWD_USER,
                    password="no factor",
                    use_agent=False,
                )
        finally:
            root.exec(["usermod", "-p", "!", NOPASSWD_USER], check=True)


# --- the way there ------------------------------------------------------------------------------


def test_a_chain_of_jump_hosts(way: Way) -> None:
    key = way.lab.seat.key_file
    config = (
        f"Host far\n HostName {OTHER_LEAF}\n ProxyJump middle\n"
        f"Host middle\n HostName {LEAF}\n ProxyJump near\n"
        f"Host near\n HostName {OTHER_LEAF}\n"
        f"Host *\n User root\n IdentityFile {key}\n"
    )
    options = resolve("far", "", "", 10, {"ssh_config_file": _written(way, config)})
    assert [hop.host for hop in options.jumps] == [OTHER_LEAF, LEAF]
    driver = way.driver(config, host="far", user="", use_agent=False)
    said = driver.cli(["echo $SSH_CONNECTION", "hostname"])
    assert str(said["echo $SSH_CONNECTION"]).split()[0] == LEAF
    assert str(said["hostname"]).strip() == "swt-sn2100-01"
    # The same, named at once.
    again = config.replace(" ProxyJump near\n", "").replace(
        "ProxyJump middle", "ProxyJump near,middle"
    )
    driver = way.driver(again, host="far", user="", use_agent=False)
    assert str(driver.cli(["echo $SSH_CONNECTION"])["echo $SSH_CONNECTION"]).split()[0] == LEAF


def _written(way: Way, config: str) -> str:
    path = way.folder / "config"
    path.write_text(config)
    return str(path)


def test_a_jump_host_that_does_not_reach_the_switch(way: Way) -> None:
    config = f"Host *\n IdentityFile {way.lab.seat.key_file}\n"
    begun = time.monotonic()
    with pytest.raises(ConnectionException, match=rf"Jump host {OTHER_LEAF} .*10\.5\.0\.99:22"):
        way.driver(
            config, host="10.5.0.99", proxy_jump=f"root@{OTHER_LEAF}", timeout=5, use_agent=False
        )
    assert time.monotonic() - begun < 40


def test_a_jump_host_that_forbids_forwarding(way: Way) -> None:
    config = f"Host *\n IdentityFile {way.lab.seat.key_file}\n"
    with (
        way.sshd("AllowTcpForwarding no\n", leaf="01"),
        pytest.raises(ConnectionException, match=r"did not open a connection .*TCP forwarding"),
    ):
        way.driver(config, proxy_jump=f"root@{OTHER_LEAF}", use_agent=False)


# --- host keys ----------------------------------------------------------------------------------


def host_key_lines(way: Way, name: str, kind: str = "") -> str:
    """A leaf's lines of the seat's known_hosts, under another name and of one kind alone."""
    lines = [line.split() for line in way.lab.seat.known_hosts.read_text().splitlines()]
    return "".join(
        f"{name} {key_type} {key}\n"
        for names, key_type, key, *_ in lines
        if LEAF in names.split(",") and kind in key_type
    )


def test_user_known_hosts_file_and_host_key_alias(way: Way) -> None:
    known = way.folder / "my hosts"
    known.write_text(host_key_lines(way, "the-leaf"))
    config = (
        f'Host *\n IdentityFile {way.lab.seat.key_file}\n UserKnownHostsFile "{known}"\n'
        " GlobalKnownHostsFile /dev/null\n"
    )
    assert user_of(way.driver(config + " HostKeyAlias the-leaf\n", use_agent=False)) == "root"
    with pytest.raises(ConnectionException, match=rf"host key of {re.escape(LEAF)} is not known"):
        way.driver(config, use_agent=False)
    with way.sshd(""):  # an alias is looked up without the port
        driver = way.driver(config + " HostKeyAlias the-leaf\n", port=SERVED, use_agent=False)
        assert user_of(driver) == "root"


@pytest.mark.parametrize("port", [22, SERVED])
def test_hashed_known_hosts(way: Way, port: int) -> None:
    way.known_hosts = way.folder / "hashed"
    name = LEAF if port == 22 else f"[{LEAF}]:{port}"
    way.known_hosts.write_text(host_key_lines(way, name) + host_key_lines(way, "other"))
    call(["ssh-keygen", "-H", "-f", str(way.known_hosts)])
    assert LEAF not in way.known_hosts.read_text()
    config = f"Host *\n IdentityFile {way.lab.seat.key_file}\n"
    with way.sshd(""):
        assert user_of(way.driver(config, port=port, use_agent=False)) == "root"
        others = way.known_hosts.read_text().splitlines()[-2:]
        way.known_hosts.write_text("\n".join(others))
        with pytest.raises(ConnectionException, match="is not known"):
            way.driver(config, port=port, use_agent=False)


@pytest.mark.parametrize("kind", ["ecdsa", "ed25519"])
def test_a_host_that_is_known_by_one_kind_of_key(way: Way, kind: str) -> None:
    way.known_hosts = way.folder / "known"
    way.known_hosts.write_text(host_key_lines(way, LEAF, kind))
    assert len(way.known_hosts.read_text().splitlines()) == 1
    config = f"Host *\n IdentityFile {way.lab.seat.key_file}\n"
    driver = way.driver(config, use_agent=False)
    assert user_of(driver) == "root"
    with (
        way.sshd(f"HostKey /etc/ssh/ssh_host_{_other(kind)}_key\n"),
        pytest.raises(ConnectionException, match="known are only other types"),
    ):
        way.driver(config, use_agent=False)


def _other(kind: str) -> str:
    return "ed25519" if kind == "ecdsa" else "ecdsa"


# --- time ---------------------------------------------------------------------------------------


def test_a_switch_that_hangs_before_its_banner(way: Way) -> None:
    address, port = "10.5.0.12", 2200

    def listen() -> socket.socket:
        return socket.create_server((address, port))

    with in_namespace(way.lab.fabric.ns("web"), listen):
        begun = time.monotonic()
        with pytest.raises(ConnectTimeoutError, match=rf"{address}:{port} .*did not speak SSH"):
            way.driver(host=address, port=port, timeout=2, use_agent=False)
        assert 1.5 < time.monotonic() - begun < 30


def test_a_switch_that_hangs_while_logging_in(way: Way) -> None:
    """PAM waits for a directory that does not answer."""
    pam = way.lab.leaf("03").root / "etc/pam.d/sshd"
    before = pam.read_text()
    pam.write_text(f"auth required pam_exec.so quiet /bin/sleep 60\n{before}")
    begun = time.monotonic()
    try:
        with pytest.raises(ConnectTimeoutError, match=r"did not finish the login.*RADIUS"):
            way.driver(user=PASSWORD_USER, password=PASSWORD, timeout=3, use_agent=False)
    finally:
        pam.write_text(before)
    assert time.monotonic() - begun < 40


def test_a_switch_that_hangs_after_the_login(way: Way) -> None:
    """The session's own sshd is stopped: the kernel still takes everything, nothing answers."""
    config = f"Host *\n IdentityFile {way.lab.seat.key_file}\n"
    driver = way.driver(config, use_agent=False, command_timeout=2, keepalive=0)
    with _hanging(way, driver):
        begun = time.monotonic()
        with pytest.raises((CommandTimeoutException, ConnectionClosedException)):
            driver.cli(["true"])
        assert time.monotonic() - begun < 30
        begun = time.monotonic()
        assert driver.is_alive() == {"is_alive": False}
        assert time.monotonic() - begun < 30


@contextmanager
def _hanging(way: Way, driver: CumulusDriver) -> Iterator[None]:
    """The session's own sshd, the parent of its shells, is stopped."""
    pid = driver._session().run("echo $PPID").stdout.decode().strip()
    way.lab.exec_leaf("03", ["kill", "-STOP", pid], check=True)
    try:
        yield
    finally:
        way.lab.exec_leaf("03", ["kill", "-CONT", pid], check=True)


def test_keepalives_notice_an_sshd_that_hangs(way: Way) -> None:
    config = f"Host *\n IdentityFile {way.lab.seat.key_file}\n"
    driver = way.driver(config, use_agent=False, keepalive=1)
    with _hanging(way, driver):
        begun = time.monotonic()
        with pytest.raises(ConnectionClosedException):
            driver.cli(["true"])
        assert time.monotonic() - begun < 30


@contextmanager
def cut(way: Way, leaf: str) -> Iterator[None]:
    """A leaf's management port without link."""
    number = [each.short_name for each in way.lab.topology.leafs].index(
        way.lab.topology.leaf(leaf).short_name
    )
    port = in_netns(way.lab.fabric.ns("mgmt"), ["ip", "link", "set", f"leaf{number + 1}"])
    call([*port, "down"])
    try:
        yield
    finally:
        call([*port, "up"])
        assert wait_until(
            lambda: way.lab.answers(str(way.lab.topology.leaf(leaf).address.ip)),
            timeout=PATIENCE,
        )


@pytest.mark.parametrize("jump", ["", f"root@{OTHER_LEAF}"])
def test_keepalives_notice_a_dead_path(way: Way, jump: str) -> None:
    config = f"Host *\n IdentityFile {way.lab.seat.key_file}\n"
    driver = way.driver(config, use_agent=False, keepalive=1, proxy_jump=jump)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            driver.cli(["sleep 100"])
        except BaseException as error:  # noqa: BLE001 - looked at below
            errors.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    time.sleep(0.5)
    with cut(way, "03"):
        begun = time.monotonic()
        worker.join(60)
        took = time.monotonic() - begun
        assert not worker.is_alive()
    assert [type(error) for error in errors] == [ConnectionClosedException], errors
    assert "may still be running" in str(errors[0])
    assert took < 40
    assert driver.is_alive() == {"is_alive": False}


def test_keepalives_leave_a_busy_and_an_idle_session_alone(way: Way) -> None:
    config = f"Host *\n IdentityFile {way.lab.seat.key_file}\n"
    driver = way.driver(config, use_agent=False, keepalive=0.5)
    assert driver.cli(["sleep 4; echo well"])["sleep 4; echo well"] == "well\n"
    time.sleep(4)
    assert driver.is_alive() == {"is_alive": True}


def test_the_time_of_the_whole_session(way: Way) -> None:
    config = f"Host *\n IdentityFile {way.lab.seat.key_file}\n"
    log = way.folder / "log"
    driver = way.driver(config, use_agent=False, session_timeout=2, session_log=str(log))
    assert user_of(driver) == "root"
    time.sleep(2)
    with pytest.raises(CommandTimeoutException, match="session_timeout"):
        driver.cli(["id"])
    assert driver.is_alive() == {"is_alive": False}
    text = log.read_text()
    assert "$ id -un (exit 0)" in text
    assert re.search(r"no result, \d+\.\d{3} s", text)


# --- rights and channels --------------------------------------------------------------------------


def test_a_user_without_rights_is_told_at_once(way: Way) -> None:
    config = f"Host *\n IdentityFile {way.lab.seat.key_file}\n"
    driver = way.driver(config, user=NOPASSWD_USER, use_agent=False)
    assert user_of(driver) == NOPASSWD_USER
    getters = (
        "get_facts get_interfaces get_interfaces_ip get_lldp_neighbors get_arp_table get_vlans "
        "get_bgp_neighbors get_route_to get_users get_config"
    )
    for name in getters.split():
        with pytest.raises(ConnectAuthError, match="log in as root or use sudo"):
            getattr(driver, name)()
    with pytest.raises(ConnectAuthError, match="log in as root or use sudo"):
        driver.load_merge_candidate(config="auto swp10\niface swp10\n")
    for method in (driver.has_pending_commit, driver.confirm_commit, driver.rollback):
        with pytest.raises(ConnectAuthError, match="log in as root or use sudo"):
            method()
    with_sudo = way.driver(config, user=NOPASSWD_USER, use_agent=False, sudo="yes")
    assert with_sudo.get_facts()["hostname"]
    assert not with_sudo.has_pending_commit()


def test_twenty_five_threads_on_one_driver(way: Way) -> None:
    driver = way.driver(f"Host *\n IdentityFile {way.lab.seat.key_file}\n", use_agent=False)
    with ThreadPoolExecutor(25) as threads:
        found = [*threads.map(lambda n: driver.cli([f"sleep 0.3; echo {n}"]), range(25))]
    assert [next(iter(each.values())) for each in found] == [f"{n}\n" for n in range(25)]
    assert driver.is_alive() == {"is_alive": True}
