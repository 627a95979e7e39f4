"""One run of a command that may change a switch: its story, its report and its audit lines."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from inventory.errors import VipkeeperError
from napalm_cumulus.account import who
from runbooks import errors
from runbooks.explain import explain
from runbooks.records import append_audit, diff_hash, now, write_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from inventory.model import Switch
    from nornir_config.settings import Settings
    from runbooks.story import Story
    from tasks.model import Gateway, Toggled

SCHEMA = "vipkeeper/heal-run/1"

#: The verdict of a run that ended with this exit code and nobody said more.
_VERDICTS = {
    errors.OK: "healthy",
    errors.UNEXPECTED: "error",
    errors.USAGE: "refused",
    errors.TARGET: "refused",
    errors.SOURCE: "error",
    errors.SWITCH: "error",
    errors.REFUSED: "refused",
    errors.ROLLED_BACK: "rolled-back",
    errors.NOT_HEALED: "not-healed",
    errors.CANCELLED: "cancelled",
}


class Run:
    """What is known of a run so far; filled in as it goes.

    Attributes:
        changed: whether a change was begun.
        facts: parts of the report by name (``before``, ``gateway``, ``commit``, ...).
        verdict: the outcome in one word.
        exit_code: what the command ends with.
        sentence: the outcome for a person.
        report: where the report lies, once it is written.
    """

    def __init__(self, settings: Settings, story: Story, command: str, target: str) -> None:
        self.settings = settings
        self.story = story
        self.id = secrets.token_hex(6)
        self.command = command
        self.target = target
        self.began = now()
        self.who = who()
        self.facts: dict[str, Any] = {}
        self.switches: list[str] = []
        self.changed = False
        self.diff = ""
        self.verdict = ""
        self.exit_code = errors.OK
        self.sentence = ""
        self.advice = ""
        self.report: Path | None = None

    def end(
        self, verdict: str, sentence: str, exit_code: int = errors.OK, advice: str = ""
    ) -> None:
        """Settle the outcome."""
        self.verdict, self.sentence = verdict, sentence
        self.exit_code, self.advice = exit_code, advice

    def before_change(
        self,
        switch: Switch,
        gateway: Gateway,
        planned: Toggled,
        why: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down what is about to be done; a change that cannot be recorded is not made.

        With it goes what the change takes away and ifupdown2 does not restore (routes, permanent
        neighbours): should this process be killed before it has put them back, here they stand.

        Args:
            switch: where.
            gateway: the stanza that it concerns.
            planned: the change, and what hangs on the gateway's devices now.
            why: the cure and the fault, for the audit log.

        Raises:
            RecordError: the audit log cannot be written.
        """
        self.diff = planned.diff
        if switch.name not in self.switches:
            self.switches.append(switch.name)
        place = {"interface": gateway.interface, "vip": str(gateway.vip.address)}
        change = {"diff": planned.diff, "before": planned.before}
        append_audit(
            self.settings.paths.audit, self._line("begin") | place | change | dict(why or {})
        )
        self.changed = True

    def finish(self) -> None:
        """Write the report, and the audit line that ends the run.

        Raises:
            RecordError: one of them cannot be written.
        """
        self.verdict = self.verdict or _VERDICTS[self.exit_code]
        content = {
            "schema": SCHEMA,
            "id": self.id,
            "command": self.command,
            "target": self.target,
            "who": self.who,
            "started": self.began,
            "finished": now(),
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "sentence": self.sentence,
            "advice": self.advice,
            "diff": self.diff,
            **self.facts,
            "timeline": self.story.events,
        }
        directory = self.settings.paths.reports
        name = f"{self.command}-{self.target}"
        try:
            self.report = write_report(directory, name, self.began, content)
        finally:
            ending = {"verdict": self.verdict, "exit_code": self.exit_code, "report": self.report}
            append_audit(self.settings.paths.audit, self._line("end") | ending)

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
    """See to it that a run is reported and audited however it ends.

    An exception is explained in the report and goes on to the caller.
    """
    try:
        yield run
    except BaseException as caught:
        error = _cancelled(run) if isinstance(caught, KeyboardInterrupt) else caught
        said = explain(error, ", ".join(run.switches))
        run.end("", said.sentence, said.exit_code, said.advice)
        try:
            run.finish()
        except VipkeeperError as unwritten:
            run.story.tell("report", str(unwritten), "warn")
        if error is caught:
            raise
        raise error from None
    run.finish()


def _cancelled(run: Run) -> errors.CancelledError:
    """Ctrl-C, with what it means for the switch; while it toggles the toggle itself says so."""
    if not run.changed:
        return errors.CancelledError("stopped; nothing on any switch was touched")
    return errors.CancelledError(
        f"stopped after {', '.join(run.switches)} was worked on: the switch is back in its old "
        "configuration, and only the checks after it were cut short",
        "See whether all is well: vip trace",
    )
