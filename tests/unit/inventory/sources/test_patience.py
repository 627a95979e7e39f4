"""A system that hangs costs a run two time-outs side by side, however many questions there are."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from inventory.errors import SourceError, SourceTimeoutError
from inventory.sources.limit import Limit
from inventory.sources.patience import Patience

T = 0.8


class System:
    """Answers at once, or hangs, by kind of request and by name."""

    def __init__(self, limit: float = float("inf")) -> None:
        self.patience = Patience(Limit(limit))
        self.hanging: set[str] = set()
        self.refusing = False
        self.sent: list[str] = []
        self._lock = threading.Lock()

    def ask(self, kind: str, name: str = "") -> str:
        def work() -> str:
            with self._lock:
                self.sent.append(f"{kind} {name}".strip())
            if self.hanging & {kind, name}:
                time.sleep(T)
                raise SourceTimeoutError("Fake", f"{kind} {name}: nothing came", "Wait.")
            if self.refusing:
                raise SourceError("Fake", "refused")
            return name

        def late(seconds: float, _: str) -> SourceTimeoutError:
            return SourceTimeoutError("Fake", f"{kind} {name}: late after {seconds:.3g}", "Wait.")

        return self.patience.ask(kind, T, 2 * T, work, late)

    def ask_all(self, kind: str, count: int, parallel: int = 4) -> list[str | SourceError]:
        def one(number: int) -> str | SourceError:
            try:
                return self.ask(kind, f"n{number}")
            except SourceError as error:
                return error

        with ThreadPoolExecutor(parallel) as pool:
            return list(pool.map(one, range(count)))


@pytest.fixture
def system() -> System:
    importlib.import_module("inventory.sources.deadline")  # whose time is not to be measured
    return System()


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def test_two_requests_wait_side_by_side_and_the_rest_is_not_sent(system: System) -> None:
    system.hanging = {"page"}
    outcomes: list[str | SourceError] = []
    took = seconds(lambda: outcomes.extend(system.ask_all("page", 50)))
    assert len(system.sent) == 2
    assert T <= took < 1.9 * T
    assert all(isinstance(outcome, SourceTimeoutError) for outcome in outcomes)
    assert "hangs and is not asked again: page n" in str(outcomes[-1])


def test_one_after_the_other_one_time_out_is_enough(system: System) -> None:
    system.hanging = {"page"}
    assert seconds(lambda: system.ask_all("page", 10, parallel=1)) < 1.9 * T
    assert len(system.sent) == 1


def test_another_kind_is_tried_once_for_a_third_of_a_time_out(system: System) -> None:
    system.hanging = {"list", "page"}
    took = seconds(lambda: (system.ask_all("list", 1), system.ask_all("page", 50)))
    assert took < 1.9 * T
    assert system.sent[0] == "list n0"
    assert len(system.sent) == 2


def test_a_kind_that_does_not_hang_goes_on(system: System) -> None:
    system.hanging = {"list"}
    system.ask_all("list", 3)
    assert system.ask_all("page", 20) == [f"n{number}" for number in range(20)]
    # Only the list is given up.
    assert isinstance(system.ask_all("list", 1)[0], SourceTimeoutError)
    assert system.sent.count("list n0") == 1


def test_a_system_that_begins_to_hang_is_given_up(system: System) -> None:
    assert system.ask_all("page", 8) == [f"n{number}" for number in range(8)]
    system.hanging = {"page"}
    assert seconds(lambda: system.ask_all("page", 50)) < 1.9 * T
    assert len(system.sent) <= 8 + 4


def test_things_that_hang_while_others_answer_cost_two_time_outs(system: System) -> None:
    system.hanging = {f"n{number}" for number in range(0, 60, 3)}
    outcomes: list[str | SourceError] = []

    def ask() -> None:
        ticking = threading.Event()

        def tick() -> None:
            while not ticking.wait(T / 8):
                system.ask("page", "tick")

        with ThreadPoolExecutor(1) as pool:
            pool.submit(tick)
            outcomes.extend(system.ask_all("page", 60))
            ticking.set()

    assert seconds(ask) < 4 * T
    assert [o for n, o in enumerate(outcomes) if n % 3] == [f"n{n}" for n in range(60) if n % 3]


def test_a_refusal_is_an_answer(system: System) -> None:
    system.refusing = True
    outcomes = system.ask_all("page", 20)
    assert len(system.sent) == 20
    assert not any(isinstance(outcome, SourceTimeoutError) for outcome in outcomes)


def test_the_limit_of_the_run_ends_the_waiting() -> None:
    system = System(limit=T / 2)
    system.hanging = {"page"}
    outcomes: list[str | SourceError] = []
    assert seconds(lambda: outcomes.extend(system.ask_all("page", 20))) < 0.9 * T
    assert len(system.sent) <= 2
    assert all("the time for asking it was over" in str(outcome) for outcome in outcomes)
    assert isinstance(outcomes[0], SourceError)
    assert "--deadline" in outcomes[0].advice
