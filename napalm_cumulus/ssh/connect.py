"""Opens a verified and logged-in paramiko transport from SshOptions, through jump hosts."""

from __future__ import annotations

import logging
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import paramiko

from napalm_cumulus import errors
from napalm_cumulus.ssh.auth import authenticate
from napalm_cumulus.ssh.keepalive import PATIENCE, Keepalive, WatchedSocket
from napalm_cumulus.ssh.known_hosts import (
    KnownKey,
    fingerprint,
    host_entry,
    known_keys,
    preferred_algorithms,
)

if TYPE_CHECKING:
    from napalm_cumulus.ssh.options import SshOptions

_LOG = logging.getLogger("napalm_cumulus.ssh")
_LOG.addHandler(logging.NullHandler())


@dataclass
class SshConnection:
    """An open connection, and everything to close with it, the nearest jump host last."""

    transport: paramiko.Transport
    jumps: list[paramiko.Transport] = field(default_factory=list)
    proxy: subprocess.Popen[bytes] | None = None
    keepalive: Keepalive | None = None

    def close(self) -> None:
        """Close the switch's connection, then the jump hosts', then the proxy command."""
        if self.keepalive is not None:
            self.keepalive.stop()
        for transport in (self.transport, *reversed(self.jumps)):
            transport.close()
        _stop(self.proxy)


def connect(options: SshOptions) -> SshConnection:
    """Connect, verify the host key, and log in; through each jump host in turn.

    Raises:
        ConnectTimeoutError: nothing answered in time.
        ConnectAuthError: the login was refused.
        ConnectionException: anything else, above all a wrong host key.
    """
    opened: list[paramiko.Transport] = []
    proxy: subprocess.Popen[bytes] | None = None
    try:
        for hop in (*options.jumps, options):
            # Connecting, handshake and login share this time, however many keys there are.
            deadline = time.monotonic() + hop.connect_timeout
            if opened:
                sock: Any = _through(opened[-1], hop)
            elif hop.proxy_command:
                sock, proxy = _through_command(hop)
            else:
                sock = _dial(hop)
            watched = WatchedSocket(sock)
            opened.append(_start(watched, hop, deadline))
    except BaseException:
        for transport in reversed(opened):
            transport.close()
        _stop(proxy)
        raise
    # The switch's own traffic keeps the jump hosts' connections alive.
    keepalive = Keepalive(opened[-1], watched, options.keepalive) if options.keepalive else None
    return SshConnection(opened[-1], opened[:-1], proxy, keepalive)


def _dial(options: SshOptions) -> socket.socket:
    try:
        sock = socket.create_connection(
            (options.host, options.port), timeout=options.connect_timeout
        )
    except socket.gaierror as error:
        raise errors.ConnectionException(
            f"The name {options.host!r} has no address: {error.strerror}. Check the spelling and "
            "the resolver, or give the switch's management address."
        ) from error
    except TimeoutError as error:
        raise errors.ConnectTimeoutError(
            f"{options.address} did not answer within {options.connect_timeout:g} s. Is the "
            "switch up, and is its management network reachable from here (VPN, jump host)?"
        ) from error
    except OSError as error:
        raise errors.ConnectionException(
            f"Cannot connect to {options.address}: {error.strerror or error}. {_advice(error)}"
        ) from error
    # Without it every command waits 40 ms for a delayed acknowledgement (Nagle's algorithm).
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if options.keepalive:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Data (a keepalive at the latest) unacknowledged for this time: the path is dead.
            sock.setsockopt(
                socket.IPPROTO_TCP,
                socket.TCP_USER_TIMEOUT,
                int(options.keepalive * PATIENCE * 1000),
            )
    return sock


def _advice(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "The machine answers but no SSH server listens there: check the port and sshd."
    return "Check the route to the management network (VPN, jump host)."


def _through(jump: paramiko.Transport, hop: SshOptions) -> paramiko.Channel:
    begun = time.monotonic()
    try:
        return jump.open_channel(
            "direct-tcpip", (hop.host, hop.port), ("127.0.0.1", 0), timeout=hop.connect_timeout
        )
    except (paramiko.SSHException, EOFError) as error:
        peer = jump.getpeername()[0] if jump.is_active() else "the jump host"
        if time.monotonic() - begun >= hop.connect_timeout:
            raise errors.ConnectTimeoutError(
                f"Jump host {peer} got no answer from {hop.address} within "
                f"{hop.connect_timeout:g} s. Is the switch up, and may the jump host reach it?"
            ) from error
        raise errors.ConnectionException(
            f"Jump host {peer} did not open a connection to {hop.address}: {error}. Check that it "
            "may reach the switch and that its sshd allows TCP forwarding."
        ) from error


def _through_command(options: SshOptions) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Run the user's own ProxyCommand on one end of a socket pair."""
    near, far = socket.socketpair()
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {options.proxy_command}"],
            stdin=far.fileno(),
            stdout=far.fileno(),
        )
    finally:
        far.close()
    return near, process


