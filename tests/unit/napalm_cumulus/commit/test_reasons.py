"""Where a switch gave a reason, or ended in a way that is one, the error says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from napalm.base.exceptions import CommandErrorException

from napalm_cumulus.commit import report as answers
from napalm_cumulus.config import snapshot
from napalm_cumulus.config.semantics import Change
from napalm_cumulus.result import CommandResult, ended

ROOT = Path(__file__).parents[4]


class Saying:
    """A session that gives one answer to all."""

    def __init__(self, status: int, stderr: bytes = b"") -> None:
        self._answer = CommandResult("tar", status, b"", stderr)

    def run(self, command: str, **_: Any) -> CommandResult:
        del command
        return self._answer


@pytest.mark.parametrize(
    ("status", "stderr", "why"),
    [
        (2, b"tar: etc/network: Cannot open: Permission denied\n", "Permission denied"),
        (2, b"", "ended with exit status 2"),
        (137, b"", "was killed by SIGKILL"),
        (143, b" \n", "was killed by SIGTERM"),
        (-1, b"", "was killed by a signal"),
    ],
)
def test_a_configuration_that_cannot_be_read(status: int, stderr: bytes, why: str) -> None:
    with pytest.raises(CommandErrorException, match=why):
        snapshot.take(Saying(status, stderr))  # type: ignore[arg-type]  # only asked


@pytest.mark.parametrize(
    ("sections", "stderr", "why"),
    [
        ({"error": ["the disk is full"]}, b"", "the disk is full"),
        ({}, b"sh: 1: cannot create\n\nmktemp: failed\n", "sh: 1: cannot create; mktemp: failed"),
        ({}, b"", "it said nothing and ended with exit status 75"),
    ],
)
def test_a_refusal_says_why(sections: dict[str, list[str]], stderr: bytes, why: str) -> None:
    answer = CommandResult("apply", answers.E_STAGING, b"", stderr)
    assert why in str(answers.refusal("leaf", answer, sections))


@pytest.mark.parametrize(
    ("sections", "why"),
    [
        ({"log": ["error: vlan453: bad address"]}, "bad address"),
        ({"apply.status": ["137"]}, "ifupdown2: it said nothing and was killed by SIGKILL"),
        (
            {"apply.status": ["1"], "result": ["reverted not applied"]},
            "ended with exit status 1; the commit's end: reverted not applied",
        ),
    ],
)
def test_a_commit_that_failed_says_why(sections: dict[str, list[str]], why: str) -> None:
    given = {"progress": [], **sections}
    change = Change(("vlan453",), targeted=True, why_full="")
    report = answers.report_of("0123456789ab", change, given)
    assert why in str(answers.failure("leaf", report, given))


def test_a_rollback_that_is_not_written_down_is_not_told_as_done() -> None:
    change = Change(("vlan453",), targeted=True, why_full="")
    report = answers.report_of("0123456789ab", change, {"progress": []})
    assert "has not recorded that it was rolled back" in str(answers.failure("leaf", report))


def test_an_odd_exit_status_is_told_as_it_is() -> None:
    assert ended(255) == "it said nothing and ended with exit status 255"
    assert ended(128).endswith("exit status 128")


def test_nothing_says_that_there_is_no_reason() -> None:
    for package in ("napalm_cumulus", "tasks", "runbooks", "nornir_config", "inventory"):
        for path in (ROOT / package).rglob("*.py"):
            assert "no reason given" not in path.read_text(), path
