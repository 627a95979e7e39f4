"""The client's part of a commit: what is sent to the switch; ``report.py`` reads its answers.

The switch's part is the program of ``switch/*.sh``. The program decides; this module only asks and
reads. The commands here are fixed words and checked ids. Everything else is sent as files of a tar
archive on stdin, so no shell ever reads any of it as code.
"""

from __future__ import annotations

import io
import re
import secrets
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from napalm_cumulus import errors, values
from napalm_cumulus.account import who
from napalm_cumulus.commit import report as answers
from napalm_cumulus.commit.report import CommitReport, PendingCommit
from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.dependencies import brought_up
from napalm_cumulus.config.semantics import (
    Address,
    Change,
    addresses_of,
    change_between,
    macvlan_name,
)
from napalm_cumulus.config.snapshot import Snapshot, encode
from napalm_cumulus.patterns import INTERFACE
from napalm_cumulus.result import CommandResult
from napalm_cumulus.ssh.transport import Transport

_ID = re.compile(r"^[0-9a-f]{12}$")
#: The name of a device that is one word for a shell, and not an option for a command.
_NAME = re.compile(INTERFACE)
_LINE_LIMIT = 200
#: The limits of a dead-man's timer in seconds; the program has the same one (LONGEST).
SHORTEST_REVERT_IN, LONGEST_REVERT_IN = 1, 7 * 24 * 3600
#: The parts of the on-switch program, in order: the last line of ``main`` starts it.
PARTS = (
    *("base", "kernel", "links", "lock", "alive", "timer", "restorable", "put_back", "repair"),
    *("refuse", "apply", "back", "confirm", "replace", "journal", "answer", "main"),
)
_PATIENCE = 1000.0  # staging and detaching, beside three times ifupdown2's own limit (LIMIT)

_UNPACK = (
    # Nothing is written below a directory that somebody else could have made (``require_own``).
    "umask 077; r=/run/vipkeeper; s() { stat -c '%u %a %F' $r 2>/dev/null; }; "
    '[ -n "$(s)" ] || mkdir -m 700 -p $r || exit 75; '
    """case $(s) in '0 7'[0145][0145]' directory') ;; *) printf '== error\\n %s was not made by """
    "this program (owner, mode and kind: %s). Look who made it, and remove it.\\n' "
    '$r "$(s)"; exit 73 ;; esac; '
    "{ chmod 700 $r && d=$(mktemp -d $r/.incoming.XXXXXXXX) && "
    # The last member proves that the archive is complete: a lost connection also ends stdin.
    'tar -xf - -C "$d" && [ -e "$d/complete" ]; } || { rm -rf "${d:-/none}"; exit 75; }; '
    'exec sh "$d/transaction.sh" apply "$d"'
)


@dataclass(frozen=True)
class Plan:
    """A commit that is planned but not sent.

    Attributes:
        id: a fresh id.
        base: the configuration it starts from, with hashes that must still match.
        candidate: the configuration it leads to.
        change: the difference of the two.
        revert_in: seconds of the dead-man's timer.
        bounce: whether the switch rolls back at once after applying.
        owner: its owner.
        message: the reason.
        remarks: what the checks of the candidate said, shown in front of its diff.
    """

    id: str
    base: Snapshot
    candidate: Configuration
    change: Change
    revert_in: int
    bounce: bool
    owner: str
    message: str
    remarks: tuple[str, ...] = ()


def plan(  # noqa: D417 (the arguments are Plan's attributes)
    base: Snapshot,
    candidate: Configuration,
    *,
    revert_in: int,
    bounce: bool = False,
    full_reload: bool = False,
    owner: str = "",
    message: str = "",
    remarks: tuple[str, ...] = (),
) -> Plan:
    """Plan a commit.

    Args:
        full_reload: run ``ifreload -a`` even where the changed interfaces alone would do.
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
        owner=one_line(owner or who()),
        message=one_line(message),
        remarks=remarks,
    )


def require_revert_in(seconds: object) -> int:
    """Return the seconds of a dead-man's timer.

    Raises:
        CommitError: it is not a whole number, or out of bounds (milliseconds, a point in time).
    """
    try:
        return values.whole(seconds, "revert_in", SHORTEST_REVERT_IN, LONGEST_REVERT_IN)
    except values.UnfitValueError:
        raise errors.CommitError(
            f"revert_in is a whole number of seconds, {SHORTEST_REVERT_IN} to {LONGEST_REVERT_IN} "
            f"(7 days), not {values.shown(seconds)}; nothing was changed."
        ) from None


def require_message(message: object) -> str:
    """Return the reason for a change; None counts as an empty one, anything else is refused."""
    with values.refused_as(errors.CommitError):
        return "" if message is None else values.text(message, "message")


def one_line(text: str) -> str:
    """Return a text as one line for the switch's state: printable and not too long."""
    kept = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(kept.split())[:_LINE_LIMIT]


# --- what is sent ---------------------------------------------------------------------------------


