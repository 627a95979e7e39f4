"""How the Mimic client joins list, page and drawings; the answers are the contract's own."""

from __future__ import annotations

import json

import pytest
import responses

from inventory.errors import (
    ExitCode,
    NoNeighbourError,
    SourceError,
    TargetError,
    UnknownHypervisorError,
)
from inventory.names import same_host
from inventory.settings import MimicSettings
from inventory.sources.mimic.source import MimicSource
from tests.unit.inventory.svg import ETH0, ETH1, HV, P1, P2, SW1, SW3, Svg, link, plain, unknown

URL = "http://mimic.test"
MAGDB = f"{URL}/components/magdb-draw-interfaces.php"
NETBOX = f"{URL}/components/netbox-draw-interfaces.php"
ONE = "/views/view-cloud-opennebula.php"
NOT_THERE = "<html><p class='warning'>Host not in magDB.</p></html>"


NO_NETBOX = "<html><div id='netbox'>Host not in Netbox.</div>Host not in magDB.</html>"
BROKEN = "<p>Parse error while loading plugin. "


def host_page(*, magdb: bool = True, netbox: bool = False, more: str = "") -> str:
    parts = more + ("Host not in magDB." if not magdb else "")
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
        self.opennebula(404, "File not found.")

    def opennebula(self, status: int, body: str = "", kind: str = "application/json") -> None:
        self.mock.upsert("GET", f"{URL}{ONE}", body, status=status, content_type=kind)

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


def test_not_in_netbox_is_no_proof(mimic: Mimic) -> None:
    mimic.page(NO_NETBOX)
    with pytest.raises(SourceError) as caught:
        source().uplinks_of("hv50")
    assert (caught.value.sound, caught.value.exit_code) == (False, ExitCode.SOURCE)
    for said in ('"Host not in magDB."', '"Host not in Netbox."', HV, "no proof"):
        assert said in str(caught.value)
    assert "NetBox itself" in caught.value.advice


def test_netbox_may_know_what_this_mimic_does_not_draw(mimic: Mimic) -> None:
    mimic.page("<html>Host not in magDB.<div class='plugin' id='netbox'>Netbox ID 9</div></html>")
    with pytest.raises(SourceError, match="NetBox knows it and nothing is drawn") as caught:
        source().uplinks_of(HV)
    assert not caught.value.sound


def test_magdb_says_no_and_the_drawing_of_netbox_fails(mimic: Mimic) -> None:
    mimic.page(host_page(magdb=False, netbox=True))
    mimic.drawing(NETBOX, Svg().node("x", "No Interfaces Found").bytes())
    with pytest.raises(SourceError) as caught:
        source().uplinks_of(HV)
    assert not caught.value.sound
    for said in ("No Interfaces Found", '"Host not in magDB."', HV):
        assert said in str(caught.value)


def test_a_failed_database_of_which_only_an_absence_is_distrusted(mimic: Mimic) -> None:
    down = f"{BROKEN}pg_connect(): Unable to connect to PostgreSQL server</p>"
    mimic.page(host_page(magdb=False, netbox=True, more=down))
    mimic.drawing(NETBOX, cabled())
    answer = source().uplinks_of(HV)
    assert answer.recorded
    assert "(pg_connect): a database is down" in answer.warning


def test_cables_are_recorded_or_observed(mimic: Mimic) -> None:
    mimic.page(host_page(netbox=True))
    mimic.drawing(MAGDB, plain().bytes())
    mimic.drawing(NETBOX, cabled())
    assert not source().uplinks_of(HV).recorded
    mimic.mock.upsert("GET", MAGDB, b"", status=500)
    assert source().uplinks_of(HV).recorded


def test_both_views_are_asked_and_one_may_be_missing(mimic: Mimic) -> None:
    answer = source().list_hypervisors()
    assert (answer.value, answer.warning) == ((HV,), "")
    asked = {str(call.request.url).removeprefix(URL) for call in mimic.mock.calls}
    assert asked == {"/views/view-cloud-openstack.php", ONE}


