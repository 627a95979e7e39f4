"""Fleets as a check might find them, for everything that prints one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

from runbooks.output.placement import PlacedHypervisor, PlacedVm
from tasks.faults.catalogue import FAULTS
from tasks.faults.model import Finding, Status
from tasks.health.model import FleetHealth, SwitchHealth, VipRecord

AT = datetime(2026, 11, 22, 17, 31, 0, 250_000, tzinfo=timezone.utc)
DOMAIN = "example.internal"
JUDGED = tuple(fault.id for fault in FAULTS)
VLANS = {453: "130.246.212.1", 454: "130.246.216.1"}

Placed = dict[str, tuple[PlacedHypervisor, ...]]


def name_of(number: int) -> str:
    return f"swt-sn2100-{number:02}.{DOMAIN}"


def vip(switch: str, vlan: int, *, own: int = 2, present: bool = True) -> VipRecord:
    mac = f"00:00:5e:00:01:{vlan % 256:02x}"
    base = VLANS[vlan].rsplit(".", 1)[0]
    return VipRecord(
        switch=switch,
        interface=f"vlan{vlan}",
        device=f"vlan{vlan}-v0",
        vip=VLANS[vlan],
        prefix_length=22,
        mac=mac,
        actual_mac=mac,
        vlan=vlan,
        vni=10_000 + vlan,
        own=(f"{base}.{own}/22",),
        present=present,
    )


def leaf(number: int, rack: str = "") -> SwitchHealth:
    """One that is well."""
    name = name_of(number)
    return SwitchHealth(
        switch=name,
        address=f"10.5.{number // 250}.{number % 250 + 1}",
        vips=tuple(vip(name, vlan, own=number % 250 + 2) for vlan in VLANS),
        hostname=name,
        hypervisors={
            f"hv{number:02}{letter}.nubes.{DOMAIN}": f"swp1s{port}"
            for port, letter in enumerate("abcd")
        },
        rack=rack,
        model="sn2100",
        seconds=0.31 + number % 7 / 50,
        checked=len(JUDGED),
        judged=JUDGED,
        vnis=tuple(10_000 + vlan for vlan in VLANS),
    )


def placed(fleet: FleetHealth) -> Placed:
    """Hypervisors and VMs behind each."""
    placement: Placed = {}
    for number, health in enumerate(fleet.switches):
        placement[health.switch] = tuple(
            PlacedHypervisor(
                hypervisor,
                port,
                tuple(
                    PlacedVm(
                        f"vm-{number:02}{index}{n}",
                        f"130.246.{212 + number % 4}.{20 + index * 9 + n}",
                        "ACTIVE",
                    )
                    for n in range(5 + (number + index) % 4)
                ),
            )
            for index, (hypervisor, port) in enumerate(health.hypervisors.items())
        )
    return placement


def fleet_of(*switches: SwitchHealth, findings: tuple[Finding, ...] = ()) -> FleetHealth:
    return FleetHealth(AT, tuple(sorted(switches, key=lambda s: s.switch)), findings, 1.84)


def healthy() -> FleetHealth:
    return fleet_of(*(leaf(number, f"R{(number + 1) // 2}") for number in range(1, 5)))


def ill(health: SwitchHealth, *findings: Finding, absent: int | None = None) -> SwitchHealth:
    """The switch with these findings, and without the VIP of that VLAN."""
    vips = tuple(replace(v, present=v.present and v.vlan != absent) for v in health.vips)
    mine = tuple(replace(finding, switch=health.switch) for finding in findings)
    return replace(health, findings=mine, vips=vips)


DELETED = Finding(
    "vrr-device-deleted",
    Status.CRITICAL,
    "",
    "130.246.212.1",
    "ip link: there is no vlan453-v0",
    "ifup vlan453 (vip heal: reapply).",
    "vlan453",
)
WRONG_MAC = Finding(
    "virtual-mac-wrong",
    Status.CRITICAL,
    "",
    "130.246.216.1",
    "ip link: vlan454-v0 has 0a:11:22:33:44:55, configured is 00:00:5e:00:01:c6",
    "vip heal gives the device its configured MAC (20 ms without the VIP).",
    "vlan454",
)
RP_FILTER = Finding(
    "vrr-rp-filter",
    Status.WARNING,
    "",
    "130.246.212.1",
    "sysctl: net.ipv4.conf.vlan453-v0.rp_filter is 1",
    "sysctl -w net.ipv4.conf.vlan453-v0.rp_filter=0, or re-create the device (vip heal does).",
    "vlan453",
)
LEFT_OVER = Finding(
    "address-commented-out",
    Status.WARNING,
    "",
    "130.246.216.1",
    "configuration: /etc/network/interfaces line 74 of vlan454 is commented out",
    "Put the line back, or remove it for good.",
    "vlan454",
)
PENDING = Finding(
    "commit-pending",
    Status.WARNING,
    "",
    "",
    "state directory: a commit of kim@desk waits since 17:12 for its confirmation",
    "See vip pending, then vip confirm or vip rollback.",
)
UNREACHABLE = Finding(
    "unreachable",
    Status.UNKNOWN,
    "",
    "",
    "ssh: no answer from 10.5.0.18 port 22 within 5 s",
    "Is the switch up, and are you on the management network?",
)
HOST_KEY = Finding(
    "host-key",
    Status.UNKNOWN,
    "",
    "",
    "ssh: the host key of 10.5.0.32 is not the one in known_hosts",
    "Find out why; if the switch was installed anew, enter its new key.",
)
ASYMMETRIC = Finding(
    "routing-model",
    Status.WARNING,
    "",
    "EVPN",
    "show evpn vni, show vrf vni: VRF default is asymmetric on all 40 leafs (VNI 10453, 10454)",
    "Symmetric routing would need: a VRF for the VIPs with an L3VNI and its SVI.",
)
DESIGN = replace(ASYMMETRIC, status=Status.OK)
MAC_DIFFERS = Finding(
    "vip-mac-differs",
    Status.CRITICAL,
    "",
    "130.246.216.1",
    "swt-sn2100-23 configures 00:00:5e:00:01:d6, 39 others 00:00:5e:00:01:c6",
    "Give all leafs the same virtual MAC.",
)


def by_design() -> FleetHealth:
    """Four leafs that are well, and route asymmetrically by design."""
    switches = [leaf(number, f"R{(number + 1) // 2}") for number in range(1, 5)]
    return replace(fleet_of(*switches), notes=(DESIGN,))


def one_down() -> FleetHealth:
    """Four leafs; the third has lost a VRR device."""
    switches = [leaf(number, f"R{(number + 1) // 2}") for number in range(1, 5)]
    switches[2] = ill(switches[2], DELETED, absent=453)
    return fleet_of(*switches)


def forty() -> FleetHealth:
    """Forty leafs in ten racks with all kinds of findings."""
    switches = {n: leaf(n, f"R{(n + 3) // 4}") for n in range(1, 41)}
    switches[7] = ill(switches[7], DELETED, RP_FILTER, absent=453)
    switches[23] = ill(switches[23], WRONG_MAC)
    switches[12] = ill(switches[12], LEFT_OVER)
    switches[29] = ill(switches[29], PENDING, LEFT_OVER)
    switches[36] = ill(switches[36], RP_FILTER)
    for number, finding in ((18, UNREACHABLE), (32, HOST_KEY)):
        blind = replace(
            switches[number], vips=(), hostname="", checked=0, judged=(), hypervisors={}
        )
        switches[number] = ill(blind, finding)
    return fleet_of(*switches.values(), findings=(ASYMMETRIC, MAC_DIFFERS))


HOSTILE = (
    "</script><img src=x onerror=\"document.title='owned'\">",
    "'\"><svg onload=alert(1)>",
    "vm-\u202egnp.exe",
    "vm\x1b[2J\x00\r\n| perf=1",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)//",
    "x" * 3000,
    "\ud800 half a character",
    "]]><!-- &amp;",
    'a="b\\"},c\n# HELP x',
)


def hostile() -> FleetHealth:
    """Every text is somebody's attempt."""
    switches = []
    for number, text in enumerate(HOSTILE, start=1):
        health = replace(leaf(number), switch=f"{number}{text}", hostname=text, rack=text)
        record = replace(
            health.vips[0], switch=health.switch, device=text, interface=text, vip=text
        )
        found = Finding(text, Status.CRITICAL, "", text, text, text, text)
        switches.append(
            ill(replace(health, model=text, vips=(record,), hypervisors={text: text}), found)
        )
    everywhere = Finding(HOSTILE[0], Status.WARNING, "", *HOSTILE[1:5])
    return fleet_of(*switches, findings=(everywhere,))


def hostile_placement() -> Placed:
    vms = tuple(PlacedVm(text, text, text) for text in HOSTILE)
    return {
        health.switch: (PlacedHypervisor(HOSTILE[0], HOSTILE[1], vms),)
        for health in hostile().switches
    }


def big(number: int = 1000) -> FleetHealth:
    """As many leafs, four to a rack, one in twenty with a finding."""
    return fleet_of(
        *(
            ill(leaf(n, f"R{(n + 3) // 4}"), DELETED, absent=453)
            if n % 20 == 0
            else leaf(n, f"R{(n + 3) // 4}")
            for n in range(1, number + 1)
        )
    )
