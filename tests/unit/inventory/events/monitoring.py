"""An Observium on loopback whose poller sees what a test wants it to see."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.serving import make_server

from inventory.events.model import Device
from inventory.events.observium import ObserviumSource
from inventory.settings import ObserviumSettings
from lab.standins.faults import Faults
from lab.standins.observium.app import create_observium, poll
from lab.standins.observium.poller import Link, Poller
from lab.standins.server import QuietHandler
from lab.topology.default import (
    OBSERVIUM_PASSWORD,
    OBSERVIUM_USER,
    LabError,
    default_topology,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LABELS = ("vlan453", "vlan453-v0", "vlan453-v1")
LEAF = "swt-sn2100-03.example.internal"
DEVICE = Device(LEAF, "10.5.0.43")
USUAL = (Link(1, "lo"), Link(20, "vlan453"), Link(21, "vlan453-v0"), Link(22, "vlan453-v1"))


def renumbered(name: str, index: int) -> list[Link]:
    """The usual links, one of which was made anew."""
    return [Link(index, name) if link.name == name else link for link in USUAL]


def without(name: str) -> list[Link]:
    return [link for link in USUAL if link.name != name]


@dataclass
class Monitoring:
    """The poller, its clock, and what it is to see."""

    faults: dict[str, object] = field(default_factory=dict)
    links: Sequence[Link] = USUAL
    logins: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    password: str = OBSERVIUM_PASSWORD
    url: str = ""
    shift: float = 0.0

    def __post_init__(self) -> None:
        self.poller = Poller(
            default_topology("vk"), look=self._look, clock=lambda: time.time() + self.shift
        )
        self.known = Faults(fixed=self.faults)
        self.app = create_observium(self.poller, self.known, logins=self.logins)
        inner = self.app.wsgi_app

        def noted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            self.methods.append(environ["REQUEST_METHOD"])
            return inner(environ, start_response)

        self.app.wsgi_app = noted  # type: ignore[method-assign]

    def _look(self, namespace: str) -> Sequence[Link]:
        if "sn2100-03" in namespace:
            return self.links
        if "sn2100-01" in namespace:
            return USUAL
        raise LabError("it is down")

    def poll(self, links: Sequence[Link] | None = None) -> None:
        self.links = self.links if links is None else links
        poll(self.poller, self.known)

    def fault(self, *names: str) -> None:
        self.faults["observium"] = list(names)

    def source(self, **settings: object) -> ObserviumSource:
        values = {"url": self.url, "username": OBSERVIUM_USER, "timeout": 5, "retries": 0}
        chosen = ObserviumSettings.model_validate(values | settings)
        return ObserviumSource(chosen, self.password)


def now() -> datetime:
    return datetime.now(timezone.utc)


def window() -> tuple[datetime, datetime]:
    return now() - timedelta(minutes=5), now() + timedelta(minutes=11)


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application on a free port of loopback."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True  # type: ignore[attr-defined] # of the threaded subclass
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
