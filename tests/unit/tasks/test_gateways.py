from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from inventory.model import Segment
from napalm_cumulus.config.configuration import MAIN_FILE, Configuration
from tasks.errors import AmbiguousGatewayError, NoGatewayError, RefusedError
from tasks.gateways import GatewayQuery, gateway_in, gateways_of
from tests.unit.tasks.fakes import CONFIG, SVI

VM = GatewayQuery(address=ip_address("130.246.213.11"))


def test_the_stanza_that_covers_the_address_is_found() -> None:
    gateway = gateway_in(CONFIG, "sw", VM)
    assert gateway.interface == "vlan453"
    assert str(gateway.vip.address) == "130.246.212.1/22"
    assert [v.device for v in gateway.virtual] == ["vlan453-v0", "vlan453-v1"]
    assert [str(own) for own in gateway.own] == ["130.246.212.2/22"]
    assert gateway.file == "/etc/network/interfaces"
    assert CONFIG.splitlines()[gateway.first - 1] == "iface vlan453"
    assert gateway.devices == ("vlan453", "vlan453-v0", "vlan453-v1")


def test_all_address_lines_and_nothing_else_are_commented_out() -> None:
    gateway = gateway_in(CONFIG, "sw", VM)
    expected = SVI.replace("auto vlan453\n", "").replace("\taddress", "\t#address")
    assert gateway.candidate == expected
    assert gateway.candidate.count("#address") == 3


def test_addresses_and_macs_in_the_forms_that_people_write() -> None:
    text = CONFIG.replace(
        "address 130.246.212.2/22", "address 130.246.212.2\n\tnetmask 255.255.252.0"
    ).replace("00:00:5e:00:01:c5 130.246.212.1/22", "0:0:5E:0:1:C5 130.246.212.1/255.255.252.0")
    gateway = gateway_in(text, "sw", VM)
    assert [str(own) for own in gateway.own] == ["130.246.212.2/22"]
    assert gateway.virtual[0].mac == "00:00:5e:00:01:c5"
    assert str(gateway.vip.address) == "130.246.212.1/22"
    assert gateway.candidate.count("#address") == 3
    assert "\n\tnetmask" in gateway.candidate  # without an address it says nothing


@pytest.mark.parametrize(
    ("wanted", "interface", "vip"),
    [
        (GatewayQuery(vip=ip_address("130.246.215.254")), "vlan453", "130.246.215.254/22"),
        (GatewayQuery(vip=ip_address("10.99.0.1")), "vlan999", "10.99.0.1/24"),
        (GatewayQuery(interface="vlan999"), "vlan999", "10.99.0.1/24"),
    ],
)
def test_by_vip_or_interface(wanted: GatewayQuery, interface: str, vip: str) -> None:
    gateway = gateway_in(CONFIG, "sw", wanted)
    assert (gateway.interface, str(gateway.vip.address)) == (interface, vip)


def test_no_stanza_names_the_vips_that_are_there() -> None:
    with pytest.raises(NoGatewayError, match=r"no address-virtual line.*130\.246\.212\.1/22"):
        gateway_in(CONFIG, "sw", GatewayQuery(address=ip_address("192.0.2.9")))


def test_the_smaller_subnet_wins() -> None:
    text = CONFIG + "\niface vlan7\n\taddress-virtual 00:00:5e:00:01:07 130.246.213.1/24\n"
    assert gateway_in(text, "sw", VM).interface == "vlan7"


def test_a_vip_in_two_stanzas_is_refused_with_both_names() -> None:
    text = CONFIG + "\niface vlan7\n\taddress-virtual 00:00:5e:00:01:07 130.246.212.1/22\n"
    with pytest.raises(NoGatewayError, match=r"more than one stanza: vlan453.*vlan7"):
        gateway_in(text, "sw", VM)


TWO_TENANTS = f"""{SVI.replace("mtu 9000", "vrf tenant1")}
auto vlan999
iface vlan999
	vlan-id 999
	vrf tenant2
	address 130.246.212.2/22
	address-virtual 00:00:5e:00:01:63 130.246.212.1/22

iface vni10999
	vxlan-id 10999
	bridge-access 999
"""


