"""Every release of iproute2 gives the same rows: JSON, broken JSON, text for JSON, and text."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napalm_cumulus.errors import CommandErrorException
from napalm_cumulus.parsing import iproute, iproute_text
from napalm_cumulus.parsing.iproute import Table
from napalm_cumulus.result import CommandResult

Run = Callable[..., CommandResult]
MAC = "fa:16:3e:d4:d5:0b"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a table's command with an ``ip`` and a ``bridge`` that print what they are told."""

    def run(table: Table, said: str = "", text: str = "", status: int = 0) -> CommandResult:
        (tmp_path / "json").write_text(said)
        (tmp_path / "text").write_text(text)
        for tool in ("ip", "bridge"):
            program = tmp_path / tool
            program.write_text(
                f'#!/bin/sh\ncase " $* " in *" -j "*) cat {tmp_path}/json; exit {status} ;; esac\n'
                f"cat {tmp_path}/text\n"
            )
            program.chmod(0o755)
        command = table.command(5)
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", command], env=environment, capture_output=True, check=False
        )
        return CommandResult(command, done.returncode, done.stdout, done.stderr)

    return run


ROUTE_TEXT = (
    "local 10.0.0.1 dev lo table local proto kernel scope host src 10.0.0.1 \n"
    "default via 192.0.2.1 dev swp10 proto bgp metric 20 \n"
)
ROUTE_ROWS = [
    {
        "type": "local",
        "dst": "10.0.0.1",
        "flags": [],
        "table": "local",
        "dev": "lo",
        "protocol": "kernel",
        "scope": "host",
        "prefsrc": "10.0.0.1",
    },
    {
        "dst": "default",
        "flags": [],
        "gateway": "192.0.2.1",
        "dev": "swp10",
        "protocol": "bgp",
        "metric": 20,
    },
]
#: As 4.17 to 4.20 print it: the type has no name.
BROKEN = '[{"local","dst":"10.0.0.1","dev":"lo","table":"local","flags":[]}]\n'


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (json.dumps(ROUTE_ROWS), 0),
        (BROKEN, 0),
        (BROKEN.replace('"local",', '"unreachable",', 1), 0),
        (ROUTE_TEXT, 0),
        ("", 0),
        ("", 255),
        (json.dumps(ROUTE_ROWS)[:-9], 0),
    ],
    ids=["json", "4.17", "4.17-ipv6", "4.14", "nothing", "4.9", "cut"],
)
def test_routes_of_every_release(run: Run, said: str, status: int) -> None:
    result = run(iproute.ROUTES[4], said, ROUTE_TEXT, status)
    assert iproute.ROUTES[4].rows(result) == ROUTE_ROWS


def test_sound_json_is_given_as_it_is_and_nothing_else_is_asked(run: Run) -> None:
    said = json.dumps([{"ifname": "swp1", "ifalias": "a \\ b\"{'local'}%s", "flags": []}])
    result = run(iproute.LINKS, said, "never asked")
    assert result.stdout.decode() == f"{said}\n"


def test_a_command_that_hung_is_not_asked_again(run: Run) -> None:
    result = run(iproute.LINKS, "[", "2: a: <UP> mtu 1500\n", status=124)
    assert (result.exit_status, result.stdout) == (124, b"")


def test_a_program_that_is_not_there_is_an_error() -> None:
    command = iproute.RULES.command()
    nothing = {"PATH": "/none"}
    done = subprocess.run(["/bin/sh", "-c", command], env=nothing, capture_output=True, check=False)
    result = CommandResult(command, done.returncode, done.stdout, done.stderr)
    with pytest.raises(CommandErrorException, match=r"'ip -j rule show' failed .* 127"):
        iproute.RULES.rows(result)


def rows(table: Table, said: Any) -> list[dict[str, Any]]:
    text = said if isinstance(said, str) else json.dumps(said)
    return table.rows(CommandResult(table.command(), 0, text.encode(), b""))


@pytest.mark.parametrize(
    "said",
    [
        [
            {"mac": MAC, "ifname": "vni10453", "master": "bridge", "flags": [], "state": ""},
            {
                "mac": MAC,
                "ifname": "vni10453",
                "dst": "10.0.0.12",
                "flags": ["self"],
                "state": "",
            },
        ],
        [
            {"mac": MAC, "dev": "vni10453", "master": "bridge", "state": ""},
            {"mac": MAC, "dev": "vni10453", "dst": "10.0.0.12", "flags": ["self"]},
        ],
        f"# text\n{MAC} dev vni10453 master bridge \n{MAC} dev vni10453 dst 10.0.0.12 self \n",
    ],
    ids=["5.0", "4.9", "text"],
)
def test_forwarding_of_every_release(said: Any) -> None:
    learnt, own = rows(iproute.FDB, said)
    assert (learnt["ifname"], learnt["master"], learnt["state"]) == ("vni10453", "bridge", "")
    assert (own["ifname"], own["dst"], own["flags"]) == ("vni10453", "10.0.0.12", ["self"])
    assert "master" not in own


