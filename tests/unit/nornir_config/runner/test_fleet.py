"""What the runner promises: every host has a result, whatever the hosts and the operator do."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.core.task import AggregatedResult, MultiResult, Result, Task
from nornir.plugins.runners import ThreadedRunner

from nornir_config.runner.errors import (
    AbandonedError,
    FleetInterrupt,
    HostDeadlineError,
    NoHostsError,
    NotStartedError,
)
from nornir_config.runner.fleet import FleetRunner

ROOT = Path(__file__).parents[4]


def fleet(count: int, runner: Any, **data: Any) -> Nornir:
    hosts = {f"leaf-{n:04}": Host(name=f"leaf-{n:04}", data=dict(data)) for n in range(count)}
    inventory = Inventory(Hosts(hosts), Groups(), Defaults())
    return Nornir(inventory=inventory, runner=runner)


def errors_of(results: AggregatedResult) -> dict[str, type[BaseException]]:
    return {name: type(r[0].exception) for name, r in results.items() if r[0].exception is not None}


class Watcher:
    """A task that notes who runs at the same time as whom, and when each began."""

    def __init__(self, seconds: float = 0.02) -> None:
        self.lock = threading.Lock()
        self.now: set[str] = set()
        self.together: list[frozenset[str]] = []
        self.began: list[float] = []
        self.seconds = seconds

    def __call__(self, task: Task) -> Result:
        with self.lock:
            self.now.add(task.host.name)
            self.together.append(frozenset(self.now))
            self.began.append(time.monotonic())
        time.sleep(self.seconds)
        with self.lock:
            self.now.discard(task.host.name)
        return Result(task.host, result=task.host.name)

    __name__ = "watcher"


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds hanging hosts until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def hanging(gate: threading.Event, *names: str) -> Callable[[Task], Result]:
    def ask(task: Task) -> Result:
        if task.host.name in names:
            gate.wait(30)
        return Result(task.host, result="answered")

    return ask


def test_every_host_has_its_result_in_the_order_of_the_inventory() -> None:
    told: list[str] = []
    runner = FleetRunner(4, on_result=lambda name, _: told.append(name))
    nornir = fleet(50, runner)

    results = nornir.run(lambda task: task.host.name, name="name")

    assert list(results) == list(nornir.inventory.hosts)
    assert all(results[name].result == name for name in results)
    assert sorted(told) == list(results)
    assert not results.failed


def test_no_more_run_at_once_than_workers() -> None:
    watcher = Watcher()

    fleet(20, FleetRunner(3)).run(watcher)

    assert max(map(len, watcher.together)) == 3


def test_a_run_over_no_host_is_an_error() -> None:
    with pytest.raises(NoHostsError, match="no switch is left to run hello on"):
        fleet(0, FleetRunner()).run(lambda _: None, name="hello")


def test_a_run_whose_hosts_have_all_failed_before_is_an_error() -> None:
    nornir = fleet(2, FleetRunner())
    nornir.data.failed_hosts.update(nornir.inventory.hosts)

    with pytest.raises(NoHostsError):
        nornir.run(lambda _: None, name="hello")
    nornir.close_connections()  # nothing to close is no error


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
def test_whatever_one_host_raises_is_its_own_failure(error: BaseException) -> None:
    def ask(task: Task) -> str:
        if task.host.name == "leaf-0001":
            raise error
        return "answered"

    results = fleet(3, FleetRunner(2)).run(ask)

    assert list(results.failed_hosts) == ["leaf-0001"]
    assert results["leaf-0001"][0].exception is error
    assert results["leaf-0002"].result == "answered"


def test_a_processor_that_fails_is_the_failure_of_its_host() -> None:
    class Broken:
        def task_instance_started(self, *_: object) -> None:
            raise RuntimeError("broken")

        def __getattr__(self, _: str) -> Callable[..., None]:
            return lambda *_: None

    results = fleet(2, FleetRunner()).with_processors([Broken()]).run(lambda _: None, name="hi")

    assert errors_of(results) == dict.fromkeys(results, RuntimeError)


def test_a_host_that_hangs_costs_the_deadline_and_no_more(gate: threading.Event) -> None:
    nornir = fleet(6, FleetRunner(2, deadline=0.5))
    began = time.monotonic()

    results = nornir.run(hanging(gate, "leaf-0001"))

    assert 0.5 <= time.monotonic() - began < 25
    assert errors_of(results) == {"leaf-0001": HostDeadlineError}
    assert "leaf-0001: no answer for" in str(results["leaf-0001"][0].exception)
    assert results["leaf-0005"].result == "answered"


def test_at_the_deadline_queued_hosts_are_not_started(gate: threading.Event) -> None:
    asked: list[str] = []

    def ask(task: Task) -> None:
        asked.append(task.host.name)
        gate.wait(30)

    results = fleet(5, FleetRunner(2, deadline=0.3)).run(ask)
    gate.set()
    time.sleep(0.2)

    assert asked == ["leaf-0000", "leaf-0001"]
    assert errors_of(results) == dict.fromkeys(results, HostDeadlineError)
    assert "not asked" in str(results["leaf-0004"][0].exception)


def test_the_deadline_of_one_host_frees_its_place(gate: threading.Event) -> None:
    runner = FleetRunner(1, host_deadline=0.2)

    results = fleet(3, runner).run(hanging(gate, "leaf-0000"))

    assert errors_of(results) == {"leaf-0000": HostDeadlineError}
    assert results["leaf-0002"].result == "answered"


def test_an_abandoned_host_has_its_connection_closed_and_its_thread_ends() -> None:
    class Connection:
        def __init__(self) -> None:
            self.closed = threading.Event()

        def close(self) -> None:
            self.closed.set()

    connection = Connection()
    ended = threading.Event()

    def ask(task: Task) -> None:
        time.sleep(0.4)  # it is still connecting when it is abandoned
        task.host.connections["fake"] = connection  # type: ignore[assignment]
        connection.closed.wait(30)
        ended.set()

    results = fleet(1, FleetRunner(deadline=0.2)).run(ask)

    assert errors_of(results) == {"leaf-0000": HostDeadlineError}
    assert ended.wait(60)


def test_a_host_that_still_hangs_is_not_asked_again(gate: threading.Event) -> None:
    nornir = fleet(2, FleetRunner(deadline=0.2))
    ask = hanging(gate, "leaf-0000")
    nornir.run(ask)
    threads = threading.active_count()

    nornir.data.reset_failed_hosts()
    results = nornir.run(ask)

    assert "still hanging" in str(results["leaf-0000"][0].exception)
    assert threading.active_count() <= threads
    gate.set()
    time.sleep(0.3)
    nornir.data.reset_failed_hosts()
    assert not nornir.run(ask).failed


def test_starts_are_staggered() -> None:
    watcher = Watcher(0.0)

    fleet(4, FleetRunner(4, stagger=0.1)).run(watcher)

    gaps = [b - a for a, b in zip(watcher.began, watcher.began[1:], strict=False)]
    assert min(gaps) > 0.08


def test_nothing_is_started_after_the_first_failure() -> None:
    asked: list[str] = []

    def ask(task: Task) -> None:
        asked.append(task.host.name)
        if task.host.name == "leaf-0001":
            raise ValueError("no")

    results = fleet(5, FleetRunner(1, stop_on_failure=True)).run(ask)

    assert asked == ["leaf-0000", "leaf-0001"]
    assert [n for n, e in errors_of(results).items() if e is NotStartedError] == [
        "leaf-0002",
        "leaf-0003",
        "leaf-0004",
    ]
    assert "leaf-0001 failed" in str(results["leaf-0004"][0].exception)


@pytest.mark.parametrize("kind", ["function", "datum"])
def test_hosts_that_share_a_key_never_run_together(kind: str) -> None:
    watcher = Watcher()
    by_function = FleetRunner(8, exclusive=lambda host: [host["vip"]])
    nornir = fleet(8, by_function if kind == "function" else FleetRunner(8, exclusive="vip"))
    for number, host in enumerate(nornir.inventory.hosts.values()):
        host.data["vip"] = f"10.0.{number % 4}.1"

    nornir.run(watcher)

    hosts = nornir.inventory.hosts
    for names in watcher.together:
        keys = [hosts[name]["vip"] for name in names]
        assert len(keys) == len(set(keys))
    assert max(map(len, watcher.together)) == 4


def test_who_waits_for_a_host_that_hangs_is_named(gate: threading.Event) -> None:
    runner = FleetRunner(4, host_deadline=0.2, exclusive=lambda _: ["one vip"])

    results = fleet(2, runner).run(hanging(gate, "leaf-0000"))

    assert errors_of(results)["leaf-0001"] is NotStartedError
    assert "leaf-0000, which hangs" in str(results["leaf-0001"][0].exception)


@pytest.mark.parametrize(
    "wrong", [{"num_workers": 0}, {"deadline": -1.0}, {"stagger": -1.0}, {"host_deadline": -2.0}]
)
def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        FleetRunner(**wrong)


def test_nornir_finds_it_by_its_entry_point(tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("leaf-a: {}\nleaf-b: {}\n")
    for name in ("groups", "defaults"):
        (tmp_path / f"{name}.yaml").write_text("{}\n")
    # In a process of its own: Nornir registers plugins once and for all.
    program = """
        from nornir import InitNornir
        files = {f"{name}_file": f"{name}s.yaml" for name in ("host", "group")}
        files["defaults_file"] = "defaults.yaml"
        nornir = InitNornir(
            runner={"plugin": "vipkeeper", "options": {"num_workers": 2, "deadline": 5}},
            inventory={"plugin": "SimpleInventory", "options": files},
            logging={"enabled": False},
        )
        print(type(nornir.runner).__name__, nornir.run(lambda _: None, name="none").failed)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )

    assert done.stdout == "FleetRunner False\n", done.stderr