def test_two_tenants_with_one_vip_are_named_with_the_option_that_decides() -> None:
    with pytest.raises(AmbiguousGatewayError) as refused:
        gateway_in(TWO_TENANTS, "sw", VM)
    assert "vlan453 (130.246.212.1/22, VRF tenant1)" in str(refused.value)
    assert "vlan999 (130.246.212.1/22, VRF tenant2)" in str(refused.value)
    assert refused.value.advice == "Say which one is meant: --vrf tenant1 or --vrf tenant2"


@pytest.mark.parametrize(
    ("more", "interface"),
    [
        ({"vrf": "tenant1"}, "vlan453"),
        ({"vrf": "tenant2"}, "vlan999"),
        ({"segment": Segment("vlan", 453)}, "vlan453"),
        ({"segment": Segment("vlan", 999)}, "vlan999"),
        ({"segment": Segment("vxlan", 10999)}, "vlan999"),
    ],
)
def test_a_vrf_or_the_segment_of_the_vm_decides_between_tenants(
    more: dict[str, Any], interface: str
) -> None:
    for wanted in (VM, GatewayQuery(vip=ip_address("130.246.212.1"))):
        assert gateway_in(TWO_TENANTS, "sw", replace(wanted, **more)).interface == interface


def test_a_segment_that_is_not_here_decides_nothing() -> None:
    with pytest.raises(AmbiguousGatewayError):
        gateway_in(TWO_TENANTS, "sw", replace(VM, segment=Segment("vxlan", 4)))


def test_a_segment_that_is_not_here_is_not_the_network_without_a_vlan() -> None:
    """A traditional bridge has no VLAN, and an overlay of OpenStack's own no VNI on a switch."""
    text = TWO_TENANTS.replace("vlan999", "br-blue").replace("\tvlan-id 999\n", "")
    with pytest.raises(AmbiguousGatewayError):
        gateway_in(text, "sw", replace(VM, segment=Segment("vxlan", 4)))


def test_a_vrf_without_the_gateway_names_those_that_have_it() -> None:
    with pytest.raises(
        NoGatewayError, match=r"in VRF blue; there is one on vlan453 in VRF tenant1"
    ):
        gateway_in(TWO_TENANTS, "sw", replace(VM, vrf="blue"))
    assert gateway_in(CONFIG, "sw", replace(VM, vrf="default")).interface == "vlan453"


def test_the_smaller_subnet_of_another_tenant_does_not_win() -> None:
    text = TWO_TENANTS.replace("130.246.212.1/22\n\niface vni", "130.246.213.1/24\n\niface vni")
    assert gateway_in(text, "sw", replace(VM, vrf="tenant1")).interface == "vlan453"
    with pytest.raises(AmbiguousGatewayError):
        gateway_in(text, "sw", VM)


def test_another_tenants_commented_lines_stop_nothing_where_the_vrf_is_named() -> None:
    text = TWO_TENANTS.replace(
        "\taddress-virtual 00:00:5e:00:01:63", "\t#address-virtual 00:00:5e:00:01:63"
    )
    assert gateway_in(text, "sw", replace(VM, vrf="tenant1")).interface == "vlan453"
    with pytest.raises(NoGatewayError, match="commented out already"):
        gateway_in(text, "sw", replace(VM, vrf="tenant2"))


def test_commented_lines_are_named_with_file_and_number() -> None:
    text = CONFIG.replace(
        "\taddress-virtual 00:00:5e:00:01:c", "\t# address-virtual 00:00:5e:00:01:c"
    )
    first = text.splitlines().index("\t# address-virtual 00:00:5e:00:01:c5 130.246.212.1/22") + 1
    with pytest.raises(NoGatewayError, match=f"commented out already.*line {first}, {first + 1}"):
        gateway_in(text, "sw", VM)


def test_a_half_finished_toggle_is_refused_too() -> None:
    text = CONFIG.replace(
        "\taddress-virtual 00:00:5e:00:01:c5", "#\taddress-virtual 00:00:5e:00:01:c5"
    )
    with pytest.raises(NoGatewayError, match="commented out already"):
        gateway_in(text, "sw", VM)


def test_a_commented_line_of_another_subnet_does_not_matter() -> None:
    text = CONFIG.replace("\tmtu 9000", "\t# address-virtual 00:00:5e:00:01:09 192.0.2.1/24")
    assert gateway_in(text, "sw", VM).interface == "vlan453"


