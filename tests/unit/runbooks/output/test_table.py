"""The table on a terminal, in a pipe, and with foreign text."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from runbooks.output.table import render_table
from runbooks.output.text import common_domain
from runbooks.run.story import make_console
from tasks.health.assess import unreachable
from tasks.health.model import FleetHealth
from tests.unit.runbooks.output import fleets


def printed(fleet: FleetHealth, *, width: int = 80, colour: bool = False) -> str:
    file = io.StringIO()
    Console(
        file=file,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    ).print(render_table(fleet))
    return file.getvalue()


def joined(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_it_fits_the_terminal_and_tells_every_finding_whole(width: int) -> None:
    fleet = fleets.forty()
    text = printed(fleet, width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    for finding in fleet.all_findings:
        assert joined(finding.evidence) in joined(text)
        assert joined(finding.remedy) in joined(text)


def test_a_row_for_each_switch_the_gravest_first() -> None:
    rows = [
        line.split()
        for line in printed(fleets.forty()).splitlines()
        if re.match(r" (OK|WARNING|CRITICAL|UNKNOWN) +swt-sn2100-\d\d ", line)
    ]
    assert [row[0] for row in rows] == (
        ["CRITICAL"] * 2 + ["WARNING"] * 3 + ["UNKNOWN"] * 2 + ["OK"] * 33
    )
    assert rows[0] == [
        *("CRITICAL", "swt-sn2100-07", "R2", "1/2"),
        *("vrr-device-deleted", "130.246.212.1", "on"),
    ]
    assert rows[5][:4] == ["UNKNOWN", "swt-sn2100-18", "R5", "?"]


def test_it_ends_with_the_outcome() -> None:
    assert (
        printed(fleets.healthy())
        .rstrip()
        .endswith("OK: 4 switches OK; 8 of 8 VIPs present; took 1.8 s")
    )
    last = joined(printed(fleets.forty()))
    assert last.endswith(
        "CRITICAL:2of40switchescritical,3warning,2unknown,2fleet-widefindings;"
        "75of76VIPspresent;took1.8s"
    )


def test_colours_are_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b[1;31mCRITICAL" in printed(fleets.one_down(), colour=True)
    make_console().print(render_table(fleets.one_down()))
    piped = capsys.readouterr().out
    assert not any(line.endswith(" ") for line in piped.splitlines())
    assert "\x1b" not in piped
    assert fleets.DELETED.evidence in piped, "a line of a pipe is not broken"


def test_a_column_for_racks_only_where_one_is_known() -> None:
    assert " rack " in printed(fleets.one_down())
    assert " rack " not in printed(fleets.fleet_of(fleets.leaf(1)))


def test_foreign_text_moves_no_cursor_and_is_no_markup() -> None:
    text = printed(fleets.hostile())
    assert all(c.isprintable() for line in text.split("\n") for c in line)
    assert "vm\\x1b[2J\\x00\\r\\n|" in text
    markup = fleets.fleet_of(fleets.leaf(1, "[bold]R1[/bold]"))
    assert "[bold]R1[/" in printed(markup, width=120)


def test_a_terminal_without_unicode_gets_the_same() -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    Console(file=file, width=80).print(render_table(fleets.forty()))
    file.flush()
    assert b"swt-sn2100-40" in raw.getvalue()


def test_a_switch_that_is_known_by_its_address_has_that_whole() -> None:
    health = unreachable("10.5.0.43", "10.5.0.43", "Connection refused.")
    text = printed(FleetHealth("2026-08-09T10:00:00Z", (health,)))
    assert text.count("10.5.0.43") == 2
    assert common_domain(["10.5.0.43", "10.5.0.44"]) == ""
    assert common_domain(["swt-1.example.internal", "10.5.0.44"]) == ""
    assert (
        common_domain(["swt-1.example.internal", "swt-2.example.internal"]) == ".example.internal"
    )


def test_what_many_switches_have_alike_is_told_once() -> None:
    lost = [
        unreachable(
            f"swt-{number:02}.example.internal",
            f"10.5.0.{number}",
            f"swt-{number:02}: 10.5.0.{number}: no connection: timed out",
            remedy="Look whether it is up.",
        )
        for number in range(1, 57)
    ]
    other = unreachable("swt-99.example.internal", "10.5.0.99", "no connection: refused")
    text = printed(fleets.fleet_of(*lost, other), width=200)
    assert "56 switches (swt-01, swt-02, swt-03 and 53 more)  unreachable" in text
    assert text.count("timed out") == 1
    assert "…: …: no connection: timed out" in text
    assert "swt-99  unreachable" in text
    # The table by switch has them all.
    assert text.count("UNKNOWN") == 57 + 2 + 1
    few = printed(fleets.fleet_of(*lost[:3]), width=200)
    assert few.count("timed out") == 3
