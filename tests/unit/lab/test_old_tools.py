"""What stands before a leaf's ``ip``, ``bridge`` and ``lldpctl`` behaves as old releases do."""

from __future__ import annotations

import json

import pytest

from lab.fabric.old_tools import (
    BEFORE_4_6,
    BROKEN_JSON,
    HALF_JSON,
    NO_JSON,
    RefusedError,
    Release,
    bridge,
    ip,
    lldpctl,
    wants_json,
)
from lab.fabric.releases import Iproute2, Lldpctl

ROUTES = '[{"type":"local","dst":"10.0.0.1","flags":[]},{"dst":"default","flags":[]}]\n'
M = "fa:16:3e:d4:d5:0b"
FDB = [
    {"mac": M, "ifname": "vni10453", "flags": [], "master": "bridge", "state": ""},
    {"mac": M, "ifname": "vni10453", "dst": "10.0.0.12", "flags": ["self"], "state": ""},
]


@pytest.mark.parametrize("release", [BEFORE_4_6, NO_JSON])
@pytest.mark.parametrize("option", ["-j", "-js", "-json"])
def test_no_json_at_all(release: Release, option: str) -> None:
    with pytest.raises(RefusedError, match='Option "-j" is unknown, try "ip -help"'):
        ip(release, ["-4", option, "route", "show"])


@pytest.mark.parametrize("words", ["neigh show", "ro show table all", "rule"])
def test_the_option_is_taken_and_text_is_printed(words: str) -> None:
    asked, _ = ip(HALF_JSON, ["-j", "-4", *words.split()])
    assert not wants_json(asked)
    assert wants_json(ip(HALF_JSON, ["-j", "addr"])[0])
    assert wants_json(ip(BROKEN_JSON, ["-j", *words.split()])[0])


def test_a_routes_type_has_no_name() -> None:
    asked, rewrite = ip(BROKEN_JSON, ["-j", "-4", "route", "show", "table", "all"])
    assert asked == ["-j", "-4", "route", "show", "table", "all"]
    assert rewrite(ROUTES).startswith('[{"local","dst":"10.0.0.1"')
    with pytest.raises(json.JSONDecodeError):
        json.loads(rewrite(ROUTES))


@pytest.mark.parametrize("release", [NO_JSON, HALF_JSON])
def test_the_port_of_a_forwarding_entry_is_called_dev(release: Release) -> None:
    _, rewrite = bridge(release, ["-j", "fdb", "show"])
    assert json.loads(rewrite(json.dumps(FDB))) == [
        {"mac": M, "dev": "vni10453", "master": "bridge", "state": ""},
        {"mac": M, "dev": "vni10453", "dst": "10.0.0.12", "flags": ["self"]},
    ]
    assert bridge(BROKEN_JSON, ["-j", "fdb", "show"])[1] is str


def test_what_changes_something_goes_to_the_real_tool_as_it_is() -> None:
    for words in (["link", "set", "dev", "a", "up"], ["route", "add", "10.0.0.0/8", "dev", "a"]):
        asked, _ = ip(NO_JSON, words)
        assert asked == words
    assert bridge(NO_JSON, ["fdb", "del", M, "dev", "a"]) == (["fdb", "del", M, "dev", "a"], str)


@pytest.mark.parametrize(
    ("release", "words"),
    [
        (BROKEN_JSON, "nexthop show"),
        (BEFORE_4_6, "route get 10.0.0.1 vrf red"),
        (HALF_JSON, "addr replace 10.0.0.1/24 dev a metric 9"),
    ],
)
def test_what_a_release_does_not_know_is_refused(release: Release, words: str) -> None:
    with pytest.raises(RefusedError):
        ip(release, words.split())


def test_neighbours_of_a_daemon() -> None:
    said = f"10.0.0.9 dev a lladdr {M} extern_learn NOARP proto zebra \n10.0.0.8 dev a PERMANENT \n"
    _, rewrite = ip(BEFORE_4_6, ["neigh", "show"])
    assert rewrite(said).splitlines()[0] == f"10.0.0.9 dev a lladdr {M} offload NOARP "
    _, rewrite = ip(BEFORE_4_6, ["-4", "neigh", "show", "nud", "permanent"])
    assert rewrite(said) == "10.0.0.8 dev a PERMANENT \n"


def test_text_of_bridge_is_laid_out_as_it_was() -> None:
    _, rewrite = bridge(NO_JSON, ["vlan", "show"])
    now = "port              vlan-id  \nswp1              1 PVID\n                  453\nswp2   2\n"
    assert rewrite(now) == "port\tvlan ids\nswp1\t 1 PVID\n\t 453\n\nswp2\t 2\n\n"
    _, rewrite = bridge(NO_JSON, ["link"])
    assert rewrite("5: swp1@if4: <UP,LOWER_UP> mtu 9000 master br\n").startswith(
        "5: swp1 state UP @if4: <UP,LOWER_UP> mtu 9000"
    )


def test_vnis_of_vlans_as_they_were() -> None:
    asked = ["-compressvlans", "-j", "vlan", "tunnelshow"]
    with pytest.raises(RefusedError, match='"tunnelshow" is unknown'):
        bridge(NO_JSON, asked)
    with pytest.raises(RefusedError):
        bridge(BEFORE_4_6, ["-compressvlans", "vlan", "tunnelshow"])
    _, rewrite = bridge(HALF_JSON, asked)
    row = {"ifname": "vxlan48", "tunnels": [{"vlan": 453, "tunid": 10453}]}
    assert json.loads(rewrite(json.dumps([row]))) == {"vxlan48": row["tunnels"]}
    _, rewrite = bridge(HALF_JSON, ["vlan", "tunnelshow"])
    now = "port              vlan-id    tunnel-id\nvxlan48           453        10453\n"
    assert rewrite(now) == "port\tvlan ids\ttunnel id\nvxlan48\t 453\t 10453\n\n"


def test_lldpctl_without_json() -> None:
    assert lldpctl("text", ["-f", "json"])[0] == ["-f", "plain"]
    assert lldpctl("no-json0", ["-f", "json"])[0] == ["-f", "json"]
    assert lldpctl("text", ["-f", "keyvalue"])[0] == ["-f", "keyvalue"]
    with pytest.raises(RefusedError):
        lldpctl("no-json0", ["-f", "json0"])


def test_each_option_says_what_it_does() -> None:
    assert all(kind.does for kind in (*Iproute2, *Lldpctl))


def test_a_bridges_details_are_cut_and_nothing_of_the_next_link() -> None:
    said = (
        "7: br: <UP> mtu 1 \\    link/ether 02:00:00:00:00:07 promiscuity 0 minmtu 68 \\    bridge "
        "forward_delay 0 vlan_filtering 1 \n8: b: <UP> mtu 1 \\    link/ether 02:00:00:00:00:08 \n"
    )
    _, rewrite = ip(BEFORE_4_6, ["-d", "-o", "link", "show"])
    first, second = rewrite(said).splitlines()
    assert first.endswith("\\    bridge ")
    assert second.startswith("8: b: ")
    assert "minmtu" not in first