# --- cancellation --------------------------------------------------------------------------------


def test_cancelled_from_another_thread_it_keeps_what_it_has(gate: threading.Event) -> None:
    runner = FleetRunner(2, wait_on_cancel=False)
    threading.Timer(0.3, runner.cancel).start()

    with pytest.raises(FleetInterrupt) as caught:
        fleet(6, runner).run(hanging(gate, "leaf-0001", "leaf-0003"))

    results = caught.value.results
    assert results["leaf-0000"].result == "answered"
    assert errors_of(results)["leaf-0001"] is AbandonedError
    assert errors_of(results)["leaf-0005"] is NotStartedError
    assert str(results["leaf-0001"][0].exception) == "leaf-0001: stopped before it had answered"


def test_only_a_change_that_was_abandoned_is_to_be_looked_after(gate: threading.Event) -> None:
    def advice(*, wait_on_cancel: bool) -> str:
        runner = FleetRunner(1, wait_on_cancel=wait_on_cancel)

        def ask(task: Task) -> Result:
            for after in (0.2, 0.4):  # from here on: before, there is nothing to end
                threading.Timer(after, runner.cancel).start()
            return hanging(gate, "leaf-0000")(task)

        with pytest.raises(FleetInterrupt) as caught:
            fleet(1, runner).run(ask)
        error = caught.value.results["leaf-0000"][0].exception
        assert isinstance(error, AbandonedError)
        return error.advice

    assert advice(wait_on_cancel=True) == "See what became of a change: vip pending leaf-0000"
    assert advice(wait_on_cancel=False) == ""


