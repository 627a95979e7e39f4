"""The tables and verdicts of the fleet benchmark."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.fleet.measure import Cost

BASE, OURS, STEADY = "bare paramiko", "vip check", "vip check, started"
SHELL = "ansible shell"
SHELL_OWN = "ansible shell, own key exchange"


@dataclass(frozen=True)
class Run:
    """One run of one client, and under which conditions.

    Attributes:
        client: its name.
        switches: how many switches.
        workers: how many at once.
        delay: added round-trip time in seconds.
        cost: what it cost.
    """

    client: str
    switches: int
    workers: int
    delay: float
    cost: Cost


class Runs:
    """Runs, and figures from them."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.all = list(runs)

    def of(self, client: str, **conditions: float) -> list[Run]:
        """Return the runs of a client under these conditions."""
        return [
            run
            for run in self.all
            if run.client == client and all(getattr(run, k) == v for k, v in conditions.items())
        ]

    def cpu(self, client: str, **conditions: float) -> float | None:
        """Return the median CPU time for each switch, in seconds."""
        return _median([run.cost.cpu / run.switches for run in self.of(client, **conditions)])

    def wall(self, client: str, **conditions: float) -> float | None:
        """Return the median time, in seconds."""
        return _median([run.cost.wall for run in self.of(client, **conditions)])


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=True, justify="right" if number else "left")
    return table


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f}"


def _share(value: float | None, base: float | None) -> str:
    return "-" if not value or not base else f"{value / base:.2f}"


def show_comparison(runs: Runs, console: Console) -> None:
    """Print every client under every condition."""
    names = list(dict.fromkeys(run.client for run in runs.all))
    conditions = sorted({(run.delay, run.workers, run.switches) for run in runs.all})
    for delay, workers, switches in conditions:
        title = f"{switches} switches, {workers} at once, {delay * 1000:.0f} ms added round trip"
        table = _table(title, "client", "n", "CPU/switch, ms", "ratio", "wall, s", "ratio")
        where = {"delay": delay, "workers": workers, "switches": switches}
        base_cpu, base_wall = runs.cpu(BASE, **where), runs.wall(BASE, **where)
        for name in names:
            cpu, wall = runs.cpu(name, **where), runs.wall(name, **where)
            if cpu is None or wall is None:
                continue
            count = str(len(runs.of(name, **where)))
            cells = [_ms(cpu), _share(cpu, base_cpu), f"{wall:.2f}", _share(wall, base_wall)]
            table.add_row(name, count, *cells)
        console.print(table)
        console.print()


def show_growth(runs: Runs, console: Console) -> None:
    """Print the CPU time and memory of one more switch, by client."""
    table = _table(
        "Growth with the number of switches",
        *("client", "switches", "CPU/switch, ms", "one more, ms", "wall, s"),
        *("memory, MB", "one more, kB"),
    )
    names = list(dict.fromkeys(run.client for run in runs.all))
    for name in names:
        before: tuple[int, float, float] | None = None
        for switches in sorted({run.switches for run in runs.of(name)}):
            same = runs.of(name, switches=switches)
            cpu = statistics.median(run.cost.cpu for run in same)
            memory = statistics.median(run.cost.pss or run.cost.rss for run in same)
            more = memory_more = "-"
            if before:
                step = switches - before[0]
                more = _ms((cpu - before[1]) / step)
                memory_more = f"{(memory - before[2]) / step / 1000:.1f}"
            table.add_row(
                "" if before else name,
                *(str(switches), _ms(cpu / switches), more),
                f"{statistics.median(run.cost.wall for run in same):.1f}",
                *(f"{memory / 1e6:.0f}", memory_more),
            )
            before = switches, cpu, memory
        table.add_section()
    console.print(table)
    console.print()


@dataclass(frozen=True)
class Verdict:
    """A target, and what was measured."""

    what: str
    value: float
    target: float
    at_most: bool

    @property
    def met(self) -> bool:
        """Return whether it is met."""
        return self.value <= self.target if self.at_most else self.value >= self.target

    def __str__(self) -> str:
        bound = "at most" if self.at_most else "at least"
        verdict = "met" if self.met else "MISSED"
        return f"{self.what}: {self.value:.2f}, target {bound} {self.target:g}: {verdict}"


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above and below else None


def verdicts(compared: Runs, small: Runs, curve: Runs) -> list[Verdict]:
    """Return whether the targets are met, as far as that was measured.

    Args:
        compared: all clients under several conditions.
        small: all clients with few and with more switches.
        curve: clients with up to very many switches.
    """
    found: list[Verdict] = []

    def add(what: str, value: float | None, target: float, *, at_most: bool) -> None:
        if value is not None:
            found.append(Verdict(what, value, target, at_most))

    paramiko = "CPU of vip check / bare paramiko"
    most = max((run.switches for run in curve.of(BASE)), default=0)
    for runs, where in ((small, "few"), (curve, "many")):
        pair = [_one_more(runs, name, most if where == "many" else None) for name in (OURS, BASE)]
        add(f"{paramiko}, one more switch ({where})", _ratio(*pair), 1.5, at_most=True)
    for switches in sorted({run.switches for run in curve.of(BASE)}):
        pair = [curve.cpu(name, switches=switches) for name in (OURS, BASE)]
        add(f"{paramiko}, whole run of {switches}", _ratio(*pair), 1.5, at_most=True)
    steps = _memory_steps(curve, OURS)
    if len(steps) > 1:
        what = "memory of one more switch, kB, at the end of the curve"
        before = round(steps[-2] / 1000, 1)
        add(f"{what} (the step before: {before})", steps[-1] / 1000, 1.1 * before, at_most=True)
    for shell in (SHELL, SHELL_OWN):
        for delay, workers in sorted({(run.delay, run.workers) for run in compared.of(shell)}):
            where = f"{workers} at once, {delay * 1000:.0f} ms"
            same = {"delay": delay, "workers": workers}
            for client in (OURS, STEADY):
                cpu = _ratio(compared.cpu(shell, **same), compared.cpu(client, **same))
                add(f"CPU of {shell} / {client}, {where}", cpu, 10, at_most=False)
                wall = _ratio(compared.wall(shell, **same), compared.wall(client, **same))
                add(f"wall of {shell} / {client}, {where}", wall, 5, at_most=False)
    return found


def _memory_steps(runs: Runs, client: str) -> list[float]:
    """Return the memory of one more switch, in bytes, from each number of switches to the next."""
    counts = sorted({run.switches for run in runs.of(client)})
    held = [
        statistics.median(r.cost.pss or r.cost.rss for r in runs.of(client, switches=count))
        for count in counts
    ]
    return [(held[n + 1] - held[n]) / (counts[n + 1] - counts[n]) for n in range(len(counts) - 1)]


def _one_more(runs: Runs, client: str, most: int | None) -> float | None:
    """Return the CPU time of one more switch, from the fewest to the most, in seconds."""
    counts = sorted({r.switches for r in runs.of(client) if most is None or r.switches <= most})
    if len(counts) < 2:
        return None
    few, many = (runs.cpu(client, switches=count) for count in (counts[0], counts[-1]))
    if few is None or many is None:
        return None
    return (many * counts[-1] - few * counts[0]) / (counts[-1] - counts[0])


def show_verdicts(found: Sequence[Verdict], say: Callable[[str], None]) -> None:
    """Print one line for each target."""
    for verdict in found:
        say(str(verdict))
