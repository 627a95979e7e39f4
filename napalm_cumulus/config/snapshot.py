"""Reads the files below /etc/network, and a pending commit, in one round trip."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from napalm_cumulus import errors
from napalm_cumulus.config.archive import ArchiveError, read_archive
from napalm_cumulus.config.configuration import (
    NETWORK_DIR,
    Configuration,
    is_read_by,
    source_patterns,
)
from napalm_cumulus.config.marked_text import ConfigurationError
from napalm_cumulus.result import CommandResult
from napalm_cumulus.ssh.transport import Transport

_PENDING = "run/vipkeeper/pending"
# GNU tar: 1 = a file changed while it was read, 2 = something could not be read.
#: The command that reads everything a snapshot consists of.
READ = (
    # Nothing is believed that users other than root can have put there.
    f'cd / && if [ "$(stat -c %u run/vipkeeper 2>/dev/null)" = 0 ] && [ -d {_PENDING}/network ]; '
    f"then set -- {_PENDING}/network; else set --; fi && "
    'tar -cf - etc/network "$@"'
)
#: Prints every file that ifupdown2 reads, among other things.
FILES_READ = "timeout 10 ifquery -v -a 2>&1 >/dev/null </dev/null"
_FILE_READ = re.compile(r"processing interfaces file (.+)")
_SAFE_PATTERN = re.compile(r"^/[A-Za-z0-9_./*?\[\]+@:,=-]+$")
#: What a confirm leaves beside the files after a power cut; nothing reads it, and the next commit
#: removes it.
_LEFT_OVER = re.compile(r"/\.[^/]+\.vipkeeper\.[0-9a-f]+(\.was)?$")
_SAFE_PATH = re.compile(r"^/[^\x00-\x1f\\'\"$`\x7f]+$")


@dataclass(frozen=True)
class Snapshot:
    """The switch's configuration at one instant.

    Attributes:
        disk: the configuration on the disk, used at boot (NAPALM's *startup*).
        pending: the applied configuration while a commit waits for its confirmation, else None.
        manifest: path to SHA-256, of every file that may matter, to notice later edits.
        listing: every file and link below /etc/network, sorted.
    """

    disk: Configuration
    pending: Configuration | None
    manifest: Mapping[str, str]
    listing: tuple[str, ...]

    @property
    def running(self) -> Configuration:
        """Return the configuration that is applied now."""
        return self.pending or self.disk


def take(transport: Transport) -> Snapshot:
    """Read the files.

    Raises:
        CommandErrorException: the files cannot be read (no root, no such directory, odd names).
    """
    archive = _tar(transport, READ)
    disk, pending = archive.below(NETWORK_DIR), archive.below(f"/{_PENDING}/network")
    contents = disk.contents()
    configuration = _configuration(contents)
    directories = _follows_directories(transport, configuration)
    if directories:
        configuration = replace(configuration, directories=True)
    outside = _outside(transport, configuration, contents, disk.leads_out())
    if outside:
        contents |= outside
        contents |= {at: outside[real] for at, real in disk.leads_out().items() if real in outside}
        configuration = _configuration(contents, directories=directories)
    listing = tuple(sorted(disk.names))
    for path in (*contents, *listing):
        if not _SAFE_PATH.match(path):
            raise errors.CommandErrorException(
                f"The name {path!r} below {NETWORK_DIR} has characters that this driver does not "
                "handle; rename that file."
            )
    return Snapshot(
        disk=configuration,
        pending=_configuration(pending.contents() | outside, directories=directories)
        if pending.names
        else None,
        manifest={path: hashlib.sha256(data).hexdigest() for path, data in contents.items()},
        listing=listing,
    )


def encode(text: str) -> bytes:
    """Return the bytes of a file's text, as they were read."""
    return text.encode("utf-8", "surrogateescape")


def _configuration(contents: Mapping[str, bytes], *, directories: bool = False) -> Configuration:
    texts = {path: data.decode("utf-8", "surrogateescape") for path, data in contents.items()}
    return Configuration(texts, directories=directories)


def _follows_directories(transport: Transport, found: Configuration) -> bool:
    """Return whether the switch's ifupdown2 follows ``source-directory`` lines, if there are any.

    Release 3.0 does not, later ones do. ifupdown2 itself tells which files it reads.
    """
    if not any("source-directory" in text for text in found.tree.values()):
        return False
    followed = replace(found, directories=True)
    try:
        lines = [
            line
            for file in followed.files
            for line in file.directives
            if line.keyword == "source-directory"
        ]
        if not lines:
            return False
        read = {file.path for file in found.files}
    except ConfigurationError as error:
        raise errors.CommandErrorException(str(error)) from error
    said = transport.run(FILES_READ).stdout.decode("utf-8", "surrogateescape")
    told = set(_FILE_READ.findall(said))
    return any(is_read_by(line, path) for line in lines for path in told - read)


@dataclass(frozen=True)
class _Archive:
    """Files and links of a tar archive, by absolute path."""

    files: Mapping[str, bytes]
    links: Mapping[str, str]

    @property
    def names(self) -> set[str]:
        return self.files.keys() | self.links.keys()

    def below(self, directory: str) -> _Archive:
        """Return the part below a directory, with the paths that it has in /etc/network."""

        def placed(path: str) -> str:
            return NETWORK_DIR + path[len(directory) :]

        return _Archive(
            {placed(p): d for p, d in self.files.items() if p.startswith(directory + "/")},
            {placed(p): t for p, t in self.links.items() if p.startswith(directory + "/")},
        )

    def contents(self) -> dict[str, bytes]:
        """Return bytes by path; a link inside the tree stands for the file it leads to."""
        within = {path: real for path, real in self._real().items() if real in self.files}
        return {**self.files, **{path: self.files[real] for path, real in within.items()}}

    def leads_out(self) -> dict[str, str]:
        """Return the links that lead elsewhere, with their targets.

        Without ifupdown2's run directory.
        """
        return {
            path: real
            for path, real in self._real().items()
            if not real.startswith((NETWORK_DIR + "/", "/run/", "/dev/"))
        }

    def _real(self) -> dict[str, str]:
        return {
            path: posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            for path, target in self.links.items()
        }


def _tar(transport: Transport, command: str) -> _Archive:
    result: CommandResult | None = None
    for _ in range(2):
        result = transport.run(command)
        if result.exit_status != 1:  # 1: somebody wrote meanwhile; read again
            break
    if result is None or result.exit_status != 0:
        said = result.reason if result else "it was not asked"
        raise errors.CommandErrorException(
            f"The configuration could not be read from {NETWORK_DIR}: {said}"
        )
    try:
        found = read_archive(result.stdout)
    except ArchiveError as error:
        raise errors.CommandErrorException(
            f"The switch's answer to reading {NETWORK_DIR} is not a whole tar archive of files: "
            f"{error}."
        ) from error
    return _Archive(
        {
            path: data
            for name, data in found.files.items()
            if not _LEFT_OVER.search(path := f"/{name}")
        },
        {path: to for name, to in found.links.items() if not _LEFT_OVER.search(path := f"/{name}")},
    )


def _outside(
    transport: Transport,
    configuration: Configuration,
    contents: Mapping[str, bytes],
    links: Mapping[str, str],
) -> dict[str, bytes]:
    """Return the files outside /etc/network that ``source`` lines and links read."""
    found: dict[str, bytes] = {}
    asked: set[str] = set()
    while True:
        read = configuration
        if found:
            read = _configuration({**contents, **found}, directories=configuration.directories)
        wanted = _outside_patterns(read) | set(links.values())
        patterns = wanted - asked
        if not patterns:
            return found
        asked |= patterns
        for pattern in patterns:
            if not _SAFE_PATTERN.match(pattern):
                raise errors.CommandErrorException(
                    f"A 'source' line reads {pattern!r}, a pattern that this driver does not "
                    "handle; use an absolute path of plain characters."
                )
        # The patterns are plain (checked), and the shell has to expand them.
        loop = (
            f'cd / && for f in {" ".join(sorted(patterns))}; do [ -f "$f" ] && '
            'printf "%s\\0" "${f#/}"; done | tar --null -T - -chf -'
        )
        found |= _tar(transport, loop).files


def _outside_patterns(configuration: Configuration) -> set[str]:
    try:
        patterns = {p for file in configuration.files for p in source_patterns(file)}
    except ConfigurationError as error:
        raise errors.CommandErrorException(str(error)) from error
    return {p for p in patterns if not p.startswith(NETWORK_DIR + "/")}
