"""Servers that are not down but never done, and answers that are no HTTP."""

from __future__ import annotations

import gc
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import chain, repeat

import pytest

from inventory.errors import SourceError
from inventory.settings import OpenStackSettings, WebSettings
from inventory.sources.deadline import DeadlineError, within
from inventory.sources.openstack.source import OpenStackSource
from inventory.sources.page import Page
from inventory.sources.web import WebClient

#: Seconds between two bytes: never a pause that a time-out would notice.
DRIP = 0.05
TIMEOUT = 0.4
#: Far more than the deadline, far less than for ever.
PATIENCE = 20.0

STATUS = b"HTTP/1.1 200 OK\r\n"


class Dripper:
    """Accepts, reads a request, and says ``parts`` with a pause after each, again and again."""

    def __init__(self) -> None:
        self.parts: Callable[[], Iterator[bytes]] = lambda: repeat(b"x")
        self.pause = DRIP
        self.connections = 0
        self.hung_up = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._drip, args=(connection,), daemon=True).start()

    def _drip(self, connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                for part in self.parts():
                    connection.sendall(part)
                    time.sleep(self.pause)
            except OSError:
                self.hung_up.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def dripper() -> Iterator[Dripper]:
    server = Dripper()
    yield server
    server.close()


def ask(dripper: Dripper, scheme: str = "http", **changes: object) -> Page:
    values = {"url": f"{scheme}://127.0.0.1:{dripper.port}/", "timeout": TIMEOUT} | changes
    return WebClient("Mimic", WebSettings.model_validate(values)).get("x")


def said(dripper: Dripper, scheme: str = "http", **changes: object) -> str:
    with pytest.raises(SourceError) as caught:
        ask(dripper, scheme, **changes)
    assert caught.value.advice
    return str(caught.value)


def bytewise(text: bytes) -> Iterator[bytes]:
    return (text[at : at + 1] for at in range(len(text)))


@pytest.mark.parametrize(
    "parts",
    [
        lambda: chain([b"HTTP/1.1 200 "], repeat(b"O")),
        lambda: chain([STATUS + b"X-Drip: "], repeat(b"x")),
        lambda: chain([STATUS], repeat(b"X-Drip: x\r\n")),
        lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
        lambda: chain([STATUS + b"Transfer-Encoding: chunked\r\n\r\n"], repeat(b"0")),
        lambda: chain([STATUS + b"Content-Length: 100000\r\n\r\n"], repeat(b"x")),
    ],
    ids=["status line", "one header", "many headers", "continue", "chunk size", "body"],
)
def test_a_server_that_drips_is_given_up(
    dripper: Dripper, parts: Callable[[], Iterator[bytes]]
) -> None:
    dripper.parts = parts
    began = time.monotonic()
    message = said(dripper)
    assert "whole after 0.8 s" in message or "still sending after 0.4 s" in message
    assert time.monotonic() - began < PATIENCE
    assert dripper.hung_up.wait(PATIENCE)  # and its connection does not live on
    assert dripper.connections == 1


def test_a_handshake_that_drips_is_given_up(dripper: Dripper) -> None:
    dripper.parts = lambda: chain([b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"], repeat(b"\0"))
    began = time.monotonic()
    said(dripper, "https")
    assert time.monotonic() - began < PATIENCE
    assert dripper.hung_up.wait(PATIENCE)


def test_redirects_have_the_time_together(dripper: Dripper) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"
    dripper.parts = lambda: bytewise(answer)
    dripper.pause = 0.3 / len(answer)
    began = time.monotonic()
    assert "given up" in said(dripper)
    assert time.monotonic() - began < PATIENCE


def test_what_comes_in_time_is_whole_though_it_drips(dripper: Dripper) -> None:
    dripper.parts = lambda: bytewise(STATUS + b"Content-Length: 2\r\n\r\nok")
    dripper.pause = 0.001
    assert ask(dripper, timeout=PATIENCE).text == "ok"


def test_a_question_to_openstack_ends_with_its_connection(
    dripper: Dripper, monkeypatch: pytest.MonkeyPatch
) -> None:
    dripper.parts = lambda: chain([STATUS + b"X-Drip: "], repeat(b"x"))
    for name, value in {
        "AUTH_URL": f"http://127.0.0.1:{dripper.port}/v3",
        "USERNAME": "u",
        "PASSWORD": "p",
        "PROJECT_NAME": "p",
        "USER_DOMAIN_NAME": "d",
        "PROJECT_DOMAIN_NAME": "d",
    }.items():
        monkeypatch.setenv(f"OS_{name}", value)
    source = OpenStackSource(OpenStackSettings(timeout=0.5, deadline=2))
    with pytest.raises(SourceError, match="had not answered after 2 s"):
        source.find_vms("vm-a1")
    # On a busy machine the time may be over before anything is asked.
    assert not dripper.connections or dripper.hung_up.wait(PATIENCE)


def test_no_thread_waits_on(dripper: Dripper) -> None:
    dripper.parts = lambda: chain([STATUS + b"X-Drip: "], repeat(b"x"))
    said(dripper)
    end = time.monotonic() + PATIENCE
    while any(thread.name == "GET" for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_work_that_ends_in_time_gives_what_it_gave() -> None:
    assert within(PATIENCE, lambda: 3, "w") == 3
    with pytest.raises(KeyError):
        within(PATIENCE, lambda: {}["x"], "w")
    with pytest.raises(DeadlineError, match="w had not ended after"):
        within(0.01, threading.Event().wait, "w")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: //[\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://a]:b/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe://\x01\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 60_000 + b"\r\n\r\n",
        b"HTTP/1.1 503 No\r\nRetry-After: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 503 No\r\nRetry-After: Mon, 01 Jan 9999999999 00:00:00 GMT\r\n\r\n",
        b"HTTP/1.1 " + b"2" * 5000 + b" OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\nx",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n",
        b"\x00" * 100,
        b"",
    ],
)
def test_an_answer_that_is_no_http_is_a_sentence(dripper: Dripper, answer: bytes) -> None:
    dripper.parts = lambda: iter([answer])
    dripper.pause = 0
    with pytest.raises(SourceError) as caught:
        ask(dripper, timeout=5, retries=0)
    assert caught.value.advice
    assert len(str(caught.value)) < 600
    with warnings.catch_warnings():  # requests and urllib3 let go of some of these unclosed
        warnings.simplefilter("ignore")
        del caught
        gc.collect()


@pytest.mark.parametrize(
    "charset",
    ["punycode", "idna", "undefined", "unicode_escape", "hex", "\0", "", "utf-7", "x" * 99],
)
def test_a_charset_that_the_web_does_not_have_is_utf_8(charset: str) -> None:
    body = "é".encode() * 100_000
    began = time.monotonic()
    assert Page("u", "text/html", body, charset).text == "é" * 100_000
    assert time.monotonic() - began < PATIENCE
