"""Writing files whole, and the journal that ends what a power cut interrupts (confirm, replace,
journal.sh). A cut is the end of the program at a step of its own record.
"""

from __future__ import annotations

import pytest

from tests.unit.napalm_cumulus.commit.switch.conftest import ID, Program

#: Two files that change, one that is new, and one that is removed.
OLD = {"interfaces": "old a\n", "b": "old b\n", "gone": "old\n"}
CANDIDATE = {"interfaces": "new a\n", "b": "new b\n", "made": "new\n"}
CONFIRMED, WRITE, MIXED = 0, 80, 81
CONFIRM = 'T=$D/claimed.confirm; mv -T "$D/pending" "$T"; finish_confirm'
PREPARE = "prepare_files && keep_previous && prepare_journal || echo not prepared\n"


@pytest.fixture
def disk(program: Program) -> Program:
    """A commit that is about to be confirmed: everything is pending, nothing is on the disk."""
    network = program.place / "network"
    program.write({f"network/{name}": text for name, text in OLD.items()})
    program.write({f"run/pending/new{network}/{name}": text for name, text in CANDIDATE.items()})
    program.keep(
        {
            "changed": "".join(f"{network}/{name}\n" for name in CANDIDATE),
            "removed": f"{network}/gone\n",
            "transaction.sh": "",
            "deadline": "99999999\n",
            "hold": "pending\n",
            "expect.new": "",
        }
    )
    program.run('chmod 640 "$NETWORK/interfaces"; cd /; sha256sum "$NETWORK"/* >"$T/manifest"')
    return program


def on_disk(program: Program) -> dict[str, str]:
    """The files of the configuration, without what lies beside them."""
    found = (program.place / "network").iterdir()
    return {path.name: path.read_text() for path in found if not path.name.startswith(".")}


def beside(program: Program) -> list[str]:
    return [p.name for p in (program.place / "network").iterdir() if p.name.startswith(".")]


def test_all_is_written_and_nothing_is_left_beside_it(disk: Program) -> None:
    said = disk.run(f"{PREPARE}{CONFIRM}")
    assert (said.status, said.out) == (CONFIRMED, "")
    assert on_disk(disk) == CANDIDATE
    assert beside(disk) == []
    assert (disk.place / "network/interfaces").stat().st_mode & 0o777 == 0o640
    assert (disk.place / "network/made").stat().st_mode & 0o777 == 0o644
    assert disk.read("run/last/result") == "confirmed by alice@seat\n"
    assert not (disk.place / "lib/confirm").exists()
    previous = {
        p.name: p.read_text()
        for p in (disk.place / "lib/previous").rglob("*")
        if p.is_file() and "files" in p.parts
    }
    assert previous == OLD


def test_before_all_is_prepared_no_file_is_touched(disk: Program) -> None:
    said = disk.run(f'{PREPARE}cat "$V/confirm/changed" | wc -l; cat "$T/absent"')
    assert on_disk(disk) == OLD
    assert said.lines == ["3", f"{disk.place}/network/made"]
    assert len(beside(disk)) == 5, "three new texts and two second names"


def test_a_link_is_written_through(disk: Program) -> None:
    said = disk.run(
        'mv "$NETWORK/b" "$W/real"; ln -s "$W/real" "$NETWORK/b"\n'
        f'({PREPARE}{CONFIRM}); [ -L "$NETWORK/b" ] && cat "$W/real"; ls -A "$W" | grep vipkeeper'
    )
    assert said.lines == ["new b"]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ('echo x >"$NETWORK/b"', "b was changed by somebody else just now"),
        (': >"$NETWORK/made"', "made was made by somebody else just now"),
        ('echo x >>"$NETWORK/gone"', "gone was edited by somebody else"),
    ],
)
def test_an_edit_at_the_last_moment_gives_the_commit_back(
    disk: Program, edit: str, words: str
) -> None:
    said = disk.run(f"{PREPARE}{edit}\n{CONFIRM}")
    assert said.status == WRITE
    assert words in disk.read("run/pending/refused")
    assert on_disk(disk)["interfaces"] == OLD["interfaces"]
    assert set(on_disk(disk)) >= {"interfaces", "b", "gone"}
    assert beside(disk) == []
    assert not (disk.place / "lib/confirm").exists()


def test_a_rename_that_fails_is_undone(disk: Program) -> None:
    disk.write(
        {
            "bin/mv": '#!/bin/sh\ncase "$*" in *"/b.vipkeeper."*) :;; esac\n'
            '[ "${4##*/}" != b ] || [ "$1" != -f ] || { echo mv: no space >&2; exit 1; }\n'
            'exec /bin/mv "$@"\n'
        }
    )
    said = disk.run(f"{PREPARE}{CONFIRM}")
    assert said.status == WRITE
    assert "no space" in disk.read("run/pending/refused")
    assert on_disk(disk) == OLD
    assert beside(disk) == []


def test_files_that_can_be_neither_written_nor_put_back_are_named(disk: Program) -> None:
    disk.write(
        {
            "bin/mv": '#!/bin/sh\ncase "${4##*/}" in b) echo mv: no space >&2; exit 1;;\n'
            'interfaces) [ "${3%.was}" = "$3" ] || { echo mv: read-only >&2; exit 1; };; esac\n'
            'exec /bin/mv "$@"\n'
        }
    )
    said = disk.run(f"{PREPARE}{CONFIRM}")
    assert said.status == MIXED
    assert disk.read("run/last/result").startswith("mixed ")
    (line,) = disk.read("run/last/mixed").splitlines()
    assert line == f"{disk.place}/network/interfaces holds the new text: mv: read-only"


