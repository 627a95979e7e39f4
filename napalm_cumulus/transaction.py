"""The client's half of a commit: what is sent to the switch, and what its answer means.

The switch's half is ``switch/transaction.sh``; it decides, this module only asks and reads. The
commands here are fixed words and checked ids; everything else travels as files of a tar archive
on stdin, so that nothing of it is ever read by a shell as code.
"""

from __future__ import annotations

import getpass
import io
import re
import secrets
import socket
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources

from napalm.base.exceptions import (
    CommandErrorException,
    CommitConfirmException,
    CommitError,
    LockError,
    SessionLockedException,
)

from napalm_cumulus.configuration import Configuration
from napalm_cumulus.meaning import Address, Change, addresses_of, change_between
from napalm_cumulus.snapshot import Snapshot, encode
from napalm_cumulus.transport import CommandResult, Transport
from napalm_cumulus.validation import unfamiliar_attributes

#: Exit statuses of transaction.sh.
E_INTERNAL, E_CHANGED, E_PENDING, E_FOREIGN, E_NOT_ARMED, E_STAGING = 70, 71, 72, 73, 74, 75
E_NOTHING, E_FAILED, E_INCOMPLETE, E_REFUSED, E_WRITE = 76, 77, 78, 79, 80

#: With these it ends before the candidate is put in place, but for one sentence of E_INTERNAL.
_NOT_BEGUN = (E_INTERNAL, E_NOT_ARMED, E_STAGING)
_GONE = "state has gone"

_ID = re.compile(r"^[0-9a-f]{12}$")
_LINE_LIMIT = 200
# Time for staging and detaching, on top of what ifupdown2 itself may take (LIMIT, three times).
_PATIENCE = 1000.0

_UNPACK = (
    "umask 077; { mkdir -p /run/vipkeeper && chmod 700 /run/vipkeeper && "
    "d=$(mktemp -d /run/vipkeeper/.incoming.XXXXXXXX) && "
    # The last member proves that the archive came whole: a cut connection is the end of stdin too.
    'tar -xf - -C "$d" && [ -e "$d/complete" ]; } || { rm -rf "${d:-/none}"; exit 75; }; '
    'exec sh "$d/transaction.sh" apply "$d"'
)


class CommitRefusedError(CommitError):
    """A commit, or its confirmation, did not begin: by this nothing on the switch was changed."""


@dataclass(frozen=True)
class PendingCommit:
    """A commit that waits on the switch for its confirmation.

    Attributes:
        id: twelve hexadecimal digits.
        owner: who made it (``user@machine``).
        message: why, in the words of the owner; may be empty.
        created: seconds since the epoch, by the switch's clock.
        remaining: seconds until the switch rolls it back; negative while it is doing so.
        mode: ``targeted`` or ``full``.
        interfaces: what it changes.
        state: ``pending``, ``claimed.revert`` or ``claimed.confirm``.
        armed: whether the dead-man's timer is alive.
        diff: what it changes in the files, as a unified diff.
    """

    id: str
    owner: str
    message: str
    created: int
    remaining: int
    mode: str
    interfaces: tuple[str, ...]
    state: str
    armed: bool
    diff: str = ""

    def __str__(self) -> str:
        """One sentence for a person who finds it."""
        why = f" ({self.message})" if self.message else ""
        if self.state == "claimed.confirm":
            when = "is confirmed and being written to the disk"
        elif self.state == "claimed.revert" or self.remaining <= 0:
            when = "is being rolled back"
        else:
            when = f"rolls back in {self.remaining} s"
        return f"commit {self.id} by {self.owner}{why} on {', '.join(self.interfaces)}; it {when}"


