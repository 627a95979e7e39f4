"""The getters: recorded outputs of a leaf in, NAPALM's models out."""

# ruff: noqa: ARG002 - stand-ins take what the real ones take

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from napalm.base import models
from napalm.base.exceptions import CommandErrorException, NapalmException
from napalm.base.test.helpers import test_model as fits

from napalm_cumulus.driver import CumulusDriver
from napalm_cumulus.getters import (
    bgp,
    bgp_config,
    bridge,
    interfaces,
    neighbors,
    ntp,
    routes,
    system,
)
from napalm_cumulus.getters.ping import parse_ping, probe
from napalm_cumulus.result import CommandResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Recorded = Callable[..., CommandResult]


def said(text: object, exit_status: int = 0, stderr: str = "") -> CommandResult:
    out = text if isinstance(text, str) else json.dumps(text)
    return CommandResult("the command", exit_status, out.encode(), stderr.encode())


MISSING = said("", 127, "sh: 1: thing: not found")


# --- interfaces ----------------------------------------------------------------------------------


def test_interfaces(recorded: Recorded) -> None:
    found = interfaces.parse_interfaces(
        recorded("ip_j_d_link.json"),
        said("/sys/class/net/swp1/speed:10000\n/sys/class/net/swp10/speed:-1\n"),
        said("2026/11/22 07:31:54\n" + recorded("vtysh_show_interface_json.txt").stdout.decode()),
    )
    assert all(fits(models.InterfaceDict, one) for one in found.values())
    assert found["swp1"] == {
        "is_up": True,
        "is_enabled": True,
        "description": "hv50 uplink",
        "last_flapped": 24.0,
        "mtu": 9000,
        "speed": 10000.0,
        "mac_address": "0E:2E:1A:97:AF:71",
    }
    assert found["swp10"]["speed"] == -1.0
    assert found["eth0"]["last_flapped"] == 7171.0
    unknown = interfaces.parse_interfaces(recorded("ip_j_d_link.json"), said(""), said("2026/1/1"))
    assert unknown["eth0"]["last_flapped"] == -1.0
    assert found["lo"]["is_up"]


def test_an_interface_that_is_down() -> None:
    down = {"ifname": "swp3", "flags": ["BROADCAST"], "operstate": "DOWN", "mtu": 1500}
    no_cable = {"ifname": "swp4", "flags": ["UP"], "operstate": "DOWN", "mtu": 1500}
    found = interfaces.parse_interfaces(said([down, {}, no_cable]), said(""), said(""))
    assert (found["swp3"]["is_enabled"], found["swp3"]["is_up"]) == (False, False)
    assert (found["swp4"]["is_enabled"], found["swp4"]["is_up"]) == (True, False)


def test_interfaces_ip(recorded: Recorded) -> None:
    found = interfaces.parse_interfaces_ip(recorded("ip_j_addr.json"))
    assert found["vlan453-v0"]["ipv4"] == {"130.246.212.1": {"prefix_length": 22}}
    assert found["swp10"]["ipv6"]["2001:db8:51::1"] == {"prefix_length": 64}
    assert "swp1" not in found


def test_counters(recorded: Recorded) -> None:
    chip = (
        "= swp1\n     HwIfInUcastPkts: 90000\n     HwIfOutBcastPkts: 5\n     HwIfOther: 9\n= swp2\n"
    )
    found = interfaces.parse_interfaces_counters(recorded("ip_j_s_link.json"), said(chip))
    assert all(fits(models.InterfaceCounterDict, one) for one in found.values())
    assert found["swp1"]["rx_octets"] == 6295260
    assert found["swp1"]["rx_unicast_packets"] == 90000
    assert found["swp1"]["tx_broadcast_packets"] == 5
    assert found["swp2"]["rx_unicast_packets"] == 62626
    assert found["swp2"]["tx_broadcast_packets"] == -1


VRF_LINKS = [
    {"ifname": "lo", "linkinfo": {}},
    {"ifname": "mgmt", "linkinfo": {"info_kind": "vrf"}},
    {"ifname": "eth0", "master": "mgmt"},
    {"ifname": "bridge", "linkinfo": {"info_kind": "bridge", "info_data": {"vlan_filtering": 1}}},
    {"ifname": "swp1", "master": "bridge"},
]


