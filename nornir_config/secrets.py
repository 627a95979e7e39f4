"""Passwords and passphrases: looked up when needed, and never stored in a file by Vipkeeper.

A secret called ``ssh_password`` is looked for in this order, and the first one found is used:

1. the environment variable ``VIPKEEPER_SSH_PASSWORD``;
2. the file named by ``VIPKEEPER_SSH_PASSWORD_FILE``, or
   ``~/.config/vipkeeper/secrets/ssh_password``; it must belong to the user and be readable by
   nobody else (mode 600 or 400);
3. the keyring of the desktop or server (service ``vipkeeper``, user ``ssh_password``), when asked;
4. a prompt on the terminal, when asked and when there is one.

The result is a ``pydantic.SecretStr``: printing or logging it shows stars.
"""

from __future__ import annotations

import getpass
import os
import stat
import sys
from pathlib import Path

import platformdirs
from pydantic import SecretStr

from inventory.errors import ExitCode, VipkeeperError

SERVICE = "vipkeeper"


class SecretError(VipkeeperError):
    """A secret exists and may not be used, or is needed and does not exist."""

    exit_code = ExitCode.USAGE


def get_secret(name: str, *, use_keyring: bool = False, prompt: str = "") -> SecretStr | None:
    """Look up a secret.

    Args:
        name: its name in lower case, such as ``ssh_password``.
        use_keyring: ask the keyring, too. It may ask its owner to unlock it, so it is asked only
            after a login without it has failed.
        prompt: the question on the terminal when it is found nowhere else; empty never asks.

    Returns:
        The secret, or None when it is found nowhere.

    Raises:
        SecretError: its file is readable by others, belongs to another user, or cannot be read.
    """
    variable = f"VIPKEEPER_{name.upper()}"
    if os.environ.get(variable):
        return SecretStr(os.environ[variable])
    if (found := _from_file(name, os.environ.get(f"{variable}_FILE"))) is not None:
        return found
    if use_keyring and (found := _from_keyring(name)) is not None:
        return found
    if prompt and sys.stdin.isatty():
        return SecretStr(getpass.getpass(prompt))
    return None


def places(name: str) -> str:
    """Return, for advice, where a secret can be put so that it is found without a terminal.

    >>> places("sudo_password")
    'set VIPKEEPER_SUDO_PASSWORD, or VIPKEEPER_SUDO_PASSWORD_FILE to a file that holds it'
    """
    variable = f"VIPKEEPER_{name.upper()}"
    return f"set {variable}, or {variable}_FILE to a file that holds it"


def no_password(refused: str) -> str:
    """Return what to do where a login was refused, no password is known and nobody can be asked.

    Args:
        refused: what the login said.
    """
    advice = f"No password is known here, and nobody can be asked: {places('ssh_password')}."
    if "no passphrase was given" in refused:
        advice += f" For the passphrase of that key: {places('ssh_passphrase')}."
    return advice


def _default_file(name: str) -> Path:
    return platformdirs.user_config_path("vipkeeper") / "secrets" / name


def _from_file(name: str, named: str | None) -> SecretStr | None:
    path = Path(named) if named else _default_file(name)
    try:
        path = path.expanduser()
        # The same descriptor is checked and read, so that the file cannot be exchanged in between.
        with path.open("rb") as file:
            _refuse_unsafe(path, os.fstat(file.fileno()))
            return SecretStr(file.read().decode("utf-8").rstrip("\r\n"))
    except FileNotFoundError:
        if named:
            raise SecretError(
                f"the secret file {path} is not there",
                f"Correct or unset VIPKEEPER_{name.upper()}_FILE.",
            ) from None
        return None
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        if isinstance(error, RuntimeError):
            reason = "that user has no home here"
        raise SecretError(
            f"the secret file {path} cannot be read: {reason}", "Correct its owner and mode."
        ) from None


def _refuse_unsafe(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise SecretError(
            f"the secret file {path} belongs to user {status.st_uid}, not to you; it is not used",
            f"Take it over: chown {os.geteuid()} {path}",
        )
    if status.st_mode & 0o077:
        raise SecretError(
            f"the secret file {path} is open to others (mode {stat.S_IMODE(status.st_mode):o}); "
            "it is not used",
            f"Close it: chmod 600 {path} (and consider the secret known).",
        )


def _from_keyring(name: str) -> SecretStr | None:
    # Imported here: it costs a tenth of a second, and most runs never need it.
    import keyring  # noqa: PLC0415
    from keyring.errors import KeyringError  # noqa: PLC0415

    try:
        found = keyring.get_password(SERVICE, name)
    except KeyringError:  # no keyring on this machine, or its owner did not unlock it
        return None
    return SecretStr(found) if found else None
