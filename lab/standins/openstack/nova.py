"""A stand-in of Nova: servers, hypervisors and services, to be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from flask import Flask, Response, g, request

from lab.standins.behaviour import app_for, hang
from lab.standins.faults import OPENSTACK
from lab.standins.openstack import nova_records as make
from lab.standins.openstack.cloud import Cloud, Token, error, instead, proxy_answer, unauthorized
from lab.topology.default import VmSpec

_Answer = Response | tuple[Mapping[str, object], int]

MAX_VERSION = (2, 93)
_MIN_VERSION = (2, 1)
_MV_PARTIAL = (2, 69)
_MV_UPTIME = (2, 88)
_PAGE = 1000
_TRUE = frozenset({"1", "true", "t", "yes", "on"})
_UNEXPECTED = (
    "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the "
    "Nova API log if possible.\n<class '{kind}'>"
)
_CONNECT_FAILURE = "keystoneauth1.exceptions.connection.ConnectFailure"
_CELL_FAILURE = "nova.exception.NovaException"
_DATABASE_FAILURE = "oslo_db.exception.DBConnectionError"
_DISCOVERY = frozenset({"/", "/v2.1", "/v2.1/"})


class _RefusedError(Exception):
    """A request that Nova turns down, with its answer."""

    def __init__(self, kind: str, code: int, message: str) -> None:
        super().__init__(message)
        self.answer = error(kind, code, message)


def create_nova(cloud: Cloud) -> Flask:
    """Return the WSGI application of Nova; its path prefix is ``/v2.1``."""
    nova = _Nova(cloud)
    app = app_for("nova", nova.before)
    app.after_request(_name_version)
    app.register_error_handler(_RefusedError, _refused)
    app.add_url_rule("/", view_func=nova.versions)
    app.add_url_rule("/v2.1", view_func=nova.version)
    app.add_url_rule("/v2.1/", view_func=nova.version, endpoint="version_slash")
    app.add_url_rule("/v2.1/servers", view_func=nova.brief_servers)
    app.add_url_rule("/v2.1/servers/detail", view_func=nova.detailed_servers)
    app.add_url_rule("/v2.1/servers/<server_id>", view_func=nova.server)
    app.add_url_rule("/v2.1/servers/<server_id>/os-interface", view_func=nova.interfaces)
    app.add_url_rule("/v2.1/servers/<server_id>/ips", view_func=nova.addresses)
    app.add_url_rule("/v2.1/os-hypervisors", view_func=nova.hypervisors)
    app.add_url_rule("/v2.1/os-hypervisors/detail", view_func=nova.detailed_hypervisors)
    app.add_url_rule("/v2.1/os-hypervisors/<hypervisor_id>", view_func=nova.hypervisor)
    app.add_url_rule("/v2.1/os-services", view_func=nova.services)
    return app


def _refused(refused: _RefusedError) -> _Answer:
    return refused.answer


def _name_version(response: Response) -> Response:
    version = g.get("version")
    if version is not None:
        text = f"{version[0]}.{version[1]}"
        response.headers["OpenStack-API-Version"] = f"compute {text}"
        response.headers["X-OpenStack-Nova-API-Version"] = text
        response.headers["Vary"] = "OpenStack-API-Version, X-OpenStack-Nova-API-Version"
    return response


def _asked_version() -> tuple[int, int]:
    text = request.headers.get("OpenStack-API-Version", "").removeprefix("compute").strip()
    text = text or request.headers.get("X-OpenStack-Nova-API-Version", "") or "2.1"
    if text == "latest":
        return MAX_VERSION
    found = re.fullmatch(r"(\d+)\.(\d+)", text)
    if found is None:
        message = (
            f"API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum."
        )
        raise _RefusedError("badRequest", 400, message)
    version = (int(found[1]), int(found[2]))
    if not _MIN_VERSION <= version <= MAX_VERSION:
        message = f"Version {text} is not supported by the API. Minimum is 2.1 and maximum is 2.93."
        raise _RefusedError("computeFault", 406, message)
    return version


class _Nova:
    """The handlers of Nova."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def before(self) -> Response | None:
        answer = instead(self.cloud, slow=True, hangs=("hang",), cut=("nova-refused",))
        if answer is not None or request.path in _DISCOVERY:
            return answer
        active = self.cloud.active
        if "nova-500" in active:
            return Response(
                '{"computeFault": {"code": 500, "message": "Unexpected API Error."}}',
                500,
                content_type="application/json; charset=UTF-8",
            )
        if "nova-503" in active:
            return Response("<h1>503 Service Unavailable</h1>\n", 503, content_type="text/html")
        if "nova-429" in active:
            return Response(
                '{"overLimit": {"code": 429, "message": "Too many requests", "retryAfter": 60}}',
                429,
                content_type="application/json",
                headers={"Retry-After": "60"},
            )
        return proxy_answer(active)

    def _version(self) -> dict[str, object]:
        return {
            "id": "v2.1",
            "status": "CURRENT",
            "version": "2.93",
            "min_version": "2.1",
            "updated": "2013-07-23T11:33:21Z",
            "links": [{"rel": "self", "href": f"{self.cloud.endpoints.nova}/"}],
        }

    def versions(self) -> _Answer:
        return {"versions": [self._version()]}, 200

    def version(self) -> _Answer:
        return {"version": self._version()}, 200

    def _view(self) -> tuple[make.View, Token]:
        token = self.cloud.caller()
        if token is None:
            raise _UnauthorizedError
        g.version = _asked_version()
        admin = self.cloud.is_admin(token)
        return make.View(self.cloud, g.version, admin, self.cloud.active), token

    def _check_neutron(self) -> None:
        """Fail as Nova does when Neutron, which Nova asks about servers, is down."""
        active = self.cloud.active
        if "neutron-hang" in active:
            hang(self.cloud.faults, OPENSTACK, "neutron-hang")
        if active & {"neutron-down", "neutron-503", "neutron-hang"}:
            message = _UNEXPECTED.format(kind=_CONNECT_FAILURE)
            raise _RefusedError("computeFault", 500, message)

    def brief_servers(self) -> _Answer:
        view, token = self._view()
        found = self._select(view, token, "index")
        if "cell-down" in self.cloud.active:
            rows = [make.partial_server(self.cloud, vm) for vm in found]
        else:
            rows = [make.brief_server(self.cloud, vm) for vm in found]
        return self._page(rows)

    def detailed_servers(self) -> _Answer:
        view, token = self._view()
        found = self._select(view, token, "detail")
        if "cell-down" in self.cloud.active:
            return self._page([make.partial_server(self.cloud, vm) for vm in found])
        if found:
            self._check_neutron()
        return self._page([make.server(view, vm) for vm in found])

    def _select(self, view: make.View, token: Token, policy: str) -> list[VmSpec]:
        """Return the servers that the request's filters leave, newest first."""
        args = request.args
        everywhere = args.get("all_tenants", "").lower() in _TRUE
        if everywhere and not view.admin:
            message = (
                f"Policy doesn't allow os_compute_api:servers:{policy}:get_all_tenants"
                " to be performed."
            )
            raise _RefusedError("forbidden", 403, message)
        if args.get("deleted", "").lower() in _TRUE:
            return []
        found = self.cloud.servers()[::-1]
        if not everywhere:
            found = [vm for vm in found if vm.project_id == token.project.id]
        for key, text in args.items():
            found = _narrowed(found, key, text, admin=view.admin)
        wanted = args.get("uuid") or args.get("id")
        if "ip" in args:
            # With Neutron's substring filter an id is joined to the address's servers.
            hits = self._uuids_with(args["ip"])
            if wanted:
                hits.add(wanted.lower())
            return [vm for vm in found if vm.uuid in hits]
        if wanted:
            return [vm for vm in found if vm.uuid == wanted.lower()]
        unanswered = set(args) - {"all_tenants", "limit", "marker", "sort_key", "sort_dir"}
        if "cell-down" in self.cloud.active and unanswered:
            return []  # a filter needs what only the cell's database knows
        return found

    def _uuids_with(self, text: str) -> set[str]:
        _regex("ip", text)
        active = self.cloud.active
        if active & {"neutron-down", "neutron-503"}:
            return set()  # Nova swallows the failure
        plain = text.replace("\\", "")
        return {
            vm.uuid for vm in self.cloud.servers() if vm.address and plain in str(vm.address.ip)
        }

    def _page(self, rows: list[make.Record]) -> _Answer:
        args = request.args
        text = args.get("limit", str(_PAGE))
        if not text.isdigit():
            message = f"Invalid input for query parameters limit. Value: {text}."
            raise _RefusedError("badRequest", 400, message)
        marker = args.get("marker")
        start = 0
        if marker is not None:
            places = [place for place, row in enumerate(rows) if row["id"] == marker]
            if not places:
                raise _RefusedError("badRequest", 400, f"marker [{marker}] not found")
            start = places[0] + 1
        size = min(int(text), _PAGE)
        page = rows[start : start + size]
        body: dict[str, object] = {"servers": page}
        # Nova gives a next link whenever a page is full, even when nothing follows.
        if page and len(page) == size:
            kept = [(key, value) for key, value in args.items(multi=True) if key != "marker"]
            query = urlencode([*kept, ("marker", str(page[-1]["id"]))])
            root = self.cloud.endpoints.nova
            path = request.path.removeprefix("/v2.1")
            body["servers_links"] = [{"rel": "next", "href": f"{root}{path}?{query}"}]
        return body, 200

    def _one(self, server_id: str) -> tuple[make.View, VmSpec]:
        view, token = self._view()
        for vm in self.cloud.servers():
            mine = view.admin or vm.project_id == token.project.id
            if vm.uuid == server_id.lower() and mine:
                return view, vm
        message = f"Instance {server_id} could not be found."
        raise _RefusedError("itemNotFound", 404, message)

    def server(self, server_id: str) -> _Answer:
        view, vm = self._one(server_id)
        if "cell-down" in self.cloud.active:
            if view.version < _MV_PARTIAL:
                message = _UNEXPECTED.format(kind=_CELL_FAILURE)
                raise _RefusedError("computeFault", 500, message)
            return {"server": make.partial_server(self.cloud, vm)}, 200
        self._check_neutron()
        return {"server": make.server(view, vm)}, 200

    def interfaces(self, server_id: str) -> _Answer:
        _, vm = self._one(server_id)
        self._check_neutron()
        return {"interfaceAttachments": make.interfaces(self.cloud, vm)}, 200

    def addresses(self, server_id: str) -> _Answer:
        view, vm = self._one(server_id)
        return {"addresses": make.server(view, vm)["addresses"]}, 200

    def _admin_view(self, policy: str) -> make.View:
        view, _ = self._view()
        if not view.admin:
            message = f"Policy doesn't allow os_compute_api:{policy} to be performed."
            raise _RefusedError("forbidden", 403, message)
        if "cell-down" in self.cloud.active and policy.startswith("os-hypervisors"):
            message = _UNEXPECTED.format(kind=_DATABASE_FAILURE)
            raise _RefusedError("computeFault", 500, message)
        return view

    def hypervisors(self) -> _Answer:
        return self._hypervisors("list", details=False)

    def detailed_hypervisors(self) -> _Answer:
        return self._hypervisors("list-detail", details=True)

    def _hypervisors(self, policy: str, *, details: bool) -> _Answer:
        view = self._admin_view(f"os-hypervisors:{policy}")
        if details and view.version >= _MV_UPTIME and "compute-hang" in self.cloud.active:
            # From here on Nova asks each host that is up for its uptime, one after the other.
            hang(self.cloud.faults, OPENSTACK, "compute-hang")
        with_servers = request.args.get("with_servers", "").lower() in _TRUE
        hosts = list(self.cloud.topology.hypervisors)
        pattern = request.args.get("hypervisor_hostname_pattern")
        if pattern is not None:
            if not pattern.strip("%"):
                message = f"Invalid input for query parameters. Value: {pattern}."
                raise _RefusedError("badRequest", 400, message)
            like = re.compile(
                re.escape(pattern).replace("_", ".").replace("%", ".*"), re.IGNORECASE
            )
            hosts = [host for host in hosts if like.search(host.name)]
            if not hosts:
                message = f"No hypervisor matching '{pattern}' could be found."
                raise _RefusedError("itemNotFound", 404, message)
        rows = [
            make.hypervisor(view, host, details=details, with_servers=with_servers)
            for host in hosts
        ]
        return {"hypervisors": rows}, 200

    def hypervisor(self, hypervisor_id: str) -> _Answer:
        view = self._admin_view("os-hypervisors:show")
        with_servers = request.args.get("with_servers", "").lower() in _TRUE
        for host in self.cloud.topology.hypervisors:
            row = make.hypervisor(view, host, details=True, with_servers=with_servers)
            if str(row["id"]) == hypervisor_id:
                return {"hypervisor": row}, 200
        if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", hypervisor_id):
            message = f"Hypervisor with ID '{hypervisor_id}' could not be found."
            raise _RefusedError("itemNotFound", 404, message)
        raise _RefusedError("badRequest", 400, f"Invalid uuid {hypervisor_id}")

    def services(self) -> _Answer:
        view = self._admin_view("os-services:list")
        rows = make.services(view)
        for key in ("binary", "host"):
            wanted = request.args.get(key)
            if wanted is not None:
                rows = [row for row in rows if row[key] == wanted]
        return {"services": rows}, 200


