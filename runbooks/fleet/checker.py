"""``vip check``: look at many switches at once, and judge each and all of them together."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from napalm_cumulus.account import who
from nornir_config.connection import CONNECTION_NAME, drop_connection
from nornir_config.init import init_nornir
from nornir_config.runner.errors import FleetInterrupt
from nornir_config.runner.fleet import FleetRunner
from nornir_config.secrets import get_secret
from runbooks.fleet.assess import LOGIN_REFUSED, Assessment, CheckOptions, assess, outcome
from runbooks.run.records import now
from tasks.faults.model import Finding, Status
from tasks.health.fleet import judge_fleet
from tasks.health.model import FleetHealth

if TYPE_CHECKING:
    from nornir.core.task import MultiResult

    from nornir_config.settings import Settings
    from runbooks.fleet.selection import SelectedSwitches
    from tasks.health.model import SwitchHealth

#: A switch or hypervisor that should be in the inventory and cannot be; in ``docs/checks.md``.
LEFT_OUT = "left-out"


class Progress(Protocol):
    """Is told how far a round has come."""

    def begin(self, total: int) -> None:
        """A round of so many switches begins."""

    def done(self, health: SwitchHealth) -> None:
        """A switch has its outcome."""

    def end(self) -> None:
        """The round is over."""


class Silence:
    """Tells nobody."""

    def begin(self, total: int) -> None:
        """Do nothing."""

    def done(self, health: SwitchHealth) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class CheckPace:
    """How fast, and how long at most; None takes the settings'.

    Attributes:
        workers: switches at once.
        deadline: seconds for all of them.
    """

    workers: int | None = None
    deadline: float | None = None


@dataclass(frozen=True)
class CheckRound:
    """The outcome of one look at all switches.

    Attributes:
        health: what was found.
        assessments: the same by switch, with what a cure needs.
        interrupted: which signal ended it early; who was not asked is UNKNOWN then.
    """

    health: FleetHealth
    assessments: dict[str, Assessment] = field(default_factory=dict)
    interrupted: str = ""


class Checker:
    """Looks at the same switches once, or again and again over kept connections."""

    def __init__(
        self,
        settings: Settings,
        selected: SelectedSwitches,
        looking: CheckOptions,
        pace: CheckPace = CheckPace(),
        progress: Progress | None = None,
    ) -> None:
        self._selected = selected
        self._looking = looking
        self._progress = progress or Silence()
        self._assessments: dict[str, Assessment] = {}
        self._asked = False
        self._runner = FleetRunner(
            pace.workers or settings.workers,
            deadline=pace.deadline or settings.check.deadline,
            host_deadline=settings.check.switch_deadline,
            # Nothing is changed: at Ctrl-C nobody needs to be waited for.
            wait_on_cancel=False,
            on_result=self._take,
        )
        self._nornir = init_nornir(
            settings, inventory=selected.inventory, owner=who(), runner=self._runner
        )

    def look(self) -> CheckRound:
        """Look at every switch once."""
        at, began = now(), time.monotonic()
        interrupted = self._ask_all()
        if not interrupted and self._all_refused() and self._find_password():
            interrupted = self._ask_all()
        healths = tuple(self._assessments[name].health for name in sorted(self._assessments))
        health = FleetHealth(
            at=at,
            switches=healths,
            findings=self._fleet_findings(healths),
            seconds=round(time.monotonic() - began, 3),
        )
        return CheckRound(health, self._assessments, interrupted)

    def _ask_all(self) -> str:
        """Ask every switch; gives which signal ended it early, if one did."""
        self._assessments = {}
        # Nornir skips a host that failed once, in silence and for ever.
        self._nornir.data.reset_failed_hosts()
        self._progress.begin(len(self._selected.inventory.hosts))
        try:
            self._nornir.run(task=assess, name="check", looking=self._looking)
        except FleetInterrupt as interrupt:
            return interrupt.by
        finally:
            self._progress.end()
        return ""

    def _all_refused(self) -> bool:
        """Whether no switch let us in: then it is the login, and no switch."""
        return all(
            any(finding.check == LOGIN_REFUSED for finding in assessment.health.findings)
            for assessment in self._assessments.values()
        )

    def _find_password(self) -> bool:
        """Look for a password where it is only looked when a login without it has failed."""
        defaults = self._selected.inventory.defaults
        if defaults.password or self._asked:
            return False
        self._asked = True
        question = f"Password of {defaults.username or 'the user'} on the switches: "
        password = get_secret("ssh_password", use_keyring=True, prompt=question)
        if password is None:
            return False
        defaults.password = password.get_secret_value()
        return True

    @property
    def connections(self) -> int:
        """How many connections are open."""
        hosts = self._selected.inventory.hosts.values()
        return sum(CONNECTION_NAME in host.connections for host in hosts)

    def cancel(self) -> None:
        """Cut a round that is under way short; may be called from a signal handler."""
        self._runner.cancel()

    def close(self) -> None:
        """Close the connections that were kept."""
        for host in self._selected.inventory.hosts.values():
            drop_connection(host)

    def _take(self, name: str, results: MultiResult) -> None:
        assessment = outcome(self._selected.inventory.hosts[name], results)
        results.clear()  # a failed one holds its traceback, and with it all that was read
        self._assessments[name] = assessment
        self._progress.done(assessment.health)

    def _fleet_findings(self, healths: tuple[SwitchHealth, ...]) -> tuple[Finding, ...]:
        left_out = [
            Finding(LEFT_OUT, Status.UNKNOWN, "", "", problem, "Mend its entry in that system.")
            for problem in self._selected.left_out
        ]
        judged = [f for f in judge_fleet(list(healths)) if self._looking.wants(f.check)]
        return (*left_out, *judged)
