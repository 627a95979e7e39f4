"""What Observium's poller writes when it looks at a device's interfaces.

A row of a port is found by its device and its ifIndex alone, as in Observium. So a VRR device that
was made anew is a new port, and the old row is marked as deleted.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lab.machine.shell import call
from lab.topology.default import LabError, Topology

#: For so long net-snmp's agent shows an interface that is gone, as down (interface_fadeout).
FADEOUT = 300.0
INFORMATIONAL, WARNING = 6, 4


@dataclass(frozen=True)
class Link:
    """An interface of a leaf."""

    index: int
    name: str
    up: bool = True


@dataclass
class Port:
    """A row of the table ``ports``."""

    id: int
    device: int
    index: int
    name: str
    up: bool
    deleted: bool = False
    gone_since: float | None = None

    @property
    def label(self) -> str:
        """Return its name as Observium shows it (``Vlan453-v0``)."""
        return self.name[:1].upper() + self.name[1:]


@dataclass
class DeviceRow:
    """A row of the table ``devices``."""

    id: int
    hostname: str
    sys_name: str
    address: str = ""
    polled: float | None = None
    taken: float = 0.0


@dataclass(frozen=True)
class EventRow:
    """A row of the table ``eventlog``; ``at`` is epoch seconds."""

    id: int
    device: int
    at: float
    message: str
    kind: str
    entity: int
    severity: int = INFORMATIONAL


@dataclass
class Store:
    """Observium's tables."""

    devices: list[DeviceRow] = field(default_factory=list)
    ports: list[Port] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def port(self, key: int) -> Port | None:
        """Return the port of that id."""
        return next((port for port in self.ports if port.id == key), None)

    def log(
        self, device: int, at: float, message: str, port: Port | None, severity: int = INFORMATIONAL
    ) -> None:
        """Write an event of a port, or of the device."""
        kind, entity = ("port", port.id) if port else ("device", device)
        row = EventRow(
            len(self.events) + 1, device, float(int(at)), message, kind, entity, severity
        )
        self.events.append(row)

    def poll(
        self,
        device: DeviceRow,
        links: Sequence[Link],
        at: float,
        *,
        fadeout: bool = False,
        ignored: bool = False,
        taken: float = 1.0,
    ) -> None:
        """Write what one poll finds.

        Args:
            device: the device.
            links: its interfaces now.
            at: when the poll ends.
            fadeout: its SNMP agent still shows an interface for 300 s after it has gone.
            ignored: its ports are set to "ignore": no event is written.
            taken: how long the poll took.
        """
        with self.lock:
            first = device.polled is None
            before = len(self.events)
            held = {port.index: port for port in self.ports if port.device == device.id}
            seen = {link.index for link in links}
            # As Observium does it: what is there first, then what has gone.
            for link in links:
                self._found(device, held.get(link.index), link, at, first=first)
            for port in held.values():
                if port.index not in seen and not port.deleted:
                    self._missing(device, port, at, fadeout=fadeout)
            self.log(device.id, at, "Ip-addresses: 1 deleted, 6 unchanged.", None)
            if ignored:
                del self.events[before:]
            device.polled, device.taken = at, taken

    def _found(
        self, device: DeviceRow, port: Port | None, link: Link, at: float, *, first: bool
    ) -> None:
        if port is None:
            port = Port(len(self.ports) + 1, device.id, link.index, link.name, link.up)
            self.ports.append(port)
            if not first:
                message = f"Interface changed: [ifDescr] '' -> '{link.name}'; [ifMtu] '' -> '9216'"
                self.log(device.id, at, message, port)
            return
        if port.deleted:
            port.deleted = False
            self.log(device.id, at, "Interface DELETED mark removed", port)
        if port.name != link.name:
            message = f"Interface changed: [ifDescr] '{port.name}' -> '{link.name}'"
            self.log(device.id, at, message, port)
        self._state(device, port, at, up=link.up)
        port.name, port.gone_since = link.name, None

    def _missing(self, device: DeviceRow, port: Port, at: float, *, fadeout: bool) -> None:
        port.gone_since = at if port.gone_since is None else port.gone_since
        if fadeout and at - port.gone_since < FADEOUT:
            self._state(device, port, at, up=False)
            return
        port.deleted = True
        self.log(device.id, at, "Interface was marked as DELETED", port)

    def _state(self, device: DeviceRow, port: Port, at: float, *, up: bool) -> None:
        if port.up != up:
            word, old, new = ("Up", "down", "up") if up else ("Down", "up", "down")
            message = f"Interface {word}: [ifOperStatus] '{old}' -> '{new}'"
            self.log(device.id, at, message, port, WARNING)
            port.up = up


class Poller:
    """Polls the leafs of a lab now and then, or when it is told to."""

    def __init__(
        self,
        topology: Topology,
        *,
        look: Callable[[str], Sequence[Link]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Know the leafs; none is looked at yet.

        Args:
            topology: the lab.
            look: returns the interfaces of a leaf, by its namespace.
            clock: the clock of Observium's machine.
        """
        self.store = Store()
        self.clock = clock
        self._look = look or links_of
        self._whole: set[int] = set()
        self._spaces: Mapping[int, str] = {
            number: f"vk-{topology.name}.{leaf.short_name}"
            for number, leaf in enumerate(topology.leafs, 1)
        }
        self.store.devices = [
            DeviceRow(number, leaf.name, leaf.short_name, str(leaf.address.ip))
            for number, leaf in enumerate(topology.leafs, 1)
        ]

    def poll(
        self,
        *,
        fadeout: bool = False,
        ignored: bool = False,
        seen: Mapping[str, Iterable[Mapping[str, object]]] | None = None,
    ) -> None:
        """Poll every leaf that answers.

        Args:
            fadeout: see ``Store.poll``.
            ignored: see ``Store.poll``.
            seen: what ``ip -j link`` says on leafs that are whole machines. These are polled only
                with it.
        """
        for device in self.store.devices:
            try:
                links = self._links(device, seen or {})
            except LabError:  # a leaf that is down does not answer SNMP, and keeps its old rows
                continue
            self.store.poll(
                device, links, self.clock(), fadeout=fadeout, ignored=ignored, taken=0.05
            )

    def _links(
        self, device: DeviceRow, seen: Mapping[str, Iterable[Mapping[str, object]]]
    ) -> Sequence[Link]:
        if device.hostname in seen:
            self._whole.add(device.id)
            return list(_links(seen[device.hostname]))
        if device.id in self._whole:
            raise LabError(f"{device.hostname} is a machine of its own.")
        return self._look(self._spaces[device.id])


def links_of(namespace: str) -> list[Link]:
    """Return the interfaces of a network namespace.

    Raises:
        LabError: it is not there.
    """
    found = json.loads(call(["ip", "-n", namespace, "-j", "link"], timeout=10).stdout or "[]")
    return list(_links(found))


def _links(found: Iterable[Mapping[str, object]]) -> Iterable[Link]:
    for link in found:
        flags = link.get("flags")
        up = isinstance(flags, list) and {"UP", "LOWER_UP"} <= set(flags)
        yield Link(int(str(link["ifindex"])), str(link["ifname"]), up)
