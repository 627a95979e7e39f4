"""Archives that GNU tar makes, and those that are meant to do harm."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from napalm.base.exceptions import CommandErrorException

from napalm_cumulus.commit import last_confirmed
from napalm_cumulus.config import snapshot
from napalm_cumulus.config.archive import ArchiveError, read_archive
from napalm_cumulus.result import CommandResult


class Answers:
    """A switch that answers everything with the same bytes."""

    def __init__(self, stdout: bytes) -> None:
        self.stdout = stdout

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        del stdin, timeout
        return CommandResult(command, 0, self.stdout, b"")

    def is_alive(self) -> bool:
        return True

    def close(self) -> None: ...


def gnu_tar(directory: Path, *arguments: str) -> bytes:
    command = ["tar", "-cf", "-", *arguments, "etc"]
    return subprocess.run(command, cwd=directory, check=True, stdout=subprocess.PIPE).stdout


def member(name: str, data: bytes = b"", **fields: object) -> bytes:
    """One member, without the end of the archive."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.GNU_FORMAT) + data + b"\0" * (-len(data) % 512)


END = b"\0" * 1024


def sparse(size: int) -> bytes:
    """What `tar -S` writes of a file with a hole of ``size`` bytes: 10 KB in all."""
    info = tarfile.TarInfo("etc/network/interfaces")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 0
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"%011o\0" % size + b"00000000000\0"
    block[483:495] = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + END.ljust(10240 - 512, b"\0")


def test_what_gnu_tar_writes_is_read(tmp_path: Path) -> None:
    network = tmp_path / "etc/network"
    (network / "interfaces.d").mkdir(parents=True)
    (network / "interfaces").write_bytes(b"auto lo\n\xff\0")
    (network / "empty").touch()
    (network / "same").hardlink_to(network / "interfaces")
    (network / "to").symlink_to("../elsewhere")
    long = "x" * 120
    (network / "interfaces.d" / long).write_text("long")
    (network / "interfaces.d" / ("l" + long)).symlink_to("t" * 200)
    (network / "é\udcff").write_text("odd")
    found = read_archive(gnu_tar(tmp_path))
    base = "etc/network"
    assert found.files == {
        f"{base}/interfaces": b"auto lo\n\xff\0",
        f"{base}/empty": b"",
        f"{base}/same": b"auto lo\n\xff\0",
        f"{base}/interfaces.d/{long}": b"long",
        f"{base}/é\udcff": b"odd",
    }
    assert found.links == {f"{base}/to": "../elsewhere", f"{base}/interfaces.d/l{long}": "t" * 200}
    ustar = read_archive(gnu_tar(tmp_path, "--format=ustar", "--exclude=*xxx*"))
    assert ustar.files.items() < found.files.items()
    assert ustar.links == {f"{base}/to": "../elsewhere"}


def test_a_sparse_file_of_40_gigabytes_is_a_sentence_and_no_memory(tmp_path: Path) -> None:
    archive = sparse(40 * 10**9)
    with tarfile.open(fileobj=io.BytesIO(archive)) as told:
        assert [info.size for info in told] == [40 * 10**9]
    tracemalloc.start()
    try:
        with pytest.raises(CommandErrorException, match="sparse"):
            snapshot.take(Answers(archive))
        with pytest.raises(CommandErrorException, match="sparse"):
            last_confirmed.read(Answers(archive), "leaf1", b"")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def negative_size() -> bytes:
    block = bytearray(member("etc/network/a"))
    block[124:136] = b"\xff" * 10 + b"\xfe\x00"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + END


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "absolute": (lambda: member("/etc/shadow") + END, "is named"),
    "up": (lambda: member("etc/../../x") + END, "is named"),
    "nameless": (lambda: member("") + END, "is named"),
    "device": (lambda: member("etc/network/a", type=tarfile.CHRTYPE) + END, "device"),
    "pipe": (lambda: member("etc/network/a", type=tarfile.FIFOTYPE) + END, "pipe"),
    "unknown kind": (lambda: member("etc/network/a", type=b"Z") + END, "not known"),
    "hard link to itself": (
        lambda: member("etc/a", type=tarfile.LNKTYPE, linkname="etc/a") + END,
        "hard link",
    ),
    "more claimed than sent": (
        lambda: member("etc/network/a", b"x" * 512)[:512] + END[:100],
        "claims",
    ),
    "a size of 8 EiB": (lambda: member("etc/a", size=2**63 - 1) + END, "not valid|claims"),
    "negative size": (negative_size, "not valid"),
    "name without end": (
        lambda: member("././@LongLink", b"x" * 9000, type=b"L") + member("a") + END,
        "name of 9000",
    ),
    "checksum": (lambda: member("a").replace(b"ustar", b"Ustar") + END, "checksum"),
    "cut": (lambda: member("a", b"x" * 600), "cut off"),
    "empty": (lambda: b"", "cut off"),
    "text": (lambda: b"tar: etc/network: Cannot open\n" * 40, "not valid|checksum"),
    "too many": (lambda: member("a") * 20_001 + END, "20000 members"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_archive_that_is_meant_to_do_harm_is_refused(kind: str) -> None:
    make, said = HOSTILE[kind]
    with pytest.raises(ArchiveError, match=said):
        read_archive(make())


def test_many_links_to_one_file_cost_no_more_than_it() -> None:
    big = b"x" * 5_000_000
    links = b"".join(
        member(f"etc/{n}", type=tarfile.LNKTYPE, linkname="etc/big") for n in range(1_000)
    )
    archive = member("etc/big", big) + links + END
    tracemalloc.start()
    try:
        assert len(read_archive(archive).files) == 1_001
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_links_have_no_place_among_what_a_commit_replaced() -> None:
    names = {"id": b"1\n", "owner": b"me\n", "written": b"", "removed": b""}
    sound = b"".join(member(f"previous/{name}", data) for name, data in names.items())
    assert last_confirmed.read(Answers(sound + END), "leaf1", b"").owner == "me"
    link = member("previous/files/etc/x", type=tarfile.SYMTYPE, linkname="/etc/shadow")
    with pytest.raises(CommandErrorException, match="is a link"):
        last_confirmed.read(Answers(sound + link + END), "leaf1", b"")
