"""A stand-in of Neutron: ports, floating addresses, networks and subnets, to be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network

from flask import Flask, Response, request

from lab.standins.behaviour import app_for
from lab.standins.openstack.cloud import (
    Cloud,
    Token,
    instead,
    proxy_answer,
    stable_id,
    unauthorized,
)
from lab.topology.cloud import CloudSpec, OverlapSpec
from lab.topology.default import VmSpec

_Record = dict[str, object]
_Answer = Response | tuple[Mapping[str, object], int]

_FLOATING_NETWORK = IPv4Network("130.246.80.0/24")
_CREATED = "2018-03-01T09:00:00Z"
_LONGEST_URL = 8192


def port_id(vm: VmSpec) -> str:
    """Return the id of a server's one port."""
    return stable_id("port", vm.uuid)


def floating_id(address: IPv4Address) -> str:
    """Return the id of a floating address."""
    return stable_id("floatingip", str(address))


def create_neutron(cloud: Cloud) -> Flask:
    """Return the WSGI application of Neutron; its catalogue address has no version."""

    def before() -> Response | None:
        answer = instead(cloud, slow=False, hangs=("neutron-hang",), cut=("neutron-down",))
        if answer is not None:
            return answer
        active = cloud.active
        if len(request.full_path) > _LONGEST_URL:
            return Response("Request-URI Too Long", 414, content_type="text/plain")
        if "neutron-503" in active:
            return Response("<h1>503 Service Unavailable</h1>\n", 503, content_type="text/html")
        discovery = request.path in ("/", "/v2.0", "/v2.0/")
        return None if discovery else proxy_answer(active)

    neutron = _Neutron(cloud)
    app = app_for("neutron", before)
    app.add_url_rule("/", view_func=neutron.versions)
    app.add_url_rule("/v2.0", view_func=neutron.version)
    app.add_url_rule("/v2.0/", view_func=neutron.version, endpoint="version_slash")
    app.add_url_rule("/v2.0/extensions", view_func=neutron.extensions)
    app.add_url_rule("/v2.0/extensions.json", view_func=neutron.extensions, endpoint="ext_json")
    for name in ("ports", "floatingips", "networks", "subnets"):
        app.add_url_rule(f"/v2.0/{name}", name, neutron.lister(name))
        app.add_url_rule(f"/v2.0/{name}/<record_id>", f"{name}_one", neutron.getter(name))
    return app


