from __future__ import annotations

import contextlib
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.errors import AmbiguousSwitchError, SourceError, UnknownSwitchError
from inventory.sources.subnet_page.registrations import SubnetListing, find_switch
from inventory.sources.subnet_page.table import Row, SubnetPageError, read_selector, read_subnet
from runbooks.run.explain import explain

NET = ip_network("10.5.0.0/24")
SW3 = "swt-sn2100-03.example.internal"
HEAD = "<tr><th>IP Address</th><th>FQDN</th><th>Seen</th></tr>"


def page(*tables: str, displaying: str = "10.5.0.0/24") -> str:
    blocks = "".join(f"<h2>Block {i}</h2><table>{t}</table>" for i, t in enumerate(tables))
    return (
        "<html><body><a>FQDN</a> <a>Seen</a><h1>Listing IP &harr; FQDN for subnet:</h1>"
        "<select><option value='10.5.0.0%2F24'>Management - Core Switches</option>"
        "<option value='?subnet=10.5.1.0/24'>Other 10.5.9.0/24</option><option>none</option>"
        f"</select><p>Displaying: <b>{displaying}</b></p>Search: <input>{blocks}</body></html>"
    )


def row(address: str, name: str, seen: str = "Today") -> str:
    return f"<tr><td>{address}</td><td>{name}</td><td>{seen}</td></tr>"


def names(html: str) -> list[tuple[str, tuple[str, ...], str]]:
    return [(str(r.address), r.names, r.seen) for r in read_subnet(html, NET)]


def test_the_row_of_the_procedure() -> None:
    assert names(page(HEAD + row("10.5.0.42", SW3))) == [("10.5.0.42", (SW3,), "Today")]


def test_a_name_may_end_with_the_dot_of_the_root() -> None:
    html = page(HEAD + row("10.5.0.42", f"{SW3}. mgmt.example. ."))
    assert names(html) == [("10.5.0.42", (SW3, "mgmt.example"), "Today")]


def test_every_block_is_read() -> None:
    html = page(HEAD + row("10.5.0.42", SW3), HEAD + row("10.5.0.43", "sw4", "Never"))
    assert [n for _, (n,), _ in names(html)] == [SW3, "sw4"]


def test_headers_in_any_case_order_and_element_with_extra_columns() -> None:
    table = (
        "<tr><td>#</td><td>seen</td><td><b>fqdn</b></td><td>IP&nbsp;ADDRESS</td></tr>"
        "<tr><td>1</td><td>3 days&#32;ago</td><td><a href='x'>swt&#45;sn2100&#45;03</a></td>"
        "<td><a>10.5.0.42</a></td></tr>"
    )
    assert names(page(table)) == [("10.5.0.42", ("swt-sn2100-03",), "3 days ago")]


def test_a_layout_table_around_the_listing_reads_it_once() -> None:
    inner = f"<table>{HEAD}{row('10.5.0.42', SW3)}</table>"
    assert len(names(page(f"<tr><td>{inner}</td></tr>"))) == 1


def test_several_names_in_one_cell_and_rows_without_a_name() -> None:
    table = HEAD + row("10.5.0.42", "sw3.example<br>sw3-oob.example") + row("10.5.0.43", "")
    assert names(page(table + row("10.5.0.44", "&mdash;"))) == [
        ("10.5.0.42", ("sw3.example", "sw3-oob.example"), "Today")
    ]


def test_an_address_over_two_rows() -> None:
    table = (
        HEAD + '<tr><td rowspan="2">10.5.0.42</td><td>sw3.a</td><td>Today</td></tr>'
        "<tr><td>sw3.b</td><td>Never</td></tr>"
    )
    assert names(page(table)) == [
        ("10.5.0.42", ("sw3.a",), "Today"),
        ("10.5.0.42", ("sw3.b",), "Never"),
    ]