@cache
def program() -> bytes:
    """Return the on-switch program, its parts joined: one file for the timer and the boot."""
    parts = resources.files("napalm_cumulus.commit").joinpath("switch")
    return b"\n".join(parts.joinpath(f"{name}.sh").read_bytes() for name in PARTS)


def request(commit: Plan) -> bytes:
    """Return the tar archive for ``transaction.sh apply``."""
    return archive(commit_files(commit))


def commit_files(commit: Plan) -> dict[str, str | bytes]:
    """Return the members of a commit's archive, without those that every archive has."""
    disk = commit.base.disk
    changes = disk.changes_to(commit.candidate)
    return {
        "id": f"{commit.id}\n",
        "owner": f"{commit.owner}\n",
        "message": f"{commit.message}\n",
        "revert_in": f"{commit.revert_in}\n",
        "hold": "bounce\n" if commit.bounce else "pending\n",
        "mode": "targeted\n" if commit.change.targeted else "full\n",
        "interfaces": lines(commit.change.interfaces),
        "manifest": lines(f"{digest}  {path}" for path, digest in commit.base.manifest.items()),
        "listing": lines(commit.base.listing),
        "changed": lines(path for path, text in changes.items() if text is not None),
        "diff": encode(lines(commit.remarks) + disk.diff_to(commit.candidate) + "\n"),
        "removed": lines(path for path, text in changes.items() if text is None),
        **traces(disk, commit.candidate, commit.change),
        **expectations(disk, commit.candidate, commit.change),
        **{f"new{path}": encode(text) for path, text in changes.items() if text is not None},
    }


def expectations(disk: Configuration, candidate: Configuration, change: Change) -> dict[str, str]:
    """Return what the kernel must have after applying, and after rolling back.

    Returns:
        ``expect.new`` for the changed interfaces under the candidate, ``expect.old`` for the
        rollback, ``expect.keep`` for everything that a full reload must keep. A line is
        ``+ device address`` (must be there) or ``- device address`` (must not).
    """
    new: list[str] = []
    old: list[str] = []
    up = brought_up(candidate)
    for name in change.interfaces:
        before, after = addresses_of(disk, name), addresses_of(candidate, name)
        passed_over = name not in disk.counted and name not in up  # the remarks say so
        if passed_over or before is None or after is None:
            continue
        new += _wishes(after, before)
        old += _wishes(before, after)
    keep: list[str] = []
    if not change.targeted:
        kept = candidate.auto & disk.auto - set(change.interfaces)
        for name in sorted(kept):
            keep += _wishes(addresses_of(disk, name) or frozenset(), frozenset())
    return {
        "expect.new": lines(new),
        "expect.old": lines([*old, *keep]),
        "expect.keep": lines(keep),
    }


def traces(disk: Configuration, candidate: Configuration, change: Change) -> dict[str, str]:
    """Return names that tell the change's own devices and addresses from those of others.

    Returns:
        ``added``: the interfaces that only the candidate has, or brings up. ``gone``: those that
        only the disk has. ``named``: every name in the changed stanzas, which may be that of a
        device that they make. ``held``: every address in the configuration on the disk, as ``device
        address``, or ``device *`` where the text does not tell. ``devices``: every device in the
        configuration on the disk, even if it is missing before the change. ``size``: the number of
        interfaces, and how many of them change.
    """
    before, after = disk.counted.keys(), candidate.counted.keys()
    brought_up = (candidate.auto - disk.auto) & after
    named: set[str] = set()
    for configuration in (disk, candidate):
        for name in change.interfaces:
            named |= {name, macvlan_name(name, 0).removesuffix("-v0")}
            for at in configuration.counted.get(name, ()):
                named.update(word for a in at.stanza.attributes for word in a.value.split())
    held: list[str] = []
    devices: set[str] = set()
    for name, stanzas in disk.counted.items():
        if name not in brought_up:
            virtual = sum(len(at.stanza.values("address-virtual")) for at in stanzas)
            devices |= {name, *(macvlan_name(name, number) for number in range(virtual))}
        found = addresses_of(disk, name)
        held += [f"{name} *"] if found is None else [f"{a.device} {a.address}" for a in found]
    return {
        "added": lines(sorted(filter(_NAME.fullmatch, (after - before) | brought_up))),
        "gone": lines(sorted(filter(_NAME.fullmatch, before - after))),
        "named": lines(sorted(filter(_NAME.fullmatch, named))),
        "held": lines(sorted(held)),
        "devices": lines(sorted(filter(_NAME.fullmatch, devices))),
        "size": f"{len(before | after)} {len(change.interfaces)}\n",
    }


def _wishes(wanted: frozenset[Address], other: frozenset[Address]) -> list[str]:
    return [
        *(f"+ {a.device} {a.address}" for a in sorted(wanted)),
        *(f"- {a.device} {a.address}" for a in sorted(other - wanted)),
    ]


def lines(items: Iterable[object]) -> str:
    """Return each item on a line of its own."""
    return "".join(f"{item}\n" for item in items)


