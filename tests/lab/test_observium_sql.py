"""Observium's tables in a real MariaDB, read by an account that may read named columns alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pymysql
import pytest

from inventory.errors import SourceError
from inventory.events.model import Device, EventKind
from inventory.events.sql import ObserviumSqlSource
from inventory.settings import ObserviumSqlSettings
from lab.machine.mariadb import mariadb
from tests.unit.inventory.events.monitoring import (
    DEVICE,
    LABELS,
    USUAL,
    Monitoring,
    now,
    renumbered,
    window,
    without,
)

pytestmark = pytest.mark.lab
SECRET = "read-only-secret"
SCHEMA = """\
CREATE DATABASE observium;
CREATE DATABASE other;
CREATE TABLE other.x (y INT);
CREATE TABLE observium.devices (device_id INT AUTO_INCREMENT PRIMARY KEY, hostname VARCHAR(253),
  sysName VARCHAR(253), snmp_community VARCHAR(255), last_polled TIMESTAMP NULL,
  last_polled_timetaken DOUBLE, status TINYINT, `ignore` TINYINT, disabled TINYINT);
CREATE TABLE observium.ports (port_id INT AUTO_INCREMENT PRIMARY KEY, device_id INT,
  ifIndex VARCHAR(16), ifName VARCHAR(64), ifDescr VARCHAR(255), port_label VARCHAR(128),
  port_label_short VARCHAR(128), deleted TINYINT, `ignore` TINYINT, disabled TINYINT,
  ifOperStatus VARCHAR(16), ifAdminStatus VARCHAR(16), ifLastChange DATETIME, poll_time INT);
CREATE TABLE observium.eventlog (event_id INT AUTO_INCREMENT PRIMARY KEY, device_id INT,
  timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, message TEXT, entity_type VARCHAR(32),
  entity_id INT, severity TINYINT);
CREATE USER reader@localhost IDENTIFIED BY 'read-only-secret';
CREATE USER nobody@localhost IDENTIFIED BY 'read-only-secret';
CREATE USER half@localhost IDENTIFIED BY 'read-only-secret';
GRANT SELECT ON observium.eventlog TO reader@localhost;
GRANT SELECT (device_id, hostname, sysName, last_polled, last_polled_timetaken)
  ON observium.devices TO reader@localhost;
GRANT SELECT (port_id, device_id, ifName, port_label_short, deleted)
  ON observium.ports TO reader@localhost;
GRANT SELECT ON other.* TO reader@localhost;
GRANT SELECT (device_id, hostname) ON observium.devices TO half@localhost;
"""


@dataclass
class Database:
    """The server, and Observium's tables in it."""

    socket: Path
    monitoring: Monitoring

    def run(self, *statements: str) -> None:
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def _connect(self) -> Any:
        return pymysql.connect(unix_socket=str(self.socket), user="root", autocommit=True)

    def fill(self) -> None:
        """Write what the poller has found, by a server whose zone is not UTC."""
        store = self.monitoring.poller.store
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            for name in ("devices", "ports", "eventlog"):
                cursor.execute(f"DELETE FROM observium.{name}")
            for device in store.devices:
                cursor.execute(
                    "INSERT INTO observium.devices (device_id, hostname, sysName, snmp_community, "
                    "last_polled, last_polled_timetaken) VALUES "
                    "(%s, %s, %s, 'public', FROM_UNIXTIME(%s), %s)",
                    (device.id, device.hostname, device.sys_name, device.polled, device.taken),
                )
            for port in store.ports:
                cursor.execute(
                    "INSERT INTO observium.ports (port_id, device_id, ifName, port_label_short, "
                    "deleted) VALUES (%s, %s, %s, %s, %s)",
                    (port.id, port.device, port.name, port.label, port.deleted),
                )
            for event in store.events:
                cursor.execute(
                    "INSERT INTO observium.eventlog (event_id, device_id, timestamp, message, "
                    "entity_type, entity_id) VALUES (%s, %s, FROM_UNIXTIME(%s), %s, %s, %s)",
                    (event.id, event.device, event.at, event.message, event.kind, event.entity),
                )

    def source(self, password: str = SECRET, **settings: object) -> ObserviumSqlSource:
        values = {"socket": self.socket, "username": "reader", "timeout": 5}
        chosen = ObserviumSqlSettings.model_validate(values | settings)
        return ObserviumSqlSource(chosen, password)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with mariadb(tmp_path_factory.mktemp("mariadb")) as socket:
        database = Database(socket, Monitoring())
        database.run("SET GLOBAL time_zone = '-05:00'")
        database.run(*SCHEMA.split(";\n")[:-1])
        yield socket


