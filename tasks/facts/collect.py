"""Collects everything that checks and diagnosis need from a switch, in one round trip."""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from nornir.core.task import Result, Task

from napalm_cumulus.config import rendered, snapshot
from napalm_cumulus.parsing import iproute
from napalm_cumulus.parsing.lldp_text import COMMAND as LLDP
from napalm_cumulus.result import CommandResult
from nornir_config.connection import run_once
from tasks.facts import frr
from tasks.facts.assemble import UnreadFilesError, read_facts
from tasks.shell import interface_name

#: Seconds after which the switch kills one command, so that the others are not lost.
_EACH = 10
#: Files that ``source`` lines read may source others; deeper nesting is not followed.
_MORE_FILES = 4
#: The settings of a device that faults and cures look at.
SYSCTLS = ("forwarding", "rp_filter", "arp_ignore", "arp_announce", "arp_filter", "proxy_arp")


@dataclass(frozen=True)
class Probes:
    """What the switch is to probe by itself.

    Attributes:
        targets: addresses to look for at layer 2 and 3 (VMs of an incident); only those of IPv4 are
            used.
        outside: an address outside the fabric, to find the route of the targets to it; empty for
            none.
        interface: the SVI that the targets are behind; empty where that is not known. Another VRF
            may have the same subnet.
        per_vip: the number of its neighbours that a VIP pings; 0 for none.
        total: the largest number of such pings, and of VIPs that are probed for a second owner.
    """

    targets: tuple[str, ...] = ()
    outside: str = ""
    interface: str = ""
    per_vip: int = 3
    total: int = 60


#: No packet is sent into the network.
SILENT = Probes(per_vip=0, total=0)


def collect_facts(
    task: Task, *, probes: Probes = Probes(), only: Collection[str] | None = None
) -> Result:
    """Collect the ``SwitchFacts`` of the host, with one command on one connection.

    This is a Nornir task. A second command is needed only where ``source`` lines read files outside
    ``/etc/network``. The switch's output is never trusted: what cannot be read is marked as unread.

    Args:
        task: the task on the switch.
        probes: what the switch is to probe.
        only: names of ``commands``; the facts of the others are marked as unread. All by default.


    Returns:
        A Result with ``SwitchFacts``.

    Raises:
        NoRootError: the session is not root's: LLDP and pending commits would seem to be absent.
        NapalmException: there is no session, or the switch did not answer in time.
    """
    wanted = commands(probes)
    if only is not None:
        wanted = {name: wanted[name] for name in only}
    outcomes = run_once(task, list(wanted.values()), as_root=True)
    results = dict(zip(wanted, outcomes, strict=True))
    more: dict[str, CommandResult] = {}
    for _ in range(_MORE_FILES):
        try:
            facts = read_facts(task.host.name, results, more)
            break
        except UnreadFilesError as error:
            (more[error.command],) = run_once(task, [error.command])
    else:
        facts = read_facts(task.host.name, results, None)
    return Result(host=task.host, result=facts)


def commands(probes: Probes) -> dict[str, str]:
    """Return the shell commands by name, the probes last.

    Raises:
        ValueError: a target or the address outside is no IP address, or the SVI's name is none.
    """
    return {**_standing(), "probes": _probe_command(probes)}


@cache
def _standing() -> Mapping[str, str]:
    sysctls = " ".join(f"conf/*/{name}" for name in SYSCTLS)
    return {
        "hostname": "hostname",
        # A container has the uptime of its host, so the start of its first process counts.
        "boot": "cd /proc && cat sys/kernel/random/boot_id uptime 1/stat",
        "configuration": snapshot.READ,
        "rendered": rendered.QUERY_WHERE_NEEDED,
        "links": iproute.LINKS.command(_EACH),
        "addresses": iproute.ADDRESSES.command(_EACH),
        "routes": iproute.ROUTES[4].command(_EACH),
        "routes6": iproute.ROUTES[6].command(_EACH),
        "rules": iproute.RULES.command(_EACH),
        "neighbours": iproute.NEIGHBOURS.command(_EACH),
        "fdb": iproute.FDB.command(_EACH),
        "ports": iproute.PORTS.command(_EACH),
        "bridge_vlans": _where_vlan_aware(iproute.VLANS),
        "vlan_tunnels": _where_vlan_aware(iproute.TUNNELS),
        "lldp": f"timeout {_EACH} sh -c {shlex.quote(LLDP)}",
        "drift": f"timeout {_EACH} ifquery -a -c -o json",
        "sysctls": (
            f"cd /proc/sys/net/ipv4 && grep -s . ip_forward neigh/default/gc_thresh3 {sysctls}"
        ),
        frr.NAME: frr.command(_EACH),
        "left_over": _left_over_command(),
    }


def _where_vlan_aware(table: iproute.Table) -> str:
    """Return the command for a table that only VLAN-aware bridges have; else it is empty."""
    aware = "grep -qsx 1 /sys/class/net/*/bridge/vlan_filtering"
    return f"if {aware}; then {table.command(_EACH)}; else echo '[]'; fi"


def _left_over_command() -> str:
    # Whether a commit's timer lives is judged by the on-switch program itself, so that a check
    # and ``vip pending`` never differ. It is read as a resource: its module would import NAPALM.
    return f"{_script('switch/alive.sh', 'napalm_cumulus.commit')}\n{_script('leftovers.sh')}"


def _probe_command(probes: Probes) -> str:
    four = [
        str(address)
        for address in map(ipaddress.ip_address, probes.targets)
        if isinstance(address, ipaddress.IPv4Address)
    ]
    outside = str(ipaddress.IPv4Address(probes.outside)) if probes.outside else "-"
    only = interface_name(probes.interface) if probes.interface else "-"
    words = " ".join([str(int(probes.per_vip)), str(int(probes.total)), outside, only, *four])
    return f"set -- {words}\n{_script('probes.sh')}"


@cache
def _script(name: str, package: str = "tasks.facts") -> str:
    """Return the script without its comments, which the switch does not need."""
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return "\n".join(kept)
