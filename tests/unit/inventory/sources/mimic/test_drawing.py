from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.sources.mimic.cabling import Link
from inventory.sources.mimic.drawing import DrawingError, read_magdb, read_netbox
from tests.unit.inventory.svg import (
    BMC,
    ETH0,
    ETH1,
    HV,
    P1,
    P2,
    SW1,
    SW3,
    Svg,
    address,
    link,
    plain,
    unknown,
)

NEW, OLD = date(2018, 3, 11), date(2017, 11, 2)


@pytest.mark.parametrize("variant", ["v2018", "head"])
def test_the_screenshot_of_the_procedure(variant: str) -> None:
    drawing = read_magdb(plain(variant).bytes(), HV)
    assert drawing.links == (Link("eth0", SW3, "swp1s3", NEW),)
    assert drawing.unknown == ()
    assert drawing.notes == ()


def test_the_title_may_stand_on_one_line_with_its_group_or_on_the_next() -> None:
    body = plain().bytes()
    assert read_magdb(body.replace(b'"><title>', b'">\n<title>'), HV) == read_magdb(body, HV)


def test_a_cabled_bmc_is_left_out() -> None:
    svg = link(plain(), "mgmt-sw-1.example.internal", "2018-03-11", P2, "1/0/7", BMC, "bmc0")
    assert [found.switch for found in read_magdb(svg.bytes(), HV).links] == [SW3]


def test_a_bmc_under_another_name_is_known_by_the_machine_it_leads_to() -> None:
    svg = link(Svg(), SW3, "2018-03-11", P1, "swp1s3", ETH0, "eth0")
    address(svg, ETH0, "10.5.1.50", HV)
    link(svg, "mgmt-sw-1", "2018-03-11", P2, "7", BMC, "oob1")
    address(svg, BMC, "10.6.25.50", "system6453.example.internal")
    assert [found.interface for found in read_magdb(svg.bytes(), HV).links] == ["eth0"]


def test_all_members_of_a_bond_are_kept_though_one_carries_the_address() -> None:
    svg = plain()
    link(svg, SW1, "2018-03-10", P2, "swp2", ETH1, "eth1")
    svg.cluster("cluster_bond0", "bond0", (0, 0, 9, 9))
    assert read_magdb(svg.bytes(), HV).links == (
        Link("eth0", SW3, "swp1s3", NEW),
        Link("eth1", SW1, "swp2", date(2018, 3, 10)),
    )


def test_the_newest_row_of_an_interface_wins() -> None:
    svg = link(plain(), SW1, OLD.isoformat(), P2, "swp2", ETH0, "eth0")
    drawing = read_magdb(svg.bytes(), HV)
    assert drawing.links == (Link("eth0", SW3, "swp1s3", NEW),)
    assert drawing.notes == (
        f"{HV} eth0: an LLDP row that is not the newest is left out: {SW1} swp2, observed {OLD}",
    )


def test_two_switches_seen_on_the_same_day_are_both_given() -> None:
    svg = link(plain(), SW1, NEW.isoformat(), P2, "swp2", ETH0, "eth0")
    drawing = read_magdb(svg.bytes(), HV)
    assert {found.switch for found in drawing.links} == {SW1, SW3}
    (note,) = drawing.notes
    assert note.startswith(f"{HV}: the dates in Mimic do not tell which cable is current: ")
    assert f"eth0 is on {SW1} swp2 or on {SW3} swp1s3 (all are kept, and the switches" in note


def test_a_row_without_date_is_older_than_any_with_one() -> None:
    svg = link(plain(), SW1, "", P2, "swp2", ETH0, "eth0")
    drawing = read_magdb(svg.bytes(), HV)
    assert [found.switch for found in drawing.links] == [SW3]
    assert drawing.notes[0].endswith(f"is left out: {SW1} swp2, without a date")
    alone = link(Svg(), SW1, "", P2, "swp2", ETH0, "eth0")
    assert read_magdb(alone.bytes(), HV).links == (Link("eth0", SW1, "swp2", None),)


def test_a_missing_port_text_is_no_port_and_not_the_mac() -> None:
    svg = link(Svg(), SW3, "2018-03-11", P1, "", ETH0, "eth0")
    assert read_magdb(svg.bytes(), HV).links == (Link("eth0", SW3, "", NEW),)


def test_a_missing_lldp_name_is_an_unknown_switch() -> None:
    svg = Svg().node("", "Observed 2018-03-11").node(P1, "swp1", P1, "V")
    svg.node(ETH0, "eth0", ETH0, "V").edge("", P1).edge(P1, ETH0)
    drawing = read_magdb(svg.bytes(), HV)
    assert drawing.links == ()
    assert drawing.unknown == ("eth0",)
    assert "no LLDP name" in drawing.notes[0]


