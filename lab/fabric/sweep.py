"""Removes a lab, complete or half-made, from what the machine itself shows of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from lab.fabric.kinds import ContainerLeaf
from lab.machine import netns
from lab.machine.shell import NETNS_DIR, call
from lab.machine.statedir import delete

NETNS_MADE = ".netns-made"


def sweep(name: str, prefix: str, state_dir: Path) -> None:
    """Kill, unmount and delete everything of a lab; does nothing when there is nothing.

    Args:
        name: the lab's name, which is also in the names of its cgroups.
        prefix: the beginning of the names of its namespaces.
        state_dir: its directory; it is deleted only if it has a lab's mark.
    """
    # First of all: a command that is running could make a namespace a moment later.
    netns.kill_all(lambda: netns.ip_commands(prefix))
    names = netns.namespaces(prefix)
    groups = netns.cgroups(name)
    netns.kill_all(lambda: netns.processes_in(names) | netns.processes_under(groups))
    _sweep_after_nspawn(name, state_dir)
    _unmount(state_dir)
    for namespace in names:
        netns.delete_namespace(namespace)
    if (state_dir / NETNS_MADE).exists() and not netns.namespaces(""):
        # ip(8) mounts this directory with the first namespace and never unmounts it.
        call(["umount", str(NETNS_DIR)], check=False)
        with suppress(OSError):
            NETNS_DIR.rmdir()
    netns.remove_cgroups(name)
    delete(state_dir)


def _sweep_after_nspawn(name: str, state_dir: Path) -> None:
    """Remove what nspawn leaves in /run when it is killed with its container."""
    nspawn = Path("/run/systemd/nspawn")
    for disk in (state_dir / "leafs").glob("*"):
        machine = ContainerLeaf.machine_name(name, disk.name)
        with suppress(OSError):
            found = (disk / "root").stat()
            (nspawn / "locks" / f"inode-{found.st_dev}:{found.st_ino}").unlink()
        for what in ("propagate", "unix-export"):
            with suppress(OSError):
                (nspawn / what / machine).rmdir()


def _unmount(state_dir: Path) -> None:
    below = f"{state_dir}/"
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        where = line.split()[1].replace("\\040", " ")
        if where.startswith(below):
            call(["umount", where], check=False)
            if os.path.ismount(where):
                call(["umount", "--lazy", where])
