from __future__ import annotations

import base64
import gzip
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from inventory.errors import SourceError
from inventory.settings import WebSettings
from inventory.sources.web import WebClient, user_agent

Reply = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A local web server whose answer a test sets; remembers what it was sent."""

    def __init__(self) -> None:
        self.reply: Reply = text("ok")
        self.seen: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {key.lower(): value for key, value in self.headers.items()}
                outer.seen.append((self.path, headers))
                outer.reply(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/base/"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()


def text(
    body: str | bytes = "", status: int = 200, kind: str | None = "text/html", **headers: str
) -> Reply:
    data = body.encode() if isinstance(body, str) else body

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        if kind:
            handler.send_header("Content-Type", kind)
        headers.setdefault("Content_Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return reply


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


def client(server: Server, password: str | None = None, **settings: object) -> WebClient:
    values = {"url": server.url, "timeout": 2, "retries": 0} | settings
    return WebClient("Mimic", WebSettings.model_validate(values), password)


def failure(web: WebClient, **kwargs: object) -> str:
    with pytest.raises(SourceError) as caught:
        web.get("x.php", {"a": "b/c"}, **kwargs)  # type: ignore[arg-type]
    assert caught.value.advice
    return str(caught.value)


def test_a_page_and_who_asks(server: Server) -> None:
    page = client(server).get("x.php", {"subnet": "10.5.0.0/24"})
    assert (page.text, page.content_type) == ("ok", "text/html")
    path, headers = server.seen[0]
    assert path == "/base/x.php?subnet=10.5.0.0%2F24"
    assert headers["user-agent"] == user_agent()
    assert "webkit" not in user_agent().lower()
    assert "authorization" not in headers


def test_environment_changes_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert client(server).get().text == "ok"


def test_the_password_goes_to_the_server_and_nowhere_else(server: Server) -> None:
    server.reply = text("no", 401)
    web = client(server, "geh€im", username="me")
    message = failure(web)
    assert "HTTP 401" in message
    assert "geh" not in message + repr(web)
    sent = server.seen[0][1]["authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == "me:geh€im"


def test_credentials_do_not_belong_in_the_url() -> None:
    with pytest.raises(ValidationError) as caught:
        WebSettings(url="http://me:topsecret@host/")
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503, 204])
def test_any_other_status_is_a_failure(server: Server, status: int) -> None:
    server.reply = text("", status)
    assert f"HTTP {status}" in failure(client(server))


def test_a_wrong_type_is_a_failure_that_shows_what_came(server: Server) -> None:
    server.reply = text("<h1>Please log in</h1>")
    message = failure(client(server), content_types=frozenset({"image/svg+xml"}))
    assert "text/html" in message
    assert "Please log in" in message
    server.reply = text("x", kind=None)
    assert "no content type" in failure(client(server), content_types=frozenset({"text/html"}))


def test_too_large_a_body_is_not_read_on(server: Server) -> None:
    server.reply = text("x" * 5000)
    assert "more than 1000 bytes" in failure(client(server, max_bytes=1000))
    server.reply = text(gzip.compress(b"x" * 5_000_000), Content_Encoding="gzip")
    assert "more than 100000 bytes" in failure(client(server, max_bytes=100_000))


def test_a_body_cut_short_is_a_failure(server: Server) -> None:
    server.reply = text("short", Content_Length="500")
    assert "had no answer" in failure(client(server))


def test_a_dripping_body_is_given_up(server: Server) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        try:
            for _ in range(1200):
                handler.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    server.reply = drip
    began = time.monotonic()
    assert "still sending after 0.3 s" in failure(client(server, timeout=0.3))
    assert time.monotonic() - began < 30


def test_a_hanging_server_is_waited_for_once(server: Server) -> None:
    server.reply = lambda _: time.sleep(3)
    assert "nothing came for 0.2 s" in failure(client(server, timeout=0.2, retries=3))
    assert len(server.seen) == 1


def test_busy_is_asked_again_and_500_is_not(server: Server) -> None:
    answers = iter([text("", 503), text("", 502), text("fine")])

    def reply(handler: BaseHTTPRequestHandler) -> None:
        next(answers)(handler)

    server.reply = reply
    assert client(server, retries=2).get().text == "fine"
    server.seen.clear()
    server.reply = text("", 500)
    failure(client(server, retries=2))
    assert len(server.seen) == 1


def test_nobody_listens(server: Server) -> None:
    message = failure(client(server, url="http://127.0.0.1:9/"))
    assert "had no answer: Connection refused." in message  # and no object of a library
    assert "http://127.0.0.1:9/x.php" in message


def test_redirects_stay_on_the_host(server: Server) -> None:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        moved = text("", 302, Location="/new") if handler.path != "/new" else text("here")
        moved(handler)

    server.reply = reply
    assert client(server).get("old").text == "here"
    server.reply = text("", 302, Location="http://localhost.example/login?token=x")
    assert "another host" in failure(client(server))
    server.reply = text("", 302, Location="/base/x.php")
    assert "more than 5 times" in failure(client(server))


def test_cookies_are_not_kept(server: Server) -> None:
    server.reply = text("ok", Set_Cookie="a=b; Path=/")
    web = client(server)
    web.get()
    web.get()
    assert "cookie" not in server.seen[1][1]


def test_a_missing_ca_file_is_named(server: Server, tmp_path: Path) -> None:
    web = client(server, url="https://127.0.0.1:9/", ca_file=tmp_path / "none.pem")
    assert "none.pem" in failure(web)


def test_plain_http_where_tls_is_expected(server: Server) -> None:
    web = client(server, url=server.url.replace("http:", "https:"))
    assert "TLS failed" in failure(web)
