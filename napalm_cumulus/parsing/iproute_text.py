"""The text of iproute2 as rows of its JSON: in Cumulus 3 ``ip`` and ``bridge`` lack ``-j``.

Each function gives what ``json.loads`` of the same command with ``-j`` would, as far as the getters
look at it. The commands ask for JSON first and for text only when that fails.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

from napalm_cumulus.parsing.output import TEXT_FOLLOWS

Row = dict[str, Any]

#: With `-o` each entry is one line, its lines parted by this. (An alias may hold a backslash.)
_PART = re.compile(r"\\(?: {4}|\t)\s*")
_LINK = re.compile(r"^\d+: ([^:@\s]+)(?:@(\S+))?: <([^>]*)> (.*)$")
_ADDRESS = re.compile(r"^\d+: (\S+)\s+(inet6?) (\S+)(?: peer (\S+))?\s")
_NEVER_A_KIND = ("link/", "alias ", "altname ", "RX:", "TX:", "vf ", "RX errors", "TX errors")
_ROUTE_FLAGS = {"dead", "linkdown", "onlink", "pervasive", "offload"}
_COUNTER_NAMES = {"mcast": "multicast"}


def with_text(json_command: str, text_command: str) -> str:
    """Return the shell command that asks for JSON, and for text where JSON is not known."""
    return f"{json_command} 2>/dev/null || {{ echo '{TEXT_FOLLOWS.strip()}'; {text_command}; }}"


def links(text: str) -> list[Row]:
    """Return the rows of ``ip -d -o link show``, also with ``-s``.

    Raises:
        ValueError: It is something else.
    """
    rows = []
    for line in _lines(text):
        parts = _PART.split(line)
        match = _LINK.match(parts[0])
        if match is None:
            raise ValueError(f"no interface in {line[:60]!r}")
        name, _, flags, rest = match.groups()
        row: Row = {"ifname": name, "flags": flags.split(","), **_pairs(rest.split())}
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
    elif words and re.match(r"[a-z]", part) and not part.startswith(_NEVER_A_KIND):
        if words[0].endswith("_slave"):
            return
        data = {"vlan_filtering": int(_pairs(words).get("vlan_filtering", 0))}
        row.setdefault("linkinfo", {"info_kind": words[0], "info_data": data})


def addresses(text: str) -> list[Row]:
    """Return the rows of ``ip -o addr show``; an interface without addresses may be missing.

    Raises:
        ValueError: It is something else.
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
        row["addr_info"].append({"family": family, "local": address, "prefixlen": int(length)})
    return list(rows.values())


def neighbours(text: str) -> list[Row]:
    """Return the rows of ``ip -s neigh show``.

    Raises:
        ValueError: It is something else.
    """
    rows = []
    for line in _lines(text):
        destination, *words = line.split()
        row: Row = {"dst": destination, **_pairs(words)}
        if "dev" not in row:
            raise ValueError(f"no neighbour in {line[:60]!r}")
        row["state"] = [word for word in words if word.isupper() and word.isalpha()]
        if "used" in row:
            row["confirmed"] = int(row["used"].split("/")[1])
        rows.append(row)
    return rows


def forwarding(text: str) -> list[Row]:
    """Return the rows of ``bridge fdb show``.

    Raises:
        ValueError: It is something else.
    """
    rows = []
    for line in _lines(text):
        mac, *words = line.split()
        pairs = _pairs(words)
        if "dev" not in pairs:
            raise ValueError(f"no MAC address in {line[:60]!r}")
        row: Row = {"mac": mac, "ifname": pairs["dev"]}
        row["flags"] = [word for word in words if word in {"self", "sticky", "router", "offload"}]
        states = [word for word in words if word in {"permanent", "static", "stale"}]
        row["state"] = states[0] if states else ""
        row |= {key: pairs[key] for key in ("master", "vlan", "dst") if key in pairs}
        rows.append(row)
    return rows


def vlans(text: str) -> list[Row]:
    """Return the rows of ``bridge vlan show``.

    Raises:
        ValueError: It is something else.
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
            first, _, last = words[0].partition("-")
            rows[-1]["vlans"].append({"vlan": int(first), "vlanEnd": int(last or first)})
    return rows


def routes(text: str) -> list[Row]:
    """Return the rows of ``ip -o route show``.

    Raises:
        ValueError: It is something else.
    """
    rows = []
    for line in _lines(text):
        head, *hops = _PART.split(line.strip().rstrip("\\").rstrip())
        destination, *words = head.removeprefix("unicast ").split()
        if destination != "default" and not re.match(r"[0-9a-fA-F]*[.:]", destination):
            raise ValueError(f"no route in {line[:60]!r}")
        row = {"dst": destination, **_hop(words)}
        if hops:
            row["nexthops"] = [_hop(hop.split()) for hop in hops if hop.startswith("nexthop")]
        rows.append(row)
    return rows


def _hop(words: list[str]) -> Row:
    pairs = _pairs([word for word in words if word not in {"inet", "inet6", "nexthop"}])
    hop: Row = {"flags": [word for word in words if word in _ROUTE_FLAGS]}
    names = {"via": "gateway", "proto": "protocol", "dev": "dev", "table": "table"}
    names |= {"src": "prefsrc", "scope": "scope"}
    hop |= {names[key]: pairs[key] for key in names if key in pairs}
    if "metric" in pairs:
        hop["metric"] = int(pairs["metric"])
    return hop


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _pairs(words: list[str]) -> dict[str, str]:
    """Return each word with the one after it; the keys are words that are never values."""
    return dict(itertools.pairwise(words))
