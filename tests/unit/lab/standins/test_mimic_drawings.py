"""The drawings of the stand-in of Mimic, read with nothing but an XML parser."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from lab.standins.mimic.drawing import digraph, render
from tests.unit.lab.standins.conftest import HTML, HV50, MAGDB, NETBOX, SVG, Drawing

_LEAF_03 = "swt-sn2100-03.example.internal"
_LEAF_01 = "swt-sn2100-01.example.internal"
_MAC = "0c:c4:7a:32:00:01"
_BMC = "0c:c4:7a:32:00:ff"
_PORT_MAC = "24:8a:07:01:01:03"


def _today() -> date:
    return date.today()  # noqa: DTZ011 - Mimic writes the site's own day


# --- the MagDB drawing ------------------------------------------------------------------------


def test_the_drawing_of_2018(mimic: FlaskClient) -> None:
    drawing = Drawing(mimic.get(MAGDB))
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
        f"10.5.1.50->{HV50}",
        f"UnknownSwitchFor{_BMC}->UnknownPortFor{_BMC}",
        f"UnknownPortFor{_BMC}->{_BMC}",
        f"{_BMC}->10.6.25.50",
        "10.6.25.50->system6450.example.internal",
    }
    assert drawing.clusters == {f"cluster_{_PORT_MAC}": []}


def test_the_bytes_are_graphvizs_own(mimic: FlaskClient) -> None:
    data = mimic.get(MAGDB).data
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
    drawing = Drawing(mimic.get(MAGDB))
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
    assert mimic.get(f"{MAGDB}abc").data == mimic.get(MAGDB).data


def test_links_table_missing(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "links-table-missing"
    drawing = Drawing(mimic.get(MAGDB))
    assert f"UnknownSwitchFor{_MAC}" in drawing.nodes
    assert _LEAF_03 not in drawing.nodes
    faults["mimic"] = ["links-table-missing", "php8"]
    assert mimic.get(MAGDB).status_code == 500


def test_graphviz_empty(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "graphviz-empty"
    answer = mimic.get(MAGDB)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Type"] == HTML


def test_graphviz_really_rejects_a_quote() -> None:
    assert render(digraph(['"a"b" [label="x"];'])) is None


def test_oui_missing(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "oui-missing"
    answer = mimic.get(MAGDB)
    assert (answer.status_code, answer.data) == (500, b"")


def test_stale_second_link(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "stale-second-link"
    drawing = Drawing(mimic.get(MAGDB))
    old = _today() - timedelta(days=60)
    assert drawing.nodes[_LEAF_03][-1] == f"Observed {_today()}"
    assert drawing.nodes[_LEAF_01][-1] == f"Observed {old}"
    assert sum(edge.endswith(f"->{_MAC}") for edge in drawing.edges) == 2


def test_content_faults_of_the_drawing(mimic: FlaskClient, faults: dict[str, object]) -> None:
    old = _today() - timedelta(days=60)
    faults["mimic"] = "old-links"
    assert Drawing(mimic.get(MAGDB)).nodes[_LEAF_03][-1] == f"Observed {old}"
    faults["mimic"] = "wrong-switch"
    nodes = Drawing(mimic.get(MAGDB)).nodes
    assert _LEAF_01 in nodes
    assert _LEAF_03 not in nodes
    faults["mimic"] = "no-date"
    assert Drawing(mimic.get(MAGDB)).nodes[_LEAF_03] == [_LEAF_03, "Observed "]
    faults["mimic"] = "no-port-text"
    assert Drawing(mimic.get(MAGDB)).nodes[_PORT_MAC][0] == _PORT_MAC
    faults["mimic"] = "no-lldp-name"
    drawing = Drawing(mimic.get(MAGDB))
    assert drawing.nodes[""] == [f"Observed {_today()}"]
    assert f"->{_PORT_MAC}" in drawing.edges
    faults["mimic"] = "bmc-cabled"
    drawing = Drawing(mimic.get(MAGDB))
    assert f"00:01:e8:8b:15:02->{_BMC}" in drawing.edges
    assert drawing.nodes["00:01:e8:8b:15:02"][0] == "GigabitEthernet 0/12"


def test_bond(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "bond"
    drawing = Drawing(mimic.get(MAGDB))
    second = "0c:c4:7a:32:00:02"
    assert drawing.nodes[second][0] == "eth1"
    assert not any(edge.startswith(f"{second}->") for edge in drawing.edges)
    assert _LEAF_01 in drawing.nodes
    assert "bond0" in mimic.get(MAGDB).text


@pytest.mark.parametrize("variant", ["v2018", "head"])
def test_many_addresses(mimic: FlaskClient, faults: dict[str, object], variant: str) -> None:
    faults.update({"mimic": "many-addresses", "mimic-variant": variant})
    drawing = Drawing(mimic.get(MAGDB))
    assert drawing.nodes["10.7.3.50"] == ["10.7.3.50", " Last Seen 3.0 days ago"]
    assert len(drawing.edges) == 8 + 8


def test_swapped_cables_have_one_date_for_each_leaf(
    mimic: FlaskClient, faults: dict[str, object]
) -> None:
    faults["mimic"] = "swapped-bond"
    drawing = Drawing(mimic.get(MAGDB))
    assert drawing.nodes[_LEAF_03][-1] == f"Observed {_today()}"
    assert drawing.nodes[_LEAF_01][-1] == f"Observed {_today() - timedelta(days=200)}"
    for leaf in (_LEAF_01, _LEAF_03):
        assert sum(edge.startswith(f"{leaf}->") for edge in drawing.edges) == 2


def test_two_cables_to_one_leaf(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "lag"
    drawing = Drawing(mimic.get(MAGDB))
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
    assert f"{_LEAF_03}." in Drawing(mimic.get(MAGDB)).nodes
    faults["mimic"] = "upper-case-switches"
    assert _LEAF_03.upper() in Drawing(mimic.get(MAGDB)).nodes
    old = f"Observed {_today() - timedelta(days=60)}"
    faults["mimic"] = "short-beside-full"
    nodes = Drawing(mimic.get(MAGDB)).nodes
    assert nodes["swt-sn2100-03"][-1] == old
    assert _LEAF_03 in nodes
    faults["mimic"] = "localhost-row"
    nodes = Drawing(mimic.get(MAGDB)).nodes
    assert nodes["localhost (none)"] == ["localhost (none)", old]
    assert _LEAF_03 in nodes
    faults["mimic"] = "stray-neighbour"
    assert "swt-stray-77.example.internal" in Drawing(mimic.get(MAGDB)).nodes


@pytest.mark.parametrize("fault", ["quoted-port", "bond-details"])
@pytest.mark.parametrize("variant", ["v2018", "head"])
def test_texts_that_graphviz_refuses(
    mimic: FlaskClient, faults: dict[str, object], fault: str, variant: str
) -> None:
    faults.update({"mimic": fault, "mimic-variant": variant})
    answer = mimic.get(MAGDB)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Type"] == HTML


def test_svg_cut_off(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "svg-cut-off"
    answer = mimic.get(MAGDB)
    assert answer.data.startswith(b"<?xml")
    assert b"</svg>" not in answer.data


# --- the NetBox drawing -----------------------------------------------------------------------


def test_the_netbox_drawing(mimic: FlaskClient, faults: dict[str, object]) -> None:
    assert mimic.get(NETBOX).status_code == 404
    faults["mimic-variant"] = "head"
    drawing = Drawing(mimic.get(NETBOX))
    assert drawing.nodes["interface.364500"][:2] == ["eth0", _MAC]
    assert drawing.nodes["interface.364505"] == ["swp1s3"]
    assert "interface.364505->interface.364500" in drawing.edges
    assert drawing.clusters == {"cluster_peer.32100": [_LEAF_03]}
    assert drawing.nodes["10.5.1.50/24"][0] == "10.5.1.50/24"
    assert drawing.nodes["unknown.interface.364501"] == ["Unknown Interface"]
    assert "Observed" not in mimic.get(NETBOX).text


def test_the_peer_port_lies_inside_its_switchs_box(
    mimic: FlaskClient, faults: dict[str, object]
) -> None:
    faults.update({"mimic-variant": "head", "mimic": "bond"})
    drawing = Drawing(mimic.get(NETBOX))
    groups = {
        title.text: group
        for group in drawing.root.iter(f"{SVG}g")
        if (title := group.find(f"{SVG}title")) is not None
    }

    def inside(port: str, box: str) -> bool:
        polygon = next(groups[box].iter(f"{SVG}polygon"))
        corners = [tuple(map(float, p.split(","))) for p in (polygon.get("points") or "").split()]
        text = next(groups[port].iter(f"{SVG}text"))
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
    assert list(Drawing(mimic.get(NETBOX)).nodes) == ["No Interfaces Found"]
    faults["mimic"] = "netbox-refused"
    answer = mimic.get(NETBOX)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.data.startswith(b"Curl error: ")
    assert b"refused<?xml" in answer.data
    faults["mimic"] = "netbox-uncabled"
    drawing = Drawing(mimic.get(NETBOX))
    assert drawing.nodes["unknown.interface.364500"] == ["Unknown Interface"]
    assert drawing.clusters == {}
    faults["mimic"] = "postgres-down"
    assert mimic.get(NETBOX).status_code == 500
    faults.update({"mimic-variant": "headraw", "mimic": []})
    answer = mimic.get(NETBOX)
    assert (answer.status_code, answer.data) == (500, b"")