def test_what_stands_only_in_the_opennebula_view_is_found(mimic: Mimic) -> None:
    other = "hv99.nubes.example.internal"
    view = {"infrastructure": {"opennebula-hypervisor": {"": {other: {}}}}}
    mimic.opennebula(200, json.dumps(view))
    mimic.page(host_page(), other)
    mimic.drawing(MAGDB, plain().bytes())
    asked = source()
    assert asked.list_hypervisors().value == (HV, other)
    assert asked.uplinks_of("hv99").value[0].hypervisor == other


@pytest.mark.parametrize("body", ['{"config":{"clickable":true}}', '{"infrastructure":{"vm":[]}}'])
def test_an_opennebula_view_without_hypervisors_is_normal(mimic: Mimic, body: str) -> None:
    mimic.opennebula(200, body)
    answer = source().list_hypervisors()
    assert (answer.value, answer.warning) == ((HV,), "")


def test_an_opennebula_view_that_fails_is_told_and_a_no_is_not_believed(mimic: Mimic) -> None:
    mimic.opennebula(500)
    mimic.page(NOT_THERE, "hv77")
    asked = source()
    answer = asked.list_hypervisors()
    assert answer.value == (HV,)
    assert "view-cloud-opennebula.php gave HTTP 500" in answer.warning
    with pytest.raises(SourceError, match="could not be read") as caught:
        asked.uplinks_of("hv77")
    assert not caught.value.sound


def test_without_the_openstack_view_there_is_no_list(mimic: Mimic) -> None:
    view = {"infrastructure": {"opennebula-hypervisor": {"": {"hv99": {}}}}}
    mimic.opennebula(200, json.dumps(view))
    mimic.mock.upsert("GET", f"{URL}/views/view-cloud-openstack.php", status=500)
    with pytest.raises(SourceError, match=r"view-cloud-openstack\.php gave HTTP 500"):
        source().list_hypervisors()


def test_a_missing_view_is_an_error_where_it_is_the_only_one(mimic: Mimic) -> None:
    asked = MimicSource(MimicSettings(url=URL, retries=0, views=("opennebula",)))
    with pytest.raises(SourceError, match="HTTP 404"):
        asked.list_hypervisors()


def test_an_empty_drawing_is_what_graphviz_refused(mimic: Mimic) -> None:
    mimic.page(host_page())
    mimic.mock.add("GET", MAGDB, b"", content_type="text/html")
    with pytest.raises(SourceError) as caught:
        source().uplinks_of(HV)
    for said in (f"graphviz of Mimic refused to draw {HV}", "a quote", "DNS alias", "bond"):
        assert said in str(caught.value)
    assert "A browser shows nothing" in caught.value.advice
    assert not caught.value.sound


def test_every_note_names_its_hypervisor(mimic: Mimic) -> None:
    mimic.page(host_page(netbox=True))
    svg = unknown(plain(), "0c:c4:7a:32:00:03", "eth2")
    link(svg, SW1, "2018-03-11", P2, "swp1`s`", ETH1, "eth1")
    mimic.drawing(MAGDB, svg.bytes())
    mimic.drawing(NETBOX, cabled(SW1, "swp9"))
    notes = source().uplinks_of(HV).warning.split("; ")
    assert len(notes) == 3
    assert all(note.startswith(HV) for note in notes)


def test_the_failure_of_a_drawing_names_the_hypervisor(mimic: Mimic) -> None:
    mimic.page(host_page())
    mimic.drawing(MAGDB, b"", 500)
    with pytest.raises(SourceError, match=rf"Mimic: {HV}: GET .*system=6453 gave HTTP 500"):
        source().uplinks_of(HV)


def test_no_spelling_is_known(mimic: Mimic) -> None:
    mimic.page(NOT_THERE)
    with pytest.raises(UnknownHypervisorError, match="Host not in magDB") as caught:
        source().uplinks_of("hv50")
    assert caught.value.exit_code == ExitCode.TARGET


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


def test_a_name_from_which_mimic_would_drop_something_is_not_asked_for(mimic: Mimic) -> None:
    with pytest.raises(SourceError, match="would answer for another host") as caught:
        source().uplinks_of("hv_50.nubes.example.internal")
    assert not caught.value.sound
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
