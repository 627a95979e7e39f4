"""A search as a table for a person, and as JSON (``docs/schemas/find-1.json`` is its schema)."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from rich.text import Text

from inventory.causes import without_names
from inventory.names import short_host
from runbooks.output.text import utc
from runbooks.run.story import make_table, printable

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from runbooks.search.answer import Behind, SearchAnswer, SwitchFound, Unanswered

SCHEMA = "vipkeeper/find/1"


def to_json(answer: SearchAnswer, at: datetime, seconds: float) -> str:
    """Return the answer as one JSON object, in ASCII, with a newline at its end."""
    wanted = answer.wanted
    content = {
        "schema": SCHEMA,
        "target": wanted.target,
        "at": utc(at),
        "seconds": round(seconds, 3),
        "kind": wanted.kind,
        "vm": wanted.vm,
        "hypervisor": wanted.hypervisor,
        "macs": list(answer.macs),
        "addresses": list(wanted.addresses),
        "found": bool(answer.here),
        "exit_code": int(answer.exit_code),
        "sentence": answer.sentence,
        "next": answer.advice,
        "asked": answer.asked,
        "switches": [_switch(one) for one in answer.found],
        "unanswered": [
            {"switch": one.switch, "address": one.address, "problem": one.problem}
            for one in answer.unanswered
        ],
        "notes": list(answer.notes),
    }
    return json.dumps(content, indent=2) + "\n"


def _switch(one: SwitchFound) -> dict[str, Any]:
    return {
        "switch": one.switch,
        "address": one.address,
        "hostname": one.hostname,
        "here": one.here,
        "ports": list(one.ports),
        "macs": list(one.macs),
        "hypervisor": one.hypervisor,
        "evidence": dict(one.evidence),
        "behind": [{"vtep": each.vtep, "leafs": list(each.leafs)} for each in one.behind],
        "unread": list(one.unread),
    }


def show(answer: SearchAnswer, console: Console) -> None:
    """Show the answer to a person: the switches that know something, and what to type next."""
    table = make_table("switch", "behind it?", "what it says")
    elsewhere: dict[tuple[Behind, ...], list[SwitchFound]] = defaultdict(list)
    for one in answer.found:
        if one.here:
            table.add_row(*map(printable, (one.switch, f"yes, {', '.join(one.ports)}", _said(one))))
        else:
            elsewhere[one.behind].append(one)
    for behind, those in elsewhere.items():
        more = f" and {len(those) - 1} more" if len(those) > 1 else ""
        first = those[0]
        said = f"learnt behind {', '.join(map(str, behind))}" if behind else _said(first)
        table.add_row(*map(printable, (f"{first.switch}{more}", "no", said)))
    alike: dict[str, list[Unanswered]] = defaultdict(list)
    for silent in answer.unanswered:
        cause = without_names(silent.problem, (silent.switch, silent.address))
        alike[cause].append(silent)
    for cause, them in alike.items():
        more = f" and {len(them) - 1} more" if len(them) > 1 else ""
        problem = cause if more else them[0].problem
        table.add_row(*map(printable, (f"{them[0].switch}{more}", "not known", problem)))
    if table.row_count:
        console.print(table)
    for note in answer.notes:
        console.print(Text(f"! {printable(note)}", style="yellow"))
    nowhere = "NOT KNOWN" if answer.nobody_asked else "NOT FOUND"
    verdict, style = ("FOUND", "bold green") if answer.here else (nowhere, "bold yellow")
    console.print(Text(f"{verdict}: {printable(answer.sentence)}", style=style))
    told = f"Next: {answer.advice}" if answer.here else answer.advice
    console.print(Text(printable(told)))


def line_of(one: SwitchFound) -> str:
    """Return what is told of a switch at once; empty where it knows nothing."""
    if one.here:
        return f"{short_host(one.switch)} yes, on {', '.join(one.ports)}"
    return f"{short_host(one.switch)} no, behind {one.behind[0].vtep}" if one.behind else ""


def _said(one: SwitchFound) -> str:
    """Return what the tables say; neighbour entries where nothing else says anything."""
    told = {table: text for table, text in one.evidence.items() if table != "neighbours"}
    return "; ".join(f"{table}: {text}" for table, text in (told or one.evidence).items())
