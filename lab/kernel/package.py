"""The kernel's program and modules: fetched like the switch software, unpacked, not installed."""

from __future__ import annotations

import platform

from lab.machine.tree import Tree
from lab.topology.default import LabError

_MACHINES = {"x86_64": "amd64", "amd64": "amd64"}

# modprobe looks for a kernel's modules in /lib/modules.
_RECIPE = """
set -eu
root=$1
mkdir -p "$root/lib/modules"
mv "$root"/usr/lib/uml/modules/* "$root/lib/modules/"
for modules in "$root"/lib/modules/*; do chroot "$root" /sbin/depmod "${modules##*/}"; done
rm -rf "$root"/usr/share/doc "$root"/usr/share/man "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
"""  # noqa: E501 - shell, one command a line

KERNEL = Tree(
    "kernel", ("user-mode-linux", "kmod"), "extract", _RECIPE, "lab's kernel (user-mode-linux)"
)


def require_architecture() -> None:
    """Raise where user-mode Linux does not exist for this machine."""
    machine = platform.machine()
    if machine not in _MACHINES:
        raise LabError(
            f"User-mode Linux is made for amd64 alone; this machine is {machine}.",
            "Use the machine's own kernel: vip lab up --kernel host",
        )
