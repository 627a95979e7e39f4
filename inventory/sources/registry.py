"""The class of each source, chosen by name in the settings and found by entry points.

A site with other systems installs a package with an entry point in one of the groups; its
object is called with one ``SourceContext`` and returns the source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from inventory.errors import VipkeeperError
from inventory.settings import (
    MimicSettings,
    OpenStackSettings,
    SourcesSettings,
    SubnetPageSettings,
)
from inventory.sources.limit import ENDLESS, Limit
from inventory.sources.mimic.source import MimicSource
from inventory.sources.openstack.source import OpenStackSource
from inventory.sources.patience import Patience
from inventory.sources.plugins import GROUPS, UnknownSourceError, installed
from inventory.sources.subnet_page.source import SubnetPageSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from inventory.sources.protocols import AddressSource, ComputeSource, UplinkSource

SettingsT = TypeVar("SettingsT", bound=BaseModel)


def _no_password(_: str) -> str | None:
    return None


@dataclass(frozen=True)
class SourceContext:
    """The arguments from which a source is made.

    Attributes:
        sources: the names of the chosen sources.
        sections: the settings of the sources, each of its source's own class.
        password: returns the password stored under a name (``mimic``), or None.
        token: returns the API token stored under a name (``librenms``), or None.
        limit: the time that all questions of the run have together.
    """

    sources: SourcesSettings = field(default_factory=SourcesSettings)
    sections: tuple[BaseModel, ...] = ()
    password: Callable[[str], str | None] = field(default=_no_password, repr=False)
    token: Callable[[str], str | None] = field(default=_no_password, repr=False)
    limit: Limit = ENDLESS

    def settings(self, kind: type[SettingsT]) -> SettingsT:
        """Return the section of that class.

        Its defaults where the settings file has no such section.
        """
        return next((found for found in self.sections if type(found) is kind), None) or kind()


def _openstack(context: SourceContext) -> ComputeSource:
    return OpenStackSource(
        context.settings(OpenStackSettings),
        context.password("openstack"),
        patience=Patience(context.limit),
    )


def _mimic(context: SourceContext) -> UplinkSource:
    settings = context.settings(MimicSettings)
    needed = settings.username is not None
    password = context.password("mimic") if needed else None
    return MimicSource(settings, password, Patience(context.limit))


def _subnet_page(context: SourceContext) -> AddressSource:
    settings = context.settings(SubnetPageSettings)
    needed = settings.username is not None
    password = context.password("subnet_page") if needed else None
    return SubnetPageSource(settings, password, Patience(context.limit))


# Our own are here and not in entry points, so that a checkout works without being installed.
_OWN: Mapping[str, Mapping[str, Callable[[SourceContext], Any]]] = {
    "compute": {"openstack": _openstack},
    "uplink": {"mimic": _mimic},
    "address": {"subnet-page": _subnet_page},
}


def make_source(
    key: str, context: SourceContext, own: Mapping[str, Callable[[SourceContext], Any]]
) -> Any:  # noqa: ANN401  # callers cast
    """Return the source that a key of ``[sources]`` chooses.

    Args:
        key: the key (``uplink``).
        context: the settings and secrets.
        own: what makes those that are part of Vipkeeper, by name.

    Raises:
        UnknownSourceError: it is not installed, or cannot be started.
    """
    name = getattr(context.sources, key)
    if name in own:
        return own[name](context)
    others = installed(key)
    if name not in others:
        names = ", ".join(sorted({*own, *others}))
        raise UnknownSourceError(
            f'The settings ask for sources.{key} = "{name}", which is not installed; '
            f"there is {names}.",
            f'Correct the name, or install the package that has it in the group "{GROUPS[key]}".',
        )
    make = others[name].load()
    try:
        return make(context)
    except VipkeeperError:
        raise
    except Exception as error:
        raise others[name].failure(error) from error


def make_compute(context: SourceContext) -> ComputeSource:
    """Return the chosen compute source.

    Raises:
        UnknownSourceError: it is not installed, or cannot be started.
    """
    source: ComputeSource = make_source("compute", context, _OWN["compute"])
    return source


def make_uplink(context: SourceContext) -> UplinkSource:
    """Return the chosen uplink source; see ``make_compute``."""
    source: UplinkSource = make_source("uplink", context, _OWN["uplink"])
    return source


def make_address(context: SourceContext) -> AddressSource:
    """Return the chosen address source; see ``make_compute``."""
    source: AddressSource = make_source("address", context, _OWN["address"])
    return source