def test_network_instances() -> None:
    found = interfaces.parse_network_instances(said(VRF_LINKS), "")
    assert all(fits(models.NetworkInstanceDict, one) for one in found.values())
    assert found["mgmt"]["interfaces"] == {"interface": {"eth0": {}}}
    assert found["mgmt"]["type"] == "L3VRF"
    assert set(found["default"]["interfaces"]["interface"]) == {"lo", "bridge", "swp1"}
    assert list(interfaces.parse_network_instances(said(VRF_LINKS), "mgmt")) == ["mgmt"]
    assert interfaces.parse_network_instances(said(VRF_LINKS), "none") == {}


# --- neighbours ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lldpctl.json", "lldpctl_json0.json"])
def test_lldp_of_one_neighbour(recorded: Recorded, name: str) -> None:
    assert neighbors.parse_lldp_neighbors(recorded(name)) == {
        "swp51": [{"hostname": "leaf2", "port": "swp51"}]
    }
    (detail,) = neighbors.parse_lldp_neighbors_detail(recorded(name), "")["swp51"]
    assert fits(models.LLDPNeighborDetailDict, detail)
    assert detail["remote_chassis_id"] == "d2:59:b1:35:9d:4f"
    assert detail["remote_port_description"] == "leaf1 peer (underlay)"
    assert detail["remote_system_capab"] == ["bridge", "router", "wlan-access-point", "station"]
    assert detail["remote_system_enable_capab"] == ["bridge", "router"]


def test_lldp_of_several_neighbours(recorded: Recorded) -> None:
    result = recorded("lldpctl_multi.json")
    found = neighbors.parse_lldp_neighbors(result)
    assert {one["hostname"] for one in found["eth0"]} >= {"leaf2", "leaf3"}
    assert set(neighbors.parse_lldp_neighbors_detail(result, "eth0")) == {"eth0"}
    assert neighbors.parse_lldp_neighbors_detail(result, "swp99") == {}


def test_lldp_of_a_host_known_by_addresses_only() -> None:
    entry = {
        "chassis": {"id": {"type": "mac", "value": "aa:bb:cc:00:00:01"}},
        "port": {"id": {"type": "mac", "value": "aa:bb:cc:00:00:02"}, "descr": "eth0"},
    }
    found = neighbors.parse_lldp_neighbors(said({"lldp": {"interface": {"swp1": entry}}}))
    assert found == {"swp1": [{"hostname": "aa:bb:cc:00:00:01", "port": "eth0"}]}


def test_no_lldp_neighbour_is_no_error_but_no_lldpd_is() -> None:
    assert neighbors.parse_lldp_neighbors(said({"lldp": {}})) == {}
    assert neighbors.parse_lldp_neighbors(said({"lldp": [{}]})) == {}
    with pytest.raises(CommandErrorException, match="not installed"):
        neighbors.parse_lldp_neighbors(MISSING)


def test_arp_table(recorded: Recorded) -> None:
    of_vrf = [
        {"ifname": "red", "linkinfo": {"info_kind": "vrf"}},
        {"ifname": "vlan453", "master": "red"},
    ]
    found = neighbors.parse_arp_table(recorded("ip_j_neigh.json"), said(of_vrf), "red")
    assert found == [
        {"interface": "vlan453", "mac": "42:F4:3A:3B:A4:69", "ip": "130.246.213.11", "age": -1.0}
    ]
    rows = [
        {"dst": "10.0.0.1", "dev": "swp1", "lladdr": "02:00:00:00:00:01", "confirmed": 79},
        {"dst": "10.0.0.2", "dev": "swp1", "state": ["FAILED"]},
        {"dst": "10.0.0.3", "dev": "swp1", "lladdr": "02:00:00:00:00:03", "state": ["FAILED"]},
    ]
    (one,) = neighbors.parse_arp_table(said(rows), said([]))
    assert fits(models.ARPTableDict, one)
    assert one["age"] == 79.0
    assert isinstance(one["age"], float)


def test_ipv6_neighbours() -> None:
    row = {"dst": "fe80::1", "dev": "swp51", "lladdr": "1a:dc:3f:3a:a5:28", "state": ["STALE"]}
    (one,) = neighbors.parse_ipv6_neighbors_table(said([row]))
    assert fits(models.IPV6NeighborDict, one)
    assert one["state"] == "STALE"


