"""Logging in: keys, agent, password, keyboard-interactive, in the order OpenSSH uses."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko
from napalm.base.exceptions import ConnectAuthError, ConnectionException
from paramiko.agent import Agent

from napalm_cumulus.known_hosts import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napalm_cumulus.ssh_options import SshOptions

#: sshd drops a client after six failures (MaxAuthTries); the password must still get its turn.
_MAX_KEYS_BEFORE_PASSWORD = 4
_DEFAULT_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
_KEY_CLASSES: tuple[type[paramiko.PKey], ...] = (
    paramiko.Ed25519Key,
    paramiko.ECDSAKey,
    paramiko.RSAKey,
)


def authenticate(transport: paramiko.Transport, options: SshOptions) -> None:
    """Log in, or say who was refused and what was tried.

    Raises:
        ConnectAuthError: No method succeeded.
        ConnectionException: The connection ended while logging in.
    """
    tried: list[str] = []
    allowed = ["none"]
    agent: Agent | None = None
    try:
        allowed = _allowed_methods(transport, options.user)
        if "publickey" in allowed and not transport.is_authenticated():
            agent = _agent(options, tried)
            _try_keys(transport, options, agent, tried)
        if options.password and not transport.is_authenticated():
            _try_password(transport, options, allowed, tried)
    except (paramiko.SSHException, EOFError, OSError) as error:
        if transport.is_active():
            raise _refused(options, allowed, tried) from error
        raise ConnectionException(
            f"{options.address} closed the connection while {options.user!r} was logging in "
            f"(tried: {_listed(tried)}): {_reason(error)}. Too many keys may have been offered: "
            "name the right one with key_file, or set IdentitiesOnly in the SSH configuration."
        ) from error
    finally:
        if agent is not None:
            agent.close()
    if not transport.is_authenticated():
        raise _refused(options, allowed, tried)


def load_key(path: Path, passphrase: str | None) -> paramiko.PKey:
    """Read a private key file of any kind that paramiko knows.

    Raises:
        paramiko.PasswordRequiredException: It is encrypted and there is no passphrase.
        paramiko.SSHException: It is no usable key, or the passphrase is wrong.
        OSError: It cannot be read.
    """
    reasons: list[str] = []
    for key_class in _KEY_CLASSES:
        key = _load_as(key_class, path, passphrase, reasons)
        if key is not None:
            return key
    said = "; ".join(dict.fromkeys(reasons))
    raise paramiko.SSHException(f"no private key of a known type, or a wrong passphrase ({said})")


def _load_as(
    key_class: type[paramiko.PKey], path: Path, passphrase: str | None, reasons: list[str]
) -> paramiko.PKey | None:
    try:
        return key_class.from_private_key_file(str(path), passphrase)
    except paramiko.PasswordRequiredException:
        raise
    except (paramiko.SSHException, ValueError, TypeError, IndexError) as error:
        reasons.append(_reason(error))
        return None


def _allowed_methods(transport: paramiko.Transport, user: str) -> list[str]:
    try:
        transport.auth_none(user)
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
    transport: paramiko.Transport, options: SshOptions, agent: Agent | None, tried: list[str]
) -> None:
    for attempts, (name, key) in enumerate(_candidates(options, agent, tried)):
        if options.password and attempts >= _MAX_KEYS_BEFORE_PASSWORD:
            tried.append("no further keys, to leave the password its turn")
            return
        tried.append(name)
        try:
            transport.auth_publickey(options.user, key)
        except paramiko.AuthenticationException:
            if not transport.is_active():
                raise
        if transport.is_authenticated():
            return


def _candidates(
    options: SshOptions, agent: Agent | None, tried: list[str]
) -> Iterator[tuple[str, paramiko.PKey]]:
    """Keys to offer: those named, then the agent's, then the usual files if none was named."""
    offered: set[bytes] = set()
    named = options.key_files
    files = named or tuple(_existing(_DEFAULT_KEYS))
    loaded = [(path, _load_or_note(path, options, tried)) for path in files]
    for path, key in loaded if named else []:
        if key is not None and key.asbytes() not in offered:
            offered.add(key.asbytes())
            yield f"key {path}", key
    # With IdentitiesOnly the agent may sign for the named keys only; those it holds encrypted on
    # disk are recognised by their .pub files.
    only = {_public_blob(path) for path in named} if options.identities_only else None
    for held in agent.get_keys() if agent is not None else ():
        blob = held.asbytes()
        if blob not in offered and (only is None or blob in only):
            offered.add(blob)
            yield f"agent key {fingerprint(blob)}", held
    for path, key in [] if named else loaded:
        if key is not None and key.asbytes() not in offered:
            yield f"key {path}", key


def _existing(names: tuple[str, ...]) -> Iterator[Path]:
    return (path for name in names if (path := Path(name).expanduser()).exists())


def _load_or_note(path: Path, options: SshOptions, tried: list[str]) -> paramiko.PKey | None:
    try:
        key = load_key(path, options.passphrase)
        for certificate in (*options.certificate_files, path.with_name(f"{path.name}-cert.pub")):
            if certificate.exists():
                key.load_certificate(str(certificate))
                break
    except paramiko.PasswordRequiredException:
        tried.append(f"key {path} (encrypted, and no passphrase was given)")
    except OSError as error:
        tried.append(f"key {path} (cannot be read: {error.strerror})")
    except (paramiko.SSHException, ValueError) as error:
        tried.append(f"key {path} (not usable: {_reason(error)})")
    else:
        return key
    return None


def _public_blob(path: Path) -> bytes:
    try:
        fields = path.with_name(f"{path.name}.pub").read_text(encoding="utf-8").split()
        return base64.b64decode(fields[1], validate=True)
    except (OSError, ValueError, IndexError):
        return b""


def _try_password(
    transport: paramiko.Transport, options: SshOptions, allowed: list[str], tried: list[str]
) -> None:
    password = options.password or ""
    methods: list[tuple[str, Callable[[], object]]] = [
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
            attempt()
        except paramiko.AuthenticationException:
            if not transport.is_active():
                raise
        if transport.is_authenticated():
            return


def _refused(options: SshOptions, allowed: list[str], tried: list[str]) -> ConnectAuthError:
    return ConnectAuthError(
        f"{options.address} refused the login of user {options.user!r}. Tried: {_listed(tried)}. "
        f"The server accepts: {_listed(allowed)}. Check the user name, the key (key_file, agent) "
        "and the password."
    )


def _listed(items: list[str]) -> str:
    return ", ".join(items) or "nothing (no key, agent or password at hand)"


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
