"""Reading what a switch printed: in full, in part, in an older dialect, and not at all."""

from __future__ import annotations

import json
import time
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napalm_cumulus.config import rendered
from napalm_cumulus.config.configuration import MAIN_FILE, Configuration
from napalm_cumulus.result import CommandResult
from tasks.facts import kernel
from tasks.facts.assemble import UnreadFilesError, read_facts
from tasks.facts.model import Section, SwitchFacts
from tasks.health.diagnose import diagnose
from tasks.health.judge import judge
from tasks.health.vip_records import vip_records
from tests.unit.tasks.health.recorded import (
    COMMANDS,
    FRR,
    INTERFACES,
    SWITCH,
    archive,
    facts,
    results,
    rows,
    said,
    stdout,
)

#: The section of the facts by the command that fills it.
SECTIONS = {
    "links": "links",
    "addresses": "addresses",
    "routes": "routes",
    "routes6": "routes",
    "rules": "rules",
    "neighbours": "neighbours",
    "fdb": "fdb",
    "ports": "ports",
    "lldp": "lldp",
    "drift": "drift",
    "vnis": "vnis",
    "vrf_vnis": "vrf_vnis",
    "evpn_macs": "evpn_macs",
    "evpn_peers": "evpn_peers",
    "evpn_instance": "evpn_instance",
    "bgp_vrfs": "bgp_vrfs",
    "probes": "probes",
    "left_over": "pending",
}


def section(of: SwitchFacts, name: str) -> Section[Any]:
    found: Section[Any] = getattr(of, name)
    return found


def test_a_healthy_leaf_is_read_in_full() -> None:
    read = facts()
    assert read.hostname == "swt-sn2100-03"
    assert [g.interface for g in read.gateways] == ["vlan453", "vlan999"]
    assert all(section(read, name).known for name in SECTIONS.values())
    links = {link.name: link for link in read.links.rows}
    assert (links["vlan453-v0"].parent, links["vlan453-v0"].kind) == ("vlan453", "macvlan")
    assert (links["vni10453"].vni, links["vni10453"].local) == (10453, "10.0.0.11")
    assert links["swp1s3"].master == "vlan453"
    assert any(
        (a.device, a.address) == ("vlan453-v0", ip_interface("130.246.212.1/22"))
        for a in read.addresses.rows
    )
    default = [r for r in read.routes.rows if r.destination == ip_network("0.0.0.0/0")]
    assert [str(r.via) for r in default] == ["192.0.2.3"]
    assert {(r.vni, r.kind, r.vxlan, r.remote_vteps) for r in read.vnis.rows} == {
        (10453, "L2", "vni10453", 1)
    }
    assert {(str(m.address), m.remote) for m in read.evpn_macs.rows} >= {
        ("130.246.213.11", ""),
        ("130.246.213.31", "10.0.0.12"),
    }
    remote = [n for n in read.neighbours.rows if n.address == ip_address("130.246.213.31")]
    assert [n.external for n in remote] == [True]
    assert read.sysctls["ip_forward"] == "1"
    assert read.sysctls["conf/vlan453-v0/rp_filter"] == "0"
    assert not any(path.startswith("conf/swp") for path in read.sysctls)
    kinds = {(p.kind, p.target): p for p in read.probes.rows}
    assert kinds["arp", "130.246.213.11"].macs == ("fa:16:3e:d4:d5:0b",)
    assert kinds["route-out", "198.51.100.250"].source == "130.246.213.11"
    assert all(p.ok for p in read.probes.rows)
    assert (read.gateways_unread, read.sysctls_unread, read.left_over_unread) == ("", "", "")


def test_the_vips_as_records() -> None:
    first, second, other = vip_records(facts())
    assert (first.vip, first.prefix_length, first.mac) == ("130.246.212.1", 22, "00:00:5e:00:01:c5")
    assert (first.vlan, first.vni, first.evpn, first.frr, first.vrf) == (
        453,
        10453,
        True,
        True,
        "default",
    )
    assert (first.actual_mac, first.present) == (first.mac, True)
    assert (second.device, second.own) == ("vlan453-v1", ("130.246.212.2/22",))
    assert (other.vip, other.vni, other.evpn) == ("10.99.0.1", None, False)


