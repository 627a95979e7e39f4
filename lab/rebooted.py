"""Run by a leaf's keeper between a reboot's two halves: ``LAB STATE_DIR LEAF``.

A machine that reboots itself comes back with the network of a machine that was off.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lab.lab import Lab


def main() -> None:
    """Renew the network of the leaf that the command line names."""
    name, state_dir, leaf = sys.argv[1:]
    Lab(name, Path(state_dir)).leaf(leaf).renew_network()


if __name__ == "__main__":
    main()
