"""OpenStack: from a VM's name, id or address to the VM and its hypervisor.

Some calls cannot be trusted. Unknown filters are ignored silently. Nova's ``ip`` filter is a
substring match that finds nothing when Neutron is down. ``find_server`` puts the user's text
unquoted into a URL. So the user's text is classified first: ids go to ``get_server``, addresses to
Neutron's ports, names to an anchored and escaped pattern whose hits are compared again. That
something is missing is believed only after the account has proved that it would see it.
"""

from __future__ import annotations

import re
import threading
import uuid
from datetime import datetime, timezone
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar

from inventory.errors import SourceError, SourceTimeoutError, TargetError
from inventory.model import Answer, MacOwner, VirtualMachine
from inventory.names import IpAddress, is_hostname, is_mac, is_plain, one_line, same_host
from inventory.sources.memory_cache import TimedValue
from inventory.sources.openstack.cloud import Cloud
from inventory.sources.openstack.errors import SYSTEM, as_source_error, failures, not_in_time
from inventory.sources.openstack.macs import owners
from inventory.sources.openstack.segments import segments
from inventory.sources.openstack.subnets import Subnets
from inventory.sources.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openstack.connection import Connection

    from inventory.model import Segment
    from inventory.settings import OpenStackSettings

T = TypeVar("T")
_MAX_NAME = 255
#: Seconds for which the list of hypervisors serves the questions for the VMs on each of them.
_KEEP = 60
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def classify(target: str) -> uuid.UUID | IpAddress | str:
    """Return the kind of a person's text: an id, an address, or else a name.

    >>> classify("130.246.212.10"), classify("vm-a1")
    (IPv4Address('130.246.212.10'), 'vm-a1')

    Raises:
        TargetError: it can be none of these.
    """
    if _UUID.fullmatch(target):
        return uuid.UUID(target)
    try:
        return ip_address(target)
    except ValueError:
        pass
    if not target.strip() or len(target) > _MAX_NAME or not is_plain(target):
        raise TargetError(
            f'"{one_line(target, 80)}" cannot be the name of a VM: it is empty, too long, or '
            "holds control characters."
        )
    return target