@pytest.mark.parametrize("name", SECTIONS)
@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"garbage \xff\xfe\x00",
        b"null",
        b"42",
        b'"text"',
        b"[1, 2]",
        b'[{"unknown": {}}]',
        b"[" * 5000,
        b"Killed\n",
    ],
    ids=repr,
)
def test_garbage_spoils_its_own_section_only(name: str, bad: bytes) -> None:
    nothing_to_tell = {
        # FRR says nothing at all where there is nothing.
        b"": set(FRR),
    }
    read = facts(**{name: bad})
    mine = SECTIONS[name]
    if name in nothing_to_tell.get(bad, ()):
        assert section(read, mine).rows == ()
    else:
        assert section(read, mine).unread
        assert section(read, mine).rows == ()
        assert "\n" not in section(read, mine).unread
    assert [n for n in SECTIONS.values() if n != mine and not section(read, n).known] == []


@pytest.mark.parametrize("name", sorted(set(SECTIONS) - {"left_over", "probes", "lldp"}))
@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_truncated_json_is_never_half_an_answer(name: str, share: float) -> None:
    whole = stdout(name).rstrip()
    read = facts(**{name: whole[: int(len(whole) * share)]})
    assert section(read, SECTIONS[name]).unread


@pytest.mark.parametrize("name", ["left_over", "probes"])
def test_a_script_that_was_cut_off_is_not_believed(name: str) -> None:
    read = facts(**{name: stdout(name).replace(b"done\n", b"")})
    assert section(read, SECTIONS[name]).unread


def test_a_command_that_hung_is_named() -> None:
    read = facts(neighbours=said("neighbours", 124))
    assert read.neighbours.unread == "'ip -j neigh show' did not end in time on the switch"


@pytest.mark.parametrize(
    ("names", "status", "error"),
    [
        (("lldp",), 127, b"sh: lldpctl: not found"),
        (("lldp",), 1, b"[WARN] unable to connect to socket /run/lldpd.socket: No such file"),
        (FRR, 127, b"sh: vtysh: not found"),
        (FRR, 1, b"Exiting: failed to connect to any daemons."),
    ],
)
def test_a_program_that_is_not_there_is_absent_and_not_an_error(
    names: tuple[str, ...], status: int, error: bytes
) -> None:
    read = facts(**{name: said(name, status, b"", error) for name in names})
    for name in names:
        assert section(read, name) == Section(absent=True)


def test_frr_without_a_bgp_instance() -> None:
    read = facts(evpn_peers=b"% No BGP neighbors found in VRF default\n")
    assert read.evpn_peers == Section()
    assert facts(evpn_peers=b"bgpd is not running\n").evpn_peers.absent


def test_a_switch_without_bridges() -> None:
    read = facts(fdb=b"[]", ports=b"[]")
    assert (read.fdb, read.ports) == (Section(), Section())


def test_several_hops_are_several_routes() -> None:
    hops = [{"gateway": "10.0.0.1", "dev": "a"}, {"gateway": "10.0.0.2", "dev": "b"}]
    read = facts(routes=[{"dst": "10.9.0.0/16", "protocol": "bgp", "nexthops": hops, "flags": []}])
    found = {(r.device, str(r.via)) for r in read.routes.rows if r.protocol == "bgp"}
    assert found == {("a", "10.0.0.1"), ("b", "10.0.0.2")}


