"""The lossless model: what it keeps, and what ifupdown2 makes of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.interfaces_file import InterfacesFile
from napalm_cumulus.config.validation import introduced
from napalm_cumulus.patterns import expand_range

LEAF = """\
# The loopback
auto lo
iface lo inet loopback
    address 10.0.0.11/32

source /etc/network/interfaces.d/*

auto vlan453
iface vlan453
    bridge-ports swp1
    address 130.246.212.2/22
    # the anycast gateway
    address-virtual 00:00:5e:00:01:c5 130.246.212.1/22
    #address-virtual 00:00:5e:00:01:c7 130.246.212.9/22

# about the next one
auto swp1
iface swp1
    alias uplink of $IFACE
"""

_WORDS = st.sampled_from(
    ["auto", "iface", "vlan", "source", "address", "address-virtual", "swp1", "10.0.0.1/24", "#"]
)
_GLUE = st.sampled_from(["\n", "\r\n", "\r", " ", "\t", "\\", "\\\n", "\n    ", "\x0b", "\x85"])
_TEXTS = st.one_of(st.text(), st.lists(st.one_of(_WORDS, _GLUE), max_size=60).map("".join))


@given(_TEXTS)
def test_printing_gives_back_what_was_parsed(text: str) -> None:
    file = InterfacesFile.parse(text)
    assert file.render() == text
    assert "".join(file.physical_lines) == text


@given(_TEXTS)
def test_every_line_number_is_a_line_of_the_file(text: str) -> None:
    file = InterfacesFile.parse(text)
    count = len(file.physical_lines)
    for stanza in file.stanzas:
        assert 1 <= stanza.first <= stanza.last <= count
        for attribute in stanza.attributes:
            assert stanza.first <= attribute.first <= attribute.last <= stanza.last


@given(_TEXTS)
def test_commenting_out_only_adds_hashes_and_takes_the_addresses_away(text: str) -> None:
    file = InterfacesFile.parse(text)
    for number, stanza in enumerate(file.stanzas):
        edited = file.comment_out(stanza)
        wanted = [a for a in stanza.attributes if not a.name.startswith("address")]
        assert len(edited.text) == len(text) + len(stanza.attributes) - len(wanted)
        assert [(a.name, a.value) for a in edited.stanzas[number].attributes] == [
            (a.name, a.value) for a in wanted
        ]
        assert len(edited.stanzas) == len(file.stanzas)


def test_stanzas_of_a_leaf() -> None:
    file = InterfacesFile.parse(LEAF)
    assert [s.name for s in file.stanzas] == ["lo", "vlan453", "swp1"]
    assert [(d.keyword, d.words) for d in file.directives] == [
        ("auto", ("lo",)),
        ("source", ("/etc/network/interfaces.d/*",)),
        ("auto", ("vlan453",)),
        ("auto", ("swp1",)),
    ]
    vlan = file.stanzas[1]
    assert vlan.values("address-virtual") == ("00:00:5e:00:01:c5 130.246.212.1/22",)
    assert file.stanzas[2].values("alias") == ("uplink of swp1",)


def test_an_indented_comment_below_belongs_to_the_stanza() -> None:
    file = InterfacesFile.parse(LEAF)
    assert file.stanza_text(file.stanzas[1]).endswith("130.246.212.9/22\n")
    assert "about the next one" not in file.stanza_text(file.stanzas[1])


def test_comment_out_keeps_everything_else() -> None:
    file = InterfacesFile.parse(LEAF)
    edited = file.comment_out(file.stanzas[1])
    assert edited.text == LEAF.replace("    address 130", "    #address 130").replace(
        "    address-virtual 00:00:5e:00:01:c5", "    #address-virtual 00:00:5e:00:01:c5"
    )


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("iface a\n  address \\\n  10.0.0.1/24\n", [("address", "10.0.0.1/24")]),
        ("iface a\n  add\\\nress 1\n", [("add", "ress 1")]),
        ("iface a\n # note \\\n  address 10.0.0.1/24\n  mtu 9000\n", [("mtu", "9000")]),
        ("iface a\r\n  mtu 1\r\n", [("mtu", "1")]),
        ("iface a\r  mtu 1", [("mtu", "1")]),
        ("iface a\n\n\n  mtu 1", [("mtu", "1")]),
        ("iface a\n  bridge_ports none", [("bridge-ports", "none")]),
        ("iface a\n  mtu\t1", [("mtu", "1")]),
    ],
)
def test_what_ifupdown2_makes_of_odd_lines(text: str, attributes: list[tuple[str, str]]) -> None:
    (stanza,) = InterfacesFile.parse(text).stanzas
    assert [(a.name, a.value) for a in stanza.attributes] == attributes


def test_a_continued_line_is_commented_out_whole() -> None:
    file = InterfacesFile.parse("iface a\n  address-virtual \\\n    none 10.0.0.1/24\n  mtu 1\n")
    edited = file.comment_out(file.stanzas[0])
    assert edited.text == "iface a\n  #address-virtual \\\n    none 10.0.0.1/24\n  mtu 1\n"
    assert [a.name for a in edited.stanzas[0].attributes] == ["mtu"]


@pytest.mark.parametrize(
    ("text", "line"), [("rubbish\n", 1), ("auto lo\nrubbish x\n", 2), ("iface a\n  mtu\n", 2)]
)
def test_problems_name_their_line(text: str, line: int) -> None:
    assert [p.line for p in InterfacesFile.parse(text).problems] == [line]


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("% for i in range(3):\nauto swp${i}\n% endfor\n", True),
        ("auto swp1 # ${i}\n", False),
        ("# 100% of it\nauto lo\n", False),
        ("# 50 %\nalias ${x}\n", True),
        ("<%def name='x()'>\n</%def>\n", True),
    ],
)
def test_templates_are_known(text: str, *, template: bool) -> None:
    assert InterfacesFile.parse(text).is_template is template


def test_ranges() -> None:
    assert expand_range("swp[9-11]") == ("swp9", "swp10", "swp11")
    assert expand_range("swp[1-1].5") == ("swp1.5",)
    assert expand_range("bond0") == ("bond0",)


@given(_TEXTS)
def test_an_odd_blank_elsewhere_changes_nothing(text: str) -> None:
    """A file without odd blanks is read in a quicker way, which must give the same."""
    text = f"{text}\nauto lo\n"  # so that a backslash does not join the comment to it
    quick, slow = InterfacesFile.parse(text), InterfacesFile.parse(f"{text}#\x0b")
    assert (quick.stanzas, quick.directives) == (slow.stanzas, slow.directives)
    assert quick.problems == slow.problems


@pytest.mark.parametrize("line", ["auto\x0b", "auto \x1c", "iface\x0c"])
def test_a_keyword_with_an_odd_blank_and_no_name_is_judged(line: str) -> None:
    files = {"/etc/network/interfaces": f"auto lo\niface lo\n{line}\n"}
    assert introduced(Configuration({}), Configuration(files))
