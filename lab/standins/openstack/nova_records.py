"""The records in Nova's answers: servers, hypervisors, services."""

from __future__ import annotations

from dataclasses import dataclass

from lab.standins.openstack.cloud import Cloud, stable_id
from lab.standins.openstack.neutron import port_id
from lab.topology.default import HypervisorSpec, VmSpec

Record = dict[str, object]

CREATED = "2018-03-01T09:00:00Z"
CONTROLLER = "cloudctl01"

_MV_HOST_STATUS = (2, 16)
_MV_EMBEDDED_FLAVOR = (2, 47)
_MV_UUIDS = (2, 53)
_MV_NO_USAGE = (2, 88)
_POWER_STATES = {"ACTIVE": 1, "SHUTOFF": 4, "PAUSED": 3}
_VM_STATES = {"SHUTOFF": "stopped"}


@dataclass(frozen=True)
class View:
    """The caller, the microversion in which a record is made, and the active faults."""

    cloud: Cloud
    version: tuple[int, int]
    admin: bool
    active: frozenset[str]


def short(name: str) -> str:
    """Return the service host of a hypervisor: its name up to the first dot."""
    return name.split(".", 1)[0]


def instance_name(cloud: Cloud, vm: VmSpec) -> str:
    """Return libvirt's name of a server; its number is the server's position in the lab."""
    number = cloud.numbers.get(vm.uuid, len(cloud.numbers) + 1)
    return f"instance-{number:08x}"


def host_status(view: View, vm: VmSpec) -> str:
    """Return what Nova says of a server's compute service."""
    if vm.hypervisor is None:
        return ""
    if "service-down" in view.active:
        return "UNKNOWN"
    return "MAINTENANCE" if "maintenance" in view.active else "UP"


def links(cloud: Cloud, path: str) -> list[dict[str, str]]:
    """Return the self and bookmark links of a resource."""
    base = cloud.endpoints.nova
    root = base.rsplit("/v2.1", 1)[0]
    return [
        {"rel": "self", "href": f"{base}/{path}"},
        {"rel": "bookmark", "href": f"{root}/{path}"},
    ]


def brief_server(cloud: Cloud, vm: VmSpec) -> Record:
    """Return a server in a list without details."""
    return {"id": vm.uuid, "name": vm.name, "links": links(cloud, f"servers/{vm.uuid}")}


def partial_server(cloud: Cloud, vm: VmSpec) -> Record:
    """Return the part of a server's record that Nova has without the server's cell."""
    return {
        "id": vm.uuid,
        "status": "UNKNOWN",
        "tenant_id": vm.project_id,
        "created": CREATED,
        "links": links(cloud, f"servers/{vm.uuid}"),
    }


def server(view: View, vm: VmSpec) -> Record:
    """Return a server with everything that the caller may see of it."""
    cloud = view.cloud
    flavor: Record = {"id": "1", "links": links(cloud, "flavors/1")}
    if view.version >= _MV_EMBEDDED_FLAVOR:
        flavor = {
            "vcpus": 1,
            "ram": 512,
            "disk": 5,
            "ephemeral": 0,
            "swap": 0,
            "original_name": "m1.tiny",
            "extra_specs": {},
        }
    record: Record = {
        "id": vm.uuid,
        "name": vm.name,
        "status": vm.status,
        "tenant_id": vm.project_id,
        "user_id": stable_id("user", vm.project_id),
        "metadata": {},
        "hostId": stable_id("host", f"{vm.project_id}{vm.hypervisor}") if vm.hypervisor else "",
        "image": {"id": stable_id("image", "cirros"), "links": links(cloud, "images/cirros")},
        "flavor": flavor,
        "created": CREATED,
        "updated": CREATED,
        "addresses": _addresses(cloud, vm),
        "accessIPv4": "",
        "accessIPv6": "",
        "links": links(cloud, f"servers/{vm.uuid}"),
        "OS-DCF:diskConfig": "MANUAL",
        "progress": 0,
        "OS-EXT-AZ:availability_zone": "nova" if vm.hypervisor else "",
        "config_drive": "",
        "key_name": None,
        "OS-SRV-USG:launched_at": CREATED if vm.hypervisor else None,
        "OS-SRV-USG:terminated_at": None,
        "security_groups": [{"name": "default"}],
        "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:vm_state": _VM_STATES.get(vm.status, vm.status.lower()),
        "OS-EXT-STS:power_state": _POWER_STATES.get(vm.status, 0),
        "os-extended-volumes:volumes_attached": [],
        "locked": False,
        "locked_reason": None,
        "description": None,
        "tags": [],
        "trusted_image_certificates": None,
        "server_groups": [],
        "OS-EXT-SRV-ATTR:hostname": vm.name,
    }
    if vm.fault:
        record["fault"] = {"code": 500, "created": CREATED, "message": vm.fault}
    if view.admin:
        record.update(
            {
                "OS-EXT-SRV-ATTR:host": short(vm.hypervisor) if vm.hypervisor else None,
                "OS-EXT-SRV-ATTR:hypervisor_hostname": vm.hypervisor,
                "OS-EXT-SRV-ATTR:instance_name": instance_name(cloud, vm),
                "OS-EXT-SRV-ATTR:reservation_id": f"r-{vm.uuid[:8]}",
                "OS-EXT-SRV-ATTR:launch_index": 0,
                "OS-EXT-SRV-ATTR:kernel_id": "",
                "OS-EXT-SRV-ATTR:ramdisk_id": "",
                "OS-EXT-SRV-ATTR:root_device_name": "/dev/vda" if vm.hypervisor else None,
                "OS-EXT-SRV-ATTR:user_data": None,
            }
        )
        if view.version >= _MV_HOST_STATUS:
            record["host_status"] = host_status(view, vm)
    return record


