"""Uploads to signed URLs of the running clouds, and the redirects by which they are read."""

import os
from base64 import b64encode
from contextlib import suppress
from hashlib import md5, sha256
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest

from mcos_client import Client, ObjectNotFound
from tests.functional.api.conftest import CLUSTERS, Account
from tests.support.paths import object_path
from tests.support.services import StorageService
from tests.support.tags import sent_tag
from tests.support.waiting import wait_until
from tests.support.wire import Wire, code_of

MIB = 1024**2
PART = 64 * MIB

SMALL = os.urandom(5 * MIB + 7)  # too large for a call, and one piece
LARGE = os.urandom(PART + 5 * MIB + 3)  # two parts, on every service


@pytest.fixture(scope="module")
def http() -> Any:
    """A client that knows nothing of MCOS."""
    with httpx.Client(timeout=120, follow_redirects=False) as client:
        yield client


def begin(wire: Wire, container: str, name: str, content: bytes, **more: Any) -> Any:
    """Begin an upload of some content."""
    wanted = {"container": container, "object": name, "action": "create", "size": len(content)}
    reply = wire.send_json("POST", "/v1/uploads", {**wanted, **more})
    assert reply.status_code == 201, reply.text
    return reply.json()


def send(http: httpx.Client, upload: Any, content: bytes) -> None:
    """Send content to the signed URLs."""
    if upload["put"]:
        reply = http.put(upload["put"]["url"], content=content, headers=upload["put"]["headers"])
        assert reply.status_code == 200, reply.text
        return
    for part in upload["parts"]:
        first = (part["number"] - 1) * upload["part_size"]
        body = content[first : first + upload["part_size"]]
        reply = http.put(part["url"], content=body, headers={"Content-MD5": _md5(body)})
        assert reply.status_code == 200, reply.text


def _md5(content: bytes) -> str:
    return b64encode(md5(content, usedforsecurity=False).digest()).decode()


def complete(wire: Wire, upload: Any, **body: Any) -> httpx.Response:
    return wire.send_json("POST", f"/v1/uploads/{upload['upload']}/complete", body)


def created(client: Client, container: str, name: str) -> Any:
    """What is known of an object once it is CREATED."""

    def is_created() -> bool:
        with suppress(ObjectNotFound):
            return client.stat_object(container, name).state == "CREATED"
        return False

    wait_until(is_created, f"{name} is CREATED")
    return client.stat_object(container, name)


@pytest.mark.parametrize("content", [b"", SMALL, LARGE], ids=["empty", "5 MiB", "69 MiB"])
def test_an_upload_is_on_all_three_services_byte_for_byte(
    account: Account,
    wire: Wire,
    client: Client,
    container: str,
    services: dict[str, StorageService],
    http: httpx.Client,
    content: bytes,
) -> None:
    upload = begin(wire, container, "film", content, content_type="video/mp4")
    send(http, upload, content)
    reply = complete(wire, upload)
    assert reply.status_code == 202
    stat = created(client, container, "film")
    assert stat.etag == sent_tag(content, upload["part_size"] or 0)
    assert reply.headers["etag"] == stat.etag
    key = f"{account.user_name}/{upload['upload']}"
    assert {name: services[name].read(key) == content for name in CLUSTERS} == dict.fromkeys(
        CLUSTERS, True
    )


def test_a_signed_put_takes_one_content_once_and_of_its_size(
    wire: Wire, client: Client, container: str, http: httpx.Client
) -> None:
    upload = begin(wire, container, "film", SMALL)
    put = upload["put"]
    shorter = http.put(put["url"], content=SMALL[:-1], headers=put["headers"])
    assert shorter.status_code == 403
    unconditional = http.put(put["url"], content=SMALL)
    assert unconditional.status_code == 403
    send(http, upload, SMALL)
    again = http.put(put["url"], content=os.urandom(len(SMALL)), headers=put["headers"])
    assert again.status_code == 412
    # Nobody has completed it: S3 has told of its arrival.
    stat = created(client, container, "film")
    assert stat.etag == f'"{md5(SMALL, usedforsecurity=False).hexdigest()}"'


def test_an_upload_is_resumed_from_what_is_there(
    wire: Wire, client: Client, container: str, http: httpx.Client
) -> None:
    upload = begin(wire, container, "film", LARGE)
    first, second = upload["parts"]
    body = LARGE[:PART]
    wrong = http.put(first["url"], content=body, headers={"Content-MD5": _md5(b"other")})
    assert wrong.status_code == 400
    assert http.put(first["url"], content=body).status_code == 200
    assert code_of(complete(wire, upload)) == "upload_incomplete"
    found = wire.send("GET", f"/v1/uploads/{upload['upload']}").json()
    assert [part["etag"] for part in found["parts"]] == [
        f'"{md5(body, usedforsecurity=False).hexdigest()}"',
        None,
    ]
    assert http.put(found["parts"][1]["url"], content=LARGE[PART:]).status_code == 200
    digest = {"sha-256": b64encode(sha256(LARGE).digest()).decode()}
    assert complete(wire, upload, digest=digest).status_code == 202
    assert created(client, container, "film").size == len(LARGE)
    assert second["size"] == len(LARGE) - PART