TEXT = {
    "links": b"# text\n9: vlan453: <BROADCAST,UP,LOWER_UP> mtu 9000 qdisc noqueue state UP mode "
    b"DEFAULT group default qlen 1000\\    link/ether 24:8a:07:01:01:02 brd ff:ff:ff:ff:ff:ff "
    b"promiscuity 1 \\    bridge forward_delay 0 vlan_filtering 0 \n"
    b"10: vlan453-v0@vlan453: <BROADCAST,UP,LOWER_UP> mtu 9000 qdisc noqueue state UP mode DEFAULT "
    b"group default qlen 1000\\    link/ether 00:00:5e:00:01:c5 brd ff:ff:ff:ff:ff:ff promiscuity 0"
    b" \\    macvlan mode private \n",
    "addresses": b"# text\n10: vlan453-v0    inet 130.246.212.1/22 scope global vlan453-v0\\       "
    b"valid_lft forever preferred_lft forever\n",
    "routes": b"# text\ndefault via 192.0.2.3 dev swp10 \n"
    b"130.246.212.0/22 dev vlan453 proto kernel scope link src 130.246.212.2 \n"
    b"blackhole 10.9.0.0/16 \n"
    b"local 130.246.212.1 dev vlan453-v0 table local proto kernel scope host src 130.246.212.1 \n"
    b"broadcast 130.246.215.255 dev vlan453 table local proto kernel scope link src 10.0.0.1 \n",
    "routes6": b"# text\n",
    "rules": b"# text\n0:\tfrom all lookup local \n100:\tfrom 130.246.212.0/22 iif vlan453-v0 "
    b"lookup 99 \n32766:\tfrom all lookup main \n",
    "neighbours": b"# text\n130.246.213.11 dev vlan453 lladdr fa:16:3e:d4:d5:0b used 1/2/3 probes "
    b"1 REACHABLE\n",
    "fdb": b"# text\n00:00:5e:00:01:c5 dev vlan453 vlan 453 master bridge permanent\n",
    "ports": b"# text\n5: swp1s3 state UP : <BROADCAST,UP,LOWER_UP> mtu 9000 master bridge state "
    b"forwarding priority 32 cost 2 \n",
}


def test_iproute2_without_json_is_read_too() -> None:
    """As Cumulus 3 prints."""
    read = facts(**TEXT)
    assert {link.name: link.parent for link in read.links.rows} == {
        "vlan453": "",
        "vlan453-v0": "vlan453",
    }
    assert [str(a.address) for a in read.addresses.rows] == ["130.246.212.1/22"]
    assert {(r.kind, str(r.destination), r.table) for r in read.routes.rows} == {
        ("unicast", "0.0.0.0/0", "main"),
        ("unicast", "130.246.212.0/22", "main"),
        ("blackhole", "10.9.0.0/16", "main"),
        ("local", "130.246.212.1/32", "local"),
    }
    assert [(r.priority, r.table, dict(r.selector)) for r in read.rules.rows] == [
        (0, "local", {}),
        (100, "99", {"src": "130.246.212.0", "srclen": 22, "iif": "vlan453-v0"}),
        (32766, "main", {}),
    ]
    assert [(n.mac, n.state) for n in read.neighbours.rows] == [("fa:16:3e:d4:d5:0b", "REACHABLE")]
    assert [(f.mac, f.bridge, f.vlan, f.state) for f in read.fdb.rows] == [
        ("00:00:5e:00:01:c5", "bridge", 453, "permanent")
    ]
    assert [(p.name, p.bridge, p.state) for p in read.ports.rows] == [
        ("swp1s3", "bridge", "forwarding")
    ]


def test_ifquery_that_leaves_the_virtual_addresses_out_has_failed() -> None:
    """ifupdown2 3.0.0 on a mismatch: the attribute is gone, the status is pass, the exit is 1."""
    document = rows("drift")
    for row in document:
        if row["name"] == "vlan453":
            del row["config"]["address-virtual"], row["config_status"]["address-virtual"]
    read = facts(drift=said("drift", 1, json.dumps(document).encode()))
    assert [(d.interface, d.attribute) for d in read.drift.rows] == [("vlan453", "address-virtual")]


def test_ifquery_that_fails_without_saying_where_is_drift() -> None:
    read = facts(drift=said("drift", 1, stdout("drift")))
    assert [d.text for d in read.drift.rows] == ["ifquery -c ends with exit status 1"]


def test_files_from_elsewhere_are_asked_for_once_more() -> None:
    files = {"etc/network/interfaces": "source /srv/net/*.intf\n"}
    recorded = results(configuration=archive(**files))
    with pytest.raises(UnreadFilesError) as wanted:
        read_facts(SWITCH, recorded, {})
    assert "/srv/net/*.intf" in wanted.value.command
    body = archive(**{"srv/net/a.intf": INTERFACES})
    more = {wanted.value.command: CommandResult(wanted.value.command, 0, body, b"")}
    assert len(read_facts(SWITCH, recorded, more).gateways) == 2
    given_up = read_facts(SWITCH, recorded, None)
    assert given_up.gateways == ()
    assert "could not be fetched" in given_up.gateways_unread


def test_without_root_nothing_is_said_to_be_clean() -> None:
    read = facts(left_over=said("left_over", 77))
    assert "only root" in read.pending.unread
    assert "only root" in read.left_over_unread


