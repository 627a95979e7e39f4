"""The kernel's tables as iproute2 prints them, whatever its release: one reader of each.

iproute2 learnt JSON bit by bit, between 2016 and 2019: a switch may know none, print text though it
takes the option, print something that is no JSON, or use other names. Each command asks for JSON
and looks at the answer on the switch itself: where it is none, the same command says what the table
holds as text. That costs no further round trip.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

from napalm_cumulus.parsing import iproute_text
from napalm_cumulus.parsing.iproute_text import ROUTE_TYPES, Row
from napalm_cumulus.parsing.output import TEXT_FOLLOWS, rows_of
from napalm_cumulus.result import CommandResult

#: The exit status of ``timeout`` for a command that it has killed.
_TIMED_OUT = 124
#: What 4.17 to 4.20 print of a route: its type without a name, ``{"local","dst":"10.0.0.1"}``.
_NAMELESS = "|".join(f'*{{\\"{kind}\\",*' for kind in sorted(ROUTE_TYPES))


@dataclass(frozen=True)
class Table:
    """A table of the kernel: how it is asked for, and who reads it.

    Attributes:
        json: the command that prints JSON.
        text: the command that prints the same as text.
        from_text: makes rows of the text, as those of today's JSON.
        as_today: makes of an older release's JSON what is printed today.
        broken: the shell's pattern of what some release prints instead of JSON, though it begins
            and ends as JSON does.
    """

    json: str
    text: str
    from_text: Callable[[str], list[Row]]
    as_today: Callable[[Any], Any] | None = None
    broken: str = ""

    def command(self, within: int = 0) -> str:
        """Return the shell command that prints the table, as JSON where the release can.

        Args:
            within: seconds after which a command is killed on the switch; 0 for no limit.
        """
        limit = f"timeout {within} " if within else ""
        # What hangs once hangs again.
        hung = rf"{_TIMED_OUT}\ *) exit {_TIMED_OUT};; " if within else ""
        broken = f"{self.broken}) false;; " if self.broken else ""
        return (
            f'out=$({limit}{self.json} 2>/dev/null); case "$? $out" in {hung}{broken}'
            r'0\ \[*\]|0\ \{*\}) printf %s\\n "$out";; *) false;; esac || '
            rf"{{ echo \{TEXT_FOLLOWS.strip()}; {limit}{self.text}; }}"
        )

    def rows(self, result: CommandResult) -> list[Row]:
        """Return the rows of what ``command`` printed, by the names of today's JSON.

        Raises:
            CommandErrorException: It failed, or it printed something else.
            ValueError: The text is that of no such table.
        """
        return rows_of(result, self.from_text, self.as_today)


def _forwarding(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Give the entries of before 4.17 the names of today: their port is ``dev``, and parts lack."""
    if not isinstance(document, list):
        return document
    return [_entry(row) if isinstance(row, dict) else row for row in document]


def _entry(row: Row) -> Row:
    if row and "ifname" not in row and "dev" in row:
        row = {**row, "ifname": row["dev"]}
    if row:
        row.setdefault("flags", [])
        row.setdefault("state", "")
    return row


def _vlans(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Make a list of ports of what is an object before 5.0, with the ports as its keys."""
    if not isinstance(document, dict):
        return document
    return [{"ifname": name, "vlans": entries} for name, entries in document.items()]


def is_external(words: Container[str]) -> bool:
    """Return whether a daemon (FRR, for EVPN) has made an entry, by its flags or its row.

    The releases of Cumulus 3 say ``offload`` of it, and have no other word.
    """
    return "extern_learn" in words or "offload" in words


def _routes(words: str, version: int) -> Table:
    what = f"route show table all{words}"
    return Table(
        f"ip -j -{version} {what}",
        f"ip -o -{version} {what}",
        iproute_text.routes,
        broken=_NAMELESS,
    )


LINKS = Table("ip -d -j link show", "ip -d -o link show", iproute_text.links)
STATISTICS = Table("ip -j -s link show", "ip -s -o link show", iproute_text.links)
ADDRESSES = Table("ip -j addr show", "ip -o addr show", iproute_text.addresses)
ROUTES = {version: _routes("", version) for version in (4, 6)}
#: Without those that the kernel makes for addresses.
UNICAST = {version: _routes(" type unicast", version) for version in (4, 6)}
RULES = Table("ip -j rule show", "ip rule show", iproute_text.rules)
NEIGHBOURS = Table("ip -j neigh show", "ip -s neigh show", iproute_text.neighbours)
#: Of one family, with their ages.
AGES = {
    version: Table(
        f"ip -{version} -j -s neigh show", f"ip -{version} -s neigh show", iproute_text.neighbours
    )
    for version in (4, 6)
}
PERMANENT = {
    version: Table(
        f"ip -j -{version} neigh show nud permanent",
        f"ip -{version} neigh show nud permanent",
        iproute_text.neighbours,
    )
    for version in (4, 6)
}
FDB = Table("bridge -j fdb show", "bridge fdb show", iproute_text.forwarding, _forwarding)
PORTS = Table("bridge -j link show", "bridge link show", iproute_text.ports)
VLANS = Table("bridge -j vlan show", "bridge vlan show", iproute_text.vlans, _vlans)