@pytest.fixture
def database(server: Path) -> Database:
    found = Database(server, Monitoring())
    found.monitoring.poll()
    found.fill()
    return found


def kinds(database: Database) -> list[EventKind]:
    with closing(database.source()) as source:
        return [event.kind for event in source.port_events(DEVICE, LABELS, *window()).value]


def test_the_events_are_read_in_utc(database: Database) -> None:
    database.monitoring.poll(renumbered("vlan453-v0", 30))
    database.monitoring.poll(list(USUAL))
    database.fill()
    with closing(database.source()) as source:
        events = source.port_events(DEVICE, LABELS, *window()).value
        assert [event.kind for event in events] == [
            EventKind.APPEARED,
            EventKind.DELETED,
            EventKind.RETURNED,
            EventKind.DELETED,
        ]
        assert {event.label for event in events} == {"Vlan453-v0"}
        assert abs(events[0].at - now()) < timedelta(seconds=5)
        assert source.live_ports(DEVICE, LABELS).value == LABELS
        polled = source.last_poll(DEVICE).value
        assert polled.began
        assert polled.ended
        assert polled.ended - polled.began == timedelta(seconds=0.05)


def test_what_happened_before_or_elsewhere_is_left_out(database: Database) -> None:
    database.monitoring.poll(without("vlan453-v0"))
    database.fill()
    database.run("UPDATE observium.eventlog SET timestamp = timestamp - INTERVAL 1 HOUR")
    assert kinds(database) == []
    with closing(database.source()) as source:
        other = Device("swt-sn2100-01.example.internal")
        assert source.port_events(other, LABELS, *window()).value == ()
        with pytest.raises(SourceError, match="no device swt-x, neither by hostname nor"):
            source.port_events(Device("swt-x"), LABELS, *window())


def test_a_switch_that_was_added_by_its_address_is_found(database: Database) -> None:
    database.monitoring.poll(without("vlan453-v0"))
    database.fill()
    database.run("UPDATE observium.devices SET hostname = '10.5.0.43' WHERE sysName LIKE '%03'")
    assert kinds(database) == [EventKind.DELETED]


def test_nothing_can_be_written_and_no_community_be_read(database: Database) -> None:
    with closing(database.source()) as source:
        source.last_poll(DEVICE)
        for query in ("SELECT snmp_community FROM devices", "DELETE FROM eventlog"):
            with pytest.raises(SourceError, match="refused what was asked as reader"):
                source._ask(query)


@pytest.mark.parametrize(
    ("password", "settings", "said", "advice"),
    [
        ("wrong", {}, "refused the login of reader", "observium_sql_password"),
        (SECRET, {"username": "nobody"}, "refused what was asked as nobody", "grants"),
        (SECRET, {"username": "half"}, "refused what was asked as half", "docs/evidence.md"),
        (SECRET, {"database": "other"}, "refused what was asked as reader", "not Observium's"),
        (SECRET, {"database": "none"}, "Access denied|Unknown database", "observium_sql|grants"),
        (SECRET, {"socket": "/nowhere"}, "had no answer", "observium_sql.host"),
        (SECRET, {"socket": None, "host": "127.0.0.1", "port": 9}, "had no answer", "VPN"),
    ],
)
def test_a_failure_is_a_sentence_and_never_no_events(
    database: Database, password: str, settings: dict[str, object], said: str, advice: str
) -> None:
    with closing(database.source(password, **settings)) as source:
        with pytest.raises(SourceError, match=said) as caught:
            source.port_events(DEVICE, LABELS, *window())
        assert any(word in caught.value.advice for word in advice.split("|"))
        assert SECRET not in f"{caught.value} {caught.value.advice} {source!r}"


def test_an_old_schema_is_told(database: Database) -> None:
    database.run("ALTER TABLE observium.eventlog CHANGE entity_type type VARCHAR(32)")
    try:
        with pytest.raises(SourceError, match="Unknown column") as caught:
            kinds(database)
        assert 'sources.events = "observium"' in caught.value.advice
    finally:
        database.run("ALTER TABLE observium.eventlog CHANGE type entity_type VARCHAR(32)")
