"""What the stand-ins cannot be made to say: malformed records, odd settings, hidden secrets."""

from __future__ import annotations

import html
import json
import uuid
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
import requests
from keystoneauth1.exceptions import ConnectFailure
from openstack.exceptions import HttpException, NotFoundException

from inventory.errors import SourceError, TargetError
from inventory.settings import OpenStackSettings
from inventory.sources.openstack.errors import as_source_error
from inventory.sources.openstack.source import OpenStackSource, classify

UUID = "279b720f-6cb0-599f-a137-bb004021a874"


def server(**changes: Any) -> SimpleNamespace:
    values: dict[str, Any] = {
        "id": UUID,
        "name": "vm-a1",
        "project_id": "p",
        "status": "ACTIVE",
        "hypervisor_hostname": "hv50",
        "host_status": "UP",
        "addresses": {},
        "fault": None,
    }
    return SimpleNamespace(**values | changes)


def answer(path: str, calls: dict[str, Any], params: dict[str, Any], **_: Any) -> SimpleNamespace:
    """What Neutron answers when it is asked for a list without the SDK's objects."""
    name = path.removeprefix("/")
    listed = [vars(record) for record in calls[name](**params)]
    return SimpleNamespace(status_code=200, json=lambda: {name: listed})


def source(*servers: SimpleNamespace, **network: Any) -> OpenStackSource:
    """A source over a cloud of these servers; keywords replace neutron's calls."""
    calls: dict[str, Any] = {"ports": lambda **_: [], "ips": lambda **_: []}

    def get_server(_: str) -> SimpleNamespace:
        if not servers:
            raise NotFoundException
        return servers[0]

    compute = SimpleNamespace(
        servers=lambda **_: iter(servers),
        get_server=get_server,
        hypervisors=lambda **_: [SimpleNamespace(name="hv50", service_details={"host": "hv50"})],
        get_endpoint_data=lambda: SimpleNamespace(max_microversion=(2, 93), min_microversion=None),
    )
    calls = {"get": lambda path, **asked: answer(path, calls, **asked)} | calls | network
    connection: Any = SimpleNamespace(compute=compute, network=SimpleNamespace(**calls))
    return OpenStackSource(OpenStackSettings(cloud="x"), connect=lambda: connection)


def test_what_a_text_can_be() -> None:
    assert classify(UUID.upper()) == uuid.UUID(UUID)
    assert classify("2001:DB8::1") == ip_address("2001:db8::1")
    for name in (UUID.replace("-", ""), "130.246.212.010", "10.0.0", "vm a", "Ünïcode", "detail"):
        assert classify(name) == name
    for text in ("", "  ", "a\x00", "a\nb", "\u202evm", "x" * 256):
        with pytest.raises(TargetError):
            classify(text)


@pytest.mark.parametrize(
    "changes", [{"name": None}, {"name": ""}, {"id": None}, {"hypervisor_hostname": "$(x)"}]
)
def test_a_partial_record_is_an_error(changes: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match="partial answer"):
        source(server(**changes)).find_vms(UUID)


@pytest.mark.parametrize(
    "port",
    [
        {"fixed_ips": [{}], "mac_address": "x", "id": "1", "device_id": UUID},
        {
            "fixed_ips": [{"ip_address": "nonsense", "subnet_id": "s"}],
            "mac_address": "x",
            "id": "1",
            "device_id": UUID,
        },
    ],
)
def test_a_malformed_port_is_an_error_and_no_crash(port: dict[str, Any]) -> None:
    found = source(
        server(),
        ports=lambda **_: [SimpleNamespace(**port)],
        get_subnet=lambda _: SimpleNamespace(cidr="130.246.212.0/22"),
    )
    with pytest.raises(SourceError, match="the VM named vm-a1"):
        found.find_vms("vm-a1")


def test_names_are_compared_again() -> None:
    others = [server(name="VM-A1"), server(name="vm-a10"), server(name=None), server()]
    assert len(source(*others).find_vms("vm-a1").value) == 1