@dataclass(frozen=True)
class CommitReport:
    """What became of a commit, as the switch wrote it down.

    Attributes:
        id: the commit.
        mode: ``targeted`` (only the changed interfaces) or ``full`` (``ifreload -a``).
        why_full: what asked for a full reload; empty where targeted.
        interfaces: what it changed.
        result: ``pending``, ``confirmed``, ``reverted``, ``incomplete`` (rolled back, but the
            kernel lacks something it had), or ``unchanged`` (the disk held the candidate).
        applied_ok: the kernel had the candidate.
        reverted_ok: the kernel has the disk's configuration again.
        seconds_applied: what applying took.
        seconds_reverted: what rolling back took; 0 where it was not.
        outage_seconds: from the first change to the end of the rollback, the upper bound of what
            a neighbour may have missed; 0 where it was not rolled back at once.
        problems: where the kernel differed from what was meant.
        log: the last lines of ifupdown2's own output.
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


@dataclass(frozen=True)
class Plan:
    """A commit that has been thought through but not sent.

    Attributes:
        id: a fresh id.
        base: the configuration it starts from, with the hashes that must still hold.
        candidate: the configuration it leads to.
        change: what differs.
        revert_in: seconds of the dead-man's timer.
        bounce: whether the switch rolls back at once after applying.
        owner: who makes it.
        message: why.
    """

    id: str
    base: Snapshot
    candidate: Configuration
    change: Change
    revert_in: int
    bounce: bool
    owner: str
    message: str


def plan(  # noqa: D417 (the arguments are Plan's attributes)
    base: Snapshot,
    candidate: Configuration,
    *,
    revert_in: int,
    bounce: bool = False,
    full_reload: bool = False,
    owner: str = "",
    message: str = "",
) -> Plan:
    """Think a commit through.

    Args:
        full_reload: ``ifreload -a`` even where the changed interfaces alone would do.
    """
    change = change_between(base.disk, candidate)
    if full_reload and change.targeted:
        change = Change(change.interfaces, targeted=False, why_full="asked for")
    return Plan(
        id=secrets.token_hex(6),
        base=base,
        candidate=candidate,
        change=change,
        revert_in=revert_in,
        bounce=bounce,
        owner=_one_line(owner or default_owner()),
        message=_one_line(message),
    )


def default_owner() -> str:
    """Who runs this program, as colleagues know them."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no such user in a container
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def _one_line(text: str) -> str:
    kept = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(kept.split())[:_LINE_LIMIT]


# --- what is sent ---------------------------------------------------------------------------------


def program() -> bytes:
    """The on-switch program."""
    return resources.files("napalm_cumulus").joinpath("switch/transaction.sh").read_bytes()


def request(commit: Plan) -> bytes:
    """The tar archive that ``transaction.sh apply`` works from."""
    disk = commit.base.disk
    changes = disk.changes_to(commit.candidate)
    wishes = expectations(disk, commit.candidate, commit.change)
    files = {
        "transaction.sh": program(),
        "id": f"{commit.id}\n",
        "owner": f"{commit.owner}\n",
        "message": f"{commit.message}\n",
        "revert_in": f"{commit.revert_in}\n",
        "hold": "bounce\n" if commit.bounce else "pending\n",
        "mode": "targeted\n" if commit.change.targeted else "full\n",
        "interfaces": _lines(commit.change.interfaces),
        "manifest": _lines(f"{digest}  {path}" for path, digest in commit.base.manifest.items()),
        "listing": _lines(commit.base.listing),
        "changed": _lines(path for path, text in changes.items() if text is not None),
        "diff": encode(disk.diff_to(commit.candidate) + "\n"),
        "unfamiliar": _lines(
            f"{found.message} {found.path} line {found.line}"
            for found in unfamiliar_attributes(disk, commit.candidate)
        ),
        "removed": _lines(path for path, text in changes.items() if text is None),
        **wishes,
        **{f"new{path}": encode(text) for path, text in changes.items() if text is not None},
        "complete": "",
    }
    return _tar(files)


def expectations(disk: Configuration, candidate: Configuration, change: Change) -> dict[str, str]:
    """What the kernel must have after applying, and after rolling back.

    Returns:
        ``expect.new`` for the changed interfaces under the candidate, ``expect.old`` for the way
        back, ``expect.keep`` for everything a full reload must not take away. A line is
        ``+ device address`` (must be there) or ``- device address`` (must not).
    """
    new: list[str] = []
    old: list[str] = []
    for name in change.interfaces:
        before, after = addresses_of(disk, name), addresses_of(candidate, name)
        if before is None or after is None:
            continue
        new += _wishes(after, before)
        old += _wishes(before, after)
    keep: list[str] = []
    if not change.targeted:
        kept = candidate.auto & disk.auto - set(change.interfaces)
        for name in sorted(kept):
            keep += _wishes(addresses_of(disk, name) or frozenset(), frozenset())
    return {
        "expect.new": _lines(new),
        "expect.old": _lines([*old, *keep]),
        "expect.keep": _lines(keep),
    }


