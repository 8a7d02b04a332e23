"""Logging in at OpenStack's Keystone, version 3, for an object store."""

import json
from collections.abc import Mapping
from typing import Any

from mcos_rescue.errors import BadSettings, Refused
from mcos_rescue.stores.contract import Session
from mcos_rescue.stores.http import Http, checked_url
from mcos_rescue.stores.replies import failure_of

SETTINGS = (
    *("username", "user_id", "password", "user_domain_name", "user_domain_id"),
    *("project_name", "project_id", "project_domain_name", "project_domain_id"),
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
    *("region_name", "interface", "endpoint_override"),
)
_WHERE = "swift: the login"


class KeystoneLogin:
    """Fetches tokens.

    Raises
    ------
    BadSettings
        Nobody can log in with these.
    """

    def __init__(self, auth_url: str, settings: Mapping[str, str], http: Http) -> None:
        root = checked_url("auth_url", auth_url)
        self._url = f"{root if root.endswith('/v3') else root + '/v3'}/auth/tokens"
        self._settings = settings
        self._http = http
        self._body = json.dumps(_request(settings)).encode()
        override = settings.get("endpoint_override")
        self._override = checked_url("endpoint_override", override) if override else ""

    def __call__(self) -> Session:
        """Return the URL of the project's object store, and a token: one request.

        Raises
        ------
        Unavailable, Refused
        """
        headers = {"content-type": "application/json", "accept": "application/json"}
        with self._http.post(self._url, headers, self._body, where=_WHERE) as reply:
            if reply.status != 201:
                raise failure_of(reply.status, f"{_WHERE} was answered {reply.status}")
            body = reply.body()
            token = reply.headers.get("x-subject-token", "")
        if not token:
            raise Refused(f"{_WHERE} was answered without a token")
        if self._override:
            return Session(self._override, token)
        try:
            found = _endpoints(json.loads(body), self._settings.get("interface", "public"))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Refused(f"{_WHERE} was answered with a malformed reply") from None
        return Session(_chosen(found, self._settings.get("region_name")), token)


def _request(given: Mapping[str, str]) -> dict[str, Any]:
    user = _named(given, "user_id", "username", "user_domain")
    if "application_credential_secret" in given:
        credential: dict[str, Any] = {"secret": given["application_credential_secret"]}
        if "application_credential_id" in given:
            credential["id"] = given["application_credential_id"]
        elif "application_credential_name" in given and user:
            credential["name"], credential["user"] = given["application_credential_name"], user
        else:
            raise BadSettings(
                "with application_credential_secret, application_credential_id must be given"
            )
        return {"auth": {"identity": _identity("application_credential", credential)}}
    project = _named(given, "project_id", "project_name", "project_domain")
    if not (user and project and "password" in given):
        raise BadSettings(
            "a login at Keystone needs username, password and project_name, or "
            "application_credential_id and application_credential_secret"
        )
    identity = _identity("password", {"user": {**user, "password": given["password"]}})
    return {"auth": {"identity": identity, "scope": {"project": project}}}


def _identity(method: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"methods": [method], method: value}


def _named(given: Mapping[str, str], by_id: str, by_name: str, domain: str) -> dict[str, Any]:
    """Return how a user, or a project, is named; nothing if it is not."""
    if by_id in given:
        return {"id": given[by_id]}
    if by_name not in given:
        return {}
    if f"{domain}_name" in given:
        return {"name": given[by_name], "domain": {"name": given[f"{domain}_name"]}}
    # Every Keystone has a domain with this id.
    return {"name": given[by_name], "domain": {"id": given.get(f"{domain}_id", "default")}}


def _endpoints(body: Any, interface: str) -> dict[str, str]:
    """Return the URL of the object store in each region."""
    return {
        str(one.get("region_id") or one.get("region") or ""): str(one["url"]).rstrip("/")
        for service in body["token"]["catalog"]
        if service["type"] == "object-store"
        for one in service["endpoints"]
        if one["interface"] == interface
    }


def _chosen(found: Mapping[str, str], region: str | None) -> str:
    regions = ", ".join(sorted(found))
    if region is None and len(found) > 1:
        raise Refused(f"swift: region_name must be one of {regions}")
    url = found.get(region, "") if region else next(iter(found.values()), "")
    if not url.startswith(("http://", "https://")):
        where = f"in the regions {regions}" if found else "in no region"
        raise Refused(f"swift: the catalog has an object store {where}")
    return url
