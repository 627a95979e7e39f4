"""How requests reach OpenStack: they end at the deadline, and reads are sent again once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError

from inventory.sources.deadline import bound
from inventory.sources.retries import ReadRetry

if TYPE_CHECKING:
    from types import TracebackType

    from requests.adapters import BaseAdapter
    from typing_extensions import Self
    from urllib3.connectionpool import ConnectionPool
    from urllib3.response import BaseHTTPResponse

_LOGIN = "/auth/tokens"


class _Once(ReadRetry):
    """One more try for a read whose connection was cut or refused, or that a proxy gave up.

    Servers of OpenStack reset kept connections (uwsgi as Debian sets it up). A login is a POST, but
    sending it again does no harm either.
    """

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        if isinstance(error, ConnectTimeoutError) and _pool is not None and url is not None:
            raise MaxRetryError(_pool, url, error)  # the form of it that requests understands
        if method == "POST" and (url or "").endswith(_LOGIN):
            method = "GET"
        return super().increment(method, url, response, error, _pool, _stacktrace)


def prepare(adapter: BaseAdapter) -> None:
    """Let requests through this adapter end at the deadline, and send reads again once."""
    bound(adapter)
    if isinstance(adapter, HTTPAdapter):
        adapter.max_retries = _Once(
            total=1,
            redirect=False,
            allowed_methods=frozenset({"GET", "HEAD"}),
            status_forcelist=frozenset({502, 503, 504}),
            backoff_factor=0,
            respect_retry_after_header=False,
            raise_on_status=False,
        )
