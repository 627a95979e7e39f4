"""Who runs this program: the account in the kernel, and the person who logged in."""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path

_LOGIN_UID = Path("/proc/self/loginuid")
_UNSET = 2**32 - 1  # the kernel's value where nobody logged in (a service, a container)


def account() -> str:
    """Return the name of this process's account in the passwd database, else its number.

    ``$LOGNAME`` and ``$USER`` are not used: anybody who starts a program can set them.
    """
    return _name_of(os.geteuid())


def login() -> str:
    """Return the login name, also behind ``su`` and ``sudo``; empty where it is not known.

    The kernel's audit session is asked first. Where there is none and this process is root's,
    sudo's variables are used: only root can have set them. The terminal is asked last.
    """
    try:
        uid = int(_LOGIN_UID.read_text(encoding="ascii"))
    except (OSError, ValueError):
        uid = _UNSET
    if uid != _UNSET:
        return _name_of(uid)
    behind = sudo_uid()
    if behind is not None:
        return _name_of(behind)
    try:
        return os.getlogin()
    except OSError:
        return ""


def sudo_uid() -> int | None:
    """Return the user id that called sudo, for root only; None where there is none."""
    given = os.environ.get("SUDO_UID", "")
    if os.geteuid() != 0 or not given.isascii() or not given.isdigit():
        return None
    return int(given[:10])


def who() -> str:
    """Return the account and the machine, with the login name beside it where it differs."""
    name, behind = account(), login()
    if behind and behind != name:
        name = f"{name} (login {behind})"
    return f"{name}@{socket.gethostname()}"


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):  # no name for the id, as in a bare container
        return str(uid)