@pytest.mark.parametrize("word", ["extern_learn", "offload"])
def test_a_daemons_entry_is_known_by_the_word_of_either_release(word: str) -> None:
    (text,) = rows(iproute.FDB, f"# text\n{MAC} dev vni10453 master bridge {word} \n")
    (own,) = rows(iproute.NEIGHBOURS, f"# text\n10.0.0.9 dev a lladdr {MAC} {word} NOARP\n")
    assert "extern_learn" in text["flags"]
    assert "extern_learn" in own
    assert own["state"] == ["NOARP"]


def test_a_daemons_entry_in_the_json_of_an_older_bridge() -> None:
    (old,) = rows(iproute.FDB, [{"mac": MAC, "dev": "vni10453", "flags": ["offload"]}])
    assert old["flags"] == ["extern_learn"]
    (new,) = rows(iproute.FDB, [{"mac": MAC, "ifname": "swp1", "flags": ["offload"], "state": ""}])
    assert new["flags"] == ["offload"], "the hardware has it, whoever made it"


@pytest.mark.parametrize(
    "said",
    [
        [{"ifname": "swp1", "vlans": [{"vlan": 453}]}],
        {"swp1": [{"vlan": 453}]},
        "# text\nport\tvlan ids\nswp1\t 453\n\n",
    ],
    ids=["5.0", "4.9", "text"],
)
def test_vlans_of_every_release(said: Any) -> None:
    (one,) = rows(iproute.VLANS, said)
    assert (one["ifname"], one["vlans"][0]["vlan"]) == ("swp1", 453)


VLAN_ROWS = [
    {"ifname": "swp1", "vlans": [{"vlan": 1, "flags": ["PVID", "Egress Untagged"]}, {"vlan": 453}]},
    {"ifname": "bridge", "vlans": [{"vlan": 100, "vlanEnd": 102}]},
]


@pytest.mark.parametrize(
    "said",
    [
        VLAN_ROWS,
        {row["ifname"]: row["vlans"] for row in VLAN_ROWS},
        "# text\nport\tvlan ids\nswp1\t 1 PVID Egress Untagged\n\t 453\n\nbridge\t 100-102\n\n",
        (
            "# text\nport              vlan-id  \nswp1              1 PVID Egress Untagged\n"
            "                  453\nbridge            100-102\n"
        ),
    ],
    ids=["5.0", "4.9", "4.3", "today's text"],
)
def test_how_vlans_pass_a_port_in_every_release(said: Any) -> None:
    assert rows(iproute.VLANS, said) == VLAN_ROWS


TUNNEL_ROWS = [
    {
        "ifname": "vxlan48",
        "tunnels": [
            {"vlan": 453, "tunid": 10453},
            {"vlan": 600, "vlanEnd": 602, "tunid": 10600, "tunidEnd": 10602},
        ],
    }
]


@pytest.mark.parametrize(
    "said",
    [
        TUNNEL_ROWS,
        {"vxlan48": TUNNEL_ROWS[0]["tunnels"]},
        "# text\nport\tvlan ids\ttunnel id\nvxlan48\t 453\t 10453\n\t 600-602\t 10600-10602\n\n",
        (
            "# text\nport              vlan-id    tunnel-id  \nvxlan48           453        10453\n"
            "                  600-602    10600-10602\n"
        ),
        (
            "# text\nport\tvlan ids\ttunnel id\nswp1\t None\nvxlan48\t 453\t 10453\n"
            "\t 600-602\t 10600-10602\n"
        ),
    ],
    ids=["5.0", "4.14", "4.14's text", "today's text", "a port without any"],
)
def test_the_vnis_of_vlans_of_every_release(said: Any) -> None:
    assert [row for row in rows(iproute.TUNNELS, said) if row["tunnels"]] == TUNNEL_ROWS


