"""The options of an SSH connection, from optional arguments and ~/.ssh/config."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napalm_cumulus import errors, values
from napalm_cumulus.account import account
from napalm_cumulus.ssh.arguments import checked, unfit
from napalm_cumulus.ssh.config import HostConfig, look_up, read_config
from napalm_cumulus.ssh.names import check_port, check_user

if TYPE_CHECKING:
    from collections.abc import Mapping

    import paramiko

#: Seconds to wait for a connection, as in NAPALM's drivers.
DEFAULT_TIMEOUT = 60
_SHORTEST = 0.001
_DEFAULT_PORT = 22
_LONG = 10
_DEFAULT_COMMAND_TIMEOUT = 120.0
_DEFAULT_KEEPALIVE = 15
DEFAULT_MAX_OUTPUT = 64 * 1024 * 1024


@dataclass(frozen=True)
class SshOptions:
    """One SSH connection: host, user, and trusted keys; its repr shows no secret."""

    host: str
    user: str
    port: int = _DEFAULT_PORT
    alias: str = ""
    password: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    key_files: tuple[Path, ...] = ()
    certificate_files: tuple[Path, ...] = ()
    use_agent: bool = True
    identities_only: bool = False
    known_hosts_files: tuple[Path, ...] = ()
    host_key_alias: str | None = None
    lax_host_keys: bool = False
    jumps: tuple[SshOptions, ...] = ()
    proxy_command: str | None = field(default=None, repr=False)
    connect_timeout: float = 60.0
    command_timeout: float = _DEFAULT_COMMAND_TIMEOUT
    session_timeout: float | None = None
    session_log: Path | None = None
    keepalive: float = _DEFAULT_KEEPALIVE
    max_output: int = DEFAULT_MAX_OUTPUT
    sudo: bool = False
    sudo_password: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """Return the address and port, for messages.

        >>> SshOptions(host="10.5.0.43", user="cumulus").address
        '10.5.0.43:22'
        """
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"{shown}:{self.port}"


def check_login(
    hostname: object, username: object, password: object, timeout: object
) -> tuple[str, str, str, Any]:
    """Return the constructor's arguments in their proper types; None counts as not given.

    A host name may stand in brackets, as in a URL: ``[::1]``.

    Raises:
        ConnectionException: an argument is not valid.
    """
    with values.refused_as(unfit):
        if not isinstance(hostname, str):
            raise values.UnfitValueError(f"The hostname is a text, not {values.shown(hostname)}.")
        host = hostname
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        return (
            host,
            values.text("" if username is None else username, "The username"),
            values.text("" if password is None else password, "The password", secret=True),
            values.number(
                DEFAULT_TIMEOUT if timeout is None else timeout,
                "The timeout",
                _SHORTEST,
                values.LONGEST,
            ),
        )


def resolve(
    hostname: str,
    username: str | None,
    password: str | None,
    timeout: float,
    optional_args: Mapping[str, Any],
) -> SshOptions:
    """Combine the caller's arguments with ~/.ssh/config; the caller's win.

    The caller's password is only for the switch: jump hosts use keys or the agent.

    Raises:
        ConnectionException: the arguments or the configuration are not valid.
    """
    args = checked(optional_args)
    hostname, username, password, timeout = check_login(hostname, username, password, timeout)
    config = read_config(args.get("ssh_config_file"))
    host = look_up(config, hostname)
    base = _one_host(host, hostname, username, args, timeout)
    jump = args.get("proxy_jump") or host.proxy_jump or ""
    proxy_command = None if args.get("proxy_jump") else host.proxy_command
    port = args.get("port", host.port or _DEFAULT_PORT)
    return SshOptions(
        **{
            **base,
            "port": port,
            "password": password or None,
            "jumps": _jumps(config, jump, args, timeout, ((hostname, port),)),
            "proxy_command": proxy_command if not jump or jump.lower() == "none" else None,
            "command_timeout": float(args.get("command_timeout", _DEFAULT_COMMAND_TIMEOUT)),
            "session_timeout": float(args.get("session_timeout", 0)) or None,
            "session_log": args.get("session_log"),
            "keepalive": args.get("keepalive", _DEFAULT_KEEPALIVE),
            "max_output": args.get("max_output", DEFAULT_MAX_OUTPUT),
            "sudo": args.get("sudo") or bool(args.get("sudo_password")),
            "sudo_password": args.get("sudo_password") or None,
        }
    )


def _one_host(
    host: HostConfig,
    alias: str,
    user: str | None,
    args: Mapping[str, Any],
    timeout: float,
) -> dict[str, Any]:
    """Return the options that are decided alike for the switch and each jump host."""
    own_keys = args.get("key_file", ())
    known_hosts = args.get("known_hosts_file", ())
    agent = args.get("use_agent", args.get("allow_agent", True))
    user = user or host.user or account()
    check_user(user, for_shell=False)
    return {
        "host": host.hostname,
        "alias": alias,
        "user": user,
        "port": host.port or _DEFAULT_PORT,
        "passphrase": args.get("passphrase"),
        "key_files": tuple(dict.fromkeys(own_keys + host.identity_files)),
        "certificate_files": host.certificate_files,
        "use_agent": agent,
        "identities_only": host.identities_only,
        "known_hosts_files": known_hosts or _known_hosts(host.known_hosts_files),
        "host_key_alias": host.host_key_alias,
        "lax_host_keys": host.lax_host_keys,
        "proxy_command": host.proxy_command,
        "connect_timeout": min(float(timeout), float(host.connect_timeout or timeout)),
    }


def _known_hosts(configured: tuple[Path, ...]) -> tuple[Path, ...]:
    usual = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
    return (configured or tuple(Path(name).expanduser() for name in usual)) + (
        Path("/etc/ssh/ssh_known_hosts"),
        Path("/etc/ssh/ssh_known_hosts2"),
    )


def _jumps(
    config: paramiko.SSHConfig,
    chain: str,
    args: Mapping[str, Any],
    timeout: float,
    seen: tuple[tuple[str, int], ...],
) -> tuple[SshOptions, ...]:
    """Return the jump hosts, nearest first: ``user@a:22,b`` and those of their own settings."""
    if not chain or chain.lower() == "none":
        return ()
    hops: list[SshOptions] = []
    for position, text in enumerate(chain.split(",")):
        user, alias, port = split_destination(text.strip())
        found = look_up(config, alias)
        hop = _one_host(found, alias, user, args, timeout)
        if port is not None:
            check_port(port, f"The port of jump host {alias},")
            hop["port"] = port
        place = (alias, int(hop["port"]))
        if place == seen[-1]:
            continue  # ``Host *`` with ProxyJump also matches the jump host; OpenSSH skips it there
        if place in seen:
            way = " -> ".join(name for name, _ in (*seen, place))
            raise errors.ConnectionException(
                f"The jump hosts run in a circle: {way}. Correct ProxyJump in the SSH "
                "configuration."
            )
        if position == 0:
            further = found.proxy_jump or ""
            hops += _jumps(config, further, args, timeout, (*seen, place))
        if hops:
            hop["proxy_command"] = None  # only the nearest host is connected to from here
        hops.append(SshOptions(**hop))
    return tuple(hops)


def split_destination(text: str) -> tuple[str | None, str, int | None]:
    """Split ``user@host:port``; ``ssh://`` and brackets around IPv6 addresses are allowed.

    >>> split_destination("ops@[2001:db8::1]:2222")
    ('ops', '2001:db8::1', 2222)
    >>> split_destination("bastion")
    (None, 'bastion', None)

    Raises:
        ConnectionException: there is no host, or the port is not a number.
    """
    user, at, rest = text.removeprefix("ssh://").rpartition("@")
    if rest.startswith("["):
        host, _, tail = rest[1:].partition("]")
        port = tail.removeprefix(":")
    elif rest.count(":") == 1:
        host, _, port = rest.partition(":")
    else:
        host, port = rest, ""
    if not host or (port and not (port.isascii() and port.isdigit() and len(port) < _LONG)):
        raise errors.ConnectionException(
            f"{text!r} is not a jump host. Write user@host:port, several with commas between."
        )
    return (user if at else None), host, (int(port) if port else None)
