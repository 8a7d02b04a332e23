"""Logging in at OpenStack's Keystone, version 3: what is sent, and what a reply says.

Nothing here sends anything; ``keystone_session`` does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from mcos.storage.contract import BackendMisconfigured

PASSWORD = frozenset({"password", "username", "user_id", "user_domain_name", "user_domain_id"})
"""Settings of a login by password, beside those of its project."""

PROJECT = frozenset({"project_name", "project_id", "project_domain_name", "project_domain_id"})

CREDENTIAL = frozenset(
    {
        "application_credential_id",
        "application_credential_name",
        "application_credential_secret",
    }
)
"""Settings of a login by application credential; one that is named, and not by its id, also has
its user's."""

CATALOG = frozenset({"region_name", "interface", "endpoint_override"})
"""Settings that choose an endpoint."""

SETTINGS = PASSWORD | PROJECT | CREDENTIAL | CATALOG
"""The settings that say that a backend's logins are Keystone's."""

_INTERFACES = ("public", "internal", "admin")
_SERVICE = "object-store"
_DEFAULT_DOMAIN = {"id": "default"}  # of every installation of Keystone


@dataclass(frozen=True, slots=True)
class Token:
    """What a login gave.

    Attributes
    ----------
    text
        The token: a secret.
    seconds
        How long it lived from its login on, by the service's own clock.
    catalog
        The services that the project has, as Keystone describes them.
    """

    text: str
    seconds: float
    catalog: Sequence[Mapping[str, Any]]

    def __repr__(self) -> str:
        return "Token(...)"


def url_of(auth_url: str) -> str:
    """Return where tokens are asked for; ``auth_url`` may end in ``/v3`` or before it."""
    parts = urlsplit(auth_url)
    path = parts.path.rstrip("/")
    if not path.endswith("/v3"):
        path += "/v3"
    return urlunsplit((parts.scheme, parts.netloc, f"{path}/auth/tokens", "", ""))


def secret_of(settings: Mapping[str, str]) -> str:
    """Return the secret that a login proves."""
    return settings.get("application_credential_secret") or settings["password"]


def check(settings: Mapping[str, str]) -> None:
    """Refuse settings by which nobody can log in.

    Raises
    ------
    BackendMisconfigured
        The message names settings, never their values.
    """
    given = {name for name, value in settings.items() if value}
    if given & CREDENTIAL:
        _check_credential(given)
    elif given & PASSWORD:
        _check_password(given)
    else:
        raise BackendMisconfigured(
            "a login at Keystone needs the settings password and username, or "
            "application_credential_id and application_credential_secret"
        )
    if settings.get("interface", "public") not in _INTERFACES:
        raise BackendMisconfigured(f"interface must be one of {', '.join(_INTERFACES)}")
    for name in ("auth_url", "endpoint_override"):
        if settings.get(name) and not settings[name].startswith(("http://", "https://")):
            raise BackendMisconfigured(f"{name} must be a URL http://... or https://...")


def _check_credential(given: set[str]) -> None:
    if "application_credential_secret" not in given:
        raise BackendMisconfigured(
            "a login by application credential needs the setting application_credential_secret"
        )
    _one_of(given, "application_credential_id", "application_credential_name")
    if "application_credential_name" in given:
        _one_of(given, "username", "user_id")
    else:
        _none_of(given, PASSWORD, "with application_credential_id")
    _none_of(given, PROJECT | {"password"}, "with an application credential")


def _check_password(given: set[str]) -> None:
    if "password" not in given:
        raise BackendMisconfigured("a login by password needs the setting password")
    _one_of(given, "username", "user_id")
    # A token without a project has no object store.
    _one_of(given, "project_name", "project_id")


def _one_of(given: set[str], *names: str) -> None:
    if len(given & set(names)) != 1:
        raise BackendMisconfigured(f"one of the settings {' and '.join(names)} must be given")


def _none_of(given: set[str], names: frozenset[str], when: str) -> None:
    if wrong := sorted(given & names):
        raise BackendMisconfigured(f"{when}, {', '.join(wrong)} must not be given")


def request_of(settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of the request for a token, of settings that ``check`` takes."""
    if "application_credential_secret" in settings:
        credential: dict[str, Any] = {"secret": secret_of(settings)}
        if "application_credential_id" in settings:
            credential["id"] = settings["application_credential_id"]
        else:
            credential["name"] = settings["application_credential_name"]
            credential["user"] = _named(settings, "user_id", "username", "user_domain")
        # It has a project of its own.
        return _body("application_credential", credential)
    user = _named(settings, "user_id", "username", "user_domain")
    body = _body("password", {"user": {**user, "password": secret_of(settings)}})
    project = _named(settings, "project_id", "project_name", "project_domain")
    body["auth"]["scope"] = {"project": project}
    return body


def _body(method: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"auth": {"identity": {"methods": [method], method: value}}}


def _named(settings: Mapping[str, str], by_id: str, by_name: str, domain: str) -> dict[str, Any]:
    """Return how a user, or a project, is named: an id is unique, a name is one of a domain."""
    if settings.get(by_id):
        return {"id": settings[by_id]}
    if settings.get(f"{domain}_id"):
        within = {"id": settings[f"{domain}_id"]}
    elif settings.get(f"{domain}_name"):
        within = {"name": settings[f"{domain}_name"]}
    else:
        within = _DEFAULT_DOMAIN
    return {"name": settings[by_name], "domain": within}


def token_of(text: str, body: Mapping[str, Any]) -> Token:
    """Return the token of a reply.

    Parameters
    ----------
    text
        The reply's ``X-Subject-Token``.
    body
        Its body, decoded.

    Raises
    ------
    KeyError, TypeError, ValueError
        It is no reply of Keystone's.
    """
    if not text:
        raise ValueError("there is no token")
    told = body["token"]
    # Both times are the service's, so it does not matter how late its clock is.
    issued, expires = (datetime.fromisoformat(told[name]) for name in ("issued_at", "expires_at"))
    return Token(text, (expires - issued).total_seconds(), told.get("catalog", ()))


class NoEndpoint(Exception):
    """The catalog has not exactly one endpoint of an object store; says what it has instead."""


def endpoint_of(token: Token, settings: Mapping[str, str]) -> str:
    """Return the URL of the project's object store.

    Raises
    ------
    NoEndpoint
    KeyError, TypeError
        The catalog is malformed.
    """
    if override := settings.get("endpoint_override"):
        return override.rstrip("/")
    interface = settings.get("interface", "public")
    found = {
        one.get("region_id") or one.get("region") or "": str(one["url"]).rstrip("/")
        for service in token.catalog
        if service["type"] == _SERVICE
        for one in service["endpoints"]
        if one["interface"] == interface
    }
    region = settings.get("region_name")
    if region:
        if region in found:
            return found[region]
        there = f"in the regions {', '.join(sorted(found))}" if found else "in no region"
        raise NoEndpoint(f"region_name: there is an object store ({interface}) {there}")
    if len(found) > 1:
        # The order in a catalog may change, and replicas would be looked for elsewhere.
        raise NoEndpoint(f"region_name must be one of {', '.join(sorted(found))}")
    if not found:
        raise NoEndpoint(f"the project has no object store ({interface}) in its catalog")
    return next(iter(found.values()))
