"""A small SSH server on 127.0.0.1 that runs commands with the real `sh`, for transport tests."""

# ruff: noqa: ARG002 - paramiko names the arguments of its callbacks

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paramiko
import pytest

from napalm_cumulus.result import CommandResult
from napalm_cumulus.ssh.options import SshOptions, resolve
from napalm_cumulus.ssh.transport import SshTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self


@dataclass
class ServerSettings:
    """Who may log in, how, and what the server shows."""

    host_keys: list[paramiko.PKey]
    user: str = "cumulus"
    password: str | None = None
    interactive_password: str | None = None
    authorized: list[bytes] = field(default_factory=list)
    forwarding: bool = True
    max_sessions: int = 1000  # as sshd's MaxSessions
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/bin:/bin"})


class _Interface(paramiko.ServerInterface):
    def __init__(self, server: SshServer) -> None:
        self.server = server
        self.settings = server.settings

    def get_allowed_auths(self, username: str) -> str:
        methods = []
        if self.settings.authorized:
            methods.append("publickey")
        if self.settings.password:
            methods.append("password")
        if self.settings.interactive_password:
            methods.append("keyboard-interactive")
        return ",".join(methods)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.server.seen.append(f"publickey {username}")
        good = username == self.settings.user and key.asbytes() in self.settings.authorized
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        self.server.seen.append(f"password {username}")
        good = username == self.settings.user and password == self.settings.password
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_interactive(
        self, username: str, submethods: str
    ) -> int | paramiko.InteractiveQuery:
        query = paramiko.InteractiveQuery()
        query.add_prompt("Password: ", echo=False)
        return query

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        good = responses == [self.settings.interactive_password]
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if self.server.running >= self.settings.max_sessions:
            self.server.refused += 1
            return paramiko.OPEN_FAILED_RESOURCE_SHORTAGE
        self.server.running += 1
        return paramiko.OPEN_SUCCEEDED

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        if not self.settings.forwarding:
            return paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        self.server.forwarded.append(destination)
        self.server.destinations[chanid] = destination
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self.server.commands.append(command.decode())
        self.server.spawn(self.server.execute, channel, command, _sent(channel))
        return True


def _sent(channel: paramiko.Channel) -> int:
    """How many packets the server has sent."""
    count: int = channel.transport.packetizer._Packetizer__sequence_number_out  # type: ignore[attr-defined]  # paramiko offers no better
    return count