def test_a_switch_that_was_asked_nothing() -> None:
    read = read_facts(SWITCH, {}, {})
    assert read.gateways_unread
    assert all(section(read, name).unread for name in SECTIONS.values())
    assert {f.check for f in judge(read)} == {"unread"}


def test_an_identical_copy_of_a_stanza_is_no_second_vip() -> None:
    """ifupdown2 passes over it; the checks say that it is there."""
    copy = INTERFACES[INTERFACES.index("auto vlan453") : INTERFACES.index("# storage")]
    read = facts(
        configuration=archive(
            **{"etc/network/interfaces": INTERFACES, "etc/network/interfaces.d/old.bak": copy}
        )
    )
    assert [v.device for v in read.gateways[0].virtual] == ["vlan453-v0", "vlan453-v1"]
    assert {f.check for f in judge(read)} == {"stanza-repeated"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(sorted(COMMANDS)),
    output=st.binary(max_size=400),
    status=st.integers(min_value=-1, max_value=255),
    error=st.binary(max_size=60),
)
def test_arbitrary_bytes_never_raise(name: str, output: bytes, status: int, error: bytes) -> None:
    judge(read_facts(SWITCH, results(**{name: said(name, status, output, error)}), None))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "ifname",
                    "dst",
                    "dev",
                    "mac",
                    "state",
                    "flags",
                    "mtu",
                    "peers",
                    "vni",
                    "type",
                    "lldp",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(sorted(COMMANDS)), document=_JSON)
def test_arbitrary_json_never_raises(name: str, document: object) -> None:
    output = json.dumps(document).encode()
    judge(read_facts(SWITCH, results(**{name: said(name, 0, output)}), None))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(sorted(SECTIONS)), data=st.data())
