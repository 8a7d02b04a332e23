"""Names, routes, queries and tokens."""

from urllib.parse import quote

import pytest

from tests.support.cloud import SYNC, Cloud
from tests.support.paths import container_path, object_path, plain_object_path, stat_path
from tests.support.user import User

PHOTOS = "/v1/containers/photos/objects"


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "a//b",
        "a/../b",
        "/",
        "a/",
        " ",
        "%",
        "%25",
        "100%25",
        "%2F",
        "é",
        "日本",
        "😀",
        "a?b#c&d",
        "\n",
    ],
)
def test_a_name_comes_back_exactly(user: User, name: str) -> None:
    assert user.create(name, name.encode(), SYNC).status == 201
    assert user.download(name).body == name.encode()
    assert user.stat(name)["name"] == name
    listed = user.call("GET", f"{container_path('photos')}/objects").json()
    assert [one["name"] for one in listed["objects"]] == [name]
    location = user.update(name, b"x", SYNC).headers["location"]
    assert user.call("GET", location).body == b"x"


def test_two_names_that_differ_are_two_objects(user: User) -> None:
    names = ["%2F", "/", "%252F", "a/b", "a%2Fb", "a//b", "é", "e\u0301", "A", "a"]
    for name in names:
        assert user.create(name, name.encode(), SYNC).status == 201
    for name in names:
        assert user.download(name).body == name.encode()


@pytest.mark.parametrize(
    "name", ["a" * 1025, "é" * 513, "nul\0", "\ufffd"], ids=["long", "bytes", "nul", "fffd"]
)
def test_a_name_that_breaks_a_rule_is_refused(user: User, name: str) -> None:
    assert user.create(name, b"x", SYNC).code == "invalid_name"


def test_a_path_that_is_not_utf_8_is_refused(user: User) -> None:
    reply = user.call("POST", f"{PHOTOS}/%ff", b"x", SYNC)
    assert (reply.status, reply.code) == (400, "invalid_name")
    reply = user.call("POST", f"{container_path('photos')}/objects/_w", b"x", SYNC)
    assert (reply.status, reply.code) == (400, "invalid_name")


@pytest.mark.parametrize("name", ["Ein Bild.jpg", "a/b", "grüße/日本", "~a", "a=b,c:d@e!$&'()*"])
def test_a_plain_name_is_the_same_in_either_path(user: User, name: str) -> None:
    path = plain_object_path("photos", name)
    assert user.call("POST", path, b"plain", SYNC).status == 201
    assert user.download(name).body == b"plain"
    assert user.update(name, b"exact", SYNC).status == 200
    assert user.call("GET", path).body == b"exact"
    assert user.call("DELETE", path, b"", SYNC).status == 204
    assert user.download(name).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "GET", "DELETE"])
@pytest.mark.parametrize(
    "path", ["a%23b", "a//b", "a/../b", "a/.", "a/", "%2F", "a+b", "a;b", "a%5Cb", "a%0Ab", "%2525"]
)
def test_a_name_that_is_not_plain_is_refused_in_a_plain_path(
    user: User, method: str, path: str
) -> None:
    for one in ("a", "a/b", "b", "a b"):
        user.create(one, b"another", SYNC)
    before = user.call("GET", f"{container_path('photos')}/objects").json()
    reply = user.call(method, f"{PHOTOS}/{path}", b"", SYNC)
    assert reply.status == 400
    assert method == "HEAD" or reply.code == "unsafe_path"
    assert user.call("GET", f"{container_path('photos')}/objects").json() == before


def test_a_container_is_refused_in_a_plain_path_as_an_object_is(user: User) -> None:
    for path in ("a%23b", "a+b", "a;b", "a%0Ab"):
        assert user.call("PUT", f"/v1/containers/{path}").code == "unsafe_path"
    assert user.call("PUT", container_path("a?b\n")).status == 201
    assert user.call("DELETE", container_path("a?b\n")).status == 204


def test_what_the_gateway_refuses_itself_is_no_problem_of_the_api(user: User) -> None:
    for path in ("a%zz", "a%", "100%25"):
        reply = user.call("POST", f"{PHOTOS}/{path}", b"x", SYNC)
        assert (reply.status, reply.json()) == (400, {"message": "Bad Request"})


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/login", "POST"),
        ("POST", "/v1/containers", "GET"),
        ("PATCH", "/v1/containers/c", "DELETE, PUT"),
        ("DELETE", "/v1/containers/c/objects", "GET"),
        ("OPTIONS", "/v1/containers/c/objects/a/b", "DELETE, GET, HEAD, PATCH, POST, PUT"),
        ("PUT", "/v1/containers/c/stat/a", "GET"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_405_and_says_which_it_has(
    cloud: Cloud, method: str, path: str, allowed: str
) -> None:
    reply = cloud.call("s3", method, path)
    assert (reply.status, reply.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/login", "/v1/containers/", "/v1/containers/c/x"])
def test_a_path_that_is_not_there_is_404(cloud: Cloud, path: str) -> None:
    reply = cloud.call("s3", "GET", path)
    assert (reply.status, reply.code) == (404, "not_found")


EVERY_CALL = [
    ("GET", "/v1/containers"),
    ("PUT", container_path("photos")),
    ("DELETE", container_path("photos")),
    ("GET", f"{container_path('photos')}/objects"),
    ("POST", object_path("photos", "a")),
    ("PUT", object_path("photos", "a")),
    ("PATCH", object_path("photos", "a")),
    ("GET", object_path("photos", "a")),
    ("DELETE", object_path("photos", "a")),
    ("GET", stat_path("photos", "a")),
    ("GET", "/v1/uploads"),
    ("POST", "/v1/uploads"),
    ("GET", "/v1/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV?marker=none"),
    ("POST", "/v1/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV/complete"),
    ("DELETE", "/v1/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
]


@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_no_call_is_answered_without_a_token_of_this_service(
    cloud: Cloud, method: str, path: str
) -> None:
    missing = cloud.call("s3", method, path)
    assert (missing.status, missing.code) == (401, "token_missing")
    assert missing.headers["x-amzn-remapped-www-authenticate"] == "Bearer"
    forged = cloud.call("s3", method, path, token="e30.e30.e30")
    assert (forged.status, forged.code) == (401, "token_invalid")
    assert cloud.call("s3", "HEAD", object_path("photos", "a")).status == 401


def test_preferences_that_are_not_understood_are_ignored(user: User) -> None:
    reply = user.create("a", b"x", {"prefer": "handling=lenient, wait=7"})
    assert (reply.status, reply.headers["preference-applied"]) == (201, "wait=7")
    assert user.create("b", b"x", {}).headers["preference-applied"] == "respond-async"
    assert user.create("c", b"x", {"prefer": "nonsense"}).status == 202


def test_the_query_may_hold_what_a_name_may(user: User) -> None:
    for name in ("a b", "a+b", "a&b", "a%b", "日本"):
        user.create(name, b"x", SYNC)
    for name in ("a b", "a+b", "a&b", "a%b", "日本"):
        target = f"{container_path('photos')}/objects?prefix={quote(name, safe='')}"
        assert [one["name"] for one in user.call("GET", target).json()["objects"]] == [name]
    for bad in (
        "limit=0",
        "limit=1001",
        "limit=x",
        "prefix=%ff",
        "prefix=%00",
        "marker=" + "a" * 1025,
    ):
        reply = user.call("GET", f"{container_path('photos')}/objects?{bad}")
        assert (reply.status, reply.code) == (400, "invalid_query")
