"""The files that the newest confirmed commit replaced; the switch keeps them for a rollback."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from napalm.base.exceptions import CommandErrorException, CommitError, LockError

from napalm_cumulus.commit import report as answers
from napalm_cumulus.config.archive import ArchiveError, read_archive
from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.snapshot import Snapshot, encode
from napalm_cumulus.ssh.transport import Transport


@dataclass(frozen=True)
class Previous:
    """The files as they were before the newest confirmed commit.

    Attributes:
        id: that commit's id.
        owner: that commit's owner.
        files: path to text, of every file that it replaced or removed.
        written: path to SHA-256, of every file that it wrote.
        removed: the files that it removed.
    """

    id: str
    owner: str
    files: Mapping[str, str]
    written: Mapping[str, str]
    removed: tuple[str, ...]

    def restored(self, base: Snapshot, switch: str) -> Configuration:
        """Return the switch's configuration with that commit undone.

        Args:
            base: the present configuration of the switch.
            switch: its name, for messages.

        Raises:
            LockError: the files were changed since that commit.
        """
        changed = [
            path
            for path, digest in self.written.items()
            if _digest(base.disk.tree.get(path)) != digest
        ]
        changed += [path for path in self.removed if path in base.disk.tree]
        if changed:
            raise LockError(
                f"{', '.join(changed)} on {switch} changed after commit {self.id} by {self.owner}, "
                "so that commit cannot be undone; load the configuration that is wanted instead."
            )
        kept = {path: text for path, text in base.disk.tree.items() if path not in self.written}
        return replace(base.disk, tree={**kept, **self.files})


def read(transport: Transport, switch: str, program: bytes) -> Previous:
    """Ask the switch for the files that its newest confirmed commit replaced.

    Args:
        transport: the session.
        switch: its name, for messages.
        program: the on-switch program. It first settles a confirm that a power cut interrupted.

    Raises:
        CommitError: no commit was ever confirmed there.
        CommandErrorException: the switch's answer is not understood.
    """
    answer = transport.run("sh -s previous", stdin=program)
    if answer.exit_status != 0:
        raise CommandErrorException(
            f"{switch} was asked what its newest commit replaced and answered with exit status "
            f"{answer.exit_status}: {answers.said(answer, answers.parse_sections(answer.stdout))}"
        )
    if not answer.stdout:
        raise CommitError(
            f"There is nothing to roll back on {switch}: no commit is pending, and none was "
            "ever confirmed."
        )
    try:
        found = read_archive(answer.stdout)
        if found.links:
            raise ArchiveError(f"{next(iter(found.links))!r} is a link")
        members = {name.removeprefix("previous/"): data for name, data in found.files.items()}
        written = [line.split(" ", 1) for line in _lines(members["written"])]
        return Previous(
            id=_lines(members["id"])[0],
            owner=_lines(members["owner"])[0],
            files={
                name.removeprefix("files"): data.decode("utf-8", "surrogateescape")
                for name, data in members.items()
                if name.startswith("files/")
            },
            written={path: digest for digest, path in written},
            removed=tuple(_lines(members["removed"])),
        )
    except (KeyError, IndexError, ValueError) as error:
        raise CommandErrorException(
            f"What {switch} keeps of its newest commit is not understood ({error!r}): look at "
            "/var/lib/vipkeeper/previous there."
        ) from error


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "surrogateescape").splitlines()


def _digest(text: str | None) -> str:
    return "" if text is None else hashlib.sha256(encode(text)).hexdigest()