def test_a_bar_in_a_name_is_not_in_the_pattern() -> None:
    asked: list[dict[str, Any]] = []
    found = source(server(name="a.b|c"))
    assert found.find_vms("vm-zz").value == ()

    def servers(**filters: Any) -> list[SimpleNamespace]:
        asked.append(filters)
        return [server(name="a.b|c")]

    compute = SimpleNamespace(servers=servers)
    calls: dict[str, Any] = {"ports": lambda **_: [], "ips": lambda **_: []}
    network = SimpleNamespace(get=lambda path, **asked: answer(path, calls, **asked), **calls)
    connection: Any = SimpleNamespace(compute=compute, network=network)
    bar = OpenStackSource(OpenStackSettings(), connect=lambda: connection)
    assert len(bar.find_vms("a.b|c").value) == 1
    assert asked == [{"all_projects": True, "name": r"^a\.b"}]


@pytest.mark.parametrize("owner", ["network:router_interface", "network:dhcp", ""])
def test_an_address_of_another_thing_is_named(owner: str) -> None:
    port = SimpleNamespace(device_owner=owner, device_id="x")
    with pytest.raises(TargetError, match=f"no VM's: it belongs to {owner or 'an unbound port'}"):
        source(ports=lambda **_: [port]).find_vms("10.0.0.1")


def test_a_floating_address_on_nothing() -> None:
    floating = SimpleNamespace(port_id=None, port_details=None)
    with pytest.raises(TargetError, match="attached to nothing"):
        source(ips=lambda **_: [floating]).find_vms("10.0.0.1")


def test_a_port_whose_details_are_hidden_is_looked_up() -> None:
    floating = SimpleNamespace(port_id="p1", port_details=None, floating_ip_address="10.0.0.1")
    port = SimpleNamespace(device_owner="compute:nova", device_id=UUID)
    found = source(
        server(),
        ips=lambda **asked: [floating] if "floating_ip_address" in asked else [],
        get_port=lambda _: port,
    ).find_vms("10.0.0.1")
    assert [vm.id for vm in found.value] == [UUID]


@pytest.mark.parametrize("text", ["clouds: [", "- a", "clouds: {lab: {auth: {username: u}}}"])
def test_settings_of_the_cloud_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text(text)
    settings = OpenStackSettings(cloud="lab", clouds_file=file, timeout=1)
    with pytest.raises(SourceError) as caught:
        OpenStackSource(settings).find_vms("vm-a1")
    assert caught.value.advice


def test_a_secret_that_an_exception_repeats_is_cut_out() -> None:
    exc = ValueError("login of me:hush at http://me:hush@host/ with hush2 failed")
    error = as_source_error(exc, "the VM named x", ("hush",))
    assert "hush" not in str(error)


ODD = """p"$(x)`%s&é'\\n<b>  s"""


@pytest.mark.parametrize(
    "told",
    [
        json.dumps({"password": ODD}),
        json.dumps({"password": ODD}, ensure_ascii=False),
        json.dumps(json.dumps({"password": ODD})),
        repr({"password": ODD}),
        html.escape(ODD),
        f"POST http://host/?password={quote(ODD, safe='')}",
        " ".join(ODD.split()),
        html.escape(json.dumps(ODD)),
    ],
)
def test_a_secret_is_cut_out_however_it_is_spelled(told: str) -> None:
    """A proxy or a debugging Keystone repeats the request that it refuses."""
    error = as_source_error(ValueError(f"bad login {told}"), "the VM named x", (ODD,))
    assert "***" in str(error)
    assert "$(x)" not in str(error)
    assert quote("$(x)") not in str(error)


def test_a_secret_that_is_part_of_an_address_does_not_hide_who_failed() -> None:
    try:
        raise ConnectionRefusedError(111, "Connection refused")
    except OSError as refused:
        inner = requests.ConnectionError(refused)
    exc = ConnectFailure(
        "Unable to establish connection to http://me:hush@hv:5000/v3/auth/tokens: no"
    )
    exc.__cause__ = inner
    error = as_source_error(exc, "the VM named x", ("t",))
    assert str(error) == (
        "OpenStack: it was asked for the VM named x and there was no answer from Keystone at "
        "hv:5000: [Errno 111] Connec***ion refused."
    )


