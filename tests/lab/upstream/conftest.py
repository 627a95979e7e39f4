"""Upstream's fixtures for a live switch; run by ../test_conformance_live.py at the lab's seat."""

from __future__ import annotations

import pytest
from napalm.base.test import conftest as upstream


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One case for each test, which upstream's wrapper ignores on a live switch."""
    upstream.pytest_generate_tests(metafunc, __file__)
