"""BGP's configuration: the ``router bgp`` sections of FRR's running configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napalm_cumulus.getters.bgp import frr_is_absent
from napalm_cumulus.getters.query import getter
from napalm_cumulus.parsing.output import reader, text_of, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napalm.base import models

    from napalm_cumulus.result import CommandResult

CONFIG = "vtysh -c 'show running-config'"

#: NAPALM's name of the group of neighbours without a group.
_NO_GROUP = "_"
_SECTION = re.compile(r"router bgp (\d+)(?: (?:vrf|view) (\S+))?")
_FAMILIES = {"ipv4": "inet", "ipv6": "inet6", "l2vpn": "l2vpn"}
_DEFAULT_HOPS = 255


@dataclass
class _Peer:
    """The lines of one neighbour or peer group."""

    group: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Instance:
    """One ``router bgp`` section."""

    local_as: int
    vrf: str
    multipath: bool = False
    groups: dict[str, _Peer] = field(default_factory=dict)
    neighbors: dict[str, _Peer] = field(default_factory=dict)


@getter(CONFIG)
@reader
def parse_bgp_config(
    result: CommandResult, group: str = "", neighbor: str = ""
) -> dict[str, models.BGPConfigGroupDict]:
    """Return BGP's peer groups, with "_" for neighbours in no group.

    It is empty without FRR or BGP. A group in another VRF than the default one is called
    "VRF/GROUP". An AS given only as ``external`` is 0, one given as ``internal`` is the own one. Of
    the route maps of several address families the first is shown.
    """
    if frr_is_absent(result):
        return {}
    text = text_of(result)
    if not re.search(r"^(frr version|Current configuration|!)", text, re.MULTILINE):
        raise unexpected(result, "FRR's running configuration")
    found: dict[str, Any] = {}
    for instance in _instances(text):
        prefix = f"{instance.vrf}/" if instance.vrf else ""
        for name, peer in {_NO_GROUP: _Peer(), **instance.groups}.items():
            found[prefix + name] = _group(instance, peer)
        for name, peer in instance.neighbors.items():
            of_group = instance.groups.get(peer.group, _Peer())
            owner = peer.group if peer.group in instance.groups else _NO_GROUP
            found[prefix + owner]["neighbors"][name] = _neighbor(instance, peer, of_group)
    if neighbor:
        found = {
            name: {**one, "neighbors": {neighbor: one["neighbors"][neighbor]}}
            for name, one in found.items()
            if neighbor in one["neighbors"]
        }
    return {name: one for name, one in found.items() if group in {"", name}}


def _instances(text: str) -> Iterator[_Instance]:
    instance: _Instance | None = None
    family = ""
    for line in text.splitlines():
        if line and not line.startswith((" ", "!")):
            if instance is not None:
                yield instance
            match = _SECTION.match(line)
            instance = _Instance(int(match[1]), match[2] or "") if match else None
            family = ""
        elif instance is not None:
            words = line.split()
            if words[:1] == ["address-family"]:
                family = " ".join(words[1:])
            elif words[:1] == ["exit-address-family"]:
                family = ""
            elif words[:1] == ["maximum-paths"]:
                instance.multipath = True
            elif words[:1] == ["neighbor"] and len(words) > 2:  # noqa: PLR2004 - name, verb
                _statement(instance, family, words[1], words[2:])
    if instance is not None:
        yield instance


def _statement(instance: _Instance, family: str, name: str, words: list[str]) -> None:
    if words == ["peer-group"]:
        instance.groups[name] = _Peer()
        return
    peer = instance.groups.get(name) or instance.neighbors.setdefault(name, _Peer())
    if words[0] == "interface":  # neighbor swp51 interface [v6only] [peer-group G | remote-as A]
        words = words[2:] if words[1:2] == ["v6only"] else words[1:]
    verb, *rest = words or [""]
    argument = " ".join(rest)
    if verb == "peer-group":
        peer.group = argument
    elif verb in {"remote-as", "description", "password", "update-source"}:
        peer.values[verb] = argument
    elif verb == "local-as":
        peer.values[verb] = int(rest[0])
    elif verb == "ebgp-multihop":
        peer.values[verb] = int(rest[0]) if rest else _DEFAULT_HOPS
    elif verb == "route-map":
        peer.values.setdefault(f"route-map {rest[1]}", rest[0])
    elif verb in {"next-hop-self", "route-reflector-client", "remove-private-AS"}:
        peer.values[verb] = True
    elif verb == "maximum-prefix":
        _limit(peer, family, rest)


def _limit(peer: _Peer, family: str, words: list[str]) -> None:
    afi, _, safi = (family or "ipv4 unicast").partition(" ")
    limit: dict[str, Any] = {"limit": int(words[0])}
    teardown: dict[str, int] = {}
    if len(words) > 1 and words[1].isdigit():
        teardown["threshold"] = int(words[1])
    if "restart" in words[:-1]:
        teardown["timeout"] = int(words[words.index("restart") + 1])
    if teardown:
        limit["teardown"] = teardown
    peer.limits.setdefault(_FAMILIES.get(afi, afi), {})[safi or "unicast"] = limit


def _remote_as(instance: _Instance, peer: _Peer) -> int:
    value = str(peer.values.get("remote-as", ""))
    if value == "internal":
        return instance.local_as
    return int(value) if value.isdigit() else 0


def _kind(instance: _Instance, peer: _Peer) -> str:
    value = str(peer.values.get("remote-as", ""))
    if value.isdigit():
        return "internal" if int(value) == instance.local_as else "external"
    return value if value in {"internal", "external"} else ""


def _group(instance: _Instance, peer: _Peer) -> models.BGPConfigGroupDict:
    values = peer.values
    return {
        "type": _kind(instance, peer),
        "description": values.get("description", ""),
        "apply_groups": [],
        "multihop_ttl": values.get("ebgp-multihop", 0),
        "multipath": instance.multipath,
        "local_address": values.get("update-source", ""),
        "local_as": values.get("local-as", instance.local_as),
        "remote_as": _remote_as(instance, peer),
        "import_policy": values.get("route-map in", ""),
        "export_policy": values.get("route-map out", ""),
        "remove_private_as": values.get("remove-private-AS", False),
        "prefix_limit": peer.limits,
        "neighbors": {},
    }


def _neighbor(instance: _Instance, own: _Peer, group: _Peer) -> models.BGPConfigNeighborDict:
    """Return what applies to the neighbour: its own lines, else those of its group."""
    values = {**group.values, **own.values}
    return {
        "description": values.get("description", ""),
        "import_policy": values.get("route-map in", ""),
        "export_policy": values.get("route-map out", ""),
        "local_address": values.get("update-source", ""),
        "authentication_key": values.get("password", ""),
        "nhs": values.get("next-hop-self", False),
        "route_reflector_client": values.get("route-reflector-client", False),
        "local_as": values.get("local-as", instance.local_as),
        "remote_as": _remote_as(instance, _Peer(values=values)),
        "prefix_limit": {**group.limits, **own.limits},
    }
