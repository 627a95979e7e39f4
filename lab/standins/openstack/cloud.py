"""What the stand-ins for Keystone, Nova and Neutron share: tokens, servers, forms of errors."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from flask import Response, request

from lab.standins.behaviour import be_slow, cut_connection, hang
from lab.standins.faults import OPENSTACK, Faults
from lab.topology.cloud import CloudSpec, OverlapSpec
from lab.topology.default import ProjectSpec, Topology, VmSpec

APPLICATION_CREDENTIAL_ID = "1ab0000000000000000000000000c4ed"
APPLICATION_CREDENTIAL_SECRET = "lab-only-secret"
MEMBER_NAME = "member"
_PROXY_PAGE = "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body></body></html>\n"
_DOMAIN_ID = "default"
NO_PROJECT = ProjectSpec("", "")
_TOKEN_LIFE = timedelta(hours=1)
_SPACE = uuid.UUID("5f1de1a5-5b52-5b0c-8f0e-0d9f5b0f3a11")


@dataclass(frozen=True)
class Endpoints:
    """The addresses of the services in the catalogue, in the form in which a client calls them."""

    keystone: str
    nova: str
    neutron: str

    @classmethod
    def of(cls, topology: Topology) -> Endpoints:
        """Return the addresses of the lab itself."""
        urls = (topology.service(name).url for name in ("keystone", "nova", "neutron"))
        return cls(*(url.rstrip("/") for url in urls))


@dataclass(frozen=True)
class Token:
    """The result of a login: its user, its project (or ``NO_PROJECT``), and its end."""

    id: str
    user: str
    project: ProjectSpec
    admin: bool
    expires: datetime


@dataclass
class Cloud:
    """The state that the three services share."""

    topology: Topology
    faults: Faults
    endpoints: Endpoints
    tokens: dict[str, Token] = field(default_factory=dict)
    refused_once: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    cut_requests: set[str] = field(default_factory=set)
    numbers: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.numbers = {vm.uuid: number for number, vm in enumerate(self.topology.vms, 1)}

    @property
    def active(self) -> frozenset[str]:
        """Return the active faults."""
        return self.faults.active(OPENSTACK)

    @property
    def domain_id(self) -> str:
        """Return the id of the only domain."""
        return _DOMAIN_ID

    def issue(self, user: str, project: ProjectSpec, *, admin: bool) -> Token:
        """Return a new token."""
        expires = datetime.now(timezone.utc) + _TOKEN_LIFE
        token = Token(uuid.uuid4().hex, user, project, admin, expires)
        with self.lock:
            self.tokens[token.id] = token
        return token

    def revoke(self, token_id: str) -> None:
        """Forget a token."""
        with self.lock:
            self.tokens.pop(token_id, None)

    def caller(self) -> Token | None:
        """Return the token of this request; None when it is missing, wrong or refused."""
        token = self.tokens.get(request.headers.get("X-Auth-Token", ""))
        if token is None or token.expires < datetime.now(timezone.utc):
            return None
        if "token-expired" in self.active:
            with self.lock:
                # The first token of each user is refused, and only once.
                if token.user not in self.refused_once:
                    self.refused_once.add(token.user)
                    self.tokens.pop(token.id, None)
                    return None
        return token

    def is_admin(self, token: Token) -> bool:
        """Return whether the token's user has the admin role now."""
        return token.admin and token.project != NO_PROJECT and "not-admin" not in self.active

    def is_reset(self) -> bool:
        """Return whether this request finds its connection reset: every second time it is asked.

        A client sees the same of a server that keeps connections and resets them (uwsgi as Debian
        sets it up); Werkzeug keeps none.
        """
        asked = f"{request.method} {request.url}"
        with self.lock:
            again = asked in self.cut_requests
            self.cut_requests ^= {asked}
        return not again

    def network_of(self, vm: VmSpec) -> CloudSpec | OverlapSpec:
        """Return the provider network of a server."""
        overlap = self.topology.overlap
        return overlap if vm.overlap and overlap is not None else self.topology.cloud

    def servers(self) -> list[VmSpec]:
        """Return every server of every project."""
        found = list(self.topology.vms)
        if "duplicate-address" in self.active:
            first = next(vm for vm in found if vm.address is not None)
            other = next(p for p in reversed(self.topology.projects) if p.id != first.project_id)
            found.append(
                VmSpec(
                    name=f"{first.name}-copy",
                    address=first.address,
                    mac="fa:16:3e:00:00:cc",
                    hypervisor=self.topology.hypervisors[-1].name,
                    uuid=stable_id("server", "copy"),
                    project_id=other.id,
                )
            )
        return found


def stable_id(kind: str, name: str) -> str:
    """Return a UUID that is the same in every run."""
    return str(uuid.uuid5(_SPACE, f"{kind}/{name}"))


def instead(
    cloud: Cloud, *, slow: bool, hangs: tuple[str, ...], cut: tuple[str, ...]
) -> Response | None:
    """Return the answer of a service that is slow, hangs or cuts the connection; else None."""
    active = cloud.active
    if slow and "slow" in active:
        be_slow()
    for name in hangs:
        if name in active:
            return hang(cloud.faults, OPENSTACK, name)
    if active & set(cut) or ("keep-alive-reset" in active and cloud.is_reset()):
        return cut_connection()
    return None


def proxy_answer(active: frozenset[str]) -> Response | None:
    """Return the answer of a proxy before Nova and Neutron, with status 200; None without one."""
    if "html-answer" in active:
        return Response(_PROXY_PAGE, content_type="text/html")
    if "empty-body" in active:
        return Response("", content_type="application/json")
    return None


def error(kind: str, code: int, message: str) -> tuple[Mapping[str, object], int]:
    """Return an error in the shape that Nova gives it."""
    return {kind: {"code": code, "message": message}}, code


def unauthorized() -> tuple[Mapping[str, object], int]:
    """Return the answer to a missing, unknown or expired token."""
    message = "The request you have made requires authentication."
    return {"error": {"code": 401, "title": "Unauthorized", "message": message}}, 401