def test_ports_merged_by_their_mac_have_no_certain_name() -> None:
    svg = link(Svg(), SW3, "2018-03-11", P1, "swp2", ETH0, "eth0", variant="v2018")
    svg.node(ETH1, "eth1", ETH1, "V").edge(P1, ETH1)
    drawing = read_magdb(svg.bytes(), HV)
    assert [(found.interface, found.port) for found in drawing.links] == [
        ("eth0", ""),
        ("eth1", ""),
    ]
    assert len(drawing.notes) == 2


@pytest.mark.parametrize("port", ["TenGigabitEthernet 0/12", "Te 0/12 [up]"])
def test_free_port_texts_survive_in_node_ids(port: str) -> None:
    svg = link(Svg(), SW3, "2018-03-11", P1, port, ETH0, "eth0")
    assert read_magdb(svg.bytes(), HV).links[0].port == port


@pytest.mark.parametrize(
    "port",
    [
        "swp18`s`",
        "swp62 -> hv62",
        "a->b",
        "->",
        "Ethernet1/1 | uplink",
        "swp68 <uplink & trunk>",
        "&eacute;t&nosuch;",
        "swp1\x0b2",
        "swp\ufffe",
        "x" * 300,
        "\u202e3pws",
        "(none)",
    ],
)
def test_an_odd_port_text_makes_the_port_unknown_and_no_more(port: str) -> None:
    svg = link(plain(), SW1, "2018-03-11", P2, port, ETH1, "eth1")
    drawing = read_magdb(svg.bytes(), HV)
    assert drawing.links == (Link("eth0", SW3, "swp1s3", NEW), Link("eth1", SW1, "", NEW))
    (note,) = drawing.notes
    assert note.startswith(f'{HV}: the port of eth1 is not known: no port is called "')


def test_a_byte_that_is_no_utf8_spoils_nothing_else() -> None:
    body = plain().bytes().replace(b"Super Micro", b"S\xfcper Micro")
    assert read_magdb(body, HV).links == (Link("eth0", SW3, "swp1s3", NEW),)


@pytest.mark.parametrize(
    "name", ["$(reboot)", "-oProxyCommand=x", "a b", "swt\u202e03", "x;y", "localhost (none)", ".."]
)
def test_a_switch_name_that_no_host_has_is_left_out_and_told(name: str) -> None:
    drawing = read_magdb(link(Svg(), name, "2018-03-11", P1, "swp1", ETH0, "eth0").bytes(), HV)
    assert (drawing.links, drawing.unknown) == ((), ("eth0",))
    assert drawing.notes[0].startswith(f'{HV}: the neighbour of eth0 calls itself "')
    assert drawing.notes[0].endswith("no host name, and is left out (observed 2018-03-11)")
    beside = read_magdb(link(plain(), name, "2018-03-12", P2, "swp1", ETH0, "eth0").bytes(), HV)
    assert beside.links == (Link("eth0", SW3, "swp1s3", NEW),)
    assert beside.notes == (drawing.notes[0].replace("-11)", "-12)"),)


@pytest.mark.parametrize(
    "name", [f"{SW3}.", SW3.upper(), f"{SW3.upper()}.", SW3.split(".")[0], "SWT-SN2100-03"]
)
@pytest.mark.parametrize("order", [1, -1])
def test_names_of_one_switch_are_one_switch(name: str, order: int) -> None:
    svg = Svg()
    for switch, when in [(SW3, NEW), (name, OLD)][::order]:
        link(svg, switch, when.isoformat(), P1, "swp1s3", ETH0, "eth0")
    drawing = read_magdb(svg.bytes(), HV)
    assert (drawing.links, drawing.notes) == ((Link("eth0", SW3, "swp1s3", NEW),), ())


def test_a_short_name_that_can_be_two_switches_stays_one_of_its_own() -> None:
    svg = link(Svg(), "sw3.a.example", "2018-03-11", P1, "swp1", ETH0, "eth0")
    link(svg, "sw3.b.example", "2018-03-11", P2, "swp2", ETH1, "eth1")
    link(svg, "sw3", "2018-03-11", "7c:fe:90:00:00:15", "swp3", "0c:c4:7a:32:00:03", "eth2")
    names = [found.switch for found in read_magdb(svg.bytes(), HV).links]
    assert names == ["sw3.a.example", "sw3.b.example", "sw3"]


def test_a_date_that_is_none_is_told() -> None:
    body = plain().bytes().replace(b"2018&#45;03&#45;11", b"11.3.2018")
    drawing = read_magdb(body, HV)
    assert drawing.links == (Link("eth0", SW3, "swp1s3", None),)
    assert drawing.notes == (f'{HV}: the date of eth0 is not known: it is drawn as "11.3.2018"',)


def test_an_interface_with_an_odd_name_is_called_by_its_mac() -> None:
    svg = link(Svg(), SW3, "2018-03-11", P1, "swp1", ETH0, "eth0`")
    assert [found.interface for found in read_magdb(svg.bytes(), HV).links] == [ETH0]


