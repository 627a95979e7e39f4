"""Interfaces files as people, tools and accidents write them, from a seed."""

from __future__ import annotations

import random

_NAMES = ("lo", "eth0", "swp1", "swp2", "vlan453", "vlan999", "bond.1", "swp[1-3]", "br[1-2].7")
_MACS = ("00:00:5e:00:01:c5", "00:00:5E:00:01:C6", "none")
_ATTRIBUTES = (
    "address 10.0.{0}.1/24",
    "address 2001:db8:{0}::1/64",
    "address 192.0.2.{0}",
    "address-virtual {1} 130.246.{0}.1/22",
    "address-virtual {1} 130.246.{0}.1/22 2001:db8:{0}::1/64",
    "address_virtual {1} 10.7.{0}.1/24",
    "netmask 255.255.255.0",
    "alias a {0} words $IFACE x",
    "mtu 9{0:03d}",
    "bridge-ports swp1 swp2",
    "bridge-stp off",
    "adress 10.0.{0}.9/24",
    "post-up echo {0} # not a comment",
    "up ip route add 198.51.100.{0} dev $IFACE",
    "hwaddress",
    "gateway 10.0.{0}.254",
)
_ODD = (
    "garbage {0}",
    "# a comment",
    "   # an indented comment",
    "#address 10.9.{0}.1/24",
    "# a comment that goes on \\",
    "",
    "   ",
    "\t",
    "\\",
    "auto",
    "source /nowhere/*.none",
    "allow-hotplug eth0 swp{0}",
    "iface-not-a-keyword x",
    "automatic x",
)


def interfaces_text(seed: int) -> str:
    """One file. The same seed gives the same file."""
    rng = random.Random(seed)
    end = rng.choice(["\n", "\n", "\n", "\r\n"])
    lines: list[str] = []
    for _ in range(rng.randint(0, 8)):
        name = rng.choice(_NAMES)
        if rng.random() < 0.85:
            lines.append(rng.choice(["auto {n}", "auto {n}", "  auto\t{n} lo", "allow-x {n}"]))
            lines[-1] = lines[-1].format(n=name)
        family = rng.choice(
            ["", "", " inet static", " inet loopback", " inet6 static", " inet dhcp"]
        )
        keyword = "vlan" if rng.random() < 0.02 else rng.choice(["iface", "iface", " iface"])
        lines.append(f"{keyword} {name}{family}")
        for _ in range(rng.randint(0, 5)):
            lines.append(_indented(rng, rng.choice(_ATTRIBUTES)))
            if rng.random() < 0.12:
                lines.append(rng.choice(_ODD).format(rng.randint(1, 99)))
        if rng.random() < 0.5:
            lines.append("")
    if rng.random() < 0.3:
        lines.insert(rng.randint(0, len(lines)), rng.choice(_ODD).format(rng.randint(1, 99)))
    if rng.random() < 0.03:  # what makes ifupdown2 give up altogether
        lines.insert(rng.randint(0, len(lines)), rng.choice(["iface", "source", "vlan 45"]))
    text = end.join(lines)
    if rng.random() < 0.8:
        text += end
    if rng.random() < 0.06:
        text = text.replace("\n", "\r", 1)
    return text


def _indented(rng: random.Random, template: str) -> str:
    line = template.format(rng.randint(1, 99), rng.choice(_MACS))
    if rng.random() < 0.15:
        line = line.replace(" ", rng.choice(["\t", "   ", " \t ", " \\\n      ", "\\\n"]), 1)
    if rng.random() < 0.06:
        at = rng.randint(0, len(line))
        line = line[:at] + "\\" + line[at:]
    return rng.choice(["    ", "  ", "\t", "", " \t"]) + line + rng.choice(["", "", "", " ", "\t"])
