"""A switch without a network, to run a task on."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from inventory.model import Switch
from nornir_config import connection
from nornir_config.init import init_nornir
from nornir_config.settings import Settings
from tests.unit.tasks.fakes import FakeSwitch, serving

Run = Callable[..., Any]


@pytest.fixture
def switch() -> FakeSwitch:
    return FakeSwitch()


@pytest.fixture
def run(switch: FakeSwitch, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a task on the switch; gives its result, or raises what it raised."""
    monkeypatch.setattr(connection, "login_class", serving({"10.5.0.43": switch}))
    nornir = init_nornir(Settings(), [Switch(switch.hostname, ip_address("10.5.0.43"))])

    def on_switch(task: Any, **arguments: Any) -> Any:
        (result,) = nornir.run(task=task, **arguments)[switch.hostname][:1]
        if result.exception is not None:
            raise result.exception
        return result.result

    return on_switch
