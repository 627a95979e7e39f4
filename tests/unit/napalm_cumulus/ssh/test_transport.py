"""Sessions and commands against a real SSH server on 127.0.0.1."""

from __future__ import annotations

import contextlib
import socket
import stat
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import paramiko
import pytest
from napalm.base.exceptions import (
    CommandErrorException,
    CommandTimeoutException,
    ConnectAuthError,
    ConnectionClosedException,
    ConnectionException,
    ConnectTimeoutError,
)

from napalm_cumulus import CumulusDriver
from napalm_cumulus.commit import repair_steps
from napalm_cumulus.errors import NoRootError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typing_extensions import Self

    from tests.unit.napalm_cumulus.conftest import Site, SshServer

MEGABYTE = 1024 * 1024


# --- commands ------------------------------------------------------------------------------------


def test_status_stdout_and_stderr_are_kept_apart(site: Site) -> None:
    result = site.session(site.server()).run("echo out; echo err >&2; exit 3")
    assert (result.exit_status, result.stdout, result.stderr) == (3, b"out\n", b"err\n")


def test_stdin_arrives_and_ends(site: Site) -> None:
    session = site.session(site.server())
    assert session.run("cat", stdin=b"\0\xff\n").stdout == b"\0\xff\n"
    assert session.run("cat").stdout == b""


