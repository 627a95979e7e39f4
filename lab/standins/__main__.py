"""``python -m lab.standins``: serve the stand-ins of the web systems on the lab's addresses."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from pathlib import Path

from inventory.errors import VipkeeperError
from lab.standins.faults import VARIANTS, Faults, list_faults
from lab.standins.server import StandIns
from lab.topology.default import Topology


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status 0."""
    parser = argparse.ArgumentParser(prog="python -m lab.standins", description=__doc__)
    parser.add_argument("--topology", type=Path, help="the lab's topology, JSON")
    parser.add_argument("--faults", type=Path, help="the faults in force, JSON; read each time")
    parser.add_argument("--mimic-variant", choices=sorted(VARIANTS), default="v2018")
    parser.add_argument("--log", type=Path, help="log to this file instead of standard error")
    parser.add_argument("--local", action="store_true", help="127.0.0.1 and free ports")
    parser.add_argument("--list-faults", action="store_true", help="print all faults and end")
    options = parser.parse_args(argv)
    if options.list_faults:
        for system, faults in list_faults().items():
            for name, sentence in faults.items():
                sys.stdout.write(f"{system}\t{name}\t{sentence}\n")
        return 0
    if options.topology is None:
        parser.error("--topology is needed")
    logging.basicConfig(
        filename=options.log, level=logging.INFO, format="%(asctime)s %(name)s %(message)s"
    )
    try:
        topology = Topology.from_json(options.topology.read_text(encoding="utf-8"))
        standins = StandIns(
            topology,
            Faults(options.faults),
            local=options.local,
            variant=options.mimic_variant,
        )
    except (OSError, VipkeeperError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    signal.signal(signal.SIGTERM, _end)
    try:
        with standins:
            sys.stderr.write(
                f"mimic {standins.mimic_url} subnet-page {standins.subnet_page_url}"
                f" keystone {standins.auth_url}\n"
            )
            standins.wait()
    except KeyboardInterrupt:
        pass
    return 0


def _end(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
