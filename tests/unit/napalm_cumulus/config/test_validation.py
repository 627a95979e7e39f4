"""Which candidate is wrong, which is odd, and which is right although it looks odd."""

from __future__ import annotations

from pathlib import Path

import pytest

from napalm_cumulus.config.configuration import MAIN_FILE, Configuration
from napalm_cumulus.config.knowledge import UNASKED, SwitchKnowledge
from napalm_cumulus.config.problems import CandidateProblem
from napalm_cumulus.config.validation import introduced, must_ask

EMPTY = Configuration({})
RIGHT = Path(__file__).parent / "right"
BASE = """\
auto swp1
iface swp1

auto vlan453
iface vlan453
    bridge-ports swp1
    address 130.246.212.2/22
    address-virtual 00:00:5e:00:01:c5 130.246.212.1/22
    address-virtual 00:00:5e:00:01:c6 130.246.215.254/22 2001:db8:0::1/64
"""


def conf(text: str) -> Configuration:
    return Configuration({MAIN_FILE: text})


def warnings(
    base: Configuration, candidate: Configuration, switch: SwitchKnowledge | None = None
) -> tuple[CandidateProblem, ...]:
    found = introduced(base, candidate, switch or SwitchKnowledge())
    return tuple(problem for problem in found if problem.is_warning)


def errors(
    base: Configuration, candidate: Configuration, switch: SwitchKnowledge = UNASKED
) -> tuple[CandidateProblem, ...]:
    found = introduced(base, candidate, switch)
    return tuple(problem for problem in found if not problem.is_warning)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("adress 10.0.0.1/24", "did you mean 'address'"),
        ("address 10.0.0.999/24", "is not an address"),
        ("address 10.0.0.1/44", "is not an address"),
        ("address 10.0.0.1/24 # home", "cannot follow on the same line"),
        ("address-virtual 00:00:5e:00:01 10.0.0.1/24", "is not a MAC address"),
        ("address-virtual 01:00:5e:00:01:01 10.0.0.1/24", "multicast"),
        ("address-virtual 00:00:5e:00:01:01", "a port of vlan453 cannot have address-virtual"),
        ("address-virtual 00:00:5e:00:01:01 10.0.0.1", "no prefix length"),
        ("address 130.246.212.1/22", "is also on swp1"),
        ("mtu", "without a value"),
        ("address 10.0.0.1", "has no prefix length, so it would become a host address"),
        ("# up to here \\", "the backslash makes line"),
    ],
)
def test_a_candidate_that_would_not_do_what_it_says(line: str, message: str) -> None:
    bad = BASE.replace("iface swp1\n", f"iface swp1\n    {line}\n")
    problems = errors(conf(BASE), conf(bad))
    assert any(message in str(problem) for problem in problems), problems
    assert errors(conf(bad), conf(bad)) == ()


