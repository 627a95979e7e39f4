"""Which worker is given which tests, and in which order."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from xdist.remote import Producer

from tests.schedule import LONG_FILES, WHOLE_FILES, Schedule, place, scope

ROOT = Path(__file__).parents[2]
#: Fixtures of a file that cost less than a lab test does, or that each worker is to have.
CHEAP = {
    "tests/lab/test_vip_sources.py",
    "tests/lab/test_catalogue.py",
    "tests/lab/test_power_cuts.py",
}


class Worker:
    """A worker as the scheduler sees it."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.given: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.given += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def handed_out(tests: list[str], workers: int) -> list[list[str]]:
    """What each worker runs, in order, when all tests take the same time."""
    config: Any = SimpleNamespace(
        option=SimpleNamespace(loadscopereorder=True, debug=False),
        getvalue=lambda _name: ["popen"] * workers,
    )
    schedule = Schedule(config, Producer("quiet", enabled=False))
    nodes: list[Any] = [Worker(f"gw{number}") for number in range(workers)]
    for node in nodes:
        schedule.add_node(node)
        schedule.add_node_collection(node, tests)
    schedule.schedule()
    done = [0] * workers
    while schedule.has_pending:
        for number, node in enumerate(nodes):
            if done[number] < len(node.given):
                schedule.mark_test_complete(node, node.given[done[number]])
                done[number] += 1
    return [[tests[index] for index in node.given] for node in nodes]


def test_a_dear_file_is_one_workers() -> None:
    swarm = [f"tests/lab/test_swarm.py::test_{number}" for number in range(12)]
    lab = [f"tests/lab/test_kills.py::test_{number}" for number in range(12)]
    first, second = handed_out([*swarm, *lab], 2)
    assert sorted(first + second) == sorted(swarm + lab)
    assert [name for name in first if name in swarm] in (swarm, [])
    assert first
    assert any(name in lab for name in first)
    assert any(name in lab for name in second), "lab tests are handed out one by one"


def test_of_many_workers_one_has_the_tests_that_need_no_lab() -> None:
    lab = [f"tests/lab/test_kills.py::test_{number}" for number in range(40)]
    unit = [f"tests/unit/test_{number}.py::test" for number in range(20)]
    browser = ["tests/browser/test_map.py::test"]
    first, *others = handed_out(sorted([*browser, *lab, *unit], key=place), 5)
    assert not set(first) & set(lab)
    assert first[0] == browser[0], "what is whole comes first"
    assert all(name in lab for given in others for name in given[:8])
    assert sorted([*first, *chain(*others)]) == sorted([*browser, *lab, *unit])


def test_who_has_no_other_tests_left_has_lab_tests_too() -> None:
    lab = [f"tests/lab/test_kills.py::test_{number}" for number in range(40)]
    first, *_ = handed_out([*lab, "tests/unit/test_a.py::test"], 5)
    assert first[0] == "tests/unit/test_a.py::test"
    assert len(first) > 5


def test_of_few_workers_all_have_a_lab() -> None:
    lab = [f"tests/lab/test_kills.py::test_{number}" for number in range(9)]
    unit = [f"tests/unit/test_{number}.py::test" for number in range(9)]
    assert all(given[0] in lab for given in handed_out([*lab, *unit], 3))


def test_long_ones_come_first_and_unit_tests_last() -> None:
    tests = [
        *("tests/unit/a.py::t", "tests/unit/test_bin_test.py::t"),
        *("tests/lab/test_kills.py::t", "tests/lab/test_swarm.py::t"),
    ]
    assert sorted(tests, key=place) == tests[::-1]
    assert scope("tests/unit/test_a.py::test_b[c::d]") == "tests/unit/test_a.py"
    assert scope("tests/lab/test_kills.py::test_b[x]") == "tests/lab/test_kills.py::test_b[x]"


@pytest.mark.parametrize("file", sorted({*WHOLE_FILES, *LONG_FILES}))
def test_a_file_that_is_named_is_there(file: str) -> None:
    assert (ROOT / file).is_file()


def test_no_file_with_something_dear_is_forgotten() -> None:
    shared = re.compile(r"fixture\(scope=\"module\"")
    sharing = {
        file.relative_to(ROOT).as_posix()
        for folder in ("lab", "browser", "packaging")
        for file in (ROOT / "tests" / folder).glob("test_*.py")
        if shared.search(file.read_text())
    }
    assert sharing <= {*WHOLE_FILES, *CHEAP}
