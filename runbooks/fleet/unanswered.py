"""Why a switch could not be judged at all: which of its kinds, in which words, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napalm.base import exceptions as napalm

from nornir_config.runner.errors import AbandonedError, HostDeadlineError, NotStartedError
from runbooks.fleet.assess import LOGIN_REFUSED
from runbooks.run.explain import explain, root_cause

if TYPE_CHECKING:
    from nornir.core.task import MultiResult

#: Id, exceptions, what to do where the exception itself gives no advice.
_KINDS: tuple[tuple[str, tuple[type[BaseException], ...], str], ...] = (
    ("not-checked", (NotStartedError, AbandonedError), "Run the check again."),
    (
        "no-answer",
        (HostDeadlineError, napalm.CommandTimeoutException),
        "It takes the connection and then hangs: log in by hand and look at its load.",
    ),
    (
        LOGIN_REFUSED,
        (napalm.ConnectAuthError,),
        "Check the user, and the key or the password (docs/ssh.md), and sudo.",
    ),
    (
        "unreachable",
        (napalm.ConnectionException,),
        "Look whether it is up, and whether the management network is reachable from here.",
    ),
)
_HOST_KEY = "Compare it with the key on the switch's console before you trust it."


@dataclass(frozen=True)
class Unanswered:
    """Why a switch could not be judged.

    Attributes:
        check: the id, one of `runbooks.fleet.assess.UNANSWERED`.
        sentence: what happened.
        remedy: what to do.
    """

    check: str
    sentence: str
    remedy: str


def why_unanswered(switch: str, results: MultiResult) -> Unanswered:
    """What a switch's failed results say."""
    error = root_cause(results) or RuntimeError("it failed without an exception")
    said = explain(error, switch, reading=True)
    for check, kinds, remedy in _KINDS:
        if isinstance(error, kinds):
            if check == "unreachable" and "host key" in said.sentence.lower():
                return Unanswered("host-key", said.sentence, _HOST_KEY)
            return Unanswered(check, said.sentence, said.advice or remedy)
    return Unanswered("unreadable", said.sentence, said.advice)
