"""Serves all the stand-ins, each on a socket of its own, in threads of one process."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from lab.standins.faults import Faults
from lab.standins.mimic.app import create_mimic
from lab.standins.observium.app import create_observium, poll
from lab.standins.observium.poller import Poller
from lab.standins.openstack.apps import create_openstack
from lab.standins.openstack.cloud import Endpoints
from lab.standins.subnet_page import create_subnet_page
from lab.topology.default import LabError, Topology

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from typing_extensions import Self

_NAMES = ("mimic", "subnet-page", "keystone", "nova", "neutron", "observium")
_POLL_INTERVAL = 300.0  # Observium's own, by cron
_BACKLOG = 128


class _Handler(WSGIRequestHandler):
    """Logs one line for each request, and looks up no name for the client's address."""

    protocol_version = "HTTP/1.1"
    _dated = False

    def address_string(self) -> str:
        return str(self.client_address[0])

    def send_response(self, code: int, message: str | None = None) -> None:
        """Send the status without a date: an application whose clock is off sends its own."""
        self._dated = False
        self.log_request(code)
        self.send_response_only(code, message)

    def send_header(self, keyword: str, value: str) -> None:
        """Send a header, and remember whether there was a date."""
        self._dated = self._dated or keyword.lower() == "date"
        super().send_header(keyword, value)

    def end_headers(self) -> None:
        """End the headers, with the date of this machine where there was none."""
        if not self._dated:
            self.send_header("Date", self.date_time_string())
        super().end_headers()


class QuietHandler(_Handler):
    """The same without a line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


class StandIns:
    """The running stand-ins; also a context manager.

    Args:
        topology: the lab.
        faults: the active faults.
        local: listen on 127.0.0.1 and free ports instead of the topology's addresses.
        variant: the version of Mimic that is imitated unless the faults choose another.
        quiet: log no requests.
    """

    def __init__(
        self,
        topology: Topology,
        faults: Faults,
        *,
        local: bool = False,
        variant: str = "v2018",
        quiet: bool = False,
    ) -> None:
        self.topology = topology
        self._sockets = {name: _listen(topology, name, local=local) for name in _NAMES}
        urls = {name: _url(self._sockets[name], topology.service(name).path) for name in _NAMES}
        self.mimic_url = urls["mimic"]
        self.subnet_page_url = urls["subnet-page"]
        self.observium_url = urls["observium"]
        self.poller = Poller(topology)
        self._faults = faults
        self._stopped = threading.Event()
        self.endpoints = Endpoints(urls["keystone"], urls["nova"], urls["neutron"].rstrip("/"))
        cloud = create_openstack(topology, faults, self.endpoints)
        apps: dict[str, Flask] = {
            "mimic": create_mimic(topology, faults, variant),
            "subnet-page": create_subnet_page(topology, faults),
            "keystone": cloud.keystone,
            "nova": cloud.nova,
            "neutron": cloud.neutron,
            "observium": create_observium(self.poller, faults),
        }
        #: How many requests each stand-in has been asked, by its name.
        self.asked: Counter[str] = Counter()
        for name, app in apps.items():
            app.wsgi_app = _counted(app.wsgi_app, self.asked, name)  # type: ignore[method-assign, assignment]
        handler = QuietHandler if quiet else _Handler
        self._servers = [_server(self._sockets[name], apps[name], handler) for name in _NAMES]
        self._threads = [
            threading.Thread(target=_run(server), name=name, daemon=True)
            for name, server in zip(_NAMES, self._servers, strict=True)
        ]
        self._polling = threading.Thread(target=self._poll, name="poller", daemon=True)

    @property
    def auth_url(self) -> str:
        """Return Keystone's address."""
        return self.endpoints.keystone

    def cloud_config(self) -> dict[str, object]:
        """Return an entry of ``clouds.yaml`` that logs in as the lab's administrator."""
        spec = self.topology.cloud
        return {
            "auth": {
                "auth_url": self.auth_url,
                "username": spec.username,
                "password": spec.password,
                "project_name": spec.project,
                "user_domain_name": spec.domain,
                "project_domain_name": spec.domain,
            },
            "region_name": spec.region,
        }

    def start(self) -> None:
        """Start to answer."""
        for thread in (*self._threads, self._polling):
            thread.start()

    def stop(self) -> None:
        """Stop answering and free the addresses."""
        self._stopped.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for sock in self._sockets.values():
            sock.close()

    def _poll(self) -> None:
        """Poll the leafs as cron lets Observium do it; the lab asks for the first poll."""
        while not self._stopped.wait(_POLL_INTERVAL):
            poll(self.poller, self._faults)

    def wait(self) -> None:
        """Block until the stand-ins are stopped."""
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _listen(topology: Topology, name: str, *, local: bool) -> socket.socket:
    service = topology.service(name)
    where = ("127.0.0.1", 0) if local else (str(service.address), service.port)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(where)
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise LabError(
            f"The stand-in of {name} cannot listen on {where[0]}:{where[1]}: {error}.",
            "Is another lab up, or was this started outside the lab's web namespace?",
        ) from error
    return sock


def _url(sock: socket.socket, path: str) -> str:
    host, port = sock.getsockname()
    shown = "" if port == 80 else f":{port}"  # noqa: PLR2004 - HTTP's own
    return f"http://{host}{shown}{path}"


def _server(sock: socket.socket, app: Flask, handler: type[_Handler]) -> BaseWSGIServer:
    host, port = sock.getsockname()
    server = make_server(host, port, app, threaded=True, request_handler=handler, fd=sock.fileno())
    # A request that hangs on purpose must not prevent the process from ending.
    server.daemon_threads = True  # type: ignore[attr-defined] # of the threaded subclass
    server.block_on_close = False  # type: ignore[attr-defined]
    return server


def _counted(app: WSGIApplication, asked: Counter[str], name: str) -> WSGIApplication:
    lock = threading.Lock()

    def counted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with lock:
            asked[name] += 1
        return app(environ, start_response)

    return counted


def _run(server: BaseWSGIServer) -> Callable[[], None]:
    def serve() -> None:
        server.serve_forever(poll_interval=0.05)

    return serve
