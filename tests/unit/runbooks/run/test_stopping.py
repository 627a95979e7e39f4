"""SIGTERM, SIGHUP and Ctrl-C: whenever one comes, the report and the audit log tell what was."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import typer

from inventory.sources.deadline import within
from nornir_config import stopping
from nornir_config.stopping import STOPS, Stopped, interrupt, stopped_by, unstopped
from runbooks import heal, pending
from runbooks.cli import options as cli_common
from runbooks.run import run as run_module
from runbooks.run.session import SwitchSession
from runbooks.run.story import Story, make_console
from tests.unit.inventory.fakes import SW3
from tests.unit.runbooks.conftest import World
from tests.unit.tasks.fakes import pending_commit

TOGGLE = ("toggle", SW3, "--vip", "130.246.212.1", "--yes")
#: Where Typer, or the click below it, asks.
PROMPTS = sys.modules[typer.confirm.__module__]
OTHERS = pytest.mark.parametrize(
    ("number", "by"),
    [
        (signal.SIGTERM, "SIGTERM"),
        (signal.SIGHUP, "SIGHUP (its terminal was closed)"),
    ],
    ids=["SIGTERM", "SIGHUP"],
)


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As the command line has it while a command runs."""
    monkeypatch.setattr(stopping, "_EARS", stopping._Ears())
    before = {number: signal.signal(number, interrupt) for number in STOPS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: int) -> Callable[..., Any]:
    def sent(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), number)

    return sent


def require_told(world: World, said: str, *, begun: int) -> dict[str, Any]:
    """See that report and audit log hold the sentence and the end; gives the report."""
    report: dict[str, Any] = world.reports()[-1]
    assert report["sentence"].startswith(said), report["sentence"]
    assert (report["verdict"], report["exit_code"]) == ("cancelled", 9)
    lines = world.audit()
    assert [line["event"] for line in lines] == ["begin"] * begun + ["end"]
    assert lines[-1]["verdict"] == "cancelled"
    assert json.loads(Path(lines[-1]["report"]).read_text())["id"] == report["id"]
    return report


@OTHERS
def test_before_a_change(
    world: World, monkeypatch: pytest.MonkeyPatch, number: int, by: str
) -> None:
    monkeypatch.setattr(heal, "probe_all", send(number))
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 9
    require_told(world, f"stopped by {by}; nothing on any switch was touched", begun=0)


@OTHERS
@pytest.mark.parametrize(
    "command", [TOGGLE, ("heal", "vm-a1", "--toggle", "--yes")], ids=["toggle", "heal"]
)
def test_during_a_toggle(world: World, number: int, by: str, command: tuple[str, ...]) -> None:
    world.leaf.on_commit = send(number)
    assert world.vip(*command).exit_code == 9
    report = require_told(world, f"stopped by {by} while {SW3} was toggling", begun=1)
    assert f"vip pending {SW3}" in report["advice"]


@OTHERS
def test_after_a_toggle(
    world: World, monkeypatch: pytest.MonkeyPatch, number: int, by: str
) -> None:
    world.cut_off()
    monkeypatch.setattr(heal, "wait_until_answering", send(number))
    assert world.vip("heal", "vm-a1", "--toggle", "--yes").exit_code == 9
    require_told(world, f"stopped by {by} after {SW3} was worked on", begun=1)


@OTHERS
@pytest.mark.parametrize("verb", ["confirm", "rollback"])
def test_while_a_commit_is_settled(
    world: World, monkeypatch: pytest.MonkeyPatch, number: int, by: str, verb: str
) -> None:
    world.leaf.pending = pending_commit()
    monkeypatch.setattr(pending, f"{verb}_commit", send(number))
    assert world.vip(verb, SW3).exit_code == 9
    asked = "confirm" if verb == "confirm" else "roll back"
    require_told(world, f"stopped by {by} while {SW3} was asked to {asked}", begun=1)


@OTHERS
def test_at_the_question(
    world: World, monkeypatch: pytest.MonkeyPatch, number: int, by: str
) -> None:
    real = cli_common.typer.confirm

    def confirm(question: str) -> bool:
        monkeypatch.setattr(PROMPTS, "visible_prompt_func", send(number))
        return real(question)

    monkeypatch.setattr(cli_common, "is_terminal", lambda: True)
    monkeypatch.setattr(cli_common.typer, "confirm", confirm)
    assert world.vip(*TOGGLE[:-1]).exit_code == 9
    require_told(world, f"stopped by {by}; nothing on any switch was touched", begun=0)
    assert not world.committed


