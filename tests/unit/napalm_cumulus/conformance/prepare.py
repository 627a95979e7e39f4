"""What upstream's suite asks for by name, and a leaf does not have by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: A BGP route to 1.0.4.0/24, an answer from 8.8.8.8, and time servers, peers and SNMP communities
#: in files. (The VRF "TEST" is not here: the lab's kernel need not have VRFs.)
_BEFORE = """\
set -e
ip addr add 8.8.8.8/32 dev lo
ip route add 1.0.4.0/24 via 10.5.0.250 dev eth0 proto bgp metric 30
ip route add 1.0.4.0/25 via 10.5.0.250 dev eth0 proto bgp metric 30
cat >/etc/ntp.conf <<'END'
driftfile /var/lib/ntp/ntp.drift
server 0.cumulusnetworks.pool.ntp.org iburst
server 10.5.0.250 prefer key 7
peer 10.5.0.41
interface listen eth0
END
mkdir -p /etc/snmp
cat >/etc/snmp/snmpd.conf <<'END'
agentAddress udp:@mgmt:161
rocommunity public default
rwcommunity private 10.5.0.0/24
sysLocation "Hall 2, row 5"
sysContact noc@example.internal
END
ping -c 1 10.5.0.250 >/dev/null
"""
_AFTER = """\
ip addr del 8.8.8.8/32 dev lo
ip route del 1.0.4.0/24 metric 30
ip route del 1.0.4.0/25 metric 30
rm -f /etc/ntp.conf /etc/snmp/snmpd.conf
true
"""


@contextmanager
def prepared(sh: Callable[[str], str]) -> Iterator[None]:
    """Have it on a leaf for the time of a block; `sh` runs a script there."""
    sh(_AFTER)
    try:
        sh(_BEFORE)
        yield
    finally:
        sh(_AFTER)
