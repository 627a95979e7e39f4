"""The settings for checking or changing many switches at once."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from inventory.settings import Section

_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]*):(?P<port>[0-9]{1,5})")
_MAX_PORT = 65535


def listen_address(text: str) -> tuple[str, int]:
    """Return address and port of ``address:port``; without an address, that of all interfaces.

    >>> listen_address("127.0.0.1:9765"), listen_address("[::1]:9765"), listen_address(":9765")
    (('127.0.0.1', 9765), ('::1', 9765), ('0.0.0.0', 9765))

    Raises:
        ValueError: the text has another form.
    """
    match = _LISTEN.fullmatch(text)
    if match is None or int(match["port"]) > _MAX_PORT:
        raise ValueError("it must be ADDRESS:PORT, such as 127.0.0.1:9765 or [::1]:9765")
    return match["host"].strip("[]") or "0.0.0.0", int(match["port"])  # noqa: S104 - when asked for


class CheckSettings(Section):
    """How ``vip check`` and ``vip watch`` check switches.

    ``deadline`` is the seconds for all switches together, and for the inventory where it was set;
    ``switch_deadline`` for each. A switch that has not answered by then is UNKNOWN. ``skip`` has
    the ids of checks that this site does not want.
    """

    deadline: float = Field(default=120, gt=0, le=86400)
    switch_deadline: float = Field(default=30, gt=0, le=86400)
    skip: tuple[str, ...] = ()


class WatchSettings(Section):
    """What ``vip watch`` does between two checks.

    A round of checks begins every ``interval`` seconds. Prometheus reads the metrics at ``listen``.
    At most ``keep`` connections are kept between rounds. The inventory is read anew every
    ``refresh`` seconds.
    """

    interval: float = Field(default=60, ge=1, le=86400)
    listen: str = "127.0.0.1:9765"
    keep: int = Field(default=500, ge=0, le=10_000)
    refresh: float = Field(default=3600, ge=1, le=10_000_000)

    @field_validator("listen")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        listen_address(value)
        return value
