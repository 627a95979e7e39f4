"""The settings of one host in ~/.ssh/config, in typed form."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import paramiko

from napalm_cumulus import errors
from napalm_cumulus.ssh.names import check_host, check_port, check_user

_MAX_INCLUDE_DEPTH = 16
_LONGEST = 86400
_CERTIFICATE = "certificate:"
#: What odd texts make paramiko, shlex and pathlib raise: a quote that is not closed, the home of a
#: user that does not exist, a NUL in a name, ``CanonicalizeHostname`` without domains, or
#: ``Match exec`` without the library for it.
_ODD = (
    OSError,
    ValueError,
    RuntimeError,
    KeyError,
    IndexError,
    ArithmeticError,
    ImportError,
    paramiko.SSHException,
)


@dataclass(frozen=True)
class HostConfig:
    """The settings of one host; None or empty where the configuration has none."""

    hostname: str
    port: int | None = None
    user: str | None = None
    identity_files: tuple[Path, ...] = ()
    certificate_files: tuple[Path, ...] = ()
    identities_only: bool = False
    known_hosts_files: tuple[Path, ...] = ()
    host_key_alias: str | None = None
    proxy_jump: str | None = None
    proxy_command: str | None = None
    connect_timeout: int | None = None
    lax_host_keys: bool = False


def read_config(path: Path | None) -> paramiko.SSHConfig:
    """Parse an OpenSSH client configuration; a missing ``~/.ssh/config`` counts as an empty one.

    That also holds where the caller names that file, as Nornir always does. Any other named file
    must exist.

    Raises:
        ConnectionException: the file cannot be read or understood.
    """
    where = usual = Path("~/.ssh/config")
    try:
        usual = usual.expanduser().absolute()
        where = usual if path is None else path.expanduser()
        if where.absolute() == usual and not where.exists():
            return paramiko.SSHConfig()
        return paramiko.SSHConfig.from_text(_with_includes(where, 0))
    except _ODD as error:
        raise errors.ConnectionException(
            f"The SSH configuration {where} cannot be used: {error}. Correct it, or name another "
            "with the optional argument ssh_config_file."
        ) from error


def _with_includes(path: Path, depth: int) -> str:
    """Return the text with ``Include`` lines replaced, since paramiko does not support them.

    After an included text the enclosing ``Host`` or ``Match`` line is repeated, so that the lines
    after it belong to it again.
    """
    if depth > _MAX_INCLUDE_DEPTH:
        raise paramiko.SSHException(f"more than {_MAX_INCLUDE_DEPTH} nested Include lines")
    lines: list[str] = []
    heading = "Host *"
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        keyword, _, rest = line.strip().replace("=", " ", 1).partition(" ")
        if keyword.lower() in {"host", "match"}:
            heading = line
        if keyword.lower() != "include":
            lines.append(_for_paramiko(line, keyword.lower(), rest.strip()))
            continue
        for pattern in shlex.split(rest):
            # Relative names are relative to ~/.ssh, as in OpenSSH.
            whole = Path("~/.ssh").expanduser() / Path(pattern).expanduser()
            for included in sorted(Path(whole.anchor).glob(str(whole.relative_to(whole.anchor)))):
                lines.append(_with_includes(included, depth + 1))
                lines.append(heading)
    return "\n".join(lines)


def _for_paramiko(line: str, keyword: str, value: str) -> str:
    """Return the line in a form of which paramiko loses nothing."""
    if keyword == "certificatefile":
        # Of these paramiko keeps only the first; of IdentityFile it keeps all.
        return f"IdentityFile {_CERTIFICATE}{_unquoted(value)}"
    if keyword in {"userknownhostsfile", "globalknownhostsfile"} and value.startswith('"'):
        # If paramiko removed the quotes, one name with a blank would look like two.
        return f'{keyword} "{value}"' if value.endswith('"') else line
    return line


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def look_up(config: paramiko.SSHConfig, alias: str) -> HostConfig:
    """Return everything in the configuration about one host.

    Raises:
        ConnectionException: a value is not valid, or the name is not that of a host.
    """
    check_host(alias, "The name")  # before ``Match exec`` gives it to a shell
    try:
        found = _looked_up(config, alias)
    except _ODD as error:
        raise errors.ConnectionException(
            f"The SSH configuration for {alias} cannot be used: {error}."
        ) from error
    if found.hostname != alias:
        check_host(found.hostname, f"HostName of {alias} in the SSH configuration,")
    if found.user is not None:
        check_user(found.user, for_shell=found.proxy_command is not None)
    if found.port is not None:
        check_port(found.port, f"Port of {alias} in the SSH configuration,")
    return found


def _looked_up(config: paramiko.SSHConfig, alias: str) -> HostConfig:
    found = config.lookup(alias)
    files: list[str] = [*found.get("identityfile", [])]
    connect_timeout = int(found.get("connecttimeout", "0"))
    if connect_timeout < 0:
        raise ValueError(f"ConnectTimeout is {connect_timeout}")
    return HostConfig(
        hostname=found.get("hostname", alias),
        port=int(found["port"]) if "port" in found else None,
        user=found.get("user"),
        identity_files=_paths([name for name in files if not _is_certificate(name)]),
        certificate_files=_paths(
            [name.removeprefix(_CERTIFICATE) for name in files if _is_certificate(name)]
        ),
        identities_only=found.get("identitiesonly", "no").lower() == "yes",
        known_hosts_files=tuple(
            path
            for key in ("userknownhostsfile", "globalknownhostsfile")
            for path in _paths(shlex.split(found.get(key, "")))
        ),
        host_key_alias=found.get("hostkeyalias"),
        proxy_jump=found.get("proxyjump"),
        proxy_command=found.get("proxycommand"),
        connect_timeout=min(connect_timeout, _LONGEST) or None,
        lax_host_keys=found.get("stricthostkeychecking", "ask").lower()
        in {"no", "off", "accept-new"},
    )


def _is_certificate(name: str) -> bool:
    return name.startswith(_CERTIFICATE)


def _paths(names: list[str]) -> tuple[Path, ...]:
    return tuple(Path(name).expanduser() for name in names if name.lower() != "none")
