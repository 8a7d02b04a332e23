"""Each call, in both modes, at every entry point.

Every reply of this suite is checked against ``openapi.yaml`` as it comes (``wire.py``), so a test
only says what the document cannot.
"""

import os
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from mcos_client import (
    Client,
    ContainerNotEmpty,
    ContainerNotFound,
    InvalidCredentials,
    ObjectExists,
    ObjectNotFound,
)
from tests.functional.api.conftest import CLUSTERS, Account
from tests.support.paths import container_path, object_path, stat_path
from tests.support.wire import ASYNC, SYNC, Wire

MODES = {"respond-async": ASYNC, "wait=25": SYNC}
LARGEST = 4_500_000
REPLICAS = 3


@pytest.fixture(params=MODES)
def prefer(request: pytest.FixtureRequest) -> str:
    """Each mode in turn."""
    return str(request.param)


def test_login_gives_a_token_for_an_hour_at_every_entry_point(
    account: Account, cluster: str
) -> None:
    wire = Wire(account.endpoints[cluster])
    before = datetime.now(UTC)
    credentials = {"user_name": account.user_name, "password": account.password}
    reply = wire.send_json("POST", "/v1/login", credentials)
    assert reply.status_code == 200
    expires = datetime.fromisoformat(reply.json()["expires_at"])
    assert timedelta(minutes=59) < expires - before < timedelta(minutes=61)
    wire.token = reply.json()["token"]
    for other in CLUSTERS:
        assert Wire(account.endpoints[other], wire.token).send("GET", "/v1/containers").is_success


def test_login_does_not_tell_an_unknown_user_from_a_wrong_password(
    account: Account, client: Client, cluster: str
) -> None:
    with account.client(cluster) as client, pytest.raises(InvalidCredentials) as wrong:
        client.login(account.user_name, "another password")
    with account.client(cluster) as client, pytest.raises(InvalidCredentials) as unknown:
        client.login("nobody-of-that-name", account.password)
    for caught in (wrong, unknown):
        caught.value.problem.pop("request_id", None)
    assert wrong.value.problem == unknown.value.problem


def test_the_life_of_an_object(
    clients: dict[str, Client], container: str, cluster: str, prefer: str
) -> None:
    client = clients[cluster]
    done = prefer != "respond-async"

    created = client.create_object(container, "o", b"first", prefer=prefer)
    assert created.state == ("CREATED" if done else "CREATING")
    assert created.replicas[1] == REPLICAS
    stat = client.wait_until_settled(container, "o")
    assert stat is not None
    assert (stat.state, stat.version) == ("CREATED", created.version)
    assert [one.state for one in stat.replicas] == ["stored"] * REPLICAS
    assert {one.cluster for one in stat.replicas} == set(CLUSTERS)
    with pytest.raises(ObjectExists):
        client.create_object(container, "o", b"again", prefer=prefer)

    updated = client.update_object(container, "o", b"second", prefer=prefer)
    assert updated.state == ("CREATED" if done else "UPDATING")
    assert updated.version > created.version
    client.wait_until_settled(container, "o")
    for reader in clients.values():
        assert reader.download_object(container, "o").content == b"second"
        assert reader.stat_object(container, "o").version == updated.version

    with pytest.raises(ContainerNotEmpty):
        client.delete_container(container)
    assert client.delete_object(container, "o", prefer=prefer) is done
    assert client.wait_until_settled(container, "o") is None
    for reader in clients.values():
        with pytest.raises(ObjectNotFound):
            reader.download_object(container, "o")
        assert reader.list_object(container).objects == ()

    client.delete_container(container)
    for reader in clients.values():
        with pytest.raises(ContainerNotFound):
            reader.create_object(container, "o", b"", prefer=prefer)


def test_what_one_entry_point_takes_every_other_one_serves(
    clients: dict[str, Client], container: str, cluster: str
) -> None:
    content = os.urandom(10_000)
    written = clients[cluster].create_object(container, "o", content, prefer="wait=25")
    for reader in clients.values():
        assert reader.download_object(container, "o").content == content
        assert reader.stat_object(container, "o").version == written.version


def test_a_container_is_made_once(wire: Wire, container: str, cluster: str) -> None:
    path = container_path(f"{container}-{cluster}")
    made = wire.send("PUT", path)
    again = wire.send("PUT", path, headers={"x-storage-policy": "default"})
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == again.json()
    assert wire.send("DELETE", path).status_code == 204
    assert wire.send("DELETE", path).status_code == 404


@pytest.mark.parametrize(
    ("sent", "applied"),
    [
        ("respond-async", "respond-async"),
        ("wait=10", "wait=10"),
        ("wait=0", "wait=1"),
        ("wait=3600", "wait=25"),
        ("wait=10, respond-async", "respond-async"),
        ("respond-async, wait=10", "respond-async"),
        ("Respond-Async", "respond-async"),
        ('wait="10"', "wait=10"),
        ("handling=lenient, wait=10", "wait=10"),
    ],
)
def test_the_preference_is_applied(
    wire: Wire, container: str, client: Client, sent: str, applied: str
) -> None:
    reply = wire.send(
        "POST", object_path(container, "o"), headers={"prefer": sent}, content=b"content"
    )
    # A wait of a second may be too short on a busy machine.
    if reply.status_code != 503:
        assert reply.headers["preference-applied"] == applied
        assert reply.status_code == (202 if applied == "respond-async" else 201)
        client.wait_until_settled(container, "o")


