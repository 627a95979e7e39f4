"""The forms of a check's outcome: the one list of them.

A form is a module of this package that has a ``FORM``, and a line in ``FORMS``. All else follows
from the two: what ``--format`` takes and completes, and how ``vip check`` tells its outcome. A form
may need a library of its own, so only the one that is asked for is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runbooks.output.placement import Placement
    from tasks.health.model import FleetHealth

#: The forms as ``--format`` names them, and their modules; the first is the default.
FORMS = {
    "table": "table",
    "json": "as_json",
    "junit": "junit",
    "nagios": "nagios",
    "prometheus": "prometheus",
    "html": "map",
}
DEFAULT = next(iter(FORMS))


@dataclass(frozen=True)
class Checked:
    """A check of the fleet, with what else a form may show.

    Attributes:
        fleet: what was found.
        placement: hypervisors and VMs under each switch, for a form that needs it.
        site: the site's name.
    """

    fleet: FleetHealth
    placement: Placement | None = None
    site: str = ""


@dataclass(frozen=True)
class Form:
    """One form of a check's outcome.

    Attributes:
        render: gives the text, as it stands in a file.
        show: prints the check on stdout; None prints the text in UTF-8, for programs.
        exit_code: gives the exit code where it is not that of ``vip check``.
        tell_failure: tells on stdout that there is no outcome, and gives the exit code; the form is
            that of a plugin then, whose caller reads neither stderr nor other exit codes.
        needs_placement: whether it shows hypervisors and VMs.
        for_people: whether it is read while the check goes on, and as far as the check came.
    """

    render: Callable[[Checked], str]
    show: Callable[[FleetHealth], None] | None = None
    exit_code: Callable[[FleetHealth], int] | None = None
    tell_failure: Callable[[BaseException], int] | None = None
    needs_placement: bool = False
    for_people: bool = False

    @property
    def is_plugin(self) -> bool:
        """Return whether a monitoring system is the caller, to whom stderr is noise."""
        return self.tell_failure is not None


def find_form(name: str = DEFAULT) -> Form:
    """Return the form of that name; imports its module."""
    found: Form = import_module(f"runbooks.output.{FORMS[name]}").FORM
    return found
