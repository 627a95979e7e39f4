"""Reads what FRR says of EVPN."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from napalm_cumulus import errors
from napalm_cumulus.parsing.output import json_of, loads, unexpected
from napalm_cumulus.result import CommandResult
from tasks.addresses import address
from tasks.facts.model import EvpnMacFact, PeerFact, VniFact, VrfVniFact

#: Without any daemon vtysh fails with the first text; without the one it needs, with the second.
_NOT_RUNNING = re.compile(rb"failed to connect to any daemons|\w+ is not running|No EVPN|EVPN.*not")
#: What bgpd says in words, not in JSON, where it has nothing to show.
_NOTHING = re.compile(r"% (No BGP|BGP instance not found|No .*(peer|neighbor)|.*not found)")


def absent(result: CommandResult) -> bool:
    """Return whether FRR, or the daemon that is asked, is not running."""
    return (
        result.stdout.lstrip()[:1] not in {b"{", b"["}
        and _NOT_RUNNING.search(result.stdout[:500] + result.stderr[:500]) is not None
    )


def vnis(result: CommandResult) -> Iterator[VniFact]:
    """Yield the rows of ``show evpn vni json``."""
    for key, row in _objects(_document(result)):
        remote = row.get("numRemoteVteps", 0)
        if isinstance(remote, list):
            remote = len(remote)
        yield VniFact(
            vni=int(row.get("vni", key)),
            kind=str(row["type"]),
            vxlan=str(row.get("vxlanIf") or row.get("vxlanInterface") or ""),
            vrf=str(row.get("tenantVrf") or row.get("vrf") or "default"),
            remote_vteps=remote if isinstance(remote, int) else None,  # "n/a" of an L3VNI
        )


def vrf_vnis(result: CommandResult) -> Iterator[VrfVniFact]:
    """Yield the rows of ``show vrf vni json``."""
    document = _document(result)
    for row in document["vrfs"] if document else ():
        yield VrfVniFact(
            vrf=str(row["vrf"]),
            vni=int(row["vni"]),
            vxlan=_device(row.get("vxlanIntf")),
            svi=_device(row.get("sviIntf")),
            state=str(row.get("state", "")),
        )


def evpn_macs(result: CommandResult) -> Iterator[EvpnMacFact]:
    """Yield the rows of ``show evpn arp-cache vni all json``: an object per VNI, by address."""
    for vni, entries in _objects(_document(result)):
        for owner, row in entries.items():
            if isinstance(row, dict):
                yield EvpnMacFact(
                    vni=int(vni),
                    address=address(owner),
                    mac=str(row["mac"]).lower(),
                    remote=str(row.get("remoteVtep", "")),
                )


def peers(result: CommandResult) -> Iterator[PeerFact]:
    """Yield the rows of ``show bgp l2vpn evpn summary json``."""
    document = _document(result)
    if "l2VpnEvpn" in document:
        document = document["l2VpnEvpn"]
    for name, row in _objects(document["peers"] if document else {}):
        yield PeerFact(name, str(row["state"]))


def _document(result: CommandResult) -> dict[str, Any]:
    text = result.stdout.decode("utf-8", "replace").strip()
    if result.exit_status == 0 and (not text or _NOTHING.match(text)):
        return {}
    try:
        document = loads(text)
    except ValueError:
        document = json_of(result)
    if not isinstance(document, dict):
        raise unexpected(result, "an object")
    if result.exit_status != 0:
        raise errors.CommandErrorException(f"exit status {result.exit_status}")
    return document


def _objects(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the members that are objects; FRR mixes counters in between."""
    return ((key, row) for key, row in document.items() if isinstance(row, dict))


def _device(name: object) -> str:
    """Return a device's name; FRR writes None where there is no device."""
    return "" if name in {None, "None", "none", "unknown"} else str(name)