def test_in_a_thread_of_its_own_it_leaves_signals_alone() -> None:
    found: list[MultiResult] = []
    thread = threading.Thread(
        target=lambda: found.extend(fleet(3, FleetRunner()).run(lambda _: 1, name="one").values())
    )
    thread.start()
    thread.join(60)

    assert len(found) == 3


PROGRAM = """
import sys, time
from nornir_config.runner.errors import FleetInterrupt
from nornir_config.runner.fleet import FleetRunner
from tests.unit.nornir_config.runner.test_fleet import fleet

def change(task):
    sys.stdout.write(f"begun {task.host.name}\\n"); sys.stdout.flush()
    time.sleep(float(sys.argv[1]))
    sys.stdout.write(f"done {task.host.name}\\n"); sys.stdout.flush()

runner = FleetRunner(2, wait_on_cancel=sys.argv[2] == "wait",
                     on_cancel=lambda names: print("waiting for", *names, flush=True))
try:
    fleet(6, runner).run(change)
except FleetInterrupt as stopped:
    for name, result in stopped.results.items():
        print(name, type(result[0].exception).__name__, flush=True)
    sys.exit(9)
"""


def interrupted(
    *arguments: str, after: tuple[float, ...], number: int = signal.SIGINT
) -> tuple[list[str], int, float]:
    """Run the program, send it signals; gives its lines, its exit status and seconds to its end."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(2)]
        began = time.monotonic()
        for pause in after:
            time.sleep(pause)
            process.send_signal(number)
        lines += process.stdout.read().splitlines()
        code = process.wait(60)
    return lines, code, time.monotonic() - began


def test_ctrl_c_starts_nobody_else_and_lets_changes_finish() -> None:
    lines, code, _ = interrupted("1.5", "wait", after=(0.2,))

    assert code == 9
    assert sorted(lines[:2]) == ["begun leaf-0000", "begun leaf-0001"]
    assert lines[2] == "waiting for leaf-0000 leaf-0001"
    assert sorted(lines[3:5]) == ["done leaf-0000", "done leaf-0001"]
    assert lines[5:] == [
        "leaf-0000 NoneType",
        "leaf-0001 NoneType",
        *[f"leaf-000{n} NotStartedError" for n in (2, 3, 4, 5)],
    ]


def test_a_second_ctrl_c_waits_no_longer_and_loses_no_host() -> None:
    lines, code, seconds = interrupted("30", "wait", after=(0.2, 0.5))

    assert code == 9
    assert seconds < 25
    assert lines[-6:] == [
        "leaf-0000 AbandonedError",
        "leaf-0001 AbandonedError",
        *[f"leaf-000{n} NotStartedError" for n in (2, 3, 4, 5)],
    ]


def test_ctrl_c_abandons_readers_at_once_and_the_process_ends() -> None:
    lines, code, seconds = interrupted("30", "leave", after=(0.2,))

    assert code == 9
    assert seconds < 25
    assert "leaf-0001 AbandonedError" in lines


def test_a_shower_of_cancels_loses_nobody(gate: threading.Event) -> None:
    told: list[str] = []
    runner = FleetRunner(2, on_result=lambda name, _: told.append(name))

    def shower() -> None:
        time.sleep(0.2)
        for _ in range(50):
            runner.cancel()
            time.sleep(0.001)

    threading.Thread(target=shower).start()
    with pytest.raises(FleetInterrupt) as caught:
        fleet(100, runner).run(hanging(gate, "leaf-0000", "leaf-0001"))

    assert len(caught.value.results) == 100
    assert sorted(told) == list(caught.value.results)


def test_the_time_of_a_thousand_hosts_is_that_of_nornirs_own_runner() -> None:
    def seconds(runner: Any) -> float:
        nornir = fleet(1000, runner)
        best = 1e9
        for _ in range(3):
            began = time.process_time()  # a busy machine is no fault of the runner
            assert len(nornir.run(lambda _: 1, name="one")) == 1000
            best = min(best, time.process_time() - began)
        return best

    ours, theirs = seconds(FleetRunner(20)), seconds(ThreadedRunner(20))
    print(f"1,000 no-op hosts, 20 workers: {ours:.3f} s; ThreadedRunner {theirs:.3f} s")  # noqa: T201 - the figure
    assert ours < 2 * theirs + 0.5
