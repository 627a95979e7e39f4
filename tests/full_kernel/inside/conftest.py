"""The fixtures of the lab's tests, for those that run in the lab's own kernel."""

from __future__ import annotations

from tests.lab.conftest import desk, lab, leaf, looker, ready_vip, well

__all__ = ["desk", "lab", "leaf", "looker", "ready_vip", "well"]
