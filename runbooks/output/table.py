"""A check of the fleet for a terminal or a pipe."""

from __future__ import annotations

import io
from dataclasses import replace

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from inventory.causes import without_names
from inventory.names import first_few
from runbooks.output.forms import Checked, Form
from runbooks.output.text import (
    GRAVEST_FIRST,
    STYLES,
    about,
    common_domain,
    counted,
    gravest_first,
    headline,
    overall,
    printable,
    vip_counts,
    word_of,
)
from runbooks.run.story import make_console
from tasks.faults.model import Finding, Status
from tasks.health.model import FleetHealth, SwitchHealth


def render_table(fleet: FleetHealth) -> RenderableType:
    """Return a table by switch, the gravest first, then every finding with evidence and remedy.

    Every status stands there as a word. The table is readable without colours and at 80 columns.
    """
    domain = common_domain(health.switch for health in fleet.switches)
    parts: list[RenderableType] = [_switches(fleet, domain)]
    found = fleet.all_findings
    if found or fleet.notes:
        parts += [_findings(_by_cause(fleet), domain), Text("")]
    present, total = vip_counts(fleet.switches)
    status = overall(fleet)
    parts.append(
        Text.assemble(
            (status.value, STYLES[status]),
            f": {headline(fleet)}; {present} of {counted(total, 'VIP')} present;"
            f" took {fleet.seconds:.1f} s",
        )
    )
    return _Trimmed(Group(*parts))


#: So many switches are named where more have a finding in the same words.
_FEW = 3


class _Trimmed:
    """The same without blanks at the ends of lines.

    Pipes and mails would wrap them into empty lines.
    """

    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in console.render_lines(self._inner, options, pad=False):
            while line and not line[-1].text.strip():
                line.pop()
            if line:
                yield from line[:-1]
                yield Segment(line[-1].text.rstrip(), line[-1].style)
            yield Segment.line()


def _switches(fleet: FleetHealth, domain: str) -> Table:
    racks = any(health.rack for health in fleet.switches)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("status", no_wrap=True)
    table.add_column("switch", overflow="fold")
    if racks:
        table.add_column("rack", overflow="fold")
    table.add_column("VIPs", justify="right", no_wrap=True)
    table.add_column("worst finding", overflow="fold")
    for health in sorted(fleet.switches, key=lambda h: (GRAVEST_FIRST.index(h.status), h.switch)):
        present, total = vip_counts([health])
        cells = [
            Text(health.status.value, style=STYLES[health.status]),
            Text(_short(health.switch, domain)),
            *([Text(printable(health.rack))] if racks else []),
            Text(f"{present}/{total}" if health.checked or total else "?"),
            _worst(health),
        ]
        table.add_row(*cells)
    return table


def _worst(health: SwitchHealth) -> Text:
    findings = gravest_first(health.findings)
    if not findings:
        return Text("")
    subject = about(findings[0])
    text = Text(printable(findings[0].check + (f" {subject}" if subject else "")))
    if len(findings) > 1:
        text.append(f" (+{len(findings) - 1})", style="dim")
    return text


def _by_cause(fleet: FleetHealth) -> list[list[Finding]]:
    """Return the findings and notes; those that many switches have in the same words are one."""
    own = {health.switch: {health.switch, health.address} for health in fleet.switches}
    groups: dict[Finding, list[Finding]] = {}
    for finding in (*fleet.all_findings, *fleet.notes):
        names = own.get(finding.switch, ())
        evidence, remedy = (without_names(t, names) for t in (finding.evidence, finding.remedy))
        alike = replace(finding, switch="", evidence=evidence, remedy=remedy)
        groups.setdefault(alike, []).append(finding)
    found: list[list[Finding]] = []
    for alike, group in groups.items():
        if len(group) > _FEW:
            found.append([replace(alike, switch=finding.switch) for finding in group])
        else:
            found += [[finding] for finding in group]
    return sorted(found, key=lambda group: -group[0].status.weight)


def _whom(found: list[Finding], domain: str) -> str:
    names = [_short(finding.switch, domain) for finding in found if finding.switch]
    if len(names) < len(found):
        return "fleet"
    if len(names) == 1:
        return names[0]
    return f"{len(names)} switches ({first_few(names, _FEW)})"


def _findings(groups: list[list[Finding]], domain: str) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for group in groups:
        finding, where = group[0], _whom(group, domain)
        head = Text(printable(f"{where}  {finding.check}"), style="bold")
        if subject := about(finding):
            head.append(printable(f"  {subject}"), style="not bold")
        table.add_row(Text(word_of(finding), style=STYLES[finding.status]), head)
        if finding.evidence:
            table.add_row("", Text(printable(finding.evidence)))
        if finding.remedy:
            table.add_row("", Padding(Text(printable(_advice(finding))), (0, 0, 0, 2)))
    return table


def _advice(finding: Finding) -> str:
    # Of a note there is nothing that has to be done.
    return finding.remedy if finding.status is Status.OK else f"do: {finding.remedy}"


def _short(name: str, domain: str) -> str:
    return printable(name.removesuffix(domain) if domain else name)


def _show(fleet: FleetHealth) -> None:
    make_console().print(render_table(fleet))


def _render(checked: Checked) -> str:
    file = io.StringIO()
    Console(
        file=file, width=120, color_system=None, highlight=False, emoji=False, markup=False
    ).print(render_table(checked.fleet))
    return file.getvalue()


FORM = Form(_render, _show, for_people=True)
