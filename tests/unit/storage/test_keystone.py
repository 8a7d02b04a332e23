"""Logins at Keystone: which settings there are, what is sent, what a reply says."""

from typing import Any

import pytest

from mcos.storage import BackendMisconfigured, open_backend
from mcos.storage.keystone import NoEndpoint, Token, endpoint_of, request_of, token_of, url_of

PLACE = {"auth_url": "https://cloud.example/identity", "container": "replicas"}
PASSWORD = {"username": "ada", "password": "a-secret", "project_name": "archive"}
CREDENTIAL = {"application_credential_id": "c1d2", "application_credential_secret": "a-secret"}


@pytest.mark.parametrize(
    "login",
    [
        PASSWORD,
        {"user_id": "u1", "password": "a-secret", "project_id": "p1"},
        {**PASSWORD, "user_domain_name": "Staff", "project_domain_id": "d1"},
        {**PASSWORD, "region_name": "one", "interface": "internal"},
        {**PASSWORD, "endpoint_override": "http://swift.example/v1/AUTH_p1"},
        CREDENTIAL,
        {
            "application_credential_name": "mcos",
            "application_credential_secret": "a-secret",
            "username": "ada",
            "user_domain_name": "Staff",
        },
    ],
)
def test_a_swift_is_opened_by_each_way_to_log_in(login: dict[str, str]) -> None:
    assert open_backend("swift", {**PLACE, **login}).kind == "swift"


@pytest.mark.parametrize(
    ("login", "named"),
    [
        ({}, "key, user"),
        ({**PASSWORD, "user": "account:ada", "key": "a-secret"}, "key, user.*Keystone"),
        ({**PASSWORD, "key": "a-secret"}, "key.*Keystone"),
        ({**PASSWORD, "password": ""}, "password"),
        ({"password": "a-secret", "project_name": "archive"}, "username and user_id"),
        ({**PASSWORD, "user_id": "u1"}, "username and user_id"),
        ({"username": "ada", "password": "a-secret"}, "project_name and project_id"),
        ({**PASSWORD, "project_id": "p1"}, "project_name and project_id"),
        ({"project_name": "archive"}, "password and username"),
        ({**CREDENTIAL, "application_credential_secret": ""}, "application_credential_secret"),
        ({"application_credential_secret": "a-secret"}, "application_credential_id and"),
        ({**CREDENTIAL, "application_credential_name": "mcos"}, "application_credential_id and"),
        ({**CREDENTIAL, "project_name": "archive"}, "project_name must not"),
        ({**CREDENTIAL, "username": "ada"}, "username must not"),
        ({**CREDENTIAL, "password": "a-secret"}, "password must not"),
        ({**PASSWORD, "interface": "private"}, "public, internal, admin"),
        ({**PASSWORD, "endpoint_override": "swift.example"}, "endpoint_override must be a URL"),
        ({**PASSWORD, "auth_url": "cloud.example"}, "auth_url must be a URL"),
        ({**PASSWORD, "tenant_name": "archive"}, "tenant_name"),
    ],
)
def test_settings_by_which_nobody_can_log_in_are_named_and_no_value_told(
    login: dict[str, str], named: str
) -> None:
    with pytest.raises(BackendMisconfigured, match=named) as failure:
        open_backend("swift", {**PLACE, **login})
    assert "a-secret" not in str(failure.value)


@pytest.mark.parametrize("kind", ["s3", "ceph"])
def test_other_kinds_know_no_keystone(kind: str) -> None:
    settings = {"region": "r", "bucket": "b", "endpoint_url": "http://127.0.0.1:1"}
    keys = {"access_key": "AK", "secret_key": "SK"}
    with pytest.raises(BackendMisconfigured, match="project_name"):
        open_backend(kind, {**settings, **keys, "project_name": "archive"})


@pytest.mark.parametrize(
    ("auth_url", "url"),
    [
        ("https://cloud.example/identity", "https://cloud.example/identity/v3/auth/tokens"),
        ("https://cloud.example/identity/v3/", "https://cloud.example/identity/v3/auth/tokens"),
        ("http://cloud.example:5000", "http://cloud.example:5000/v3/auth/tokens"),
        ("http://cloud.example:5000/v3", "http://cloud.example:5000/v3/auth/tokens"),
    ],
)
def test_a_token_is_asked_for_where_keystone_gives_it(auth_url: str, url: str) -> None:
    assert url_of(auth_url) == url


