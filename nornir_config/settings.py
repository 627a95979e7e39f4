"""The settings file (TOML) and its environment overrides.

``vipkeeper.toml`` is looked for in ``$VIPKEEPER_CONFIG``, ``./vipkeeper.toml``,
``~/.config/vipkeeper/vipkeeper.toml`` and ``/etc/vipkeeper/vipkeeper.toml``; the first that exists
is the only one read. Any value can be overridden by the environment, sections joined by two
underscores: ``VIPKEEPER_MIMIC__URL=...``. An unknown key is an error, never ignored.
``docs/settings.md`` lists every key. No secret stands in this file: see ``secrets.py``.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, Field, PrivateAttr, ValidationError, create_model
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as SourceParsingError

from inventory.errors import ExitCode, VipkeeperError
from inventory.names import one_line
from inventory.settings import (
    LibreNmsSettings,
    MimicSettings,
    ObserviumSettings,
    ObserviumSqlSettings,
    OpenStackSettings,
    Section,
    SourcesSettings,
    SubnetPageSettings,
)
from nornir_config.fleet_settings import CheckSettings, WatchSettings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]  # Python 3.10 only

CONFIG_VARIABLE = "VIPKEEPER_CONFIG"
PREFIX = "VIPKEEPER_"


class SettingsError(VipkeeperError):
    """The settings file is missing, unreadable, or contains something that is not understood."""

    exit_code = ExitCode.USAGE


class SshSettings(Section):
    """How to log in to switches; see ``docs/ssh.md``.

    Where ``username``, ``port`` or ``proxy_jump`` (OpenSSH's ``[user@]host[:port]``, comma-
    separated for chains) is None, the value of ``config_file`` is used. Where ``config_file`` is
    None, it is ``~/.ssh/config``. ``sudo`` runs commands through sudo.
    """

    username: str | None = None
    port: int | None = Field(default=None, ge=1, le=65535)
    config_file: Path | None = None
    known_hosts: Path | None = None
    key_file: Path | None = None
    proxy_jump: str | None = None
    use_agent: bool = True
    sudo: bool = False
    connect_timeout: float = Field(default=10, gt=0, le=86400)
    command_timeout: float = Field(default=120, gt=0, le=86400)


class HealSettings(Section):
    """What ``vip heal`` and ``vip toggle`` may do.

    ``revert_in`` is the dead-man's timer in seconds. ``probe_count`` pings, ``probe_interval``
    seconds apart, decide whether a target answers. After a toggle it may take ``settle`` seconds
    until it answers again. If more than the share ``max_unhealthy`` of the checked switches has a
    fault at once, that is taken for an outage that no cure of a switch ends. ``blast_sample`` other
    hypervisors of the switch, and twice as many elsewhere, are compared with the target.
    """

    revert_in: int = Field(default=60, ge=10, le=86400)
    probe_count: int = Field(default=3, ge=1, le=100)
    probe_interval: float = Field(default=0.2, ge=0.01, le=86400)
    probe_timeout: float = Field(default=1.0, gt=0, le=86400)
    settle: float = Field(default=20, gt=0, le=86400)
    max_unhealthy: float = Field(default=0.5, gt=0, le=1)
    blast_sample: int = Field(default=4, ge=0, le=32)


class PathsSettings(Section):
    """Where vipkeeper keeps its cache, reports and logs (made with mode 700 and 600).

    ``inventory`` is a directory of ``vip inventory write``, for when the sources are down.
    """

    cache: Path = Field(default_factory=lambda: platformdirs.user_cache_path("vipkeeper"))
    reports: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("vipkeeper") / "reports"
    )
    audit: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("vipkeeper") / "audit.jsonl"
    )
    watch: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("vipkeeper") / "watch.jsonl"
    )
    inventory: Path | None = None


#: The sections of the sources that are part of Vipkeeper.
_SOURCES = ("openstack", "mimic", "subnet_page", "observium", "observium_sql", "librenms")


class Settings(BaseSettings):
    """All settings of a site, checked once at the start."""

    model_config = SettingsConfigDict(
        env_prefix="VIPKEEPER_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    sources: SourcesSettings = SourcesSettings()
    openstack: OpenStackSettings = OpenStackSettings()
    mimic: MimicSettings = MimicSettings()
    subnet_page: SubnetPageSettings = SubnetPageSettings()
    observium: ObserviumSettings = ObserviumSettings()
    observium_sql: ObserviumSqlSettings = ObserviumSqlSettings()
    librenms: LibreNmsSettings = LibreNmsSettings()
    ssh: SshSettings = SshSettings()
    heal: HealSettings = HealSettings()
    check: CheckSettings = CheckSettings()
    watch: WatchSettings = WatchSettings()
    paths: PathsSettings = PathsSettings()
    workers: int = Field(default=20, ge=1, le=500)

    _file: Path | None = PrivateAttr(default=None)

    @property
    def file(self) -> Path | None:
        """Return the settings file that was read; None when there is none."""
        return self._file

    def source_sections(self) -> tuple[BaseModel, ...]:
        """Return the settings of the sources: Vipkeeper's own, and the site's."""
        return tuple(getattr(self, name) for name in self._source_names())

    @classmethod
    def _source_names(cls) -> list[str]:
        """Return the names of their sections; ``_with_plugins`` adds the site's."""
        return [
            *_SOURCES,
            *(name for name in cls.model_fields if name not in Settings.model_fields),
        ]

    def require_site(self) -> None:
        """Raise when there are no settings of this site's systems.

        It is called before a source is asked, so that ``vip lab`` and ``--help`` need no file.

        Raises:
            SettingsError: there is no settings file, and the environment sets no address either.
        """
        if self._file is not None or self.model_fields_set.intersection(self._source_names()):
            return
        raise SettingsError(
            f"no settings file was found; looked at {', '.join(map(str, search_path()))}",
            "Write one that says where OpenStack, Mimic and the subnet page are "
            "(docs/settings.md shows an example), or name it with --config.",
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, and read nothing else."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def search_path() -> tuple[Path, ...]:
    """Return the places where a settings file is looked for, in order."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return (_home(named, f"${CONFIG_VARIABLE}"),)
    return (
        Path("vipkeeper.toml"),
        platformdirs.user_config_path("vipkeeper") / "vipkeeper.toml",
        Path("/etc/vipkeeper/vipkeeper.toml"),
    )


def find_settings_file(path: Path | None = None) -> Path | None:
    """Return the settings file to read: ``path``, or the first of ``search_path`` that exists.

    Raises:
        SettingsError: the file named by ``path`` or ``$VIPKEEPER_CONFIG`` does not exist.
    """
    if path is not None:
        path = _home(str(path), "--config")
        if not path.exists():
            raise SettingsError(f"the settings file {path} is not there", "Check --config.")
        return path
    for candidate in search_path():
        if candidate.exists():
            return candidate
    if os.environ.get(CONFIG_VARIABLE):
        raise SettingsError(
            f"the settings file {search_path()[0]} is not there",
            f"Correct or unset ${CONFIG_VARIABLE}, which names it.",
        )
    return None


def load_settings(path: Path | None = None) -> Settings:
    """Read and check the settings.

    Args:
        path: the settings file; None looks for it.

    Raises:
        SettingsError: the file is missing, unreadable or not TOML, or the file or the environment
            sets a key that does not exist or a value that is not allowed.
    """
    file = find_settings_file(path)
    data = _read(file) if file else {}
    model = _with_plugins(data)
    _refuse_unknown_keys(model, data, str(file))
    _refuse_unknown_variables(model)
    try:
        settings = model(**_absolute_paths(model, data, file.parent if file else Path()))
    except ValidationError as error:
        raise SettingsError(_describe(error, file), "docs/settings.md lists every key.") from None
    except (SourceParsingError, RecursionError) as error:
        raise SettingsError(
            f"the environment holds a section that is not JSON: {error}",
            "Set single keys: VIPKEEPER_SECTION__KEY=value.",
        ) from None
    settings._file = file  # noqa: SLF001 - set once here, where the file is known
    return settings


def _read(file: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"the settings file {file} is not UTF-8 (byte {error.start})", "Save it as UTF-8."
        ) from None
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, and nesting
        raise SettingsError(
            f"the settings file {file} is not TOML: {error}", "Correct that line."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"the settings file {file} cannot be read: {error.strerror}",
            "Correct its owner and mode, or name another with --config.",
        ) from None
    return data


def _section(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    """Return the model of the section ``name`` of ``model``; None when it is a plain key."""
    annotation = model.model_fields[name].annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def _unknown(model: type[BaseModel], keys: tuple[str, ...]) -> str:
    """Return words about the first unknown key on the path ``keys``; empty if all are known."""
    at = ""
    for key in keys:
        known = list(model.model_fields)
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
            hint = f"did you mean {at}{near[0]}?" if near else f"known: {', '.join(known)}"
            return f"unknown key {at}{key} ({hint})"
        at += f"{key}."
        section = _section(model, key)
        if section is None:
            break
        model = section
    return ""


def _refuse_unknown_keys(model: type[Settings], data: dict[str, Any], where: str) -> None:
    for name, value in data.items():
        inner = value if isinstance(value, dict) else {}
        for keys in [(name,), *((name, key) for key in inner)]:
            if problem := _unknown(model, keys):
                raise SettingsError(f"{where}: {problem}", "docs/settings.md lists every key.")


def _refuse_unknown_variables(model: type[Settings]) -> None:
    """Refuse VIPKEEPER_A__B that sets nothing; names without ``__`` may be secrets."""
    for name, keys in _variables():
        if problem := _unknown(model, keys):
            raise SettingsError(
                f"environment variable {name}: {problem}", "Correct or unset the variable."
            )


def _variables() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the environment variables VIPKEEPER_A__B, each with the keys that it sets."""
    for name in os.environ:
        if name.upper().startswith(PREFIX) and "__" in name:
            yield name, tuple(name[len(PREFIX) :].lower().split("__"))


def _with_plugins(data: dict[str, Any]) -> type[Settings]:
    """Return the settings' model, with the sections of the site's own sources.

    These are the chosen sources, and sources that have a section though another one is chosen.

    Raises:
        UnknownSourceError: a source cannot be loaded.
    """
    from inventory.sources.plugins import (  # noqa: PLC0415 - looking for packages takes its time
        chosen_sections,
        plugin_settings,
    )

    chosen = chosen_sections(_chosen_sources(data))
    taken = chosen.intersection(Settings.model_fields).difference(_SOURCES)
    if taken:
        raise SettingsError(
            f"a source cannot be called {min(taken)}: that is another section of the settings",
            "Ask the author of that package for another name of its entry point.",
        )
    named = {*data, *(keys[0] for _, keys in _variables())}
    unknown = (named | chosen).difference(Settings.model_fields)
    sections: dict[str, Any] = {}
    for name, kind in (plugin_settings(unknown) if unknown else {}).items():
        needed = any(field.is_required() for field in kind.model_fields.values())
        sections[name] = (kind, Field() if needed else Field(default_factory=kind))
    if not sections:
        return Settings
    model: type[Settings] = create_model("Settings", __base__=Settings, **sections)
    return model


def _chosen_sources(data: dict[str, Any]) -> SourcesSettings:
    """Return the sources that the file and the environment choose; mistakes are reported later."""
    if "sources" not in data and not any(
        name.upper().startswith(f"{PREFIX}SOURCES") for name in os.environ
    ):
        return SourcesSettings()

    class Chosen(Settings):
        model_config = SettingsConfigDict(extra="ignore")

    given = {key: data[key] for key in ("sources",) if key in data}
    try:
        return Chosen(**given).sources
    except (ValidationError, SourceParsingError, RecursionError):
        return SourcesSettings()


def _absolute_paths(model: type[BaseModel], data: dict[str, Any], base: Path) -> dict[str, Any]:
    """Return ``data`` with absolute paths; ``~`` is the home, relative ones are beside the file."""
    done = dict(data)
    for name, value in data.items():
        section = _section(model, name)
        if section is not None and isinstance(value, dict):
            done[name] = _absolute_paths(section, value, base)
        elif isinstance(value, str) and "Path" in str(model.model_fields[name].annotation):
            done[name] = (base / _home(value, name)).absolute()
    return done


def _home(path: str, where: str) -> Path:
    """Return ``path`` with ``~`` and ``~user`` made a directory."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise SettingsError(
            f"{where}: {one_line(path)} is in the home of a user that this machine does not know",
            "Write the whole path.",
        ) from None


def _describe(error: ValidationError, file: Path | None) -> str:
    """Return the first problem and its place, without the value: a URL can contain a password."""
    first = error.errors(include_url=False, include_input=False)[0]
    keys = [str(part) for part in first["loc"]]
    variables = {PREFIX + "__".join(keys[:n]).upper() for n in range(1, len(keys) + 1)}
    setters = sorted(name for name in os.environ if name.upper() in variables)
    where = f"environment variable {setters[-1]}" if setters else str(file or "settings")
    return f"{where}: {'.'.join(keys)}: {first['msg']}"