def test_recorded_output_with_a_bit_flipped_never_raises(name: str, data: st.DataObject) -> None:
    whole = bytearray(stdout(name))
    at = data.draw(st.integers(min_value=0, max_value=len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(min_value=0, max_value=7))
    judge(facts(**{name: bytes(whole)}))


def test_ten_thousand_neighbours_are_read_and_judged(capsys: pytest.CaptureFixture[str]) -> None:
    count = 10_000
    owners = [
        (
            f"10.{64 + i // 65536}.{i // 256 % 256}.{i % 256}",
            f"fa:16:3e:00:{i // 256:02x}:{i % 256:02x}",
        )
        for i in range(count)
    ]
    neighbours = [
        {"dst": ip, "dev": "vlan453", "lladdr": mac, "state": ["REACHABLE"]} for ip, mac in owners
    ]
    learnt = [
        {"mac": mac, "ifname": "swp1s3", "flags": [], "master": "vlan453", "state": ""}
        for _, mac in owners
    ]
    told = {ip: {"type": "local", "mac": mac} for ip, mac in owners}
    recorded = results(
        neighbours=[*rows("neighbours"), *neighbours],
        fdb=[*rows("fdb"), *learnt],
        evpn_macs={"10453": {"numArpNd": count, **told}},
    )
    began = time.process_time()
    read = read_facts(SWITCH, recorded, {})
    middle = time.process_time()
    found = judge(read)
    with capsys.disabled():
        ended = time.process_time()
        print(  # noqa: T201 - a figure for whoever looks
            f"\n10,000 neighbours: read in {(middle - began) * 1000:.0f} ms, "
            f"judged in {(ended - middle) * 1000:.0f} ms"
        )
    assert len(read.neighbours.rows) >= count
    assert found == ()
    assert ended - began < 8  # whatever the machine: nothing grows with the square


def test_a_stanza_for_each_address_family_is_no_repetition() -> None:
    six = "\niface vlan453 inet6 static\n\taddress 2001:db8::2\n\tnetmask 64\n"
    assert (
        facts(configuration=archive(**{"etc/network/interfaces": INTERFACES + six})).repeated == ()
    )
    twice = facts(configuration=archive(**{"etc/network/interfaces": INTERFACES + six + six}))
    assert len(twice.repeated) == 1


def test_ifquery_tells_the_virtual_addresses_of_several_stanzas_once() -> None:
    """As ifupdown2 3.0.0 prints them; where no row has them they were not checked."""
    found = rows("drift")
    place = next(i for i, row in enumerate(found) if row["name"] == "vlan453")
    other = {"name": "vlan453", "addr_family": "inet6", "config": {}, "config_status": {}}
    both = [*found[: place + 1], {**other, "status": "pass"}, *found[place + 1 :]]
    assert facts(drift=both).drift.rows == ()
    for row in both:
        if row["name"] == "vlan453":
            row["config"].pop("address-virtual", None)
            row["config_status"].pop("address-virtual", None)
    assert [(r.interface, r.attribute) for r in facts(drift=both).drift.rows] == [
        ("vlan453", "address-virtual")
    ]


# --- files whose lines alone do not tell

LOOP = INTERFACES.replace("auto vlan453\niface vlan453\n", "auto vlan${v}\niface vlan${v}\n")
LOOP = f"% for v in [453]:\n{LOOP}\n% endfor\n"


def ifquery_says() -> list[dict[str, Any]]:
    """What ``ifquery -a -o json`` makes of the leaf's file."""
    plain = Configuration({MAIN_FILE: INTERFACES})
    found = []
    for at in plain.stanzas():
        names = dict.fromkeys(a.name for a in at.stanza.attributes)
        config = {name: list(at.stanza.values(name)) for name in names}
        found.append({"name": at.stanza.name, "auto": True, "config": config})
    return found


def test_a_vip_that_a_template_makes_is_the_one_that_ifquery_tells() -> None:
    read = facts(configuration=archive(**{"etc/network/interfaces": LOOP}), rendered=ifquery_says())
    assert read.gateways_unread == ""
    plain = {g.interface: g for g in facts().gateways}
    made = {g.interface: g for g in read.gateways}
    assert made.keys() == plain.keys()
    svi = made["vlan453"]
    assert [(v.device, v.mac, v.address) for v in svi.virtual] == [
        (v.device, v.mac, v.address) for v in plain["vlan453"].virtual
    ]
    assert (svi.own, svi.values("mtu")) == (plain["vlan453"].own, plain["vlan453"].values("mtu"))
    assert svi.uneditable.endswith("whose lines are not what ifupdown2 sees")
    assert (svi.place, svi.candidate, svi.auto) == ("/etc/network/interfaces", "", True)
    assert not [f for f in judge(read) if f.check != "unread"]
    # What stands there as it is has its lines.
    assert made["vlan999"].first == plain["vlan999"].first + 1
    assert made["vlan999"].uneditable == "it stands in /etc/network/interfaces, a mako template"


def test_a_vip_of_a_template_that_is_not_auto_is_found() -> None:
    every = ifquery_says()
    auto = [row for row in every if row["name"] != "vlan453"]
    answer = f"{json.dumps(auto)}\n# every interface\n{json.dumps(every)}\n".encode()
    files = archive(**{"etc/network/interfaces": LOOP.replace("auto vlan${v}\n", "")})
    read = facts(configuration=files, rendered=said("rendered", 0, answer))
    assert {g.interface: g.auto for g in read.gateways} == {"vlan453": False, "vlan999": True}
    (found,) = [f for f in judge(read) if f.check != "unread"]
    assert (found.check, found.subject) == ("vip-not-auto", "vlan453")


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (said("rendered", 1, b"", b"error: x\n"), "exit status 1"),
        (said("rendered", 0, b"nonsense"), "not JSON"),
        (said("rendered", 0, b"[]", b"error: x: failed to render template (y)."), "failed to ren"),
    ],
)
def test_a_template_that_nobody_renders_is_unknown_and_no_vip_of_it_is_judged(
    told: CommandResult, why: str
) -> None:
    files = archive(**{"etc/network/interfaces": LOOP})
    more = {rendered.QUERY: CommandResult(rendered.QUERY, *_parts(told))}
    read = read_facts(SWITCH, results(configuration=files, rendered=told), more)
    assert read.gateways == ()
    assert why in read.gateways_unread
    assert "is a mako template" in read.gateways_unread
    found = judge(read)
    assert [(f.check, f.status.value, f.subject) for f in found] == [
        ("unread", "UNKNOWN", "configuration")
    ]
    assert "ip addr del" not in str(found)


def _parts(result: CommandResult) -> tuple[int, bytes, bytes]:
    return result.exit_status, result.stdout, result.stderr


