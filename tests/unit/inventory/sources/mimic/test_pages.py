from __future__ import annotations

import json

import pytest

from inventory.sources.mimic.pages import PageError, read_host_page, read_view

OBJECT = '<object type="image/svg+xml" data="/components/magdb-draw-interfaces.php?system=6453">'
NETBOX = '<object data="/components/netbox-draw-interfaces.php?netbox_id=9&is_vm=">'
NOTES = "<script>p.innerHTML = '<p class=\"error\">failed</p>'</script>"


def page(*parts: str, end: str = "</body></html>") -> str:
    return f"<!DOCTYPE html><html><body>{NOTES}{''.join(parts)}{end}"


def test_the_drawing_is_found_even_inside_a_start_tag() -> None:
    html = page(f"<div class='plugin' id='magdb'  <div><b>Deprecated</b>: x{OBJECT}</object></div>")
    assert read_host_page(html).magdb == "/components/magdb-draw-interfaces.php?system=6453"


def test_a_style_before_the_data_attribute_does_not_matter() -> None:
    html = page(OBJECT.replace("<object ", '<object style="width:9px" '))
    assert read_host_page(html).magdb


@pytest.mark.parametrize("raw", [NETBOX, NETBOX.replace("&", "&amp;")])
def test_both_drawings(raw: str) -> None:
    found = read_host_page(page(OBJECT, raw))
    assert found.netbox == "/components/netbox-draw-interfaces.php?netbox_id=9&is_vm="
    assert found.magdb


@pytest.mark.parametrize(
    "text",
    ["Host not in magDB.", "Stub Record - No system associated with IP.", "Host not in Netbox."],
)
def test_a_sound_page_may_say_that_it_does_not_know(text: str) -> None:
    found = read_host_page(page(f'<p class="warning">{text}</p>'))
    assert found.absences == (text,)
    assert not found.magdb


@pytest.mark.parametrize(
    "html",
    [
        "",
        "  ",
        page(OBJECT, end=""),
        page("Host not in magDB.", end=""),
        page(
            "Host not in magDB. Parse error while loading plugin. pg_connect(): Unable to connect"
        ),
        page("Host not in magDB. Parse error while loading plugin. No PostgreSQL connection"),
        page("Host not in magDB. Parse error while loading plugin <b>mysqli</b>"),
        page("<h1>Log in</h1>"),
        page(OBJECT, OBJECT.replace("6453", "6454")),
    ],
)
def test_an_unsound_page_is_an_error_whatever_else_it_says(html: str) -> None:
    with pytest.raises(PageError):
        read_host_page(html)


def test_a_parse_error_that_names_no_database_does_not_spoil_the_page() -> None:
    html = page(OBJECT, "Parse error while loading plugin. curl_exec(): no", "x" * 900, "pg_x")
    assert read_host_page(html).magdb


DEPRECATED = (
    "<div><p>Parse error while loading plugin. pg_query(): Automatic fetching of PostgreSQL "
    "connection is deprecated /var/www/html/node/node-magdb.inc.php 37</p></div>"
)
NO_RACK_POWER = (
    "<div><p>Parse error while loading plugin. pg_query(): Query failed: ERROR: relation "
    '"vRackPower" does not exist</p></div>'
)


@pytest.mark.parametrize("said", [DEPRECATED * 3, NO_RACK_POWER, DEPRECATED + NO_RACK_POWER])
@pytest.mark.parametrize("drawing", [OBJECT, NETBOX])
def test_a_page_with_a_drawing_goes_on_whatever_it_says_of_a_database(
    said: str, drawing: str
) -> None:
    found = read_host_page(page(said, drawing))
    assert found.magdb or found.netbox
    assert bool(found.doubt) == (NO_RACK_POWER in said)


def test_what_is_deprecated_makes_no_absence_doubtful() -> None:
    found = read_host_page(page(DEPRECATED * 3, "Host not in magDB."))
    assert (found.absences, found.doubt) == (("Host not in magDB.",), "")
    for said in (NO_RACK_POWER, DEPRECATED + NO_RACK_POWER, NO_RACK_POWER + DEPRECATED):
        with pytest.raises(PageError, match="a database is down"):
            read_host_page(page(said, "Host not in magDB."))


@pytest.mark.parametrize(
    ("html", "stands"),
    [
        (page("Host not in magDB."), False),
        (page("Host not in magDB. netbox"), False),
        (page("<div class='plugin' id='netbox'>9</div>Host not in magDB."), True),
        (page("<div class='plugin' id='netbox'  <div>x</div>>9</div>Host not in magDB."), True),
        (page("Host not in magDB.", "Host not in Netbox."), True),
        (page("Host not in magDB.", "Stub Record - No object assigned to IP"), True),
    ],
)
def test_whether_a_section_of_netbox_stands(html: str, stands: bool) -> None:
    assert read_host_page(html).netbox_section is stands


def view(panels: object) -> bytes:
    return json.dumps({"config": {"clickable": True}, "infrastructure": panels}).encode()


def test_every_compute_panel_counts_and_no_other() -> None:
    body = view(
        {
            "nubes-Compute-rack1": {"": {"HV51.example": {"nagios": " down"}}},
            "openstack-compute": {"": {"hv50.example": {"note": "<b>hi</b>"}}},
            "nubesvms": {"": {"vm-1.example": {"status": {"instantiated": "x"}}}},
            "empty-compute": [],
        }
    )
    found = read_view(body, ["compute"])
    assert found.names == ("HV51.example", "hv50.example")
    assert "nubesvms" in found.panels


def test_a_name_that_no_host_has_is_left_out_and_told() -> None:
    found = read_view(view({"compute": {"": {"hv50": {}, "$(x)\n": {}}}}), ["compute"])
    assert (found.names, found.rejected) == (("hv50",), ("$(x)",))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b'{"config":{"clickable":true}}', "Aquilon"),
        (b'{"config":{"clickable":true},"infrastructure":[]}', "Aquilon"),
        (b"<br />\n<b>Warning</b>: x{}", "does not start as JSON"),
        (b'{"config":', "not JSON"),
        (b'{"infrastructure":"no"}', "is a str"),
        (b"{" + b'"a":{' * 100_000, "not JSON"),
        (b"\xff\xfe{}", "does not start"),
    ],
)
def test_a_list_that_is_none(body: bytes, says: str) -> None:
    with pytest.raises(PageError, match=says):
        read_view(body, ["compute"])
