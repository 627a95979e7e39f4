from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from openstack.exceptions import HttpException

from inventory.sources.openstack.records import Port, Server, records


class Pages:
    """A service with a list of two pages, whose links name a host that nobody can reach."""

    def __init__(self, *pages: list[dict[str, Any]], same: bool = False) -> None:
        self.pages = list(pages)
        self.asked: list[tuple[str, Any]] = []
        self._same = same

    def get(self, path: str, *, params: Any, headers: Any, **options: Any) -> SimpleNamespace:
        assert headers == {"Accept": "application/json"}
        assert options == {"microversion": "2.93"}
        self.asked.append((path, params))
        marker = "same" if self._same else len(self.asked)
        body: dict[str, Any] = {"servers": self.pages.pop(0)}
        if self.pages:
            href = f"http://inside:8774/v2.1/servers/detail?host=hv50&marker={marker}"
            body["servers_links"] = [{"rel": "next", "href": href}]
        return SimpleNamespace(status_code=200, json=lambda: body)


def ids(service: Pages) -> list[str]:
    listed = records(
        service, "servers", {"host": "hv50"}, path="/servers/detail", microversion="2.93"
    )
    return [record["id"] for record in listed]


def test_pages_are_followed_by_their_query_alone() -> None:
    service = Pages([{"id": "a"}, {"id": "b"}], [{"id": "c"}])
    assert ids(service) == ["a", "b", "c"]
    assert service.asked == [
        ("/servers/detail", {"host": "hv50"}),
        ("/servers/detail", {"host": ["hv50"], "marker": ["1"]}),
    ]


def test_a_list_ends_with_an_empty_page_and_never_turns_in_a_circle() -> None:
    assert ids(Pages([{"id": "a"}], [], [{"id": "b"}])) == ["a"]
    assert ids(Pages(*[[{"id": "a"}]] * 9, same=True)) == ["a", "a"]


def test_an_error_is_one_of_the_sdk() -> None:
    answer = SimpleNamespace(
        status_code=503, headers={}, content=b"", reason="Unavailable", text="", request=None
    )
    service = SimpleNamespace(get=lambda *_, **__: answer)
    with pytest.raises(HttpException) as caught:
        list(records(service, "ports", {}))
    assert caught.value.status_code == 503


def test_partial_records_are_empty_texts() -> None:
    server = Server.of({"id": "a", "status": "UNKNOWN", "tenant_id": "p"})
    assert (server.name, server.hypervisor_hostname, server.host_status) == ("", "", None)
    assert Port.of({"id": "a", "mac_address": None}).mac_address == ""
    with pytest.raises(KeyError):
        Port.of({})