def test_a_template_elsewhere_costs_one_more_question() -> None:
    given = results(configuration=archive(**{"etc/network/interfaces": LOOP}))
    with pytest.raises(UnreadFilesError) as asked:
        read_facts(SWITCH, given, {})
    assert asked.value.command == rendered.QUERY
    answer = CommandResult(rendered.QUERY, 0, json.dumps(ifquery_says()).encode(), b"")
    assert len(read_facts(SWITCH, given, {rendered.QUERY: answer}).gateways) == 2
    assert read_facts(SWITCH, given, None).gateways_unread


@pytest.mark.parametrize("followed", [True, False])
def test_a_directory_is_read_where_the_switch_reads_it(followed: bool) -> None:
    """ifupdown2 3.0.0 does not follow ``source-directory``; later releases do."""
    line = "source-directory /etc/network/more\n"
    at = INTERFACES.index("auto vlan999")
    main, other = line + INTERFACES[:at], INTERFACES[at:]
    files = archive(**{"etc/network/interfaces": main, "etc/network/more/svi": other})
    told = [row for row in ifquery_says() if followed or row["name"] != "vlan999"]
    read = facts(configuration=files, rendered=told)
    assert [g.interface for g in read.gateways] == (
        ["vlan453", "vlan999"] if followed else ["vlan453"]
    )
    assert read.gateways[0].uneditable == ""


@pytest.mark.parametrize(
    ("complaint", "told"),
    [
        ("error: invalid literal for int() with base 16: 'zz'", "invalid literal for int()"),
        ("error: vlan453: invalid literal for int()", "ifquery says 'invalid literal"),
        ("error: vlan999: no such thing", ""),
        ("error: sequence item 0: expected str instance, IPv4Network found", ""),
        ("warning: vlan453: this and that", ""),
    ],
)
def test_why_a_stanza_cannot_be_read_is_in_the_drift_and_the_diagnosis(
    complaint: str, told: str
) -> None:
    found = rows("drift")
    for row in found:
        if row["name"] == "vlan453":
            row["config"].pop("address-virtual")
            row["config_status"].pop("address-virtual")
    broken = said("drift", 1, json.dumps(found).encode(), f"{complaint}\n".encode())
    gone = [row for row in rows("links") if row["ifname"] != "vlan453-v0"]
    read = facts(drift=broken, links=gone)
    (drift,) = read.drift.rows
    assert told in drift.text
    assert bool(told) == ("ifquery says" in drift.text)
    (first, *_) = diagnose(read)
    assert first.fault == "vrr-device-deleted"
    assert told in first.evidence[-1]


def test_ifquery_fails_of_itself_where_two_stanzas_have_virtual_addresses() -> None:
    """ifupdown2 3.0.0: it exits 1, calls all a pass, and does not tell those of the second."""
    second = "\taddress-virtual 00:00:5e:00:01:c6"
    assert second in INTERFACES
    two = INTERFACES.replace(second, f"iface vlan453 inet6 static\n{second}")
    bug = b"error: sequence item 0: expected str instance, IPv4Network found\n"
    for text, error, seen in ((two, bug, 0), (INTERFACES, bug, 1), (two, b"error: x\n", 1)):
        read = facts(
            configuration=archive(**{"etc/network/interfaces": text}),
            drift=said("drift", 1, stdout("drift"), error),
        )
        assert len(read.drift.rows) == seen


@pytest.mark.parametrize(("status", "known"), [(0, True), (2, True), (137, False), (124, False)])
def test_settings_of_a_command_that_was_killed_are_not_all_of_them(
    status: int, *, known: bool
) -> None:
    """``grep`` ends with 2 where a device has gone meanwhile."""
    read = facts(sysctls=said("sysctls", status, stdout("sysctls")))
    assert (read.sysctls_unread == "") == known
    assert bool(read.sysctls) == known


@pytest.mark.parametrize(
    ("told", "local"),
    [({"local": "10.0.0.11"}, "10.0.0.11"), ({"local6": "2001:db8::11"}, "2001:db8::11"), ({}, "")],
)
def test_the_vtep_of_a_vxlan_device_is_read_in_either_family(
    told: dict[str, str], local: str
) -> None:
    row = {"ifname": "vni5", "flags": [], "mtu": 1500}
    row |= {"linkinfo": {"info_kind": "vxlan", "info_data": {"id": 5, **told}}}
    (found,) = kernel.links(CommandResult("", 0, json.dumps([row]).encode(), b""))
    assert (found.vni, found.local) == (5, local)
