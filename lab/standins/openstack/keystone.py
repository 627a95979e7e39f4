"""A stand-in of Keystone v3: version discovery, login by password or application credential."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timezone

from flask import Flask, Response, jsonify, request

from lab.standins.behaviour import app_for
from lab.standins.openstack.cloud import (
    APPLICATION_CREDENTIAL_ID,
    APPLICATION_CREDENTIAL_SECRET,
    MEMBER_NAME,
    NO_PROJECT,
    Cloud,
    Token,
    instead,
    stable_id,
    unauthorized,
)
from lab.topology.default import ProjectSpec

_Answer = Response | tuple[Mapping[str, object], int]


class _LoginError(Exception):
    """A login that Keystone turns down, with its HTTP status."""

    def __init__(self, code: int, title: str, message: str) -> None:
        super().__init__(message)
        self.answer: tuple[Mapping[str, object], int] = (
            {"error": {"code": code, "title": title, "message": message}},
            code,
        )


def create_keystone(cloud: Cloud) -> Flask:
    """Return the WSGI application of Keystone; its path prefix is ``/v3``."""

    def before() -> Response | None:
        answer = instead(cloud, slow=False, hangs=("keystone-hang",), cut=("keystone-refused",))
        if answer is None and "keystone-down" in cloud.active:
            return Response("<h1>503 Service Unavailable</h1>\n", 503, content_type="text/html")
        return answer

    keystone = _Keystone(cloud)
    app = app_for("keystone", before)
    app.add_url_rule("/", view_func=keystone.versions)
    app.add_url_rule("/v3", view_func=keystone.version)
    app.add_url_rule("/v3/", view_func=keystone.version, endpoint="version_slash")
    app.add_url_rule("/v3/auth/tokens", view_func=keystone.login, methods=["POST"])
    app.add_url_rule(
        "/v3/auth/tokens", view_func=keystone.show, methods=["GET", "HEAD"], endpoint="show"
    )
    app.add_url_rule(
        "/v3/auth/tokens", view_func=keystone.logout, methods=["DELETE"], endpoint="logout"
    )
    app.add_url_rule("/v3/projects", view_func=keystone.projects)
    app.add_url_rule("/v3/auth/projects", view_func=keystone.projects, endpoint="own_projects")
    app.add_url_rule("/v3/projects/<project_id>", view_func=keystone.project)
    return app


class _Keystone:
    """The handlers of Keystone."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def _version(self) -> dict[str, object]:
        return {
            "id": "v3.14",
            "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{"rel": "self", "href": f"{self.cloud.endpoints.keystone}/"}],
            "media-types": [
                {
                    "base": "application/json",
                    "type": "application/vnd.openstack.identity-v3+json",
                }
            ],
        }

    def versions(self) -> _Answer:
        return {"versions": {"values": [self._version()]}}, 300

    def version(self) -> _Answer:
        return {"version": self._version()}, 200

    def login(self) -> _Answer:
        body = request.get_json(silent=True)
        try:
            token = self._login(_part(body, "auth"))
        except _LoginError as refused:
            return refused.answer
        response = jsonify(self._token_body(token, _part(body, "auth", "identity")))
        response.status_code = 201
        response.headers["X-Subject-Token"] = token.id
        response.headers["Vary"] = "X-Auth-Token"
        return response

    def _login(self, auth: Mapping[str, object]) -> Token:
        identity = _part(auth, "identity")
        methods = identity.get("methods")
        if methods == ["application_credential"]:
            return self._by_application_credential(_part(identity, "application_credential"))
        if methods != ["password"]:
            raise _LoginError(400, "Bad Request", f"Expecting to find methods, got {methods!r}.")
        user = _part(identity, "password", "user")
        name = self._user_name(user)
        self._check_password(user)
        admin = name == self.cloud.topology.cloud.username
        if not admin and name != MEMBER_NAME:
            raise _refused()
        project = NO_PROJECT  # an unscoped token, good for nothing but Keystone
        if "scope" in auth:
            project = self._project(_part(auth, "scope", "project"))
        if not admin and project.name == self.cloud.topology.cloud.project:
            raise _refused()
        return self.cloud.issue(name, project, admin=admin)

    def _user_name(self, user: Mapping[str, object]) -> str:
        if "id" in user:
            known = (self.cloud.topology.cloud.username, MEMBER_NAME)
            return next((name for name in known if stable_id("user", name) == user["id"]), "")
        if "domain" not in user:
            raise _LoginError(400, "Bad Request", "Expecting to find domain in user.")
        self._check_domain(_part(user, "domain"))
        return str(user.get("name", ""))

    def _check_password(self, user: Mapping[str, object]) -> None:
        if "password" not in user:
            raise _LoginError(400, "Bad Request", "'password' is a required property")
        right = user["password"] == self.cloud.topology.cloud.password
        if not right or "wrong-password" in self.cloud.active:
            raise _refused()

    def _check_domain(self, domain: Mapping[str, object]) -> None:
        name = self.cloud.topology.cloud.domain
        if domain.get("id") != self.cloud.domain_id and domain.get("name") != name:
            raise _refused()

    def _project(self, asked: Mapping[str, object]) -> ProjectSpec:
        if "id" not in asked and "domain" not in asked:
            raise _LoginError(400, "Bad Request", "Expecting to find domain in project.")
        for project in self.cloud.topology.projects:
            if asked.get("id") == project.id:
                return project
            if "id" not in asked and asked.get("name") == project.name:
                self._check_domain(_part(asked, "domain"))
                return project
        raise _refused()

    def _by_application_credential(self, credential: Mapping[str, object]) -> Token:
        if credential.get("id") != APPLICATION_CREDENTIAL_ID:
            message = f"Could not find Application Credential: {credential.get('id')}."
            raise _LoginError(404, "Not Found", message)
        right = credential.get("secret") == APPLICATION_CREDENTIAL_SECRET
        if not right or "wrong-password" in self.cloud.active:
            raise _refused()
        admin = self.cloud.topology.cloud
        return self.cloud.issue(
            admin.username,
            self._project({"name": admin.project, "domain": {"name": admin.domain}}),
            admin=True,
        )

    def _token_body(self, token: Token, identity: Mapping[str, object]) -> dict[str, object]:
        domain = {"id": self.cloud.domain_id, "name": self.cloud.topology.cloud.domain}
        role = "admin" if self.cloud.is_admin(token) else "member"
        body: dict[str, object] = {
            "methods": identity.get("methods", ["password"]),
            "user": {
                "id": stable_id("user", token.user),
                "name": token.user,
                "domain": domain,
                "password_expires_at": None,
            },
            "audit_ids": [uuid.uuid5(uuid.NAMESPACE_OID, token.id).hex[:22]],
            "expires_at": token.expires.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
            "issued_at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        }
        if token.project != NO_PROJECT:
            body.update(
                project={"id": token.project.id, "name": token.project.name, "domain": domain},
                is_domain=False,
                roles=[{"id": stable_id("role", role), "name": role}],
                catalog=self._catalog(),
            )
        return {"token": body}

    def _catalog(self) -> list[dict[str, object]]:
        endpoints = self.cloud.endpoints
        region = self.cloud.topology.cloud.region
        if "wrong-region" in self.cloud.active:
            region = "RegionElsewhere"
        services = (
            ("identity", "keystone", endpoints.keystone),
            ("compute", "nova", endpoints.nova),
            ("network", "neutron", endpoints.neutron),
        )
        return [
            {
                "id": stable_id("service", name),
                "type": kind,
                "name": name,
                "endpoints": [
                    {
                        "id": stable_id("endpoint", f"{name}/{interface}"),
                        "interface": interface,
                        "region": region,
                        "region_id": region,
                        "url": url,
                    }
                    for interface in ("public", "internal", "admin")
                ],
            }
            for kind, name, url in services
        ]

    def show(self) -> _Answer:
        token = self.cloud.tokens.get(request.headers.get("X-Subject-Token", ""))
        if self.cloud.caller() is None:
            return unauthorized()
        if token is None:
            message = "Could not find token."
            return {"error": {"code": 404, "title": "Not Found", "message": message}}, 404
        response = jsonify(self._token_body(token, {}))
        response.headers["X-Subject-Token"] = token.id
        return response

    def logout(self) -> _Answer:
        if self.cloud.caller() is None:
            return unauthorized()
        self.cloud.revoke(request.headers.get("X-Subject-Token", ""))
        return Response("", 204)

    def _project_body(self, project: ProjectSpec) -> dict[str, object]:
        return {
            "id": project.id,
            "name": project.name,
            "domain_id": self.cloud.domain_id,
            "enabled": True,
            "is_domain": False,
            "parent_id": self.cloud.domain_id,
            "description": "",
            "tags": [],
            "options": {},
            "links": {"self": f"{self.cloud.endpoints.keystone}/projects/{project.id}"},
        }

    def projects(self) -> _Answer:
        token = self.cloud.caller()
        if token is None:
            return unauthorized()
        mine = [token.project]
        seen = self.cloud.topology.projects if self.cloud.is_admin(token) else mine
        name = request.args.get("name")
        found = [self._project_body(p) for p in seen if name is None or p.name == name]
        return {"projects": found, "links": {"next": None, "previous": None}}, 200

    def project(self, project_id: str) -> _Answer:
        token = self.cloud.caller()
        if token is None:
            return unauthorized()
        visible = self.cloud.topology.projects if self.cloud.is_admin(token) else [token.project]
        for project in visible:
            if project.id == project_id:
                return {"project": self._project_body(project)}, 200
        message = f"Could not find project: {project_id}."
        return {"error": {"code": 404, "title": "Not Found", "message": message}}, 404


def _refused() -> _LoginError:
    message = "The request you have made requires authentication."
    return _LoginError(401, "Unauthorized", message)


def _part(value: object, *path: str) -> Mapping[str, object]:
    """Return the object at a path inside JSON; an empty one where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