def test_a_template_is_refused() -> None:
    text = CONFIG + "\n% for i in range(3):\niface swp${i}\n% endfor\n"
    with pytest.raises(NoGatewayError, match="mako template"):
        gateway_in(text, "sw", VM)


def test_the_management_address_is_never_toggled() -> None:
    text = CONFIG.replace("address 130.246.212.2/22", "address 10.5.0.43/24")
    with pytest.raises(RefusedError, match="managed by"):
        gateway_in(text, "sw", VM, management="10.5.0.43")


def test_a_tenant_may_have_the_management_address_that_is_in_mgmt() -> None:
    text = CONFIG.replace("address 130.246.212.2/22", "vrf tenant1\n\taddress 10.5.0.43/24")
    text = text.replace("iface eth0\n", "iface eth0\n\tvrf mgmt\n")
    assert gateway_in(text, "sw", VM, management="10.5.0.43").interface == "vlan453"


def test_a_stanza_in_a_sourced_file_keeps_its_place() -> None:
    text = (
        "# file: /etc/network/interfaces\nsource /etc/network/interfaces.d/*\n"
        f"# file: /etc/network/interfaces.d/svi\n{SVI}"
    )
    gateway = gateway_in(text, "sw", VM)
    assert gateway.place == "/etc/network/interfaces.d/svi, lines 2-7"


def test_both_stanzas_of_one_interface_go_into_the_candidate() -> None:
    text = CONFIG + "\niface vlan453\n\taddress 130.246.212.3/22\n"
    gateway = gateway_in(text, "sw", VM)
    assert gateway.candidate.count("iface vlan453") == 2
    assert gateway.candidate.count("#address") == 4


def test_files_that_source_each_other_are_refused() -> None:
    text = (
        "# file: /etc/network/interfaces\nsource /etc/network/a\n"
        "# file: /etc/network/a\nsource /etc/network/interfaces\n"
    )
    with pytest.raises(RefusedError, match="cannot be read"):
        gateway_in(text, "sw", VM)


@pytest.mark.parametrize(
    ("auto", "seen"),
    [
        ("auto vlan453", True),
        ("auto lo vlan453", True),
        ("auto vlan[450-460]", True),
        ("auto all", True),
        ("allow-auto vlan453", False),
        ("allow-hotplug vlan453", False),
        ("# auto vlan453", False),
        ("", False),
    ],
)
def test_whether_the_next_boot_brings_a_gateway_up(auto: str, seen: bool) -> None:
    """As ifupdown2 3.0.0 has it."""
    text = CONFIG.replace("auto vlan453", auto)
    assert gateway_in(text, "sw", VM).auto == seen
    found = {g.interface: g.auto for g in gateways_of(Configuration({MAIN_FILE: text}))}
    assert found == {"vlan453": seen, "vlan999": True}


def test_what_another_stanza_stands_on_needs_no_auto_line_of_its_own() -> None:
    text = CONFIG.replace("auto vlan453", "auto vlan453.7\niface vlan453.7\n")
    assert gateway_in(text, "sw", VM).auto
    assert not gateway_in(text.replace("auto vlan453.7", ""), "sw", VM).auto


def test_a_gateway_of_a_range_is_found_and_not_edited() -> None:
    text = CONFIG.replace("iface vlan453\n", "iface vlan[453-453]\n")
    gateway = gateway_in(text, "sw", VM)
    assert (gateway.interface, gateway.candidate) == ("vlan453", "")
    assert "together with others as 'iface vlan[453-453]'" in gateway.uneditable


def test_a_gateway_that_a_template_makes() -> None:
    text = "% for v in [453]:\n" + CONFIG.replace("vlan453", "vlan${v}") + "% endfor\n"
    made = Configuration({"/etc/network/t": CONFIG}, "/etc/network/t")
    gateway = gateway_in(text, "sw", VM, made=made)
    assert (gateway.interface, gateway.candidate, gateway.place) == (
        "vlan453",
        "",
        "/etc/network/t",
    )
    assert "lines are not what ifupdown2 sees" in gateway.uneditable
    with pytest.raises(RefusedError, match="managed by"):
        gateway_in(text, "sw", VM, "130.246.212.2", made)
