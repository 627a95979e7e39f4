"""Lists as Nova and Neutron give them, without the SDK's objects.

The SDK needs 5 to 10 ms of CPU for each of its objects: half a minute for 2,500 VMs with their
ports. Single records and short lists are left to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Server:
    """The part of Nova's record of a server that is used, under the SDK's names."""

    id: str
    name: str
    project_id: str
    status: str
    hypervisor_hostname: str
    host_status: str | None
    addresses: Mapping[str, Sequence[Mapping[str, Any]]]
    fault: Mapping[str, Any]

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Server:
        """Return the server of a record; a partial record gives empty texts."""
        return cls(
            id=str(record.get("id") or ""),
            name=str(record.get("name") or ""),
            project_id=str(record.get("tenant_id") or ""),
            status=str(record.get("status") or ""),
            hypervisor_hostname=str(record.get("OS-EXT-SRV-ATTR:hypervisor_hostname") or ""),
            host_status=record.get("host_status"),
            addresses=record.get("addresses") or {},
            fault=record.get("fault") or {},
        )


@dataclass(frozen=True)
class Port:
    """The part of Neutron's record of a port that is used, under the SDK's names."""

    id: str
    device_id: str
    mac_address: str
    fixed_ips: Sequence[Mapping[str, str]]

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Port:
        """Return the port of a record."""
        return cls(
            id=str(record["id"]),
            device_id=str(record.get("device_id") or ""),
            mac_address=str(record.get("mac_address") or ""),
            fixed_ips=record.get("fixed_ips") or (),
        )


def records(
    service: Any,  # noqa: ANN401  # the SDK's proxy of a service
    name: str,
    params: Mapping[str, Any],
    *,
    path: str = "",
    **options: Any,  # noqa: ANN401  # of keystoneauth's requests, such as the microversion
) -> Iterator[Mapping[str, Any]]:
    """Yield the records of a list, page after page.

    Args:
        service: whom to ask.
        name: the list's name in the answer (``servers``).
        params: the query; a value may be a list.
        path: where the list is; ``/servers`` for ``servers`` unless it is given.
        options: further options of each request.

    Raises:
        SDKException: the service answers with an error; as of the SDK's own lists.
    """
    from openstack.exceptions import raise_from_response  # noqa: PLC0415  # slow to import

    query: Mapping[str, Any] | None = params
    while query is not None:
        response = service.get(
            path or f"/{name}", params=query, headers={"Accept": "application/json"}, **options
        )
        raise_from_response(response)
        body = response.json()
        yield from body[name]
        # The link's host may be one behind a proxy: only its query is taken.
        links = (link["href"] for link in body.get(f"{name}_links") or () if link["rel"] == "next")
        after = {
            key: values for link in links for key, values in parse_qs(urlsplit(link).query).items()
        }
        query = after if body[name] and after and after != query else None
