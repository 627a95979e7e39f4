"""The cost of reading a fleet: ``vip check`` beside Ansible, nornir_napalm, ssh and paramiko.

Run as root from the repository's root; it builds its own simulated fleet and takes it down again::

    .venv/bin/python -m benchmarks.fleet

``benchmarks/README.md`` says what is measured and how to read the tables.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console

from benchmarks.common import BenchError, load, parser, positive, warn, write
from benchmarks.fleet.clients import NAMES, Client, Paramiko, Vip, VipSteady, clients
from benchmarks.fleet.job import Job, facts, write_job
from benchmarks.fleet.report import (
    Run,
    Runs,
    show_comparison,
    show_growth,
    show_verdicts,
    verdicts,
)
from lab.swarm.swarm import Swarm
from lab.topology.specs import LabError

_DELAY = 0.030  # added to a round trip


class Bench:
    """The benchmark on a fleet that is up.

    Args:
        swarm: the fleet.
        far: the network namespace with the longer way.
        directory: for the files of jobs; removed with the fleet.
        console: where it tells how far it is.
    """

    def __init__(self, swarm: Swarm, far: str, directory: Path, console: Console) -> None:
        self._swarm = swarm
        self._seats = {0.0: swarm.lab.seat.netns, _DELAY: far}
        self._directory = directory
        self._console = console
        self._jobs: dict[int, Job] = {}

    def job(self, count: int) -> Job:
        """Return a job for the first so many switches."""
        if count not in self._jobs:
            directory = self._directory / str(count)
            self._jobs[count] = write_job(self._swarm, directory, self._swarm.switches[:count])
        return self._jobs[count]

    def once(
        self,
        client: Client,
        count: int,
        workers: int,
        delay: float = 0.0,
        *,
        memory: bool = False,
    ) -> Run:
        """Run one client once."""
        job = self.job(count)
        cost = client.run(job, workers, self._seats[delay], memory=memory)
        if isinstance(client, VipSteady):
            # What the process cost as a whole is of no interest: the first time is in it.
            last = (job.directory / "output.err").read_text().splitlines()[-1]
            cost = replace(cost, **json.loads(last))
        self._console.print(
            f"  {client.name}: {count} switches, {workers} at once, {delay * 1000:.0f} ms: "
            f"CPU {cost.cpu / count * 1000:.1f} ms/switch, {cost.wall:.1f} s, load {cost.load}",
            highlight=False,
            soft_wrap=True,
        )
        return Run(client.name, count, workers, delay, cost)


def compare(bench: Bench, chosen: Sequence[Client], options: argparse.Namespace) -> Iterator[Run]:
    """Run each client under each condition, in turn; each round begins with another client."""
    several = [*chosen, VipSteady()] if any(type(x) is Vip for x in chosen) else chosen
    for number in range(options.rounds):
        turn = number % len(several)
        for delay in options.delays:
            for workers in options.workers:
                for client in (*several[turn:], *several[:turn]):
                    yield bench.once(client, options.switches, workers, delay)


def small_growth(
    bench: Bench, chosen: Sequence[Client], options: argparse.Namespace
) -> Iterator[Run]:
    """Run each client with a quarter of the switches and with all, and measure its memory."""
    for client in chosen:
        for count in (max(options.switches // 4, 1), options.switches):
            yield bench.once(client, count, options.workers[0], memory=True)


def curve(bench: Bench, options: argparse.Namespace) -> Iterator[Run]:
    """Run ``vip check`` with more and more switches, and paramiko as long as that is bearable."""
    for count in options.curve:
        yield bench.once(Vip(), count, options.workers[-1])
        if count <= options.paramiko_most:
            yield bench.once(Paramiko(), count, options.workers[-1])


@contextmanager
def fleet(name: str, count: int) -> Iterator[tuple[Swarm, str]]:
    """Yield a simulated fleet and its far seat; take it down again, also after a signal."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    swarm = Swarm(name, count)
    swarm.up(facts())
    try:
        yield swarm, swarm.far_seat(_DELAY / 2)
    finally:
        swarm.down()


def numbers(text: str) -> list[int]:
    """Return numbers of at least 1 that are separated by commas; none for ``0`` alone."""
    return [] if text == "0" else [positive(part) for part in text.split(",")]


def arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    made = parser(__doc__, "fleet")
    made.add_argument("--client", choices=NAMES, action="append", default=[], help="only these")
    made.add_argument("--switches", type=positive, default=64, help="for the comparison (64)")
    made.add_argument("--workers", type=numbers, default=[16, 64], help="at once (16,64)")
    made.add_argument("--rounds", type=positive, default=2, help="of the comparison (2)")
    made.add_argument("--near", action="store_true", help="without the added round-trip time")
    made.add_argument(
        "--curve", type=numbers, default=[50, 200, 1000, 5000], help="sizes (50,200,1000,5000)"
    )
    made.add_argument(
        "--paramiko-most", type=int, default=1000, help="paramiko's largest size there (1000)"
    )
    options = made.parse_args()
    options.delays = [0.0] if options.near else [0.0, _DELAY]
    return options


def main() -> int:
    """Measure; 0 unless something broke, whatever the figures are."""
    options = arguments()
    console = Console(width=None if sys.stdout.isatty() else 110)
    warn(console)
    compared, small, grown = Runs([]), Runs([]), Runs([])
    directory = Path(tempfile.mkdtemp(prefix="fleet-"))
    broken = 0
    try:
        chosen = clients(options.client)
        console.print(f"Bringing the fleet {options.lab!r} up ...")
        with fleet(options.lab, max([options.switches, *options.curve])) as (swarm, far):
            bench = Bench(swarm, far, directory, console)
            for runs, source in (
                (small, small_growth(bench, chosen, options)),
                (compared, compare(bench, chosen, options)),
                (grown, curve(bench, options)),
            ):
                runs.all.extend(source)
    except (BenchError, LabError) as error:
        print(f"The benchmark broke: {error}", file=sys.stderr)
        broken = 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        show_comparison(compared, console)
        show_growth(small, console)
        show_growth(grown, console)
        found = verdicts(compared, small, grown)
        show_verdicts(found, lambda line: console.print(line, highlight=False, soft_wrap=True))
        console.print(f"load {load()}")
    if options.json:
        parts = {"comparison": compared, "growth": small, "curve": grown}
        content = {name: [asdict(run) for run in runs.all] for name, runs in parts.items()}
        content["verdicts"] = [{**asdict(x), "met": x.met} for x in found]
        write(options.json, content, console)
    return broken


if __name__ == "__main__":
    sys.exit(main())
