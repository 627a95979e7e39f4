"""The output of a switch's commands as ``SwitchFacts``. Pure: nothing is asked or judged here."""

from __future__ import annotations

from collections.abc import Mapping

from napalm_cumulus.result import CommandResult
from tasks.facts import configuration, frr, kernel, probes
from tasks.facts.bridging import Bridging
from tasks.facts.configuration import UnreadFilesError
from tasks.facts.configured_bridging import bridging_of
from tasks.facts.model import SwitchFacts
from tasks.facts.section import Results, section

__all__ = ["UnreadFilesError", "read_facts"]


def read_facts(
    switch: str, results: Results, more: Mapping[str, CommandResult] | None = None
) -> SwitchFacts:
    """Read all output; unreadable output of one command affects only its own section.

    Args:
        switch: the switch's name in the inventory.
        results: the result of each command of ``tasks.facts.collect.commands``, by its name.
        more: the results of the commands that earlier calls asked for, by command; None when no
            more will be asked.

    Raises:
        UnreadFilesError: the configuration reads files that are not in the results yet.
    """
    results = frr.apart(results)
    configured = configuration.configuration(results, more)
    links = section(results, "links", kernel.links)
    macs = {link.name: link.mac for link in links.rows}
    virtual = {v.device: v.mac for gateway in configured.gateways for v in gateway.virtual if v.mac}
    devices = {device for gateway in configured.gateways for device in gateway.devices}
    devices |= {link.name for link in links.rows if link.kind == "macvlan"}
    sysctls, sysctls_unread = kernel.sysctls(results, devices)
    routes = kernel.routes(results)
    pending, left_over, left_over_unread = configuration.left_over(results)
    return SwitchFacts(
        switch=switch,
        hostname=_hostname(results),
        boot=next(iter(section(results, "boot", lambda result: [kernel.boot(result)]).rows), None),
        gateways=configured.gateways,
        gateways_unread=configured.unread,
        commented=configured.commented,
        repeated=configured.repeated,
        bridging=bridging_of(configured.read, macs) if configured.read else Bridging(),
        links=links,
        addresses=section(results, "addresses", kernel.addresses),
        routes=routes,
        rules=section(results, "rules", kernel.rules),
        neighbours=section(results, "neighbours", kernel.neighbours),
        fdb=section(results, "fdb", kernel.fdb),
        ports=section(results, "ports", kernel.ports),
        bridge_vlans=section(results, "bridge_vlans", kernel.bridge_vlans),
        vlan_tunnels=section(
            results, "vlan_tunnels", kernel.vlan_tunnels, absent=kernel.no_tunnels
        ),
        lldp=section(results, "lldp", configuration.lldp, absent=configuration.no_lldpd),
        drift=section(
            results, "drift", lambda result: configuration.drift(result, configured.gateways)
        ),
        vnis=section(results, "vnis", frr.vnis, absent=frr.absent),
        vrf_vnis=section(results, "vrf_vnis", frr.vrf_vnis, absent=frr.absent),
        evpn_macs=section(results, "evpn_macs", frr.evpn_macs, absent=frr.absent),
        evpn_peers=section(results, "evpn_peers", frr.peers, absent=frr.absent),
        evpn_instance=section(results, "evpn_instance", frr.instance, absent=frr.absent_or_old),
        bgp_vrfs=section(results, "bgp_vrfs", frr.bgp_vrfs, absent=frr.absent_or_old),
        probes=section(
            results, "probes", lambda result: probes.probes(result, {**macs, **virtual})
        ),
        pending=pending,
        mlag=configured.mlag,
        segments=configured.segments,
        sysctls=sysctls,
        sysctls_unread=sysctls_unread,
        left_over=left_over,
        left_over_unread=left_over_unread,
    )


def _hostname(results: Results) -> str:
    result = results.get("hostname")
    if result is None or result.exit_status != 0:
        return ""
    return result.stdout.decode("utf-8", "replace").strip()
