"""One HTTP client for all web sources: GET and a login form, with limits of time, size and trust.

These decisions were made because the sources are read in the middle of an outage:

* No proxies from the environment and no ``~/.netrc`` (``trust_env`` off): management systems are
  near, and a forgotten ``HTTPS_PROXY`` or ``.netrc`` must not change where a question goes, or as
  whom. A private CA is the setting ``ca_file``, not ``REQUESTS_CA_BUNDLE``.
* Redirects are followed only on the same host, never from https to http. A login page elsewhere is
  reported as a failure, and credentials go nowhere else.
* Cookies are not kept, so one client may serve several threads; unless a login needs them.
* A form is sent once: not repeated, and not sent on to where a redirect leads.
* A whole GET, with its redirects and repeats, has twice the time-out (``sources/deadline.py``). A
  server that sends its answer byte by byte is given up like one that hangs.
* All GETs of a run share their patience with a system that hangs (``sources/patience.py``).
* A GET is repeated after a refused or cut connection and after 429, 502, 503 and 504. A time-out is
  not repeated, because the person waits and an older answer may be available. Nor is a 500: these
  applications answer 500 for as long as their database is down.
"""

from __future__ import annotations

import time
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.cookies import RequestsCookieJar
from urllib3.exceptions import HTTPError

from inventory.errors import NoAnswerError, SourceError, SourceTimeoutError
from inventory.names import clean_url, one_line
from inventory.sources.deadline import bound
from inventory.sources.page import Page, date_of, type_of
from inventory.sources.patience import Patience
from inventory.sources.retries import ReadRetry, innermost

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

    from inventory.settings import WebSettings

_CHUNK = 65536
_NETWORK = "Check the network, the VPN and the url in the settings."
_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REPEATED = frozenset({429, 502, 503, 504})
_ADVICE = {
    401: "Check the username in the settings and its password.",
    403: "Ask who runs it whether this account and this machine may read it.",
    404: "Check the url in the settings.",
    429: "It allows fewer requests: lower `parallel` or wait a little.",
}


def user_agent() -> str:
    """Return our User-Agent; it never names WebKit, for which Mimic changes its page."""
    try:
        return f"vipkeeper/{version('vipkeeper')}"
    except PackageNotFoundError:
        return "vipkeeper/0"


class MissingPageError(SourceError):
    """The server has no such page (404)."""


class WrongTypeError(SourceError):
    """The answer is of another type than the expected one.

    Attributes:
        empty: whether it has no content, either.
    """

    empty = False


