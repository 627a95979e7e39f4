"""Faults of the kernel's settings (g), policy rules (h), ports and MTUs (i), and beyond."""

from __future__ import annotations

from lab.faults.model import Fault, Script, device_sysctl, global_sysctl, made_anew

_NOT_FORWARDED = "the VIP answers, nothing outside does; nothing outside reaches it"
_DROPPED = "nothing outside answers, nor does the VIP; nothing outside reaches it"
_NO_ARP = "its gateway does not resolve once its ARP entry has aged: nothing outside answers"
_HOST_OFF = "every VM of its hypervisor is cut off"
_LARGE = "small packets pass, large ones do not"
_TABLE = 4242


def _rule(selector: str) -> Script:
    """Return a rule into a table where every address is unreachable."""
    return Script(
        f"ip route replace unreachable default table {_TABLE}; "
        f"ip rule add {selector} lookup {_TABLE} priority 100",
        f"while ip rule del lookup {_TABLE} 2>/dev/null; do :; done; "
        f"ip route flush table {_TABLE} 2>/dev/null",
    )


def _port(make: str) -> Script:
    return Script(
        make,
        "ip link set dev $port up; ifreload -a; bridge link set dev $port state 3 2>/dev/null",
    )


SETTING_FAULTS: tuple[Fault, ...] = (
    Fault(
        name="forwarding-off",
        id="g1",
        does="switches forwarding off (ip_forward = 0)",
        seen=_NOT_FORWARDED,
        cure="none",
        leaf=Script(
            "echo 0 > /proc/sys/net/ipv4/ip_forward", "echo 1 > /proc/sys/net/ipv4/ip_forward"
        ),
    ),
    Fault(
        name="vrr-forwarding-off",
        id="g2",
        does="switches forwarding off on the VRR device",
        seen=_NOT_FORWARDED,
        cure="recreate",
        leaf=device_sysctl("forwarding", 0),
    ),
    Fault(
        name="vrr-rp-filter",
        id="g4",
        does="switches the strict reverse-path filter on on the VRR device",
        seen=_DROPPED,
        cure="recreate",
        leaf=device_sysctl("rp_filter", 1),
    ),
    Fault(
        name="rp-filter-all",
        id="g5",
        does="switches the strict reverse-path filter on on all interfaces",
        seen=_DROPPED,
        cure="none",
        leaf=global_sysctl("rp_filter", 1, well=0),
    ),
    Fault(
        name="vrr-arp-ignore",
        id="g6",
        does="tells the VRR device to answer no ARP (arp_ignore = 8); the VM's ARP entry ages",
        seen=_NO_ARP,
        cure="recreate",
        leaf=device_sysctl("arp_ignore", 8),
        forget_arp=True,
    ),
    Fault(
        name="vrr-noarp",
        id="g7",
        does="switches ARP off on the VRR device (NOARP), and lets the VM's ARP entry age",
        seen=_NO_ARP,
        cure="recreate",
        leaf=made_anew("ip link set dev $svi-v0 arp off"),
        forget_arp=True,
    ),
    Fault(
        name="arp-ignore-all",
        id="g8",
        does="tells all interfaces to answer no ARP (arp_ignore = 8); the VM's ARP entry ages",
        seen=_NO_ARP,
        cure="none",
        leaf=global_sysctl("arp_ignore", 8, well=1),
        forget_arp=True,
        spreads=True,
    ),
    Fault(
        name="policy-rule-from",
        id="h1",
        does="adds a policy rule that sends what comes from the VM into a table without a way",
        seen=_NOT_FORWARDED,
        cure="none",
        leaf=_rule("from $vm"),
    ),
    Fault(
        name="policy-rule-to",
        id="h2",
        does="adds a policy rule that sends what goes to the VM into a table without a way",
        seen=_DROPPED,
        cure="none",
        leaf=_rule("to $vm"),
    ),
    Fault(
        name="policy-rule-iif",
        id="h3",
        does="adds a policy rule that sends what the VRR device hears into a table without a way",
        seen=_NOT_FORWARDED,
        cure="none",
        leaf=_rule("iif $svi-v0"),
    ),
    Fault(
        name="port-out-of-bridge",
        id="i1",
        does="takes the hypervisor's port out of the bridge",
        seen=_HOST_OFF,
        cure="reapply",
        leaf=_port("ip link set dev $port nomaster"),
    ),
    Fault(
        name="port-down",
        id="i2",
        does="sets the hypervisor's port administratively down",
        seen=_HOST_OFF,
        cure="reapply",
        leaf=_port("ip link set dev $port down"),
    ),
    Fault(
        name="port-blocking",
        id="i3",
        does="takes the hypervisor's port out of forwarding (STP state disabled)",
        seen=_HOST_OFF,
        cure="reapply",
        leaf=_port("bridge link set dev $port state 0"),
    ),
    Fault(
        name="vrr-mtu-wrong",
        id="i4",
        does="sets the MTU of the VRR device to 1280",
        seen=_LARGE,
        cure="reapply",
        latent=True,
        leaf=made_anew("ip link set dev $svi-v0 mtu 1280"),
    ),
    Fault(
        name="svi-mtu-wrong",
        id="i5",
        does="sets the MTU of the SVI to 1280, and with it that of its VRR devices",
        seen=_LARGE,
        cure="reapply",
        latent=True,
        leaf=made_anew("ip link set dev $svi mtu 1280"),
    ),
    Fault(
        name="vm-down",
        id="j1",
        does="sets the VM's own link down; OpenStack goes on calling it ACTIVE",
        seen="it is cut off from everything, whatever the switch does",
        cure="none",
        diagnosis="vm-unreachable",
        vm=Script(
            "ip link set dev eth0 down",
            "ip link set dev eth0 up; ip route replace default via $gateway",
        ),
    ),
    Fault(
        name="hypervisor-uplink-down",
        id="j2",
        does="sets the hypervisor's end of the cable down: the leaf's port loses its carrier",
        seen=_HOST_OFF,
        cure="none",
        diagnosis="hypervisor-unreachable",
        hypervisor=Script("ip link set dev $nic down", "ip link set dev $nic up"),
    ),
)
