"""Logging in: keys, agent, password, keyboard-interactive, in the order OpenSSH uses."""

from __future__ import annotations

import base64
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko
from paramiko.agent import Agent

from napalm_cumulus import errors
from napalm_cumulus.ssh.keys import belongs, certified, from_agent, load_certificates, load_key
from napalm_cumulus.ssh.known_hosts import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napalm_cumulus.ssh.options import SshOptions

    _Attempt = Callable[[Callable[[], list[str]]], list[str]]

#: sshd drops a client after six failures (MaxAuthTries); the password must still be tried.
_MAX_KEYS_BEFORE_PASSWORD = 4
_MAX_FACTORS = 3
_DEFAULT_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")


def authenticate(transport: paramiko.Transport, options: SshOptions, deadline: float) -> None:
    """Log in; raise with the user and what was tried.

    Args:
        transport: a connection whose host key is verified.
        options: the user, and the keys and passwords.
        deadline: the time to give up, by ``time.monotonic()``.

    Raises:
        ConnectAuthError: no method succeeded.
        ConnectTimeoutError: the server did not answer in time.
        ConnectionException: the connection ended during the login.
    """
    tried: list[str] = []
    allowed = ["none"]
    agent: Agent | None = None
    in_time = partial(_in_time, transport, options, deadline, tried)
    try:
        allowed[:] = _allowed_methods(transport, options.user, in_time)
        agent = _agent(options, tried)
        _give_factors(transport, options, agent, allowed=allowed, tried=tried, in_time=in_time)
    except (paramiko.SSHException, EOFError, OSError) as error:
        if transport.is_active():
            raise _refused(options, allowed, tried) from error
        raise errors.ConnectionException(
            f"{options.address} closed the connection while {options.user!r} was logging in "
            f"(tried: {_listed(tried)}): {_reason(error)}. Too many keys may have been offered: "
            "name the right one with key_file, or set IdentitiesOnly in the SSH configuration."
        ) from error
    finally:
        if agent is not None:
            agent.close()
    if not transport.is_authenticated():
        raise _refused(options, allowed, tried)


def _in_time(
    transport: paramiko.Transport,
    options: SshOptions,
    deadline: float,
    tried: list[str],
    attempt: Callable[[], list[str]],
) -> list[str]:
    """Make one attempt. Paramiko mistakes a silent server for one that refuses."""
    transport.auth_timeout = max(deadline - time.monotonic(), 0.1)
    try:
        return attempt()
    except paramiko.AuthenticationException as error:
        if time.monotonic() >= deadline and transport.is_active():
            raise errors.ConnectTimeoutError(
                f"{options.address} did not finish the login of user {options.user!r} within "
                f"{options.connect_timeout:g} s (tried: {_listed(tried)}). Is the switch "
                "overloaded, or its directory or RADIUS server unreachable?"
            ) from error
        raise


def _give_factors(
    transport: paramiko.Transport,
    options: SshOptions,
    agent: Agent | None,
    *,
    allowed: list[str],
    tried: list[str],
    in_time: _Attempt,
) -> None:
    """Give the server what it asks for; ``allowed`` becomes what it asked for last."""
    for _ in range(_MAX_FACTORS):
        further: list[str] = []
        if "publickey" in allowed and not transport.is_authenticated():
            further = _try_keys(transport, options, agent, tried, in_time)
        if options.password and not further and not transport.is_authenticated():
            further = _try_password(transport, options, allowed, tried, in_time)
        if not further:
            return
        # Right, but not enough (AuthenticationMethods): the server names what it still needs.
        tried.append("and then")
        allowed[:] = further


def _allowed_methods(transport: paramiko.Transport, user: str, in_time: _Attempt) -> list[str]:
    try:
        in_time(lambda: transport.auth_none(user))
    except paramiko.BadAuthenticationType as error:
        return list(error.allowed_types)
    return []


def _agent(options: SshOptions, tried: list[str]) -> Agent | None:
    if not options.use_agent:
        return None
    try:
        return Agent()
    except (paramiko.SSHException, OSError) as error:
        tried.append(f"agent (does not answer: {_reason(error)})")
        return None


