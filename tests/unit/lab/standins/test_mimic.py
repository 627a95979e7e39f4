"""The stand-in of Mimic, read with nothing but the standard library and an XML parser."""

from __future__ import annotations

import http.client
import json
import re
from datetime import date, timedelta
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lab.standins.mimic.drawing import digraph, render
from tests.unit.lab.standins.conftest import Site

_HV50 = "hv50.nubes.example.internal"
_LEAF_03 = "swt-sn2100-03.example.internal"
_LEAF_01 = "swt-sn2100-01.example.internal"
_VIEW = "/views/view-cloud-openstack.php"
_ONE_VIEW = "/views/view-cloud-opennebula.php"
_PAGE = f"/node.php?n={_HV50}"
_MAGDB = "/components/magdb-draw-interfaces.php?system=6450"
_NETBOX = "/components/netbox-draw-interfaces.php?netbox_id=36450&is_vm="
_MAC = "0c:c4:7a:32:00:01"
_BMC = "0c:c4:7a:32:00:ff"
_PORT_MAC = "24:8a:07:01:01:03"
_NS = "{http://www.w3.org/2000/svg}"
_HTML = "text/html; charset=UTF-8"


class Drawing:
    """Nodes, edges and clusters of an SVG, as graphviz names them."""

    def __init__(self, answer: TestResponse) -> None:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert answer.data.startswith(b"<?xml")
        root: Element = fromstring(answer.data)
        self.root = root
        self.nodes: dict[str, list[str]] = {}
        self.clusters: dict[str, list[str]] = {}
        self.edges: set[str] = set()
        for group in root.iter(f"{_NS}g"):
            title = group.find(f"{_NS}title")
            name = "" if title is None else title.text or ""
            texts = [text.text or "" for text in group.iter(f"{_NS}text")]
            kind = group.get("class")
            if kind == "node":
                self.nodes[name] = texts
            elif kind == "cluster":
                self.clusters[name] = texts
            elif kind == "edge":
                self.edges.add(name)


def _view(answer: TestResponse) -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    found: dict[str, dict[str, dict[str, dict[str, object]]]] = json.loads(answer.data)[
        "infrastructure"
    ]
    return found


def _hypervisors(view: dict[str, dict[str, dict[str, dict[str, object]]]]) -> list[str]:
    return sorted(
        name for panel, groups in view.items() if "compute" in panel for name in groups[""]
    )


def _today() -> date:
    return date.today()  # noqa: DTZ011 - Mimic writes the site's own day


# --- the view ---------------------------------------------------------------------------------


def test_the_view_lists_every_hypervisor_under_an_empty_cluster(mimic: FlaskClient) -> None:
    view = _view(mimic.get(_VIEW))
    assert all(list(groups) == [""] for groups in view.values())
    assert sum("compute" in panel for panel in view) == 2
    assert any("compute" not in panel for panel in view)
    assert _hypervisors(view) == [f"hv{n}.nubes.example.internal" for n in (50, 51, 60, 61)]
    facts = view["nubes-compute-prod"][""][_HV50]
    assert list(facts) == sorted(facts)
    assert "personality" not in facts
    assert "nagios" not in facts
    assert "mklivestatus" not in facts


def test_slashes_are_escaped_as_php_does(mimic: FlaskClient) -> None:
    assert b"https:\\/\\/helpdesk" in mimic.get(_VIEW).data


@pytest.mark.parametrize("fault", ["aquilon-down", "nothing-matches"])
def test_no_host_is_29_bytes(mimic: FlaskClient, faults: dict[str, object], fault: str) -> None:
    faults["mimic"] = fault
    answer = mimic.get(_VIEW)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.data == b'{"config":{"clickable":true}}'
    assert len(answer.data) == 29


@pytest.mark.parametrize("fault", ["aquilon-down", "mysql-down"])
def test_php8_turns_a_failed_view_into_500(
    mimic: FlaskClient, faults: dict[str, object], fault: str
) -> None:
    faults["mimic"] = [fault, "php8"]
    answer = mimic.get(_VIEW)
    assert (answer.status_code, answer.data) == (500, b"")


