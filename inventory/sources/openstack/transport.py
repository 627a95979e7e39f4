"""How requests reach OpenStack: they end at the deadline, and reads are sent again once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests.adapters import HTTPAdapter

from inventory.sources.deadline import bound
from inventory.sources.retries import ReadRetry

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter


def prepare(adapter: BaseAdapter) -> None:
    """Let requests through this adapter end at the deadline, and send reads again once.

    That is where a connection was cut or refused, or a proxy gave up: servers of OpenStack reset
    kept connections (uwsgi as Debian sets it up).
    """
    bound(adapter)
    if isinstance(adapter, HTTPAdapter):
        adapter.max_retries = ReadRetry(
            total=1,
            redirect=False,
            allowed_methods=frozenset({"GET", "HEAD"}),
            status_forcelist=frozenset({502, 503, 504}),
            backoff_factor=0,
            respect_retry_after_header=False,
            raise_on_status=False,
        )
