"""How the Mimic client joins list, page and drawings; the answers are the contract's own."""

from __future__ import annotations

import json

import pytest
import responses

from inventory.errors import NoNeighbourError, SourceError, TargetError, UnknownHypervisorError
from inventory.names import same_host
from inventory.settings import MimicSettings
from inventory.sources.mimic.source import MimicSource
from tests.unit.inventory.svg import ETH0, ETH1, HV, P1, P2, SW1, SW3, Svg, link, plain, unknown

URL = "http://mimic.test"
MAGDB = f"{URL}/components/magdb-draw-interfaces.php"
NETBOX = f"{URL}/components/netbox-draw-interfaces.php"
NOT_THERE = "<html><p class='warning'>Host not in magDB.</p></html>"


def host_page(*, magdb: bool = True, netbox: bool = False) -> str:
    parts = "Host not in magDB." if not magdb else ""
    if magdb:
        parts += '<object data="/components/magdb-draw-interfaces.php?system=6453"></object>'
    if netbox:
        parts += (
            '<object data="/components/netbox-draw-interfaces.php?netbox_id=9&is_vm="></object>'
        )
    return f"<html><body>{parts}</body></html>"


def cabled(switch: str = SW3, port: str = "swp1s3") -> bytes:
    svg = Svg().node("interface.7", port, at=(5, 5)).node("interface.1", "eth0", ETH0, "V", "25G")
    return (
        svg.edge("interface.7", "interface.1")
        .cluster("cluster_peer.1", switch, (0, 0, 9, 9))
        .bytes()
    )


