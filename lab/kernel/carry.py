"""Carries a command of ``vip lab`` to where its lab is."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from lab.kernel.client import leave_as
from lab.kernel.kernel import Kernel
from lab.machine.guest import in_guest


class KernelChoice(str, Enum):
    """On which kernel a lab runs."""

    auto = "auto"
    host = "host"
    uml = "uml"


def needs_own_kernel(asked: KernelChoice, missing: Sequence[str] = ()) -> bool:
    """Return whether a lab is to get a kernel of its own.

    Args:
        asked: what was asked for.
        missing: what the lab needs and the machine's kernel lacks.
    """
    if in_guest():
        return False
    return asked is KernelChoice.uml or (asked is KernelChoice.auto and bool(missing))


def command_line(*more: str) -> list[str]:
    """Return this process's own command line, to be run in the lab's kernel."""
    program = Path(sys.executable).with_name("vip")
    return [str(program) if program.exists() else sys.argv[0], *sys.argv[1:], *more]


def carry(kernel: Kernel, *, stdin: bool = False) -> int | None:
    """Run this process's own command line in a lab's kernel.

    Args:
        kernel: the kernel of the lab that was named.
        stdin: whether the command may read what this process could.

    Returns:
        Its exit status; None when the lab is not in a kernel of its own.
    """
    if in_guest() or not kernel.exists:
        return None
    return leave_as(kernel.attach(command_line(), env=os.environ, stdin=stdin))