def test_large_data_both_ways_does_not_lock(site: Site) -> None:
    data = bytes(range(256)) * (12 * MEGABYTE // 256)
    result = site.session(site.server()).run("tee /dev/stderr", stdin=data, timeout=60)
    assert result.stdout == data
    assert result.stderr == data


def test_a_command_that_does_not_read_its_input_still_ends(site: Site) -> None:
    result = site.session(site.server()).run("exit 4", stdin=b"x" * 8 * MEGABYTE, timeout=120)
    assert result.exit_status == 4


def test_time_out_says_that_the_command_may_go_on(site: Site) -> None:
    session = site.session(site.server())
    begun = time.monotonic()
    with pytest.raises(CommandTimeoutException, match=r"'sleep 60'.*0\.3 s.*may still be running"):
        session.run("sleep 60", timeout=0.3)
    assert time.monotonic() - begun < 30
    assert session.run("echo on").stdout == b"on\n"


def test_a_batch_that_is_late_names_its_commands(site: Site) -> None:
    session = site.session(site.server(), command_timeout=0.3)
    device = CumulusDriver("leaf1", "u", "p", transport=session)
    device.open()
    with pytest.raises(CommandTimeoutException, match="was running: echo a; sleep 5"):
        device.cli(["echo a", "sleep 5"])


def test_output_has_a_limit(site: Site) -> None:
    session = site.session(site.server(), max_output=100_000)
    with pytest.raises(CommandErrorException, match="more than 100000 bytes"):
        session.run("yes", timeout=120)


def test_a_switch_that_floods_is_read_no_further_than_the_limit(site: Site) -> None:
    """Both outputs together, and however quickly it refills what has been read."""
    session = site.session(site.server(), max_output=1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(CommandErrorException, match="more than 1000000 bytes"):
            session.run("yes >&2 & exec yes", timeout=120)
        # The test's server is in this process, too.
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_a_killed_command_is_no_lost_session(site: Site) -> None:
    session = site.session(site.server())
    # The server reports no status for a signal, as sshd does.
    assert session.run("kill -9 $$; :").exit_status in {-1, 137}
    assert session.is_alive()


def test_a_lost_session_is_said(site: Site) -> None:
    server = site.server()
    session = site.session(server)
    threading.Timer(0.3, server.drop).start()
    with pytest.raises(ConnectionClosedException, match=r"'sleep 5'.*may still be running"):
        session.run("sleep 5", timeout=10)
    assert not session.is_alive()
    with pytest.raises(ConnectionClosedException, match="is lost"):
        session.run("true")


def test_alive_until_closed(site: Site) -> None:
    session = site.session(site.server())
    assert session.is_alive()
    session.close()
    session.close()
    assert not session.is_alive()


def test_commands_do_not_wait_for_delayed_acknowledgements(site: Site) -> None:
    session = site.session(site.server())
    times = []
    for _ in range(15):
        begun = time.monotonic()
        session.run("true")
        times.append(time.monotonic() - begun)
    # A delayed acknowledgement comes after 40 ms, each time; a busy machine is not slow each time.
    assert min(times) < 0.035, times


class Relay:
    """A cable between client and server that can be cut without either noticing."""

    def __init__(self, port: int) -> None:
        self.cut = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._onward = port
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait until both ends have hung up; a listener that is shut down accepts no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        near, _ = self._listener.accept()
        with near, socket.create_connection(("127.0.0.1", self._onward)) as far:
            back = threading.Thread(target=self._copy, args=(far, near), daemon=True)
            back.start()
            self._copy(near, far)
            back.join(60)

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self.cut.is_set():
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)


def test_a_dead_path_is_noticed_by_asking(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napalm_cumulus.ssh.transport._ALIVE_TIMEOUT", 0.5)
    server = site.server()
    relay = site.stack.enter_context(Relay(server.port))
    site.trust(relay.port, site.host_key)
    session = site.session(server, port=relay.port)
    assert session.is_alive()
    relay.cut.set()
    begun = time.monotonic()
    assert session.connected()  # the socket knows nothing
    assert not session.is_alive()
    assert time.monotonic() - begun < 30
    session.close()


# --- sudo ----------------------------------------------------------------------------------------

SUDO = """#!/bin/sh
# A stand-in that behaves as sudo does with -n, and with -S -p PROMPT.
echo "$@" >>"$(dirname "$0")/argv"
if [ "$1" = -n ]; then
    [ -e "$(dirname "$0")/nopasswd" ] || { echo 'sudo: a password is required' >&2; exit 1; }
    shift 2; exec env AS=root "$@"
fi
prompt=$3; shift 4
[ -e "$(dirname "$0")/nopasswd" ] && exec env AS=root "$@"
for attempt in 1 2 3; do
    printf %s "$prompt" >&2
    IFS= read -r given || { echo 'sudo: no password was provided' >&2; exit 1; }
    [ "$given" = 'the password' ] && exec env AS=root "$@"
    echo 'Sorry, try again.' >&2
done
exit 1
"""


@pytest.fixture
def sudo(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "sudo"
    program.write_text(SUDO)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


def sudo_path(sudo: Path) -> dict[str, str]:
    return {"PATH": f"{sudo}:/usr/bin:/bin"}


def test_sudo_without_password(site: Site, sudo: Path) -> None:
    (sudo / "nopasswd").touch()
    session = site.session(site.server(environment=sudo_path(sudo)), sudo=True)
    assert session.run('echo "$AS"; cat; exit 5', stdin=b"data").stdout == b"root\ndata"


def test_sudo_that_wants_a_password(site: Site, sudo: Path) -> None:
    session = site.session(site.server(environment=sudo_path(sudo)), sudo=True)
    with pytest.raises(ConnectAuthError, match=r"sudo .* refused user 'cumulus'.*sudo_password"):
        session.run("true")


@pytest.mark.parametrize("asks", [True, False])
def test_sudo_password_goes_to_sudo_alone(site: Site, sudo: Path, asks: bool) -> None:
    if not asks:
        (sudo / "nopasswd").touch()
    server = site.server(environment=sudo_path(sudo))
    session = site.session(server, sudo_password="the password")
    result = session.run('echo "$AS"; cat; echo err >&2; exit 5', stdin=b"data\n" * 100_000)
    assert result.exit_status == 5
    assert result.stdout == b"root\n" + b"data\n" * 100_000
    assert result.stderr == b"err\n"
    assert "the password" not in (sudo / "argv").read_text()
    assert not any("the password" in command for command in server.commands)


def test_wrong_sudo_password_never_becomes_input(site: Site, sudo: Path) -> None:
    session = site.session(site.server(environment=sudo_path(sudo)), sudo_password="guess")
    with pytest.raises(ConnectAuthError, match="wrong password") as caught:
        session.run("cat", stdin=b"payload", timeout=5)
    assert "guess" not in str(caught.value)


def test_sudo_that_is_not_allowed(site: Site, sudo: Path) -> None:
    (sudo / "sudo").write_text(
        "#!/bin/sh\necho 'cumulus is not in the sudoers file.' >&2\nexit 1\n"
    )
    session = site.session(site.server(environment=sudo_path(sudo)), sudo_password="x")
    with pytest.raises(ConnectAuthError, match="not in the sudoers file"):
        session.run("true", timeout=5)


# --- host keys -----------------------------------------------------------------------------------


def test_unknown_host_key_is_refused_before_any_login(site: Site) -> None:
    server = site.server(known=False)
    with pytest.raises(
        ConnectionException, match=r"is not known\. .*SHA256:.*ssh-keyscan"
    ) as caught:
        site.session(server, "secret")
    assert site.host_key.fingerprint in str(caught.value)
    assert server.seen == []


def test_changed_host_key_is_refused_with_both_fingerprints(site: Site) -> None:
    server = site.server(known=False)
    other = paramiko.ECDSAKey.generate()
    site.trust(server.port, other)
    with pytest.raises(ConnectionException, match="HAS CHANGED") as caught:
        site.session(server, "secret")
    message = str(caught.value)
    assert site.host_key.fingerprint in message
    assert other.fingerprint in message
    assert f"{site.known_hosts}:1" in message
    assert "ssh-keygen -R" not in message
    assert server.seen == []


def test_revoked_host_key_is_refused(site: Site) -> None:
    server = site.server()
    with site.known_hosts.open("a") as lines:
        key = site.host_key
        lines.write(f"@revoked * {key.get_name()} {key.get_base64()}\n")
    with pytest.raises(ConnectionException, match=r"revoked at .*known_hosts:2"):
        site.session(server)


def test_lax_checking_in_the_configuration_is_not_followed(site: Site) -> None:
    site.config.write_text("Host *\n StrictHostKeyChecking no\n")
    with pytest.raises(ConnectionException, match=r"StrictHostKeyChecking .* not followed"):
        site.session(site.server(known=False))


def test_the_known_type_of_host_key_is_asked_for(site: Site) -> None:
    rsa = paramiko.RSAKey.generate(2048)
    # Left to itself paramiko takes the ECDSA key, which is not known here.
    server = site.server(rsa, paramiko.ECDSAKey.generate())
    assert site.session(server).run("echo in").stdout == b"in\n"


def test_host_key_alias(site: Site) -> None:
    server = site.server(known=False)
    site.config.write_text("Host *\n HostKeyAlias the-leaf\n")
    key = site.host_key
    site.known_hosts.write_text(f"the-leaf {key.get_name()} {key.get_base64()}\n")
    assert site.session(server).is_alive()


# --- logging in ----------------------------------------------------------------------------------


def test_password(site: Site) -> None:
    server = site.server(authorized=[], password="pw")
    assert site.session(server, "pw", key_file="").is_alive()


def test_keyboard_interactive(site: Site) -> None:
    server = site.server(authorized=[], interactive_password="pw")
    assert site.session(server, "pw", key_file="").is_alive()


def test_refused_login_says_who_and_what_was_tried_but_no_secret(site: Site) -> None:
    server = site.server(authorized=[b"another"], password="pw")
    with pytest.raises(ConnectAuthError) as caught:
        site.session(server, "hunter2")
    message = str(caught.value)
    assert "user 'cumulus'" in message
    assert f"key {site.key_file}, password" in message
    assert "accepts: publickey, password" in message
    assert "hunter2" not in message


def test_a_password_that_the_server_does_not_take(site: Site) -> None:
    server = site.server(authorized=[b"another"])
    with pytest.raises(ConnectAuthError, match="no password, as the server takes none"):
        site.session(server, "hunter2", key_file="")


def test_encrypted_key(site: Site) -> None:
    site.user_key.write_private_key_file(str(site.key_file), password="open sesame")
    server = site.server()
    assert site.session(server, passphrase="open sesame").is_alive()
    with pytest.raises(ConnectAuthError, match="encrypted, and no passphrase"):
        site.session(server)
    with pytest.raises(ConnectAuthError, match="not usable") as caught:
        site.session(server, passphrase="wrong one")
    assert "wrong one" not in str(caught.value)


def test_missing_key_file_is_named(site: Site) -> None:
    with pytest.raises(ConnectAuthError, match=r"nothere \(cannot be read: No such file"):
        site.session(site.server(), key_file=str(site.folder / "nothere"))


def test_second_key_of_the_configuration(site: Site) -> None:
    stranger = site.folder / "stranger"
    paramiko.ECDSAKey.generate().write_private_key_file(str(stranger))
    site.config.write_text(f"Host *\n IdentityFile {stranger}\n IdentityFile {site.key_file}\n")
    assert site.session(site.server(), key_file="").is_alive()


# --- the way there -------------------------------------------------------------------------------


def test_refused_connection(site: Site) -> None:
    server = site.server()
    server.__exit__()
    with pytest.raises(
        ConnectionException, match=rf"127\.0\.0\.1:{server.port}.*refused.*port and"
    ):
        site.session(server)


def test_a_silent_server_times_out(site: Site) -> None:
    server = site.server()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        begun = time.monotonic()
        with pytest.raises(ConnectTimeoutError, match=f"127.0.0.1:{port}"):
            site.session(server, port=port, timeout=1)
        assert time.monotonic() - begun < 14  # the library's own patience is 15


def test_something_else_than_ssh(site: Site) -> None:
    server = site.server()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            peer, _ = listener.accept()
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(ConnectionException, match="Is it an SSH server"):
            site.session(server, port=listener.getsockname()[1])


def test_unknown_name(site: Site) -> None:
    site.config.write_text("Host *\n HostName no-such-leaf.invalid\n")
    with pytest.raises(ConnectionException, match=r"no-such-leaf\.invalid' has no address"):
        site.session(site.server())


def test_two_jump_hosts_each_with_its_own_key(site: Site) -> None:
    far, near = paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate()
    first, second, switch = site.server(near), site.server(far), site.server()
    jump = f"cumulus@127.0.0.1:{first.port},cumulus@127.0.0.1:{second.port}"
    session = site.session(switch, proxy_jump=jump)
    assert session.run("echo there").stdout == b"there\n"
    assert first.forwarded == [("127.0.0.1", second.port)]
    assert second.forwarded == [("127.0.0.1", switch.port)]
    session.close()


def test_the_jump_hosts_key_is_checked_too(site: Site) -> None:
    jump, switch = site.server(known=False), site.server()
    with pytest.raises(ConnectionException, match=rf"\[127.0.0.1\]:{jump.port} is not known"):
        site.session(switch, proxy_jump=f"cumulus@127.0.0.1:{jump.port}")
    assert switch.seen == []


def test_the_password_is_for_the_switch_not_for_the_jump_host(site: Site) -> None:
    jump = site.server(authorized=[b"another"], password="pw")
    switch = site.server(authorized=[], password="pw")
    with pytest.raises(ConnectAuthError, match=rf"127\.0\.0\.1:{jump.port} refused"):
        site.session(switch, "pw", proxy_jump=f"cumulus@127.0.0.1:{jump.port}")
    assert not any(method.startswith("password") for method in jump.seen)


def test_a_jump_host_that_does_not_forward(site: Site) -> None:
    jump, switch = site.server(forwarding=False), site.server()
    with pytest.raises(ConnectionException, match=r"did not open a connection .*TCP forwarding"):
        site.session(switch, proxy_jump=f"cumulus@127.0.0.1:{jump.port}")


def test_proxy_command(site: Site) -> None:
    switch = site.server()
    program = site.folder / "relay.py"
    program.write_text(
        "import os, socket, sys, threading\n"
        "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def up():\n"
        "    while data := os.read(0, 65536): s.sendall(data)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while data := s.recv(65536): os.write(1, data)\n"
    )
    site.config.write_text(f"Host *\n ProxyCommand python3 {program} %h {switch.port}\n")
    session = site.session(switch)
    assert session.run("echo there").stdout == b"there\n"
    session.close()


# --- sshd's MaxSessions ---------------------------------------------------------------------------


def test_twenty_five_threads_share_what_sshd_allows(site: Site) -> None:
    server = site.server(max_sessions=3)
    session = site.session(server)
    with ThreadPoolExecutor(25) as threads:
        found = [*threads.map(lambda n: session.run(f"sleep 0.1; echo {n}").stdout, range(25))]
    assert found == [f"{n}\n".encode() for n in range(25)]
    assert server.refused


def test_a_busy_session_is_alive(site: Site) -> None:
    session = site.session(site.server(max_sessions=1))
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(session.run, "sleep 7")
        wait_until(session._busy)
        assert session.is_alive()
        running.result()


def test_a_command_that_gets_no_channel_in_its_time_is_told_why(site: Site) -> None:
    session = site.session(site.server(max_sessions=1))
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(session.run, "sleep 2")
        wait_until(session._busy)
        with pytest.raises(CommandErrorException, match=r"refused another channel.*MaxSessions"):
            session.run("true", timeout=0.5)
        running.result()
    assert session.run("echo on").stdout == b"on\n"


def test_no_channel_at_all_is_told_soon(site: Site) -> None:
    session = site.session(site.server(max_sessions=0))
    begun = time.monotonic()
    with pytest.raises(CommandErrorException, match="refused another channel"):
        session.run("true")
    assert time.monotonic() - begun < 20
    assert not session.is_alive()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


# --- not root -------------------------------------------------------------------------------------


def login(site: Site, tmp_path: Path, uid: int, **args: Any) -> tuple[CumulusDriver, SshServer]:
    """A driver on a machine where ``id`` says that the account has this number."""
    program = tmp_path / "bin" / "id"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho {uid}\n")
    program.chmod(0o755)
    environment = {"PATH": f"{program.parent}:/usr/bin:/bin"}
    server = site.server(environment=environment)
    given = {
        "port": server.port,
        "key_file": str(site.key_file),
        "known_hosts_file": str(site.known_hosts),
        "ssh_config_file": str(site.config),
        "use_agent": False,
        **args,
    }
    device = CumulusDriver("127.0.0.1", "cumulus", "", 5, given)
    site.stack.callback(device.close)
    device.open()
    return device, server


@pytest.mark.parametrize(
    "call",
    [
        lambda device: device.get_facts(),
        lambda device: device.get_lldp_neighbors(),
        lambda device: device.get_config(),
        lambda device: device.load_merge_candidate(config="auto a\niface a\n"),
        lambda device: device.has_pending_commit(),
        lambda device: device.confirm_commit(),
        lambda device: device.rollback(),
        lambda device: device.pending,
        lambda device: device.take_snapshot(),
        lambda device: device.repairs.carry_out([repair_steps.reapply("a")]),
        lambda device: device._get_many({"get_facts": {}, "get_arp_table": {}}),
    ],
)
def test_without_rights_it_is_said_at_once(
    site: Site, tmp_path: Path, call: Callable[[CumulusDriver], object]
) -> None:
    device, server = login(site, tmp_path, 1000)
    with pytest.raises(NoRootError, match=r"'cumulus' has no root rights.*root or use sudo"):
        call(device)
    assert [command for command in server.commands if "id -u" not in command] == []
    assert device.cli(["echo free"]) == {"echo free": "free\n"}
    assert device.is_alive() == {"is_alive": True}


def test_whoever_is_root_is_asked_once(site: Site, tmp_path: Path) -> None:
    device, server = login(site, tmp_path, 0)
    for _ in range(2):
        with pytest.raises(CommandErrorException):
            device.get_lldp_neighbors()
    assert sum("id -u" in command for command in server.commands) == 1
