"""What a configuration means for the kernel, and which change is local."""

from __future__ import annotations

import pytest

from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.semantics import Address, addresses_of, change_between

MAIN = "/etc/network/interfaces"
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
    return Configuration({MAIN: text})


def test_virtual_lines_are_devices_by_position() -> None:
    assert addresses_of(conf(BASE), "vlan453") == frozenset(
        {
            Address("vlan453", "130.246.212.2/22"),
            Address("vlan453-v0", "130.246.212.1/22"),
            Address("vlan453-v1", "130.246.215.254/22"),
            Address("vlan453-v1", "2001:db8::1/64"),
        }
    )


def test_a_stanza_that_repeats_the_first_does_not_count() -> None:
    again = BASE[BASE.index("iface vlan453") :]
    assert addresses_of(conf(BASE + again), "vlan453") == addresses_of(conf(BASE), "vlan453")
    other = again.replace("c5 130.246.212.1", "c7 130.246.212.9")
    added = addresses_of(conf(BASE + other), "vlan453")
    assert added is not None
    assert Address("vlan453-v2", "130.246.212.9/22") in added
    assert Address("vlan453-v0", "130.246.212.1/22") in added


def test_what_the_text_does_not_tell_is_not_guessed() -> None:
    assert addresses_of(conf("auto eth0\niface eth0 inet dhcp\n"), "eth0") is None
    assert addresses_of(conf("auto a\niface a\n  address x\n"), "a") is None
    assert addresses_of(conf("% if 1:\nauto a\niface a\n% endif\n"), "a") is None


def test_netmask_lines_are_understood() -> None:
    text = "auto a\niface a inet static\n  address 10.0.0.1\n  netmask 255.255.255.0\n"
    assert addresses_of(conf(text), "a") == frozenset({Address("a", "10.0.0.1/24")})


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        # What ifupdown2 3.0.0 made of each.
        ("address 10.1.0.2|address 10.2.0.2|netmask 255.255.255.0|address 10.3.0.2|netmask 16",
         {"10.1.0.2/32", "10.2.0.2/24", "10.3.0.2/16"}),
        ("address 10.0.0.2|netmask 24", {"10.0.0.2/24"}),
        ("address 10.0.0.2/22|netmask 255.255.255.0", {"10.0.0.2/22"}),
        ("netmask 255.255.255.0|address 10.0.0.2", {"10.0.0.2/32"}),
        ("address 2001:db8::2|netmask 64", {"2001:db8::2/64"}),
        ("address 10.7.0.2/255.255.255.0", {"10.7.0.2/24"}),
    ],
)  # fmt: skip
def test_a_netmask_line_belongs_to_the_address_before_it(lines: str, wanted: set[str]) -> None:
    text = "auto a\niface a inet static\n  " + "\n  ".join(lines.split("|")) + "\n"
    assert addresses_of(conf(text), "a") == frozenset(Address("a", each) for each in wanted)


@pytest.mark.parametrize(
    ("new", "interfaces", "targeted"),
    [
        (BASE.replace("    address", "    #address"), ("vlan453",), True),
        (BASE.replace("# x", ""), (), True),
        (BASE + "# a comment\n", (), True),
        (BASE.replace("bridge-ports swp1", "bridge-ports swp2"), ("vlan453",), False),
        (BASE + "    mtu 9000\n", ("vlan453",), False),
        (BASE + "\nauto br0\niface br0\n", ("br0",), False),
        (BASE.replace("auto swp1\niface swp1\n", ""), ("swp1",), False),
        (BASE.replace("auto swp1\n", ""), (), False),
        (BASE.replace("iface swp1\n", "iface swp1 inet dhcp\n"), ("swp1",), False),
    ],
)
def test_only_address_changes_are_targeted(
    new: str, interfaces: tuple[str, ...], *, targeted: bool
) -> None:
    change = change_between(conf(BASE), conf(new))
    assert (change.interfaces, change.targeted) == (interfaces, targeted)
    assert bool(change.why_full) is not targeted


def test_a_name_that_no_command_line_takes_is_not_targeted() -> None:
    text = "auto {0}\niface {0}\n    address 10.0.0.{1}/24\n"
    for name, targeted in (("vlan.9", True), (".9", False), ("-v", False), ("a" * 16, False)):
        change = change_between(conf(text.format(name, 1)), conf(text.format(name, 2)))
        assert change.targeted is targeted, name