def test_a_terminal_that_has_gone_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: str) -> str:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(cli_common, "is_terminal", lambda: True)
    monkeypatch.setattr(PROMPTS, "visible_prompt_func", gone)
    assert not cli_common.agreement(yes=False).ask("Toggle?")


@pytest.mark.parametrize("second", STOPS)
def test_a_second_signal_tears_no_record(
    world: World, monkeypatch: pytest.MonkeyPatch, second: int
) -> None:
    """It comes while the session is closed, and again while each record is written."""
    signals: list[str] = []

    def before(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def then(*given: Any, **named: Any) -> Any:
            if signals:
                signals.append(name)
                os.kill(os.getpid(), second)
            return real(*given, **named)

        return then

    def stop(_: Any) -> None:
        signals.append("commit")
        os.kill(os.getpid(), signal.SIGTERM)

    world.leaf.on_commit = stop
    for name in ("write_report", "append_audit"):
        monkeypatch.setattr(run_module, name, before(name, getattr(run_module, name)))
    monkeypatch.setattr(SwitchSession, "log_out", before("log_out", SwitchSession.log_out))
    assert world.vip(*TOGGLE).exit_code == 9
    assert signals == ["commit", "log_out", "write_report", "append_audit"]
    require_told(world, f"stopped by SIGTERM while {SW3} was toggling", begun=1)


def test_a_signal_while_the_report_is_written_changes_nothing_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = run_module.write_report

    def write(*given: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return real(*given)

    monkeypatch.setattr(run_module, "write_report", write)
    assert world.vip(*TOGGLE).exit_code == 0
    assert world.reports()[0]["verdict"] == "toggled"
    assert world.audit()[-1]["verdict"] == "toggled"


def test_an_outcome_that_is_settled_is_told_though_the_end_was_cut_short(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SwitchSession.log_out

    def leave(session: SwitchSession) -> None:
        real(session)
        if world.committed:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(SwitchSession, "log_out", leave)
    assert world.vip(*TOGGLE).exit_code == 0
    assert [(r["verdict"], r["exit_code"]) for r in world.reports()] == [("toggled", 0)]


def test_a_source_that_hangs_does_not_hold_back_the_end() -> None:
    """The main thread waits for the threads that ask."""
    asked = threading.Event()
    hanging: Callable[[], bool] = lambda: asked.set() or threading.Event().wait(30)  # noqa: E731

    def ask() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(within, 30, hanging, "a question")
            assert asked.wait(5)
            os.kill(os.getpid(), signal.SIGINT)

    began = time.monotonic()
    with pytest.raises(Stopped):
        ask()
    assert time.monotonic() - began < 5


def test_a_hang_while_stopping_can_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Stopped):
        os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)  # within the grace: let pass
    monkeypatch.setattr(stopping, "_GRACE", 0.0)
    with unstopped():
        os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(Stopped):
        os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGHUP)  # the second of a closed terminal, however late


def test_which_signal_it_was_is_known_by_a_way_round() -> None:
    def told() -> None:
        try:
            send(signal.SIGTERM)()
        except Stopped:
            raise ValueError("told in other words") from None

    with pytest.raises(ValueError, match="in other words") as caught:
        told()
    assert stopped_by(caught.value) == "SIGTERM"
    assert stopped_by(KeyboardInterrupt()) == "Ctrl-C"
    assert stopped_by(ValueError()) == ""


class Gone:
    """A terminal that was closed."""

    encoding = "utf-8"

    def __init__(self, number: int) -> None:
        self.number = number

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        raise OSError(errno.EBADF, "none")

    def write(self, _: str) -> int:
        raise OSError(self.number, os.strerror(self.number))

    def flush(self) -> None:
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize("number", [errno.EIO, errno.EPIPE, errno.ENOSPC])
def test_a_closed_terminal_ends_no_story(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr("sys.stdout", Gone(number))
    story = Story(make_console())
    story.tell("toggle", "one")
    story.show_diff("+ two")
    story.tell("toggle", "three")
    assert [event.text for event in story.events] == ["one", "three"]


def test_the_first_of_several_threads_is_the_one_that_is_stopped() -> None:
    """A leaf's own run is in a thread, where no signal arrives; a shield there hides nothing."""
    inside, leave = threading.Event(), threading.Event()

    def write() -> None:
        with unstopped():
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=write)
    thread.start()
    inside.wait(60)
    try:
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        leave.set()
        thread.join()