def test_what_a_bond_and_its_ports_are_doing_stands_in_their_text_too() -> None:
    ether = "link/ether 24:8a:07:00:00:07 brd ff:ff:ff:ff:ff:ff promiscuity 0"
    said = (
        "# text\n7: bond1: <BROADCAST,MASTER,UP,LOWER_UP> mtu 9000 qdisc noqueue master bridge "
        f"state UP mode DEFAULT group default \\    {ether} \\    bond mode 802.3ad miimon 100 "
        "updelay 0 min_links 1 lp_interval 1 lacp_rate fast ad_select stable ad_aggregator 1 "
        "ad_num_ports 2 ad_actor_key 15 ad_partner_key 15 ad_partner_mac 0c:c4:7a:32:00:02 "
        "\\    bridge_slave state forwarding priority 32 cost 2\n"
        "8: swp1: <BROADCAST,SLAVE,UP,LOWER_UP> mtu 9000 qdisc mq master bond1 state UP mode "
        f"DEFAULT group default \\    {ether} \\    bond_slave state ACTIVE mii_status UP "
        "link_failure_count 0 perm_hwaddr 24:8a:07:00:00:07 queue_id 0 ad_aggregator_id 1\n"
        "9: vxlan48: <BROADCAST,UP,LOWER_UP> mtu 9000 qdisc noqueue master bridge state UNKNOWN "
        f"mode DEFAULT group default \\    {ether} \\    vxlan external id 0 local 10.0.0.11 "
        "srcport 0 0 dstport 4789 nolearning ttl 64 ageing 300\n"
    )
    bond, port, single = rows(iproute.LINKS, said)
    details = bond["linkinfo"]["info_data"]
    assert (details["mode"], details["min_links"]) == ("802.3ad", 1)
    assert details["ad_info"] == {
        "aggregator": 1,
        "num_ports": 2,
        "partner_mac": "0c:c4:7a:32:00:02",
    }
    assert port["linkinfo"]["info_slave_kind"] == "bond"
    assert port["linkinfo"]["info_slave_data"] == {"mii_status": "UP", "ad_aggregator_id": 1}
    assert single["linkinfo"]["info_data"] == {"external": True, "id": 0, "local": "10.0.0.11"}


def test_an_entry_of_a_single_device_names_its_vni_in_text_too() -> None:
    said = f"# text\n{MAC} dev vxlan48 dst 10.0.0.12 src_vni 10453 self extern_learn\n"
    assert rows(iproute.FDB, said)[0]["src_vni"] == 10453


LINK = "mtu 9000 qdisc noqueue state UP mode DEFAULT group default \\    link/ether"
LINKS = f"""\
# text
7: bridge: <BROADCAST,UP,LOWER_UP> {LINK} 24:8a:07:00:00:07 brd ff:ff:ff:ff:ff:ff promiscuity 0 \
\\    bridge forward_delay 0 hello_time 200 vlan_filtering 1 vlan_protocol 802.1Q
8: vlan453@bridge: <BROADCAST,UP,LOWER_UP> {LINK} 24:8a:07:00:00:08 brd ff:ff:ff:ff:ff:ff \
promiscuity 1 \\    vlan protocol 802.1Q id 453 <REORDER_HDR> \\    vrf_slave table 1001 addrgenmode
9: vni10453: <BROADCAST,UP,LOWER_UP> {LINK} 24:8a:07:00:00:09 brd ff:ff:ff:ff:ff:ff promiscuity 1 \
\\    vxlan id 10453 local 10.0.0.11 srcport 0 0 dstport 4789 nolearning ageing 300 \\    \
bridge_slave state forwarding priority 8 cost 100
10: red: <NOARP,MASTER,UP,LOWER_UP> {LINK} 24:8a:07:00:00:10 brd ff:ff:ff:ff:ff:ff promiscuity 0 \
\\    vrf table 1001 addrgenmode eui64
11: swp1@if4: <BROADCAST,UP,LOWER_UP> {LINK} 24:8a:07:00:00:11 brd ff:ff:ff:ff:ff:ff promiscuity 0
"""


def test_the_details_of_links_stand_in_their_text_too() -> None:
    found = {row["ifname"]: row for row in rows(iproute.LINKS, LINKS)}
    details = {name: row["linkinfo"] for name, row in found.items() if "linkinfo" in row}
    assert details == {
        "bridge": {"info_kind": "bridge", "info_data": {"vlan_filtering": 1}},
        "vlan453": {"info_kind": "vlan", "info_data": {"id": 453}},
        "vni10453": {"info_kind": "vxlan", "info_data": {"id": 10453, "local": "10.0.0.11"}},
        "red": {"info_kind": "vrf", "info_data": {"table": 1001}},
    }
    assert {name: (row["ifindex"], row.get("link")) for name, row in found.items()} == {
        "bridge": (7, None),
        "vlan453": (8, "bridge"),
        "vni10453": (9, None),
        "red": (10, None),
        "swp1": (11, None),
    }


def test_addresses_that_pass_by_themselves_are_told_from_those_that_stay() -> None:
    said = (
        "# text\n2: a    inet 10.0.0.1/24 brd 10.0.0.255 scope global dynamic a\\   x 9\n"
        "2: a    inet 169.254.0.1/16 scope link a\\       valid_lft forever\n"
    )
    ((one, two),) = (row["addr_info"] for row in rows(iproute.ADDRESSES, said))
    assert (one["dynamic"], one["scope"]) == (True, "global")
    assert ("dynamic" in two, two["scope"]) == (False, "link")