@pytest.mark.parametrize("sent", [None, "", "wait=ten", "wait", "return=minimal", ";,;="])
def test_without_an_understood_preference_the_default_of_the_cluster_holds(
    wire: Wire, container: str, sent: str | None
) -> None:
    headers = {} if sent is None else {"prefer": sent}
    reply = wire.send("POST", object_path(container, "o"), headers=headers, content=b"content")
    assert reply.status_code in (201, 202)
    assert reply.headers["preference-applied"] in ("respond-async", "wait=25")


CONTENTS = {
    "nothing": b"",
    "every byte": bytes(range(256)),
    "not UTF-8": b"\xff\xfe\x00\x80" * 5,
    "text": "Grüße, 日本 😀\r\n".encode(),
    "json": b'{"a":  1}\n',
    "over an execution's input": os.urandom(140_000),
    "the largest": os.urandom(LARGEST),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_content_comes_back_byte_by_byte(
    wire: Wire, client: Client, container: str, kind: str, prefer: str
) -> None:
    content = CONTENTS[kind]
    path = object_path(container, "o")
    created = wire.send("POST", path, headers=MODES[prefer], content=content)
    assert created.is_success
    assert created.json()["size"] == len(content)
    client.wait_until_settled(container, "o")
    found = wire.send("GET", path)
    assert found.content == content
    assert found.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain; charset=utf-8",
        "text/html",
        "application/json",
        "application/xml",
        "application/javascript",
        "application/x-www-form-urlencoded",
        "image/png",
        "image/svg+xml",
        "application/vnd.mcos+json",
        "x/y",
    ],
)
def test_content_keeps_its_type_and_its_bytes(
    wire: Wire, container: str, content_type: str
) -> None:
    content = '{"a": "ü 日本"}&b=c+%20d\r\n'.encode()
    path = object_path(container, "o")
    created = wire.send(
        "POST", path, headers={**SYNC, "content-type": content_type}, content=content
    )
    assert created.status_code == 201
    found = wire.send("GET", path)
    assert (found.content, found.headers["content-type"]) == (content, content_type)
    assert wire.send("GET", stat_path(container, "o")).json()["content_type"] == content_type


def test_metadata_comes_back_with_names_in_lower_case(wire: Wire, container: str) -> None:
    path = object_path(container, "o")
    sent = {"X-Object-Meta-Colour": "light blue", "x-object-meta-a.b_c~1": "=/;,%20\"'", **SYNC}
    assert wire.send("POST", path, headers=sent, content=b"").status_code == 201
    kept = {"colour": "light blue", "a.b_c~1": "=/;,%20\"'"}
    assert wire.send("GET", stat_path(container, "o")).json()["metadata"] == kept
    for method in ("GET", "HEAD"):
        assert metadata_of(wire.send(method, path)) == kept

    updated = wire.send("PUT", path, headers={"x-object-meta-new": "1", **SYNC}, content=b"")
    assert updated.status_code == 200
    assert metadata_of(wire.send("GET", path)) == {"new": "1"}


def test_as_much_metadata_as_is_allowed(wire: Wire, container: str) -> None:
    path = object_path(container, "o")
    sent = {f"x-object-meta-{number:02}": "v" * 42 for number in range(90)}
    sent["x-object-meta-" + "n" * 128] = sent.pop("x-object-meta-00")
    assert wire.send("POST", path, headers={**sent, **SYNC}, content=b"").status_code == 201
    assert len(metadata_of(wire.send("GET", path))) == 90


def test_head_says_what_get_says_without_the_bytes(wire: Wire, container: str) -> None:
    path = object_path(container, "o")
    headers = {**SYNC, "content-type": "text/plain", "x-object-meta-colour": "blue"}
    wire.send("POST", path, headers=headers, content=b"content")
    head, get = wire.send("HEAD", path), wire.send("GET", path)
    told = [
        "etag",
        "repr-digest",
        "last-modified",
        "content-type",
        "x-mcos-content-length",
        "x-mcos-state",
        "x-mcos-version",
        "x-mcos-replicas",
        "x-object-meta-colour",
    ]
    assert {name: head.headers.get(name) for name in told} == {
        name: get.headers.get(name) for name in told
    }
    assert head.headers["x-mcos-content-length"] == "7"


def test_stat_and_the_headers_agree(wire: Wire, container: str) -> None:
    created = wire.send("POST", object_path(container, "o"), headers=SYNC, content=b"content")
    reply = wire.send("GET", stat_path(container, "o"))
    stat = reply.json()
    for headers in (created.headers, reply.headers):
        assert headers["etag"] == stat["etag"]
        assert headers["repr-digest"] == f"sha-256=:{stat['digest']['sha-256']}:"
        assert headers["x-mcos-version"] == stat["version"]
        assert headers["x-mcos-replicas"] == f"{len(stat['replicas'])}/{REPLICAS}"


def test_one_name_can_live_again_and_again(client: Client, container: str) -> None:
    for number in range(3):
        content = bytes([number])
        client.create_object(container, "o", content, prefer="wait=25")
        assert client.download_object(container, "o").content == content
        assert client.delete_object(container, "o", prefer="wait=25")


def test_equal_names_in_two_containers_are_two_objects(client: Client, container: str) -> None:
    other = client.create_container(f"{container}-other").name
    client.create_object(container, "o", b"here", prefer="wait=25")
    client.create_object(other, "o", b"there", prefer="wait=25")
    client.delete_object(container, "o", prefer="wait=25")
    assert client.download_object(other, "o").content == b"there"


def metadata_of(reply: httpx.Response) -> dict[str, str]:
    """The user's metadata in a reply's headers."""
    prefix = "x-object-meta-"
    return {
        name.removeprefix(prefix): value
        for name, value in reply.headers.items()
        if name.startswith(prefix)
    }
