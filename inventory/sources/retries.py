"""Which failed requests are sent again, and the innermost cause of one that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from urllib3.exceptions import ConnectTimeoutError, MaxRetryError
from urllib3.exceptions import TimeoutError as HTTPTimeout
from urllib3.util import Retry

from inventory.names import one_line

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self
    from urllib3.connectionpool import ConnectionPool
    from urllib3.response import BaseHTTPResponse


_LOGIN = "/auth/tokens"


class ReadRetry(Retry):
    """Retries, except after time-outs: the person waits, and an older answer may be available.

    A login to Keystone is a POST, but sending it again does no harm.
    """

    def increment(  # the signature is urllib3's
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Refuse another try after a time-out; otherwise do as urllib3 does."""
        if isinstance(error, ConnectTimeoutError) and _pool is not None and url is not None:
            raise MaxRetryError(_pool, url, error)  # the form of it that requests understands
        if isinstance(error, HTTPTimeout):
            raise error
        if method == "POST" and (url or "").endswith(_LOGIN):
            method = "GET"
        return super().increment(method, url, response, error, _pool, _stacktrace)


def innermost(exc: BaseException) -> str:
    """Return the innermost cause of what requests and urllib3 raised."""
    seen: set[int] = set()
    while id(exc) not in seen:
        seen.add(id(exc))
        inner = getattr(exc, "reason", None) or next(
            (arg for arg in exc.args if isinstance(arg, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            break
        exc = inner
    # urllib3's text for a failed connection begins with the repr of its own object.
    if isinstance(exc.__cause__, OSError) and exc.__cause__.strerror:
        return one_line(exc.__cause__.strerror)
    return one_line(exc) or type(exc).__name__
