"""Asks FRR of EVPN in one ``vtysh``, and reads what it says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from napalm_cumulus import errors
from napalm_cumulus.parsing.output import json_of, loads, unexpected
from napalm_cumulus.patterns import normal_mac
from napalm_cumulus.result import CommandResult
from tasks.addresses import address
from tasks.facts.fabric import (
    BgpVrfFact,
    EvpnInstanceFact,
    EvpnMacFact,
    PeerFact,
    VniFact,
    VrfVniFact,
)

#: What is asked, by the name of the section; what older releases may not know comes last.
QUESTIONS = {
    "vnis": "show evpn vni json",
    "vrf_vnis": "show vrf vni json",
    "evpn_macs": "show evpn arp-cache vni all json",
    "evpn_peers": "show bgp l2vpn evpn summary json",
    "bgp_vrfs": "show bgp vrfs json",
    "evpn_instance": "show bgp l2vpn evpn vni json",
}
#: The name of the one command that asks all of it.
NAME = "frr"
#: What vtysh -E prints before the answer to a question: its prompt and the question.
_ECHO = re.compile(
    rb"^\S*[#>] (" + b"|".join(re.escape(q.encode()) for q in QUESTIONS.values()) + rb")\r?\n",
    re.MULTILINE,
)
#: Without any daemon vtysh fails with the first text; without the one it needs, with the second.
_NOT_RUNNING = re.compile(rb"failed to connect to any daemons|\w+ is not running|No EVPN|EVPN.*not")
#: What bgpd says in words, not in JSON, where it has nothing to show.
_NOTHING = re.compile(r"% (No BGP|BGP instance not found|No .*(peer|neighbor)|.*not found)")
#: How broadcasts are sent where each VTEP gets a copy: "Head-end replication".
_HEAD_END = "head-end"
_UNKNOWN = b"% Unknown command"
#: What stands for the VTEP of a remote entry of which FRR names none (``l3NeighSync``).
_ELSEWHERE = "elsewhere"


def command(within: int) -> str:
    """Return the shell command that asks FRR everything in one vtysh, whose start is dear.

    Args:
        within: seconds after which it is killed on the switch.
    """
    questions = " ".join(f"-c {shlex.quote(words)}" for words in QUESTIONS.values())
    return f"timeout {within} vtysh -E {questions}"


def apart(results: Mapping[str, CommandResult]) -> Mapping[str, CommandResult]:
    """Return the results with that of ``command`` as one for each question.

    vtysh stops at the first question that fails: those after it have the same answer. It echoes
    the questions in their order; an echo out of turn is text within an answer.
    """
    whole = results.get(NAME)
    if whole is None:
        return results
    answers, questions = {}, tuple(QUESTIONS.values())
    echoes: list[re.Match[bytes]] = []
    for echo in _ECHO.finditer(whole.stdout):
        if echo[1].decode() in questions[len(echoes) : len(echoes) + 1]:
            echoes.append(echo)
    ends = [*(echo.start() for echo in echoes[1:]), len(whole.stdout)]
    for echo, end in zip(echoes, ends, strict=False):
        answers[echo[1].decode()] = whole.stdout[echo.end() : end]
    stopped = echoes[-1][1].decode() if echoes and whole.exit_status else ""
    rest = answers.get(stopped, b"" if echoes else whole.stdout)
    found = {}
    for name, words in QUESTIONS.items():
        status, said = 0, answers.get(words, rest)
        if words == stopped:
            status = whole.exit_status
        elif words not in answers:  # cut off, if vtysh says that all went well
            status = whole.exit_status or 1
        asked = f"vtysh -c {shlex.quote(words)}"
        found[name] = CommandResult(asked, status, said, whole.stderr if status else b"")
    return {**found, **results}


def absent_or_old(result: CommandResult) -> bool:
    """Return whether FRR does not answer because it is not running, or too old to know."""
    return absent(result) or result.stdout.lstrip().startswith(_UNKNOWN)


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
            vxlan=_device(row.get("vxlanIf") or row.get("vxlanInterface")),
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
            router_mac=normal_mac(str(row.get("routerMac", ""))),
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
                    remote=str(
                        row.get("remoteVtep")
                        or row.get("remoteEs")
                        or (_ELSEWHERE if row.get("type") == "remote" else "")
                    ),
                    segment=str(row.get("remoteEs", "")),
                    duplicate=row.get("isDuplicate") is True,
                )


def peers(result: CommandResult) -> Iterator[PeerFact]:
    """Yield the rows of ``show bgp l2vpn evpn summary json``."""
    document = _document(result)
    if "l2VpnEvpn" in document:
        document = document["l2VpnEvpn"]
    for name, row in _objects(document["peers"] if document else {}):
        sent, received = row.get("pfxSnt"), row.get("pfxRcd")
        told = isinstance(sent, int) and isinstance(received, int)
        yield PeerFact(name, str(row["state"]), bool(sent or received) if told else None)


def instance(result: CommandResult) -> Iterator[EvpnInstanceFact]:
    """Yield what ``show bgp l2vpn evpn vni json`` says of all VNIs; nothing without EVPN."""
    document = _document(result)
    if "advertiseAllVnis" in document:
        yield EvpnInstanceFact(
            advertises=str(document["advertiseAllVnis"]) == "Enabled",
            floods=_HEAD_END in str(document.get("flooding", _HEAD_END)).casefold(),
        )


def bgp_vrfs(result: CommandResult) -> Iterator[BgpVrfFact]:
    """Yield the rows of ``show bgp vrfs json``."""
    document = _document(result)
    for name, _ in _objects(document["vrfs"] if document else {}):
        yield BgpVrfFact(name)


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
    return "" if name in {None, "", "None", "none", "unknown"} else str(name)