LEAF = (RIGHT / "one_gateway_in_two_vrfs.interfaces").read_text()
#: What is planted: the text that is replaced (the last of its places), by what, and what is said.
PLANTED = {
    "a typo of address": ("  address 192.168.1.2", "  adress 192.168.1.2", "mean 'address'"),
    "a typo of address-virtual": ("address-virtual", "address-virtal", "mean 'address-virtual'"),
    "an address that is none": ("192.168.1.2/24", "192.168.1.256/24", "is not an address"),
    "no prefix length": ("192.168.1.2/24", "192.168.1.2", "no prefix length"),
    "no prefix length on a link whose name begins like lo": (
        "auto vlan20\n",
        "auto long1\niface long1\n    link-type veth\n    address 10.9.9.9\n\nauto vlan20\n",
        "no prefix length",
    ),
    "a VIP without length": ("192.168.1.1/24 2", "192.168.1.1 2", "no prefix length"),
    "two addresses on a line": ("1.2/24", "1.2/24 2001:db8::9/64", "is not one address"),
    "a duplicate in one VRF": ("vrf blue", "vrf red", "192.168.1.2 is also on vlan10 in VRF red"),
    "a VIP on a port": (
        "iface swp2",
        "iface swp2\n    vrf red\n    address 192.168.1.1/25",
        "192.168.1.1 is also on swp2 in VRF red",
    ),
    "a VIP outside": ("192.168.1.1/24", "192.168.2.1/24", "192.168.2.1/24 is outside its own"),
    "a second VIP outside": ("192.168.1.1/24", "192.168.1.1/24 192.168.11.1/24", "is outside"),
    "a multicast MAC": ("00:00:5e:00:01:0a", "01:00:5e:00:01:0a", "multicast"),
    "a MAC that is none": ("00:00:5e:00:01:0a", "00:00:5e:00:01", "is not a MAC"),
    "a MAC of zeros": ("00:00:5e:00:01:0a", "0:0:0:0:0:0", "is not a MAC"),
    "a VIP forgotten": (" 192.168.1.1/24 2001:db8:1::1/64", "", "no address behind its MAC"),
    "a VIP under a port": (
        "iface swp1",
        "iface swp1\n    address-virtual none 10.9.0.1/24",
        "a port of bridge cannot have address-virtual",
    ),
    "an unknown bridge port": ("bridge-ports swp1", "bridge-ports bond9 swp1", "needs bond9"),
    "an unknown raw device": ("vlan-raw-device bridge", "vlan-raw-device brigde", "needs brigde"),
    "a VLAN too high": ("vlan-id 10", "vlan-id 4095", "vlan-id 4095 is not a number from 1"),
    "a VLAN of zero": ("vlan-id 10", "vlan-id 0", "vlan-id 0 is not a number"),
    "a VLAN that is none": ("vlan-id 10", "vlan-id ten", "vlan-id ten is not a number"),
    "an access VLAN too high": ("bridge-access 10", "bridge-access 5000", "bridge-access 5000"),
    "a range backwards": ("bridge-vids 10 20", "bridge-vids 20-10", "bridge-vids 20-10"),
    "a list too high": ("bridge-vids 10 20", "bridge-vids 10,4096", "bridge-vids 4096"),
    "a sub-interface too high": (
        "auto swp2\n",
        "auto swp3.5000\niface swp3.5000\nauto swp2\n",
        "the VLAN 5000 of its name",
    ),
    "a VNI too high": ("vxlan-id 10010", "vxlan-id 16777216", "vxlan-id 16777216"),
    "a name too long": ("iface vlan20", "iface vlan20-of-tenants", "longer than 15"),
    "a gateway without auto": ("auto vlan20\n", "", "not auto, so 'ifreload -a' and the boot"),
    "an attribute without a value": ("vlan-id 20", "vlan-id-20", "without a value"),
    "a line in front of all": ("# Two tenants", "auto_lo\n# Two", "error processing line"),
    "two letters swapped": ("vrf blue", "vfr blue", "mean 'vrf'"),
    "two words swapped": ("address-virtual", "virtual-address", "mean 'address-virtual'"),
    "a VRF that is none": ("vrf blue", "vrf bleu", "vrf needs bleu, which does not exist"),
    "a VRF forgotten": ("iface blue\n", "iface bleu\n", "vrf needs blue, which does not exist"),
    "an MTU that is none": ("vlan-id 20", "vlan-id 20\n    mtu 9k", "mtu 9k is not a number"),
    "an MTU too high": ("vlan-id 20", "vlan-id 20\n    mtu 92160", "mtu 92160 is not a number"),
    "a hwaddress of letters": (
        "vlan-id 20",
        "vlan-id 20\n    hwaddress 44:38:39:fg:00:01",
        "hwaddress '44:38:39:fg:00:01' is not a MAC address",
    ),
    "a next hop that is none": (
        "vlan-id 20",
        "vlan-id 20\n    gateway 192.168.1.256",
        "gateway '192.168.1.256' is not an address",
    ),
    "a tunnel's end that is none": ("tunnelip 10.0.0.31", "tunnelip 10.0.0.311", "not an address"),
    "a MAC on two lines": (
        " 2001:db8:1::1/64",
        "\n    address-virtual 0:0:5e:0:1:a 2001:db8:1::1/64",
        "two address-virtual lines have the MAC 00:00:5e:00:01:0a",
    ),
    "a comment that swallows": ("# Two tenants", "# Two \\\n#", "the backslash makes line"),
}


@pytest.mark.parametrize("name", sorted(path.stem for path in RIGHT.iterdir()))
def test_what_sites_run_is_not_refused(name: str) -> None:
    text = (RIGHT / f"{name}.interfaces").read_text()
    assert errors(EMPTY, conf(text)) == ()
    assert errors(conf("auto lo\niface lo inet loopback\n"), conf(text)) == ()


@pytest.mark.parametrize("what", PLANTED)
def test_a_mistake_in_a_leaf_is_found(what: str) -> None:
    right, wrong, message = PLANTED[what]
    assert right in LEAF
    bad = wrong.join(LEAF.rsplit(right, 1))
    problems = errors(conf(LEAF), conf(bad))
    assert any(message in str(problem) for problem in problems), problems