def test_unknown_switches_are_no_links() -> None:
    drawing = read_magdb(unknown(Svg(), ETH0, "eth0").bytes(), HV)
    assert (drawing.links, drawing.unknown) == ((), ("eth0",))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<html>no</html>", "does not start as XML"),
        (b"curl: (7) Failed to connect<?xml version='1.0'?><svg/>", "does not start as XML"),
        (plain().bytes()[:-30], "not well-formed"),
        (b"<?xml version='1.0'?><html/>", "not an SVG"),
        (Svg().node("x", "No System Specified").bytes(), "No System Specified"),
        (Svg().node("x", "No Interfaces Found").bytes(), "No Interfaces Found"),
        (Svg().bytes(), "nothing in it"),
        (Svg().node("a", "b").edge("a", "gone").bytes(), "joins no two"),
        (address(Svg().node(ETH0, "eth0", ETH0), ETH0, "10.5.1.50", HV).bytes(), "no interface"),
        (
            (
                b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
                b"<svg xmlns='http://www.w3.org/2000/svg'>&x;</svg>"
            ),
            "not well-formed",
        ),
    ],
)
def test_what_is_no_drawing_is_an_error(body: bytes, says: str) -> None:
    with pytest.raises(DrawingError, match=says):
        read_magdb(body, HV)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_crash_the_reader(noise: bytes) -> None:
    for body in (noise, b"<?xml version='1.0'?>" + noise, plain().bytes()[:-9] + noise):
        try:
            found = read_magdb(body, HV)
        except DrawingError:
            continue
        assert found.links


def _netbox() -> Svg:
    """eth0 on swp1s3 of SW3, a managed BMC, the address on a LAG."""
    svg = Svg().node("interface.7", "swp1s3", at=(5, 5))
    svg.node("interface.1", "eth0", ETH0, "Vendor", "25GBASE SFP28", tooltip="Bootable")
    svg.edge("interface.7", "interface.1")
    svg.cluster("cluster_peer.31", SW3, (0, 0, 20, 20))
    svg.node("interface.9", "oob", BMC, "Vendor", "1000BASE-T", tooltip="Management")
    svg.node("unknown.interface.9", "Unknown Interface").edge("unknown.interface.9", "interface.9")
    svg.node("192.0.2.39/21", "192.0.2.39/21", " Last Seen Today").node(HV, HV)
    return svg.chain("interface.1", "192.0.2.39/21", HV)


def test_netbox_names_the_switch_by_the_box() -> None:
    drawing = read_netbox(_netbox().bytes(), HV)
    assert drawing.links == (Link("eth0", SW3, "swp1s3", None),)
    assert drawing.unknown == ()


def test_netbox_boxes_are_told_apart_by_their_place() -> None:
    svg = _netbox().node("interface.8", "swp4", at=(105, 5))
    svg.node("interface.2", "eth1", ETH1, "Vendor", "25GBASE SFP28").edge(
        "interface.8", "interface.2"
    )
    svg.cluster("cluster_peer.32", SW1, (100, 0, 120, 20))
    assert read_netbox(svg.bytes(), HV).links == (
        Link("eth0", SW3, "swp1s3", None),
        Link("eth1", SW1, "swp4", None),
    )


def test_netbox_port_in_no_box_or_two_is_on_no_known_switch() -> None:
    svg = _netbox().cluster("cluster_peer.32", SW1, (0, 0, 20, 20))
    drawing = read_netbox(svg.bytes(), HV)
    assert (drawing.links, drawing.unknown) == ((), ("eth0",))
    assert drawing.notes == (f'{HV}: NetBox does not say whose port "swp1s3" at eth0 is',)


def test_one_odd_name_in_netbox_hides_no_other() -> None:
    svg = _netbox().node("interface.8", "A1 | rear", at=(105, 5))
    svg.node("interface.2", "eth1", ETH1, "Vendor", "25G").edge("interface.8", "interface.2")
    svg.cluster("cluster_peer.32", "Patch panel (A)", (100, 0, 120, 20))
    drawing = read_netbox(svg.bytes(), HV)
    assert (drawing.links, drawing.unknown) == ((Link("eth0", SW3, "swp1s3", None),), ("eth1",))
    assert drawing.notes == (f'{HV}: NetBox has eth1 on "Patch panel (A)", which is no host name',)


def test_netbox_without_cables() -> None:
    svg = Svg().node("interface.1", "eth0", "No MAC Recorded", "…", "25GBASE SFP28")
    svg.node("unknown.interface.1", "Unknown Interface").edge("unknown.interface.1", "interface.1")
    drawing = read_netbox(svg.bytes(), HV)
    assert (drawing.links, drawing.unknown) == ((), ("eth0",))
