"""Commands for a switch's shell, and reading their output.

Every value that enters a command is checked and quoted by a function of this module, whether it
comes from OpenStack, from a file or from the switch itself.
"""

from __future__ import annotations

import re
import shlex
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from inventory.names import is_mac, one_line
from napalm_cumulus import errors
from napalm_cumulus.parsing.output import text_of
from napalm_cumulus.patterns import INTERFACE
from nornir_config.connection import read_session
from tasks.errors import UnreadableAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nornir.core.task import Task

    from napalm_cumulus.result import CommandResult

_INTERFACE = re.compile(INTERFACE)
_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}")


def interface_name(name: str) -> str:
    """Return the name of a kernel interface, quoted for the shell.

    >>> interface_name("vlan453-v0")
    'vlan453-v0'
    >>> interface_name("eth0; reboot")
    Traceback (most recent call last):
    ValueError: not an interface name: 'eth0; reboot'
    """
    if not _INTERFACE.fullmatch(name):
        raise ValueError(f"not an interface name: {name!r}")
    return shlex.quote(name)


def address(text: str) -> str:
    """Return an IP address without prefix length.

    >>> address("130.246.212.1")
    '130.246.212.1'
    """
    return shlex.quote(str(ip_address(text)))


def prefix(text: str) -> str:
    """Return a route's destination: ``default`` or a network.

    >>> prefix("10.0.0.0/8"), prefix("default"), prefix("10.0.0.1")
    ('10.0.0.0/8', 'default', '10.0.0.1/32')
    """
    return "default" if text == "default" else shlex.quote(str(ip_network(text)))


def mac_address(text: str) -> str:
    """Return a MAC address in lower case.

    >>> mac_address("00:00:5E:00:01:C5")
    '00:00:5e:00:01:c5'
    """
    lowered = text.lower()
    if not is_mac(lowered):
        raise ValueError(f"not a MAC address: {text!r}")
    return lowered


def token(text: object) -> str:
    """Return a number or one plain word, such as a routing table's name: that of a VRF, too.

    >>> token(254), token("main"), token("Vrf-tenant.1")
    ('254', 'main', 'Vrf-tenant.1')
    """
    word = str(text)
    if not _TOKEN.fullmatch(word):
        raise ValueError(f"not a plain word: {word!r}")
    return word


def read(task: Task, commands: list[str]) -> dict[str, CommandResult]:
    """Run commands in one round trip, and return their results; a failure stops no other one."""
    return {result.command: result for result in read_session(task).run_many(commands)}


def said(switch: str, result: CommandResult) -> str:
    """Return the output of a command.

    Raises:
        UnreadableAnswerError: the command failed.
    """
    try:
        return text_of(result)
    except errors.CommandErrorException as error:
        raise UnreadableAnswerError(
            f"{switch}: {error}", "Try the command on the switch."
        ) from None


@contextmanager
def understood(switch: str, what: str) -> Iterator[None]:
    """Turn an error while rows are read into one sentence; their fields may be missing or wrong.

    Raises:
        UnreadableAnswerError: the rows are not what the reader expects.
    """
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise UnreadableAnswerError(
            f"{switch}: what it says of {what} is not understood "
            f"({one_line(f'{type(error).__name__}: {error}', 120)})",
            "Try the commands 'ip addr', 'ip route', 'ip neigh' and 'bridge fdb' on the switch.",
        ) from None
