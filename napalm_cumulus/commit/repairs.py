"""Repairs: steps on the kernel that bring it back to what the disk says; no file is touched.

They run in the same program on the switch as a commit, under its lock and its dead-man's timer: if
a repair is interrupted, ``ifup`` of the interfaces that it worked on ends it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from napalm.base.exceptions import CommitError

from napalm_cumulus.account import who
from napalm_cumulus.commit import report as answers
from napalm_cumulus.commit import transaction
from napalm_cumulus.commit.repair_steps import Step, bridges_of, wishes
from napalm_cumulus.config import snapshot
from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.semantics import management_interfaces
from napalm_cumulus.config.snapshot import Snapshot
from napalm_cumulus.errors import CommitRefusedError
from napalm_cumulus.ssh.transport import Transport


@dataclass(frozen=True)
class RepairReport:
    """What became of a repair, as the switch wrote it down.

    Attributes:
        id: twelve hexadecimal digits.
        steps: what was done, in words.
        interfaces: the stanzas concerned.
        result: ``repaired``, ``reverted`` (it took something away, and ``ifup`` of the interfaces
            brought it back) or ``incomplete`` (that did not bring it back).
        applied_ok: every step succeeded, and the kernel has all addresses of the interfaces, their
            virtual MACs, and all their devices up.
        seconds: what all of it took on the switch.
        outage_seconds: from the first step that takes something away to the end of the last step,
            the upper bound of what a neighbour may have missed; 0 where none does.
        problems: what the kernel lacks, and which steps failed.
        log: the last lines of what the commands said.
    """

    id: str
    steps: tuple[str, ...]
    interfaces: tuple[str, ...]
    result: str
    applied_ok: bool
    seconds: float
    outage_seconds: float
    problems: tuple[str, ...]
    log: tuple[str, ...]


class Repairs:
    """The repairs of one switch; the driver's ``repairs`` makes it.

    Args:
        session: gives the open session.
        hostname: the switch's, for messages and to know the interface it is managed by.
        owner: who repairs; empty for the user of this program.
        allow_management: also repair the interface that the switch is managed by.
    """

    def __init__(
        self,
        session: Callable[[], Transport],
        hostname: str,
        owner: str = "",
        *,
        allow_management: bool = False,
    ) -> None:
        self._session = session
        self._hostname = hostname
        self._owner = owner
        self._allow_management = allow_management

    def carry_out(
        self, steps: Sequence[Step], *, message: str = "", revert_in: int = 60
    ) -> RepairReport:
        """Carry out the steps on the switch, with its dead-man's timer armed first.

        They run there in one program that needs neither this session nor this process. When it
        ends the kernel is checked against the disk's configuration; what a step took away and did
        not give back is brought back at once.

        Args:
            steps: what to do (``napalm_cumulus.commit.repair_steps``).
            message: why; kept on the switch while it goes on.
            revert_in: seconds after which the switch itself brings the kernel back to the disk's
                configuration, should the repair not have ended by then.

        Raises:
            CommitRefusedError: it did not begin; nothing was changed.
            SessionLockedException: a commit or another repair is pending; its owner is named.
            LockError: the files are not ours, or changed this instant.
            CommitError: it took something away; the switch has brought it back, or says what not.
        """
        seconds = transaction.require_revert_in(revert_in)
        if not steps:
            raise CommitRefusedError("A repair without steps changes nothing.")
        base = snapshot.take(self._session())
        interfaces = self._interfaces(base.disk, steps)
        repair_id = secrets.token_hex(6)
        files = _files(base, steps, interfaces) | {
            "id": f"{repair_id}\n",
            "owner": f"{transaction.one_line(self._owner or who())}\n",
            "message": f"{transaction.one_line(transaction.require_message(message))}\n",
            "revert_in": f"{seconds}\n",
        }
        return self._send(repair_id, files, steps, interfaces)

    def _send(
        self,
        repair_id: str,
        files: Mapping[str, str | bytes],
        steps: Sequence[Step],
        interfaces: tuple[str, ...],
    ) -> RepairReport:
        answer = transaction.send(self._session(), files)
        sections = answers.parse_sections(answer.stdout)
        begun = (0, answers.E_FAILED, answers.E_INCOMPLETE)
        if answer.exit_status not in begun or "progress" not in sections:
            raise answers.refusal(self._hostname, answer, sections)
        report = _report(repair_id, steps, interfaces, sections)
        if answer.exit_status != 0:
            raise _failure(self._hostname, report)
        return report

    def _interfaces(self, disk: Configuration, steps: Sequence[Step]) -> tuple[str, ...]:
        """Return the stanzas that the steps concern.

        Raises:
            CommitRefusedError: one is not configured, or manages the switch.
        """
        named = tuple(dict.fromkeys(name for step in steps for name in step.interfaces))
        for name in named:
            if name not in disk.counted and not bridges_of(disk, name):
                raise CommitRefusedError(
                    f"{self._hostname} has no interface {name} in its configuration, so that "
                    "nothing says how it should be; nothing was changed."
                )
        touched = management_interfaces(disk, self._hostname) & set(named)
        if touched and not self._allow_management:
            raise CommitRefusedError(
                f"{', '.join(sorted(touched))} is what {self._hostname} is managed by; nothing was "
                "changed. If that is meant: the optional argument allow_management_change, and the "
                "console at hand."
            )
        return named


def _files(
    base: Snapshot, steps: Sequence[Step], interfaces: tuple[str, ...]
) -> dict[str, str | bytes]:
    """Return the members of the archive that are not about who and when."""
    taken = [_with_bridges(base.disk, step) for step in steps]
    # What brings everything back, should the repair be cut off.
    undo = tuple(dict.fromkeys(name for step in taken for name in step.interfaces))
    wanted = transaction.lines(wishes(base.disk, interfaces))
    return {
        "hold": "repair\n",
        "mode": "targeted\n",
        "interfaces": transaction.lines(undo),
        "manifest": transaction.lines(f"{sha}  {path}" for path, sha in base.manifest.items()),
        "listing": transaction.lines(base.listing),
        "changed": "",
        "removed": "",
        "unfamiliar": "",
        "diff": transaction.lines(_words(taken)),
        "steps": transaction.lines(step.line for step in taken),
        "expect.new": wanted,
        "expect.old": wanted,
        "expect.keep": "",
    }


def _words(steps: Iterable[Step]) -> tuple[str, ...]:
    """Return what the steps do, each thing said once."""
    return tuple(dict.fromkeys(step.words for step in steps))


def _with_bridges(disk: Configuration, step: Step) -> Step:
    """Return the step with stanzas that there are.

    A reapply of a port goes with its bridge: ``ifup`` of the port does not put it back. A port
    that has no stanza of its own, only a place in a bridge, is the bridge's to bring up.
    """
    bridges = [name for port in step.interfaces for name in bridges_of(disk, port)]
    named = [name for name in step.interfaces if name in disk.counted]
    names = tuple(dict.fromkeys((*named, *sorted(bridges))))
    if step.verb == "reapply":
        return Step("reapply", names, names, f"ifup {' '.join(names)}, devices up")
    return step if named else replace(step, interfaces=names)


def _report(
    repair_id: str,
    steps: Sequence[Step],
    interfaces: tuple[str, ...],
    sections: Mapping[str, list[str]],
) -> RepairReport:
    times = answers.times_of(sections)
    ending = max(times.values())
    result = (sections.get("result") or ["incomplete"])[0].split(" ", 1)[0]
    disturbed = times.get("disturbing")
    settled = times.get("settled", ending) if result == "repaired" else ending
    lacking = sections.get("unmet.old") if result == "incomplete" else sections.get("unmet.new")
    problems = (*sections.get("failed", ()), *(lacking or ()), *answers.put_back(sections))
    return RepairReport(
        id=repair_id,
        steps=_words(steps),
        interfaces=interfaces,
        result=result,
        applied_ok=result == "repaired" and not problems,
        seconds=max(0.0, ending - times.get("applying", ending)),
        outage_seconds=0.0 if disturbed is None else max(0.0, settled - disturbed),
        problems=problems,
        log=tuple(sections.get("log", ())),
    )


def _failure(switch: str, report: RepairReport) -> CommitError:
    lines = [line for line in report.log if not line.startswith("+ ")]
    details = "; ".join([*report.problems, *lines][:8]) or "it was cut off"
    lost = answers.only_put_back(switch, f"Repair {report.id}", report.problems)
    if lost is not None:
        return lost
    if report.result == "reverted":
        return CommitError(
            f"Repair {report.id} on {switch} did not go as meant, and the switch has gone back to "
            f"the configuration on its disk. It said: {details}"
        )
    return CommitError(
        f"Repair {report.id} on {switch} took something away that ifup did not bring back: "
        f"{details}. Run 'ifreload -a' there and look at /run/vipkeeper/last/log."
    )
