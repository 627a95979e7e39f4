"""The memory of the leafs that were looked at."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

import pytest

from inventory.leafs import Leaf, LeafMemory, leaf_of

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=timezone.utc)


def leaf(number: int = 3, name: str = "", vteps: tuple[str, ...] = (), at: datetime = NOW) -> Leaf:
    found = leaf_of(
        name or f"swt-{number}.example.internal",
        str(ip_address("10.5.0.0") + number),
        f"swt-{number}",
        vteps or (str(ip_address("10.0.0.0") + number),),
        at,
    )
    assert found is not None
    return found


@pytest.fixture
def memory(tmp_path: Path) -> LeafMemory:
    return LeafMemory(tmp_path)


def test_nothing_is_known_at_first(memory: LeafMemory) -> None:
    assert memory.known() == ()
    assert memory.behind("10.0.0.3") == ()
    assert memory.named("swt-3") is None


def test_a_leaf_is_found_by_its_vtep_and_by_its_name(memory: LeafMemory, tmp_path: Path) -> None:
    memory.keep([leaf(3), leaf(4)])
    again = LeafMemory(tmp_path)
    assert again.behind("10.0.0.4") == (leaf(4),)
    assert again.named("SWT-3") == again.named("swt-3.example.internal") == leaf(3)


def test_both_leafs_of_a_pair_have_the_vtep_they_share(memory: LeafMemory) -> None:
    memory.keep([leaf(3, vteps=("10.0.0.99",)), leaf(4, vteps=("10.0.0.99",))])
    assert {found.name for found in memory.behind("10.0.0.99")} == {leaf(3).name, leaf(4).name}


def test_the_last_look_counts_and_the_full_name_stays(memory: LeafMemory) -> None:
    memory.keep([leaf(3)])
    memory.keep([leaf(3, name="10.5.0.3", vteps=("10.0.0.77",))])
    (known,) = memory.known()
    assert known.name == "swt-3.example.internal"
    assert [str(vtep) for vtep in known.vteps] == ["10.0.0.77"]
    moved = replace(leaf(3), address=ip_address("10.5.0.200"))
    memory.keep([moved])
    assert [found.address for found in memory.known()] == [moved.address]


def test_a_leaf_that_told_no_vtep_keeps_the_one_that_is_known(memory: LeafMemory) -> None:
    memory.keep([leaf(3)])
    memory.keep([replace(leaf(3), vteps=(), seen=NOW + timedelta(days=1))])
    assert [found.seen for found in memory.behind("10.0.0.3")] == [NOW + timedelta(days=1)]


def test_a_name_that_two_leafs_have_is_no_name_of_one(memory: LeafMemory) -> None:
    memory.keep([leaf(3), replace(leaf(4), name="swt-3.other.example")])
    assert memory.named("swt-3") is None
    assert memory.named("swt-3.other.example") == replace(leaf(4), name="swt-3.other.example")


def test_the_file_is_not_written_again_for_nothing(memory: LeafMemory, tmp_path: Path) -> None:
    memory.keep([leaf(3)])
    (path,) = tmp_path.rglob("*.json")
    before = path.stat().st_ino
    memory.keep([leaf(3, at=NOW + timedelta(minutes=1))])
    assert path.stat().st_ino == before
    memory.keep([leaf(3, at=NOW + timedelta(days=1))])
    assert path.stat().st_ino != before


@pytest.mark.parametrize(
    ("name", "hostname"),
    [("10.5.0.3", "-oProxyCommand=x"), ("swt-3", "swt-4"), ("10.5.0.3", ""), ("10.5.0.3", "a b")],
)
def test_what_a_switch_says_is_not_trusted(name: str, hostname: str) -> None:
    assert leaf_of(name, "10.5.0.3", hostname, ("10.0.0.3",)) is None
    assert leaf_of("swt-3", "10.5.0.3", "swt-3", ("nonsense",)) is None


def test_a_fleet_of_thousands_is_remembered_in_no_time(memory: LeafMemory) -> None:
    fleet = [leaf(number) for number in range(1, 5000)]
    began = time.process_time()
    memory.keep(fleet)
    memory.keep(leaf(number, at=NOW + timedelta(days=1)) for number in range(1, 5000))
    assert time.process_time() - began < 10
    assert len(memory.known()) == 4999


def test_a_spoilt_leaf_is_left_out_and_stops_nothing(memory: LeafMemory) -> None:
    good = leaf(3)
    memory.keep([good])
    for spoilt in (
        replace(leaf(4), seen=NOW.replace(tzinfo=None)),
        replace(leaf(5), name="$(x)"),
        replace(leaf(6), address=ip_address("fe80::1%$(x)")),
        replace(leaf(7), vteps=(ip_address("fe80::1%x"),)),
    ):
        memory.keep([spoilt])
        assert memory.known() == (good,)
