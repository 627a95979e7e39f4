"""The settings of the sources; ``nornir_config.settings`` reads them from the settings file."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from inventory.names import IpNetwork

#: The value of ``sources.events`` where no monitoring is asked.
NO_EVENTS = "none"


class Section(BaseModel):
    """One table of the settings file; unknown keys are errors, and values are never printed."""

    # A value in the wrong place may be a password, so errors name the key and not its value.
    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False
    )


class OpenStackSettings(Section):
    """The access to OpenStack, by the usual ``clouds.yaml`` and ``OS_*`` variables of openstacksdk.

    ``cloud`` names an entry of clouds.yaml; None uses the ``OS_*`` variables. ``clouds_file`` is a
    clouds.yaml in an unusual place. ``timeout`` is the seconds for an HTTP call, ``deadline`` the
    seconds for a whole question.
    """

    cloud: str | None = None
    clouds_file: Path | None = None
    timeout: float = Field(default=20, gt=0, le=86400)
    deadline: float = Field(default=60, gt=0, le=86400)


class WebSettings(Section):
    """The settings of every HTTP source: its address and its login.

    The password of ``username`` comes from ``secrets.py`` under the name of the section.
    ``timeout`` is the seconds for a connection, for each pause in an answer and for a body; a GET
    with its redirects and repeats has twice as long. ``max_bytes`` limits the size of a body;
    ``retries`` is the number of repeats of a GET after the first.
    """

    url: str
    username: str | None = None
    client_cert: Path | None = None
    ca_file: Path | None = None
    timeout: float = Field(default=30, gt=0, le=86400)
    retries: int = Field(default=2, ge=0, le=10)
    max_bytes: int = Field(default=8_000_000, gt=0)

    @field_validator("url")
    @classmethod
    def _plain_web_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be a full http:// or https:// address")
        if "@" in parts.netloc:
            raise ValueError("must not hold a user or password; set username instead")
        return url


class MimicSettings(WebSettings):
    """Mimic, at its server's root. ``views`` are asked side by side for hypervisors.

    Newer Mimics have no OpenNebula view; beside another one it may be missing or empty.
    ``panels`` are the texts that mark a view's panel (an Aquilon personality) as one of
    hypervisors; case is ignored. ``parallel`` limits the requests at one time: the dashboard is
    slow and shared. ``stale_days`` is the age from which an LLDP date is called old.
    """

    url: str = "https://mimic.example.internal"
    views: tuple[Literal["openstack", "opennebula"], ...] = ("openstack", "opennebula")
    panels: tuple[str, ...] = ("compute", "opennebula-hypervisor")
    parallel: int = Field(default=4, ge=1, le=16)
    stale_days: int = Field(default=7, ge=1)


class SubnetPageSettings(WebSettings):
    """The gridpp subnet page. ``subnets`` are the management networks whose pages are read.

    ``"all"`` reads every subnet in the page's own selector.
    """

    url: str = "https://www-private.example.internal/network/"
    subnets: tuple[IpNetwork, ...] | Literal["all"] = (IPv4Network("10.5.0.0/24"),)


class PolledSettings(Section):
    """How a monitoring system polls switches: every ``poll_interval`` seconds."""

    poll_interval: float = Field(default=300, ge=10, le=86400)


class ObserviumSettings(WebSettings, PolledSettings):
    """Observium's web UI. ``username`` is an account of level 5; its password is a secret.

    The pages tell when a poll of a switch ended. It began at most ``poll_takes`` seconds earlier.
    """

    url: str = "https://observium.example.internal/"
    poll_takes: float = Field(default=60, ge=0, le=86400)


class ObserviumSqlSettings(PolledSettings):
    """Observium's database, by an account that may only read (``docs/evidence.md``).

    ``socket`` is the server's unix socket, instead of ``host`` and ``port``. ``ca_file`` asks for
    TLS. ``url`` is the web UI, for links.
    """

    host: str = "observium.example.internal"
    port: int = Field(default=3306, ge=1, le=65535)
    socket: Path | None = None
    database: str = "observium"
    username: str = "vipkeeper"
    ca_file: Path | None = None
    timeout: float = Field(default=10, gt=0, le=86400)
    url: str | None = None


class LibreNmsSettings(WebSettings, PolledSettings):
    """LibreNMS, by its API; the token is a secret. Its times are those of ``time_zone``."""

    url: str = "https://librenms.example.internal/"
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            raise ValueError("is not a time zone such as Europe/London") from None
        return name


class SourcesSettings(Section):
    """The class of each source, by the name of its entry point (``docs/sources.md``).

    ``events`` is the monitoring that is asked what it saw of a change (``docs/evidence.md``).

    ``site`` names the Nornir group of all switches. ``name_pattern`` is a regular expression that
    is searched for in a switch's short name; its groups ``model`` and ``rack`` (either may be
    missing) become Nornir groups.
    """

    compute: str = "openstack"
    uplink: str = "mimic"
    address: str = "subnet-page"
    events: str = NO_EVENTS
    site: str = Field(default="site", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    name_pattern: str = r"^swt-(?P<model>[a-z]+[0-9]+[a-z0-9]*)-"

    @field_validator("name_pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as exc:
            raise ValueError(f"is not a regular expression: {exc}") from exc
        return pattern
