"""Facts, users and the environment: recorded outputs of a leaf in, NAPALM's models out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from napalm.base import models
from napalm.base.exceptions import CommandErrorException
from napalm.base.test.helpers import test_model as fits

from napalm_cumulus.getters import (
    system,
)
from napalm_cumulus.result import CommandResult

if TYPE_CHECKING:
    from tests.unit.napalm_cumulus.getters.answers import Recorded

from tests.unit.napalm_cumulus.getters.answers import MISSING, said


def facts(recorded: Recorded, eeprom: CommandResult = MISSING) -> models.FactsDict:
    release = recorded("lsb-release").stdout + recorded("os-release").stdout
    return system.parse_facts(
        said("leaf1\n"),
        said("leaf1.example.internal\n"),
        recorded("proc_uptime"),
        said(release.decode()),
        eeprom,
        said("product_name=VM\nproduct_serial=\n"),
        recorded("ip_j_d_link.json"),
    )


def test_facts(recorded: Recorded) -> None:
    found = facts(recorded)
    assert fits(models.FactsDict, found)
    assert (found["hostname"], found["fqdn"]) == ("leaf1", "leaf1.example.internal")
    assert (found["os_version"], found["uptime"]) == ("4.4.5", 8990.65)
    assert (found["model"], found["serial_number"]) == ("VM", "Unknown")
    assert found["interface_list"][:3] == ["lo", "eth0", "swp1"]


def test_facts_from_the_eeprom(recorded: Recorded) -> None:
    fields = {"Product Name": {"value": "MSN2100"}, "Serial Number": {"value": "MT1"}}
    found = facts(recorded, said({"tlv": fields}))
    assert (found["model"], found["serial_number"]) == ("MSN2100", "MT1")
    with pytest.raises(CommandErrorException, match="EEPROM"):
        facts(recorded, said("{"))


def test_version_5_names_itself_in_os_release_alone(recorded: Recorded) -> None:
    assert system._version({"NAME": "Cumulus Linux", "VERSION_ID": "5.9.1"}) == "5.9.1"


def test_users() -> None:
    passwd = (
        "root:x:0:0:root:/root:/bin/bash\n"
        "daemon:x:1:1::/:/usr/sbin/nologin\n"
        "cumulus:x:1000:1000::/home/cumulus:/bin/bash\n"
        "watcher:x:1001:1001::/home/watcher:/bin/bash\n"
    )
    shadow = "root:*:1::::::\ncumulus:$6$abc$def:1::::::\nwatcher:!$6$x:1::::::\n"
    groups = "root:x:0:\nsudo:x:27:cumulus\nnetshow:x:1002:watcher\n"
    keys = "cumulus:ssh-ed25519 AAAA me@here\ncumulus:# no key\nwatcher:\n"
    found = system.parse_users(said(passwd), said(shadow), said(groups), said(keys))
    assert all(fits(models.UsersDict, one) for one in found.values())
    assert {name: one["level"] for name, one in found.items()} == {
        "root": 15,
        "cumulus": 15,
        "watcher": 1,
    }
    assert found["cumulus"]["password"] == "$6$abc$def"
    assert found["cumulus"]["sshkeys"] == ["ssh-ed25519 AAAA me@here"]
    assert found["watcher"] == {"level": 1, "password": "", "sshkeys": []}
    refused = said("", 1, "cat: /etc/shadow: Permission denied")
    with pytest.raises(CommandErrorException, match="Permission denied"):
        system.parse_users(said(passwd), refused, said(groups), said(keys))


MEMINFO = said("MemTotal: 8000 kB\nMemFree: 1000 kB\nMemAvailable: 6000 kB\nHugePages_Total: 0\n")
STAT = said(
    "cpu 1 1 1 1 1 1 1 1 0 0\ncpu0 100 0 50 800 50 0 0 0 0 0\nintr 5\n"
    "cpu 2 2 2 2 2 2 2 2 0 0\ncpu0 130 0 70 840 60 0 0 0 0 0\n"
)


def test_environment() -> None:
    sensors = [
        {"name": "Fan1", "type": "fan", "state": "OK", "input": 9000},
        {"name": "PSU1", "type": "power", "state": "BAD"},
        {"name": "Temp1", "type": "temp", "state": "OK", "input": 41, "max": 80, "crit": 85},
        {
            "name": "Temp2",
            "type": "temp",
            "state": "CRITICAL",
            "input": 90.5,
            "max": 80,
            "crit": 85,
        },
    ]
    found = system.parse_environment(said(sensors), MEMINFO, STAT)
    assert found["fans"] == {"Fan1": {"status": True}}
    assert found["power"] == {"PSU1": {"status": False, "capacity": -1.0, "output": -1.0}}
    assert found["temperature"]["Temp1"] == {
        "temperature": 41.0,
        "is_alert": False,
        "is_critical": False,
    }
    assert found["temperature"]["Temp2"]["is_critical"]
    assert all(fits(models.TemperatureDict, one) for one in found["temperature"].values())
    assert found["cpu"] == {0: {"%usage": 50.0}}
    assert found["memory"] == {"available_ram": 8000, "used_ram": 2000}


def test_a_machine_without_sensors() -> None:
    found = system.parse_environment(MISSING, MEMINFO, STAT)
    assert found["fans"] == {}
    with pytest.raises(CommandErrorException):
        system.parse_environment(said("", 1, "smonctl: broken"), MEMINFO, STAT)