class _Neutron:
    """The handlers of Neutron."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._makers: Mapping[str, Callable[[Token], list[_Record]]] = {
            "ports": self._ports,
            "floatingips": self._floating,
            "networks": self._networks,
            "subnets": self._subnets,
        }

    def versions(self) -> _Answer:
        href = f"{self.cloud.endpoints.neutron}/v2.0/"
        version = {
            "id": "v2.0",
            "status": "CURRENT",
            "links": [{"rel": "self", "href": href}],
        }
        return {"versions": [version]}, 200

    def version(self) -> _Answer:
        names = ("network", "subnet", "port", "floatingip")
        href = f"{self.cloud.endpoints.neutron}/v2.0"
        resources = [
            {
                "name": name,
                "collection": f"{name}s",
                "links": [{"rel": "self", "href": f"{href}/{name}s"}],
            }
            for name in names
        ]
        return {"resources": resources}, 200

    def extensions(self) -> _Answer:
        names = ("ip-substring-filtering", "fip-port-details", "binding", "router")
        found = [
            {"alias": name, "name": name, "description": "", "updated": _CREATED, "links": []}
            for name in names
        ]
        return {"extensions": found}, 200

    def lister(self, name: str) -> Callable[[], _Answer]:
        """Return the handler of a whole collection."""

        def handler() -> _Answer:
            token = self.cloud.caller()
            if token is None:
                return unauthorized()
            try:
                found = _filtered(self._makers[name](token), _known_attributes(name))
            except ValueError as wrong:
                return _bad_request(str(wrong))
            return {name: found}, 200

        return handler

    def getter(self, name: str) -> Callable[[str], _Answer]:
        """Return the handler of one record."""
        singular = name.removesuffix("s")

        def handler(record_id: str) -> _Answer:
            token = self.cloud.caller()
            if token is None:
                return unauthorized()
            for record in self._makers[name](token):
                if record["id"] == record_id:
                    return {singular: record}, 200
            message = f"{singular.capitalize()} {record_id} could not be found."
            kind = f"{singular.capitalize()}NotFound"
            return {"NeutronError": {"type": kind, "message": message, "detail": ""}}, 404

        return handler

    def _ports(self, token: Token) -> list[_Record]:
        found: list[_Record] = []
        admin = self.cloud.is_admin(token)  # it reads the faults: once, not for each port
        for vm in self.cloud.servers():
            if vm.address is None or not (admin or vm.project_id == token.project.id):
                continue
            spec = self.cloud.network_of(vm)
            record = _port(vm.project_id, spec.network_id)
            record.update(
                id=port_id(vm),
                mac_address=vm.mac,
                device_id=vm.uuid,
                device_owner="compute:nova",
                fixed_ips=[{"subnet_id": spec.subnet_id, "ip_address": str(vm.address.ip)}],
            )
            if admin:
                # Nova's service host, which is the short name.
                record["binding:host_id"] = (vm.hypervisor or "").split(".", 1)[0]
            found.append(record)
        if not admin:
            return found
        for vm in self.cloud.servers():
            if vm.floating is not None:
                record = _port("", stable_id("network", "external"))
                record.update(
                    id=stable_id("port", str(vm.floating)),
                    mac_address="fa:16:3e:f1:0a:01",
                    device_id=floating_id(vm.floating),
                    device_owner="network:floatingip",
                    fixed_ips=[
                        {
                            "subnet_id": stable_id("subnet", "external"),
                            "ip_address": str(vm.floating),
                        }
                    ],
                )
                found.append(record)
        return found

    def _floating(self, token: Token) -> list[_Record]:
        found: list[_Record] = []
        admin = self.cloud.is_admin(token)
        for vm in self.cloud.servers():
            if vm.floating is None or vm.address is None:
                continue
            if not (admin or vm.project_id == token.project.id):
                continue
            found.append(
                {
                    "id": floating_id(vm.floating),
                    "floating_ip_address": str(vm.floating),
                    "fixed_ip_address": str(vm.address.ip),
                    "floating_network_id": stable_id("network", "external"),
                    "router_id": stable_id("router", "external"),
                    "port_id": port_id(vm),
                    "port_details": {
                        "name": "",
                        "network_id": self.cloud.network_of(vm).network_id,
                        "mac_address": vm.mac,
                        "admin_state_up": True,
                        "status": "ACTIVE",
                        "device_id": vm.uuid,
                        "device_owner": "compute:nova",
                    },
                    "status": "ACTIVE",
                    "project_id": vm.project_id,
                    "tenant_id": vm.project_id,
                    "description": "",
                    "created_at": _CREATED,
                    "updated_at": _CREATED,
                    "revision_number": 1,
                    "tags": [],
                }
            )
        return found

    def _networks(self, token: Token) -> list[_Record]:
        topology = self.cloud.topology
        owner = topology.projects[0].id
        admin = self.cloud.is_admin(token)
        found: list[_Record] = []
        cloud, second = topology.cloud, topology.overlap
        rows = [(cloud.network_id, cloud.network, cloud.subnet_id, False, topology.vlan)]
        if second is not None:
            row = (second.network_id, second.network, second.subnet_id, False, second.vlan)
            rows.append(row)
        external_id, external_subnet = (
            stable_id("network", "external"),
            stable_id("subnet", "external"),
        )
        rows.append((external_id, "external", external_subnet, True, topology.vlan))
        for network_id, name, subnet_id, external, vlan in rows:
            record: _Record = {
                "id": network_id,
                "name": name,
                "status": "ACTIVE",
                "admin_state_up": True,
                "shared": True,
                "mtu": 1500,
                "router:external": external,
                "subnets": [subnet_id],
                "project_id": owner,
                "tenant_id": owner,
            }
            if admin:
                record["provider:network_type"] = "vlan"
                record["provider:physical_network"] = "physnet1"
                record["provider:segmentation_id"] = vlan
            found.append(record)
        return found

    def _subnets(self, _token: Token) -> list[_Record]:
        topology = self.cloud.topology
        spec = topology.cloud
        owner = topology.projects[0].id
        external = stable_id("subnet", "external")
        gateway = _FLOATING_NETWORK.network_address + 1
        networks: list[CloudSpec | OverlapSpec] = [spec]
        networks += [topology.overlap] if topology.overlap else []
        rows = (
            *(
                (x.subnet_id, x.subnet, x.network_id, topology.vip.network, topology.vip.ip)
                for x in networks
            ),
            (external, "external", stable_id("network", "external"), _FLOATING_NETWORK, gateway),
        )
        return [
            {
                "id": subnet_id,
                "name": name,
                "network_id": network_id,
                "cidr": str(cidr),
                "gateway_ip": str(gateway_ip),
                "ip_version": 4,
                "enable_dhcp": False,
                "allocation_pools": [],
                "dns_nameservers": [],
                "host_routes": [],
                "project_id": owner,
                "tenant_id": owner,
            }
            for subnet_id, name, network_id, cidr, gateway_ip in rows
        ]


def _port(project_id: str, network_id: str) -> _Record:
    return {
        "id": "",
        "name": "",
        "network_id": network_id,
        "project_id": project_id,
        "tenant_id": project_id,
        "mac_address": "",
        "device_id": "",
        "device_owner": "",
        "fixed_ips": [],
        "status": "ACTIVE",
        "admin_state_up": True,
        "security_groups": [],
        "allowed_address_pairs": [],
        "description": "",
        "created_at": _CREATED,
        "updated_at": _CREATED,
        "revision_number": 1,
        "tags": [],
    }


def _known_attributes(name: str) -> frozenset[str]:
    common = {"id", "name", "status", "project_id", "tenant_id", "description"}
    special = {
        "ports": {
            "network_id", "mac_address", "device_id", "device_owner", "fixed_ips",
            "admin_state_up", "binding:host_id",
        },
        "floatingips": {
            "floating_ip_address", "fixed_ip_address", "floating_network_id", "port_id",
            "router_id",
        },
        "networks": {"router:external", "shared", "admin_state_up"},
        "subnets": {"network_id", "cidr", "gateway_ip", "ip_version"},
    }  # fmt: skip
    return frozenset(common | special[name])


_PAGING = frozenset({"limit", "marker", "fields", "sort_key", "sort_dir", "page_reverse"})


def _filtered(records: list[_Record], known: frozenset[str]) -> list[_Record]:
    """Return the records that the request's filters leave.

    Raises:
        ValueError: with Neutron's own sentence, for a filter it refuses.
    """
    asked = {key: values for key, values in request.args.lists() if key not in _PAGING}
    unknown = [key for key in asked if key not in known]
    if unknown:
        raise ValueError(f"{unknown} is invalid attribute for filtering")
    for key, values in asked.items():
        if key == "fixed_ips":
            records = [record for record in records if _has_fixed(record, values)]
        else:
            wanted = {value.lower() for value in values}
            records = [record for record in records if str(record.get(key, "")).lower() in wanted]
    return records


def _has_fixed(record: _Record, filters: list[str]) -> bool:
    fixed = record["fixed_ips"]
    addresses = fixed if isinstance(fixed, list) else []
    for text in filters:
        key, sign, value = text.partition("=")
        if not sign:
            message = f"Invalid input for operation: '{text}' is not of the form <key>=[value]."
            raise ValueError(message)
        if key == "ip_address_substr":
            matches = any(value in entry["ip_address"] for entry in addresses)
        elif key in ("ip_address", "subnet_id"):
            matches = any(entry[key] == value for entry in addresses)
        else:
            raise ValueError(f"Invalid input for operation: '{key}' is not a fixed_ips filter.")
        if not matches:
            return False
    return True


def _bad_request(message: str) -> _Answer:
    return {"NeutronError": {"type": "HTTPBadRequest", "message": message, "detail": ""}}, 400