def _addresses(cloud: Cloud, vm: VmSpec) -> Record:
    if vm.address is None:
        return {}
    found = [
        {
            "version": 4,
            "addr": str(vm.address.ip),
            "OS-EXT-IPS:type": "fixed",
            "OS-EXT-IPS-MAC:mac_addr": vm.mac,
        }
    ]
    if vm.floating is not None:
        found.append({**found[0], "addr": str(vm.floating), "OS-EXT-IPS:type": "floating"})
    return {cloud.network_of(vm).network: found}


def interfaces(cloud: Cloud, vm: VmSpec) -> list[Record]:
    """Return the interface attachments of a server."""
    if vm.address is None:
        return []
    spec = cloud.network_of(vm)
    return [
        {
            "port_id": port_id(vm),
            "net_id": spec.network_id,
            "mac_addr": vm.mac,
            "port_state": "ACTIVE",
            "fixed_ips": [{"subnet_id": spec.subnet_id, "ip_address": str(vm.address.ip)}],
            "tag": None,
        }
    ]


def hypervisor(view: View, host: HypervisorSpec, *, details: bool, with_servers: bool) -> Record:
    """Return a hypervisor; its servers are listed by libvirt's names, not by the display names."""
    cloud = view.cloud
    active = cloud.active
    uuids = view.version >= _MV_UUIDS
    number = cloud.topology.hypervisors.index(host) + 1
    record: Record = {
        "id": stable_id("hypervisor", host.name) if uuids else number,
        "hypervisor_hostname": host.name,
        "state": "down" if "service-down" in active else "up",
        "status": "disabled" if "maintenance" in active else "enabled",
    }
    if details:
        record["hypervisor_type"] = "QEMU"
        record["hypervisor_version"] = 7002000
        record["host_ip"] = str(host.address)
        record["service"] = {
            "id": stable_id("service", host.name) if uuids else number,
            "host": short(host.name),
            "disabled_reason": "rehearsal" if "maintenance" in active else None,
        }
        if view.version >= _MV_NO_USAGE:
            record["uptime"] = None
        else:
            running = [vm for vm in cloud.servers() if vm.hypervisor == host.name]
            record.update(
                vcpus=16, vcpus_used=len(running), memory_mb=65536, memory_mb_used=4096,
                local_gb=900, local_gb_used=50, free_ram_mb=61440, free_disk_gb=850,
                disk_available_least=850, current_workload=0, running_vms=len(running),
                cpu_info={},
            )  # fmt: skip
    if with_servers and uuids:
        record["servers"] = [
            {"uuid": vm.uuid, "name": instance_name(cloud, vm)}
            for vm in cloud.servers()
            if vm.hypervisor == host.name
        ]
    return record


def services(view: View) -> list[Record]:
    """Return every service of Nova."""
    cloud = view.cloud
    active = cloud.active
    rows = [("nova-conductor", CONTROLLER), ("nova-scheduler", CONTROLLER)]
    rows += [("nova-compute", short(host.name)) for host in cloud.topology.hypervisors]
    found: list[Record] = []
    for binary, host in rows:
        compute = binary == "nova-compute"
        if compute and "cell-down" in active:
            found.append({"binary": binary, "host": host, "status": "UNKNOWN"})
            continue
        disabled = compute and "maintenance" in active
        found.append(
            {
                "id": stable_id("service", f"{binary}/{host}"),
                "binary": binary,
                "host": host,
                "zone": "nova" if compute else "internal",
                "status": "disabled" if disabled else "enabled",
                "state": "down" if compute and "service-down" in active else "up",
                "updated_at": "2018-03-11T09:00:00.000000",
                "disabled_reason": "rehearsal" if disabled else None,
                "forced_down": False,
            }
        )
    return found