def _try_keys(
    transport: paramiko.Transport,
    options: SshOptions,
    agent: Agent | None,
    tried: list[str],
    in_time: _Attempt,
) -> list[str]:
    """Offer keys until one is accepted; return the methods that the server still needs."""
    for attempts, (name, key) in enumerate(_candidates(options, agent, tried)):
        if options.password and attempts >= _MAX_KEYS_BEFORE_PASSWORD:
            tried.append("no further keys, to leave the password its turn")
            return []
        tried.append(name)
        try:
            return in_time(partial(transport.auth_publickey, options.user, key))
        except paramiko.AuthenticationException:
            if not transport.is_active():
                raise
    return []


def _candidates(
    options: SshOptions, agent: Agent | None, tried: list[str]
) -> Iterator[tuple[str, paramiko.PKey]]:
    """Yield the keys to offer, each after its certificates.

    First the named keys, then the agent's, then the usual files if none was named.
    """
    files = options.key_files or tuple(_existing(_DEFAULT_KEYS))
    beside = (path.with_name(f"{path.name}-cert.pub") for path in files)
    certificates = load_certificates((*options.certificate_files, *beside), tried)
    offered: set[bytes] = set()
    for name, key in _plain_candidates(options, files, agent, tried):
        for path, certificate in certificates.items():
            if certificate.key_blob not in offered and belongs(certificate, key):
                offered.add(certificate.key_blob)
                yield f"{name} with certificate {path}", certified(key, certificate)
        shown = key.public_blob.key_blob if key.public_blob else key.asbytes()
        if shown not in offered:
            offered.add(shown)
            yield name, key


def _plain_candidates(
    options: SshOptions, files: tuple[Path, ...], agent: Agent | None, tried: list[str]
) -> Iterator[tuple[str, paramiko.PKey]]:
    named = options.key_files
    loaded = [
        (f"key {path}", key)
        for path in files
        if (key := _load_or_note(path, options, tried)) is not None
    ]
    if named:
        yield from loaded
    # With IdentitiesOnly the agent may sign only for the named keys; those that are encrypted on
    # disk are recognised by their .pub files.
    only = {_public_blob(path) for path in named} if options.identities_only else None
    for held in agent.get_keys() if agent is not None else ():
        if only is None or held.asbytes() in only:
            yield f"agent key {fingerprint(held.asbytes())}", from_agent(held)
    if not named:
        yield from loaded


def _existing(names: tuple[str, ...]) -> Iterator[Path]:
    return (path for name in names if (path := Path(name).expanduser()).exists())


def _load_or_note(path: Path, options: SshOptions, tried: list[str]) -> paramiko.PKey | None:
    try:
        return load_key(path, options.passphrase)
    except paramiko.PasswordRequiredException:
        tried.append(f"key {path} (encrypted, and no passphrase was given)")
    except OSError as error:
        tried.append(f"key {path} (cannot be read: {error.strerror})")
    except (paramiko.SSHException, ValueError) as error:
        tried.append(f"key {path} (not usable: {_reason(error)})")
    return None


def _public_blob(path: Path) -> bytes:
    try:
        fields = path.with_name(f"{path.name}.pub").read_text(encoding="utf-8").split()
        return base64.b64decode(fields[1], validate=True)
    except (OSError, ValueError, IndexError):
        return b""


def _try_password(
    transport: paramiko.Transport,
    options: SshOptions,
    allowed: list[str],
    tried: list[str],
    in_time: _Attempt,
) -> list[str]:
    """Give the password; return the methods that the server still needs."""
    password = options.password or ""
    methods: list[tuple[str, Callable[[], list[str]]]] = [
        (
            "password",
            lambda: transport.auth_password(options.user, password, fallback=False),
        ),
        (
            "keyboard-interactive",
            lambda: transport.auth_interactive(
                options.user, lambda _title, _text, prompts: [password] * len(prompts)
            ),
        ),
    ]
    if not {name for name, _ in methods} & set(allowed):
        tried.append("no password, as the server takes none")
    for name, attempt in methods:
        if name not in allowed:
            continue
        tried.append(name)
        try:
            return in_time(attempt)
        except paramiko.AuthenticationException:
            if not transport.is_active():
                raise
    return []


def _refused(options: SshOptions, allowed: list[str], tried: list[str]) -> errors.ConnectAuthError:
    return errors.ConnectAuthError(
        f"{options.address} refused the login of user {options.user!r}. Tried: {_listed(tried)}. "
        f"The server accepts: {_listed(allowed)}. Check the user name, the key (key_file, agent) "
        "and the password."
    )


def _listed(items: list[str]) -> str:
    return ", ".join(items) or "nothing (no key, agent or password at hand)"


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
