"""Turns openstacksdk's exceptions, of four unrelated families, into sentences.

The SDK's own messages mislead ("No Server found" for a 503), so class and status decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.errors import SourceError
from inventory.names import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

SYSTEM = "OpenStack"
_STATUS_ADVICE = {
    400: "This is a request that it does not understand: report it as a fault of vipkeeper.",
    401: "Check the user, project, domain and password of the cloud in clouds.yaml or OS_*.",
    403: "The account needs the admin role: see which cloud and project the settings name.",
    404: "Check the endpoints and the region of the cloud in clouds.yaml.",
    429: "It allows fewer requests: wait a little.",
}


def failures() -> tuple[type[Exception], ...]:
    """Return every family of exceptions of a call; imported late, as the SDK is slow to import."""
    import requests  # noqa: PLC0415  # with the two below, late for speed
    from keystoneauth1.exceptions import ClientException  # noqa: PLC0415
    from openstack.exceptions import SDKException  # noqa: PLC0415

    return (SDKException, ClientException, requests.RequestException, OSError)


def as_source_error(exc: Exception, asked: str, secrets: Iterable[str] = ()) -> SourceError:
    """Return the error for an exception.

    Args:
        exc: the exception of a call.
        asked: what was asked for, such as "the VMs named vm-a1".
        secrets: texts that must not appear in the message, even if the exception has them.
    """
    name = type(exc).__name__
    status = getattr(exc, "status_code", None) or getattr(exc, "http_status", None)
    text = str(exc)
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    said = one_line(text, 240)
    if isinstance(status, int) and status >= 400:  # noqa: PLR2004  # where HTTP's errors begin
        what = f"HTTP {status}"
        advice = _STATUS_ADVICE.get(status, "It, or a service behind it, is down: ask who runs it.")
        if status == 401:  # noqa: PLR2004
            what = "HTTP 401, the login was refused"
        if status == 403:  # noqa: PLR2004
            what = "HTTP 403, the account is not allowed to see this"
    elif "Timeout" in name:
        what = "nothing came in time"
        advice = "Check the network and the VPN; OpenStack may hang."
    elif "SSL" in name:
        what = "TLS failed"
        advice = "Check cacert and the endpoints' certificates in clouds.yaml."
    elif name in {"ConfigException", "ServiceDisabledException", "MissingRequiredOptions"}:
        what = "its configuration cannot be used"
        advice = "Check openstack.cloud in the settings, clouds.yaml and the OS_* variables."
    elif "JSON" in name or "Decode" in name:
        what = "the answer was not JSON"
        advice = "Something else answers in its place; check the endpoints."
    else:
        what = "there was no answer"
        advice = "Check the network, the VPN and clouds.yaml."
    return SourceError(SYSTEM, f"it was asked for {asked} and {_verb(what)}{what}: {said}", advice)


def _verb(what: str) -> str:
    return "gave " if what.startswith("HTTP") else ""


def not_admin(asked: str) -> SourceError:
    """Return the error for an account that sees only its own project."""
    return SourceError(
        SYSTEM,
        f"it was asked for {asked}, but the account is not an administrator and cannot see the "
        "VMs of all projects or their hypervisors.",
        _STATUS_ADVICE[403],
    )
