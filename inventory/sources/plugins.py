"""A site's own sources: entry points, and the settings that a source brings with it.

The object of an entry point makes the source. If it has an attribute ``settings_class`` (a pydantic
model, such as a subclass of ``inventory.settings.Section``), the settings file may have a section
for it. The section has the name of the entry point, with ``_`` for ``-``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import BaseModel

from inventory.errors import ExitCode, VipkeeperError
from inventory.settings import NO_EVENTS, SourcesSettings

COMPUTE_GROUP = "vipkeeper.compute"
UPLINK_GROUP = "vipkeeper.uplink"
ADDRESS_GROUP = "vipkeeper.address"
EVENTS_GROUP = "vipkeeper.events"

#: The key of ``[sources]`` that chooses from each group.
GROUPS = {
    "compute": COMPUTE_GROUP,
    "uplink": UPLINK_GROUP,
    "address": ADDRESS_GROUP,
    "events": EVENTS_GROUP,
}


class UnknownSourceError(VipkeeperError):
    """The settings name a source that is not installed or cannot be loaded."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True)
class Plugin:
    """A source of another package.

    Attributes:
        key: the key of ``[sources]`` that chooses it.
        point: its entry point.
    """

    key: str
    point: EntryPoint

    @property
    def section(self) -> str:
        """Return the name of its section in the settings file."""
        return section_name(self.point.name)

    def load(self) -> Any:  # noqa: ANN401  # another's code
        """Return the object of its entry point.

        Raises:
            UnknownSourceError: it cannot be imported.
        """
        try:
            return self.point.load()
        except VipkeeperError:
            raise
        except Exception as error:
            raise self.failure(error) from error

    def settings_class(self) -> type[BaseModel] | None:
        """Return the model of its section; None where it has none.

        Raises:
            UnknownSourceError: it cannot be imported, or its settings class is not a model.
        """
        found = getattr(self.load(), "settings_class", None)
        if found is None:
            return None
        if not (isinstance(found, type) and issubclass(found, BaseModel)):
            raise self.failure(TypeError("its settings_class is not a pydantic model"))
        return found

    def failure(self, error: Exception) -> UnknownSourceError:
        """Return the error for a failure of its code; it names the package."""
        return UnknownSourceError(
            f'sources.{self.key} = "{self.point.name}" ({self.point.value}) cannot be started: '
            f"{type(error).__name__}: {error}",
            "Ask who wrote that package.",
        )


def section_name(name: str) -> str:
    """Return the section of the source of that name.

    >>> section_name("subnet-page")
    'subnet_page'
    """
    return name.replace("-", "_")


def installed(key: str) -> dict[str, Plugin]:
    """Return the installed sources that a key of ``[sources]`` may choose, by name."""
    return {point.name: Plugin(key, point) for point in entry_points(group=GROUPS[key])}


def plugin_settings(sections: Iterable[str]) -> dict[str, type[BaseModel]]:
    """Return the settings classes of installed sources, by section.

    Args:
        sections: the sections to look for.

    Raises:
        UnknownSourceError: a source cannot be loaded, or two of one name bring different classes.
    """
    wanted = set(sections)
    found: dict[str, type[BaseModel]] = {}
    for plugin in (plugin for key in GROUPS for plugin in installed(key).values()):
        if plugin.section not in wanted or (model := plugin.settings_class()) is None:
            continue
        if found.setdefault(plugin.section, model) is not model:
            raise plugin.failure(
                TypeError(f"another source has other settings for [{plugin.section}]")
            )
    return found


def chosen_sections(sources: SourcesSettings) -> set[str]:
    """Return the sections that the chosen sources may have."""
    return {section_name(getattr(sources, key)) for key in GROUPS} - {NO_EVENTS}
