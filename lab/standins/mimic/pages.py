"""Mimic's host page and its views, as text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from lab.standins.mimic.magdb import SystemRecord
from lab.topology.default import Topology

NO_HOSTS: Mapping[str, object] = {"config": {"clickable": True}}
UNABLE = (
    "pg_connect(): Unable to connect to PostgreSQL server: could not connect to server: "
    "Connection refused"
)
_DEPRECATED = (
    "pg_query(): Automatic fetching of PostgreSQL connection is deprecated",
    "Constant FILTER_SANITIZE_STRING is deprecated",
)
_NO_RACK_POWER = 'pg_query(): Query failed: ERROR: relation "vRackPower" does not exist'
_NOTE = 'Drained on Monday, see <a href="https://helpdesk.example.internal/?id=4711">4711</a>'
_PLUGINS = {
    "v2018": ("notes", "aquilon", "magdb", "nagios"),
    "v2022": ("notes", "aquilon", "netbox", "magdb", "livestatus"),
    "head": ("notes", "aquilon", "netbox", "magdb", "mklivestatus"),
    "headraw": ("notes", "aquilon", "netbox", "magdb", "mklivestatus"),
}
_TITLES = {
    "notes": "Notes",
    "aquilon": "Aquilon",
    "netbox": "Netbox",
    "nagios": "Nagios",
    "livestatus": "Nagios",
    "mklivestatus": "Icinga",
    "icinga": "Icinga",
}


@dataclass(frozen=True)
class PageRequest:
    """The inputs of the host page.

    Attributes:
        node: the name that was asked for, after Mimic's own filter.
        variant: the imitated version of Mimic.
        php8: whether it fails as PHP 8 does.
        agent: the User-Agent header; None when there is none.
        faults: the active faults.
        record: the system with that name; None where there is none.
    """

    node: str
    variant: str
    php8: bool
    agent: str | None
    faults: frozenset[str]
    record: SystemRecord | None


def php_json(value: object) -> str:
    """Return JSON as PHP writes it: no spaces, slashes escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def warning(message: str, file: str, line: int) -> str:
    """Return a warning as PHP prints it when ``display_errors`` is on."""
    return _php_message("Warning", message, file, line)


def fatal(message: str, file: str, line: int) -> str:
    """Return a fatal error as PHP prints it when ``display_errors`` is on."""
    return _php_message("Fatal error", message, file, line)


def _php_message(kind: str, message: str, file: str, line: int) -> str:
    place = f"in <b>/var/www/html/{file}</b> on line <b>{line}</b>"
    return f"<br />\n<b>{kind}</b>:  {message} {place}<br />\n"


def node_filter(name: str) -> str:
    """Return what Mimic keeps of a name: letters, digits, dots and hyphens."""
    return re.sub(r"[^A-Za-z0-9.-]", "", name)


def _natural(name: str) -> list[tuple[int, int | str]]:
    parts = re.split(r"(\d+)", name)
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts if part]


def _nodes(
    topology: Topology, variant: str, faults: frozenset[str], *, opennebula: bool
) -> dict[str, dict[str, dict[str, object]]]:
    """Return panel name -> node name -> facts, for one of the two views."""
    domain = topology.hypervisors[0].name.split(".", 1)[1]
    panels: dict[str, dict[str, dict[str, object]]] = {}

    def add(panel: str, name: str, **facts: object) -> None:
        base: dict[str, object] = {
            "archetype": "ral-tier1",
            "branch_name": "openstack-prod",
            "branch_owner": "operator@EXAMPLE.INTERNAL",
            "branch_type": "domain",
        }
        panels.setdefault(panel, {})[name] = dict(sorted({**base, **facts}.items()))

    if not opennebula:
        add("nubes-controller", f"cloudctl01.{domain}")
        add(
            "vm-nubes",
            f"host-vm-172-16-1-7.{domain}",
            ip="172.16.1.7",
            status={"instantiated": "opennebula"},
        )
    last = topology.hypervisors[-1].name
    for host in topology.hypervisors:
        of_one = "opennebula-site" in faults or (
            "opennebula-beside" in faults and host.name == last
        )
        if of_one != opennebula:
            continue
        name = host.name.upper() if "upper-case-names" in faults else host.name
        if opennebula:
            add("opennebula-hypervisor", name, status={"inuse": "opennebula"})
        else:
            # Real sites have several panels of hypervisors.
            panel = "nubes-compute-gpu" if host.name == last else "nubes-compute-prod"
            add(panel, name)
    _add_monitoring(panels, variant, faults)
    if "mysql-down" not in faults and "nubes-compute-gpu" in panels:
        next(iter(panels["nubes-compute-gpu"].values()))["note"] = _NOTE
    return panels


