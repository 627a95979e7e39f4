"""NAPALM's own getter suite, unmodified, on recorded and hand-made switches."""

from __future__ import annotations

from pathlib import Path

import pytest
from napalm.base import NetworkDriver
from napalm.base.test import conftest
from napalm.base.test.getters import BaseTestGetters

from napalm_cumulus import CumulusDriver
from tests.unit.napalm_cumulus.conformance import suite

DATA = Path(__file__).parent / "mocked_data"


@pytest.mark.usefixtures("set_device_parameters")
class TestGetters(BaseTestGetters):
    """The suite, but for the methods that this driver does not have."""


suite.leave_out(TestGetters)


def test_the_recordings_are_what_runs() -> None:
    assert conftest.NAPALM_TEST_MOCK


def test_what_is_left_out_is_exactly_what_is_not_implemented() -> None:
    tested = {suite.method_of(test) for test in suite.tests()}
    missing = {
        name for name in tested if getattr(CumulusDriver, name) is getattr(NetworkDriver, name)
    }
    assert missing == suite.NOT_IMPLEMENTED


def test_every_recording_belongs_to_a_test() -> None:
    folders = {path.name for path in DATA.iterdir()}
    assert folders == {t for t in suite.tests() if suite.method_of(t) not in suite.NOT_IMPLEMENTED}
