"""What the web sources say, made wrong or made to be slow."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path

import pytest

from inventory.disk_cache import UPLINKS, Cache
from inventory.model import Answer
from inventory.sources.mimic.drawing import DrawingError, read_magdb, read_netbox
from inventory.sources.mimic.pages import PageError, read_host_page, read_view
from inventory.sources.subnet_page.table import SubnetPageError, read_selector, read_subnet
from napalm_cumulus.config.interfaces_file import InterfacesFile
from napalm_cumulus.parsing.lldp_text import document
from napalm_cumulus.ssh.known_hosts import KnownHosts, parse_known_hosts
from tests.unit.hostile.mutation import mutated
from tests.unit.inventory.fakes import NOW, uplink

NET = ip_network("10.5.0.0/24")
_HEADER = "<tr><th>IP Address</th><th>FQDN</th><th>Seen</th></tr>"
PAGE = (
    f"<html><select><option value='10.5.0.0%2F24'>x</option></select>Displaying: {NET}<table>"
    f"{_HEADER}<tr><td>10.5.0.43</td><td>sw3.example</td><td>Today</td></tr></table></html>"
)
HOST = "<html><object data='/components/magdb-draw-interfaces.php?system=12'></object></html>"
VIEW = b'{"infrastructure": {"compute": {"cluster": {"hv50.example": {"state": "ok"}}}}}'
_SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">'


def _group(kind: str, title: str, *lines: str) -> str:
    texts = "".join(f'<text x="1" y="1">{line}</text>' for line in lines)
    return f'<g class="{kind}"><title>{title}</title>{texts}</g>'


DRAWING = (
    _SVG
    + (
        _group("node", "s", "sw3.example", "Observed 2018-03-11")
        + _group("node", "p", "swp1s3")
        + _group("node", "e", "eth0")
        + _group("edge", "s-&gt;p")
        + _group("edge", "p-&gt;e")
        + "</svg>"
    ).encode()
)


def subnet(text: str) -> None:
    with suppress(SubnetPageError):
        read_subnet(text, NET)


def selector(text: str) -> None:
    with suppress(SubnetPageError):
        read_selector(text)


def host(text: str) -> None:
    with suppress(PageError):
        read_host_page(text)


def view(body: bytes) -> None:
    with suppress(PageError):
        read_view(body, ["compute"])


def drawing(body: bytes) -> None:
    for read in (read_magdb, read_netbox):
        with suppress(DrawingError):
            read(body, "hv50")


def test_sound_answers_are_read() -> None:
    assert read_subnet(PAGE, NET)[0].names == ("sw3.example",)
    assert read_selector(PAGE) == (NET,)
    assert read_host_page(HOST).magdb
    assert read_view(VIEW, ["compute"]).names == ("hv50.example",)
    assert read_magdb(DRAWING, "hv50").links[0].port == "swp1s3"


def test_answers_made_wrong_end_in_documented_errors() -> None:
    for name, body, read in (
        ("subnet", PAGE, subnet),
        ("selector", PAGE, selector),
        ("host", HOST, host),
    ):
        for output in mutated(name, body.encode(), 100):
            read(output.decode("utf-8", "replace"))
    for output in mutated("view", VIEW, 150):
        view(output)
    for output in mutated("drawing", DRAWING, 200):
        drawing(output)


def test_kept_answers_made_wrong_are_passed_over(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    answer = Answer((uplink(),), "Mimic", NOW)
    cache.store("q", answer, UPLINKS)
    (file,) = tmp_path.rglob("*.json")
    for output in mutated("cache", file.read_bytes(), 200):
        file.write_bytes(output)
        kept = cache.load("q", UPLINKS)
        assert kept is None or kept.value == answer.value


@pytest.mark.parametrize(
    "text", ["<![DOCTYPE ", "<![", "<!DOCTYPE [", "<!--", "<?", "&#x110000;", "&#" + "9" * 5000]
)
def test_markup_that_the_parser_refuses_is_a_sentence(text: str) -> None:
    with pytest.raises(SubnetPageError):
        read_subnet(f"{text}", NET)
    with pytest.raises(SubnetPageError):
        read_selector(f"<p>{text}")


def times(part: str) -> Callable[[int], str]:
    return lambda size: part * (size // len(part))


def closed(start: str, end: str, inside: str = "") -> Callable[[int], str]:
    def make(size: int) -> str:
        count = size // len(start + end + inside)
        return (start + inside) * count + end * count

    return make


def page(body: Callable[[int], str]) -> Callable[[int], str]:
    return lambda size: f"<html>Displaying: {NET} <select>{body(size)}</html>"


def svg(body: Callable[[int], str]) -> Callable[[int], bytes]:
    return lambda size: _SVG + body(size).encode() + b"</svg>"


def ring(size: int) -> str:
    count = size // 200
    nodes = [_group("node", f"n{at}", f"x{at}") for at in range(count)]
    edges = [_group("edge", f"n{at}-&gt;n{(at + 1) % count}") for at in range(count)]
    return _group("node", "s", "sw", "Observed") + "".join(nodes + edges)


def read_file(text: str) -> None:
    file = InterfacesFile.parse(text)
    for stanza in file.stanzas:
        len(stanza.interfaces)
    len(file.problems)


def lldp(text: str) -> None:
    with suppress(ValueError, LookupError):
        document(text)


def known(text: str) -> None:
    KnownHosts(parse_known_hosts(text, "x")).keys_of("leaf1")


#: What took time that grew with the square, or worse; and what might.
SLOW: dict[str, tuple[Callable[[int], str | bytes], Callable[..., None]]] = {
    "nested tables": (page(closed("<table><tr><td>", "</td></tr></table>")), subnet),
    "nested listings": (page(closed("<table>", "</table>", f"{_HEADER}<tr><td>")), subnet),
    "open cells": (page(times("<td>")), subnet),
    "wide cells": (page(times("<tr><td rowspan=50 colspan=50>")), subnet),
    "wide rows": (
        page(
            lambda size: (
                "<table><tr>"
                + "<td rowspan=50 colspan=50></td>" * (size // 40)
                + "</tr>"
                + "<tr></tr>" * (size // 40)
                + "</table>"
            )
        ),
        subnet,
    ),
    "open options": (page(times("<select><option>")), selector),
    "open marks": (page(times("<b>")), selector),
    "brackets": (page(times("<![CDATA[")), subnet),
    "blanks": (page(times("Displaying: ")), subnet),
    "plugins": (times("Parse error while loading plugin"), host),
    "depth": (lambda size: b'{"a":' * (size // 5), view),
    "nested groups": (svg(closed('<g class="node"><title>a</title>', "</g>")), drawing),
    "nested texts": (svg(closed('<g class="node"><text>a', "</text></g>")), drawing),
    "arrows": (svg(lambda size: _group("edge", "-&gt;" * (size // 5))), drawing),
    "a ring": (svg(ring), drawing),
    "stanzas": (times("iface a\n #\n"), read_file),
    "backslashes": (times("\\\n"), read_file),
    "ranges": (times("iface swp[1-99999999]\n"), read_file),
    "names in values": (
        lambda size: f"iface {'a' * (size // 2)}\n x {'$IFACE' * (size // 12)}\n",
        read_file,
    ),
    "keys": (times("lldp."), lldp),
    "sections": (times("lldp.a.via.a.via."), lldp),
    "stars": (lambda size: "*a" * (size // 2) + "! ssh-rsa AAAA\n", known),
}


@pytest.mark.parametrize("kind", SLOW)
def test_time_grows_no_faster_than_the_answer(kind: str) -> None:
    """Eight times the answer, by the process's own clock; the square of it would be 64 times."""
    make, read = SLOW[kind]

    def seconds(size: int) -> float:
        body = make(size)
        begun = time.process_time()
        read(body)
        return time.process_time() - begun

    read(make(256))  # what is imported or compiled at first
    assert seconds(32768) < max(0.5, 32 * seconds(4096))