def _add_monitoring(
    panels: Mapping[str, dict[str, dict[str, object]]], variant: str, faults: frozenset[str]
) -> None:
    alarm = "monitoring-alarm" in faults and "monitoring-down" not in faults
    hosts = panels.get("nubes-compute-prod") or panels.get("opennebula-hypervisor") or {}
    first = next(iter(hosts), None)
    newest = variant in ("head", "headraw")
    for nodes in panels.values():
        for name, facts in nodes.items():
            down = alarm and name == first
            if newest:
                facts["mklivestatus"] = " down" if down else " "
            elif down:
                facts["nagios"] = " down"


def view(
    topology: Topology, variant: str, faults: frozenset[str], *, opennebula: bool
) -> dict[str, object]:
    """Return the JSON of a cloud view: group, panel, cluster (always empty here), node, facts."""
    panels: dict[str, object] = {}
    if not faults & {"aquilon-down", "nothing-matches"}:
        found = _nodes(topology, variant, faults, opennebula=opennebula)
        panels = {
            panel: {"": {name: found[panel][name] for name in sorted(found[panel], key=_natural)}}
            for panel in sorted(found)
        }
    return {**NO_HOSTS, "infrastructure": panels} if panels else dict(NO_HOSTS)


def _plugin_failure(message: str, file: str, line: int) -> str:
    return (
        f"  <div><p>Parse error while loading plugin. {message}"
        f" /var/www/html/{file} {line}</p></div>\n"
    )


def _neighbours(node: str) -> str:
    """Return the previous and next links: one less, one more than the first number in the name."""
    number = re.search(r"[0-9]+", node)
    if number is None:
        return ""
    parts = re.split(r"[0-9]+", node)
    value, width = int(number.group()), len(number.group())
    links = []
    for other, arrow in ((value - 1, "left"), (value + 1, "right")):
        if other >= 0:
            name = f"{parts[0]}{other:0{width}d}{parts[1]}"
            links.append(
                f'<a class="tab" href="node.php?n={name}" title="{name}">'
                f'<span class="glyphicon glyphicon-circle-arrow-{arrow}"></span></a>'
            )
    return "".join(links)


def _object(page: PageRequest, data: str) -> str:
    agent = page.agent
    style = ""
    if agent is None:
        style = _plugin_failure("Undefined index: HTTP_USER_AGENT", "node/node-magdb.inc.php", 120)
    elif agent.lower().find("webkit") > 0:
        style = 'style="width: 100%;" '
    return (
        f'<h3>Networking</h3>\n<object {style}type="image/svg+xml" data="{data}"></object>'
        '<!--alt="Graph of networking information" -->\n'
    )


def _magdb(page: PageRequest) -> str | None:
    """Return the MagDB section; None where PHP 8 dies in it.

    From 8.1 on PHP calls the queries deprecated, which Mimic prints as if a plugin had failed.
    """
    detail = _magdb_detail(page)
    if detail is None or not page.php8:
        return detail
    file = "node/node-magdb.inc.php"
    return "".join(_plugin_failure(_DEPRECATED[0], file, line) for line in (15, 37, 84)) + detail


def _magdb_detail(page: PageRequest) -> str | None:
    record = None if "host-unknown" in page.faults else page.record
    if "postgres-down" in page.faults:
        if page.php8:
            return None
        return _plugin_failure(UNABLE, "inc/db-magdb-open.inc.php", 9) + _not_in_magdb()
    if "mysql-down" in page.faults:
        message = "mysqli_real_escape_string() expects parameter 1 to be mysqli, bool given"
        return _plugin_failure(message, "node/node-magdb.inc.php", 62) + _not_in_magdb()
    address = record.address_of(page.node) if record else None
    if record is None or address is None:
        return _not_in_magdb()
    row = f'<dt>ipAddress</dt><dd class="magdb-ipAddress">{address}</dd>\n'
    if "stub-record" in page.faults:
        return (
            f"<h3>System</h3>\n<dl>\n{row}</dl>\n"
            '<p class="warning">Stub Record - No system associated with IP.</p>\n'
        )
    number = record.system_id
    link = f"https://hardtrack.example.internal/hardtrack/?section=system&amp;a={number}"
    return (
        "<h3>System</h3>\n<dl>\n"
        '<dt>systemId</dt><dd class="magdb-systemId">&#x2116;&nbsp;'
        f'<a href="{link}" title="View platform {number} in HardTrack">{number}</a>\n</dd>\n'
        f"{row}</dl>\n"
        '<dl>\n<dt>roomName</dt><dd class="magdb-roomName">HPD</dd>\n'
        '<dt>rackId</dt><dd class="magdb-rackId">97</dd>\n</dl>\n'
        "<h3>Rack Power</h3>\n"
        + (
            _plugin_failure(_NO_RACK_POWER, "node/node-magdb.inc.php", 101)
            if "rack-power-missing" in page.faults
            else '<p class="warning">No rack power information.</p>\n'
        )
        + _object(page, f"/components/magdb-draw-interfaces.php?system={number}")
    )