# --- the bridge ----------------------------------------------------------------------------------


def test_mac_address_table(recorded: Recorded) -> None:
    found = bridge.parse_mac_address_table(recorded("bridge_j_fdb.json"))
    assert all(fits(models.MACAdressTable, one) for one in found)
    assert len(found) == 9
    by_mac = {one["mac"]: one for one in found}
    learned, remote = by_mac["42:F4:3A:3B:A4:69"], by_mac["F6:AB:32:6E:51:54"]
    assert (learned["interface"], learned["vlan"], learned["static"]) == ("swp1", 453, False)
    assert remote["interface"] == "vni10453"
    assert by_mac["00:00:5E:00:01:C5"]["static"]


def test_mac_address_table_of_a_vlan_aware_bridge() -> None:
    row = {"mac": "aa:bb:cc:00:00:01", "ifname": "swp1", "master": "bridge", "flags": []}
    found = bridge.parse_mac_address_table(said([{**row, "vlan": 7}, {**row, "vlan": 8}, row]))
    assert [one["vlan"] for one in found] == [7, 8, 0]


def test_vlans_of_traditional_bridges(recorded: Recorded) -> None:
    found = bridge.parse_vlans(recorded("bridge_j_vlan.json"), recorded("ip_j_d_link.json"))
    assert all(fits(models.VlanDict, one) for one in found.values())
    assert found == {
        453: {"name": "vlan453", "interfaces": ["swp1", "vni10453"]},
        999: {"name": "vlan999", "interfaces": ["swp2"]},
    }


@pytest.mark.parametrize(
    "answer",
    [
        [
            {"ifname": "swp1", "vlans": [{"vlan": 1}, {"vlan": 453, "vlanEnd": 454}]},
            {"ifname": "bridge", "vlans": [{"vlan": 999}]},
        ],
        {"swp1": [{"vlan": 1}, {"vlan": 453, "vlanEnd": 454}], "bridge": [{"vlan": 999}]},
    ],
)
def test_vlans_of_a_vlan_aware_bridge(answer: object) -> None:
    found = bridge.parse_vlans(said(answer), said(VRF_LINKS))
    assert {number: one["interfaces"] for number, one in found.items()} == {
        1: ["swp1"],
        453: ["swp1"],
        454: ["swp1"],
        999: [],
    }


# --- routes --------------------------------------------------------------------------------------


def test_routes_of_frr(recorded: Recorded) -> None:
    found = routes.parse_frr_routes(recorded("vtysh_show_ip_route_json.txt"))
    assert all(fits(models.RouteDict, one) for entries in found.values() for one in entries)
    (bgp,) = routes.select(found, "10.0.0.12", "bgp", longer=False)["10.0.0.12/32"]
    assert bgp["next_hop"] == "10.254.0.1"
    assert bgp["outgoing_interface"] == "swp51"
    assert (bgp["preference"], bgp["age"], bgp["current_active"]) == (20, 7159, True)
    assert routes.select(found, "10.0.0.12", "static", longer=False) == {}


def test_routes_of_several_vrfs() -> None:
    def document(vrf: str) -> str:
        hop = {"fib": True, "active": True, "interfaceName": "x"}
        entry = {"protocol": "static", "vrfName": vrf, "selected": True, "nexthops": [hop]}
        return json.dumps({"0.0.0.0/0": [entry]})

    found = routes.parse_frr_routes(said(document("default") + "\n" + document("mgmt") + "\n"))
    assert [one["routing_table"] for one in found["0.0.0.0/0"]] == ["default", "mgmt"]
    nested = {"default": json.loads(document("default")), "mgmt": {}}
    assert len(routes.parse_frr_routes(said(nested))["0.0.0.0/0"]) == 1
    assert routes.parse_frr_routes(said({})) == {}


def test_routes_of_the_kernel() -> None:
    rows = [
        {"dst": "default", "gateway": "10.0.0.1", "dev": "eth0", "protocol": "static", "flags": []},
        {"dst": "10.0.0.12", "dev": "swp51", "protocol": "bgp", "metric": 20, "flags": []},
        {
            "dst": "10.9.0.0/16",
            "protocol": "bgp",
            "table": "1001",
            "nexthops": [
                {"gateway": "10.0.0.2", "dev": "swp1", "flags": []},
                {"via": {"family": "inet6", "host": "fe80::1"}, "dev": "swp2", "flags": ["dead"]},
            ],
        },
    ]
    found = routes.parse_kernel_routes(said(rows), 4)
    assert all(fits(models.RouteDict, one) for entries in found.values() for one in entries)
    assert found["0.0.0.0/0"][0]["next_hop"] == "10.0.0.1"
    assert found["10.0.0.12/32"][0]["preference"] == 20
    assert [one["current_active"] for one in found["10.9.0.0/16"]] == [True, False]
    assert found["10.9.0.0/16"][1]["next_hop"] == "fe80::1"


