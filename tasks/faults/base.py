"""What a check is: data and one pure function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from tasks.faults.model import Status
from tasks.faults.view import View


@dataclass(frozen=True)
class Seen:
    """Something that is not well, before it is given the check's name.

    Attributes:
        subject: what it is about: a VIP, an interface, an address; empty for the whole switch.
        evidence: what was seen, naming the source.
        remedy: what to do about it.
        interface: the SVI concerned.
        status: how bad it is; the check's own severity when None.
    """

    subject: str
    evidence: str
    remedy: str
    interface: str = ""
    status: Status | None = None


@dataclass(frozen=True)
class Check:
    """One check of one switch.

    Attributes:
        id: its name in findings and the heading of its section in ``docs/checks.md``.
        title: what it looks at, in one line.
        severity: how bad a finding of it usually is.
        judge: gives what is not well; None for what other code gives under this id.
        needs: the sections of the facts without which it cannot be judged.
        scope: ``switch``, or ``fleet`` for what several switches' records are compared for.
    """

    id: str
    title: str
    severity: Status
    judge: Callable[[View], Iterator[Seen]] | None = None
    needs: tuple[str, ...] = ()
    scope: Literal["switch", "fleet"] = "switch"