def _wishes(wanted: frozenset[Address], other: frozenset[Address]) -> list[str]:
    return [
        *(f"+ {a.device} {a.address}" for a in sorted(wanted)),
        *(f"- {a.device} {a.address}" for a in sorted(other - wanted)),
    ]


def _lines(items: object) -> str:
    return "".join(f"{item}\n" for item in items)  # type: ignore[attr-defined]


def _tar(files: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o600
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


# --- asking ---------------------------------------------------------------------------------------


def apply(transport: Transport, commit: Plan, switch: str) -> CommitReport:
    """Bring the candidate to the switch's kernel, with the timer armed first.

    Args:
        transport: the session.
        commit: the plan.
        switch: the switch's name, for messages.

    Raises:
        SessionLockedException: another commit is pending.
        LockError: the files changed since they were read, or another manager owns them.
        CommitRefusedError: it did not begin; nothing was changed.
        CommitError: it was not applied as meant and rolled back at once; the switch is as before.
    """
    answer = transport.run(_UNPACK, stdin=request(commit), timeout=_PATIENCE)
    sections = parse_sections(answer.stdout)
    if answer.exit_status in (0, E_FAILED, E_INCOMPLETE) and "progress" in sections:
        report = _report(commit, sections)
        if answer.exit_status == 0:
            return report
        raise _failure(switch, report)
    raise _refusal(switch, answer, sections)


def confirm(transport: Transport, commit_id: str, switch: str) -> None:
    """Write the pending candidate to the disk and disarm the timer.

    Raises:
        CommitConfirmException: nothing is pending any more (the switch has rolled back).
        CommitRefusedError: refused or impossible; the commit stays pending and will be rolled back.
    """
    answer = _verb(transport, "front-confirm", commit_id)
    if answer.exit_status == 0:
        return
    sections = parse_sections(answer.stdout)
    why = " ".join(sections.get("refused", [])) or _said(answer, sections)
    if answer.exit_status == E_NOTHING:
        raise CommitConfirmException(
            f"Commit {commit_id} cannot be confirmed on {switch}: {why} It was not confirmed in "
            "time, or somebody ended it. The switch runs the configuration on its disk."
        )
    raise CommitRefusedError(
        f"Commit {commit_id} on {switch} was not confirmed: {why}. Nothing was written; it stays "
        "pending until its deadline and is rolled back then."
    )


def roll_back(transport: Transport, commit_id: str, switch: str) -> None:
    """Bring the kernel back to the disk's configuration.

    Raises:
        CommitConfirmException: nothing is pending any more.
        CommitError: it was rolled back, but the kernel lacks something it had before.
    """
    answer = _verb(transport, "front-rollback", commit_id)
    if answer.exit_status == 0:
        return
    sections = parse_sections(answer.stdout)
    if answer.exit_status == E_NOTHING:
        raise CommitConfirmException(
            f"Commit {commit_id} cannot be rolled back on {switch}: {_said(answer, sections)}"
        )
    raise CommitError(
        f"The rollback of commit {commit_id} on {switch} ended with exit status "
        f"{answer.exit_status}: {_said(answer, sections)}. Run 'ifreload -a' there and look at "
        "/run/vipkeeper/last/log."
    )


def pending(transport: Transport, switch: str) -> PendingCommit | None:
    """What waits on the switch for its confirmation, if anything.

    Raises:
        CommandErrorException: the switch's answer is not understood.
    """
    answer = transport.run("sh -s status", stdin=program())
    if answer.exit_status != 0:
        raise CommandErrorException(
            f"{switch} was asked for pending commits and answered with exit status "
            f"{answer.exit_status}: {_said(answer, parse_sections(answer.stdout))}"
        )
    sections = parse_sections(answer.stdout)
    return _pending(sections) if "state" in sections else None


def _verb(transport: Transport, verb: str, commit_id: str) -> CommandResult:
    if not _ID.match(commit_id):
        raise CommandErrorException(f"{commit_id!r} is not the id of a commit.")
    return transport.run(f"sh -s {verb} {commit_id}", stdin=program(), timeout=_PATIENCE)


# --- what comes back ------------------------------------------------------------------------------


def parse_sections(output: bytes) -> dict[str, list[str]]:
    r"""The switch's answer: ``== name`` headings with indented lines below.

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


def _pending(sections: Mapping[str, list[str]]) -> PendingCommit:
    def word(name: str) -> str:
        return (sections.get(name) or [""])[0]

    try:
        return PendingCommit(
            id=word("id"),
            owner=word("owner"),
            message=word("message"),
            created=int(word("created") or 0),
            remaining=int(word("remaining") or 0),
            mode=word("mode"),
            interfaces=tuple(sections.get("interfaces", ())),
            state=word("state"),
            armed="armed" in sections,
            diff="\n".join(sections.get("diff", ())),
        )
    except ValueError as error:
        raise CommandErrorException(
            f"The switch's account of its pending commit is not understood: {error}. "
            "Look at /run/vipkeeper there."
        ) from error


def _report(commit: Plan, sections: Mapping[str, list[str]]) -> CommitReport:
    times: dict[str, float] = {}
    for line in sections["progress"]:
        when, _, what = line.partition(" ")
        times[what] = float(when)
    result = (sections.get("result") or ["pending"])[0].split(" ", 1)[0]

    def between(start: str, end: str) -> float:
        return max(0.0, times[end] - times[start]) if {start, end} <= times.keys() else 0.0

    return CommitReport(
        id=commit.id,
        mode="targeted" if commit.change.targeted else "full",
        why_full=commit.change.why_full,
        interfaces=commit.change.interfaces,
        result=result,
        applied_ok=sections.get("apply.status") == ["0"] and not sections.get("unmet.new"),
        reverted_ok=result == "reverted",
        seconds_applied=between("applying", "applied"),
        seconds_reverted=between("reverting", "reverted"),
        outage_seconds=between("applying", "reverted"),
        problems=(*sections.get("unmet.new", ()), *sections.get("unmet.old", ())),
        log=tuple(sections.get("log", ())),
    )


def unchanged(commit: Plan) -> CommitReport:
    """The report of a commit whose candidate is what the disk holds: nothing was done."""
    return replace(_report(commit, {"progress": []}), result="unchanged")


def _failure(switch: str, report: CommitReport) -> CommitError:
    lines = [line for line in report.log if not line.startswith("+ ")]
    details = "; ".join([*report.problems, *lines][:8]) or "no reason given"
    if report.result == "incomplete":
        return CommitError(
            f"Commit {report.id} on {switch} was rolled back, but the kernel lacks something it "
            f"had before: {details}. Run 'ifreload -a' there and look at /run/vipkeeper/last/log."
        )
    return CommitError(
        f"Commit {report.id} on {switch} was not applied as meant and was rolled back; the switch "
        f"is as before. It said: {details}"
    )


def _refusal(switch: str, answer: CommandResult, sections: Mapping[str, list[str]]) -> Exception:
    why = _said(answer, sections).rstrip(".") + "."
    refusal: Exception
    if answer.exit_status == E_PENDING and "state" in sections:
        refusal = SessionLockedException(
            f"Another commit is pending on {switch}: {_pending(sections)}. Nothing was changed. "
            "Wait for it, or confirm it or roll it back: any session on any machine can."
        )
    elif answer.exit_status in (E_CHANGED, E_FOREIGN):
        refusal = LockError(f"{switch} refused the commit: {why} Nothing was changed.")
    elif answer.exit_status in _NOT_BEGUN and _GONE not in why:
        refusal = CommitRefusedError(
            f"The commit on {switch} did not begin (exit status {answer.exit_status}): {why} "
            "Nothing was changed."
        )
    else:
        refusal = CommitError(
            f"What became of the commit on {switch} is not known (exit status "
            f"{answer.exit_status}): {why} The disk was not touched, and the switch goes back to "
            "it by itself; look at /run/vipkeeper there."
        )
    return refusal


def _said(answer: CommandResult, sections: Mapping[str, list[str]]) -> str:
    own = " ".join(sections.get("error", ()))
    stderr = answer.stderr.decode("utf-8", "replace").splitlines()
    said = own or "; ".join(line.strip() for line in stderr if line.strip())
    return said or "no reason given"