def test_rare_words_of_links_are_no_kinds_and_no_flags() -> None:
    said = (
        "# text\n4: swp1: <> mtu 1500 qdisc noqueue state DOWN\\    "
        "link/ether 24:8a:07:00:00:07 brd ff:ff:ff:ff:ff:ff\\    altname enp1s0\\    "
        "prog/xdp id 5 tag ab\n"
    )
    (row,) = rows(iproute.LINKS, said)
    assert (row["flags"], "linkinfo" in row) == ([], False)


def test_an_old_multipath_route_and_one_that_is_encapsulated() -> None:
    said = (
        "# text\n10.0.0.0/24 proto bgp metric 20 \\\tnexthop via 10.1.1.1  dev swp1 weight 1"
        "\\\tnexthop via inet6 fe80::1  dev swp2 weight 1 linkdown\n"
        "10.0.2.0/24  encap ip id 100 src 10.0.0.11 dst 10.0.0.12 ttl 0 tos 0 via 10.1.1.1 "
        "dev swp1 src 10.0.0.9\n"
        "10.0.3.0/24  encap ip id 100 src 10.0.0.11 dst 10.0.0.12 ttl 0 tos 0 via 10.1.1.1 "
        "dev swp1\n"
    )
    several, with_source, without = rows(iproute.ROUTES[4], said)
    assert [(hop["gateway"], hop["dev"], hop["flags"]) for hop in several["nexthops"]] == [
        ("10.1.1.1", "swp1", []),
        ("fe80::1", "swp2", ["linkdown"]),
    ]
    assert (several["dst"], with_source["dst"], with_source["encap"]) == (
        "10.0.0.0/24",
        "10.0.2.0/24",
        "ip",
    )
    assert with_source["prefsrc"] == "10.0.0.9"
    assert (without["dst"], "prefsrc" in without) == ("10.0.3.0/24", False)


def test_the_owner_of_a_neighbour_has_the_name_of_json() -> None:
    said = f"# text\n10.0.0.9 dev a lladdr {MAC} router proto zebra REACHABLE\n"
    (row,) = rows(iproute.NEIGHBOURS, said)
    assert (row["protocol"], row["state"], "proto" in row) == ("zebra", ["REACHABLE"], False)


RULES = (
    "0:\tfrom all lookup local \n77:\tfrom all oif red [detached] goto 32766\n"
    "90:\tfrom all tos 0x10 fwmark 0x1/0xff lookup 50 suppress_prefixlength 0\n"
    "91:\tfrom 1.2.3.4 unreachable\n"
    "92:\tnot from 10.0.0.0/8 to 1.2.3.4 iif lo lookup 100 proto zebra \n"
)


def test_rules_in_text_have_the_words_of_json() -> None:
    assert rows(iproute.RULES, f"# text\n{RULES}") == [
        {"priority": 0, "src": "all", "table": "local"},
        {"priority": 77, "src": "all", "oif": "red", "goto": "32766"},
        {
            "priority": 90,
            "src": "all",
            "tos": "0x10",
            "fwmark": "0x1",
            "fwmask": "0xff",
            "table": "50",
            "suppress_prefixlen": "0",
        },
        {"priority": 91, "src": "1.2.3.4", "action": "unreachable"},
        {
            "priority": 92,
            "not": None,
            "src": "10.0.0.0",
            "srclen": 8,
            "dst": "1.2.3.4",
            "iif": "lo",
            "table": "100",
            "protocol": "zebra",
        },
    ]


@pytest.mark.parametrize("said", ['{"mac": 1}', '[1, {"dev": "a"}]', "[[]]"])
def test_json_of_another_shape_names_the_command(said: str) -> None:
    with pytest.raises(CommandErrorException, match="'bridge -j fdb show' printed something else"):
        rows(iproute.FDB, said)


def test_the_metrics_of_a_route_in_text() -> None:
    said = (
        "10.9.0.0/16 via 10.1.0.9 dev d0 mtu lock 1400 advmss 1300 rto_min lock 200ms\n"
        "10.8.0.0/16 via 10.1.0.9 dev d0 mtu 1400 features ecn congctl cubic quickack 1\n"
        "10.7.0.0/16 dev d0 proto static metric 5\n"
    )
    locked, plain, without = iproute_text.routes(said)
    assert locked["metrics"] == [
        {"mtu": 1400, "locked": ["mtu", "rto_min"], "advmss": 1300, "rto_min": 200}
    ]
    assert plain["metrics"] == [{"mtu": 1400, "ecn": None, "congctl": "cubic", "quickack": 1}]
    assert "metrics" not in without
