"""The switch's answers about commits, turned into reports and errors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from napalm_cumulus import errors
from napalm_cumulus.config.semantics import Change
from napalm_cumulus.redaction import without_secrets
from napalm_cumulus.result import CommandResult, ended

#: Exit statuses of the on-switch program (``switch/base.sh``).
E_INTERNAL, E_CHANGED, E_PENDING, E_FOREIGN, E_NOT_ARMED, E_STAGING = 70, 71, 72, 73, 74, 75
E_NOTHING, E_FAILED, E_INCOMPLETE, E_REFUSED, E_WRITE, E_MIXED = 76, 77, 78, 79, 80, 81
E_LATE, E_TOO_SHORT = 84, 85

#: Before each thing that the files no longer gave after a change, and the switch put back itself.
PUT_BACK = "put back by ip, for the files do not give it any more: "

#: With these the program ends before the candidate is applied, but for one text of E_INTERNAL.
_NOT_BEGUN = (E_INTERNAL, E_NOT_ARMED, E_STAGING, E_TOO_SHORT)
_GONE = "state has gone"
_SECONDS = re.compile(r"^[0-9]{1,12}(\.[0-9]{1,9})?\Z")
_CLOCK_DIGITS = 16
_SHOWN_OF_A_LINE = 300


@dataclass(frozen=True)
class PendingCommit:
    """A commit that waits on the switch for its confirmation.

    Attributes:
        id: twelve hexadecimal digits.
        owner: its owner (``user@machine``).
        message: the owner's reason; may be empty.
        created: seconds since the epoch, by the switch's clock.
        remaining: seconds until the switch rolls it back; negative after that time.
        mode: ``targeted`` or ``full``.
        interfaces: the interfaces that it changes.
        state: ``pending``, ``claimed.revert`` or ``claimed.confirm``.
        armed: whether the dead-man's timer, or a program that it started, will end it; None where
            the switch could not tell.
        diff: the changes of the files, as a unified diff.
        damaged: unreadable parts of its state on the switch; it can only be rolled back then.
        hold: ``pending`` waits for a confirmation; ``bounce`` (a toggle) and ``repair`` end by
            themselves, and cannot be confirmed.
    """

    id: str
    owner: str
    message: str
    created: int
    remaining: int
    mode: str
    interfaces: tuple[str, ...]
    state: str
    armed: bool | None
    diff: str = ""
    damaged: tuple[str, ...] = ()
    hold: str = "pending"

    @property
    def noun(self) -> str:
        """Return what it is: a commit or a repair."""
        return "repair" if self.hold == "repair" else "commit"

    @property
    def ends_itself(self) -> bool:
        """Return whether it is under way and waits for nobody: there is nothing to confirm."""
        return self.hold in {"bounce", "repair"} and self.armed is not False and not self.damaged

    def __str__(self) -> str:
        """Return a sentence for the person who finds the commit."""
        why = f" ({self.message})" if self.message else ""
        if self.armed is False:
            # A confirm that was interrupted is continued by another confirm.
            verb = "confirm" if self.state == "claimed.confirm" else "rollback"
            when = f"does not end by itself, because its timer is dead: run vip {verb}"
        elif self.state == "claimed.confirm":
            when = "is being confirmed: its files are being written"
        elif self.state == "claimed.revert" or self.remaining <= 0:
            when = "is being rolled back"
        elif self.ends_itself:
            when = f"is under way and ends by itself, at the latest in {self.remaining} s"
        else:
            when = f"rolls back in {self.remaining} s"
        if self.armed is None:
            when += " (if its timer is alive, which the switch does not tell)"
        if self.damaged:
            when += (
                f"; its state on the switch is damaged ({', '.join(self.damaged)}): roll it back, "
                "which reloads everything"
            )
        return (
            f"{self.noun} {self.id} by {self.owner}{why} on {', '.join(self.interfaces)}; it {when}"
        )


@dataclass(frozen=True)
class CommitReport:
    """The outcome of a commit, as the switch recorded it.

    Attributes:
        id: the commit's id.
        mode: ``targeted`` (only the changed interfaces) or ``full`` (``ifreload -a``).
        why_full: the reason for a full reload; empty where targeted.
        interfaces: the interfaces that it changed.
        result: ``pending``, ``confirmed``, ``reverted``, ``incomplete`` (rolled back, but the
            kernel lacks something it had before), ``mixed`` (the kernel has the candidate, the disk
            has some new and some old files; ``problems`` names them), or ``unchanged`` (the disk
            already had the candidate).
        applied_ok: whether the kernel had the candidate.
        reverted_ok: whether the kernel has the configuration on the disk again.
        seconds_applied: how long applying took.
        seconds_reverted: how long rolling back took; 0 where it was not rolled back.
        outage_seconds: from the first change to the end of the rollback, an upper bound of a
            neighbour's outage; 0 where it was not rolled back at once.
        problems: the differences between the kernel and the candidate.
        log: the last lines of ifupdown2's own output.
        remarks: what was odd in the candidate (``# warning: ...``), and what was wrong and was
            accepted (``# overridden: ...``).
    """

    id: str
    mode: str
    why_full: str
    interfaces: tuple[str, ...]
    result: str
    applied_ok: bool
    reverted_ok: bool
    seconds_applied: float
    seconds_reverted: float
    outage_seconds: float
    problems: tuple[str, ...]
    log: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def parse_sections(output: bytes) -> dict[str, list[str]]:
    r"""Return the switch's answer: ``== name`` headings with indented lines below.

    >>> parse_sections(b"== result\n reverted by request\n== log\n")
    {'result': ['reverted by request'], 'log': []}
    """
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in output.decode("utf-8", "replace").splitlines():
        if line.startswith("== "):
            current = sections.setdefault(line[3:], [])
        elif line.startswith(" "):
            current.append(line[1:])
    return sections


def pending_of(sections: Mapping[str, list[str]]) -> PendingCommit:
    """Return the pending commit in the switch's answer.

    Raises:
        CommandErrorException: the answer is not understood.
    """

    def word(name: str) -> str:
        return (sections.get(name) or [""])[0]

    created = word("created")
    try:
        remaining = int(word("remaining") or 0)
    except ValueError as error:
        raise errors.CommandErrorException(
            f"The switch's description of its pending commit is not understood: {error}. "
            "Look at /run/vipkeeper there."
        ) from error
    return PendingCommit(
        id=word("id"),
        owner=word("owner"),
        message=word("message"),
        created=int(created) if created.isdecimal() and len(created) < _CLOCK_DIGITS else 0,
        remaining=remaining,
        mode=word("mode"),
        interfaces=tuple(sections.get("interfaces", ())),
        state=word("state"),
        armed={"yes": True, "unknown": None}.get(word("armed"), False),
        diff="\n".join(sections.get("diff", ())),
        damaged=tuple(dict.fromkeys(sections.get("damaged", ()))),
        hold=word("hold") or "pending",
    )


def times_of(sections: Mapping[str, list[str]]) -> dict[str, float]:
    """Return when each step was taken, in seconds since the switch's boot.

    Of a step that was taken several times the first counts for ``disturbing``, otherwise the last.
    """
    times: dict[str, float] = {}
    for line in sections["progress"]:
        when, _, what = line.partition(" ")
        if not _SECONDS.match(when):  # truncated by a full disk
            continue
        if what != "disturbing" or what not in times:
            times[what] = float(when)
    return times


def report_of(
    commit_id: str,
    change: Change,
    sections: Mapping[str, list[str]],
    remarks: tuple[str, ...] = (),
) -> CommitReport:
    """Return the report of a commit from the switch's answer."""
    times = times_of(sections)
    result = (sections.get("result") or ["pending"])[0].split(" ", 1)[0]

    def between(start: str, end: str) -> float:
        return max(0.0, times[end] - times[start]) if {start, end} <= times.keys() else 0.0

    return CommitReport(
        id=commit_id,
        mode="targeted" if change.targeted else "full",
        why_full=change.why_full,
        interfaces=change.interfaces,
        result=result,
        applied_ok=sections.get("apply.status") == ["0"] and not sections.get("unmet.new"),
        reverted_ok=result == "reverted",
        seconds_applied=between("applying", "applied"),
        seconds_reverted=between("reverting", "reverted"),
        outage_seconds=between("applying", "reverted"),
        problems=(
            *sections.get("unmet.new", ()),
            *sections.get("unmet.old", ()),
            *put_back(sections),
        ),
        log=tuple(map(without_secrets, sections.get("log", ()))),
        remarks=remarks,
    )


def put_back(sections: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Return everything that the switch put back without its files, each as a problem.

    >>> put_back({"restored": ["vlan453-v0 10.0.0.1/24"]})
    ('put back by ip, for the files do not give it any more: vlan453-v0 10.0.0.1/24',)
    """
    return tuple(f"{PUT_BACK}{what}" for what in sections.get("restored", ()))


def only_put_back(switch: str, what: str, problems: Sequence[str]) -> errors.CommitError | None:
    """Return the error of a change that its files alone did not undo; None where more is wrong."""
    if not problems or not all(problem.startswith(PUT_BACK) for problem in problems):
        return None
    items = ", ".join(problem.removeprefix(PUT_BACK) for problem in problems)
    return errors.CommitError(
        f"{what} on {switch} was taken back, but the files in /etc/network no longer give what was "
        f"there before: they were changed while it went on. It was put back by ip: {items}. The "
        "next ifreload or reboot loses it: correct the files, then run 'ifreload -a'."
    )


def unchanged(commit_id: str, change: Change) -> CommitReport:
    """Return the report of a commit whose candidate the disk already had: nothing was done."""
    return replace(report_of(commit_id, change, {"progress": []}), result="unchanged")


def failure(
    switch: str, report: CommitReport, sections: Mapping[str, list[str]] | None = None
) -> errors.CommitError:
    """Return the error of a commit that was begun and rolled back.

    Args:
        switch: its name.
        report: its report.
        sections: the switch's answer; it tells how ifupdown2 ended where ifupdown2 printed nothing.
    """
    lines = [line[:_SHOWN_OF_A_LINE] for line in report.log if not line.startswith("+ ")]
    details = "; ".join([*report.problems, *lines][:8]) or _how_ended(sections or {})
    lost = only_put_back(switch, f"Commit {report.id}", report.problems)
    if lost is not None:
        return lost
    if report.result == "incomplete":
        return errors.CommitError(
            f"Commit {report.id} on {switch} was rolled back, but the kernel is not as before: "
            f"{details}. Run 'ifreload -a' there and look at /run/vipkeeper/last/log."
        )
    if not report.reverted_ok:
        return errors.CommitError(
            f"Commit {report.id} on {switch} was not applied as meant, and the switch has not "
            f"recorded that it was rolled back: {details}. Ask 'vip pending', and look at "
            "/run/vipkeeper there."
        )
    return errors.CommitError(
        f"Commit {report.id} on {switch} was not applied as meant and was rolled back; the switch "
        f"is as before. It said: {details}"
    )


def mixed(
    commit_id: str, switch: str, why: str, sections: Mapping[str, list[str]]
) -> errors.MixedDiskError:
    """Return the error of a confirm that could neither be finished nor undone."""
    problems = tuple(sections.get("mixed", ()))
    return errors.MixedDiskError(
        f"Commit {commit_id} on {switch} was not confirmed: {why} Nor could all files be put back, "
        f"so that the disk holds a mixture: {'; '.join(problems) or 'no file was named'}. The "
        "kernel has the candidate, and no timer runs. Put these files right before the next "
        "reboot (docs/recovery.md, 'The disk holds a mixture').",
        problems,
    )


def how_it_ended(sections: Mapping[str, list[str]]) -> str:
    """Return, in words, how a commit ended that can no longer be confirmed."""
    result = (sections.get("result") or [""])[0].split(" ", 1)[0]
    if result == "reverted":
        return "It was rolled back: the switch runs the configuration on its disk."
    if result == "incomplete":
        lacking = "; ".join(sections.get("unmet.old", ()))
        return f"It was rolled back, but the kernel lacks something that it had before: {lacking}."
    if result == "confirmed":
        return "Another session has confirmed it."
    return (
        "It was not confirmed in time, or somebody ended it. The switch rolls back, or has rolled "
        "back, to the configuration on its disk."
    )


def _how_ended(sections: Mapping[str, list[str]]) -> str:
    """Return, in words, how applying ended when nothing was printed about it."""
    status = (sections.get("apply.status") or [""])[0]
    result = (sections.get("result") or [""])[0]
    how = ended(int(status)) if status.isascii() and status.isdigit() else "it said nothing"
    return f"ifupdown2: {how}" + (f"; the commit's end: {result}" if result else "")


def refusal(switch: str, answer: CommandResult, sections: Mapping[str, list[str]]) -> Exception:
    """Return the error of a commit that did not begin."""
    why = said(answer, sections).rstrip(".") + "."
    refusal: Exception
    if answer.exit_status == E_PENDING and "state" in sections:
        waiting = pending_of(sections)
        if waiting.ends_itself:
            state, advice = "under way", "Wait until it has ended, then look again."
        elif waiting.armed is False:
            state, advice = "pending", "Any session on any machine can end it."
        else:
            state = "pending"
            advice = "Wait for it, or confirm it or roll it back: any session on any machine can."
        refusal = errors.SessionLockedException(
            f"Another {waiting.noun} is {state} on {switch}: {waiting}. Nothing was changed. "
            f"{advice}"
        )
    elif answer.exit_status in (E_CHANGED, E_FOREIGN):
        refusal = errors.LockError(f"{switch} refused the commit: {why} Nothing was changed.")
    elif answer.exit_status in _NOT_BEGUN and _GONE not in why:
        refusal = errors.CommitRefusedError(
            f"The commit on {switch} did not begin (exit status {answer.exit_status}): {why} "
            "Nothing was changed."
        )
    else:
        refusal = errors.CommitError(
            f"It is not known what became of the commit on {switch} (exit status "
            f"{answer.exit_status}): {why} The disk was not touched, and the switch goes back to "
            "it by itself; look at /run/vipkeeper there."
        )
    return refusal


def said(answer: CommandResult, sections: Mapping[str, list[str]]) -> str:
    """Return the reason, in the switch's own words."""
    own = " ".join(sections.get("error", ()))
    return without_secrets(own or answer.reason)
