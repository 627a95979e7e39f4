"""The pages of the stand-in of Mimic, read with nothing but the standard library."""

from __future__ import annotations

import http.client
import json
import re
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.unit.lab.standins.conftest import HTML, HV50, MAGDB, NETBOX, Drawing, Site

_VIEW = "/views/view-cloud-openstack.php"
_ONE_VIEW = "/views/view-cloud-opennebula.php"
_PAGE = f"/node.php?n={HV50}"


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


# --- the view ---------------------------------------------------------------------------------


def test_the_view_lists_every_hypervisor_under_an_empty_cluster(mimic: FlaskClient) -> None:
    view = _view(mimic.get(_VIEW))
    assert all(list(groups) == [""] for groups in view.values())
    assert sum("compute" in panel for panel in view) == 2
    assert any("compute" not in panel for panel in view)
    assert _hypervisors(view) == [f"hv{n}.nubes.example.internal" for n in (50, 51, 60, 61)]
    facts = view["nubes-compute-prod"][""][HV50]
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
    assert _view(mimic.get(_VIEW))["nubes-compute-prod"][""][HV50]["nagios"] == " down"
    faults["mimic-variant"] = "head"
    nodes = _view(mimic.get(_VIEW))["nubes-compute-prod"][""]
    assert nodes[HV50]["mklivestatus"] == " down"
    assert nodes["hv51.nubes.example.internal"]["mklivestatus"] == " "


def test_cut_off_json_does_not_parse(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "json-cut-off"
    with pytest.raises(ValueError, match="line 1"):
        json.loads(mimic.get(_VIEW).data)


def test_the_opennebula_view(mimic: FlaskClient, faults: dict[str, object]) -> None:
    assert mimic.get(_ONE_VIEW).data == b'{"config":{"clickable":true}}'
    faults["mimic"] = "opennebula-site"
    panel = _view(mimic.get(_ONE_VIEW))["opennebula-hypervisor"][""]
    assert panel[HV50]["status"] == {"inuse": "opennebula"}
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
        ("v2018", [MAGDB]),
        ("v2022", [MAGDB]),
        ("head", [NETBOX, MAGDB]),
        ("headraw", [NETBOX, MAGDB]),
    ],
)
def test_the_page_leads_to_the_drawings(
    mimic: FlaskClient, faults: dict[str, object], variant: str, expected: list[str]
) -> None:
    faults["mimic-variant"] = variant
    answer = mimic.get(_PAGE)
    assert answer.headers["Content-Type"] == HTML
    assert _objects(answer.text) == expected
    assert "</html>" in answer.text
    assert '<dd class="magdb-ipAddress">10.5.1.50</dd>' in answer.text
    assert "hv49.nubes" in answer.text
    assert "hv51.nubes" in answer.text
    assert 'class="error"' in answer.text


@pytest.mark.parametrize(
    "name", ["hv99.nubes.example.internal", HV50.upper(), "hv50", f"{HV50}.", ""]
)
def test_names_are_matched_exactly(mimic: FlaskClient, name: str) -> None:
    answer = mimic.get("/node.php", query_string={"n": name})
    assert answer.status_code == 200
    assert '<p class="warning">Host not in magDB.</p>' in answer.text
    assert _objects(answer.text) == []


def test_other_characters_are_dropped_from_the_name(mimic: FlaskClient) -> None:
    assert _objects(mimic.get("/node.php", query_string={"n": f"<{HV50}'>"}).text) == [MAGDB]


def test_without_a_name_the_host_is_unknown(mimic: FlaskClient) -> None:
    answer = mimic.get("/node.php")
    assert answer.status_code == 200
    assert "Tier1A monitor: Unknown" in answer.text


def test_the_bmcs_name_leads_to_the_same_system(mimic: FlaskClient) -> None:
    assert _objects(mimic.get("/node.php?n=system6450.example.internal").text) == [MAGDB]


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
    assert _objects(text) == [MAGDB]


def test_postgres_down_says_that_the_host_is_unknown(
    mimic: FlaskClient, faults: dict[str, object]
) -> None:
    faults["mimic"] = "postgres-down"
    text = mimic.get(_PAGE).text
    assert "Parse error while loading plugin. pg_connect(): Unable to connect" in text
    assert "Host not in magDB." in text
    assert "</html>" in text
    drawing = mimic.get(MAGDB)
    assert (drawing.status_code, drawing.data) == (500, b"")
    assert _hypervisors(_view(mimic.get(_VIEW)))
    faults["mimic"] = ["postgres-down", "display-errors"]
    drawing = mimic.get(MAGDB)
    assert drawing.status_code == 200
    assert drawing.headers["Content-Type"] == HTML
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
    assert MAGDB in _objects(text)
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
    assert _objects(text) == [MAGDB]


def test_mysql_down(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic"] = "mysql-down"
    text = mimic.get(_PAGE).text
    assert re.search(r"Parse error while loading plugin\. .*mysqli", text)
    assert "Host not in magDB." in text
    assert Drawing(mimic.get(MAGDB)).nodes
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
    assert _objects(text) == [MAGDB]
    faults["mimic"] = "upper-case-names"
    assert "HV50.NUBES.EXAMPLE.INTERNAL" in _hypervisors(_view(mimic.get(_VIEW)))
    assert "Host not in magDB." in mimic.get(f"/node.php?n={HV50.upper()}").text


def test_netbox_faults_on_the_page(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic-variant"] = "head"
    faults["mimic"] = "netbox-down"
    text = mimic.get(_PAGE).text
    assert "Host not in Netbox." in text
    assert _objects(text) == [MAGDB]
    faults["mimic"] = "netbox-stub"
    expected = '<p class="error">Stub Record - No object assigned to IP</p>'
    assert expected in mimic.get(_PAGE).text


def test_headraw_dies_in_the_icinga_section(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults.update({"mimic-variant": "headraw", "mimic": "icinga-plugin"})
    text = mimic.get(_PAGE).text
    assert "</html>" not in text
    assert _objects(text) == [NETBOX, MAGDB]


# --- the rest ---------------------------------------------------------------------------------


def test_a_note_parameter_writes_even_by_get(mimic: FlaskClient) -> None:
    url = f"/components/api-notes.php?node={HV50}"
    answer = mimic.get(url)
    assert answer.headers["Content-Type"] == HTML
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
    assert answer.headers["Content-Type"] == HTML
