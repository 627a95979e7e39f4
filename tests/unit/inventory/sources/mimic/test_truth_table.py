"""Several rows for one switch or one NIC, drawn by the real graphviz as Mimic feeds it.

MagDB keeps old rows beside new ones. The date is drawn on the switch, and the last of its rows
wins. So for each state of the rows: the truth must be among the cables that are given, and where
dates cannot tell it, a note says so.
"""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import pytest

from inventory.sources.mimic.drawing import read_magdb
from lab.standins.mimic.drawing import magdb_source, render
from lab.standins.mimic.magdb import AddressRow, InterfaceRow, LinkRow, SystemRecord

pytestmark = pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not here")

HV = "hv50.nubes.example.internal"
TODAY = date(2026, 11, 28)
AMBIGUOUS = f"{HV}: the dates in Mimic do not tell which cable is current: "


class Row(NamedTuple):
    """A row of the links: NIC, switch, age in days."""

    nic: str
    switch: str
    age: int
    port: str = ""
    mac: str = ""


@dataclass(frozen=True)
class State:
    """Rows, and what has to come of them.

    ``given`` are NIC, switch and, where it has one, the age that the cable is given with.
    """

    name: str
    rows: tuple[Row, ...]
    truth: frozenset[tuple[str, str]]
    given: frozenset[tuple[str, str, int | None]]
    note: bool = True


SAME_MAC = "24:8a:07:01:01:77"
TRUTH_TABLE = (
    State(
        "a bond whose cables were swapped",
        (
            Row("eth0", "01", 200),
            Row("eth1", "02", 200),
            Row("eth0", "02", 0),
            Row("eth1", "01", 0),
        ),
        frozenset({("eth0", "02"), ("eth1", "01")}),
        frozenset(
            {("eth0", "01", None), ("eth0", "02", None), ("eth1", "01", None), ("eth1", "02", None)}
        ),
    ),
    State(
        "an old row to a switch on which another NIC is",
        (Row("eth1", "04", 0), Row("eth1", "05", 100), Row("eth2", "05", 0)),
        frozenset({("eth1", "04"), ("eth2", "05")}),
        frozenset({("eth1", "04", 0), ("eth1", "05", None), ("eth2", "05", None)}),
    ),
    State(
        "an old row to a switch whose ports have one MAC",
        (
            Row("eth0", "01", 0, "swp1", SAME_MAC),
            Row("eth1", "01", 100, "swp2", SAME_MAC),
            Row("eth1", "02", 0),
        ),
        frozenset({("eth0", "01"), ("eth1", "02")}),
        frozenset({("eth0", "01", None), ("eth1", "01", None), ("eth1", "02", 0)}),
    ),
    State(
        "a NIC with two ports of one switch",
        (Row("eth0", "01", 100, "swp1"), Row("eth0", "01", 0, "swp2")),
        frozenset({("eth0", "01")}),
        frozenset({("eth0", "01", None)}),
    ),
    State(
        "two NICs on one switch, and no old rows",
        (Row("eth0", "01", 0), Row("eth1", "01", 0)),
        frozenset({("eth0", "01"), ("eth1", "01")}),
        frozenset({("eth0", "01", None), ("eth1", "01", None)}),
        note=False,
    ),
    State(
        "an old row to a switch of its own",
        (Row("eth0", "01", 100), Row("eth0", "02", 0)),
        frozenset({("eth0", "02")}),
        frozenset({("eth0", "02", 0)}),
        note=False,
    ),
    State(
        "a bond to two switches",
        (Row("eth0", "01", 0), Row("eth1", "02", 3)),
        frozenset({("eth0", "01"), ("eth1", "02")}),
        frozenset({("eth0", "01", 0), ("eth1", "02", 3)}),
        note=False,
    ),
    State(
        "the BMC on the switch of an old row",
        (Row("eth0", "01", 100), Row("bmc0", "01", 0), Row("eth0", "02", 50)),
        frozenset({("eth0", "02")}),
        frozenset({("eth0", "01", None), ("eth0", "02", 50)}),
    ),
)


def name_of(switch: str) -> str:
    return f"swt-sn2100-{switch}.example.internal"


def mac_of(nic: str) -> str:
    return f"0c:c4:7a:32:00:{0xA0 + int(nic[-1]) + (16 if nic.startswith('bmc') else 0):02x}"


def drawn(rows: tuple[Row, ...], *, port_ids_with_name: bool) -> bytes:
    links: dict[str, list[LinkRow]] = {}
    for row in rows:
        place = f"{row.nic[-1]}{row.switch[-1]}"
        port = row.port or f"swp{place}"
        mac = row.mac or f"24:8a:07:01:{row.switch}:{port[-2:].replace('p', '0')}"
        observed = str(TODAY - timedelta(days=row.age))
        text = f"{port} ({port})"
        links.setdefault(row.nic, []).append(LinkRow(mac, text, name_of(row.switch), observed))
    interfaces = tuple(InterfaceRow(nic, mac_of(nic), links=tuple(links[nic])) for nic in links)
    record = SystemRecord(
        6450, 36450, HV, interfaces, (AddressRow(interfaces[0].mac, "10.5.1.50", 24, HV),)
    )
    svg = render(magdb_source(record, port_ids_with_name=port_ids_with_name))
    assert svg is not None
    return svg


@pytest.mark.parametrize("variant", ["v2018", "head"])
@pytest.mark.parametrize("state", TRUTH_TABLE, ids=lambda state: state.name)
def test_truth_table(state: State, variant: str) -> None:
    for rows in itertools.permutations(state.rows):
        drawing = read_magdb(drawn(rows, port_ids_with_name=variant == "head"), HV)
        given = {
            (
                link.interface,
                link.switch.split(".")[0][-2:],
                None if link.observed is None else (TODAY - link.observed).days,
            )
            for link in drawing.links
        }
        assert given == state.given, rows
        assert {cable[:2] for cable in given} >= state.truth
        told = [note for note in drawing.notes if note.startswith(AMBIGUOUS)]
        assert (len(told) == 1) == state.note, drawing.notes
