"""NAPALM's ``optional_args``: which there are, what each may be, and those of other drivers."""

from __future__ import annotations

import difflib
import sys
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napalm_cumulus import errors, values
from napalm_cumulus.values import LONGEST, UnfitValueError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DAY = 86400


def _paths(value: object, what: str) -> tuple[Path, ...]:
    several = value if isinstance(value, (list, tuple)) else [value]
    return tuple(values.path(item, what) for item in several if item != "")


def _path(value: object, what: str) -> Path | None:
    return None if value == "" else values.path(value, what)


def _secret(value: object, what: str) -> str:
    return values.text(value, what, secret=True)


def _line(value: object, what: str) -> str:
    found = _secret(value, what)
    if "\n" in found or "\r" in found:
        raise UnfitValueError(f"{what} is one line: sudo reads no more.")
    return found


def _seconds(least: float, most: float) -> Callable[[object, str], float]:
    return lambda value, what: values.number(value, what, least, most)


def _whole(least: int, most: int) -> Callable[[object, str], int]:
    return lambda value, what: values.whole(value, what, least, most)


_BRIEF = 0.001
#: What the driver understands, and what makes a value of it fit. Anything else is refused, but for
#: what other drivers understand: a misspelt ``known_hosts_fle`` that is silently ignored would be
#: worse than an error.
OPTIONAL_ARGS: Mapping[str, Callable[[object, str], Any]] = {
    "port": _whole(1, 65535),
    "key_file": _paths,
    "passphrase": _secret,
    "use_agent": values.boolean,
    "allow_agent": values.boolean,
    "known_hosts_file": _paths,
    "ssh_config_file": _path,
    "proxy_jump": values.text,
    "sudo": values.boolean,
    "sudo_password": _line,
    "command_timeout": _seconds(_BRIEF, LONGEST),
    "session_timeout": _seconds(0, LONGEST),
    "session_log": _path,
    "keepalive": _seconds(0, _DAY),
    "max_output": _whole(1, sys.maxsize),
    "owner": values.text,
    "full_reload": values.boolean,
    "allow_management_change": values.boolean,
    "accept_problems": values.boolean,
}

#: Given without asking, and meaningless here: Salt's proxy minions tell every driver whether to
#: lock the configuration; the switch's own lock is always taken.
_SILENT = frozenset({"config_lock"})

#: Of NAPALM's own drivers (5.2 and its documentation); netmiko's are asked of netmiko.
_OTHER_DRIVERS = frozenset(
    """
    alt_host_keys alt_key_file auto_file_prompt auto_probe auto_rollback_on_error candidate_cfg
    canonical_int config_encoding config_private dest_file_system enable_password eos_autoComplete
    eos_fn0039_config eos_transport fail_on_open force_cfg_session_invalid force_no_enable
    global_delay_factor hostkey_verify huge_tree ignore_warning inline_transfer
    junos_config_database junos_config_groups junos_config_inherit lock_disable look_for_keys
    merge_cfg nxos_protocol profile read_timeout_override rollback_cfg secret ssh_config ssh_strict
    ssl_verify system_host_keys transport use_keys
    """.split()  # noqa: SIM905 (a list of names reads best as text)
)


def checked(optional_args: object) -> dict[str, Any]:
    """Return the arguments, each of the type that it must have; None is as if it were not given.

    Those of other drivers are left out with a warning: one inventory serves several vendors.

    Raises:
        ConnectionException: one has no such name, or a value that makes no sense.
    """
    if optional_args is None:
        return {}
    if not isinstance(optional_args, Mapping):
        raise errors.ConnectionException(
            f"optional_args is a mapping of names to values, not {values.shown(optional_args)}."
        )
    found: dict[str, Any] = {}
    foreign: list[str] = []
    for name, value in optional_args.items():
        if name in OPTIONAL_ARGS:
            if value is not None:
                with values.refused_as(unfit):
                    found[name] = OPTIONAL_ARGS[name](value, f"The optional argument {name}")
        elif _is_foreign(name):
            foreign.append(name)
        elif name not in _SILENT:
            raise _unknown(name)
    if foreign:
        warnings.warn(
            f"For other NAPALM drivers, and without meaning for the cumulus driver: the optional "
            f"argument{'s' if foreign[1:] else ''} {', '.join(sorted(foreign))}.",
            stacklevel=3,
        )
    return found


def unfit(sentence: str) -> Exception:
    """Return the exception for a value that makes no sense.

    It takes NAPALM, which is loaded for a failure and not for a start.
    """
    return errors.ConnectionException(sentence)


def _is_foreign(name: object) -> bool:
    if not isinstance(name, str):
        return False
    if name in _OTHER_DRIVERS:
        return True
    from napalm.base.netmiko_helpers import netmiko_args  # noqa: PLC0415 - it loads netmiko

    return bool(netmiko_args({name: None}))


def _unknown(name: object) -> errors.ConnectionException:
    close = difflib.get_close_matches(str(name), OPTIONAL_ARGS, n=1)
    hint = f" Was {close[0]!r} meant?" if close else ""
    return errors.ConnectionException(
        f"Unknown optional argument {values.shown(name)} for the cumulus driver.{hint} "
        f"Known are: {', '.join(sorted(OPTIONAL_ARGS))}."
    )
