"""A check of the fleet as a map: one HTML file that needs no other file.

The page is complete without its script: the tiles link to sections further down. The script turns
those sections into a side panel, and adds a filter and themes. Names of VMs, hypervisors and
switches come from others, so the template escapes every value. The page's Content-Security-Policy
allows only the page's own style and script (by their hashes), and no request at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from runbooks.output.forms import Checked, Form
from runbooks.output.placement import PlacedHypervisor, Placement, hypervisors_of
from runbooks.output.text import (
    GRAVEST_FIRST,
    WORDS,
    about,
    common_domain,
    counted,
    gravest_first,
    headline,
    overall,
    printable,
    utc,
    vip_counts,
    word_of,
)
from tasks.faults.model import Finding, Status
from tasks.health.model import FleetHealth, SwitchHealth

_PACKAGE = "runbooks.output"
_ROOMY = 16
"""With at most so many switches, tiles show names of VIPs and hypervisors."""
_MOST = 8
"""So many VIPs and hypervisors are named on a tile."""


def to_html(
    fleet: FleetHealth,
    *,
    placement: Placement | None = None,
    title: str = "Gateway VIPs",
    site: str = "",
) -> str:
    """Return the map as one HTML document.

    Args:
        fleet: the check.
        placement: hypervisors and VMs under each switch, where they are known.
        title: the heading of the page.
        site: the site's name, beside the heading.
    """
    leafs = _leafs(fleet, placement)
    style, script = _file("map.css"), _file("map.js")
    page = _template().render(
        title=title,
        site=site,
        fleet=fleet,
        headline=headline(fleet),
        overall=overall(fleet),
        at=utc(fleet.at),
        vip_counts=vip_counts(fleet.switches),
        counts=[(status, fleet.counts[status]) for status in GRAVEST_FIRST],
        words=WORDS,
        findings=[*gravest_first(fleet.findings), *fleet.notes],
        racks=_racks(leafs),
        leafs=leafs,
        roomy=len(leafs) <= _ROOMY,
        most=_MOST,
        style=Markup(style),  # noqa: S704 - our own files, as they are
        script=Markup(script),  # noqa: S704
        style_hash=_csp_hash(style),
        script_hash=_csp_hash(script),
    )
    # A lone surrogate in somebody's name must not prevent the page from being written.
    return page.encode("utf-8", "replace").decode("utf-8")


@dataclass(frozen=True)
class Leaf:
    """One switch, as the template shows it.

    Attributes:
        anchor: its section's id, the same in every map of the fleet.
        name: its name without the domain that all share.
        health: its findings and VIPs.
        findings: its findings, the gravest first.
        present: number of its VIPs that the kernel holds.
        hypervisors: the hypervisors behind it, with their VMs.
    """

    anchor: str
    name: str
    health: SwitchHealth
    findings: tuple[Finding, ...]
    present: int
    hypervisors: tuple[PlacedHypervisor, ...]

    @property
    def vms(self) -> int:
        """Return the number of VMs behind it, as far as known."""
        return sum(len(placed.vms or ()) for placed in self.hypervisors)


def _leafs(fleet: FleetHealth, placement: Placement | None) -> list[Leaf]:
    domain = common_domain(health.switch for health in fleet.switches)
    leafs, taken = [], {"fleet", "map"}
    for number, health in enumerate(fleet.switches):
        name = health.switch.removesuffix(domain) if domain else health.switch
        anchor = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:60] or "switch"
        if anchor in taken:
            anchor = f"{anchor}-{number}"
        taken.add(anchor)
        leafs.append(
            Leaf(
                f"switch-{anchor}",
                name,
                health,
                tuple(gravest_first(health.findings)),
                vip_counts([health])[0],
                hypervisors_of(health, placement),
            )
        )
    return leafs


def _racks(leafs: list[Leaf]) -> list[tuple[str, list[Leaf]]]:
    """Return the leafs by rack, ``R2`` before ``R10``; leafs without a rack come last."""

    def order(leaf: Leaf) -> tuple[object, ...]:
        rack = leaf.health.rack
        return (not rack, [(len(n), n) for n in re.findall(r"\d+|\D+", rack)], rack)

    in_order = sorted(leafs, key=order)
    return [(rack, list(group)) for rack, group in groupby(in_order, lambda f: f.health.rack)]


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader(_PACKAGE, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    environment.filters.update(about=about, counted=counted, word_of=word_of)
    environment.globals["OK"] = Status.OK
    return environment.get_template("map.html.j2")


@cache
def _file(name: str) -> str:
    return resources.files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _render(checked: Checked) -> str:
    return to_html(checked.fleet, placement=checked.placement, site=checked.site)


FORM = Form(_render, needs_placement=True)
