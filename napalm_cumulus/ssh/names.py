"""Checks of host and user names, before a shell or a socket gets them.

``ProxyCommand`` and ``Match exec`` put the host's name (%h, %n), the user's (%r) and the port (%p)
unquoted into a line for a shell. OpenSSH refuses names that have a meaning for the shell
(``valid_hostname`` and ``valid_ruser`` in its ssh.c). This module is a little stricter.
"""

from __future__ import annotations

from napalm_cumulus import errors

#: What no host name holds and a shell acts on: OpenSSH's own list, and patterns.
_NEVER_IN_HOST = frozenset("'`\"$\\;&<>|(){}[]*?!~^#=,/@")
#: OpenSSH's list. A backslash (a domain's) and a dollar (a machine's account) are in real names,
#: but for a user's name that a shell will see.
_NEVER_IN_USER = frozenset("'`\";&<>|(){}")
_FOR_A_SHELL = frozenset("$\\*?[]!~^#% \t")
_MAX_HOST = 253
_MAX_LABEL = 63
_MAX_USER = 256
_MAX_PORT = 65535
_SHOWN = 100


def check_host(name: str, what: str) -> None:
    """Raise for a text that is neither a host name nor an address.

    Args:
        name: the name as it was given.
        what: its source, to begin the message with.

    Raises:
        ConnectionException: it is neither.
    """
    sound = (
        0 < len(name) <= _MAX_HOST
        and not name.startswith("-")
        and name.isprintable()
        and not _NEVER_IN_HOST.intersection(name)
        and not any(char.isspace() for char in name)
        and (":" in name or all(len(part) <= _MAX_LABEL for part in name.split(".")))
    )
    if not sound:
        raise errors.ConnectionException(
            f"{what} {_shown(name)} is neither a host name nor an address. Nothing was contacted, "
            "and no command was run. Correct it where it comes from: the inventory, or HostName or "
            "ProxyJump in the SSH configuration."
        )


def check_user(name: str, *, for_shell: bool) -> None:
    """Raise for a text that is not a user's name.

    Args:
        name: the login name on the other side.
        for_shell: whether a ProxyCommand may contain it.

    Raises:
        ConnectionException: it is not a user's name.
    """
    never = _NEVER_IN_USER | (_FOR_A_SHELL if for_shell else frozenset())
    sound = (
        0 < len(name) <= _MAX_USER
        and not name.startswith("-")
        and " -" not in name
        and not name.endswith("\\")
        and name.isprintable()
        and not never.intersection(name)
    )
    if not sound:
        raise errors.ConnectionException(
            f"The user {_shown(name)} is not a valid login name"
            f"{' where a ProxyCommand is used' if for_shell else ''}. Nothing was contacted, and "
            "no command was run. Correct the username, or User in the SSH configuration."
        )


def check_port(port: int, what: str) -> None:
    """Raise for a number that is not a TCP port.

    Args:
        port: the number as it was given.
        what: its source, to begin the message with.

    Raises:
        ConnectionException: it is not a port.
    """
    if not 0 < port <= _MAX_PORT:
        shown = str(port) if abs(port) < 10**9 else "of that size"
        raise errors.ConnectionException(
            f"{what} {shown} is not a port: give a number from 1 to {_MAX_PORT}."
        )


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