class Mimic:
    """A Mimic of fixed answers."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock
        self.names(HV)

    def names(self, *names: str) -> None:
        body = json.dumps({"infrastructure": {"openstack-compute": {"": {n: {} for n in names}}}})
        self.mock.upsert(
            "GET", f"{URL}/views/view-cloud-openstack.php", body, content_type="application/json"
        )

    def page(self, body: str, name: str = HV) -> None:
        match = [responses.matchers.query_param_matcher({"n": name})]
        self.mock.add("GET", f"{URL}/node.php", body, content_type="text/html", match=match)

    def drawing(self, url: str, body: bytes, status: int = 200) -> None:
        self.mock.add("GET", url, body, status=status, content_type="image/svg+xml")


@pytest.fixture
def mimic() -> object:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Mimic(mock)


def source() -> MimicSource:
    return MimicSource(MimicSettings(url=URL, retries=0))


def test_magdb_is_believed_first(mimic: Mimic) -> None:
    mimic.page(host_page(netbox=True))
    mimic.drawing(MAGDB, plain().bytes())
    mimic.drawing(NETBOX, cabled())
    answer = source().uplinks_of(HV)
    assert [(u.switch, u.source) for u in answer.value] == [(SW3, "Mimic/MagDB")]
    assert answer.warning == ""


@pytest.mark.parametrize(("switch", "port"), [(SW1, "swp1s3"), (SW3, "swp9")])
def test_a_disagreement_of_the_drawings_is_told(mimic: Mimic, switch: str, port: str) -> None:
    mimic.page(host_page(netbox=True))
    mimic.drawing(MAGDB, plain().bytes())
    mimic.drawing(NETBOX, cabled(switch, port))
    answer = source().uplinks_of(HV)
    assert answer.value[0].switch == SW3
    assert f"NetBox (recorded) on {switch} {port}" in answer.warning


def test_netbox_stands_in_when_magdb_fails(mimic: Mimic) -> None:
    mimic.page(host_page(netbox=True))
    mimic.drawing(MAGDB, b"", 500)
    mimic.drawing(NETBOX, cabled())
    answer = source().uplinks_of(HV)
    assert [(u.switch, u.observed, u.source) for u in answer.value] == [(SW3, None, "Mimic/NetBox")]
    assert "HTTP 500" in answer.warning


def test_netbox_stands_in_when_magdb_knows_no_neighbour_or_no_host(mimic: Mimic) -> None:
    mimic.page(host_page(netbox=True))
    mimic.drawing(MAGDB, unknown(Svg(), ETH0, "eth0").bytes())
    mimic.drawing(NETBOX, cabled())
    assert source().uplinks_of(HV).value[0].source == "Mimic/NetBox"


def test_netbox_alone(mimic: Mimic) -> None:
    mimic.page(host_page(magdb=False, netbox=True))
    mimic.drawing(NETBOX, cabled())
    answer = source().uplinks_of(HV)
    assert answer.value[0].source == "Mimic/NetBox"
    assert "Host not in magDB." in answer.warning


def test_both_drawings_without_a_cable(mimic: Mimic) -> None:
    mimic.page(host_page(netbox=True))
    mimic.drawing(MAGDB, unknown(Svg(), ETH0, "eth0").bytes())
    mimic.drawing(NETBOX, Svg().node("x", "No Interfaces Found").bytes())
    with pytest.raises(NoNeighbourError, match="Unknown Switch"):
        source().uplinks_of(HV)


def test_an_interface_without_neighbour_beside_one_with_is_told(mimic: Mimic) -> None:
    mimic.page(host_page())
    mimic.drawing(MAGDB, unknown(plain(), ETH1, "eth1").bytes())
    answer = source().uplinks_of(HV)
    assert [u.interface for u in answer.value] == ["eth0"]
    assert "eth1" in answer.warning


def test_the_lists_spelling_then_lower_case(mimic: Mimic) -> None:
    mimic.names(HV.upper())
    mimic.page(NOT_THERE, HV.upper())
    mimic.page(host_page(), HV)
    mimic.drawing(MAGDB, link(Svg(), SW3, "2018-03-11", P1, "swp1", ETH0, "eth0").bytes())
    assert source().uplinks_of("hv50").value[0].hypervisor == HV


def test_no_spelling_is_known(mimic: Mimic) -> None:
    mimic.page(NOT_THERE)
    with pytest.raises(UnknownHypervisorError, match="Host not in magDB"):
        source().uplinks_of("hv50")


def test_a_short_name_of_two_hypervisors(mimic: Mimic) -> None:
    mimic.names("hv50.a.example", "hv50.b.example")
    with pytest.raises(TargetError, match=r"hv50\.a\.example, hv50\.b\.example"):
        source().uplinks_of("hv50")


def test_a_page_cut_off_ends_the_search(mimic: Mimic) -> None:
    mimic.page("<html><p>Host not in magDB.</p>")
    with pytest.raises(SourceError, match="cut off") as caught:
        source().uplinks_of(HV)
    assert not caught.value.sound


def test_names_for_no_host_never_leave(mimic: Mimic) -> None:
    for name in ("a b", "", "-x", "hv50\n", "hv50&note=x"):
        with pytest.raises(TargetError):
            source().uplinks_of(name)
    assert not mimic.mock.calls


def test_nothing_is_ever_written(mimic: Mimic) -> None:
    mimic.page(host_page(netbox=True))
    mimic.drawing(MAGDB, link(plain(), SW1, "2018-03-01", P2, "swp2", ETH1, "eth1").bytes())
    mimic.drawing(NETBOX, cabled())
    source().uplinks_of(HV)
    for call in mimic.mock.calls:
        assert call.request.method == "GET"
        assert "note=" not in str(call.request.url)
        assert "user=" not in str(call.request.url)


def test_the_list_is_not_read_once_for_each_of_a_fleet(
    mimic: Mimic, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = 0

    def counted(one: str, other: str) -> bool:
        nonlocal compared
        compared += 1
        return same_host(one, other)

    for module in ("inventory.sources.host_index", "inventory.sources.mimic.source"):
        monkeypatch.setattr(f"{module}.same_host", counted, raising=False)
    count = 300
    mimic.names(*(f"hv{i:04}.nubes.example.internal" for i in range(count)))
    asked = source()
    for i in range(count):
        with pytest.raises(SourceError):  # no page: only its name is looked up
            asked.uplinks_of(f"hv{i:04}")
    assert compared == count
