"""NAPALM's getter suite, unmodified, on a live leaf (NAPALM_TEST_MOCK=0, NAPALM_HOSTNAME...)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from napalm.base.test import conftest
from napalm.base.test.getters import BaseTestGetters

from napalm_cumulus import CumulusDriver
from tests.unit.napalm_cumulus.conformance import suite


@pytest.fixture(scope="class")
def live(request: pytest.FixtureRequest) -> Iterator[None]:
    """A session with the leaf, made by upstream's own function."""
    assert not conftest.NAPALM_TEST_MOCK
    request.cls.driver = CumulusDriver
    conftest.set_device_parameters(request)
    yield
    request.cls.device.close()


@pytest.mark.usefixtures("live")
class TestGetters(BaseTestGetters):
    """The suite, but for what this driver has not, and what a lab leaf has not."""


suite.leave_out(TestGetters, suite.NOT_ON_A_LAB_LEAF)
