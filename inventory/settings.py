"""The settings of the sources; ``nornir_config.settings`` reads them from the settings file."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OpenStackSettings(Section):
    """How to reach OpenStack: ordinary ``clouds.yaml`` and ``OS_*`` of openstacksdk.

    ``cloud`` names an entry of clouds.yaml; None takes the ``OS_*`` environment.
    ``clouds_file`` is a clouds.yaml in an unusual place. ``timeout`` is seconds per HTTP call,
    ``deadline`` seconds for a whole question.
    """

    cloud: str | None = None
    clouds_file: Path | None = None
    timeout: float = Field(default=20, gt=0)
    deadline: float = Field(default=60, gt=0)


class WebSettings(Section):
    """What every HTTP source has: where it is and how to be let in.

    ``username``'s password comes from ``secrets.py`` under the name of the section.
    ``max_bytes`` bounds a body; ``retries`` counts repeats of a GET after the first.
    """

    url: str
    username: str | None = None
    client_cert: Path | None = None
    ca_file: Path | None = None
    timeout: float = Field(default=30, gt=0)
    retries: int = Field(default=2, ge=0, le=10)
    max_bytes: int = Field(default=8_000_000, gt=0)


class MimicSettings(WebSettings):
    """Mimic, at its server's root. ``views`` are tried in order for lists of hypervisors.

    ``parallel`` bounds the requests under way at once: the dashboard is slow and shared.
    ``stale_days`` is the age from which an LLDP date is called old.
    """

    url: str = "https://mimic.example.internal"
    views: tuple[Literal["openstack", "opennebula"], ...] = ("openstack",)
    parallel: int = Field(default=4, ge=1, le=16)
    stale_days: int = Field(default=7, ge=1)


class SubnetPageSettings(WebSettings):
    """The gridpp subnet page. ``subnets`` are the management networks whose pages are read."""

    url: str = "https://www-private.example.internal/network/"
    subnets: tuple[IPv4Network | IPv6Network, ...] = (IPv4Network("10.5.0.0/24"),)


class SourcesSettings(Section):
    """Which class answers which question: names of entry points (``docs/sources.md``)."""

    compute: str = "openstack"
    uplink: str = "mimic"
    address: str = "subnet-page"
