"""Judging many switches together."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.health.checks.base import Check
from tasks.health.model import Finding, SwitchHealth

FLEET_CHECKS: tuple[Check, ...] = ()


def judge_fleet(healths: Sequence[SwitchHealth]) -> tuple[Finding, ...]:
    """What is not well across switches."""
    del healths
    return ()
