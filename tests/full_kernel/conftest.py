"""Tests on a full kernel: VLANs, VRFs, bonds, VLAN filtering, which the machine's kernel may lack.

How to write one
----------------
Put a module ``test_TOPIC.py`` into ``tests/full_kernel/inside``. It runs *in the lab's own kernel*
(user-mode Linux), as root, in this checkout, beside a lab that is up. The fixtures of
``tests/lab/conftest.py`` are there: ``lab``, ``well``, ``leaf``, ``desk``, ``looker``. Everything
costs some ten times as much there as elsewhere: ask for a lot in one test, and start few processes.
Time limits of your own are multiplied by ``lab.machine.guest.patience()``.

The lab that a module wants stands in it, as the options of ``vip lab up``; without the line it is a
plain one. Modules that want the same share one lab, so each leaves it as it was (``well`` does)::

    LAB = ["--shape", "real"]

How it is run
-------------
``bin/test`` and ``pytest tests/full_kernel/test_modules.py`` boot the kernel, bring the lab up in
it and run modules there by ``pytest`` (here each module is one test). Every run has the two of
``ALWAYS``, and with ``VIPKEEPER_FULL_KERNEL=all`` all of them. By hand, for a lab that stays up::

    .venv/bin/vip lab up --kernel uml --name mine
    VIPKEEPER_TEST_LAB=mine .venv/bin/python -m lab.kernel mine \\
        .venv/bin/pytest -n 0 tests/full_kernel/inside/test_TOPIC.py

Files that you change on the machine while a kernel runs are seen in there, too, unless they have
been read in there already: start a new one if in doubt. ``bin/test --full kernel`` runs the whole
catalogue of faults and the upstream suites there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.machine.guest import in_guest
from tests.full_kernel.kernel_lab import KernelLab

HERE = Path(__file__).parent
collect_ignore = ["test_modules.py", "test_the_channel.py"] if in_guest() else ["inside"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is collected here."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lab)


@pytest.fixture(scope="session")
def kernel_lab() -> Iterator[KernelLab]:
    """A lab on a kernel of its own; ``kernel_lab.up(...)`` makes it the one that is wanted."""
    lab = KernelLab()
    try:
        yield lab
    finally:
        lab.down()
