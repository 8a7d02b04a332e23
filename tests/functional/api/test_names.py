"""Every name that an object can have comes back as it went."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mcos_client import Client, ObjectNotFound
from tests.functional.api.conftest import CLUSTERS
from tests.support.effort import examples
from tests.support.paths import object_path
from tests.support.stateful.strategies import container_names, object_names
from tests.support.wire import SYNC, Wire, code_of

LONGEST = 1024


@given(name=object_names(), at=st.sampled_from(CLUSTERS))
@example(name="a" * LONGEST, at="s3")
@example(name="😀" * (LONGEST // 4), at="swift")
@example(name="/" * LONGEST, at="ceph")
@example(name="/", at="s3")
@example(name="..", at="swift")
@example(name=".", at="ceph")
@example(name="a/../../b/./c", at="s3")
@example(name="//a//b//", at="swift")
@example(name="100%", at="ceph")
@example(name="%2F%2e%2E%25%zz%", at="s3")
@example(name="a?b#c&d=e;f+g h", at="swift")
@example(name="trailing/", at="ceph")
@example(name=" spaces ", at="s3")
@example(name="\n", at="swift")
@example(name="a\r\n\tb", at="ceph")
@settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_an_object_name_round_trips_through_every_call(
    clients: dict[str, Client], container: str, name: str, at: str
) -> None:
    client = clients[at]
    content = name.encode("utf-8")
    assert client.create_object(container, name, content, prefer="wait=25").name == name
    try:
        assert client.stat_object(container, name).name == name
        assert client.download_object(container, name).content == content
        assert [one.name for one in client.list_object(container).objects] == [name]
        assert [one.name for one in client.list_object(container, prefix=name).objects] == [name]
        assert client.list_object(container, marker=name).objects == ()
    finally:
        client.delete_object(container, name, prefer="wait=25")
    with pytest.raises(ObjectNotFound):
        client.stat_object(container, name)


@given(name=container_names(), at=st.sampled_from(CLUSTERS))
@example(name="a" * 256, at="s3")
@example(name="é" * 128, at="swift")
@example(name="...", at="ceph")
@example(name="%2F%", at="s3")
@example(name="a?b#c d", at="swift")
@example(name="\n", at="ceph")
@settings(
    max_examples=examples(6),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_container_name_round_trips_through_every_call(
    clients: dict[str, Client], name: str, at: str
) -> None:
    client = clients[at]
    assert client.create_container(name).name == name
    try:
        assert name in [one.name for one in client.all_containers(prefix=name)]
        client.create_object(name, "o", b"content", prefer="wait=25")
        assert client.stat_object(name, "o").container == name
        client.delete_object(name, "o", prefer="wait=25")
    finally:
        client.delete_container(name)
    assert name not in [one.name for one in client.all_containers(prefix=name)]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b", "a/b"),
        ("a%2Fb", "a/b"),
        ("a%2fb", "a/b"),
        ("a%20b", "a b"),
        ("%C3%A9", "é"),
        ("~!$&'()*,=:@", "~!$&'()*,=:@"),
        ("...", "..."),
    ],
)
def test_a_plain_path_names_what_it_says(wire: Wire, container: str, path: str, name: str) -> None:
    prefix = f"/v1/containers/{container}"
    created = wire.send("POST", f"{prefix}/objects/{path}", headers=SYNC, content=b"content")
    assert created.json()["name"] == name
    assert wire.send("GET", f"{prefix}/stat/{path}").json()["name"] == name
    assert wire.send("GET", object_path(container, name)).content == b"content"
    assert wire.send("GET", f"{prefix}/objects/{path}").content == b"content"


@pytest.mark.parametrize(
    "path",
    [
        *("a//b", "/a", "a/", "a/../b", "a/./b", "%2E%2E/b", "a+b", "a%2Bb", "a;b", "a%23b"),
        *("%2525", "%253Fb", "%0A", "a%0Ab", "a%5Cb"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "GET", "DELETE"])
def test_a_plain_path_with_a_name_that_is_not_plain_is_refused(
    wire: Wire, container: str, method: str, path: str
) -> None:
    content = b"content" if method in ("POST", "PUT") else None
    reply = wire.send(method, f"/v1/containers/{container}/objects/{path}", content=content)
    assert (reply.status_code, code_of(reply)) == (400, "unsafe_path")
    assert wire.send("GET", f"/v1/containers/{container}/objects").json()["objects"] == []


@pytest.mark.parametrize("path", ["100%25", "a%25zz"])
def test_the_gateway_itself_refuses_what_is_malformed_once_it_is_decoded(
    wire: Wire, container: str, path: str
) -> None:
    target = f"/v1/containers/{container}/objects/{path}"
    assert wire.send("GET", target, of_gateway=True).status_code == 400


def test_names_that_look_alike_are_different_objects(client: Client, container: str) -> None:
    names = ["a/b", "a//b", "a/./b", "/a/b", "a/b/", "A/b", "e\u0301", "\u00e9", "%2F", "/"]
    for name in names:
        client.create_object(container, name, name.encode(), prefer="respond-async")
    for name in names:
        client.wait_until_settled(container, name)
        assert client.download_object(container, name).content == name.encode()


@pytest.mark.parametrize("name", ["a b", "100%", "é", "a//b", "x?y#z"])
def test_location_is_the_path_of_the_object(wire: Wire, container: str, name: str) -> None:
    path = object_path(container, name)
    created = wire.send("POST", path, headers=SYNC, content=uuid4().bytes)
    location = created.headers["location"]
    assert location == path
    assert wire.send("GET", location).headers["etag"] == created.headers["etag"]
