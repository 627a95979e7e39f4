"""Old releases of a switch's tools, which a leaf can be given: see ``old_tools``."""

from __future__ import annotations

import shlex
from enum import Enum
from pathlib import Path

from lab.fabric import old_tools
from lab.fabric.leaf import Leaf


class Iproute2(str, Enum):
    """Whose ``ip`` and ``bridge`` a leaf has; each stands for all that behave the same."""

    V4_3 = "4.3"
    V4_9 = "4.9"
    V4_14 = "4.14"
    V4_17 = "4.17"
    TODAY = "today"

    @property
    def does(self) -> str:
        """Return what it does, in a few words."""
        return _DOES[self]


class Lldpctl(str, Enum):
    """Which forms a leaf's ``lldpctl`` prints."""

    NO_JSON0 = "no-json0"
    TEXT = "text"
    TODAY = "today"

    @property
    def does(self) -> str:
        """Return what it does, in a few words."""
        return _DOES[self]


_DOES: dict[Iproute2 | Lldpctl, str] = {
    Iproute2.V4_3: "no -j at all, and the details of links as before 4.6 (Cumulus 3)",
    Iproute2.V4_9: "ip has no -j; bridge -j calls the port of an FDB entry 'dev' (4.9 to 4.13)",
    Iproute2.V4_14: "ip takes -j and prints text of neighbours, routes and rules; bridge as in 4.9 "
    "(4.14 to 4.16)",
    Iproute2.V4_17: "ip -j route prints no JSON where it tells a route's type (4.17 to 4.20)",
    Iproute2.TODAY: "what the tree has",
    Lldpctl.NO_JSON0: "it refuses -f json0",
    Lldpctl.TEXT: "it prints plain text when it is asked for JSON",
    Lldpctl.TODAY: "what the tree has",
}
_PROGRAM = Path("usr/local/lib/vipkeeper-lab/old_tools.py")
#: Before the real ones in the PATH of root, of others, and of a shell without a login.
_PLACES = (Path("usr/local/sbin"), Path("usr/local/bin"))
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
#: Words that make an old ``ip`` differ; all else needs no Python, which would cost time.
_DIFFERS = """*" -j"*|*" -d"*|*" n"*|*" vrf "*|*" metric "*"""


def give_tools(
    leaf: Leaf, iproute2: Iproute2 = Iproute2.TODAY, lldpctl: Lldpctl = Lldpctl.TODAY
) -> None:
    """Give a running leaf the tools of a release; it has them until it is given others."""
    given: dict[str, Iproute2 | Lldpctl] = {"ip": iproute2, "bridge": iproute2, "lldpctl": lldpctl}
    today = {Iproute2.TODAY, Lldpctl.TODAY}
    own = [tool for tool, kind in given.items() if kind in today]
    leaf.remove([place / tool for tool in own for place in _PLACES])
    if len(own) == len(given):
        return
    leaf.put(_PROGRAM, Path(old_tools.__file__).read_text())
    for tool in given.keys() - own:
        for place in _PLACES:
            leaf.put(place / tool, _wrapper(leaf, tool, given[tool].value), mode=0o755)


def _wrapper(leaf: Leaf, tool: str, kind: str) -> str:
    look = ["env", f"PATH={_PATH}", "sh", "-c", f"command -v {tool}"]
    real = leaf.exec(look, check=True).stdout.strip()
    python = f"exec /usr/bin/python3 -I -S /{_PROGRAM} {tool} {kind}"
    quick = f'case " $* " in {_DIFFERS}) ;; *) exec {real} "$@" ;; esac\n' if tool == "ip" else ""
    return f'#!/bin/sh\n{quick}{python} {shlex.quote(real)} "$@"\n'