class _UnauthorizedError(_RefusedError):
    """The token is missing, wrong or has expired."""

    def __init__(self) -> None:
        super().__init__("unauthorized", 401, "")
        self.answer = unauthorized()


def _regex(key: str, text: str) -> re.Pattern[str]:
    """Return the pattern that Nova hands to its database; ``|`` is escaped on the way."""
    message = f"Invalid input for query parameters {key}. Value: {text}. '{text}' is not a 'regex'"
    if not text:
        raise _RefusedError("badRequest", 400, message)
    try:
        return re.compile(text.replace("|", "\\|"), re.IGNORECASE)
    except re.error as wrong:
        raise _RefusedError("badRequest", 400, message) from wrong


def _narrowed(found: list[VmSpec], key: str, text: str, *, admin: bool) -> list[VmSpec]:
    """Return the servers that one filter leaves; an unknown filter leaves all."""
    if key in ("name", "hostname"):
        pattern = _regex(key, text)
        return [vm for vm in found if pattern.search(vm.name)]
    if key == "node" and admin:
        pattern = _regex(key, text)
        return [vm for vm in found if vm.hypervisor and pattern.search(vm.hypervisor)]
    keep: dict[str, Callable[[VmSpec], bool]] = {
        "status": lambda vm: vm.status == text.upper(),
        "project_id": lambda vm: vm.project_id == text,
        "tenant_id": lambda vm: vm.project_id == text,
        "access_ip_v4": lambda _vm: False,
    }
    # As an ordinary member host and node are ignored, and all own servers come back.
    if admin:
        keep["host"] = lambda vm: bool(
            vm.hypervisor and make.short(vm.hypervisor).lower() == text.lower()
        )
    return [vm for vm in found if key not in keep or keep[key](vm)]
