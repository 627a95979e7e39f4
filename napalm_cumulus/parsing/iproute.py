"""The kernel's tables in the output of iproute2, of any release: one reader for each table.

iproute2 got JSON step by step between 2016 and 2019. A switch's release may have none, print text
though it accepts the option, print something that is not JSON, or use other names. Each command
asks for JSON, and the switch itself looks at the answer: if it is not JSON, the same command prints
the table as text. That costs no further round trip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from napalm_cumulus.parsing import iproute_text
from napalm_cumulus.parsing.iproute_text import ROUTE_TYPES, Row
from napalm_cumulus.parsing.output import TEXT_FOLLOWS, rows_of
from napalm_cumulus.result import CommandResult

#: The exit status of ``timeout`` for a command that it killed.
_TIMED_OUT = 124
#: The JSON of a route by 4.17 to 4.20: its type without a name, ``{"local","dst":"10.0.0.1"}``.
_NAMELESS = "|".join(f'*{{\\"{kind}\\",*' for kind in sorted(ROUTE_TYPES))


@dataclass(frozen=True)
class Table:
    """A table of the kernel: its commands and its parsers.

    Attributes:
        json: the command that prints JSON.
        text: the command that prints the same as text.
        from_text: makes rows of the text, in the form of today's JSON.
        as_today: turns an older release's JSON into today's form.
        broken: a shell pattern of output that begins and ends like JSON but is not, in some
            release.
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
        # A command that hangs would hang again.
        hung = rf"{_TIMED_OUT}\ *) exit {_TIMED_OUT};; " if within else ""
        broken = f"{self.broken}) false;; " if self.broken else ""
        return (
            f'out=$({limit}{self.json} 2>/dev/null); case "$? $out" in {hung}{broken}'
            r'0\ \[*\]|0\ \{*\}) printf %s\\n "$out";; *) false;; esac || '
            rf"{{ echo \{TEXT_FOLLOWS.strip()}; {limit}{self.text}; }}"
        )

    def rows(self, result: CommandResult) -> list[Row]:
        """Return the rows of the output of ``command``, with the names of today's JSON.

        Raises:
            CommandErrorException: it failed, or printed something else.
            ValueError: the text is not that of this table.
        """
        return rows_of(result, self.from_text, self.as_today)


def _forwarding(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the entries of before 4.17 with today's names.

    Their port is ``dev``, and parts are missing.
    """
    if not isinstance(document, list):
        return document
    return [_entry(row) if isinstance(row, dict) else row for row in document]


def _entry(row: Row) -> Row:
    if row and "ifname" not in row and "dev" in row:
        flags = iproute_text.external_by_todays_word(list(row.get("flags", ())))
        row = {**row, "ifname": row["dev"], "flags": flags}
    if row:
        row.setdefault("flags", [])
        row.setdefault("state", "")
    return row


def _vlans(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a list of ports for the object of before 5.0, which has the ports as its keys."""
    return _by_port(document, "vlans")


def _tunnels(document: Any) -> Any:  # noqa: ANN401 - JSON
    return _by_port(document, "tunnels")


def _by_port(document: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(document, dict):
        return document
    return [{"ifname": port, name: entries} for port, entries in document.items()]


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
#: Without the routes that the kernel makes for addresses.
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
#: VLANs in a row are joined, since a trunk may have all of them. (Today ``-c`` means colours.)
_JOINED = "bridge -compressvlans"
VLANS = Table(f"{_JOINED} -j vlan show", f"{_JOINED} vlan show", iproute_text.vlans, _vlans)
#: Which VNI a single VXLAN device gives to each VLAN; it came with 4.11.
TUNNELS = Table(
    f"{_JOINED} -j vlan tunnelshow", f"{_JOINED} vlan tunnelshow", iproute_text.tunnels, _tunnels
)
