"""Which worker runs which test, and when: what is shared is made once, and no CPU is idle."""

from __future__ import annotations

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

#: Files whose tests share something that is dear to make, by what they share: one worker runs all
#: of them. Those that build labs beside the workers' own are one group, so that one is up at once.
WHOLE_FILES = {
    "tests/lab/test_fleet_of_leafs.py": "labs of their own",
    "tests/lab/test_swarm.py": "labs of their own",
    "tests/lab/test_lab.py": "labs of their own",
    "tests/lab/test_demo.py": "labs of their own",
    "tests/lab/test_conformance_live.py": "the live suite",
    "tests/full_kernel/test_modules.py": "a kernel of the lab's own",
    "tests/full_kernel/test_the_channel.py": "a kernel of the lab's own",
    "tests/lab/test_old_releases.py": "a leaf with older tools",
    "tests/lab/test_observium_sql.py": "a database",
    "tests/packaging/test_wheels.py": "the wheels",
    "tests/browser/test_map.py": "the browser",
    "tests/browser/test_map_apart.py": "the browser",
}
if os.environ.get("VIPKEEPER_CATALOGUE_TABLE"):
    WHOLE_FILES["tests/lab/test_catalogue.py"] = "one table"

#: Files of unit tests that wait, or start many processes: begun last, one of them would end alone.
LONG_FILES = {
    "tests/unit/docs/test_docstrings.py",
    "tests/unit/hostile/test_answers_of_switches.py",
    "tests/unit/hostile/test_web_pages.py",
    "tests/unit/lab/standins/test_faults.py",
    "tests/unit/napalm_cumulus/conformance/test_matrix.py",
    "tests/unit/nornir_config/runner/test_fleet.py",
    "tests/unit/runbooks/cli/test_start.py",
    "tests/unit/runbooks/test_watch.py",
    "tests/unit/test_bin_test.py",
}

_LAB = "tests/lab/"
#: From so many workers on this one has the tests that need no lab.
_ONE_COMPUTES, _COMPUTES = 4, "gw0"


def scope(nodeid: str) -> str:
    """Return what one worker is given at once: a group, one lab test, or a file of unit tests."""
    file = nodeid.partition("::")[0]
    if file in WHOLE_FILES:
        return WHOLE_FILES[file]
    return nodeid if file.startswith(_LAB) else file


def place(nodeid: str) -> int:
    """Return when a test's turn comes; tests of one place keep their order.

    The many short ones come last: when one worker ends, no other is long at work.
    """
    if scope(nodeid) in WHOLE_FILES.values():
        return 0
    if nodeid.startswith(_LAB):
        return 1
    return 2 if scope(nodeid) in LONG_FILES else 3


def needs_lab(given: str) -> bool:
    """Return whether what one worker is given at once needs a lab."""
    return given.startswith(_LAB) or any(
        name == given and file.startswith(_LAB) for file, name in WHOLE_FILES.items()
    )


class Schedule(LoadScopeScheduling):
    """Hand out scopes in the order of the tests.

    Tests of the lab wait, other tests compute: of four workers or more one begins with the tests
    that need no lab, beside those of the others, and has no lab until nothing else is left.

    pytest-xdist's own ``--dist loadgroup`` has no effect with pytest 9.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False  # not by their number of tests
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if self.numnodes >= _ONE_COMPUTES:
            lab = node.gateway.id != _COMPUTES
            given = next((x for x in self.workqueue if needs_lab(x) == lab), None)
            if given is not None:
                self.workqueue.move_to_end(given, last=False)
        super()._assign_work_unit(node)