def test_selecting_routes() -> None:
    rows = [
        {"dst": dst, "dev": "swp1", "protocol": "bgp", "flags": []}
        for dst in ("default", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24")
    ]
    found = routes.parse_kernel_routes(said(rows), 4)

    def chosen(text: str, *, longer: bool = False) -> list[str]:
        return list(routes.select(found, text, "", longer=longer))

    assert chosen("10.1.9.9") == ["10.1.0.0/16"]
    assert chosen("192.0.2.1") == ["0.0.0.0/0"]
    assert chosen("10.0.0.0/8") == ["10.0.0.0/8"]
    assert chosen("10.0.0.0/9") == []
    assert chosen("10.1.0.0/16", longer=True) == ["10.1.0.0/16", "10.1.2.0/24"]
    assert len(chosen("")) == 4
    assert chosen("2001:db8::1") == []
    with pytest.raises(CommandErrorException, match="not an address"):
        chosen("somewhere")


# --- the machine ---------------------------------------------------------------------------------


def facts(recorded: Recorded, eeprom: CommandResult = MISSING) -> models.FactsDict:
    release = recorded("lsb-release").stdout + recorded("os-release").stdout
    return system.parse_facts(
        said("leaf1\n"),
        said("leaf1.example.internal\n"),
        recorded("proc_uptime"),
        said(release.decode()),
        eeprom,
        said("product_name=VM\nproduct_serial=\n"),
        recorded("ip_j_d_link.json"),
    )


def test_facts(recorded: Recorded) -> None:
    found = facts(recorded)
    assert fits(models.FactsDict, found)
    assert (found["hostname"], found["fqdn"]) == ("leaf1", "leaf1.example.internal")
    assert (found["os_version"], found["uptime"]) == ("4.4.5", 8990.65)
    assert (found["model"], found["serial_number"]) == ("VM", "Unknown")
    assert found["interface_list"][:3] == ["lo", "eth0", "swp1"]


def test_facts_from_the_eeprom(recorded: Recorded) -> None:
    fields = {"Product Name": {"value": "MSN2100"}, "Serial Number": {"value": "MT1"}}
    found = facts(recorded, said({"tlv": fields}))
    assert (found["model"], found["serial_number"]) == ("MSN2100", "MT1")
    with pytest.raises(CommandErrorException, match="EEPROM"):
        facts(recorded, said("{"))


def test_version_5_names_itself_in_os_release_alone(recorded: Recorded) -> None:
    assert system._version({"NAME": "Cumulus Linux", "VERSION_ID": "5.9.1"}) == "5.9.1"


def test_users() -> None:
    passwd = (
        "root:x:0:0:root:/root:/bin/bash\n"
        "daemon:x:1:1::/:/usr/sbin/nologin\n"
        "cumulus:x:1000:1000::/home/cumulus:/bin/bash\n"
        "watcher:x:1001:1001::/home/watcher:/bin/bash\n"
    )
    shadow = "root:*:1::::::\ncumulus:$6$abc$def:1::::::\nwatcher:!$6$x:1::::::\n"
    groups = "root:x:0:\nsudo:x:27:cumulus\nnetshow:x:1002:watcher\n"
    keys = "cumulus:ssh-ed25519 AAAA me@here\ncumulus:# no key\nwatcher:\n"
    found = system.parse_users(said(passwd), said(shadow), said(groups), said(keys))
    assert all(fits(models.UsersDict, one) for one in found.values())
    assert {name: one["level"] for name, one in found.items()} == {
        "root": 15,
        "cumulus": 15,
        "watcher": 1,
    }
    assert found["cumulus"]["password"] == "$6$abc$def"
    assert found["cumulus"]["sshkeys"] == ["ssh-ed25519 AAAA me@here"]
    assert found["watcher"] == {"level": 1, "password": "", "sshkeys": []}
    refused = said("", 1, "cat: /etc/shadow: Permission denied")
    with pytest.raises(CommandErrorException, match="Permission denied"):
        system.parse_users(said(passwd), refused, said(groups), said(keys))


MEMINFO = said("MemTotal: 8000 kB\nMemFree: 1000 kB\nMemAvailable: 6000 kB\nHugePages_Total: 0\n")
STAT = said(
    "cpu 1 1 1 1 1 1 1 1 0 0\ncpu0 100 0 50 800 50 0 0 0 0 0\nintr 5\n"
    "cpu 2 2 2 2 2 2 2 2 0 0\ncpu0 130 0 70 840 60 0 0 0 0 0\n"
)


def test_environment() -> None:
    sensors = [
        {"name": "Fan1", "type": "fan", "state": "OK", "input": 9000},
        {"name": "PSU1", "type": "power", "state": "BAD"},
        {"name": "Temp1", "type": "temp", "state": "OK", "input": 41, "max": 80, "crit": 85},
        {
            "name": "Temp2",
            "type": "temp",
            "state": "CRITICAL",
            "input": 90.5,
            "max": 80,
            "crit": 85,
        },
    ]
    found = system.parse_environment(said(sensors), MEMINFO, STAT)
    assert found["fans"] == {"Fan1": {"status": True}}
    assert found["power"] == {"PSU1": {"status": False, "capacity": -1.0, "output": -1.0}}
    assert found["temperature"]["Temp1"] == {
        "temperature": 41.0,
        "is_alert": False,
        "is_critical": False,
    }
    assert found["temperature"]["Temp2"]["is_critical"]
    assert all(fits(models.TemperatureDict, one) for one in found["temperature"].values())
    assert found["cpu"] == {0: {"%usage": 50.0}}
    assert found["memory"] == {"available_ram": 8000, "used_ram": 2000}


def test_a_machine_without_sensors() -> None:
    found = system.parse_environment(MISSING, MEMINFO, STAT)
    assert found["fans"] == {}
    with pytest.raises(CommandErrorException):
        system.parse_environment(said("", 1, "smonctl: broken"), MEMINFO, STAT)


# --- ping ----------------------------------------------------------------------------------------

PING = """PING 10.0.0.1 (10.0.0.1) 100(128) bytes of data.
108 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.123 ms
108 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.200 ms (DUP!)
108 bytes from 10.0.0.1: icmp_seq=3 ttl=64 time=0.321 ms

--- 10.0.0.1 ping statistics ---
3 packets transmitted, 2 received, +1 duplicates, 33.3333% packet loss, time 2051ms
rtt min/avg/max/mdev = 0.123/0.214/0.321/0.081 ms
"""


def test_ping() -> None:
    answer = parse_ping(said(PING))["success"]
    assert fits(models.PingDict, answer)
    assert (answer["probes_sent"], answer["packet_loss"]) == (3, 1)
    assert (answer["rtt_min"], answer["rtt_max"]) == (0.123, 0.321)
    assert answer["results"] == [
        {"ip_address": "10.0.0.1", "rtt": 0.123},
        {"ip_address": "10.0.0.1", "rtt": 0.321},
    ]


def test_ping_that_loses_everything_or_cannot_start() -> None:
    lost = "3 packets transmitted, 0 received, 100% packet loss, time 2051ms\n"
    assert parse_ping(said(lost, 1))["success"]["packet_loss"] == 3
    failed = said("", 2, "ping: no-such: Name or service not known")
    assert parse_ping(failed) == {"error": "ping: no-such: Name or service not known"}
    assert "error" in parse_ping(MISSING)


def test_ping_command() -> None:
    base: dict[str, Any] = {"source": "", "ttl": 9, "timeout": 1, "size": 64, "count": "2"}
    defaults = base | {"vrf": "", "source_interface": ""}

    def command(destination: object, **given: object) -> str:
        return probe("ping", destination, defaults, **{**defaults, **given}).ping_command

    assert command("fe80::1", source_interface="swp1").startswith("ping6 -n -c 2")
    both = command("10.0.0.1", source="10.0.0.9", source_interface="swp1")
    assert "-I swp1 -I 10.0.0.9" in both
    assert command("a", vrf=None) == command("a", vrf="")
    assert command("a", vrf="global").startswith("ip vrf exec default ping")
    assert command("; reboot").endswith("-- '; reboot'")


# --- the driver's methods ------------------------------------------------------------------------


class Replies:
    """Answers the driver's commands from a table and counts the round trips."""

    def __init__(self, table: dict[str, CommandResult]) -> None:
        self.table = table
        self.asked: list[list[str]] = []

    def __call__(
        self, commands: Sequence[str], *, timeout: float | None = None
    ) -> list[CommandResult]:
        self.asked.append(list(commands))
        return [self.table.get(command, MISSING) for command in commands]


def driver(table: dict[str, CommandResult]) -> tuple[CumulusDriver, Replies]:
    device = CumulusDriver("leaf1", "u", "p")
    replies = Replies(table)
    device._run_many = replies  # type: ignore[method-assign]  # the seam of this test
    return device, replies


def test_arp_table_of_a_vrf() -> None:
    rows = [
        {"dst": f"10.0.0.{n}", "dev": dev, "lladdr": f"02:00:00:00:00:0{n}"}
        for n, dev in ((1, "eth0"), (2, "swp1"))
    ]
    device, replies = driver({neighbors.ARP: said(rows), interfaces.LINKS: said(VRF_LINKS)})
    assert [one["ip"] for one in device.get_arp_table(vrf="mgmt")] == ["10.0.0.1"]
    assert [one["ip"] for one in device.get_arp_table(vrf="global")] == ["10.0.0.2"]
    assert len(device.get_arp_table()) == 2
    with pytest.raises(CommandErrorException, match=r"no VRF 'TEST'.*default, mgmt"):
        device.get_arp_table(vrf="TEST")
    assert len(replies.asked) == 4


def test_routes_come_from_the_kernel_without_frr() -> None:
    rows = said([{"dst": "default", "dev": "eth0", "protocol": "static", "flags": []}])
    device, replies = driver({routes.KERNEL_ROUTES[4]: rows})
    assert list(device.get_route_to("192.0.2.1")) == ["0.0.0.0/0"]
    down = said("", 1, "Exiting: failed to connect to any daemons.")
    replies.table[routes.FRR_ROUTES[4]] = down
    assert list(device.get_route_to("192.0.2.1")) == ["0.0.0.0/0"]
    replies.table[routes.FRR_ROUTES[4]] = said("", 1, "% Permission denied")
    with pytest.raises(CommandErrorException, match="Permission denied"):
        device.get_route_to("192.0.2.1")


GETTERS = [
    "get_facts",
    "get_users",
    "get_environment",
    "get_interfaces",
    "get_interfaces_ip",
    "get_interfaces_counters",
    "get_network_instances",
    "get_lldp_neighbors",
    "get_lldp_neighbors_detail",
    "get_arp_table",
    "get_ipv6_neighbors_table",
    "get_mac_address_table",
    "get_vlans",
    "get_route_to",
    "get_bgp_neighbors",
    "get_bgp_neighbors_detail",
    "get_bgp_config",
    "get_optics",
    "get_ntp_servers",
    "get_ntp_peers",
    "get_ntp_stats",
    "get_snmp_information",
]
#: Where no program, no daemon or no file is an answer: there is none of it.
EMPTY_IS_AN_ANSWER = {"get_optics", "get_ntp_servers", "get_ntp_peers", "get_ntp_stats"}
ABSENT_IS_AN_ANSWER = {
    "get_bgp_neighbors",
    "get_bgp_neighbors_detail",
    "get_bgp_config",
    "get_ntp_stats",
}


RUBBISH = ["", "[{", "garbage", '"text"', "[1]", '{"a": 1}', '[{"a": 1}]']


@pytest.mark.parametrize(
    ("getter", "answer"),
    [(g, a) for g in GETTERS for a in RUBBISH if a or g not in EMPTY_IS_AN_ANSWER],
)
def test_rubbish_is_an_error_of_napalms_and_never_an_empty_answer(getter: str, answer: str) -> None:
    class Always(dict[str, CommandResult]):
        def get(self, key: str, default: object = None) -> CommandResult:  # type: ignore[override]
            return CommandResult(key, 0, answer.encode(), b"")

    device, _ = driver(Always())
    with pytest.raises(NapalmException):
        getattr(device, getter)()


class Failing(dict[str, CommandResult]):
    """Whatever is asked fails."""

    def __init__(self, status: int, stderr: str) -> None:
        self.status = status
        self.stderr = stderr

    def get(self, key: str, default: object = None) -> CommandResult:  # type: ignore[override]
        return CommandResult(key, self.status, b"", self.stderr.encode())


@pytest.mark.parametrize("getter", [g for g in GETTERS if g not in ABSENT_IS_AN_ANSWER])
def test_a_missing_program_is_an_error(getter: str) -> None:
    device, _ = driver(Failing(127, "sh: 1: it: not found"))
    with pytest.raises(CommandErrorException, match=r"failed with exit status 127: sh: 1: it: not"):
        getattr(device, getter)()


@pytest.mark.parametrize("getter", GETTERS)
def test_a_failed_command_is_an_error(getter: str) -> None:
    device, _ = driver(Failing(1, "Permission denied"))
    with pytest.raises(CommandErrorException, match=r"failed with exit status 1: Permission den"):
        getattr(device, getter)()


@pytest.mark.parametrize(("numbers", "found"), [("1 PVID", {1}), ("1 PVID\n\t 453", {1, 453})])
def test_a_bridge_that_does_not_tell_its_kind_is_known_by_its_vlans(
    numbers: str, found: set[int]
) -> None:
    """Before iproute2 4.6 ``ip -d link`` does not say ``vlan_filtering``."""
    link = "<UP> mtu 1500 qdisc noqueue{} state UP \\    link/ether 02:00:00:00:00:01 \\    {}\n"
    links = f"# text\n1: br77: {link.format('', 'bridge ')}"
    links += f"2: swp1: {link.format(' master br77', 'bridge_slave ')}"
    vlans = bridge.parse_vlans(said(f"# text\nport\tvlan ids\nswp1\t {numbers}\n"), said(links))
    assert set(vlans) == (found if 453 in found else {1, 77})


TEXT_LINK = (
    "# text\n2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT\\    "
    "link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\\    alias a\\b c\n"
)


def test_text_of_an_old_iproute2() -> None:
    found = interfaces.parse_interfaces(said(TEXT_LINK), said(""), said(""))
    assert found["eth0"]["mac_address"] == "02:00:00:00:00:01"
    assert found["eth0"]["description"] == "a\\b c"
    assert neighbors.parse_arp_table(said("# text\n"), said([])) == []
    # A version between: it takes -j for `neigh`, and gives text all the same.
    (one,) = neighbors.parse_arp_table(
        said("10.0.0.1 dev eth0 lladdr 02:00:00:00:00:01 used 5/4/3 probes 1 STALE\n"), said([])
    )
    assert one["age"] == 4.0


@pytest.mark.parametrize(
    ("getter", "answer"),
    [
        ("get_interfaces", TEXT_LINK[:40]),
        ("get_interfaces_ip", "# text\nCommand line is not complete. Try option help\n"),
        ("get_interfaces_counters", TEXT_LINK),
        ("get_arp_table", "# text\n10.0.0.1 lladdr\n"),
        ("get_mac_address_table", "# text\nRTNETLINK answers: Operation not supported\n"),
        ("get_vlans", "# text\nswp1 1 PVID\n"),
        ("get_route_to", "# text\nError: argument is wrong\n"),
        ("get_lldp_neighbors", "lldp.swp1.chassis.name=x\n"),
        ("get_lldp_neighbors_detail", "Neighbors of swp1\n"),
    ],
)
def test_text_that_is_cut_off_or_something_else_names_the_command(getter: str, answer: str) -> None:
    class Always(dict[str, CommandResult]):
        def get(self, key: str, default: object = None) -> CommandResult:  # type: ignore[override]
            absent = key.startswith("vtysh")
            return CommandResult(key, 127 if absent else 0, b"" if absent else answer.encode(), b"")

    device, _ = driver(Always())
    with pytest.raises(CommandErrorException, match=r"['\"](ip|bridge|lldpctl) "):
        getattr(device, getter)()


def test_without_frr_or_a_time_daemon_there_is_nothing_of_them() -> None:
    device, _ = driver(Failing(127, "sh: 1: it: not found"))
    assert device.get_bgp_neighbors() == {"global": {"router_id": "", "peers": {}}}
    assert device.get_bgp_neighbors_detail() == {}
    assert device.get_bgp_config() == {}
    assert device.get_ntp_stats() == []


# --- BGP and time --------------------------------------------------------------------------------


def bgp_neighbors(recorded: Recorded) -> CommandResult:
    one = json.loads(recorded("vtysh_show_bgp_neighbors_json.txt").stdout)
    return said({"default": {"vrfId": 0, "vrfName": "default", **one}})


def test_bgp_details_of_one_neighbour(recorded: Recorded) -> None:
    result = bgp_neighbors(recorded)
    for asked in ("swp51", "10.254.0.1"):
        found = bgp.parse_bgp_neighbors_detail(result, asked)
        assert [one["remote_address"] for one in found["global"][65012]] == ["10.254.0.1"]
    assert bgp.parse_bgp_neighbors_detail(result, "192.0.2.1") == {}


def test_bgp_that_is_cut_off_names_the_command(recorded: Recorded) -> None:
    whole = bgp_neighbors(recorded)
    cut = CommandResult(bgp.NEIGHBORS, 0, whole.stdout[:900], b"")
    with pytest.raises(CommandErrorException, match=r"show bgp vrf all neighbors json.*cut off"):
        bgp.parse_bgp_neighbors_detail(cut, "")


def test_bgp_config_of_one_group_and_one_neighbour() -> None:
    config = said(
        "frr version 8.4\nrouter bgp 65001\n neighbor A peer-group\n neighbor A remote-as 65002\n"
        " neighbor swp1 interface peer-group A\n neighbor 10.0.0.9 remote-as internal\nexit\n"
    )
    assert set(bgp_config.parse_bgp_config(config, "", "")) == {"_", "A"}
    assert set(bgp_config.parse_bgp_config(config, "A", "")) == {"A"}
    found = bgp_config.parse_bgp_config(config, "", "swp1")
    assert list(found["A"]["neighbors"]) == ["swp1"]
    assert found["A"]["neighbors"]["swp1"]["remote_as"] == 65002
    assert "_" not in found


def test_a_time_daemon_that_does_not_answer_is_an_error() -> None:
    refused = said("", 0, "ntpq: read: Connection refused")
    with pytest.raises(CommandErrorException, match="Connection refused"):
        ntp.parse_ntp_stats(refused, MISSING, MISSING, MISSING)
    stopped = said("506 Cannot talk to daemon\n", 1)
    with pytest.raises(CommandErrorException, match="Cannot talk to daemon"):
        ntp.parse_ntp_stats(MISSING, stopped, stopped, MISSING)
    # Both are installed, and one of them runs.
    source = said("^,*,10.0.0.1,2,6,377,3,0.001,0.002,0.003\n")
    (one,) = ntp.parse_ntp_stats(refused, source, said(""), MISSING)
    assert (one["remote"], one["offset"], one["reachability"]) == ("10.0.0.1", 1.0, 255)


# --- several getters in one round trip -----------------------------------------------------------


def test_several_getters_run_the_union_of_their_commands_once() -> None:
    rows = [{"dst": "10.0.0.1", "dev": "eth0", "lladdr": "02:00:00:00:00:01"}]
    device, replies = driver({neighbors.ARP: said(rows), interfaces.LINKS: said(VRF_LINKS)})
    found = device._get_many({"get_network_instances": {"name": "mgmt"}, "get_arp_table": {}})
    assert list(found["get_network_instances"]) == ["mgmt"]
    assert len(found["get_arp_table"]) == 1
    assert replies.asked == [[interfaces.LINKS, neighbors.ARP]]
    device.get_arp_table()
    assert len(replies.asked) == 2, "an answer outlived its block"


def test_a_getter_called_otherwise_than_announced_asks_for_itself() -> None:
    device, replies = driver({interfaces.LINKS: said(VRF_LINKS), neighbors.ARP: said([])})
    with device._one_round_trip([("get_network_instances", {}), ("get_probes_config", {})]):
        device.get_network_instances(name="mgmt")
        assert len(replies.asked) == 1
        device.get_arp_table()
    assert len(replies.asked) == 2


def test_a_failing_getter_in_a_block_leaves_nothing_behind() -> None:
    device, _ = driver({interfaces.LINKS: said("garbage")})
    with pytest.raises(CommandErrorException):
        device._get_many({"get_network_instances": {}})
    assert not device._answers
