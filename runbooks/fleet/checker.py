"""``vip check``: look at many switches at once, and judge each one and all of them together."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from inventory.leafs import LeafMemory
from nornir_config.connection import CONNECTION_NAME, drop_connection
from nornir_config.secrets import no_password
from runbooks.fleet.ask import CheckPace, Rounds, SwitchRounds, find_password
from runbooks.fleet.assess import LOGIN_REFUSED, Assessment, CheckOptions, assess, outcome
from runbooks.fleet.progress import Silence
from runbooks.run.records import now
from tasks.faults.model import Finding, Status
from tasks.health.fleet import judge_fleet
from tasks.health.model import FleetHealth

if TYPE_CHECKING:
    from nornir.core.task import MultiResult

    from nornir_config.settings import Settings
    from runbooks.fleet.selection import SelectedSwitches
    from tasks.health.model import SwitchHealth

#: A switch or hypervisor that is missing from the inventory; documented in ``docs/checks.md``.
LEFT_OUT = "left-out"


class Progress(Rounds, Protocol):
    """Shows the progress of a round of checks."""

    def done(self, health: SwitchHealth) -> None:
        """Show the outcome of a switch."""


@dataclass(frozen=True)
class CheckRound:
    """The outcome of one look at all switches.

    Attributes:
        health: the findings.
        assessments: the assessment of each switch, with what a cure needs.
        interrupted: the signal that ended the round; a switch that was not asked is UNKNOWN then.
    """

    health: FleetHealth
    assessments: dict[str, Assessment] = field(default_factory=dict)
    interrupted: str = ""


class Checker:
    """Looks at the same switches once, or repeatedly over kept connections."""

    def __init__(
        self,
        settings: Settings,
        selected: SelectedSwitches,
        looking: CheckOptions,
        pace: CheckPace,
        progress: Progress | None = None,
    ) -> None:
        self._selected = selected
        self._looking = looking
        self._progress = progress or Silence()
        self._assessments: dict[str, Assessment] = {}
        self._asked = False
        self._memory = LeafMemory(settings.paths.cache)
        self._rounds = SwitchRounds(settings, selected.inventory, pace, self._progress, self._take)

    def look(self) -> CheckRound:
        """Look at every switch once."""
        at, began = now(), time.monotonic()
        interrupted = self._ask_all()
        if not interrupted and self._all_refused() and self._find_password():
            interrupted = self._ask_all()
        self._memory.keep(a.leaf for a in self._assessments.values() if a.leaf is not None)
        healths = tuple(self._assessments[name].health for name in sorted(self._assessments))
        found = self._fleet_findings(healths)
        health = FleetHealth(
            at=at,
            switches=healths,
            findings=tuple(f for f in found if f.status is not Status.OK),
            seconds=round(time.monotonic() - began, 3),
            notes=tuple(f for f in found if f.status is Status.OK),
        )
        return CheckRound(health, self._assessments, interrupted)

    def _ask_all(self) -> str:
        self._assessments = {}
        return self._rounds.ask(assess, "check", looking=self._looking)

    def _all_refused(self) -> bool:
        """Return whether every switch refused the login: then the login is wrong, not a switch."""
        return all(
            any(finding.check == LOGIN_REFUSED for finding in assessment.health.findings)
            for assessment in self._assessments.values()
        )

    def _find_password(self) -> bool:
        """Ask for a password, once every login without one has failed.

        Return whether one was found.
        """
        defaults = self._selected.inventory.defaults
        if defaults.password or self._asked:
            return False
        self._asked = True
        if find_password(defaults):
            return True
        self._no_password()
        return False

    def _no_password(self) -> None:
        """Say at each refused login which variable would have held the password."""
        for name, assessment in self._assessments.items():
            findings = tuple(
                replace(f, remedy=no_password(f.evidence)) if f.check == LOGIN_REFUSED else f
                for f in assessment.health.findings
            )
            health = replace(assessment.health, findings=findings)
            self._assessments[name] = replace(assessment, health=health)

    @property
    def connections(self) -> int:
        """Return the number of open connections."""
        hosts = self._selected.inventory.hosts.values()
        return sum(CONNECTION_NAME in host.connections for host in hosts)

    def cancel(self) -> None:
        """End the round that is under way; may be called from a signal handler."""
        self._rounds.cancel()

    def close(self) -> None:
        """Close the connections that were kept."""
        for host in self._selected.inventory.hosts.values():
            drop_connection(host)

    def _take(self, name: str, results: MultiResult) -> None:
        assessment = outcome(self._selected.inventory.hosts[name], results)
        results.clear()  # a failed result holds its traceback, and with it everything that was read
        self._assessments[name] = assessment
        self._progress.done(assessment.health)

    def _fleet_findings(self, healths: tuple[SwitchHealth, ...]) -> tuple[Finding, ...]:
        left_out = [
            Finding(LEFT_OUT, Status.UNKNOWN, "", "", problem, "Mend its entry in that system.")
            for problem in self._selected.left_out
        ]
        judged = judge_fleet(list(healths), strict=self._looking.strict)
        judged = tuple(f for f in judged if self._looking.wants(f.check))
        return (*left_out, *judged)
