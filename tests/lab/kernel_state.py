"""What of a leaf's kernel must be the same before a fault and after it."""

from __future__ import annotations

from lab.lab import Lab

#: What must be the same before and after: addresses, routes, rules, links, settings, static
#: entries. Left out is what comes and goes by itself: numbers of devices and next hops, IPv6
#: link-local routes, a port's path cost, which every ``ifreload -a`` sets to another default.
_DEVICES = ("all", "default", "vlan453", "vlan453-v0", "vlan453-v1", "vlan999", "swp10")
_SETTINGS = ("forwarding", "rp_filter", "arp_ignore", "arp_announce", "arp_notify", "proxy_arp")
STATE = f"""\
ip -br -4 addr
ip -4 route show table all | sed 's/nhid [0-9]* //'
ip -4 rule
ip -o link | sed "s/^[0-9]*: //; s/@[^:]*//; s/link-netns.*//; s/ state [^ ]*//g"
(cd /proc/sys/net/ipv4/conf; grep -s . {" ".join(f"{d}/{s}" for d in _DEVICES for s in _SETTINGS)})
bridge link | sed 's/^[0-9]*: //; s/@[^:]*//; s/cost .*//'
bridge fdb show dev vlan453 | grep 00:00:5e
ip neigh show nud permanent | sed "/extern_learn/d"
"""


def state(lab: Lab) -> set[str]:
    return set(lab.exec_leaf("03", ["sh", "-c", STATE], check=True).stdout.splitlines())