@pytest.mark.parametrize(
    "step",
    [
        "written $NETWORK/interfaces",
        "written $NETWORK/b",
        "written $NETWORK/made",
        "removed $NETWORK/gone",
    ],
)
def test_a_power_cut_between_two_files_is_finished_at_the_boot(disk: Program, step: str) -> None:
    disk.cut(f"{PREPARE}{CONFIRM}", step)
    assert disk.read("lib/confirm/direction") == "forward\n"
    assert on_disk(disk) != OLD
    said = disk.run('rm -r "$D"; boot_alone; echo $?')
    assert said.out == "0\n"
    assert on_disk(disk) == CANDIDATE
    assert beside(disk) == []
    assert "is finished now" in disk.spoken
    assert not (disk.place / "lib/confirm").exists()


@pytest.mark.parametrize(
    "step",
    ["restored $NETWORK/interfaces", "restored $NETWORK/made", "brought back $NETWORK/gone"],
)
def test_a_power_cut_on_the_way_back_ends_with_the_old_files(disk: Program, step: str) -> None:
    spoilt = "check_written() { echo spoilt; false; }\n"
    disk.cut(f"{PREPARE}{spoilt}{CONFIRM}", step)
    assert disk.read("lib/confirm/direction") == "back\n"
    said = disk.run('rm -r "$D"; boot_alone; echo $?')
    assert said.out == "0\n"
    assert on_disk(disk) == OLD
    assert beside(disk) == []
    assert "the old files are in place" in disk.spoken


def test_a_power_cut_before_the_first_rename_is_dropped(disk: Program) -> None:
    disk.run(PREPARE)
    assert disk.run('rm -r "$D"; boot_alone; echo $?').out == "0\n"
    assert on_disk(disk) == OLD
    assert beside(disk) == []
    assert "before it began" in disk.spoken


def test_beside_a_confirm_at_work_the_boot_unit_does_nothing(disk: Program) -> None:
    said = disk.run(f'{PREPARE}(boot_alone); echo $?; [ -d "$V/confirm" ] && echo kept')
    assert said.lines == ["0", "kept"]
    assert len(beside(disk)) == 5


@pytest.mark.parametrize("step", ["confirming", "written $NETWORK/b", "removed $NETWORK/gone"])
def test_a_confirm_that_was_killed_goes_on_where_it_was(disk: Program, step: str) -> None:
    disk.cut(f"{PREPARE}{CONFIRM}", step)
    said = disk.run(f"VERB=confirm; cmd_confirm {ID}")
    assert said.status == CONFIRMED
    assert on_disk(disk) == CANDIDATE
    assert beside(disk) == []
    assert disk.read("run/last/result").startswith("confirmed ")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ('echo 5 >"$T/deadline"', "its time was over"),
        ('echo bounce >"$T/hold"', "made to be taken back"),
        ('echo "+ lo UP" >"$T/expect.new"', "the kernel no longer has the candidate"),
        ('echo x >>"$NETWORK/b"', "the files on disk were changed"),
        ('echo manifest >"$T/damaged"', "its state on the switch is damaged (manifest)"),
    ],
)
def test_what_is_not_confirmed(disk: Program, spoil: str, words: str) -> None:
    said = disk.run(f"{spoil}\ncmd_confirm {ID}")
    assert said.status in {79, 84}
    assert words in disk.read("run/pending/refused")
    assert set(on_disk(disk)) == set(OLD)
    assert on_disk(disk)["interfaces"] == "old a\n"
    assert beside(disk) == []


def test_another_commit_is_not_confirmed(disk: Program) -> None:
    assert disk.run("cmd_confirm ba9876543210").status == 76
    assert on_disk(disk) == OLD


def test_what_a_confirm_replaced_is_given_back_as_an_archive(disk: Program) -> None:
    disk.run(f"{PREPARE}{CONFIRM}")
    said = disk.run("cmd_previous | tar -tf - | grep -c files/.*network/.")
    assert said.out == "3\n"


#: A power cut once the first of the new files is in place: what lay in /run is gone.
_CUT = (
    f"{PREPARE}"
    'turn forward; mv "$(prepared "$NETWORK/b")" "$NETWORK/b"; rm -rf "$D"; mkdir -p "$D"\n'
)


def test_what_a_confirm_replaced_survives_a_power_cut_in_it(disk: Program) -> None:
    """The boot finishes the confirm, and a rollback of it is possible afterwards."""
    said = disk.run(f'{_CUT}boot_alone\ncat "$V/previous/id" "$V/previous/owner"; ls "$V"')
    assert on_disk(disk) == CANDIDATE
    identity, owner, *left = said.lines
    assert (len(identity), owner, left) == (12, "alice@seat", ["previous"])
    written = disk.read("lib/previous/written").splitlines()
    assert [line.rpartition("/")[2] for line in written] == list(CANDIDATE)
    assert all(len(line.split(" ")[0]) == 64 for line in written)


def test_it_is_on_the_disk_before_the_first_new_file_is(disk: Program) -> None:
    """Not flushed, its ``id`` and ``written`` were empty after a power cut."""
    said = disk.run(
        'sync() { printf "%s\\n" "$@" >>"$W/synced"; }\n'
        'find() { command find "$1" | while read -r each; do sync "$each"; done; }\n'
        f"{PREPARE}"
        'command find "$V/previous.new" | sort >"$W/kept"\n'
        'sort -u "$W/synced" | comm -23 "$W/kept" -'
    )
    assert said.lines == []
    assert "previous.new/written" in disk.read("kept")
