"""docs/output.md shows what is really printed."""

from __future__ import annotations

import re
from dataclasses import replace

from prometheus_client import CollectorRegistry

from runbooks.output.nagios import to_nagios
from runbooks.output.prometheus import collector
from tests.unit.docs.markdown import DOCS, page, rows, sections
from tests.unit.runbooks.output import fleets
from tests.unit.runbooks.output.test_nagios import perfdata
from tests.unit.runbooks.output.test_table import printed

PAGE = page("output.md")
PARTS = sections(PAGE)


def shown(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def test_the_table_is_the_one_that_is_printed() -> None:
    assert shown(printed(fleets.one_down())) in shown(PARTS["table"])


def test_the_plugin_s_lines_are_the_ones_that_are_printed() -> None:
    text, _ = to_nagios(fleets.one_down())
    assert shown(text) in PARTS["Nagios and Icinga"]


def test_every_perfdata_label_is_told() -> None:
    told = re.findall(r"`(\w+)`", "".join(r[0] for r in rows(PARTS["Nagios and Icinga"])))
    assert set(told) == set(perfdata(to_nagios(fleets.one_down())[0]))


def test_every_metric_is_told_with_its_labels_and_help() -> None:
    registry = CollectorRegistry()
    registry.register(collector(replace(fleets.one_down(), notes=(fleets.DESIGN,))))
    real = {
        family.name: (set(family.samples[0].labels), family.documentation)
        for family in registry.collect()
    }
    told = {
        cells[0].strip("`"): (set(re.findall(r"`(\w+)`", cells[1])), cells[2])
        for cells in rows(PARTS["Prometheus"])
        if cells[0].startswith("`")
    }
    assert told == real


def test_the_pictures_are_there_and_small() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\((images/[^)]+)\)", PAGE)
    assert len(pictures) >= 3
    for picture in pictures:
        content = (DOCS / picture).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) < 200_000