class OpenStackSource:
    """The compute source that asks Keystone, Nova and Neutron (a ``ComputeSource``)."""

    system = SYSTEM

    def __init__(
        self,
        settings: OpenStackSettings,
        password: str | None = None,
        connect: Callable[[], Connection] | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Prepare; no question is asked, and the SDK is not imported, before the first call.

        Args:
            settings: the cloud and its time-outs.
            password: the password of the cloud's user, where clouds.yaml and OS_PASSWORD have none.
            connect: another function to open a connection; for tests.
            patience: how long the questions of a run wait for it.
        """
        self._patience = patience or Patience()
        self._settings = settings
        self._password = password
        self._open = connect or self._connect
        self._connection: Connection | None = None
        self._secrets: tuple[str, ...] = (password,) if password else ()
        self._lock = threading.Lock()
        self._subnets = Subnets()
        self._hypervisors = TimedValue(self._list_hypervisors, keep=_KEEP)

    @property
    def location(self) -> str:
        """Return the name of the cloud."""
        where = self._settings.cloud or "OS_* environment"
        return f"{where} ({self._settings.clouds_file})" if self._settings.clouds_file else where

    def find_vms(self, target: str) -> Answer[tuple[VirtualMachine, ...]]:
        """Return every VM whose id, fixed or floating address, or exact name is ``target``.

        Raises:
            TargetError: the text cannot name a VM, or the address belongs to something else.
            SourceError: OpenStack failed, or may have hidden a VM from this account.
        """
        kind = classify(target)
        what = {uuid.UUID: "with the id", str: "named"}.get(type(kind), "with the address")
        return self._ask(f"the VM {what} {target}", lambda cloud: _find(cloud, kind))

    def vms_named(self, name: str) -> Answer[tuple[VirtualMachine, ...]]:
        """Return every VM of exactly this name, even where it looks like an address or an id.

        Raises:
            TargetError: the text cannot name a VM.
            SourceError: OpenStack failed, or may have hidden a VM from this account.
        """
        classify(name)
        return self._ask(f"the VM named {name}", lambda cloud: _find(cloud, name))

    def vms_on(self, hypervisor: str) -> Answer[tuple[VirtualMachine, ...]]:
        """Return the VMs of a hypervisor; empty when it runs none.

        Raises:
            TargetError: Nova has no such hypervisor, or several with that short name.
            SourceError: OpenStack failed.
        """
        if not is_hostname(hypervisor):
            raise TargetError(f'"{one_line(hypervisor, 80)}" cannot be the name of a hypervisor.')
        return self._ask(
            f"the VMs on {hypervisor}",
            lambda cloud: _on(cloud, hypervisor, self._hypervisors.get()),
        )

    def owners_of(self, macs: Sequence[str]) -> Answer[tuple[MacOwner, ...]]:
        """Return the owners of some MACs, as far as OpenStack knows them.

        Raises:
            TargetError: one of them is not a MAC.
            SourceError: OpenStack failed, or may have hidden a port from this account.
        """
        wanted = tuple(dict.fromkeys(mac.lower() for mac in macs))
        for mac in wanted:
            if not is_mac(mac):
                raise TargetError(f'"{one_line(mac, 40)}" is not a MAC address.')
        asked = f"the ports with the MAC {', '.join(wanted)}"
        return self._ask(asked, lambda cloud: owners(cloud, wanted))

    def segments_of(self, vm_id: str) -> Answer[Mapping[str, Segment]]:
        """Return the segment of each fixed address of a VM; one that is not told is left out.

        Raises:
            SourceError: OpenStack failed.
        """
        return self._ask(f"the networks of {vm_id}", lambda cloud: segments(cloud, vm_id))

    def _ask(self, asked: str, question: Callable[[Cloud], T]) -> Answer[T]:
        """Ask one question within the deadline.

        The SDK's time-outs are for each packet; it has no limit for a whole question.
        """
        asked_at = datetime.now(timezone.utc)

        def late(seconds: float, last: str) -> SourceTimeoutError:
            self._connection = None
            return not_in_time(asked, seconds, last)

        found = self._patience.ask(
            "question",
            self._settings.timeout,
            self._settings.deadline,
            lambda: self._answer(asked, question),
            late,
        )
        return Answer(found, SYSTEM, asked_at)

    def _answer(self, asked: str, question: Callable[[Cloud], T]) -> T:
        try:
            connection = self._connected()
            return question(Cloud(connection, asked, self._subnets))
        except (SourceError, TargetError):
            raise
        except failures() as exc:
            raise as_source_error(exc, asked, self._secrets) from None
        except Exception as exc:
            # On malformed answers and settings the SDK raises any exception (KeyError, YAML
            # errors). For the person it is the same: OpenStack gave nothing that can be used.
            raise as_source_error(exc, asked, self._secrets) from exc

    def _list_hypervisors(self) -> list[Any]:
        return self._answer("its hypervisors", lambda cloud: cloud.hypervisors())

    def _connected(self) -> Connection:
        with self._lock:
            connection = self._connection
            if connection is None:
                connection = self._connection = self._open()
            return connection

    def _connect(self) -> Connection:
        from openstack.config import OpenStackConfig  # noqa: PLC0415  # 0.6 s: only when needed
        from openstack.connection import Connection  # noqa: PLC0415

        files = self._settings.clouds_file
        if files is not None and not files.is_file():
            raise SourceError(
                SYSTEM,
                f"the file {files} does not exist or is not a file.",
                "Check openstack.clouds_file in the settings.",
            )
        config = OpenStackConfig(config_files=[str(files)] if files else None, app_name="vipkeeper")
        given: dict[str, Any] = {"auth": {"password": self._password}} if self._password else {}
        region = config.get_one(
            cloud=self._settings.cloud, api_timeout=self._settings.timeout, **given
        )
        auth = region.config.get("auth") or {}
        self._secrets = tuple(
            str(value)
            for key, value in auth.items()
            if value and ("password" in key or "secret" in key or "token" in key)
        )
        connection = Connection(config=region)
        from inventory.sources.openstack.transport import prepare  # noqa: PLC0415 - as above

        for adapter in connection.session.session.adapters.values():
            prepare(adapter)
        return connection


def _find(cloud: Cloud, kind: uuid.UUID | IpAddress | str) -> tuple[VirtualMachine, ...]:
    if isinstance(kind, uuid.UUID):
        server = cloud.server(str(kind))
        servers = [server] if server is not None else []
    elif isinstance(kind, str):
        servers = _named(cloud, kind)
    else:
        servers = _addressed(cloud, kind)
    if not servers:
        cloud.hypervisors()
    vms = cloud.vms(servers, ask_for_floating=True)
    return tuple(sorted(vms, key=lambda vm: (vm.project_id, vm.name, vm.id)))


def _named(cloud: Cloud, name: str) -> list[Any]:
    """Return the servers of exactly this name, in all projects.

    Nova escapes "|" itself, so a pattern with it matches nothing: then the part before it is used.
    """
    first, bar, _ = name.partition("|")
    filters = {"name": f"^{re.escape(first)}" + ("" if bar else "$")} if first else {}
    found = cloud.compute.servers(all_projects=True, **filters)
    return [server for server in found if server.name == name]


def _addressed(cloud: Cloud, address: IpAddress) -> list[Any]:
    ids: dict[str, None] = {}
    others: list[str] = []
    for port in cloud.network.ports(fixed_ips=f"ip_address={address}"):
        owner = str(port.device_owner or "")
        if owner.startswith("compute:") and port.device_id:
            ids.setdefault(port.device_id)
        elif owner != "network:floatingip":
            others.append(owner or "an unbound port")
    for floating in cloud.network.ips(floating_ip_address=str(address)):
        device = _behind(cloud, floating)
        if device:
            ids.setdefault(device)
        else:
            others.append("a floating address that is attached to nothing")
    servers = [server for key in ids if (server := cloud.server(key)) is not None]
    if len(servers) < len(ids):
        raise cloud.partial("a port names a VM that Nova does not have")
    if others and not servers:
        raise TargetError(
            f"{address} is in OpenStack, but no VM's: it belongs to {', '.join(sorted(others))}.",
            "Give the VM's name or id.",
        )
    return servers


def _behind(cloud: Cloud, floating: Any) -> str:  # noqa: ANN401  # the SDK's FloatingIP
    """Return the id of the server that a floating address belongs to; empty when it is free."""
    if not floating.port_id:
        return ""
    details = floating.port_details or {}
    owner, device = details.get("device_owner"), details.get("device_id")
    if not device:
        port = cloud.network.get_port(floating.port_id)
        owner, device = port.device_owner, port.device_id
    return str(device) if device and str(owner or "compute:").startswith("compute:") else ""


def _on(cloud: Cloud, hypervisor: str, known: Sequence[Any]) -> tuple[VirtualMachine, ...]:
    found = [h for h in known if str(h.name).casefold() == hypervisor.casefold()]
    found = found or [h for h in known if same_host(str(h.name), hypervisor)]
    if len(found) != 1:
        names = ", ".join(sorted(str(h.name) for h in found))
        raise TargetError(
            f"OpenStack: several hypervisors are called {hypervisor}: {names}."
            if found
            else f"OpenStack: none of its {len(known)} hypervisors is called {hypervisor}.",
            "Give the full name." if found else "",
        )
    name = str(found[0].name)
    host = (found[0].service_details or {}).get("host")
    if host:
        servers = cloud.servers_on(host=str(host))
    else:
        servers = cloud.servers_on(node=f"^{re.escape(name)}$")
    vms = cloud.vms(servers, ask_for_floating=False)
    there = [vm for vm in vms if vm.hypervisor.casefold() == name.casefold()]
    return tuple(sorted(there, key=lambda vm: (vm.name, vm.project_id, vm.id)))