UNEXPECTED = (
    "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the "
    "Nova API log if possible.\n<class '{}'>"
)


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("keystoneauth1.exceptions.connection.ConnectFailure", "Neutron, which it asks"),
        ("neutronclient.common.exceptions.ServiceUnavailable", "Neutron, which it asks"),
        ("oslo_db.exception.DBConnectionError", "A database behind Nova is down"),
        ("nova.exception.NovaException", "A database behind Nova is down"),
        ("oslo_messaging.exceptions.MessagingTimeout", "A compute host, or the message queue"),
        ("AttributeError", "It, or a service behind it, is down"),
    ],
)
def test_what_is_down_behind_nova_is_named_by_the_end_of_its_text(kind: str, advice: str) -> None:
    exc = HttpException("No Server found", http_status=500, details=UNEXPECTED.format(kind))
    error = as_source_error(exc, "the VM named x")
    assert str(error) == f"OpenStack: it was asked for the VM named x and gave HTTP 500: {kind}."
    assert error.advice.removeprefix("Nova works, but ").startswith(advice)


def test_a_long_text_is_not_cut_before_its_cause() -> None:
    exc = HttpException("No Server found", http_status=500, details="x" * 3000 + " oslo_db.Error")
    error = as_source_error(exc, "the VM named x")
    assert str(error).endswith("xxx oslo_db.Error.")
    assert len(str(error)) < 400
    assert "A database behind Nova is down" in error.advice


ROGUE = "fa:16:3e:d4:d5:15"


def port(**values: Any) -> SimpleNamespace:
    return SimpleNamespace(
        **{"mac_address": ROGUE, "device_owner": "compute:nova", "device_id": UUID} | values
    )


def test_whose_a_mac_is_takes_one_request_for_the_ports() -> None:
    asked: list[dict[str, Any]] = []

    def ports(**filters: Any) -> list[SimpleNamespace]:
        asked.append(filters)
        return [port(mac_address=ROGUE.upper())]

    (owner,) = source(server(), ports=ports).owners_of([ROGUE.upper(), ROGUE]).value
    assert asked == [{"mac_address": [ROGUE]}]
    assert (owner.mac, owner.kind) == (ROGUE, "compute:nova")
    assert owner.vm is not None
    assert (owner.vm.id, owner.vm.name, owner.vm.hypervisor) == (UUID, "vm-a1", "hv50")


def test_a_filter_on_macs_that_is_dropped_is_not_believed() -> None:
    found = source(server(), ports=lambda **_: [port(mac_address="fa:16:3e:00:00:99")])
    assert found.owners_of([ROGUE]).value == ()


def test_a_mac_of_no_vm() -> None:
    (owner,) = (
        source(ports=lambda **_: [port(device_owner="network:dhcp")]).owners_of([ROGUE]).value
    )
    assert (owner.kind, owner.vm) == ("network:dhcp", None)


def test_a_port_whose_vm_nova_does_not_have_is_a_partial_answer() -> None:
    with pytest.raises(SourceError, match=f"the port with the MAC {ROGUE} names a VM that Nova"):
        source(ports=lambda **_: [port()]).owners_of([ROGUE])


def test_a_vm_without_a_name_behind_a_mac_is_a_partial_answer() -> None:
    with pytest.raises(SourceError, match=f"partial answer: the record of {UUID} has no name"):
        source(server(name=None), ports=lambda **_: [port()]).owners_of([ROGUE])


@pytest.mark.parametrize("text", ["", "junk", "fa:16:3e:d4:d5:15\n", "fa:16:3e:d4:d5"])
def test_what_is_no_mac_is_not_asked_for(text: str) -> None:
    with pytest.raises(TargetError, match="is not a MAC address"):
        source().owners_of([text])
