"""Upstream's fixtures, told where the recordings are."""

from __future__ import annotations

import pytest
from napalm.base.test import conftest as upstream

from napalm_cumulus import CumulusDriver
from tests.unit.napalm_cumulus.conformance.double import RecordedDriver


@pytest.fixture(scope="class")
def set_device_parameters(request: pytest.FixtureRequest) -> None:
    """Give the suite its drivers and a device."""
    request.cls.driver = CumulusDriver
    request.cls.patched_driver = RecordedDriver
    request.cls.vendor = "cumulus"
    device = RecordedDriver("leaf.example.internal", "u", "p", timeout=60, optional_args={})
    device.open()
    request.cls.device = device


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each folder of recordings."""
    upstream.pytest_generate_tests(metafunc, __file__)
