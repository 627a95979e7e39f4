"""Turns openstacksdk's exceptions, of four unrelated families, into sentences.

The SDK's own messages mislead ("No Server found" for a 503), so class and status decide. Nova's 500
for a service behind it is a long text that ends with the class of its own exception: that class
names the service that is really down.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from inventory.errors import NoAnswerError, SourceError, SourceTimeoutError
from inventory.names import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SYSTEM = "OpenStack"
_LATE = "did not answer in time"
_NO_ANSWER = "there was no answer"
_ADVICE = {
    400: "This is a request that it does not understand: report it as a fault of vipkeeper.",
    401: "Check the user, project, domain and password of the cloud in clouds.yaml or OS_*.",
    403: "The account needs the admin role: see which cloud and project the settings name.",
    404: "Check the endpoints and the region of the cloud in clouds.yaml.",
    429: "It allows fewer requests: wait a little.",
}
_STATUS = {
    401: "HTTP 401, the login was refused",
    403: "HTTP 403, the account is not allowed to see this",
}
_URL = re.compile(r"https?://[^\s,;()'\"]+")
#: By the usual ports and paths of a catalogue's addresses.
_SERVICES = (
    ("Keystone", re.compile(r":(?:5000|35357)\b|/v3\b|/identity\b")),
    ("Neutron", re.compile(r":9696\b|/v2\.0\b|/network(?:ing)?\b")),
    ("Nova", re.compile(r":8774\b|/v2\.1\b|/compute\b")),
)
_NETWORK = "Check the network, the VPN and clouds.yaml."
_HANGS = {
    "Keystone": "Keystone hangs, or the network to it fails: check the VPN, ask who runs it.",
    "Neutron": "Neutron hangs, or the network to it fails: check the VPN, ask who runs it.",
    "Nova": "Nova hangs when a service behind it does (Neutron, a cell's database, a compute "
    "host): ask who runs it. Check the network and the VPN, too.",
}
_DATABASE = (
    "A database behind Nova is down, perhaps one cell's: ask who runs it. "
    "Until then it cannot say where a VM is."
)
#: By the class of the exception that Nova's 500 ends with.
_CAUSES = (
    (
        re.compile(r"\bneutronclient\.|\bkeystoneauth1\.exceptions\."),
        "Nova works, but Neutron, which it asks about its VMs, does not answer: ask who runs it.",
    ),
    (
        re.compile(r"\b(?:oslo_db|sqlalchemy|pymysql)\.|\bCellTimeout\b|\bNovaException\b"),
        _DATABASE,
    ),
    (
        re.compile(r"\b(?:oslo_messaging|amqp)\."),
        "A compute host, or the message queue behind Nova, does not answer: ask who runs it.",
    ),
)
_BOILERPLATE = re.compile(
    r"Unexpected API Error\. Please report this at \S+ and attach the Nova API log if possible\.\s*"
)
_CLASS = re.compile(r"<class '([\w.]+)'>")
_HEAD, _TAIL = 110, 150


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
    said = str(exc)
    url = next(iter(_URL.findall(str(getattr(exc, "url", None) or said))), "")
    service = service_of(url)
    if isinstance(status, int) and status >= 400:  # noqa: PLR2004  # where HTTP's errors begin
        said = str(getattr(exc, "details", None) or said)
        what = f"gave {_STATUS.get(status, f'HTTP {status}')}"
        advice = _ADVICE.get(status) or _behind(said, service)
        return _error(asked, service, what, _without(secrets, _bare(said)), advice)
    if "Timeout" in name:
        advice = _HANGS.get(service, "Check the network and the VPN; OpenStack may hang.")
        return _error(asked, service, _LATE, _without(secrets, said), advice)
    if "SSL" in name:
        what = "TLS failed"
        advice = "Check cacert and the endpoints' certificates in clouds.yaml."
    elif name in {"ConfigException", "ServiceDisabledException", "MissingRequiredOptions"}:
        what = "its configuration cannot be used"
        advice = "Check openstack.cloud in the settings, clouds.yaml and the OS_* variables."
    elif "JSON" in name or "Decode" in name:
        what = "the answer was not JSON"
        advice = "Something else answers in its place; check the endpoints."
    elif reason := _connection_failure(exc):
        host = urlsplit(url).netloc.rpartition("@")[2]
        where = " at ".join(filter(None, (service, host)))
        what = f"{_NO_ANSWER} from {where}" if where else _NO_ANSWER
        said, advice = reason, _NETWORK
    else:
        what, advice = _NO_ANSWER, _NETWORK
    return _error(asked, "", what, _without(secrets, said), advice)


def service_of(url: str) -> str:
    """Return the service that an address belongs to; empty where it does not tell.

    >>> service_of("http://10.5.0.12:9696/v2.0/ports?x=1"), service_of("https://cloud/compute/v2.1")
    ('Neutron', 'Nova')
    """
    address = url.split("?", 1)[0]
    return next((name for name, pattern in _SERVICES if pattern.search(address)), "")


def not_in_time(asked: str, seconds: float, last: str) -> SourceTimeoutError:
    """Return the error for a question whose time is over.

    Args:
        asked: what was asked for.
        seconds: the time that it had.
        last: the address of its last request; empty where none was sent.
    """
    service = service_of(last)
    return SourceTimeoutError(
        SYSTEM,
        f"it was asked for {asked} and had not answered after {seconds:.3g} s"
        + (f"; {service} was the last to be asked." if service else "."),
        _HANGS.get(service)
        or "A service behind it hangs (a cell's database, neutron): ask who runs it.",
    ).because(f"{service or 'it'} did not answer in {seconds:.3g} s")


def not_admin(asked: str) -> SourceError:
    """Return the error for an account that sees only its own project."""
    return SourceError(
        SYSTEM,
        f"it was asked for {asked}, but the account is not an administrator and cannot see the "
        "VMs of all projects or their hypervisors.",
        _ADVICE[403],
    )


def _error(asked: str, subject: str, what: str, said: str, advice: str) -> SourceError:
    who = f"{subject} " if subject else ""
    said = _shortened(said).rstrip(".")
    # Other sentences may follow: that it is a kept answer, or who else could not be asked.
    message = f"it was asked for {asked} and {who}{what}: {said}."
    if what == _LATE:
        late = f"{who}{what}" if who else "nothing came in time"
        return SourceTimeoutError(SYSTEM, message, advice).because(late)
    if what.startswith(_NO_ANSWER):
        return NoAnswerError(SYSTEM, message, advice).because(said)
    return SourceError(SYSTEM, message, advice)


def _without(secrets: Iterable[str], text: str) -> str:
    """Return the text without the secrets, in whichever spelling a server or proxy repeats them."""
    found = {spelling for secret in secrets for spelling in _spellings(secret)} - {""}
    for spelling in sorted(found, key=len, reverse=True):  # one may be part of another
        text = text.replace(spelling, "***")
    return text


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it is written in JSON, in Python, in a URL, in HTML and on one line."""
    for plain in (secret, " ".join(secret.split())):
        yield from (plain, repr(plain)[1:-1], escape(plain), quote(plain, safe=""))
        for coded in (json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1]):
            yield from (coded, json.dumps(coded)[1:-1], repr(coded)[1:-1], escape(coded))


