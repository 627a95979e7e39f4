"""What ``toggle_outage.py`` measures, and how it is shown: rounds, the table, the verdicts."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.common import ms, p90

VM = "vm-a1"
VIP, RELOADS, PERSON = "vip", "reloads", "person"
NAMES = {
    VIP: "(a) vip",
    RELOADS: "(b) one shell",
    PERSON: "(c) four ssh",
}
#: The most that the outage of (a) may be, as a share of the outage of (b).
TARGETS = {"small": 1.15, "large": 0.25}


@dataclass(frozen=True)
class Round:
    """One toggle, as the VM saw it and as the operator's machine did.

    Attributes:
        way: one of ``NAMES``.
        outage: the longest time without an answer to the VM, in seconds.
        lost: pings without an answer.
        wall: what the operator waited for the whole of it, in seconds.
        on_switch: the switch's own upper bound of the outage; None for the ways without one.
        load: the machine's load average (1 minute) at the end.
    """

    way: str
    outage: float
    lost: int
    wall: float
    on_switch: float | None
    load: float


@dataclass
class Leaf:
    """What was measured on one leaf.

    Attributes:
        size: ``small`` or ``large``.
        stanzas: the ``iface`` stanzas of its configuration.
        calm: the longest time between two answers while nothing was toggled.
        interval: the time between two pings as it really was.
        rounds: the toggles, in the order in which they were made.
    """

    size: str
    stanzas: int
    calm: float
    interval: float
    rounds: list[Round] = field(default_factory=list)

    def values(self, way: str) -> list[float]:
        """Return the outages of a way, in seconds."""
        return [x.outage for x in self.rounds if x.way == way]

    @property
    def ratio(self) -> float:
        """Return the median outage of (a) as a share of that of (b)."""
        return statistics.median(self.values(VIP)) / statistics.median(self.values(RELOADS))

    @property
    def paired_ratio(self) -> float:
        """Return the median of the ratios within each round, which share the machine's load."""
        pairs = zip(self.values(VIP), self.values(RELOADS), strict=True)
        return statistics.median(a / b for a, b in pairs)

    @property
    def met(self) -> bool:
        """Return whether the target is met."""
        return self.ratio <= TARGETS[self.size]


def show(leafs: Sequence[Leaf], console: Console) -> None:
    """Print the table and the verdicts."""
    title = f"Outage of {VM} while its gateway is toggled, in ms"
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("leaf", no_wrap=True)
    table.add_column("way", no_wrap=True)
    for name in ("n", "median", "p90", "min", "max", "ratio", "bound", "whole"):
        table.add_column(name, justify="right")
    for leaf in leafs:
        base = statistics.median(leaf.values(RELOADS))
        for way, name in NAMES.items():
            rounds = [x for x in leaf.rounds if x.way == way]
            outages = leaf.values(way)
            bounds = [x.on_switch for x in rounds if x.on_switch is not None]
            table.add_row(
                f"{leaf.size} ({leaf.stanzas})" if way == VIP else "",
                name,
                str(len(rounds)),
                *(ms(x) for x in (statistics.median(outages), p90(outages))),
                *(ms(x) for x in (min(outages), max(outages))),
                f"{statistics.median(outages) / base:.2f}",
                ms(statistics.median(bounds)) if bounds else "-",
                ms(statistics.median(x.wall for x in rounds)),
                end_section=way == PERSON,
            )
    console.print(table)
    for leaf in leafs:
        verdict = "met" if leaf.met else "MISSED"
        console.print(
            f"{leaf.size} leaf: (a)/(b) = {leaf.ratio:.2f}, target at most "
            f"{TARGETS[leaf.size]:.2f}: {verdict}\n"
            f"  median of the rounds' own ratios {leaf.paired_ratio:.2f}; "
            f"a ping every {ms(leaf.interval)} ms, "
            f"longest gap with nothing toggled {ms(leaf.calm)} ms",
            highlight=False,
            soft_wrap=True,
        )


def results(leafs: Sequence[Leaf], interval: float) -> dict[str, Any]:
    """Return everything that was measured; the interval is the one asked of ping."""
    ratios = {
        x.size: {
            "ratio": x.ratio,
            "ratio_within_rounds": x.paired_ratio,
            "target": TARGETS[x.size],
            "met": x.met,
        }
        for x in leafs
    }
    return {
        "interval": interval,
        "targets": ratios,
        "leafs": [asdict(leaf) for leaf in leafs],
    }
