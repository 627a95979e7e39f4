"""The fixtures of the lab's tests, for those that run in the lab's own kernel."""

from __future__ import annotations

import pytest

from lab.lab import Lab
from tests.lab.conftest import ask_no_monitoring, desk, lab, leaf, looker, ready_vip, well

__all__ = ["desk", "lab", "leaf", "looker", "ready_vip", "well"]


@pytest.fixture(autouse=True, scope="session")
def _no_monitoring(lab: Lab) -> None:
    ask_no_monitoring(lab)