class WebClient:
    """Fetches pages of one system and turns every failure into a ``SourceError`` sentence."""

    def __init__(
        self,
        system: str,
        settings: WebSettings,
        password: str | None = None,
        patience: Patience | None = None,
        *,
        cookies: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            system: its name in error messages.
            settings: its address, login and limits.
            password: the password of ``settings.username``; never shown.
            patience: how long the requests of a run wait for it.
            cookies: whether its cookies are kept; such a client is for one thread at a time.
            headers: further headers of every request, such as a token.
        """
        self.system = system
        self._patience = patience or Patience()
        self.location = clean_url(settings.url)
        self._settings = settings
        self._base = settings.url if settings.url.endswith("/") else settings.url + "/"
        self._session = requests.Session()
        self._session.trust_env = False
        policy = None if cookies else DefaultCookiePolicy(allowed_domains=[])
        self._session.cookies = RequestsCookieJar(policy=policy)
        self._session.headers.clear()
        self._session.headers["User-Agent"] = user_agent()
        self._session.headers["Accept"] = "*/*"
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.headers.update(headers or {})
        if settings.username is not None:
            self._session.auth = HTTPBasicAuth(
                settings.username.encode(), (password or "").encode()
            )
        self._session.verify = str(settings.ca_file) if settings.ca_file else True
        self._session.cert = str(settings.client_cert) if settings.client_cert else None
        retry = ReadRetry(
            total=settings.retries,
            redirect=False,
            allowed_methods=frozenset({"GET"}),
            status_forcelist=_REPEATED,
            backoff_factor=0.2,
            backoff_max=5,
            retry_after_max=10,
            raise_on_status=False,
        )
        adapter = HTTPAdapter(max_retries=retry, pool_maxsize=16)
        bound(adapter)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def get(
        self,
        path: str = "",
        params: Mapping[str, str] | None = None,
        *,
        content_types: frozenset[str] = frozenset(),
    ) -> Page:
        """Fetch one page.

        Args:
            path: relative to the settings' url; if it starts with "/", relative to the host.
            params: the query, encoded here.
            content_types: the acceptable types; empty accepts any.

        Returns:
            The whole body.

        Raises:
            SourceError: the answer is not a complete 200 of an expected type from this host.
        """
        return self._ask(urljoin(self._base, path), params, None, content_types)

    def post(
        self,
        path: str,
        form: Mapping[str, str],
        *,
        content_types: frozenset[str] = frozenset(),
    ) -> Page:
        """Send a form once, and fetch the page to which it leads.

        Args:
            path: as for ``get``.
            form: its fields; never shown.
            content_types: as for ``get``.

        Raises:
            SourceError: as for ``get``.
        """
        return self._ask(urljoin(self._base, path), None, form, content_types)

    def _ask(
        self,
        url: str,
        params: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
        content_types: frozenset[str],
    ) -> Page:
        prepared = requests.Request("GET", url, params=dict(params or {})).prepare()
        shown = f"{'POST' if form else 'GET'} {clean_url(prepared.url or url)}"
        timeout = self._settings.timeout

        def late(seconds: float, _: str) -> SourceTimeoutError:
            return SourceTimeoutError(
                self.system,
                f"{shown} had not been answered whole after {seconds:.3g} s; given up.",
                "It hangs or is very slow; try again, or raise timeout in the settings.",
            ).because(f"no whole answer in {seconds:.3g} s")

        return self._patience.ask(
            # Pages of one directory are made by the same parts of a system, and hang with them.
            urlsplit(url).path.rpartition("/")[0],
            timeout,
            2 * timeout,
            lambda: self._page(url, params, form, shown, content_types),
            late,
        )

    def _page(
        self,
        url: str,
        params: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
        shown: str,
        content_types: frozenset[str],
    ) -> Page:
        try:
            response = self._follow(url, params, form, shown)
            with response:
                at = clean_url(response.url)
                shown = f"{response.request.method} {at}"
                self._check_status(response, shown)
                body = self._read(response, shown)
        except (requests.RequestException, HTTPError, OSError) as exc:
            raise self._no_answer(exc, shown) from exc
        except (ValueError, ArithmeticError) as exc:
            # A header's number, date or address is malformed; a redirect to "http://[::1" is an
            # example.
            raise SourceError(
                self.system,
                f"{shown} was answered with headers that make no sense "
                f"({one_line(exc, 80) or type(exc).__name__}).",
                "It is failing itself; ask who runs it.",
            ) from exc
        kind, charset = type_of(response.headers.get("Content-Type", ""))
        if content_types and kind not in content_types:
            expected = " or ".join(sorted(content_types))
            wrong = WrongTypeError(
                self.system,
                f"{shown} gave {one_line(kind) or 'no content type'} ({len(body)} bytes) where "
                f"{expected} was expected{_glimpse(kind, body)}.",
                "It may be failing behind a page that says so, or want a login: open it in a "
                "browser.",
            )
            wrong.empty = not body
            raise wrong
        return Page(at, kind, body, charset, date_of(response.headers.get("Date", "")))

    def _follow(
        self,
        url: str,
        params: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
        shown: str,
    ) -> requests.Response:
        home = urlsplit(url)
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._session.request(
                "POST" if form else "GET",
                url,
                params=params,
                data=form,
                timeout=self._settings.timeout,
                stream=True,
                allow_redirects=False,
            )
            target = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or not target:
                return response
            response.close()
            url, params, form = urljoin(response.url, target), None, None
            if not _same_place(home, urlsplit(url)):
                raise SourceError(
                    self.system,
                    f"{shown} was redirected to {one_line(clean_url(url).split('?')[0])}, "
                    "another host or not encrypted; not followed.",
                    "It probably wants a login; check url, username and client_cert in the "
                    "settings.",
                )
        raise SourceError(
            self.system,
            f"{shown} was redirected more than {_MAX_REDIRECTS} times; given up.",
            "It goes round in a circle, perhaps for want of a login: open it in a browser.",
        )

    def _check_status(self, response: requests.Response, shown: str) -> None:
        status = response.status_code
        if status == requests.codes.ok:
            return
        kind = MissingPageError if status == requests.codes.not_found else SourceError
        raise kind(
            self.system,
            f"{shown} gave HTTP {status} {one_line(response.reason or '', 40)}".rstrip() + ".",
            _ADVICE.get(status, "It is failing itself; ask who runs it."),
        )

    def _read(self, response: requests.Response, shown: str) -> bytes:
        """Return the body; raise when it is too large or too slow."""
        limit, deadline = self._settings.max_bytes, time.monotonic() + self._settings.timeout
        chunks: list[bytes] = []
        size = 0
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                raise SourceError(
                    self.system,
                    f"{shown} sent more than {limit} bytes; not read further.",
                    "If that is its true size, raise max_bytes in the settings.",
                )
            if time.monotonic() > deadline:
                raise SourceTimeoutError(
                    self.system,
                    f"{shown} was still sending after {self._settings.timeout:g} s; given up.",
                    "It is very slow; try again, or raise timeout in the settings.",
                )
        return b"".join(chunks)

    def _no_answer(self, exc: Exception, shown: str) -> SourceError:
        reason, advice = _reason(exc, self._settings)
        message = f"{shown} had no answer: {reason}."
        if advice != _NETWORK:
            return SourceError(self.system, message, advice)
        kind = SourceTimeoutError if _is_timeout(exc) else NoAnswerError
        return kind(self.system, message, advice).because(reason)


def _same_place(home: SplitResult, there: SplitResult) -> bool:
    """Return whether two URLs have one host and port, or one host and only the second encrypts."""
    if there.hostname != home.hostname:
        return False
    return there[:2] == home[:2] or (home.scheme, there.scheme) == ("http", "https")


def _glimpse(kind: str, body: bytes) -> str:
    """Return the first words of a text body, to tell an error page from a login page."""
    if not body or not kind.startswith("text/"):
        return ""
    return f', starting "{one_line(body[:400].decode("utf-8", errors="replace"), 80)}"'


def _is_timeout(exc: Exception) -> bool:
    return isinstance(exc, requests.exceptions.Timeout) or (
        not isinstance(exc, requests.exceptions.SSLError) and "timed out" in str(exc).lower()
    )


def _reason(exc: Exception, settings: WebSettings) -> tuple[str, str]:
    if isinstance(exc, requests.exceptions.SSLError):
        return (
            f"TLS failed ({innermost(exc)})",
            "Check ca_file and client_cert in the settings, and the host's certificate.",
        )
    if _is_timeout(exc):
        return f"nothing came for {settings.timeout:g} s", _NETWORK
    if isinstance(exc, OSError) and not isinstance(exc, requests.RequestException):
        return one_line(exc), "Check ca_file and client_cert in the settings."
    return innermost(exc), _NETWORK