def test_headraw_has_no_view(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic-variant"] = "headraw"
    answer = mimic.get(_VIEW)
    assert (answer.status_code, answer.data) == (500, b"")


def test_notes_are_missing_without_mysql(mimic: FlaskClient, faults: dict[str, object]) -> None:
    assert b'"note"' in mimic.get(_VIEW).data
    faults["mimic"] = "mysql-down"
    assert b'"note"' not in mimic.get(_VIEW).data


def test_displayed_errors_stand_before_the_json(
    mimic: FlaskClient, faults: dict[str, object]
) -> None:
    faults["mimic"] = "display-errors"
    answer = mimic.get(_VIEW)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.data.startswith(b"<br />\n<b>Warning</b>")
    assert answer.data.endswith(b"}")


def test_monitoring_key_by_variant(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "monitoring-alarm"
    assert _view(mimic.get(_VIEW))["nubes-compute-prod"][""][_HV50]["nagios"] == " down"
    faults["mimic-variant"] = "head"
    nodes = _view(mimic.get(_VIEW))["nubes-compute-prod"][""]
    assert nodes[_HV50]["mklivestatus"] == " down"
    assert nodes["hv51.nubes.example.internal"]["mklivestatus"] == " "


def test_cut_off_json_does_not_parse(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "json-cut-off"
    with pytest.raises(ValueError, match="line 1"):
        json.loads(mimic.get(_VIEW).data)


def test_the_opennebula_view(mimic: FlaskClient, faults: dict[str, object]) -> None:
    assert mimic.get(_ONE_VIEW).data == b'{"config":{"clickable":true}}'
    faults["mimic"] = "opennebula-site"
    panel = _view(mimic.get(_ONE_VIEW))["opennebula-hypervisor"][""]
    assert panel[_HV50]["status"] == {"inuse": "opennebula"}
    assert _hypervisors(_view(mimic.get(_VIEW))) == []
    faults["mimic-variant"] = "v2022"
    assert mimic.get(_ONE_VIEW).status_code == 404


def test_a_hypervisor_that_only_the_opennebula_view_has(
    mimic: FlaskClient, faults: dict[str, object]
) -> None:
    faults["mimic"] = "opennebula-beside"
    last = "hv61.nubes.example.internal"
    assert list(_view(mimic.get(_ONE_VIEW))["opennebula-hypervisor"][""]) == [last]
    assert len(_hypervisors(_view(mimic.get(_VIEW)))) == 3


# --- the host page ----------------------------------------------------------------------------


def _objects(text: str) -> list[str]:
    return re.findall(r'data="(/components/[a-z]+-draw-interfaces\.php\?[^"]*)"', text)


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("v2018", [_MAGDB]),
        ("v2022", [_MAGDB]),
        ("head", [_NETBOX, _MAGDB]),
        ("headraw", [_NETBOX, _MAGDB]),
    ],
)
def test_the_page_leads_to_the_drawings(
    mimic: FlaskClient, faults: dict[str, object], variant: str, expected: list[str]
) -> None:
    faults["mimic-variant"] = variant
    answer = mimic.get(_PAGE)
    assert answer.headers["Content-Type"] == _HTML
    assert _objects(answer.text) == expected
    assert "</html>" in answer.text
    assert '<dd class="magdb-ipAddress">10.5.1.50</dd>' in answer.text
    assert "hv49.nubes" in answer.text
    assert "hv51.nubes" in answer.text
    assert 'class="error"' in answer.text


@pytest.mark.parametrize(
    "name", ["hv99.nubes.example.internal", _HV50.upper(), "hv50", f"{_HV50}.", ""]
)
def test_names_are_matched_exactly(mimic: FlaskClient, name: str) -> None:
    answer = mimic.get("/node.php", query_string={"n": name})
    assert answer.status_code == 200
    assert '<p class="warning">Host not in magDB.</p>' in answer.text
    assert _objects(answer.text) == []


def test_other_characters_are_dropped_from_the_name(mimic: FlaskClient) -> None:
    assert _objects(mimic.get("/node.php", query_string={"n": f"<{_HV50}'>"}).text) == [_MAGDB]


def test_without_a_name_the_host_is_unknown(mimic: FlaskClient) -> None:
    answer = mimic.get("/node.php")
    assert answer.status_code == 200
    assert "Tier1A monitor: Unknown" in answer.text


def test_the_bmcs_name_leads_to_the_same_system(mimic: FlaskClient) -> None:
    assert _objects(mimic.get("/node.php?n=system6450.example.internal").text) == [_MAGDB]


def test_the_object_depends_on_the_user_agent(mimic: FlaskClient) -> None:
    text = mimic.get(_PAGE, headers={"User-Agent": "Mozilla AppleWebKit"}).text
    assert '<object style="width: 100%;" type=' in text
    text = mimic.get(_PAGE, headers={"User-Agent": "vip"}).text
    assert '<object type="image/svg+xml" data="/components/magdb' in text


def test_without_user_agent_a_message_stands_inside_the_tag(site: Site) -> None:
    where = urlsplit(site.standins.mimic_url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    connection.request("GET", _PAGE)  # http.client sends no User-Agent
    text = connection.getresponse().read().decode()
    connection.close()
    assert "<object   <div><p>Parse error" in text
    assert _objects(text) == [_MAGDB]


def test_postgres_down_says_that_the_host_is_unknown(
    mimic: FlaskClient, faults: dict[str, object]
) -> None:
    faults["mimic"] = "postgres-down"
    text = mimic.get(_PAGE).text
    assert "Parse error while loading plugin. pg_connect(): Unable to connect" in text
    assert "Host not in magDB." in text
    assert "</html>" in text
    drawing = mimic.get(_MAGDB)
    assert (drawing.status_code, drawing.data) == (500, b"")
    assert _hypervisors(_view(mimic.get(_VIEW)))
    faults["mimic"] = ["postgres-down", "display-errors"]
    drawing = mimic.get(_MAGDB)
    assert drawing.status_code == 200
    assert drawing.headers["Content-Type"] == _HTML
    assert b"Fatal error" in drawing.data


def test_postgres_down_on_php8_cuts_the_page_off(
    mimic: FlaskClient, faults: dict[str, object]
) -> None:
    faults["mimic"] = ["postgres-down", "php8"]
    answer = mimic.get(_PAGE)
    assert answer.status_code == 200
    assert "</html>" not in answer.text
    # A message stands in the middle of a start tag.
    assert "<div class='plugin' id='magdb'  <div><p>Parse error" in answer.text


@pytest.mark.parametrize("variant", ["headraw", "head"])
def test_newer_php_calls_the_queries_deprecated(
    mimic: FlaskClient, faults: dict[str, object], variant: str
) -> None:
    faults.update({"mimic": ["php8"] if variant == "head" else [], "mimic-variant": variant})
    text = mimic.get(_PAGE).text
    said = "Parse error while loading plugin. pg_query(): Automatic fetching of PostgreSQL"
    assert text.count(said) == 3
    assert _MAGDB in _objects(text)
    assert "</html>" in text
    faults["mimic"] = ["php8", "host-unknown"]
    text = mimic.get(_PAGE).text
    assert text.count(said) == 3
    assert "Host not in magDB." in text


def test_a_side_view_that_is_missing_says_the_same(
    mimic: FlaskClient, faults: dict[str, object]
) -> None:
    faults["mimic"] = "rack-power-missing"
    text = mimic.get(_PAGE).text
    assert "Parse error while loading plugin. pg_query(): Query failed" in text
    assert "deprecated" not in text
    assert _objects(text) == [_MAGDB]


def test_mysql_down(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "mysql-down"
    text = mimic.get(_PAGE).text
    assert re.search(r"Parse error while loading plugin\. .*mysqli", text)
    assert "Host not in magDB." in text
    assert Drawing(mimic.get(_MAGDB)).nodes
    faults["mimic"] = ["mysql-down", "php8"]
    assert mimic.get(_PAGE).status_code == 500


def test_page_faults(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "page-cut-off"
    assert "</html>" not in mimic.get(_PAGE).text
    faults["mimic"] = "host-unknown"
    assert "Host not in magDB." in mimic.get(_PAGE).text
    faults["mimic"] = "stub-record"
    text = mimic.get(_PAGE).text
    assert "Stub Record - No system associated with IP." in text
    assert _objects(text) == []
    faults["mimic"] = "aquilon-down"
    text = mimic.get(_PAGE).text
    assert "No info for host." in text
    assert _objects(text) == [_MAGDB]
    faults["mimic"] = "upper-case-names"
    assert "HV50.NUBES.EXAMPLE.INTERNAL" in _hypervisors(_view(mimic.get(_VIEW)))
    assert "Host not in magDB." in mimic.get(f"/node.php?n={_HV50.upper()}").text


def test_netbox_faults_on_the_page(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic-variant"] = "head"
    faults["mimic"] = "netbox-down"
    text = mimic.get(_PAGE).text
    assert "Host not in Netbox." in text
    assert _objects(text) == [_MAGDB]
    faults["mimic"] = "netbox-stub"
    expected = '<p class="error">Stub Record - No object assigned to IP</p>'
    assert expected in mimic.get(_PAGE).text


def test_headraw_dies_in_the_icinga_section(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults.update({"mimic-variant": "headraw", "mimic": "icinga-plugin"})
    text = mimic.get(_PAGE).text
    assert "</html>" not in text
    assert _objects(text) == [_NETBOX, _MAGDB]


# --- the MagDB drawing ------------------------------------------------------------------------


def test_the_drawing_of_2018(mimic: FlaskClient) -> None:
    drawing = Drawing(mimic.get(_MAGDB))
    today = str(_today())
    assert drawing.nodes[_LEAF_03] == [_LEAF_03, f"Observed {today}"]
    assert drawing.nodes[_PORT_MAC] == [
        "swp1s3 (swp1s3)",
        _PORT_MAC,
        "Mellanox Technologies, Inc.",
    ]
    assert drawing.nodes[_MAC][0] == "eth0"
    assert drawing.nodes["10.5.1.50"] == ["10.5.1.50", " Last Seen Today"]
    assert drawing.nodes[f"UnknownSwitchFor{_BMC}"] == ["Unknown Switch"]
    assert drawing.edges == {
        f"{_LEAF_03}->{_PORT_MAC}",
        f"{_PORT_MAC}->{_MAC}",
        f"{_MAC}->10.5.1.50",
        f"10.5.1.50->{_HV50}",
        f"UnknownSwitchFor{_BMC}->UnknownPortFor{_BMC}",
        f"UnknownPortFor{_BMC}->{_BMC}",
        f"{_BMC}->10.6.25.50",
        "10.6.25.50->system6450.example.internal",
    }
    assert drawing.clusters == {f"cluster_{_PORT_MAC}": []}


def test_the_bytes_are_graphvizs_own(mimic: FlaskClient) -> None:
    data = mimic.get(_MAGDB).data
    assert b"<title>swt&#45;sn2100&#45;03.example.internal</title>" in data
    assert b"Observed " + str(_today()).replace("-", "&#45;").encode() in data
    assert b'xlink:href="/node.php?n=swt-sn2100-03.example.internal"' in data
    assert b"&#45;&gt;" in data
    assert b"svg11.dtd" in data


@pytest.mark.parametrize("variant", ["v2022", "head", "headraw"])
def test_later_port_ids_have_the_port(
    mimic: FlaskClient, faults: dict[str, object], variant: str
) -> None:
    faults["mimic-variant"] = variant
    drawing = Drawing(mimic.get(_MAGDB))
    assert f"{_LEAF_03}->{_PORT_MAC}/swp1s3 (swp1s3)" in drawing.edges
    assert _PORT_MAC not in drawing.nodes


@pytest.mark.parametrize(
    ("system", "node"),
    [
        ("", "No System Specified"),
        ("0", "No System Specified"),
        ("abc", "No System Specified"),
        ("999", "No Interfaces Found"),
    ],
)
def test_drawings_of_nothing(mimic: FlaskClient, system: str, node: str) -> None:
    drawing = Drawing(mimic.get(f"/components/magdb-draw-interfaces.php?system={system}"))
    assert drawing.nodes == {node: [node]}


def test_digits_are_picked_out_of_the_system(mimic: FlaskClient) -> None:
    assert mimic.get(f"{_MAGDB}abc").data == mimic.get(_MAGDB).data


def test_links_table_missing(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "links-table-missing"
    drawing = Drawing(mimic.get(_MAGDB))
    assert f"UnknownSwitchFor{_MAC}" in drawing.nodes
    assert _LEAF_03 not in drawing.nodes
    faults["mimic"] = ["links-table-missing", "php8"]
    assert mimic.get(_MAGDB).status_code == 500


def test_graphviz_empty(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "graphviz-empty"
    answer = mimic.get(_MAGDB)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Type"] == _HTML


def test_graphviz_really_rejects_a_quote() -> None:
    assert render(digraph(['"a"b" [label="x"];'])) is None


def test_oui_missing(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "oui-missing"
    answer = mimic.get(_MAGDB)
    assert (answer.status_code, answer.data) == (500, b"")


def test_stale_second_link(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "stale-second-link"
    drawing = Drawing(mimic.get(_MAGDB))
    old = _today() - timedelta(days=60)
    assert drawing.nodes[_LEAF_03][-1] == f"Observed {_today()}"
    assert drawing.nodes[_LEAF_01][-1] == f"Observed {old}"
    assert sum(edge.endswith(f"->{_MAC}") for edge in drawing.edges) == 2


def test_content_faults_of_the_drawing(mimic: FlaskClient, faults: dict[str, object]) -> None:
    old = _today() - timedelta(days=60)
    faults["mimic"] = "old-links"
    assert Drawing(mimic.get(_MAGDB)).nodes[_LEAF_03][-1] == f"Observed {old}"
    faults["mimic"] = "wrong-switch"
    nodes = Drawing(mimic.get(_MAGDB)).nodes
    assert _LEAF_01 in nodes
    assert _LEAF_03 not in nodes
    faults["mimic"] = "no-date"
    assert Drawing(mimic.get(_MAGDB)).nodes[_LEAF_03] == [_LEAF_03, "Observed "]
    faults["mimic"] = "no-port-text"
    assert Drawing(mimic.get(_MAGDB)).nodes[_PORT_MAC][0] == _PORT_MAC
    faults["mimic"] = "no-lldp-name"
    drawing = Drawing(mimic.get(_MAGDB))
    assert drawing.nodes[""] == [f"Observed {_today()}"]
    assert f"->{_PORT_MAC}" in drawing.edges
    faults["mimic"] = "bmc-cabled"
    drawing = Drawing(mimic.get(_MAGDB))
    assert f"00:01:e8:8b:15:02->{_BMC}" in drawing.edges
    assert drawing.nodes["00:01:e8:8b:15:02"][0] == "GigabitEthernet 0/12"


def test_bond(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "bond"
    drawing = Drawing(mimic.get(_MAGDB))
    second = "0c:c4:7a:32:00:02"
    assert drawing.nodes[second][0] == "eth1"
    assert not any(edge.startswith(f"{second}->") for edge in drawing.edges)
    assert _LEAF_01 in drawing.nodes
    assert "bond0" in mimic.get(_MAGDB).text


@pytest.mark.parametrize("variant", ["v2018", "head"])
def test_many_addresses(mimic: FlaskClient, faults: dict[str, object], variant: str) -> None:
    faults.update({"mimic": "many-addresses", "mimic-variant": variant})
    drawing = Drawing(mimic.get(_MAGDB))
    assert drawing.nodes["10.7.3.50"] == ["10.7.3.50", " Last Seen 3.0 days ago"]
    assert len(drawing.edges) == 8 + 8


def test_swapped_cables_have_one_date_for_each_leaf(
    mimic: FlaskClient, faults: dict[str, object]
) -> None:
    faults["mimic"] = "swapped-bond"
    drawing = Drawing(mimic.get(_MAGDB))
    assert drawing.nodes[_LEAF_03][-1] == f"Observed {_today()}"
    assert drawing.nodes[_LEAF_01][-1] == f"Observed {_today() - timedelta(days=200)}"
    for leaf in (_LEAF_01, _LEAF_03):
        assert sum(edge.startswith(f"{leaf}->") for edge in drawing.edges) == 2


def test_two_cables_to_one_leaf(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "lag"
    drawing = Drawing(mimic.get(_MAGDB))
    assert sum(edge.startswith(f"{_LEAF_03}->") for edge in drawing.edges) == 2
    assert _LEAF_01 not in drawing.nodes


def test_odd_texts(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "odd-port-texts"
    ports = [
        next(
            lines[0]
            for title, lines in Drawing(
                mimic.get(f"/components/magdb-draw-interfaces.php?system={system}")
            ).nodes.items()
            if title.startswith("24:8a:07")
        )
        for system in (6450, 6451, 6460, 6461)
    ]
    assert ports == ["swp1s3`s`", "swp1s2 -> hv62", "Ethernet1/1 | uplink", ports[3]]
    assert ports[3].endswith(" <uplink & trunk>")
    faults["mimic"] = "trailing-dot"
    assert f"{_LEAF_03}." in Drawing(mimic.get(_MAGDB)).nodes
    faults["mimic"] = "upper-case-switches"
    assert _LEAF_03.upper() in Drawing(mimic.get(_MAGDB)).nodes
    old = f"Observed {_today() - timedelta(days=60)}"
    faults["mimic"] = "short-beside-full"
    nodes = Drawing(mimic.get(_MAGDB)).nodes
    assert nodes["swt-sn2100-03"][-1] == old
    assert _LEAF_03 in nodes
    faults["mimic"] = "localhost-row"
    nodes = Drawing(mimic.get(_MAGDB)).nodes
    assert nodes["localhost (none)"] == ["localhost (none)", old]
    assert _LEAF_03 in nodes
    faults["mimic"] = "stray-neighbour"
    assert "swt-stray-77.example.internal" in Drawing(mimic.get(_MAGDB)).nodes


@pytest.mark.parametrize("fault", ["quoted-port", "bond-details"])
@pytest.mark.parametrize("variant", ["v2018", "head"])
def test_texts_that_graphviz_refuses(
    mimic: FlaskClient, faults: dict[str, object], fault: str, variant: str
) -> None:
    faults.update({"mimic": fault, "mimic-variant": variant})
    answer = mimic.get(_MAGDB)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Type"] == _HTML


def test_svg_cut_off(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "svg-cut-off"
    answer = mimic.get(_MAGDB)
    assert answer.data.startswith(b"<?xml")
    assert b"</svg>" not in answer.data


# --- the NetBox drawing -----------------------------------------------------------------------


def test_the_netbox_drawing(mimic: FlaskClient, faults: dict[str, object]) -> None:
    assert mimic.get(_NETBOX).status_code == 404
    faults["mimic-variant"] = "head"
    drawing = Drawing(mimic.get(_NETBOX))
    assert drawing.nodes["interface.364500"][:2] == ["eth0", _MAC]
    assert drawing.nodes["interface.364505"] == ["swp1s3"]
    assert "interface.364505->interface.364500" in drawing.edges
    assert drawing.clusters == {"cluster_peer.32100": [_LEAF_03]}
    assert drawing.nodes["10.5.1.50/24"][0] == "10.5.1.50/24"
    assert drawing.nodes["unknown.interface.364501"] == ["Unknown Interface"]
    assert "Observed" not in mimic.get(_NETBOX).text


def test_the_peer_port_lies_inside_its_switchs_box(
    mimic: FlaskClient, faults: dict[str, object]
) -> None:
    faults.update({"mimic-variant": "head", "mimic": "bond"})
    drawing = Drawing(mimic.get(_NETBOX))
    groups = {
        title.text: group
        for group in drawing.root.iter(f"{_NS}g")
        if (title := group.find(f"{_NS}title")) is not None
    }

    def inside(port: str, box: str) -> bool:
        polygon = next(groups[box].iter(f"{_NS}polygon"))
        corners = [tuple(map(float, p.split(","))) for p in (polygon.get("points") or "").split()]
        text = next(groups[port].iter(f"{_NS}text"))
        x, y = float(text.get("x") or 0), float(text.get("y") or 0)
        xs, ys = zip(*corners, strict=True)
        return bool(min(xs) < x < max(xs) and min(ys) < y < max(ys))

    # With the bond, eth1 is listed first: its port is 364505, and eth0's is 364506.
    assert inside("interface.364506", "cluster_peer.32100")
    assert not inside("interface.364505", "cluster_peer.32100")
    assert inside("interface.364505", "cluster_peer.32101")
    assert drawing.nodes["interface.364509"][0] == "bond0"
    assert "interface.364509->10.5.1.50/24" in drawing.edges


def test_netbox_drawing_faults(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults.update({"mimic-variant": "head", "mimic": "netbox-down"})
    assert list(Drawing(mimic.get(_NETBOX)).nodes) == ["No Interfaces Found"]
    faults["mimic"] = "netbox-refused"
    answer = mimic.get(_NETBOX)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.data.startswith(b"Curl error: ")
    assert b"refused<?xml" in answer.data
    faults["mimic"] = "netbox-uncabled"
    drawing = Drawing(mimic.get(_NETBOX))
    assert drawing.nodes["unknown.interface.364500"] == ["Unknown Interface"]
    assert drawing.clusters == {}
    faults["mimic"] = "postgres-down"
    assert mimic.get(_NETBOX).status_code == 500
    faults.update({"mimic-variant": "headraw", "mimic": []})
    answer = mimic.get(_NETBOX)
    assert (answer.status_code, answer.data) == (500, b"")


# --- the rest ---------------------------------------------------------------------------------


def test_a_note_parameter_writes_even_by_get(mimic: FlaskClient) -> None:
    url = f"/components/api-notes.php?node={_HV50}"
    answer = mimic.get(url)
    assert answer.headers["Content-Type"] == _HTML
    assert json.loads(answer.data) == {"note": ""}
    mimic.get(f"{url}&note=x")
    assert json.loads(mimic.get(url).data) == {"note": "x"}


def test_generic_faults(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "http-500"
    assert mimic.get(_VIEW).status_code == 500
    faults["mimic"] = "login-required"
    answer = mimic.get(_VIEW)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    faults["mimic"] = "html-instead"
    answer = mimic.get(_VIEW)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == _HTML
