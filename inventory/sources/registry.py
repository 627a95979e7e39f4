"""Which class answers which question: chosen by name in the settings, found by entry points.

A site with other systems installs a package with an entry point in one of the three groups; its
object is called with one :class:`SourceContext` and gives the source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from inventory.errors import VipkeeperError
from inventory.settings import (
    MimicSettings,
    OpenStackSettings,
    SourcesSettings,
    SubnetPageSettings,
)
from inventory.sources.mimic.source import MimicSource
from inventory.sources.openstack.source import OpenStackSource
from inventory.sources.subnet_page.source import SubnetPageSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from inventory.sources.protocols import AddressSource, ComputeSource, UplinkSource

COMPUTE_GROUP = "vipkeeper.compute"
UPLINK_GROUP = "vipkeeper.uplink"
ADDRESS_GROUP = "vipkeeper.address"


class UnknownSourceError(VipkeeperError):
    """The settings name a source that is not installed, or that cannot be loaded."""

    exit_code = 2


def _no_password(_: str) -> str | None:
    return None


@dataclass(frozen=True)
class SourceContext:
    """What a source is made from.

    Attributes:
        sources: which are chosen.
        openstack: settings of the ``openstack`` source; likewise the next two.
        password: gives the password kept under a name (``mimic``), or None.
    """

    sources: SourcesSettings = field(default_factory=SourcesSettings)
    openstack: OpenStackSettings = field(default_factory=OpenStackSettings)
    mimic: MimicSettings = field(default_factory=MimicSettings)
    subnet_page: SubnetPageSettings = field(default_factory=SubnetPageSettings)
    password: Callable[[str], str | None] = field(default=_no_password, repr=False)


def _openstack(context: SourceContext) -> ComputeSource:
    return OpenStackSource(context.openstack, context.password("openstack"))


def _mimic(context: SourceContext) -> UplinkSource:
    needed = context.mimic.username is not None
    return MimicSource(context.mimic, context.password("mimic") if needed else None)


def _subnet_page(context: SourceContext) -> AddressSource:
    needed = context.subnet_page.username is not None
    password = context.password("subnet_page") if needed else None
    return SubnetPageSource(context.subnet_page, password)


# Our own stand here and not in entry points, so that a checkout works before it is installed.
_OWN: Mapping[str, Mapping[str, Callable[[SourceContext], Any]]] = {
    COMPUTE_GROUP: {"openstack": _openstack},
    UPLINK_GROUP: {"mimic": _mimic},
    ADDRESS_GROUP: {"subnet-page": _subnet_page},
}


def _make(group: str, name: str, key: str, context: SourceContext) -> Any:  # noqa: ANN401  # callers cast
    own = _OWN[group]
    if name in own:
        return own[name](context)
    installed = {point.name: point for point in entry_points(group=group)}
    if name not in installed:
        names = ", ".join(sorted({*own, *installed}))
        raise UnknownSourceError(
            f'The settings ask for sources.{key} = "{name}", which is not installed; '
            f"there is {names}.",
            f'Correct the name, or install the package that has it in the group "{group}".',
        )
    try:
        return installed[name].load()(context)
    except VipkeeperError:
        raise
    except Exception as exc:
        # Another's code: whatever it raises, the sentence must say whose it is.
        raise UnknownSourceError(
            f'sources.{key} = "{name}" ({installed[name].value}) cannot be started: '
            f"{type(exc).__name__}: {exc}",
            "Ask who wrote that package.",
        ) from exc


def make_compute(context: SourceContext) -> ComputeSource:
    """The chosen compute source.

    Raises:
        UnknownSourceError: it is not installed, or cannot be started.
    """
    source: ComputeSource = _make(COMPUTE_GROUP, context.sources.compute, "compute", context)
    return source


def make_uplink(context: SourceContext) -> UplinkSource:
    """The chosen uplink source; see :func:`make_compute`."""
    source: UplinkSource = _make(UPLINK_GROUP, context.sources.uplink, "uplink", context)
    return source


def make_address(context: SourceContext) -> AddressSource:
    """The chosen address source; see :func:`make_compute`."""
    source: AddressSource = _make(ADDRESS_GROUP, context.sources.address, "address", context)
    return source
