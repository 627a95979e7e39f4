r"""A check of the fleet as the output of a Nagios or Icinga plugin.

Rules: Monitoring Plugins Development Guidelines
(https://www.monitoring-plugins.org/doc/guidelines.html). The first line has a sentence and, behind
``|``, the performance data. The lines after it are long output. Nothing can be escaped there, so
a ``|`` within data becomes a ``/``, and an unprintable character is written as ``\x1b``.
"""

from __future__ import annotations

import sys

from runbooks.output.forms import Form
from runbooks.output.text import about, counted, headline, overall, printable, vip_counts, word_of
from runbooks.run.story import forgiving
from tasks.faults.model import Finding, Status
from tasks.health.model import FleetHealth

SERVICE = "VIP"
LONGEST = 8000
"""Octets of output. Nagios reads 8 KiB and cuts off the rest at any place."""

_NAMED = 3
_LONGEST_SENTENCE = 600
_LONGEST_LINE = 1000


def to_nagios(fleet: FleetHealth) -> tuple[str, int]:
    """Return the plugin's output, ending with a newline, and its exit status (0, 1, 2 or 3).

    A check of no switch at all is UNKNOWN.
    """
    status = overall(fleet)
    sentence = _cut(f"{SERVICE} {status.value} - {_sentence(fleet)}", _LONGEST_SENTENCE)
    lines = [f"{sentence} | {_perfdata(fleet)}"]
    size = len(lines[0].encode()) + 1
    found = (*fleet.all_findings, *fleet.notes)
    for number, finding in enumerate(found):
        line = _cut(_safe(_long(finding)), _LONGEST_LINE)
        more = f"... and {len(found) - number} more"
        if size + len(line.encode()) + len(more) + 2 > LONGEST:
            lines.append(more)
            break
        lines.append(line)
        size += len(line.encode()) + 1
    return "\n".join(lines) + "\n", status.code


def _sentence(fleet: FleetHealth) -> str:
    text = headline(fleet)
    found = [f for f in fleet.all_findings if f.status is fleet.status]
    if found:
        named = [
            " ".join(part for part in (f.switch, f.check, about(f)) if part) for f in found[:_NAMED]
        ]
        more = f", and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        return _safe(f"{text}: {', '.join(named)}{more}")
    if fleet.switches:
        present, total = vip_counts(fleet.switches)
        return f"{text}, {present} of {counted(total, 'VIP')} present, took {fleet.seconds:.1f} s"
    return text


def _perfdata(fleet: FleetHealth) -> str:
    r"""Return the performance data.

    Its form is ``'label'=value[unit];[warn];[crit];[min];[max]``. A range ``0`` allows only zero.
    """
    counts, total = fleet.counts, len(fleet.switches)
    present, vips = vip_counts(fleet.switches)
    return " ".join(
        (
            f"ok={counts[Status.OK]};;;0;{total}",
            f"warning={counts[Status.WARNING]};0;;0;{total}",
            f"critical={counts[Status.CRITICAL]};;0;0;{total}",
            f"unknown={counts[Status.UNKNOWN]};;;0;{total}",
            f"vips={vips};;;0",
            f"vips_absent={vips - present};;0;0;{vips}",
            f"findings={len(fleet.all_findings)};;;0",
            f"time={fleet.seconds:.3f}s;;;0",
        )
    )


def _long(finding: Finding) -> str:
    head = " ".join(
        part for part in (word_of(finding), finding.switch, finding.check, about(finding)) if part
    )
    return f"{head}: {finding.evidence}" + (f" -> {finding.remedy}" if finding.remedy else "")


def _safe(text: str) -> str:
    return printable(text).replace("|", "/").replace("\t", " ")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _show(fleet: FleetHealth) -> None:
    print(to_nagios(fleet)[0], end="", file=forgiving(sys.stdout), flush=True)


def _tell_unknown(error: BaseException) -> int:
    """Tell a failure in the plugin's one line on stdout; return its exit code, UNKNOWN.

    Nagios takes 0 to 3: the exit code 2 of a wrong option or setting would read as CRITICAL.
    """
    if (usage := getattr(error, "format_message", None)) is not None:  # Typer's own complaint
        sentence = str(usage())
    else:
        from runbooks.run.explain import explain  # noqa: PLC0415 - heavy, and most runs end well

        sentence = explain(error).sentence
    line = _safe(" ".join(sentence.split()))
    print(f"{SERVICE} UNKNOWN - {line}", file=forgiving(sys.stdout), flush=True)
    return Status.UNKNOWN.code


FORM = Form(
    lambda checked: to_nagios(checked.fleet)[0],
    _show,
    exit_code=lambda fleet: overall(fleet).code,
    tell_failure=_tell_unknown,
)
