"""The settings file (TOML) and its environment overrides.

``vipkeeper.toml`` is looked for in ``$VIPKEEPER_CONFIG``, ``./vipkeeper.toml``,
``~/.config/vipkeeper/vipkeeper.toml`` and ``/etc/vipkeeper/vipkeeper.toml``; the first that exists
is the only one read. Any value can be overridden by the environment, sections joined by two
underscores: ``VIPKEEPER_MIMIC__URL=...``. An unknown key is an error, never ignored.
``docs/settings.md`` lists every key. No secret stands in this file: see ``secrets.py``.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from inventory.errors import VipkeeperError
from inventory.settings import (
    MimicSettings,
    OpenStackSettings,
    Section,
    SourcesSettings,
    SubnetPageSettings,
)


class SettingsError(VipkeeperError):
    """The settings file is missing, unreadable, or says something that is not understood."""

    exit_code = 2


class SshSettings(Section):
    """How switches are logged in to; see ``docs/ssh.md``.

    ``proxy_jump`` is OpenSSH's ``[user@]host[:port]``, comma-separated for chains; None leaves it
    to ``config_file`` (``~/.ssh/config`` where None). ``sudo`` runs commands through sudo.
    """

    username: str = "root"
    port: int = Field(default=22, ge=1, le=65535)
    config_file: Path | None = None
    known_hosts: Path | None = None
    key_file: Path | None = None
    proxy_jump: str | None = None
    use_agent: bool = True
    sudo: bool = False
    connect_timeout: float = Field(default=10, gt=0)
    command_timeout: float = Field(default=120, gt=0)


class HealSettings(Section):
    """What ``vip heal`` and ``vip toggle`` may do.

    ``revert_in`` is the dead-man's timer in seconds; ``probe_count`` pings ``probe_interval``
    seconds apart decide whether a target answers; after the toggle ``settle`` seconds are waited
    at most for it to answer again.
    """

    revert_in: int = Field(default=60, ge=10, le=86400)
    probe_count: int = Field(default=3, ge=1, le=100)
    probe_interval: float = Field(default=0.2, ge=0.01)
    probe_timeout: float = Field(default=1.0, gt=0)
    settle: float = Field(default=20, gt=0)


class PathsSettings(Section):
    """Where vipkeeper keeps its cache, reports and audit log (made with mode 700 and 600)."""

    cache: Path = Field(default_factory=lambda: platformdirs.user_cache_path("vipkeeper"))
    reports: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("vipkeeper") / "reports"
    )
    audit: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("vipkeeper") / "audit.jsonl"
    )


class Settings(BaseSettings):
    """Everything that a site sets, checked once at the start."""

    model_config = SettingsConfigDict(
        env_prefix="VIPKEEPER_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    sources: SourcesSettings = SourcesSettings()
    openstack: OpenStackSettings = OpenStackSettings()
    mimic: MimicSettings = MimicSettings()
    subnet_page: SubnetPageSettings = SubnetPageSettings()
    ssh: SshSettings = SshSettings()
    heal: HealSettings = HealSettings()
    paths: PathsSettings = PathsSettings()
    workers: int = Field(default=20, ge=1, le=500)