def test_content_that_is_not_what_was_said_is_given_up(
    wire: Wire, client: Client, container: str, http: httpx.Client
) -> None:
    upload = begin(wire, container, "film", LARGE)
    send(http, upload, LARGE)
    digest = {"sha-256": b64encode(sha256(b"another").digest()).decode()}
    assert complete(wire, upload, digest=digest).status_code == 202
    wait_until(
        lambda: client.stat_object(container, "film").state == "FAILED", "the object is FAILED"
    )
    assert client.stat_object(container, "film").reason == (
        "The content does not have the digest that its sender gave."
    )


@pytest.fixture(scope="module")
def film(wire: Wire, client: Client, http: httpx.Client) -> tuple[str, str]:
    """Container and name of a large object."""
    container = client.create_container(f"films-{os.urandom(6).hex()}").name
    upload = begin(wire, container, "may/Ünter wegs.mp4", LARGE, content_type="video/mp4")
    send(http, upload, LARGE)
    assert complete(wire, upload).status_code == 202
    created(client, container, "may/Ünter wegs.mp4")
    return container, "may/Ünter wegs.mp4"


def test_a_large_object_is_read_through_a_redirect_at_every_entry_point(
    account: Account, http: httpx.Client, film: tuple[str, str], cluster: str
) -> None:
    wire = account.wire(cluster)
    reply = wire.send("GET", object_path(*film))
    wire.close()
    assert reply.status_code == 307
    assert reply.headers["x-mcos-content-length"] == str(len(LARGE))
    url = reply.headers["location"]
    found = http.get(url)
    assert found.status_code == 200
    assert found.content == LARGE
    assert found.headers["content-type"] == "video/mp4"
    assert "%C3%9Cnter%20wegs.mp4" in found.headers["content-disposition"]
    part = http.get(url, headers={"Range": "bytes=67108860-67108869"})
    assert (part.status_code, part.content) == (206, LARGE[67108860:67108870])


def test_a_redirect_holds_no_secret_of_ours_and_opens_nothing_else(
    account: Account,
    wire: Wire,
    client: Client,
    http: httpx.Client,
    film: tuple[str, str],
    description: dict[str, Any],
    container: str,
) -> None:
    other = client.create_object(container, "other", b"another object", prefer="wait=25")
    url = wire.send("GET", object_path(*film)).headers["location"]
    secrets = [account.token, account.password, *_secrets(description)]
    assert len(secrets) >= 5
    assert not [one for one in secrets if one in url]
    parts = urlsplit(url)
    elsewhere = parts.path.rpartition("/")[0] + f"/{other.version}"
    turned = http.get(urlunsplit(parts._replace(path=elsewhere)))
    assert turned.status_code in (401, 403)
    assert b"another object" not in turned.content
    changed = http.delete(url)
    assert changed.status_code in (401, 403, 405)
    assert http.put(url, content=b"x").status_code in (401, 403, 405)
    assert http.get(url).status_code == 200


def _secrets(description: dict[str, Any]) -> list[str]:
    """What opens the backends."""
    return [
        value
        for settings in description["backends"].values()
        for name, value in settings.items()
        if name in ("secret_key", "key")
    ]


def test_who_cannot_be_redirected_reads_by_ranges(wire: Wire, film: tuple[str, str]) -> None:
    stay = {"prefer": "no-redirect"}
    whole = wire.send("GET", object_path(*film), headers=stay)
    assert (whole.status_code, code_of(whole)) == (413, "content_too_large")
    found, position = b"", 0
    while position < len(LARGE):
        asked = {"range": f"bytes={position}-", **stay}
        reply = wire.send("GET", object_path(*film), headers=asked)
        assert reply.status_code == 206
        found += reply.content
        position += len(reply.content)
    assert found == LARGE


def test_a_small_range_of_a_large_object_is_served_directly(
    wire: Wire, film: tuple[str, str]
) -> None:
    reply = wire.send("GET", object_path(*film), headers={"range": "bytes=67108860-67108869"})
    assert (reply.status_code, reply.content) == (206, LARGE[67108860:67108870])


@pytest.mark.parametrize("lost", CLUSTERS)
def test_a_large_replica_that_is_lost_is_read_elsewhere_and_becomes_whole(
    account: Account,
    wire: Wire,
    client: Client,
    container: str,
    services: dict[str, StorageService],
    http: httpx.Client,
    lost: str,
) -> None:
    upload = begin(wire, container, "film", LARGE)
    send(http, upload, LARGE)
    complete(wire, upload)
    created(client, container, "film")
    key = f"{account.user_name}/{upload['upload']}"
    services[lost].delete(key)
    at_the_loss = account.wire(lost)
    reply = at_the_loss.send("GET", object_path(container, "film"))
    at_the_loss.close()
    assert reply.status_code == 307
    assert http.get(reply.headers["location"]).content == LARGE
    wait_until(lambda: services[lost].read(key) == LARGE, "it is there again")
    created(client, container, "film")


def test_a_deleted_large_object_leaves_nothing_anywhere(
    account: Account,
    wire: Wire,
    client: Client,
    container: str,
    services: dict[str, StorageService],
    http: httpx.Client,
) -> None:
    upload = begin(wire, container, "film", LARGE)
    send(http, upload, LARGE)
    complete(wire, upload)
    created(client, container, "film")
    client.delete_object(container, "film", prefer="wait=25")
    key = f"{account.user_name}/{upload['upload']}"
    wait_until(
        lambda: not any(services[name].pieces(key) for name in CLUSTERS),
        "no service has anything of it",
    )