class SshServer:
    """The server; `with SshServer(settings) as server:` listens on `server.port`."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.commands: list[str] = []
        self.running = self.refused = 0
        self.seen: list[str] = []
        self.forwarded: list[tuple[str, int]] = []
        self.destinations: dict[int, tuple[str, int]] = {}
        self.transports: list[paramiko.Transport] = []
        self._threads: list[threading.Thread] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self.spawn(self._serve)
        return self

    def __exit__(self, *_: object) -> None:
        # A blocked accept() keeps a closed listener alive; shutting it down wakes it.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()
        # Each thread closes its own sockets and pipes: none may be left for a later test.
        for process in self._processes:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), f"{thread.name} of the SSH server has not ended"

    def drop(self) -> None:
        """Cut every connection, as a dying switch does."""
        for transport in self.transports:
            transport.close()

    def spawn(self, function: object, *args: object) -> None:
        assert callable(function)
        thread = threading.Thread(target=function, args=args, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.spawn(self._session, sock)

    def _session(self, sock: socket.socket) -> None:
        transport = paramiko.Transport(sock)
        self.transports.append(transport)
        for key in self.settings.host_keys:
            transport.add_server_key(key)
        with sock, suppress(paramiko.SSHException, EOFError, OSError):
            kept: list[paramiko.Channel | None] = []
            transport.start_server(server=_Interface(self))
            while transport.is_active():
                channel = transport.accept(0.2)
                kept.append(channel)  # paramiko closes one that nobody holds
                if channel is not None and channel.get_id() in self.destinations:
                    self.spawn(self._forward, channel, self.destinations[channel.get_id()])
        transport.join(60)

    def _forward(self, channel: paramiko.Channel, destination: tuple[str, int]) -> None:
        onward = socket.create_connection(destination)
        onward.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def back() -> None:
            with onward, suppress(OSError, EOFError):
                while data := onward.recv(65536):
                    channel.sendall(data)
                channel.close()

        self.spawn(back)
        with suppress(OSError, EOFError):
            while data := channel.recv(65536):
                onward.sendall(data)
        with suppress(OSError):
            onward.shutdown(socket.SHUT_RDWR)  # wakes the way back, which closes it

    def execute(self, channel: paramiko.Channel, command: bytes, sent: int) -> None:
        # paramiko answers the request after its callback: a quick command would end before.
        end = time.monotonic() + 1
        while _sent(channel) == sent and time.monotonic() < end:
            time.sleep(0.0005)
        process = subprocess.Popen(
            ["/bin/sh", "-c", command.decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.settings.environment,
            start_new_session=True,  # so that what it starts ends with it
        )
        self._processes.append(process)
        assert process.stdin
        assert process.stdout
        assert process.stderr
        stdin, stdout, stderr = process.stdin, process.stdout, process.stderr

        def feed() -> None:
            with suppress(OSError, EOFError):
                while data := channel.recv(65536):
                    stdin.write(data)
                    stdin.flush()
            with suppress(OSError):
                stdin.close()

        def pump(read: object, send: object) -> None:
            assert callable(read)
            assert callable(send)
            with suppress(OSError, EOFError):
                while data := read(65536):
                    send(data)

        self.spawn(feed)
        pumps = [
            threading.Thread(target=pump, args=(stdout.read1, channel.sendall), daemon=True),
            threading.Thread(target=pump, args=(stderr.read1, channel.sendall_stderr), daemon=True),
        ]
        for thread in pumps:
            thread.start()
        for thread in pumps:
            thread.join()
        status = process.wait()
        self.running -= 1
        stdout.close()
        stderr.close()
        with suppress(OSError, EOFError, paramiko.SSHException):
            if status >= 0:
                channel.send_exit_status(status)
            channel.close()


class Site:
    """Servers, keys and files of one test; everything ends with it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.host_key: paramiko.PKey = paramiko.ECDSAKey.generate()
        self.user_key = paramiko.ECDSAKey.generate()
        self.key_file = folder / "id"
        self.user_key.write_private_key_file(str(self.key_file))
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text("")
        self.config = folder / "config"
        self.config.write_text("")

    def server(self, *host_keys: paramiko.PKey, known: bool = True, **settings: Any) -> SshServer:
        """A running server that lets the user's key in, its host key known unless said."""
        settings.setdefault("authorized", [self.user_key.asbytes()])
        keys = list(host_keys) or [self.host_key]
        server = self.stack.enter_context(SshServer(ServerSettings(keys, **settings)))
        if known:
            self.trust(server.port, keys[0])
        return server

    def trust(self, port: int, key: paramiko.PKey, name: str = "127.0.0.1") -> None:
        with self.known_hosts.open("a") as lines:
            lines.write(f"[{name}]:{port} {key.get_name()} {key.get_base64()}\n")

    def options(self, server: SshServer, password: str = "", **args: Any) -> SshOptions:
        base = {
            "port": server.port,
            "key_file": str(self.key_file),
            "known_hosts_file": str(self.known_hosts),
            "ssh_config_file": str(self.config),
            "use_agent": False,
        }
        user = args.pop("user", "cumulus")
        timeout = args.pop("timeout", 5)
        return resolve("127.0.0.1", user, password, timeout, {**base, **args})

    def session(self, server: SshServer, password: str = "", **args: Any) -> SshTransport:
        transport = SshTransport(self.options(server, password, **args))
        self.stack.callback(transport.close)
        return transport


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(tmp_path, stack)


@pytest.fixture
def recorded() -> Callable[..., CommandResult]:
    """A recorded output as the result of a command."""

    def result(name: str, exit_status: int = 0, stderr: bytes = b"") -> CommandResult:
        folder = Path(__file__).parent / "data"
        return CommandResult(name, exit_status, (folder / name).read_bytes(), stderr)

    return result