def _behind(said: str, service: str) -> str:
    """Return what to do about an error of a server, by the cause that its text names."""
    found = (advice for pattern, advice in _CAUSES if pattern.search(said))
    own = f"{service} is down, or a service behind it: ask who runs it."
    return next(found, own if service else "It, or a service behind it, is down: ask who runs it.")


def _bare(said: str) -> str:
    """Return the text of an answer without what Nova writes in front of every cause."""
    return _CLASS.sub(r"\1", _BOILERPLATE.sub("", said))


def _shortened(text: str) -> str:
    """Return a text on one line; of a long one the middle is left out: causes stand at its end.

    >>> _shortened("a" * 300 + " ConnectFailure")[-20:]
    'aaaaa ConnectFailure'
    """
    line = one_line(text, 4000)
    return line if len(line) <= _HEAD + _TAIL else f"{line[:_HEAD]} ... {line[-_TAIL:]}"


def _connection_failure(exc: BaseException) -> str:
    """Return why a connection failed; empty where the exception is of another kind.

    keystoneauth makes a text of the exception of requests; the exception itself is its context.
    """
    import requests  # noqa: PLC0415  # late for speed

    from inventory.sources.retries import innermost  # noqa: PLC0415  # imports urllib3

    seen: set[int] = set()
    cause: BaseException | None = exc
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, requests.exceptions.ConnectionError):
            return innermost(cause)
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return ""
