"""The settings of the operator's seat."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.fabric import seat
from lab.topology.default import default_topology
from nornir_config.settings import load_settings


def written(directory: Path) -> Path:
    """Return the settings file of a new seat."""
    made = seat.Seat(default_topology(), "ns", directory, directory)
    made.install()
    return made.config


def test_on_the_machines_own_kernel_the_limits_are_the_usual_ones(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path))
    assert settings.check.switch_deadline == 30
    assert settings.ssh.connect_timeout == 10


def test_on_a_kernel_of_its_own_the_seat_is_patient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat, "in_guest", lambda: True)
    monkeypatch.setattr(seat, "patience", lambda: 8.0)
    settings = load_settings(written(tmp_path))
    assert settings.check.switch_deadline == 240
    assert settings.ssh.connect_timeout == 80
    assert settings.heal.revert_in == 120
