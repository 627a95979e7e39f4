"""The faults that a stand-in can have, and how it reads them.

A fault is a readable name (``aquilon-down``). The faults file is JSON, read again at every
request, so that a fault takes effect without a restart::

    {"mimic": "aquilon-down", "openstack": ["not-admin", "slow"], "mimic-variant": "head"}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from inventory.errors import ExitCode, VipkeeperError

MIMIC = "mimic"
SUBNET_PAGE = "subnet-page"
OPENSTACK = "openstack"
OBSERVIUM = "observium"

VARIANT_KEY = "mimic-variant"
VARIANTS: Mapping[str, str] = MappingProxyType(
    {
        "v2018": "Mimic as it was when the manual procedure was written",
        "v2022": "after the port nodes got the port's name; NetBox is a section of text",
        "head": "newest, with its two half-finished renames completed: NetBox drawings too",
        "headraw": "newest byte for byte on PHP 8.2: every view is 500 with an empty body",
    }
)

_GENERIC: Mapping[str, str] = MappingProxyType(
    {
        "http-500": "Every request is answered 500 with an empty body.",
        "hang": "Requests are taken and never answered.",
        "refused": "The connection is cut without an answer.",
        "slow": "Every answer takes three seconds.",
    }
)

_MIMIC: Mapping[str, str] = MappingProxyType(
    {
        "aquilon-down": "Aquilon is down: the view is 200 with 29 bytes and no host.",
        "list-hangs": "Aquilon hangs: the views are never answered, the host pages are.",
        "nothing-matches": "Aquilon knows no host of the cloud: the same 29 bytes.",
        "postgres-down": "MagDB is down: the page says 'Host not in magDB.', drawings are 500.",
        "mysql-down": "Mimic's own database is down: the page says 'Host not in magDB.'.",
        "links-table-missing": "The LLDP links cannot be read: every switch is 'Unknown Switch'.",
        "graphviz-empty": "Graphviz rejects the drawing: 200, text/html, empty body.",
        "display-errors": "PHP prints its warnings in front of the JSON, fatal errors as 200.",
        "oui-missing": "The vendor list was not generated: drawings are 500 with an empty body.",
        "page-cut-off": "The host page ends in its middle, without </html>.",
        "json-cut-off": "The view's JSON ends in its middle.",
        "svg-cut-off": "The drawing ends in its middle.",
        "html-instead": "A proxy answers everything with 200 and a page of its own.",
        "login-required": "The web server in front asks for a login (401).",
        "monitoring-down": "Nagios/Icinga is down: the monitoring key is absent or blank.",
        "monitoring-alarm": "Nagios/Icinga says that the first hypervisor is down.",
        "netbox-down": "NetBox answers 500, 403 or HTML: 'Host not in Netbox.', an empty drawing.",
        "netbox-refused": "NetBox refuses: curl's message in front of the drawing's XML.",
        "netbox-stub": "NetBox knows the address and no machine for it.",
        "netbox-uncabled": "NetBox has no cable recorded: 'Unknown Interface'.",
        "host-unknown": "MagDB does not know any of the hypervisors.",
        "stub-record": "MagDB knows the address and no machine for it.",
        "upper-case-names": "Aquilon spells the hypervisors' names in upper case, MagDB does not.",
        "stale-second-link": "Beside each LLDP row an old one to another switch has remained.",
        "old-links": "LLDP was last reported sixty days ago.",
        "no-date": "The LLDP rows carry no date.",
        "no-lldp-name": "The switches send no LLDP system name.",
        "no-port-text": "The switches send no LLDP port text.",
        "wrong-switch": "Every hypervisor is drawn at another leaf than its own.",
        "swapped-bond": "A bond whose cables were swapped: each leaf is drawn with both, one date.",
        "lag": "Both NICs are cabled to the hypervisor's own leaf: one date for two cables.",
        "stray-neighbour": "A second NIC leads to a switch that is not on the subnet page.",
        "odd-port-texts": "Port texts with a back-tick, an arrow, a bar, angle brackets.",
        "trailing-dot": "The switches' LLDP names end with a dot.",
        "upper-case-switches": "The switches' LLDP names are in upper case.",
        "short-beside-full": "Beside each LLDP row an old one has the switch's short name.",
        "localhost-row": "Beside each LLDP row an old one names 'localhost (none)'.",
        "quoted-port": "A port text holds a double quote: graphviz refuses the drawing.",
        "bond-details": "MagDB has bond details, whose quote is not closed: graphviz refuses.",
        "rack-power-missing": "The page says 'Parse error' of a side view, and all else is well.",
        "bmc-cabled": "The BMC's own switch is known: a second chain that must be left out.",
        "bond": "The uplink is a member of a bond, with a second cable to another leaf.",
        "many-addresses": "The hypervisor has six addresses: another layout of the drawing.",
        "opennebula-site": "The hypervisors are OpenNebula's: only that view lists them (v2018).",
        "opennebula-beside": "The last hypervisor is OpenNebula's: only that view has it (v2018).",
        "icinga-plugin": "The page has the Icinga section (headraw: cut off there).",
        "php8": "The site runs PHP 8.1: it dies where PHP 7 went on, and tells what is deprecated.",
    }
)

_SUBNET_PAGE: Mapping[str, str] = MappingProxyType(
    {
        "not-the-asked-subnet": "The page shows another subnet than the one asked for.",
        "no-table": "The page has its headings and no table.",
        "reordered-columns": "More columns, in another order, headed by td cells in capitals.",
        "several-names": "Several names stand in one cell.",
        "two-addresses": "The first leaf's name stands under two addresses.",
        "two-names": "One address has two rows, with the names of two leafs.",
        "switch-missing": "The leafs are not on the page.",
        "never-seen": "The leafs were never seen.",
        "seen-long-ago": "The leafs were last seen weeks ago.",
        "short-names": "Names stand without their domain.",
        "upper-case-names": "Names are in upper case.",
        "trailing-dot": "Names end with a dot.",
        "page-cut-off": "The page ends in the middle of its table.",
        "empty-body": "200 with an empty body.",
        "login-page": "200 with a login form instead of the page.",
        "login-required": "The web server in front asks for a login (401).",
    }
)

_OPENSTACK: Mapping[str, str] = MappingProxyType(
    {
        "keystone-down": "Keystone answers 503.",
        "keystone-hang": "Keystone takes requests and never answers.",
        "keystone-refused": "Keystone cuts the connection.",
        "wrong-password": "Keystone refuses every login (401).",
        "token-expired": "Nova and Neutron refuse each token once (401); a new one is taken.",
        "wrong-region": "The catalogue lists another region only.",
        "nova-500": "Nova answers 500.",
        "nova-503": "Nova answers 503.",
        "nova-429": "Nova answers 429: too many requests.",
        "nova-refused": "Nova cuts the connection.",
        "neutron-down": "Neutron cuts the connection, so Nova's reads fail and its ip filter lies.",
        "neutron-503": "Neutron answers 503; Nova's reads fail with it.",
        "neutron-hang": "Neutron hangs, and Nova's reads of servers with it.",
        "cell-down": "A cell's database is down: servers without names, hypervisors 500.",
        "compute-hang": "A compute host hangs, and hypervisors' details from 2.88 on with it.",
        "keep-alive-reset": "Each request is cut, and answered when it is asked again.",
        "not-admin": "The user is an ordinary member: all_tenants is 403, no host is shown.",
        "service-down": "The compute services are down: servers still ACTIVE, host_status UNKNOWN.",
        "maintenance": "The compute services are disabled: host_status MAINTENANCE.",
        "duplicate-address": "The first VM's address exists again in another project.",
        "html-answer": "Nova and Neutron answer 200 with a proxy's HTML page.",
        "empty-body": "Nova and Neutron answer 200 with an empty body.",
    }
)
_OPENSTACK_GENERIC: Mapping[str, str] = MappingProxyType(
    {
        "hang": "Nova takes requests and never answers.",
        "slow": "Every answer of Nova takes three seconds.",
    }
)

_OBSERVIUM: Mapping[str, str] = MappingProxyType(
    {
        "login-refused": "The login form is answered with the login form: 200, and no reason.",
        "level-1": "The account may see no device: its event log is empty, as without events.",
        "session-lost": "The session ends in the middle of a look.",
        "sso-redirect": "Every page leads to another host's login.",
        "sso-page": "Every page is the login form of another system.",
        "other-product": "Another product answers at the address.",
        "db-down": "500: DB not connected.",
        "zone-new-york": "Its times are those of New York, which it writes nowhere.",
        "clock-ahead": "Its clock is ten minutes ahead.",
        "date-format": "Its times are written in another form.",
        "filters-ignored": "Every device's events come back, whatever was asked for.",
        "busy": "Hundreds of other events: more than one page.",
        "page-cut-off": "The event log ends in the middle of its table.",
        "ports-forgotten": "The ports of old events are purged: they have no name.",
        "ports-ignored": 'The ports are set to "ignore": a poll logs nothing of them.',
        "added-by-address": "The switches were added by their management addresses.",
        "renamed-devices": "The pages show another text for a switch than its name.",
        "poller-stopped": "Nothing is polled any more.",
        "fadeout": "The switches' SNMP agent shows a port for 300 s after it has gone.",
    }
)


class UnknownFaultError(VipkeeperError):
    """The faults file names a fault that its system does not have."""

    exit_code = ExitCode.USAGE


def list_faults() -> dict[str, dict[str, str]]:
    """Return every fault of every stand-in: ``system -> {name: one sentence}``."""
    return {
        MIMIC: {**_MIMIC, **_GENERIC},
        SUBNET_PAGE: {**_SUBNET_PAGE, **_GENERIC},
        OPENSTACK: {**_OPENSTACK, **_OPENSTACK_GENERIC},
        OBSERVIUM: {**_OBSERVIUM, **_GENERIC},
    }


class Faults:
    """The active faults, read anew each time they are asked for.

    Args:
        path: the JSON file; None or a file that is not there means no faults.
        fixed: further faults in the file's own form; tests may change it.
    """

    def __init__(self, path: Path | None = None, fixed: Mapping[str, object] | None = None) -> None:
        self._path = path
        self._fixed: Mapping[str, object] = {} if fixed is None else fixed

    def active(self, system: str) -> frozenset[str]:
        """Return the names of the active faults of ``system``.

        Raises:
            UnknownFaultError: the file cannot be read, or names a fault that does not exist.
        """
        value = self._read().get(system, [])
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, (list, tuple)):
            raise UnknownFaultError(
                f"the faults of {system} are neither a name nor a list: {value!r}"
            )
        known = list_faults()[system]
        unknown = [name for name in names if name and name not in known]
        if unknown:
            raise UnknownFaultError(
                f"{system} has no fault called {', '.join(map(repr, unknown))}",
                f"known ones: {', '.join(sorted(known))}",
            )
        return frozenset(str(name) for name in names if name)

    def variant(self, default: str) -> str:
        """Return which version of Mimic is imitated now.

        Raises:
            UnknownFaultError: the file cannot be read, or names a variant that does not exist.
        """
        value = self._read().get(VARIANT_KEY) or default
        if not isinstance(value, str) or value not in VARIANTS:
            raise UnknownFaultError(f"Mimic has no variant {value!r}; known: {', '.join(VARIANTS)}")
        return value

    def _read(self) -> dict[str, object]:
        merged: dict[str, object] = dict(self._fixed)
        if self._path is None:
            return merged
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return merged
        try:
            found = json.loads(text) if text.strip() else {}
        except ValueError as error:
            raise UnknownFaultError(f"the faults file {self._path} is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise UnknownFaultError(f"the faults file {self._path} holds no JSON object")
        merged.update(found)
        return merged
