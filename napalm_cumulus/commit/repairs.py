"""Repairs: steps on the kernel that restore the configuration on the disk; no file is touched.

They run on the switch in the same program as a commit, under its lock and its dead-man's timer: if
a repair is interrupted, ``ifup`` of its interfaces ends it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from napalm_cumulus import errors
from napalm_cumulus.account import who
from napalm_cumulus.commit import report as answers
from napalm_cumulus.commit import transaction
from napalm_cumulus.commit.repair_steps import IFUP_SAYS, Step, bridges_of, wishes
from napalm_cumulus.config import snapshot
from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.semantics import management_interfaces
from napalm_cumulus.config.snapshot import Snapshot
from napalm_cumulus.redaction import without_secrets
from napalm_cumulus.ssh.transport import Transport

_MOST_CAUSES = 3


@dataclass(frozen=True)
class RepairReport:
    """The outcome of a repair, as the switch recorded it.

    Attributes:
        id: twelve hexadecimal digits.
        steps: its steps, in words.
        interfaces: the stanzas it worked on.
        result: ``repaired``, ``reverted`` (it took something away, and ``ifup`` of the interfaces
            brought it back) or ``incomplete`` (``ifup`` did not bring it back).
        applied_ok: whether every step succeeded, and the kernel has all addresses of the
            interfaces, their virtual MACs, and all their devices up.
        seconds: how long it took on the switch.
        outage_seconds: from the first step that takes something away to the end of the last step,
            an upper bound of a neighbour's outage; 0 where no step takes anything away.
        problems: what the kernel lacks, and which steps failed; then why, in ``ifup``'s own words.
        log: the last lines of the output of the commands.
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
    """The repairs of one switch; the driver's ``repairs`` returns it.

    Args:
        session: returns the open session.
        hostname: the switch's name, for messages and to find the interface it is managed by.
        owner: the owner of the repairs; empty for the user of this program.
        allow_management: whether to repair the interface that the switch is managed by, too.
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

        They run there in one program that needs neither this session nor this process. At its end
        the kernel is checked against the configuration on the disk. What a step took away and did
        not give back is brought back at once.

        Args:
            steps: the steps (``napalm_cumulus.commit.repair_steps``).
            message: the reason; kept on the switch while the repair runs.
            revert_in: seconds after which the switch itself restores the configuration on the disk,
                if the repair has not ended by then.

        Raises:
            CommitRefusedError: the repair did not begin; nothing was changed.
            SessionLockedException: a commit or another repair is pending; the message names its
                owner.
            LockError: another program manages the files, or they changed at this moment.
            CommitError: it took something away; the switch brought it back, or the message says
                what not.
        """
        seconds = transaction.require_revert_in(revert_in)
        if not steps:
            raise errors.CommitRefusedError("A repair without steps changes nothing.")
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
        """Return the stanzas that the steps work on.

        Raises:
            CommitRefusedError: a stanza is not configured, or is the one that manages the switch.
        """
        named = tuple(dict.fromkeys(name for step in steps for name in step.interfaces))
        for name in named:
            if not _is_described(disk, name) and not bridges_of(disk, name):
                raise errors.CommitRefusedError(
                    f"{self._hostname} has no interface {name} in its configuration, so it is not "
                    "known how it should be; nothing was changed."
                )
        touched = management_interfaces(disk, self._hostname) & set(named)
        if touched and not self._allow_management:
            raise errors.CommitRefusedError(
                f"{', '.join(sorted(touched))} is what {self._hostname} is managed by; nothing was "
                "changed. If that is meant: the optional argument allow_management_change, and the "
                "console at hand."
            )
        return named


def _files(
    base: Snapshot, steps: Sequence[Step], interfaces: tuple[str, ...]
) -> dict[str, str | bytes]:
    """Return the members of the archive, except owner, message and time."""
    taken = [_with_bridges(base.disk, step) for step in steps]
    # This brings everything back if the repair is interrupted.
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
        "diff": transaction.lines(_words(taken)),
        "steps": transaction.lines(step.line for step in taken),
        "expect.new": wanted,
        "expect.old": wanted,
        "expect.keep": "",
    }


def _words(steps: Iterable[Step]) -> tuple[str, ...]:
    """Return what the steps do, in words and without repetitions."""
    return tuple(dict.fromkeys(step.words for step in steps))


def _is_described(disk: Configuration, name: str) -> bool:
    """Return whether a stanza may describe an interface.

    What a template makes only the switch knows: it refuses what its own ifquery does not find.
    """
    return name in disk.counted or any(file.is_template for file in disk.files)


def _with_bridges(disk: Configuration, step: Step) -> Step:
    """Return the step with stanzas that exist.

    A port is reapplied together with its bridge: ``ifup`` of the port does not put it back into the
    bridge. A port without a stanza of its own, only named in a bridge, is brought up by the bridge.
    """
    bridges = [name for port in step.interfaces for name in bridges_of(disk, port)]
    named = [name for name in step.interfaces if _is_described(disk, name)]
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
    if problems:
        problems += _causes(sections.get("log", ()))
    return RepairReport(
        id=repair_id,
        steps=_words(steps),
        interfaces=interfaces,
        result=result,
        applied_ok=result == "repaired" and not problems,
        seconds=max(0.0, ending - times.get("applying", ending)),
        outage_seconds=0.0 if disturbed is None else max(0.0, settled - disturbed),
        problems=problems,
        log=tuple(map(without_secrets, sections.get("log", ()))),
    )


def _causes(log: Iterable[str]) -> tuple[str, ...]:
    """Return why a stanza was not applied, as ifupdown2 printed it."""
    errors = dict.fromkeys(line for line in log if line.startswith("error: "))
    return tuple(f"{IFUP_SAYS}{line.removeprefix('error: ')}" for line in errors)[:_MOST_CAUSES]


def _failure(switch: str, report: RepairReport) -> errors.CommitError:
    lines = [line for line in report.log if not line.startswith("+ ")]
    details = "; ".join([*report.problems, *lines][:8]) or "it was cut off"
    causes = [problem for problem in report.problems if problem.startswith(IFUP_SAYS)]
    lacking = [problem for problem in report.problems if problem not in causes]
    lost = answers.only_put_back(switch, f"Repair {report.id}", lacking)
    if lost is not None:
        return errors.CommitError("; ".join([str(lost).rstrip("."), *causes]) + ".")
    if report.result == "reverted":
        return errors.CommitError(
            f"Repair {report.id} on {switch} did not succeed, and the switch has restored "
            f"the configuration on its disk. It said: {details}"
        )
    return errors.CommitError(
        f"Repair {report.id} on {switch} took something away that ifup did not bring back: "
        f"{details}. Run 'ifreload -a' there and look at /run/vipkeeper/last/log."
    )