def test_a_remark_across_the_table_is_no_row() -> None:
    assert names(page(HEAD + '<tr><td colspan="3">free</td></tr>' + row("10.5.0.42", SW3)))


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<html><form>Login</form></html>",
        page(HEAD, displaying="10.5.1.0/24"),
        page("<tr><th>Address</th><th>FQDN</th><th>Seen</th></tr>"),
        page(HEAD + row("10.5.0.42", SW3))[:-25],
        page(HEAD + row("10.5.0.42", SW3)).replace("</body></html>", ""),
        page(HEAD + row("10.5.0.42", SW3)) + "Displaying: 10.5.1.0/24",
    ],
)
def test_a_page_that_is_no_listing_is_an_error(html: str) -> None:
    with pytest.raises(SubnetPageError):
        read_subnet(html, NET)


def test_an_empty_listing_is_sound() -> None:
    assert read_subnet(page(HEAD), NET) == ()


@given(st.text(max_size=200))
def test_arbitrary_text_never_crashes_the_reader(noise: str) -> None:
    with contextlib.suppress(SubnetPageError):
        read_subnet(page(HEAD + row(noise, noise, noise) + noise), NET)


def test_the_selector() -> None:
    assert [str(n) for n in read_selector(page(HEAD))] == ["10.5.0.0/24", "10.5.1.0/24"]
    with pytest.raises(SubnetPageError):
        read_selector("<p>no</p>")


def rows(*pairs: tuple[str, str]) -> SubnetListing:
    return SubnetListing([Row(ip_address(a), tuple(n.split()), "Today", a) for a, n in pairs])


def test_the_full_name_comes_first() -> None:
    listed = rows(("10.5.0.1", "sw3"), ("10.5.0.2", "sw3.a.example"))
    assert str(find_switch("SW3.a.example", listed).address) == "10.5.0.2"
    assert str(find_switch("sw3", listed).address) == "10.5.0.1"


@pytest.mark.parametrize(("asked", "listed"), [("sw3", "sw3.a.example"), ("sw3.a.example", "sw3")])
def test_short_and_full_meet_when_unique(asked: str, listed: str) -> None:
    assert find_switch(asked, rows(("10.5.0.2", listed))).name == listed


def test_two_domains_are_two_switches() -> None:
    listed = rows(("10.5.0.1", "sw3.a.example"), ("10.5.0.2", "sw3.b.example"))
    assert str(find_switch("sw3.b.example", listed).address) == "10.5.0.2"
    with pytest.raises(UnknownSwitchError):
        find_switch("sw3.c.example", listed)
    with pytest.raises(AmbiguousSwitchError, match=r"10\.5\.0\.1 .*10\.5\.0\.2"):
        find_switch("sw3", listed)


def test_an_unknown_switch_is_told_with_a_name_like_it() -> None:
    listed = rows(("10.5.0.1", "swt-sn2100-03.example.internal"), ("10.5.0.2", "printer"))
    with pytest.raises(UnknownSwitchError) as unknown:
        find_switch("swt-sn2100-30", listed)
    assert explain(unknown.value).advice.startswith("Did you mean swt-sn2100-03.example.internal? ")


def test_contradictions_list_both_sides() -> None:
    with pytest.raises(AmbiguousSwitchError, match=r"10\.5\.0\.1 sw3, 10\.5\.0\.2 sw3"):
        find_switch("sw3", rows(("10.5.0.1", "sw3"), ("10.5.0.2", "sw3")))
    with pytest.raises(AmbiguousSwitchError, match="sw3, sw4"):
        find_switch("sw3", rows(("10.5.0.1", "sw3"), ("10.5.0.1", "sw4")))


def test_aliases_in_one_cell_and_repeated_rows_are_no_contradiction() -> None:
    alone = rows(("10.5.0.1", "sw3.example sw3-oob.example"))
    listed = rows(("10.5.0.1", "sw3.example sw3-oob.example"), ("10.5.0.1", "sw3.example"))
    assert find_switch("sw3-oob.example", alone).name == "sw3-oob.example"
    assert find_switch("sw3.example", listed).name == "sw3.example"


def test_a_row_without_a_usable_address_is_no_answer() -> None:
    listed = SubnetListing(read_subnet(page(HEAD + row("10.6.0.1", SW3)), NET))
    with pytest.raises(SourceError, match=r"no address of its subnet \(10\.6\.0\.1"):
        find_switch(SW3, listed)