def _not_in_magdb() -> str:
    return '<p class="warning">Host not in magDB.</p>\n'


def _netbox(page: PageRequest) -> str:
    missing = '<p class="warning">Host not in Netbox.</p>\n'
    if "netbox-refused" in page.faults:
        return f"Curl error: Failed to connect to netbox port 443: Connection refused{missing}"
    if "netbox-down" in page.faults or page.record is None:
        return missing
    if "netbox-stub" in page.faults:
        return (
            "<dl>\n<dt>address</dt><dd>192.0.2.39/21</dd>\n</dl>\n"
            '<p class="error">Stub Record - No object assigned to IP</p>\n'
        )
    # A device's own name is exact; a DNS name (a BMC's) is compared in lower case.
    if page.node != page.record.name and page.record.address_of(page.node.lower()) is None:
        return missing
    number = page.record.netbox_id
    text = (
        "<h3>System</h3>\n<dl>\n<dt>Netbox ID</dt>"
        f'<dd><a href="https://netbox.example.internal/dcim/devices/{number}/"'
        f' title="View device {number} in Netbox">{number}</a></dd>\n</dl>\n'
    )
    if page.variant == "v2022":
        return text
    return text + _object(page, f"/components/netbox-draw-interfaces.php?netbox_id={number}&is_vm=")


def _aquilon(page: PageRequest) -> str:
    if "aquilon-down" in page.faults or page.record is None:
        return '<p class="info">No info for host.</p>\n'
    return f"<ul>\n<li><strong>Primary Name</strong> &ndash; {page.record.name}</li>\n</ul>\n"


_NOTES = """<textarea id="note"></textarea>
<script type="text/javascript">
function noteFailed() { $('#note').after('<p class="error">Failed to save the note.</p>'); }
</script>
"""


def _detail(plugin: str, page: PageRequest) -> str | None:
    if plugin == "magdb":
        return _magdb(page)
    if plugin == "netbox":
        return _netbox(page)
    if plugin == "aquilon":
        return _aquilon(page)
    if plugin == "notes":
        return _NOTES
    if plugin == "icinga" and page.variant == "headraw":
        return None
    return '<p class="info">No problems.</p>\n'


def _title(plugin: str, variant: str) -> str:
    if plugin == "magdb":
        return "magDB (Deprecated — Read Only)" if variant.startswith("head") else "magDB"
    return _TITLES[plugin]


def _section(plugin: str, page: PageRequest) -> tuple[str, bool]:
    """Return a section's text, and whether the page goes on after it."""
    in_tag = ""
    if page.php8:
        # PHP 8.1 finds fault with a constant in the middle of the start tag.
        in_tag = _plugin_failure(_DEPRECATED[1], "node.php", 63)
    text = (
        f"<section><div class='header' title='Show/Hide'><h2>{_title(plugin, page.variant)}</h2>"
        f"</div><div class='plugin' id='{plugin}'{in_tag}>"
    )
    timed = page.variant != "v2018"
    if timed:
        text += f"\n<!-- ▼▼▼▼ Node plugin {plugin}->detail() start @ 1700000000.1 -->\n"
    detail = _detail(plugin, page)
    if detail is None:
        return text, False
    text += detail
    if timed:
        text += f"\n<!-- ▲▲▲▲ Node plugin {plugin}->detail() end @ 1700000000.2, took 0.10ms -->\n"
    return f"{text}</div></section>", True


def host_page(page: PageRequest) -> str:
    """Return the whole host page, or the part that is sent before PHP dies."""
    node = escape(page.node)
    text = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n'
        f"    <title>Tier1A monitor: {node}</title>\n"
        '    <meta http-equiv="refresh" content="300" />\n</head>\n<body>\n<div class="head">\n'
        f'    <h1>Host: <span class="host-name">{node}\n</span></h1>\n'
        f'    <a class="tab" href="ssh://root@{node}">SSH</a>\n'
        f"    {_neighbours(page.node)}\n</div>\n"
        "<div class='wrapper'>"
    )
    plugins = _PLUGINS[page.variant]
    if "icinga-plugin" in page.faults:
        plugins = (*plugins, "icinga")
    for plugin in plugins:
        section, goes_on = _section(plugin, page)
        text += section
        if not goes_on:
            return text
    text += "</div>\n</body>\n</html>\n"
    return text[: len(text) // 2] if "page-cut-off" in page.faults else text
