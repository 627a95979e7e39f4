"""What loading a merge costs the client, from 50 to 5,000 stanzas: it must grow with them alone.

    .venv/bin/python benchmarks/merge_cost.py

The driver's own load_merge_candidate and compare_config; the switch answers at once.
Every stanza is merged, and every one changes. What is measured is CPU time.
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
import time

from benchmarks.common import positive
from napalm_cumulus import CumulusDriver
from napalm_cumulus.result import CommandResult

SIZES = (50, 500, 1600, 5000)
#: CPU seconds for the largest, and how much more a stanza of it may cost than one of the smallest.
GOAL_SECONDS, GOAL_RATIO = 1.0, 3.0


class Answering:
    """A switch whose whole configuration is one file."""

    def __init__(self, text: str) -> None:
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as archive:
            info = tarfile.TarInfo("etc/network/interfaces")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
        self._archive = made.getvalue()

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        """Answer every command with the configuration."""
        del stdin, timeout
        return CommandResult(command, 0, self._archive, b"")

    def is_alive(self) -> bool:
        """Return True: it is always there."""
        return True

    def close(self) -> None:
        """Do nothing."""


def stanzas(count: int, mtu: int) -> str:
    """Return so many gateways."""
    return "\n".join(
        f"auto svi{n}\niface svi{n}\n    address 10.{n // 250}.{n % 250}.2/24\n"
        f"    address-virtual 00:00:5e:00:01:{n % 256:02x} 10.{n // 250}.{n % 250}.1/24\n"
        f"    vlan-id {n % 4094 + 1}\n    vlan-raw-device bridge\n    mtu {mtu}\n"
        for n in range(count)
    )


def cpu_seconds(count: int) -> tuple[float, float]:
    """Return the CPU time of loading so many stanzas, and of comparing them."""
    base = "auto lo\niface lo inet loopback\n\nauto bridge\niface bridge\n\n" + stanzas(count, 9000)
    driver = CumulusDriver("leaf1", "u", "p", transport=Answering(base))
    driver.open()
    text = stanzas(count, 9100)
    begun = time.process_time()
    driver.load_merge_candidate(config=text)
    loaded = time.process_time()
    difference = driver.compare_config()
    compared = time.process_time()
    if difference.count("\n+    mtu 9100") != count:
        raise SystemExit("The merge did not change every stanza.")
    return loaded - begun, compared - loaded


def main() -> int:
    """Measure and print; gives 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=3, metavar="N")
    rounds = parser.parse_args().rounds
    each: list[float] = []
    largest = 0.0
    cpu_seconds(SIZES[0])  # what is imported late is not counted
    print(f"{'stanzas':>8} {'load, CPU ms':>13} {'compare':>8} {'ms each':>8} {'ratio':>6}")
    for count in SIZES:
        runs = [cpu_seconds(count) for _ in range(rounds)]
        load, compare = min(run[0] for run in runs), min(run[1] for run in runs)
        each.append(1000 * load / count)
        largest = load
        ratio = each[-1] / each[0]
        times = f"{1000 * load:>13.0f} {1000 * compare:>8.0f} {each[-1]:>8.3f}"
        print(f"{count:>8} {times} {ratio:>6.2f}", flush=True)
    print(f"goals: at most {GOAL_SECONDS:g} s for {SIZES[-1]}, ratio at most {GOAL_RATIO:g}")
    return int(largest > GOAL_SECONDS or each[-1] / each[0] > GOAL_RATIO)


if __name__ == "__main__":
    sys.exit(main())
