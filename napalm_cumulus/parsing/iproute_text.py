"""Parses the text of iproute2 into the rows of its JSON: ``ip`` of Cumulus 3 has no ``-j``.

Each function returns what ``json.loads`` would of the same command with ``-j``, as far as it is
used.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

Row = dict[str, Any]

#: With ``-o`` each entry is one line, in which this separates lines. (An alias may contain a
#: backslash.)
_PART = re.compile(r"\\(?: {4}|\t)\s*")
_LINK = re.compile(r"^(\d+): ([^:@\s]+)(?:@(\S+))?: <([^>]*)> (.*)$")
#: The text for a link whose lower device is in another namespace, or gone.
_ELSEWHERE = re.compile(r"if\d+|NONE")
_ADDRESS = re.compile(r"^\d+: (\S+)\s+(inet6?) (\S+)(?: peer (\S+))?\s")
_NEVER_A_KIND = (
    "link/",
    "alias ",
    "altname ",
    "RX:",
    "TX:",
    "vf ",
    "RX errors",
    "TX errors",
    "prog/",
)
_FDB_FLAGS = {"self", "sticky", "router", "offload", "extern_learn"}
#: Numbers and words among the details of a link.
_DETAIL_NUMBERS = ("vlan_filtering", "id", "table", "min_links", "ad_aggregator_id")
_OF_LACP = ("aggregator", "num_ports", "partner_mac")
_VLAN_FLAGS = ("PVID", "Egress Untagged")
_PORT = re.compile(r"^\d+: ([^:@\s]+)(?:@\S+)?\b.*: <[^>]*>(?:.* master (\S+) state (\S+))?")
_RULE = re.compile(r"^(\d+):\s+(.*)$")
#: Words of a rule without a value, and their form in JSON.
_RULE_WORDS_ALONE: dict[str, Row] = {
    "not": {"not": None},
    "[detached]": {},
    **{action: {"action": action} for action in ("unreachable", "prohibit", "blackhole", "nop")},
}
_RULE_NAMES = {
    "from": "src",
    "to": "dst",
    "lookup": "table",
    "proto": "protocol",
    "suppress_prefixlength": "suppress_prefixlen",
}
ROUTE_TYPES = {
    "local",
    "unicast",
    "blackhole",
    "unreachable",
    "prohibit",
    "throw",
    "nat",
    "broadcast",
    "multicast",
    "anycast",
}
#: Numbers of a route; ``lock`` may stand in front of one.
_METRICS = {
    *("mtu", "window", "rtt", "rttvar", "ssthresh", "cwnd", "advmss", "reordering", "hoplimit"),
    *("initcwnd", "rto_min", "initrwnd", "quickack"),
}
_ROUTE_FLAGS = {"dead", "linkdown", "onlink", "pervasive", "offload"}
#: Ports of which details are told.
_SLAVES = {"bond", "bridge"}
_COUNTER_NAMES = {"mcast": "multicast"}


def links(text: str) -> list[Row]:
    """Return the rows of ``ip -d -o link show``, also with ``-s``.

    Raises:
        ValueError: the text is something else.
    """
    rows = []
    for line in _lines(text):
        parts = _PART.split(line)
        match = _LINK.match(parts[0])
        if match is None:
            raise ValueError(f"no interface in {line[:60]!r}")
        index, name, lower, flags, rest = match.groups()
        row: Row = {
            "ifindex": int(index),
            "ifname": name,
            "flags": flags.split(",") if flags else [],
        }
        row |= _pairs(rest.split())
        if lower and not _ELSEWHERE.fullmatch(lower):
            row["link"] = lower
        row["operstate"] = row.pop("state", "UNKNOWN")
        row["mtu"] = int(row["mtu"])
        for part, following in zip(parts[1:], [*parts[2:], ""], strict=True):
            _link_part(row, part, following)
        rows.append(row)
    return rows


def _link_part(row: Row, part: str, following: str) -> None:
    words = part.split()
    if part.startswith("link/"):
        if len(words) > 1 and words[1] != "promiscuity":
            row["address"] = words[1]
        if "protodown on" in part:
            row["proto_down"] = True
    elif part.startswith("alias "):
        row["ifalias"] = part[len("alias ") :].rstrip()
    elif part.startswith(("RX:", "TX:")):
        names = [_COUNTER_NAMES.get(word, word) for word in words[1:]]
        numbers = map(int, following.split())
        row.setdefault("stats64", {})[words[0][:2].lower()] = dict(zip(names, numbers, strict=True))
    elif re.match(r"[a-z]", part) and not part.startswith(_NEVER_A_KIND):
        info = row.get("linkinfo", {})
        kind, slave, _ = words[0].partition("_slave")
        if slave and kind in _SLAVES and (details := _details(words)):
            info |= {"info_slave_kind": kind, "info_slave_data": details}
        elif not slave and "info_kind" not in info:
            info |= {"info_kind": kind, "info_data": _details(words)}
        if info:
            row["linkinfo"] = info


def _details(words: list[str]) -> Row:
    """Return the details by ``-d`` of a bridge, VLAN, vxlan device, VRF, bond, or a port."""
    pairs = _pairs(words[1:])
    details: Row = {key: int(pairs[key]) for key in _DETAIL_NUMBERS if pairs.get(key, "").isdigit()}
    details |= {key: pairs[key] for key in ("local", "mode", "mii_status") if key in pairs}
    of_lacp = {key: pairs[f"ad_{key}"] for key in _OF_LACP if f"ad_{key}" in pairs}
    if of_lacp:
        numbers = {key: int(value) for key, value in of_lacp.items() if value.isdigit()}
        details["ad_info"] = of_lacp | numbers
    if pairs.get("learning") in {"on", "off"}:  # of a bridge's port
        details["learning"] = pairs["learning"] == "on"
    return details | {key: True for key in ("external", "vnifilter") if key in words}


def addresses(text: str) -> list[Row]:
    """Return the rows of ``ip -o addr show``; an interface without addresses may be missing.

    Raises:
        ValueError: the text is something else.
    """
    rows: dict[str, Row] = {}
    for line in _lines(text):
        match = _ADDRESS.match(line)
        if match is None:
            if not re.match(r"^\d+: ", line):
                raise ValueError(f"no interface in {line[:60]!r}")
            continue  # the interface's own line, which old versions print too
        name, family, local, peer = match.groups()
        address, _, length = local.partition("/")
        length = length or (peer or "").partition("/")[2] or ("32" if family == "inet" else "128")
        row = rows.setdefault(name, {"ifname": name, "addr_info": []})
        info: Row = {"family": family, "local": address, "prefixlen": int(length)}
        words = line.split("\\", 1)[0].split()
        info |= {"scope": scope} if (scope := _pairs(words).get("scope")) else {}
        row["addr_info"].append(info | ({"dynamic": True} if "dynamic" in words else {}))
    return list(rows.values())


def neighbours(text: str) -> list[Row]:
    """Return the rows of ``ip -s neigh show``.

    Raises:
        ValueError: the text is something else.
    """
    rows = []
    for line in _lines(text):
        destination, *words = line.split()
        row: Row = {"dst": destination, **_pairs(external_by_todays_word(words))}
        if "dev" not in row:
            raise ValueError(f"no neighbour in {line[:60]!r}")
        if "proto" in row:
            row["protocol"] = row.pop("proto")
        row["state"] = [word for word in words if word.isupper() and word.isalpha()]
        if "used" in row:
            row["confirmed"] = int(row["used"].split("/")[1])
        rows.append(row)
    return rows


def external_by_todays_word(words: list[str]) -> list[str]:
    """Return an old release's words of an entry that a daemon (FRR, for EVPN) has made.

    Until 4.9, and in Cumulus 3, the only word for that is ``offload``. Today's means that the
    hardware has the entry, whoever made it.

    >>> external_by_todays_word(["self", "offload"])
    ['self', 'extern_learn']
    """
    if "extern_learn" in words:
        return words
    return ["extern_learn" if word == "offload" else word for word in words]


def rules(text: str) -> list[Row]:
    """Return the rows of ``ip rule show``: ``0: from all lookup local``.

    Raises:
        ValueError: the text is something else.
    """
    rows: list[Row] = []
    for line in _lines(text):
        match = _RULE.match(line)
        if match is None:
            raise ValueError(f"no rule in {line[:60]!r}")
        row: Row = {"priority": int(match[1])}
        words = iter(match[2].split())
        for word in words:
            if word in _RULE_WORDS_ALONE:
                row |= _RULE_WORDS_ALONE[word]
            else:
                row[_RULE_NAMES.get(word, word)] = next(words, None)
        for key in ("src", "dst"):
            prefix, slash, length = str(row.get(key, "")).partition("/")
            if slash:
                row[key], row[f"{key}len"] = prefix, int(length)
        mark, slash, mask = str(row.get("fwmark", "")).partition("/")
        if slash:
            row["fwmark"], row["fwmask"] = mark, mask
        rows.append(row)
    return rows


def ports(text: str) -> list[Row]:
    """Return the rows of ``bridge link show``.

    Raises:
        ValueError: the text is something else.
    """
    rows = []
    for line in _lines(text):
        if line[:1].isspace():  # belongs to the port above
            continue
        match = _PORT.match(line)
        if match is None:
            raise ValueError(f"no bridge port in {line[:60]!r}")
        name, master, state = match.groups()
        rows.append({"ifname": name, **({"master": master, "state": state} if master else {})})
    return rows


def forwarding(text: str) -> list[Row]:
    """Return the rows of ``bridge fdb show``.

    Raises:
        ValueError: the text is something else.
    """
    rows = []
    for line in _lines(text):
        mac, *words = line.split()
        pairs = _pairs(words)
        if "dev" not in pairs:
            raise ValueError(f"no MAC address in {line[:60]!r}")
        row: Row = {"mac": mac, "ifname": pairs["dev"]}
        row["flags"] = external_by_todays_word([word for word in words if word in _FDB_FLAGS])
        row |= {key: int(pairs[key]) for key in ("vni", "src_vni") if key in pairs}
        states = [word for word in words if word in {"permanent", "static", "stale"}]
        row["state"] = states[0] if states else ""
        row |= {key: pairs[key] for key in ("master", "vlan", "dst") if key in pairs}
        rows.append(row)
    return rows


def vlans(text: str) -> list[Row]:
    """Return the rows of ``bridge vlan show``.

    Raises:
        ValueError: the text is something else.
    """
    header, _, body = text.partition("\n")
    if text.strip() and not header.startswith("port"):
        raise ValueError(f"no VLANs in {header[:60]!r}")
    rows: list[Row] = []
    for line in _lines(body):
        words = line.split()
        if not line[0].isspace():
            rows.append({"ifname": words.pop(0), "vlans": []})
        if words and words[0] != "None":
            flags = [flag for flag in _VLAN_FLAGS if flag in line]
            rows[-1]["vlans"].append(
                {**_range(words[0], "vlan"), **({"flags": flags} if flags else {})}
            )
    return rows


def tunnels(text: str) -> list[Row]:
    """Return the rows of ``bridge vlan tunnelshow``.

    Raises:
        ValueError: the text is something else.
    """
    header, _, body = text.partition("\n")
    if text.strip() and not header.startswith("port"):
        raise ValueError(f"no VLANs with their VNIs in {header[:60]!r}")
    rows: list[Row] = []
    for line in _lines(body):
        words = line.split()
        if not line[0].isspace():
            rows.append({"ifname": words.pop(0), "tunnels": []})
        if len(words) > 1:
            rows[-1]["tunnels"].append({**_range(words[0], "vlan"), **_range(words[1], "tunid")})
    return rows


def _range(text: str, name: str) -> Row:
    """Return a number, or the first and the last one of a range, as JSON names them."""
    first, _, last = text.partition("-")
    return {name: int(first), **({f"{name}End": int(last)} if last else {})}


def routes(text: str) -> list[Row]:
    """Return the rows of ``ip -o route show``, also with ``table all``.

    Raises:
        ValueError: the text is something else.
    """
    rows = []
    for line in _lines(text):
        head, *hops = _PART.split(line.strip().rstrip("\\").rstrip())
        destination, *words = head.split()
        kind = destination if destination in ROUTE_TYPES and words else ""
        if kind:
            destination, *words = words
        if destination != "default" and not re.match(r"[0-9a-fA-F]*[.:]", destination):
            raise ValueError(f"no route in {line[:60]!r}")
        row = {**({"type": kind} if kind else {}), "dst": destination, **_hop(words)}
        if hops:
            row["nexthops"] = [_hop(hop.split()) for hop in hops if hop.startswith("nexthop")]
        rows.append(row)
    return rows


def _hop(words: list[str]) -> Row:
    if "encap" in words:  # between its kind and the way are the outer packet's own src, dst, tos
        inside = words.index("encap") + 2
        way = (i for i in range(inside, len(words)) if words[i] in {"via", "dev"})
        words = words[:inside] + words[next(way, len(words)) :]
    pairs = _pairs([word for word in words if word not in {"inet", "inet6", "nexthop"}])
    hop: Row = {"flags": [word for word in words if word in _ROUTE_FLAGS]}
    names = {"via": "gateway", "proto": "protocol", "dev": "dev", "table": "table"}
    names |= {"src": "prefsrc", "scope": "scope", "encap": "encap"}
    hop |= {names[key]: pairs[key] for key in names if key in pairs}
    if "metric" in pairs:
        hop["metric"] = int(pairs["metric"])
    if metrics := _metrics(words):
        hop["metrics"] = [metrics]
    return hop


def _metrics(words: list[str]) -> Row:
    """Return a route's metrics; what is locked, which JSON does not tell, in ``locked``."""
    found: Row = {}
    for word, following, after in zip(words, words[1:], [*words[2:], ""], strict=False):
        if word in _METRICS:
            value = after if following == "lock" else following
            found[word] = int(value.removesuffix("ms"))
            if following == "lock":
                found.setdefault("locked", []).append(word)
        elif word == "features" and following == "ecn":
            found["ecn"] = None
        elif word == "congctl":
            found[word] = after if following == "lock" else following
    return found


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _pairs(words: list[str]) -> dict[str, str]:
    """Return each word with the word after it; the keys are words that are never values."""
    return dict(itertools.pairwise(words))
