"""``ip``, ``bridge`` and ``lldpctl`` of old releases: a program that calls the real ones.

It runs on a leaf, needs only Python, and takes the arguments of the real tool. It refuses what the
old release refuses, in the same words. Everything else is run by the real tool, and the output is
rewritten into the form of the old release. The differences were observed with the real releases.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

Release = tuple[int, int]

#: The releases that differ, each with what stands for it in a command line.
BEFORE_4_6, NO_JSON, HALF_JSON, BROKEN_JSON = (4, 3), (4, 9), (4, 14), (4, 17)
#: Options of ``ip`` and ``bridge`` that are followed by a word of their own.
_WITH_VALUE = {"-n", "-netns", "-f", "-family", "-rc", "-rcvbuf", "-l", "-loops", "-b", "-batch"}
_OBJECTS = ("addr", "address", "link", "neigh", "neighbour", "neighbor", "nexthop", "route", "rule")
_REFUSED = 255
_LATER = re.compile(
    r" (?:allmulti|minmtu|maxmtu|gso_max_size|gso_max_segs|tso_max_size|tso_max_segs|"
    r"gro_max_size|numtxqueues|numrxqueues|addrgenmode) \S+"
)
_BRIDGE = re.compile(r"(\\    bridge) forward_delay [^\\\n]*")
_PORT = re.compile(r"^(\d+: [^:@\s]+)(@[^:\s]+)?: (<[^>]*>)", re.MULTILINE)


class RefusedError(Exception):
    """The release does not know the arguments; the message is its own text."""


def asked(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the options and the words of a command line; the first word is the object.

    >>> asked(["-n", "x", "-j", "-4", "route", "show", "table", "all"])
    (['-n', 'x', '-j', '-4'], ['route', 'show', 'table', 'all'])
    """
    options: list[str] = []
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        options.append(rest.pop(0))
        if options[-1] in _WITH_VALUE and rest:
            options.append(rest.pop(0))
    return options, rest


def thing(words: Sequence[str], known: Sequence[str]) -> str:
    """Return the object named by a word, which may be shortened.

    >>> thing(["ro", "show"], ("link", "route")), thing(["a"], _OBJECTS), thing([], _OBJECTS)
    ('route', 'addr', 'link')
    """
    first = words[0] if words else "link"
    return next((name for name in known if name.startswith(first)), first)


def wants_json(options: Sequence[str]) -> bool:
    """Return whether an option is ``-json``, which may be shortened."""
    return any(len(option) > 1 and "-json".startswith(option) for option in options)


def without_json(options: Sequence[str]) -> list[str]:
    """Return the options without ``-json``."""
    return [option for option in options if len(option) == 1 or not "-json".startswith(option)]


def ip(release: Release, arguments: Sequence[str]) -> tuple[list[str], Callable[[str], str]]:
    """Return the arguments for the real ``ip``, and a function that rewrites its output.

    Raises:
        RefusedError: the release does not know it.
    """
    options, words = asked(arguments)
    what = thing(words, _OBJECTS)
    if wants_json(options) and release < HALF_JSON:
        raise RefusedError('Option "-j" is unknown, try "ip -help".')
    if what == "nexthop":
        raise RefusedError('Object "nexthop" is unknown, try "ip help".')
    if what == "route" and words[1:2] == ["get"] and "vrf" in words and release < NO_JSON:
        raise RefusedError('Error: either "to" is duplicate, or "vrf" is a garbage.')
    if what == "addr" and "metric" in words and release < BROKEN_JSON:
        raise RefusedError('Error: either "local" is duplicate, or "metric" is a garbage.')
    if wants_json(options) and (release >= BROKEN_JSON or what in {"addr", "link"}):
        return list(arguments), _ip_json(what, words)
    return [*without_json(options), *words], _ip_text(release, what, words)


def _ip_json(what: str, words: Sequence[str]) -> Callable[[str], str]:
    if what == "route":
        # The kind of a route is written without its name.
        return lambda text: re.sub(r'\{"type":("[a-z]+"),', r"{\1,", text)
    if what in {"addr", "link"} and "dev" in words:
        # What a filter hides is an empty object.
        return lambda text: re.sub(r"^\[\{", "[{},{", text)
    return str


def _ip_text(release: Release, what: str, words: Sequence[str]) -> Callable[[str], str]:
    if what == "neigh":
        return lambda text: "".join(_neighbours(release, words, text))
    if what != "link":
        return str

    def links(text: str) -> str:
        text = _LATER.sub("", text)
        if release < NO_JSON:
            text = re.sub(r" vrf_slave table \d+", "", _BRIDGE.sub(r"\1 ", text))
        return text

    return links


def _neighbours(release: Release, words: Sequence[str], text: str) -> list[str]:
    wanted = words[words.index("nud") + 1].upper() if "nud" in words[:-1] else ""
    cumulus = release < NO_JSON
    lines = []
    for line in text.splitlines(keepends=True):
        # Today's shows what a daemon has made whatever its state; that came later.
        if wanted not in {"", "ALL"} and wanted not in line.split():
            continue
        if not wanted and "NOARP" in line.split() and not cumulus:
            continue
        old = re.sub(r" proto \S+", "", line)
        if release < BROKEN_JSON:  # Cumulus' own says it by another word, upstream's not at all
            old = re.sub(" extern_learn", " offload" if cumulus else "", old)
        lines.append(old)
    return lines