#: As above, of what ifupdown2 does as written, but nobody is likely to mean.
ODD = {
    "a VIP of the switch's own": ("192.168.1.1/24 2", "192.168.1.2/24 2", "the interface's own"),
    "a VIP twice": ("192.168.1.1/24 2", "192.168.1.1/24 192.168.1.1/24 2", "is given twice"),
    "a VIP of another length": ("192.168.1.1/24 2", "192.168.1.1/23 2", "has another length"),
    "a VIP that is the subnet": ("192.168.1.1/24 2", "192.168.1.0/24 2", "the subnet's own or"),
    "a VIP for broadcasts": ("192.168.1.1/24 2", "192.168.1.255/24 2", "or its broadcast"),
    "a next hop elsewhere": (
        "vlan-id 20",
        "vlan-id 20\n    gateway 192.168.2.1",
        "the gateway 192.168.2.1 is outside its own subnet (192.168.1.0/24)",
    ),
    "a VRF without a table": ("vrf-table auto", "mtu 9000", "stanza of blue has no vrf-table"),
    "an auto line alone": (
        "auto swp2\n",
        "auto swp2 swp9\n",
        "swp9: it is auto, and no iface stanza describes it",
    ),
    "a stanza of another name": ("iface swp2", "iface swp22", "swp2: it is auto, and no iface"),
    "a stanza that is there twice": (
        "auto swp2\niface swp2\n    bridge-access 20\n",
        "auto swp2\niface swp2\n    bridge-access 20\niface swp2\n    bridge-access 20\n",
        "swp2: it has this same stanza already",
    ),
    "a second stanza": (
        "auto vlan20\n",
        "auto vlan20\niface vlan20\n    alias the second\n",
        "vlan20: it has a stanza already; ifupdown2 adds the two together",
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_what_nobody_is_likely_to_mean_is_a_warning(what: str) -> None:
    right, odd, message = ODD[what]
    assert right in LEAF
    new = conf(odd.join(LEAF.rsplit(right, 1)))
    assert errors(conf(LEAF), new) == ()
    found = warnings(conf(LEAF), new)
    assert any(message in str(problem) for problem in found), found


@pytest.mark.parametrize("port", ["swpX9", "bond9", "uplink"])
def test_a_port_that_no_switch_has_is_told_without_asking(port: str) -> None:
    found = warnings(EMPTY, conf(LEAF.replace("bridge-ports", f"bridge-ports {port}")))
    assert f"bridge-ports needs {port}, which no stanza makes" in "".join(map(str, found))


def test_many_warnings_of_one_kind_are_told_as_one() -> None:
    many = "".join(f"iface vlan{n}\n    vlan-raw-device bridge\n" for n in range(100, 240))
    found = warnings(conf(LEAF), conf(f"{LEAF}\n{many}"))
    assert [str(problem).split(": ", 1)[1].split(":")[0] for problem in found] == [
        "vlan100",
        "vlan101",
        "vlan102",
        "vlan103 and 136 more",
    ]


@pytest.mark.parametrize(
    ("name", "messages"),
    [
        ("service_nodes", {"tunnel2: '10.0.100.1' has no prefix length"}),
        ("servers", set()),
        ("allow_hotplug", {"eth0: it is allow-hotplug", "eth1: it is allow-hotplug"}),
        ("gateways_without_auto", {f"vlan1{n}: it is not auto" for n in range(3)}),
        ("loopback_without_length", {"eth0: '192.168.0.11' has no prefix length"}),
        ("hyperloop", {"bridge: bridge-ports needs server01, which no stanza makes"}),
        ("ports_without_auto", set()),
        ("ospf_unnumbered", set()),
        ("one_gateway_in_two_vrfs", set()),
        ("layer3_vni", set()),
        ("release_2_5", set()),
        ("addresses_by_netmask", set()),
        ("template", set()),
    ],
)
def test_what_is_odd_and_legal_is_a_warning(name: str, messages: set[str]) -> None:
    found = warnings(EMPTY, conf((RIGHT / f"{name}.interfaces").read_text()))
    assert len(found) == len(messages), found
    for message in messages:
        assert any(message in problem.message for problem in found), found


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("iface forgotten\n", "not auto, so 'ifreload -a' and the boot ignore it"),
        ("auto swp7\niface swp7\n    address 130.246.212.1/32\n", "is also on vlan453"),
        ("iface swp7\n    address 130.246.212.2/22\n", "is also on vlan453"),
        ("auto swp7.7\niface swp7.7\n    vlan-id 8\n", "its vlan-id is 8, unlike its name"),
    ],
)
def test_a_warning_is_no_mistake(addition: str, message: str) -> None:
    new = conf(BASE + "\n" + addition)
    assert errors(conf(BASE), new) == ()
    found = warnings(conf(BASE), new)
    assert any(message in str(problem) for problem in found), found
    assert introduced(new, new) == ()


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("auto a234567890123456\niface a234567890123456\n", "longer than 15"),
        (
            "auto bridge.vlan453\niface bridge.vlan453\n    address-virtual none 10.1.0.1/24\n",
            "VRR",
        ),
    ],
)
def test_names_that_would_fail(addition: str, message: str) -> None:
    problems = errors(conf(BASE), conf(BASE + "\n" + addition))
    assert any(message in str(problem) for problem in problems), problems