def _stop(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(2)
            return
        process.kill()
        process.wait()


def _start(sock: Any, options: SshOptions, deadline: float) -> paramiko.Transport:  # noqa: ANN401 - socket or channel, as paramiko takes
    """Do the handshake, the check of the host key and the login on a connected socket."""
    entry = host_entry(options.host_key_alias or options.host, options.port)
    if options.host_key_alias:
        entry = options.host_key_alias.lower()  # OpenSSH adds no port to an alias
    try:
        held = known_keys(options.known_hosts_files, entry)
        transport = paramiko.Transport(sock)
    except OSError as error:
        sock.close()
        raise errors.ConnectionException(
            f"The known host keys cannot be read: {error}. Correct {error.filename} or name "
            "another file with known_hosts_file."
        ) from error
    except paramiko.SSHException as error:
        sock.close()
        raise _no_handshake(options, error, deadline) from error
    # paramiko logs whole tracebacks as errors; our exceptions have the important part.
    transport.set_log_channel(_LOG.name)
    transport.daemon = True
    left = max(deadline - time.monotonic(), 0.1)
    transport.banner_timeout = left
    security = transport.get_security_options()
    security.key_types = preferred_algorithms(held, tuple(security.key_types))
    # These need no separate checksum, which paramiko compares byte by byte in Python. They stay
    # optional: a server without them uses the next.
    security.ciphers = sorted(security.ciphers, key=lambda name: "-gcm@" not in name)
    try:
        try:
            transport.start_client(timeout=left)
            key = transport.get_remote_server_key()
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise _no_handshake(options, error, deadline) from error
        verify(key.get_name(), key.asbytes(), held, options, entry)
        authenticate(transport, options, deadline)
    except BaseException:
        transport.close()
        raise
    return transport


def _no_handshake(
    options: SshOptions, error: BaseException, deadline: float
) -> errors.ConnectionException:
    said = str(error) or "the connection was closed"
    # paramiko does not tell a time-out from a broken banner, but the clock does.
    if time.monotonic() >= deadline:
        return errors.ConnectTimeoutError(
            f"{options.address} accepted the connection but did not speak SSH within "
            f"{options.connect_timeout:g} s: {said}. Is it an SSH server, and is it overloaded?"
        )
    return errors.ConnectionException(
        f"{options.address} accepted the connection but no SSH session could be opened: {said}. "
        "Is it an SSH server, and does it refuse this client (MaxStartups, TCP wrappers)?"
    )


def verify(
    key_type: str, blob: bytes, held: list[KnownKey], options: SshOptions, entry: str
) -> None:
    """Compare the host's key with those in known_hosts.

    Raises:
        ConnectionException: the key is unknown, another one, or revoked. Only the handshake was
            sent to the host.
    """
    shown = f"{key_type} {fingerprint(blob)}"
    same = [known for known in held if known.blob == blob]
    for known in same:
        if known.revoked:
            raise errors.ConnectionException(
                f"The host key of {options.address} ({shown}) is marked revoked at "
                f"{known.source}. Nothing was sent. Find out who runs that address before you go "
                "on."
            )
    if same:
        return
    trusted = [known for known in held if not known.revoked]
    if any(known.key_type == key_type for known in trusted):
        listed = "; ".join(
            f"{known.key_type} {known.fingerprint} at {known.source}" for known in trusted
        )
        raise errors.ConnectionException(
            f"THE HOST KEY OF {entry} HAS CHANGED. {options.address} shows {shown}, but known "
            f"is {listed}. Another machine may be answering at this address. Nothing was sent. "
            "Stop here, and compare the fingerprint with one read on the switch's own console "
            "(ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub) before you replace the known key."
        )
    where = options.known_hosts_files[0] if options.known_hosts_files else "~/.ssh/known_hosts"
    others = (
        f" (known are only other types: {', '.join(known.key_type for known in trusted)})"
        if trusted
        else ""
    )
    lax = (
        " StrictHostKeyChecking in the SSH configuration is not followed: an unverified switch is "
        "never changed."
        if options.lax_host_keys
        else ""
    )
    raise errors.ConnectionException(
        f"The host key of {entry} is not known{others}. {options.address} shows {shown}. Compare "
        "it with the one read on the switch's console (ssh-keygen -lf "
        f"/etc/ssh/ssh_host_*_key.pub); if they agree, add it to {where}, for example with "
        f"ssh-keyscan -p {options.port} {options.host}.{lax}"
    )