def archive(files: Mapping[str, str | bytes]) -> bytes:
    """Return the files as a tar archive: the program first, the mark of completeness last."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as made:
        for name, content in {"transaction.sh": program(), **files, "complete": ""}.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o600
            made.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


# --- asking ---------------------------------------------------------------------------------------


def send(transport: Transport, files: Mapping[str, str | bytes]) -> CommandResult:
    """Send an archive to the switch, apply it there, and return the answer."""
    return transport.run(_UNPACK, stdin=archive(files), timeout=_PATIENCE)


def apply(transport: Transport, commit: Plan, switch: str) -> CommitReport:
    """Apply the candidate to the switch's kernel, with the timer armed first.

    Args:
        transport: the session.
        commit: the plan of the commit.
        switch: the switch's name, for messages.

    Raises:
        SessionLockedException: another commit is pending.
        LockError: the files changed since they were read, or another program manages them.
        CommitRefusedError: the commit did not begin; nothing was changed.
        CommitError: the commit was not applied as meant and was rolled back; the switch is as
            before.
    """
    answer = send(transport, commit_files(commit))
    sections = answers.parse_sections(answer.stdout)
    if answer.exit_status in (0, answers.E_FAILED, answers.E_INCOMPLETE) and "progress" in sections:
        report = answers.report_of(commit.id, commit.change, sections, commit.remarks)
        if answer.exit_status == 0:
            return report
        raise answers.failure(switch, report, sections)
    raise answers.refusal(switch, answer, sections)


def confirm(transport: Transport, commit_id: str, switch: str) -> None:
    """Write the pending candidate to the disk and disarm the timer.

    Raises:
        CommitConfirmException: nothing is pending any more (the switch has rolled back), or the
            time is over.
        CommitRefusedError: it was refused or impossible; the commit stays pending until its
            deadline.
        MixedDiskError: it failed half way and could not be undone.
    """
    answer = _verb(transport, "front-confirm", commit_id)
    if answer.exit_status == 0:
        return
    sections = answers.parse_sections(answer.stdout)
    why = " ".join(sections.get("refused", [])) or answers.said(answer, sections)
    why = why.rstrip(".") + "."
    if answer.exit_status == answers.E_LATE:
        raise errors.CommitConfirmException(
            f"Commit {commit_id} on {switch} was not confirmed: {why} Nothing was written. If the "
            "timer does not roll it back within seconds, the timer is dead: end it with a rollback."
        )
    if answer.exit_status == answers.E_MIXED:
        raise answers.mixed(commit_id, switch, why, sections)
    if answer.exit_status == answers.E_NOTHING:
        raise errors.CommitConfirmException(
            f"Commit {commit_id} cannot be confirmed on {switch}: {why} "
            + answers.how_it_ended(sections)
        )
    if answer.exit_status in (answers.E_REFUSED, answers.E_WRITE):
        refused = answer.exit_status == answers.E_REFUSED
        raise errors.CommitRefusedError(
            f"Commit {commit_id} on {switch} was not confirmed: {why} "
            f"{'Nothing was written' if refused else 'The files are as before'}; it stays pending "
            "until its deadline and is rolled back then."
        )
    raise errors.CommitError(
        f"It is not known whether commit {commit_id} on {switch} was confirmed (exit status "
        f"{answer.exit_status}): {why} Ask 'vip pending', and look at /run/vipkeeper there."
    )


def roll_back(transport: Transport, commit_id: str, switch: str) -> None:
    """Roll the kernel back to the configuration on the disk.

    Raises:
        CommitConfirmException: nothing is pending any more.
        CommitError: it was rolled back, but the kernel lacks something it had before.
    """
    answer = _verb(transport, "front-rollback", commit_id)
    if answer.exit_status == 0:
        return
    sections = answers.parse_sections(answer.stdout)
    why = answers.said(answer, sections)
    if answer.exit_status == answers.E_NOTHING:
        raise errors.CommitConfirmException(
            f"Commit {commit_id} cannot be rolled back on {switch}: {why}"
        )
    why = "; ".join(sections.get("unmet.old", ())) or why
    raise errors.CommitError(
        f"The rollback of commit {commit_id} on {switch} ended with exit status "
        f"{answer.exit_status}: {why}. Run 'ifreload -a' there and look at "
        "/run/vipkeeper/last/log."
    )


def pending(transport: Transport, switch: str) -> PendingCommit | None:
    """Return the commit that waits for its confirmation on the switch, or None.

    Raises:
        CommandErrorException: the switch's answer is not understood.
    """
    answer = transport.run("sh -s status", stdin=program())
    if answer.exit_status != 0:
        raise errors.CommandErrorException(
            f"{switch} was asked for pending commits and answered with exit status "
            f"{answer.exit_status}: {answers.said(answer, answers.parse_sections(answer.stdout))}"
        )
    sections = answers.parse_sections(answer.stdout)
    return answers.pending_of(sections) if "state" in sections else None


def _verb(transport: Transport, verb: str, commit_id: str) -> CommandResult:
    if not _ID.match(commit_id):
        raise errors.CommandErrorException(f"{commit_id!r} is not the id of a commit.")
    return transport.run(f"sh -s {verb} {commit_id}", stdin=program(), timeout=_PATIENCE)
