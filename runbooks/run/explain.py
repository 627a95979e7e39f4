"""Explains any exception to a person: a sentence, advice and an exit code."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nornir.core.exceptions import NornirSubTaskError

from inventory.errors import ExitCode, VipkeeperError
from inventory.names import did_you_mean
from napalm_cumulus import errors as napalm
from nornir_config.secrets import places
from nornir_config.stopping import stopped_by

if TYPE_CHECKING:
    from pathlib import Path

    from nornir.core.task import MultiResult

_SWITCH = "vipkeeper_switch"
_REPORT = "vipkeeper_report"
_DONE = "vipkeeper_done"
_ADVICE = "vipkeeper_advice"
#: A sentence that is not true of a whole run in which something was done before.
_NOTHING = re.compile(r"\b([Nn])othing (on the switch |on any switch )?was (touched|changed)\b")
_LOST = (
    "The switch goes on by itself: a repair to its end, all else back to its old configuration at "
    "the latest when the timer runs out; look with: vip pending SWITCH"
)
#: What makes the account root on the switches.
NOT_ROOT = (
    "In the settings: ssh.sudo = true (VIPKEEPER_SSH__SUDO=true) if the account may use sudo "
    'there, else ssh.username = "root" (docs/ssh.md#sudo).'
)
_NO_SUDO = (
    "Where sudo wants a password there: {}. Where it should want none: NOPASSWD on the switch "
    "(docs/ssh.md#sudo)."
)
_UNTOUCHED = "Nothing on the switch was touched: look at its load, and run it again."


@dataclass(frozen=True)
class Explained:
    """The explanation of a failure, for a person."""

    sentence: str
    advice: str
    exit_code: int
    expected: bool = True

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the sentence, and the advice unless it is empty or part of the sentence."""
        said = self.advice and self.advice not in self.sentence
        return (self.sentence, self.advice) if said else (self.sentence,)


def explain(error: BaseException, switch: str = "", *, reading: bool = False) -> Explained:
    """Put an exception into words.

    Args:
        error: any exception.
        switch: the switch that was worked on; it is put in front of the driver's own words. Where
            none is given, it is the one that ``of_switch`` noted.
        reading: whether the command only reads, so that no change can be under way.
    """
    said = _explained(error, switch or getattr(error, _SWITCH, ""), reading=reading)
    done = getattr(error, _DONE, "")
    if not done:
        return said
    sentence = _NOTHING.sub(r"\1othing more \2was \3", said.sentence).rstrip(".")
    return replace(said, sentence=f"{sentence}; done before it: {done}")


def _explained(error: BaseException, switch: str, *, reading: bool) -> Explained:
    if isinstance(error, VipkeeperError):
        advice = " ".join(filter(None, (did_you_mean(error.asked, error.known), error.advice)))
        return Explained(str(error), advice, error.exit_code)
    if isinstance(error, KeyboardInterrupt):
        advice = "Nothing on any switch was touched: run it again." if reading else ""
        return Explained(f"stopped by {stopped_by(error)}", advice, ExitCode.CANCELLED)
    for kind, code, usual in _of_napalm():
        if isinstance(error, kind):
            advice = _UNTOUCHED if reading and usual == _LOST else usual
            advice = getattr(error, _ADVICE, advice)
            said = " ".join(str(error).split()) or type(error).__name__
            sentence = said if not switch or switch in said else f"{switch}: {said}"
            return Explained(sentence, advice.replace("SWITCH", switch or "SWITCH"), code)
    return Explained(
        f"unexpected {type(error).__name__}: {error}",
        "Run it again with --debug and report what it prints.",
        ExitCode.UNEXPECTED,
        expected=False,
    )


def _of_napalm() -> tuple[tuple[type[Exception], int, str], ...]:
    """Return NAPALM's exceptions, the more specific first, each with an exit code and advice."""
    return (
        (
            napalm.SudoRefusedError,
            ExitCode.SWITCH,
            _NO_SUDO.format(places("sudo_password")),
        ),
        (napalm.NoRootError, ExitCode.SWITCH, NOT_ROOT),
        (napalm.ConnectionException, ExitCode.SWITCH, ""),
        (napalm.CommandTimeoutException, ExitCode.SWITCH, _LOST),
        (napalm.CommandErrorException, ExitCode.SWITCH, ""),
        (napalm.LockError, ExitCode.REFUSED, "Run the command again, and look at the new plan."),
        (napalm.SessionLockedException, ExitCode.REFUSED, ""),
        (
            napalm.CommitConfirmException,
            ExitCode.REFUSED,
            "See what is pending: vip pending SWITCH",
        ),
        (napalm.MergeConfigException, ExitCode.REFUSED, "Nothing on the switch was touched."),
        (napalm.ReplaceConfigException, ExitCode.REFUSED, "Nothing on the switch was touched."),
        (napalm.CommitRefusedError, ExitCode.REFUSED, ""),
        (napalm.CommitError, ExitCode.ROLLED_BACK, ""),
    )


def of_switch(error: BaseException, switch: str) -> None:
    """Note which switch an exception is about: the driver knows only its address."""
    error.__dict__.setdefault(_SWITCH, switch)


def with_done(error: BaseException, done: str) -> None:
    """Note what was done before an error, for a run that was refused or cancelled."""
    error.__dict__.setdefault(_DONE, done)


def with_advice(error: BaseException, advice: str) -> None:
    """Note what to do about an exception of NAPALM's, where its class alone does not tell."""
    error.__dict__[_ADVICE] = advice


def with_report(error: BaseException, report: Path | None) -> None:
    """Note the path of the report of the run that an exception has ended."""
    if report is not None:
        error.__dict__.setdefault(_REPORT, str(report))


def report_of(error: BaseException) -> str:
    """Return the path of the report of the run that an exception has ended; empty where unknown."""
    return str(getattr(error, _REPORT, ""))


def root_cause(results: MultiResult) -> BaseException | None:
    """Return the exception that made a Nornir task fail, not that of its parent tasks."""
    for result in results:
        if result.exception is not None and not isinstance(result.exception, NornirSubTaskError):
            return result.exception
    return next((r.exception for r in results if r.exception is not None), None)