def test_a_login_by_password_is_for_a_project() -> None:
    default, staff = {"id": "default"}, {"name": "Staff"}
    body = request_of({**PLACE, **PASSWORD, "user_domain_name": "Staff"})
    user = {"name": "ada", "domain": staff, "password": "a-secret"}
    assert body["auth"] == {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": {"name": "archive", "domain": default}},
    }
    by_id = request_of({"user_id": "u1", "password": "a-secret", "project_id": "p1"})
    assert by_id["auth"]["identity"]["password"]["user"] == {"id": "u1", "password": "a-secret"}
    assert by_id["auth"]["scope"] == {"project": {"id": "p1"}}
    of_domain = request_of({**PASSWORD, "project_domain_id": "d1"})
    assert of_domain["auth"]["scope"]["project"]["domain"] == {"id": "d1"}


def test_a_login_by_application_credential_has_its_own_project() -> None:
    assert request_of(CREDENTIAL)["auth"] == {
        "identity": {
            "methods": ["application_credential"],
            "application_credential": {"id": "c1d2", "secret": "a-secret"},
        }
    }
    named = {"application_credential_name": "mcos", "application_credential_secret": "a-secret"}
    told = request_of({**named, "username": "ada", "user_domain_id": "d1"})["auth"]["identity"]
    assert told["application_credential"] == {
        "name": "mcos",
        "secret": "a-secret",
        "user": {"name": "ada", "domain": {"id": "d1"}},
    }


def test_the_life_of_a_token_is_told_by_the_service_s_own_clock() -> None:
    times = {
        "issued_at": "2031-01-01T00:00:00.000000Z",
        "expires_at": "2031-01-01T01:00:00.000000Z",
    }
    token = token_of("gAAA", {"token": {**times, "catalog": CATALOG}})
    assert (token.text, token.seconds) == ("gAAA", 3600)
    assert "gAAA" not in repr(token)
    assert token_of("gAAA", {"token": times}).catalog == ()  # asked for without


@pytest.mark.parametrize("body", [{}, [], {"token": None}, {"token": {"issued_at": "now"}}])
def test_what_is_no_reply_of_keystone_is_malformed(body: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        token_of("gAAA", body)
    with pytest.raises(ValueError, match="no token"):
        token_of("", body)


def endpoint(region: str, interface: str) -> dict[str, str]:
    return {
        "region": region,
        "region_id": region,
        "interface": interface,
        "url": f"https://{interface}.{region}.example/v1/AUTH_p1/",
    }


def service(kind: str, *endpoints: dict[str, str]) -> dict[str, Any]:
    return {"type": kind, "endpoints": list(endpoints)}


CATALOG = [
    service("image", endpoint("one", "public")),
    service(
        "object-store",
        *(endpoint(region, face) for region in ("one", "two") for face in ("public", "internal")),
    ),
]
ONE_REGION = [service("object-store", endpoint("one", "public"), endpoint("one", "internal"))]


@pytest.mark.parametrize(
    ("catalog", "settings", "url"),
    [
        (CATALOG, {"region_name": "two"}, "https://public.two.example/v1/AUTH_p1"),
        (
            CATALOG,
            {"region_name": "one", "interface": "internal"},
            "https://internal.one.example/v1/AUTH_p1",
        ),
        (ONE_REGION, {}, "https://public.one.example/v1/AUTH_p1"),
        ([], {"endpoint_override": "http://swift/v1/AUTH_p1/"}, "http://swift/v1/AUTH_p1"),
    ],
)
def test_the_catalog_names_the_object_store(
    catalog: list[Any], settings: dict[str, str], url: str
) -> None:
    assert endpoint_of(Token("gAAA", 60, catalog), settings) == url


@pytest.mark.parametrize(
    ("catalog", "settings", "reason"),
    [
        (CATALOG, {}, "region_name must be one of one, two"),
        (CATALOG, {"region_name": "three"}, "in the regions one, two"),
        (CATALOG, {"interface": "admin"}, "no object store"),
        (CATALOG, {"interface": "admin", "region_name": "one"}, "in no region"),
        ([], {}, "no object store"),
        (CATALOG[:1], {}, "no object store"),
    ],
)
def test_an_object_store_that_the_catalog_does_not_name_is_not_guessed(
    catalog: list[Any], settings: dict[str, str], reason: str
) -> None:
    with pytest.raises(NoEndpoint, match=reason):
        endpoint_of(Token("gAAA", 60, catalog), settings)