@pytest.mark.parametrize(
    ("line", "knows", "wrong", "odd"),
    [
        ("brand-new-thing 7", None, "", "is no attribute of ifupdown2 3.0"),
        ("brand-new-thing 7", {"address", "brand-new-thing"}, "", ""),
        ("brand-new-thing 7", {"address"}, "does not know the attribute 'brand-new-thing'", ""),
        ("bridge-multicast-floods on", {"address", "bridge-multicast-floods"}, "", ""),
        ("bridge-multicast-floods on", {"address"}, "did you mean 'bridge-multicast-flood'", ""),
        ("bridge-multicast-floods on", None, "did you mean 'bridge-multicast-flood'", ""),
        ("bond-lacp-fallback-allow 1", {"address"}, "", "passes it over"),
        ("bond-lacp-fallback-allow 1", {"address", "bond-lacp-fallback-allow"}, "", ""),
        ("dns-nameservers 10.0.0.2", {"address"}, "", "passes it over"),
    ],
)
def test_the_switch_is_asked_before_an_attribute_is_called_misspelt(
    line: str, knows: set[str] | None, wrong: str, odd: str
) -> None:
    new = conf(f"{BASE}    {line}\n")
    switch = SwitchKnowledge(attributes=frozenset(knows) if knows else None)
    assert must_ask(conf(BASE), new)
    for found, message in (
        (errors(conf(BASE), new, switch), wrong),
        (warnings(conf(BASE), new, switch), odd),
    ):
        assert len(found) == bool(message), found
        assert message in "".join(map(str, found))
    assert introduced(new, new, switch) == ()


@pytest.mark.parametrize(
    ("ports", "devices", "message"),
    [
        ("swp1 swp99", {"swp1", "swp2"}, "needs swp99, which does not exist"),
        ("swp1 swp2", {"swp1", "swp2"}, ""),
        ("swp1 swp2.100", {"swp1", "swp2"}, ""),
        ("swp1 swp99.100", {"swp1", "swp2"}, "needs swp99.100"),
        ("swp1 swp99", None, ""),
        ("swp1 bond7", {"swp1", "bond7"}, ""),  # made by hand
        ("none", {"swp1"}, ""),
    ],
)
def test_the_switch_is_asked_for_ports_without_a_stanza(
    ports: str, devices: set[str] | None, message: str
) -> None:
    new = conf(f"{BASE}\nauto br9\niface br9\n    bridge-ports {ports}\n")
    switch = SwitchKnowledge(devices=frozenset(devices) if devices else None)
    problems = errors(conf(BASE), new, switch)
    assert bool(problems) is bool(message), problems
    assert message in "".join(map(str, problems))


def test_a_bond_that_the_candidate_takes_away_is_no_port_any_more() -> None:
    bond = "\nauto bond1\niface bond1\n    bond-slaves swp1\n"
    bridge = "\nauto br9\niface br9\n    bridge-ports bond1\n"
    switch = SwitchKnowledge(devices=frozenset({"swp1", "bond1"}))
    (problem,) = errors(conf(BASE + bond + bridge), conf(BASE + bridge), switch)
    assert "needs bond1, which does not exist" in str(problem)


def test_nothing_is_asked_where_nothing_new_is_named() -> None:
    new = conf(BASE.replace("swp1", "swp2") + "    mtu 9000\n")
    assert not must_ask(conf(BASE), new)


def test_an_address_with_a_netmask_needs_no_prefix() -> None:
    old_style = "\nauto a\niface a\n    address 10.0.0.1\n    netmask 255.255.255.0\n"
    assert introduced(conf(BASE), conf(BASE + old_style)) == ()


def test_the_toggle_introduces_no_problem() -> None:
    toggled = BASE.replace("    address", "    #address")
    assert introduced(conf(BASE), conf(toggled)) == ()
