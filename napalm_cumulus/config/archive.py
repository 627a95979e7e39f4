"""Reads a tar archive that a switch sends; it may be broken, or made to do harm.

Python's ``tarfile`` believes what an archive says of itself: 10 KB of a sparse file are 40 GB once
read, a negative size is read again and again, and hard links multiply their contents. GNU tar, as
it is called here, writes none of that. So this reader knows files, directories, links and long
names. It returns slices of the data and nothing more, and refuses everything else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_BLOCK = 512
_MAX_MEMBERS = 20_000
_MAX_NAME = 4096  # PATH_MAX
_FILES = {b"0", b"\0", b"7"}
_HARD_LINK, _LINK, _DIRECTORY = b"1", b"2", b"5"
_LONG_NAME, _LONG_TARGET = b"L", b"K"
_OTHERS = {b"3": "a device", b"4": "a device", b"6": "a pipe", b"S": "a sparse file"}


class ArchiveError(ValueError):
    """It is not an archive that GNU tar makes of configuration files; the text says why."""


@dataclass
class Archive:
    """The contents of an archive, by the names in it: relative, without ``..``.

    Attributes:
        files: the contents of files; a hard link has those of the file that it names.
        links: the targets of symbolic links, unchanged.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


def read_archive(data: bytes) -> Archive:
    """Return all members of an archive, in time and memory proportional to its length.

    Raises:
        ArchiveError: it is truncated, or has unexpected members.
    """
    found = Archive()
    position = 0
    long_name: bytes | None = None
    long_target: bytes | None = None
    for _ in range(_MAX_MEMBERS):
        header = data[position : position + _BLOCK]
        if len(header) < _BLOCK:
            raise ArchiveError("it is cut off")
        if not header.strip(b"\0"):
            return found
        kind, size = header[156:157], _size(header)
        position += _BLOCK
        body = data[position : position + size]
        if len(body) < size:
            raise ArchiveError(f"a member claims {size} bytes, and {len(body)} follow")
        position += -(-size // _BLOCK) * _BLOCK
        if kind in {_LONG_NAME, _LONG_TARGET}:
            if size > _MAX_NAME:
                raise ArchiveError(f"a name of {size} bytes")
            if kind == _LONG_NAME:
                long_name = body
            else:
                long_target = body
            continue
        name = _name(_short_name(header) if long_name is None else long_name)
        target = _text(header[157:257] if long_target is None else long_target)
        long_name = long_target = None
        _keep(found, kind, name, target, body)
    raise ArchiveError(f"more than {_MAX_MEMBERS} members")


def _keep(found: Archive, kind: bytes, name: str, target: str, body: bytes) -> None:
    if kind in _FILES:
        content = body
    elif kind == _HARD_LINK:
        if target not in found.files:
            raise ArchiveError(f"{name!r} is a hard link to {target!r}, which is not before it")
        content = found.files[target]
    elif kind == _LINK:
        found.links[name] = target
        found.files.pop(name, None)
        return
    elif kind == _DIRECTORY:
        return
    else:
        raise ArchiveError(f"{name!r} is {_OTHERS.get(kind, 'of a kind that is not known here')}")
    found.files[name] = content
    found.links.pop(name, None)


def _size(header: bytes) -> int:
    told = _octal(header[148:156])
    if told != sum(header) - sum(header[148:156]) + 8 * ord(" "):
        raise ArchiveError("the checksum of a member is wrong")
    return _octal(header[124:136])


def _octal(text: bytes) -> int:
    digits = text.split(b"\0", 1)[0].strip(b" ")
    if not digits or digits.strip(b"01234567"):
        raise ArchiveError("a number in it is not valid")
    return int(digits, 8)


def _short_name(header: bytes) -> bytes:
    name = header[:100].split(b"\0", 1)[0]
    if header[257:263] != b"ustar\0":
        return name
    prefix = header[345:500].split(b"\0", 1)[0]
    return prefix + b"/" + name if prefix else name


def _text(field_: bytes) -> str:
    return field_.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _name(field_: bytes) -> str:
    name = _text(field_).rstrip("/")
    if not name or name.startswith("/") or ".." in name.split("/"):
        raise ArchiveError(f"a member is named {name[:200]!r}")
    return name
