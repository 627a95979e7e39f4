"""One run of a command that may change a switch: its story, its report and its audit lines."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.text import Text

from inventory.errors import ExitCode, VipkeeperError
from inventory.settings import NO_EVENTS
from napalm_cumulus.account import who
from nornir_config.stopping import stopped_by, unstopped
from runbooks.run import errors, evidence
from runbooks.run.explain import explain, with_done, with_report
from runbooks.run.records import RecordError, append_audit, diff_hash, now, plain, write_report
from runbooks.run.report import HealReport
from runbooks.run.story import printable
from tasks.ladder import CURES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napalm_cumulus.commit.report import PendingCommit
    from nornir_config.settings import Settings
    from runbooks.run.attempt import CureAttempt
    from runbooks.run.story import Story
    from tasks.model import HandMadeState

#: The verdict of a run that ended with this exit code and has no verdict of its own.
_VERDICTS: dict[int, str] = {
    ExitCode.OK: "healthy",
    ExitCode.UNEXPECTED: "error",
    ExitCode.USAGE: "refused",
    ExitCode.TARGET: "refused",
    ExitCode.SOURCE: "error",
    ExitCode.SWITCH: "error",
    ExitCode.REFUSED: "refused",
    ExitCode.ROLLED_BACK: "rolled-back",
    ExitCode.NOT_HEALED: "not-healed",
    ExitCode.CANCELLED: "cancelled",
    ExitCode.HEALED_FOR_NOW: "healed-for-now",
}
#: Exit codes of runs that came to an end of their own, and how the end is printed.
_TOLD: dict[int, str] = {
    ExitCode.OK: "bold green",
    ExitCode.HEALED_FOR_NOW: "bold yellow",
    ExitCode.NOT_HEALED: "bold red",
}


class Run:
    """What is known of a run so far; filled in as it goes on.

    Attributes:
        changed: whether a change was begun.
        report: the report.
        verdict: the outcome in one word.
        exit_code: the exit code of the command.
        sentence: the outcome for a person.
        written: the path of the report, once it is written.
        finished: whether its end was recorded, or could not be.
        failed: whether an exception has ended it, which the command line tells.
    """

    def __init__(self, settings: Settings, story: Story, command: str, target: str) -> None:
        self.settings = settings
        self.story = story
        self.id = secrets.token_hex(6)
        self.command = command
        self.target = target
        self.began = now()
        self.who = who()
        self.report = HealReport()
        self.switches: list[str] = []
        self.changed = False
        self.diff = ""
        self.verdict = ""
        self.exit_code: int = ExitCode.OK
        self.sentence = ""
        self.advice = ""
        self.written: Path | None = None
        self.finished = False
        self.failed = False

    def end(
        self, verdict: str, sentence: str, exit_code: int = ExitCode.OK, advice: str = ""
    ) -> None:
        """Settle the outcome of the run."""
        self.verdict, self.sentence = verdict, sentence
        self.exit_code, self.advice = exit_code, advice

    def tell_end(self) -> None:
        """Tell the outcome and the path of the report; a failure is told by the command line."""
        console = self.story.console
        if self.exit_code in _TOLD and self.sentence and not self.failed:
            verdict = self.verdict.upper().replace("-", " ")
            sentence = f"{verdict}: {printable(self.sentence)}"
            console.print(Text(sentence, style=_TOLD[self.exit_code]))
            if self.advice:
                console.print(Text(printable(self.advice)))
        if self.written is not None:
            console.print(Text(f"Report: {self.written}", style="dim"))

    def before_change(self, attempt: CureAttempt, before: HandMadeState) -> None:
        """Record what is about to be done; a change that cannot be recorded is not made.

        The record also holds what the change takes away and ifupdown2 does not restore (routes,
        permanent neighbours): it stands there should this process be killed before it is put back.

        Args:
            attempt: the cure, the fault and the place; part of the report from now on.
            before: the routes and neighbours on the gateway's devices now.

        Raises:
            RecordError: the audit log cannot be written.
        """
        self.diff, attempt.began = attempt.diff, now()
        if attempt.switch not in self.switches:
            self.switches.append(attempt.switch)
        change = {
            "cure": attempt.cure,
            "fault": attempt.fault,
            "interface": attempt.interface,
            "vip": attempt.gateway and str(attempt.gateway.vip.address),
            "diff": attempt.diff,
            "before": before,
        }
        self._begin(change, f"{attempt.cure.value} was not begun on {attempt.switch}")
        self.report.attempts.append(attempt)

    def before_settling(self, pending: PendingCommit) -> None:
        """Record that somebody's commit is about to be confirmed or rolled back.

        Raises:
            RecordError: the audit log cannot be written.
        """
        self.diff = pending.diff
        change = {
            "cure": self.command,
            "fault": "commit-pending",
            "interface": ", ".join(pending.interfaces),
            "vip": None,
            "diff": pending.diff,
            "commit": {"id": pending.id, "owner": pending.owner, "message": pending.message},
        }
        self._begin(change, f"the commit was left as it is, and {self.command} was not begun")

    def _begin(self, change: dict[str, Any], untouched: str) -> None:
        try:
            append_audit(self.settings.paths.audit, self._line("begin") | change)
        except RecordError as error:
            raise RecordError(f"{error}; {untouched}", error.advice) from None
        self.changed = True

    def ask_monitoring(self) -> None:
        """Ask what the monitoring saw of the changes; the outcome of the run is settled already."""
        if self.report.attempts and self.settings.sources.events != NO_EVENTS:
            attempts = plain(self.report.attempts)
            asked = evidence.look(
                self.settings, attempts, lambda: evidence.source_of(self.settings)
            )
            self.report.evidence = asked
            evidence.tell(self.story, asked)

    def finish(self) -> None:
        """Write the report, and the audit line that ends the run.

        Raises:
            RecordError: one of them cannot be written.
        """
        self.finished = True
        self.verdict = self.verdict or _VERDICTS[self.exit_code]
        content = replace(
            self.report,
            id=self.id,
            command=self.command,
            target=self.target,
            who=self.who,
            started=self.began,
            finished=now(),
            verdict=self.verdict,
            exit_code=self.exit_code,
            sentence=self.sentence,
            advice=self.advice,
            switches=tuple(self.switches),
            timeline=tuple(self.story.events),
        )
        directory = self.settings.paths.reports
        name = f"{self.command}-{self.target}"
        unwritten: list[RecordError] = []
        try:
            self.written = write_report(directory, name, self.began, plain(content))
        except RecordError as error:
            unwritten.append(error)
        ending = {"verdict": self.verdict, "exit_code": self.exit_code, "report": self.written}
        try:
            append_audit(self.settings.paths.audit, self._line("end") | ending)
        except RecordError as error:
            unwritten.append(error)
        if unwritten:
            raise RecordError("; ".join(map(str, unwritten)), unwritten[0].advice)

    def _line(self, event: str) -> dict[str, Any]:
        return {
            "at": now(),
            "event": event,
            "run": self.id,
            "who": self.who,
            "command": self.command,
            "target": self.target,
            "switches": self.switches,
            "diff_sha256": diff_hash(self.diff),
        }


@contextmanager
def recorded(run: Run) -> Iterator[Run]:
    """Make sure that a run is reported and audited however it ends.

    An exception is explained in the report and raised again. No signal prevents the report from
    being written: the first signal is told in it, and a second one changes nothing.
    """
    with recorded_so_far(run):
        yield run
        run.ask_monitoring()
        with unstopped():
            run.finish()


@contextmanager
def recorded_so_far(run: Run) -> Iterator[None]:
    """Report and audit a run whose first steps end it; for the steps before ``recorded``."""
    try:
        yield
    except BaseException as caught:
        if run.finished:
            raise
        with unstopped():
            if run.verdict and isinstance(caught, KeyboardInterrupt):
                run.finish()  # the outcome is settled; only the end was interrupted
                return
            run.failed = True
            error = _cancelled(run, caught)
            if error is caught and run.report.attempts:
                _note_done(run, error)
            said = explain(error, ", ".join(run.switches))
            run.end("", said.sentence, said.exit_code, said.advice)
            try:
                run.finish()
            except VipkeeperError as unwritten:
                run.story.tell("report", str(unwritten), "warn")
            with_report(error, run.written)
        if error is caught:
            raise
        raise error from None


def _note_done(run: Run, error: BaseException) -> None:
    """Note in a refusal or a cancellation that came after a cure that the cure was carried out."""
    if explain(error).exit_code in {ExitCode.REFUSED, ExitCode.CANCELLED, ExitCode.USAGE}:
        done = (f"{each.cure.value} on {each.switch}" for each in run.report.attempts)
        with_done(error, ", ".join(dict.fromkeys(done)))


def _cancelled(run: Run, caught: BaseException) -> BaseException:
    """Return the error unchanged, or, where a signal has led to it, one that names the signal."""
    by = stopped_by(caught)
    if not by or not isinstance(caught, KeyboardInterrupt | errors.CancelledError):
        return caught
    stop: BaseException | None = caught
    while stop is not None and not isinstance(stop, errors.CancelledError):
        stop = stop.__context__  # a second signal while the first one was told
    stop = stop or _stopped(run)
    said = str(stop)
    if by == stopped_by(KeyboardInterrupt()) or not said.startswith("stopped"):
        return stop
    if not said.startswith(f"stopped by {by}"):
        said = f"stopped by {by}{said.removeprefix('stopped')}"
    return errors.CancelledError(said, stop.advice)


def _stopped(run: Run) -> errors.CancelledError:
    """Return the error of a signal to stop, with what it means for the switch."""
    if not run.report.attempts:
        return errors.CancelledError("stopped; nothing on any switch was touched")
    attempt = run.report.attempts[-1]
    if not attempt.ended:
        return stopped_during(attempt, run.settings.heal.revert_in)
    back = f"{attempt.cure.value} had come to its end"
    if CURES[attempt.cure].reverts:
        back = "the switch is back in its old configuration"
    return errors.CancelledError(
        f"stopped after {attempt.switch} was worked on: {back}, and only the checks after it were "
        "cut short",
        "See whether all is well: vip trace",
    )


def stopped_during(attempt: CureAttempt, revert_in: int) -> errors.CancelledError:
    """Return the error of a Ctrl-C while a switch carries out a cure.

    A toggle rolls back to the files, when the timer runs out at the latest. A repair goes on to its
    end.
    """
    name, cure = attempt.switch, attempt.cure
    if not cure.on_devices:
        return errors.CancelledError(
            f"stopped while {name} was at {cure.value}; what was sent to it was done, and none "
            "of it needs to be undone",
            f"See whether all is well: vip check {name}",
        )
    after = f"ends in its old configuration within {revert_in} s at the latest"
    if not CURES[cure].reverts:
        after = (
            "completes the repair; if it cannot, it restores the configuration on its disk within "
            f"{revert_in} s"
        )
    return errors.CancelledError(
        f"stopped while {name} was {CURES[cure].doing}; the switch goes on by itself and {after}. "
        "No gratuitous ARP is sent, and hand-made routes and neighbours are not put back: they are "
        "in the audit log",
        f"Make sure with: vip pending {name}, then vip check {name}",
    )
