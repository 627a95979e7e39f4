"""A stand-in for Mimic, the site's dashboard, which knows the switch of each hypervisor."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from flask import Flask, Response, request

from lab.standins.behaviour import HTML, app_for, empty_500, generic, hang
from lab.standins.faults import MIMIC, Faults
from lab.standins.mimic import drawing, pages
from lab.standins.mimic.magdb import SystemRecord, records
from lab.topology.default import Topology

SVG = "image/svg+xml"
NETBOX_URL = "https://netbox.example.internal"

_PROXY_PAGE = "<!DOCTYPE html>\n<html><head><title>Please wait</title></head><body></body></html>\n"
_HOME = """<!DOCTYPE html>
<html>
<head><title>Mimic</title></head>
<body><ul class='menu-section'><li id='cloud-openstack' class='tab'>OpenStack</li></ul></body>
</html>
"""


def create_mimic(topology: Topology, faults: Faults, variant: str = "v2018") -> Flask:
    """Return a WSGI application that answers as Mimic does.

    Args:
        topology: the lab; all content comes from it.
        faults: the active faults; they may also choose another variant.
        variant: the version of Mimic that is imitated: v2018, v2022, head or headraw.
    """
    mimic = _Mimic(topology, faults, variant)
    app = app_for("mimic", mimic.before)
    app.add_url_rule("/", view_func=mimic.home)
    app.add_url_rule("/views/view-cloud-openstack.php", view_func=mimic.openstack)
    app.add_url_rule("/views/view-cloud-opennebula.php", view_func=mimic.opennebula)
    app.add_url_rule("/node.php", view_func=mimic.node)
    app.add_url_rule("/components/magdb-draw-interfaces.php", view_func=mimic.magdb_drawing)
    app.add_url_rule("/components/netbox-draw-interfaces.php", view_func=mimic.netbox_drawing)
    app.add_url_rule("/components/api-notes.php", view_func=mimic.notes)
    return app


@dataclass
class _Mimic:
    """The handlers of one Mimic."""

    topology: Topology
    faults: Faults
    default_variant: str
    saved_notes: dict[str, str] = field(default_factory=dict)

    @property
    def active(self) -> frozenset[str]:
        return self.faults.active(MIMIC)

    @property
    def variant(self) -> str:
        return self.faults.variant(self.default_variant)

    @property
    def php8(self) -> bool:
        return self.variant == "headraw" or "php8" in self.active

    def before(self) -> Response | None:
        active = self.active
        answer = generic(self.faults, MIMIC, active)
        if answer is not None:
            return answer
        if "login-required" in active:
            page = "<!DOCTYPE HTML>\n<title>401 Unauthorized</title>\n<h1>Unauthorized</h1>\n"
            response = Response(page, 401, content_type="text/html; charset=iso-8859-1")
            response.headers["WWW-Authenticate"] = 'Basic realm="Mimic"'
            return response
        if "html-instead" in active:
            return Response(_PROXY_PAGE, content_type=HTML)
        return None

    def home(self) -> Response:
        return Response(_HOME, content_type=HTML)

    def openstack(self) -> Response:
        return self._view(opennebula=False)

    def opennebula(self) -> Response:
        if self.variant != "v2018":
            return Response("File not found.\n", 404, content_type=HTML)
        return self._view(opennebula=True)

    def _view(self, *, opennebula: bool) -> Response:
        active, variant = self.active, self.variant
        if "list-hangs" in active:
            return hang(self.faults, MIMIC, "list-hangs")
        name = "opennebula" if opennebula else "openstack"
        file = f"views/view-cloud-{name}.php"
        shown = "display-errors" in active
        if variant == "headraw" or (self.php8 and active & {"aquilon-down", "mysql-down"}):
            if shown:
                body = pages.fatal("Uncaught Error", file, 12)
                return Response(body, content_type=HTML)
            return empty_500()
        body = pages.php_json(pages.view(self.topology, variant, active, opennebula=opennebula))
        if "json-cut-off" in active:
            body = body[: len(body) * 2 // 3]
        if shown:
            body = pages.warning("Undefined variable: results", file, 37) + body
        return Response(body, content_type="application/json")

    def _records(self) -> list[SystemRecord]:
        return records(self.topology, self.active, date.today())  # noqa: DTZ011 - the site's day

    def node(self) -> Response:
        active, php8 = self.active, self.php8
        if php8 and "mysql-down" in active:
            return empty_500()
        asked = request.args.get("n")
        name = "Unknown" if asked is None else pages.node_filter(asked)
        record = next(
            (
                record
                for record in self._records()
                if any(row.fqdn.lower() == name.lower() for row in record.addresses)
            ),
            None,
        )
        page = pages.PageRequest(
            node=name,
            variant=self.variant,
            php8=php8,
            agent=request.headers.get("User-Agent"),
            faults=active,
            record=record,
        )
        return Response(pages.host_page(page), content_type=HTML)

    def magdb_drawing(self) -> Response:
        active, variant = self.active, self.variant
        file = "components/magdb-draw-interfaces.php"
        if "postgres-down" in active:
            return self._died(f"{pages.UNABLE}", "inc/db-magdb-open.inc.php")
        if "oui-missing" in active or (self.php8 and "links-table-missing" in active):
            return self._died("Uncaught TypeError: foreach() argument is of type bool", file)
        system = _digits(request.args.get("system", ""))
        record = next((r for r in self._records() if r.system_id == system), None)
        if not system:
            return self._drawing(drawing.digraph([drawing.NO_SYSTEM]))
        if record is None:
            return self._drawing(drawing.digraph([drawing.NO_INTERFACES]))
        source = drawing.magdb_source(record, port_ids_with_name=variant != "v2018")
        older = variant in ("v2018", "v2022")
        return self._drawing(source, unflatten=older and drawing.needs_unflatten(record))

    def netbox_drawing(self) -> Response:
        active, variant = self.active, self.variant
        file = "components/netbox-draw-interfaces.php"
        if variant in ("v2018", "v2022"):
            return Response("File not found.\n", 404, content_type=HTML)
        if variant == "headraw":
            return self._died(
                "Uncaught Error: Call to undefined method netbox::netbox_search", file
            )
        if "postgres-down" in active:
            return self._died(pages.UNABLE, "inc/db-magdb-open.inc.php")
        number = _digits(request.args.get("netbox_id", ""))
        known = self._records()
        record = next((r for r in known if r.netbox_id == number), None)
        if not number:
            return self._drawing(drawing.digraph([drawing.NO_SYSTEM]))
        refused = "netbox-refused" in active
        if record is None or refused or "netbox-down" in active:
            front = b""
            if refused:
                front = b"Curl error: Failed to connect to netbox port 443: Connection refused"
            return self._drawing(drawing.digraph([drawing.NO_INTERFACES]), front=front)
        devices = {r.name: r.netbox_id for r in known}
        cabled = "netbox-uncabled" not in active
        return self._drawing(drawing.netbox_source(record, devices, NETBOX_URL, cabled=cabled))

    def _died(self, message: str, file: str) -> Response:
        """Return a fatal error: 500 and no body, or its text with 200 if errors are displayed."""
        if "display-errors" in self.active:
            return Response(pages.fatal(message, file, 9), content_type=HTML)
        return empty_500()

    def _drawing(self, source: str, *, unflatten: bool = False, front: bytes = b"") -> Response:
        active = self.active
        svg = drawing.render(source, unflatten=unflatten)
        if svg is None or "graphviz-empty" in active:
            return Response(b"", content_type=HTML)
        if "svg-cut-off" in active:
            svg = svg[: len(svg) * 2 // 3]
        return Response(front + svg, content_type=SVG)

    def notes(self) -> Response:
        """Return the notes on a host; as in Mimic, a ``note`` parameter writes even by GET."""
        node = request.args.get("node", "")
        note = request.args.get("note")
        if note is not None:
            self.saved_notes[node] = note
        body = pages.php_json({"note": self.saved_notes.get(node, "")})
        return Response(body, content_type=HTML)


def _digits(text: str) -> int:
    """Return the digits that PHP's number filter picks out of a value; 0 when there are none."""
    digits = "".join(re.findall(r"[0-9]", text))
    return int(digits) if digits else 0
