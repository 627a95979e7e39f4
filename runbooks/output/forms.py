"""The list of the forms in which a check's outcome can be shown.

A form is a module of this package with a ``FORM``, and a line in ``FORMS``. From these two follow
what ``--format`` takes and completes, and how ``vip check`` shows its outcome. A form may need a
library of its own, so only the form in use is imported.
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
#: Other names of forms.
ALIASES = {"map": "html"}
DEFAULT = next(iter(FORMS))


@dataclass(frozen=True)
class Checked:
    """A check of the fleet, with what else a form may show.

    Attributes:
        fleet: the check.
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
        render: returns the text, as it stands in a file.
        show: prints the check on stdout; None prints the text in UTF-8, for programs.
        exit_code: returns the exit code, where it differs from that of ``vip check``.
        tell_failure: tells on stdout that there is no outcome, and returns the exit code. Only the
            form of a plugin has it: its caller reads neither stderr nor other exit codes.
        needs_placement: whether it shows hypervisors and VMs.
        for_people: whether a person reads it while the check runs, so that it also shows the
            switches that were checked when the check is stopped.
    """

    render: Callable[[Checked], str]
    show: Callable[[FleetHealth], None] | None = None
    exit_code: Callable[[FleetHealth], int] | None = None
    tell_failure: Callable[[BaseException], int] | None = None
    needs_placement: bool = False
    for_people: bool = False

    @property
    def is_plugin(self) -> bool:
        """Return whether the caller is a monitoring system, which does not read stderr."""
        return self.tell_failure is not None


def find_form(name: str = DEFAULT) -> Form:
    """Return the form of that name, or of that alias; import its module."""
    found: Form = import_module(f"runbooks.output.{FORMS[ALIASES.get(name, name)]}").FORM
    return found
