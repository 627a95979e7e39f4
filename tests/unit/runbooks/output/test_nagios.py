"""The plugin's output by the rules of the Monitoring Plugins guidelines."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from runbooks.output.nagios import LONGEST, to_nagios
from tasks.faults.model import Status
from tasks.health.model import FleetHealth
from tests.unit.runbooks.output import fleets

NUMBER = r"-?\d+(?:\.\d+)?"
RANGE = rf"(?:{NUMBER}(?::(?:{NUMBER})?)?)?"
PERF = re.compile(
    rf"(?P<label>[a-z_]+)=(?P<value>{NUMBER})(?P<unit>s|%|B|c)?"
    rf";(?P<warn>{RANGE});(?P<crit>{RANGE});(?P<low>{NUMBER})?(?:;(?P<high>{NUMBER}))?"
)


def perfdata(text: str) -> dict[str, dict[str, str | None]]:
    first = text.split("\n", 1)[0]
    assert first.count("|") == 1
    found = {}
    for word in first.split(" | ")[1].split(" "):
        match = PERF.fullmatch(word)
        assert match, word
        found[match["label"]] = match.groupdict()
    return found


def test_all_is_well() -> None:
    text, code = to_nagios(fleets.healthy())
    assert code == 0
    assert text.count("\n") == 1
    assert text.startswith("VIP OK - 4 switches OK, 8 of 8 VIPs present, took 1.8 s | ")


def test_one_is_down() -> None:
    text, code = to_nagios(fleets.one_down())
    assert code == 2
    first, second, rest = text.split("\n")
    assert first.startswith(
        "VIP CRITICAL - 1 of 4 switches critical: swt-sn2100-03.example.internal"
        " vrr-device-deleted 130.246.212.1 on vlan453 | "
    )
    assert second.startswith("CRITICAL swt-sn2100-03.example.internal vrr-device-deleted")
    assert fleets.DELETED.evidence in second
    assert fleets.DELETED.remedy in second
    assert rest == ""


def test_perfdata_has_values_thresholds_and_bounds() -> None:
    values = perfdata(to_nagios(fleets.forty())[0])
    assert {label: found["value"] for label, found in values.items()} == {
        "ok": "33",
        "warning": "3",
        "critical": "2",
        "unknown": "2",
        "vips": "76",
        "vips_absent": "1",
        "findings": "11",
        "time": "1.840",
    }
    assert (values["critical"]["crit"], values["critical"]["high"]) == ("0", "40")
    assert (values["warning"]["warn"], values["warning"]["crit"]) == ("0", "")
    assert values["time"]["unit"] == "s"


def test_the_gravest_come_first_and_more_are_counted() -> None:
    text, code = to_nagios(fleets.forty())
    assert code == 2
    assert text.startswith(
        "VIP CRITICAL - 2 of 40 switches critical, 3 warning, 2 unknown, 2 fleet-wide findings: "
        "vip-mac-differs 130.246.216.1, swt-sn2100-07.example.internal vrr-device-deleted "
    )
    words = [line.split(" ", 1)[0] for line in text.splitlines()[1:]]
    assert words == ["CRITICAL"] * 3 + ["WARNING"] * 6 + ["UNKNOWN"] * 2


@pytest.mark.parametrize(
    ("finding", "code"), [(fleets.RP_FILTER, 1), (fleets.DELETED, 2), (fleets.UNREACHABLE, 3)]
)
def test_the_exit_status_is_the_plugin_s(finding: object, code: int) -> None:
    fleet = fleets.fleet_of(fleets.ill(fleets.leaf(1), finding), fleets.leaf(2))  # type: ignore[arg-type]
    assert to_nagios(fleet)[1] == code


def test_a_fleet_of_healthy_switches_that_disagree_is_not_well() -> None:
    fleet = replace(fleets.healthy(), findings=(fleets.MAC_DIFFERS,))
    text, code = to_nagios(fleet)
    assert code == 2
    assert text.startswith("VIP CRITICAL - 4 switches OK, 1 fleet-wide finding: vip-mac-differs")


def test_no_switch_is_unknown() -> None:
    text, code = to_nagios(FleetHealth(fleets.AT, ()))
    assert code == 3
    assert text.startswith("VIP UNKNOWN - no switch was checked | ")


def test_foreign_text_cannot_make_perfdata_lines_or_escapes() -> None:
    text, _ = to_nagios(fleets.hostile())
    perfdata(text)
    first, *lines = text.rstrip("\n").split("\n")
    assert all(character.isprintable() for line in (first, *lines) for character in line)
    assert not any("|" in line for line in lines)
    assert all(line.startswith(("CRITICAL ", "WARNING ", "... and ")) for line in lines)
    assert "vm\\x1b[2J\\x00\\r\\n/ perf=1" in text


def test_it_fits_what_nagios_reads_and_says_what_is_left_out() -> None:
    fleet = fleets.big(1000)
    text, _ = to_nagios(fleet)
    assert LONGEST - 400 < len(text.encode()) <= LONGEST
    shown = text.count("\nCRITICAL ")
    assert text.endswith(f"\n... and {50 - shown} more\n")
    assert len(perfdata(text)) == 8
    assert Status.CRITICAL.value in text