def bridge(release: Release, arguments: Sequence[str]) -> tuple[list[str], Callable[[str], str]]:
    """Return the same for ``bridge``.

    Raises:
        RefusedError: the release does not know it.
    """
    options, words = asked(arguments)
    what = thing(words, ("fdb", "link", "mdb", "vlan"))
    shown = len(words) < 2 or words[1] in {"show", "list", "lst"}  # noqa: PLR2004 - a verb
    if wants_json(options) and release < NO_JSON:
        raise RefusedError('Option "-j" is unknown, try "bridge help".')
    tunnels = what == "vlan" and words[1:2] == ["tunnelshow"]
    if tunnels and release <= NO_JSON:  # it came with 4.11
        raise RefusedError('Command "tunnelshow" is unknown, try "bridge vlan help".')
    if not shown and not tunnels:
        return list(arguments), str
    if wants_json(options):
        if what == "vlan":
            return list(arguments), _vlans_json
        if what == "fdb":
            return list(arguments), str if release >= BROKEN_JSON else _fdb_json(release)
        if release >= BROKEN_JSON:
            return list(arguments), str
        arguments = [*without_json(options), *words]
    if what == "fdb" and release <= NO_JSON:
        return list(arguments), lambda text: text.replace("extern_learn ", "offload ")
    rewrite = {"link": _ports_text, "vlan": _vlans_text}.get(what, str)
    return list(arguments), rewrite


def _fdb_json(release: Release) -> Callable[[str], str]:
    """Return a function that names ports ``dev``, and writes nothing empty, in several lines."""

    def old(row: dict[str, Any]) -> dict[str, Any]:
        names = {"ifname": "dev"}
        kept = {names.get(k, k): v for k, v in row.items() if k not in {"flags", "state", "master"}}
        flags = [
            "offload" if flag == "extern_learn" and release <= NO_JSON else flag
            for flag in row.get("flags", ())
        ]
        kept |= {"flags": flags} if flags else {}
        kept |= {"master": row["master"]} if "master" in row else {}
        return kept | ({"state": row["state"]} if row.get("state") or "master" in row else {})

    return lambda text: json.dumps([old(row) for row in json.loads(text or "[]")], indent=4) + "\n"


def _vlans_json(text: str) -> str:
    """Return an object with the ports as its keys, in place of today's list."""
    rows = json.loads(text or "[]")
    kept = {row["ifname"]: row.get("vlans") or row.get("tunnels") or [] for row in rows}
    return json.dumps(kept) + "\n"


def _vlans_text(text: str) -> str:
    _, _, body = text.partition("\n")
    tunnels = "tunnel" in text.partition("\n")[0]
    lines = ["port\tvlan ids\ttunnel id" if tunnels else "port\tvlan ids"]
    for line in body.splitlines():
        name, *words = line.split() if line[:1].strip() else ["", *line.split()]
        told = ("\t " if tunnels else " ").join(words)
        lines += ["", f"{name}\t {told}"] if name else [f"\t {told}"]
    return "\n".join([lines[0], *lines[2:], "", ""])


def _ports_text(text: str) -> str:
    def old(match: re.Match[str]) -> str:
        state = "UP" if "LOWER_UP" in match[3] else "DOWN"
        return f"{match[1]} state {state} {match[2] or ''}: {match[3]}"

    return _PORT.sub(old, text)


def lldpctl(kind: str, arguments: Sequence[str]) -> tuple[list[str], Callable[[str], str]]:
    """Return the same for ``lldpctl``, of which ``kind`` is what it lacks.

    Raises:
        RefusedError: it does not know the form.
    """
    words = list(arguments)
    form = words[words.index("-f") + 1] if "-f" in words[:-1] else ""
    if form == "json0" and kind == "no-json0":
        raise RefusedError("lldpctl: unknown output format: json0")
    if form.startswith("json") and kind == "text":
        words[words.index("-f") + 1] = "plain"
    return words, str


def main(argv: Sequence[str]) -> int:
    """Act as an old tool; arguments: its name, the release, the real tool, its arguments."""
    tool, kind, real, *arguments = argv
    try:
        if tool == "lldpctl":
            words, rewrite = lldpctl(kind, arguments)
        else:
            major, minor = kind.split(".")
            program = ip if tool == "ip" else bridge
            words, rewrite = program((int(major), int(minor)), arguments)
    except RefusedError as refused:
        print(refused, file=sys.stderr)  # noqa: T201 - it is a program
        return _REFUSED
    if rewrite is str:
        os.execv(real, [real, *words])  # noqa: S606 - the tool that was asked for
    done = subprocess.run([real, *words], stdout=subprocess.PIPE, check=False)
    sys.stdout.write(rewrite(done.stdout.decode("utf-8", "surrogateescape")))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
