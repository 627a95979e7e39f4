"""Runs between the two halves of a leaf's reboot: ``LAB STATE_DIR LEAF``.

A machine that reboots itself comes back with the network of a machine that was off.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lab.lab import Lab


def main() -> None:
    """Renew the network of the leaf on the command line."""
    name, state_dir, leaf = sys.argv[1:]
    Lab(name, Path(state_dir)).leaf(leaf).renew_network()


if __name__ == "__main__":
    main()
